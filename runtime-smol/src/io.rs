//! smol's sockets, pipes and timers, for polling by the driver.

use std::fs::File;
use std::future::Future;
use std::io::{self, IoSlice, Read, Result, Write};
use std::net::{IpAddr, Shutdown, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use async_io::{Async, Timer};
use pontoon_core::Instant;
use pontoon_driver::clock::Clock;
use pontoon_driver::io::{self as driver, Listener, Sink, Socket, Source, Stdin};

/// A socket or a pipe.
pub(crate) struct Io<T> {
    io: Async<T>,
    /// Whether the last read emptied the buffer, so that another one would return nothing.
    drained: bool,
}

impl<T> Io<T> {
    pub(crate) fn new(io: Async<T>) -> Self {
        Io { io, drained: false }
    }
}

impl Io<File> {
    pub(crate) fn pipe(pipe: impl TryInto<OwnedFd, Error = io::Error>) -> Result<Self> {
        Async::new(File::from(pipe.try_into()?)).map(Io::new)
    }
}

impl<T> Source for Io<T>
where
    for<'a> &'a T: Read,
{
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<Result<usize>> {
        loop {
            if self.drained {
                ready!(self.io.poll_readable(cx))?;
            }
            match self.io.get_ref().read(buf) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.drained = true,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => {
                    self.drained = matches!(read, Ok(bytes) if bytes < buf.len());
                    return Poll::Ready(read);
                }
            }
        }
    }
}

impl<T> Sink for Io<T>
where
    for<'a> &'a T: Write,
{
    fn poll_write(&mut self, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<Result<usize>> {
        loop {
            match self.io.get_ref().write_vectored(bufs) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    ready!(self.io.poll_writable(cx))?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                written => return Poll::Ready(written),
            }
        }
    }
}

impl Listener for Io<TcpListener> {
    type Stream = Async<TcpStream>;

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<Result<Async<TcpStream>>> {
        loop {
            match self.accept_arrived() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    ready!(self.io.poll_readable(cx))?;
                }
                accepted => return Poll::Ready(accepted),
            }
        }
    }

    fn accept_arrived(&mut self) -> Result<Async<TcpStream>> {
        Async::new(self.io.get_ref().accept()?.0)
    }
}

impl Socket for Io<TcpStream> {
    fn poll_close(&mut self, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(self.io.get_ref().shutdown(Shutdown::Write))
    }

    fn read_arrived(&mut self, buf: &mut [u8]) -> Result<usize> {
        self.io.get_ref().read(buf)
    }

    fn peer(&self) -> Option<IpAddr> {
        self.io.get_ref().peer_addr().ok().map(|peer| peer.ip())
    }
}

impl Stdin for Io<File> {
    /// The write end of a pipe is never readable; only its error is reported.
    fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.io.poll_readable(cx).map(drop)
    }

    fn unread(&self) -> usize {
        driver::unread(&self.io)
    }
}

/// A timer.
pub(crate) struct Alarm {
    clock: Clock,
    timer: Timer,
    /// The time at which it fires.
    at: Instant,
}

impl Alarm {
    pub(crate) fn new(clock: Clock) -> Self {
        Alarm { clock, timer: Timer::never(), at: Instant::FAR }
    }
}

impl driver::Alarm for Alarm {
    fn poll_until(&mut self, cx: &mut Context<'_>, at: Instant) -> Poll<()> {
        if at < self.at {
            self.timer.set_at(self.clock.at(at));
            self.at = at;
        }
        ready!(Pin::new(&mut self.timer).poll(cx));
        self.at = Instant::FAR;
        Poll::Ready(())
    }
}
