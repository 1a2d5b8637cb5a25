//! A connection without hyper: a [`Connection`] of the core that is polled over a socket.
//!
//! Owns: the socket, and the exchange of the request in flight. Never: checks a byte, or decides
//! when a connection ends.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice};
use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use pontoon_core::Instant;
use pontoon_core::http::{Connection, ConnectionConfig, ConnectionEvent, PeerWait, WriteHead};

use crate::admit_wait::AdmitWait;
use crate::exchange::{Answer, Exchange};
use crate::io::{Alarm, Socket};
use crate::phase::Phase;
use crate::site::{Endpoint, Site};
use crate::tls::TlsSocket;
use crate::{Surface, coding};

/// A connection of a client, from its first byte to its end.
pub struct PolledConnection {
    site: Arc<Site>,
    surface: Surface,
    socket: Box<dyn Socket + Send>,
    connection: Connection,
    /// The endpoint of the request that is being read.
    endpoint: Arc<Endpoint>,
    answer: Pending,
    /// The time at which its task is polled again at the latest.
    wakes: Instant,
    /// Whether it is to be closed for another one, after which nothing more is read.
    gives_way: bool,
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

impl PolledConnection {
    /// Creates a connection that was just accepted, with TLS if the program has settings for it.
    ///
    /// # Errors
    ///
    /// The TLS library refuses its settings.
    pub fn new(
        site: Arc<Site>,
        surface: Surface,
        socket: impl Socket + Send + 'static,
        write_head: WriteHead,
    ) -> io::Result<Self> {
        let (endpoint, peer) = (site.of_surface(surface), socket.peer());
        let socket: Box<dyn Socket + Send> = match site.tls() {
            Some(tls) => Box::new(TlsSocket::new(socket, tls, site.clone())?),
            None => Box::new(socket),
        };
        let config = Arc::new(ConnectionConfig {
            rules: endpoint.rules.clone(),
            limits: site.limits(),
            requests_max: endpoint.connection_requests_max(),
            write_head,
        });
        Ok(PolledConnection {
            connection: Connection::new(config, peer, site.shared.clock.now()),
            site,
            surface,
            socket,
            endpoint,
            answer: Pending::None,
            wakes: Instant::ZERO,
            gives_way: false,
            gave_way: false,
            is_over: false,
        })
    }

    /// Serves the connection until it has to wait; ready once it is over. It is dropped then.
    pub fn poll(&mut self, cx: &mut Context<'_>, alarm: &mut impl Alarm) -> Poll<()> {
        loop {
            match self.advance(cx) {
                Err(Over) => return Poll::Ready(()),
                Ok(true) => continue,
                Ok(false) => {}
            }
            let (now, due) = (self.now(), self.connection.poll_timeout());
            let at = due.map_or(Instant::FAR, |due| due.at);
            // The deadline of the next wait is mostly later, so that one need not end this wait.
            self.wakes = if self.wakes > now { self.wakes.min(at) } else { at };
            if alarm.poll_until(cx, self.wakes).is_pending() {
                return Poll::Pending;
            }
        }
    }

    /// Sends a short answer at once, by the thread that delivers it instead of the task of the
    /// connection. Returns whether the task has nothing left to do; otherwise it has to be woken.
    /// Wake-ups that this call registers are discarded.
    pub fn answer_here(&mut self) -> bool {
        if self.connection.has_received() || !self.connection.has_sent_all() {
            return false;
        }
        let Pending::Awaited(exchange) = &mut self.answer else { return false };
        let Some(answer) = exchange.take_short() else { return false };
        let mut cx = Context::from_waker(Waker::noop());
        self.is_over = self
            .take_answer(answer)
            .and_then(|()| self.write(&mut cx))
            .and_then(|_| self.handle_events(&mut cx, self.now()))
            .is_err();
        let is_idle = matches!(self.connection.waits_for_peer(), Some((PeerWait::NextRequest, _)));
        let wakes = self.connection.poll_timeout().is_none_or(|due| self.wakes <= due.at);
        is_idle && wakes && !self.is_over
    }

    /// Returns the step of the peer that it waits for, and since when; `None` if it waits for none,
    /// or is to be closed already.
    pub fn waits_for_peer(&self) -> Option<(PeerWait, Instant)> {
        self.connection.waits_for_peer().filter(|_| !self.gives_way)
    }

    /// Requests that it is closed at its next poll, to make room for another connection. From now on
    /// the end of the peer's input counts as caused by this side.
    pub fn give_way(&mut self) {
        self.gives_way = true;
    }

    fn now(&self) -> Instant {
        self.site.shared.clock.now()
    }

    /// Does what needs no waiting; returns whether there may be more to do.
    fn advance(&mut self, cx: &mut Context<'_>) -> Result<bool, Over> {
        if self.is_over {
            return Err(Over);
        }
        let now = self.now();
        self.apply_phase(now)?;
        self.handle_time(cx, now)?;
        self.handle_events(cx, now)?;
        Ok(self.write(cx)?
            || self.poll_admission(cx)?
            || self.poll_answer(cx)?
            || self.read(Some(cx))?)
    }

    /// Handles the time that has passed, and the wish to close it for another one.
    fn handle_time(&mut self, cx: &mut Context<'_>, now: Instant) -> Result<(), Over> {
        let gives_way = self.gives_way && !self.gave_way;
        let is_due = self.connection.poll_timeout().is_some_and(|due| due.at <= now);
        if is_due || gives_way {
            self.read(None)?;
            self.handle_events(cx, now)?;
            self.connection.handle_timeout(now);
        }
        if gives_way {
            self.gave_way = true;
            self.connection.give_way(now);
        }
        Ok(())
    }

    #[inline(never)]
    fn handle_events(&mut self, cx: &mut Context<'_>, now: Instant) -> Result<(), Over> {
        while let Some(event) = self.connection.poll_event(now) {
            match event {
                ConnectionEvent::Head => {
                    self.answer = Pending::Admission(AdmitWait::default());
                    self.poll_admission(cx)?;
                }
                ConnectionEvent::Request(request) => {
                    let endpoint = mem::replace(&mut self.endpoint, self.site.main());
                    let head = self.connection.head().expect("it is kept until the next event");
                    let exchange = self.site.open(self.surface, &head, &endpoint, request);
                    self.answer = Pending::Awaited(exchange);
                }
                ConnectionEvent::Refused(refusal) => {
                    mem::replace(&mut self.endpoint, self.site.main()).refused(refusal);
                }
                ConnectionEvent::Shutdown => {
                    let closed = self.socket.poll_close(cx);
                    // One that gives way reads no more, so there is nothing to wait for.
                    if self.gave_way || matches!(closed, Poll::Ready(Err(_))) {
                        return Err(Over);
                    }
                }
                ConnectionEvent::Closed => {
                    // An answer that is cut short must not look complete.
                    if matches!(self.answer, Pending::None) && self.connection.has_sent_all() {
                        let _ = self.socket.poll_close(cx);
                    }
                    return Err(Over);
                }
            }
        }
        Ok(())
    }

    /// Passes the verdict about a head to the connection, once there is one; returns whether there
    /// was.
    fn poll_admission(&mut self, cx: &mut Context<'_>) -> Result<bool, Over> {
        let Pending::Admission(wait) = &mut self.answer else { return Ok(false) };
        let Some(head) = self.connection.head() else { return Ok(false) };
        let Poll::Ready((endpoint, verdict)) = self.site.poll_admit(cx, self.surface, &head, wait)
        else {
            return Ok(false);
        };
        self.endpoint = endpoint;
        self.answer = Pending::None;
        let now = self.now();
        self.apply_phase(now)?;
        self.connection.admit(verdict, now);
        Ok(true)
    }

    /// Takes the available part of the answer from the engine, once everything before it was sent;
    /// returns whether there was any.
    #[inline(never)]
    fn poll_answer(&mut self, cx: &mut Context<'_>) -> Result<bool, Over> {
        if !self.connection.has_sent_all() {
            return Ok(false);
        }
        match &mut self.answer {
            Pending::None | Pending::Admission(_) | Pending::Reply(_) => return Ok(false),
            Pending::Awaited(exchange) => match exchange.poll_answer(cx) {
                Poll::Ready(answer) => self.take_answer(answer)?,
                Poll::Pending => return Ok(false),
            },
            Pending::Stream(exchange) => {
                let mut parts = VecDeque::<Bytes>::new();
                match exchange.poll_parts(cx, &mut parts) {
                    Poll::Ready(true) => self.connection.send(&mut parts),
                    Poll::Ready(false) => {
                        self.connection.finish();
                        self.answer = Pending::None;
                    }
                    Poll::Pending => return Ok(false),
                }
            }
        }
        Ok(true)
    }

    /// Takes the answer of the exchange that was awaited.
    fn take_answer(&mut self, answer: Answer) -> Result<(), Over> {
        let now = self.now();
        self.apply_phase(now)?;
        let Pending::Awaited(exchange) = mem::replace(&mut self.answer, Pending::None) else {
            return Ok(());
        };
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
        Ok(())
    }

    /// Writes the pending bytes; returns whether there were any, and all of them are sent.
    fn write(&mut self, cx: &mut Context<'_>) -> Result<bool, Over> {
        let mut wrote = false;
        while !self.connection.has_sent_all() {
            let mut slices = [IoSlice::new(&[]); SLICES_MAX];
            let mut count = 0;
            for (slice, piece) in slices.iter_mut().zip(self.connection.poll_transmit()) {
                *slice = IoSlice::new(piece);
                count += 1;
            }
            match self.socket.poll_write(cx, &slices[..count]) {
                Poll::Ready(Ok(bytes)) if bytes > 0 => {
                    let content = self.connection.handle_sent(bytes, self.now());
                    if let Pending::Reply(exchange) | Pending::Stream(exchange) = &mut self.answer {
                        exchange.taken(content);
                    }
                    wrote = true;
                }
                Poll::Ready(_) => return Err(Over),
                Poll::Pending => {
                    self.connection.handle_write_blocked(self.now());
                    return Ok(false);
                }
            }
        }
        if let Pending::Reply(_) = self.answer {
            self.answer = Pending::None;
        }
        Ok(wrote)
    }

    /// Reads once, or twice if there is much to read; returns whether there was anything. Without a
    /// context, only bytes that have arrived already are read.
    ///
    /// Not inlined, because a thread keeps each page of its stack that it has used once.
    #[inline(never)]
    fn read(&mut self, mut cx: Option<&mut Context<'_>>) -> Result<bool, Over> {
        let mut buffer = [0; READ_BYTES_TYPICAL];
        let read = self.read_into(cx.as_deref_mut(), &mut buffer)?;
        if read == Some(buffer.len()) {
            self.read_into(cx, &mut vec![0; self.connection.read_bytes_max()])?;
        }
        Ok(read.is_some())
    }

    /// Returns the number of bytes that were read, 0 for another event, or `None`.
    fn read_into(
        &mut self,
        cx: Option<&mut Context<'_>>,
        buffer: &mut [u8],
    ) -> Result<Option<usize>, Over> {
        let bytes_max = self.connection.read_bytes_max().min(buffer.len());
        if bytes_max == 0 || self.gave_way {
            return Ok(None);
        }
        let buffer = &mut buffer[..bytes_max];
        let read = match cx {
            Some(cx) => self.socket.poll_read(cx, buffer),
            None => Poll::Ready(self.socket.read_arrived(buffer)),
        };
        let Poll::Ready(read) = read else { return Ok(None) };
        let is_end = |kind| kind == ErrorKind::UnexpectedEof;
        match read.map_err(|error| error.kind()) {
            Ok(0) if self.gives_way => Ok(None),
            Err(kind) if self.gives_way && is_end(kind) => Ok(None),
            Err(ErrorKind::WouldBlock | ErrorKind::Interrupted) => Ok(None),
            Ok(bytes) => {
                match bytes {
                    0 => self.connection.handle_end(),
                    _ => self.connection.handle_bytes(&buffer[..bytes], self.now()),
                }
                Ok(Some(bytes))
            }
            Err(ErrorKind::InvalidData) if self.socket.is_plain_http() => {
                self.connection.handle_plain_http(self.now());
                Ok(Some(0))
            }
            Err(_) => Err(Over),
        }
    }

    /// Tells the connection the phase of the program.
    fn apply_phase(&mut self, now: Instant) -> Result<(), Over> {
        match self.site.phase() {
            Phase::Serving => {}
            Phase::Draining => self.connection.handle_draining(),
            Phase::Stopped { forced: false } => self.connection.handle_stopped(now),
            Phase::Stopped { forced: true } => return Err(Over),
        }
        Ok(())
    }
}

/// The maximum number of parts of an answer per system call.
const SLICES_MAX: usize = 16;

/// The usual maximum length of a request.
const READ_BYTES_TYPICAL: usize = 4096;
