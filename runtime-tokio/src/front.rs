//! The HTTP front: accepts connections, and serves each of them with a task of its own.
//!
//! Owns: the listener, and the tasks of connections. Never: interprets the bytes of a connection.

use std::io::Result;
use std::sync::Arc;

use pontoon_carrier::Phase;
use pontoon_carrier::http::Endpoint;
use pontoon_carrier::hub::Hub;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};

use crate::io::{Alarm, Io};

/// The state that all connections share.
pub(crate) struct Front {
    hub: Arc<Hub>,
    endpoint: Endpoint,
    /// One permit for each connection that may still be opened.
    room: Arc<Semaphore>,
}

impl Front {
    pub(crate) fn new(hub: Arc<Hub>) -> Arc<Self> {
        let room = Arc::new(Semaphore::new(hub.config().limits.connections_max));
        Arc::new(Front { endpoint: Endpoint::new(hub.clone()), room, hub })
    }

    /// Accepts connections until the engine stops listening, and then those in the backlog, because
    /// some may have been sent a request.
    pub(crate) async fn accept(self: Arc<Self>, listener: TcpListener) -> Result<()> {
        let mut accepted = None;
        tokio::select! {
            _ = self.hub.phase_after(Phase::Serving) => {}
            () = self.accept_all(&listener, &mut accepted) => {}
        }
        let listener = listener.into_std()?;
        while let Ok(permit) = self.room.clone().try_acquire_owned() {
            let stream = match accepted.take() {
                Some(stream) => stream,
                None => {
                    let (stream, _) = listener.accept()?;
                    stream.set_nonblocking(true)?;
                    TcpStream::from_std(stream)?
                }
            };
            tokio::spawn(self.clone().converse(stream, permit));
        }
        Ok(())
    }

    /// Accepts connections. One that waits for a permit is kept in `accepted`.
    async fn accept_all(
        self: &Arc<Self>,
        listener: &TcpListener,
        accepted: &mut Option<TcpStream>,
    ) {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => *accepted = Some(stream),
                // Out of file descriptors, or the peer has disconnected already; both are
                // temporary.
                Err(_) => sleep(self.hub.config().limits.accept_pause).await,
            }
            if accepted.is_some() {
                let permit = self.permit().await;
                let stream = accepted.take();
                stream.map(|stream| tokio::spawn(self.clone().converse(stream, permit)));
            }
        }
    }

    /// Waits for the permit of one more connection.
    async fn permit(&self) -> OwnedSemaphorePermit {
        loop {
            if let Ok(permit) = self.room.clone().try_acquire_owned() {
                return permit;
            }
            self.endpoint.make_room();
            let pause = self.hub.config().limits.accept_pause;
            if let Ok(Ok(permit)) = timeout(pause, self.room.clone().acquire_owned()).await {
                return permit;
            }
        }
    }

    /// Waits until no connection is open any more.
    pub(crate) async fn emptied(&self) {
        let all = u32::try_from(self.hub.config().limits.connections_max).unwrap_or(u32::MAX);
        let _ = self.room.acquire_many(all).await;
    }

    async fn converse(self: Arc<Self>, stream: TcpStream, _permit: OwnedSemaphorePermit) {
        // It fails only on a closed connection.
        let _ = stream.set_nodelay(true);
        self.endpoint.converse(Io(stream), Alarm::new(self.hub.clock())).await;
    }
}
