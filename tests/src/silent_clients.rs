//! Many silent connections at once.

use std::io::{ErrorKind, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::sim;

/// Raises the limit of file descriptors for this process and its later children, if the system
/// allows it.
pub fn raise_fd_limit(descriptors: u64) {
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < descriptors) {
        let current = Some(limit.maximum.map_or(descriptors, |max| max.min(descriptors)));
        setrlimit(Resource::Nofile, Rlimit { current, ..limit }).expect("room for descriptors");
    }
}

/// Silent connections. Connecting does not wait: those that are not accepted stay in the backlog.
#[derive(Debug)]
pub struct SilentClients(Vec<Connection>);

/// A connection, in the world of this thread.
#[derive(Debug)]
enum Connection {
    /// Non-blocking.
    Real(TcpStream),
    Simulated(sim::net::Stream),
}

impl SilentClients {
    /// Opens this many connections, at once.
    pub fn connect(addr: SocketAddr, count: usize) -> SilentClients {
        SilentClients((0..count).map(|_| Connection::connect(addr)).collect())
    }

    /// Sends this on each of them, if it can be sent at once; no answer is read.
    pub fn send(&mut self, bytes: &[u8]) {
        self.0.iter_mut().for_each(|silent| silent.send(bytes));
    }

    /// Drops those that the peer has closed; returns the number of the others.
    pub fn count_open(&mut self) -> usize {
        self.0.retain(|silent| !silent.has_ended());
        self.0.len()
    }
}

impl Connection {
    fn connect(addr: SocketAddr) -> Connection {
        if let Some(world) = sim::current() {
            let stream = sim::net::Stream::connect_at_once(&world, addr.port(), None);
            return Connection::Simulated(stream.expect("the program listens"));
        }
        let SocketAddr::V4(addr) = addr else { panic!("{addr} is not IPv4") };
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = rustix::net::socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)
            .expect("a socket");
        match rustix::net::connect(&socket, &addr) {
            Ok(()) | Err(Errno::INPROGRESS) => Connection::Real(TcpStream::from(socket)),
            Err(error) => panic!("cannot connect to {addr}: {error}"),
        }
    }

    fn send(&mut self, bytes: &[u8]) {
        let _ = match self {
            Connection::Real(stream) => stream.write(bytes).map(drop),
            Connection::Simulated(stream) => stream.write_all(bytes, Duration::ZERO),
        };
    }

    fn has_ended(&self) -> bool {
        match self {
            Connection::Real(stream) => match stream.peek(&mut [0]) {
                Ok(bytes) => bytes == 0,
                // A connection that is still being opened has not ended.
                Err(error) => {
                    !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected)
                }
            },
            Connection::Simulated(stream) => stream.has_ended(),
        }
    }
}
