//! TLS on one connection, without its socket.

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::mem;
use std::net::IpAddr;

use pontoon_core::http::begins_http;
use pontoon_core::{Input, TlsFailure};
use rustls::{Error, ServerConnection};

use crate::tls::Tls;

/// TLS on one connection.
///
/// Its methods take the transport, which does not block: it returns [`ErrorKind::WouldBlock`], and
/// so do they. Nothing is buffered without a bound: a record is read only once the one before has
/// been taken, and a write accepts 32 KiB at a time.
#[derive(Debug)]
pub(crate) struct TlsSession {
    connection: Box<ServerConnection>,
    /// The address of the client, which the system forgets with a reset.
    peer: Option<IpAddr>,
    /// The first byte that has arrived.
    first: Option<u8>,
    /// Bytes of the current write that are encrypted, but not yet with the transport completely.
    unsent: usize,
    /// Whether the client speaks plain HTTP, so that bytes pass unchanged.
    is_plain: bool,
    is_closed: bool,
    failure: Option<(TlsFailure, String)>,
}

/// The maximum number of bytes that are encrypted for one write. The next write waits until the
/// transport has accepted all of them.
const WRITE_BYTES_MAX: usize = 32 * 1024;

impl TlsSession {
    /// Creates the state of a connection that was just accepted.
    pub(crate) fn new(tls: &Tls, peer: Option<IpAddr>) -> io::Result<TlsSession> {
        let connection = ServerConnection::new(tls.config.clone()).map_err(io::Error::other)?;
        let mut connection = Box::new(connection);
        connection.set_buffer_limit(Some(WRITE_BYTES_MAX));
        Ok(TlsSession {
            connection,
            peer,
            first: None,
            unsent: 0,
            is_plain: false,
            is_closed: false,
            failure: None,
        })
    }

    /// Reads decrypted bytes; nothing after the peer has closed its side properly.
    /// [`ErrorKind::UnexpectedEof`] means that the transport ended before TLS did,
    /// [`ErrorKind::InvalidData`] that the bytes are not TLS: see [`TlsSession::is_plain`].
    pub(crate) fn read(
        &mut self,
        io: &mut (impl Read + Write),
        buf: &mut [u8],
    ) -> io::Result<usize> {
        if self.is_plain {
            return io.read(buf);
        }
        loop {
            match self.connection.reader().read(buf) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.receive(io)?,
                read => return read,
            }
        }
    }

    /// Reads and processes records; sends what the handshake has to send.
    fn receive(&mut self, io: &mut (impl Read + Write)) -> io::Result<()> {
        // If it would block, the transport has to be written to again; reading goes on.
        not_blocked(self.flush(io))?;
        let received = self.connection.read_tls(&mut Noting { io, first: &mut self.first })?;
        if received == 0 {
            self.fail(TlsFailure::Closed, || "the client closed the connection".to_owned());
            return Err(ErrorKind::UnexpectedEof.into());
        }
        if let Err(error) = self.connection.process_new_packets() {
            let is_first = self.connection.is_handshaking();
            self.is_plain = is_first && self.first.is_some_and(begins_http);
            if !self.is_plain {
                self.fail(kind(&error), || error.to_string());
                // An alert tells the peer the reason, if there is room for it.
                let _ = self.flush(io);
            }
            return Err(io::Error::new(ErrorKind::InvalidData, error));
        }
        not_blocked(self.flush(io))
    }

    /// Encrypts and writes bytes from the start of `bufs`; returns their number once the transport
    /// has accepted all of them. After [`ErrorKind::WouldBlock`] it has to be called with the same
    /// bytes again, because some may have been sent.
    pub(crate) fn write(&mut self, io: &mut impl Write, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        if self.is_plain {
            return io.write_vectored(bufs);
        }
        self.flush(io)?;
        if self.unsent == 0 {
            self.unsent = self.connection.writer().write_vectored(bufs)?;
            self.flush(io)?;
        }
        Ok(mem::take(&mut self.unsent))
    }

    /// Tells the peer that no more bytes follow, unless it has sent none itself. The transport is
    /// closed after that.
    pub(crate) fn close(&mut self, io: &mut impl Write) -> io::Result<()> {
        if self.is_plain || self.first.is_none() {
            return Ok(());
        }
        if !mem::replace(&mut self.is_closed, true) {
            self.connection.send_close_notify();
        }
        self.flush(io)
    }

    /// Writes the records that wait.
    fn flush(&mut self, io: &mut impl Write) -> io::Result<()> {
        while self.wants_write() {
            if self.connection.write_tls(io)? == 0 {
                return Err(ErrorKind::WriteZero.into());
            }
        }
        Ok(())
    }

    /// Returns whether records wait for the transport.
    fn wants_write(&self) -> bool {
        !self.is_plain && self.connection.wants_write()
    }

    /// Returns whether the client has sent an HTTP request without TLS. From then on bytes pass
    /// unchanged, for an answer that the client can read.
    pub(crate) fn is_plain(&self) -> bool {
        self.is_plain
    }

    /// Returns the report of the handshake, if it failed: for the end of the connection. A
    /// connection without a byte is no failure, because health checks open such ones.
    pub(crate) fn report(&mut self) -> Option<Input> {
        if self.first.is_none() || self.is_plain {
            return None;
        }
        self.fail(TlsFailure::Unfinished, || "the handshake was not complete in time".to_owned());
        let (failure, words) = self.failure.take()?;
        Some(Input::TlsFailed { failure, words, peer: self.peer })
    }

    /// Records the first failure, if it is one of the handshake.
    fn fail(&mut self, failure: TlsFailure, words: impl FnOnce() -> String) {
        if self.connection.is_handshaking() && self.failure.is_none() {
            self.failure = Some((failure, words()));
        }
    }
}

/// Passes a result on, except that a transport without room is no error.
fn not_blocked(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
        result => result,
    }
}

fn kind(error: &Error) -> TlsFailure {
    match error {
        Error::AlertReceived(_) => TlsFailure::Alert,
        Error::InvalidMessage(_) => TlsFailure::NotTls,
        Error::PeerIncompatible(_) | Error::NoApplicationProtocol => TlsFailure::Incompatible,
        _ => TlsFailure::Other,
    }
}

/// A reader that notes the first byte.
struct Noting<'a, T> {
    io: &'a mut T,
    first: &'a mut Option<u8>,
}

impl<T: Read> Read for Noting<'_, T> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let bytes = self.io.read(buf)?;
        if self.first.is_none() {
            *self.first = buf[..bytes].first().copied();
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests;
