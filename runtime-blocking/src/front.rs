//! The HTTP front: accepts connections, and takes every request that comes out of tiny_http through
//! the rules to the engine and its answer back.
//!
//! Owns: the listener, and the threads of connections and requests.
//! Never: a status, a header or a body that the core has not made.

use std::future::Future;
use std::io::{self, Write};
use std::net::{IpAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use pontoon_carrier::Phase;
use pontoon_carrier::coding;
use pontoon_carrier::exchange::{Answer, Exchange};
use pontoon_carrier::hub::Hub;
use pontoon_core::http::{Answer as Refusal, BodyBuffer, ReplyHead, RequestHead, Rules};
use pontoon_core::limits::Limits;
use pontoon_core::machine::Chunk;
use pontoon_core::reject::Reject;
use pontoon_core::time::{Duration, Instant};
use rustix::event::{PollFd, PollFlags};
use tiny_http::{HTTPVersion, Method, Request};

use crate::connections::Connections;
use crate::guarded::Guarded;
use crate::head::HeadLines;
use crate::io::{FAR, Latch, poll};
use crate::library::{Ending, Library, Link};
use crate::respond::{Form, Response};
use crate::room::{Entry, Room};

/// What all connections share.
pub(crate) struct Front {
    pub(crate) hub: Arc<Hub>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) library: Library,
    pub(crate) room: Arc<Room>,
    pub(crate) connections: Connections,
    pub(crate) rules: Rules,
    draining: Latch,
    stopped: Latch,
}

impl Front {
    pub(crate) fn new(hub: Arc<Hub>) -> io::Result<Arc<Self>> {
        let limits = Arc::new(hub.config().limits.clone());
        Ok(Arc::new(Front {
            rules: Rules::new(hub.config()),
            draining: Latch::new()?,
            stopped: Latch::new()?,
            library: Library::open()?,
            room: Arc::new(Room::new(&limits)),
            connections: Connections::default(),
            limits,
            hub,
        }))
    }

    /// Accepts connections until the engine wants no more, and then those that wait already: some
    /// may have been asked something.
    pub(crate) fn accept(self: Arc<Self>, listener: TcpListener) {
        while let Some(stream) = self.accepted(&listener) {
            if !self.enter() {
                return;
            }
            let front = self.clone();
            let converse = move || {
                let connected = front.hub.connected();
                Guarded::new(&front, stream).converse();
                drop(connected);
                front.room.leave();
            };
            if crate::spawn("pontoon-http", converse).is_err() {
                self.room.leave();
                self.pause();
            }
        }
    }

    /// Waits for room for a connection, and has others give way; `false` if there will be none.
    fn enter(&self) -> bool {
        let mut patience = Duration::ZERO;
        loop {
            match self.room.enter(patience) {
                Entry::Entered => return true,
                Entry::Closed => return false,
                Entry::Full => self.connections.make_room(self.hub.clock().now()),
            }
            patience = self.limits.accept_pause;
        }
    }

    /// Waits for a connection; `None` once there will be no more.
    fn accepted(&self, listener: &TcpListener) -> Option<TcpStream> {
        loop {
            // Asked first: none that has come while the engine wanted more is forgotten.
            let phase = self.hub.phase();
            match accept_one(listener) {
                Ok(stream) => return Some(stream),
                Err(_) if phase > Phase::Serving => return None,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let latch = &self.draining;
                    let mut fds =
                        [PollFd::new(listener, PollFlags::IN), PollFd::new(latch, PollFlags::IN)];
                    if poll(&mut fds, FAR).is_err() {
                        self.pause();
                    }
                }
                // Out of descriptors or threads, or the peer has gone already; it passes.
                Err(_) => self.pause(),
            }
        }
    }

    fn pause(&self) {
        let latch = self.draining.as_fd();
        let _ =
            poll(&mut [PollFd::from_borrowed_fd(latch, PollFlags::IN)], self.limits.accept_pause);
    }

    /// What wakes those who poll once the program is further than `phase`, if it is to come further.
    pub(crate) fn latch_after(&self, phase: Phase) -> Option<&Latch> {
        match phase {
            Phase::Serving => Some(&self.draining),
            Phase::Draining => Some(&self.stopped),
            Phase::Stopped { .. } => None,
        }
    }

    /// Lets nobody in any more but those who wait already.
    pub(crate) fn unlisten(&self) {
        self.room.close();
        self.draining.open();
    }

    /// Waits until everybody has gone, which they do by their guards, or at once if forced.
    pub(crate) fn stop(&self) {
        self.stopped.open();
        self.room.emptied();
        self.library.close();
    }

    /// Opens a way through the library for one request.
    ///
    /// # Errors
    ///
    /// The operating system refuses a thread or a descriptor.
    pub(crate) fn link(
        self: &Arc<Self>,
        is_last: bool,
        peer: Option<IpAddr>,
        head: Box<[u8]>,
    ) -> io::Result<Arc<Link>> {
        self.library.link(is_last, peer, head, || {
            let front = self.clone();
            let take = move || {
                front.library.take_all(|request, link| front.take(request, link));
            };
            crate::spawn("pontoon-request", take).map(drop)
        })
    }

    /// Answers a request.
    fn take(&self, mut request: Request, link: &Link) {
        self.room.request_opened();
        let form = Form {
            is_http_10: *request.http_version() < HTTPVersion(1, 1),
            is_head: *request.method() == Method::Head,
            close: link.is_last || self.hub.phase() > Phase::Serving,
        };
        let answer = self.answer(&mut request, link);
        // The library would wait for what is left of a body before it gives its writer away.
        link.end_body();
        let writer = request.into_writer();
        if let Some((head, body, exchange)) = answer {
            respond(writer, form, link, &head, body, exchange);
        }
    }

    /// What is to be answered; `None` if nothing is, or it is up to the guard.
    fn answer(&self, request: &mut Request, link: &Link) -> Option<Reply> {
        let arrived = self.hub.clock().now();
        let admission =
            self.hub.admit(&self.rules, &head(request, &HeadLines(&link.head), link, arrived));
        let admission = match admission {
            Ok(admission) => admission,
            Err(refusal) => return Some(self.refuse(*refusal)),
        };
        let (cors, close, coding) = (admission.cors.clone(), admission.close, admission.coding);
        let whole = HeadLines(&link.head);
        let body = if admission.expects_body() {
            let buffer = admission.body(&head(request, &whole, link, arrived));
            match read(request, link, buffer)? {
                Ok(body) => body,
                Err(reject) => return Some(self.refuse(Refusal::refusal(reject, cors))),
            }
        } else {
            Bytes::new()
        };
        let request = match admission.request(body, &head(request, &whole, link, arrived)) {
            Ok(request) => request,
            Err(refusal) => return Some(self.refuse(*refusal)),
        };
        let mut exchange = self.hub.open(request);
        let answer = {
            let mut answer = pin!(exchange.answer());
            link.wait(|cx| answer.as_mut().poll(cx))?
        };
        let (mut head, body) = match answer {
            Answer::Reply(mut head, body, _) => {
                let body = coding::encode(&mut head, coding, body, &self.hub.memory().made());
                (head, Some(body))
            }
            Answer::Begin(head) => (head, None),
        };
        head.cors = cors;
        head.close |= close;
        Some((head, body, Some(exchange)))
    }

    fn refuse(&self, refusal: Refusal) -> Reply {
        self.hub.submit(refusal.report());
        (refusal.head, Some(Chunk::from(refusal.body)), None)
    }
}

fn accept_one(listener: &TcpListener) -> io::Result<TcpStream> {
    let (stream, _) = listener.accept()?;
    stream.set_nonblocking(true)?;
    // It fails only on a connection that is gone.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

/// A head, the body unless it is still to come, and whose progress is reported.
type Reply = (ReplyHead, Option<Chunk>, Option<Exchange>);

/// Sends an answer. Where the peer does not take it, the guard has seen that, or will.
fn respond(
    writer: impl Write,
    form: Form,
    link: &Link,
    head: &ReplyHead,
    body: Option<Chunk>,
    mut exchange: Option<Exchange>,
) {
    let close = form.close || head.close || (form.is_http_10 && body.is_none());
    let mut response = Response::new(writer, Form { close, ..form });
    let sent = match (&body, &mut exchange) {
        (Some(body), _) => response.reply(head, body).map(|()| true),
        (None, Some(exchange)) => response.stream(head, exchange, |exchange, parts| {
            link.wait(|cx| exchange.poll_parts(cx, parts))
        }),
        (None, None) => Ok(false),
    };
    if let Ok(true) = sent {
        link.end(if close { Ending::Close } else { Ending::KeepAlive });
    }
    drop(response);
    if let (Some(body), Some(exchange), Ok(_)) = (body, &mut exchange, sent) {
        exchange.taken(body.len());
    }
}

fn head<'a>(
    request: &'a Request,
    headers: &'a HeadLines<'a>,
    link: &Link,
    arrived: Instant,
) -> RequestHead<'a, HeadLines<'a>> {
    let (method, target) = (request.method().as_str(), request.url());
    RequestHead { method, target, headers, peer: link.peer, arrived }
}

/// The body of a request, or why it is refused; `None` if it was broken off.
fn read(
    request: &mut Request,
    link: &Link,
    mut whole: BodyBuffer,
) -> Option<Result<Bytes, Reject>> {
    let mut part = [0; BODY_BYTES_READ_MAX];
    loop {
        match request.as_reader().read(&mut part) {
            Ok(0) => return link.is_complete().then(|| Ok(whole.finish())),
            Ok(bytes) => match whole.push(&part[..bytes]) {
                Ok(()) => {}
                Err(reject) => return Some(Err(reject)),
            },
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
}

/// Bytes of a body that are read at a time.
const BODY_BYTES_READ_MAX: usize = 16 * 1024;
