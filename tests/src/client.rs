//! A small MCP client: one session, a connection for each request.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use crate::pontoon::Pontoon;
use crate::wire::{Events, Request, Response, Wire};

/// The newest revision that has sessions.
pub const NEWEST: &str = "2025-11-25";

/// A client with an open session. Ids count up from 1.
#[derive(Debug)]
pub struct Client {
    addr: SocketAddr,
    /// The session's id; empty if the server opened none.
    pub session: String,
    /// The negotiated revision.
    pub revision: String,
    authorization: Option<String>,
    /// The path of the endpoint.
    path: String,
    ids: AtomicU64,
}

/// Returns the body of an `initialize` request.
pub fn initialize(revision: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": revision,
        "capabilities": {"sampling": {}, "roots": {"listChanged": true}, "elicitation": {}},
        "clientInfo": {"name": "pontoon-suite", "version": "1"},
    }})
}

/// Returns the body of a `tools/call` request.
pub fn tool_call(id: impl Into<Value>, tool: &str, arguments: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id.into(), "method": "tools/call",
           "params": {"name": tool, "arguments": arguments}})
}

/// Returns the text of a tool's answer; panics on an error.
#[track_caller]
pub fn text_of(answer: &Value) -> &str {
    answer["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("no text: {answer}"))
}

impl Client {
    /// Opens a session of the newest revision.
    #[track_caller]
    pub fn open(pontoon: &Pontoon) -> Client {
        Client::open_with(pontoon, NEWEST, None)
    }

    /// Opens a session of this revision.
    #[track_caller]
    pub fn open_revision(pontoon: &Pontoon, revision: &str) -> Client {
        Client::open_with(pontoon, revision, None)
    }

    /// Opens a session of this revision, with this `Authorization` on every request.
    #[track_caller]
    pub fn open_with(pontoon: &Pontoon, revision: &str, authorization: Option<&str>) -> Client {
        Client::open_anywhere(pontoon, "/mcp", revision, authorization)
    }

    /// Opens a session of the newest revision at this path.
    #[track_caller]
    pub fn open_at(pontoon: &Pontoon, path: &str) -> Client {
        Client::open_anywhere(pontoon, path, NEWEST, None)
    }

    /// Opens a session at this path, of this revision, with this `Authorization` on every request.
    #[track_caller]
    pub fn open_anywhere(
        pontoon: &Pontoon,
        path: &str,
        revision: &str,
        authorization: Option<&str>,
    ) -> Client {
        let mut request = Request::post(initialize(revision).to_string()).at(path);
        if let Some(value) = authorization {
            request = request.header("Authorization", value);
        }
        let response = request.send(pontoon.addr);
        let session = response.expect(200, "initialize").header("mcp-session-id");
        let client = Client {
            addr: pontoon.addr,
            session: session.expect("a session id").to_owned(),
            revision: revision.to_owned(),
            authorization: authorization.map(str::to_owned),
            path: path.to_owned(),
            ids: AtomicU64::new(1),
        };
        client.notify("notifications/initialized", json!({})).expect(202, "initialized");
        client
    }

    /// Creates a client without a session, which sends no `initialize`.
    pub fn without_session(pontoon: &Pontoon) -> Client {
        Client {
            addr: pontoon.addr,
            session: String::new(),
            revision: NEWEST.to_owned(),
            authorization: None,
            path: "/mcp".to_owned(),
            ids: AtomicU64::new(1),
        }
    }

    /// Adds this `Authorization` to every request.
    pub fn authorized(self, authorization: &str) -> Client {
        Client { authorization: Some(authorization.to_owned()), ..self }
    }

    /// Returns the next id.
    pub fn id(&self) -> u64 {
        self.ids.fetch_add(1, Ordering::Relaxed)
    }

    /// Adds the path and the headers of this session.
    pub fn sign(&self, request: Request) -> Request {
        let request = request.at(&self.path);
        let request = match &*self.session {
            "" => request,
            session => request.header("Mcp-Session-Id", session),
        };
        let request = request.header("MCP-Protocol-Version", &self.revision);
        match &self.authorization {
            Some(value) => request.header("Authorization", value),
            None => request,
        }
    }

    /// Returns a POST of this body in this session.
    pub fn post(&self, body: impl ToString) -> Request {
        self.sign(Request::post(body.to_string()))
    }

    /// Posts this body and reads the whole response.
    pub fn send(&self, body: impl ToString) -> Response {
        self.post(body).send(self.addr)
    }

    /// Posts this body and returns the connection.
    pub fn start(&self, body: impl ToString) -> Wire {
        self.post(body).open(self.addr)
    }

    /// Posts this body, asking for an event stream.
    pub fn stream(&self, body: impl ToString) -> Events {
        self.post(body).with("Accept", "text/event-stream").open(self.addr).events()
    }

    /// Sends a notification.
    pub fn notify(&self, method: &str, params: Value) -> Response {
        self.send(json!({"jsonrpc": "2.0", "method": method, "params": params}))
    }

    /// Sends a request and returns the response, with a result or an error.
    #[track_caller]
    pub fn request(&self, method: &str, params: Value) -> Value {
        let id = self.id();
        let body = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        let answer = self.send(body).answer();
        assert_eq!(answer["id"], id, "{answer}");
        answer
    }

    /// Calls a tool and returns the response message.
    #[track_caller]
    pub fn call(&self, tool: &str, arguments: Value) -> Value {
        self.request("tools/call", json!({"name": tool, "arguments": arguments}))
    }

    /// Calls a tool without accepting an event stream, and returns the response message.
    #[track_caller]
    pub fn call_json(&self, tool: &str, arguments: Value) -> Value {
        let call = self.post(tool_call(self.id(), tool, arguments));
        call.with("Accept", "application/json").send(self.addr).answer()
    }

    /// Calls a tool and returns its text; panics on an error.
    #[track_caller]
    pub fn text(&self, tool: &str, arguments: Value) -> String {
        text_of(&self.call(tool, arguments)).to_owned()
    }

    /// Returns the pid of the session's child.
    #[track_caller]
    pub fn child(&self) -> u32 {
        self.text("pid", json!({})).parse().expect("a pid")
    }

    /// Asserts that calls are answered.
    #[track_caller]
    pub fn expect_served(&self) {
        assert_eq!(self.text("echo", json!({"text": "still here"})), "still here");
    }

    /// Opens the stream for messages that belong to no request.
    pub fn listen(&self) -> Events {
        self.sign(Request::listen()).open(self.addr).events()
    }

    /// Resumes a broken stream after this event.
    pub fn resume(&self, last_event: &str) -> Wire {
        self.sign(Request::listen()).header("Last-Event-ID", last_event).open(self.addr)
    }

    /// Ends the session.
    pub fn delete(&self) -> Response {
        self.sign(Request::new("DELETE", "/mcp")).send(self.addr)
    }

    /// Answers a request of the server.
    pub fn respond(&self, id: &Value, result: Value) -> Response {
        self.send(json!({"jsonrpc": "2.0", "id": id, "result": result}))
    }

    /// Cancels a request.
    pub fn cancel(&self, id: impl Into<Value>) -> Response {
        self.notify("notifications/cancelled", json!({"requestId": id.into(), "reason": "test"}))
    }
}
