//! The open connections of a program.
//!
//! Owns: the open connections. Never: reads or writes a connection, or decides which of them closes
//! for a new one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use event_listener::{Event, EventListener};
use pontoon_core::Instant;
use pontoon_core::http::{PeerWait, first_to_give_way};

use crate::lock::lock;

/// The open connections.
#[derive(Default)]
pub(crate) struct Connections {
    open: Mutex<Open>,
    /// A connection has ended.
    ended: Event,
}

#[derive(Default)]
struct Open {
    last: u64,
    /// By number; `None` until the connection is registered.
    connections: HashMap<u64, Option<Arc<dyn Connection>>>,
}

/// A connection that can be closed for another one.
pub trait Connection: Send + Sync {
    /// Returns the step of its peer that it waits for, and since when; `None` if it waits for none,
    /// or is to be closed already.
    fn waits_for_peer(&self) -> Option<(PeerWait, Instant)>;

    /// Has it closed, if it still waits for its peer by then.
    fn give_way(&self);
}

/// Counts a connection as open until it is dropped.
pub struct Permit {
    connections: Arc<Connections>,
    number: u64,
}

impl Permit {
    /// Registers the connection, which may be closed for another one from now on.
    pub fn register(&self, connection: Arc<dyn Connection>) {
        lock(&self.connections.open).connections.insert(self.number, Some(connection));
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let ended = lock(&self.connections.open).connections.remove(&self.number);
        drop(ended);
        self.connections.ended.notify(usize::MAX);
    }
}

impl Connections {
    pub(crate) fn count(&self) -> usize {
        lock(&self.open).connections.len()
    }

    /// Counts one more connection as open; `None` if there are as many as allowed.
    pub(crate) fn try_permit(self: &Arc<Self>, connections_max: usize) -> Option<Permit> {
        let mut open = lock(&self.open);
        if open.connections.len() >= connections_max {
            return None;
        }
        open.last += 1;
        let number = open.last;
        open.connections.insert(number, None);
        Some(Permit { connections: self.clone(), number })
    }

    /// Listens for the end of a connection.
    pub(crate) fn listen(&self) -> EventListener {
        self.ended.listen()
    }

    /// Closes a connection for another one, if any waits for its peer.
    pub(crate) fn make_room(&self, now: Instant) {
        let open = lock(&self.open);
        let registered = open.connections.values().flatten();
        let waiting = registered.filter_map(|it| Some((it.waits_for_peer()?, it)));
        if let Some((_, connection)) = first_to_give_way(waiting, now) {
            connection.give_way();
        }
    }
}
