//! Time and chance: the only callers of the operating system's clock and of its randomness.

use std::io;
use std::time::{self, SystemTime};

use pontoon_core::time::{Duration, Instant};

/// Counts from when the program was started. A copy counts from the same moment.
#[derive(Clone, Copy, Debug)]
pub struct Clock(time::Instant);

impl Clock {
    /// Starts to count.
    pub(crate) fn start() -> Self {
        Clock(moment())
    }

    /// What time it is.
    pub fn now(&self) -> Instant {
        let elapsed = moment().duration_since(self.0).as_micros();
        Instant::from_micros(u64::try_from(elapsed).unwrap_or(u64::MAX))
    }

    /// What time it was in the world when it started to count, since 1970-01-01 00:00 UTC.
    pub(crate) fn epoch(&self) -> Duration {
        let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        wall.saturating_sub(self.now().since(Instant::ZERO))
    }

    /// The moment `at` names, for a runtime's timers.
    pub fn at(&self, at: Instant) -> time::Instant {
        self.0 + Duration::from_micros(at.as_micros()).min(FAR)
    }
}

#[cfg(not(test))]
fn moment() -> time::Instant {
    time::Instant::now()
}

/// A clock that a test can stop.
#[cfg(test)]
fn moment() -> time::Instant {
    tokio::time::Instant::now().into_std()
}

/// Thirty years; further ahead some systems cannot represent a moment.
const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 3600);

/// 32 bytes nobody can guess.
pub(crate) fn seed() -> io::Result<[u8; 32]> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(io::Error::from)?;
    Ok(seed)
}
