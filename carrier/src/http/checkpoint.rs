//! Where a connection is stopped and searched: hyper gets only what [`Guard`] has let through.
//!
//! Owns: the bytes that are held back, and the connection's deadline.
//! Never: judges a byte itself.

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker, ready};

use bytes::{Buf, BytesMut};
use hyper::rt::ReadBufCursor;
use pontoon_core::http::{Answer, Breach, Guard, Inspection, PeerWait, Rules};
use pontoon_core::limits::Limits;
use pontoon_core::time::Instant;

use crate::clock::Clock;
use crate::hub::lock;
use crate::io::Alarm;
use crate::phase::Phase;

/// What the transport, the service and the task of one connection share about it.
pub(crate) struct Checkpoint {
    pub(super) clock: Clock,
    pub(super) limits: Arc<Limits>,
    post: Mutex<Post>,
}

pub(super) struct Post {
    pub(super) guard: Guard,
    /// Received, and not yet given to hyper.
    pub(super) held: BytesMut,
    /// How many of the held bytes hyper may have.
    passed: usize,
    /// What became of the connection, if it is not an ordinary one any more.
    fate: Fate,
    /// Whether hyper has to be polled, because it would read now where it could not before.
    stirred: bool,
    /// Whether the connection is to be closed, unless one more look finds that something has come.
    pub(super) parting: bool,
    /// Whether it has to make room for another connection.
    gives_way: bool,
    /// The task of the connection.
    task: Option<Waker>,
}

/// What is due on a connection.
pub(crate) enum Due {
    /// Hyper may read on.
    Poll,
    /// It is to be closed at once.
    Close,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Open,
    /// The peer sends no more.
    Ended,
    /// A body broke; reading it fails.
    Broken,
    /// A head was refused; its stand-in is passed, and nothing after it.
    Refused,
}

/// What to do for hyper's wish to read.
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

    /// The answer by which the connection is refused, if it is.
    pub(crate) fn refusal(&self, rules: &Rules) -> Option<Answer> {
        rules.refusal(&self.lock().guard)
    }

    /// The answer is an event stream.
    pub(crate) fn streaming(&self) {
        self.lock().guard.streaming();
    }

    /// The answer was handed to hyper whole, or will never be.
    pub(crate) fn responded(&self) {
        let mut post = self.lock();
        post.guard.responded(self.clock.now());
        post.stirred = !post.held.is_empty() || post.fate == Fate::Ended;
    }

    /// Returns the step that the connection waits for its peer to take; `None` once it is to close.
    pub(crate) fn waits_for_peer(&self) -> Option<(PeerWait, Instant)> {
        let post = self.lock();
        post.guard.waits_for_peer().filter(|_| !post.gives_way)
    }

    /// Has the connection make room for another one, if it still waits for its peer by then.
    pub(crate) fn give_way(&self) {
        let task = {
            let mut post = self.lock();
            post.gives_way = true;
            post.task.take()
        };
        task.into_iter().for_each(Waker::wake);
    }

    /// Waits until hyper has to be polled again, or the connection is to be closed, because its
    /// deadline has passed or something is broken off.
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
                // Hyper has been polled and did not look: it is not going to.
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
                Some(Breach::Close) => return Poll::Ready(Due::Close),
                Some(Breach::CloseIdle) => {
                    post.parting = true;
                    return Poll::Ready(Due::Poll);
                }
                Some(Breach::Refuse(_)) => {
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

impl Post {
    /// Gives hyper what it may have of the held bytes.
    pub(super) fn supply(&mut self, buf: &mut ReadBufCursor<'_>, clock: &Clock) -> Supply {
        if self.fate == Fate::Open && self.passed < self.held.len() {
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
            // Hyper would break the answer off that the peer may still read.
            Fate::Ended if self.guard.in_flight() > 0 => Supply::Nothing,
            Fate::Ended => Supply::Filled,
            Fate::Broken => Supply::Fail,
            Fate::Refused => Supply::Nothing,
            Fate::Open => match self.guard.held_bytes_max().saturating_sub(self.held.len()) {
                0 => Supply::Nothing,
                // What passes at once has to fit into hyper's room.
                _ if self.held.is_empty() => Supply::Receive { bytes_max: buf.remaining() },
                bytes_max => Supply::Receive { bytes_max },
            },
        }
    }

    fn judge(&mut self, clock: &Clock) {
        let Inspection { pass, refuse } =
            self.guard.inspect(&self.held[self.passed..], clock.now());
        self.passed += pass;
        if refuse.is_some() {
            self.refuse();
        }
    }

    /// Takes what was received. With nothing held back, what passes goes straight to hyper, which
    /// has room for it; then the result is true.
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

    /// Nothing has come in time, and nothing more is read.
    pub(super) fn part(&mut self) {
        self.fate = Fate::Ended;
    }

    /// Whether the peer has sent, or may be sending, something that nobody will read.
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

/// What hyper reads in place of a head that was refused.
pub(super) const STAND_IN: &[u8] = b"GET / HTTP/1.1\r\nhost: refused\r\nconnection: close\r\n\r\n";
