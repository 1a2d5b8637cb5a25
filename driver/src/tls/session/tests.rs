use std::collections::VecDeque;
use std::io::{Error, Result};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};

use super::*;
use crate::tls::{Identity, identity};

/// A certificate for `localhost`, and its key.
const CERT: &str = include_str!("localhost.cert.pem");
const KEY: &str = include_str!("localhost.key.pem");

/// A transport with limited room in both directions.
#[derive(Default)]
struct Pipe {
    to_server: VecDeque<u8>,
    to_client: VecDeque<u8>,
    room: usize,
    has_ended: bool,
}

impl Read for Pipe {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize> {
        match self.to_server.read(buf)? {
            0 if !self.has_ended => Err(ErrorKind::WouldBlock.into()),
            bytes => Ok(bytes),
        }
    }
}

impl Write for Pipe {
    fn write(&mut self, buf: &[u8]) -> Result<usize> {
        let bytes = buf.len().min(self.room);
        if bytes == 0 && !buf.is_empty() {
            return Err(ErrorKind::WouldBlock.into());
        }
        self.room -= bytes;
        self.to_client.extend(&buf[..bytes]);
        Ok(bytes)
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

struct Pair {
    client: ClientConnection,
    server: TlsSession,
    pipe: Pipe,
}

impl Pair {
    fn new() -> Pair {
        let identity = Identity::from_pem(CERT.as_bytes(), KEY.as_bytes()).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(CERT.as_bytes()).unwrap()).unwrap();
        let config = ClientConfig::builder_with_provider(identity::provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("localhost").unwrap();
        Pair {
            client: ClientConnection::new(Arc::new(config), name).unwrap(),
            server: TlsSession::new(&Tls::new(identity), None).unwrap(),
            pipe: Pipe { room: usize::MAX, ..Pipe::default() },
        }
    }

    /// Creates a pair that has completed its handshake.
    fn connected() -> Pair {
        let mut pair = Pair::new();
        while pair.client.is_handshaking() || pair.client.wants_write() {
            pair.client_turn();
            assert_eq!(would_block(pair.read(1)), "");
        }
        assert!(pair.server.report().is_none(), "the handshake is complete");
        pair
    }

    /// Moves what the client has to send, and what has arrived for it.
    fn client_turn(&mut self) {
        while self.client.wants_write() {
            self.client.write_tls(&mut self.pipe.to_server).unwrap();
        }
        while !self.pipe.to_client.is_empty() {
            self.client.read_tls(&mut self.pipe.to_client).unwrap();
            self.client.process_new_packets().unwrap();
        }
    }

    fn send(&mut self, text: &[u8]) {
        self.client.writer().write_all(text).unwrap();
        self.client_turn();
    }

    fn read(&mut self, bytes_max: usize) -> Result<Vec<u8>> {
        let mut buf = vec![0; bytes_max];
        let bytes = self.server.read(&mut self.pipe, &mut buf)?;
        buf.truncate(bytes);
        Ok(buf)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.server.write(&mut self.pipe, &[IoSlice::new(bytes)])
    }

    /// Returns the bytes that the client gets.
    fn received(&mut self) -> Vec<u8> {
        let mut received = Vec::new();
        while !self.pipe.to_client.is_empty() {
            self.client.read_tls(&mut self.pipe.to_client).unwrap();
            self.client.process_new_packets().unwrap();
            let _ = self.client.reader().read_to_end(&mut received);
        }
        received
    }
}

/// Returns the text that was read; empty if the transport would block.
fn would_block(read: Result<Vec<u8>>) -> String {
    match read {
        Ok(bytes) => String::from_utf8(bytes).unwrap(),
        Err(error) if error.kind() == ErrorKind::WouldBlock => String::new(),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn bytes_are_read_in_any_portions() {
    let mut pair = Pair::connected();
    pair.send(b"one two three");
    assert_eq!(would_block(pair.read(3)), "one");
    assert_eq!(would_block(pair.read(100)), " two three");
    assert_eq!(would_block(pair.read(100)), "");
}

#[test]
fn a_write_counts_once_the_transport_has_all_of_it() {
    let mut pair = Pair::connected();
    let text = vec![7; 1024 * 1024];
    let mut sent = 0;
    let mut received = Vec::new();
    while sent < text.len() {
        pair.pipe.room = 1000;
        match pair.write(&text[sent..]) {
            Ok(bytes) => {
                assert!(bytes <= WRITE_BYTES_MAX);
                assert!(!pair.server.wants_write(), "nothing is left behind it");
                sent += bytes;
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                assert!(pair.server.wants_write());
            }
        }
        received.extend(pair.received());
    }
    assert!(received == text);
}

#[test]
fn the_end_of_each_side_is_known() {
    let mut pair = Pair::connected();
    pair.send(b"last");
    pair.client.send_close_notify();
    pair.client_turn();
    assert_eq!(pair.read(100).unwrap(), b"last");
    assert_eq!(pair.read(100).unwrap(), b"", "a proper end");
    assert_eq!(pair.write(b"answer").unwrap(), 6);
    pair.server.close(&mut pair.pipe).unwrap();
    pair.server.close(&mut pair.pipe).unwrap();
    assert_eq!(pair.received(), b"answer");
    assert_eq!(pair.client.reader().read(&mut [0]).unwrap(), 0, "a proper end here too");

    let mut pair = Pair::connected();
    pair.send(b"cut");
    pair.pipe.has_ended = true;
    assert_eq!(pair.read(100).unwrap(), b"cut");
    let error: Error = pair.read(100).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    assert!(pair.server.report().is_none(), "the handshake did not fail");
}

#[test]
fn handshakes_that_fail_are_reported() {
    let failure = |bytes: &[u8], has_ended| {
        let mut pair = Pair::new();
        pair.pipe.to_server.extend(bytes);
        pair.pipe.has_ended = has_ended;
        let _ = pair.read(100);
        pair.server.report().map(|report| match report {
            Input::TlsFailed { failure, .. } => failure,
            other => panic!("{other:?}"),
        })
    };
    assert_eq!(failure(b"", false), None, "a health check");
    assert_eq!(failure(b"", true), None, "a health check");
    assert_eq!(failure(b"\x16\x03", false), Some(TlsFailure::Unfinished));
    assert_eq!(failure(b"\x16\x03", true), Some(TlsFailure::Closed));
    assert_eq!(failure(b"\0\0\0\0\0\0\0\0", false), Some(TlsFailure::NotTls));
    assert_eq!(failure(b"GET / HTTP/1.1\r\n\r\n", false), None, "it is refused as a request");
}

#[test]
fn plain_http_is_answered_without_tls() {
    let mut pair = Pair::new();
    pair.pipe.to_server.extend(b"POST / HTTP/1.1\r\n\r\nthe rest");
    assert_eq!(pair.read(100).unwrap_err().kind(), ErrorKind::InvalidData);
    assert!(pair.server.is_plain());
    pair.pipe.to_server.extend(b"more");
    assert_eq!(pair.read(100).unwrap(), b"more");
    assert_eq!(pair.write(b"HTTP/1.1 400 \r\n").unwrap(), 15);
    pair.server.close(&mut pair.pipe).unwrap();
    assert_eq!(pair.pipe.to_client, b"HTTP/1.1 400 \r\n");
}
