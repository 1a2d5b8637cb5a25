//! When which part of the engine wants to be called again.
//!
//! Lazy: a request only notes when it is due, and the engine is woken for the earliest time a
//! session ever asked for. If that turns out to be too early, the session is asked again. So the
//! hot path touches no heap.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::ids::{ChildId, ExchangeId, SessionId};
use crate::time::{Instant, TimerKind};

/// Who is to be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Wake {
    /// A child without a session.
    Child(ChildId),
    /// The engine, when its drain is over.
    Drain,
    /// The engine, when it has drained for a while.
    DrainReport,
    /// The engine, when it has waited long enough to learn the era of its command.
    Era,
    /// The log, to report what was left out of it.
    Log,
    /// The children that belong to no session, and the requests that wait for them.
    Pool,
    /// A request without a session.
    Run(ExchangeId),
    /// A session.
    Session(SessionId),
    /// The engine, when it has served long enough since it was asked to stop.
    StopDelay,
    /// The engine, to say that it waits for the command.
    Start,
    /// The engine, to look through all sessions.
    Sweep,
}

/// The wakes that are set.
#[derive(Debug, Default)]
pub(crate) struct Timers(BinaryHeap<Reverse<(Instant, Wake)>>);

impl Timers {
    /// Sets a wake. A time that never comes needs none.
    pub(crate) fn set(&mut self, at: Instant, wake: Wake) {
        if at < Instant::FAR {
            self.0.push(Reverse((at, wake)));
        }
    }

    /// The earliest wake.
    pub(crate) fn next(&self) -> Option<(Instant, TimerKind)> {
        let Reverse((at, wake)) = self.0.peek()?;
        let why = match wake {
            Wake::Child(_) | Wake::Era | Wake::Start => TimerKind::Child,
            Wake::Drain | Wake::DrainReport | Wake::StopDelay => TimerKind::Drain,
            Wake::Log => TimerKind::Session,
            Wake::Pool | Wake::Run(_) => TimerKind::Run,
            Wake::Session(_) | Wake::Sweep => TimerKind::Session,
        };
        Some((*at, why))
    }

    /// Takes the earliest wake that is due.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<(Instant, Wake)> {
        if self.0.peek()?.0.0 > now {
            return None;
        }
        self.0.pop().map(|Reverse(entry)| entry)
    }
}
