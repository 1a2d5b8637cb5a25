//! The wire format of the modern era: metadata of a request in its body and headers, and the
//! request state.
//!
//! Owns: the rules of revision 2026-07-28 that hold for every kind of server. Never: a whole
//! answer.

pub(crate) mod envelope;
mod exclusivity;
pub mod field;
pub(crate) mod ownership;
mod preparation;
pub(crate) mod probe;
pub(crate) mod status;
pub(crate) mod x_mcp_header;

pub(crate) use exclusivity::{Exclusivity, exclusivity_of};
pub use preparation::Preparation;
pub(crate) use preparation::sealed_ticket;
