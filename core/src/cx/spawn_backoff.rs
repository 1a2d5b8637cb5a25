//! Failed starts of children: the pause before the next start, and their effect on health.

use crate::limits::Limits;
use crate::reject::Reject;
use crate::time::{Duration, Instant};

/// The first pause, which doubles with each failure.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The time for which a failure affects the health. An endpoint without requests starts no
/// children, and an unhealthy one may get no requests; without this limit it would stay unhealthy.
const FAILURE_AGE_MAX: Duration = Duration::from_secs(60);

/// Failed starts in a row.
#[derive(Debug, Default)]
pub(crate) struct SpawnBackoff {
    failures: u32,
    next_start: Instant,
    failed_at: Instant,
    /// Whether a child has ever answered `initialize`.
    has_worked: bool,
    /// Whether the last failure does not depend on the command: the system had no file descriptors,
    /// processes or memory left.
    lacked_resources: bool,
    /// The numbers of failed and of successful starts so far.
    totals: (u64, u64),
}

/// The factor by which a child may take longer to answer `initialize` than a client waits, because
/// the next client can use it.
pub(crate) const CHILD_TIME_FACTOR: u32 = 3;

impl SpawnBackoff {
    /// Checks whether a child may be started now.
    pub(crate) fn check(&self, now: Instant) -> Result<(), Reject> {
        if now < self.next_start {
            return Err(Reject::SpawnBackoff { pause: self.next_start.since(now) });
        }
        Ok(())
    }

    /// Records that a child ended, or was given up, before it answered `initialize`. The first
    /// failure causes no pause, so that the next client gets the same clear error instead of a
    /// refusal.
    pub(crate) fn record_failure(&mut self, now: Instant, pause_max: Duration) {
        let pause = FIRST_PAUSE * 2u32.saturating_pow(self.failures.min(16));
        if self.failures > 0 {
            self.next_start = now + pause.min(pause_max);
        }
        self.failures = self.failures.saturating_add(1);
        self.failed_at = now;
        self.lacked_resources = false;
        self.totals.0 += 1;
    }

    /// Records that the last failure was a lack of resources of the system.
    pub(crate) fn note_lack_of_resources(&mut self) {
        self.lacked_resources = true;
    }

    /// Records that a child answered `initialize`.
    pub(crate) fn record_success(&mut self) {
        let (failed, worked) = self.totals;
        let totals = (failed, worked + 1);
        *self = SpawnBackoff { has_worked: true, totals, ..SpawnBackoff::default() };
    }

    /// Returns the numbers of failed and of successful starts so far.
    pub(crate) fn totals(&self) -> (u64, u64) {
        self.totals
    }

    /// Returns the time that a client waits for the answer to its `initialize`.
    pub(crate) fn time_max(&self, limits: &Limits) -> Duration {
        match self.has_worked {
            true => limits.startup_time_max,
            false => limits.first_startup_time_max,
        }
    }

    /// Returns whether a start failed recently, and none has worked since.
    pub(crate) fn failed_lately(&self, now: Instant) -> bool {
        self.failures > 0 && now.since(self.failed_at) < FAILURE_AGE_MAX
    }

    /// Returns whether several starts in a row have failed, the last one recently.
    pub(crate) fn fails_repeatedly(&self, now: Instant) -> bool {
        self.failures > 1 && self.failed_lately(now)
    }

    /// Returns whether a child has ever answered `initialize`.
    pub(crate) fn has_worked(&self) -> bool {
        self.has_worked
    }

    /// Returns whether the failed starts make the endpoint unhealthy. A lack of resources does not
    /// while other children work, because a restart would end their sessions and free nothing.
    pub(crate) fn is_unhealthy(&self, others_work: bool, now: Instant) -> bool {
        self.failed_lately(now) && !(others_work && self.lacked_resources)
    }
}
