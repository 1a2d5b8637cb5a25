//! What a runtime brings: its sockets, pipes and timers, as things that can be polled.
//!
//! All of them are polled by one task at a time, which is woken once there is more to do.

use std::io::{self, IoSlice};
use std::net::IpAddr;
use std::task::{Context, Poll};

use pontoon_core::time::Instant;
pub use pontoon_process::unread;

/// What bytes come from: a socket, or a child's standard output or error.
pub trait Source {
    /// Reads into `buf`, which is not empty; nothing read is the end.
    ///
    /// # Errors
    ///
    /// The operating system's.
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>>;
}

/// Where bytes go to: a socket, or a child's standard input.
pub trait Sink {
    /// Writes from the front of `bufs`, in one system call; returns how many bytes were taken.
    ///
    /// # Errors
    ///
    /// The operating system's.
    fn poll_write(&mut self, cx: &mut Context<'_>, bufs: &[IoSlice<'_>])
    -> Poll<io::Result<usize>>;
}

/// A connection.
pub trait Socket: Source + Sink {
    /// Closes our side, so that the peer sees the end; its side stays open.
    ///
    /// # Errors
    ///
    /// The operating system's.
    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Reads into `buf` what has arrived by now, asking the operating system itself: the runtime
    /// may not have heard of it yet.
    ///
    /// # Errors
    ///
    /// The operating system's; `WouldBlock` if nothing has arrived.
    fn read_arrived(&mut self, buf: &mut [u8]) -> io::Result<usize>;

    /// Who is connected, as far as that can be told.
    fn peer(&self) -> Option<IpAddr> {
        None
    }
}

/// A child's standard input.
pub trait Stdin: Sink {
    /// Ready once the child has closed its end, whether or not anything is being written.
    ///
    /// Bytes that a child leaves unread when it closes its end are lost without a failed write.
    fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()>;

    /// Bytes that were written and that the child has not read; 0 if the system cannot tell.
    fn unread(&self) -> usize;
}

/// A timer.
pub trait Alarm {
    /// Ready at `at` or somewhat earlier, never later. Each call may name another moment.
    ///
    /// Deadlines mostly move away. A timer that is moved only to fire earlier wakes its task once
    /// too often now and then, and that costs less than to move it with each of them.
    fn poll_until(&mut self, cx: &mut Context<'_>, at: Instant) -> Poll<()>;
}
