//! Lines of a child's standard output (2025-11-25, basic/transports, stdio).
//!
//! Owns: where a line ends, and how long it may be.
//! Never: what a line says.
//!
//! | state | the next bytes | then |
//! |---|---|---|
//! | reading | hold ends of lines | a [`Framed::Line`] for each line that is not blank |
//! | reading | make a line too long | a [`Framed::TooLong`] with its start, and skipping |
//! | skipping | hold no end of a line | nothing; only the newest few are kept |
//! | skipping | hold the end of the line | a [`Framed::Skipped`] with the line's end, and reading |

use bytes::Bytes;
use memchr::memchr;

/// Splits what a child writes into lines, however it is cut up on the way.
///
/// Time is linear in the bytes fed. Memory is the incomplete line and nothing else: at most one
/// byte over the limit, and none at all between two lines. It grows with the bytes that come.
#[derive(Debug)]
pub struct Lines {
    line_bytes_max: usize,
    /// The beginning of a line whose end has not come; holds no line feed. Of a line that is
    /// skipped, its newest bytes.
    pending: Vec<u8>,
    is_skipping: bool,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Framed {
    /// A line, without its end; not blank. It holds its own bytes and no others, so one short line
    /// that is kept for long does not keep all that was read together with it.
    Line(Bytes),
    /// The first [`EDGE_BYTES`] of a line that exceeds the limit. The rest of the line is skipped.
    TooLong(Bytes),
    /// The last [`EDGE_BYTES`] of the line whose start was the last [`Framed::TooLong`].
    Skipped(Bytes),
}

impl Lines {
    /// Takes lines of up to this many bytes, not counting their ends.
    pub fn new(line_bytes_max: usize) -> Lines {
        Lines { line_bytes_max, pending: Vec::new(), is_skipping: false }
    }

    /// Takes the next bytes, and calls `each` with what they complete, in order. A line ends with
    /// LF or CRLF. The bytes are copied once, into the line they belong to.
    pub fn feed(&mut self, bytes: &[u8], mut each: impl FnMut(Framed)) {
        let mut rest = bytes;
        while let Some(end) = memchr(b'\n', rest) {
            self.take(&rest[..end], true, &mut each);
            self.complete(&mut each);
            rest = &rest[end + 1..];
        }
        self.take(rest, false, &mut each);
    }

    /// Takes the end of the output, which ends the last line too.
    pub fn finish(&mut self, mut each: impl FnMut(Framed)) {
        self.complete(&mut each);
    }

    /// Takes bytes of the current line, which may be its last.
    fn take(&mut self, bytes: &[u8], are_last: bool, each: &mut impl FnMut(Framed)) {
        if self.is_skipping {
            return self.skip(bytes);
        }
        // One byte more than the limit: it may turn out to belong to the end of the line.
        let room = self.line_bytes_max.saturating_add(1) - self.pending.len();
        if bytes.len() > room {
            self.keep(&bytes[..room], false);
            self.begin_to_skip(each);
            return self.skip(&bytes[room..]);
        }
        self.keep(bytes, are_last);
    }

    fn keep(&mut self, bytes: &[u8], are_last: bool) {
        let needed = self.pending.len() + bytes.len();
        if are_last {
            self.pending.reserve_exact(bytes.len());
        } else if needed > self.pending.capacity() {
            // Doubled, so that many small pieces cost linear time, but not beyond the limit.
            let doubled = (2 * self.pending.capacity()).min(self.line_bytes_max.saturating_add(1));
            self.pending.reserve_exact(doubled.max(needed) - self.pending.len());
        }
        self.pending.extend_from_slice(bytes);
    }

    /// Takes the end of the current line.
    fn complete(&mut self, each: &mut impl FnMut(Framed)) {
        if self.is_skipping {
            return self.end_skipping(each);
        }
        if self.pending.last() == Some(&b'\r') {
            self.pending.pop();
        }
        if self.pending.len() > self.line_bytes_max {
            self.begin_to_skip(each);
            return self.end_skipping(each);
        }
        let line = std::mem::take(&mut self.pending);
        if !line.trim_ascii_start().is_empty() {
            each(Framed::Line(line.into_boxed_slice().into()));
        }
    }

    /// The bytes that are kept of the line whose end has not come.
    pub fn pending_bytes(&self) -> usize {
        self.pending.capacity()
    }

    /// Skips the line whose end has not come, as if it were too long.
    pub fn skip_line(&mut self, mut each: impl FnMut(Framed)) {
        if !self.is_skipping {
            self.begin_to_skip(&mut each);
        }
    }

    fn begin_to_skip(&mut self, each: &mut impl FnMut(Framed)) {
        let line = std::mem::take(&mut self.pending);
        let start = &line[..line.len().min(EDGE_BYTES)];
        each(Framed::TooLong(Bytes::copy_from_slice(start)));
        self.is_skipping = true;
        self.skip(&line);
    }

    /// Keeps the last bytes. Those before them are removed only once there are as many as are kept,
    /// so that each byte is moved at most once.
    fn skip(&mut self, bytes: &[u8]) {
        let bytes = &bytes[bytes.len().saturating_sub(EDGE_BYTES)..];
        if self.pending.len() + bytes.len() > 2 * EDGE_BYTES {
            self.pending.drain(..self.pending.len() - (EDGE_BYTES - bytes.len()));
        }
        self.pending.extend_from_slice(bytes);
    }

    fn end_skipping(&mut self, each: &mut impl FnMut(Framed)) {
        let kept = std::mem::take(&mut self.pending);
        self.is_skipping = false;
        let end = &kept[kept.len().saturating_sub(EDGE_BYTES)..];
        each(Framed::Skipped(Bytes::copy_from_slice(end)));
    }
}

/// Bytes that are kept of either end of a line that exceeds the limit.
pub const EDGE_BYTES: usize = 4096;

#[cfg(test)]
mod tests;
