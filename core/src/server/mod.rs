//! The interface between pontoon and a server that runs in this process. A server that implements
//! it is served to every client and over every transport.
//!
//! Owns: the traits [`Server`], [`Handler`] and [`Task`]; a server's features ([`Catalog`]), its
//! requests ([`Request`]), their context ([`RequestContext`]) and its answers ([`Outcome`]).
//! Never: JSON-RPC, a session, a stream or a revision's encoding. A server is written once; the
//! encoding for each revision is in `encode`, and in `legacy` and `modern` for what only one era
//! has.
//!
//! ```text
//!   a message ──checked against the catalog──► Handler::evaluate ──► Outcome::Done ──► the answer
//!                                                   │                    ▲
//!                                                   └► Outcome::Wait ──► Task::resume, as often
//!                                                      time, stats,      as it waits again
//!                                                      the client
//! ```
//!
//! The smallest server:
//!
//! ```
//! use std::sync::Arc;
//!
//! use pontoon_core::server::{
//!     Catalog, Field, Handler, Kind, MessageContext, Notifications, Outcome, Request,
//!     RequestContext, Schema, Server, ServerConnection, Tool,
//! };
//! use pontoon_core::{Duration, Instant, StateKey};
//!
//! #[derive(Debug)]
//! struct Greeter(Catalog);
//!
//! impl Greeter {
//!     fn new() -> Self {
//!         let name = Field::new("name", Kind::String, "Whom to greet.").required();
//!         let greet = Tool::new("greet", "Says hello.", Schema::closed().field(name));
//!         let tools = vec![greet];
//!         Greeter(Catalog { name: "greeter", version: "1.0.0", tools, ..Catalog::default() })
//!     }
//! }
//!
//! impl Server for Greeter {
//!     fn catalog(&self) -> &Catalog {
//!         &self.0
//!     }
//!
//!     fn new_handler(&self) -> Box<dyn Handler> {
//!         Box::new(GreeterHandler { greeted: 0 })
//!     }
//! }
//!
//! #[derive(Debug)]
//! struct GreeterHandler {
//!     greeted: u32,
//! }
//!
//! impl Handler for GreeterHandler {
//!     fn evaluate(
//!         &mut self,
//!         request: &Request<'_>,
//!         _: &RequestContext<'_>,
//!         _: &mut Notifications,
//!     ) -> Outcome {
//!         // The only tool. Its argument has been validated as a string.
//!         let Request::CallTool { arguments, .. } = request else { unreachable!("not announced") };
//!         self.greeted += 1;
//!         let name = arguments.text("name").unwrap_or_default();
//!         Outcome::text(format!("Hello {name}, number {}!", self.greeted))
//!     }
//! }
//!
//! let mut connection = ServerConnection::new(Arc::new(Greeter::new()));
//! let key = StateKey::new([0; 32]); // a real server needs a random key
//! let at = MessageContext::without_http(Instant::ZERO, Duration::ZERO, 0, &key);
//! let mut out = Vec::new();
//! let call = br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":
//!     {"name":"greet","arguments":{"name":"Ada"}}}"#;
//! connection.handle_message(call, &at, &mut out);
//! let answer = r#"{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"Hello Ada, number 1!"}]}}"#;
//! assert_eq!(out, [answer.as_bytes(), b"\n"].concat());
//!
//! out.clear();
//! let slip = br#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":
//!     {"name":"greet","arguments":{"nmae":"Ada"}}}"#;
//! connection.handle_message(slip, &at, &mut out);
//! let told = String::from_utf8(out).unwrap();
//! assert!(told.contains("params.arguments.name must be a string"));
//! ```
//!
//! # Both eras from one implementation
//!
//! The server above also answers requests of revision 2026-07-28: [`ServerConnection`] finds the
//! era of each request in its `_meta` and encodes the answer for it. The eras differ for a server
//! in this:
//!
//! | | legacy | modern |
//! |---|---|---|
//! | a [`Handler`] lasts for | a session, or a pair of pipes | one request |
//! | the client's capabilities come from | `initialize` | the request |
//! | log messages are sent | unless the client set a level | if the request asks for them |
//! | changes are announced to | the session, if it subscribed | open streams ([`SubscriptionStream`]) |
//! | a question is | a server request | the result of the first round of a request |
//! | if the client supports none of the questions | they count as answered with errors | the request fails with -32021 |
//!
//! In the modern era the [`Server`] itself keeps all state, under a name that one tool returns
//! ([`RequestContext::handle`]) and others take as an argument. [`Server::modern_catalog`] can
//! offer such tools to modern clients only.
//!
//! # Questions, and repeated evaluation
//!
//! In the modern era a [`Wait::Answers`] ends the request: its result holds the questions and a
//! sealed state, and the client sends the request again with the answers and that state. No task is
//! kept meanwhile; any process with the same key can continue. **So the request is evaluated from
//! the start in every round**, and gets the answers of all earlier rounds without the client being
//! asked again. A server has to
//!
//! - ask before it acts: an action before the last question is repeated in every round, and once
//!   more for each time a client sends the same state again;
//! - arrive at the same questions from the same answers: [`RequestContext::random`] and
//!   [`RequestContext::handle`] are the same in all rounds, so a thing made under such a name is
//!   made once;
//! - expect that no second round may follow.
//!
//! Source: MCP 2025-11-25, server/{tools,prompts,resources} and server/utilities/*; 2026-07-28,
//! basic/index, basic/patterns/{mrtr,subscriptions}.

mod arguments;
mod catalog;
mod change;
mod check;
mod connection;
mod encode;
mod health;
mod incoming;
mod legacy;
mod modern;
mod notifications;
mod params;
mod pending_answers;
mod question;
mod reply;
mod request_context;
mod rounds;
mod rpc_error;
mod schema;
mod sink;
mod stdio;
mod subscribers;
mod waiting_request;

use std::borrow::Cow;
use std::fmt;

use serde_json::Value;

pub use arguments::Arguments;
pub use catalog::{
    CacheScope, Catalog, Extension, ExtensionMethod, Prompt, PromptArgument, Resource, Template,
    Tool,
};
pub use change::{Announces, Change, Changed};
pub use connection::{MessageContext, ServerConnection};
pub use health::Health;
pub use modern::SubscriptionStream;
pub use notifications::{LogLevel, Notification, Notifications};
pub use question::{Answers, Question};
pub use reply::{Completion, Content, Contents, Message, Reply, Role, ToolResult};
pub use request_context::{Client, HttpRequestHead, RequestContext, SessionInfo, request_id};
pub use rpc_error::RpcError;
pub use schema::{Field, Kind, Schema};
pub use sink::{MessageSink, Relation, Response};
pub use stdio::StdioServer;

use crate::host_stats::HostStats;
use crate::observe::{MetricsText, RequestStats};
use crate::time::Instant;

/// Detection of secrets in what a client sent, and their masked form.
pub mod secrets {
    pub use crate::secrets::{address, credentials, header, is_secret, preview};
}

/// A server, shared by all connections. The [module](self) has a complete example.
pub trait Server: fmt::Debug + Send + Sync {
    /// Returns the server's identity and features.
    fn catalog(&self) -> &Catalog;

    /// Returns the features for modern clients. Override it only to add features that replace a
    /// session's state.
    fn modern_catalog(&self) -> &Catalog {
        self.catalog()
    }

    /// Creates the handler for a new connection. In the modern era, and on a server without
    /// sessions, every request gets a handler of its own.
    fn new_handler(&self) -> Box<dyn Handler>;

    /// Returns the error for a call of an unknown tool; `name` may be truncated.
    fn unknown_tool(&self, name: &str) -> RpcError {
        RpcError::invalid_params(format!("Unknown tool: {name}"))
    }

    /// Returns the body of `/health`: by default its status, uptime, version and open sessions.
    fn health(&self, health: &Health<'_>) -> Value {
        health.report(self.catalog())
    }

    /// Returns the body of `/health/detailed`, if the catalog says that there is one
    /// ([`Catalog::detailed_health`]).
    fn detailed_health(&self, health: &Health<'_>) -> Value {
        self.health(health)
    }

    /// Writes metrics of its own, in addition to those that `/metrics` has of every server.
    fn write_metrics(&self, _requests: &RequestStats<'_>, _text: &mut MetricsText) {}
}

/// A server's side of one connection, with its state.
pub trait Handler: fmt::Debug + Send {
    /// Evaluates a request, or returns what it has to wait for. The target is in the catalog, and
    /// the arguments have been validated against the published schema.
    fn evaluate(
        &mut self,
        request: &Request<'_>,
        context: &RequestContext<'_>,
        out: &mut Notifications,
    ) -> Outcome;

    /// Returns the number of bytes it stores, for a total over all connections.
    fn stored_bytes(&self) -> usize {
        0
    }
}

/// An evaluation that waits. It is dropped if its request is cancelled.
pub trait Task: fmt::Debug + Send {
    /// Continues with the event that it waited for.
    fn resume(
        self: Box<Self>,
        event: Event<'_>,
        context: &RequestContext<'_>,
        out: &mut Notifications,
    ) -> Outcome;
}

/// A request to a server.
#[derive(Clone, Debug)]
pub enum Request<'a> {
    /// `tools/call` for a tool in the catalog.
    CallTool {
        /// The tool.
        name: &'a str,
        /// Its arguments.
        arguments: &'a Arguments<'a>,
    },
    /// `completion/complete` for an argument of a prompt or a template.
    Complete {
        /// The name of the prompt, or the URI template.
        of: &'a str,
        /// The argument.
        argument: &'a str,
        /// The part of the value typed so far.
        value: &'a str,
        /// The values of other arguments (`params.context.arguments`).
        others: &'a Arguments<'a>,
    },
    /// A method of an extension in the catalog, from a client that supports the extension.
    Extended {
        /// The method.
        method: &'a str,
        /// The members of `params`, including `_meta`.
        params: &'a Arguments<'a>,
    },
    /// `prompts/get` for a prompt in the catalog, with all its required arguments.
    GetPrompt {
        /// The prompt.
        name: &'a str,
        /// Its arguments; all of them are strings.
        arguments: &'a Arguments<'a>,
    },
    /// `resources/read` for any URI; it need not be in the catalog.
    ReadResource {
        /// The resource.
        uri: &'a str,
    },
    /// `resources/subscribe`, or one resource of a modern `subscriptions/listen`: it is left out of
    /// the stream unless the outcome is a reply. The modern era sends no `Unsubscribe` when the
    /// stream ends.
    Subscribe {
        /// The resource.
        uri: &'a str,
    },
    /// `resources/unsubscribe`.
    Unsubscribe {
        /// The resource.
        uri: &'a str,
    },
}

/// The result of an evaluation.
#[derive(Debug)]
pub enum Outcome {
    /// The answer.
    Done(Result<Reply, RpcError>),
    /// The evaluation continues later.
    Wait(Wait, Box<dyn Task>),
}

/// The event that a task waits for.
#[derive(Clone, Debug, PartialEq)]
pub enum Wait {
    /// The client's answers to these questions, which are all sent before any answer is awaited. A
    /// question that the client does not support counts as answered with an error.
    Answers(Vec<Question>),
    /// Facts about the process and its host.
    Stats,
    /// A point in time.
    Until(Instant),
}

/// The event that a task waited for.
#[derive(Debug)]
pub enum Event<'a> {
    /// The client's answers.
    Answered(Answers),
    /// The time has come.
    Due,
    /// The facts.
    Sampled(&'a HostStats),
}

impl Wait {
    /// Waits for the answer to one question.
    pub fn answer(key: impl Into<Cow<'static, str>>, method: &'static str, params: Value) -> Wait {
        Wait::Answers(vec![Question::new(key, method, params)])
    }
}

impl Outcome {
    /// Returns a tool result with one text.
    pub fn text(text: impl Into<String>) -> Outcome {
        Outcome::Done(Ok(Reply::Tool(ToolResult::text(text))))
    }

    /// Returns an error.
    pub fn error(fault: RpcError) -> Outcome {
        Outcome::Done(Err(fault))
    }
}

impl From<ToolResult> for Outcome {
    fn from(result: ToolResult) -> Self {
        Outcome::Done(Ok(Reply::Tool(result)))
    }
}

#[cfg(test)]
mod tests;
