//! One stream of a session: the answer to a POST, or the stream of a GET.
//!
//! Owns: its pending answers, whether it has begun, and the events for a replay.
//!
//! ```text
//!   waiting ──all answers due are here──► replied        (one JSON body; nothing to resume)
//!      └──another message comes first, or only event-stream is accepted──► begun ──► ended
//! ```

use crate::chunk::Chunk;
use crate::cx::Cx;
use crate::frame;
use crate::frame::EventId;
use crate::http::Accept;
use crate::ids::ExchangeId;
use crate::session::Replay;
use crate::time::{Duration, Instant};

/// A stream, with or without a connected client.
#[derive(Debug)]
pub(crate) struct Stream {
    /// The exchange that carries it; `None` while the client is disconnected.
    pub(crate) exchange: Option<ExchangeId>,
    /// The exchange that carries its end, until that is over at the transport.
    pub(crate) finishing: Option<ExchangeId>,
    /// Whether its client has read its last byte.
    pub(crate) is_delivered: bool,
    /// The time since which that exchange carries it.
    pub(crate) carried_since: Instant,
    /// The forms of answer that its client accepts.
    pub(crate) accept: Accept,
    /// Whether it is a GET's.
    pub(crate) listens: bool,
    /// Whether its head was sent and events follow.
    pub(crate) started: bool,
    /// The number of pending answers.
    pub(crate) due: usize,
    /// Answers that wait for the others of their batch; `None` without a batch.
    pub(crate) batch: Option<Vec<Chunk>>,
    /// The events that were sent on it.
    pub(crate) replay: Replay,
    /// The time of the last output.
    pub(crate) last_sent: Instant,
}

impl Stream {
    /// Returns whether a message that is not an answer can be sent on it now.
    pub(crate) fn takes_messages(&self) -> bool {
        self.exchange.is_some() && (self.started || self.accept.sse)
    }

    /// Returns whether nothing more will be sent on it.
    pub(crate) fn is_done(&self) -> bool {
        self.due == 0 && !self.listens
    }

    /// Creates the next event, and keeps it for a replay.
    pub(crate) fn event(&mut self, number: u64, message: Chunk, cx: &Cx<'_>) -> Chunk {
        let event = frame::event(Some(self.next_id(number)), message);
        self.replay.push(&event, cx.limits, &cx.memory.kept());
        event
    }

    /// Creates the event that only has an id, so that a client can resume the stream from its
    /// start, with the reconnection time (2025-11-25, basic/transports, Sending Messages to the
    /// Server).
    pub(crate) fn priming_event(&mut self, number: u64, come_back: Duration, cx: &Cx<'_>) -> Chunk {
        let event = frame::priming(self.next_id(number), Some(come_back));
        self.replay.push(&event, cx.limits, &cx.memory.kept());
        event
    }

    fn next_id(&self, number: u64) -> EventId {
        EventId { stream: number, sequence: self.replay.next_sequence() }
    }
}
