//! The bridge.
mod spec;
pub use spec::ChildSpec;
