//! Shutdown: requests in flight get their answers, children are stopped in order.

use std::mem;

use crate::engine::timers::Timer;
use crate::engine::{Engine, Phase};
use crate::http::{McpHead, Request, SessionHeader};
use crate::ids::SessionId;
use crate::machine::Action;
use crate::native::StatelessInput;
use crate::observe::{Event, SessionEnd};
use crate::reject::Reject;
use crate::time::Duration;

/// The time from the start of a drain to the log line about what it waits for.
const REPORT_TIME: Duration = Duration::from_secs(1);

impl Engine {
    pub(super) fn on_shutdown_requested(&mut self) {
        match self.phase {
            Phase::Running | Phase::Retiring if !self.shared.config.limits.stop_delay.is_zero() => {
                self.delay_stop();
            }
            Phase::Running | Phase::Retiring | Phase::StopDelayed => self.drain(),
            Phase::Draining if mem::take(&mut self.is_retired) => {}
            Phase::Draining => self.force_stop(),
            Phase::Stopped => {}
        }
    }

    pub(super) fn on_retired(&mut self, replaced: bool) {
        match self.phase {
            Phase::Running if replaced => {
                self.phase = Phase::Retiring;
                self.timers
                    .set(self.shared.now + self.shared.config.limits.drain_time_max, Timer::Retire);
            }
            Phase::Running | Phase::Retiring => self.retire(),
            Phase::StopDelayed | Phase::Draining | Phase::Stopped => {}
        }
    }

    /// Returns whether a request is for the engine that replaces this one ([`crate::Input::Retired`]): it
    /// was admitted for this one, and belongs to no session that is open here. Another engine may
    /// know its session.
    pub fn passes_on(&self, request: &Request) -> bool {
        let is_retired = self.phase == Phase::Retiring || self.is_retired;
        let is_of_session = |head: &McpHead| match head.session {
            SessionHeader::Id(id) => self.has_session(id),
            SessionHeader::Absent | SessionHeader::Foreign => false,
        };
        is_retired && request.head().is_some_and(|head| !is_of_session(head))
    }

    /// Ends the sessions of a replaced engine.
    pub(super) fn on_retire_due(&mut self) {
        if self.phase == Phase::Retiring {
            self.retire();
        }
    }

    fn retire(&mut self) {
        self.is_retired = true;
        self.drain();
    }

    /// Returns whether the program was asked to stop.
    pub(super) fn is_stopping(&self) -> bool {
        self.phase != Phase::Running
    }

    /// Serves requests for a while longer, because a load balancer that has not noticed still sends
    /// clients here.
    fn delay_stop(&mut self) {
        let delay = self.shared.config.limits.stop_delay;
        self.phase = Phase::StopDelayed;
        self.timers.set(self.shared.now + delay, Timer::StopDelay);
        self.shared.log(Event::StopDelayed { delay });
    }

    pub(super) fn on_stop_delay_over(&mut self) {
        if self.phase == Phase::StopDelayed {
            self.drain();
        }
    }

    /// Accepts no new work; sessions end as soon as nothing is in flight in them.
    fn drain(&mut self) {
        let now = self.shared.now;
        self.phase = Phase::Draining;
        self.timers.set(now + self.shared.config.limits.drain_time_max, Timer::Drain);
        if !self.is_variant {
            self.timers.set(now + REPORT_TIME, Timer::DrainReport);
            let sessions = self.engines().map(|engine| engine.sessions.len()).sum();
            self.shared.log(Event::Draining { sessions });
            self.shared.out.push(Action::Unlisten);
        }
        self.with_variants(|engine| {
            engine.drain();
            engine.finish_turn();
        });
        if self.is_of_unknown_era() {
            self.fail_probe(Reject::Draining);
        }
        if let Some(child) = self.standby.take() {
            self.shut_down(child);
        }
        self.drop_unclaimed();
        for id in self.session_ids() {
            self.with_session(id, |session, cx| session.end_listeners(cx));
        }
        self.resume_all_stateless(true, || StatelessInput::EndListens);
        self.with_pool(|pool, cx| {
            pool.stop_prewarming();
            // Requests that wait for a child still get one, but no child is probed any more.
            pool.confirm_era();
            pool.end_subscriptions(cx);
            pool.expire_parked(cx);
        });
    }

    /// Ends everything now. Requests in flight get an error.
    pub(super) fn force_stop(&mut self) {
        if self.phase != Phase::Draining {
            return;
        }
        self.with_variants(|engine| {
            engine.force_stop();
            engine.pump();
        });
        for id in self.session_ids() {
            self.end_session(id, SessionEnd::Shutdown, Reject::Stopped);
        }
        self.resume_all_stateless(false, || StatelessInput::Fail(Reject::Stopped));
        self.stop_workers(true);
        let mut cx = self.shared.cx();
        for child in self.stopping_children.values_mut() {
            child.kill(&mut cx);
        }
        // The results of jobs are answered first, unless the stop is forced once more.
        if self.stateless_requests.is_empty() || mem::replace(&mut self.is_forced, true) {
            self.stop(true);
        }
    }

    /// Continues a drain: ends the sessions in which nothing is in flight any more, and stops once
    /// nothing is left to wait for.
    pub(super) fn continue_drain(&mut self) {
        let has_sessions = self.engines().any(|engine| !engine.sessions.is_empty());
        if self.phase == Phase::Retiring && !has_sessions {
            self.retire();
        }
        if self.phase != Phase::Draining {
            return;
        }
        for id in self.session_ids() {
            if self.sessions.get(&id).is_some_and(|session| session.in_flight() == 0) {
                self.end_session(id, SessionEnd::Shutdown, Reject::Stopped);
            }
        }
        // A call whose child asks a question now could not be retried.
        self.with_pool(|pool, cx| pool.expire_parked(cx));
        self.stop_workers(false);
        if self.is_forced {
            return if self.stateless_requests.is_empty() {
                self.stop(true)
            };
        }
        let transports = self.transports().next();
        let children = self.workers() + self.stopping_children.len();
        let is_empty = self.sessions.is_empty() && children == 0 && self.variants.is_empty();
        if is_empty && transports.is_none() {
            self.stop(false);
        }
    }

    /// Logs what the drain waits for.
    pub(super) fn on_drain_report_due(&mut self) {
        if self.phase == Phase::Draining {
            let running = |engine: &Engine| {
                engine.owners.len() + engine.workers() + engine.stopping_children.len()
            };
            let processes = self.engines().map(running).sum();
            self.shared.log(Event::StillStopping { processes });
        }
    }

    fn stop(&mut self, forced: bool) {
        self.phase = Phase::Stopped;
        if self.is_variant {
            return;
        }
        self.shared.log(Event::Stopped { forced });
        self.shared.out.push(Action::Stop { forced });
    }

    fn session_ids(&self) -> Vec<SessionId> {
        self.sessions.keys().copied().collect()
    }
}
