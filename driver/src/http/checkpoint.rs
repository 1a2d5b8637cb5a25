//! A connection between its [`Guard`] and hyper, which gets only the bytes that passed the guard.
//!
//! Owns: the bytes that are kept, and the connection's deadline. Never: checks a byte itself.

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker, ready};

use bytes::{Buf, BytesMut};
use hyper::rt::ReadBufCursor;
use pontoon_core::http::{Answer, Guard, Inspection, PeerWait, Rules, TimeoutAction};
use pontoon_core::{Instant, Limits};

use crate::clock::Clock;
use crate::connections::Connection;
use crate::io::Alarm;
use crate::lock::lock;
use crate::phase::Phase;

/// The state of a connection, shared by its transport, service and task.
pub(crate) struct Checkpoint {
    pub(super) clock: Clock,
    pub(super) limits: Arc<Limits>,
    post: Mutex<Post>,
}

pub(super) struct Post {
    pub(super) guard: Guard,
    /// Bytes received, and not yet given to hyper.
    pub(super) held: BytesMut,
    /// The number of kept bytes that hyper may have.
    passed: usize,
    /// The connection's special state, if it has one.
    fate: Fate,
    /// Whether hyper has to be polled, because it can read again.
    stirred: bool,
    /// Whether the connection is to be closed, unless one more read returns something.
    pub(super) parting: bool,
    /// Whether it is to be closed for another connection.
    gives_way: bool,
    /// The task of the connection.
    task: Option<Waker>,
}

/// The next step of a connection.
pub(crate) enum Due {
    /// Hyper can read again.
    Poll,
    /// It is to be closed at once.
    Close,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Open,
    /// The peer has closed its side.
    Ended,
    /// A body was invalid; reading it fails.
    Broken,
    /// A head was refused; a stand-in for it has passed, and nothing after it.
    Refused,
}

/// The response to hyper's wish to read.
pub(super) enum Supply {
    Filled,
    Nothing,
    Receive { bytes_max: usize },
    Fail,
}

impl Checkpoint {
    pub(crate) fn new(limits: Arc<Limits>, clock: Clock) -> Self {
        let post = Post {
            guard: Guard::new(limits.clone(), clock.now()),
            held: BytesMut::new(),
            passed: 0,
            fate: Fate::Open,
            stirred: false,
            parting: false,
            gives_way: false,
            task: None,
        };
        Checkpoint { clock, limits, post: Mutex::new(post) }
    }

    /// Returns the answer that refuses the connection, if it is refused.
    pub(crate) fn refusal(&self, rules: &Rules) -> Option<Answer> {
        rules.refusal(&self.lock().guard)
    }

    /// Records that the head of the request in flight waits for a verdict, and its body is not read.
    pub(crate) fn pause_body(&self) {
        self.lock().guard.pause_body();
    }

    /// Records that the verdict is there, and the body is read from now on.
    pub(crate) fn restart_body(&self) {
        self.lock().guard.restart_body(self.clock.now());
    }

    /// Records that the answer is an event stream.
    pub(crate) fn streaming(&self) {
        self.lock().guard.streaming();
    }

    /// Records that the answer was passed to hyper completely, or will never be.
    pub(crate) fn responded(&self) {
        let mut post = self.lock();
        post.guard.responded(self.clock.now());
        post.stirred = !post.held.is_empty() || post.fate == Fate::Ended;
    }

    /// Waits until hyper has to be polled again, or the connection is to be closed because of a
    /// deadline or an error.
    pub(crate) fn poll_due(
        &self,
        cx: &mut Context<'_>,
        alarm: &mut impl Alarm,
        phase: Phase,
    ) -> Poll<Due> {
        loop {
            let deadline = {
                let mut post = self.lock();
                if mem::take(&mut post.stirred) {
                    return Poll::Ready(Due::Poll);
                }
                // Hyper has been polled and did not read, so it is not going to.
                if post.parting {
                    return Poll::Ready(Due::Close);
                }
                match phase {
                    Phase::Serving | Phase::Draining => {}
                    Phase::Stopped { forced: false } => post.guard.stopped(self.clock.now()),
                    Phase::Stopped { forced: true } => return Poll::Ready(Due::Close),
                }
                match &mut post.task {
                    Some(task) => task.clone_from(cx.waker()),
                    task => *task = Some(cx.waker().clone()),
                }
                if post.gives_way { None } else { post.guard.poll_timeout() }
            };
            let mut post = match deadline {
                Some(deadline) => {
                    ready!(alarm.poll_until(cx, deadline.at));
                    self.lock()
                }
                None => self.lock(),
            };
            let now = self.clock.now();
            let breach = match mem::take(&mut post.gives_way) {
                true => post.guard.give_way(now),
                false if deadline.is_none() => return Poll::Pending,
                false => post.guard.handle_timeout(now),
            };
            match breach {
                None => {}
                Some(TimeoutAction::Close) => return Poll::Ready(Due::Close),
                Some(TimeoutAction::CloseIdle) => {
                    post.parting = true;
                    return Poll::Ready(Due::Poll);
                }
                Some(TimeoutAction::Refuse(_)) => {
                    post.refuse();
                    return Poll::Ready(Due::Poll);
                }
            }
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Post> {
        lock(&self.post)
    }
}

impl Connection for Checkpoint {
    fn waits_for_peer(&self) -> Option<(PeerWait, Instant)> {
        let post = self.lock();
        post.guard.waits_for_peer().filter(|_| !post.gives_way)
    }

    fn give_way(&self) {
        let task = {
            let mut post = self.lock();
            post.gives_way = true;
            post.task.take()
        };
        task.into_iter().for_each(Waker::wake);
    }
}

impl Post {
    /// Gives hyper the kept bytes that it may have.
    pub(super) fn supply(&mut self, buf: &mut ReadBufCursor<'_>, clock: &Clock) -> Supply {
        if matches!(self.fate, Fate::Open | Fate::Ended) && self.passed < self.held.len() {
            self.judge(clock);
        }
        let bytes = self.passed.min(buf.remaining());
        if bytes > 0 {
            buf.put_slice(&self.held[..bytes]);
            self.held.advance(bytes);
            self.passed -= bytes;
            return Supply::Filled;
        }
        match self.fate {
            // Hyper would abort the answer, which the peer may still read.
            Fate::Ended if self.guard.in_flight() > 0 => Supply::Nothing,
            Fate::Ended => Supply::Filled,
            Fate::Broken => Supply::Fail,
            Fate::Refused => Supply::Nothing,
            Fate::Open => match self.guard.held_bytes_max().saturating_sub(self.held.len()) {
                0 => Supply::Nothing,
                // Bytes that pass at once must fit into hyper's buffer.
                _ if self.held.is_empty() => Supply::Receive { bytes_max: buf.remaining() },
                bytes_max => Supply::Receive { bytes_max },
            },
        }
    }

    fn judge(&mut self, clock: &Clock) {
        let Inspection { pass, refuse } =
            self.guard.inspect(&self.held[self.passed..], clock.now());
        self.passed += pass;
        // The rest of a request that was held when its peer ended will not follow.
        let is_cut = self.fate == Fate::Ended && self.guard.ended(clock.now()).is_some();
        if refuse.is_some() || is_cut {
            self.refuse();
        }
    }

    /// Handles received bytes. Without kept bytes, those that pass go straight into hyper's buffer,
    /// and the result is true.
    pub(super) fn receive(
        &mut self,
        received: &[u8],
        buf: &mut ReadBufCursor<'_>,
        clock: &Clock,
    ) -> bool {
        if received.is_empty() {
            self.end(clock);
            return false;
        }
        if !self.held.is_empty() {
            self.held.extend_from_slice(received);
            return false;
        }
        let Inspection { pass, refuse } = self.guard.inspect(received, clock.now());
        buf.put_slice(&received[..pass]);
        self.held.extend_from_slice(&received[pass..]);
        if refuse.is_some() {
            self.refuse();
        }
        pass > 0
    }

    /// Records that nothing has arrived in time, and nothing more is read.
    pub(super) fn part(&mut self) {
        self.fate = Fate::Ended;
    }

    /// Returns whether the peer has sent, or may be sending, bytes that will not be read.
    pub(super) fn is_unread(&self) -> bool {
        let may_send = self.guard.refused().is_some() || self.guard.is_inside_body();
        self.fate != Fate::Ended && (may_send || !self.held.is_empty())
    }

    fn end(&mut self, clock: &Clock) {
        self.fate = Fate::Ended;
        if self.guard.ended(clock.now()).is_some() {
            self.refuse();
        }
    }

    /// Refuses a request without TLS where TLS is expected.
    pub(super) fn plain_http(&mut self, clock: &Clock) {
        self.guard.plain_http(clock.now());
        self.refuse();
    }

    fn refuse(&mut self) {
        self.held.truncate(self.passed);
        if self.guard.in_flight() > 0 {
            self.fate = Fate::Broken;
        } else {
            self.fate = Fate::Refused;
            self.held.extend_from_slice(STAND_IN);
            self.passed = self.held.len();
        }
    }
}

/// The head that hyper reads in place of a refused one.
pub(super) const STAND_IN: &[u8] = b"GET / HTTP/1.1\r\nhost: refused\r\nconnection: close\r\n\r\n";
