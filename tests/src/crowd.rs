//! Many connections at once that have nothing to say.

use std::io::{ErrorKind, Write};
use std::net::{SocketAddr, TcpStream};

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType};

/// Connections that are only held. None of them is waited for: where there is no room for some,
/// they go on trying.
#[derive(Debug)]
pub struct Crowd(Vec<TcpStream>);

impl Crowd {
    /// Connects so many times, at once.
    pub fn connect(addr: SocketAddr, count: usize) -> Crowd {
        let SocketAddr::V4(addr) = addr else { panic!("{addr} is not IPv4") };
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let connect = |_| {
            let socket =
                rustix::net::socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)
                    .expect("a socket");
            match rustix::net::connect(&socket, &addr) {
                Ok(()) | Err(Errno::INPROGRESS) => TcpStream::from(socket),
                Err(error) => panic!("cannot connect to {addr}: {error}"),
            }
        };
        Crowd((0..count).map(connect).collect())
    }

    /// Sends this on each of them, if it can be sent at once; no answer is read.
    pub fn say(&mut self, bytes: &[u8]) {
        for mut stream in &self.0 {
            let _ = stream.write(bytes);
        }
    }

    /// Lets those go that the peer has closed; returns how many are left.
    pub fn left(&mut self) -> usize {
        self.0.retain(|stream| match stream.peek(&mut [0]) {
            Ok(bytes) => bytes > 0,
            // Not connected yet counts as left too.
            Err(error) => matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected),
        });
        self.0.len()
    }
}
