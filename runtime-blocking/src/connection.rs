//! Connections: a thread for each, which polls a [`PolledConnection`] of the driver.
//!
//! Owns: the threads of connections. Never: interprets the bytes of a connection.

use std::future::poll_fn;
use std::io::Result;
use std::sync::{Arc, Mutex};

use pontoon_core::Instant;
use pontoon_core::http::PeerWait;
use pontoon_driver::connections::{Connection, Permit};
use pontoon_driver::http::PolledConnection;
use pontoon_driver::site::Site;
use pontoon_driver::{Phase, Surface, lock};
use rustix::event::PollFlags;

use crate::io::{Alarm, Events, Io, Shutdown, block_on};
use crate::respond::write_head;

/// The state that all connections share.
pub(crate) struct Front {
    pub(crate) site: Arc<Site>,
    pub(crate) events: Arc<Events>,
    /// An event that is set when the engine has stopped.
    pub(crate) stopped: Io,
}

/// A connection, as other threads see it.
struct Link {
    connection: Mutex<PolledConnection>,
    socket: Io,
}

impl Front {
    pub(crate) fn new(site: Arc<Site>) -> Result<Arc<Self>> {
        let events = Arc::new(Events::new(site.limits().accept_pause));
        Ok(Arc::new(Front { site, events, stopped: Io::event()? }))
    }

    /// Serves a connection on a thread of its own.
    pub(crate) fn serve(
        self: &Arc<Self>,
        socket: Io,
        surface: Surface,
        permit: Permit,
    ) -> Result<()> {
        let front = self.clone();
        let serve = move || {
            let link = front.link(socket, surface)?;
            permit.register(link.clone());
            front.run(&link)
        };
        crate::spawn("pontoon-http", serve).map(drop)
    }

    fn link(&self, socket: Io, surface: Surface) -> Result<Arc<Link>> {
        let site = self.site.clone();
        let connection = PolledConnection::new(site, surface, socket.clone(), write_head)?;
        Ok(Arc::new(Link { connection: Mutex::new(connection), socket }))
    }

    /// Serves the connection until it ends or the program stops.
    fn run(&self, link: &Arc<Link>) -> Result<()> {
        let mut alarm = Alarm(self.site.clock());
        let serve = poll_fn(|cx| {
            // Waking every connection would cost each of them an event.
            if self.site.phase() < (Phase::Stopped { forced: false }) {
                let _ = self.stopped.wait::<()>(PollFlags::IN);
            }
            lock(&link.connection).poll(cx, &mut alarm)
        });
        // The waker, which the exchange keeps, must not keep the exchange.
        let weak = Arc::downgrade(link);
        let answer_here = move || {
            weak.upgrade().is_some_and(|link| {
                link.connection.try_lock().is_ok_and(|mut connection| connection.answer_here())
            })
        };
        block_on(&self.events, answer_here, serve)
    }
}

impl Connection for Link {
    /// A connection that is being worked on waits for nothing.
    fn waits_for_peer(&self) -> Option<(PeerWait, Instant)> {
        self.connection.try_lock().ok()?.waits_for_peer()
    }

    fn give_way(&self) {
        if let Ok(mut connection) = self.connection.try_lock()
            && let Some((wait, _)) = connection.waits_for_peer()
        {
            connection.give_way();
            let is_taking = wait == PeerWait::Taking;
            // Its thread wakes as if the peer had closed that side.
            let how = if is_taking { Shutdown::Both } else { Shutdown::Read };
            let _ = self.socket.shutdown(how);
        }
    }
}

#[cfg(test)]
mod tests;
