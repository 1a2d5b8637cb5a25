//! Heads and bodies of responses.

use serde_json::Value;

use super::{Broken, Event, Wire, sse};

/// Status line and headers.
#[derive(Clone, Debug)]
pub struct Head {
    /// The status code.
    pub status: u16,
    headers: Vec<(String, String)>,
}

/// A whole response.
#[derive(Clone, Debug)]
pub struct Response {
    /// Its head.
    pub head: Head,
    /// Its body, with the framing taken off.
    pub body: Vec<u8>,
}

impl Head {
    pub(super) fn parse(lines: &[Vec<u8>]) -> Result<Head, Broken> {
        let malformed = |line: &[u8]| Broken::Malformed(String::from_utf8_lossy(line).into_owned());
        let first = lines.first().ok_or_else(|| malformed(b"an empty line"))?;
        let status = std::str::from_utf8(first)
            .ok()
            .and_then(|line| line.strip_prefix("HTTP/1.1 "))
            .and_then(|rest| rest.get(..3)?.parse().ok())
            .ok_or_else(|| malformed(first))?;
        let headers = lines[1..]
            .iter()
            .map(|line| {
                let text = std::str::from_utf8(line).map_err(|_| malformed(line))?;
                let (name, value) = text.split_once(':').ok_or_else(|| malformed(line))?;
                Ok((name.to_ascii_lowercase(), value.trim().to_owned()))
            })
            .collect::<Result<_, Broken>>()?;
        Ok(Head { status, headers })
    }

    /// The value of a header; panics if there are several.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(have, _)| have.eq_ignore_ascii_case(name));
        let value = values.next();
        assert!(values.next().is_none(), "several {name} headers: {:?}", self.headers);
        value.map(|(_, value)| value.as_str())
    }

    /// Whether the server says that the connection ends with this response.
    pub fn closes(&self) -> bool {
        self.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }

    /// How the body's end is told (RFC 9112, section 6.3).
    pub(super) fn framing(&self) -> Framing {
        if self.status < 200 || self.status == 204 || self.status == 304 {
            return Framing::Length(0);
        }
        if self.header("transfer-encoding").is_some_and(|v| v.eq_ignore_ascii_case("chunked")) {
            return Framing::Chunked { left: 0, next: true };
        }
        match self.header("content-length") {
            Some(length) => Framing::Length(length.parse().expect("a plain Content-Length")),
            None => Framing::UntilClosed,
        }
    }
}

impl Response {
    /// The status code.
    pub fn status(&self) -> u16 {
        self.head.status
    }

    /// The value of a header; panics if there are several.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.header(name)
    }

    /// The body as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("a body in UTF-8")
    }

    /// The body as JSON; panics unless it is declared as that and is that.
    pub fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), Some("application/json"), "{}", self.describe());
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error} in {}", self.describe()))
    }

    /// The body as the events of a stream.
    pub(crate) fn events(&self) -> Result<Vec<Event>, Broken> {
        sse::parse_all(&self.body)
    }

    /// Every message of an answer of either form, in order.
    pub fn messages(&self) -> Vec<Value> {
        if self.header("content-type") == Some("text/event-stream") {
            let events = self.events().expect("an event stream");
            return events.iter().filter_map(Event::message).collect();
        }
        match self.json() {
            Value::Array(messages) => messages,
            message => vec![message],
        }
    }

    /// The last message of an answer of either form: the response itself.
    pub fn answer(&self) -> Value {
        self.messages().pop().unwrap_or_else(|| panic!("no message in {}", self.describe()))
    }

    /// Status and body in one line, for messages.
    pub fn describe(&self) -> String {
        let body = String::from_utf8_lossy(&self.body);
        format!("{} {}", self.status(), body.chars().take(400).collect::<String>())
    }

    /// Panics unless the status is this one.
    #[track_caller]
    pub fn expect(&self, status: u16, case: &str) -> &Response {
        assert_eq!(self.status(), status, "{case}: {}", self.describe());
        self
    }

    /// Panics unless this is a JSON-RPC error with this status and code; returns its message.
    #[track_caller]
    pub fn expect_error(&self, status: u16, code: i64, case: &str) -> String {
        self.expect(status, case);
        let body = self.json();
        assert_eq!(body["error"]["code"], code, "{case}: {}", self.describe());
        assert_eq!(body["jsonrpc"], "2.0", "{case}: {}", self.describe());
        body["error"]["message"].as_str().expect("an error message").to_owned()
    }
}

/// Where a body ends.
#[derive(Debug)]
pub(super) enum Framing {
    /// After this many bytes.
    Length(usize),
    /// After the chunk of no bytes.
    Chunked {
        /// Bytes left of the current chunk.
        left: usize,
        /// Whether the next line is that of a chunk's size: the one before, if any, has its end.
        next: bool,
    },
    /// Where the connection ends.
    UntilClosed,
    /// It has ended.
    Ended,
}

impl Framing {
    /// The next bytes of the body, `None` at its end.
    pub(super) fn read(&mut self, wire: &mut Wire) -> Result<Option<Vec<u8>>, Broken> {
        match self {
            Framing::Ended | Framing::Length(0) => {
                *self = Framing::Ended;
                Ok(None)
            }
            Framing::Length(left) => {
                let part = wire.some(*left)?;
                *left -= part.len();
                Ok(Some(part))
            }
            Framing::UntilClosed => match wire.some(usize::MAX) {
                Ok(part) => Ok(Some(part)),
                Err(Broken::Closed) => {
                    *self = Framing::Ended;
                    Ok(None)
                }
                Err(broken) => Err(broken),
            },
            Framing::Chunked { left: 0, next } => {
                // A chunk's data is followed by a line end of its own. What comes after it may take
                // its time.
                if !*next && !wire.line()?.is_empty() {
                    return Err(Broken::Malformed("chunk data without an end".into()));
                }
                *next = true;
                let size = chunk_size(&wire.line()?)?;
                if size == 0 {
                    while !wire.line()?.is_empty() {}
                    *self = Framing::Ended;
                    return Ok(None);
                }
                *self = Framing::Chunked { left: size, next: false };
                self.read(wire)
            }
            Framing::Chunked { left, .. } => {
                let part = wire.some(*left)?;
                *left -= part.len();
                Ok(Some(part))
            }
        }
    }
}

/// The response these bytes begin with, and its length; none if it is not whole yet. `ended` tells
/// whether no more bytes will come.
pub(crate) fn parse(bytes: &[u8], ended: bool) -> Result<Option<(Response, usize)>, Broken> {
    let Some((head, start)) = parse_head(bytes)? else { return Ok(None) };
    let rest = &bytes[start..];
    let body = match head.framing() {
        Framing::Length(len) => rest.get(..len).map(|body| (body.to_vec(), len)),
        Framing::Chunked { .. } => whole_chunks(rest)?,
        Framing::UntilClosed | Framing::Ended => ended.then(|| (rest.to_vec(), rest.len())),
    };
    Ok(body.map(|(body, len)| (Response { head, body }, start + len)))
}

/// The head, and where the body begins.
fn parse_head(bytes: &[u8]) -> Result<Option<(Head, usize)>, Broken> {
    let Some(len) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let lines: Vec<_> = bytes[..len].split(|byte| *byte == b'\n').map(trimmed).collect();
    Ok(Some((Head::parse(&lines)?, len + 4)))
}

fn trimmed(line: &[u8]) -> Vec<u8> {
    line.strip_suffix(b"\r").unwrap_or(line).to_vec()
}

/// The events that are whole in the beginning of a response; none if it is something else.
pub(crate) fn events_so_far(bytes: &[u8]) -> Result<Vec<Event>, Broken> {
    let Some((head, start)) = parse_head(bytes)? else { return Ok(Vec::new()) };
    if head.header("content-type") != Some("text/event-stream") {
        return Ok(Vec::new());
    }
    let mut stream = Vec::new();
    let mut rest = &bytes[start..];
    while let Some((data, len)) = chunk(rest)?.filter(|(data, _)| !data.is_empty()) {
        stream.extend_from_slice(data);
        rest = &rest[len..];
    }
    let whole = stream.windows(2).rposition(|pair| pair == b"\n\n").map_or(0, |at| at + 2);
    sse::parse_all(&stream[..whole])
}

/// The body in these chunks, and how many bytes it took; none if it is not whole yet.
pub(crate) fn whole_chunks(bytes: &[u8]) -> Result<Option<(Vec<u8>, usize)>, Broken> {
    let (mut body, mut at) = (Vec::new(), 0);
    while let Some((data, len)) = chunk(&bytes[at..])? {
        body.extend_from_slice(data);
        at += len;
        if data.is_empty() {
            return Ok(Some((body, at)));
        }
    }
    Ok(None)
}

/// The data of the chunk these bytes begin with, and the length of that chunk; none if it is not
/// whole yet.
fn chunk(bytes: &[u8]) -> Result<Option<(&[u8], usize)>, Broken> {
    let Some(line) = bytes.windows(2).position(|pair| pair == b"\r\n") else { return Ok(None) };
    let size = chunk_size(&bytes[..line])?;
    let Some(data) = bytes[line + 2..].get(..size.saturating_add(2)) else { return Ok(None) };
    let data = data.strip_suffix(b"\r\n");
    let data = data.ok_or_else(|| Broken::Malformed("chunk data without an end".into()))?;
    Ok(Some((data, line + 2 + size + 2)))
}

fn chunk_size(line: &[u8]) -> Result<usize, Broken> {
    let text = String::from_utf8_lossy(line);
    usize::from_str_radix(&text, 16).map_err(|_| Broken::Malformed(format!("chunk size {text:?}")))
}
