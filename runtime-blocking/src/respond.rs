//! Answers as bytes: the head, and a body that is whole or comes in parts.
//!
//! Owns: the framing of what is sent (RFC 9112, sections 4 and 6).
//! Never: a status, a header or a body that the core has not made.
//!
//! tiny_http would hold back a stream until it has 8 KiB of it, let a header of the client choose
//! the coding, and swallow `Connection`; so nothing of an answer is left to it but the sending.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::time::SystemTime;

use bytes::Bytes;
use pontoon_carrier::exchange::Exchange;
use pontoon_core::http::ReplyHead;
use pontoon_core::machine::Chunk;
use tiny_http::StatusCode;

/// What of a request decides about the form of its answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Form {
    /// Whether it was made in HTTP/1.0, which knows no chunks.
    pub(crate) is_http_10: bool,
    /// Whether it was `HEAD`.
    pub(crate) is_head: bool,
    /// Whether the connection ends with the answer.
    pub(crate) close: bool,
}

/// How the end of a body is told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Length {
    /// By the status, which has none.
    None,
    Known(usize),
    Chunked,
    /// By the end of the connection.
    UntilClosed,
}

/// An answer on its way to `to`, which is closed after it.
pub(crate) struct Response<W> {
    to: W,
    form: Form,
    /// What goes out with the next write.
    joined: Vec<u8>,
}

impl<W: Write> Response<W> {
    pub(crate) fn new(to: W, form: Form) -> Self {
        Response { to, form, joined: Vec::new() }
    }

    /// Sends an answer that is there.
    ///
    /// # Errors
    ///
    /// The peer takes no more.
    pub(crate) fn reply(&mut self, head: &ReplyHead, body: &Chunk) -> io::Result<()> {
        let length = match head.status {
            100..=199 | 204 | 304 => Length::None,
            _ => Length::Known(body.len()),
        };
        self.head(head, length);
        if !self.form.is_head {
            body.parts().iter().try_for_each(|part| self.push(part))?;
        }
        self.flush()
    }

    /// Sends a body as it comes, each part at once; `false` if it has no orderly end. `more` waits
    /// for parts of the exchange, as [`Exchange::poll_parts`] does, or until nobody wants them.
    ///
    /// # Errors
    ///
    /// The peer takes no more.
    pub(crate) fn stream(
        &mut self,
        head: &ReplyHead,
        exchange: &mut Exchange,
        more: impl Fn(&mut Exchange, &mut VecDeque<Bytes>) -> Option<bool>,
    ) -> io::Result<bool> {
        let chunked = !self.form.is_http_10;
        self.head(head, if chunked { Length::Chunked } else { Length::UntilClosed });
        self.flush()?;
        let mut parts = VecDeque::new();
        while let Some(more) = more(exchange, &mut parts) {
            let bytes = parts.iter().map(Bytes::len).sum::<usize>();
            if chunked {
                self.push(format!("{bytes:x}\r\n").as_bytes())?;
            }
            parts.drain(..).try_for_each(|part| self.push(&part))?;
            if chunked {
                self.push(b"\r\n")?;
            }
            self.flush()?;
            if !more {
                return Ok(true);
            }
            exchange.taken(bytes);
        }
        Ok(false)
    }

    fn head(&mut self, head: &ReplyHead, length: Length) {
        let out = &mut self.joined;
        let version = if self.form.is_http_10 { "1.0" } else { "1.1" };
        let reason = StatusCode(head.status).default_reason_phrase();
        line(out, &[&format!("HTTP/{version} {}", head.status), " ", reason]);
        head.headers(|name, value| line(out, &[name, ": ", &value]));
        if self.form.close && !head.close {
            line(out, &["connection: close"]);
        } else if self.form.is_http_10 && !self.form.close && !head.close {
            line(out, &["connection: keep-alive"]);
        }
        match length {
            Length::Known(bytes) => line(out, &["content-length: ", &bytes.to_string()]),
            Length::Chunked => line(out, &["transfer-encoding: chunked"]),
            Length::None | Length::UntilClosed => {}
        }
        line(out, &["date: ", &httpdate::fmt_http_date(SystemTime::now())]);
        line(out, &[]);
    }

    /// Adds to what goes out next, unless it is so much that it goes out by itself.
    fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.joined.len() + bytes.len() <= JOINED_BYTES_MAX {
            self.joined.extend_from_slice(bytes);
            return Ok(());
        }
        self.flush()?;
        self.to.write_all(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.write_all(&self.joined)?;
        self.joined.clear();
        self.to.flush()
    }
}

/// Up to here one copy costs less than another write.
const JOINED_BYTES_MAX: usize = 16 * 1024;

fn line(out: &mut Vec<u8>, parts: &[&str]) {
    parts.iter().for_each(|part| out.extend_from_slice(part.as_bytes()));
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests;
