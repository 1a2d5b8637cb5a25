//! What wakes a thread that waits in `poll`.
//!
//! Owns: one pipe each.
//! Never: carries a fact; whoever is woken looks where the facts are.

use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::event::{PollFd, Timespec};
use rustix::io::Errno;

use crate::hub::lock;

/// Wakes one thread, any number of times. It is polled for being readable.
pub(crate) struct Bell {
    reader: PipeReader,
    writer: PipeWriter,
    /// There is never more than one byte in the pipe, so neither end waits.
    rung: AtomicBool,
}

impl Bell {
    pub(crate) fn new() -> io::Result<Self> {
        let (reader, writer) = io::pipe()?;
        Ok(Bell { reader, writer, rung: AtomicBool::new(false) })
    }

    pub(crate) fn ring(&self) {
        if !self.rung.swap(true, Ordering::AcqRel) {
            // It cannot fail as long as its own reader is open.
            let _ = (&self.writer).write(&[0]);
        }
    }

    /// Takes back the ring that `poll` has told of. Look for what it was about after this.
    pub(crate) fn hush(&self) {
        let _ = (&self.reader).read(&mut [0]);
        self.rung.store(false, Ordering::Release);
    }
}

impl AsFd for Bell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.reader.as_fd()
    }
}

/// Wakes every thread, once and for good. It is polled like a [`Bell`].
pub(crate) struct Latch {
    reader: PipeReader,
    /// Its closing is what is seen at the other end.
    writer: Mutex<Option<PipeWriter>>,
}

impl Latch {
    pub(crate) fn new() -> io::Result<Self> {
        let (reader, writer) = io::pipe()?;
        Ok(Latch { reader, writer: Mutex::new(Some(writer)) })
    }

    pub(crate) fn open(&self) {
        lock(&self.writer).take();
    }
}

impl AsFd for Latch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.reader.as_fd()
    }
}

/// Waits until something is ready, or for so long.
pub(crate) fn poll(fds: &mut [PollFd<'_>], timeout: Duration) -> io::Result<()> {
    // Rounded up: who wakes a moment early only has to wait again.
    let timeout = Timespec {
        tv_sec: timeout.as_secs().try_into().unwrap_or(i64::MAX),
        tv_nsec: timeout.subsec_nanos().into(),
    };
    match rustix::event::poll(fds, Some(&timeout)) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
