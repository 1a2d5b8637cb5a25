//! The revisions of MCP and how they differ.

mod method;
mod revision;
pub(crate) mod since;

pub(crate) use method::known_method;
pub(crate) use method::{KNOWN, is_removed, method_index};
pub use revision::{Era, Revision};
