//! Sessions that go on after the end of their child.

use crate::bridge::Child;
use crate::engine::Engine;
use crate::http::McpHead;
use crate::ids::{ExchangeId, SessionId};
use crate::json::Body;
use crate::observe::{Event, SessionEnd};
use crate::reject::Reject;
use crate::session::Backend;

impl Engine {
    /// Passes a POST to its session. If the session has lost its child, a request starts a new one.
    pub(super) fn post_to_session(
        &mut self,
        id: SessionId,
        (exchange, head): (ExchangeId, &McpHead),
        body: &Body,
    ) -> Result<(), Reject> {
        if body.has_requests() && self.sessions.get(&id).is_some_and(|it| it.has_lost_child()) {
            self.restore(id)?;
        }
        self.with_session(id, |session, cx| session.post(exchange, head, body, cx))
            .unwrap_or(Err(self.unknown_session()))
    }

    /// Starts a new child for a session that has lost its own.
    fn restore(&mut self, id: SessionId) -> Result<(), Reject> {
        self.check_start(None)?;
        let spec = self.shared.upstream.command().cloned().ok_or(Reject::UnknownSession)?;
        let child = self.child_for_session(spec);
        self.owners.insert(child.id, id);
        self.shared.log(Event::SessionOpening { session: id, child: child.id });
        self.with_session(id, |session, cx| session.restore_on(child, cx));
        Ok(())
    }

    /// Gives up a new child that has not answered `initialize` in time.
    pub(super) fn on_restore_due(&mut self, id: SessionId) {
        if self.sessions.get(&id).is_none_or(|session| session.restore_due() > self.shared.now) {
            return;
        }
        self.record_start_failure();
        let reject = Reject::StartupTimeout { limit: self.startup_time() };
        if !self.lose_child(id, reject) {
            self.end_session(id, SessionEnd::Refused, reject);
        }
    }

    /// Takes the child, which has ended, from a session that goes on. Its requests in flight fail
    /// with `reject`. Returns `false` if the session does not go on.
    pub(super) fn lose_child(&mut self, id: SessionId, reject: Reject) -> bool {
        let limits = &self.shared.config.limits;
        let session = self.sessions.get(&id).filter(|session| session.outlives_child(limits));
        let Some(unanswered) = session.map(|session| session.in_flight()) else { return false };
        if self.is_draining() {
            return false;
        }
        let lost = self.with_session(id, |session, cx| session.lose_child(reject, cx));
        if let Some(Backend::Child(child)) = lost {
            self.part_with(*child, unanswered);
        }
        true
    }

    /// Removes a child from its session, and stops it unless it has exited.
    pub(super) fn part_with(&mut self, child: Child, unanswered: usize) {
        self.owners.remove(&child.id);
        match child.end(self.shared.now).filter(|_| child.has_exited()) {
            Some(status) => self.release(child, status, unanswered),
            None => self.shut_down(child),
        }
    }

    /// Records that a child ended, or was given up, before it answered `initialize`.
    pub(super) fn record_start_failure(&mut self) {
        self.shared
            .spawn_backoff
            .record_failure(self.shared.now, self.shared.config.limits.start_pause_max);
    }
}
