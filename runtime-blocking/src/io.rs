//! Pipes, listeners and timers for a thread that waits for several things at once, for polling by
//! the driver.
//!
//! Owns: the one call in which such a thread waits, `poll`. Never: the state of another thread.
//!
//! Each poll of the driver records what it waits for; when no future is ready, the thread waits
//! for all of it together. So neither a registry nor a second thread is needed.

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::future::Future;
use std::io::{ErrorKind, IoSlice, Read, Result, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::task::{Context, Poll, Wake};
use std::thread::{self, ThreadId};
use std::time::Duration;

use pontoon_core::Instant;
use pontoon_driver::clock::Clock;
use pontoon_driver::io::{self as driver, Listener, Sink, Source, Stdin};
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd};
use rustix::io::Errno;
use rustix::process::{Resource, getrlimit};

thread_local! {
    /// The events that the futures of this thread wait for.
    static WAITS: RefCell<Vec<(Arc<Fd>, PollFlags)>> = const { RefCell::new(Vec::new()) };
    /// The time until the first of their timers.
    static PAUSE: Cell<Duration> = const { Cell::new(FAR) };
}

/// Runs a future on this thread, which waits in `poll` for the events of the future, and for
/// `event`.
///
/// # Errors
///
/// The system call fails.
pub(crate) fn block_on<F: Future>(event: &Arc<Event>, future: F) -> Result<F::Output> {
    let (event, thread) = (event.clone(), thread::current().id());
    let task = Arc::new(Task { event, thread, is_woken: AtomicBool::new(false) });
    let waker = task.clone().into();
    let mut cx = Context::from_waker(&waker);
    let mut future = pin!(future);
    let mut turns = 0;
    loop {
        task.is_woken.swap(false, Ordering::SeqCst);
        let polled = future.as_mut().poll(&mut cx);
        // They keep a pipe open, so none of them outlives its future.
        let (waits, mut pause) = (WAITS.take(), PAUSE.replace(FAR));
        if let Poll::Ready(output) = polled {
            return Ok(output);
        }
        if task.is_woken.load(Ordering::SeqCst) {
            pause = Duration::ZERO;
            turns += 1;
        } else {
            turns = 0;
        }
        if turns == TURNS_MAX {
            thread::yield_now();
            turns = 0;
        }
        let mut fds = Vec::with_capacity(1 + waits.len());
        fds.push(PollFd::new(&*task.event, PollFlags::IN));
        fds.extend(waits.iter().map(|(fd, on)| PollFd::new(&fd.file, *on)));
        poll(&mut fds, pause)?;
        for ((fd, _), polled) in waits.iter().zip(&fds[1..]) {
            fd.ready.store(polled.revents().bits(), Ordering::Relaxed);
        }
        if !fds[0].revents().is_empty() {
            task.event.reset();
        }
    }
}

/// The number of turns after which a thread whose future always has more to do lets others run. They
/// would wait until the system takes the processor away from it, and beside a child that writes
/// lines without end that is most of the time that a request takes.
const TURNS_MAX: u32 = 8;

/// Wakes a future, which its thread polls.
struct Task {
    event: Arc<Event>,
    thread: ThreadId,
    /// Whether it was woken since it was polled.
    is_woken: AtomicBool,
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let was_woken = self.is_woken.swap(true, Ordering::SeqCst);
        if !was_woken && thread::current().id() != self.thread {
            self.event.set();
        }
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

/// Wakes a thread from `poll`.
pub(crate) struct Event(OwnedFd);

impl Event {
    pub(crate) fn new() -> Result<Self> {
        Ok(Event(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?))
    }

    /// Sets it, which wakes all threads that wait for it, until it is reset.
    pub(crate) fn set(&self) {
        let _ = rustix::io::write(&self.0, &1_u64.to_ne_bytes());
    }

    /// Resets it after `poll` has reported it. The caller then looks for the reason.
    pub(crate) fn reset(&self) {
        let _ = rustix::io::read(&self.0, &mut [0; 8]);
    }

    /// Returns its descriptor. The system gives out the lowest unused number, so a new one tells
    /// how many are in use.
    pub(crate) fn number(&self) -> u64 {
        number(&self.0)
    }
}

impl AsFd for Event {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

fn number(fd: &impl AsRawFd) -> u64 {
    fd.as_raw_fd().unsigned_abs().into()
}

/// Returns the number of descriptors that this process may open.
pub(crate) fn descriptors_max() -> u64 {
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// A pipe to or from a child, or a listening socket.
pub(crate) struct Io(Arc<Fd>);

struct Fd {
    file: File,
    /// The events of the last wait, as bits of [`PollFlags`].
    ready: AtomicU16,
}

impl Io {
    pub(crate) fn new(fd: impl Into<OwnedFd>) -> Result<Self> {
        let file = File::from(fd.into());
        rustix::io::ioctl_fionbio(&file, true)?;
        Ok(Io(Arc::new(Fd { file, ready: AtomicU16::new(0) })))
    }

    fn wait<T>(&self, on: PollFlags) -> Poll<T> {
        WAITS.with_borrow_mut(|waits| waits.push((self.0.clone(), on)));
        Poll::Pending
    }

    /// Returns the events of the last wait, once.
    fn take_ready(&self) -> PollFlags {
        PollFlags::from_bits_retain(self.0.ready.swap(0, Ordering::Relaxed))
    }
}

impl Source for Io {
    fn poll_read(&mut self, _: &mut Context<'_>, buf: &mut [u8]) -> Poll<Result<usize>> {
        if self.take_ready().is_empty() {
            return self.wait(PollFlags::IN);
        }
        match (&self.0.file).read(buf) {
            Err(error) if is_passing(&error) => self.wait(PollFlags::IN),
            read => Poll::Ready(read),
        }
    }
}

impl Sink for Io {
    fn poll_write(&mut self, _: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<Result<usize>> {
        match (&self.0.file).write_vectored(bufs) {
            Err(error) if is_passing(&error) => self.wait(PollFlags::OUT),
            written => Poll::Ready(written),
        }
    }
}

impl Stdin for Io {
    /// `poll` reports errors even if no event is requested.
    fn poll_closed(&mut self, _: &mut Context<'_>) -> Poll<()> {
        if self.take_ready().intersects(PollFlags::ERR | PollFlags::HUP) {
            return Poll::Ready(());
        }
        self.wait(PollFlags::empty())
    }

    fn unread(&self) -> usize {
        driver::unread(&self.0.file)
    }
}

/// A listening socket, and its events.
pub(crate) struct Listening(TcpListener, Io);

impl Listening {
    pub(crate) fn new(listener: TcpListener) -> Result<Self> {
        Ok(Listening(listener.try_clone()?, Io::new(listener)?))
    }
}

impl Listener for Listening {
    type Stream = TcpStream;

    /// The last descriptors are left for children, and for requests in flight.
    fn poll_accept(&mut self, _: &mut Context<'_>) -> Poll<Result<TcpStream>> {
        if self.1.take_ready().is_empty() {
            return self.1.wait(PollFlags::IN);
        }
        if number(&self.0.try_clone()?) + RESERVED_FDS >= descriptors_max() {
            return Poll::Ready(Err(Errno::MFILE.into()));
        }
        match self.accept_arrived() {
            Err(error) if is_passing(&error) => self.1.wait(PollFlags::IN),
            accepted => Poll::Ready(accepted),
        }
    }

    fn accept_arrived(&mut self) -> Result<TcpStream> {
        let (stream, _) = self.0.accept()?;
        stream.set_nonblocking(true)?;
        Ok(stream)
    }
}

/// Descriptors that connections leave free: for two children that start, for the events of
/// requests, and for files.
const RESERVED_FDS: u64 = 32;

pub(crate) fn is_passing(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

/// A timer.
pub(crate) struct Alarm(pub(crate) Clock);

impl driver::Alarm for Alarm {
    fn poll_until(&mut self, _: &mut Context<'_>, at: Instant) -> Poll<()> {
        let pause = at.since(self.0.now());
        if pause.is_zero() {
            return Poll::Ready(());
        }
        PAUSE.set(pause.min(PAUSE.get()));
        Poll::Pending
    }
}

#[cfg(test)]
mod tests;
