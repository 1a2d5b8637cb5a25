//! Children without a session: the engine's part of their [`Pool`].
//!
//! Owns: the connection of the pool with children, sessions, timers and the drain. Never: which
//! worker answers which request.

use crate::bridge::Pool;
use crate::chunk::Chunk;
use crate::cx::{CHILD_TIME_FACTOR, Cx, TURN_PAUSE};
use crate::engine::timers::Timer;
use crate::engine::{Engine, WAKE_TIME_MAX};
use crate::http::{McpHead, ReplyHead};
use crate::ids::{ChildId, ExchangeId, SessionId};
use crate::job::{FacadeJob, Translated};
use crate::json::{Body, Kind, Message};
use crate::legacy_facade::{FromWorker, LegacyFacade};
use crate::observe::Dropped;
use crate::protocol::Revision;
use crate::reject::Reject;
use crate::time::Instant;

impl Engine {
    /// Handles a POST of a legacy client, if there are no sessions.
    pub(super) fn on_stateless(
        &mut self,
        exchange: ExchangeId,
        head: &McpHead,
        body: &Body,
    ) -> Result<(), Reject> {
        let Body::One(message) = body else { return Err(Reject::BatchWithoutSession) };
        if matches!(message.kind(), Kind::Result | Kind::Error) {
            self.shared.metrics.dropped(Dropped::UnknownClientAnswer);
            self.answer(exchange, ReplyHead::new(202), Chunk::new());
            return Ok(());
        }
        let revision = head.revision.spoken(self.shared.served());
        self.on_bridged(exchange, head, message, Some(revision))
    }

    /// Handles a request for a command, of a modern client or of a `legacy` one of this revision.
    pub(super) fn on_bridged(
        &mut self,
        exchange: ExchangeId,
        head: &McpHead,
        message: &Message,
        legacy: Option<Revision>,
    ) -> Result<(), Reject> {
        if self.is_draining() {
            return Err(Reject::Draining);
        }
        let work =
            |pool: &mut Pool, cx: &mut Cx<'_>| pool.post(exchange, head, message, legacy, cx);
        self.with_pool(work).unwrap_or(Err(Reject::NotFound))?;
        self.probe_era();
        Ok(())
    }

    /// Runs a turn of the pool, and sets its next timer.
    pub(super) fn with_pool<T>(
        &mut self,
        work: impl FnOnce(&mut Pool, &mut Cx<'_>) -> T,
    ) -> Option<T> {
        let is_probed = self.standby.as_ref().is_some_and(|child| self.is_probed(child.id));
        let max = self.shared.config.limits.sessions_max;
        // Children that are stopping count too, or they could pile up.
        let leaving = self.stopping_children.len();
        let unclaimed = self.unclaimed.len();
        let elsewhere = self.used_elsewhere().sessions;
        let sessions = match self.is_variant && self.sessions_share_a_child() {
            true => 0,
            false => self.sessions.len(),
        };
        let used = sessions + unclaimed + elsewhere + leaving.saturating_sub(max);
        let pool = self.pool.as_mut()?;
        pool.capacity = max.saturating_sub(used);
        pool.at_capacity = leaving >= max;
        pool.idle_child = self.standby.take_if(|child| !is_probed && !child.is_ending());
        let mut cx = self.shared.cx();
        let answer = work(pool, &mut cx);
        pool.dispatch(&mut cx);
        pool.apply_memory_pressure(&mut cx);
        if let Some(child) = pool.idle_child.take() {
            self.standby = Some(child);
        }
        if cx.wake_at < pool.wake_at {
            pool.wake_at = cx.wake_at.min(self.shared.now + WAKE_TIME_MAX);
            self.timers.set(pool.wake_at, Timer::Pool);
        }
        Some(answer)
    }

    pub(super) fn on_pool_due(&mut self, at: Instant) {
        // The pool has set an earlier timer since, so this entry is stale.
        let Some(pool) = self.pool.as_mut().filter(|pool| pool.wake_at == at) else { return };
        pool.wake_at = Instant::FAR;
        self.with_pool(Pool::handle_timeout);
        self.reap_workers();
        self.with_pool(|pool, cx| {
            let next = pool.next_due(cx);
            // When a worker ends, a waiting request may have less time than before; it fails in the
            // next turn.
            cx.wake(next.max(cx.now + TURN_PAUSE));
        });
    }

    /// Exchanges the output of facades and workers, until neither has any.
    pub(super) fn pump(&mut self) {
        loop {
            if let Some((session, what)) = self.shared.id_allocator.to_workers.pop_front() {
                self.with_pool(|pool, cx| pool.on_session_output(session, what, cx));
            } else if let Some((session, what)) =
                self.pool.as_mut().and_then(Pool::next_for_session)
            {
                self.on_worker_event(session, what);
            } else if let Some((child, message)) = self.pool.as_mut().and_then(Pool::next_deferred)
            {
                self.on_child_message(child, message);
            } else if let Some(child) = self.pool.as_mut().and_then(Pool::next_retired) {
                self.shut_down(child);
            } else if self.pool.as_ref().is_some_and(Pool::needs_dispatch) {
                self.with_pool(|_, _| ());
            } else if !self.evict_for_worker() {
                return self.reprobe_era();
            }
        }
    }

    /// Passes an event of a worker to a session.
    fn on_worker_event(&mut self, id: SessionId, what: FromWorker) {
        self.with_session(id, |session, _| session.on_upstream_event(what));
        self.note_discovery(id);
    }

    /// Takes a facade back from its job.
    pub(super) fn on_facade_job_done(&mut self, work: FacadeJob) {
        let FacadeJob { session: id, loan, facade, .. } = work;
        self.with_session(id, |session, _| {
            session.backend_mut().check_in_facade(loan, facade);
        });
        self.note_discovery(id);
    }

    /// Keeps the modern child's result of `server/discover`, if this session requested it.
    fn note_discovery(&mut self, id: SessionId) {
        let facade = self.sessions.get_mut(&id).and_then(|it| it.backend_mut().facade_mut());
        let discovery = facade.and_then(LegacyFacade::take_discovery);
        if let (Some(pool), Some(discovery)) = (&mut self.pool, discovery) {
            pool.set_discovery(discovery);
        }
    }

    /// Handles a message of a worker, if the child is one.
    pub(super) fn on_worker_message(
        &mut self,
        child: ChildId,
        message: &Message,
        translated: Translated,
    ) {
        self.with_pool(|pool, cx| {
            pool.on_message(child, message, translated, cx);
        });
    }

    /// Returns whether a child is one of the pool's.
    pub(super) fn is_worker(&mut self, child: ChildId) -> bool {
        self.pool.as_mut().is_some_and(|pool| pool.child_mut(child).is_some())
    }

    /// Removes every worker whose process has ended.
    pub(super) fn reap_workers(&mut self) {
        while let Some((child, status)) =
            self.pool.as_ref().and_then(|pool| pool.next_ended(self.shared.now))
        {
            let limit = self.startup_time() * CHILD_TIME_FACTOR;
            let reject = status.map_or(Reject::StartupTimeout { limit }, Reject::ChildExited);
            self.drop_worker(child, reject);
        }
    }

    fn drop_worker(&mut self, child: ChildId, reject: Reject) {
        let lost = self.with_pool(|pool, cx| pool.on_lost(child, reject, cx));
        let Some((child, unanswered)) = lost.flatten() else { return };
        match child.end(self.shared.now).filter(|_| child.has_exited()) {
            Some(status) => self.release(child, status, unanswered),
            None => self.shut_down(child),
        }
    }

    /// While draining: stops the idle workers, or all of them.
    pub(super) fn stop_workers(&mut self, forced: bool) {
        self.with_pool(|pool, cx| {
            if forced {
                pool.fail_all(Reject::Stopped, cx);
            }
            let none_waits = !pool.has_waiting();
            pool.retire(|worker| forced || none_waits && worker.is_abandoned());
        });
        self.pump();
    }

    /// Returns the number of workers that are not stopping.
    pub(super) fn workers(&self) -> usize {
        self.pool.as_ref().map_or(0, Pool::children)
    }
}
