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
use std::net::{IpAddr, Shutdown, TcpListener, TcpStream};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
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
use rustix::process::{Resource, getrlimit};

thread_local! {
    /// The descriptors, and their events, that the futures of this thread wait for.
    static WAITS: RefCell<Vec<(Arc<Fd>, PollFlags)>> = const { RefCell::new(Vec::new()) };
    /// The time until the first of their timers.
    static PAUSE: Cell<Duration> = const { Cell::new(FAR) };
}

/// A day: a wake-up this rare costs nothing, and every system can wait that long.
const FAR: Duration = Duration::from_secs(24 * 3600);

/// Runs a future on this thread, which waits in `poll` for its events.
///
/// Before another thread wakes this one, it calls `here`, which may do the work that is there for
/// this thread, and returns whether nothing is left. That saves a switch between threads.
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
            Some(event) => waits.push((event.0, PollFlags::IN)),
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
        // The one that it waited for may be another thread's by now.
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
fn wait(waits: &[(Arc<Fd>, PollFlags)], pause: Duration) -> Result<()> {
    let fds = waits.iter().map(|(fd, on)| PollFd::from_borrowed_fd(fd.io.as_fd(), *on));
    let mut fds: Vec<_> = fds.collect();
    match rustix::event::poll(&mut fds, pause.try_into().ok().as_ref()) {
        Ok(_) | Err(Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    for ((fd, _), polled) in waits.iter().zip(&fds) {
        fd.ready.fetch_or(polled.revents().bits(), Ordering::Relaxed);
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
            *event = self.events.take();
        } else if !is_wanted {
            self.events.put(event.take());
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
            // Its waits are those of a thread that does not wait here.
            let (waits, pause) = (WAITS.take(), PAUSE.get());
            let is_done = (self.here)();
            WAITS.set(waits);
            PAUSE.set(pause);
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

    fn take(&self) -> Option<Io> {
        let unused = lock(&self.unused).pop();
        unused.or_else(|| (self.make)().ok())
    }

    /// Keeps an event for the next thread. If it is set late, it wakes that once too often, which is
    /// harmless.
    pub(crate) fn put(&self, event: Option<Io>) {
        lock(&self.unused).extend(event);
    }
}

/// A socket, a pipe, or an event.
pub(crate) struct Io<T = File>(Arc<Fd<T>>);

struct Fd<T: ?Sized = dyn AsFd + Send + Sync> {
    /// The events of the last wait, as bits of [`PollFlags`].
    ready: AtomicU16,
    io: T,
}

impl<T> Clone for Io<T> {
    fn clone(&self) -> Self {
        Io(self.0.clone())
    }
}

impl Io {
    pub(crate) fn pipe(fd: impl Into<OwnedFd>) -> Result<Self> {
        Io::new(File::from(fd.into()))
    }

    /// Creates an event, which wakes threads from `poll`.
    pub(crate) fn event() -> Result<Self> {
        Io::pipe(eventfd(0, EventfdFlags::CLOEXEC)?)
    }

    /// Sets it, which wakes all threads that wait for it, until it is reset.
    pub(crate) fn set(&self) {
        let _ = (&self.0.io).write(&1_u64.to_ne_bytes());
    }

    /// Resets it if `poll` has reported it. The caller then looks for the reason.
    fn reset(&self) {
        if !self.take_ready().is_empty() {
            let _ = (&self.0.io).read(&mut [0; 8]);
        }
    }
}

impl<T: AsFd + Send + Sync + 'static> Io<T> {
    pub(crate) fn new(io: T) -> Result<Self> {
        rustix::io::ioctl_fionbio(&io, true)?;
        Ok(Io(Arc::new(Fd { ready: AtomicU16::new(0), io })))
    }

    pub(crate) fn wait<R>(&self, on: PollFlags) -> Poll<R> {
        WAITS.with_borrow_mut(|waits| waits.push((self.0.clone(), on)));
        Poll::Pending
    }

    /// Returns the events since the last call.
    fn take_ready(&self) -> PollFlags {
        PollFlags::from_bits_retain(self.0.ready.swap(0, Ordering::Relaxed))
    }

    /// Returns its descriptor. The system gives out the lowest unused number, so a new one tells
    /// how many are in use.
    pub(crate) fn number(&self) -> u64 {
        self.0.io.as_fd().as_raw_fd().unsigned_abs().into()
    }
}

/// Returns the number of descriptors that this process may open.
pub(crate) fn descriptors_max() -> u64 {
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

impl<T: AsFd + Send + Sync + 'static> Source for Io<T>
where
    for<'a> &'a T: Read,
{
    fn poll_read(&mut self, _: &mut Context<'_>, buf: &mut [u8]) -> Poll<Result<usize>> {
        let ready = self.take_ready();
        if ready.is_empty() {
            return self.wait(PollFlags::IN);
        }
        match (&self.0.io).read(buf) {
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

impl<T: AsFd + Send + Sync + 'static> Sink for Io<T>
where
    for<'a> &'a T: Write,
{
    fn poll_write(&mut self, _: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<Result<usize>> {
        match (&self.0.io).write_vectored(bufs) {
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
        driver::unread(&self.0.io)
    }
}

impl Socket for Io<TcpStream> {
    fn poll_close(&mut self, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(self.0.io.shutdown(Shutdown::Write))
    }

    fn read_arrived(&mut self, buf: &mut [u8]) -> Result<usize> {
        (&self.0.io).read(buf)
    }

    fn peer(&self) -> Option<IpAddr> {
        self.0.io.peer_addr().ok().map(|peer| peer.ip())
    }
}

impl Io<TcpStream> {
    /// Wakes the thread that waits for it, as if the peer had closed this side.
    pub(crate) fn shutdown(&self, how: Shutdown) {
        let _ = self.0.io.shutdown(how);
    }
}

impl Listener for Io<TcpListener> {
    type Stream = Io<TcpStream>;

    /// The last descriptors are left for children, and for requests in flight.
    fn poll_accept(&mut self, _: &mut Context<'_>) -> Poll<Result<Io<TcpStream>>> {
        if self.take_ready().is_empty() {
            return self.wait(PollFlags::IN);
        }
        if Io::new(self.0.io.try_clone()?)?.number() + RESERVED_FDS >= descriptors_max() {
            return Poll::Ready(Err(Errno::MFILE.into()));
        }
        match self.accept_arrived() {
            Err(error) if is_passing(&error) => self.wait(PollFlags::IN),
            accepted => Poll::Ready(accepted),
        }
    }

    fn accept_arrived(&mut self) -> Result<Io<TcpStream>> {
        let (stream, _) = self.0.io.accept()?;
        // It fails only on a closed connection.
        let _ = stream.set_nodelay(true);
        Io::new(stream)
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
