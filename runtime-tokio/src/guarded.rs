//! A connection behind the guard: hyper reads only what [`Guard`] has let through.
//!
//! Owns: the bytes that are held back, the connection's deadline, and the lingering close.
//! Never: judges a byte itself.
//!
//! A request that is refused before hyper has seen any of it is replaced by a stand-in, which the
//! service answers with the refusal. So there is one writer of answers, and they keep their order.

use std::future::Future;
use std::io::{self, IoSlice};
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use pontoon_core::http::{Breach, Guard, Inspection};
use pontoon_core::limits::Limits;
use pontoon_core::reject::Reject;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use crate::clock::Clock;
use crate::hub::{Phase, lock};

/// What the transport, the service and the task of one connection share about it.
pub(crate) struct Checkpoint {
    clock: Clock,
    limits: Arc<Limits>,
    post: Mutex<Post>,
}

struct Post {
    guard: Guard,
    /// Received, and not yet given to hyper.
    held: BytesMut,
    /// How many of the held bytes hyper may have.
    passed: usize,
    /// What became of the connection, if it is not an ordinary one any more.
    fate: Fate,
    /// Whether hyper has to be polled, because it would read now where it could not before.
    stirred: bool,
    /// Whether the peer does not take what waits for it.
    blocked: bool,
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
enum Supply {
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
            blocked: false,
        };
        Checkpoint { clock, limits, post: Mutex::new(post) }
    }

    /// Why the connection is refused, if it is.
    pub(crate) fn refused(&self) -> Option<Reject> {
        self.lock().guard.refused()
    }

    /// The answer was handed to hyper whole, or will never be.
    pub(crate) fn responded(&self) {
        let mut post = self.lock();
        post.guard.responded(self.clock.now());
        post.stirred = !post.held.is_empty();
    }

    /// Waits until hyper has to be polled again, or the connection is to be closed: because its
    /// deadline has passed, or because the program has stopped and nothing more will be sent.
    ///
    /// `sleep` is moved only to fire earlier. Deadlines mostly move away, and one wake-up too many
    /// costs less than moving it with each of them.
    pub(crate) fn poll_due(
        &self,
        cx: &mut Context<'_>,
        mut sleep: Pin<&mut Sleep>,
        phase: Phase,
    ) -> Poll<Due> {
        loop {
            let deadline = {
                let mut post = self.lock();
                if mem::take(&mut post.stirred) {
                    return Poll::Ready(Due::Poll);
                }
                match phase {
                    Phase::Stopped { forced } if forced || !post.blocked => {
                        return Poll::Ready(Due::Close);
                    }
                    _ => post.guard.poll_timeout(),
                }
            };
            let Some(deadline) = deadline else { return Poll::Pending };
            let at = self.clock.at(deadline.at);
            if at < sleep.deadline() || sleep.is_elapsed() {
                sleep.as_mut().reset(at);
            }
            ready!(sleep.as_mut().poll(cx));
            let mut post = self.lock();
            match post.guard.handle_timeout(self.clock.now()) {
                None => {}
                Some(Breach::Close) => return Poll::Ready(Due::Close),
                Some(Breach::Refuse(_)) => {
                    post.refuse();
                    return Poll::Ready(Due::Poll);
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Post> {
        lock(&self.post)
    }
}

impl Post {
    /// Gives hyper what it may have of the held bytes.
    fn supply(&mut self, buf: &mut ReadBuf<'_>, clock: &Clock) -> Supply {
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
            Fate::Ended => Supply::Filled,
            Fate::Broken => Supply::Fail,
            Fate::Refused => Supply::Nothing,
            Fate::Open => match self.guard.held_bytes_max().saturating_sub(self.held.len()) {
                0 => Supply::Nothing,
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

    /// Judges what lies in hyper's own buffer; what must not pass is moved out of it.
    fn judge_in_place(&mut self, buf: &mut ReadBuf<'_>, from: usize, clock: &Clock) {
        let received = &buf.filled()[from..];
        let Inspection { pass, refuse } = self.guard.inspect(received, clock.now());
        self.held.extend_from_slice(&received[pass..]);
        buf.set_filled(from + pass);
        if refuse.is_some() {
            self.refuse();
        }
    }

    /// Whether the peer may be sending something that nobody will read.
    fn is_unread(&self) -> bool {
        self.fate != Fate::Ended && (self.guard.refused().is_some() || self.guard.is_inside_body())
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
const STAND_IN: &[u8] = b"GET / HTTP/1.1\r\nhost: refused\r\nconnection: close\r\n\r\n";

/// A stream that is read through a [`Checkpoint`], and whose writing is watched by it.
pub(crate) struct Guarded<S> {
    stream: S,
    checkpoint: Arc<Checkpoint>,
    /// Whether the guard has been told that the peer takes nothing.
    blocked: bool,
    /// Once our side is closed: how much the peer may send before it has to see that.
    linger: Option<usize>,
}

impl<S> Guarded<S> {
    pub(crate) fn new(stream: S, checkpoint: Arc<Checkpoint>) -> Self {
        Guarded { stream, checkpoint, blocked: false, linger: None }
    }

    /// Tells the guard when the peer stops taking bytes, and when it goes on.
    fn watch<T>(&mut self, result: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if self.blocked || result.is_pending() {
            let now = self.checkpoint.clock.now();
            let mut post = self.checkpoint.lock();
            match result {
                Poll::Pending => post.guard.write_blocked(now),
                Poll::Ready(_) => post.guard.wrote(now),
            }
            self.blocked = result.is_pending();
            post.blocked = self.blocked;
        }
        result
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Guarded { stream, checkpoint, .. } = self.get_mut();
        let stream = &mut *stream;
        loop {
            let mut post = checkpoint.lock();
            let bytes_max = match post.supply(buf, &checkpoint.clock) {
                Supply::Filled => return Poll::Ready(Ok(())),
                Supply::Nothing => return Poll::Pending,
                Supply::Fail => return Poll::Ready(Err(io::ErrorKind::InvalidData.into())),
                Supply::Receive { bytes_max } => bytes_max,
            };
            let before = buf.filled().len();
            if post.held.is_empty() {
                ready!(Pin::new(&mut *stream).poll_read(cx, buf))?;
                if buf.filled().len() == before {
                    post.end(&checkpoint.clock);
                    continue;
                }
                post.judge_in_place(buf, before, &checkpoint.clock);
                if buf.filled().len() > before {
                    return Poll::Ready(Ok(()));
                }
            } else {
                let mut part = buf.take(bytes_max);
                ready!(Pin::new(&mut *stream).poll_read(cx, &mut part))?;
                match part.filled() {
                    [] => post.end(&checkpoint.clock),
                    received => post.held.extend_from_slice(received),
                }
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.watch(result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.watch(result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    /// Closes our side; then, if the peer may still be sending, waits until it has seen that. To
    /// close both sides at once would reset the connection, and take the answer from it. How long
    /// that may last is one of the guard's deadlines.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Guarded { stream, checkpoint, linger, .. } = &mut *self;
        loop {
            match linger {
                None => {
                    ready!(Pin::new(&mut *stream).poll_shutdown(cx))?;
                    let unread = checkpoint.lock().is_unread();
                    *linger = Some(if unread { checkpoint.limits.body_bytes_max } else { 0 });
                }
                Some(0) => return Poll::Ready(Ok(())),
                Some(bytes_left) => {
                    let mut scratch = [0; 4096];
                    let mut buf = ReadBuf::new(&mut scratch);
                    ready!(Pin::new(&mut *stream).poll_read(cx, &mut buf))?;
                    match buf.filled().len() {
                        0 => return Poll::Ready(Ok(())),
                        bytes => *bytes_left = bytes_left.saturating_sub(bytes),
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
