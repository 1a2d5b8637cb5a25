//! Framing: lines on stdio, events on HTTP streams.

mod event_id;
mod lines;
mod multi_line;
mod output;
mod sse;

pub use event_id::EventId;
pub(crate) use lines::{EDGE_BYTES, Framed, Lines};
pub use output::Output;
pub(crate) use sse::{comment, endpoint, event, ping, priming, retry};
