//! Failed starts of children: how soon one may be started again, and what health makes of it.

use crate::limits::Limits;
use crate::reject::Reject;
use crate::time::{Duration, Instant};

/// What the pause is doubled from with each failure.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// How long a failure counts against the health. An endpoint that is asked for nothing starts
/// nothing, and whoever sees it unhealthy may ask it for nothing; so it would stay unhealthy.
const FAILURE_AGE_MAX: Duration = Duration::from_secs(60);

/// Failed starts in a row.
#[derive(Debug, Default)]
pub(crate) struct Starts {
    failures: u32,
    paused_until: Instant,
    failed_at: Instant,
    /// Whether a child has ever answered `initialize`.
    has_worked: bool,
    /// Whether the last failure says nothing about the command: the system had no file descriptors,
    /// processes or memory left.
    lacked_resources: bool,
}

/// How many times as long as a client waits for it a child may take to answer `initialize`: then it
/// is of use to the next client.
pub(crate) const PATIENCE: u32 = 3;

impl Starts {
    /// Whether a child may be started now.
    pub(crate) fn check(&self, now: Instant) -> Result<(), Reject> {
        if now < self.paused_until {
            return Err(Reject::StartPaused { pause: self.paused_until.since(now) });
        }
        Ok(())
    }

    /// A child ended, or was given up, before it answered `initialize`. The first failure costs no
    /// pause: the next client should get the same clear error, not a refusal.
    pub(crate) fn failed(&mut self, now: Instant, pause_max: Duration) {
        let pause = FIRST_PAUSE * 2u32.saturating_pow(self.failures.min(16));
        if self.failures > 0 {
            self.paused_until = now + pause.min(pause_max);
        }
        self.failures = self.failures.saturating_add(1);
        self.failed_at = now;
        self.lacked_resources = false;
    }

    /// The failure that was just counted is the system's, which had no resources left.
    pub(crate) fn note_lack_of_resources(&mut self) {
        self.lacked_resources = true;
    }

    /// A child answered `initialize`.
    pub(crate) fn worked(&mut self) {
        *self = Starts { has_worked: true, ..Starts::default() };
    }

    /// The time a client waits for its `initialize` to be answered.
    pub(crate) fn time_max(&self, limits: &Limits) -> Duration {
        match self.has_worked {
            true => limits.startup_time_max,
            false => limits.first_startup_time_max,
        }
    }

    /// Whether a start failed a short time ago, and none has worked since.
    pub(crate) fn failed_lately(&self, now: Instant) -> bool {
        self.failures > 0 && now.since(self.failed_at) < FAILURE_AGE_MAX
    }

    /// Whether several starts in a row have failed, the last one a short time ago.
    pub(crate) fn fail_each_time(&self, now: Instant) -> bool {
        self.failures > 1 && self.failed_lately(now)
    }

    /// Whether a child has ever answered `initialize`.
    pub(crate) fn has_worked(&self) -> bool {
        self.has_worked
    }

    /// Whether the failed starts make the endpoint unhealthy. A lack of resources does not while
    /// other children work: a restart would end their sessions and bring no resources back.
    pub(crate) fn are_unhealthy(&self, others_work: bool, now: Instant) -> bool {
        self.failed_lately(now) && !(others_work && self.lacked_resources)
    }
}
