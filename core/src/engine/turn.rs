//! One turn of the engine: what a part of it may use while it deals with one fact.

use std::collections::BTreeMap;

use crate::http::ReplyHead;
use crate::ids::{ExchangeId, SessionId};
use crate::limits::Limits;
use crate::machine::{Action, Actions, Chunk};
use crate::observe::{Event, Level, Metrics};
use crate::time::Instant;

/// Exchanges whose end the adapter will report.
pub(crate) type Exchanges = BTreeMap<ExchangeId, Transport>;

/// What is known of an exchange at the transport.
#[derive(Debug)]
pub(crate) struct Transport {
    /// The session it belongs to.
    pub(crate) session: SessionId,
    /// The stream it carries, while that stream has something to send.
    pub(crate) stream: Option<u64>,
    /// Bytes handed to the adapter and not yet taken by the transport.
    pub(crate) unsent: usize,
}

/// Replies from this size on are accounted for until the transport has taken them. Smaller ones
/// are bounded by the number of connections.
const RECEIPT_BYTES_MIN: usize = 16 * 1024;

/// The time, the limits, and where effects go.
pub(crate) struct Turn<'a> {
    pub(crate) now: Instant,
    pub(crate) limits: &'a Limits,
    pub(crate) log_level: Level,
    pub(crate) out: &'a mut Actions,
    pub(crate) metrics: &'a mut Metrics,
    pub(crate) exchanges: &'a mut Exchanges,
    /// The earliest moment at which something set up in this turn is due.
    pub(crate) wake_at: Instant,
}

impl Turn<'_> {
    /// Asks to be called again at `at`.
    pub(crate) fn wake(&mut self, at: Instant) {
        self.wake_at = self.wake_at.min(at);
    }

    /// Hands an event to the log, if it matters enough.
    pub(crate) fn log(&mut self, event: Event) {
        if event.level() >= self.log_level {
            self.out.push(Action::Log(event));
        }
    }

    /// Answers an exchange whole; returns the bytes that count as on their way until the transport
    /// reports them.
    pub(crate) fn reply(&mut self, exchange: ExchangeId, head: ReplyHead, body: Chunk) -> usize {
        let bytes = body.len();
        let receipt = bytes >= RECEIPT_BYTES_MIN;
        match self.exchanges.get_mut(&exchange) {
            Some(transport) if receipt => {
                transport.stream = None;
                transport.unsent = bytes;
            }
            _ => {
                self.exchanges.remove(&exchange);
            }
        }
        let receipt = receipt && self.exchanges.contains_key(&exchange);
        self.out.push(Action::Reply { exchange, head, body, receipt });
        if receipt { bytes } else { 0 }
    }

    /// Begins a streamed answer.
    pub(crate) fn begin(&mut self, exchange: ExchangeId, head: ReplyHead) {
        self.out.push(Action::Begin { exchange, head });
    }

    /// Sends bytes of a begun answer; returns the bytes that are on their way by it.
    pub(crate) fn write(&mut self, exchange: ExchangeId, chunk: Chunk) -> usize {
        let Some(transport) = self.exchanges.get_mut(&exchange) else { return 0 };
        let bytes = chunk.len();
        transport.unsent += bytes;
        self.out.push(Action::Write { exchange, chunk });
        bytes
    }

    /// Ends a begun answer. The exchange stays known until the transport reports its end.
    pub(crate) fn finish(&mut self, exchange: ExchangeId) {
        if let Some(transport) = self.exchanges.get_mut(&exchange) {
            transport.stream = None;
        }
        self.out.push(Action::Finish { exchange });
    }
}
