//! Time as an input: adapters tell the time, the core never reads it.
//!
//! Owns: the monotonic instant and the deadline that a machine reports. Never: reads a clock.

use std::ops::Add;

pub use std::time::Duration;

/// A point on the adapter's monotonic clock, in microseconds since that adapter started.
///
/// Unlike [`std::time::Instant`] it can be built from a number, for a fuzz corpus, a replay log or
/// a test.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

impl Instant {
    /// The start of the adapter's clock.
    pub const ZERO: Instant = Instant(0);

    /// An instant that never comes.
    pub const FAR: Instant = Instant(u64::MAX);

    /// Creates the instant `micros` microseconds after the clock started.
    pub const fn from_micros(micros: u64) -> Self {
        Instant(micros)
    }

    /// Returns the microseconds since the clock started.
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// Returns the time since `earlier`, or zero if `earlier` is later.
    pub const fn since(self, earlier: Instant) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Instant {
    type Output = Instant;

    /// Saturates instead of wrapping: a deadline too far away never comes.
    fn add(self, delay: Duration) -> Instant {
        let micros = u64::try_from(delay.as_micros()).unwrap_or(u64::MAX);
        Instant(self.0.saturating_add(micros))
    }
}

/// The next call that a machine needs, and the reason.
///
/// The reason is for logs, where it identifies a timer that fires too often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline {
    /// Call `handle_timeout` at this instant or later; earlier is harmless.
    pub at: Instant,
    /// The timer that will be due then.
    pub why: TimerKind,
}

/// The timers of the core.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, strum::Display)]
#[strum(serialize_all = "snake_case")]
pub enum TimerKind {
    /// A request body is too slow.
    Body,
    /// The next step of stopping a child process is due.
    Child,
    /// The time limit of a shutdown is over.
    Drain,
    /// A request head is too slow.
    Head,
    /// A connection between two requests has been silent for too long.
    Idle,
    /// A request without a session has something due.
    Run,
    /// A session has something due: a request, a keep-alive, its idle timeout.
    Session,
    /// A peer has not read any bytes for too long.
    Write,
}
