//! Response heads as bytes, by the types of tiny_http.
//!
//! Never: a status or a header that the core has not chosen, apart from `Date`.
//!
//! tiny_http adds `Server`, ignores `Connection`, and gives `204` and a body that ends with the
//! connection a `Content-Length` (RFC 9110, section 8.6, forbids the first).

use std::io::{self, Write};

use pontoon_core::http::{BodyLength, ResponseHead};
use tiny_http::{HTTPVersion, Header, Response, StatusCode};

/// Appends a response head to `out`.
pub(crate) fn write_head(head: &ResponseHead<'_>, out: &mut Vec<u8>) {
    let mut connection = None;
    let mut headers = Vec::with_capacity(8);
    head.headers(|name, value| match name {
        "connection" => connection = Some(value),
        _ => headers.extend(Header::from_bytes(name, value.as_bytes())),
    });
    let (length, surplus): (_, &[&[u8]]) = match head.length() {
        BodyLength::Known(bytes) => (Some(bytes), &[SERVER]),
        BodyLength::Chunked => (None, &[SERVER]),
        BodyLength::None | BodyLength::UntilClosed => (Some(0), &[SERVER, LENGTH]),
    };
    let start = out.len();
    // The whole response except its body, which needs no copy.
    Response::new(StatusCode(head.status()), headers, io::empty(), length, None)
        .with_chunked_threshold(usize::MAX)
        .raw_print(&mut *out, HTTPVersion(1, u8::from(!head.is_http_10())), &[], true, None)
        .expect("a vector takes all bytes");
    for line in surplus {
        if let Some(at) = memchr::memmem::find(&out[start..], line) {
            out.drain(start + at..start + at + line.len());
        }
    }
    if let Some(connection) = connection {
        out.truncate(out.len() - 2);
        write!(out, "connection: {connection}\r\n\r\n").expect("a vector takes all bytes");
    }
}

/// Lines that tiny_http adds.
const SERVER: &[u8] = b"Server: tiny-http (Rust)\r\n";
const LENGTH: &[u8] = b"Content-Length: 0\r\n";

#[cfg(test)]
mod tests;
