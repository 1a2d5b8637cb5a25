//! Time, in the world of this thread, and waiting for conditions.

use std::ops::{Add, Sub};
use std::sync::LazyLock;
use std::thread;
use std::time::{self, Duration};

use crate::sim;

/// A point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(Duration);

impl Instant {
    /// Returns the current time.
    pub fn now() -> Instant {
        static START: LazyLock<time::Instant> = LazyLock::new(time::Instant::now);
        Instant(match sim::current() {
            Some(world) => Duration::from_micros(world.now().as_micros()),
            None => START.elapsed(),
        })
    }

    /// Returns the time since then.
    pub fn elapsed(self) -> Duration {
        Instant::now() - self
    }

    /// Returns the time from now to then, or zero if it has passed.
    pub fn left(self) -> Duration {
        self - Instant::now()
    }
}

impl Add<Duration> for Instant {
    type Output = Instant;

    fn add(self, time: Duration) -> Instant {
        Instant(self.0 + time)
    }
}

impl Sub for Instant {
    type Output = Duration;

    /// Zero if the other is later.
    fn sub(self, earlier: Instant) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

/// Waits for this time.
pub fn sleep(time: Duration) {
    match sim::current() {
        Some(world) => world.sleep(time),
        None => thread::sleep(time),
    }
}

/// Waits until the condition holds and returns how long that took. Panics after `within` in a
/// simulated world, and after three times as long on a real machine, which may be busy.
#[track_caller]
pub fn eventually(what: &str, within: Duration, mut condition: impl FnMut() -> bool) -> Duration {
    let within = if sim::current().is_some() { within } else { 3 * within };
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < within, "not within {within:?}: {what}");
        sleep(Duration::from_millis(5));
    }
    start.elapsed()
}

/// Panics if the condition fails within this time.
#[track_caller]
pub fn throughout(what: &str, during: Duration, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while start.elapsed() < during {
        assert!(condition(), "no longer true after {:?}: {what}", start.elapsed());
        sleep(Duration::from_millis(10));
    }
}

/// Returns a number of seconds, for limits in cases.
pub const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// Returns a number of milliseconds, for limits in cases.
pub const fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}
