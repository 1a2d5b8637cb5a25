//! The settings of an endpoint.

mod client_limits;
mod native;

use std::sync::Arc;

pub use client_limits::{ClientLimits, Rate};
pub use native::{EventFormat, Native};
use strum::{EnumString, VariantNames};

use crate::auth::Auth;
use crate::child_env::HeaderVariable;
use crate::child_spec::ChildSpec;
use crate::limits::Limits;
use crate::observe::Level;
use crate::principal::Principal;
use crate::protocol::Revision;
use crate::seal::StateKey;

/// The settings of an endpoint. They are fixed for its lifetime, and come from the command line or
/// a program, never from a request.
#[derive(Clone, Debug)]
pub struct Config {
    /// The path of the MCP endpoint, for example `/mcp`. It begins after [`Config::name`].
    pub path: String,
    /// The first segment of the paths of this server, percent-decoded, in a program that serves
    /// several.
    pub name: Option<Box<str>>,
    /// Its name in lists of servers, and in the settings of clients.
    pub title: Box<str>,
    /// The address of the endpoints, `http://127.0.0.1:3000`, if the page, health and metrics are
    /// served on a listener of their own.
    pub admin: Option<Box<str>>,
    /// Allowed hosts besides `localhost` and IP addresses, without port; `*` allows every host.
    pub hosts: Vec<String>,
    /// Allowed origins besides those of loopback hosts, in the notation of browsers
    /// (`https://example.com`). Only these get CORS headers.
    pub origins: Vec<String>,
    /// The limits.
    pub limits: Limits,
    /// The limits for each client.
    pub client_limits: ClientLimits,
    /// The server behind the endpoint.
    pub serves: Serves,
    /// The supported revisions, in any order. A server in this process has its own
    /// ([`Native::revisions`]).
    pub revisions: Arc<[Revision]>,
    /// The settings of a bridged command.
    pub bridge: BridgeOptions,
    /// The headers of requests whose values the command gets as variables. Requests with different
    /// values never share a process or a session, and one without any of the headers gets a process
    /// without the variables.
    pub header_env: Vec<HeaderVariable>,
    /// The key that seals the state of multi-round requests, and the handles of a server in this
    /// process. Without a key, a random one is made at the start; instances behind one load
    /// balancer need the same key.
    pub state_key: Option<StateKey>,
    /// Whether HTTP+SSE is served too, the transport of 2024-11-05: a stream at `/sse`, messages to
    /// `/messages`.
    pub sse: bool,
    /// The authentication, or `None` if every client is served.
    pub auth: Option<Auth>,
    /// The credentials that a session is bound to without authentication; with it, a session belongs
    /// to the principal that opened it.
    pub bind_session: BindSession,
    /// Whether to start the first child before the first session, which shows at once whether the
    /// command works, and saves the first `initialize` the wait.
    pub eager: bool,
    /// The minimum severity of events that are logged.
    pub log_level: Level,
}

impl Config {
    /// Creates the settings of an endpoint at `/mcp` for programs on this machine, with the default
    /// limits.
    pub fn new(serves: Serves) -> Config {
        Config {
            path: "/mcp".to_owned(),
            name: None,
            title: serves.title().into(),
            admin: None,
            hosts: Vec::new(),
            origins: Vec::new(),
            limits: Limits::default(),
            client_limits: ClientLimits::default(),
            serves,
            revisions: Revision::ALL.into(),
            bridge: BridgeOptions::default(),
            header_env: Vec::new(),
            state_key: None,
            sse: false,
            auth: None,
            bind_session: BindSession::Subject,
            eager: false,
            log_level: Level::Info,
        }
    }

    /// Returns whether an engine with these settings can serve with `new` ones: they differ at most
    /// in what only [`Rules`](crate::http::Rules) read, or a new child would not be another one.
    pub fn keeps_engine(&self, new: &Config) -> bool {
        // Names each field, so that the compiler asks about a new one.
        let Config {
            path,
            name,
            // These do not change while a program runs.
            title: _,
            admin: _,
            state_key: _,
            // Only the rules read these.
            hosts: _,
            origins: _,
            limits,
            client_limits,
            serves,
            revisions,
            bridge,
            header_env,
            sse,
            // The rules have it; an engine only knows whether there is one.
            auth,
            bind_session,
            eager: _,
            log_level,
        } = self;
        let is_same_server = match (serves, &new.serves) {
            (Serves::Command(old), Serves::Command(new)) => old == new,
            (Serves::Native(old), Serves::Native(new)) => Arc::ptr_eq(&old.server, &new.server),
            (Serves::Site, Serves::Site) => true,
            _ => false,
        };
        is_same_server
            && (path, name) == (&new.path, &new.name)
            && (limits, client_limits) == (&new.limits, &new.client_limits)
            && auth.is_some() == new.auth.is_some()
            && *revisions == new.revisions
            && (bridge, header_env) == (&new.bridge, &new.header_env)
            && (*sse, *bind_session, *log_level) == (new.sse, new.bind_session, new.log_level)
    }
}

/// The part of a session's first credentials (`Authorization`) that later ones must match. Requests
/// with other credentials are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum BindSession {
    /// The part that stays the same when a token is refreshed: [`crate::principal::Principal::of`].
    Subject,
    /// The whole value, so that a refreshed token needs a new session.
    Token,
    /// Nothing: any request with the session's id is accepted.
    None,
}

impl BindSession {
    /// Returns the principal for a value of `Authorization`.
    pub(crate) fn principal(self, authorization: Option<&[u8]>) -> Principal {
        match self {
            BindSession::Subject | BindSession::None => Principal::of(authorization),
            BindSession::Token => Principal::of_value(authorization),
        }
    }
}

/// The settings of a bridged command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BridgeOptions {
    /// The era of the command, or how it is determined.
    pub child_era: ChildEra,
    /// The requests without a session that share a process.
    pub child_per: ChildPer,
    /// The number of processes of a legacy command that are started and initialised in advance.
    pub warm_children: usize,
    /// Whether there are no sessions: requests of legacy clients are self-contained and share
    /// processes as modern requests do.
    pub stateless: bool,
}

impl Default for BridgeOptions {
    fn default() -> BridgeOptions {
        BridgeOptions {
            child_era: ChildEra::Probe,
            child_per: ChildPer::Session,
            warm_children: 0,
            stateless: false,
        }
    }
}

/// The era of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum ChildEra {
    /// Its connection begins with `initialize` (2025-11-25 and earlier).
    Legacy,
    /// Every request is self-contained (2026-07-28).
    Modern,
    /// Unknown: its first process is probed (2026-07-28, basic/transports/stdio, Backward
    /// Compatibility).
    Probe,
}

/// The requests without a session that share a process of a legacy command.
///
/// Such a process does not tell which call a server request of its own belongs to. So in all cases
/// it has at most one call at a time that may need input (`tools/call`, `prompts/get`,
/// `resources/read`); a concurrent call gets another process. A legacy session always has a process
/// of its own, and all requests share the one process of a modern command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum ChildPer {
    /// Each session has its own. Requests without a session share if they are of one principal, as
    /// with [`ChildPer::Principal`].
    Session,
    /// Requests with the same credentials share.
    Principal,
    /// None: each request has a process of its own, which ends with it.
    Call,
    /// All requests share.
    Shared,
}

/// The consequence for a session of the end of its process, if nothing has asked it to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum OnChildExit {
    /// The session ends.
    End,
    /// The session goes on: its next request starts a new process, which gets the client's
    /// `initialize`, log level and subscriptions. The state of the ended process is lost.
    Resume,
}

impl OnChildExit {
    /// Returns the value of [`Limits::child_starts_max`].
    pub fn starts_max(self) -> usize {
        match self {
            OnChildExit::End => 0,
            OnChildExit::Resume => 5,
        }
    }
}

/// The server behind an endpoint.
#[derive(Clone, Debug)]
pub enum Serves {
    /// A command that speaks MCP over stdio. [`ChildPer`] decides which requests share a process.
    Command(ChildSpec),
    /// A server that runs in this process.
    Native(Native),
    /// No server: the paths of a program with several servers that belong to none of them.
    Site,
}

impl Serves {
    fn title(&self) -> &str {
        match self {
            Serves::Command(command) => {
                let program = command.program.to_str().unwrap_or_default();
                program.rsplit('/').next().unwrap_or_default()
            }
            Serves::Native(native) => native.server.catalog().name,
            Serves::Site => "pontoon",
        }
    }

    /// Returns the server that runs in this process, if it is one.
    pub fn native(&self) -> Option<&Native> {
        match self {
            Serves::Command(_) | Serves::Site => None,
            Serves::Native(native) => Some(native),
        }
    }
}
