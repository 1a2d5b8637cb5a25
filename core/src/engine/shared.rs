//! The data of the engine that each of its parts uses in a turn.

use std::sync::Arc;

use crate::config::Config;
use crate::cx::{Cx, Exchanges, IdAllocator, LogRateLimiter, SpawnBackoff, Upstream};
use crate::machine::{Action, Actions};
use crate::memory::{Account, Memory};
use crate::modern::ownership::TaskOwners;
use crate::observe::{Event, Metrics, RequestLog};
use crate::protocol::Revision;
use crate::random::Rng;
use crate::time::{Duration, Instant};

/// The difference of the wall clock from its expected time that means it was set.
const CLOCK_STEP_MIN: Duration = Duration::from_secs(1);

/// The data that each part of the engine uses in a turn.
#[derive(Debug)]
pub(super) struct Shared {
    /// The time of this turn.
    pub(super) now: Instant,
    /// The actions of this turn so far.
    pub(super) out: Actions,
    pub(super) config: Arc<Config>,
    pub(super) memory: Memory,
    /// The account of the client whose request is being handled.
    pub(super) account: Option<Account>,
    pub(super) metrics: Metrics,
    pub(super) exchanges: Exchanges,
    pub(super) log_limiter: LogRateLimiter,
    pub(super) requests: Arc<RequestLog>,
    /// Whether a timer is set to report skipped log events.
    pub(super) reports_skipped: bool,
    pub(super) spawn_backoff: SpawnBackoff,
    pub(super) id_allocator: IdAllocator,
    /// The owners of a modern child's tasks, if principals are verified.
    pub(super) task_owners: Option<TaskOwners>,
    pub(super) upstream: Upstream,
    pub(super) rng: Arc<Rng>,
    /// The wall-clock time at [`Instant::ZERO`].
    pub(super) unix_time_at_zero: Duration,
}

impl Shared {
    /// Returns the context of this turn.
    pub(super) fn cx(&mut self) -> Cx<'_> {
        Cx {
            now: self.now,
            limits: &self.config.limits,
            memory: &self.memory,
            account: self.account.as_ref(),
            log_level: self.config.log_level,
            log_limiter: &mut self.log_limiter,
            requests: &self.requests,
            out: &mut self.out,
            metrics: &mut self.metrics,
            upstream: &self.upstream,
            unix_time: self.unix_time_at_zero.saturating_add(self.now.since(Instant::ZERO)),
            rng: &self.rng,
            exchanges: &mut self.exchanges,
            spawn_backoff: &mut self.spawn_backoff,
            id_allocator: &mut self.id_allocator,
            task_owners: self.task_owners.as_mut(),
            changes: Vec::new(),
            wake_at: Instant::FAR,
        }
    }

    /// Returns the supported revisions.
    pub(super) fn served(&self) -> &[Revision] {
        let native = self.upstream.native();
        native.map_or(&self.config.revisions, |native| &native.settings.revisions)
    }

    /// Returns the wall-clock time.
    pub(super) fn unix_time(&self, now: Instant) -> Duration {
        self.unix_time_at_zero.saturating_add(now.since(Instant::ZERO))
    }

    /// Follows the wall clock if it was set, or continued while the machine was suspended. Small
    /// adjustments are ignored, so that the start time stays the same.
    pub(super) fn on_clock_read(&mut self, wall: Duration, now: Instant) {
        let epoch = wall.saturating_sub(now.since(Instant::ZERO));
        if epoch.abs_diff(self.unix_time_at_zero) >= CLOCK_STEP_MIN {
            self.unix_time_at_zero = epoch;
        }
    }

    /// Logs an event, if it is severe enough.
    pub(super) fn log(&mut self, event: Event) {
        if event.level() >= self.config.log_level {
            self.out.push(Action::Log(event));
        }
    }
}
