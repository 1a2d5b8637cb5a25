//! Pipes and timers for a thread that waits for several things at once, for polling by the carrier.
//!
//! Owns: the one call in which such a thread waits, `poll`. Never: the state of another thread.
//!
//! Each poll of the carrier records what it waits for; when no future is ready, the thread waits
//! for all of it together. So neither a registry nor a second thread is needed.

use std::cell::RefCell;
use std::fs::File;
use std::future::Future;
use std::io::{self, IoSlice, PipeReader, PipeWriter, Read, Result, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake};
use std::time::Duration;

use pontoon_carrier::clock::Clock;
use pontoon_carrier::io::{self as carrier, Sink, Source, Stdin};
use pontoon_core::time::Instant;
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;

/// The events that the futures of this thread wait for, and those that have occurred.
struct Notes {
    wishes: Vec<(Arc<File>, PollFlags)>,
    pause: Duration,
    told: Vec<(Arc<File>, PollFlags)>,
}

thread_local! {
    static NOTES: RefCell<Notes> = const { RefCell::new(Notes::NONE) };
}

impl Notes {
    const NONE: Notes = Notes { wishes: Vec::new(), pause: FAR, told: Vec::new() };
}

/// Runs a future on this thread, which waits in `poll` for the events of the future.
///
/// # Errors
///
/// There is no file descriptor for it, or the system call fails.
pub(crate) fn block_on<F: Future>(future: F) -> Result<F::Output> {
    let poll_waker = Arc::new(PollWaker::new()?);
    let waker = poll_waker.clone().into();
    let mut cx = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        let polled = future.as_mut().poll(&mut cx);
        // Notes keep a pipe open, so none of them outlives its future.
        let Notes { mut wishes, pause, .. } = NOTES.replace(Notes::NONE);
        if let Poll::Ready(output) = polled {
            return Ok(output);
        }
        let mut fds = Vec::with_capacity(1 + wishes.len());
        fds.push(PollFd::new(&*poll_waker, PollFlags::IN));
        fds.extend(wishes.iter().map(|(pipe, on)| PollFd::new(&**pipe, *on)));
        poll(&mut fds, pause)?;
        let mut told = fds.iter().map(PollFd::revents).collect::<Vec<_>>().into_iter();
        if told.next().is_some_and(|woken| !woken.is_empty()) {
            poll_waker.reset();
        }
        wishes.iter_mut().zip(told).for_each(|((_, on), told)| *on = told);
        wishes.retain(|(_, told)| !told.is_empty());
        NOTES.with_borrow_mut(|notes| notes.told = wishes);
    }
}

/// Waits until a descriptor is ready, or for this long.
pub(crate) fn poll(fds: &mut [PollFd<'_>], timeout: Duration) -> Result<()> {
    let timeout = Timespec {
        tv_sec: timeout.as_secs().try_into().unwrap_or(i64::MAX),
        tv_nsec: timeout.subsec_nanos().into(),
    };
    match rustix::event::poll(fds, Some(&timeout)) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// A day: a wake-up this rare costs nothing, and every system can wait that long.
pub(crate) const FAR: Duration = Duration::from_secs(24 * 3600);

/// Wakes one thread from `poll`, any number of times.
pub(crate) struct PollWaker {
    reader: PipeReader,
    writer: PipeWriter,
    /// The pipe never holds more than one byte, so neither end blocks.
    woken: AtomicBool,
}

impl PollWaker {
    pub(crate) fn new() -> Result<Self> {
        let (reader, writer) = io::pipe()?;
        Ok(PollWaker { reader, writer, woken: AtomicBool::new(false) })
    }

    /// Resets the waker after `poll` has reported it. The caller then looks for the reason.
    pub(crate) fn reset(&self) {
        // The byte is the only one, and this waker keeps the pipe open.
        let _ = (&self.reader).read(&mut [0]);
        self.woken.store(false, Ordering::Release);
    }
}

impl Wake for PollWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.woken.swap(true, Ordering::AcqRel) {
            let _ = (&self.writer).write(&[0]);
        }
    }
}

impl AsFd for PollWaker {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.reader.as_fd()
    }
}

/// Wakes every thread that polls it, permanently.
pub(crate) struct Latch {
    reader: PipeReader,
    /// The other end sees its closing.
    writer: Mutex<Option<PipeWriter>>,
}

impl Latch {
    pub(crate) fn new() -> Result<Self> {
        let (reader, writer) = io::pipe()?;
        Ok(Latch { reader, writer: Mutex::new(Some(writer)) })
    }

    pub(crate) fn open(&self) {
        crate::lock(&self.writer).take();
    }
}

impl AsFd for Latch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.reader.as_fd()
    }
}

/// A pipe to or from a child.
pub(crate) struct Io(Arc<File>);

impl Io {
    pub(crate) fn pipe(pipe: impl Into<OwnedFd>) -> Result<Self> {
        let pipe = File::from(pipe.into());
        rustix::io::ioctl_fionbio(&pipe, true)?;
        Ok(Io(Arc::new(pipe)))
    }

    fn wait<T>(&self, on: PollFlags) -> Poll<T> {
        NOTES.with_borrow_mut(|notes| notes.wishes.push((self.0.clone(), on)));
        Poll::Pending
    }

    /// Returns the events of the last wait, once.
    fn told(&self) -> PollFlags {
        NOTES.with_borrow_mut(|notes| {
            let at = notes.told.iter().position(|(pipe, _)| Arc::ptr_eq(pipe, &self.0));
            at.map_or(PollFlags::empty(), |at| notes.told.swap_remove(at).1)
        })
    }
}

impl Source for Io {
    fn poll_read(&mut self, _: &mut Context<'_>, buf: &mut [u8]) -> Poll<Result<usize>> {
        if self.told().is_empty() {
            return self.wait(PollFlags::IN);
        }
        match (&*self.0).read(buf) {
            Err(error) if is_passing(&error) => self.wait(PollFlags::IN),
            read => Poll::Ready(read),
        }
    }
}

impl Sink for Io {
    fn poll_write(&mut self, _: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<Result<usize>> {
        match (&*self.0).write_vectored(bufs) {
            Err(error) if is_passing(&error) => self.wait(PollFlags::OUT),
            written => Poll::Ready(written),
        }
    }
}

impl Stdin for Io {
    /// `poll` reports errors even if no event is requested.
    fn poll_closed(&mut self, _: &mut Context<'_>) -> Poll<()> {
        if self.told().intersects(PollFlags::ERR | PollFlags::HUP) {
            return Poll::Ready(());
        }
        self.wait(PollFlags::empty())
    }

    fn unread(&self) -> usize {
        carrier::unread(&*self.0)
    }
}

fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

/// A timer.
pub(crate) struct Alarm(pub(crate) Clock);

impl carrier::Alarm for Alarm {
    fn poll_until(&mut self, _: &mut Context<'_>, at: Instant) -> Poll<()> {
        let pause = at.since(self.0.now());
        if pause.is_zero() {
            return Poll::Ready(());
        }
        NOTES.with_borrow_mut(|notes| notes.pause = pause.min(notes.pause));
        Poll::Pending
    }
}

#[cfg(test)]
mod tests;
