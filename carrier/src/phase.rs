//! The phase of the program, and waiting for the next one.

use std::sync::Mutex;

use event_listener::Event;

use crate::hub::lock;

/// The phases of the program, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Connections are accepted.
    Serving,
    /// No new connections; answers close theirs.
    Draining,
    /// Everything has been answered; connections close once nothing more arrives.
    Stopped {
        /// Whether anything was aborted.
        forced: bool,
    },
}

/// The phase, and its changes.
#[derive(Debug)]
pub(crate) struct Phases {
    now: Mutex<Phase>,
    changed: Event,
}

impl Phases {
    pub(crate) fn new() -> Self {
        Phases { now: Mutex::new(Phase::Serving), changed: Event::new() }
    }

    pub(crate) fn now(&self) -> Phase {
        *lock(&self.now)
    }

    /// Moves to a later phase; an earlier one has no effect.
    pub(crate) fn advance(&self, to: Phase) {
        let mut now = lock(&self.now);
        if *now < to {
            *now = to;
            drop(now);
            self.changed.notify(usize::MAX);
        }
    }

    /// Waits for a phase after this one.
    pub(crate) async fn after(&self, known: Phase) -> Phase {
        loop {
            // Listens first, so that no change is missed in between.
            let changed = self.changed.listen();
            let now = self.now();
            if now > known {
                return now;
            }
            changed.await;
        }
    }
}
