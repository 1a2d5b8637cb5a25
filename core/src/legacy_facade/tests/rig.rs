//! A facade with both sides simulated: the session and the child.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};

use super::super::{FacadeCx, LegacyFacade};
use crate::json::{Message, ParseRules, Peer};
use crate::legacy_facade::{BackendEvent, FromWorker, RelatesTo, RequestFlags, ToWorker};
use crate::protocol::Revision;
use crate::reject::Reject;
use crate::time::{Duration, Instant};

/// Returns the capabilities of a client that supports every question.
pub(super) fn able() -> Value {
    json!({"elicitation": {"form": {}, "url": {}}, "roots": {}, "sampling": {"tools": {}}})
}

/// Returns the description of a child with every feature.
pub(super) fn discovery() -> Value {
    json!({
        "resultType": "complete",
        "supportedVersions": ["2026-07-28"],
        "capabilities": {
            "completions": {},
            "extensions": {"io.modelcontextprotocol/tasks": {}},
            "logging": {},
            "prompts": {"listChanged": true},
            "resources": {"listChanged": true, "subscribe": true},
            "tools": {"listChanged": true},
        },
        "instructions": "Be kind.",
        "ttlMs": 1000,
        "cacheScope": "public",
        "_meta": {"io.modelcontextprotocol/serverInfo": {"name": "child", "version": "1"}},
    })
}

/// A message to the child.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Sent {
    Cancel(u64),
    Notification(Value),
    Request(u64, RequestFlags, Value),
}

pub(super) struct Rig {
    pub(super) facade: LegacyFacade,
    pub(super) now: Instant,
    last_upstream: u64,
    /// The session's number of the next request.
    next: u64,
    /// The calls that were reported as in progress.
    pub(super) working: Vec<u64>,
}

impl Rig {
    /// Creates a facade without input.
    pub(super) fn new() -> Rig {
        Rig::serving(&Revision::ALL, None)
    }

    pub(super) fn serving(served: &[Revision], discovery: Option<&Value>) -> Rig {
        let discovery = discovery.map(|text| Arc::from(text.to_string().into_bytes()));
        Rig {
            facade: LegacyFacade::new(served.into(), discovery),
            now: Instant::from_micros(1_000_000),
            last_upstream: 100,
            next: 0,
            working: Vec::new(),
        }
    }

    /// Opens a session of a client with this revision and these capabilities, without
    /// subscriptions.
    pub(super) fn open(revision: Revision, capabilities: &Value) -> Rig {
        let mut rig = Rig::serving(&Revision::ALL, Some(&discovery()));
        rig.request("initialize", &introduction(revision, capabilities));
        assert_eq!(rig.said().len(), 1);
        rig
    }

    /// Opens a session of a client of the newest revision that supports every question.
    pub(super) fn able() -> Rig {
        Rig::open(Revision::NEWEST_LEGACY, &able())
    }

    fn with<T>(&mut self, work: impl FnOnce(&mut LegacyFacade, &mut FacadeCx<'_>) -> T) -> T {
        let mut at = FacadeCx { now: self.now, last_upstream: &mut self.last_upstream };
        work(&mut self.facade, &mut at)
    }

    // The client

    pub(super) fn feed(&mut self, text: &Value) {
        let message = message(text);
        self.with(|facade, at| facade.handle_message(&message, at));
    }

    /// Returns the session's number of the next request.
    pub(super) fn next_call(&self) -> u64 {
        self.next + 1
    }

    /// Sends a request; returns the session's number of it.
    pub(super) fn request(&mut self, method: &str, params: &Value) -> u64 {
        self.next += 1;
        let call = self.next;
        let id = format!("client's {call}");
        let request = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        let request = message(&request);
        self.with(|facade, at| facade.handle_request(call, &request, at));
        call
    }

    /// Calls a tool; returns the session's number of the call and the child's.
    pub(super) fn call(&mut self) -> (u64, u64) {
        let call = self.request("tools/call", &json!({"name": "x", "arguments": {"a": 1}}));
        (call, self.sent_request().0)
    }

    pub(super) fn notify(&mut self, method: &str, params: &Value) {
        self.feed(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    pub(super) fn cancel(&mut self, call: u64) {
        self.notify("notifications/cancelled", &json!({"requestId": call}));
    }

    /// Answers a question.
    pub(super) fn reply(&mut self, id: &Value, result: &Value) {
        self.feed(&json!({"jsonrpc": "2.0", "id": id, "result": result}));
    }

    /// Answers a question with an error.
    pub(super) fn reply_error(&mut self, id: &Value) {
        let error = json!({"code": -1, "message": "User rejected"});
        self.feed(&json!({"jsonrpc": "2.0", "id": id, "error": error}));
    }

    // The child

    fn heard(&mut self, heard: &FromWorker) {
        self.with(|facade, at| facade.handle_upstream(heard, at));
    }

    pub(super) fn answers(&mut self, number: u64, result: &Value) {
        let line = json!({"jsonrpc": "2.0", "id": number, "result": result});
        self.answers_with(number, &line.to_string());
    }

    /// Answers with this line of the child.
    pub(super) fn answers_with(&mut self, number: u64, line: &str) {
        let message = read(line);
        self.heard(&FromWorker::Answer { number, message });
    }

    pub(super) fn fails(&mut self, number: u64, error: &Value) {
        let message = message(&json!({"jsonrpc": "2.0", "id": number, "error": error}));
        self.heard(&FromWorker::Answer { number, message });
    }

    pub(super) fn tells(&mut self, number: u64, method: &str, params: &Value) {
        let message = message(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
        self.heard(&FromWorker::Notification { number, message });
    }

    pub(super) fn loses(&mut self, number: u64, reject: Reject) {
        self.heard(&FromWorker::Lost { number, reject });
    }

    /// Answers with a request for input, in the middle of a round.
    pub(super) fn requires(&mut self, number: u64, requests: &Value, state: Option<&str>) {
        let mut result = json!({"resultType": "input_required"});
        if requests.as_object().is_some_and(|requests| !requests.is_empty()) {
            result["inputRequests"] = requests.clone();
        }
        if let Some(state) = state {
            result["requestState"] = state.into();
        }
        self.answers(number, &result);
    }

    // Output

    /// Returns the messages to the client since the last call.
    pub(super) fn said_about(&mut self) -> Vec<(Value, RelatesTo)> {
        let said = std::iter::from_fn(|| self.facade.next_output());
        let read = |saying| match saying {
            BackendEvent::Message(message, about) => Some((value(message.bytes()), about)),
            BackendEvent::Answer(call, answer) => {
                Some((value(&answer.line(call.to_string().as_bytes())), RelatesTo::Unknown))
            }
            BackendEvent::Failure(call, reject) => {
                let error = json!({"code": reject.wire().code, "message": reject.wire().message});
                Some((json!({"jsonrpc": "2.0", "id": call, "error": error}), RelatesTo::Unknown))
            }
            BackendEvent::Progress(call) => {
                self.working.push(call);
                None
            }
            BackendEvent::Changed(_) | BackendEvent::Disconnect(..) => {
                panic!("only a native server does")
            }
        };
        said.filter_map(read).collect()
    }

    pub(super) fn said(&mut self) -> Vec<Value> {
        self.said_about().into_iter().map(|(said, _)| said).collect()
    }

    /// Returns the only message to the client.
    #[track_caller]
    pub(super) fn said_one(&mut self) -> Value {
        let said = self.said();
        assert_eq!(said.len(), 1, "{said:?}");
        said.into_iter().next().unwrap()
    }

    /// Returns the result of the only answer, to this request.
    #[track_caller]
    pub(super) fn result(&mut self, call: u64) -> Value {
        let said = self.said_one();
        assert_eq!(said["id"], call, "{said}");
        assert!(said.get("result").is_some(), "{said}");
        said["result"].clone()
    }

    /// Returns the error code of the only answer, to this request.
    #[track_caller]
    pub(super) fn code(&mut self, call: u64) -> i64 {
        let said = self.said_one();
        assert_eq!(said["id"], call, "{said}");
        said["error"]["code"].as_i64().unwrap_or_else(|| panic!("no error: {said}"))
    }

    /// Returns the messages to the child since the last call.
    pub(super) fn sent(&mut self) -> Vec<Sent> {
        let sent = std::iter::from_fn(|| self.facade.next_upstream_output());
        let read = |sent| match sent {
            ToWorker::Cancel { number } => Sent::Cancel(number),
            ToWorker::Notification { line } => Sent::Notification(value(&line.into_bytes())),
            ToWorker::Request { number, line, flags } => {
                let line = value(&line.into_bytes());
                assert_eq!(line["id"], number, "{line}");
                Sent::Request(number, flags, line)
            }
        };
        sent.map(read).collect()
    }

    /// Returns the only message to the child, a request.
    #[track_caller]
    pub(super) fn sent_request(&mut self) -> (u64, Value) {
        let sent = self.sent();
        match &sent[..] {
            [Sent::Request(number, _, line)] => (*number, line.clone()),
            _ => panic!("not one request: {sent:?}"),
        }
    }

    // Time

    /// Moves the time; the facade is called at its deadlines.
    pub(super) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while self.facade.poll_timeout() <= end {
            self.now = self.now.max(self.facade.poll_timeout());
            self.with(|facade, at| facade.handle_timeout(at));
            assert!(self.facade.poll_timeout() > self.now, "asked to be called at once");
        }
        self.now = end;
    }

    /// Returns whether it holds no state of any request.
    pub(super) fn is_idle(&self) -> bool {
        let it = &self.facade;
        it.calls.is_empty()
            && it.upstream.is_empty()
            && it.questions.is_empty()
            && it.backoffs.is_empty()
            && it.kept_bytes == 0
    }
}

pub(super) fn introduction(revision: Revision, capabilities: &Value) -> Value {
    json!({
        "protocolVersion": revision.as_str(),
        "capabilities": capabilities,
        "clientInfo": {"name": "client", "version": "2"},
    })
}

fn message(text: &Value) -> Message {
    read(&text.to_string())
}

fn read(line: &str) -> Message {
    let rules = ParseRules { depth_max: 128, batch_len_max: 0, sender: Peer::Child };
    Message::parse(Bytes::copy_from_slice(line.as_bytes()), rules).expect("a message")
}

fn value(text: &[u8]) -> Value {
    serde_json::from_slice(text).expect("JSON")
}
