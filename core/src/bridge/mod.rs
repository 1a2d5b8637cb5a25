//! The bridge: the backend of a session, and of requests without one.
//!
//! Owns: the child process, and the two tables that connect its messages with a session's: requests
//! of the client (`ClientRequests`) and requests of the child (`ServerRequests`). Requests without
//! a session, and their shared children, belong to the `Pool`. Between a legacy session and a
//! modern child, a `LegacyFacade` connects the session with the pool.

mod bucket;
mod child;
mod client_requests;
mod invalid_lines;
mod pace;
mod pending_input;
mod pool;
mod post;
mod same_id;
mod server_requests;
mod stderr;
mod tool_headers;
mod worker;

pub(crate) use child::Child;
pub(crate) use client_requests::{ClientRequest, ClientRequests, IdText};
use invalid_lines::InvalidLines;
pub(crate) use invalid_lines::{Consequence, consequence};
use pace::Pace;
pub(crate) use pool::Pool;
use same_id::same_id;
pub(crate) use server_requests::{ServerRequest, ServerRequests};
use stderr::Stderr;
