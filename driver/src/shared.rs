//! The state that all drivers of a program share.
//!
//! Owns: the clock, the open connections, the phases, and the time for which the timer of the
//! program is set. Never: calls a driver.

use std::collections::BTreeMap;
use std::mem;
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};

use pontoon_core::{HostStats, Instant};
use pontoon_process::Sampler;

use crate::clock::Clock;
use crate::connections::Connections;
use crate::lock::lock;
use crate::phase::{Phase, Phases};

/// The state that all drivers of a program share.
pub(crate) struct Shared {
    pub(crate) clock: Clock,
    pub(crate) connections: Arc<Connections>,
    pub(crate) phases: Phases,
    sampler: Sampler,
    lifecycle: Mutex<Lifecycle>,
    timer: Mutex<Timer>,
}

/// The number of the driver whose engine answers for the paths that belong to no server: with one
/// server it is that server's.
pub(crate) const MAIN: u64 = 0;

/// The phases of all drivers.
#[derive(Default)]
struct Lifecycle {
    running: BTreeMap<u64, Phase>,
    /// Whether anything was aborted since the request to stop.
    forced: bool,
    /// Drivers that have stopped.
    stopped: Vec<u64>,
}

/// The timer of all drivers.
struct Timer {
    /// The time for which it is set.
    armed: Instant,
    task: Option<Waker>,
}

impl Shared {
    /// Creates the state of a program; `children` if the resources of its processes are of interest.
    pub(crate) fn new(clock: Clock, children: bool) -> Arc<Shared> {
        Arc::new(Shared {
            clock,
            connections: Arc::default(),
            phases: Phases::new(),
            sampler: Sampler::start(children),
            lifecycle: Mutex::default(),
            timer: Mutex::new(Timer { armed: Instant::FAR, task: None }),
        })
    }

    pub(crate) fn sample(&self) -> HostStats {
        let mut stats = self.sampler.sample(self.clock.now().since(Instant::ZERO));
        stats.process.connections = Some(self.connections.count() as u64);
        stats
    }

    /// Records that a driver serves.
    pub(crate) fn add(&self, number: u64) {
        lock(&self.lifecycle).running.insert(number, Phase::Serving);
    }

    /// Returns whether a driver has stopped and is not removed yet.
    pub(crate) fn has_stopped(&self) -> bool {
        !lock(&self.lifecycle).stopped.is_empty()
    }

    /// Removes and returns the numbers of the drivers that have stopped, except the main one.
    pub(crate) fn take_stopped(&self) -> Vec<u64> {
        mem::take(&mut lock(&self.lifecycle).stopped)
    }

    /// Records the phase of a driver's engine. The program drains with the main engine, and has
    /// stopped when all engines have.
    pub(crate) fn advance(&self, number: u64, phase: Phase) {
        let of_program = {
            let mut lifecycle = lock(&self.lifecycle);
            let lifecycle = &mut *lifecycle;
            if let Phase::Stopped { forced } = phase {
                lifecycle.running.remove(&number);
                lifecycle.stopped.extend((number != MAIN).then_some(number));
                lifecycle.forced |= forced;
            } else if let Some(known) = lifecycle.running.get_mut(&number) {
                // Another thread may have reported a later phase, or the end, before.
                *known = phase.max(*known);
            }
            match lifecycle.running.get(&MAIN) {
                Some(Phase::Serving) => {
                    // Only the end of a removed server.
                    lifecycle.forced = false;
                    Phase::Serving
                }
                _ if lifecycle.running.is_empty() => Phase::Stopped { forced: lifecycle.forced },
                _ => Phase::Draining,
            }
        };
        self.phases.advance(of_program);
        if number != MAIN && phase > Phase::Draining {
            let task = lock(&self.timer).task.take();
            task.into_iter().for_each(Waker::wake);
        }
    }

    /// Returns the task to wake if the timer is set later than `at`.
    pub(crate) fn hurry(&self, at: Instant) -> Option<Waker> {
        let mut timer = lock(&self.timer);
        if timer.armed <= at {
            return None;
        }
        timer.armed = at;
        timer.task.take()
    }

    /// Announces that the timer will be set again, so that it need not be hurried until then.
    pub(crate) fn disarm(&self) {
        lock(&self.timer).armed = Instant::ZERO;
    }

    /// Sets the timer for the earliest deadline of all drivers, and returns that. `cx` is woken for
    /// an earlier one.
    pub(crate) fn arm(&self, cx: &Context<'_>, earliest: impl FnOnce() -> Instant) -> Instant {
        let mut timer = lock(&self.timer);
        // A driver stores its deadline before it asks to hurry, so none is missed.
        let at = earliest();
        timer.armed = at;
        match &mut timer.task {
            Some(task) => task.clone_from(cx.waker()),
            task => *task = Some(cx.waker().clone()),
        }
        at
    }
}

#[cfg(test)]
mod tests;
