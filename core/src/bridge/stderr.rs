//! A child's standard error: lines for the log, and its end for the report.
//!
//! Owns: the cut into lines, the rate at which they are logged, the kept tail.
//! Never: more memory than twice the tail's limit, or work on each of too many lines, whatever the
//! child writes. Reading never stops: a child whose standard error is full would hang.

use bytes::Bytes;
use memchr::{memchr, memchr_iter, memrchr};

use crate::engine::Turn;
use crate::ids::ChildId;
use crate::observe::Event;
use crate::time::{Duration, Instant};

/// What is known of a child's standard error.
#[derive(Debug, Default)]
pub(crate) struct Stderr {
    /// The newest bytes, the unfinished line last; up to twice as many as are kept, so that few of
    /// them have to be moved.
    tail: Vec<u8>,
    tail_max: usize,
    /// Where in `tail` the unfinished line begins.
    line_start: usize,
    /// The second in which lines are counted, and how many it had.
    second: Instant,
    lines: usize,
    skipped: u64,
}

const SECOND: Duration = Duration::from_secs(1);

impl Stderr {
    /// Takes what the child wrote.
    pub(crate) fn push(&mut self, child: ChildId, bytes: &[u8], turn: &mut Turn<'_>) {
        self.tail_max = turn.limits.stderr_tail_bytes;
        self.begin_second(child, turn);
        let mut rest = bytes;
        while self.lines < turn.limits.stderr_lines_per_second
            && let Some(end) = memchr(b'\n', rest)
        {
            self.keep(&rest[..=end]);
            self.line(child, turn);
            rest = &rest[end + 1..];
        }
        self.skip(rest);
    }

    /// The newest bytes.
    pub(crate) fn tail(&self) -> Bytes {
        Bytes::copy_from_slice(self.newest().trim_ascii())
    }

    fn newest(&self) -> &[u8] {
        &self.tail[self.tail.len().saturating_sub(self.tail_max)..]
    }

    fn begin_second(&mut self, child: ChildId, turn: &mut Turn<'_>) {
        if turn.now.since(self.second) < SECOND {
            return;
        }
        self.second = turn.now;
        self.lines = 0;
        let lines = std::mem::take(&mut self.skipped);
        if lines > 0 {
            turn.log(Event::ChildStderrSkipped { child, lines });
        }
    }

    fn keep(&mut self, piece: &[u8]) {
        let piece = &piece[piece.len().saturating_sub(self.tail_max)..];
        if self.tail.len() + piece.len() > 2 * self.tail_max {
            let excess = self.tail.len() - (self.tail_max - piece.len()).min(self.tail.len());
            self.tail.drain(..excess);
            self.line_start = self.line_start.saturating_sub(excess);
        }
        self.tail.extend_from_slice(piece);
    }

    /// Logs the line that has just ended.
    fn line(&mut self, child: ChildId, turn: &mut Turn<'_>) {
        let oldest = self.tail.len() - self.newest().len();
        let line = self.tail[self.line_start.max(oldest)..].trim_ascii_end();
        // A blank line costs as much as any other: those of a flood are to be skipped too.
        self.lines += 1;
        if !line.is_empty() {
            let line = Bytes::copy_from_slice(line);
            turn.log(Event::ChildStderr { child, line });
        }
        self.line_start = self.tail.len();
    }

    /// Keeps what has no more lines to be logged in this second, without a look at each line.
    fn skip(&mut self, rest: &[u8]) {
        self.keep(rest);
        if let Some(end) = memrchr(b'\n', rest) {
            self.skipped += memchr_iter(b'\n', rest).count() as u64;
            self.line_start = self.tail.len().saturating_sub(rest.len() - end - 1);
        }
    }
}
