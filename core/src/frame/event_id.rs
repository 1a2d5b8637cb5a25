//! Event ids, for `Last-Event-ID`.

use std::fmt;

/// The id of an event: unique in the session, rising in the stream, and it identifies the stream
/// (2025-11-25, basic/transports, Resumability).
///
/// Written `<stream>-<sequence>`, both in decimal without leading zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventId {
    /// The stream's number in its session.
    pub stream: u64,
    /// The event's number in its stream, counted from 0.
    pub sequence: u64,
}

impl EventId {
    /// Parses exactly the output of [`fmt::Display`].
    pub fn parse(text: &[u8]) -> Option<EventId> {
        let text = std::str::from_utf8(text).ok()?;
        let (stream, sequence) = text.split_once('-')?;
        Some(EventId { stream: decimal(stream)?, sequence: decimal(sequence)? })
    }
}

fn decimal(digits: &str) -> Option<u64> {
    let canonical = digits == "0" || !digits.starts_with(['0', '+']);
    if canonical { digits.parse().ok() } else { None }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.stream, self.sequence)
    }
}

#[cfg(test)]
mod tests;
