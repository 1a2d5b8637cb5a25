//! A modern client for tests: it keeps its own state, the server keeps none.

use serde_json::{Value, json};

use crate::principal::Principal;
use crate::seal::StateKey;
use crate::server::tests::rig::{Demo, Said, messages};
use crate::server::*;
use crate::time::Duration;

/// A client. Each request goes to a new connection, unless they are to share one.
pub(super) struct Client {
    pub(super) connection: ServerConnection,
    pub(super) capabilities: Value,
    pub(super) log_level: Option<&'static str>,
    pub(super) principal: Principal,
    pub(super) seal: StateKey,
    pub(super) now: Instant,
    pub(super) wall: Duration,
    pub(super) random: u64,
    /// The subject of each line of the last call.
    pub(super) about: Vec<String>,
    /// The changes announced to other connections.
    pub(super) changed: Vec<String>,
}

impl Client {
    pub(super) fn new() -> Self {
        Client::of(Demo::default())
    }

    pub(super) fn of(server: Demo) -> Self {
        Client {
            connection: ServerConnection::new(std::sync::Arc::new(server)),
            capabilities: json!({}),
            log_level: None,
            principal: Principal::Anonymous,
            seal: StateKey::new([3; 32]),
            now: Instant::from_micros(1_000),
            wall: Duration::from_secs(1_800_000_000),
            random: 7,
            about: Vec::new(),
            changed: Vec::new(),
        }
    }

    pub(super) fn capable(capabilities: Value) -> Self {
        Client { capabilities, ..Client::new() }
    }

    /// Returns the `_meta` of every request.
    pub(super) fn meta(&self) -> Value {
        let mut meta = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": self.capabilities,
            "io.modelcontextprotocol/clientInfo": {"name": "tester", "version": "9"},
        });
        if let Some(level) = self.log_level {
            meta["io.modelcontextprotocol/logLevel"] = level.into();
        }
        meta
    }

    pub(super) fn raw(&mut self, message: impl AsRef<[u8]>) -> Vec<Value> {
        let at = circumstances(self.now, self.wall, self.random, self.principal, &self.seal);
        let mut out = Said::default();
        self.connection.handle_message(message.as_ref(), &at, &mut out);
        let lines = messages(&out.bytes);
        (self.about, self.changed) = (out.about, out.changed);
        assert_eq!(lines.len(), self.about.len(), "each line is about something");
        lines
    }

    pub(super) fn pass(&mut self, millis: u64) -> Vec<Value> {
        self.now = self.now + Duration::from_millis(millis);
        let at = circumstances(self.now, self.wall, self.random, self.principal, &self.seal);
        let mut out = Said::default();
        self.connection.handle_timeout(&at, &mut out);
        self.about = out.about;
        messages(&out.bytes)
    }

    /// Sends a request with the required `_meta`, unless it has one.
    pub(super) fn request(&mut self, id: Value, method: &str, mut params: Value) -> Vec<Value> {
        if params.get("_meta").is_none() {
            params["_meta"] = self.meta();
        }
        let request = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        self.raw(request.to_string())
    }

    /// Sends a request that is answered at once, and returns the response.
    pub(super) fn answer(&mut self, method: &str, params: Value) -> Value {
        let mut said = self.request(json!(1), method, params);
        assert_eq!(said.len(), 1, "{said:?}");
        assert_eq!((&said[0]["id"], &*self.about[0]), (&json!(1), "answer 1"));
        said.remove(0)
    }

    /// Returns the result of a request that succeeds.
    pub(super) fn result(&mut self, method: &str, params: Value) -> Value {
        let mut answer = self.answer(method, params);
        assert!(answer["result"].is_object(), "{answer}");
        answer["result"].take()
    }

    pub(super) fn call(&mut self, name: &str, arguments: Value) -> Value {
        self.answer("tools/call", json!({"name": name, "arguments": arguments}))
    }

    /// Calls a tool again, with the state and the answers.
    pub(super) fn retry(&mut self, name: &str, state: &Value, responses: Value) -> Value {
        let params = json!({
            "name": name,
            "arguments": {},
            "inputResponses": responses,
            "requestState": state,
        });
        self.answer("tools/call", params)
    }

    pub(super) fn notify(&mut self, method: &str, params: Value) -> Vec<Value> {
        self.raw(json!({"jsonrpc": "2.0", "method": method, "params": params}).to_string())
    }
}

fn circumstances(
    now: Instant,
    wall: Duration,
    random: u64,
    principal: Principal,
    seal: &StateKey,
) -> MessageContext<'_> {
    MessageContext { principal, ..MessageContext::without_http(now, wall, random, seal) }
}

/// Returns the keys of the requested input.
pub(super) fn keys(answer: &Value) -> Vec<&str> {
    assert_eq!(answer["result"]["resultType"], "input_required", "{answer}");
    let asked = answer["result"]["inputRequests"].as_object().expect("an object");
    asked.keys().map(String::as_str).collect()
}

pub(super) fn state(answer: &Value) -> Value {
    let state = answer["result"]["requestState"].clone();
    assert!(state.as_str().is_some_and(|state| !state.is_empty()), "{answer}");
    state
}

/// Returns the answer of a user to a form.
pub(super) fn form(field: &str, value: &str) -> Value {
    json!({"action": "accept", "content": {field: value}})
}
