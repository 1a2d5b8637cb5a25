//! The revisions of MCP and how they differ.

mod method;
mod revision;
pub(crate) mod since;

pub use method::known_method;
pub(crate) use method::{KNOWN, method_index};
pub use revision::{Era, Revision};
