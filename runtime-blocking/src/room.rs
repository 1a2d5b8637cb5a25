//! How many connections, requests and children there is room for.
//!
//! Owns: the count of connections, and the file descriptors that may still be opened.
//! Never: closes anything.
//!
//! tiny_http panics when it finds no file descriptor for a connection, and the requests that it has
//! taken are lost with it. So descriptors are taken here before they are opened. None is given back
//! by those that have used it: tiny_http closes its own when it comes to that. When those that were
//! counted as free have been taken, the free ones are counted again.

use std::fs;
use std::sync::{Condvar, Mutex, PoisonError};

use pontoon_core::limits::Limits;
use pontoon_core::time::Duration;
use rustix::process::{Resource, getrlimit};

use crate::lock;

/// Room for connections, for requests on them, and for children.
pub(crate) struct Room {
    state: Mutex<State>,
    changed: Condvar,
    /// Counts the descriptors that may still be opened.
    count_free: Box<dyn Fn() -> usize + Send + Sync>,
    /// Descriptors that are not given out.
    spare: usize,
    children_max: usize,
}

struct State {
    /// Connections that may still be opened.
    connections: usize,
    open: usize,
    /// Descriptors that are free for certain.
    descriptors: usize,
    /// Requests that have taken their descriptors and may not have opened all of them.
    opening: usize,
    /// Children that run, those that are being stopped included.
    children: usize,
    /// Whether a child is being spawned.
    spawns: bool,
    closed: bool,
}

/// How an attempt to enter ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    Entered,
    /// There is no room yet.
    Full,
    /// There is no room, and there is to be none.
    Closed,
}

/// Descriptors of a connection.
const CONNECTION_FDS: usize = 1;

/// Descriptors of a request in the library: both ends of its private connection, and the library's
/// copy of its own.
const REQUEST_FDS: usize = 3;

/// Descriptors of a child that runs: three pipes, and two to wake their thread.
const CHILD_FDS: usize = 5;

/// Descriptors of a child while it is being spawned: both ends of its pipes, and of one that tells
/// whether it was.
const SPAWN_FDS: usize = CHILD_FDS + 5;

/// Descriptors that come and go: a connection that waits to enter, a log file, files of `/proc`.
const SPARE_FDS: usize = 8;

impl Room {
    pub(crate) fn new(limits: &Limits) -> Self {
        let spare = SPARE_FDS + descriptors_max() / 32;
        let for_children = descriptors_free().saturating_sub(spare) / 2 / CHILD_FDS;
        let children_max = limits.sessions_max.saturating_mul(2).min(for_children);
        Room::with(limits.connections_max, spare, children_max, descriptors_free)
    }

    fn with(
        connections: usize,
        spare: usize,
        children_max: usize,
        count_free: impl Fn() -> usize + Send + Sync + 'static,
    ) -> Self {
        let state = State {
            connections,
            open: 0,
            descriptors: 0,
            opening: 0,
            children: 0,
            spawns: false,
            closed: false,
        };
        let (changed, count_free) = (Condvar::new(), Box::new(count_free));
        Room { state: Mutex::new(state), changed, count_free, spare, children_max }
    }

    /// Waits for so long for room for one more connection that can ask something.
    pub(crate) fn enter(&self, patience: Duration) -> Entry {
        let state = lock(&self.state);
        let is_full = |state: &mut State| state.connections == 0 && !state.closed;
        let wait = self.changed.wait_timeout_while(state, patience, is_full);
        let mut state = wait.unwrap_or_else(PoisonError::into_inner).0;
        if state.connections > 0 && self.has(&mut state, CONNECTION_FDS + REQUEST_FDS) {
            state.connections -= 1;
            state.open += 1;
            state.descriptors -= CONNECTION_FDS;
            return Entry::Entered;
        }
        match state.closed {
            true => Entry::Closed,
            false => Entry::Full,
        }
    }

    pub(crate) fn leave(&self) {
        let mut state = lock(&self.state);
        state.connections += 1;
        state.open -= 1;
        drop(state);
        self.changed.notify_all();
    }

    /// Takes the descriptors of a request, if they are there.
    pub(crate) fn take_request(&self) -> bool {
        let mut state = lock(&self.state);
        let there = self.has(&mut state, REQUEST_FDS);
        if there {
            state.descriptors -= REQUEST_FDS;
            state.opening += 1;
        }
        there
    }

    /// A request has opened all its descriptors, or will open none any more.
    pub(crate) fn request_opened(&self) {
        lock(&self.state).opening -= 1;
    }

    /// Takes the descriptors of a child that is about to be spawned, if they are there. Children are
    /// spawned one after the other.
    pub(crate) fn take_child(&self) -> bool {
        let mut state = lock(&self.state);
        let there = state.children < self.children_max && self.has(&mut state, SPAWN_FDS);
        if there {
            state.descriptors -= SPAWN_FDS;
            state.children += 1;
            state.spawns = true;
        }
        there
    }

    /// A child was spawned, or could not be.
    pub(crate) fn child_spawned(&self) {
        lock(&self.state).spawns = false;
    }

    /// A child has ended, and its pipes are closed.
    pub(crate) fn child_ended(&self) {
        lock(&self.state).children -= 1;
    }

    /// Whether so many descriptors are free.
    fn has(&self, state: &mut State, wanted: usize) -> bool {
        if state.descriptors < wanted {
            let promised = state.opening * REQUEST_FDS + usize::from(state.spawns) * SPAWN_FDS;
            state.descriptors = (self.count_free)().saturating_sub(self.spare + promised);
        }
        state.descriptors >= wanted
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

/// Descriptors this process may have.
fn descriptors_max() -> usize {
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    usize::try_from(limit).unwrap_or(usize::MAX)
}

/// Descriptors this process may still open.
fn descriptors_free() -> usize {
    let open = fs::read_dir("/dev/fd").map_or(OPEN_FDS_GUESSED, Iterator::count);
    descriptors_max().saturating_sub(open)
}

/// Where the system does not tell.
const OPEN_FDS_GUESSED: usize = 32;

#[cfg(test)]
mod tests;
