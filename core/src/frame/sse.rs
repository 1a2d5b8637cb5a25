//! Events of a stream (HTML standard, section 9.2, Server-sent events).
//!
//! Owns: the text around a payload.
//! Never: what a payload says.

use bytes::Bytes;
use memchr::memchr2;

use crate::machine::Chunk;
use crate::session::EventId;
use crate::time::Duration;

/// An event that carries a message.
///
/// The payload is JSON text and stands on one line of `data`. A line end inside it, which in JSON
/// can only stand between two tokens, would end that line, so a space takes its place.
pub fn event(id: Option<EventId>, payload: Chunk) -> Chunk {
    let mut chunk = match id {
        Some(id) => Chunk::from(format!("id: {id}\nevent: message\ndata: ")),
        None => Chunk::from(&b"event: message\ndata: "[..]),
    };
    for part in payload {
        chunk.push(on_one_line(part));
    }
    chunk.push(&b"\n\n"[..]);
    chunk
}

/// An event without a message, which only tells the client where a stream begins, so that it can
/// come back, and after which pause (2025-11-25, basic/transports, Sending Messages to the Server).
pub fn priming(id: EventId, retry: Option<Duration>) -> Chunk {
    Chunk::from(match retry {
        Some(pause) => format!("id: {id}\nretry: {}\ndata: \n\n", pause.as_millis()),
        None => format!("id: {id}\ndata: \n\n"),
    })
}

/// Tells a client of HTTP+SSE where its messages go (2024-11-05, basic/transports, HTTP with SSE).
pub fn endpoint(uri: &str) -> Chunk {
    Chunk::from(format!("event: endpoint\ndata: {uri}\n\n"))
}

/// Tells the client how long to wait before it comes back, to the millisecond; no event.
pub fn retry(pause: Duration) -> Chunk {
    Chunk::from(format!("retry: {}\n\n", pause.as_millis()))
}

/// Shows that the stream is alive; clients skip it.
pub fn comment() -> Bytes {
    Bytes::from_static(b": keep-alive\n\n")
}

/// Shows that the stream is alive, to a client that waits for an event of this name; others pass
/// over it.
pub fn ping() -> Bytes {
    Bytes::from_static(b"event: keep-alive\ndata: {\"type\":\"ping\"}\n\n")
}

fn on_one_line(part: Bytes) -> Bytes {
    if memchr2(b'\n', b'\r', &part).is_none() {
        return part;
    }
    let flat = |byte: &u8| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte };
    part.iter().map(flat).collect()
}

#[cfg(test)]
mod tests;
