//! Checks that a text is JSON, and puts it on one line.
//!
//! Owns: the grammar (exactly RFC 8259, without a byte order mark) and the line breaks. Never:
//! reads the content.

use bytes::{Bytes, BytesMut};
use memchr::memchr2;
use serde::de::IgnoredAny;

use crate::reject::Reject;

/// Returns the text without surrounding white space, and with a space for every line break: stdio
/// frames messages by lines (MCP 2025-11-25, basic/transports, stdio), and so does an event stream.
///
/// JSON has raw line breaks only between tokens, where a space has the same meaning and length. A
/// text of 4 GiB or more is refused because positions are 32 bits wide.
pub(super) fn admit(bytes: Bytes) -> Result<Bytes, Reject> {
    check(&bytes)?;
    Ok(on_one_line(bytes))
}

/// Checks that a text is JSON, and within the length limit.
pub(super) fn check(bytes: &[u8]) -> Result<(), Reject> {
    if u32::try_from(bytes.len()).is_err() {
        return Err(Reject::BodyTooLarge { limit: u32::MAX as usize });
    }
    let utf8 = str::from_utf8(bytes).map_err(|_| Reject::BadJson)?;
    serde_json::from_str::<IgnoredAny>(utf8).map_err(|_| Reject::BadJson)?;
    Ok(())
}

/// Returns a JSON text without surrounding white space, and with spaces in place of its line
/// breaks.
pub(super) fn on_one_line(bytes: Bytes) -> Bytes {
    flatten(trim(bytes))
}

fn trim(bytes: Bytes) -> Bytes {
    let is_text = |byte: &u8| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    let start = bytes.iter().position(is_text).unwrap_or(bytes.len());
    let end = bytes.iter().rposition(is_text).map_or(start, |last| last + 1);
    if end - start == bytes.len() { bytes } else { bytes.slice(start..end) }
}

fn flatten(text: Bytes) -> Bytes {
    let Some(first) = memchr2(b'\n', b'\r', &text) else { return text };
    let mut flat = text.try_into_mut().unwrap_or_else(|shared| BytesMut::from(&shared[..]));
    for byte in &mut flat[first..] {
        if matches!(*byte, b'\n' | b'\r') {
            *byte = b' ';
        }
    }
    flat.freeze()
}

#[cfg(test)]
mod tests;
