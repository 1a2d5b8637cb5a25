//! A connection behind the guard: tiny_http reads only what [`Guard`] has let through.
//!
//! Owns: the socket, the bytes that are held back, the connection's deadline, and the lingering
//! close.
//! Never: judges a byte itself.
//!
//! ```text
//!            held              feed
//!   socket ───────► [ guard ] ───────► link ─► tiny_http ─► request thread
//!   socket ◄────────────────────────── link ◄──────────────────┘
//!                        back
//! ```
//!
//! One thread moves all of it, and waits for both sides at once: so it sees at any moment that the
//! peer has gone, or does not take what waits for it.

use std::io::{ErrorKind, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::sync::Arc;

use pontoon_carrier::Phase;
use pontoon_core::http::{Answer, Breach, Guard, Inspection};
use pontoon_core::machine::Chunk;
use pontoon_core::time::{Duration, Instant};
use rustix::buffer::spare_capacity;
use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;

use crate::connections::Connection;
use crate::front::Front;
use crate::head::Head;
use crate::io::{FAR, poll};
use crate::library::{Ending, Link};
use crate::respond::{Form, Response};

/// A connection, and the thread that serves it.
pub(crate) struct Guarded<'f> {
    front: &'f Arc<Front>,
    number: u64,
    connection: Arc<Connection>,
    guard: Guard,
    /// Received, and not yet given to the library.
    held: Vec<u8>,
    /// How many of the held bytes the library may have.
    passed: usize,
    /// The request in flight.
    link: Option<Arc<Link>>,
    /// Given to the library, but not taken by it.
    feed: Vec<u8>,
    /// On the way to the peer.
    back: Vec<u8>,
    reply: Reply,
    /// Requests so far.
    requests: u64,
    /// Whether the peer sends no more.
    ended: bool,
    /// Whether it was told to make room for another connection, and nothing more is read from it.
    gave_way: bool,
    /// Whether a request waits for a thread or for file descriptors.
    starved: bool,
    received: bool,
    answered: bool,
}

/// How far an answer has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reply {
    Awaited,
    /// It may begin with a word that invites the body.
    Expected,
    Begun,
    /// All of it is here, but the peer has not taken it.
    Whole(Ending),
}

/// The connection is over.
struct Over;

impl<'f> Guarded<'f> {
    pub(crate) fn new(front: &'f Arc<Front>, stream: TcpStream) -> Self {
        let (number, connection) = front.connections.add(stream);
        Guarded {
            number,
            connection,
            guard: Guard::new(front.limits.clone(), front.hub.clock().now()),
            held: Vec::new(),
            passed: 0,
            link: None,
            feed: Vec::new(),
            back: Vec::new(),
            reply: Reply::Awaited,
            requests: 0,
            ended: false,
            gave_way: false,
            starved: false,
            received: true,
            answered: false,
            front,
        }
    }

    /// Serves the connection until it ends, is closed by its guard, or the program stops.
    pub(crate) fn converse(mut self) {
        while let Ok(()) = self.turn() {}
        self.front.connections.remove(self.number);
        self.unlink();
        let refusal = self.front.rules.refusal(&self.guard);
        self.front.hub.submit(refusal.and_then(|refusal| refusal.report()));
    }

    fn turn(&mut self) -> Result<(), Over> {
        if self.received {
            self.receive()?;
        }
        self.judge()?;
        self.keep_time()?;
        self.feed();
        if self.answered {
            self.take_answer()?;
        }
        self.send()?;
        if let (true, Reply::Whole(ending)) = (self.back.is_empty(), self.reply) {
            self.settle(ending)?;
            // The next request may be here already.
            self.judge()?;
            self.feed();
        }
        self.wait()
    }

    /// Reads what the peer has sent.
    fn receive(&mut self) -> Result<(), Over> {
        let room = self.room();
        match read(&self.connection.stream, &mut self.held, room) {
            Got::Bytes(_) | Got::Nothing => {}
            Got::Failure => return Err(Over),
            // The peer may still read; the guard says for how long it is to be answered.
            Got::End if !self.connection.gives_way() => {
                self.ended = true;
                if self.guard.ended(self.now()).is_some() {
                    self.refuse();
                }
            }
            Got::End => {}
        }
        Ok(())
    }

    /// Does what is due, now that what the peer has sent is known.
    fn keep_time(&mut self) -> Result<(), Over> {
        let now = self.now();
        let breach = match self.connection.gives_way() && !self.gave_way {
            true => {
                self.gave_way = true;
                let breach = self.guard.give_way(now);
                // The request in flight is answered, and no later one.
                self.ended |= breach.is_none();
                breach
            }
            false => self.guard.handle_timeout(now),
        };
        match breach {
            None => Ok(()),
            Some(Breach::Close) => Err(Over),
            Some(Breach::CloseIdle) => self.look(),
            Some(Breach::Refuse(_)) => {
                self.refuse();
                Ok(())
            }
        }
    }

    /// How many bytes may be received now.
    fn room(&self) -> usize {
        let is_deaf = self.ended || self.gave_way;
        if is_deaf || self.guard.refused().is_some() || !self.feed.is_empty() {
            return 0;
        }
        let waiting = self.held.len() - self.passed;
        self.guard.held_bytes_max().saturating_sub(waiting).min(RECEIVED_BYTES_MAX)
    }

    fn judge(&mut self) -> Result<(), Over> {
        if self.passed < self.held.len() && self.guard.refused().is_none() {
            let now = self.now();
            let Inspection { pass, refuse } = self.guard.inspect(&self.held[self.passed..], now);
            self.passed += pass;
            if refuse.is_some() {
                self.refuse();
            }
        }
        if self.passed > 0 {
            self.pass()?;
        }
        Ok(())
    }

    /// Gives the library what it may have.
    fn pass(&mut self) -> Result<(), Over> {
        let mut head_bytes = 0;
        if self.link.is_none() {
            head_bytes = self.head().len();
            let head = Head::adapt(self.head());
            if head.is_eager && self.guard.is_inside_body() {
                return Ok(());
            }
            self.starved = !self.front.room.take_request();
            if self.starved {
                return Ok(());
            }
            self.reply = if head.expects { Reply::Expected } else { Reply::Awaited };
            let peer = self.connection.stream.peer_addr().ok().map(|peer| peer.ip());
            let is_last = self.requests + 1 >= self.front.hub.connection_requests_max();
            match self.front.link(head.is_last || is_last, peer, self.head().into()) {
                Ok(link) => {
                    self.feed = head.into_bytes(link.number);
                    self.link = Some(link);
                    self.requests += 1;
                }
                Err(_) => {
                    self.front.room.request_opened();
                    self.starved = true;
                    return Ok(());
                }
            }
        }
        if let (Some(link), false) = (&self.link, self.guard.is_inside_body()) {
            link.complete();
        }
        self.feed.extend_from_slice(&self.held[head_bytes..self.passed]);
        self.held.drain(..self.passed);
        self.passed = 0;
        Ok(())
    }

    /// The head at the front of what the library may have; all of that if it is not complete.
    fn head(&self) -> &[u8] {
        let passed = &self.held[..self.passed];
        let end = memchr::memmem::find(passed, b"\r\n\r\n").map_or(passed.len(), |at| at + 4);
        &passed[..end]
    }

    fn feed(&mut self) {
        let Some(link) = &self.link else { return };
        while !self.feed.is_empty() {
            match link.stream().write(&self.feed) {
                Ok(bytes) if bytes > 0 => drop(self.feed.drain(..bytes)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                // Nobody wants the body.
                _ => self.feed.clear(),
            }
        }
    }

    /// Takes what the library has written, once the peer has taken what was there before.
    fn take_answer(&mut self) -> Result<(), Over> {
        let (Some(link), true) = (&self.link, self.back.is_empty()) else { return Ok(()) };
        match (read(link.stream(), &mut self.back, ANSWER_BYTES_MAX), self.reply) {
            (Got::Nothing, _) => {}
            (Got::Bytes(_), Reply::Expected) if self.back.starts_with(b"HTTP/1.1 100 ") => {
                // The library's own has a Content-Length (RFC 9110, section 8.6, forbids it). The
                // answer may follow at once, if there is nothing to wait for.
                let end = memchr::memmem::find(&self.back, b"\r\n\r\n");
                let end = end.map_or(self.back.len(), |at| at + 4);
                let is_last = end == self.back.len();
                self.back.splice(..end, *b"HTTP/1.1 100 Continue\r\n\r\n");
                self.reply = if is_last { Reply::Awaited } else { Reply::Begun };
            }
            (Got::Bytes(_), _) => self.reply = Reply::Begun,
            (_, Reply::Begun) => self.reply = Reply::Whole(link.ending()),
            _ if self.guard.refused().is_some() => self.write_refusal(),
            _ => return Err(Over),
        }
        Ok(())
    }

    fn send(&mut self) -> Result<(), Over> {
        while !self.back.is_empty() {
            let now = self.now();
            match (&self.connection.stream).write(&self.back) {
                Ok(bytes) if bytes > 0 => {
                    self.guard.wrote(now);
                    self.back.drain(..bytes);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.guard.write_blocked(now);
                    return Ok(());
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                _ => return Err(Over),
            }
        }
        Ok(())
    }

    /// The peer has taken the answer.
    fn settle(&mut self, ending: Ending) -> Result<(), Over> {
        self.unlink();
        self.reply = Reply::Awaited;
        if ending == Ending::Broken {
            return Err(Over);
        }
        // A body that nobody has read might be taken for the next request, by anybody else.
        let is_unread = self.guard.refused().is_some() || self.guard.is_inside_body();
        if ending == Ending::Close || is_unread || self.ended {
            self.linger(is_unread || !self.held.is_empty());
            return Err(Over);
        }
        self.guard.responded(self.now());
        Ok(())
    }

    /// Answers why nothing passes any more: at once, or in the place of the answer that is awaited.
    fn refuse(&mut self) {
        self.held.clear();
        self.passed = 0;
        self.feed.clear();
        match &self.link {
            Some(link) => link.end_body(),
            None => self.write_refusal(),
        }
    }

    fn write_refusal(&mut self) {
        let Some(Answer { head, body, .. }) = self.front.rules.refusal(&self.guard) else { return };
        let form = Form { is_http_10: false, is_head: false, close: true };
        // A vector takes everything.
        let _ = Response::new(&mut self.back, form).reply(&head, &Chunk::from(body));
        self.reply = Reply::Whole(Ending::Close);
    }

    fn unlink(&mut self) {
        self.feed.clear();
        if let Some(link) = self.link.take()
            && self.front.library.unlink(&link)
        {
            self.front.room.request_opened();
        }
    }

    /// Waits until there is something to do.
    fn wait(&mut self) -> Result<(), Over> {
        let phase = self.front.hub.phase();
        if self.is_over(phase) {
            return Err(Over);
        }
        self.connection.set_waits(self.guard.waits_for_peer());
        if self.link.is_none() && self.held.is_empty() && self.back.is_empty() {
            // Those who are idle need no memory.
            (self.held, self.feed, self.back) = Default::default();
        }
        let wanted = |read, write| {
            let read = if read { PollFlags::IN } else { PollFlags::empty() };
            read | if write { PollFlags::OUT } else { PollFlags::empty() }
        };
        let peer = wanted(self.room() > 0, !self.back.is_empty());
        let mut fds = vec![PollFd::new(&self.connection.stream, peer)];
        let is_whole = matches!(self.reply, Reply::Whole(_));
        let library = wanted(self.back.is_empty() && !is_whole, !self.feed.is_empty());
        // Its end would be told even if nothing is wanted of it.
        if let (Some(link), false) = (&self.link, library.is_empty()) {
            fds.push(PollFd::new(link.stream(), library));
        }
        let linked = fds.len() > 1;
        let latch = self.front.latch_after(phase);
        fds.extend(latch.map(|latch| PollFd::new(latch, PollFlags::IN)));
        let mut pause = self.pause();
        if self.starved {
            pause = pause.min(self.front.limits.accept_pause);
        }
        poll(&mut fds, pause).map_err(|_| Over)?;
        let peer = fds[0].revents();
        self.received = peer.contains(PollFlags::IN);
        self.answered = linked && !fds[1].revents().is_empty();
        match peer.intersects(PollFlags::ERR | PollFlags::HUP) {
            true => Err(Over),
            false => Ok(()),
        }
    }

    /// Whether nothing more is to be said.
    fn is_over(&mut self, phase: Phase) -> bool {
        match phase {
            Phase::Serving | Phase::Draining => {}
            Phase::Stopped { forced: false } => self.guard.stopped(self.now()),
            Phase::Stopped { forced: true } => return true,
        }
        // A request may still wait for its link.
        let is_asked = self.link.is_some() || self.guard.in_flight() > 0;
        self.ended && !is_asked && self.back.is_empty()
    }

    /// The last look at a connection that is about to be closed for its silence.
    fn look(&mut self) -> Result<(), Over> {
        let room = self.room();
        match read(&self.connection.stream, &mut self.held, room) {
            Got::Bytes(_) => Ok(()),
            Got::Nothing | Got::End | Got::Failure => Err(Over),
        }
    }

    /// Closes our side; then, if the peer may still be sending, waits until it has seen that. To
    /// close both sides at once would reset the connection, and take the answer from it. How long
    /// that may last is one of the guard's deadlines.
    fn linger(&mut self, is_unread: bool) {
        if self.connection.stream.shutdown(Shutdown::Write).is_err() || !is_unread || self.ended {
            return;
        }
        self.guard.closing(self.now());
        let mut left = self.front.limits.body_bytes_max;
        while left > 0 {
            let phase = self.front.hub.phase();
            if self.is_over(phase) || self.connection.gives_way() {
                return;
            }
            self.connection.set_waits(self.guard.waits_for_peer());
            self.held.clear();
            match read(&self.connection.stream, &mut self.held, RECEIVED_BYTES_MAX) {
                Got::Bytes(bytes) => {
                    self.guard.closing(self.now());
                    left = left.saturating_sub(bytes);
                }
                Got::End | Got::Failure => return,
                Got::Nothing => {
                    let mut fds = vec![PollFd::new(&self.connection.stream, PollFlags::IN)];
                    let latch = self.front.latch_after(phase);
                    fds.extend(latch.map(|latch| PollFd::new(latch, PollFlags::IN)));
                    let pause = self.pause();
                    if poll(&mut fds, pause).is_err() {
                        return;
                    }
                }
            }
            if self.guard.handle_timeout(self.now()).is_some() {
                return;
            }
        }
    }

    /// How long nothing is due.
    fn pause(&self) -> Duration {
        self.guard.poll_timeout().map_or(FAR, |deadline| deadline.at.since(self.now()))
    }

    fn now(&self) -> Instant {
        self.front.hub.clock().now()
    }
}

/// What a read has brought.
enum Got {
    Bytes(usize),
    Nothing,
    End,
    Failure,
}

/// Appends up to `bytes_max` bytes, or a few more, of what is there.
fn read(from: impl AsFd, to: &mut Vec<u8>, bytes_max: usize) -> Got {
    if bytes_max == 0 {
        return Got::Nothing;
    }
    to.reserve(bytes_max);
    match rustix::io::read(from, spare_capacity(to)) {
        Ok(0) => Got::End,
        Ok(bytes) => Got::Bytes(bytes),
        Err(Errno::AGAIN | Errno::INTR) => Got::Nothing,
        Err(_) => Got::Failure,
    }
}

/// How much is read from the peer at a time.
const RECEIVED_BYTES_MAX: usize = 16 * 1024;

/// How much of an answer is on its way to the peer.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

#[cfg(test)]
mod tests;
