//! The open connections of a program, and the loop that accepts them.
//!
//! Owns: the open connections, their maximum number, and the listener. Never: reads or writes a
//! connection, or decides which of them closes for a new one.

use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Poll, ready};

use event_listener::Event;
use pontoon_core::http::{PeerWait, first_to_give_way};
use pontoon_core::{Instant, SpawnError};

use crate::driver::lock;
use crate::io::{Alarm, Listener};
use crate::phase::Phase;
use crate::shared::Shared;
use crate::site::Site;

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
    shared: Arc<Shared>,
    number: u64,
}

impl Permit {
    /// Registers the connection, which may be closed for another one from now on.
    pub fn register(&self, connection: Arc<dyn Connection>) {
        lock(&self.shared.connections.open).connections.insert(self.number, Some(connection));
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let ended = lock(&self.shared.connections.open).connections.remove(&self.number);
        drop(ended);
        self.shared.connections.ended.notify(usize::MAX);
    }
}

impl Connections {
    pub(crate) fn count(&self) -> usize {
        lock(&self.open).connections.len()
    }

    /// Closes a connection for another one, if any waits for its peer.
    fn make_room(&self, now: Instant) {
        let open = lock(&self.open);
        let registered = open.connections.values().flatten();
        let waiting = registered.filter_map(|it| Some((it.waits_for_peer()?, it)));
        if let Some((_, connection)) = first_to_give_way(waiting, now) {
            connection.give_way();
        }
    }
}

impl Site {
    /// Accepts connections until the program stops listening, and then those in the backlog, because
    /// some may have been sent a request. `serve` starts to serve one, and does not wait for it.
    pub async fn accept<L: Listener>(
        &self,
        mut listener: L,
        mut alarm: impl Alarm,
        mut serve: impl FnMut(L::Stream, Permit) -> io::Result<()>,
    ) {
        let mut accepted = None;
        {
            let mut draining = pin!(self.phase_after(Phase::Serving));
            let all = self.accept_all(&mut listener, &mut alarm, &mut accepted, &mut serve);
            let mut all = pin!(all);
            poll_fn(|cx| match draining.as_mut().poll(cx) {
                Poll::Ready(_) => Poll::Ready(()),
                Poll::Pending => all.as_mut().poll(cx),
            })
            .await;
        }
        while let Some(permit) = self.try_permit() {
            let Ok(stream) = accepted.take().map_or_else(|| listener.accept_arrived(), Ok) else {
                return;
            };
            let _ = serve(stream, permit);
        }
    }

    /// Accepts connections. One that waits for its permit is kept in `accepted`.
    async fn accept_all<L: Listener>(
        &self,
        listener: &mut L,
        alarm: &mut impl Alarm,
        accepted: &mut Option<L::Stream>,
        serve: &mut impl FnMut(L::Stream, Permit) -> io::Result<()>,
    ) {
        loop {
            let served = match poll_fn(|cx| listener.poll_accept(cx)).await {
                Ok(stream) => {
                    *accepted = Some(stream);
                    let permit = self.permit(alarm).await;
                    accepted.take().map_or(Ok(()), |stream| serve(stream, permit))
                }
                Err(error) => Err(error),
            };
            // Out of descriptors or threads, or the peer has disconnected already; all are
            // temporary.
            let Err(error) = served else { continue };
            if let SpawnError::NoResources = pontoon_process::spawn_error(&error) {
                self.shared.connections.make_room(self.clock().now());
            }
            let at = self.clock().now() + self.limits().accept_pause;
            self.wait_until(at, alarm).await;
        }
    }

    /// Counts one more connection as open; `None` if there are as many as allowed.
    fn try_permit(&self) -> Option<Permit> {
        let mut open = lock(&self.shared.connections.open);
        if open.connections.len() >= self.limits().connections_max {
            return None;
        }
        open.last += 1;
        let number = open.last;
        open.connections.insert(number, None);
        Some(Permit { shared: self.shared.clone(), number })
    }

    /// Waits until one more connection may be opened, and closes others for it.
    async fn permit(&self, alarm: &mut impl Alarm) -> Permit {
        loop {
            let mut ended = pin!(self.shared.connections.ended.listen());
            if let Some(permit) = self.try_permit() {
                return permit;
            }
            self.shared.connections.make_room(self.clock().now());
            let at = self.clock().now() + self.limits().accept_pause;
            let mut pause = pin!(self.wait_until(at, alarm));
            poll_fn(|cx| match ended.as_mut().poll(cx) {
                Poll::Ready(()) => Poll::Ready(()),
                Poll::Pending => pause.as_mut().poll(cx),
            })
            .await;
        }
    }

    async fn wait_until(&self, at: Instant, alarm: &mut impl Alarm) {
        poll_fn(|cx| {
            while self.clock().now() < at {
                ready!(alarm.poll_until(cx, at));
            }
            Poll::Ready(())
        })
        .await
    }

    /// Waits until no connection is open.
    pub async fn connections_ended(&self) {
        loop {
            let ended = self.shared.connections.ended.listen();
            if self.shared.connections.count() == 0 {
                return;
            }
            ended.await;
        }
    }
}
