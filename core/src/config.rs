//! What an endpoint serves, to whom, and within which limits.

use std::sync::Arc;

use crate::bridge::ChildSpec;
use crate::limits::Limits;
use crate::modern::state::StateKey;
use crate::native::Native;
use crate::observe::Level;
use crate::protocol::Revision;
use crate::session::Principal;

/// The settings of an endpoint. Fixed for its life; they come from the command line or a program,
/// never from a request.
#[derive(Clone, Debug)]
pub struct Config {
    /// Path of the MCP endpoint, for example `/mcp`.
    pub path: String,
    /// Hosts that are allowed besides `localhost` and IP addresses, without port; `*` allows every host.
    pub hosts: Vec<String>,
    /// Origins that are allowed besides those of loopback, as a browser writes them
    /// (`https://example.com`). Only these are given CORS headers.
    pub origins: Vec<String>,
    /// How much of everything a peer may take.
    pub limits: Limits,
    /// What answers behind the endpoint.
    pub serves: Serves,
    /// The revisions that are served, in any order. A server in this process names its own
    /// ([`Native::revisions`]).
    pub revisions: Arc<[Revision]>,
    /// How a command is bridged.
    pub bridge: BridgeOptions,
    /// What seals the state that a client is handed with a question, and the handles that a server
    /// in this process mints. It is made up at the start if it is not given; instances that share
    /// the requests of clients need the same.
    pub state_key: Option<StateKey>,
    /// Whether sessions can be had by HTTP+SSE too, the transport of 2024-11-05: a stream at `/sse`,
    /// messages to `/messages`.
    pub sse: bool,
    /// To whom a session belongs.
    pub bind_session: BindSession,
    /// Whether to start the first child ahead of the first session: it shows at once whether the
    /// command works, and the first `initialize` need not wait for it.
    pub eager: bool,
    /// The least that an event has to matter to be handed to the log.
    pub log_level: Level,
}

impl Config {
    /// An endpoint at `/mcp` that only programs of this machine may use, with the usual limits.
    pub fn new(serves: Serves) -> Config {
        Config {
            path: "/mcp".to_owned(),
            hosts: Vec::new(),
            origins: Vec::new(),
            limits: Limits::default(),
            serves,
            revisions: Revision::ALL.into(),
            bridge: BridgeOptions::default(),
            state_key: None,
            sse: false,
            bind_session: BindSession::Subject,
            eager: false,
            log_level: Level::Info,
        }
    }
}

/// The part of the first credentials (`Authorization`) in a session that all later ones must repeat.
/// Other requests are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BindSession {
    /// The part that stays the same when a token is refreshed: [`crate::session::Principal::of`].
    Subject,
    /// The whole value: a token that was refreshed needs a new session.
    Token,
    /// Nothing: every request that names the session is accepted.
    None,
}

impl BindSession {
    /// Returns the principal of the value of `Authorization`.
    pub(crate) fn principal(self, authorization: Option<&[u8]>) -> Principal {
        match self {
            BindSession::Subject | BindSession::None => Principal::of(authorization),
            BindSession::Token => Principal::of_value(authorization),
        }
    }
}

/// How a command is bridged to clients of either era.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BridgeOptions {
    /// The era the command is of, or that it is to be asked.
    pub child_era: ChildEra,
    /// Which modern requests share a process.
    pub child_per: ChildPer,
    /// Processes of a legacy command that are kept started and initialised ahead of need.
    pub warm_children: usize,
}

impl Default for BridgeOptions {
    fn default() -> BridgeOptions {
        BridgeOptions { child_era: ChildEra::Probe, child_per: ChildPer::Session, warm_children: 0 }
    }
}

/// What is known of a command's era beforehand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChildEra {
    /// It opens with `initialize` (2025-11-25 and earlier).
    Legacy,
    /// Every request describes itself (2026-07-28).
    Modern,
    /// Nothing: its first process is asked (2026-07-28, basic/transports/stdio, Backward
    /// Compatibility).
    Probe,
}

/// Which modern requests share a process of a legacy command.
///
/// Such a process does not say on whose behalf it asks, so whatever is chosen here, it has at most
/// one call at a time that may ask (`tools/call`, `prompts/get`, `resources/read`); a call at the
/// same time gets another process. A legacy session always has a process of its own, and all
/// requests share the one process of a modern command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChildPer {
    /// A session has its own. Modern requests have none: those of one principal share, as with
    /// [`ChildPer::Principal`].
    Session,
    /// Requests with the same credentials share.
    Principal,
    /// None: each request has a process of its own, which ends with it.
    Call,
    /// All requests share.
    Shared,
}

/// What answers behind an endpoint.
#[derive(Clone, Debug)]
pub enum Serves {
    /// A command that speaks MCP over stdio. Whose requests share a process of it, says
    /// [`ChildPer`].
    Command(ChildSpec),
    /// A server that runs in this process.
    Native(Native),
}

impl Serves {
    /// The server that runs in this process, if it is one.
    pub fn native(&self) -> Option<&Native> {
        match self {
            Serves::Command(_) => None,
            Serves::Native(native) => Some(native),
        }
    }
}
