//! The loop that accepts connections.
//!
//! Owns: the listener. Never: decides which connection closes for a new one.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::task::{Poll, ready};

use pontoon_core::{Instant, SpawnError};

use crate::connections::Permit;
use crate::io::{Alarm, Listener};
use crate::phase::Phase;
use crate::site::Site;

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

    fn try_permit(&self) -> Option<Permit> {
        self.shared.connections.try_permit(self.limits().connections_max)
    }

    /// Waits until one more connection may be opened, and closes others for it.
    async fn permit(&self, alarm: &mut impl Alarm) -> Permit {
        loop {
            let mut ended = pin!(self.shared.connections.listen());
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
            let ended = self.shared.connections.listen();
            if self.shared.connections.count() == 0 {
                return;
            }
            ended.await;
        }
    }
}
