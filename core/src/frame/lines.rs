//! Lines of a child's standard output (2025-11-25, basic/transports, stdio).
//!
//! Owns: where a line ends, and how long it may be.
//! Never: what a line says.
//!
//! | state | the next bytes | then |
//! |---|---|---|
//! | open | hold ends of lines | a [`Framed::Line`] for each line that is not blank |
//! | open | make a line too long | one [`Framed::Overlong`], and failed |
//! | failed | are whatever they are | nothing: nobody can say where the next message begins |

use bytes::Bytes;
use memchr::memchr;

/// Splits what a child writes into lines, however it is cut up on the way. An incomplete line at the
/// end of the output is none: it may be half a message.
///
/// Time is linear in the bytes fed. Memory is the incomplete line and nothing else: at most one
/// byte over the limit, and none at all between two lines.
#[derive(Debug)]
pub struct Lines {
    line_bytes_max: usize,
    /// The beginning of a line whose end has not come; holds no line feed.
    pending: Vec<u8>,
    failed: bool,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Framed {
    /// A line, without its end; not blank. It holds its own bytes and no others, so one short line
    /// that is kept for long does not keep all that was read together with it.
    Line(Bytes),
    /// A line over the limit. Nothing comes after it.
    Overlong,
}

impl Lines {
    /// Takes lines of up to this many bytes, not counting their ends.
    pub fn new(line_bytes_max: usize) -> Lines {
        Lines { line_bytes_max, pending: Vec::new(), failed: false }
    }

    /// Takes the next bytes, and calls `each` with what they complete, in order. A line ends with
    /// LF or CRLF. The bytes are copied once, into the line they belong to.
    pub fn feed(&mut self, bytes: &[u8], mut each: impl FnMut(Framed)) {
        let mut rest = bytes;
        while !self.failed {
            let Some(end) = memchr(b'\n', rest) else {
                return self.keep(rest, &mut each);
            };
            self.complete(&rest[..end], &mut each);
            rest = &rest[end + 1..];
        }
    }

    fn complete(&mut self, tail: &[u8], each: &mut impl FnMut(Framed)) {
        if !self.has_room(tail) {
            return self.fail(each);
        }
        let mut line = std::mem::take(&mut self.pending);
        line.reserve_exact(tail.len());
        line.extend_from_slice(tail);
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        if line.len() > self.line_bytes_max {
            self.fail(each);
        } else if !line.trim_ascii_start().is_empty() {
            each(Framed::Line(line.into_boxed_slice().into()));
        }
    }

    fn keep(&mut self, bytes: &[u8], each: &mut impl FnMut(Framed)) {
        if !self.has_room(bytes) {
            return self.fail(each);
        }
        let needed = self.pending.len() + bytes.len();
        if needed > self.pending.capacity() {
            // Doubled, so that many small pieces cost linear time, but not beyond the limit.
            let doubled = (2 * self.pending.capacity()).min(self.pending_max());
            self.pending.reserve_exact(doubled.max(needed) - self.pending.len());
        }
        self.pending.extend_from_slice(bytes);
    }

    fn fail(&mut self, each: &mut impl FnMut(Framed)) {
        self.failed = true;
        self.pending = Vec::new();
        each(Framed::Overlong);
    }

    fn has_room(&self, bytes: &[u8]) -> bool {
        bytes.len() <= self.pending_max() - self.pending.len()
    }

    /// One byte more than the limit: it may turn out to belong to the end of the line.
    fn pending_max(&self) -> usize {
        self.line_bytes_max.saturating_add(1)
    }
}

#[cfg(test)]
mod tests;
