//! The strict parser in front of a connection: only unambiguous HTTP/1.1 passes, within its limits.
//!
//! Owns: the framing of requests, the limits of a head and a body, and every deadline of a
//! connection. It stands in front of an HTTP library, so that all libraries see the same bytes, and
//! none of them has to interpret ambiguous ones.
//! Never: routes, methods, media types, or whether a host is allowed (that is
//! [`Rules`](super::Rules)); never changes a byte.
//!
//! Sources: RFC 9112 (HTTP/1.1), RFC 9110 (Host, Content-Length, Expect). Where they let a
//! recipient tolerate or ignore input that another recipient may read differently, it is refused:
//!
//! | received | verdict |
//! |---|---|
//! | a line that ends in LF alone, a folded line, two empty lines before the request line | `BadHead` |
//! | a control byte; a byte above 0x7f, except in a value that is not read here | `BadHead` |
//! | a target that is neither a path nor a URL with the authority of `Host` | `BadTarget` |
//! | no `Host` in HTTP/1.1, two, or one that is not a host with an optional port | `BadHost` |
//! | two lengths, a list of lengths, a length beside `Transfer-Encoding` | `AmbiguousLength` |
//! | `Transfer-Encoding` other than `chunked` alone, or in HTTP/1.0 | `BadTransferCoding` |
//! | chunk extensions of more than 4 KiB | `BadChunk` |
//! | a trailer | `Trailer` |
//!
//! One empty line before a request line, bytes above 0x7f in other values, a target in absolute
//! form and chunk extensions pass, because each can be read in only one way. An adapter extracts
//! the path from a target in absolute form.
//!
//! An offer to upgrade (`Connection: Upgrade`, `Upgrade: h2c`) passes: a server may ignore it (RFC
//! 9110, section 7.8), and curl sends it. Adapters must never accept one, nor let their library
//! read the body differently because of it.
//!
//! ```text
//!          first byte        head complete        body complete
//!   Fresh ────────────► Head ─────────────► Body ─────────────► Idle
//!                       ▲  │                                    ▲  │
//!                       │  └──────── complete, no body ─────────┘  │
//!                       └───── first byte, when answered ──────────┘
//! ```
//!
//! `Closing` follows once this side is closed after the last answer.
//!
//! Each phase goes to `Refused` when the peer breaks a rule or a deadline inside a request. When a
//! deadline passes and no answer is pending, the connection goes to `Parting` if a request may
//! still arrive, which leads to `Head`, and otherwise to `Closed`.
//!
//! While the endpoint drains, connections stay open: requests in flight may need messages of their
//! client, and a request that is refused is better off than one on a closed connection. Connections
//! are closed once the endpoint has stopped, after a short time for requests on their way.

use std::sync::Arc;

use crate::limits::Limits;
use crate::reject::Reject;
use crate::time::{Deadline, Duration, Instant, TimerKind};

use body::Body;
use head::Head;
pub(crate) use head::is_token_byte;

mod body;
mod fields;
mod head;

/// Validates the bytes that a connection receives, and tracks its deadlines.
///
/// The adapter keeps the bytes. Whenever some arrive, and after [`Guard::responded`], it passes all
/// that it has not passed on to [`Guard::inspect`]. After any call it asks [`Guard::poll_timeout`]
/// again.
///
/// One request passes at a time: the next head waits, unread, until the one before has been
/// answered. That keeps answers in order, and leaves pipelined requests in the adapter's buffer and
/// in TCP.
#[derive(Debug)]
pub struct Guard {
    limits: Arc<Limits>,
    phase: Phase,
    in_flight: usize,
    /// Whether an event stream answers the request in flight.
    is_streaming: bool,
    /// Whether the body is not read yet, because the head has to be judged first.
    is_body_paused: bool,
    /// The time of the end of the peer's input.
    peer_ended: Option<Instant>,
    write_blocked: Option<Instant>,
    refused: Option<Reject>,
    /// The position of the refused fault.
    fault: Option<String>,
    /// The value of `Origin` of the last request, if its head was read so far.
    origin: Option<Box<[u8]>>,
    /// The time at which the endpoint stopped.
    stopped: Option<Instant>,
}

/// The verdict on the inspected bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Inspection {
    /// The number of leading bytes to pass to the HTTP library. The rest is kept, and inspected
    /// again together with the next bytes.
    pub pass: usize,
    /// The reason why no further byte will pass.
    ///
    /// If [`Guard::in_flight`] is 0, the library has not seen the refused request, and all requests
    /// before it have been answered: the adapter writes the answer itself. Otherwise the body of
    /// the request in flight is invalid, and the answer replaces that request's. In both cases the
    /// connection closes after the answer.
    pub refuse: Option<Reject>,
}

/// The part of a request that [`Guard::step`] let through, with its length in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passed {
    /// No bytes: more of them are needed, or the request in flight has to be answered first.
    Nothing,
    /// A complete head, and the empty line before it if there is one.
    Head(usize),
    /// Data of the body.
    Data(usize),
    /// Bytes of the body that frame chunks.
    Framing(usize),
}

/// The consequence of a missed deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeoutAction {
    /// Answer as with [`Inspection::refuse`], then close.
    Refuse(Reject),
    /// Close without an answer.
    Close,
    /// Close, unless something has arrived in the meantime: read once more, and pass anything read
    /// to [`Guard::inspect`]. A client cannot know that its connection is about to be closed, so
    /// this prevents the loss of its next request (RFC 9112, section 9.5).
    CloseIdle,
}

/// The step of the peer that a connection waits for, in the order in which connections are closed
/// for new ones: those that lose least come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PeerWait {
    /// Closing its side, after the last answer.
    Closing,
    /// Sending its first byte.
    FirstByte,
    /// Sending another request.
    NextRequest,
    /// Sending the rest of a request head.
    Head,
    /// Sending the rest of a request body.
    Body,
    /// Reading an answer.
    Taking,
}

/// Chooses a connection to close for a new one, among those that wait for their peers. A connection
/// is not chosen before it has waited for half a second, because its peer may be about to send.
pub fn first_to_give_way<T>(
    waiting: impl Iterator<Item = ((PeerWait, Instant), T)>,
    now: Instant,
) -> Option<(PeerWait, T)> {
    let ripe = waiting.filter(|((_, since), _)| *since + WAIT_MIN <= now);
    ripe.min_by_key(|(wait, _)| *wait).map(|((wait, _), connection)| (wait, connection))
}

/// Returns whether a connection with this first byte begins with an HTTP request, where TLS is
/// expected: with a method, whereas each type of a TLS record is a control byte (RFC 8446, section
/// 5.1).
pub fn begins_http(first: u8) -> bool {
    first.is_ascii_uppercase()
}

/// The time that a connection waits for its peer before it can be closed for a new one.
const WAIT_MIN: Duration = Duration::from_millis(500);

/// The phase of a connection; every `Instant` is the time at which it began.
#[derive(Debug)]
enum Phase {
    /// Connected, without a byte so far.
    Fresh(Instant),
    /// Between two requests, or waiting for the answer to the last one.
    Idle(Instant),
    /// A head has begun.
    Head(Instant, Head),
    /// Silent for too long; closed unless a request has just arrived.
    IdleTimedOut,
    /// A request has passed, and its body is incomplete.
    Body(Instant, Body),
    /// The peer broke a rule, and gets its answer.
    Refused(Instant),
    /// The body was invalid after its request had been answered, so no answer follows.
    Broken(Instant),
    /// This side is closed, and the peer has not closed its own; with the time of its last byte.
    Closing { since: Instant, heard: Instant },
    /// The adapter was told to close.
    Closed,
}

impl Guard {
    /// Creates the guard of a connection accepted at `now`.
    pub fn new(limits: Arc<Limits>, now: Instant) -> Guard {
        Guard {
            limits,
            phase: Phase::Fresh(now),
            in_flight: 0,
            is_streaming: false,
            is_body_paused: false,
            peer_ended: None,
            write_blocked: None,
            refused: None,
            fault: None,
            origin: None,
            stopped: None,
        }
    }

    /// Inspects `bytes`: everything received and not passed on, so bytes that were kept are given
    /// again, in front of the new ones.
    ///
    /// A head passes only once it is complete and valid; bytes of a body pass as they arrive. The
    /// result does not depend on how the input is split, and a head that arrives byte by byte is
    /// parsed in linear time.
    ///
    /// The deadlines of a body depend on the bytes given here, so the adapter keeps reading while
    /// [`Guard::is_inside_body`].
    pub fn inspect(&mut self, bytes: &[u8], now: Instant) -> Inspection {
        let mut pass = 0;
        loop {
            match self.advance(&bytes[pass..], now) {
                Ok(0) => break,
                Ok(taken) => pass += taken,
                Err(reject) => {
                    self.refuse(reject, now);
                    break;
                }
            }
        }
        Inspection { pass, refuse: self.refused }
    }

    /// Judges the beginning of `bytes`, like [`Guard::inspect`], and stops at the next boundary.
    pub(super) fn step(&mut self, bytes: &[u8], now: Instant) -> Result<Passed, Reject> {
        let part: fn(usize) -> Passed = match &self.phase {
            Phase::Body(_, body) if body.is_inside_data() => Passed::Data,
            Phase::Body(..) => Passed::Framing,
            _ => Passed::Head,
        };
        match self.advance(bytes, now) {
            Ok(0) => Ok(Passed::Nothing),
            Ok(taken) => Ok(part(taken)),
            Err(reject) => {
                self.refuse(reject, now);
                Err(reject)
            }
        }
    }

    /// Returns the number of bytes that an adapter must be able to keep. While it keeps as many, it
    /// must not read: they are requests that wait for their turn.
    pub fn held_bytes_max(&self) -> usize {
        self.limits.head_bytes_max
    }

    /// Records that the answer to the request in flight was passed to the transport completely.
    /// Bytes that were kept must now be passed to [`Guard::inspect`]. Has no effect without a
    /// request in flight.
    pub fn responded(&mut self, now: Instant) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.is_streaming = false;
        if let Phase::Idle(since) = &mut self.phase {
            *since = now;
        }
    }

    /// Records that an event stream answers the request in flight. From then on, a peer that closes
    /// its side counts as gone at once, because a message sent to it could not be sent on another
    /// stream.
    pub fn streaming(&mut self) {
        self.is_streaming = self.in_flight > 0;
    }

    /// Records that bytes wait to be sent, and the peer reads none. May be repeated.
    pub fn write_blocked(&mut self, now: Instant) {
        self.write_blocked.get_or_insert(now);
    }

    /// Records that the peer read bytes. If it does not read further ones, report that with
    /// [`Guard::write_blocked`].
    pub fn wrote(&mut self, now: Instant) {
        self.write_blocked = None;
        if let Phase::Idle(since) = &mut self.phase {
            *since = now;
        }
    }

    /// Records that the endpoint has stopped: every request it accepted has been answered, and
    /// connections close within [`Limits::farewell_time_max`]. May be repeated.
    pub fn stopped(&mut self, now: Instant) {
        self.stopped.get_or_insert(now);
    }

    /// Records that this side was closed after the last answer, or that the peer has sent more
    /// since then, which is dropped. The peer may send for [`Limits::write_time_max`], and be
    /// silent for [`Limits::linger_time_max`], before it closes its own side.
    pub fn closing(&mut self, now: Instant) {
        let since = match self.phase {
            Phase::Closing { since, .. } => since,
            _ => now,
        };
        self.phase = Phase::Closing { since, heard: now };
    }

    /// Returns the step of the peer that the connection waits for, and since when, or `None` while
    /// a request is being answered and once the connection is about to close.
    ///
    /// If a new connection exceeds the limit, one of these is closed: [`first_to_give_way`].
    pub fn waits_for_peer(&self) -> Option<(PeerWait, Instant)> {
        match &self.phase {
            Phase::IdleTimedOut | Phase::Closed => None,
            _ if self.write_blocked.is_some() => Some((PeerWait::Taking, self.write_blocked?)),
            Phase::Closing { since, .. } => Some((PeerWait::Closing, *since)),
            Phase::Fresh(since) => Some((PeerWait::FirstByte, *since)),
            Phase::Idle(since) if self.in_flight == 0 => Some((PeerWait::NextRequest, *since)),
            Phase::Head(since, _) => Some((PeerWait::Head, *since)),
            Phase::Body(since, _) if !self.is_body_paused => Some((PeerWait::Body, *since)),
            _ => None,
        }
    }

    /// Closes a connection that waits for its peer, to admit a new one. Returns `None` if it does
    /// not wait any more.
    pub fn give_way(&mut self, now: Instant) -> Option<TimeoutAction> {
        match self.waits_for_peer()?.0 {
            PeerWait::FirstByte | PeerWait::NextRequest => {
                self.phase = Phase::IdleTimedOut;
                Some(TimeoutAction::CloseIdle)
            }
            PeerWait::Body if self.in_flight > 0 => {
                self.refuse(Reject::RequestsFull, now);
                Some(TimeoutAction::Refuse(Reject::RequestsFull))
            }
            _ => Some(self.close()),
        }
    }

    /// Records the end of the peer's input; all of it has been given to [`Guard::inspect`].
    ///
    /// Refuses an incomplete request. Between requests, and while a complete one is in flight, this
    /// is no error: the peer may still read. The answer then has [`Limits::half_closed_time_max`]
    /// to arrive; the adapter does not tell its library before that.
    pub fn ended(&mut self, now: Instant) -> Option<Reject> {
        self.peer_ended.get_or_insert(now);
        if matches!(self.phase, Phase::Head(..) | Phase::Body(..)) {
            self.refuse(Reject::BodyTruncated, now);
        }
        self.refused
    }

    /// Records that the connection began with a request without TLS, where TLS is expected. It is
    /// refused, and the answer is sent without TLS.
    pub fn plain_http(&mut self, now: Instant) {
        self.refuse(Reject::PlainHttp, now);
    }

    /// Records that the body is not read before the head is judged. Its time does not run until
    /// [`Guard::restart_body`]. May be repeated.
    pub fn pause_body(&mut self) {
        self.is_body_paused = true;
    }

    /// Starts the time for the body again, because the peer was not waited for until now.
    pub fn restart_body(&mut self, now: Instant) {
        self.is_body_paused = false;
        if let Phase::Body(since, _) = &mut self.phase {
            *since = now;
        }
    }

    /// Returns the next deadline of this connection.
    ///
    /// There is none while a complete request is in flight and its answer is being read, because
    /// streams are long.
    pub fn poll_timeout(&self) -> Option<Deadline> {
        let phase = self.phase_deadline();
        let write = self.write_deadline();
        phase.into_iter().chain(write).min()
    }

    /// Returns the consequence of a deadline that passed at `now`. Early and late calls are
    /// harmless.
    pub fn handle_timeout(&mut self, now: Instant) -> Option<TimeoutAction> {
        let is_due = |deadline: Option<Deadline>| deadline.is_some_and(|due| due.at <= now);
        // A peer that reads nothing would not read a refusal either.
        if is_due(self.write_deadline()) {
            return Some(self.close());
        }
        if !is_due(self.phase_deadline()) {
            return None;
        }
        let reject = match self.phase {
            Phase::Head(..) if self.stopped.is_some() => Reject::Draining,
            Phase::Head(..) => Reject::HeadTimeout { limit: self.limits.head_time_max },
            Phase::Body(..) if self.in_flight > 0 && self.stopped.is_some() => Reject::Draining,
            Phase::Body(..) if self.in_flight > 0 => {
                Reject::BodyTimeout { limit: self.limits.body_time_max }
            }
            Phase::Idle(_) if self.in_flight > 0 => return Some(self.close()),
            Phase::Fresh(_) | Phase::Idle(_) => {
                self.phase = Phase::IdleTimedOut;
                return Some(TimeoutAction::CloseIdle);
            }
            _ => return Some(self.close()),
        };
        self.refuse(reject, now);
        Some(TimeoutAction::Refuse(reject))
    }

    /// Returns the number of requests that passed and are not answered: none or one.
    pub fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Returns whether a request passed whose body is incomplete.
    pub fn is_inside_body(&self) -> bool {
        matches!(self.phase, Phase::Body(..))
    }

    /// Returns the reason why nothing passes any more.
    pub fn refused(&self) -> Option<Reject> {
        self.refused
    }

    /// Returns the position of the refused fault, if it is in a head.
    pub(super) fn fault(&self) -> Option<&str> {
        self.fault.as_deref()
    }

    /// Returns the value of `Origin` of the last request, if its head was read so far.
    pub(super) fn origin(&self) -> Option<&[u8]> {
        self.origin.as_deref()
    }

    /// Processes the bytes that the current phase can use; returns 0 if it needs more of them, or
    /// time.
    fn advance(&mut self, bytes: &[u8], now: Instant) -> Result<usize, Reject> {
        match &mut self.phase {
            Phase::Fresh(_) | Phase::Idle(_) | Phase::IdleTimedOut => {
                if self.in_flight > 0 || bytes.is_empty() {
                    return Ok(0);
                }
                let skipped = match bytes {
                    // An empty line before a request is not part of it (RFC 9112, section 2.2), and
                    // does not start one.
                    b"\r" | b"\r\n" => {
                        if let Phase::IdleTimedOut = self.phase {
                            self.phase = Phase::Idle(now);
                        }
                        return Ok(0);
                    }
                    [b'\r', b'\n', ..] => 2,
                    _ => 0,
                };
                self.origin = None;
                self.phase = Phase::Head(now, Head::new(skipped));
                self.advance_head(bytes, now)
            }
            Phase::Head(..) => self.advance_head(bytes, now),
            Phase::Body(_, body) => {
                let taken = body.advance(bytes, &self.limits)?;
                if body.is_complete() {
                    self.phase = Phase::Idle(now);
                }
                Ok(taken)
            }
            Phase::Refused(_) | Phase::Broken(_) | Phase::Closing { .. } | Phase::Closed => Ok(0),
        }
    }

    fn advance_head(&mut self, bytes: &[u8], now: Instant) -> Result<usize, Reject> {
        let Phase::Head(_, head) = &mut self.phase else { return Ok(0) };
        let framing = head.scan(bytes, &self.limits).inspect_err(|reject| {
            self.fault = head.fault(bytes, *reject);
        })?;
        let Some(framing) = framing else {
            return if self.peer_ended.is_some() { Err(Reject::BodyTruncated) } else { Ok(0) };
        };
        let length = head.len();
        self.origin = head.origin();
        let body = Body::new(framing);
        self.phase = if body.is_complete() { Phase::Idle(now) } else { Phase::Body(now, body) };
        self.in_flight += 1;
        Ok(length)
    }

    /// Refuses all further input, with an answer if one is still pending: a body may become invalid
    /// after its request was answered, and a second answer would count for the next request.
    fn refuse(&mut self, reject: Reject, now: Instant) {
        if let Phase::Head(_, head) = &mut self.phase {
            self.origin = head.origin();
        }
        if self.is_inside_body() && self.in_flight == 0 {
            self.phase = Phase::Broken(now);
        } else {
            self.phase = Phase::Refused(now);
            self.refused = Some(reject);
        }
    }

    fn close(&mut self) -> TimeoutAction {
        self.phase = Phase::Closed;
        TimeoutAction::Close
    }

    fn phase_deadline(&self) -> Option<Deadline> {
        let limits = &self.limits;
        let deadline = |since: &Instant, time, why| Deadline { at: *since + time, why };
        let deadline = match &self.phase {
            Phase::Fresh(since) | Phase::Head(since, _) => {
                deadline(since, limits.head_time_max, TimerKind::Head)
            }
            // A peer that reads an answer slowly is not idle.
            Phase::Idle(_) if self.write_blocked.is_some() => return None,
            Phase::Idle(since) if self.in_flight > 0 => {
                let ended = self.peer_ended?.max(*since);
                let time =
                    if self.is_streaming { Duration::ZERO } else { limits.half_closed_time_max };
                return Some(deadline(&ended, time, TimerKind::Idle));
            }
            Phase::Idle(since) => deadline(since, limits.idle_time_max, TimerKind::Idle),
            Phase::Body(..) if self.is_body_paused => {
                Deadline { at: Instant::FAR, why: TimerKind::Body }
            }
            Phase::Body(since, body) => deadline(since, body.time_max(limits), TimerKind::Body),
            // The peer has to read the refusal and close; then the connection is reset.
            Phase::Refused(since) => {
                let time = match self.stopped {
                    Some(_) => limits.farewell_time_max.min(limits.write_time_max),
                    None => limits.write_time_max,
                };
                return Some(deadline(since, time, TimerKind::Write));
            }
            Phase::Broken(since) => deadline(since, Duration::ZERO, TimerKind::Body),
            Phase::Closing { since, heard } => {
                let at = (*heard + limits.linger_time_max).min(*since + limits.write_time_max);
                Deadline { at, why: TimerKind::Write }
            }
            Phase::IdleTimedOut | Phase::Closed => return None,
        };
        let farewell = self.stopped.map(|stopped| stopped + limits.farewell_time_max);
        Some(Deadline { at: farewell.map_or(deadline.at, |at| deadline.at.min(at)), ..deadline })
    }

    /// Returns the deadline for a peer that reads no byte, or once the endpoint has stopped, not
    /// all bytes.
    fn write_deadline(&self) -> Option<Deadline> {
        if matches!(self.phase, Phase::Closed | Phase::IdleTimedOut) {
            return None;
        }
        let since = self.write_blocked.into_iter().chain(self.stopped).min()?;
        Some(Deadline { at: since + self.limits.write_time_max, why: TimerKind::Write })
    }
}

#[cfg(test)]
mod tests;
