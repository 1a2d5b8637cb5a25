//! The bridge: the backend of a session, and of requests without one.
//!
//! Owns: the child process, and the two tables that connect its messages with a session's: requests
//! of the client (`Calls`) and requests of the child (`Asks`). Requests without a session, and
//! their shared children, belong to the `Pool`. Between a legacy session and a modern child, an
//! `Interpreter` connects the session with the pool.

mod asking;
mod asks;
mod bucket;
mod calls;
mod child;
mod noise;
mod pool;
mod post;
mod same_id;
mod stderr;
mod tools;
mod worker;

pub(crate) use asks::{Ask, Asks};
pub(crate) use calls::{Call, Calls, IdText};
pub(crate) use child::Child;
use noise::Noise;
pub(crate) use noise::{Consequence, consequence};
pub(crate) use pool::Pool;
use same_id::same_id;
use stderr::Stderr;
