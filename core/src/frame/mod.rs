//! Framing: lines on stdio, events on HTTP streams.

mod lines;
mod sse;

pub use lines::{Framed, Lines};
pub use sse::{comment, event, ping, priming, retry};
