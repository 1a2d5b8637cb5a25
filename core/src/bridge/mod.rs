//! The bridge: what runs behind a session.
//!
//! Owns: the child process, and the two tables that tie its messages to the client's: requests of
//! the client (`Calls`) and requests of the child (`Asks`).
//! Never: HTTP.

mod asks;
mod calls;
mod child;
mod interpreter;
mod same_id;
mod spec;
mod stderr;

pub(crate) use asks::Asks;
pub(crate) use calls::{Call, Calls, IdText};
pub(crate) use child::Child;
use same_id::same_id;
pub use spec::ChildSpec;
use stderr::Stderr;
