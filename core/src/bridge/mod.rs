//! The bridge: what runs behind a session, and behind requests without one.
//!
//! Owns: the child process, and the two tables that tie its messages to a session's: requests of
//! the client (`Calls`) and requests of the child (`Asks`). Requests without a session, and the
//! children they share, are the `Pool`'s. Where a session of a legacy client meets a modern child,
//! an `Interpreter` stands between it and the pool.

mod asking;
mod asks;
mod bucket;
mod calls;
mod child;
mod interpreter;
mod noise;
mod pool;
mod post;
pub(crate) mod probe;
mod same_id;
mod spec;
mod stderr;
mod tools;
mod worker;

pub(crate) use asks::{Ask, Asks};
pub(crate) use calls::{Call, Calls, IdText};
pub(crate) use child::Child;
pub(crate) use interpreter::{At, Interpreter};
use noise::Noise;
pub(crate) use noise::{Consequence, consequence};
pub(crate) use pool::{Pool, Prepared, Preparing, Probed, Translated, Translation};
pub(crate) use post::need_of;
use same_id::same_id;
pub use spec::ChildSpec;
use stderr::Stderr;
pub(crate) use worker::{FromWorker, Need, ToWorker, Traits, parse_number};
