//! How far the program has come, and whoever waits for it to come further.

use std::sync::Mutex;

use event_listener::Event;

use crate::hub::lock;

/// How far the program has come, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Connections are accepted.
    Serving,
    /// No more; whoever is answered is not to come back.
    Draining,
    /// Everything has been answered; connections close once nothing more comes.
    Stopped {
        /// Whether something had to be broken off.
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

    /// Never goes back.
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
