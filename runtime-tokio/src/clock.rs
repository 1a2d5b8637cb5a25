//! Time and chance: the only callers of the operating system's clock and of its randomness.

use std::io;

use pontoon_core::time::{Duration, Instant};

/// Counts from when the program was started. A copy counts from the same moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock(tokio::time::Instant);

impl Clock {
    /// Starts to count.
    pub(crate) fn start() -> Self {
        Clock(tokio::time::Instant::now())
    }

    /// What time it is.
    pub(crate) fn now(&self) -> Instant {
        let elapsed = self.0.elapsed().as_micros();
        Instant::from_micros(u64::try_from(elapsed).unwrap_or(u64::MAX))
    }

    /// The moment `at` names, for tokio's timers.
    pub(crate) fn at(&self, at: Instant) -> tokio::time::Instant {
        self.0 + Duration::from_micros(at.as_micros()).min(FAR)
    }
}

/// Thirty years; further ahead some systems cannot represent a moment.
const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 3600);

/// 32 bytes nobody can guess.
pub(crate) fn seed() -> io::Result<[u8; 32]> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(io::Error::from)?;
    Ok(seed)
}
