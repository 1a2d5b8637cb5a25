//! The connections that are open, and which of them makes room for a new one.
//!
//! Owns: a handle of each connection's socket.
//! Never: the order in which connections give way; that is the core's.

use std::collections::HashMap;
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use pontoon_core::http::{PeerWait, first_to_give_way};
use pontoon_core::time::Instant;

use crate::lock;

/// The connections that are open, by numbers.
#[derive(Default)]
pub(crate) struct Connections(Mutex<Open>);

#[derive(Default)]
struct Open {
    last: u64,
    connections: HashMap<u64, Arc<Connection>>,
}

/// A connection, as the thread that accepts sees it.
pub(crate) struct Connection {
    pub(crate) stream: TcpStream,
    /// The step that it waits for its peer to take.
    waits: Mutex<Option<(PeerWait, Instant)>>,
    /// Whether it has to make room for another one.
    gives_way: AtomicBool,
}

impl Connections {
    /// Counts a connection as open.
    pub(crate) fn add(&self, stream: TcpStream) -> (u64, Arc<Connection>) {
        let (waits, gives_way) = (Mutex::new(None), AtomicBool::new(false));
        let connection = Arc::new(Connection { stream, waits, gives_way });
        let mut open = lock(&self.0);
        open.last += 1;
        let number = open.last;
        open.connections.insert(number, connection.clone());
        (number, connection)
    }

    pub(crate) fn remove(&self, number: u64) {
        lock(&self.0).connections.remove(&number);
    }

    /// Has a connection make room for another one, if any waits for its peer.
    pub(crate) fn make_room(&self, now: Instant) {
        let open = lock(&self.0);
        let waiting = open.connections.values().filter_map(|it| Some((it.waits()?, it)));
        if let Some((wait, connection)) = first_to_give_way(waiting, now) {
            connection.gives_way.store(true, Ordering::Release);
            // Its thread wakes as if its peer had closed that side.
            let how = if wait == PeerWait::Taking { Shutdown::Both } else { Shutdown::Read };
            let _ = connection.stream.shutdown(how);
        }
    }
}

impl Connection {
    /// Notes what the connection waits for its peer to do.
    pub(crate) fn set_waits(&self, waits: Option<(PeerWait, Instant)>) {
        *lock(&self.waits) = waits;
    }

    fn waits(&self) -> Option<(PeerWait, Instant)> {
        lock(&self.waits).filter(|_| !self.gives_way())
    }

    pub(crate) fn gives_way(&self) -> bool {
        self.gives_way.load(Ordering::Acquire)
    }
}
