//! Time and chance: the only callers of the operating system's clock and of its randomness.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{self, SystemTime};

use pontoon_core::time::{Duration, Instant};

/// Counts from when the program was started. A clone counts from the same moment.
#[derive(Clone, Debug)]
pub struct Clock {
    started: time::Instant,
    /// Of a clock that stands still until it is set: what time it is, in microseconds.
    set: Option<Arc<AtomicU64>>,
}

impl Clock {
    /// Starts to count.
    pub(crate) fn start() -> Self {
        Clock { started: moment(), set: None }
    }

    /// A clock at [`Instant::ZERO`] that goes only where it is set, for a simulated world.
    pub fn manual() -> Self {
        Clock { set: Some(Arc::default()), ..Clock::start() }
    }

    /// Sets a manual clock and all its clones; one that is earlier than it is changes nothing.
    ///
    /// # Panics
    ///
    /// The clock is not a manual one.
    pub fn set(&self, now: Instant) {
        let set = self.set.as_ref().expect("only a manual clock can be set");
        set.fetch_max(now.as_micros(), Ordering::Relaxed);
    }

    /// What time it is.
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

    /// The moment `at` names, for a runtime's timers. Those of a manual clock have nothing to do
    /// with what it says.
    pub fn at(&self, at: Instant) -> time::Instant {
        self.started + Duration::from_micros(at.as_micros()).min(FAR)
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

#[cfg(test)]
mod tests;
