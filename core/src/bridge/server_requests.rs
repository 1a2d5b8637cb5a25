//! Requests of the child that wait for the client's answer.
//!
//! Owns: the ids that the child used, so that each is answered at most once, and their times; the
//! client's requests that each may belong to, and whether it has reached the client. Never: new
//! ids; a session has one child, so its ids are unique already and pass unchanged.

use std::ops::Range;

use bytes::Bytes;

use crate::bridge::same_id;
use crate::time::{Duration, Instant};

/// The pending requests, oldest first.
#[derive(Debug, Default)]
pub(crate) struct ServerRequests(Vec<ServerRequest>);

/// A request of the child.
#[derive(Debug)]
pub(crate) struct ServerRequest {
    /// Its id, as the child wrote it.
    pub(crate) id: Bytes,
    /// The requests of the client that it may belong to, by number.
    pub(crate) calls: Range<u64>,
    /// The time at which it was sent.
    since: Instant,
    /// The stream it was sent on; `None` while it waits for one.
    stream: Option<u64>,
    /// Whether that stream was open then, or has been resumed since.
    was_delivered: bool,
}

impl ServerRequests {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Adds a request of the child.
    pub(crate) fn insert(&mut self, id: Bytes, calls: Range<u64>, now: Instant) {
        self.0.push(ServerRequest { id, calls, since: now, stream: None, was_delivered: false });
    }

    /// Records that the request with this id was sent on a stream.
    pub(crate) fn sent(&mut self, id: &[u8], stream: u64, is_open: bool) {
        if let Some(ask) = self.0.iter_mut().rev().find(|ask| ask.id == id) {
            (ask.stream, ask.was_delivered) = (Some(stream), is_open);
        }
    }

    /// Records that the client has resumed a stream.
    pub(crate) fn resumed(&mut self, stream: u64) {
        for ask in self.0.iter_mut().filter(|ask| ask.stream == Some(stream)) {
            ask.was_delivered = true;
        }
    }

    /// Returns whether the client's request with this number may be waiting for an answer of the
    /// client.
    pub(crate) fn may_block(&self, call: u64) -> bool {
        self.0.iter().any(|ask| ask.was_delivered && ask.calls.contains(&call))
    }

    /// Removes and returns the request that a client's answer is for.
    pub(crate) fn take(&mut self, id: &[u8]) -> Option<ServerRequest> {
        let exact = self.0.iter().position(|ask| ask.id == id);
        let position = exact.or_else(|| self.0.iter().position(|ask| same_id(&ask.id, id)))?;
        Some(self.remove(position))
    }

    /// Removes and returns the oldest request.
    pub(crate) fn take_first(&mut self) -> Option<ServerRequest> {
        (!self.0.is_empty()).then(|| self.remove(0))
    }

    /// Removes and returns the oldest request if it has waited for `time_max` at `now`.
    pub(crate) fn take_due(&mut self, now: Instant, time_max: Duration) -> Option<ServerRequest> {
        (self.next_due(time_max) <= now).then(|| self.remove(0))
    }

    /// Returns when the first request will have waited for `time_max`.
    pub(crate) fn next_due(&self, time_max: Duration) -> Instant {
        self.0.first().map_or(Instant::FAR, |ask| ask.since + time_max)
    }

    fn remove(&mut self, position: usize) -> ServerRequest {
        let ask = self.0.remove(position);
        if self.0.is_empty() {
            self.0 = Vec::new(); // an idle session keeps no buffer
        }
        ask
    }
}

#[cfg(test)]
mod tests;
