//! A server connection of HTTP/1.1 without a socket: bytes in, requests out; answers in, bytes out.
//!
//! Owns: everything that happens on a connection between its bytes and the engine: the guard, the
//! body of a request, the framing of its answer (RFC 9112), `100 Continue`, whether the connection
//! stays open, the lingering close, and every deadline.
//! Never: a socket, a clock, or a response head as bytes. The adapter writes heads ([`WriteHead`]),
//! because they hold a date.
//!
//! ```text
//!                 Event::Head      admit        Event::Request     respond
//!   ReadingHead ────────────► Head ────► ReadingBody ────────► Waiting ─────► Responding
//!        ▲                      │ refused                        │ begin          │
//!        │                      └──────────────► Responding      ▼                │
//!        │                                           ▲      Streaming ── finish ──┤
//!        └───────────────────────────── keep-alive ──┴────────────────────────────┤
//!                                             Closed ◄── Lingering ◄── close ─────┘
//! ```
//!
//! An adapter drives it like this. A loop around a socket does the same, and waits in between:
//!
//! ```
//! use std::sync::Arc;
//!
//! use pontoon_core::http::{
//!     BodyLength, Connection, ConnectionConfig, ConnectionEvent, ContentType, ReplyHead, ResponseHead,
//!     Rules,
//! };
//! use pontoon_core::{ChildSpec, Chunk, Config, Duration, Instant, Serves};
//!
//! fn write_head(head: &ResponseHead<'_>, out: &mut Vec<u8>) {
//!     out.extend(format!("HTTP/1.1 {} \r\n", head.status()).bytes());
//!     head.headers(|name, value| out.extend(format!("{name}: {value}\r\n").bytes()));
//!     if let BodyLength::Known(bytes) = head.length() {
//!         out.extend(format!("content-length: {bytes}\r\n").bytes());
//!     }
//!     out.extend(b"\r\n");
//! }
//!
//! let child = ChildSpec { program: "server".into(), args: Vec::new(), env: None, cwd: None };
//! let config = Config::new(Serves::Command(child));
//! let config = Arc::new(ConnectionConfig {
//!     rules: Arc::new(Rules::new(&config)),
//!     limits: Arc::new(config.limits),
//!     requests_max: u64::MAX,
//!     write_head,
//! });
//! let now = Instant::ZERO;
//! let mut connection = Connection::new(config.clone(), None, now);
//!
//! // Bytes have arrived.
//! connection.handle_bytes(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n", now);
//! let Some(ConnectionEvent::Head) = connection.poll_event(now) else { panic!() };
//! let admission = config.rules.admit(&connection.head().unwrap(), Duration::ZERO);
//! connection.admit(admission, now);
//! let Some(ConnectionEvent::Request(_request)) = connection.poll_event(now) else { panic!() };
//!
//! // The engine has answered.
//! connection.respond(ReplyHead::with_body(200, ContentType::Json), Chunk::from("{}"), now);
//! let bytes = connection.poll_transmit().collect::<Vec<_>>().concat();
//! assert!(bytes.starts_with(b"HTTP/1.1 200 ") && bytes.ends_with(b"content-length: 2\r\n\r\n{}"));
//! connection.handle_sent(bytes.len(), now);
//! assert!(connection.poll_event(now).is_none(), "the next request may come");
//! ```

use std::collections::VecDeque;
use std::mem;
use std::ops::ControlFlow;
use std::sync::Arc;

use core::net::IpAddr;

use bytes::Bytes;

use crate::chunk::Chunk;
use crate::http::guard::Passed;
use crate::http::{
    Admission, Answer, BodyBuffer, ContentCoding, Guard, PeerWait, Refusal, ReplyHead, Request,
    RequestHead, Rules, TimeoutAction,
};
use crate::limits::Limits;
use crate::time::{Deadline, Instant};

use body::pass_body;
pub use lines::RequestLines;
use output::Output;
use response::ResponseRules;
pub use response::{BodyLength, ResponseHead, WriteHead};

mod body;
mod lines;
mod output;
mod response;

/// One connection of a client.
///
/// After each `handle_…` call, after [`Connection::admit`] and after an answer, the adapter calls
/// [`Connection::poll_event`] until there is no event, sends the bytes of
/// [`Connection::poll_transmit`], and asks [`Connection::poll_timeout`] again.
#[derive(Debug)]
pub struct Connection {
    config: Arc<ConnectionConfig>,
    peer: Option<IpAddr>,
    guard: Guard,
    /// Bytes that have arrived and are not processed.
    received: Vec<u8>,
    state: State,
    response: ResponseRules,
    output: Output,
    report: Option<Refusal>,
    requested: Option<RequestLines>,
    requests_left: u64,
    /// Whether the peer sends no more.
    has_ended: bool,
    /// Whether the next answer is the last one of the connection.
    is_last: bool,
}

/// The settings of a connection, which others may share.
#[derive(Debug)]
pub struct ConnectionConfig {
    /// The rules of requests that the guard refuses.
    pub rules: Arc<Rules>,
    /// The limits of the endpoint.
    pub limits: Arc<Limits>,
    /// Requests that a connection may bring; the answer to the last one says that it closes.
    pub requests_max: u64,
    /// Writes the heads of responses.
    pub write_head: WriteHead,
}

/// An event that the adapter has to handle.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "the large one is handled most often, and at once")]
pub enum ConnectionEvent {
    /// A request head is complete. The adapter checks [`Connection::head`] with the rules, and
    /// passes the result to [`Connection::admit`].
    Head,
    /// A request is complete, for the engine. The adapter answers with [`Connection::respond`], or
    /// with [`Connection::begin`], [`Connection::send`] and [`Connection::finish`].
    Request(Request),
    /// A request was refused and has its answer. The adapter reports this to the engine.
    Refused(Refusal),
    /// The last answer was sent: the adapter closes its side of the connection for writing.
    Shutdown,
    /// The connection is over: the adapter closes it.
    Closed,
}

#[derive(Debug)]
enum State {
    ReadingHead,
    /// A head waits for its verdict.
    Head(RequestLines),
    ReadingBody(Box<Reading>),
    /// The engine has the request.
    Waiting,
    Streaming(BodyLength),
    /// The whole response is in the output.
    Responding {
        close: bool,
    },
    /// This side is closed; the peer may send this many more bytes until it closes its own.
    Lingering {
        bytes_left: usize,
    },
    Closed,
}

/// A request that is being read.
#[derive(Debug)]
struct Reading {
    head: RequestLines,
    admission: Admission,
    /// The body; `None` if the request takes none.
    body: Option<BodyBuffer>,
}

/// The result of one step of [`Connection::poll_event`]: to go on, or to stop with an event or
/// because more bytes, an answer or time are needed.
type Step = ControlFlow<Option<ConnectionEvent>>;

const PENDING: Step = ControlFlow::Break(None);

fn event(event: ConnectionEvent) -> Step {
    ControlFlow::Break(Some(event))
}

impl Connection {
    /// Creates the connection that was accepted at `now` from `peer`.
    pub fn new(config: Arc<ConnectionConfig>, peer: Option<IpAddr>, now: Instant) -> Connection {
        Connection {
            guard: Guard::new(config.limits.clone(), now),
            peer,
            received: Vec::new(),
            state: State::ReadingHead,
            response: ResponseRules::UNKNOWN,
            output: Output::default(),
            report: None,
            requested: None,
            requests_left: config.requests_max,
            has_ended: false,
            is_last: false,
            config,
        }
    }

    /// Returns how many bytes the adapter may read now; 0 while the client has to wait.
    pub fn read_bytes_max(&self) -> usize {
        match self.state {
            _ if self.has_ended => 0,
            State::Lingering { bytes_left } => bytes_left.min(READ_BYTES_MAX),
            State::Responding { close: true } | State::Closed => 0,
            _ if self.guard.refused().is_some() => 0,
            _ => {
                let free = self.guard.held_bytes_max().saturating_sub(self.received.len());
                free.min(READ_BYTES_MAX)
            }
        }
    }

    /// Takes bytes that have arrived, at most [`Connection::read_bytes_max`].
    pub fn handle_bytes(&mut self, bytes: &[u8], now: Instant) {
        match &mut self.state {
            State::Lingering { bytes_left } => {
                *bytes_left = bytes_left.saturating_sub(bytes.len());
                if *bytes_left == 0 {
                    self.state = State::Closed;
                } else {
                    self.guard.closing(now);
                }
            }
            // A new buffer costs less than to let one grow that is too small for them.
            _ if self.received.is_empty() => self.received = bytes.to_vec(),
            _ => self.received.extend_from_slice(bytes),
        }
    }

    /// Handles the end of the peer's input. The peer may still read: a complete request is
    /// answered.
    pub fn handle_end(&mut self) {
        self.has_ended = true;
    }

    /// Handles a request without TLS where TLS is expected, found by [`begins_http`] in the first
    /// byte. Its answer is sent without TLS.
    ///
    /// [`begins_http`]: crate::http::begins_http
    pub fn handle_plain_http(&mut self, now: Instant) {
        self.guard.plain_http(now);
        self.refuse(now);
    }

    /// Returns the next event.
    pub fn poll_event(&mut self, now: Instant) -> Option<ConnectionEvent> {
        self.requested = None;
        loop {
            if let Some(report) = self.report.take() {
                return Some(ConnectionEvent::Refused(report));
            }
            let step = match &self.state {
                State::ReadingHead => self.read_head(now),
                State::ReadingBody(_) => self.read_body(now),
                State::Head(_) => PENDING,
                State::Waiting | State::Streaming(_) => {
                    self.skip_body(now);
                    if self.has_ended {
                        self.guard.ended(now);
                    }
                    PENDING
                }
                State::Responding { close } if self.output.is_empty() => self.end(*close, now),
                State::Responding { .. } => PENDING,
                State::Lingering { .. } if self.has_ended => event(ConnectionEvent::Closed),
                State::Lingering { .. } => PENDING,
                State::Closed => event(ConnectionEvent::Closed),
            };
            if let ControlFlow::Break(event) = step {
                return event;
            }
        }
    }

    /// Returns the head of the last [`ConnectionEvent::Head`] or [`ConnectionEvent::Request`].
    pub fn head(&self) -> Option<RequestHead<'_, RequestLines>> {
        let State::Head(lines) = &self.state else {
            return self.requested.as_ref().map(|lines| lines.head(self.peer));
        };
        Some(lines.head(self.peer))
    }

    /// Takes the verdict of [`Rules::admit`] about [`Connection::head`].
    pub fn admit(&mut self, verdict: Result<Admission, Box<Answer>>, now: Instant) {
        let head = match mem::replace(&mut self.state, State::Waiting) {
            State::Head(head) => head,
            other => {
                self.state = other;
                return;
            }
        };
        let admission = match verdict {
            Ok(admission) => admission,
            Err(answer) => return self.answer(*answer, now),
        };
        self.response.cors.clone_from(&admission.cors);
        self.response.close |= admission.close;
        self.response.coding = admission.coding;
        let body = admission.expects_body().then(|| admission.body(&head.head(self.peer)));
        // A client that has begun to send the body waits for nothing.
        let waits = head.expects_continue && self.received.is_empty();
        if body.is_some() && waits && self.guard.is_inside_body() {
            self.output.push(&b"HTTP/1.1 100 Continue\r\n\r\n"[..]);
        }
        self.guard.restart_body(now);
        self.state = State::ReadingBody(Box::new(Reading { head, admission, body }));
    }

    /// Returns the form in which the answer to the current request may be sent, for
    /// [`ReplyHead::encode`].
    pub fn coding(&self) -> ContentCoding {
        self.response.coding
    }

    /// Answers the request of the last [`ConnectionEvent::Request`]; its body is complete.
    pub fn respond(&mut self, mut head: ReplyHead, body: Chunk, now: Instant) {
        if let State::Waiting = self.state {
            head.cors = self.response.cors.take();
            self.write_response(head, body, now);
        }
    }

    /// Answers that request with a body that is still to come.
    pub fn begin(&mut self, mut head: ReplyHead, now: Instant) {
        let State::Waiting = self.state else { return };
        self.guard.streaming();
        head.cors = self.response.cors.take();
        let length = match self.response.is_http_10 {
            true => BodyLength::UntilClosed,
            false => BodyLength::Chunked,
        };
        head.close |= length == BodyLength::UntilClosed;
        self.response.close = self.write_head(head, length, now);
        self.state = State::Streaming(length);
    }

    /// Sends the next parts of the body that was begun.
    pub fn send(&mut self, parts: &mut VecDeque<Bytes>) {
        let State::Streaming(length) = self.state else { return parts.clear() };
        let bytes = parts.iter().map(Bytes::len).sum::<usize>();
        if bytes == 0 || self.response.is_head {
            return parts.clear();
        }
        if length == BodyLength::Chunked {
            self.output.push(format!("{bytes:x}\r\n"));
        }
        parts.drain(..).for_each(|part| self.output.push_content(part));
        if length == BodyLength::Chunked {
            self.output.push(&b"\r\n"[..]);
        }
    }

    /// Ends the body that was begun.
    pub fn finish(&mut self) {
        let State::Streaming(length) = self.state else { return };
        if length == BodyLength::Chunked && !self.response.is_head {
            self.output.push(&b"0\r\n\r\n"[..]);
        }
        self.state = State::Responding { close: self.response.close };
    }

    /// Returns the bytes to be sent, in order.
    pub fn poll_transmit(&self) -> impl Iterator<Item = &[u8]> {
        self.output.pieces()
    }

    /// Whether there is nothing to send: the adapter may pass on more of a body that was begun.
    pub fn has_sent_all(&self) -> bool {
        self.output.is_empty()
    }

    /// Whether bytes have arrived that are not processed yet, such as a request that waits for the
    /// answer to the one before.
    pub fn has_received(&self) -> bool {
        !self.received.is_empty()
    }

    /// Records that the transport accepted this many bytes of [`Connection::poll_transmit`].
    /// Returns how many of them were content of the answer.
    pub fn handle_sent(&mut self, bytes: usize, now: Instant) -> usize {
        self.guard.wrote(now);
        self.output.remove(bytes)
    }

    /// Records that the transport accepts no more bytes for now.
    pub fn handle_write_blocked(&mut self, now: Instant) {
        self.guard.write_blocked(now);
    }

    /// Records that the endpoint drains: the next answer is the last one.
    pub fn handle_draining(&mut self) {
        self.is_last = true;
    }

    /// Records that the endpoint has stopped, and has answered every request that it accepted.
    pub fn handle_stopped(&mut self, now: Instant) {
        self.is_last = true;
        self.guard.stopped(now);
    }

    /// Returns the next deadline.
    pub fn poll_timeout(&self) -> Option<Deadline> {
        self.guard.poll_timeout()
    }

    /// Handles a deadline that has passed. Before it, the adapter passes on the bytes that have
    /// arrived, because between two requests they keep the connection open.
    pub fn handle_timeout(&mut self, now: Instant) {
        let breach = self.guard.handle_timeout(now);
        self.handle_timeout_action(breach, now);
    }

    /// Returns the step of the peer that the connection waits for, and since when.
    pub fn waits_for_peer(&self) -> Option<(PeerWait, Instant)> {
        self.guard.waits_for_peer()
    }

    /// Ends the connection, because a new one has no room. If it does not wait for its peer, it
    /// ends with the answer to the request in flight.
    pub fn give_way(&mut self, now: Instant) {
        self.is_last = true;
        let breach = self.guard.give_way(now);
        self.handle_timeout_action(breach, now);
    }

    fn handle_timeout_action(&mut self, breach: Option<TimeoutAction>, now: Instant) {
        match breach {
            None => {}
            Some(TimeoutAction::Close | TimeoutAction::CloseIdle) => self.state = State::Closed,
            Some(TimeoutAction::Refuse(_)) => self.refuse(now),
        }
    }

    fn read_head(&mut self, now: Instant) -> Step {
        match self.guard.step(&self.received, now) {
            Ok(Passed::Head(bytes)) => {
                let rest = match bytes == self.received.len() {
                    true => Vec::new(),
                    false => self.received.split_off(bytes),
                };
                let head = RequestLines::read(mem::replace(&mut self.received, rest), now);
                self.requests_left = self.requests_left.saturating_sub(1);
                self.response = ResponseRules {
                    is_http_10: head.is_http_10,
                    is_head: head.is_head(),
                    close: !head.persists || self.requests_left == 0,
                    ..ResponseRules::UNKNOWN
                };
                // The body is not read before the verdict.
                self.guard.pause_body();
                self.state = State::Head(head);
                event(ConnectionEvent::Head)
            }
            Ok(_) if self.has_ended => {
                match self.guard.ended(now) {
                    Some(_) => self.refuse(now),
                    None => self.state = State::Closed,
                }
                ControlFlow::Continue(())
            }
            Ok(_) => PENDING,
            Err(_) => {
                self.refuse(now);
                ControlFlow::Continue(())
            }
        }
    }

    fn read_body(&mut self, now: Instant) -> Step {
        let State::ReadingBody(reading) = &mut self.state else { return PENDING };
        if let Some(body) = &mut reading.body {
            let result =
                pass_body(&mut self.guard, &mut self.received, now, |part| body.push(part));
            if self.guard.refused().is_some() {
                self.refuse(now);
                return ControlFlow::Continue(());
            }
            if let Err(reject) = result {
                let cors = self.response.cors.take();
                self.answer(Answer::refusal(reject, cors), now);
                return ControlFlow::Continue(());
            }
            if self.guard.is_inside_body() {
                if !self.has_ended {
                    return PENDING;
                }
                self.guard.ended(now);
                self.refuse(now);
                return ControlFlow::Continue(());
            }
        }
        let State::ReadingBody(reading) = mem::replace(&mut self.state, State::Waiting) else {
            unreachable!("the state was looked at")
        };
        let Reading { head, admission, body } = *reading;
        let body = body.map(BodyBuffer::finish).unwrap_or_default();
        let request = admission.request(body, &head.head(self.peer));
        self.requested = Some(head);
        match request {
            Ok(request) => event(ConnectionEvent::Request(request)),
            Err(answer) => {
                self.answer(*answer, now);
                ControlFlow::Continue(())
            }
        }
    }

    /// Drops the bytes that have arrived of a body that the request does not take.
    fn skip_body(&mut self, now: Instant) {
        if self.guard.is_inside_body() {
            // If the body is broken, the guard knows, and the connection ends with the answer.
            let _ = pass_body(&mut self.guard, &mut self.received, now, |_| Ok(()));
        }
    }

    /// Answers the request, or the bytes that are none, that the guard has refused.
    fn refuse(&mut self, now: Instant) {
        match self.state {
            State::ReadingHead => self.response = ResponseRules::UNKNOWN,
            State::Head(_) | State::ReadingBody(_) => {}
            // Its answer is on the way already.
            _ => return,
        }
        self.received.clear();
        match self.config.rules.refusal(&self.guard) {
            Some(answer) => self.answer(answer, now),
            None => self.state = State::Closed,
        }
    }

    fn answer(&mut self, answer: Answer, now: Instant) {
        self.report = answer.report();
        self.write_response(answer.head, Chunk::from(answer.body), now);
    }

    fn write_response(&mut self, head: ReplyHead, body: Chunk, now: Instant) {
        let length = match head.status {
            100..=199 | 204 | 304 => BodyLength::None,
            _ => BodyLength::Known(body.len()),
        };
        let close = self.write_head(head, length, now);
        if !self.response.is_head {
            body.into_iter().for_each(|part| self.output.push_content(part));
        }
        self.state = State::Responding { close };
    }

    /// Returns whether the connection closes after this response.
    fn write_head(&mut self, mut head: ReplyHead, length: BodyLength, now: Instant) -> bool {
        self.skip_body(now);
        // The rest of a body could be taken for the next request.
        let is_unread = self.guard.is_inside_body() || self.guard.refused().is_some();
        head.close |= self.response.close || self.is_last || is_unread;
        let is_http_10 = self.response.is_http_10;
        let mut bytes = Vec::with_capacity(HEAD_BYTES_TYPICAL);
        let head = ResponseHead { reply: &head, is_http_10, length };
        (self.config.write_head)(&head, &mut bytes);
        self.output.push(bytes);
        head.reply.close
    }

    /// Goes on after a response that was sent.
    fn end(&mut self, close: bool, now: Instant) -> Step {
        let is_unread = self.guard.refused().is_some() || self.guard.is_inside_body();
        if !close && !is_unread {
            self.guard.responded(now);
            self.state = State::ReadingHead;
            return ControlFlow::Continue(());
        }
        // If both sides closed at once, bytes that are still on their way would reset the
        // connection, and the client could lose the answer.
        let lingers = !self.has_ended && (is_unread || !self.received.is_empty());
        self.received = Vec::new();
        self.state = match lingers {
            true => State::Lingering { bytes_left: self.config.limits.body_bytes_max },
            false => State::Closed,
        };
        self.guard.closing(now);
        event(ConnectionEvent::Shutdown)
    }
}

/// Bytes that are read at a time.
const READ_BYTES_MAX: usize = 16 * 1024;

/// The usual length of a response head.
const HEAD_BYTES_TYPICAL: usize = 256;

#[cfg(test)]
mod tests;
