//! The byte stream of a connection, real or simulated.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, SocketAddrV4, TcpStream};
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};
use rustls::{ClientConnection, StreamOwned};

use super::PATIENCE;
use crate::{sim, tls};

/// A connection, in the world of this thread.
#[derive(Debug)]
pub(super) enum Stream {
    Real(TcpStream),
    Simulated(sim::net::Stream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
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
        Stream::real(addr, TcpStream::connect_timeout(&addr, PATIENCE)?)
    }

    /// Connects without TLS, even if the program expects it.
    pub(super) fn connect_plain(addr: SocketAddr) -> io::Result<Stream> {
        let stream = TcpStream::connect_timeout(&addr, PATIENCE)?;
        stream.set_nodelay(true)?;
        Ok(Stream::Real(stream))
    }

    /// Connects with this client of TLS.
    pub(super) fn connect_as(addr: SocketAddr, client: ClientConnection) -> io::Result<Stream> {
        let stream = TcpStream::connect_timeout(&addr, PATIENCE)?;
        stream.set_nodelay(true)?;
        Ok(Stream::Tls(Box::new(StreamOwned::new(client, stream))))
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
        Stream::real(addr, TcpStream::from(socket))
    }

    /// Connects from this address, over a real socket.
    pub(super) fn connect_from(source: Ipv4Addr, addr: SocketAddr) -> io::Result<Stream> {
        let socket = socket()?;
        rustix::net::bind(&socket, &SocketAddrV4::new(source, 0))?;
        rustix::net::connect(&socket, &addr)?;
        Stream::real(addr, TcpStream::from(socket))
    }

    fn real(addr: SocketAddr, stream: TcpStream) -> io::Result<Stream> {
        stream.set_nodelay(true)?;
        Ok(match tls::client_for(addr) {
            Some(client) => Stream::Tls(Box::new(StreamOwned::new(client, stream))),
            None => Stream::Real(stream),
        })
    }

    /// Writes all bytes; no single step may take longer than `patience`.
    pub(super) fn write_all(&mut self, bytes: &[u8], patience: Duration) -> io::Result<()> {
        match self {
            Stream::Real(stream) => {
                stream.set_write_timeout(Some(patience))?;
                stream.write_all(bytes)
            }
            Stream::Tls(stream) => {
                stream.sock.set_write_timeout(Some(patience))?;
                stream.sock.set_read_timeout(Some(patience))?;
                stream.write_all(bytes)?;
                stream.flush()
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
            Stream::Tls(stream) => {
                stream.sock.set_read_timeout(Some(patience))?;
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
            // Records of TLS may stand in front of the end.
            Stream::Tls(stream) => {
                let mut fds = [PollFd::new(&stream.sock, PollFlags::RDHUP)];
                rustix::event::poll(&mut fds, Some(&Timespec::default())).unwrap();
                !fds[0].revents().is_empty()
            }
            Stream::Simulated(stream) => stream.has_ended(),
        }
    }

    pub(super) fn tls(&self) -> Option<&ClientConnection> {
        match self {
            Stream::Tls(stream) => Some(&stream.conn),
            Stream::Real(_) | Stream::Simulated(_) => None,
        }
    }

    pub(super) fn truncate(&self) {
        match self {
            Stream::Tls(stream) => stream.sock.shutdown(Shutdown::Write).unwrap(),
            Stream::Real(_) | Stream::Simulated(_) => panic!("a connection without TLS"),
        }
    }

    pub(super) fn half_close(&mut self) {
        match self {
            Stream::Tls(stream) => {
                stream.conn.send_close_notify();
                stream.flush().unwrap();
                stream.sock.shutdown(Shutdown::Write).unwrap();
            }
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
            Stream::Tls(stream) => {
                sockopt::set_socket_linger(&stream.sock, Some(Duration::ZERO)).unwrap();
            }
            Stream::Simulated(stream) => stream.reset(),
        }
    }
}
