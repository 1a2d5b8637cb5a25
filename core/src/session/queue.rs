//! Messages that wait for the client to open a stream.
//!
//! Owns: the bound on them, and which one gives way.
//! Never: an answer; answers belong to the exchange that asked.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::limits::Limits;
use crate::machine::Chunk;
use crate::memory::{Account, Permit};

/// A message for the client that no open stream could take.
#[derive(Debug)]
pub(crate) struct Waiting {
    /// The message.
    pub(crate) message: Chunk,
    /// If it is a request of the child: its id, so that the child can be told when it is dropped.
    pub(crate) ask: Option<Bytes>,
}

/// A message that waits, and its bytes in what is kept for all clients that are away.
#[derive(Debug)]
struct Queued {
    waiting: Waiting,
    _permit: Permit,
}

/// The messages that wait, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    waiting: VecDeque<Queued>,
    bytes: usize,
}

impl Queue {
    /// Bytes of the messages that wait.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The messages that wait.
    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Adds a message; returns those that had to give way, oldest first, possibly itself. `kept` is
    /// where its bytes are counted.
    pub(crate) fn push(
        &mut self,
        waiting: Waiting,
        limits: &Limits,
        kept: &Account,
    ) -> Vec<Waiting> {
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
        self.waiting.push_back(Queued { waiting, _permit: permit });
        while self.waiting.len() > limits.queue_len_max || self.bytes > limits.queue_bytes_max {
            dropped.extend(self.pop());
        }
        dropped
    }

    /// Takes the oldest message.
    pub(crate) fn pop(&mut self) -> Option<Waiting> {
        self.remove_first(|_| true)
    }

    /// Takes the oldest request of the child.
    pub(crate) fn pop_ask(&mut self) -> Option<Waiting> {
        self.remove_first(|waiting| waiting.ask.is_some())
    }

    /// Removes the request of the child with this id, if it still waits.
    pub(crate) fn remove_ask(&mut self, id: &[u8]) -> Option<Waiting> {
        self.remove_first(|waiting| waiting.ask.as_deref() == Some(id))
    }

    fn remove_first(&mut self, wanted: impl Fn(&Waiting) -> bool) -> Option<Waiting> {
        let position = self.waiting.iter().position(|queued| wanted(&queued.waiting))?;
        let Queued { waiting, .. } = self.waiting.remove(position)?;
        self.bytes -= waiting.message.len();
        if self.waiting.is_empty() {
            self.waiting = VecDeque::new(); // an idle session keeps no buffer
        }
        Some(waiting)
    }
}

#[cfg(test)]
mod tests;
