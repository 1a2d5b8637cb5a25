//! Requests of the child that wait for the client's answer.
//!
//! Owns: which ids the child used, so that each is answered at most once, and when.
//! Never: new ids; a session has one child, so its ids are unique already and pass unchanged.

use bytes::Bytes;

use crate::bridge::same_id;
use crate::time::{Duration, Instant};

/// The requests that wait, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Asks(Vec<Ask>);

/// A request of the child.
#[derive(Debug)]
struct Ask {
    /// Its id, as the child wrote it.
    id: Bytes,
    /// When it was asked.
    since: Instant,
}

impl Asks {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Notes a request of the child.
    pub(crate) fn insert(&mut self, id: Bytes, now: Instant) {
        self.0.push(Ask { id, since: now });
    }

    /// Takes the request a client's answer is meant for; gives its id as the child wrote it.
    pub(crate) fn take(&mut self, id: &[u8]) -> Option<Bytes> {
        let exact = self.0.iter().position(|ask| ask.id == id);
        let position = exact.or_else(|| self.0.iter().position(|ask| same_id(&ask.id, id)))?;
        Some(self.remove(position))
    }

    /// Takes the oldest request if it has waited for `time_max` at `now`; gives its id.
    pub(crate) fn take_due(&mut self, now: Instant, time_max: Duration) -> Option<Bytes> {
        (self.next_due(time_max) <= now).then(|| self.remove(0))
    }

    /// When the first request will have waited for `time_max`.
    pub(crate) fn next_due(&self, time_max: Duration) -> Instant {
        self.0.first().map_or(Instant::FAR, |ask| ask.since + time_max)
    }

    fn remove(&mut self, position: usize) -> Bytes {
        let ask = self.0.remove(position);
        if self.0.is_empty() {
            self.0 = Vec::new(); // an idle session keeps no buffer
        }
        ask.id
    }
}

#[cfg(test)]
mod tests;
