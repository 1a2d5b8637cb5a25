//! The ends of a session's streams.
//!
//! Owns: the end of a stream without pending answers, of one whose client disconnects, and of one
//! that the session ends; which ended streams are kept.

use bytes::Bytes;

use super::{RECONNECT_DELAY, Streams};
use crate::chunk::Chunk;
use crate::cx::{Cx, Transport};
use crate::frame;
use crate::http::ReplyHead;
use crate::ids::ExchangeId;
use crate::session::Stream;
use crate::time::Duration;

impl Streams {
    /// Ends a stream without pending answers.
    pub(super) fn finish_if_done(&mut self, number: u64, cx: &mut Cx<'_>) {
        let Some(stream) = self.live.get_mut(number) else { return };
        if !stream.is_done() {
            return;
        }
        let begun = stream.started;
        let answers = stream.batch.take();
        match (begun, stream.exchange) {
            (true, Some(exchange)) => {
                (stream.exchange, stream.finishing) = (None, Some(exchange));
                cx.finish(exchange);
            }
            (false, Some(_)) => self.reply_collected(number, answers.unwrap_or_default(), cx),
            (_, None) => {}
        }
        self.retire(number, cx);
    }

    /// Answers a POST that has not begun to stream with the answers to its requests. If every one
    /// of them was cancelled there is none: 202, as for a notification.
    fn reply_collected(&mut self, number: u64, answers: Vec<Chunk>, cx: &mut Cx<'_>) {
        if !answers.is_empty() {
            return self.reply(number, array(answers), cx);
        }
        let head = self.head(ReplyHead::new(202));
        if let Some(exchange) = self.live.get_mut(number).and_then(|s| s.exchange.take()) {
            cx.reply(exchange, head, Chunk::new());
        }
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
        if let Some(stream) = ended.find(|stream| stream.finishing == Some(exchange)) {
            stream.finishing = None;
            stream.is_delivered = transport.unsent == 0;
        }
        let Some(number) = transport.stream else { return };
        let Some(stream) = self.live.get_mut(number) else { return };
        stream.exchange = None;
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
        let exchange = self.live.get_mut(number).and_then(|stream| stream.exchange.take());
        if let Some(exchange) = exchange {
            if !self.single_stream {
                self.outbound += cx.write(exchange, frame::retry(RECONNECT_DELAY));
            }
            cx.finish(exchange);
            if let Some(stream) = self.live.get_mut(number) {
                stream.finishing = Some(exchange);
            }
        }
        self.retire(number, cx);
    }

    /// Ends the connection that carries a stream, but not the stream: its client reconnects for the
    /// rest. Without an event to resume from it keeps its connection.
    pub(crate) fn disconnect(&mut self, number: u64, come_back: Duration, cx: &mut Cx<'_>) {
        if !self.sends_priming_event() || !self.carries_messages(number) {
            return;
        }
        self.start(number, cx);
        if let Some(exchange) = self.live.get_mut(number).and_then(|s| s.exchange.take()) {
            self.outbound += cx.write(exchange, frame::retry(come_back));
            cx.finish(exchange);
        }
    }
}

/// Returns a JSON array of JSON texts.
fn array(items: Vec<Chunk>) -> Chunk {
    let mut array = Chunk::new();
    for (index, item) in items.into_iter().enumerate() {
        array.push(Bytes::from_static(if index == 0 { b"[" } else { b"," }));
        array.append(item);
    }
    array.push(Bytes::from_static(b"]"));
    array
}
