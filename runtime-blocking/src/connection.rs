//! One connection: a thread that runs a [`Connection`] of the core on a socket.
//!
//! Owns: the socket, and the call that the thread waits in. Never: checks a byte, or decides when a
//! connection ends.
//!
//! The thread waits in `poll` for the socket in both directions, for the end of the program and,
//! while the engine has a request, for its answer. A short answer is sent by the thread that
//! delivers it, usually that of a child, which saves a switch between threads for each request.

use std::collections::VecDeque;
use std::future::Future;
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::mem;
use std::net::{IpAddr, Shutdown, TcpStream};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use bytes::Bytes;
use pontoon_core::http::{Connection, ConnectionConfig, ConnectionEvent, PeerWait};
use pontoon_core::{Duration, Instant};
use pontoon_driver::admit_wait::AdmitWait;
use pontoon_driver::connections::{self, Permit};
use pontoon_driver::exchange::{Answer, Exchange};
use pontoon_driver::site::{Endpoint, Site};
use pontoon_driver::tls::TlsSession;
use pontoon_driver::{Phase, Surface, coding, lock};
use rustix::event::{PollFd, PollFlags};
use smallvec::SmallVec;

use crate::io::{Event, FAR, is_passing, poll};
use crate::respond::write_head;

/// The state that all connections share.
pub(crate) struct Front {
    site: Arc<Site>,
    /// Unused events.
    events: Mutex<Vec<Arc<Event>>>,
    make_event: fn() -> io::Result<Event>,
    /// Set when the engine has stopped.
    pub(crate) stopped: Event,
}

impl Front {
    pub(crate) fn new(site: Arc<Site>) -> io::Result<Arc<Self>> {
        let (events, make_event, stopped) = (Mutex::default(), Event::new as _, Event::new()?);
        Ok(Arc::new(Front { site, events, make_event, stopped }))
    }

    /// Serves a connection on a thread of its own.
    pub(crate) fn serve(
        self: &Arc<Self>,
        stream: TcpStream,
        surface: Surface,
        permit: Permit,
    ) -> io::Result<()> {
        // It fails only on a closed connection.
        let _ = stream.set_nodelay(true);
        let front = self.clone();
        let tls = self.site.tls().map(|tls| TlsSession::new(tls, peer_of(&stream)));
        let tls = tls.transpose()?;
        let serve = move || {
            let link = Link::new(front, stream, surface, tls);
            permit.register(link.clone());
            let _ = link.serve();
        };
        crate::spawn("pontoon-http", serve).map(drop)
    }

    fn now(&self) -> Instant {
        self.site.clock().now()
    }
}

/// A connection, as other threads see it.
struct Link {
    front: Arc<Front>,
    surface: Surface,
    stream: TcpStream,
    state: Mutex<State>,
    /// Wakes the thread of the connection while it waits for an answer.
    event: Mutex<Option<Arc<Event>>>,
    /// Whether it is to be closed for another connection.
    gives_way: AtomicBool,
}

struct State {
    connection: Connection,
    /// The endpoint of the request that is being read.
    endpoint: Arc<Endpoint>,
    tls: Option<TlsSession>,
    answer: Pending,
    /// The time until which the thread of the connection waits at most.
    wakes: Instant,
    /// Whether it was closed for another connection.
    gave_way: bool,
    is_over: bool,
}

/// The answer that the connection waits for, or sends.
enum Pending {
    None,
    /// The request is not admitted yet.
    Admission(AdmitWait),
    Awaited(Exchange),
    Stream(Exchange),
    /// The whole answer is in the connection; the engine is told when it was sent.
    Reply(Exchange),
}

/// The connection is over.
struct Over;

impl connections::Connection for Link {
    /// A connection that is being worked on waits for nothing.
    fn waits_for_peer(&self) -> Option<(PeerWait, Instant)> {
        let state = self.state.try_lock().ok()?;
        state.connection.waits_for_peer().filter(|_| !self.gives_way.load(Ordering::Acquire))
    }

    fn give_way(&self) {
        let wait = self.waits_for_peer();
        self.gives_way.store(true, Ordering::Release);
        // Its thread wakes as if its peer had closed that side.
        let is_taking = wait.is_some_and(|(wait, _)| wait == PeerWait::Taking);
        let how = if is_taking { Shutdown::Both } else { Shutdown::Read };
        let _ = self.stream.shutdown(how);
    }
}

impl Wake for Link {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let is_done = self.state.try_lock().is_ok_and(|mut state| state.answer_here(self));
        if let (false, Some(event)) = (is_done, &*lock(&self.event)) {
            event.set();
        }
    }
}

impl Link {
    fn new(
        front: Arc<Front>,
        stream: TcpStream,
        surface: Surface,
        tls: Option<TlsSession>,
    ) -> Arc<Self> {
        let endpoint = front.site.of_surface(surface);
        let config = Arc::new(ConnectionConfig {
            rules: endpoint.rules().clone(),
            limits: front.site.limits(),
            requests_max: endpoint.connection_requests_max(),
            write_head,
        });
        let state = State {
            connection: Connection::new(config, peer_of(&stream), front.now()),
            endpoint,
            tls,
            answer: Pending::None,
            wakes: Instant::ZERO,
            gave_way: false,
            is_over: false,
        };
        let (state, event) = (Mutex::new(state), Mutex::default());
        Arc::new(Link { front, surface, stream, state, event, gives_way: AtomicBool::new(false) })
    }

    /// Serves the connection until it ends or the program stops.
    fn serve(self: &Arc<Self>) -> Result<(), Over> {
        let _end = End(self);
        let mut polled = PollFlags::empty();
        loop {
            let (wanted, pause, phase) = {
                let mut state = lock(&self.state);
                state.handle_polled(self, polled)?;
                state.advance(self)?;
                state.plan(self)?
            };
            let event = lock(&self.event).clone();
            let mut fds = SmallVec::<[_; 3]>::new();
            fds.push(PollFd::new(&self.stream, wanted));
            fds.extend(event.as_ref().map(|event| PollFd::new(event, PollFlags::IN)));
            if phase < (Phase::Stopped { forced: false }) {
                fds.push(PollFd::new(&self.front.stopped, PollFlags::IN));
            }
            poll(&mut fds, pause).map_err(|_| Over)?;
            polled = fds[0].revents();
            let is_set = event.is_some() && !fds[1].revents().is_empty();
            drop(fds);
            // It may be another connection's by now.
            if let (true, Some(event)) = (is_set, &*lock(&self.event)) {
                event.reset();
            }
        }
    }

    /// Takes an event to be woken with, if there is a descriptor for one.
    fn take_event(&self) -> bool {
        let mut event = lock(&self.event);
        if event.is_none() {
            let unused = lock(&self.front.events).pop();
            *event = unused.or_else(|| (self.front.make_event)().map(Arc::new).ok());
        }
        event.is_some()
    }

    fn return_event(&self) {
        if let Some(event) = lock(&self.event).take() {
            // If it is set late, it wakes the next thread once too often, which is harmless.
            lock(&self.front.events).push(event);
        }
    }

    fn gives_way(&self) -> bool {
        self.gives_way.load(Ordering::Acquire)
    }
}

fn peer_of(stream: &TcpStream) -> Option<IpAddr> {
    stream.peer_addr().ok().map(|peer| peer.ip())
}

/// Ends the exchange of a connection, which its waker keeps alive.
struct End<'a>(&'a Link);

impl Drop for End<'_> {
    fn drop(&mut self) {
        let (answer, tls) = {
            let mut state = lock(&self.0.state);
            (mem::replace(&mut state.answer, Pending::None), state.tls.take())
        };
        drop(answer);
        self.0.front.site.report(tls.and_then(|mut tls| tls.report()));
        self.0.return_event();
    }
}

impl State {
    /// Does everything that needs no waiting.
    fn advance(&mut self, link: &Arc<Link>) -> Result<(), Over> {
        loop {
            self.handle_events(link)?;
            if self.write(link)? || self.poll_admission(link)? || self.poll_answer(link) {
                continue;
            }
            return Ok(());
        }
    }

    #[inline(never)]
    fn handle_events(&mut self, link: &Arc<Link>) -> Result<(), Over> {
        let front = &link.front;
        let now = front.now();
        while let Some(event) = self.connection.poll_event(now) {
            match event {
                ConnectionEvent::Head => {
                    self.answer = Pending::Admission(AdmitWait::default());
                    self.poll_admission(link)?;
                }
                ConnectionEvent::Request(request) => {
                    let endpoint = mem::replace(&mut self.endpoint, front.site.main());
                    let head = self.connection.head().expect("it is kept until the next event");
                    let exchange = front.site.open(link.surface, &head, &endpoint, request);
                    self.answer = Pending::Awaited(exchange);
                }
                ConnectionEvent::Refused(refusal) => {
                    mem::replace(&mut self.endpoint, front.site.main()).refused(refusal);
                }
                ConnectionEvent::Shutdown => {
                    // Its read side was closed for another connection, so there is nothing to wait
                    // for.
                    self.close_tls(link);
                    if link.stream.shutdown(Shutdown::Write).is_err() || self.gave_way {
                        return Err(Over);
                    }
                }
                ConnectionEvent::Closed => {
                    // An answer that is cut short must not look complete.
                    if matches!(self.answer, Pending::None) && self.connection.has_sent_all() {
                        self.close_tls(link);
                    }
                    return Err(Over);
                }
            }
        }
        Ok(())
    }

    /// Passes the verdict about a head to the connection, once there is one; returns whether there
    /// was.
    fn poll_admission(&mut self, link: &Arc<Link>) -> Result<bool, Over> {
        let Pending::Admission(wait) = &mut self.answer else { return Ok(false) };
        let Some(head) = self.connection.head() else { return Ok(false) };
        let site = &link.front.site;
        let Poll::Ready((endpoint, verdict)) =
            poll_with(link, |cx| site.poll_admit(cx, link.surface, &head, wait))
        else {
            return Ok(false);
        };
        self.endpoint = endpoint;
        self.answer = Pending::None;
        let now = link.front.now();
        self.set_phase(link, now)?;
        self.connection.admit(verdict, now);
        Ok(true)
    }

    /// Takes the available part of the answer from the engine, once everything before it was sent;
    /// returns whether there was any.
    #[inline(never)]
    fn poll_answer(&mut self, link: &Arc<Link>) -> bool {
        if !self.connection.has_sent_all() {
            return false;
        }
        match mem::replace(&mut self.answer, Pending::None) {
            Pending::None | Pending::Reply(_) => false,
            waiting @ Pending::Admission(_) => {
                self.answer = waiting;
                false
            }
            Pending::Awaited(mut exchange) => {
                match poll_with(link, |cx| pin!(exchange.answer()).poll(cx)) {
                    Poll::Ready(answer) => self.take_answer(link, exchange, answer),
                    Poll::Pending => {
                        self.answer = Pending::Awaited(exchange);
                        return false;
                    }
                }
                true
            }
            Pending::Stream(mut exchange) => {
                let mut parts = VecDeque::<Bytes>::new();
                match poll_with(link, |cx| exchange.poll_parts(cx, &mut parts)) {
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

    /// Sends a short answer, on the thread that delivers it; returns whether nothing is left to do
    /// for the thread of the connection.
    fn answer_here(&mut self, link: &Arc<Link>) -> bool {
        if self.connection.has_received() || self.has_unread() || !self.connection.has_sent_all() {
            return false;
        }
        let Pending::Awaited(exchange) = &mut self.answer else { return false };
        let Some(answer) = exchange.take_short() else { return false };
        if let Pending::Awaited(exchange) = mem::replace(&mut self.answer, Pending::None) {
            self.take_answer(link, exchange, answer);
        }
        self.is_over = self.write(link).and_then(|_| self.handle_events(link)).is_err();
        let is_idle = matches!(self.connection.waits_for_peer(), Some((PeerWait::NextRequest, _)));
        let wakes = self.connection.poll_timeout().is_none_or(|due| self.wakes <= due.at);
        let is_done = is_idle && wakes && !self.is_over;
        if is_done {
            link.return_event();
        }
        is_done
    }

    fn take_answer(&mut self, link: &Link, exchange: Exchange, answer: Answer) {
        let now = link.front.now();
        if link.front.site.phase() > Phase::Serving {
            self.connection.handle_draining();
        }
        match answer {
            Answer::Reply(mut head, body, receipt) => {
                let account = exchange.memory().made();
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

    /// Writes the pending bytes; returns whether all of them were sent by this call.
    fn write(&mut self, link: &Link) -> Result<bool, Over> {
        if let Some(tls) = &mut self.tls {
            // If the socket has no room, it is waited for. Its failure shows in the next call.
            let _ = tls.flush(&mut &link.stream);
        }
        let mut wrote = false;
        while !self.connection.has_sent_all() {
            let mut slices = [IoSlice::new(&[]); SLICES_MAX];
            let mut count = 0;
            for (slice, piece) in slices.iter_mut().zip(self.connection.poll_transmit()) {
                *slice = IoSlice::new(piece);
                count += 1;
            }
            let written = match &mut self.tls {
                Some(tls) => tls.write(&mut &link.stream, &slices[..count]),
                None => (&link.stream).write_vectored(&slices[..count]),
            };
            match written {
                Ok(bytes) if bytes > 0 => {
                    let content = self.connection.handle_sent(bytes, link.front.now());
                    if let Pending::Reply(exchange) | Pending::Stream(exchange) = &mut self.answer {
                        exchange.taken(content);
                    }
                    wrote = true;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.connection.handle_write_blocked(link.front.now());
                    return Ok(false);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Ok(_) | Err(_) => return Err(Over),
            }
        }
        if let Pending::Reply(_) = self.answer {
            self.answer = Pending::None;
        }
        Ok(wrote)
    }

    /// Reads once, or twice if there is much to read.
    ///
    /// Not inlined, because a thread keeps each page of its stack that it has used once.
    #[inline(never)]
    fn read(&mut self, link: &Link) -> Result<(), Over> {
        let mut buffer = [0; READ_BYTES_TYPICAL];
        if self.read_into(link, &mut buffer)? == buffer.len() {
            self.read_into(link, &mut vec![0; self.connection.read_bytes_max()])?;
        }
        Ok(())
    }

    fn read_into(&mut self, link: &Link, buffer: &mut [u8]) -> Result<usize, Over> {
        let bytes_max = self.connection.read_bytes_max().min(buffer.len());
        if bytes_max == 0 || self.gave_way {
            return Ok(0);
        }
        let read = match &mut self.tls {
            Some(tls) => tls.read(&mut &link.stream, &mut buffer[..bytes_max]),
            None => (&link.stream).read(&mut buffer[..bytes_max]),
        };
        match read {
            // The end may be this side's own, to wake this thread.
            Ok(0) if link.gives_way() => Ok(0),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof && link.gives_way() => Ok(0),
            Ok(0) => {
                self.connection.handle_end();
                Ok(0)
            }
            Ok(bytes) => {
                self.connection.handle_bytes(&buffer[..bytes], link.front.now());
                Ok(bytes)
            }
            Err(error) if is_passing(&error) => Ok(0),
            Err(error) if error.kind() == ErrorKind::InvalidData && self.is_plain_http() => {
                self.connection.handle_plain_http(link.front.now());
                Ok(0)
            }
            Err(_) => Err(Over),
        }
    }

    /// Tells the peer that no more bytes follow, if the socket has room. Everything before has been
    /// sent.
    fn close_tls(&mut self, link: &Link) {
        if let Some(tls) = &mut self.tls {
            let _ = tls.close(&mut &link.stream);
        }
    }

    fn is_plain_http(&self) -> bool {
        self.tls.as_ref().is_some_and(TlsSession::is_plain)
    }

    /// Whether bytes can be read although the socket may have none.
    fn has_unread(&self) -> bool {
        self.tls.as_ref().is_some_and(TlsSession::has_unread)
    }

    /// Handles the events of the socket, and the time that has passed.
    fn handle_polled(&mut self, link: &Arc<Link>, polled: PollFlags) -> Result<(), Over> {
        if self.is_over || polled.intersects(PollFlags::ERR | PollFlags::HUP) {
            return Err(Over);
        }
        let gives_way = link.gives_way() && !self.gave_way;
        let now = link.front.now();
        let is_due = self.connection.poll_timeout().is_some_and(|deadline| deadline.at <= now);
        if polled.contains(PollFlags::IN) || is_due || gives_way || self.has_unread() {
            self.read(link)?;
        }
        if is_due || gives_way {
            self.handle_events(link)?;
            self.connection.handle_timeout(now);
        }
        if gives_way {
            self.gave_way = true;
            self.connection.give_way(now);
        }
        Ok(())
    }

    /// Returns the events of the socket to wait for, for how long, and in which phase.
    fn plan(&mut self, link: &Link) -> Result<(PollFlags, Duration, Phase), Over> {
        let now = link.front.now();
        let phase = self.set_phase(link, now)?;
        let mut wanted = PollFlags::empty();
        wanted.set(PollFlags::IN, self.connection.read_bytes_max() > 0 && !self.gave_way);
        let wants_write = self.tls.as_ref().is_some_and(TlsSession::wants_write);
        wanted.set(PollFlags::OUT, wants_write || !self.connection.has_sent_all());
        let at = self.connection.poll_timeout().map_or(now + FAR, |deadline| deadline.at);
        // The deadline of the next wait is mostly later, so that one need not end this wait.
        self.wakes = if self.wakes > now { self.wakes.min(at) } else { at };
        let mut pause = self.wakes.since(now);
        if wanted.contains(PollFlags::IN) && self.has_unread() {
            pause = Duration::ZERO;
        }
        match self.answer {
            Pending::None => link.return_event(),
            // Without a descriptor to be woken with, the thread asks again from time to time.
            _ if !wanted.contains(PollFlags::OUT) && lock(&link.event).is_none() => {
                pause = pause.min(link.front.site.limits().accept_pause);
            }
            _ => {}
        }
        Ok((wanted, pause, phase))
    }

    /// Tells the connection the phase of the program.
    fn set_phase(&mut self, link: &Link, now: Instant) -> Result<Phase, Over> {
        let phase = link.front.site.phase();
        match phase {
            Phase::Serving => {}
            Phase::Draining => self.connection.handle_draining(),
            Phase::Stopped { forced: false } => self.connection.handle_stopped(now),
            Phase::Stopped { forced: true } => return Err(Over),
        }
        Ok(phase)
    }
}

/// Polls with a waker for the connection, whose event is taken before, if it is needed.
fn poll_with<T>(link: &Arc<Link>, mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>) -> Poll<T> {
    if lock(&link.event).is_none() {
        let ready = poll(&mut Context::from_waker(Waker::noop()));
        if ready.is_ready() || !link.take_event() {
            return ready;
        }
    }
    poll(&mut Context::from_waker(&link.clone().into()))
}

/// The maximum number of parts of an answer per system call.
const SLICES_MAX: usize = 16;

/// The usual maximum length of a request.
const READ_BYTES_TYPICAL: usize = 4096;

#[cfg(test)]
mod tests;
