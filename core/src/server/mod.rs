//! The seat: what a server has to be so that pontoon can serve it, to every client and over every
//! transport.
//!
//! Owns: the traits [`Server`], [`Seat`] and [`Task`]; what a server offers ([`Catalog`]), is asked
//! ([`Request`]), may look at ([`Scene`]) and answers ([`Outcome`]).
//! Never: JSON-RPC, a session, a stream or a revision's wording. A server is written once; how its
//! answers look in a revision is decided where they are written.
//!
//! ```text
//!   a message ──checked against the catalog──► Seat::evaluate ──► Outcome::Done ──► the answer
//!                                                   │                    ▲
//!                                                   └► Outcome::Wait ──► Task::resume, as often
//!                                                      time, facts,      as it waits again
//!                                                      the client
//! ```
//!
//! Source: MCP 2025-11-25, server/{tools,prompts,resources} and server/utilities/*.

mod arguments;
mod catalog;
mod conversation;
mod facts;
mod fault;
mod outbox;
mod reply;
mod scene;
mod schema;
pub mod secrets;

use std::fmt;

use serde_json::Value;

pub use arguments::Arguments;
pub use catalog::{Catalog, Prompt, PromptArgument, Resource, Template, Tool};
pub use conversation::{Circumstances, Conversation};
pub use facts::{Counters, Facts, ProcessFacts, SystemFacts};
pub use fault::Fault;
pub use outbox::{LogLevel, Notice, Outbox};
pub use reply::{Completion, Content, Contents, Message, Reply, Role, ToolResult};
pub use scene::{Client, HttpScene, Scene, SessionFacts};
pub use schema::{Field, Kind, Schema};

use crate::time::Instant;

/// A server, as one value for everybody it serves.
pub trait Server: fmt::Debug + Send + Sync {
    /// Who it is and what it offers.
    fn catalog(&self) -> &Catalog;

    /// Its side of a new conversation. A server without state gives a new one to each request.
    fn open(&self) -> Box<dyn Seat>;
}

/// A server's side of one conversation: what it remembers of it.
pub trait Seat: fmt::Debug + Send {
    /// Answers a request, or says what has to be waited for. What it asks for is in the catalog,
    /// and its arguments have been checked against the published schema.
    fn evaluate(&mut self, request: &Request<'_>, scene: &Scene<'_>, out: &mut Outbox) -> Outcome;
}

/// An evaluation that waits. It is dropped when its request is cancelled.
pub trait Task: fmt::Debug + Send {
    /// Goes on: what it waited for has come.
    fn resume(self: Box<Self>, event: Event<'_>, scene: &Scene<'_>, out: &mut Outbox) -> Outcome;
}

/// What a server is asked.
#[derive(Clone, Debug)]
pub enum Request<'a> {
    /// `tools/call`: a tool of the catalog.
    CallTool {
        /// The tool.
        name: &'a str,
        /// Its arguments.
        arguments: &'a Arguments<'a>,
    },
    /// `completion/complete`: for an argument of a prompt or a template.
    Complete {
        /// The name of the prompt, or the URI template.
        of: &'a str,
        /// The argument.
        argument: &'a str,
        /// What has been typed of its value.
        value: &'a str,
    },
    /// `prompts/get`: a prompt of the catalog, with all the arguments it requires.
    GetPrompt {
        /// The prompt.
        name: &'a str,
        /// Its arguments, all of them strings.
        arguments: &'a Arguments<'a>,
    },
    /// `resources/read`: any URI; it need not be in the catalog.
    ReadResource {
        /// The resource.
        uri: &'a str,
    },
    /// `resources/subscribe`.
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

/// What an evaluation came to.
#[derive(Debug)]
pub enum Outcome {
    /// The answer.
    Done(Result<Reply, Fault>),
    /// It goes on later.
    Wait(Wait, Box<dyn Task>),
}

/// What a task waits for.
#[derive(Clone, Debug, PartialEq)]
pub enum Wait {
    /// The client's answer to a question. A client that did not declare that it can be asked this
    /// answers with an error at once.
    Answer {
        /// `sampling/createMessage`, `elicitation/create` or `roots/list`.
        method: &'static str,
        /// The parameters.
        params: Value,
    },
    /// Facts about the process and its machine.
    Facts,
    /// A moment.
    Until(Instant),
}

/// What a task waited for.
#[derive(Debug)]
pub enum Event<'a> {
    /// The client's answer: a result, or the message of its error.
    Answered(Result<Value, String>),
    /// The moment has come.
    Due,
    /// The facts.
    Sampled(&'a Facts),
}

impl Outcome {
    /// The answer of a tool that is a text.
    pub fn text(text: impl Into<String>) -> Outcome {
        Outcome::Done(Ok(Reply::Tool(ToolResult::text(text))))
    }

    /// An error of the request.
    pub fn fault(fault: Fault) -> Outcome {
        Outcome::Done(Err(fault))
    }
}

impl From<ToolResult> for Outcome {
    fn from(result: ToolResult) -> Self {
        Outcome::Done(Ok(Reply::Tool(result)))
    }
}
