//! Shutdown: requests in flight get their answers, children are stopped in order.

use std::mem;

use crate::engine::timers::Timer;
use crate::engine::{Engine, Phase};
use crate::ids::SessionId;
use crate::machine::{Action, Actions};
use crate::native::StatelessInput;
use crate::observe::{Event, SessionEnd};
use crate::reject::Reject;
use crate::time::{Duration, Instant};

/// The time from the start of a drain to the log line about what it waits for.
const REPORT_TIME: Duration = Duration::from_secs(1);

impl Engine {
    pub(super) fn on_shutdown_requested(&mut self, now: Instant, out: &mut Actions) {
        match self.phase {
            Phase::Running | Phase::Retiring if !self.shared.config.limits.stop_delay.is_zero() => {
                self.delay_stop(now, out);
            }
            Phase::Running | Phase::Retiring | Phase::StopDelayed => self.drain(now, out),
            Phase::Draining if mem::take(&mut self.is_retired) => {}
            Phase::Draining => self.force_stop(now, out),
            Phase::Stopped => {}
        }
    }

    pub(super) fn on_retired(&mut self, replaced: bool, now: Instant, out: &mut Actions) {
        match self.phase {
            Phase::Running if replaced => {
                self.phase = Phase::Retiring;
                self.timers.set(now + self.shared.config.limits.drain_time_max, Timer::Retire);
            }
            Phase::Running | Phase::Retiring => self.retire(now, out),
            Phase::StopDelayed | Phase::Draining | Phase::Stopped => {}
        }
    }

    /// Ends the sessions of a replaced engine.
    pub(super) fn on_retire_due(&mut self, now: Instant, out: &mut Actions) {
        if self.phase == Phase::Retiring {
            self.retire(now, out);
        }
    }

    fn retire(&mut self, now: Instant, out: &mut Actions) {
        self.is_retired = true;
        self.drain(now, out);
    }

    /// Returns whether the program was asked to stop.
    pub(super) fn is_stopping(&self) -> bool {
        self.phase != Phase::Running
    }

    /// Serves requests for a while longer, because a load balancer that has not noticed still sends
    /// clients here.
    fn delay_stop(&mut self, now: Instant, out: &mut Actions) {
        let delay = self.shared.config.limits.stop_delay;
        self.phase = Phase::StopDelayed;
        self.timers.set(now + delay, Timer::StopDelay);
        self.shared.log(Event::StopDelayed { delay }, out);
    }

    pub(super) fn on_stop_delay_over(&mut self, now: Instant, out: &mut Actions) {
        if self.phase == Phase::StopDelayed {
            self.drain(now, out);
        }
    }

    /// Accepts no new work; sessions end as soon as nothing is in flight in them.
    fn drain(&mut self, now: Instant, out: &mut Actions) {
        self.phase = Phase::Draining;
        self.timers.set(now + self.shared.config.limits.drain_time_max, Timer::Drain);
        if !self.is_variant {
            self.timers.set(now + REPORT_TIME, Timer::DrainReport);
            let sessions = self.engines().map(|engine| engine.sessions.len()).sum();
            self.shared.log(Event::Draining { sessions }, out);
            out.push(Action::Unlisten);
        }
        self.with_variants(now, out, |engine, out| {
            engine.drain(now, out);
            engine.finish_turn(now, out);
        });
        if self.is_of_unknown_era() {
            self.fail_probe(Reject::Draining, now, out);
        }
        if let Some(child) = self.standby.take() {
            self.shut_down(child, now, out);
        }
        self.drop_unclaimed(now, out);
        for id in self.session_ids() {
            self.with_session(id, now, out, |session, cx| session.end_listeners(cx));
        }
        self.resume_all_stateless(true, || StatelessInput::EndListens, now, out);
        self.with_pool(now, out, |pool, cx| {
            pool.stop_prewarming();
            // Requests that wait for a child still get one, but no child is probed any more.
            pool.confirm_era();
            pool.end_subscriptions(cx);
            pool.expire_parked(cx);
        });
    }

    /// Ends everything now. Requests in flight get an error.
    pub(super) fn force_stop(&mut self, now: Instant, out: &mut Actions) {
        if self.phase != Phase::Draining {
            return;
        }
        self.with_variants(now, out, |engine, out| {
            engine.force_stop(now, out);
            engine.pump(now, out);
        });
        for id in self.session_ids() {
            self.end_session(id, SessionEnd::Shutdown, Reject::Stopped, now, out);
        }
        self.resume_all_stateless(false, || StatelessInput::Fail(Reject::Stopped), now, out);
        self.stop_workers(true, now, out);
        let mut cx = self.shared.cx(now, out);
        for child in self.stopping_children.values_mut() {
            child.kill(&mut cx);
        }
        // The results of jobs are answered first, unless the stop is forced once more.
        if self.stateless_requests.is_empty() || mem::replace(&mut self.is_forced, true) {
            self.stop(true, out);
        }
    }

    /// Continues a drain: ends the sessions in which nothing is in flight any more, and stops once
    /// nothing is left to wait for.
    pub(super) fn continue_drain(&mut self, now: Instant, out: &mut Actions) {
        let has_sessions = self.engines().any(|engine| !engine.sessions.is_empty());
        if self.phase == Phase::Retiring && !has_sessions {
            self.retire(now, out);
        }
        if self.phase != Phase::Draining {
            return;
        }
        for id in self.session_ids() {
            if self.sessions.get(&id).is_some_and(|session| session.in_flight() == 0) {
                self.end_session(id, SessionEnd::Shutdown, Reject::Stopped, now, out);
            }
        }
        // A call whose child asks a question now could not be retried.
        self.with_pool(now, out, |pool, cx| pool.expire_parked(cx));
        self.stop_workers(false, now, out);
        if self.is_forced {
            return if self.stateless_requests.is_empty() {
                self.stop(true, out)
            };
        }
        let transports = self.transports().next();
        let children = self.workers() + self.stopping_children.len();
        let is_empty = self.sessions.is_empty() && children == 0 && self.variants.is_empty();
        if is_empty && transports.is_none() {
            self.stop(false, out);
        }
    }

    /// Logs what the drain waits for.
    pub(super) fn on_drain_report_due(&self, out: &mut Actions) {
        if self.phase == Phase::Draining {
            let running = |engine: &Engine| {
                engine.owners.len() + engine.workers() + engine.stopping_children.len()
            };
            let processes = self.engines().map(running).sum();
            self.shared.log(Event::StillStopping { processes }, out);
        }
    }

    fn stop(&mut self, forced: bool, out: &mut Actions) {
        self.phase = Phase::Stopped;
        if self.is_variant {
            return;
        }
        self.shared.log(Event::Stopped { forced }, out);
        out.push(Action::Stop { forced });
    }

    fn session_ids(&self) -> Vec<SessionId> {
        self.sessions.keys().copied().collect()
    }
}
