//! Messages of a child that are not framed as MCP demands: JSON over several lines, and messages
//! behind a `Content-Length` header (2025-11-25, basic/transports, stdio: "Messages are delimited
//! by newlines, and MUST NOT contain embedded newlines").
//!
//! Owns: the recognition of such a message, and of the id in it.
//! Never: the message itself, which is not used; which request fails is known from its id only.

use memchr::memrchr;

use crate::frame::EDGE_BYTES;
use crate::json::{InvalidLine, LineSubject, PartialMessage, string_len};
use crate::reject::Flaw;

/// The message that is being written.
#[derive(Debug, Default)]
pub(super) struct MultiLineMessage {
    /// Brackets that are open after the last line; 0 if none has begun.
    depth: usize,
    /// The lines at which a member of the message begins or ends, as far as they fit: JSON with the
    /// inner values left out.
    outline: Vec<u8>,
    bytes: usize,
    /// The length of the message that a header announced, if it was the last line.
    announced: Option<usize>,
}

impl MultiLineMessage {
    /// Whether a line has to be looked at.
    pub(super) fn wants(&self, line: &[u8]) -> bool {
        self.depth > 0 || line.trim_ascii_end().last() != Some(&b'}')
    }

    /// Forgets what has begun: a message on one line came in between.
    pub(super) fn reset(&mut self) {
        if self.depth > 0 || self.announced.is_some() {
            *self = MultiLineMessage::default();
        }
    }

    /// Takes a line. Returns the message that ends with it, if that answers a request. `is_noise`:
    /// whether no message was read from the line itself.
    pub(super) fn take(&mut self, line: &[u8], is_noise: bool) -> Option<InvalidLine> {
        let line = line.trim_ascii();
        if let Some(len) = content_length(line) {
            *self = MultiLineMessage { announced: Some(len), ..MultiLineMessage::default() };
            return None;
        }
        if !is_noise {
            self.reset();
            return None;
        }
        let is_other_header = starts_with(line, b"content-type:");
        self.announced.take_if(|_| !is_other_header);
        // The end of a message that has been reported already may stand in front.
        let line = match line {
            [b'}', rest @ ..] if self.depth == 0 => rest.trim_ascii_start(),
            line => line,
        };
        if self.depth == 0 && !line.starts_with(b"{") {
            return None;
        }
        let Some(depth) = depth_after(line, self.depth) else {
            self.reset();
            return None;
        };
        let is_edge = self.depth <= 1 || depth <= 1;
        if is_edge && self.outline.len() + line.len() <= EDGE_BYTES {
            self.outline.extend_from_slice(line);
        }
        self.bytes += line.len();
        self.depth = depth;
        if depth == 0 { self.finish() } else { None }
    }

    /// Looks at a line whose end has not come, and may never come. Returns the message that is
    /// whole without it, if that answers a request.
    pub(super) fn take_pending(&mut self, pending: &[u8]) -> Option<InvalidLine> {
        if self.depth == 1 && pending.trim_ascii() == b"}" {
            return self.take(pending, true);
        }
        let len = self.announced.filter(|len| pending.len() >= *len && pending[0] == b'{')?;
        self.announced = None;
        answer(Flaw::ContentLength, &pending[..len], len)
    }

    fn finish(&mut self) -> Option<InvalidLine> {
        let MultiLineMessage { outline, bytes, .. } = std::mem::take(self);
        answer(Flaw::SeveralLines, &outline, bytes)
    }
}

/// Reports a message with this text if it answers a request.
fn answer(flaw: Flaw, text: &[u8], bytes: usize) -> Option<InvalidLine> {
    match PartialMessage::of(text).concerns() {
        LineSubject::Nothing => None,
        concerns => Some(InvalidLine { bytes, ..InvalidLine::new(flaw, concerns, text) }),
    }
}

/// The brackets that are open after a line; none if it cannot be a part of one JSON object.
fn depth_after(line: &[u8], mut depth: usize) -> Option<usize> {
    let mut at = 0;
    while let Some(byte) = line.get(at) {
        match byte {
            b'"' => at += string_len(&line[at..])? - 1,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            let rest = line[at..].trim_ascii();
            return (rest.is_empty() || rest == b",").then_some(0);
        }
    }
    Some(depth)
}

/// The length in a `Content-Length` header, which may follow the message before it.
fn content_length(line: &[u8]) -> Option<usize> {
    let start = memrchr(b'}', line).map_or(0, |brace| brace + 1);
    let header = line[start..].trim_ascii_start();
    if !starts_with(header, b"content-length:") {
        return None;
    }
    let value = header[b"content-length:".len()..].trim_ascii();
    std::str::from_utf8(value).ok()?.parse().ok().filter(|len| *len > 0)
}

fn starts_with(line: &[u8], name: &[u8]) -> bool {
    line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests;
