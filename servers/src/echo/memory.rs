//! The state of the stateful server for a connection.

use std::collections::VecDeque;
use std::sync::Arc;

/// The state of one connection.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// The last message, as it was echoed, and its number.
    last: Option<(Arc<str>, u64)>,
    echoes: u64,
    replays: u64,
    accumulated: VecDeque<Arc<str>>,
    accumulated_bytes: usize,
}

impl Memory {
    /// Records an echoed message.
    pub(super) fn echoed(&mut self, message: &str) {
        let message: Arc<str> = message.into();
        self.echoes += 1;
        self.last = Some((Arc::clone(&message), self.echoes));
        self.accumulated_bytes += message.len();
        self.accumulated.push_back(message);
        while self.accumulated.len() > ACCUMULATED_MAX
            || self.accumulated_bytes > ACCUMULATED_BYTES_MAX
        {
            let Some(oldest) = self.accumulated.pop_front() else { break };
            self.accumulated_bytes -= oldest.len();
        }
    }

    /// Replays the last message and its number.
    pub(super) fn replay(&mut self) -> Option<(Arc<str>, u64)> {
        let last = self.last.clone()?;
        self.replays += 1;
        Some(last)
    }

    /// Returns the last message.
    pub(super) fn last(&self) -> Option<&str> {
        self.last.as_ref().map(|(message, _)| &**message)
    }

    /// Returns the number of echoed messages.
    pub(super) fn echoes(&self) -> u64 {
        self.echoes
    }

    /// Returns the number of replays.
    pub(super) fn replays(&self) -> u64 {
        self.replays
    }

    /// Iterates over the latest messages, the oldest first: at most 100, and 64 KiB.
    pub(super) fn accumulated(&self) -> impl Iterator<Item = &str> {
        self.accumulated.iter().map(|message| &**message)
    }

    /// Returns the number of bytes of all messages.
    pub(super) fn bytes(&self) -> usize {
        // The last one is among those accumulated, unless it is too long.
        let is_apart = self.accumulated.is_empty();
        self.accumulated_bytes + if is_apart { self.last().map_or(0, str::len) } else { 0 }
    }
}

const ACCUMULATED_MAX: usize = 100;
const ACCUMULATED_BYTES_MAX: usize = 64 << 10;

#[cfg(test)]
mod tests;
