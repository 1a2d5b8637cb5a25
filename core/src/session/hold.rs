//! Messages of a client that overtake `notifications/initialized`.
//!
//! Owns: these messages, in order, until the notification arrives or their time is over; and those
//! that wait for the handshake with a new child ([`restore`](super::restore)). A client
//! sends it before its first request, but over HTTP each has a connection of its own, and a server
//! may refuse the first to arrive. Never: answers to the child, and pings, which may both come
//! earlier.
//!
//! Source: 2025-11-25, basic/lifecycle, Initialization.

use crate::chunk::Chunk;
use crate::cx::Cx;
use crate::json::Message;
use crate::session::Session;
use crate::time::Instant;

/// Messages that are held back.
#[derive(Debug)]
pub(super) struct HeldMessages {
    messages: Vec<Outgoing>,
    bytes: usize,
    /// The time at which they are passed on in any case.
    until: Instant,
}

/// A message for the backend.
#[derive(Debug)]
pub(super) enum Outgoing {
    /// A request, under this number.
    Request(u64, Message),
    /// A notification.
    Notification(Chunk),
}

impl Default for HeldMessages {
    fn default() -> HeldMessages {
        HeldMessages { messages: Vec::new(), bytes: 0, until: Instant::FAR }
    }
}

impl Session {
    /// Holds back messages before `notifications/initialized` from now on, if a child is to get
    /// that first.
    pub(super) fn await_initialized(&mut self, cx: &Cx<'_>) {
        if self.backend.child().is_some() && !cx.limits.initialized_time_max.is_zero() {
            self.held = Some(Box::default());
        }
    }

    /// Returns when messages that are held back are passed on.
    pub(super) fn held_until(&self) -> Instant {
        self.held.as_ref().map_or(Instant::FAR, |held| held.until)
    }

    /// Returns the number of bytes of messages that are held back.
    pub(super) fn held_bytes(&self) -> usize {
        self.held.as_ref().map_or(0, |held| held.bytes)
    }

    /// Passes a message of the client to the backend, now or after `initialized`.
    pub(super) fn forward(&mut self, message: Outgoing, cx: &mut Cx<'_>) {
        let is_restoring = self.is_restoring();
        let Some(held) = &mut self.held else { return self.pass_to_backend(message, cx) };
        if held.messages.is_empty() && !is_restoring {
            held.until = cx.now + cx.limits.initialized_time_max;
            cx.wake(held.until);
        }
        held.bytes += match &message {
            Outgoing::Request(_, message) => message.len(),
            Outgoing::Notification(chunk) => chunk.len(),
        };
        held.messages.push(message);
        let limits = cx.limits;
        if !is_restoring
            && (held.messages.len() > limits.overtaking_len_max
                || held.bytes > limits.overtaking_bytes_max)
        {
            self.release(cx);
        }
    }

    /// Passes on the messages that are held back, and holds back none from now on.
    pub(super) fn release(&mut self, cx: &mut Cx<'_>) {
        for message in self.held.take().map_or_else(Vec::new, |held| held.messages) {
            self.pass_to_backend(message, cx);
        }
    }

    /// Passes a request to the backend.
    pub(super) fn pass_request(&mut self, number: u64, message: &Message, cx: &mut Cx<'_>) {
        let filter = self.client_requests.get(number).and_then(|call| call.filter.clone());
        self.backend.request(number, message, filter, cx);
    }

    fn pass_to_backend(&mut self, message: Outgoing, cx: &mut Cx<'_>) {
        match message {
            Outgoing::Request(number, message) => self.pass_request(number, &message, cx),
            Outgoing::Notification(chunk) => self.backend.write_message(chunk, cx),
        }
    }
}
