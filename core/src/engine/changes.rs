//! Changes of a server in this process, and their subscribers.

use std::mem;

use crate::engine::Engine;
use crate::ids::SessionId;
use crate::native::StatelessInput;
use crate::server::Changed;

impl Engine {
    /// Announces the changes to all subscribers.
    pub(super) fn publish_changes(&mut self) {
        for (change, session) in mem::take(&mut self.changes) {
            self.publish(&change, session);
        }
    }

    /// Announces a change. The clients of the session that made it have been notified.
    fn publish(&mut self, change: &Changed, made_in: Option<SessionId>) {
        self.resume_all_stateless(true, || StatelessInput::Change(change.clone()));
        let others: Vec<_> =
            self.sessions.keys().copied().filter(|id| made_in != Some(*id)).collect();
        for id in others {
            self.with_session(id, |session, cx| {
                if let Some(seated) = session.backend_mut().native_mut() {
                    seated.change(change, cx);
                }
            });
        }
    }
}
