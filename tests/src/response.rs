//! Heads and bodies of responses, and the reasons why one cannot be read.

pub(crate) mod event;

use std::fmt;
use std::io::{self, ErrorKind};

use serde_json::Value;

pub use event::Event;

/// The reason why nothing more could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Broken {
    /// The peer closed the connection normally.
    Closed,
    /// The peer, or the system, reset it.
    Reset,
    /// Nothing arrived in time.
    Silent,
    /// The bytes are not HTTP/1.1, or not an event stream.
    Malformed(String),
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Broken::Closed => f.write_str("the connection was closed"),
            Broken::Reset => f.write_str("the connection was reset"),
            Broken::Silent => f.write_str("nothing came in time"),
            Broken::Malformed(what) => write!(f, "malformed answer: {what}"),
        }
    }
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => Broken::Silent,
            _ => Broken::Reset,
        }
    }
}

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
    /// Its body, without the transfer framing.
    pub body: Vec<u8>,
}

impl Head {
    pub(crate) fn parse(lines: &[Vec<u8>]) -> Result<Head, Broken> {
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

    /// Returns the value of a header; panics if there are several.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(have, _)| have.eq_ignore_ascii_case(name));
        let value = values.next();
        assert!(values.next().is_none(), "several {name} headers: {:?}", self.headers);
        value.map(|(_, value)| value.as_str())
    }

    /// Returns whether the server announces the close of the connection.
    pub fn closes(&self) -> bool {
        self.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }

    /// Returns the framing of the body (RFC 9112, section 6.3).
    pub(crate) fn framing(&self) -> Framing {
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
    /// Returns the status code.
    pub fn status(&self) -> u16 {
        self.head.status
    }

    /// Returns the value of a header; panics if there are several.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.header(name)
    }

    /// Returns the body as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("a body in UTF-8")
    }

    /// Returns the body as JSON; panics unless it is declared as JSON and valid.
    pub fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), Some("application/json"), "{}", self.describe());
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error} in {}", self.describe()))
    }

    /// Returns the body as the events of a stream.
    pub(crate) fn events(&self) -> Result<Vec<Event>, Broken> {
        event::parse_all(&self.body)
    }

    /// Returns every message of an answer of either form, in order.
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

    /// Returns the last message of an answer of either form: the response itself.
    pub fn answer(&self) -> Value {
        self.messages().pop().unwrap_or_else(|| panic!("no message in {}", self.describe()))
    }

    /// Returns status and body in one line, for messages.
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

/// The end of a body.
#[derive(Debug)]
pub(crate) enum Framing {
    /// After this many bytes.
    Length(usize),
    /// After the chunk of no bytes.
    Chunked {
        /// Bytes left of the current chunk.
        left: usize,
        /// Whether the next line is a chunk size, after the end of the chunk before.
        next: bool,
    },
    /// At the end of the connection.
    UntilClosed,
    /// The body has ended.
    Ended,
}

/// Parses the response at the start of these bytes, and returns its length, or `None` if it is
/// incomplete. `ended` tells whether no more bytes will arrive.
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

/// Parses the head, and returns where the body begins.
fn parse_head(bytes: &[u8]) -> Result<Option<(Head, usize)>, Broken> {
    let Some(len) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let lines: Vec<_> = bytes[..len].split(|byte| *byte == b'\n').map(trimmed).collect();
    Ok(Some((Head::parse(&lines)?, len + 4)))
}

fn trimmed(line: &[u8]) -> Vec<u8> {
    line.strip_suffix(b"\r").unwrap_or(line).to_vec()
}

/// Returns the complete events at the beginning of a response; none if it is not an event stream.
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
    event::parse_all(&stream[..whole])
}

/// Parses a chunked body, and returns its length with framing, or `None` if it is incomplete.
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

/// Parses the chunk at the start of these bytes, and returns its data and length, or `None` if it
/// is incomplete.
fn chunk(bytes: &[u8]) -> Result<Option<(&[u8], usize)>, Broken> {
    let Some(line) = bytes.windows(2).position(|pair| pair == b"\r\n") else { return Ok(None) };
    let size = chunk_size(&bytes[..line])?;
    let Some(data) = bytes[line + 2..].get(..size.saturating_add(2)) else { return Ok(None) };
    let data = data.strip_suffix(b"\r\n");
    let data = data.ok_or_else(|| Broken::Malformed("chunk data without an end".into()))?;
    Ok(Some((data, line + 2 + size + 2)))
}

/// Parses the size of a chunk.
pub(crate) fn chunk_size(line: &[u8]) -> Result<usize, Broken> {
    let text = String::from_utf8_lossy(line);
    usize::from_str_radix(&text, 16).map_err(|_| Broken::Malformed(format!("chunk size {text:?}")))
}
