//! A child's standard error: lines for the log, and its end for the report.
//!
//! Owns: the split into lines, their rate limit, and the kept tail. Never: more memory than twice
//! the tail's limit, or work for each of too many lines. Reading never stops, because a child whose
//! standard error is full would hang.
//!
//! Lines over the rate limit are skipped for up to a second. Then their number and the last of them
//! are logged, because a traceback ends with the important lines.

use bytes::Bytes;
use memchr::{memchr, memchr_iter, memrchr};

use crate::bridge::bucket::Bucket;
use crate::cx::Cx;
use crate::ids::ChildId;
use crate::observe::Event;
use crate::time::{Duration, Instant};

/// The state of a child's standard error.
#[derive(Debug, Default)]
pub(crate) struct Stderr {
    /// The newest bytes, the unfinished line last; up to twice as many as are kept, so that few of
    /// them have to be moved.
    tail: Vec<u8>,
    tail_max: usize,
    /// The start of the unfinished line in `tail`.
    line_start: usize,
    bucket: Bucket,
    skipped: Option<Skipped>,
    /// The lines that are not logged again.
    repeated: Bytes,
}

/// Lines that were not logged.
#[derive(Debug)]
struct Skipped {
    lines: u64,
    /// Their start in `tail`.
    start: usize,
    /// Whether the beginning of the first of them is lost.
    is_cut: bool,
    /// The time at which they are reported.
    due: Instant,
}

const SECOND: Duration = Duration::from_secs(1);

/// The number of lines from the end of a burst that are logged in spite of the rate limit.
const LAST_LINES_MAX: usize = 50;

impl Stderr {
    /// Processes bytes of the child.
    pub(crate) fn push(&mut self, child: ChildId, bytes: &[u8], cx: &mut Cx<'_>) {
        self.tail_max = cx.limits.stderr_tail_bytes;
        let (burst, per_second) = (cx.limits.stderr_lines_burst, cx.limits.stderr_lines_per_second);
        let mut rest = bytes;
        // A blank line costs as much as any other, so it counts too.
        while self.skipped.is_none()
            && let Some(end) = memchr(b'\n', rest)
            && self.bucket.take(burst, per_second, cx.now)
        {
            self.keep(&rest[..=end]);
            self.line(child, cx);
            rest = &rest[end + 1..];
        }
        self.skip(rest, cx);
    }

    /// Leaves lines out of the log for as long as they repeat these.
    pub(crate) fn omit_repeated(&mut self, lines: Bytes) {
        self.repeated = lines;
    }

    /// Ends the output, and with it the last line.
    pub(crate) fn close(&mut self, child: ChildId, cx: &mut Cx<'_>) {
        self.report(child, cx);
        self.line(child, cx);
    }

    /// Returns the newest bytes.
    pub(crate) fn tail(&self) -> Bytes {
        Bytes::copy_from_slice(self.newest().trim_ascii())
    }

    /// Returns when the skipped lines are reported.
    pub(crate) fn next_due(&self) -> Instant {
        self.skipped.as_ref().map_or(Instant::FAR, |skipped| skipped.due)
    }

    /// Logs the number of skipped lines, and the last of them.
    pub(crate) fn report(&mut self, child: ChildId, cx: &mut Cx<'_>) {
        let Some(Skipped { lines: count, start, is_cut, .. }) = self.skipped.take() else { return };
        let kept = self.tail.get(start..self.line_start).unwrap_or_default();
        let mut lines: Vec<&[u8]> = kept.split_inclusive(|byte| *byte == b'\n').collect();
        let too_many = lines.len().saturating_sub(LAST_LINES_MAX).max(usize::from(is_cut));
        lines.drain(..too_many.min(lines.len()));
        let left_out = count.saturating_sub(lines.len() as u64);
        if left_out > 0 {
            cx.log(Event::ChildStderrSkipped { child, lines: left_out });
        }
        for line in lines {
            log(child, line, cx);
        }
    }

    fn newest(&self) -> &[u8] {
        &self.tail[self.tail.len().saturating_sub(self.tail_max)..]
    }

    fn keep(&mut self, piece: &[u8]) {
        let piece = &piece[piece.len().saturating_sub(self.tail_max)..];
        if self.tail.len() + piece.len() > 2 * self.tail_max {
            let excess = self.tail.len() - (self.tail_max - piece.len()).min(self.tail.len());
            self.tail.drain(..excess);
            self.line_start = self.line_start.saturating_sub(excess);
            if let Some(skipped) = &mut self.skipped {
                skipped.is_cut |= skipped.start < excess;
                skipped.start = skipped.start.saturating_sub(excess);
            }
        }
        self.tail.extend_from_slice(piece);
    }

    /// Logs the line that has just ended.
    fn line(&mut self, child: ChildId, cx: &mut Cx<'_>) {
        let oldest = self.tail.len() - self.newest().len();
        let line = &self.tail[self.line_start.max(oldest)..];
        if !line.trim_ascii().is_empty() {
            let rest = after_line(&self.repeated, line).map(|rest| self.repeated.slice_ref(rest));
            let is_new = rest.is_none();
            self.repeated = rest.unwrap_or_default();
            if is_new {
                log(child, line, cx);
            }
        }
        self.line_start = self.tail.len();
    }

    /// Keeps bytes without logging their lines, and without work for each line.
    fn skip(&mut self, rest: &[u8], cx: &mut Cx<'_>) {
        let Some(end) = memrchr(b'\n', rest) else { return self.keep(rest) };
        let (due, start) = (cx.now + SECOND, self.line_start);
        let fresh = || Skipped { lines: 0, start, is_cut: false, due };
        let skipped = self.skipped.get_or_insert_with(fresh);
        skipped.lines += memchr_iter(b'\n', rest).count() as u64;
        cx.wake(skipped.due);
        self.keep(rest);
        // Only the end of a long piece is kept.
        if rest.len() > self.tail_max
            && let Some(skipped) = &mut self.skipped
        {
            (skipped.start, skipped.is_cut) = (self.tail.len() - self.tail_max, true);
        }
        self.line_start = self.tail.len().saturating_sub(rest.len() - end - 1);
    }
}

/// Returns the text after its first line that is not blank, if that is this line.
fn after_line<'t>(text: &'t [u8], line: &[u8]) -> Option<&'t [u8]> {
    let text = text.trim_ascii_start();
    let end = memchr(b'\n', text).unwrap_or(text.len());
    (text[..end].trim_ascii_end() == line.trim_ascii()).then_some(&text[end..])
}

fn log(child: ChildId, line: &[u8], cx: &mut Cx<'_>) {
    let line = line.trim_ascii_end();
    if !line.is_empty() {
        cx.log(Event::ChildStderr { child, line: Bytes::copy_from_slice(line) });
    }
}
