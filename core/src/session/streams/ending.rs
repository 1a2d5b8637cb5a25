//! The ends of a session's streams.
//!
//! Owns: the end of a stream without pending answers, of one whose client disconnects, and of one
//! that the session ends; which ended streams are kept.

use super::Streams;
use crate::cx::{Cx, Transport};
use crate::exchange::ResponseWriter;
use crate::frame;
use crate::ids::ExchangeId;
use crate::session::stream::{Link, RECONNECT_DELAY, Stream};
use crate::time::Duration;

impl Streams {
    /// Ends a stream without pending answers.
    pub(super) fn finish_if_done(&mut self, number: u64, cx: &mut Cx<'_>) {
        if !self.live.get(number).is_some_and(Stream::is_done) {
            return;
        }
        self.on_stream(number, cx, |exchange, out| exchange.finish(out));
        self.retire(number, cx);
    }

    /// Moves a stream to those that are only kept for a replay, if it has events.
    fn retire(&mut self, number: u64, cx: &Cx<'_>) {
        let Some(stream) = self.live.remove(number) else { return };
        if stream.replay.next_sequence() > 0 {
            self.ended.push_back((number, stream));
        }
        let bytes = |(_, stream): &(u64, Stream)| stream.replay.bytes();
        while self.ended.len() > cx.limits.ended_streams_max
            || self.ended.iter().map(bytes).sum::<usize>() > cx.limits.replay_bytes_max
        {
            self.forget_ended();
        }
    }

    /// Records bytes that the transport accepted.
    pub(crate) fn sent(&mut self, bytes: usize) {
        self.outbound = self.outbound.saturating_sub(bytes);
    }

    /// Handles the end of an exchange at the transport.
    pub(crate) fn closed(&mut self, exchange: ExchangeId, transport: &Transport, cx: &Cx<'_>) {
        self.outbound = self.outbound.saturating_sub(transport.unsent);
        let mut ended = self.ended.iter_mut().map(|(_, stream)| stream);
        if let Some(stream) = ended.find(|stream| stream.link == Link::Finishing(exchange)) {
            stream.link = match transport.unsent {
                0 => Link::Delivered,
                _ => Link::Disconnected,
            };
        }
        let Some(number) = transport.stream else { return };
        let Some(stream) = self.live.get_mut(number) else { return };
        stream.link = Link::Disconnected;
        if stream.listens {
            self.retire(number, cx);
        }
    }

    /// Ends every GET stream.
    pub(crate) fn end_listeners(&mut self, cx: &mut Cx<'_>) {
        let numbers: Vec<u64> =
            self.live.iter().filter(|(_, s)| s.listens).map(|(number, _)| number).collect();
        for number in numbers {
            self.end_listener(number, cx);
        }
    }

    /// Ends a GET stream, with the reconnection time.
    pub(super) fn end_listener(&mut self, number: u64, cx: &mut Cx<'_>) {
        let is_resumable = !self.single_stream;
        self.on_stream(number, cx, |exchange, out| {
            if is_resumable {
                out.write(frame::retry(RECONNECT_DELAY));
            }
            exchange.finish(out);
        });
        self.retire(number, cx);
    }

    /// Ends the connection that carries a stream, which its client may not resume as it is.
    pub(crate) fn end_connection(&mut self, number: u64, cx: &mut Cx<'_>) {
        if self.listens(number) {
            return self.end_listener(number, cx);
        }
        self.on_stream(number, cx, |exchange, out| {
            exchange.begin(out);
            out.disconnect(RECONNECT_DELAY);
        });
    }

    /// Ends the connection that carries a stream, but not the stream: its client reconnects for the
    /// rest. Without an event to resume from it keeps its connection.
    pub(crate) fn disconnect(&mut self, number: u64, come_back: Duration, cx: &mut Cx<'_>) {
        if !self.is_primed() || !self.carries_messages(number) {
            return;
        }
        self.on_stream(number, cx, |exchange, out| {
            exchange.begin(out);
            out.disconnect(come_back);
        });
    }
}
