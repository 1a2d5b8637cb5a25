//! A runtime's sockets, pipes and timers, as traits for polling.
//!
//! Each is polled by one task at a time, which is woken once it is ready.

use std::io::{self, IoSlice};
use std::net::IpAddr;
use std::task::{Context, Poll};

use pontoon_core::Instant;
pub use pontoon_process::unread;

/// A source of bytes: a socket, or a child's standard output or error.
pub trait Source {
    /// Reads into `buf`, which is not empty; reading nothing means the end.
    ///
    /// # Errors
    ///
    /// The operating system's.
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>>;
}

/// A destination of bytes: a socket, or a child's standard input.
pub trait Sink {
    /// Writes from the start of `bufs`, in one system call; returns the number of bytes accepted.
    ///
    /// # Errors
    ///
    /// The operating system's.
    fn poll_write(&mut self, cx: &mut Context<'_>, bufs: &[IoSlice<'_>])
    -> Poll<io::Result<usize>>;
}

/// A connection.
pub trait Socket: Source + Sink {
    /// Closes this side, so that the peer sees the end; the peer's side stays open.
    ///
    /// # Errors
    ///
    /// The operating system's.
    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Reads the bytes that have arrived already, by asking the operating system, since the runtime
    /// may not know of them yet.
    ///
    /// # Errors
    ///
    /// The operating system's; `WouldBlock` if nothing has arrived.
    fn read_arrived(&mut self, buf: &mut [u8]) -> io::Result<usize>;

    /// Returns whether the peer has sent an HTTP request without TLS where TLS is expected. The read
    /// that found it has failed; from then on bytes pass unchanged, for an answer.
    fn is_plain_http(&self) -> bool {
        false
    }

    /// Returns the address of the peer, if known.
    fn peer(&self) -> Option<IpAddr> {
        None
    }
}

/// A listening socket.
pub trait Listener {
    /// A connection.
    type Stream;

    /// Waits for a connection.
    ///
    /// # Errors
    ///
    /// The operating system's, which may be temporary.
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Self::Stream>>;

    /// Accepts a connection that has arrived already, by asking the operating system, since the
    /// runtime may not know of it yet.
    ///
    /// # Errors
    ///
    /// The operating system's; `WouldBlock` if none has arrived.
    fn accept_arrived(&mut self) -> io::Result<Self::Stream>;
}

/// A child's standard input.
pub trait Stdin: Sink {
    /// Waits until the child has closed its end, whether or not anything is being written.
    ///
    /// Bytes that a child leaves unread when it closes its end are lost without a failed write.
    fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()>;

    /// Returns the number of written bytes that the child has not read, or 0 if the system cannot
    /// tell.
    fn unread(&self) -> usize;
}

/// A timer.
pub trait Alarm {
    /// Waits until `at`, or a little less. Each call may name another time.
    ///
    /// Deadlines mostly move to later times. A timer that is only reset for earlier ones wakes its
    /// task once too often now and then, which costs less than resetting it each time.
    fn poll_until(&mut self, cx: &mut Context<'_>, at: Instant) -> Poll<()>;
}
