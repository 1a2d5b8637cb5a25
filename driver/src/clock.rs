//! Time and randomness: the only callers of the operating system's clock and of its random
//! generator.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{self, SystemTime};

use pontoon_core::{Duration, Instant};

/// A clock that counts from the start of the program. Clones share the start.
#[derive(Clone, Debug)]
pub struct Clock {
    started: time::Instant,
    /// The time of a manual clock, in microseconds.
    set: Option<Arc<AtomicU64>>,
}

impl Clock {
    /// Starts a clock.
    pub(crate) fn start() -> Self {
        Clock { started: moment(), set: None }
    }

    /// Creates a clock at [`Instant::ZERO`] that only moves when it is set, for simulations.
    pub fn manual() -> Self {
        Clock { set: Some(Arc::default()), ..Clock::start() }
    }

    /// Sets a manual clock and all its clones; an earlier time has no effect.
    ///
    /// # Panics
    ///
    /// The clock is not a manual one.
    pub fn set(&self, now: Instant) {
        let set = self.set.as_ref().expect("only a manual clock can be set");
        set.fetch_max(now.as_micros(), Ordering::Relaxed);
    }

    /// Returns the current time.
    pub fn now(&self) -> Instant {
        if let Some(set) = &self.set {
            return Instant::from_micros(set.load(Ordering::Relaxed));
        }
        let elapsed = moment().duration_since(self.started).as_micros();
        Instant::from_micros(u64::try_from(elapsed).unwrap_or(u64::MAX))
    }

    /// Returns the wall-clock time since 1970-01-01 00:00 UTC. A manual clock was set to it at
    /// [`Instant::ZERO`].
    pub(crate) fn wall(&self) -> Duration {
        match &self.set {
            Some(_) => self.now().since(Instant::ZERO),
            None => SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default(),
        }
    }

    /// Returns the system's instant for `at`, for a runtime's timers. For a manual clock it is
    /// unrelated to the set time.
    pub fn at(&self, at: Instant) -> time::Instant {
        self.started + Duration::from_micros(at.as_micros()).min(FAR)
    }
}

#[cfg(not(test))]
fn moment() -> time::Instant {
    time::Instant::now()
}

/// Returns the system's instant, which a test can stop.
#[cfg(test)]
fn moment() -> time::Instant {
    tokio::time::Instant::now().into_std()
}

/// Thirty years; some systems cannot represent a later instant.
const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 3600);

/// Returns 32 unpredictable bytes.
pub(crate) fn seed() -> io::Result<[u8; 32]> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(io::Error::from)?;
    Ok(seed)
}

#[cfg(test)]
mod tests;
