//! Framing: lines on stdio, events on HTTP streams.

mod lines;
mod sse;

pub use lines::{Framed, Lines};
pub use sse::{comment, endpoint, event, ping, priming, retry};
