//! The number of connections, and the file descriptors that connections and children may open.
//!
//! Owns: both counts.
//! Never: opens or closes a descriptor.
//!
//! Descriptors are counted before they are opened, so that neither an accepted connection nor a
//! child that starts takes the last one from requests in flight.

use std::fs;
use std::sync::{Condvar, Mutex, PoisonError};

use pontoon_core::limits::Limits;
use pontoon_core::time::Duration;
use rustix::process::{Resource, getrlimit};

use crate::lock;

/// Counts connections, and the descriptors that may still be opened.
pub(crate) struct FdBudget {
    state: Mutex<State>,
    changed: Condvar,
    children_max: usize,
}

struct State {
    /// Connections that may still be opened.
    connections: usize,
    open: usize,
    /// Descriptors that may still be opened.
    descriptors: usize,
    /// Children that run, including those that are being stopped.
    children: usize,
    closed: bool,
}

/// The result of an attempt to open a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    Entered,
    /// All connections or descriptors are taken.
    Full,
    /// The same, and no connection will be accepted any more.
    Closed,
}

/// Descriptors of a connection.
const CONNECTION_FDS: usize = 1;

/// Descriptors of a [`PollWaker`](crate::io::PollWaker).
const WAKER_FDS: usize = 2;

/// Descriptors of a running child: three pipes and a waker.
const CHILD_FDS: usize = 3 + WAKER_FDS;

/// Descriptors of a child during its start: both ends of its pipes, and of one more.
const SPAWN_FDS: usize = CHILD_FDS + 5;

/// Descriptors that connections leave free: for a child that starts, and for the wakers of
/// requests.
const RESERVE_FDS: usize = SPAWN_FDS + 2 * WAKER_FDS;

/// Descriptors that are open for a short time or were not counted at the start: a connection before
/// it is counted, log files, files of `/proc`, wakers of permanent threads.
const SPARE_FDS: usize = 12;

impl FdBudget {
    pub(crate) fn new(limits: &Limits) -> Self {
        let free = descriptors_free().saturating_sub(SPARE_FDS);
        let children_max = limits.sessions_max.saturating_mul(2).min(free / 2 / CHILD_FDS);
        FdBudget::with(limits.connections_max, free, children_max)
    }

    fn with(connections: usize, descriptors: usize, children_max: usize) -> Self {
        let state = State { connections, open: 0, descriptors, children: 0, closed: false };
        FdBudget { state: Mutex::new(state), changed: Condvar::new(), children_max }
    }

    /// Waits for this long at most until one more connection may be opened, and counts it.
    pub(crate) fn enter(&self, timeout: Duration) -> Entry {
        let has_room = |state: &State| {
            state.connections > 0 && state.descriptors >= CONNECTION_FDS + RESERVE_FDS
        };
        let state = lock(&self.state);
        let is_full = |state: &mut State| !has_room(state) && !state.closed;
        let wait = self.changed.wait_timeout_while(state, timeout, is_full);
        let mut state = wait.unwrap_or_else(PoisonError::into_inner).0;
        if has_room(&state) {
            state.connections -= 1;
            state.open += 1;
            state.descriptors -= CONNECTION_FDS;
            return Entry::Entered;
        }
        if state.closed { Entry::Closed } else { Entry::Full }
    }

    pub(crate) fn leave(&self) {
        self.change(|state| {
            state.connections += 1;
            state.open -= 1;
            state.descriptors += CONNECTION_FDS;
        });
    }

    /// Counts the descriptors of a waker; `false` if there are none left.
    pub(crate) fn take_waker(&self) -> bool {
        let mut state = lock(&self.state);
        let left = state.descriptors.checked_sub(WAKER_FDS);
        state.descriptors = left.unwrap_or(state.descriptors);
        left.is_some()
    }

    pub(crate) fn return_wakers(&self, count: usize) {
        self.change(|state| state.descriptors += count * WAKER_FDS);
    }

    /// Counts the descriptors of a child before its start; `false` if there are none left.
    pub(crate) fn take_child(&self) -> bool {
        let mut state = lock(&self.state);
        if state.children >= self.children_max || state.descriptors < SPAWN_FDS {
            return false;
        }
        state.descriptors -= SPAWN_FDS;
        state.children += 1;
        true
    }

    /// Records that a child was started, or could not be.
    pub(crate) fn child_spawned(&self) {
        self.change(|state| state.descriptors += SPAWN_FDS - CHILD_FDS);
    }

    /// Records that a child has ended, and its pipes are closed.
    pub(crate) fn child_ended(&self) {
        self.change(|state| {
            state.children -= 1;
            state.descriptors += CHILD_FDS;
        });
    }

    /// Ends all waits for a connection's descriptors.
    pub(crate) fn close(&self) {
        self.change(|state| state.closed = true);
    }

    /// Waits until all connections are closed.
    pub(crate) fn emptied(&self) {
        let state = lock(&self.state);
        let _left = self.changed.wait_while(state, |state| state.open > 0);
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut lock(&self.state));
        self.changed.notify_all();
    }
}

/// Returns the number of descriptors that this process may still open.
fn descriptors_free() -> usize {
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let open = fs::read_dir("/dev/fd").map_or(OPEN_FDS_GUESSED, Iterator::count);
    usize::try_from(limit).unwrap_or(usize::MAX).saturating_sub(open)
}

/// The assumed number of open descriptors if the system does not tell.
const OPEN_FDS_GUESSED: usize = 32;

#[cfg(test)]
mod tests;
