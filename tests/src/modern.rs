//! A client of 2026-07-28, whose requests are self-contained.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Map, Value, json};

use crate::client::text_of;
use crate::pontoon::Pontoon;
use crate::wire::{Events, Request, Response, Wire};

/// The revision without sessions.
pub const REVISION: &str = "2026-07-28";

/// Names in `_meta`.
pub const VERSION: &str = "io.modelcontextprotocol/protocolVersion";
/// See [`VERSION`].
pub const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
/// See [`VERSION`].
pub const CLIENT: &str = "io.modelcontextprotocol/clientInfo";
/// See [`VERSION`].
pub const LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";
/// See [`VERSION`].
pub const SUBSCRIPTION: &str = "io.modelcontextprotocol/subscriptionId";

/// A client. Ids count up from 1; every request declares its capabilities.
#[derive(Debug)]
pub struct Modern {
    addr: SocketAddr,
    capabilities: Value,
    authorization: Option<String>,
    ids: AtomicU64,
}

impl Modern {
    /// Creates a client that supports every capability.
    pub fn new(pontoon: &Pontoon) -> Modern {
        Modern {
            addr: pontoon.addr,
            capabilities: every_capability(),
            authorization: None,
            ids: AtomicU64::new(1),
        }
    }

    /// Replaces the capabilities.
    pub fn able(self, capabilities: Value) -> Modern {
        Modern { capabilities, ..self }
    }

    /// Adds this `Authorization` to every request.
    pub fn authorized(self, authorization: &str) -> Modern {
        Modern { authorization: Some(authorization.to_owned()), ..self }
    }

    /// Returns the body of a request, with the next id.
    pub fn body(&self, method: &str, params: Value) -> Value {
        let id = self.ids.fetch_add(1, Ordering::Relaxed);
        request(id, method, params, &self.capabilities)
    }

    /// Returns the body of a call.
    pub fn tool_call(&self, tool: &str, arguments: Value) -> Value {
        self.body("tools/call", json!({"name": tool, "arguments": arguments}))
    }

    /// Returns a POST of this body, with the headers that repeat it.
    pub fn post(&self, body: &Value) -> Request {
        let request = signed(body);
        match &self.authorization {
            Some(value) => request.header("Authorization", value),
            None => request,
        }
    }

    /// Posts this body and reads the whole response.
    pub fn send(&self, body: &Value) -> Response {
        self.post(body).send(self.addr)
    }

    /// Posts this body and returns the connection.
    pub fn start(&self, body: &Value) -> Wire {
        self.post(body).open(self.addr)
    }

    /// Posts this body, and reads the answer as an event stream.
    pub fn stream(&self, body: &Value) -> Events {
        self.start(body).events()
    }

    /// Sends a request and returns the response, with a result or an error.
    #[track_caller]
    pub fn request(&self, method: &str, params: Value) -> Value {
        let body = self.body(method, params);
        let answer = self.send(&body).answer();
        assert_eq!(answer["id"], body["id"], "{answer}");
        answer
    }

    /// Calls a tool and returns the response message.
    #[track_caller]
    pub fn call(&self, tool: &str, arguments: Value) -> Value {
        self.request("tools/call", json!({"name": tool, "arguments": arguments}))
    }

    /// Calls a tool and returns its text; panics on an error.
    #[track_caller]
    pub fn text(&self, tool: &str, arguments: Value) -> String {
        text_of(&self.call(tool, arguments)).to_owned()
    }

    /// Asserts that calls are answered.
    #[track_caller]
    pub fn expect_served(&self) {
        assert_eq!(self.text("echo", json!({"text": "still here"})), "still here");
    }

    /// Returns the pid of the process that this client's calls reach.
    #[track_caller]
    pub fn child(&self) -> u32 {
        self.text("pid", json!({})).parse().expect("a pid")
    }

    /// Opens a subscription and returns its stream after the acknowledgement, with the granted
    /// changes.
    #[track_caller]
    pub fn listen(&self, wanted: Value) -> Subscription {
        let body = self.body("subscriptions/listen", json!({"notifications": wanted}));
        let mut events = self.stream(&body);
        let acknowledged = events.message();
        let method = "notifications/subscriptions/acknowledged";
        assert_eq!(acknowledged["method"], method, "{acknowledged}");
        let params = &acknowledged["params"];
        assert_eq!(params["_meta"][SUBSCRIPTION], body["id"], "{acknowledged}");
        Subscription { granted: params["notifications"].clone(), id: body["id"].clone(), events }
    }

    /// Returns the retry of a call: the same parameters, and these answers.
    pub fn retry(&self, call: &Value, asked: &Value, answers: Value) -> Value {
        let mut params = call["params"].clone();
        params["inputResponses"] = answers;
        let params_map = params.as_object_mut().expect("parameters");
        match asked["result"].get("requestState") {
            Some(state) => drop(params_map.insert("requestState".to_owned(), state.clone())),
            None => drop(params_map.remove("requestState")),
        }
        self.body(call["method"].as_str().expect("a method"), params)
    }

    /// Makes a call and answers its questions until there is a result.
    #[track_caller]
    pub fn converse(&self, call: &Value, answer: impl Fn(&str, &Value) -> Value) -> Value {
        let mut body = call.clone();
        for _ in 0..ROUNDS_MAX {
            let message = self.send(&body).answer();
            assert_eq!(message["id"], body["id"], "{message}");
            if message["result"]["resultType"] != "input_required" {
                return message;
            }
            let answers: Map<_, _> = asked(&message)
                .iter()
                .map(|(key, question)| (key.clone(), answer(key, question)))
                .collect();
            body = self.retry(call, &message, Value::Object(answers));
        }
        panic!("asked for ever: {call}");
    }
}

/// More rounds than any call of a case has.
const ROUNDS_MAX: usize = 20;

/// An open subscription.
#[derive(Debug)]
pub struct Subscription {
    /// The granted changes.
    pub granted: Value,
    /// The id of the request that opened it.
    pub id: Value,
    /// Its stream.
    pub events: Events,
}

impl Subscription {
    /// Returns the next notification; panics unless it is one of this subscription.
    #[track_caller]
    pub fn news(&mut self) -> Value {
        let news = self.events.message();
        assert_eq!(news["params"]["_meta"][SUBSCRIPTION], self.id, "{news}");
        news
    }
}

/// Returns all client capabilities.
pub fn every_capability() -> Value {
    json!({
        "elicitation": {"form": {}, "url": {}},
        "roots": {},
        "sampling": {"tools": {}},
    })
}

/// Returns the body of a request.
pub fn request(id: impl Into<Value>, method: &str, params: Value, capabilities: &Value) -> Value {
    let mut body = json!({"jsonrpc": "2.0", "id": id.into(), "method": method, "params": params});
    let meta = &mut body["params"]["_meta"];
    meta[VERSION] = json!(REVISION);
    meta[CAPABILITIES] = capabilities.clone();
    meta[CLIENT] = json!({"name": "pontoon-suite", "version": "1"});
    body
}

/// Returns a POST of this body, with the headers that repeat it.
pub fn signed(body: &Value) -> Request {
    let method = body["method"].as_str().expect("a method");
    let request = Request::post(body.to_string())
        .header("MCP-Protocol-Version", REVISION)
        .header("Mcp-Method", method);
    let params = &body["params"];
    let name = match method {
        "prompts/get" | "tools/call" => params["name"].as_str(),
        "resources/read" => params["uri"].as_str(),
        "tasks/get" | "tasks/update" | "tasks/cancel" => params["taskId"].as_str(),
        _ => None,
    };
    match name {
        Some(name) => request.header("Mcp-Name", name),
        None => request,
    }
}

/// Returns the input requests in a result, by key; panics if it is another message.
#[track_caller]
pub fn asked(message: &Value) -> &Map<String, Value> {
    assert_eq!(message["result"]["resultType"], "input_required", "{message}");
    message["result"]["inputRequests"].as_object().unwrap_or_else(|| panic!("{message}"))
}
