//! tokio's sockets, pipes and timers, for polling by the driver.

use std::future::Future;
use std::io::{IoSlice, Result};
use std::net::IpAddr;
use std::os::fd::AsFd;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pontoon_core::Instant;
use pontoon_driver::clock::Clock;
use pontoon_driver::io::{self, Listener, Sink, Socket, Source};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::unix::pipe::Sender;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::ChildStdin;
use tokio::time::{Sleep, sleep_until};

/// A socket, or a pipe that is read.
pub(crate) struct Io<T>(pub(crate) T);

impl<T: AsyncRead + Unpin> Source for Io<T> {
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<Result<usize>> {
        let mut buf = ReadBuf::new(buf);
        ready!(Pin::new(&mut self.0).poll_read(cx, &mut buf))?;
        Poll::Ready(Ok(buf.filled().len()))
    }
}

impl Listener for Io<TcpListener> {
    type Stream = TcpStream;

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<Result<TcpStream>> {
        self.0.poll_accept(cx).map_ok(|(stream, _)| stream)
    }

    fn accept_arrived(&mut self) -> Result<TcpStream> {
        let listener = std::net::TcpListener::from(self.0.as_fd().try_clone_to_owned()?);
        let (stream, _) = listener.accept()?;
        stream.set_nonblocking(true)?;
        TcpStream::from_std(stream)
    }
}

impl Sink for Io<TcpStream> {
    fn poll_write(&mut self, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, bufs)
    }
}

impl Socket for Io<TcpStream> {
    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }

    fn read_arrived(&mut self, buf: &mut [u8]) -> Result<usize> {
        Ok(rustix::io::read(&self.0, buf)?)
    }

    fn peer(&self) -> Option<IpAddr> {
        self.0.peer_addr().ok().map(|peer| peer.ip())
    }
}

/// A child's standard input.
pub(crate) struct Stdin {
    pipe: Arc<Sender>,
    closed: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Stdin {
    pub(crate) fn new(stdin: ChildStdin) -> Result<Self> {
        let pipe = Arc::new(Sender::from_owned_fd(stdin.into_owned_fd()?)?);
        let watched = pipe.clone();
        let closed = Box::pin(async move { drop(watched.ready(Interest::ERROR).await) });
        Ok(Stdin { pipe, closed })
    }
}

impl Sink for Stdin {
    fn poll_write(&mut self, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<Result<usize>> {
        loop {
            match self.pipe.try_write_vectored(bufs) {
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    ready!(self.pipe.poll_write_ready(cx))?;
                }
                written => return Poll::Ready(written),
            }
        }
    }
}

impl io::Stdin for Stdin {
    fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.closed.as_mut().poll(cx)
    }

    fn unread(&self) -> usize {
        io::unread(&*self.pipe)
    }
}

/// A timer.
pub(crate) struct Alarm {
    clock: Clock,
    sleep: Pin<Box<Sleep>>,
}

impl Alarm {
    pub(crate) fn new(clock: Clock) -> Self {
        let sleep = Box::pin(sleep_until(clock.at(Instant::FAR).into()));
        Alarm { clock, sleep }
    }
}

impl io::Alarm for Alarm {
    fn poll_until(&mut self, cx: &mut Context<'_>, at: Instant) -> Poll<()> {
        let at = self.clock.at(at).into();
        if at < self.sleep.deadline() || self.sleep.is_elapsed() {
            self.sleep.as_mut().reset(at);
        }
        self.sleep.as_mut().poll(cx)
    }
}
