//! What form of answer a client takes (RFC 9110, section 12.5.1).

/// The forms of answer a client accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accept {
    /// `application/json`.
    pub json: bool,
    /// `text/event-stream`.
    pub sse: bool,
}
