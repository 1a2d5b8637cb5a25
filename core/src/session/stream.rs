//! One stream of a session: the answer to a POST, or the stream of a GET.
//!
//! Owns: its exchange, its pending answers, its client's connection, and the events for a replay.
//!
//! ```text
//!               ┌──its client leaves──► Disconnected ──its client resumes──┐
//!   Connected ──┴──its end is sent──► Finishing ──read──► Delivered ───────┴──► Connected
//! ```

use crate::chunk::Chunk;
use crate::cx::Cx;
use crate::exchange::{Exchange, ResponseWriter};
use crate::frame;
use crate::frame::EventId;
use crate::http::{Accept, ReplyHead};
use crate::ids::{ExchangeId, SessionId};
use crate::session::Replay;
use crate::time::{Duration, Instant};

/// The time that a client waits before it reconnects to a broken stream.
pub(super) const RECONNECT_DELAY: Duration = Duration::from_secs(2);

/// A stream, with or without a connected client.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(super) exchange: Exchange,
    pub(super) link: Link,
    /// The time since which its client has been connected.
    pub(super) carried_since: Instant,
    /// Whether it is a GET's.
    pub(super) listens: bool,
    /// The number of pending answers.
    pub(super) due: usize,
    /// The events that were sent on it.
    pub(super) replay: Replay,
}

/// The connection of a stream to its client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// An exchange carries it.
    Connected(ExchangeId),
    /// Its client has left.
    Disconnected,
    /// Its end is sent, and this exchange is not over at the transport.
    Finishing(ExchangeId),
    /// Its client has read its last byte.
    Delivered,
}

impl Link {
    /// Returns the exchange that carries the stream.
    pub(super) fn exchange(self) -> Option<ExchangeId> {
        match self {
            Link::Connected(exchange) => Some(exchange),
            Link::Disconnected | Link::Finishing(_) | Link::Delivered => None,
        }
    }
}

impl Stream {
    /// Creates a stream without output.
    pub(super) fn new(
        (id, accept): (ExchangeId, Accept),
        batch: Option<usize>,
        due: usize,
        now: Instant,
    ) -> Stream {
        Stream {
            exchange: Exchange::new(accept, batch, now),
            link: Link::Connected(id),
            carried_since: now,
            listens: false,
            due,
            replay: Replay::default(),
        }
    }

    /// Returns whether a client is connected to it.
    pub(super) fn is_carried(&self) -> bool {
        self.link.exchange().is_some()
    }

    /// Returns whether a message that is not an answer can be sent on it now.
    pub(super) fn takes_messages(&self) -> bool {
        self.is_carried() && self.exchange.takes_messages()
    }

    /// Returns whether nothing more will be sent on it.
    pub(super) fn is_done(&self) -> bool {
        self.due == 0 && !self.listens
    }
}

/// Sends the output of a stream, if its client is connected, and keeps its events for a replay.
pub(super) struct StreamWriter<'a, 'b> {
    pub(super) number: u64,
    /// The session's id, once it is open.
    pub(super) session: Option<SessionId>,
    /// Whether the stream begins with an event that a client can resume from.
    pub(super) is_primed: bool,
    /// Whether events have ids, and are kept for a replay.
    pub(super) has_ids: bool,
    pub(super) link: &'a mut Link,
    pub(super) replay: &'a mut Replay,
    /// Bytes passed to the adapter so far.
    pub(super) outbound: usize,
    pub(super) cx: &'a mut Cx<'b>,
}

impl StreamWriter<'_, '_> {
    fn next_id(&self) -> EventId {
        EventId { stream: self.number, sequence: self.replay.next_sequence() }
    }

    fn keep(&mut self, event: &Chunk) {
        self.replay.push(event, self.cx.limits, &self.cx.memory.kept());
    }

    /// Ends the connection of the stream, but not the stream.
    pub(super) fn disconnect(&mut self, come_back: Duration) {
        self.write(frame::retry(come_back));
        if let Some(exchange) = self.link.exchange() {
            self.cx.finish(exchange);
            *self.link = Link::Disconnected;
        }
    }
}

impl ResponseWriter for StreamWriter<'_, '_> {
    fn now(&self) -> Instant {
        self.cx.now
    }

    fn reply(&mut self, mut head: ReplyHead, body: Chunk) {
        if let Some(exchange) = self.link.exchange() {
            head.session = self.session;
            self.outbound += self.cx.reply(exchange, head, body);
            *self.link = Link::Disconnected;
        }
    }

    /// Sends the head, and the event that only has an id, so that a client can resume the stream
    /// from its start, with the reconnection time (2025-11-25, basic/transports, Sending Messages
    /// to the Server).
    fn begin(&mut self, mut head: ReplyHead) {
        let Some(exchange) = self.link.exchange() else { return };
        head.session = self.session;
        self.cx.begin(exchange, head);
        if self.is_primed {
            let event = frame::priming(self.next_id(), Some(RECONNECT_DELAY));
            self.keep(&event);
            self.write(event);
        }
    }

    fn event(&mut self, message: Chunk) {
        let event = frame::event(self.has_ids.then(|| self.next_id()), message);
        if self.has_ids {
            self.keep(&event);
        }
        self.write(event);
    }

    fn write(&mut self, bytes: Chunk) {
        if let Some(exchange) = self.link.exchange() {
            self.outbound += self.cx.write(exchange, bytes);
        }
    }

    fn finish(&mut self) {
        if let Some(exchange) = self.link.exchange() {
            self.cx.finish(exchange);
            *self.link = Link::Finishing(exchange);
        }
    }
}
