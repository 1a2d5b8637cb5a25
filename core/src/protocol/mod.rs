//! The revisions of MCP and how they differ.

mod revision;

pub use revision::Revision;
