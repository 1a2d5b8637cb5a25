//! A connection as a task uses it.

use std::future::poll_fn;
use std::io::IoSlice;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use pontoon_carrier::io::{Alarm, Sink, Source};

use super::World;
use super::net::{ROOM_BYTES, Socket};
use crate::wire::{Broken, Response, response};
use crate::witness::Witness;

/// A connection, and what was received on it.
pub(crate) struct Link {
    world: Arc<World>,
    pub(crate) socket: Socket,
    received: Vec<u8>,
    ended: Option<Broken>,
    witness: Witness,
}

impl Link {
    /// Connects; none if nobody listens.
    pub(crate) fn connect(world: &Arc<World>, port: u16) -> Option<Link> {
        let socket = world.connect(port, ROOM_BYTES).ok()?;
        let (world, witness) = (world.clone(), Witness::default());
        Some(Link { world, socket, received: Vec::new(), ended: None, witness })
    }

    /// Sends all of it, or as much as the peer takes within a while.
    pub(crate) async fn send(&mut self, mut bytes: &[u8]) {
        self.witness.sent(bytes);
        let until = self.world.now() + SEND_TIME_MAX;
        let mut alarm = self.world.alarm();
        while !bytes.is_empty() {
            let taken = poll_fn(|cx| match self.socket.poll_write(cx, &[IoSlice::new(bytes)]) {
                Poll::Ready(taken) => Poll::Ready(taken.ok()),
                Poll::Pending => alarm.poll_until(cx, until).map(|()| None),
            });
            match taken.await {
                Some(taken) => bytes = &bytes[taken..],
                None => return,
            }
        }
    }

    /// Receives once more; false when nothing came in time, or nothing will.
    pub(crate) async fn receive(&mut self, within: Duration) -> bool {
        if self.ended.is_some() {
            return false;
        }
        let until = self.world.now() + within;
        let (mut alarm, mut buf) = (self.world.alarm(), [0; 4096]);
        let read = poll_fn(|cx| match self.socket.poll_read(cx, &mut buf) {
            Poll::Ready(read) => Poll::Ready(Some(read)),
            Poll::Pending => alarm.poll_until(cx, until).map(|()| None),
        });
        match read.await {
            None => return false,
            Some(Ok(0)) => self.ended = Some(Broken::Closed),
            Some(Err(_)) => self.ended = Some(Broken::Reset),
            Some(Ok(len)) => self.received.extend_from_slice(&buf[..len]),
        }
        self.ended.is_none()
    }

    /// The next response, whole.
    pub(crate) async fn response(&mut self, within: Duration) -> Result<Response, Broken> {
        let until = self.world.now() + within;
        loop {
            match response::parse(&self.received, self.ended.is_some())? {
                Some((response, len)) => {
                    self.received.drain(..len);
                    self.witness.head();
                    self.witness.response(&response);
                    return Ok(response);
                }
                None if self.ended.is_some() => return Err(self.ended.clone().expect("an end")),
                None => {}
            }
            let left = until.since(self.world.now());
            if !self.receive(left).await && self.ended.is_none() {
                return Err(Broken::Silent);
            }
        }
    }

    /// What was received and not yet used.
    pub(crate) fn received(&self) -> &[u8] {
        &self.received
    }

    /// Whatever else comes, until the end or for this long.
    pub(crate) async fn rest(&mut self, within: Duration) -> Vec<u8> {
        let until = self.world.now() + within;
        while self.receive(until.since(self.world.now())).await {}
        std::mem::take(&mut self.received)
    }
}

/// How long a client waits for the peer to take something.
const SEND_TIME_MAX: Duration = Duration::from_secs(60);
