//! The protocol core of pontoon: MCP over Streamable HTTP and stdio, as pure state machines.
//!
//! This crate has every rule and no IO: an event comes in as a value, an effect goes out as a
//! value. The crates `runtime-*` are its adapters, and can be exchanged.
//!
//! ```text
//!                     events in (Input)                      effects out (Action)
//!   sockets, pipes,  ─────────────────►  ┌──────────────┐  ──────────────────►  sockets, pipes,
//!   clock, signals       an adapter      │   Engine     │     the adapter       child processes
//!                     ◄────────────────  └──────────────┘
//!                       next deadline
//! ```
//!
//! `ARCHITECTURE.md` at the root of the repository shows all crates, and where to start reading. To
//! write a server, read [`server`]. `examples/engine.rs` drives [`Engine`] by hand.
//!
//! # The path of a request
//!
//! 1. [`http::Guard`], one per connection, sees every byte before the HTTP library does. Only
//!    unambiguous HTTP/1.1 within its limits and deadlines passes.
//! 2. [`http::Rules`] checks the head: route, `Host`, `Origin`, media types, MCP headers. It
//!    keeps no state between requests and needs no lock.
//! 3. [`Body`] parses the envelopes of the messages. A payload keeps its bytes, and is sent on with
//!    another id.
//! 4. [`Engine`] gets the [`http::Request`] as an input, finds its session, and sends the message
//!    to the child. It is the only machine with shared state, behind a lock, and returns within
//!    microseconds. Work that grows with a message is a [`Job`], which the adapter carries out
//!    without the lock, and whose result is the next input: translations between the eras, lists of
//!    tools whose arguments are repeated in headers, and all evaluations of a server in this
//!    process. An `initialize` is read before the engine gets it ([`Preparation`]). Under the lock
//!    a message of more than [`Limits::inline_bytes_max`] is only put into an event of a stream: a
//!    search for line breaks, and a copy for the replay if it is short enough to be kept.
//!    `tests/bench/lock` measures the longest hold for the largest inputs.
//! 5. [`Output`] parses the child's output, again outside any lock: `frame/lines.rs` finds the
//!    lines, `json/child.rs` the messages on them. They are inputs of the engine. The answer is an
//!    action.
//!
//! A modern request belongs to no session. In front of a command it goes to one of a pool of
//! children, chosen by its principal or as [`ChildPer`] says; for a legacy child it is translated
//! (`translate`). The digest of a long request is computed before the engine gets it. A question of
//! a legacy child is the result of the client's request, with a sealed state (`seal`), and the call
//! waits for the client's retry.
//!
//! A server that runs in this process ([`Native`]) has a [`server::ServerConnection`] in place of a
//! child. With sessions everything else is as above. Without sessions, [`StatelessServer`] answers a
//! POST between steps 3 and 4, without a lock. Only a request that has to wait becomes a
//! [`StatelessRequest`] and goes to the engine.
//!
//! [`http::Connection`] combines steps 1 and 2, the body, and the framing of the answer, for an
//! adapter without an HTTP library.
//!
//! # The layers
//!
//! A module imports only modules that come after it in this table; a test of the suite checks it.
//!
//! | layer | modules |
//! |---|---|
//! | state | `engine`, `session`, `bridge`, `cx` |
//! | boundary | `machine`, `job` |
//! | requests | `legacy_facade`, `native`, `modern`, `site`, `exchange`, `http`, `config` |
//! | servers | `server` |
//! | formats | `observe`, `translate`, `frame`, `random`, `auth`, `seal`, `json` |
//! | vocabulary | `memory`, `principal`, `secrets`, `reject`, `limits`, `host_stats`, `ids`, `chunk`, `child_spec`, `child_env`, `id_map`, `protocol`, `log_text`, `time` |
//!
//! # The two eras
//!
//! In the legacy era, up to revision 2025-11-25, a client opens a session. In the modern era
//! (2026-07-28) every request is self-contained. `modern` has the rules for modern requests that
//! hold for every kind of server. A native server answers them as if it had no sessions. For a
//! command, the eras of both sides decide:
//!
//! | client | command | in between |
//! |---|---|---|
//! | legacy | legacy | `session/`: each session has a child of its own |
//! | modern | modern | `bridge/pool/`: one child for all |
//! | modern | legacy | `bridge/pool/`: children that requests share by key; a child's question becomes a round |
//! | legacy | modern | `legacy_facade/`: replaces the child of a session, in front of the pool |
//!
//! With [`BridgeOptions::stateless`] there are no sessions: requests of legacy clients go to the
//! pool too, by the rules of `bridge/pool/stateless.rs`.
//!
//! `translate` converts messages between the eras; it consists of functions only.
//!
//! # The boundary
//!
//! [`Input`] and [`Action`] are the boundary of the engine. Machines have the methods
//! `handle_input`, `handle_timeout` and `poll_timeout`, and append actions to a buffer of the
//! caller. Actions are carried out in order. An adapter owns sockets, pipes, processes, one clock,
//! one seed and one timer per machine. It decides nothing: no status code, no retry, no timeout, no
//! limit is chosen outside this crate.
//!
//! Other crates use the names at the root of this crate, which are re-exported one by one; those
//! about HTTP are in [`http`], about authentication in [`auth`], and those for authors of servers in
//! [`server`]. All other modules are private.
//!
//! # Invariants
//!
//! - The core reads no clock, has no threads, no randomness of its own, no environment and no
//!   global state; `clippy.toml` and `tests/purity.rs` enforce it. The same seed and the same
//!   inputs give the same actions.
//! - Every admitted request gets exactly one answer: the child's, an error of the core, or the end
//!   of its exchange after the client cancelled it.
//! - An answer is routed by a number that this side chose; the client's id is only passed on. A
//!   session is a value that shares nothing with another, except for a modern child, which serves
//!   all of them.
//! - All bytes that are held for clients and servers are within one budget: [`Memory`].
//! - Every queue, buffer, table and wait has a limit: in [`Limits`], and for a connection with a
//!   native server beside the code that it limits.
//! - A metric or an error of the core repeats nothing that a client sent, except the id of the
//!   request, an unsupported revision, the URI of an unknown resource and, truncated, the name of
//!   an unknown feature of a native server. The log has the name of the client, the tools that it
//!   calls, and the part of a request for which it was refused, such as its host, origin or path.
//!   Of a child the log has standard error, the beginning of lines that are not valid MCP, and its
//!   error for `initialize`. All of this is truncated and escaped. If a child cannot be opened and
//!   has written no MCP, its client gets the beginning of its output.
//! - A refused request has no effect on a child, unless it is refused because its client did not
//!   declare a capability that the child asked for.
//!
//! # Where to add what
//!
//! | to add | go to |
//! |---|---|
//! | a reason to refuse a request | [`Reject`]: a variant, its status and code, its text in `reject/text.rs` |
//! | a limit | [`Limits`] |
//! | a buffer | a permit of [`Memory`] |
//! | an answer that speaks for several servers, the path of one of them | `site/` |
//! | a rule about a request's head | `http/rules.rs`; about framing, `http/guard.rs` |
//! | the framing of answers without an HTTP library | `http/connection.rs` |
//! | a field of a message that a rule needs | `json/` |
//! | a revision, or a difference between two | `protocol/revision.rs`, `protocol/since.rs`; for messages of native servers `server/encode/`, and `server/legacy/` or `server/modern/` for what only one era has |
//! | a server | an implementation of [`server::Server`]; its documentation has a minimal one. pontoon's own are in the crate `servers` |
//! | a tool, a text or a metric of `echo` or `calculator` | the crate `servers` |
//! | a field of a server's `/health`, or a metric of its own | [`server::Server::health`], [`server::Server::write_metrics`] |
//! | a rule about requests of the modern era | `modern/` |
//! | a translation between the eras | `translate/` |
//! | a feature of a modern child for legacy clients | `legacy_facade/` |
//! | subscribers of changes | `server/subscribers.rs`, `engine/changes.rs`; for a child's changes `bridge/pool/subscriptions.rs` |
//! | the route of a child's message | `session/from_child.rs`, `session/streams.rs` |
//! | the form of an answer: one body or a stream | `exchange.rs` |
//! | a rule of HTTP+SSE, the transport of 2024-11-05 | `sse.rs` in `http/rules/`, `engine/`, `session/` |
//! | the serving of servers in this process | `native/`, `session/backend.rs`, `engine/stateless.rs` |
//! | the child for a modern request, and a child's questions | `bridge/pool/`, `engine/workers.rs` |
//! | the era probe of a command | `modern/probe.rs`, `engine/era.rs` |
//! | children with variables from headers of requests | `engine/variants.rs`, `child_env.rs` |
//! | a child whose client did not wait for its start | `engine/unclaimed.rs` |
//! | accepted deviations in a child's output | `json/child.rs`, `frame/output.rs`, `frame/multi_line.rs` |
//! | the eviction of sessions and children | `engine/eviction.rs` |
//! | the start and stop of a child | `bridge/child.rs`, `engine/children.rs`, `engine/endings.rs` |
//! | a log event or a metric | `observe/`; the fields of an event in `observe/event/fields.rs` |
//! | work that grows with a message | `job.rs` and `job/`: a kind of work and its result |
//! | an effect | [`Action`]; the compiler shows the adapters without it |

#![forbid(unsafe_code)]
#![warn(missing_docs, unnameable_types)]

pub mod auth;
mod bridge;
mod child_env;
mod child_spec;
mod chunk;
mod config;
mod cx;
mod engine;
mod exchange;
mod frame;
mod host_stats;
pub mod http;
mod id_map;
mod ids;
mod job;
mod json;
mod legacy_facade;
mod limits;
mod log_text;
mod machine;
mod memory;
mod modern;
mod native;
mod observe;
mod principal;
mod protocol;
mod random;
mod reject;
mod seal;
mod secrets;
pub mod server;
mod session;
mod site;
mod time;
mod translate;

// The engine, its inputs and its actions.
pub use chunk::Chunk;
pub use engine::Engine;
pub use ids::{ChildId, ExchangeId, SessionId};
pub use job::{Done, Job};
pub use machine::{Action, Actions, ChildPipe, Input, Signal};
pub use native::{StatelessOutcome, StatelessRequest, StatelessServer};
pub use principal::Principal;
pub use time::{Deadline, Duration, Instant, TimerKind};

// Several servers in one program.
pub use site::{
    RETIRED_MAX, Routes, ServerStatus, SiteServer, SiteStatus, answer as site_answer,
    metrics as site_metrics, session_of,
};

// Messages. They are parsed outside the engine's lock.
pub use frame::Output;
pub use json::{
    Body, Invalid as InvalidMessage, InvalidLine, InvalidSubject, Kind as MessageKind, LineSubject,
    Message, ParseRules, Peer,
};
pub use modern::Preparation;

// Configuration.
pub use child_env::{ChildEnv, HeaderVariable};
pub use child_spec::ChildSpec;
pub use config::{
    BindSession, BridgeOptions, ChildEra, ChildPer, ClientLimits, Config, EventFormat, Native,
    OnChildExit, Rate, Serves,
};
pub use limits::Limits;
pub use protocol::{Era, Revision};
pub use seal::StateKey;

// Refusals, and the reasons why a child ended.
pub use reject::{
    Awaited, Capability, ErrorForm, ExitStatus, Flaw, MirroredValue, Reject, SpawnError,
    TlsFailure, TokenFlaw,
};

// The memory budget.
pub use memory::{Account, Memory, Permit};

// Log events, metrics, and figures about the host.
pub use host_stats::{ChildrenStats, Counters, HostStats, ProcessStats, SystemStats};
pub use log_text::escape_untrusted;
pub use observe::{
    Answered, Detail, Dropped, Event, Histogram, Level, MetricsText, Overview, RecentFigures,
    RequestSeries, RequestStats, ServerState, SessionEnd, Value as FieldValue,
};

/// Internals that tests of this crate and fuzz targets check on their own. They are no part of the
/// interface.
#[doc(hidden)]
pub mod testing {
    pub use crate::frame::EventId;
    pub use crate::json::{Field, ID_BYTES_MAX};
    pub use crate::modern::field;
    pub use crate::modern::x_mcp_header::{
        HeaderParams, Invalid as InvalidHeaderParam, ToolsPage, read_tools_page,
    };
    pub use crate::seal::{Binding, Refused, SalientParams, Unsealed};
}
