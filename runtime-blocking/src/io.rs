//! Sockets, pipes, listeners and timers for a thread that waits for several things at once, for
//! polling by the driver.
//!
//! Owns: the one call in which each thread waits, `poll`. Never: the state of another thread.
//!
//! Each poll of the driver records what it waits for; when no future is ready, the thread waits
//! for all of it together. So neither a registry nor a second thread is needed.

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::future::Future;
use std::io::{ErrorKind, IoSlice, Read, Result, Write};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsRawFd, OwnedFd};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake};
use std::thread::{self, ThreadId};
use std::time::Duration;

use pontoon_core::Instant;
use pontoon_driver::clock::Clock;
use pontoon_driver::io::{self as driver, Listener, Sink, Socket, Source, Stdin};
use pontoon_driver::lock;
use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd};
use rustix::io::Errno;
pub(crate) use rustix::net::Shutdown;
use rustix::net::sockopt::set_tcp_nodelay;
use rustix::net::{SocketFlags, accept_with, getpeername, shutdown};
use rustix::process::{Resource, getrlimit};
use smallvec::SmallVec;

thread_local! {
    /// The descriptors, and their events, that the futures of this thread wait for.
    static WAITS: RefCell<Vec<(Io, PollFlags)>> = const { RefCell::new(Vec::new()) };
    /// The time until the first of their timers.
    static PAUSE: Cell<Duration> = const { Cell::new(FAR) };
}

/// A day: a wake-up this rare costs nothing, and every system can wait that long.
const FAR: Duration = Duration::from_secs(24 * 3600);

/// Runs a future on this thread, which waits in `poll` for its events.
///
/// Before another thread wakes this one, it calls `here`, which may do this thread's work. If that
/// returns true, nothing is left to do and this thread sleeps on, which saves a thread switch.
///
/// # Errors
///
/// The system call fails.
pub(crate) fn block_on<F: Future>(
    events: &Arc<Events>,
    here: impl Fn() -> bool + Send + Sync + 'static,
    future: F,
) -> Result<F::Output> {
    let (thread, events) = (thread::current().id(), events.clone());
    let (event, is_woken) = (Mutex::default(), AtomicBool::new(false));
    let task = Arc::new(Task { events, event, thread, is_woken, here });
    let waker = task.clone().into();
    let mut cx = Context::from_waker(&waker);
    let mut future = pin!(future);
    let mut turns = 0;
    loop {
        task.is_woken.swap(false, Ordering::SeqCst);
        let polled = future.as_mut().poll(&mut cx);
        // They keep a descriptor open, so none of them outlives its future.
        let (mut waits, mut pause) = (WAITS.take(), PAUSE.replace(FAR));
        if let Poll::Ready(output) = polled {
            task.set_event(false);
            return Ok(output);
        }
        // Without a waker elsewhere no other thread wakes this one.
        let is_shared = Arc::strong_count(&task) > 2;
        match task.set_event(is_shared) {
            Some(event) => waits.push((event, PollFlags::IN)),
            // Without a descriptor to be woken with, it asks again from time to time.
            None if is_shared => pause = pause.min(task.events.pause),
            None => {}
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
        wait(&waits, pause)?;
        waits.clear();
        WAITS.set(waits);
        // The event may belong to another thread by now.
        if let Some(event) = &*lock(&task.event) {
            event.reset();
        }
    }
}

/// The number of turns after which a thread whose future always has more to do lets others run. They
/// would wait until the system takes the processor away from it, and beside a child that writes
/// lines without end that is most of the time that a request takes.
const TURNS_MAX: u32 = 8;

/// Waits until a descriptor is ready, or for this long.
fn wait(waits: &[(Io, PollFlags)], pause: Duration) -> Result<()> {
    let fds = waits.iter().map(|(fd, on)| PollFd::new(&fd.0.file, *on));
    let mut fds: SmallVec<[_; 4]> = fds.collect();
    match rustix::event::poll(&mut fds, pause.try_into().ok().as_ref()) {
        Ok(_) | Err(Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    for ((fd, _), polled) in waits.iter().zip(&fds) {
        fd.0.ready.fetch_or(polled.revents().bits(), Ordering::Relaxed);
    }
    Ok(())
}

/// A future that a thread polls, as other threads see it.
struct Task<H> {
    events: Arc<Events>,
    /// The event that the thread waits for while another thread may wake it.
    event: Mutex<Option<Io>>,
    thread: ThreadId,
    /// Whether it was woken since it was polled.
    is_woken: AtomicBool,
    here: H,
}

impl<H> Task<H> {
    /// Takes an event if it is wanted, or returns the one that it has.
    fn set_event(&self, is_wanted: bool) -> Option<Io> {
        let mut event = lock(&self.event);
        if is_wanted && event.is_none() {
            *event = self.events.take().ok();
        } else if !is_wanted && let Some(event) = event.take() {
            self.events.put(event);
        }
        event.clone()
    }
}

impl<H: Fn() -> bool + Send + Sync> Wake for Task<H> {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let is_other = thread::current().id() != self.thread;
        if is_other {
            // What `here` waits for belongs to the other thread.
            let waits = WAITS.take();
            let is_done = (self.here)();
            WAITS.set(waits);
            if is_done {
                self.set_event(false);
                return;
            }
        }
        if !self.is_woken.swap(true, Ordering::SeqCst)
            && is_other
            && let Some(event) = &*lock(&self.event)
        {
            event.set();
        }
    }
}

/// Events to wake threads with. An unused one is kept for the next thread, so that an idle
/// connection needs no descriptor for one.
pub(crate) struct Events {
    unused: Mutex<Vec<Io>>,
    pub(crate) make: fn() -> Result<Io>,
    /// The time after which a thread without an event asks again.
    pause: Duration,
}

impl Events {
    pub(crate) fn new(pause: Duration) -> Self {
        Events { unused: Mutex::default(), make: Io::event, pause }
    }

    pub(crate) fn take(&self) -> Result<Io> {
        let unused = lock(&self.unused).pop();
        unused.map_or_else(self.make, Ok)
    }

    /// Keeps an event for the next thread. A late `set` wakes that thread once without a reason, which
    /// is harmless.
    pub(crate) fn put(&self, event: Io) {
        lock(&self.unused).push(event);
    }
}

/// A socket, a listener, a pipe, or an event.
#[derive(Clone)]
pub(crate) struct Io(Arc<Fd>);

struct Fd {
    file: File,
    /// The events that `poll` has reported, as bits of [`PollFlags`].
    ready: AtomicU16,
}

impl Io {
    pub(crate) fn new(fd: impl Into<OwnedFd>) -> Result<Self> {
        let file = File::from(fd.into());
        rustix::io::ioctl_fionbio(&file, true)?;
        Ok(Io(Arc::new(Fd { file, ready: AtomicU16::new(0) })))
    }

    /// Creates an event, which wakes threads from `poll`.
    pub(crate) fn event() -> Result<Self> {
        Io::new(eventfd(0, EventfdFlags::CLOEXEC)?)
    }

    /// Sets it, which wakes all threads that wait for it, until it is reset.
    pub(crate) fn set(&self) {
        let _ = (&self.0.file).write(&1_u64.to_ne_bytes());
    }

    /// Resets it if `poll` has reported it. The caller then looks for the reason.
    fn reset(&self) {
        if !self.take_ready().is_empty() {
            let _ = (&self.0.file).read(&mut [0; 8]);
        }
    }

    pub(crate) fn wait<T>(&self, on: PollFlags) -> Poll<T> {
        WAITS.with_borrow_mut(|waits| waits.push((self.clone(), on)));
        Poll::Pending
    }

    /// Returns the events since the last call.
    fn take_ready(&self) -> PollFlags {
        PollFlags::from_bits_retain(self.0.ready.swap(0, Ordering::Relaxed))
    }

    /// Closes a socket, which wakes the thread that waits for it.
    pub(crate) fn shutdown(&self, how: Shutdown) -> Result<()> {
        Ok(shutdown(&self.0.file, how)?)
    }

    /// Returns an error if fewer than this many descriptors are free. The system gives out the
    /// lowest unused number, so a new one tells how many are in use.
    pub(crate) fn check_free(&self, fds: u64) -> Result<()> {
        let newest = self.0.file.try_clone()?;
        match u64::from(newest.as_raw_fd().unsigned_abs()) + fds < descriptors_max() {
            true => Ok(()),
            false => Err(Errno::MFILE.into()),
        }
    }
}

/// Returns the number of descriptors that this process may open.
pub(crate) fn descriptors_max() -> u64 {
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

impl Source for Io {
    fn poll_read(&mut self, _: &mut Context<'_>, buf: &mut [u8]) -> Poll<Result<usize>> {
        let ready = self.take_ready();
        if ready.is_empty() {
            return self.wait(PollFlags::IN);
        }
        match self.read_arrived(buf) {
            Err(error) if is_passing(&error) => self.wait(PollFlags::IN),
            read => {
                if matches!(read, Ok(bytes) if bytes == buf.len()) {
                    self.0.ready.store(ready.bits(), Ordering::Relaxed);
                }
                Poll::Ready(read)
            }
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

impl Socket for Io {
    fn poll_close(&mut self, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(self.shutdown(Shutdown::Write))
    }

    fn read_arrived(&mut self, buf: &mut [u8]) -> Result<usize> {
        (&self.0.file).read(buf)
    }

    fn peer(&self) -> Option<IpAddr> {
        let peer = getpeername(&self.0.file).ok()??;
        Some(SocketAddr::try_from(peer).ok()?.ip())
    }
}

impl Listener for Io {
    type Stream = Io;

    /// The last descriptors are left for children, and for requests in flight.
    fn poll_accept(&mut self, _: &mut Context<'_>) -> Poll<Result<Io>> {
        if self.take_ready().is_empty() {
            return self.wait(PollFlags::IN);
        }
        match self.check_free(RESERVED_FDS).and_then(|()| self.accept_arrived()) {
            Err(error) if is_passing(&error) => self.wait(PollFlags::IN),
            accepted => Poll::Ready(accepted),
        }
    }

    fn accept_arrived(&mut self) -> Result<Io> {
        let stream = Io::new(accept_with(&self.0.file, SocketFlags::CLOEXEC)?)?;
        // It fails only on a closed connection.
        let _ = set_tcp_nodelay(&stream.0.file, true);
        Ok(stream)
    }
}

/// Descriptors that connections leave free: for two children that start, for the events of
/// requests, and for files.
const RESERVED_FDS: u64 = 32;

fn is_passing(error: &std::io::Error) -> bool {
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
