//! The socket of a connection, read by hyper through its guard.
//!
//! Owns: the socket, and the lingering close.

use std::io::{self, IoSlice};
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use hyper::rt::{Read, ReadBufCursor, Write};

use crate::http::checkpoint::{Checkpoint, Supply};
use crate::io::{Socket, Source};
use crate::scratch;

/// A socket that is read through a [`Checkpoint`], which also monitors its writes.
pub(crate) struct GuardedConnection<S> {
    socket: S,
    checkpoint: Arc<Checkpoint>,
    /// Whether the guard has been told that the peer reads nothing.
    blocked: bool,
    /// Once this side is closed: the number of bytes that the peer may send before it must close
    /// too.
    linger: Option<usize>,
}

impl<S> GuardedConnection<S> {
    pub(crate) fn new(socket: S, checkpoint: Arc<Checkpoint>) -> Self {
        GuardedConnection { socket, checkpoint, blocked: false, linger: None }
    }

    /// Tells the guard when the peer stops reading, and when it continues.
    fn watch<T>(&mut self, result: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if self.blocked || result.is_pending() {
            let now = self.checkpoint.clock.now();
            let mut post = self.checkpoint.lock();
            match result {
                Poll::Pending => post.guard.write_blocked(now),
                Poll::Ready(_) => post.guard.wrote(now),
            }
            self.blocked = result.is_pending();
        }
        result
    }
}

/// The bytes of a socket that have arrived already.
struct Arrived<'a, S>(&'a mut S);

impl<S: Socket> Source for Arrived<'_, S> {
    fn poll_read(&mut self, _: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(self.0.read_arrived(buf))
    }
}

impl<S: Socket + Unpin> Read for GuardedConnection<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let GuardedConnection { socket, checkpoint, .. } = self.get_mut();
        let mut post = checkpoint.lock();
        loop {
            let bytes_max = match post.supply(&mut buf, &checkpoint.clock) {
                Supply::Filled => return Poll::Ready(Ok(())),
                Supply::Nothing => return Poll::Pending,
                Supply::Fail => return Poll::Ready(Err(io::ErrorKind::InvalidData.into())),
                Supply::Receive { bytes_max } => bytes_max,
            };
            let parting = mem::take(&mut post.parting);
            let receive = |received: &[u8]| post.receive(received, &mut buf, &checkpoint.clock);
            let filled = if parting {
                scratch::poll_read(&mut Arrived(socket), cx, bytes_max, receive)
            } else {
                scratch::poll_read(socket, cx, bytes_max, receive)
            };
            match ready!(filled) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => post.part(),
                Ok(false) => {}
                Ok(true) => return Poll::Ready(Ok(())),
                Err(_) if socket.is_plain_http() && post.guard.refused().is_none() => {
                    post.plain_http(&checkpoint.clock);
                }
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl<S: Socket + Unpin> Write for GuardedConnection<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(buf)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = self.socket.poll_write(cx, bufs);
        self.watch(result)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// Closes this side, and then waits for the peer to close its side if it may still be sending.
    /// Closing both sides at once would reset the connection, and lose the answer. One of the
    /// guard's deadlines limits the wait.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.linger.is_none() {
            let closed = self.socket.poll_close(cx);
            ready!(self.watch(closed))?;
        }
        let GuardedConnection { socket, checkpoint, linger, .. } = &mut *self;
        loop {
            match linger {
                None => {
                    let mut post = checkpoint.lock();
                    let unread = post.is_unread();
                    post.guard.closing(checkpoint.clock.now());
                    *linger = Some(if unread { checkpoint.limits.body_bytes_max } else { 0 });
                }
                Some(0) => return Poll::Ready(Ok(())),
                Some(bytes_left) => {
                    match ready!(scratch::poll_read(socket, cx, LINGER_BYTES, <[u8]>::len))? {
                        0 => return Poll::Ready(Ok(())),
                        bytes => {
                            checkpoint.lock().guard.closing(checkpoint.clock.now());
                            *bytes_left = bytes_left.saturating_sub(bytes);
                        }
                    }
                }
            }
        }
    }
}

/// The number of unwanted bytes read at once.
const LINGER_BYTES: usize = 4 * 1024;

#[cfg(test)]
mod tests;
