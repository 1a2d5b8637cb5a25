//! A connection for a task.

use std::future::poll_fn;
use std::io::IoSlice;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use pontoon_driver::io::{Alarm, Sink, Source};

use super::World;
use super::net::{BUFFER_BYTES, Socket};
use crate::response;
use crate::schema_check::SchemaCheck;
use crate::wire::{Broken, Response};

/// A connection, and the bytes received on it.
pub(crate) struct Link {
    world: Arc<World>,
    pub(crate) socket: Socket,
    received: Vec<u8>,
    ended: Option<Broken>,
    check: SchemaCheck,
}

impl Link {
    /// Connects, or returns `None` if nothing listens on the port.
    pub(crate) fn connect(world: &Arc<World>, port: u16) -> Option<Link> {
        let socket = world.connect(port, BUFFER_BYTES).ok()?;
        let (world, check) = (world.clone(), SchemaCheck::default());
        Some(Link { world, socket, received: Vec::new(), ended: None, check })
    }

    /// Sends all bytes, or as many as the peer reads in time.
    pub(crate) async fn send(&mut self, mut bytes: &[u8]) {
        self.check.sent(bytes);
        let until = self.world.now() + SEND_TIME_MAX;
        let mut timer = self.world.timer();
        while !bytes.is_empty() {
            let taken = poll_fn(|cx| match self.socket.poll_write(cx, &[IoSlice::new(bytes)]) {
                Poll::Ready(taken) => Poll::Ready(taken.ok()),
                Poll::Pending => timer.poll_until(cx, until).map(|()| None),
            });
            match taken.await {
                Some(taken) => bytes = &bytes[taken..],
                None => return,
            }
        }
    }

    /// Receives once; false if nothing arrived in time, or the stream has ended.
    pub(crate) async fn receive(&mut self, within: Duration) -> bool {
        if self.ended.is_some() {
            return false;
        }
        let until = self.world.now() + within;
        let (mut timer, mut buf) = (self.world.timer(), [0; 4096]);
        let read = poll_fn(|cx| match self.socket.poll_read(cx, &mut buf) {
            Poll::Ready(read) => Poll::Ready(Some(read)),
            Poll::Pending => timer.poll_until(cx, until).map(|()| None),
        });
        match read.await {
            None => return false,
            Some(Ok(0)) => self.ended = Some(Broken::Closed),
            Some(Err(_)) => self.ended = Some(Broken::Reset),
            Some(Ok(len)) => self.received.extend_from_slice(&buf[..len]),
        }
        self.ended.is_none()
    }

    /// Returns the next whole response.
    pub(crate) async fn response(&mut self, within: Duration) -> Result<Response, Broken> {
        let until = self.world.now() + within;
        loop {
            match response::parse(&self.received, self.ended.is_some())? {
                Some((response, len)) => {
                    self.received.drain(..len);
                    self.check.head();
                    self.check.response(&response);
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

    /// Returns the bytes received and not used.
    pub(crate) fn received(&self) -> &[u8] {
        &self.received
    }

    /// Returns all further bytes, until the end or for this long.
    pub(crate) async fn rest(&mut self, within: Duration) -> Vec<u8> {
        let until = self.world.now() + within;
        while self.receive(until.since(self.world.now())).await {}
        std::mem::take(&mut self.received)
    }
}

/// The maximum time that a client waits for the peer to read.
const SEND_TIME_MAX: Duration = Duration::from_secs(60);
