//! Changes of a server in this process, and their subscribers.

use std::mem;

use crate::engine::Engine;
use crate::ids::SessionId;
use crate::machine::Actions;
use crate::native::StatelessInput;
use crate::server::Changed;
use crate::time::Instant;

impl Engine {
    /// Announces the changes to all subscribers.
    pub(super) fn publish_changes(&mut self, now: Instant, out: &mut Actions) {
        for (change, session) in mem::take(&mut self.changes) {
            self.publish(&change, session, now, out);
        }
    }

    /// Announces a change. The clients of the session that made it have been notified.
    fn publish(
        &mut self,
        change: &Changed,
        made_in: Option<SessionId>,
        now: Instant,
        out: &mut Actions,
    ) {
        self.resume_all_stateless(true, || StatelessInput::Change(change.clone()), now, out);
        let others: Vec<_> =
            self.sessions.keys().copied().filter(|id| made_in != Some(*id)).collect();
        for id in others {
            self.with_session(id, now, out, |session, cx| {
                if let Some(seated) = session.backend_mut().native_mut() {
                    seated.change(change, cx);
                }
            });
        }
    }
}
