//! A stream of bytes with room for so many: what is written comes out in order, all of it.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice, Read};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use pontoon_carrier::io as carrier;
use pontoon_core::time::Instant;

use super::dice::Dice;
use super::{Alarm, Weather, World, lock};

/// What both ends share.
struct Pipe {
    bytes: VecDeque<u8>,
    bytes_max: usize,
    /// Nothing more will be written.
    ended: bool,
    /// Nothing more will be read.
    deaf: bool,
    /// Broken off: what is there can be read, and then it fails.
    reset: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

/// The end that bytes come out of. Dropped, it makes writing fail.
pub struct Reader {
    pipe: Arc<Mutex<Pipe>>,
    weather: Option<Rough>,
}

/// The end that bytes go into. Dropped, it ends the stream.
pub struct Writer {
    pipe: Arc<Mutex<Pipe>>,
}

/// Rough weather on the way of bytes.
struct Rough {
    world: Arc<World>,
    dice: Dice,
    alarm: Alarm,
    /// Nothing arrives earlier.
    held_until: Instant,
    /// There is no long pause earlier. Several in one body would make it slower than the program
    /// allows, which is not what lawful clients are.
    calm_until: Instant,
}

/// A pipe of this world that takes so many bytes until some are read.
pub fn pipe(world: &Arc<World>, bytes_max: usize) -> (Writer, Reader) {
    let pipe = Arc::new(Mutex::new(Pipe {
        bytes: VecDeque::new(),
        bytes_max,
        ended: false,
        deaf: false,
        reset: false,
        reader: None,
        writer: None,
    }));
    let weather = (world.weather == Weather::Rough).then(|| Rough {
        world: world.clone(),
        dice: lock(&world.dice).fork(),
        alarm: world.alarm(),
        held_until: world.now(),
        calm_until: world.now(),
    });
    (Writer { pipe: pipe.clone() }, Reader { pipe, weather })
}

impl Reader {
    /// Reads into `buf`, which is not empty; nothing read is the end.
    pub fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let len = match &mut self.weather {
            Some(rough) => match rough.poll_arrival(cx, buf.len()) {
                Poll::Ready(len) => len,
                Poll::Pending => return Poll::Pending,
            },
            None => buf.len(),
        };
        match self.read_arrived(&mut buf[..len]) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                lock(&self.pipe).reader = Some(cx.waker().clone());
                Poll::Pending
            }
            read => Poll::Ready(read),
        }
    }

    /// Reads what is there, whatever the weather, and wakes nobody later: `WouldBlock` if nothing
    /// is.
    ///
    /// # Errors
    ///
    /// The peer broke it off, or nothing has arrived.
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

    /// Whether there is nothing left to read, and nothing more will come.
    pub fn has_ended(&self) -> bool {
        let pipe = lock(&self.pipe);
        pipe.bytes.is_empty() && (pipe.ended || pipe.reset)
    }

    /// Whether there is something that was not read.
    pub fn is_unread(&self) -> bool {
        !lock(&self.pipe).bytes.is_empty()
    }
}

impl Rough {
    /// How many bytes may arrive now.
    fn poll_arrival(&mut self, cx: &mut Context<'_>, len: usize) -> Poll<usize> {
        if carrier::Alarm::poll_until(&mut self.alarm, cx, self.held_until).is_pending() {
            return Poll::Pending;
        }
        let now = self.world.now();
        let held = match self.dice.within(0..100) {
            0 if now >= self.calm_until => {
                self.calm_until = now + CALM_TIME;
                Duration::from_millis(self.dice.within(100..3000))
            }
            0..20 => Duration::from_micros(self.dice.within(1..20_000)),
            _ => Duration::ZERO,
        };
        self.held_until = now + held;
        let len_max = self.dice.pick(&[1, 7, 100, 1500, 65536]);
        Poll::Ready(len.min(self.dice.within(1..len_max + 1) as usize))
    }
}

/// From the beginning of one long pause to the next.
const CALM_TIME: Duration = Duration::from_secs(10);

impl carrier::Source for Reader {
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        Reader::poll_read(self, cx, buf)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let mut pipe = lock(&self.pipe);
        pipe.deaf = true;
        wake(&mut pipe.writer);
    }
}

impl Writer {
    /// Writes from the front of `bufs`; returns how many bytes were taken.
    pub fn poll_write(
        &self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut pipe = lock(&self.pipe);
        if pipe.reset || pipe.ended {
            return Poll::Ready(Err(ErrorKind::ConnectionReset.into()));
        }
        if pipe.deaf {
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

    /// Ready once nobody will read any more.
    pub fn poll_closed(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut pipe = lock(&self.pipe);
        if pipe.deaf || pipe.reset {
            return Poll::Ready(());
        }
        pipe.writer = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Bytes that were written and not read.
    pub fn unread(&self) -> usize {
        lock(&self.pipe).bytes.len()
    }

    /// Ends the stream.
    pub fn end(&self) {
        let mut pipe = lock(&self.pipe);
        pipe.ended = true;
        wake(&mut pipe.reader);
    }

    /// Breaks the stream off.
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
