//! A bounded byte stream: written bytes arrive in order, all of them.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice, Read};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use pontoon_core::Instant;
use pontoon_driver::io as driver;

use super::rng::Rng;
use super::{Faults, Timer, World, lock};

/// The state that both ends share.
struct Pipe {
    bytes: VecDeque<u8>,
    bytes_max: usize,
    /// Whether the write end is closed.
    ended: bool,
    /// Whether the read end is closed.
    reader_closed: bool,
    /// Whether it is reset: buffered bytes can be read, and then reading fails.
    reset: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

/// The read end. Dropping it makes writing fail.
pub struct Reader {
    pipe: Arc<Mutex<Pipe>>,
    faults: Option<FaultInjector>,
}

/// The write end. Dropping it ends the stream.
pub struct Writer {
    pipe: Arc<Mutex<Pipe>>,
}

/// The network faults of a stream.
struct FaultInjector {
    world: Arc<World>,
    rng: Rng,
    timer: Timer,
    /// Nothing arrives earlier.
    held_until: Instant,
    /// Whether bytes arrive without pauses once the write end is closed.
    ends_at_once: bool,
    /// No long pause begins earlier. Several in one body would make it slower than the program
    /// allows.
    next_pause_from: Instant,
}

/// Creates a pipe in this world with a buffer of this many bytes.
pub fn pipe(world: &Arc<World>, bytes_max: usize) -> (Writer, Reader) {
    let pipe = Arc::new(Mutex::new(Pipe {
        bytes: VecDeque::new(),
        bytes_max,
        ended: false,
        reader_closed: false,
        reset: false,
        reader: None,
        writer: None,
    }));
    let faults = (world.faults == Faults::Random).then(|| FaultInjector {
        world: world.clone(),
        rng: lock(&world.rng).fork(),
        timer: world.timer(),
        held_until: world.now(),
        ends_at_once: false,
        next_pause_from: world.now(),
    });
    (Writer { pipe: pipe.clone() }, Reader { pipe, faults })
}

impl Reader {
    /// Once the write end is closed, all bytes are there, as in a pipe between processes.
    pub(crate) fn ending_at_once(mut self) -> Reader {
        if let Some(random) = &mut self.faults {
            random.ends_at_once = true;
        }
        self
    }

    /// Reads into `buf`, which is not empty; reading nothing means the end.
    pub fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let len = match &mut self.faults {
            Some(random) if !random.ends_at_once || !lock(&self.pipe).ended => {
                match random.poll_arrival(cx, buf.len()) {
                    Poll::Ready(len) => len,
                    Poll::Pending => {
                        lock(&self.pipe).reader = Some(cx.waker().clone());
                        return Poll::Pending;
                    }
                }
            }
            _ => buf.len(),
        };
        match self.read_arrived(&mut buf[..len]) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                lock(&self.pipe).reader = Some(cx.waker().clone());
                Poll::Pending
            }
            read => Poll::Ready(read),
        }
    }

    /// Reads the available bytes regardless of network faults, without registering a wake-up:
    /// `WouldBlock` if there are none.
    ///
    /// # Errors
    ///
    /// The peer reset it, or nothing has arrived.
    pub fn read_arrived(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut pipe = lock(&self.pipe);
        if !pipe.bytes.is_empty() {
            let len = pipe.bytes.read(buf)?;
            wake(&mut pipe.writer);
            return Ok(len);
        }
        match (pipe.reset, pipe.ended) {
            (true, _) => Err(ErrorKind::ConnectionReset.into()),
            (_, true) => Ok(0),
            _ => Err(ErrorKind::WouldBlock.into()),
        }
    }

    /// Returns whether everything was read, and the write end is closed.
    pub fn has_ended(&self) -> bool {
        let pipe = lock(&self.pipe);
        pipe.bytes.is_empty() && (pipe.ended || pipe.reset)
    }

    /// Returns whether there are unread bytes.
    pub fn is_unread(&self) -> bool {
        !lock(&self.pipe).bytes.is_empty()
    }
}

impl FaultInjector {
    /// Returns the number of bytes that may arrive now.
    fn poll_arrival(&mut self, cx: &mut Context<'_>, len: usize) -> Poll<usize> {
        if driver::Alarm::poll_until(&mut self.timer, cx, self.held_until).is_pending() {
            return Poll::Pending;
        }
        let now = self.world.now();
        let held = match self.rng.range(0..100) {
            0 if now >= self.next_pause_from => {
                self.next_pause_from = now + PAUSE_INTERVAL;
                Duration::from_millis(self.rng.range(100..3000))
            }
            0..20 => Duration::from_micros(self.rng.range(1..20_000)),
            _ => Duration::ZERO,
        };
        self.held_until = now + held;
        let len_max = self.rng.choose(&[1, 7, 100, 1500, 65536]);
        Poll::Ready(len.min(self.rng.range(1..len_max + 1) as usize))
    }
}

/// The time between the starts of two long pauses.
const PAUSE_INTERVAL: Duration = Duration::from_secs(10);

impl driver::Source for Reader {
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        Reader::poll_read(self, cx, buf)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let mut pipe = lock(&self.pipe);
        pipe.reader_closed = true;
        wake(&mut pipe.writer);
    }
}

impl Writer {
    /// Writes from the start of `bufs`; returns the number of bytes accepted.
    pub fn poll_write(
        &self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut pipe = lock(&self.pipe);
        if pipe.reset || pipe.ended {
            return Poll::Ready(Err(ErrorKind::ConnectionReset.into()));
        }
        if pipe.reader_closed {
            return Poll::Ready(Err(ErrorKind::BrokenPipe.into()));
        }
        let mut taken = 0;
        for buf in bufs {
            let part = &buf[..buf.len().min(pipe.bytes_max - pipe.bytes.len())];
            pipe.bytes.extend(part);
            taken += part.len();
        }
        if taken == 0 && bufs.iter().any(|buf| !buf.is_empty()) {
            pipe.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        wake(&mut pipe.reader);
        Poll::Ready(Ok(taken))
    }

    /// Waits for the read end to be closed.
    pub fn poll_closed(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut pipe = lock(&self.pipe);
        if pipe.reader_closed || pipe.reset {
            return Poll::Ready(());
        }
        pipe.writer = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Returns the number of bytes written and not read.
    pub fn unread(&self) -> usize {
        lock(&self.pipe).bytes.len()
    }

    /// Ends the stream.
    pub fn end(&self) {
        let mut pipe = lock(&self.pipe);
        pipe.ended = true;
        wake(&mut pipe.reader);
    }

    /// Resets the stream.
    pub fn reset(&self) {
        let mut pipe: MutexGuard<'_, Pipe> = lock(&self.pipe);
        pipe.reset = true;
        wake(&mut pipe.reader);
        wake(&mut pipe.writer);
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.end();
    }
}

fn wake(waker: &mut Option<Waker>) {
    if let Some(waker) = waker.take() {
        waker.wake();
    }
}

#[cfg(test)]
mod tests;
