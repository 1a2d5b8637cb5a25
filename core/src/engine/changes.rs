//! Changes of a server in this process, and everyone who is told of them.

use std::mem;

use crate::engine::Engine;
use crate::ids::SessionId;
use crate::machine::Actions;
use crate::server::Changed;
use crate::time::Instant;

impl Engine {
    /// Tells what has changed to all that want to know.
    pub(super) fn publish_changes(&mut self, now: Instant, out: &mut Actions) {
        for (change, session) in mem::take(&mut self.changes) {
            self.publish(&change, session, now, out);
        }
    }

    /// The clients of the session in which it was made have been told.
    fn publish(
        &mut self,
        change: &Changed,
        made_in: Option<SessionId>,
        now: Instant,
        out: &mut Actions,
    ) {
        let listening = self.runs.iter().filter(|(_, waiting)| waiting.listens());
        let listening: Vec<_> = listening.map(|(exchange, _)| *exchange).collect();
        for exchange in listening {
            if let Some(waiting) = self.runs.get_mut(&exchange) {
                waiting.change(change);
            }
            self.go_on(exchange, now, out);
        }
        let others: Vec<_> =
            self.sessions.keys().copied().filter(|id| made_in != Some(*id)).collect();
        for id in others {
            self.with_session(id, now, out, |session, turn| {
                if let Some(seated) = session.backend_mut().native_mut() {
                    seated.change(change, turn);
                }
            });
        }
    }
}
