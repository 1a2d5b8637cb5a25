//! The phase of the program, and waiting for the next one.

use std::sync::atomic::{AtomicU8, Ordering};

use event_listener::Event;

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

/// The phases, in order.
const PHASES: [Phase; 4] = [
    Phase::Serving,
    Phase::Draining,
    Phase::Stopped { forced: false },
    Phase::Stopped { forced: true },
];

/// The phase, and its changes.
#[derive(Debug)]
pub(crate) struct Phases {
    /// The index of the phase in [`PHASES`]: it is asked for with each request.
    now: AtomicU8,
    changed: Event,
}

impl Phases {
    pub(crate) fn new() -> Self {
        Phases { now: AtomicU8::new(0), changed: Event::new() }
    }

    pub(crate) fn now(&self) -> Phase {
        PHASES[usize::from(self.now.load(Ordering::SeqCst))]
    }

    /// Moves to a later phase; an earlier one has no effect.
    pub(crate) fn advance(&self, to: Phase) {
        let index = (0..).zip(PHASES).find_map(|(index, phase)| (phase == to).then_some(index));
        let index = index.expect("all phases are listed");
        if self.now.fetch_max(index, Ordering::SeqCst) < index {
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
