//! Lines of a child's standard output (2025-11-25, basic/transports, stdio).
//!
//! Owns: the split into lines, and their maximum length.
//! Never: reads the content of a line.
//!
//! | state | the next bytes | then |
//! |---|---|---|
//! | reading | hold line ends | a [`Framed::Relation`] for each line that is not blank |
//! | reading | make a line too long | a [`Framed::TooLong`] with its start, and skipping |
//! | skipping | hold no line end | nothing; only the newest few are kept |
//! | skipping | hold a line end | a [`Framed::Skipped`] with the line's end, and reading |

use bytes::Bytes;
use memchr::memchr;

/// Splits a child's output, received in any pieces, into lines.
///
/// Time is linear in the number of bytes. Memory holds the incomplete line only: at most one byte
/// over the limit, and nothing between two lines. It grows as bytes arrive.
#[derive(Debug)]
pub(crate) struct Lines {
    line_bytes_max: usize,
    /// The beginning of an incomplete line, without a line feed, or the newest bytes of a line that
    /// is skipped.
    pending: Vec<u8>,
    is_skipping: bool,
}

/// A line, or an end of a line that is too long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Framed {
    /// A line without its end; not blank. It has a buffer of its own, so that keeping a short line
    /// does not keep the whole read.
    Line(Bytes),
    /// The first [`EDGE_BYTES`] of a line that exceeds the limit. The rest of the line is skipped.
    TooLong(Bytes),
    /// The last [`EDGE_BYTES`] of the line whose start was the previous [`Framed::TooLong`].
    Skipped(Bytes),
}

impl Lines {
    /// Creates a splitter with a maximum line length in bytes, not counting line ends.
    pub(crate) fn new(line_bytes_max: usize) -> Lines {
        Lines { line_bytes_max, pending: Vec::new(), is_skipping: false }
    }

    /// Processes the next bytes, and calls `each` with the lines that they complete, in order. A
    /// line ends with LF or CRLF. Each byte is copied once, into its line.
    pub(crate) fn feed(&mut self, bytes: &[u8], mut each: impl FnMut(Framed)) {
        let mut rest = bytes;
        while let Some(end) = memchr(b'\n', rest) {
            self.take(&rest[..end], true, &mut each);
            self.complete(&mut each);
            rest = &rest[end + 1..];
        }
        self.take(rest, false, &mut each);
    }

    /// Ends the output, and with it the last line.
    pub(crate) fn finish(&mut self, mut each: impl FnMut(Framed)) {
        self.complete(&mut each);
    }

    /// Processes bytes of the current line; `are_last` tells whether its line feed follows.
    fn take(&mut self, bytes: &[u8], are_last: bool, each: &mut impl FnMut(Framed)) {
        if self.is_skipping {
            return self.skip(bytes);
        }
        // One byte over the limit, because it may be the CR of the line end.
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
            // Capacity doubles so that many small pieces take linear time, but not beyond the
            // limit.
            let doubled = (2 * self.pending.capacity()).min(self.line_bytes_max.saturating_add(1));
            self.pending.reserve_exact(doubled.max(needed) - self.pending.len());
        }
        self.pending.extend_from_slice(bytes);
    }

    /// Ends the current line.
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

    /// Returns the number of bytes kept of the incomplete line.
    pub(crate) fn pending_bytes(&self) -> usize {
        self.pending.capacity()
    }

    /// The line whose end has not come; empty while it is skipped.
    pub(super) fn pending(&self) -> &[u8] {
        if self.is_skipping { &[] } else { &self.pending }
    }

    /// Skips the incomplete line, as if it were too long.
    pub(crate) fn skip_line(&mut self, mut each: impl FnMut(Framed)) {
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

    /// Keeps the last bytes. Earlier ones are removed only once there are as many of them as are
    /// kept, so that each byte is moved at most once.
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

/// The number of bytes kept from each end of a line over the limit.
pub(crate) const EDGE_BYTES: usize = 4096;

#[cfg(test)]
mod tests;
