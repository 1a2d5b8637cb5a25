//! The timers of the engine.
//!
//! They are lazy: a request only records its deadline, and the engine is woken at the earliest time
//! that a session has ever requested. If that is too early, the session is asked again. So requests
//! in the common case do not touch the heap.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::ids::{ChildId, ExchangeId, SessionId};
use crate::time::{Instant, TimerKind};

/// The target of a timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    /// A child without a session.
    Child(ChildId),
    /// The engine, when its drain is over.
    Drain,
    /// The engine, to report on a long drain.
    DrainReport,
    /// The engine, at the end of the era probe.
    Era,
    /// The engine, to check the credentials of open streams.
    Grants,
    /// The engine, when the sessions of a replaced one end.
    Retire,
    /// The log, to report skipped events.
    Log,
    /// The pool: children without a session, and the requests that wait for them.
    Pool,
    /// The engine, to free the places of cancelled requests.
    Slots,
    /// A request without a session.
    Stateless(ExchangeId),
    /// A session.
    Session(SessionId),
    /// The engine, at the end of the stop delay.
    StopDelay,
    /// The engine, to log that it waits for the command.
    Start,
    /// The engine, to sweep all sessions.
    Sweep,
}

/// The timers that are set.
#[derive(Debug, Default)]
pub(crate) struct Timers(BinaryHeap<Reverse<(Instant, Timer)>>);

impl Timers {
    /// Sets a timer. A time that never comes needs none.
    pub(crate) fn set(&mut self, at: Instant, wake: Timer) {
        if at < Instant::FAR {
            self.0.push(Reverse((at, wake)));
        }
    }

    /// Returns the earliest timer.
    pub(crate) fn next(&self) -> Option<(Instant, TimerKind)> {
        let Reverse((at, wake)) = self.0.peek()?;
        let why = match wake {
            Timer::Child(_) | Timer::Era | Timer::Start => TimerKind::Child,
            Timer::Drain | Timer::DrainReport | Timer::Retire | Timer::StopDelay => {
                TimerKind::Drain
            }
            Timer::Log => TimerKind::Session,
            Timer::Pool | Timer::Stateless(_) => TimerKind::Run,
            Timer::Session(_) | Timer::Grants | Timer::Slots | Timer::Sweep => TimerKind::Session,
        };
        Some((*at, why))
    }

    /// Removes and returns the earliest timer that is due.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<(Instant, Timer)> {
        if self.0.peek()?.0.0 > now {
            return None;
        }
        self.0.pop().map(|Reverse(entry)| entry)
    }
}
