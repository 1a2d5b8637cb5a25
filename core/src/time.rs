//! Time as a fact: adapters say what time it is, the core never asks.
//!
//! Owns: the monotonic instant and the deadline a machine reports.
//! Never: reads a clock.

use std::fmt;
use std::ops::Add;

pub use std::time::Duration;

/// A point on the adapter's monotonic clock, in microseconds since that adapter started.
///
/// Unlike [`std::time::Instant`] it can be built from a number, so it can stand in a fuzz corpus,
/// a replay log or a test.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

impl Instant {
    /// The moment the adapter's clock started.
    pub const ZERO: Instant = Instant(0);

    /// An instant that never comes.
    pub const FAR: Instant = Instant(u64::MAX);

    /// The instant `micros` microseconds after the clock started.
    pub const fn from_micros(micros: u64) -> Self {
        Instant(micros)
    }

    /// Microseconds since the clock started.
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// Time passed since `earlier`; zero when `earlier` is later.
    pub const fn since(self, earlier: Instant) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Instant {
    type Output = Instant;

    /// Saturates instead of wrapping: a deadline too far away is one that never comes.
    fn add(self, delay: Duration) -> Instant {
        let micros = u64::try_from(delay.as_micros()).unwrap_or(u64::MAX);
        Instant(self.0.saturating_add(micros))
    }
}

/// When a machine wants to be called again, and why.
///
/// The reason is for logs: an adapter that spins can say which timer makes it spin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline {
    /// Call `handle_timeout` at this instant or later; earlier is harmless.
    pub at: Instant,
    /// What will be due then.
    pub why: TimerKind,
}

/// The timers of the core.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TimerKind {
    /// A request body is too slow.
    Body,
    /// A child process has to be asked more firmly to stop.
    Child,
    /// The drain of a shutdown is over.
    Drain,
    /// A request head is too slow.
    Head,
    /// A connection between two requests has been silent for too long.
    Idle,
    /// Something is due of a request without a session.
    Run,
    /// Something in a session is due: a request, a keep-alive, its idle limit.
    Session,
    /// A peer has not taken any bytes for too long.
    Write,
}

impl fmt::Display for TimerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TimerKind::Body => "body",
            TimerKind::Child => "child",
            TimerKind::Drain => "drain",
            TimerKind::Head => "head",
            TimerKind::Idle => "idle",
            TimerKind::Run => "run",
            TimerKind::Session => "session",
            TimerKind::Write => "write",
        })
    }
}
