//! The streams of a session: the route of each message, and disconnected clients.
//!
//! Owns: every stream, the order of its messages, the bytes on their way to the client. Never: the
//! meaning of a message.
//!
//! A message is sent on exactly one stream (2025-11-25, basic/transports, Multiple Connections). A
//! disconnect cancels nothing: the stream continues and can be resumed.

mod ending;

use std::collections::VecDeque;

use bytes::Bytes;

use crate::chunk::Chunk;
use crate::cx::{Cx, Owner};
use crate::exchange::{Exchange, ResponseWriter, Sent};
use crate::frame;
use crate::frame::EventId;
use crate::http::{Accept, ContentType, ReplyHead, sse_endpoint};
use crate::id_map::IdMap;
use crate::ids::{ExchangeId, SessionId};
use crate::protocol::Revision;
use crate::reject::Reject;
use crate::session::stream::{Link, Stream, StreamWriter};
use crate::time::{Duration, Instant};

/// The stream that carries everything, if there is one.
const SINGLE_STREAM: u64 = 0;

/// The streams of one session.
#[derive(Debug)]
pub(crate) struct Streams {
    session: SessionId,
    /// The negotiated revision; `None` until the child has answered `initialize`.
    pub(crate) revision: Option<Revision>,
    /// Whether one stream, the first, carries everything: in a session of HTTP+SSE.
    pub(crate) single_stream: bool,
    live: IdMap<Stream>,
    /// Streams that ended or lost their client, oldest first, for a client that resumes.
    ended: VecDeque<(u64, Stream)>,
    /// The number of bytes of all kept events.
    kept: usize,
    next: u64,
    /// Bytes passed to the adapter that the client has not read.
    outbound: usize,
}

impl Streams {
    pub(crate) fn new(session: SessionId) -> Streams {
        Streams {
            session,
            revision: None,
            single_stream: false,
            live: IdMap::default(),
            ended: VecDeque::new(),
            kept: 0,
            next: 0,
            outbound: 0,
        }
    }

    /// Returns the number of bytes passed to the adapter that the client has not read.
    pub(crate) fn outbound(&self) -> usize {
        self.outbound
    }

    /// Returns the number of open exchanges.
    pub(crate) fn open(&self) -> usize {
        self.carried().count()
    }

    fn listeners(&self) -> usize {
        self.live.iter().filter(|(_, stream)| stream.listens).count()
    }

    // Opening

    /// Opens the stream of a POST with this many answers. If one stream carries everything, they
    /// belong to that.
    pub(crate) fn open_call(
        &mut self,
        exchange: ExchangeId,
        accept: Accept,
        due: usize,
        batch: bool,
        cx: &mut Cx<'_>,
    ) -> u64 {
        if self.single_stream {
            if let Some(stream) = self.live.get_mut(SINGLE_STREAM) {
                stream.due += due;
            }
            return SINGLE_STREAM;
        }
        let batch = batch.then_some(cx.limits.queue_bytes_max);
        self.open_stream(exchange, Stream::new((exchange, accept), batch, due, cx.now), cx)
    }

    /// Opens the stream of a GET.
    pub(crate) fn listen(&mut self, exchange: ExchangeId, cx: &mut Cx<'_>) -> u64 {
        self.close_excess_listener(cx);
        let number = self.open_listener(exchange, cx);
        if !self.is_primed() {
            // Some gateways pass a head on only with the first bytes of the body.
            self.on_stream(number, cx, |_, out| out.write(Chunk::from(frame::comment())));
        }
        number
    }

    /// Opens the stream that carries everything; its first event has the URI for messages
    /// (2024-11-05, basic/transports, HTTP with SSE). It cannot be resumed: its events have no ids,
    /// and none is kept.
    pub(crate) fn open_single_stream(&mut self, exchange: ExchangeId, cx: &mut Cx<'_>) {
        let number = self.open_listener(exchange, cx);
        debug_assert_eq!(number, SINGLE_STREAM, "there is no other stream");
        self.single_stream = true;
        let endpoint = frame::endpoint(&sse_endpoint(self.session));
        self.on_stream(number, cx, |_, out| out.write(endpoint));
    }

    fn open_listener(&mut self, exchange: ExchangeId, cx: &mut Cx<'_>) -> u64 {
        let accept = Accept { json: false, sse: true };
        let stream = Stream::new((exchange, accept), None, 0, cx.now);
        let number = self.open_stream(exchange, Stream { listens: true, ..stream }, cx);
        self.on_stream(number, cx, |exchange, out| exchange.begin(out));
        number
    }

    /// Closes a GET stream for another one: the one that has been carried longest. Most likely its
    /// client has disconnected silently, and opens this one instead.
    fn close_excess_listener(&mut self, cx: &mut Cx<'_>) {
        if self.listeners() >= cx.limits.listen_streams_max {
            let listeners = self.live.iter().filter(|(_, stream)| stream.listens);
            let oldest = listeners.min_by_key(|(_, stream)| stream.carried_since);
            if let Some(number) = oldest.map(|(number, _)| number) {
                self.end_listener(number, cx);
            }
        }
    }

    fn open_stream(&mut self, exchange: ExchangeId, stream: Stream, cx: &mut Cx<'_>) -> u64 {
        let number = self.next;
        self.next += 1;
        self.attach(exchange, number, cx);
        self.live.insert(number, stream);
        cx.wake(cx.now + cx.limits.keep_alive_period);
        number
    }

    fn attach(&self, exchange: ExchangeId, number: u64, cx: &mut Cx<'_>) {
        cx.register(exchange, Owner::Session(self.session), Some(number));
    }

    /// Continues a stream after the last event that its client saw. A client that has seen all of a
    /// finished stream gets 204, which ends the reconnecting of an event source (HTML standard,
    /// section 9.2, Server-sent events).
    pub(crate) fn resume(
        &mut self,
        exchange: ExchangeId,
        last: EventId,
        cx: &mut Cx<'_>,
    ) -> Result<u64, Reject> {
        let stream = self.find(last.stream).ok_or(Reject::UnknownStream)?;
        let (events, lost) = stream.replay.after(last.sequence).ok_or(Reject::UnknownStream)?;
        let events: Vec<Bytes> = events.cloned().collect();
        if events.is_empty() && stream.is_done() {
            cx.metrics.replay_lost(lost);
            cx.reply(exchange, self.head(ReplyHead::new(204)), Chunk::new());
            return Ok(last.stream);
        }
        self.reopen(last.stream, cx);
        cx.metrics.replay_lost(lost);
        self.replace_exchange(last.stream, exchange, cx);
        let head = self.head(ReplyHead::with_body(200, ContentType::EventStream));
        cx.begin(exchange, head);
        let events = if events.is_empty() { vec![frame::comment()] } else { events };
        self.on_stream(last.stream, cx, |_, out| {
            events.into_iter().for_each(|event| out.write(Chunk::from(event)));
        });
        self.finish_if_done(last.stream, cx);
        Ok(last.stream)
    }

    /// Returns a stream, live or ended.
    fn find(&self, number: u64) -> Option<&Stream> {
        let ended = || self.ended.iter().find(|(ended, _)| *ended == number);
        self.live.get(number).or_else(|| ended().map(|(_, stream)| stream))
    }

    /// Makes an ended stream live again.
    fn reopen(&mut self, number: u64, cx: &mut Cx<'_>) {
        if let Some(position) = self.ended.iter().position(|(ended, _)| *ended == number)
            && let Some((number, stream)) = self.ended.remove(position)
        {
            if stream.listens {
                self.close_excess_listener(cx);
            }
            self.live.insert(number, stream);
        }
    }

    /// Moves a stream to another exchange, and ends the one that carried it.
    fn replace_exchange(&mut self, number: u64, exchange: ExchangeId, cx: &mut Cx<'_>) {
        self.attach(exchange, number, cx);
        if let Some(stream) = self.live.get_mut(number) {
            stream.carried_since = cx.now;
            stream.exchange.resume(cx.now);
            cx.wake(cx.now + cx.limits.keep_alive_period);
            let before = std::mem::replace(&mut stream.link, Link::Connected(exchange));
            if let Some(before) = before.exchange() {
                cx.finish(before);
            }
        }
    }

    // Sending

    /// Lets the exchange of a stream send output.
    fn on_stream<'b, T>(
        &mut self,
        number: u64,
        cx: &mut Cx<'b>,
        send: impl FnOnce(&mut Exchange, &mut StreamWriter<'_, 'b>) -> T,
    ) -> Option<T> {
        let (session, is_primed) = (self.revision.map(|_| self.session), self.is_primed());
        let has_ids = !self.single_stream;
        let Stream { exchange, link, replay, .. } = self.live.get_mut(number)?;
        self.kept -= replay.bytes();
        let mut out =
            StreamWriter { number, session, is_primed, has_ids, link, replay, outbound: 0, cx };
        let sent = send(exchange, &mut out);
        self.outbound += out.outbound;
        self.kept += replay.bytes();
        self.keep_within(cx.limits.session_replay_bytes_max);
        Some(sent)
    }

    /// Sends the answer to a request of a stream, or an error if there is no room for it. Returns
    /// `None` if no client can receive it any more.
    pub(crate) fn answer(
        &mut self,
        number: u64,
        id: Option<&[u8]>,
        answer: Option<Chunk>,
        cx: &mut Cx<'_>,
    ) -> Option<Sent> {
        let answer = answer.filter(|answer| self.has_room(number, answer.len(), cx));
        let stream = self.live.get_mut(number)?;
        stream.due = stream.due.saturating_sub(1);
        let is_deliverable = stream.exchange.has_begun() || stream.is_carried();
        let head = ReplyHead::with_body(200, ContentType::Json);
        let send = |exchange: &mut Exchange, out: &mut StreamWriter<'_, '_>| {
            exchange.answer(id, head, answer, out)
        };
        let sent = is_deliverable.then(|| self.on_stream(number, cx, send)).flatten();
        self.finish_if_done(number, cx);
        if let Some(reject) = sent.and_then(|sent| sent.replaced) {
            cx.metrics.refused(reject);
        }
        sent
    }

    /// Returns whether an answer of this size may be sent, regardless of the bytes that wait for
    /// the client to read them. For a child of its own, reading stops once a part of that waits,
    /// and its output until then is sent.
    fn has_room(&self, number: u64, bytes: usize, cx: &Cx<'_>) -> bool {
        let exchange = self.live.get(number).and_then(|stream| stream.link.exchange());
        let fits = self.outbound < cx.limits.outbound_bytes_high
            || self.outbound.saturating_add(bytes) <= self.outbound_max(cx);
        fits && exchange.is_none_or(|exchange| cx.has_room(exchange, bytes))
    }

    /// Returns the maximum number of bytes on their way to the client.
    pub(crate) fn outbound_max(&self, cx: &Cx<'_>) -> usize {
        cx.limits.outbound_bytes_max.min(cx.memory.limit() / 4)
    }

    /// Counts a pending answer of a stream as done, because its request was cancelled.
    pub(crate) fn skip_answer(&mut self, number: u64, cx: &mut Cx<'_>) {
        if let Some(stream) = self.live.get_mut(number) {
            stream.due = stream.due.saturating_sub(1);
            self.finish_if_done(number, cx);
        }
    }

    /// Answers the exchange of a stream with an error and its HTTP status, before anything else.
    pub(crate) fn refuse(&mut self, number: u64, head: ReplyHead, body: Chunk, cx: &mut Cx<'_>) {
        self.on_stream(number, cx, |exchange, out| exchange.answer(None, head, Some(body), out));
        self.live.remove(number);
    }

    /// Sends a message that is not an answer on a stream that takes messages.
    pub(crate) fn message(&mut self, number: u64, message: Chunk, cx: &mut Cx<'_>) {
        self.on_stream(number, cx, |exchange, out| exchange.message(message, out));
    }

    /// Returns whether a stream begins with an event that a client can resume from.
    fn is_primed(&self) -> bool {
        !self.single_stream && self.revision.is_some_and(Revision::primes_streams)
    }

    /// Returns whether streams may begin. Until `initialize` is answered no head may be sent,
    /// because it has to name the session; the one stream of HTTP+SSE has begun before.
    fn may_start(&self) -> bool {
        self.revision.is_some() || self.single_stream
    }

    /// Drops events until the rest is within the limit: those of ended streams first, then those of
    /// the stream that keeps most.
    fn keep_within(&mut self, bytes_max: usize) {
        while self.kept > bytes_max && self.forget_ended() {}
        while self.kept > bytes_max {
            let replays = self.live.values_mut().map(|stream| &mut stream.replay);
            let Some(replay) = replays.max_by_key(|replay| replay.bytes()) else { return };
            let before = replay.bytes();
            replay.drop_oldest();
            self.kept = self.kept + replay.bytes() - before;
        }
    }

    /// Drops the ended stream that is needed least: the oldest of those whose client has read
    /// everything, or else the oldest of all. Returns `false` if there is none.
    fn forget_ended(&mut self) -> bool {
        let delivered = self.ended.iter().position(|(_, stream)| stream.link == Link::Delivered);
        let Some((_, stream)) = self.ended.remove(delivered.unwrap_or(0)) else { return false };
        self.kept -= stream.replay.bytes();
        true
    }

    /// Adds the session's id to a head. Only an open session has one; a refused `initialize` has
    /// opened none.
    fn head(&self, mut head: ReplyHead) -> ReplyHead {
        head.session = self.revision.map(|_| self.session);
        head
    }

    /// Returns the stream for a message of the child that does not tell its request.
    ///
    /// `related`: whether such a message is likely to belong to a request in flight. If so, and
    /// there is only one, it gets the message; otherwise the newest GET stream does. All streams
    /// belong to the same client, so a wrong guess reveals nothing.
    pub(crate) fn choose(&self, related: bool) -> Option<u64> {
        if !self.may_start() {
            return None;
        }
        if self.single_stream {
            return Some(SINGLE_STREAM);
        }
        let ready = || self.live.iter().rev().filter(|(_, stream)| stream.takes_messages());
        let listener = ready().find(|(_, stream)| stream.listens).map(|(number, _)| number);
        let mut calls = ready().filter(|(_, stream)| !stream.listens).map(|(number, _)| number);
        let newest_call = calls.next();
        let only_call = calls.next().is_none();
        match (related, newest_call) {
            (true, Some(call)) if only_call => Some(call),
            (true, Some(call)) => listener.or(Some(call)),
            (_, _) => listener,
        }
    }

    /// Returns whether a message on this stream reaches its client, now or when it resumes.
    pub(crate) fn carries_messages(&self, number: u64) -> bool {
        self.live
            .get(number)
            .is_some_and(|stream| stream.exchange.has_begun() || stream.takes_messages())
    }

    /// Returns whether a client is connected to this stream.
    pub(crate) fn is_carried(&self, number: u64) -> bool {
        self.live.get(number).is_some_and(Stream::is_carried)
    }

    /// Returns whether this is the stream of a GET.
    pub(crate) fn listens(&self, number: u64) -> bool {
        self.live.get(number).is_some_and(|stream| stream.listens)
    }

    // Time

    /// Sends a comment on every stream without recent output. A call that waits that long becomes
    /// an event stream if its client accepts one, so that proxies do not time out.
    pub(crate) fn keep_alive(&mut self, cx: &mut Cx<'_>) {
        if !self.may_start() {
            return;
        }
        let period = cx.limits.keep_alive_period;
        let quiet = self.carried().filter(|(_, s)| s.exchange.keep_alive_due(period) <= cx.now);
        let quiet: Vec<(u64, bool)> = quiet.map(|(number, s)| (number, s.listens)).collect();
        for (number, listens) in quiet {
            let pings = listens && !self.single_stream && cx.upstream.native().is_some();
            let sign = if pings { frame::ping() } else { frame::comment() };
            self.on_stream(number, cx, |exchange, out| exchange.keep_alive(period, sign, out));
        }
    }

    fn carried(&self) -> impl Iterator<Item = (u64, &Stream)> {
        self.live.iter().filter(|(_, stream)| stream.is_carried())
    }

    /// Returns when the next comment is due.
    pub(crate) fn next_due(&self, period: Duration) -> Instant {
        let due = self.carried().map(|(_, stream)| stream.exchange.keep_alive_due(period));
        due.min().filter(|_| self.may_start()).unwrap_or(Instant::FAR)
    }
}

#[cfg(test)]
mod tests;
