//! Connections: a byte stream in each direction.
//!
//! They end as in TCP: closing a side with unread bytes, or aborting it, resets the connection;
//! bytes sent before still arrive.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::io::{self, ErrorKind, IoSlice};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use pontoon_driver::io as driver;

use super::pipe::{Reader, Writer, pipe};
use super::process::Descriptor;
use super::{World, lock};

/// The listeners by port.
#[derive(Default)]
pub(crate) struct Network {
    ports: BTreeMap<u16, Arc<Listener>>,
}

/// A queue of new connections. Dropping it refuses further ones.
#[derive(Default)]
pub(crate) struct Listener {
    backlog: Mutex<VecDeque<Socket>>,
    accepting: Mutex<Option<Waker>>,
}

impl driver::Listener for &Listener {
    type Stream = Socket;

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Socket>> {
        match self.accept_arrived() {
            Err(_) => {
                *lock(&self.accepting) = Some(cx.waker().clone());
                Poll::Pending
            }
            accepted => Poll::Ready(accepted),
        }
    }

    fn accept_arrived(&mut self) -> io::Result<Socket> {
        lock(&self.backlog).pop_front().ok_or_else(|| ErrorKind::WouldBlock.into())
    }
}

impl World {
    /// Listens on an unused port.
    pub(crate) fn listen(&self) -> (u16, Arc<Listener>) {
        let mut network = lock(&self.network);
        let port = network.ports.keys().next_back().map_or(PORT_MIN, |port| port + 1);
        let listener = Arc::new(Listener::default());
        network.ports.insert(port, listener.clone());
        (port, listener)
    }

    /// Refuses connections from now on, and resets those in the backlog.
    pub(crate) fn unlisten(&self, port: u16) {
        let listener = lock(&self.network).ports.remove(&port);
        if let Some(listener) = listener {
            lock(&listener.backlog).drain(..).for_each(Socket::reset);
        }
    }

    /// Connects, with a buffer of this many bytes in each direction.
    ///
    /// # Errors
    ///
    /// Nothing listens on the port.
    pub fn connect(self: &Arc<Self>, port: u16, bytes_max: usize) -> io::Result<Socket> {
        let listener = lock(&self.network).ports.get(&port).cloned();
        let listener = listener.ok_or(ErrorKind::ConnectionRefused)?;
        let (to_server, from_client) = pipe(self, BUFFER_BYTES);
        let (to_client, from_server) = pipe(self, bytes_max);
        lock(&listener.backlog).push_back(Socket::new(from_client, to_client));
        if let Some(waker) = lock(&listener.accepting).take() {
            waker.wake();
        }
        Ok(Socket::new(from_server, to_server))
    }
}

/// One side of a connection.
pub struct Socket {
    incoming: Reader,
    outgoing: Writer,
    descriptor: Option<Descriptor>,
}

impl Socket {
    fn new(incoming: Reader, outgoing: Writer) -> Socket {
        Socket { incoming, outgoing, descriptor: None }
    }

    /// Counts it as a descriptor of its process.
    pub(crate) fn owned(mut self, descriptor: Descriptor) -> Socket {
        self.descriptor = Some(descriptor);
        self
    }

    /// Resets the connection.
    pub fn reset(self) {
        self.outgoing.reset();
    }

    /// Closes this side for writing.
    pub fn half_close(&self) {
        self.outgoing.end();
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.incoming.is_unread() {
            self.outgoing.reset();
        }
    }
}

impl driver::Source for Socket {
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.incoming.poll_read(cx, buf)
    }
}

impl driver::Sink for Socket {
    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.outgoing.poll_write(cx, bufs)
    }
}

impl driver::Socket for Socket {
    fn poll_close(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.half_close();
        Poll::Ready(Ok(()))
    }

    fn read_arrived(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.incoming.read_arrived(buf)
    }
}

/// A connection for blocking code: while it waits, the world runs.
pub struct Stream {
    world: Arc<World>,
    socket: Socket,
}

impl Stream {
    /// Connects, which takes a moment.
    ///
    /// # Errors
    ///
    /// Nothing listens on the port.
    pub(crate) fn connect(
        world: &Arc<World>,
        port: u16,
        bytes_max: Option<usize>,
    ) -> io::Result<Stream> {
        world.sleep(CONNECT_TIME);
        Stream::connect_at_once(world, port, bytes_max)
    }

    /// Connects without waiting.
    ///
    /// # Errors
    ///
    /// Nothing listens on the port.
    pub(crate) fn connect_at_once(
        world: &Arc<World>,
        port: u16,
        bytes_max: Option<usize>,
    ) -> io::Result<Stream> {
        let socket = world.connect(port, bytes_max.unwrap_or(BUFFER_BYTES))?;
        Ok(Stream { world: world.clone(), socket })
    }

    /// Reads the available bytes, at least one; nothing at the end.
    pub(crate) fn read(&mut self, buf: &mut [u8], patience: Duration) -> io::Result<usize> {
        let cx = &mut Context::from_waker(Waker::noop());
        let mut read = Poll::Pending;
        self.world.run_until(self.world.now() + patience, || {
            read = self.socket.incoming.poll_read(cx, buf);
            read.is_ready()
        });
        match read {
            Poll::Ready(read) => read,
            Poll::Pending => Err(ErrorKind::TimedOut.into()),
        }
    }

    /// Writes all bytes; no single step may take longer than `patience`.
    pub(crate) fn write_all(&mut self, mut bytes: &[u8], patience: Duration) -> io::Result<()> {
        let cx = &mut Context::from_waker(Waker::noop());
        while !bytes.is_empty() {
            let mut written = self.socket.outgoing.poll_write(cx, &[IoSlice::new(bytes)]);
            if written.is_pending() {
                self.world.run_until(self.world.now() + patience, || {
                    written = self.socket.outgoing.poll_write(cx, &[IoSlice::new(bytes)]);
                    written.is_ready()
                });
            }
            match written {
                Poll::Ready(written) => bytes = &bytes[written?..],
                Poll::Pending => return Err(ErrorKind::TimedOut.into()),
            }
        }
        Ok(())
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.socket.incoming.has_ended()
    }

    pub(crate) fn half_close(&self) {
        self.socket.half_close();
    }

    pub(crate) fn reset(self) {
        self.socket.reset();
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stream")
    }
}

/// The buffer size of each direction.
pub const BUFFER_BYTES: usize = 256 * 1024;

const CONNECT_TIME: Duration = Duration::from_micros(250);

const PORT_MIN: u16 = 20_000;

#[cfg(test)]
mod tests;
