//! The protocol core of pontoon: MCP over Streamable HTTP and stdio, as pure state machines.
//!
//! A pontoon bridge rests on floats that can be swapped. This crate is the bridge; the crates
//! `runtime-*` are the floats. Here is every rule and no IO: what happened comes in as a value,
//! what is to be done goes out as a value, and in between there is only arithmetic.
//!
//! ```text
//!                     facts in (Input)                       effects out (Action)
//!   sockets, pipes,  ─────────────────►  ┌──────────────┐  ──────────────────►  sockets, pipes,
//!   clock, signals       an adapter      │   Engine     │     the adapter       child processes
//!                     ◄────────────────  └──────────────┘
//!                       next deadline
//! ```
//!
//! `ARCHITECTURE.md` at the root of the repository shows all crates, and where to start reading. To
//! write a server, read [`server`]. `examples/engine.rs` drives [`engine::Engine`] by hand.
//!
//! # The way of a request
//!
//! 1. [`http::Guard`], one per connection, sees every byte before the HTTP library does. Only
//!    unambiguous HTTP/1.1 within its limits and deadlines gets past.
//! 2. [`http::Rules`] judges the head: route, `Host`, `Origin`, media types, MCP headers. It is a
//!    function; it needs no lock.
//! 3. [`json::Body`] reads the messages: envelopes only. A payload stays the bytes it came in, and
//!    leaves as the same bytes, with another id put in.
//! 4. [`engine::Engine`] takes the [`http::Request`] as a fact, finds its session, and tells the
//!    child. It is the one machine with state, behind a lock, and holds its caller for microseconds.
//!    What takes longer for a longer message it hands back as a [`job::Job`], which the adapter
//!    carries out without the lock, and whose result is the next fact: translations between the
//!    eras, lists of tools that say what calls repeat in headers, and everything that a server in
//!    this process evaluates in a session. Under the lock a message of more than
//!    [`Limits::inline_bytes_max`](limits::Limits::inline_bytes_max) is only put into an event of a
//!    stream: a search for line ends, and a copy for the replay if it is short enough to be kept.
//!    `tests/bench/lock` measures the longest hold for the largest inputs.
//! 5. The child's output is read by [`frame::Output`], again outside any lock: [`frame::Lines`] finds
//!    the lines, `json/child.rs` the messages on them. They come back to the engine as facts. The
//!    answer leaves as an action.
//!
//! A request of the modern era belongs to no session. In front of a command it is given to one of a
//! pool of children, by its principal or as [`config::ChildPer`] has it; in front of one of the
//! other era in that era's words ([`translate`]). The digest of a long request is computed before
//! the engine takes it ([`modern::Preparation`]). A question of a legacy child sends its client away
//! with a sealed [state](modern::state), and the call waits for it to come back.
//!
//! A server that runs in this process ([`native::Native`]) has a [`server::Conversation`] where a
//! command has a child. With sessions everything else is as above. Without, a POST is answered
//! between steps 3 and 4, by [`native::Stateless`]: it needs no lock. Only a request that has to
//! wait, for time to pass, becomes a [`native::Run`] and goes on to the engine.
//!
//! Steps 1 and 2, the body, and the framing of the answer are in one machine for an adapter without
//! an HTTP library: [`http::Connection`].
//!
//! # The two eras
//!
//! So far a client opens a session, as all do up to revision 2025-11-25: the legacy era. A request
//! of the modern era (2026-07-28) says by itself what there is to know about it, and belongs to
//! nothing. [`modern`] has the rules for it that hold for every kind of server. A native server answers it
//! as if it had no sessions. Where a command runs, it is the eras of both sides that decide:
//!
//! | client | command | what stands between them |
//! |---|---|---|
//! | legacy | legacy | `session/`: each session has a child of its own |
//! | modern | modern | `bridge/pool/`: one child for all |
//! | modern | legacy | `bridge/pool/`: children that requests share by key; what a child asks becomes a round |
//! | legacy | modern | `bridge/interpreter/`: stands behind a session where a child would, in front of the pool |
//!
//! How the one era says what the other means is in [`translate`], which is functions alone.
//!
//! # The boundary
//!
//! [`machine::Input`] and [`machine::Action`] are the whole of it. Machines have the verbs
//! `handle_input`, `handle_timeout` and `poll_timeout`, and put effects into a buffer of the
//! caller's. Actions are carried out in order. An adapter owns sockets, pipes, processes, one
//! clock, one seed and one timer per machine. It decides nothing: no status code, no retry, no
//! timeout, no limit is chosen outside this crate.
//!
//! # Invariants
//!
//! - The core reads no clock, has no threads, no randomness of its own, no environment and no
//!   global state; `clippy.toml` and `tests/purity.rs` enforce it. The same seed and the same facts
//!   give the same actions.
//! - Every request admitted gets exactly one answer: the child's, an error of ours, or the end of
//!   its exchange after the client cancelled it.
//! - An answer finds its way by a number that this side chose; the id a client chose is only
//!   carried. A session is a value that shares nothing with another, but for a child of the modern
//!   era, which serves them all.
//! - All bytes that are held for clients and servers are within one budget: [`memory::Memory`].
//! - Every queue, buffer, table and wait has a limit: in [`limits::Limits`], and for a conversation
//!   with a native server beside what is limited.
//! - Nothing a client sends is repeated in a metric or an error of ours, but for the id of the
//!   request that is answered, the revision that is not served, the URI of a resource that there is
//!   not and, cut short, the name of what a native server does not have. The log has the name of the
//!   client, the tools that it calls, and the part of a request for which it was refused, such as its
//!   host, origin or path. Of a child the log has standard error, the beginning of lines that are not
//!   valid MCP, and its error for `initialize`. All of this is cut short and escaped.
//!   If a child cannot be opened and has written no MCP, its client is told the beginning of what it
//!   wrote.
//! - A refused request has no effect on a child, unless it is refused for what the child asked: a
//!   client that did not declare that it can be asked this is told so.
//!
//! # Where to add what
//!
//! | to add | go to |
//! |---|---|
//! | a way to be wrong | [`reject::Reject`]: a variant, its status and code, its text in `reject/text.rs` |
//! | a limit | [`limits::Limits`] |
//! | something that holds bytes | a permit of [`memory::Memory`] |
//! | a rule about a request's head | `http/rules.rs`; about framing, `http/guard.rs` |
//! | how an answer is framed where no HTTP library does it | `http/connection.rs` |
//! | a field of a message that a rule needs | `json/` |
//! | a revision, or how two differ | `protocol/revision.rs`, `protocol/since.rs`; in what a native server says, `server/wording/`, and `server/legacy/` or `server/modern/` for what only one era has |
//! | a server | an implementation of [`server::Server`]; its documentation has the least there is. Those that pontoon brings along are in the crate `servers` |
//! | a tool, a text or a metric of `echo` or `calculator` | the crate `servers` |
//! | a field of a server's `/health`, or a metric of its own | [`server::Server::health`], [`server::Server::write_metrics`] |
//! | a rule about requests of the modern era | `modern/` |
//! | how one era says what the other means | `translate/` |
//! | what a legacy client sees of a modern child | `bridge/interpreter/` |
//! | who is told of changes | `server/listeners.rs`, `engine/changes.rs`; of a child's, `bridge/pool/listens.rs` |
//! | where a message of a child goes | `session/from_child.rs`, `session/streams.rs` |
//! | what HTTP+SSE, the transport of 2024-11-05, has of its own | `sse.rs` in `http/rules/`, `engine/`, `session/` |
//! | how a server in this process is served | `native/`, `session/backend.rs`, `engine/runs.rs` |
//! | which child answers a modern request, and what becomes of a child's questions | `bridge/pool/`, `engine/workers.rs` |
//! | how the era of a command is found | `bridge/probe.rs`, `engine/era.rs` |
//! | a child whose client did not wait for it | `engine/unclaimed.rs` |
//! | what is accepted of a child's output | `json/child.rs`, `frame/output.rs`, `frame/spread.rs` |
//! | which session or child is ended when all places are taken | `engine/eviction.rs` |
//! | how a child is started, stopped, given up | `bridge/child.rs`, `engine/children.rs` |
//! | something to log or count | `observe/`; the fields of an event in `event/fields.rs` |
//! | work that takes longer for a longer message | `job.rs`: a kind of work and its result |
//! | an effect no adapter knows yet | [`machine::Action`]; the compiler shows where it is missing |

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod bridge;
pub mod config;
pub mod engine;
pub mod frame;
pub mod http;
pub mod ids;
pub mod job;
pub mod json;
pub mod limits;
pub mod machine;
pub mod memory;
pub mod modern;
pub mod native;
mod numbered;
pub mod observe;
pub mod protocol;
pub mod reject;
pub mod secrets;
pub mod server;
pub mod session;
pub mod shown;
pub mod time;
pub mod translate;
