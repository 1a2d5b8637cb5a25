//! Time and chance: the only callers of the operating system's clocks and of its randomness.

use std::io;
use std::time::SystemTime;

use pontoon_core::time::{Deadline, Duration, Instant};

/// Counts from when the program was started. A copy counts from the same moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock(std::time::Instant);

impl Clock {
    /// Starts to count.
    pub(crate) fn start() -> Self {
        Clock(std::time::Instant::now())
    }

    /// What time it is.
    pub(crate) fn now(&self) -> Instant {
        let elapsed = self.0.elapsed().as_micros();
        Instant::from_micros(u64::try_from(elapsed).unwrap_or(u64::MAX))
    }

    /// How long it is until `deadline`; without one, [`FAR`].
    pub(crate) fn until(&self, deadline: Option<Deadline>) -> Duration {
        deadline.map_or(FAR, |deadline| deadline.at.since(self.now()).min(FAR))
    }
}

/// A day: a wake-up this rare costs nothing, and every system can wait that long.
pub(crate) const FAR: Duration = Duration::from_secs(24 * 3600);

/// The wall clock, as HTTP writes it.
pub(crate) fn date() -> String {
    httpdate::fmt_http_date(SystemTime::now())
}

/// 32 bytes nobody can guess.
pub(crate) fn seed() -> io::Result<[u8; 32]> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(io::Error::from)?;
    Ok(seed)
}
