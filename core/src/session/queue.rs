//! Messages that wait for the client to open a stream.
//!
//! Owns: their limit, and which one is dropped at it. Never: an answer; answers belong to the
//! exchange of their request.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::chunk::Chunk;
use crate::limits::Limits;
use crate::memory::{Account, Permit};

/// A message to the client that no open stream could carry.
#[derive(Debug)]
pub(crate) struct QueuedMessage {
    /// The message.
    pub(crate) message: Chunk,
    /// The id of a request of the child, so that the child can be told if it is dropped.
    pub(crate) ask: Option<Bytes>,
}

/// A waiting message, with the permit for its bytes.
#[derive(Debug)]
struct QueueEntry {
    waiting: QueuedMessage,
    _permit: Permit,
}

/// The waiting messages, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    waiting: VecDeque<QueueEntry>,
    bytes: usize,
}

impl Queue {
    /// Returns the number of bytes of the messages.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns the number of messages.
    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Adds a message; returns those that were dropped for it, oldest first, possibly itself. Its
    /// bytes count in `kept`.
    pub(crate) fn push(
        &mut self,
        waiting: QueuedMessage,
        limits: &Limits,
        kept: &Account,
    ) -> Vec<QueuedMessage> {
        let mut dropped = Vec::new();
        let mut permit = kept.permit();
        while !permit.grow(waiting.message.len()) {
            let Some(oldest) = self.pop() else {
                dropped.push(waiting);
                return dropped;
            };
            dropped.push(oldest);
        }
        self.bytes += waiting.message.len();
        self.waiting.push_back(QueueEntry { waiting, _permit: permit });
        while self.waiting.len() > limits.queue_len_max || self.bytes > limits.queue_bytes_max {
            dropped.extend(self.pop());
        }
        dropped
    }

    /// Removes and returns the oldest message.
    pub(crate) fn pop(&mut self) -> Option<QueuedMessage> {
        self.remove_first(|_| true)
    }

    /// Removes and returns the oldest request of the child.
    pub(crate) fn pop_request(&mut self) -> Option<QueuedMessage> {
        self.remove_first(|waiting| waiting.ask.is_some())
    }

    /// Removes the request of the child with this id, if it still waits.
    pub(crate) fn remove_request(&mut self, id: &[u8]) -> Option<QueuedMessage> {
        self.remove_first(|waiting| waiting.ask.as_deref() == Some(id))
    }

    fn remove_first(&mut self, wanted: impl Fn(&QueuedMessage) -> bool) -> Option<QueuedMessage> {
        let position = self.waiting.iter().position(|queued| wanted(&queued.waiting))?;
        let QueueEntry { waiting, .. } = self.waiting.remove(position)?;
        self.bytes -= waiting.message.len();
        if self.waiting.is_empty() {
            self.waiting = VecDeque::new(); // an idle session keeps no buffer
        }
        Some(waiting)
    }
}

#[cfg(test)]
mod tests;
