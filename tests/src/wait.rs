//! Waiting for something to become true, and measuring how long that took.

use std::thread;
use std::time::{Duration, Instant};

/// Waits until the condition holds and returns how long that took; panics after `within`.
#[track_caller]
pub fn eventually(what: &str, within: Duration, mut condition: impl FnMut() -> bool) -> Duration {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < within, "not within {within:?}: {what}");
        thread::sleep(Duration::from_millis(5));
    }
    start.elapsed()
}

/// Panics as soon as the condition fails within this time.
#[track_caller]
pub fn throughout(what: &str, during: Duration, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while start.elapsed() < during {
        assert!(condition(), "no longer true after {:?}: {what}", start.elapsed());
        thread::sleep(Duration::from_millis(10));
    }
}

/// Seconds, for limits in cases.
pub const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// Milliseconds, for limits in cases.
pub const fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}
