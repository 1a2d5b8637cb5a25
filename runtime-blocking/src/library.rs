//! tiny_http behind a private socket: what it is given, and what comes out of it.
//!
//! Owns: the socket, the links to it, and the threads that take requests out of the library.
//! Never: lets a byte in that the guard has not passed.
//!
//! Every request goes in by a connection of its own, a [`Link`], and only once it is so far complete
//! that the library will not wait for it on one of its own threads. As each link carries one
//! request, the library has nothing to pipeline, and its thread is free once the head is read.

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::mem;
use std::net::{IpAddr, Shutdown};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake};
use std::thread::{self, Thread};

use tiny_http::{Request, Server};

use crate::door::Door;
use crate::lock;

/// The library, and everybody who waits for it.
pub(crate) struct Library {
    state: Mutex<State>,
}

/// One of the library's servers. In this order: it is over, and then it is knocked at.
struct Served {
    server: Server,
    door: Door,
}

struct State {
    served: Arc<Served>,
    /// How many servers there have been. One whose listener has failed is replaced.
    renewals: u64,
    /// Links opened so far; each is known by its number.
    opened: u64,
    /// Links whose request has not come out yet.
    links: HashMap<u64, Arc<Link>>,
    /// Takers that wait for a request, or are about to, each of them.
    waiting: usize,
    /// Those of them whom no link relies on.
    free: usize,
    closed: bool,
}

/// A request on its way through the library, and its answer on the way back.
pub(crate) struct Link {
    pub(crate) number: u64,
    stream: UnixStream,
    /// Whether the client wants the connection to end with the answer.
    pub(crate) is_last: bool,
    /// Who sent it.
    pub(crate) peer: Option<IpAddr>,
    /// The head as the client sent it.
    pub(crate) head: Box<[u8]>,
    /// Whether the whole body has been passed.
    whole: AtomicBool,
    ending: AtomicU8,
    watch: Mutex<Watch>,
}

/// Who is to know that the peer has gone.
#[derive(Default)]
struct Watch {
    deserted: bool,
    /// Whoever waits for the engine to answer.
    waits: Option<Thread>,
}

/// A thread that waits for a mailbox to fill.
struct Parked(Thread);

impl Wake for Parked {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// What becomes of a connection after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Ending {
    /// The answer is not complete.
    Broken,
    Close,
    KeepAlive,
}

impl Library {
    pub(crate) fn open() -> io::Result<Library> {
        let state = State {
            served: Served::start()?,
            renewals: 0,
            opened: 0,
            links: HashMap::new(),
            waiting: 0,
            free: 0,
            closed: false,
        };
        Ok(Library { state: Mutex::new(state) })
    }

    /// Opens a link; `hire` is called if another taker is needed.
    ///
    /// # Errors
    ///
    /// There is no thread or no descriptor for it.
    pub(crate) fn link(
        &self,
        is_last: bool,
        peer: Option<IpAddr>,
        head: Box<[u8]>,
        hire: impl FnOnce() -> io::Result<()>,
    ) -> io::Result<Arc<Link>> {
        let stream = self.connect()?;
        stream.set_nonblocking(true)?;
        let hired = {
            let mut state = lock(&self.state);
            let relied = state.free > 0;
            state.free -= usize::from(relied);
            relied
        };
        if !hired {
            hire()?;
        }
        let mut state = lock(&self.state);
        state.opened += 1;
        let link = Arc::new(Link {
            number: state.opened,
            stream,
            is_last,
            peer,
            head,
            whole: AtomicBool::new(false),
            ending: AtomicU8::new(Ending::Broken as u8),
            watch: Mutex::default(),
        });
        state.links.insert(link.number, link.clone());
        Ok(link)
    }

    fn connect(&self) -> io::Result<UnixStream> {
        loop {
            let (served, renewals) = {
                let state = lock(&self.state);
                (state.served.clone(), state.renewals)
            };
            match served.door.connect() {
                // tiny_http gives up a listener with the first failed accept.
                Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                    self.renew(renewals)?;
                }
                result => return result,
            }
        }
    }

    /// Puts another server in the place of the one that is known by that number.
    fn renew(&self, renewals: u64) -> io::Result<()> {
        let mut state = lock(&self.state);
        if state.renewals == renewals {
            let old = mem::replace(&mut state.served, Served::start()?);
            state.renewals += 1;
            (0..state.waiting).for_each(|_| old.server.unblock());
        }
        Ok(())
    }

    /// The link is not used any more. Returns whether its request has not come out of the library.
    pub(crate) fn unlink(&self, link: &Link) -> bool {
        link.desert();
        let _ = link.stream.shutdown(Shutdown::Both);
        let mut state = lock(&self.state);
        // Nothing came out of it, so whoever was to take it may take another one.
        let is_inside = state.links.remove(&link.number).is_some();
        state.free += usize::from(is_inside);
        is_inside
    }

    /// Calls `take` with each request that comes out, until this taker is not needed any more.
    pub(crate) fn take_all(&self, mut take: impl FnMut(Request, &Link)) {
        loop {
            let served = {
                let mut state = lock(&self.state);
                if state.closed {
                    return;
                }
                state.waiting += 1;
                state.served.clone()
            };
            let taken = served.server.recv();
            let link = {
                let mut state = lock(&self.state);
                state.waiting -= 1;
                taken.as_ref().ok().and_then(number).and_then(|nth| state.links.remove(&nth))
            };
            match (taken, link) {
                (Ok(request), Some(link)) => {
                    take(request, &link);
                    drop(link);
                    let mut state = lock(&self.state);
                    if state.free >= FREE_MAX {
                        return;
                    }
                    state.free += 1;
                }
                // Nobody waits for an answer any more. Dropped as it is, it would be given one.
                (Ok(request), None) => drop(request.into_writer()),
                // Another server has taken its place, or the end has come.
                (Err(_), _) => {}
            }
        }
    }

    /// Lets the takers go, and nobody in any more. The program may end before the last of them.
    pub(crate) fn close(&self) {
        let mut state = lock(&self.state);
        state.closed = true;
        (0..state.waiting).for_each(|_| state.served.server.unblock());
    }
}

/// Takers that wait for requests to come: the rest end when they are done.
const FREE_MAX: usize = 32;

impl Link {
    /// Our end of the private connection.
    pub(crate) fn stream(&self) -> &UnixStream {
        &self.stream
    }

    /// The whole body will have been passed with the next bytes.
    pub(crate) fn complete(&self) {
        self.whole.store(true, Ordering::Release);
    }

    /// Whether a body that has ended is the whole one: the library does not tell.
    pub(crate) fn is_complete(&self) -> bool {
        self.whole.load(Ordering::Acquire)
    }

    /// Ends the body, as far as the library can see. What comes of it later is dropped.
    pub(crate) fn end_body(&self) {
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Parks this thread until `poll` is ready, or the peer has gone without that being so.
    pub(crate) fn wait<T>(&self, mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>) -> Option<T> {
        let waker = Arc::new(Parked(thread::current())).into();
        let mut cx = Context::from_waker(&waker);
        loop {
            // Whatever was answered before the peer has gone is still sent.
            let deserted = {
                let mut watch = lock(&self.watch);
                watch.waits = Some(thread::current());
                watch.deserted
            };
            match poll(&mut cx) {
                Poll::Ready(output) => return Some(output),
                Poll::Pending if deserted => return None,
                Poll::Pending => thread::park(),
            }
        }
    }

    /// The peer has gone.
    pub(crate) fn desert(&self) {
        let mut watch = lock(&self.watch);
        watch.deserted = true;
        if let Some(thread) = watch.waits.take() {
            thread.unpark();
        }
    }

    /// How the answer ended, to be said before its last byte is sent.
    pub(crate) fn end(&self, ending: Ending) {
        self.ending.store(ending as u8, Ordering::Release);
    }

    pub(crate) fn ending(&self) -> Ending {
        match self.ending.load(Ordering::Acquire) {
            value if value == Ending::KeepAlive as u8 => Ending::KeepAlive,
            value if value == Ending::Close as u8 => Ending::Close,
            _ => Ending::Broken,
        }
    }
}

impl Served {
    fn start() -> io::Result<Arc<Served>> {
        let (listener, door) = Door::open()?;
        let server = Server::from_listener(listener, None).map_err(io::Error::other)?;
        Ok(Arc::new(Served { server, door }))
    }
}

/// Which link a request came by. Our line is the first, whatever a client has put after it.
fn number(request: &Request) -> Option<u64> {
    request.headers().first()?.value.as_str().parse().ok()
}

#[cfg(test)]
mod tests;
