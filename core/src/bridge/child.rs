//! One child process, from the request to start it until its end is certain.
//!
//! Owns: the bytes for its input that it has not accepted, the pace at which its output is read, the
//! stop order, and its standard error.
//! Never: a message; the session interprets the lines.
//!
//! ```text
//!   starting ──spawned──► running ──stop()──► stdin closed ──grace──► SIGTERM ──grace──► SIGKILL
//!      │                     │                     └──────────── exited ────────────────────┘
//!      └──spawn failed       └──exited, or standard output closed──► ending ──► over
//! ```
//!
//! Whenever the process has exited its group gets SIGKILL: a grandchild does not outlive it, and
//! cannot keep its pipes open. Stop order: 2025-11-25, basic/lifecycle, Shutdown.

use std::mem;
use std::sync::Arc;

use bytes::Bytes;

use crate::bridge::{InvalidLines, Pace, Stderr};
use crate::child_spec::ChildSpec;
use crate::chunk::Chunk;
use crate::cx::Cx;
use crate::ids::ChildId;
use crate::json::InvalidLine;
use crate::log_text::{escape_untrusted, truncate_for_log};
use crate::machine::{Action, ChildPipe, Signal};
use crate::modern::probe;
use crate::observe::Event;
use crate::reject::ExitStatus;
use crate::time::Instant;

/// A child process.
#[derive(Debug)]
pub(crate) struct Child {
    pub(crate) id: ChildId,
    /// The time at which it was started.
    pub(crate) since: Instant,
    /// The time at which it was sent a client's `initialize`.
    pub(crate) initialize_at: Option<Instant>,
    /// Whether a line on its standard output was a message.
    has_written_message: bool,
    /// Whether a request has timed out since its last message.
    is_unresponsive: bool,
    /// Bytes for its standard input that it has not accepted.
    stdin_pending: usize,
    /// Bytes that its standard input accepted.
    stdin_taken: usize,
    /// Whether it was probed for its era.
    is_probed: bool,
    /// Whether its standard input was closed before it had read anything.
    has_read_nothing: bool,
    stdout_pace: Pace,
    stderr_pace: Pace,
    stdin_open: bool,
    stdout_open: bool,
    stderr_open: bool,
    /// Whether it closed its standard input on its own.
    stdin_closed_early: bool,
    exited: Option<ExitStatus>,
    ending: Option<Ending>,
    /// Whether a message of it is being translated: its end comes after that message.
    is_translating: bool,
    stop: Option<Stop>,
    /// The number of its last request.
    last_request: u64,
    /// The number of the last request before the newest notification or answer sent to it. Until it
    /// has answered a later one, an answer without an id may be about that message.
    ambiguous_from: Option<u64>,
    invalid_lines: InvalidLines,
    stderr: Stderr,
}

/// One half of its end: its exit, or the end of its output. The other half is still to come.
#[derive(Clone, Copy, Debug)]
struct Ending {
    since: Instant,
    /// The time at which waiting for it ends.
    at: Instant,
}

/// The last step of the stop order, and when the next is due.
#[derive(Clone, Copy, Debug)]
struct Stop {
    next: Option<Signal>,
    at: Instant,
}

impl Child {
    /// Starts a process.
    pub(crate) fn spawn(spec: Arc<ChildSpec>, cx: &mut Cx<'_>) -> Child {
        let child = cx.id_allocator.next_child();
        cx.out.push(Action::Spawn { child, spec });
        Child::new(child, cx.now)
    }

    pub(crate) fn new(id: ChildId, now: Instant) -> Child {
        Child {
            id,
            since: now,
            initialize_at: None,
            has_written_message: false,
            is_unresponsive: false,
            stdin_pending: 0,
            stdin_taken: 0,
            is_probed: false,
            has_read_nothing: false,
            stdout_pace: Pace::new(ChildPipe::Stdout),
            stderr_pace: Pace::new(ChildPipe::Stderr),
            stdin_open: true,
            stdout_open: true,
            stderr_open: true,
            stdin_closed_early: false,
            exited: None,
            ending: None,
            is_translating: false,
            stop: None,
            last_request: 0,
            ambiguous_from: None,
            invalid_lines: InvalidLines::default(),
            stderr: Stderr::default(),
        }
    }

    /// Returns the number of bytes that wait for it to read them.
    pub(crate) fn stdin_pending(&self) -> usize {
        self.stdin_pending
    }

    /// Returns whether it accepts another message of this size. It always accepts one.
    pub(crate) fn has_room(&self, bytes: usize, cx: &Cx<'_>) -> bool {
        self.stdin_pending == 0 || self.stdin_pending + bytes <= cx.limits.stdin_bytes_max
    }

    /// Writes a request to its standard input, with this number. Numbers rise.
    pub(crate) fn request(&mut self, number: u64, line: Chunk, cx: &mut Cx<'_>) {
        self.last_request = number;
        self.write_line(line, cx);
    }

    /// Writes a notification or an answer to its standard input.
    pub(crate) fn write_stdin(&mut self, line: Chunk, cx: &mut Cx<'_>) {
        self.ambiguous_from = Some(self.last_request);
        self.write_line(line, cx);
    }

    /// Probes its era.
    pub(crate) fn probe_era(&mut self, cx: &mut Cx<'_>) {
        self.is_probed = true;
        self.write_stdin(probe::discover_request(), cx);
    }

    /// Records that it has answered the request with this number.
    pub(crate) fn answered(&mut self, number: u64) {
        self.ambiguous_from.take_if(|last| *last < number);
    }

    /// Returns whether an answer without an id can only belong to a request in flight. Some servers
    /// answer a notification in that way, against the specification.
    pub(crate) fn is_settled(&self) -> bool {
        self.ambiguous_from.is_none()
    }

    fn write_line(&mut self, mut line: Chunk, cx: &mut Cx<'_>) {
        if !self.stdin_open {
            return;
        }
        line.push(Bytes::from_static(b"\n"));
        self.stdin_pending += line.len();
        cx.out.push(Action::WriteStdin { child: self.id, chunk: line });
    }

    /// Records that its standard input accepted this many bytes.
    pub(crate) fn stdin_acked(&mut self, bytes: usize) {
        self.stdin_pending = self.stdin_pending.saturating_sub(bytes);
        self.stdin_taken = self.stdin_taken.saturating_add(bytes);
    }

    /// Records that its standard input is closed, with the number of accepted bytes that were not
    /// read. A child that reads nothing is useless, so unless it was told to stop this counts as
    /// its end.
    pub(crate) fn stdin_closed(&mut self, unread: usize, cx: &mut Cx<'_>) {
        self.has_read_nothing = unread >= self.stdin_taken;
        self.stdin_pending = 0;
        let was_open = mem::replace(&mut self.stdin_open, false);
        if self.stop.is_none() && was_open {
            self.stdin_closed_early = true;
            self.await_end(cx);
        }
    }

    /// Returns whether its standard input was closed before it had read anything; its end is then
    /// not an answer to anything.
    pub(crate) fn has_read_nothing(&self) -> bool {
        self.has_read_nothing
    }

    /// Starts or stops reading its output.
    pub(crate) fn set_read_enabled(&mut self, open: bool, cx: &mut Cx<'_>) {
        self.stdout_pace.set_wanted(open);
        self.update_reading(cx);
    }

    /// Counts bytes of its standard output that had no effect. Too many of them slow down reading.
    pub(crate) fn count_wasted(&mut self, bytes: usize, cx: &mut Cx<'_>) {
        self.stdout_pace.count(bytes, cx);
        self.update_reading(cx);
    }

    /// Returns whether reading its standard output pauses, because too much had no effect.
    #[cfg(test)]
    pub(crate) fn is_paused(&self) -> bool {
        self.stdout_pace.next_due() < Instant::FAR
    }

    fn update_reading(&mut self, cx: &mut Cx<'_>) {
        for pace in [&mut self.stdout_pace, &mut self.stderr_pace] {
            pace.apply(self.id, self.exited.is_some(), cx);
        }
    }

    /// Records that a line on its standard output was a message.
    pub(crate) fn on_line(&mut self, cx: &mut Cx<'_>) {
        self.has_written_message = true;
        self.is_unresponsive = false;
        if self.is_ending() {
            self.await_end(cx);
        }
    }

    /// Records that it did not answer a request in time.
    pub(crate) fn timed_out(&mut self) {
        self.is_unresponsive = true;
    }

    /// Returns whether a request has timed out since its last message, and it is not being stopped.
    pub(crate) fn is_unresponsive(&self) -> bool {
        self.is_unresponsive && self.stop.is_none() && self.ending.is_none()
    }

    /// Handles a line on its standard output, or a part of one, that was not a message.
    pub(crate) fn on_invalid_line(&mut self, line: &InvalidLine, cx: &mut Cx<'_>) {
        cx.metrics.noise_line();
        self.invalid_lines.push(self.id, line, cx);
    }

    /// Describes its output that is not MCP, as the end of an error text; empty if it has written a
    /// message, or nothing.
    pub(crate) fn other_output(&self) -> String {
        self.first_invalid_line().map_or(String::new(), |line| {
            format!(
                "; it does not speak MCP: it wrote \"{}\"",
                truncate_for_log(&escape_untrusted(line))
            )
        })
    }

    /// Returns the beginning of the first line on its standard output, if it has written lines but
    /// no message.
    fn first_invalid_line(&self) -> Option<&Bytes> {
        self.invalid_lines.first().filter(|_| !self.has_written_message)
    }

    /// Handles bytes of its standard error.
    pub(crate) fn on_stderr(&mut self, bytes: &Bytes, cx: &mut Cx<'_>) {
        self.stderr.push(self.id, bytes, cx);
        self.stderr_pace.count(bytes.len(), cx);
        self.update_reading(cx);
    }

    /// Leaves the lines of its standard error out of the log for as long as they repeat these,
    /// which the process before it wrote.
    pub(crate) fn omit_repeated_stderr(&mut self, lines: Bytes) {
        self.stderr.omit_repeated(lines);
    }

    /// Returns the end of its standard error.
    pub(crate) fn stderr_tail(&self) -> Bytes {
        self.stderr.tail()
    }

    /// Records that its process ended.
    pub(crate) fn exited(&mut self, status: ExitStatus, cx: &mut Cx<'_>) {
        self.exited = Some(status);
        cx.out.push(Action::Signal { child: self.id, signal: Signal::Kill });
        self.update_reading(cx);
        self.await_end(cx);
    }

    /// Records that its standard output ended.
    pub(crate) fn stdout_closed(&mut self, cx: &mut Cx<'_>) {
        self.stdout_open = false;
        self.await_end(cx);
    }

    /// Records that its standard error ended. This is no sign of its end, but the last lines belong
    /// to the report of it.
    pub(crate) fn stderr_closed(&mut self, cx: &mut Cx<'_>) {
        self.stderr_open = false;
        self.stderr.close(self.id, cx);
    }

    /// Logs at its end what was still to be logged.
    pub(crate) fn report_end(&mut self, cx: &mut Cx<'_>) {
        self.invalid_lines.report(self.id, cx);
        self.stderr.close(self.id, cx);
        if let Some(excerpt) = self.first_invalid_line() {
            cx.log(Event::ChildNotMcp { child: self.id, excerpt: excerpt.clone() });
        }
    }

    /// Extends the wait for the other half of its end, up to a limit, because another process that
    /// inherited its output could write to it forever. The limit is also the time in which it is
    /// learned whether a probed child has read the probe.
    fn await_end(&mut self, cx: &mut Cx<'_>) {
        let since = self.ending.map_or(cx.now, |ending| ending.since);
        let is_stdin_awaited = self.exited.is_some() && self.is_probed && self.stdin_open;
        let grace = if is_stdin_awaited { cx.limits.exit_time_max } else { cx.limits.exit_grace };
        let at = (cx.now + grace).min(since + cx.limits.exit_time_max);
        self.ending = Some(Ending { since, at });
        cx.wake(at);
    }

    /// Returns whether this end shows that its command does not work: it failed soon after its
    /// start, and wrote no message. A server that ends on its own, for example because it was idle,
    /// has lived for longer.
    pub(crate) fn is_failed_start(&self, status: ExitStatus, cx: &Cx<'_>) -> bool {
        let moments = match status {
            ExitStatus::Code(0) => cx.limits.exit_time_max,
            _ => cx.limits.startup_time_max,
        };
        !self.has_written_message && cx.now.since(self.since) < moments
    }

    /// Records whether a message of it is being translated.
    pub(crate) fn set_translating(&mut self, is_translating: bool) {
        self.is_translating = is_translating;
    }

    /// Returns its exit status, once nothing more can come from it. For a probed child it must also
    /// be known whether it has read the probe.
    pub(crate) fn end(&self, now: Instant) -> Option<ExitStatus> {
        let waited = self.ending.is_some_and(|ending| ending.at <= now);
        let is_open = self.stdout_open || self.stderr_open || self.is_probed && self.stdin_open;
        match self.exited {
            _ if self.is_translating => None,
            Some(status) if !is_open || waited => Some(status),
            None if !self.stdout_open && waited => Some(ExitStatus::StdoutClosed),
            None if self.stdin_closed_early && waited => Some(ExitStatus::StdinClosed),
            _ => None,
        }
    }

    /// Returns whether its process or its standard output has ended; the other half follows.
    pub(crate) fn is_ending(&self) -> bool {
        self.ending.is_some()
    }

    /// Returns whether nothing more can come from it.
    pub(crate) fn has_ended(&self, now: Instant) -> bool {
        self.end(now).is_some()
    }

    /// Returns whether its process has ended.
    pub(crate) fn has_exited(&self) -> bool {
        self.exited.is_some()
    }

    /// Returns the status of its process.
    pub(crate) fn exit_status(&self) -> Option<ExitStatus> {
        self.exited
    }

    /// Returns whether it was asked to end.
    pub(crate) fn was_stopped(&self) -> bool {
        self.stop.is_some()
    }

    /// Starts the stop order: close its standard input, then SIGTERM, then SIGKILL.
    pub(crate) fn stop(&mut self, cx: &mut Cx<'_>) {
        if self.stop.is_some() || self.exited.is_some() {
            return;
        }
        self.stdin_open = false;
        cx.out.push(Action::CloseStdin { child: self.id });
        // A child that blocks on its output could not end.
        self.set_read_enabled(true, cx);
        self.next_stop_step(Some(Signal::Terminate), cx);
    }

    /// Kills it.
    pub(crate) fn kill(&mut self, cx: &mut Cx<'_>) {
        self.stdin_open = false;
        self.stop = Some(Stop { next: None, at: Instant::FAR });
        cx.out.push(Action::Signal { child: self.id, signal: Signal::Kill });
    }

    fn next_stop_step(&mut self, next: Option<Signal>, cx: &mut Cx<'_>) {
        let at = if next.is_some() { cx.now + cx.limits.stop_grace } else { Instant::FAR };
        self.stop = Some(Stop { next, at });
        cx.wake(at);
    }

    /// Handles timeouts: the log of skipped lines, and the next step of the stop order.
    pub(crate) fn handle_timeout(&mut self, cx: &mut Cx<'_>) {
        if self.invalid_lines.next_due() <= cx.now {
            self.invalid_lines.report(self.id, cx);
        }
        if self.stderr.next_due() <= cx.now {
            self.stderr.report(self.id, cx);
        }
        self.update_reading(cx);
        let Some(Stop { next: Some(signal), at }) = self.stop else { return };
        if self.exited.is_some() || at > cx.now {
            return;
        }
        cx.out.push(Action::Signal { child: self.id, signal });
        let next = match signal {
            Signal::Terminate => Some(Signal::Kill),
            Signal::Kill => None,
        };
        self.next_stop_step(next, cx);
    }

    /// Returns when something is due next, after `now`.
    pub(crate) fn next_due(&self, now: Instant) -> Instant {
        let stop = match self.stop {
            Some(stop) if self.exited.is_none() => stop.at,
            _ => Instant::FAR,
        };
        let ending = self.ending.map(|ending| ending.at).filter(|at| *at > now);
        stop.min(ending.unwrap_or(Instant::FAR))
            .min(self.invalid_lines.next_due())
            .min(self.stderr.next_due())
            .min(self.stdout_pace.next_due())
            .min(self.stderr_pace.next_due())
    }
}
