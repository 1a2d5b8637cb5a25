//! Limits how fast a pipe of a child is read while its output has no effect.
//!
//! Reading costs processor time, which other servers and sessions need. Output with an effect is
//! read as fast as its receiver reads it. Lines that are not messages, messages that are dropped,
//! and standard error have no receiver, so a rate limits them: a token bucket of bytes. Above the
//! rate, the pipe is read in pieces of about one read, with pauses in between; the child blocks on
//! a full pipe meanwhile.
//!
//! Owns: the state of one pipe. Never: drops anything.

use crate::cx::Cx;
use crate::ids::ChildId;
use crate::machine::{Action, ChildPipe};
use crate::time::{Duration, Instant};

/// The burst: the bytes that the rate allows in this time are read without a pause.
const BURST: Duration = Duration::from_secs(4);

/// The reading of one pipe.
#[derive(Debug)]
pub(crate) struct Pace {
    pipe: ChildPipe,
    /// Whether its receiver wants more of it.
    is_wanted: bool,
    is_enabled: bool,
    /// The time at which the bucket is full again.
    full_at: Instant,
    /// The end of the pause.
    paused_until: Option<Instant>,
}

impl Pace {
    /// Creates the state of a new child's pipe, which is read.
    pub(crate) fn new(pipe: ChildPipe) -> Pace {
        let full_at = Instant::ZERO;
        Pace { pipe, is_wanted: true, is_enabled: true, full_at, paused_until: None }
    }

    /// Records whether the receiver wants more.
    pub(crate) fn set_wanted(&mut self, is_wanted: bool) {
        self.is_wanted = is_wanted;
    }

    /// Counts bytes without effect, and starts a pause if there were too many.
    pub(crate) fn count(&mut self, bytes: usize, cx: &mut Cx<'_>) {
        let rate = cx.limits.wasted_bytes_per_second;
        let piece = time_for(cx.limits.pipe_read_bytes, rate);
        // Capped, so that a line of any length causes only a short pause.
        let full_at = self.full_at.max(cx.now) + time_for(bytes, rate);
        self.full_at = full_at.min(cx.now + BURST + piece);
        let excess = self.full_at.since(cx.now).saturating_sub(BURST);
        if excess > Duration::ZERO {
            let until = cx.now + excess + piece;
            self.paused_until = Some(until);
            cx.wake(until);
        }
    }

    /// Starts or stops reading, as the receiver and the rate demand. After the exit of the child,
    /// the rest of its output is always read.
    pub(crate) fn apply(&mut self, child: ChildId, has_exited: bool, cx: &mut Cx<'_>) {
        self.paused_until.take_if(|until| *until <= cx.now);
        let enabled = has_exited || self.is_wanted && self.paused_until.is_none();
        if self.is_enabled != enabled {
            self.is_enabled = enabled;
            cx.out.push(Action::SetReadEnabled { child, pipe: self.pipe, enabled });
        }
    }

    /// Returns when a pause ends.
    pub(crate) fn next_due(&self) -> Instant {
        self.paused_until.unwrap_or(Instant::FAR)
    }
}

/// Returns the time in which this many bytes are read at a rate per second.
fn time_for(bytes: usize, rate: usize) -> Duration {
    Duration::from_micros(bytes as u64 * 1_000_000 / rate.max(1) as u64)
}
