//! The paths of a program that serves several servers, and the answers that speak for all of them.
//!
//! Owns: which server a path belongs to ([`Routes`]), and the answers of the paths that belong to
//! none. Never: a session, or the rules of a server; those are [`crate::http::Rules`], one for each.

mod answers;
mod page;
mod routes;

pub(crate) use answers::servers;
pub use answers::{ServerStatus, SiteServer, SiteStatus, answer, metrics};
pub use routes::{Routes, session_of};

/// The maximum number of replaced engines of a server that keep their sessions. Those of the oldest
/// end when there is one more.
pub const RETIRED_MAX: usize = 4;

#[cfg(test)]
mod tests;
