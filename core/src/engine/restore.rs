//! Sessions that go on after the end of their child.

use crate::bridge::Child;
use crate::engine::Engine;
use crate::http::McpHead;
use crate::ids::{ExchangeId, SessionId};
use crate::json::Body;
use crate::machine::Actions;
use crate::observe::{Event, SessionEnd};
use crate::reject::Reject;
use crate::session::Backend;
use crate::time::Instant;

impl Engine {
    /// Passes a POST to its session. If the session has lost its child, a request starts a new one.
    pub(super) fn post_to_session(
        &mut self,
        id: SessionId,
        (exchange, head): (ExchangeId, &McpHead),
        body: &Body,
        now: Instant,
        out: &mut Actions,
    ) -> Result<(), Reject> {
        if body.has_requests() && self.sessions.get(&id).is_some_and(|it| it.has_lost_child()) {
            self.restore(id, now, out)?;
        }
        self.with_session(id, now, out, |session, cx| session.post(exchange, head, body, cx))
            .unwrap_or(Err(self.unknown_session()))
    }

    /// Starts a new child for a session that has lost its own.
    fn restore(&mut self, id: SessionId, now: Instant, out: &mut Actions) -> Result<(), Reject> {
        self.check_start(None, now)?;
        let spec = self.shared.upstream.command().cloned().ok_or(Reject::UnknownSession)?;
        let child = self.child_for_session(spec, now, out);
        self.owners.insert(child.id, id);
        self.shared.log(Event::SessionOpening { session: id, child: child.id }, out);
        self.with_session(id, now, out, |session, cx| session.restore_on(child, cx));
        Ok(())
    }

    /// Gives up a new child that has not answered `initialize` in time.
    pub(super) fn on_restore_due(&mut self, id: SessionId, now: Instant, out: &mut Actions) {
        if self.sessions.get(&id).is_none_or(|session| session.restore_due() > now) {
            return;
        }
        self.record_start_failure(now);
        let reject = Reject::StartupTimeout { limit: self.startup_time() };
        if !self.lose_child(id, reject, now, out) {
            self.end_session(id, SessionEnd::Refused, reject, now, out);
        }
    }

    /// Takes the child, which has ended, from a session that goes on. Its requests in flight fail
    /// with `reject`. Returns `false` if the session does not go on.
    pub(super) fn lose_child(
        &mut self,
        id: SessionId,
        reject: Reject,
        now: Instant,
        out: &mut Actions,
    ) -> bool {
        let limits = &self.shared.config.limits;
        let session = self.sessions.get(&id).filter(|session| session.outlives_child(limits));
        let Some(unanswered) = session.map(|session| session.in_flight()) else { return false };
        if self.is_draining() {
            return false;
        }
        let lost = self.with_session(id, now, out, |session, cx| session.lose_child(reject, cx));
        if let Some(Backend::Child(child)) = lost {
            self.part_with(*child, unanswered, now, out);
        }
        true
    }

    /// Removes a child from its session, and stops it unless it has exited.
    pub(super) fn part_with(
        &mut self,
        child: Child,
        unanswered: usize,
        now: Instant,
        out: &mut Actions,
    ) {
        self.owners.remove(&child.id);
        match child.end(now).filter(|_| child.has_exited()) {
            Some(status) => self.release(child, status, unanswered, now, out),
            None => self.shut_down(child, now, out),
        }
    }

    /// Records that a child ended, or was given up, before it answered `initialize`.
    pub(super) fn record_start_failure(&mut self, now: Instant) {
        self.shared.spawn_backoff.record_failure(now, self.shared.config.limits.start_pause_max);
    }
}
