//! The code that all runtimes of pontoon share: the engine behind its lock, and the ways to it.
//!
//! The core returns actions, and this crate keeps them in slots that tasks empty by polling, so
//! that any runtime that can poll can run the core. A runtime adds sockets, pipes, processes,
//! timers and threads, as [`io::Socket`], [`io::Stdin`], [`io::Source`] and [`io::Alarm`]. Its
//! obligations are in [`contract`].
//!
//! ```text
//!   runtime            driver                            runtime
//!   socket ─ http::Front ────┐            ┌─ child::ChildIo ─ pipes
//!     guard, hyper, rules    ├─ [Driver] ─┤    lines, framed and parsed
//!     path ─ Site            │   engine   │    outside the lock
//!   timer ─ keep_time ───────┘            └─ child::SpawnRequest ─ processes
//! ```
//!
//! Owns: the lock around the engine, everything that waits on its way in or out, the clock.
//! Never: a socket, a thread, a task or a timer of its own, except for those of
//! [`Authenticator`]; a protocol rule, a status, a retry.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod accept;
pub mod admit_wait;
mod authenticator;
pub mod child;
mod child_slot;
pub mod clock;
pub mod coding;
pub mod connections;
pub mod contract;
pub mod driver;
mod drivers;
pub mod exchange;
pub mod http;
pub mod io;
mod lock;
mod options;
mod phase;
mod response_slot;
mod running;
mod scratch;
mod shared;
mod signature;
pub mod site;
pub mod tls;

pub use authenticator::Authenticator;
pub use lock::lock;
pub use options::{Listeners, Log, Options, Server, Surface, THREADS_MAX};
pub use phase::Phase;
pub use running::{Ended, Running, Stopper, addresses};
pub use signature::verify_signature;
