//! Streams whose events are not those of MCP.

use std::fmt;

use bytes::Bytes;

use crate::chunk::Chunk;
use crate::json::Message;

/// Another form for the events with which legacy requests outside of sessions are answered.
pub trait EventFormat: fmt::Debug + Send + Sync {
    /// Returns the request to evaluate in place of this one, or `None` to evaluate it as it is.
    /// `random` is the number of the request.
    fn rewrite_request(&self, request: &Message, random: u64) -> Option<String>;

    /// Returns the event for a message of the server, which is one line of JSON.
    fn event(&self, message: Bytes) -> Chunk;
}
