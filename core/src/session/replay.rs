//! The events that a stream keeps for a client that resumes with `Last-Event-ID`.
//!
//! Owns: a bounded number of the newest events of one stream. Never: an event of another stream
//! (2025-11-25, basic/transports, Resumability: "MUST NOT replay messages that would have been
//! delivered on a different stream").

use std::collections::VecDeque;

use bytes::Bytes;

use crate::chunk::Chunk;
use crate::limits::Limits;
use crate::memory::Account;

/// The newest events of a stream, as they were sent. Empty until the stream begins.
#[derive(Debug, Default)]
pub(crate) struct Replay {
    events: VecDeque<Bytes>,
    bytes: usize,
    /// The sequence number of the next event; the kept ones are those right below it.
    next: u64,
}

impl Replay {
    /// Returns the sequence number of the next event.
    pub(crate) fn next_sequence(&self) -> u64 {
        self.next
    }

    /// Returns the number of kept bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Drops the oldest event.
    pub(crate) fn drop_oldest(&mut self) {
        let oldest = self.events.pop_front().map_or(0, |event| event.len());
        self.bytes -= oldest;
    }

    /// Keeps a copy of the event, and drops the oldest ones beyond the limits.
    ///
    /// It copies, because the chunk may be a small slice of a large buffer. An event over the byte
    /// limit would push out all others, so it is counted but not kept. The copy counts in `kept`:
    /// without room, the oldest events here are dropped.
    pub(crate) fn push(&mut self, event: &Chunk, limits: &Limits, kept: &Account) {
        self.next += 1;
        if event.len() > limits.replay_bytes_max {
            return self.clear();
        }
        let mut permit = kept.permit();
        while !permit.grow(event.len()) {
            if self.events.is_empty() {
                return;
            }
            self.drop_oldest();
        }
        self.bytes += event.len();
        self.events.push_back(permit.attach(event.to_vec()));
        while self.events.len() > limits.replay_len_max || self.bytes > limits.replay_bytes_max {
            self.drop_oldest();
        }
    }

    fn clear(&mut self) {
        self.events.clear();
        self.bytes = 0;
    }

    /// Returns the kept events after the one with this sequence number, oldest first, and how many
    /// of the later ones are not kept any more, or `None` if this stream has not sent such an
    /// event.
    pub(crate) fn after(&self, sequence: u64) -> Option<(impl Iterator<Item = &Bytes>, u64)> {
        if sequence >= self.next {
            return None;
        }
        let first_kept = self.next - self.events.len() as u64;
        let first_wanted = sequence + 1;
        let lost = first_kept.saturating_sub(first_wanted);
        let skip = first_wanted.saturating_sub(first_kept) as usize;
        Some((self.events.iter().skip(skip), lost))
    }
}

#[cfg(test)]
mod tests;
