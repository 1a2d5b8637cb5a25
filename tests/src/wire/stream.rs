//! The byte stream of a connection, real or simulated.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, SocketAddrV4, TcpStream};
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};

use super::PATIENCE;
use crate::sim;

/// A connection, in the world of this thread.
#[derive(Debug)]
pub(super) enum Stream {
    Real(TcpStream),
    Simulated(sim::net::Stream),
}

/// Creates a socket that programs that other cases start meanwhile do not inherit.
fn socket() -> io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC;
    let socket = rustix::net::socket_with(AddressFamily::INET, SocketType::STREAM, flags, None);
    Ok(socket?)
}

impl Stream {
    pub(super) fn connect(addr: SocketAddr) -> io::Result<Stream> {
        if let Some(world) = sim::current() {
            return sim::net::Stream::connect(&world, addr.port(), None).map(Stream::Simulated);
        }
        Stream::real(TcpStream::connect_timeout(&addr, PATIENCE)?)
    }

    /// Connects with a receive buffer of about this many bytes. The size has to be set before
    /// connecting, because it decides the TCP window.
    pub(super) fn connect_narrow(addr: SocketAddr, receive_buffer: usize) -> io::Result<Stream> {
        if let Some(world) = sim::current() {
            let stream = sim::net::Stream::connect(&world, addr.port(), Some(receive_buffer));
            return stream.map(Stream::Simulated);
        }
        let socket = socket()?;
        sockopt::set_socket_recv_buffer_size(&socket, receive_buffer)?;
        rustix::net::connect(&socket, &addr)?;
        Stream::real(TcpStream::from(socket))
    }

    /// Connects from this address, over a real socket.
    pub(super) fn connect_from(source: Ipv4Addr, addr: SocketAddr) -> io::Result<Stream> {
        let socket = socket()?;
        rustix::net::bind(&socket, &SocketAddrV4::new(source, 0))?;
        rustix::net::connect(&socket, &addr)?;
        Stream::real(TcpStream::from(socket))
    }

    fn real(stream: TcpStream) -> io::Result<Stream> {
        stream.set_nodelay(true)?;
        Ok(Stream::Real(stream))
    }

    /// Writes all bytes; no single step may take longer than `patience`.
    pub(super) fn write_all(&mut self, bytes: &[u8], patience: Duration) -> io::Result<()> {
        match self {
            Stream::Real(stream) => {
                stream.set_write_timeout(Some(patience))?;
                stream.write_all(bytes)
            }
            Stream::Simulated(stream) => stream.write_all(bytes, patience),
        }
    }

    /// Reads the available bytes, at least one; nothing at the end.
    pub(super) fn read(&mut self, buf: &mut [u8], patience: Duration) -> io::Result<usize> {
        match self {
            Stream::Real(stream) => {
                stream.set_read_timeout(Some(patience))?;
                stream.read(buf)
            }
            Stream::Simulated(stream) => stream.read(buf, patience),
        }
    }

    /// Returns whether the peer has closed or reset it.
    pub(super) fn has_ended(&self) -> bool {
        match self {
            Stream::Real(stream) => {
                stream.set_nonblocking(true).unwrap();
                let peeked = stream.peek(&mut [0]);
                stream.set_nonblocking(false).unwrap();
                match peeked {
                    Ok(bytes) => bytes == 0,
                    Err(error) => error.kind() != ErrorKind::WouldBlock,
                }
            }
            Stream::Simulated(stream) => stream.has_ended(),
        }
    }

    pub(super) fn half_close(&self) {
        match self {
            Stream::Real(stream) => stream.shutdown(Shutdown::Write).unwrap(),
            Stream::Simulated(stream) => stream.half_close(),
        }
    }

    /// Resets the connection.
    pub(super) fn reset(self) {
        match self {
            Stream::Real(stream) => {
                sockopt::set_socket_linger(&stream, Some(Duration::ZERO)).unwrap();
            }
            Stream::Simulated(stream) => stream.reset(),
        }
    }
}
