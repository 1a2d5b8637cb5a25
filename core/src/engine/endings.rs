//! The ends of sessions and of their children.

use crate::bridge::Child;
use crate::engine::Engine;
use crate::engine::timers::Timer;
use crate::ids::SessionId;
use crate::machine::Action;
use crate::observe::{Event, SessionEnd};
use crate::reject::{ExitStatus, Reject};
use crate::session::Backend;

impl Engine {
    /// Ends the sessions that are over because of a message in them.
    pub(super) fn end_finished_sessions(&mut self) {
        while let Some((id, why)) = self.finished_sessions.pop() {
            self.end_session(id, why, Reject::SessionEnded);
        }
    }

    /// Ends a session; its child is stopped unless it has ended.
    pub(super) fn end_session(&mut self, id: SessionId, why: SessionEnd, reject: Reject) {
        let Some(session) = self.sessions.remove(&id) else { return };
        self.client_slots.remove(&id);
        self.evictions.remove(id, session.indexed);
        let is_late = matches!(reject, Reject::StartupTimeout { .. });
        let child = session.backend().child();
        // A child that is only slow can be used by the client's next try.
        let kept = session.initialize_digest().filter(|_| {
            (is_late || why == SessionEnd::Abandoned)
                && child.is_some_and(|child| self.keeps_unclaimed(child))
        });
        if !session.is_open()
            && kept.is_none()
            && (is_late || matches!(reject, Reject::ChildExited(_)))
        {
            self.record_start_failure();
        }
        let fails = kept.is_none()
            && (why == SessionEnd::Refused || matches!(reject, Reject::ChildExited(_)));
        let is_unopened = !session.is_open() && session.backend().child().is_some();
        let unanswered = session.in_flight();
        self.with_pool(|pool, cx| {
            if is_unopened && fails {
                pool.invalidate_era();
            }
            pool.on_session_ended(id, cx);
        });
        let mut cx = self.shared.cx();
        let Backend::Child(child) = session.end(why, reject, &mut cx) else { return };
        self.owners.remove(&child.id);
        match (child.end(self.shared.now).filter(|_| child.has_exited()), kept) {
            (Some(status), _) => self.release(*child, status, unanswered),
            (None, Some(digest)) => self.keep_unclaimed(*child, digest),
            (None, None) => self.shut_down(*child),
        }
    }

    /// Starts the stop order of a child that has no session any more.
    pub(super) fn shut_down(&mut self, mut child: Child) {
        let now = self.shared.now;
        let mut cx = self.shared.cx();
        if let Some(status) = child.end(now).filter(|_| !child.was_stopped()) {
            cx.log(Event::ChildGivenUp { child: child.id, status });
        }
        child.stop(&mut cx);
        self.timers.set(child.next_due(now), Timer::Child(child.id));
        self.stopping_children.insert(child.id, child);
    }

    /// Removes a child that has exited, and logs its end.
    pub(super) fn release(&mut self, mut child: Child, status: ExitStatus, unanswered: usize) {
        let cx = &mut self.shared.cx();
        child.report_end(cx);
        let asked = child.was_stopped();
        let stderr = if asked { Default::default() } else { child.stderr_tail() };
        let is_logged = cx.logs_info();
        let event =
            Event::ChildEnded { child: child.id, status, asked, unanswered, stderr, is_logged };
        self.shared.log(event);
        self.forget(&child);
    }

    /// Removes a child that has exited.
    pub(super) fn forget(&mut self, child: &Child) {
        self.shared.metrics.child_ended(child.was_stopped());
        self.held_lines.remove(&child.id);
        self.shared.out.push(Action::Release { child: child.id });
        if let Some(pool) = self.pool.as_mut().filter(|pool| pool.has_waiting()) {
            pool.request_dispatch();
        }
    }
}
