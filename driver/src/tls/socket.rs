//! A socket that is polled, with TLS or without.

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::IpAddr;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use crate::io::{Sink, Socket, Source};
use crate::site::Site;
use crate::tls::{Tls, TlsSession};

/// A socket with TLS. Reports a handshake that failed when it is dropped.
pub(crate) struct TlsSocket<S: Socket> {
    socket: S,
    session: TlsSession,
    site: Arc<Site>,
}

impl<S: Socket> TlsSocket<S> {
    pub(crate) fn new(socket: S, tls: &Tls, site: Arc<Site>) -> io::Result<TlsSocket<S>> {
        let session = TlsSession::new(tls, socket.peer())?;
        Ok(TlsSocket { socket, session, site })
    }
}

impl<S: Socket> Drop for TlsSocket<S> {
    fn drop(&mut self) {
        self.site.report(self.session.report());
    }
}

/// A socket as a transport that does not block: its task is woken when it is ready.
struct Polled<'a, 'cx, S>(&'a mut S, &'a mut Context<'cx>);

impl<S: Socket> Read for Polled<'_, '_, S> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        blocking(self.0.poll_read(self.1, buf))
    }
}

impl<S: Socket> Write for Polled<'_, '_, S> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(buf)])
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        blocking(self.0.poll_write(self.1, bufs))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The bytes of a socket that have arrived already. Nothing is written.
struct Arrived<'a, S>(&'a mut S);

impl<S: Socket> Read for Arrived<'_, S> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read_arrived(buf)
    }
}

impl<S: Socket> Write for Arrived<'_, S> {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(ErrorKind::WouldBlock.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn blocking<T>(result: Poll<io::Result<T>>) -> io::Result<T> {
    match result {
        Poll::Ready(result) => result,
        Poll::Pending => Err(ErrorKind::WouldBlock.into()),
    }
}

/// The reverse: the transport has registered the task before it returned that it would block.
fn polled<T>(result: io::Result<T>) -> Poll<io::Result<T>> {
    match result {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Poll::Pending,
        result => Poll::Ready(result),
    }
}

impl<S: Socket> Source for TlsSocket<S> {
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        polled(self.session.read(&mut Polled(&mut self.socket, cx), buf))
    }
}

impl<S: Socket> Sink for TlsSocket<S> {
    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        polled(self.session.write(&mut Polled(&mut self.socket, cx), bufs))
    }
}

impl<S: Socket> Socket for TlsSocket<S> {
    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(polled(self.session.close(&mut Polled(&mut self.socket, cx))))?;
        self.socket.poll_close(cx)
    }

    fn read_arrived(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.session.read(&mut Arrived(&mut self.socket), buf)
    }

    fn peer(&self) -> Option<IpAddr> {
        self.socket.peer()
    }

    fn is_plain_http(&self) -> bool {
        self.session.is_plain()
    }
}
