//! The HTTP front: accepts connections, and serves each of them with a task of its own.
//!
//! Owns: the listener, and the tasks of connections. Never: interprets the bytes of a connection.

use std::io::Result;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Weak};

use pontoon_carrier::Phase;
use pontoon_carrier::http::Endpoint;
use pontoon_carrier::hub::Hub;
use smol::future::or;
use smol::lock::{Semaphore, SemaphoreGuardArc};
use smol::{Async, Executor, Timer};

use crate::io::{Alarm, Io};

/// The state that all connections share.
pub(crate) struct Front {
    /// Weak, because the executor owns the tasks that own this.
    executor: Weak<Executor<'static>>,
    hub: Arc<Hub>,
    endpoint: Endpoint,
    /// One permit for each connection that may still be opened.
    room: Arc<Semaphore>,
}

impl Front {
    pub(crate) fn new(executor: &Arc<Executor<'static>>, hub: Arc<Hub>) -> Arc<Self> {
        let room = Arc::new(Semaphore::new(hub.config().limits.connections_max));
        let executor = Arc::downgrade(executor);
        Arc::new(Front { executor, endpoint: Endpoint::new(hub.clone()), room, hub })
    }

    /// Accepts connections until the engine stops listening, and then those in the backlog, because
    /// some may have been sent a request.
    pub(crate) async fn accept(self: Arc<Self>, listener: Async<TcpListener>) -> Result<()> {
        let draining = async {
            self.hub.phase_after(Phase::Serving).await;
        };
        let mut accepted = None;
        or(draining, self.accept_all(&listener, &mut accepted)).await;
        while let (Some(permit), Some(executor)) =
            (self.room.try_acquire_arc(), self.executor.upgrade())
        {
            let stream = match accepted.take() {
                Some(stream) => stream,
                None => Async::new(listener.get_ref().accept()?.0)?,
            };
            executor.spawn(self.clone().converse(stream, permit)).detach();
        }
        Ok(())
    }

    /// Accepts connections. One that waits for a permit is kept in `accepted`.
    async fn accept_all(
        self: &Arc<Self>,
        listener: &Async<TcpListener>,
        accepted: &mut Option<Async<TcpStream>>,
    ) {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => *accepted = Some(stream),
                // Out of file descriptors, or the peer has disconnected already; both are
                // temporary.
                Err(_) => drop(Timer::after(self.hub.config().limits.accept_pause).await),
            }
            if accepted.is_some() {
                let permit = self.permit().await;
                let Some(executor) = self.executor.upgrade() else { return };
                if let Some(stream) = accepted.take() {
                    executor.spawn(self.clone().converse(stream, permit)).detach();
                }
            }
        }
    }

    /// Waits for the permit of one more connection.
    async fn permit(&self) -> SemaphoreGuardArc {
        loop {
            if let Some(permit) = self.room.try_acquire_arc() {
                return permit;
            }
            self.endpoint.make_room();
            let pause = async {
                Timer::after(self.hub.config().limits.accept_pause).await;
                None
            };
            if let Some(permit) = or(async { Some(self.room.acquire_arc().await) }, pause).await {
                return permit;
            }
        }
    }

    /// Waits until no connection is open any more.
    pub(crate) async fn emptied(&self) {
        let mut all = Vec::new();
        for _ in 0..self.hub.config().limits.connections_max {
            all.push(self.room.acquire().await);
        }
    }

    async fn converse(self: Arc<Self>, stream: Async<TcpStream>, _permit: SemaphoreGuardArc) {
        // It fails only on a closed connection.
        let _ = stream.get_ref().set_nodelay(true);
        self.endpoint.converse(Io::new(stream), Alarm::new(self.hub.clock())).await;
    }
}
