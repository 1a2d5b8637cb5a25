//! One request over HTTP, answered by one body or by a stream of events.
//!
//! Owns: the form of the answer, the order of its parts, the answers that wait for the others of
//! their batch, and the time of the last output.
//! Never: the meaning of a message, or the ids of events; a [`ResponseWriter`] sends the output.
//!
//! ```text
//!   Waiting ──every answer is here──► Replied             (one body, with a status of its own)
//!      └──another message comes first, or only event-stream is accepted──► Streaming ──► Finished
//!                                                                              └◄─resumed─┘
//! ```
//!
//! Sources: 2025-11-25, basic/transports (Sending Messages to the Server); 2026-07-28,
//! basic/transports/streamable-http (Sending Messages to the Server).

use bytes::Bytes;

use crate::chunk::Chunk;
use crate::http::{Accept, ContentType, ReplyHead};
use crate::json;
use crate::reject::Reject;
use crate::time::{Duration, Instant};

/// The answer to a request.
#[derive(Debug)]
pub(crate) struct Exchange {
    accept: Accept,
    state: State,
    last_sent: Instant,
}

#[derive(Debug)]
enum State {
    /// Nothing was sent. The answers to a batch wait for each other.
    Waiting(Option<Batch>),
    /// One body was sent.
    Replied,
    /// The head of a stream was sent; events follow.
    Streaming,
    /// The stream has ended.
    Finished,
}

/// The answers to a batch that have arrived.
#[derive(Debug)]
struct Batch {
    answers: Vec<Chunk>,
    bytes_max: usize,
}

/// Sends the output of an exchange to its client.
pub(crate) trait ResponseWriter {
    /// Returns the current time.
    fn now(&self) -> Instant;
    /// Sends a complete answer.
    fn reply(&mut self, head: ReplyHead, body: Chunk);
    /// Sends the head of a stream.
    fn begin(&mut self, head: ReplyHead);
    /// Sends a message as an event of the stream.
    fn event(&mut self, message: Chunk);
    /// Sends bytes of the stream that are no message.
    fn write(&mut self, bytes: Chunk);
    /// Ends the stream.
    fn finish(&mut self);
}

/// An answer as it was sent, or as it waits for the others of its batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    /// Its HTTP status.
    pub(crate) status: u16,
    /// The error that was sent in its place.
    pub(crate) replaced: Option<Reject>,
}

impl Exchange {
    /// Creates an exchange without output. `batch`: the maximum number of bytes of the answers that
    /// wait for each other, if the request is a batch.
    pub(crate) fn new(accept: Accept, batch: Option<usize>, now: Instant) -> Exchange {
        let batch = batch.map(|bytes_max| Batch { answers: Vec::new(), bytes_max });
        Exchange { accept, state: State::Waiting(batch), last_sent: now }
    }

    /// Returns whether it is a stream that has begun.
    pub(crate) fn has_begun(&self) -> bool {
        matches!(self.state, State::Streaming | State::Finished)
    }

    /// Returns whether a message that is not an answer can be sent.
    pub(crate) fn takes_messages(&self) -> bool {
        match self.state {
            State::Waiting(_) => self.accept.sse,
            State::Streaming => true,
            State::Replied | State::Finished => false,
        }
    }

    /// Answers with one body even if the client accepts only a stream, because the request is
    /// refused as a whole.
    pub(crate) fn refuse_stream(&mut self) {
        self.accept = Accept { json: true, sse: false };
    }

    /// Begins the stream with its head and the answers that waited, unless it has begun.
    pub(crate) fn begin(&mut self, out: &mut impl ResponseWriter) {
        if let State::Waiting(batch) = &mut self.state {
            let batch = batch.take();
            self.state = State::Streaming;
            self.last_sent = out.now();
            out.begin(ReplyHead::with_body(200, ContentType::EventStream));
            for answer in batch.map_or_else(Vec::new, |batch| batch.answers) {
                out.event(answer);
            }
        }
    }

    /// Sends a message as an event.
    pub(crate) fn message(&mut self, message: Chunk, out: &mut impl ResponseWriter) {
        self.begin(out);
        out.event(message);
        self.last_sent = out.now();
    }

    /// Sends the answer to the request with this id, or an error if there is no room for it. It is
    /// sent with this head if it is sent alone and before anything else.
    ///
    /// The answers to a batch wait for each other. If they become too many bytes to hold they are
    /// streamed; if the client accepts no stream, the ones over the limit are replaced by errors.
    pub(crate) fn answer(
        &mut self,
        id: Option<&[u8]>,
        head: ReplyHead,
        answer: Option<Chunk>,
        out: &mut impl ResponseWriter,
    ) -> Sent {
        let Some(answer) = answer else {
            let reject = Reject::UnreadAnswers;
            let sent = self.refuse(id, reject, out);
            return Sent { replaced: Some(reject), ..sent };
        };
        let streamed = Sent { status: 200, replaced: None };
        match &mut self.state {
            State::Waiting(Some(batch)) if self.accept.json => {
                if batch.has_room(answer.len()) {
                    batch.answers.push(answer);
                } else if self.accept.sse {
                    self.message(answer, out);
                } else {
                    let reject = Reject::BatchAnswerTooLarge;
                    batch.answers.push(json::error(id, &reject.wire()));
                    return Sent { status: 200, replaced: Some(reject) };
                }
                streamed
            }
            State::Waiting(None) if self.accept.json || head.status != 200 => {
                let status = head.status;
                self.reply(head, answer, out);
                Sent { status, replaced: None }
            }
            _ => {
                self.message(answer, out);
                streamed
            }
        }
    }

    /// Answers the request with this id with an error of this side.
    fn refuse(&mut self, id: Option<&[u8]>, reject: Reject, out: &mut impl ResponseWriter) -> Sent {
        let wire = reject.wire();
        let mut head = ReplyHead::with_body(wire.status, ContentType::Json);
        head.retry_after = reject.retry_after();
        self.answer(id, head, Some(json::error(id, &wire)), out)
    }

    fn reply(&mut self, head: ReplyHead, body: Chunk, out: &mut impl ResponseWriter) {
        self.state = State::Replied;
        out.reply(head, body);
    }

    /// Ends the exchange, unless it was answered: sends the answers to a batch, or ends the stream.
    /// Without any answer, because nothing was asked or everything was cancelled, the status is
    /// 202, as for a notification.
    pub(crate) fn finish(&mut self, out: &mut impl ResponseWriter) {
        match &mut self.state {
            State::Waiting(batch) => {
                let answers = batch.take().map_or_else(Vec::new, |batch| batch.answers);
                if answers.is_empty() {
                    return self.reply(ReplyHead::new(202), Chunk::new(), out);
                }
                self.reply(ReplyHead::with_body(200, ContentType::Json), array(answers), out);
            }
            State::Streaming => {
                self.state = State::Finished;
                out.finish();
            }
            State::Replied | State::Finished => {}
        }
    }

    /// Continues a stream, also a finished one, for a client that resumes it.
    pub(crate) fn resume(&mut self, now: Instant) {
        debug_assert!(self.has_begun(), "without events there is nothing to resume");
        self.state = State::Streaming;
        self.last_sent = now;
    }

    /// Sends a keep-alive comment or ping after a time without output. A waiting request becomes a stream if its
    /// client accepts one, so that proxies do not time out.
    pub(crate) fn keep_alive(
        &mut self,
        period: Duration,
        message: Bytes,
        out: &mut impl ResponseWriter,
    ) {
        if self.keep_alive_due(period) <= out.now() {
            self.begin(out);
            out.write(Chunk::from(message));
            self.last_sent = out.now();
        }
    }

    /// Returns when the next keep-alive is due.
    pub(crate) fn keep_alive_due(&self, period: Duration) -> Instant {
        match self.takes_messages() {
            true => self.last_sent + period,
            false => Instant::FAR,
        }
    }
}

impl Batch {
    fn has_room(&self, bytes: usize) -> bool {
        let held: usize = self.answers.iter().map(Chunk::len).sum();
        held.saturating_add(bytes) <= self.bytes_max
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

#[cfg(test)]
mod tests;
