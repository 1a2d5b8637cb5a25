//! pontoon's protocol core carried by threads and tiny_http.
//!
//! A runtime is ten small functions around one engine. Here they are:
//!
//! | function | where | obligation |
//! |---|---|---|
//! | `now` | `clock::Clock::now` | monotonic microseconds; the only caller of the clock |
//! | `seed` | `clock::seed` | 32 random bytes from the operating system |
//! | `accept` | `front::Front::accept` | connections, up to a limit, each behind its guard |
//! | `reply` | `respond::Response::reply` | a head and a whole body |
//! | `stream` | `respond::Response::stream` | a body as it comes; reports what was taken |
//! | `watch` | `guarded::Guarded::receive` | reports a peer that has gone, once for each exchange |
//! | `sleep` | `hub::Hub::keep_time`, `guarded::Guarded::wait` | one timer per machine |
//! | `spawn` | `child::spawn_all` | children with piped streams, each in its own process group |
//! | `run` | - | nothing of the core runs outside of it |
//! | `stop` | [`Stopper::stop`] | the wish to stop; the engine decides how |
//!
//! ```text
//!   socket ─ guarded ─ tiny_http ─ front ─┐           ┌─ child ─ pipes
//!     a thread for each connection        ├─ [ hub ] ─┤   two threads for each child; lines
//!     the guard's verdict, then a private │  engine   │   are framed and parsed outside
//!     connection for each clean request   └───────────┘   the lock
//! ```
//!
//! Threads: one for each connection, one more for each request in flight, two for each child, and
//! about a dozen that are always there. What waits, waits in the kernel: for a socket, a pipe, a
//! lock, or the end of a process.
//!
//! Owns: sockets, pipes, processes, the clock, and the lock around the engine.
//! Never: a protocol rule, a status, a retry, or a deadline of its own.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod bell;
mod child;
mod clock;
mod exchange;
mod front;
mod guarded;
mod hub;
mod library;
mod respond;
mod room;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Weak};
use std::thread::{self, JoinHandle};

use pontoon_core::config::Config;
use pontoon_core::machine::Input;
use pontoon_core::observe::Event;

use crate::front::Front;
use crate::hub::{Hub, Phase};

/// Takes the events of the log, from any thread; it is never called under a lock.
pub type Log = Arc<dyn Fn(&Event) + Send + Sync>;

/// How to run an endpoint.
#[derive(Clone)]
pub struct Options {
    /// What it serves, to whom, and within which limits.
    pub config: Config,
    /// Not used: there are as many threads as connections.
    pub threads: Option<usize>,
    /// Takes the events of the log.
    pub log: Log,
}

/// Serves an endpoint on `listener`, on threads of its own. It listens when this returns.
///
/// tiny_http is reached through a socket in a new directory of [`std::env::temp_dir`], which only
/// this user may enter, and which is removed in the end.
///
/// # Errors
///
/// The operating system refuses a thread, a file descriptor, randomness, or that directory.
pub fn start(listener: TcpListener, options: Options) -> io::Result<Running> {
    let addr = listener.local_addr()?;
    listener.set_nonblocking(true)?;
    // A session has one child, and an ended one may overlap with its successor.
    let (spawner, orders) = sync_channel(2 * options.config.limits.sessions_max.max(1));
    let hub = Arc::new(Hub::new(Arc::new(options.config), clock::seed()?, options.log, spawner)?);
    let front = Front::new(hub.clone())?;
    let stopper = Stopper { hub: Arc::downgrade(&hub) };

    let weak = stopper.hub.clone();
    spawn("pontoon-spawn", move || child::spawn_all(&orders, &weak))?;
    let weak = stopper.hub.clone();
    let timer = spawn("pontoon-timer", move || Hub::keep_time(&weak))?;
    let accepting = front.clone();
    spawn("pontoon-accept", move || accepting.accept(&listener))?;
    let thread = spawn("pontoon", move || {
        let ended = serve(&hub, &front);
        drop((front, hub));
        // It finds that there is nothing to keep the time for.
        timer.thread().unpark();
        ended
    })?;
    Ok(Running { addr, stopper, thread })
}

/// Runs until the engine has stopped, and what it had answered by then is on its way.
fn serve(hub: &Arc<Hub>, front: &Arc<Front>) -> Ended {
    hub.submit([Input::Started]);
    hub.wait_beyond(Phase::Serving);
    front.unlisten();
    let stopped = hub.wait_beyond(Phase::Draining);
    // All that are left are those a forced stop does not wait for.
    hub.kill_children();
    front.emptied();
    Ended { forced: stopped != Phase::Stopped { forced: false } }
}

/// A thread by its name, with a stack that fits into many.
fn spawn<T: Send + 'static>(
    name: &str,
    run: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    thread::Builder::new().name(name.into()).stack_size(STACK_BYTES).spawn(run)
}

/// The deepest stack is that of the JSON parser, which goes no deeper than its limit.
const STACK_BYTES: usize = 256 * 1024;

/// An endpoint that is being served.
#[derive(Debug)]
pub struct Running {
    addr: SocketAddr,
    stopper: Stopper,
    thread: JoinHandle<Ended>,
}

impl Running {
    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What stops it.
    pub fn stopper(&self) -> Stopper {
        self.stopper.clone()
    }

    /// Waits until it has stopped.
    pub fn wait(self) -> Ended {
        self.thread.join().unwrap_or(Ended { forced: true })
    }
}

/// How an endpoint ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Whether something had to be broken off.
    pub forced: bool,
}

/// Stops an endpoint, from any thread.
#[derive(Clone, Debug)]
pub struct Stopper {
    hub: Weak<Hub>,
}

impl Stopper {
    /// Wishes it to stop: no new work, and an end once all that is under way is done or its time is
    /// up. The second time: at once.
    pub fn stop(&self) {
        if let Some(hub) = self.hub.upgrade() {
            hub.submit([Input::ShutdownRequested]);
        }
    }
}
