//! Checks every message on a connection against the schema of its revision.
//!
//! A check is part of each connection of the suite, real or simulated, so cases need not ask for
//! it. It reads the requests too, so that it knows what an answer belongs to, and records the
//! requests of a session, because an answer may arrive on another connection.
//!
//! Owns: the revision of an exchange, and the messages that a faulty child has damaged. Never:
//! checks messages of the suite itself.

use std::collections::VecDeque;
use std::sync::{LazyLock, Mutex};

use serde_json::Value;

use crate::record::Record;
use crate::response::{Broken, Event, Head, Response, whole_chunks};
use crate::schema::{self, LEGACY, MODERN, Sender};
use crate::schema_sessions::Sessions;
use crate::sim::{self, lock};

/// The requests on one connection.
#[derive(Debug, Default)]
pub(crate) struct SchemaCheck {
    /// The beginning of an incomplete request.
    unread: Vec<u8>,
    /// The requests without an answer, in order.
    pending: VecDeque<SentRequest>,
    /// The request whose answer is being read.
    current: Option<SentRequest>,
    /// Whether the sent bytes are not HTTP/1.1 any more.
    is_garbled: bool,
}

/// One HTTP request.
#[derive(Debug, Default)]
struct SentRequest {
    path: String,
    /// The id of its session.
    session: Option<String>,
    /// `MCP-Protocol-Version`.
    version: Option<String>,
    messages: Vec<Value>,
}

/// Passes the sessions of this thread's world to `action`, or those of the real world.
fn with_sessions<T>(action: impl FnOnce(&mut Sessions) -> T) -> T {
    static REAL: LazyLock<Mutex<Sessions>> = LazyLock::new(Mutex::default);
    match sim::current() {
        Some(world) => action(&mut lock(&world.sessions)),
        None => action(&mut lock(&REAL)),
    }
}

impl SchemaCheck {
    /// Records sent bytes.
    pub(crate) fn sent(&mut self, bytes: &[u8]) {
        if self.is_garbled {
            return;
        }
        self.unread.extend_from_slice(bytes);
        loop {
            match SentRequest::parse(&self.unread) {
                Ok(Some((request, len))) => {
                    self.unread.drain(..len);
                    request.keep();
                    self.pending.push_back(request);
                }
                Ok(None) => return,
                Err(_) => {
                    self.is_garbled = true;
                    self.unread.clear();
                    return;
                }
            }
        }
    }

    /// Records the head of a final answer.
    pub(crate) fn head(&mut self) {
        self.current = self.pending.pop_front();
    }

    /// Records the rest of that answer.
    #[track_caller]
    pub(crate) fn response(&mut self, response: &Response) {
        let request = self.current.as_ref();
        // Compressed answers are checked elsewhere in plain form.
        let is_packed = response.header("content-encoding").is_some();
        if is_packed || request.is_some_and(SentRequest::is_without_mcp) {
            return;
        }
        let events = match response.header("content-type") {
            Some("text/event-stream") => response.events().unwrap_or_default(),
            Some("application/json") => {
                let data = Some(response.text().to_owned());
                vec![Event { data, ..Event::default() }]
            }
            _ => return,
        };
        events.iter().for_each(|event| self.event(&response.head, event));
    }

    /// Records an event of that answer.
    #[track_caller]
    pub(crate) fn event(&mut self, head: &Head, event: &Event) {
        let Some(data) = event.data.as_deref().filter(|data| !data.is_empty()) else { return };
        if depth(data) > DEPTH_MAX {
            return;
        }
        match (event.name.as_deref(), &mut self.current) {
            (Some("message") | None, _) => {}
            // 2024-11-05, basic/transports: the URI for messages, which names the session.
            (Some("endpoint"), Some(request)) => return request.session = session_in(data),
            // The protocol has no other event.
            _ => return,
        }
        let request = self.current.as_ref();
        let unknown = SentRequest::default();
        if let Err(wrong) = request.unwrap_or(&unknown).expect_valid(head, data) {
            let question = request.map(|request| format!("{:.300?}", request.messages));
            let question = question.unwrap_or_default();
            panic!("{wrong}\nin {data:.600}\nafter {question}");
        }
    }
}

/// Returns the nesting depth of brackets in a text, outside of strings.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest, mut is_string, mut is_escaped) = (0_usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = is_string,
            b'"' => is_string = !is_string,
            b'{' | b'[' if !is_string => depth += 1,
            b'}' | b']' if !is_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = depth.max(deepest);
    }
    deepest
}

/// The maximum depth that `serde_json` parses; servers may send more.
const DEPTH_MAX: usize = 127;

impl SentRequest {
    /// Parses the request at the start of these bytes, and returns its length, or `None` if it is
    /// incomplete.
    fn parse(bytes: &[u8]) -> Result<Option<(SentRequest, usize)>, Broken> {
        let malformed = || Broken::Malformed("a request".to_owned());
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
            return if bytes.len() < HEAD_MAX { Ok(None) } else { Err(malformed()) };
        };
        let head = std::str::from_utf8(&bytes[..end]).map_err(|_| malformed())?;
        let (line, headers) = head.split_once("\r\n").unwrap_or((head, ""));
        let path = line.split(' ').nth(1).ok_or_else(malformed)?;
        let header = |name: &str| {
            let mut all = headers.split("\r\n").filter_map(|line| line.split_once(':'));
            let found = all.find(|(have, _)| have.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.trim().to_owned())
        };
        let rest = &bytes[end + 4..];
        let (body, len) = if header("transfer-encoding").is_some() {
            let Some(whole) = whole_chunks(rest)? else { return Ok(None) };
            whole
        } else {
            let len = header("content-length").map_or(Ok(0), |text| text.parse());
            let len: usize = len.map_err(|_| malformed())?;
            let Some(body) = rest.get(..len) else { return Ok(None) };
            (body.to_vec(), len)
        };
        let messages = match serde_json::from_slice(&body) {
            Ok(Value::Array(messages)) => messages,
            Ok(message) => vec![message],
            Err(_) => Vec::new(),
        };
        let session = header("mcp-session-id").or_else(|| session_in(path));
        let version = header("mcp-protocol-version");
        let request = SentRequest { path: path.to_owned(), session, version, messages };
        Ok(Some((request, end + 4 + len)))
    }

    /// Returns whether it is for one of pontoon's routes without MCP.
    fn is_without_mcp(&self) -> bool {
        let pages = ["/.well-known/", "/health", "/livez", "/metrics", "/readyz"];
        let is_list = self.path == "/" && self.messages.is_empty();
        is_list || pages.iter().any(|page| self.path.starts_with(page))
    }

    /// Records a request in a session.
    fn keep(&self) {
        let Some(session) = &self.session else { return };
        let requests = self.messages.iter().filter(|message| message["method"].is_string());
        let requests = requests.map(|request| (request["id"].to_string(), request.clone()));
        with_sessions(|sessions| {
            sessions.entry(session.clone()).or_default().requests.extend(requests);
        });
    }

    /// Checks that a message in its answer is valid in its revision.
    fn expect_valid(&self, head: &Head, data: &str) -> Result<(), String> {
        let Ok(value) = data.parse::<Value>() else {
            return match self.is_damaged_by_child(None) {
                true => Ok(()),
                false => Err("it is not JSON".to_owned()),
            };
        };
        let messages = match value {
            Value::Array(messages) => messages,
            message => vec![message],
        };
        for message in messages {
            self.learn(head, &message);
            let request = self.request_of(&message);
            if self.is_damaged_by_child(request.as_ref()) && message["method"].is_null() {
                continue;
            }
            let method = request.as_ref().and_then(|request| request["method"].as_str());
            schema::check(self.revision(), Sender::Server, &message, method)?;
        }
        Ok(())
    }

    /// Records a session that this request opened.
    fn learn(&self, head: &Head, message: &Value) {
        let id = head.header("mcp-session-id").map(str::to_owned);
        let Some(session) = id.or_else(|| self.session.clone()) else { return };
        let Some(revision) = message["result"]["protocolVersion"].as_str() else { return };
        let revision = schema::known(revision);
        with_sessions(|sessions| sessions.entry(session).or_default().revision = revision);
    }

    /// Returns the request that a message answers, if it is known.
    fn request_of(&self, message: &Value) -> Option<Value> {
        let id = message.get("id").filter(|_| message["method"].is_null())?;
        let own = self.messages.iter().find(|request| request.get("id") == Some(id));
        let session = self.session.as_ref();
        own.cloned().or_else(|| {
            with_sessions(|sessions| sessions.get(session?)?.requests.get(&id.to_string()).cloned())
        })
    }

    fn revision(&self) -> &'static str {
        let own = self.messages.first().map(|message| &message["params"]);
        let modern = || self.messages.first().filter(|message| is_modern(message)).map(|_| MODERN);
        let session = self.session.as_ref();
        let agreed = || with_sessions(|sessions| sessions.get(session?)?.revision);
        let stated = || schema::known(self.version.as_deref()?);
        let wanted = || schema::known(own?["protocolVersion"].as_str()?);
        let found = modern().or_else(agreed).or_else(stated).or_else(wanted);
        found.unwrap_or_else(newest_legacy)
    }

    /// Returns whether `test-server` damages the answer to this request on purpose, and pontoon
    /// passes it on unchanged. A resumed stream may hold answers to any earlier request.
    fn is_damaged_by_child(&self, request: Option<&Value>) -> bool {
        let is_spoilt = |request: &Value| {
            let tool = request["params"]["name"].as_str().unwrap_or_default();
            request["method"] == "tools/call" && DAMAGING_TOOLS.contains(&tool)
        };
        match request {
            Some(request) => is_spoilt(request),
            None => self.messages.iter().any(is_spoilt),
        }
    }
}

/// Checks every line that a child has read against the schema of its conversation.
#[track_caller]
pub(crate) fn expect_valid(record: &Record) {
    for child in record.children() {
        let bytes = record.bytes(child);
        let mut revision = newest_legacy();
        let lines = bytes.split_inclusive(|byte| *byte == b'\n');
        // The last line may have been cut off by the end of the program.
        for line in lines.filter_map(|line| line.strip_suffix(b"\n")) {
            let message: Value = serde_json::from_slice(line)
                .unwrap_or_else(|error| panic!("{error} in {}", line.escape_ascii()));
            let wanted = &message["params"]["protocolVersion"];
            revision = wanted.as_str().and_then(schema::known).unwrap_or(revision);
            let revision = if is_modern(&message) { MODERN } else { revision };
            let method = message["method"].as_str();
            // pontoon passes on methods that only the client knows.
            if method.is_some_and(|method| !schema::defines(revision, Sender::Client, method)) {
                continue;
            }
            let checked = schema::check(revision, Sender::Client, &message, None);
            checked.unwrap_or_else(|wrong| panic!("{wrong}\nin {}", line.escape_ascii()));
        }
    }
}

/// Returns whether a request is self-contained (2026-07-28, basic/index).
fn is_modern(message: &Value) -> bool {
    message["params"]["_meta"].get(VERSION_KEY).is_some()
}

fn newest_legacy() -> &'static str {
    LEGACY[LEGACY.len() - 1]
}

/// Returns the id of the session in the query of a URI, as in `/messages?sessionId=x`.
fn session_in(address: &str) -> Option<String> {
    let (_, query) = address.split_once('?')?;
    let (_, id) = query.split_once('=')?;
    Some(id.to_owned())
}

/// Tools of `test-server` with invalid results.
const DAMAGING_TOOLS: [&str; 1] = ["lone_surrogate"];

const VERSION_KEY: &str = "io.modelcontextprotocol/protocolVersion";

/// More than the head of any request that is answered.
const HEAD_MAX: usize = 1 << 20;

#[cfg(test)]
mod tests;
