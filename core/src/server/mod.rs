//! The seat: what a server has to be so that pontoon can serve it, to every client and over every
//! transport.
//!
//! Owns: the traits [`Server`], [`Seat`] and [`Task`]; what a server offers ([`Catalog`]), is asked
//! ([`Request`]), may look at ([`Scene`]) and answers ([`Outcome`]).
//! Never: JSON-RPC, a session, a stream or a revision's wording. A server is written once; how its
//! answers look in a revision is decided where they are written (`wording`, and `legacy` and
//! `modern` for what only one era has).
//!
//! ```text
//!   a message ──checked against the catalog──► Seat::evaluate ──► Outcome::Done ──► the answer
//!                                                   │                    ▲
//!                                                   └► Outcome::Wait ──► Task::resume, as often
//!                                                      time, facts,      as it waits again
//!                                                      the client
//! ```
//!
//! The least there is to a server:
//!
//! ```
//! use std::sync::Arc;
//!
//! use pontoon_core::modern::state::StateKey;
//! use pontoon_core::server::{
//!     Catalog, Circumstances, Conversation, Field, Kind, Outbox, Outcome, Request, Scene,
//!     Schema, Seat, Server, Tool,
//! };
//! use pontoon_core::time::{Duration, Instant};
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
//!     fn open(&self) -> Box<dyn Seat> {
//!         Box::new(GreeterSeat { greeted: 0 })
//!     }
//! }
//!
//! #[derive(Debug)]
//! struct GreeterSeat {
//!     greeted: u32,
//! }
//!
//! impl Seat for GreeterSeat {
//!     fn evaluate(&mut self, request: &Request<'_>, _: &Scene<'_>, _: &mut Outbox) -> Outcome {
//!         // The only tool; that its argument is there and a string has been checked.
//!         let Request::CallTool { arguments, .. } = request else { unreachable!("not announced") };
//!         self.greeted += 1;
//!         let name = arguments.text("name").unwrap_or_default();
//!         Outcome::text(format!("Hello {name}, number {}!", self.greeted))
//!     }
//! }
//!
//! let mut conversation = Conversation::new(Arc::new(Greeter::new()));
//! let key = StateKey::new([0; 32]); // from the system's chance, where it is more than an example
//! let at = Circumstances::without_http(Instant::ZERO, Duration::ZERO, 0, &key);
//! let mut out = Vec::new();
//! let call = br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":
//!     {"name":"greet","arguments":{"name":"Ada"}}}"#;
//! conversation.handle_message(call, &at, &mut out);
//! let answer = r#"{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"Hello Ada, number 1!"}]}}"#;
//! assert_eq!(out, [answer.as_bytes(), b"\n"].concat());
//!
//! out.clear();
//! let slip = br#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":
//!     {"name":"greet","arguments":{"nmae":"Ada"}}}"#;
//! conversation.handle_message(slip, &at, &mut out);
//! let told = String::from_utf8(out).unwrap();
//! assert!(told.contains("params.arguments.name must be a string"));
//! ```
//!
//! # Both eras from one implementation
//!
//! The greeter above also answers a request of revision 2026-07-28: [`Conversation`] finds the era
//! of each request in its `_meta`, and words what the server says in it. What is different for the
//! server itself:
//!
//! | | legacy | modern |
//! |---|---|---|
//! | a [`Seat`] lasts for | a session, or a pair of pipes | one request |
//! | what a client can do is known | from `initialize` | from the request |
//! | log messages go to it | unless it said otherwise | if the request says so |
//! | changes go to | the session; who subscribed | who listens ([`Listen`]) |
//! | a question is | a request of the server | the answer to the first round of a request |
//! | nothing of a wait can be asked | it is answered with errors | the request is, with -32021 |
//!
//! What is to be remembered in the modern era is kept by the [`Server`] itself, under a name that a
//! tool gives ([`Scene::handle`]) and others take as an argument; [`Server::modern_catalog`] can
//! offer these to clients of that era alone.
//!
//! # Questions, and doing things twice
//!
//! A [`Wait::Answers`] of the modern era ends the request: its answer holds the questions and a
//! sealed state, and the client sends the request once more with the answers and that state. Nobody
//! waits meanwhile; any process with the same key can go on. **So the request is evaluated again
//! from the start, once per round**, and is given the answers of all rounds before it without the
//! client being asked. A server has to
//!
//! - ask before it acts: what is done before the last question is done once per round, and by a
//!   client that sends a state twice once more;
//! - come to the same questions by the same answers: [`Scene::random`] and [`Scene::handle`] are the
//!   same in all rounds, and what is made under such a name is made once;
//! - expect that no second round ever comes.
//!
//! Source: MCP 2025-11-25, server/{tools,prompts,resources} and server/utilities/*; 2026-07-28,
//! basic/index, basic/patterns/{mrtr,subscriptions}.

mod arguments;
mod asking;
mod catalog;
mod change;
mod check;
mod conversation;
mod facts;
mod fault;
mod incoming;
mod legacy;
mod listeners;
mod modern;
mod outbox;
mod params;
mod pipe;
mod question;
mod reply;
mod rounds;
mod scene;
mod schema;
mod sink;
mod waiting;
mod wording;

use std::borrow::Cow;
use std::fmt;

use serde_json::Value;

pub use arguments::Arguments;
pub use catalog::{
    CacheScope, Catalog, Extension, ExtensionMethod, Prompt, PromptArgument, Resource, Template,
    Tool,
};
pub use change::{Announces, Change, Changed};
pub use conversation::{Circumstances, Conversation};
pub use facts::{ChildrenFacts, Counters, Facts, ProcessFacts, SystemFacts};
pub use fault::Fault;
pub use modern::Listen;
pub use outbox::{LogLevel, Notice, Outbox};
pub use pipe::Pipe;
pub use question::{Answers, Question};
pub use reply::{Completion, Content, Contents, Message, Reply, Role, ToolResult};
pub use scene::{Client, HttpScene, Scene, SessionFacts, request_id};
pub use schema::{Field, Kind, Schema};
pub use sink::{Line, Sink};

use crate::time::Instant;

/// A server, as one value for everybody it serves.
pub trait Server: fmt::Debug + Send + Sync {
    /// Who it is and what it offers.
    fn catalog(&self) -> &Catalog;

    /// What it offers clients of the modern era: the same, and more only if it needs to be told
    /// there what a session tells it in the legacy era.
    fn modern_catalog(&self) -> &Catalog {
        self.catalog()
    }

    /// Its side of a new conversation. In the modern era every request has one of its own, and so
    /// has every request to a server without sessions.
    fn open(&self) -> Box<dyn Seat>;

    /// What is said to the call of a tool that is not in the catalog; `name` may be cut short.
    fn unknown_tool(&self, name: &str) -> Fault {
        Fault::invalid_params(format!("Unknown tool: {name}"))
    }
}

/// A server's side of one conversation: what it remembers of it.
pub trait Seat: fmt::Debug + Send {
    /// Answers a request, or says what has to be waited for. What it asks for is in the catalog,
    /// and its arguments have been checked against the published schema.
    fn evaluate(&mut self, request: &Request<'_>, scene: &Scene<'_>, out: &mut Outbox) -> Outcome;

    /// Bytes of what it remembers, for whoever watches the memory of all conversations.
    fn stored_bytes(&self) -> usize {
        0
    }
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
        /// The strings that other arguments have been given (`params.context.arguments`).
        others: &'a Arguments<'a>,
    },
    /// A method of an extension of the catalog, asked by a client that has the extension, too.
    Extended {
        /// The method.
        method: &'a str,
        /// The members of `params`, `_meta` among them.
        params: &'a Arguments<'a>,
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
    /// `resources/subscribe`; in the modern era a resource of a `subscriptions/listen`, which is left
    /// out of what is granted unless the answer is a reply. Nobody says there when it ends.
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
    /// The client's answers to questions, all of which are put to it before any answer is awaited.
    /// What the client did not declare that it can be asked counts as answered with an error.
    Answers(Vec<Question>),
    /// Facts about the process and its machine.
    Facts,
    /// A moment.
    Until(Instant),
}

/// What a task waited for.
#[derive(Debug)]
pub enum Event<'a> {
    /// The client's answers.
    Answered(Answers),
    /// The moment has come.
    Due,
    /// The facts.
    Sampled(&'a Facts),
}

impl Wait {
    /// One question.
    pub fn answer(key: impl Into<Cow<'static, str>>, method: &'static str, params: Value) -> Wait {
        Wait::Answers(vec![Question::new(key, method, params)])
    }
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

#[cfg(test)]
mod tests;
