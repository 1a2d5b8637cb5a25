//! How many connections there is room for.
//!
//! Owns: the count of connections, and a share of the process's file descriptors.
//! Never: closes anything; a connection that finds no room waits in the listener's backlog.
//!
//! tiny_http stops listening for good once it finds no file descriptor for a connection. So those
//! of its private connections are counted before they are needed, and a request waits for them.

use std::fs;
use std::sync::{Condvar, Mutex, PoisonError};

use pontoon_core::limits::Limits;
use rustix::process::{Resource, getrlimit};

use crate::lock;

/// Room for connections, and for requests on them.
pub(crate) struct Room {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// Connections that may still be opened.
    connections: usize,
    open: usize,
    /// Descriptors that nobody has been promised.
    descriptors: usize,
    closed: bool,
}

/// Descriptors of a connection.
const CONNECTION_FDS: usize = 1;

/// Descriptors of a request in the library: both ends of its private connection, and the library's
/// copy of its own.
const REQUEST_FDS: usize = 3;

/// Descriptors of a child that runs: three pipes, and two to wake their thread.
const CHILD_FDS: usize = 5;

/// Descriptors that come and go: those of a child while it is being spawned, and a log file.
const SPARE_FDS: usize = 12;

impl Room {
    pub(crate) fn new(limits: &Limits) -> Self {
        let free = descriptors_free().saturating_sub(SPARE_FDS);
        let children = limits.sessions_max.saturating_mul(CHILD_FDS).min(free / 2);
        let state = State {
            connections: limits.connections_max,
            open: 0,
            descriptors: (free - children).max(CONNECTION_FDS + REQUEST_FDS),
            closed: false,
        };
        Room { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Waits for room for one more connection that can ask something; `false` if there is none, and
    /// none is waited for any more.
    pub(crate) fn enter(&self) -> bool {
        let is_full = |state: &State| {
            let scarce = state.descriptors < CONNECTION_FDS + REQUEST_FDS;
            state.connections == 0 || scarce
        };
        let state = lock(&self.state);
        let wait = self.changed.wait_while(state, |state| !state.closed && is_full(state));
        let mut state = wait.unwrap_or_else(PoisonError::into_inner);
        if is_full(&state) {
            return false;
        }
        state.connections -= 1;
        state.open += 1;
        state.descriptors -= CONNECTION_FDS;
        true
    }

    pub(crate) fn leave(&self) {
        let mut state = lock(&self.state);
        state.connections += 1;
        state.open -= 1;
        state.descriptors += CONNECTION_FDS;
        drop(state);
        self.changed.notify_all();
    }

    /// Takes what a request needs, if it is there.
    pub(crate) fn take_request(&self) -> bool {
        let mut state = lock(&self.state);
        let there = state.descriptors >= REQUEST_FDS;
        if there {
            state.descriptors -= REQUEST_FDS;
        }
        there
    }

    pub(crate) fn give_request(&self) {
        lock(&self.state).descriptors += REQUEST_FDS;
        self.changed.notify_all();
    }

    /// Lets nobody wait for room any more.
    pub(crate) fn close(&self) {
        lock(&self.state).closed = true;
        self.changed.notify_all();
    }

    /// Waits until everybody has left.
    pub(crate) fn emptied(&self) {
        let state = lock(&self.state);
        let _left = self.changed.wait_while(state, |state| state.open > 0);
    }
}

/// Descriptors this process may still open.
fn descriptors_free() -> usize {
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let open = fs::read_dir("/dev/fd").map_or(OPEN_FDS_GUESSED, Iterator::count);
    usize::try_from(limit).unwrap_or(usize::MAX).saturating_sub(open)
}

/// Where the system does not tell.
const OPEN_FDS_GUESSED: usize = 32;

#[cfg(test)]
mod tests;
