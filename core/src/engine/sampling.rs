//! Facts about the process and its host, with the engine's own counters.
//!
//! Owns: the requests that wait for facts, the counters of sessions, and the periodic sweep.

use std::mem;

use crate::engine::Engine;
use crate::engine::timers::Timer;
use crate::host_stats::{Counters, HostStats};
use crate::ids::{ExchangeId, SessionId};
use crate::machine::Action;
use crate::native::StatelessInput;
use crate::observe::SessionEnd;
use crate::reject::Reject;
use crate::time::{Duration, Instant};

/// A request that waits for facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum StatsWaiter {
    /// A request without a session.
    Stateless(ExchangeId),
    /// A session.
    Session(SessionId),
}

/// Counters of the sweeps for expired sessions.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ExpiryStats {
    count: u64,
    last: Option<Instant>,
}

impl Engine {
    /// Records that something waits for facts, and requests them unless they are requested already.
    pub(super) fn wait_for_stats(&mut self, want: StatsWaiter) {
        if self.stats_waiters.is_empty() {
            self.shared.out.push(Action::Sample);
        }
        self.stats_waiters.insert(want);
    }

    pub(super) fn on_sampled(&mut self, facts: HostStats) {
        let facts = HostStats { counters: self.counters(self.shared.now), ..facts };
        for want in mem::take(&mut self.stats_waiters) {
            match want {
                StatsWaiter::Stateless(exchange) => {
                    let facts = StatelessInput::Stats(Box::new(facts.clone()));
                    self.resume_stateless(exchange, facts);
                }
                StatsWaiter::Session(id) => {
                    self.with_session(id, |session, cx| {
                        if let Some(seated) = session.backend_mut().native_mut() {
                            seated.on_stats(&facts, cx);
                        }
                    });
                }
            }
        }
        self.stats = facts;
    }

    /// Returns the engine's counters.
    pub(crate) fn counters(&self, now: Instant) -> Counters {
        let (requests, errors, took) =
            self.shared.upstream.native().map(|it| it.request_metrics.totals()).unwrap_or_default();
        let metrics = &self.shared.metrics;
        let (sessions_ended, sessions_lived) = metrics.sessions_ended();
        let handlers = self.sessions.values().filter_map(|session| session.backend().native());
        let stored = handlers.map(|seated| seated.stored_bytes() as u64).sum();
        Counters {
            requests,
            errors,
            took,
            sessions: self.sessions.len() as u64,
            sessions_opened: metrics.sessions_opened(),
            sessions_expired: metrics.sessions_expired(),
            sessions_lived,
            sessions_ended,
            stored_bytes: Some(stored),
            queue_bytes: self.sessions.values().map(|session| session.queue_bytes() as u64).sum(),
            queued: self.sessions.values().map(|session| session.queued() as u64).sum(),
            cleanups: self.expiry.count,
            last_cleanup: self.expiry.last.map(|last| now.since(last)),
        }
    }

    /// Sets the timer of the next sweep, if there can be sessions.
    pub(super) fn plan_sweep(&mut self) {
        let native = self.shared.upstream.native().map(|native| &native.settings);
        if let Some(native) = native.filter(|native| native.sessions) {
            // A period of zero would be due at all times.
            let period = native.sweep_period.max(SWEEP_PERIOD_MIN);
            self.timers.set(self.shared.now + period, Timer::Sweep);
        }
    }

    /// Ends the expired sessions whose own timer has not fired yet.
    pub(super) fn sweep(&mut self) {
        let now = self.shared.now;
        self.expiry = ExpiryStats { count: self.expiry.count + 1, last: Some(now) };
        let limits = &self.shared.config.limits;
        let sessions = self.sessions.values().filter(|session| session.has_expired(now, limits));
        let expired: Vec<_> = sessions.map(|session| session.id).collect();
        for id in expired {
            self.end_session(id, SessionEnd::Expired, Reject::SessionEnded);
        }
        self.plan_sweep();
    }
}

const SWEEP_PERIOD_MIN: Duration = Duration::from_secs(1);
