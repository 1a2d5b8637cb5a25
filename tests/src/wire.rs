//! A low-level HTTP/1.1 client: it sends any bytes, at any pace, and parses the answer strictly.
//!
//! Owns: [`Wire`], one connection; [`Request`], bytes of a request; event streams are in
//! [`sse`]. Never: waits longer than [`PATIENCE`], so that a case cannot hang.

mod framing;
pub mod sse;
mod stream;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use rustls::ClientConnection;
pub use sse::Events;
use stream::Stream;

pub use crate::response::{Broken, Event, Head, Response};
use crate::schema_check::SchemaCheck;
use crate::wait::{Instant, sleep};

/// The maximum time that a case waits for anything it does not measure.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// One connection.
#[derive(Debug)]
pub struct Wire {
    stream: Stream,
    /// Bytes read and not used yet.
    pending: Vec<u8>,
    patience: Duration,
    /// The deadline of the current read.
    deadline: Instant,
    /// The maximum time of a write.
    write_timeout: Duration,
    check: SchemaCheck,
}

impl Wire {
    /// Connects.
    pub fn connect(addr: SocketAddr) -> Wire {
        Wire::try_connect(addr).unwrap_or_else(|error| panic!("cannot connect to {addr}: {error}"))
    }

    /// Connects, if the connection is accepted.
    pub fn try_connect(addr: SocketAddr) -> io::Result<Wire> {
        Stream::connect(addr).map(Wire::of)
    }

    /// Connects with a receive buffer of about this many bytes, so that the peer soon notices when
    /// nothing is read. The size has to be set before connecting, because it decides the TCP
    /// window.
    pub fn connect_narrow(addr: SocketAddr, receive_buffer: usize) -> Wire {
        let stream = Stream::connect_narrow(addr, receive_buffer);
        Wire::of(stream.unwrap_or_else(|error| panic!("cannot connect to {addr}: {error}")))
    }

    /// Connects from this address.
    pub fn connect_from(source: Ipv4Addr, addr: SocketAddr) -> Wire {
        let stream = Stream::connect_from(source, addr);
        Wire::of(stream.unwrap_or_else(|error| panic!("cannot connect to {addr}: {error}")))
    }

    /// Connects without TLS, even if the program expects it.
    pub fn connect_plain(addr: SocketAddr) -> Wire {
        let stream = Stream::connect_plain(addr);
        Wire::of(stream.unwrap_or_else(|error| panic!("cannot connect to {addr}: {error}")))
    }

    /// Connects with this client of TLS.
    pub fn connect_as(addr: SocketAddr, client: ClientConnection) -> Wire {
        let stream = Stream::connect_as(addr, client);
        Wire::of(stream.unwrap_or_else(|error| panic!("cannot connect to {addr}: {error}")))
    }

    fn of(stream: Stream) -> Wire {
        Wire {
            stream,
            pending: Vec::new(),
            patience: PATIENCE,
            deadline: Instant::now() + PATIENCE,
            write_timeout: PATIENCE,
            check: SchemaCheck::default(),
        }
    }

    /// Sets the maximum time of a response; [`PATIENCE`] by default.
    pub fn patience(mut self, patience: Duration) -> Wire {
        self.patience = patience;
        self
    }

    /// Sets the maximum time of a write; [`PATIENCE`] by default.
    pub fn write_timeout(&mut self, timeout: Duration) {
        self.write_timeout = timeout;
    }

    /// Sends bytes; panics if they cannot be sent.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Wire {
        self.try_send(bytes).unwrap_or_else(|error| panic!("cannot send: {error}"));
        self
    }

    /// Sends bytes, or as many as the peer reads: one that has already refused may have closed.
    pub fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.check.sent(bytes.as_ref());
        self.stream.write_all(bytes.as_ref(), self.write_timeout)
    }

    /// Sends pieces of at most `size` bytes with a pause after each.
    pub fn drip(&mut self, bytes: impl AsRef<[u8]>, size: usize, pause: Duration) -> &mut Wire {
        for piece in bytes.as_ref().chunks(size) {
            self.send(piece);
            sleep(pause);
        }
        self
    }

    /// Closes the transport for writing, without the end of TLS.
    pub fn truncate(&mut self) -> &mut Wire {
        self.stream.truncate();
        self
    }

    /// Returns the state of TLS; panics if the connection has none.
    pub fn tls(&self) -> &ClientConnection {
        self.stream.tls().expect("a connection with TLS")
    }

    /// Closes this side for writing; answers can still be read.
    pub fn half_close(&mut self) -> &mut Wire {
        self.stream.half_close();
        self
    }

    /// Resets the connection (RST).
    pub fn reset(self) {
        self.stream.reset();
    }

    /// Reads a whole response; panics if there is none.
    pub fn response(&mut self) -> Response {
        self.try_response().unwrap_or_else(|broken| panic!("no response: {broken}"))
    }

    /// Reads a whole response.
    pub fn try_response(&mut self) -> Result<Response, Broken> {
        let head = self.try_head()?;
        let mut framing = head.framing();
        let mut body = Vec::new();
        while let Some(part) = framing.read(self)? {
            body.extend_from_slice(&part);
        }
        let response = Response { head, body };
        self.check.response(&response);
        Ok(response)
    }

    /// Reads the head of a response; panics if there is none.
    pub fn head(&mut self) -> Head {
        self.try_head().unwrap_or_else(|broken| panic!("no response: {broken}"))
    }

    /// Reads the head of a response, skipping `100 Continue`.
    pub fn try_head(&mut self) -> Result<Head, Broken> {
        loop {
            let head = self.any_head()?;
            if head.status != 100 {
                self.check.head();
                return Ok(head);
            }
        }
    }

    /// Reads the next head, interim or final. Its whole response must arrive in time too, so that a
    /// slow body cannot hang a case.
    pub fn any_head(&mut self) -> Result<Head, Broken> {
        self.deadline = Instant::now() + self.patience;
        let mut lines = Vec::new();
        loop {
            let line = self.line()?;
            if line.is_empty() {
                return Head::parse(&lines);
            }
            lines.push(line);
        }
    }

    /// Reads a response whose body is an event stream; panics if it is anything else.
    pub fn events(mut self) -> Events {
        let head = self.head();
        if head.status != 200 || head.header("content-type") != Some("text/event-stream") {
            let mut framing = head.framing();
            let body = framing.read(&mut self).ok().flatten().unwrap_or_default();
            panic!("not an event stream: {head:?} {}", String::from_utf8_lossy(&body));
        }
        Events::new(self, head)
    }

    /// Reads until the peer closes the connection and returns the bytes. Panics if it stays open
    /// for longer than `within`.
    pub fn until_closed(&mut self, within: Duration) -> Vec<u8> {
        let deadline = Instant::now() + within;
        loop {
            let left = deadline.left();
            assert!(!left.is_zero(), "the connection is still open after {within:?}");
            match self.fill(left) {
                Ok(()) | Err(Broken::Silent) => {}
                Err(_) => return std::mem::take(&mut self.pending),
            }
        }
    }

    /// Waits for bytes or the end; returns whether anything arrived in this time.
    pub fn has_arrived(&mut self, within: Duration) -> bool {
        !self.pending.is_empty() || self.fill(within) != Err(Broken::Silent)
    }

    /// Reads once, as much as is available up to 64 KiB, or a record of TLS; returns its length.
    pub fn read_some(&mut self) -> Result<usize, Broken> {
        let before = self.pending.len();
        self.fill(self.patience)?;
        Ok(self.pending.len() - before)
    }

    /// Returns whether the peer has closed or reset the connection.
    pub fn has_ended(&self) -> bool {
        self.stream.has_ended()
    }

    /// Returns whether nothing arrives and the connection stays open for this long.
    pub fn is_quiet(&mut self, during: Duration) -> bool {
        self.pending.is_empty() && self.fill(during) == Err(Broken::Silent)
    }

    /// Reads a line, without its CRLF.
    fn line(&mut self) -> Result<Vec<u8>, Broken> {
        let mut searched = 0;
        loop {
            if let Some(at) = self.pending[searched..].windows(2).position(|pair| pair == b"\r\n") {
                let end = searched + at;
                let line = self.pending[..end].to_vec();
                self.pending.drain(..end + 2);
                return Ok(line);
            }
            searched = self.pending.len().saturating_sub(1);
            self.fill(self.left())?;
        }
    }

    /// Reads at least one byte and at most `limit`.
    fn some(&mut self, limit: usize) -> Result<Vec<u8>, Broken> {
        if self.pending.is_empty() {
            self.fill(self.left())?;
        }
        let take = self.pending.len().min(limit);
        let rest = self.pending.split_off(take);
        Ok(std::mem::replace(&mut self.pending, rest))
    }

    /// Returns the time left for the current read.
    fn left(&self) -> Duration {
        self.deadline.left()
    }

    fn fill(&mut self, patience: Duration) -> Result<(), Broken> {
        if patience.is_zero() {
            return Err(Broken::Silent);
        }
        let mut buffer = [0; 64 * 1024];
        match self.stream.read(&mut buffer, patience)? {
            0 => Err(Broken::Closed),
            read => {
                self.pending.extend_from_slice(&buffer[..read]);
                Ok(())
            }
        }
    }
}

/// Returns whether a connection is refused, or closed before anything can be sent.
pub fn refuses_connections(port: u16) -> bool {
    let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    Stream::connect(addr).is_err()
}

/// A request, built header by header.
#[derive(Clone, Debug)]
pub struct Request {
    line: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Option<Vec<u8>>,
}

impl Request {
    /// Creates a request with only an allowed `Host`.
    pub fn new(method: &str, target: &str) -> Request {
        let line = format!("{method} {target} HTTP/1.1");
        Request { line, headers: Vec::new(), body: None }.header("Host", "localhost")
    }

    /// Creates a POST of JSON on the MCP endpoint that accepts both forms of answer.
    pub fn post(body: impl Into<Vec<u8>>) -> Request {
        Request::new("POST", "/mcp")
            .header("Content-Type", "application/json")
            .header("Accept", "application/json, text/event-stream")
            .body(body)
    }

    /// Creates a GET on the MCP endpoint, which opens a stream.
    pub fn listen() -> Request {
        Request::new("GET", "/mcp").header("Accept", "text/event-stream")
    }

    /// Replaces the target.
    pub fn target(mut self, target: &str) -> Request {
        let method = self.line.split(' ').next().unwrap_or_default();
        self.line = format!("{method} {target} HTTP/1.1");
        self
    }

    /// Replaces the path `/mcp`, with which a request of MCP begins.
    pub fn at(mut self, path: &str) -> Request {
        self.line = self.line.replacen(" /mcp ", &format!(" {path} "), 1);
        self
    }

    /// Adds a header line.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Request {
        self.headers.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    /// Removes every line of a header.
    pub fn without(mut self, name: &str) -> Request {
        self.headers.retain(|(have, _)| !have.eq_ignore_ascii_case(name));
        self
    }

    /// Replaces every line of a header with one.
    pub fn with(self, name: &str, value: impl AsRef<[u8]>) -> Request {
        self.without(name).header(name, value)
    }

    /// Sets the body and its length.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Request {
        self.body = Some(body.into());
        self
    }

    /// Returns the bytes of the head, with its empty line, and of the body.
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = self.head_bytes(self.body.as_ref().map(Vec::len));
        out.extend_from_slice(self.body.as_deref().unwrap_or_default());
        out
    }

    /// Returns the bytes of the head alone, declaring a body of this length.
    pub fn head_bytes(&self, length: Option<usize>) -> Vec<u8> {
        let mut out = format!("{}\r\n", self.line).into_bytes();
        for (name, value) in &self.headers {
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b": ");
            out.extend_from_slice(value);
            out.extend_from_slice(b"\r\n");
        }
        if let Some(length) = length {
            out.extend_from_slice(format!("Content-Length: {length}\r\n").as_bytes());
        }
        out.extend_from_slice(b"\r\n");
        out
    }

    /// Sends it on a connection of its own and reads the whole response.
    pub fn send(&self, addr: SocketAddr) -> Response {
        self.open(addr).response()
    }

    /// Sends it on a connection of its own and returns that.
    pub fn open(&self, addr: SocketAddr) -> Wire {
        let mut wire = Wire::connect(addr);
        // A request that is refused half-way may meet a closed connection; the answer has the
        // reason.
        let _ = wire.try_send(self.bytes());
        wire
    }
}

#[cfg(test)]
mod tests;
