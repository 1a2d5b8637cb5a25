//! The strict front of a connection: only unambiguous HTTP/1.1 gets past it, within its limits.
//!
//! Owns: the framing of requests, the limits of a head and a body, and every deadline of a
//! connection. It stands in front of an HTTP library, so that all libraries see the same bytes and
//! none of them is asked to judge doubtful ones.
//! Never: routes, methods, media types, or whether a host is allowed (that is
//! [`Rules`](super::Rules)); never changes a byte.
//!
//! Sources: RFC 9112 (HTTP/1.1), RFC 9110 (Host, Content-Length, Expect). Where they let a recipient
//! forgive or ignore something that another one may read otherwise, it is refused here:
//!
//! | received | verdict |
//! |---|---|
//! | a line that ends in LF alone, a folded line, two empty lines before the request line | `BadHead` |
//! | a control byte; a byte above 0x7f, except in a value that is not read here | `BadHead` |
//! | a target that is neither a path nor a URL whose authority `Host` repeats | `BadTarget` |
//! | no `Host` in HTTP/1.1, two, or one that is no host with an optional port | `BadHost` |
//! | two lengths, a list of lengths, a length beside `Transfer-Encoding` | `AmbiguousLength` |
//! | `Transfer-Encoding` other than `chunked` alone, or in HTTP/1.0 | `BadTransferCoding` |
//! | chunk extensions of more than 4 KiB | `BadChunk` |
//! | a trailer | `Trailer` |
//!
//! One empty line before a request line, bytes above 0x7f in other values, a target in absolute form
//! and chunk extensions pass: each can be read in one way only. An adapter takes the path out of a
//! target in absolute form.
//!
//! An offer to upgrade (`Connection: Upgrade`, `Upgrade: h2c`) passes: a server may ignore it
//! (RFC 9110, section 7.8), and curl makes it. Adapters must never take one up, nor let
//! their library read the body otherwise because of it.
//!
//! ```text
//!          first byte        head complete        body complete
//!   Fresh ────────────► Head ─────────────► Body ─────────────► Idle
//!                       ▲  │                                    ▲  │
//!                       │  └──────── complete, no body ─────────┘  │
//!                       └───── first byte, when answered ──────────┘
//! ```
//!
//! `Closing` follows once our side is closed after the last answer.
//!
//! Each of them goes to `Refused` when the peer is wrong or late inside a request. When its time is up
//! and no answer is owed, it goes to `Parting` if a request may still come, from which one leads on to
//! `Head`, and else to `Closed`.
//!
//! While the endpoint drains, connections stay as they are: what is in flight may need a client's
//! word, and a request that is answered by a refusal is better off than one that meets a closed
//! connection. Only once the endpoint has stopped are they closed, and each is given a moment for
//! what is on its way.

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

/// Judges what one connection receives, and says what is due on it.
///
/// The adapter keeps the bytes. Whenever some arrive, and after [`Guard::responded`], it shows all
/// it has not passed on to [`Guard::inspect`]. After any call it asks [`Guard::poll_timeout`] anew.
///
/// One request is let through at a time: the next head waits, unread, until the one before has been
/// answered. That keeps answers in order, and leaves pipelined requests to the adapter's buffer
/// and, behind it, to TCP.
#[derive(Debug)]
pub struct Guard {
    limits: Arc<Limits>,
    phase: Phase,
    in_flight: usize,
    /// Whether the request in flight is answered by an event stream.
    is_streaming: bool,
    /// When the peer had sent its last byte.
    peer_ended: Option<Instant>,
    write_blocked: Option<Instant>,
    refused: Option<Reject>,
    /// Where the fault is that was refused.
    fault: Option<String>,
    /// The value of `Origin` of the last request, as far as its head was read.
    origin: Option<Box<[u8]>>,
    /// When the endpoint had stopped.
    stopped: Option<Instant>,
}

/// What may be done with the bytes that were shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Inspection {
    /// How many of them, from the front, go to the HTTP library. The rest is kept, and shown again
    /// together with what arrives next.
    pub pass: usize,
    /// Why nothing after them ever will.
    ///
    /// With [`Guard::in_flight`] 0 the library knows nothing of the refused request, and all
    /// requests before it have been answered: the adapter writes the answer itself. Otherwise the
    /// body of the request in flight is broken, and the answer takes the place of that request's.
    /// Either way the connection closes after it.
    pub refuse: Option<Reject>,
}

/// What an elapsed deadline asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breach {
    /// Answer as for [`Inspection::refuse`], then close.
    Refuse(Reject),
    /// Close without an answer.
    Close,
    /// Close, unless something has arrived in the meantime: that is looked for first, by reading
    /// once more, and if there is anything it is shown to [`Guard::inspect`]. A client cannot know
    /// that its connection is about to be closed, so between two requests this is what keeps the
    /// next one from being lost (RFC 9112, section 9.5).
    CloseIdle,
}

/// The steps of a peer that a connection waits for, in the order in which connections give way:
/// those from which least is lost come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PeerWait {
    /// To close its side, after the last answer.
    Closing,
    /// To send its first byte.
    FirstByte,
    /// To send another request.
    NextRequest,
    /// To send the rest of a request head.
    Head,
    /// To send the rest of a request body.
    Body,
    /// To take bytes of an answer.
    Taking,
}

/// Chooses the connection that gives way to a new one, of those that wait for their peers. None of
/// them does before it has waited for half a second: its peer may just be about to send.
pub fn first_to_give_way<T>(
    waiting: impl Iterator<Item = ((PeerWait, Instant), T)>,
    now: Instant,
) -> Option<(PeerWait, T)> {
    let ripe = waiting.filter(|((_, since), _)| *since + WAIT_MIN <= now);
    ripe.min_by_key(|(wait, _)| *wait).map(|((wait, _), connection)| (wait, connection))
}

/// How long a connection waits for its peer before it may give way.
const WAIT_MIN: Duration = Duration::from_millis(500);

/// Where the connection is; every `Instant` is when that began.
#[derive(Debug)]
enum Phase {
    /// Connected; no byte has come.
    Fresh(Instant),
    /// Between two requests, or waiting for the answer to the last one.
    Idle(Instant),
    /// A head has begun.
    Head(Instant, Head),
    /// Silent for too long; closed unless a request has just come.
    Parting,
    /// A request is let through, and its body is not complete.
    Body(Instant, Body),
    /// The peer was wrong, and may take its answer.
    Refused(Instant),
    /// The body broke after its request had been answered: nothing is left to say.
    Broken(Instant),
    /// Our side is closed, and the peer has yet to see that; when it last sent something.
    Closing { since: Instant, heard: Instant },
    /// The adapter was told to close.
    Closed,
}

impl Guard {
    /// The guard of a connection that was accepted at `now`.
    pub fn new(limits: Arc<Limits>, now: Instant) -> Guard {
        Guard {
            limits,
            phase: Phase::Fresh(now),
            in_flight: 0,
            is_streaming: false,
            peer_ended: None,
            write_blocked: None,
            refused: None,
            fault: None,
            origin: None,
            stopped: None,
        }
    }

    /// Judges `bytes`: everything received and not passed on, so what was held back the last time
    /// is shown again, in front of what is new.
    ///
    /// A head passes only once it is complete and clean; bytes of a body pass as they come. It
    /// makes no difference how the input is split, and a head that drips in byte by byte is still
    /// judged in linear time.
    ///
    /// The deadlines of a body go by what was shown here, so the adapter keeps reading while
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

    /// Bytes an adapter has to be able to hold back. While it holds as many it must not read: they
    /// are requests that wait for their turn.
    pub fn held_bytes_max(&self) -> usize {
        self.limits.head_bytes_max
    }

    /// The answer to the request in flight was handed to the transport whole. Bytes held back are
    /// to be shown to [`Guard::inspect`] now. Does nothing when no request is in flight.
    pub fn responded(&mut self, now: Instant) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.is_streaming = false;
        if let Phase::Idle(since) = &mut self.phase {
            *since = now;
        }
    }

    /// The request in flight is answered by an event stream. A peer that sends no more is taken for
    /// gone at once then: a message that is sent to it could not be sent to another stream.
    pub fn streaming(&mut self) {
        self.is_streaming = self.in_flight > 0;
    }

    /// Bytes are waiting to be sent, and the peer takes none. May be repeated.
    pub fn write_blocked(&mut self, now: Instant) {
        self.write_blocked.get_or_insert(now);
    }

    /// The peer took bytes. Where more are waiting and it does not take those, that is reported
    /// with [`Guard::write_blocked`].
    pub fn wrote(&mut self, now: Instant) {
        self.write_blocked = None;
        if let Phase::Idle(since) = &mut self.phase {
            *since = now;
        }
    }

    /// The endpoint has stopped: every request it took has been answered, and no connection
    /// outlives [`Limits::farewell_time_max`] without a reason. May be repeated.
    pub fn stopped(&mut self, now: Instant) {
        self.stopped.get_or_insert(now);
    }

    /// Our side was closed after the last answer, or the peer has sent more since then, which is
    /// dropped. It may send for [`Limits::write_time_max`], and be silent for
    /// [`Limits::linger_time_max`], before it closes its own side.
    pub fn closing(&mut self, now: Instant) {
        let since = match self.phase {
            Phase::Closing { since, .. } => since,
            _ => now,
        };
        self.phase = Phase::Closing { since, heard: now };
    }

    /// The step of the peer that the connection waits for, and since when; `None` while a request is
    /// being answered, and once the connection is about to close.
    ///
    /// When there is no room for a new connection, one of these gives way: [`first_to_give_way`].
    pub fn waits_for_peer(&self) -> Option<(PeerWait, Instant)> {
        match &self.phase {
            Phase::Parting | Phase::Closed => None,
            _ if self.write_blocked.is_some() => Some((PeerWait::Taking, self.write_blocked?)),
            Phase::Closing { since, .. } => Some((PeerWait::Closing, *since)),
            Phase::Fresh(since) => Some((PeerWait::FirstByte, *since)),
            Phase::Idle(since) if self.in_flight == 0 => Some((PeerWait::NextRequest, *since)),
            Phase::Head(since, _) => Some((PeerWait::Head, *since)),
            Phase::Body(since, _) => Some((PeerWait::Body, *since)),
            _ => None,
        }
    }

    /// Ends a connection that waits for its peer, because there is no room for a new one. `None` if
    /// it does not wait any more.
    pub fn give_way(&mut self, now: Instant) -> Option<Breach> {
        match self.waits_for_peer()?.0 {
            PeerWait::FirstByte | PeerWait::NextRequest => {
                self.phase = Phase::Parting;
                Some(Breach::CloseIdle)
            }
            PeerWait::Body if self.in_flight > 0 => {
                self.refuse(Reject::RequestsFull, now);
                Some(Breach::Refuse(Reject::RequestsFull))
            }
            _ => Some(self.close()),
        }
    }

    /// The peer sends no more; everything it sent has been shown to [`Guard::inspect`].
    ///
    /// Refuses a request it broke off. Between requests, and while a complete one is in flight,
    /// this is no fault: the peer may still read. The answer has
    /// [`Limits::half_closed_time_max`] to come; the adapter does not tell its library before that.
    pub fn ended(&mut self, now: Instant) -> Option<Reject> {
        self.peer_ended.get_or_insert(now);
        if matches!(self.phase, Phase::Head(..) | Phase::Body(..)) {
            self.refuse(Reject::BodyTruncated, now);
        }
        self.refused
    }

    /// The next deadline of this connection.
    ///
    /// There is none while a complete request is in flight and its answer is being taken: streams
    /// are long.
    pub fn poll_timeout(&self) -> Option<Deadline> {
        let phase = self.phase_deadline();
        let write = self.write_deadline();
        phase.into_iter().chain(write).min()
    }

    /// Says what is due at `now`, if anything. Early and late calls are harmless.
    pub fn handle_timeout(&mut self, now: Instant) -> Option<Breach> {
        let is_due = |deadline: Option<Deadline>| deadline.is_some_and(|due| due.at <= now);
        // A peer that takes no bytes would not take a refusal either.
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
                self.phase = Phase::Parting;
                return Some(Breach::CloseIdle);
            }
            _ => return Some(self.close()),
        };
        self.refuse(reject, now);
        Some(Breach::Refuse(reject))
    }

    /// Requests let through and not yet answered: none or one.
    pub fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Whether a request has been let through whose body is not complete.
    pub fn is_inside_body(&self) -> bool {
        matches!(self.phase, Phase::Body(..))
    }

    /// Why nothing passes any more, once that is so.
    pub fn refused(&self) -> Option<Reject> {
        self.refused
    }

    /// Where the fault is that was refused, if it is in a head.
    pub(super) fn fault(&self) -> Option<&str> {
        self.fault.as_deref()
    }

    /// The value of `Origin` of the last request, as far as its head was read.
    pub(super) fn origin(&self) -> Option<&[u8]> {
        self.origin.as_deref()
    }

    /// Takes what the current phase can use of `bytes`; 0 when it needs more of them, or time.
    fn advance(&mut self, bytes: &[u8], now: Instant) -> Result<usize, Reject> {
        match &mut self.phase {
            Phase::Fresh(_) | Phase::Idle(_) | Phase::Parting => {
                if self.in_flight > 0 || bytes.is_empty() {
                    return Ok(0);
                }
                let skipped = match bytes {
                    // An empty line before a request is no part of it (RFC 9112, section 2.2), and
                    // begins none.
                    b"\r" | b"\r\n" => {
                        if let Phase::Parting = self.phase {
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

    /// Stops everything, with an answer if one is still owed: a body may break after its request
    /// has been answered, and a second answer would be taken for that of the next request.
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

    fn close(&mut self) -> Breach {
        self.phase = Phase::Closed;
        Breach::Close
    }

    fn phase_deadline(&self) -> Option<Deadline> {
        let limits = &self.limits;
        let deadline = |since: &Instant, time, why| Deadline { at: *since + time, why };
        let deadline = match &self.phase {
            Phase::Fresh(since) | Phase::Head(since, _) => {
                deadline(since, limits.head_time_max, TimerKind::Head)
            }
            // A peer that takes an answer slowly is not idle.
            Phase::Idle(_) if self.write_blocked.is_some() => return None,
            Phase::Idle(since) if self.in_flight > 0 => {
                let ended = self.peer_ended?.max(*since);
                let time =
                    if self.is_streaming { Duration::ZERO } else { limits.half_closed_time_max };
                return Some(deadline(&ended, time, TimerKind::Idle));
            }
            Phase::Idle(since) => deadline(since, limits.idle_time_max, TimerKind::Idle),
            Phase::Body(since, body) => deadline(since, body.time_max(limits), TimerKind::Body),
            // The peer has to take the refusal and hang up; then the connection is reset.
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
            Phase::Parting | Phase::Closed => return None,
        };
        let farewell = self.stopped.map(|stopped| stopped + limits.farewell_time_max);
        Some(Deadline { at: farewell.map_or(deadline.at, |at| deadline.at.min(at)), ..deadline })
    }

    /// When a peer has taken no byte for too long; or, once the endpoint has stopped, not all.
    fn write_deadline(&self) -> Option<Deadline> {
        if matches!(self.phase, Phase::Closed | Phase::Parting) {
            return None;
        }
        let since = self.write_blocked.into_iter().chain(self.stopped).min()?;
        Some(Deadline { at: since + self.limits.write_time_max, why: TimerKind::Write })
    }
}

#[cfg(test)]
mod tests;
