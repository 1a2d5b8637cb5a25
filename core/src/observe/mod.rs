//! What happened, as values: log events and metrics.
mod event;
pub use event::{Dropped, Event, Level, SessionEnd, Value};
