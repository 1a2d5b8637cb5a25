//! The HTTP front: accepts connections, and serves each of them with a thread of its own.
//!
//! Owns: the listener, the open connections, and their threads. Never: a status, a header or a
//! body, or the choice of connections to close for new ones.

use std::collections::HashMap;
use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use pontoon_carrier::Phase;
use pontoon_carrier::hub::Hub;
use pontoon_core::http::{ConnectionConfig, PeerWait, Rules, first_to_give_way};
use pontoon_core::time::{Duration, Instant};
use rustix::event::{PollFd, PollFlags};

use crate::connection::Serving;
use crate::fd_budget::{Entry, FdBudget};
use crate::io::{FAR, Latch, PollWaker, poll};
use crate::lock;
use crate::respond::write_head;

/// The state that all connections share.
pub(crate) struct Front {
    pub(crate) hub: Arc<Hub>,
    pub(crate) connection: Arc<ConnectionConfig>,
    pub(crate) budget: Arc<FdBudget>,
    open: Mutex<Open>,
    /// Unused wakers.
    wakers: Mutex<Vec<Arc<PollWaker>>>,
    draining: Latch,
    stopped: Latch,
}

/// The open connections, by number.
#[derive(Default)]
struct Open {
    last: u64,
    connections: HashMap<u64, Arc<OpenConnection>>,
}

/// A connection from the point of view of the accepting thread.
pub(crate) struct OpenConnection {
    pub(crate) stream: TcpStream,
    /// The step of its peer that it waits for.
    waits: Mutex<Option<(PeerWait, Instant)>>,
    /// Whether it is to be closed for another one.
    gives_way: AtomicBool,
}

impl Front {
    pub(crate) fn new(hub: Arc<Hub>) -> io::Result<Arc<Self>> {
        let limits = Arc::new(hub.config().limits.clone());
        Ok(Arc::new(Front {
            budget: Arc::new(FdBudget::new(&limits)),
            connection: Arc::new(ConnectionConfig {
                rules: Rules::new(hub.config()),
                limits,
                requests_max: hub.connection_requests_max(),
                write_head,
            }),
            open: Mutex::default(),
            wakers: Mutex::default(),
            draining: Latch::new()?,
            stopped: Latch::new()?,
            hub,
        }))
    }

    /// Accepts connections until the engine stops listening, and then those in the backlog, because
    /// some may hold a request.
    pub(crate) fn accept(self: Arc<Self>, listener: TcpListener) {
        while let Some(stream) = self.accepted(&listener) {
            if !self.enter() {
                return;
            }
            let front = self.clone();
            let serve = move || {
                let connected = front.hub.connected();
                Serving::new(&front, stream).run();
                drop(connected);
                front.budget.leave();
            };
            if crate::spawn("pontoon-http", serve).is_err() {
                self.budget.leave();
                self.pause();
            }
        }
    }

    /// Waits for capacity for one more connection, and closes others for it; `false` if no more are
    /// accepted.
    fn enter(&self) -> bool {
        let mut timeout = Duration::ZERO;
        loop {
            match self.budget.enter(timeout) {
                Entry::Entered => return true,
                Entry::Closed => return false,
                Entry::Full => self.make_room(),
            }
            timeout = self.connection.limits.accept_pause;
        }
    }

    /// Waits for a connection; `None` if no more are accepted.
    fn accepted(&self, listener: &TcpListener) -> Option<TcpStream> {
        loop {
            // Read first, because a connection from before the end of this phase is served.
            let phase = self.hub.phase();
            match accept_one(listener) {
                Ok(stream) => return Some(stream),
                Err(_) if phase > Phase::Serving => return None,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let latch = &self.draining;
                    let mut fds =
                        [PollFd::new(listener, PollFlags::IN), PollFd::new(latch, PollFlags::IN)];
                    if poll(&mut fds, FAR).is_err() {
                        self.pause();
                    }
                }
                // Out of descriptors or threads, or the peer has disconnected already; all are
                // temporary.
                Err(_) => self.pause(),
            }
        }
    }

    fn pause(&self) {
        let latch = self.draining.as_fd();
        let pause = self.connection.limits.accept_pause;
        let _ = poll(&mut [PollFd::from_borrowed_fd(latch, PollFlags::IN)], pause);
    }

    /// Counts a connection as open.
    pub(crate) fn add(&self, stream: TcpStream) -> (u64, Arc<OpenConnection>) {
        let (waits, gives_way) = (Mutex::new(None), AtomicBool::new(false));
        let connection = Arc::new(OpenConnection { stream, waits, gives_way });
        let mut open = lock(&self.open);
        open.last += 1;
        let number = open.last;
        open.connections.insert(number, connection.clone());
        (number, connection)
    }

    pub(crate) fn remove(&self, number: u64) {
        lock(&self.open).connections.remove(&number);
    }

    /// Closes a connection for another one, if any waits for its peer.
    fn make_room(&self) {
        self.drop_wakers();
        let open = lock(&self.open);
        let waiting = open.connections.values().filter_map(|it| Some((it.waits()?, it)));
        if let Some((wait, connection)) = first_to_give_way(waiting, self.hub.clock().now()) {
            connection.gives_way.store(true, Ordering::Release);
            // Its thread wakes as if its peer had closed that side.
            let how = if wait == PeerWait::Taking { Shutdown::Both } else { Shutdown::Read };
            let _ = connection.stream.shutdown(how);
        }
    }

    /// Returns a waker for the thread of a connection; `None` if there is no descriptor for it.
    pub(crate) fn take_waker(&self) -> Option<Arc<PollWaker>> {
        if let Some(waker) = lock(&self.wakers).pop() {
            return Some(waker);
        }
        if !self.budget.take_waker() {
            return None;
        }
        let waker = PollWaker::new().inspect_err(|_| self.budget.return_wakers(1)).ok()?;
        Some(Arc::new(waker))
    }

    pub(crate) fn return_waker(&self, waker: Arc<PollWaker>) {
        // A late wake-up wakes the next thread once too often, which is harmless.
        lock(&self.wakers).push(waker);
    }

    /// Closes the unused wakers.
    fn drop_wakers(&self) {
        let wakers = std::mem::take(&mut *lock(&self.wakers));
        let count = wakers.len();
        drop(wakers);
        self.budget.return_wakers(count);
    }

    /// Returns the latch that opens at the end of `phase`; `None` after the end of the program.
    pub(crate) fn latch_after(&self, phase: Phase) -> Option<&Latch> {
        match phase {
            Phase::Serving => Some(&self.draining),
            Phase::Draining => Some(&self.stopped),
            Phase::Stopped { .. } => None,
        }
    }

    /// Stops listening, after the connections in the backlog.
    pub(crate) fn unlisten(&self) {
        self.budget.close();
        self.draining.open();
    }

    /// Waits until all connections have ended, by their deadlines, or at once if forced.
    pub(crate) fn stop(&self) {
        self.stopped.open();
        self.budget.emptied();
    }
}

impl OpenConnection {
    /// Records the step of its peer that the connection waits for.
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

fn accept_one(listener: &TcpListener) -> io::Result<TcpStream> {
    let (stream, _) = listener.accept()?;
    stream.set_nonblocking(true)?;
    // It fails only on a closed connection.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}
