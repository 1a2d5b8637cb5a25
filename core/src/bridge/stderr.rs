//! A child's standard error: lines for the log, and its end for the report.
//!
//! Owns: the cut into lines, the rate at which they are logged, the kept tail.
//! Never: more than the tail's limit of memory, whatever the child writes. Reading never stops:
//! a child whose standard error is full would hang.

use bytes::Bytes;

use crate::engine::Turn;
use crate::ids::ChildId;
use crate::observe::Event;
use crate::time::{Duration, Instant};

/// What is known of a child's standard error.
#[derive(Debug, Default)]
pub(crate) struct Stderr {
    /// The newest bytes, the unfinished line last.
    tail: Vec<u8>,
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
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.keep(piece, turn.limits.stderr_tail_bytes);
            if piece.ends_with(b"\n") {
                self.line(child, turn);
            }
        }
    }

    /// The newest bytes.
    pub(crate) fn tail(&self) -> Bytes {
        Bytes::copy_from_slice(self.tail.trim_ascii())
    }

    fn keep(&mut self, piece: &[u8], max: usize) {
        let piece = &piece[piece.len().saturating_sub(max)..];
        let excess = (self.tail.len() + piece.len()).saturating_sub(max);
        self.tail.drain(..excess);
        self.line_start = self.line_start.saturating_sub(excess);
        self.tail.extend_from_slice(piece);
    }

    /// Logs the line that has just ended, unless this second had too many.
    fn line(&mut self, child: ChildId, turn: &mut Turn<'_>) {
        let line = Bytes::copy_from_slice(self.tail[self.line_start..].trim_ascii_end());
        self.line_start = self.tail.len();
        if turn.now.since(self.second) >= SECOND {
            self.second = turn.now;
            self.lines = 0;
            let lines = std::mem::take(&mut self.skipped);
            if lines > 0 {
                turn.log(Event::ChildStderrSkipped { child, lines });
            }
        }
        if self.lines >= turn.limits.stderr_lines_per_second {
            self.skipped += 1;
        } else if !line.is_empty() {
            self.lines += 1;
            turn.log(Event::ChildStderr { child, line });
        }
    }
}
