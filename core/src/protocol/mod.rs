//! The revisions of MCP and how they differ.

mod method;
mod revision;

pub use method::known_method;
pub use revision::Revision;
