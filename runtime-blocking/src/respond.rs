//! Response heads as bytes, by the types of tiny_http.
//!
//! Never: a status or a header that the core has not chosen, apart from `Date`.
//!
//! tiny_http writes the head of every response with a known length. It has no head for a body of
//! unknown length that it does not read itself, gives `204` a `Content-Length` (RFC 9110, section
//! 8.6, forbids that), ignores `Connection`, and adds `Server`.

use std::io;
use std::time::SystemTime;

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
    let status = StatusCode(head.status());
    match head.length() {
        BodyLength::Known(bytes) => {
            let start = out.len();
            // The whole response except its body, which needs no copy.
            Response::new(status, headers, io::empty(), Some(bytes), None)
                .with_chunked_threshold(usize::MAX)
                .raw_print(&mut *out, version(head), &[], true, None)
                .expect("a vector takes all bytes");
            if let Some(at) = memchr::memmem::find(&out[start..], SERVER) {
                out.drain(start + at..start + at + SERVER.len());
            }
            out.truncate(out.len() - LINE_END.len());
        }
        BodyLength::None | BodyLength::Chunked | BodyLength::UntilClosed => {
            let version = version(head);
            let reason = status.default_reason_phrase();
            line(out, &format!("HTTP/{}.{} {} {reason}", version.0, version.1, status.0));
            headers.iter().for_each(|header| line(out, &header.to_string()));
            line(out, &format!("date: {}", httpdate::fmt_http_date(SystemTime::now())));
        }
    }
    if let Some(connection) = connection {
        line(out, &format!("connection: {connection}"));
    }
    out.extend_from_slice(LINE_END);
}

fn version(head: &ResponseHead<'_>) -> HTTPVersion {
    HTTPVersion(1, u8::from(!head.is_http_10()))
}

fn line(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
    out.extend_from_slice(LINE_END);
}

const LINE_END: &[u8] = b"\r\n";

/// The header that tiny_http adds. The other runtimes do not send it.
const SERVER: &[u8] = b"Server: tiny-http (Rust)\r\n";

#[cfg(test)]
mod tests;
