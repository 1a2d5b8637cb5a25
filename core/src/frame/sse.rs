//! Events of an event stream (HTML standard, section 9.2, Server-sent events).
//!
//! Owns: the framing of a payload. Never: its content.

use bytes::Bytes;
use memchr::memchr2;

use crate::chunk::Chunk;
use crate::frame::EventId;
use crate::time::Duration;

/// Writes an event with a message.
///
/// The payload is JSON text on one `data` line. A line break in it, which JSON allows only between
/// two tokens, would end that line, so it is replaced by a space.
pub(crate) fn event(id: Option<EventId>, payload: Chunk) -> Chunk {
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

/// Writes an event without a message: an id from which the client can resume, and the delay before
/// it reconnects (2025-11-25, basic/transports, Sending Messages to the Server).
pub(crate) fn priming(id: EventId, retry: Option<Duration>) -> Chunk {
    Chunk::from(match retry {
        Some(pause) => format!("id: {id}\nretry: {}\ndata: \n\n", pause.as_millis()),
        None => format!("id: {id}\ndata: \n\n"),
    })
}

/// Writes the HTTP+SSE event with the URI for the client's messages (2024-11-05, basic/transports,
/// HTTP with SSE).
pub(crate) fn endpoint(uri: &str) -> Chunk {
    Chunk::from(format!("event: endpoint\ndata: {uri}\n\n"))
}

/// Writes the reconnection time in whole milliseconds, without an event.
pub(crate) fn retry(pause: Duration) -> Chunk {
    Chunk::from(format!("retry: {}\n\n", pause.as_millis()))
}

/// Returns a comment that keeps the stream alive; clients ignore it.
pub(crate) fn comment() -> Bytes {
    Bytes::from_static(b": keep-alive\n\n")
}

/// Returns an event that keeps the stream alive, for clients that wait for this event name; others
/// ignore it.
pub(crate) fn ping() -> Bytes {
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
