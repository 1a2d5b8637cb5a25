//! A connection over stdio: bytes in, lines out.
//!
//! Owns: the split into lines, and their maximum length.
//! Never: reads or writes; the caller passes in the bytes it read, and sends those appended.
//!
//! | a line | then |
//! |---|---|
//! | a message or a batch | it is handled |
//! | blank | nothing |
//! | anything else | an error without an id |
//! | too long | one error without an id; the rest of the line is skipped |
//!
//! Source: MCP 2025-11-25, basic/transports, stdio.

use memchr::memchr;

use super::{MessageContext, RpcError, ServerConnection, encode};
use crate::host_stats::HostStats;
use crate::time::Instant;

/// The server's side of a pair of pipes.
#[derive(Debug)]
pub struct StdioServer {
    connection: ServerConnection,
    line_bytes_max: usize,
    /// The beginning of an incomplete line.
    partial: Vec<u8>,
    /// Whether that line is over the limit already.
    skipping: bool,
}

impl StdioServer {
    /// Creates a pipe with a maximum line length in bytes, not counting the line feed.
    pub fn new(connection: ServerConnection, line_bytes_max: usize) -> Self {
        StdioServer { connection, line_bytes_max, partial: Vec::new(), skipping: false }
    }

    /// Handles the next bytes, split anywhere, and answers the lines that they complete.
    pub fn handle_input(&mut self, bytes: &[u8], at: &MessageContext<'_>, out: &mut Vec<u8>) {
        let mut rest = bytes;
        let mut place = 0;
        while let Some(end) = memchr(b'\n', rest) {
            self.complete(&rest[..end], &at.of_part(place), out);
            rest = &rest[end + 1..];
            place += 1;
        }
        self.keep(rest, out);
    }

    /// Handles the end of the input. Answers the last line, which need not end in a line feed.
    pub fn handle_end(&mut self, at: &MessageContext<'_>, out: &mut Vec<u8>) {
        self.complete(&[], at, out);
    }

    /// See [`ServerConnection::handle_stats`].
    pub fn handle_stats(&mut self, facts: &HostStats, at: &MessageContext<'_>, out: &mut Vec<u8>) {
        self.connection.handle_stats(facts, at, out);
    }

    /// See [`ServerConnection::handle_timeout`].
    pub fn handle_timeout(&mut self, at: &MessageContext<'_>, out: &mut Vec<u8>) {
        self.connection.handle_timeout(at, out);
    }

    /// See [`ServerConnection::poll_timeout`].
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.connection.poll_timeout()
    }

    /// See [`ServerConnection::wants_stats`].
    pub fn wants_stats(&self) -> bool {
        self.connection.wants_stats()
    }

    /// See [`ServerConnection::is_idle`].
    pub fn is_idle(&self) -> bool {
        self.connection.is_idle()
    }

    fn complete(&mut self, tail: &[u8], at: &MessageContext<'_>, out: &mut Vec<u8>) {
        self.connection.connected(at.now);
        if self.partial.is_empty() && !self.skipping && tail.len() <= self.line_bytes_max {
            return self.connection.handle_message(tail, at, out);
        }
        self.keep(tail, out);
        let line = std::mem::take(&mut self.partial);
        if !std::mem::take(&mut self.skipping) {
            self.connection.handle_message(&line, at, out);
        }
    }

    fn keep(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        if self.skipping {
            return;
        }
        if self.partial.len() + bytes.len() <= self.line_bytes_max {
            return self.partial.extend_from_slice(bytes);
        }
        self.skipping = true;
        self.partial = Vec::new();
        let text = format!("Parse error: a line exceeds {} bytes", self.line_bytes_max);
        encode::error(out, None, &RpcError::new(-32700, text));
    }
}
