//! One connection: a thread that runs a [`Connection`] of the core on a socket.
//!
//! Owns: the socket, and the call that the thread waits in. Never: checks a byte, or decides when a
//! connection ends.
//!
//! The thread waits in `poll` for the socket in both directions, for the end of the program and,
//! while the engine has a request, for its answer.

use std::collections::VecDeque;
use std::future::Future;
use std::io::{ErrorKind, IoSlice, Write};
use std::net::{Shutdown, TcpStream};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use pontoon_carrier::Phase;
use pontoon_carrier::coding;
use pontoon_carrier::exchange::{Answer, Exchange};
use pontoon_core::http::{Connection, ConnectionEvent};
use pontoon_core::time::{Duration, Instant};
use rustix::buffer::spare_capacity;
use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;

use crate::front::{Front, OpenConnection};
use crate::io::{FAR, PollWaker, poll};

/// A connection, and the thread that serves it.
pub(crate) struct Serving<'f> {
    front: &'f Front,
    number: u64,
    socket: Arc<OpenConnection>,
    connection: Connection,
    answer: Pending,
    /// Wakes this thread when there is more of an answer.
    waker: Option<Arc<PollWaker>>,
    /// Whether it was closed for another connection.
    gave_way: bool,
}

/// The answer that the connection waits for, or sends.
enum Pending {
    None,
    Awaited(Exchange),
    Stream(Exchange),
    /// The whole answer is in the connection; the engine is told when it was sent.
    Reply(Exchange),
}

/// The connection is over.
struct Over;

impl<'f> Serving<'f> {
    pub(crate) fn new(front: &'f Front, stream: TcpStream) -> Self {
        let peer = stream.peer_addr().ok().map(|peer| peer.ip());
        let connection = Connection::new(front.connection.clone(), peer, front.hub.clock().now());
        let (number, socket) = front.add(stream);
        let (answer, waker, gave_way) = (Pending::None, None, false);
        Serving { front, number, socket, connection, answer, waker, gave_way }
    }

    /// Serves the connection until it ends or the program stops.
    pub(crate) fn run(mut self) {
        while let Ok(()) = self.advance().and_then(|()| self.wait()) {}
        self.front.remove(self.number);
        self.release_waker();
    }

    /// Does everything that needs no waiting.
    fn advance(&mut self) -> Result<(), Over> {
        loop {
            self.handle_events()?;
            if self.write()? || self.poll_answer() {
                continue;
            }
            return Ok(());
        }
    }

    fn handle_events(&mut self) -> Result<(), Over> {
        let now = self.now();
        while let Some(event) = self.connection.poll_event(now) {
            match event {
                ConnectionEvent::Head => {
                    let head = self.connection.head().expect("it is there with this event");
                    let verdict = self.front.hub.admit(&self.front.connection.rules, &head);
                    self.set_phase(now)?;
                    self.connection.admit(verdict, now);
                }
                ConnectionEvent::Request(request) => {
                    self.answer = Pending::Awaited(self.front.hub.open(request));
                }
                ConnectionEvent::Refused(refusal) => self.front.hub.submit([refusal.into()]),
                ConnectionEvent::Shutdown => {
                    // Its read side was closed for another connection, so there is nothing to wait
                    // for.
                    if self.socket.stream.shutdown(Shutdown::Write).is_err() || self.gave_way {
                        return Err(Over);
                    }
                }
                ConnectionEvent::Closed => return Err(Over),
            }
        }
        Ok(())
    }

    /// Takes the available part of the answer from the engine, once everything before it was sent;
    /// returns whether there was any.
    fn poll_answer(&mut self) -> bool {
        if !self.connection.has_sent_all() {
            return false;
        }
        let now = self.now();
        match std::mem::replace(&mut self.answer, Pending::None) {
            Pending::None | Pending::Reply(_) => false,
            Pending::Awaited(mut exchange) => {
                match self.poll_with_waker(|cx| pin!(exchange.answer()).poll(cx)) {
                    Poll::Ready(answer) => self.take_answer(exchange, answer, now),
                    Poll::Pending => {
                        self.answer = Pending::Awaited(exchange);
                        return false;
                    }
                }
                true
            }
            Pending::Stream(mut exchange) => {
                let mut parts = VecDeque::<Bytes>::new();
                match self.poll_with_waker(|cx| exchange.poll_parts(cx, &mut parts)) {
                    Poll::Ready(true) => {
                        self.connection.send(&mut parts);
                        self.answer = Pending::Stream(exchange);
                    }
                    Poll::Ready(false) => self.connection.finish(),
                    Poll::Pending => {
                        self.answer = Pending::Stream(exchange);
                        return false;
                    }
                }
                true
            }
        }
    }

    fn take_answer(&mut self, exchange: Exchange, answer: Answer, now: Instant) {
        let hub = &self.front.hub;
        if hub.phase() > Phase::Serving {
            self.connection.handle_draining();
        }
        match answer {
            Answer::Reply(mut head, body, receipt) => {
                let account = hub.memory().made();
                let body = coding::encode(&mut head, self.connection.coding(), body, &account);
                self.connection.respond(head, body, now);
                if receipt {
                    self.answer = Pending::Reply(exchange);
                }
            }
            Answer::Begin(head) => {
                self.connection.begin(head, now);
                self.answer = Pending::Stream(exchange);
            }
        }
    }

    /// Polls with a waker that wakes this thread. Without a file descriptor for one, the thread
    /// polls again from time to time.
    fn poll_with_waker<T>(&mut self, mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>) -> Poll<T> {
        if self.waker.is_none() {
            let ready = poll(&mut Context::from_waker(Waker::noop()));
            if ready.is_ready() {
                return ready;
            }
            self.waker = self.front.take_waker();
        }
        match &self.waker {
            Some(waker) => poll(&mut Context::from_waker(&waker.clone().into())),
            None => Poll::Pending,
        }
    }

    /// Writes the pending bytes; returns whether all of them were sent by this call.
    fn write(&mut self) -> Result<bool, Over> {
        let mut wrote = false;
        while !self.connection.has_sent_all() {
            let mut slices = [IoSlice::new(&[]); SLICES_MAX];
            let mut count = 0;
            for (slice, piece) in slices.iter_mut().zip(self.connection.poll_transmit()) {
                *slice = IoSlice::new(piece);
                count += 1;
            }
            match (&self.socket.stream).write_vectored(&slices[..count]) {
                Ok(bytes) if bytes > 0 => {
                    let content = self.connection.handle_sent(bytes, self.now());
                    if let Pending::Reply(exchange) | Pending::Stream(exchange) = &mut self.answer {
                        exchange.taken(content);
                    }
                    wrote = true;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.connection.handle_write_blocked(self.now());
                    return Ok(false);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                _ => return Err(Over),
            }
        }
        if let Pending::Reply(_) = self.answer {
            self.answer = Pending::None;
        }
        Ok(wrote)
    }

    /// Reads once.
    fn read(&mut self) -> Result<(), Over> {
        let bytes_max = self.connection.read_bytes_max();
        if bytes_max == 0 || self.gave_way {
            return Ok(());
        }
        // On the stack, each page of the buffer would stay in use while the thread waits.
        let mut buffer = Vec::with_capacity(bytes_max);
        match rustix::io::read(&self.socket.stream, spare_capacity(&mut buffer)) {
            // The end may be this side's own, to wake this thread.
            Ok(0) if self.socket.gives_way() => {}
            Ok(0) => self.connection.handle_end(),
            Ok(_) => self.connection.handle_bytes(&buffer, self.front.hub.clock().now()),
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(_) => return Err(Over),
        }
        Ok(())
    }

    /// Waits until there is something to do, and records what.
    fn wait(&mut self) -> Result<(), Over> {
        let now = self.now();
        let phase = self.set_phase(now)?;
        self.socket.set_waits(self.connection.waits_for_peer());
        if let Pending::None = self.answer {
            self.release_waker();
        }
        let mut wanted = PollFlags::empty();
        wanted.set(PollFlags::IN, self.connection.read_bytes_max() > 0 && !self.gave_way);
        wanted.set(PollFlags::OUT, !self.connection.has_sent_all());
        let latch = self.front.latch_after(phase);
        let mut fds = Vec::with_capacity(3);
        fds.push(PollFd::new(&self.socket.stream, wanted));
        fds.extend(self.waker.as_deref().map(|waker| PollFd::new(waker, PollFlags::IN)));
        fds.extend(latch.map(|latch| PollFd::new(latch, PollFlags::IN)));
        poll(&mut fds, self.pause(now)).map_err(|_| Over)?;
        let socket = fds[0].revents();
        let woken = self.waker.is_some() && !fds[1].revents().is_empty();
        drop(fds);
        if let (true, Some(waker)) = (woken, &self.waker) {
            waker.reset();
        }
        if socket.intersects(PollFlags::ERR | PollFlags::HUP) {
            return Err(Over);
        }
        self.handle_wait(socket.contains(PollFlags::IN))
    }

    fn handle_wait(&mut self, is_readable: bool) -> Result<(), Over> {
        let gives_way = self.socket.gives_way() && !self.gave_way;
        let now = self.now();
        let is_due = self.connection.poll_timeout().is_some_and(|deadline| deadline.at <= now);
        if is_readable || is_due || gives_way {
            self.read()?;
        }
        if is_due || gives_way {
            self.handle_events()?;
            self.connection.handle_timeout(now);
        }
        if gives_way {
            self.gave_way = true;
            self.connection.give_way(now);
        }
        Ok(())
    }

    /// Tells the connection the phase of the program.
    fn set_phase(&mut self, now: Instant) -> Result<Phase, Over> {
        let phase = self.front.hub.phase();
        match phase {
            Phase::Serving => {}
            Phase::Draining => self.connection.handle_draining(),
            Phase::Stopped { forced: false } => self.connection.handle_stopped(now),
            Phase::Stopped { forced: true } => return Err(Over),
        }
        Ok(phase)
    }

    /// Returns the time until something is due.
    fn pause(&self, now: Instant) -> Duration {
        let pause = self.connection.poll_timeout().map_or(FAR, |deadline| deadline.at.since(now));
        match (&self.answer, &self.waker) {
            (Pending::Awaited(_) | Pending::Stream(_), None) if self.connection.has_sent_all() => {
                pause.min(self.front.connection.limits.accept_pause)
            }
            _ => pause,
        }
    }

    fn release_waker(&mut self) {
        self.waker.take().into_iter().for_each(|waker| self.front.return_waker(waker));
    }

    fn now(&self) -> Instant {
        self.front.hub.clock().now()
    }
}

/// The maximum number of parts of an answer per system call.
const SLICES_MAX: usize = 16;

#[cfg(test)]
mod tests;
