//! pontoon's protocol core carried by tokio and hyper.
//!
//! A runtime is ten small functions around one engine. Here they are:
//!
//! | function | where | obligation |
//! |---|---|---|
//! | `now` | `clock::Clock::now` | monotonic microseconds; the only caller of the clock |
//! | `seed` | `clock::seed` | 32 random bytes from the operating system |
//! | `accept` | `front::Front::accept` | connections, up to a limit, each behind its guard |
//! | `reply` | `front::respond` | a head and a whole body |
//! | `stream` | `exchange::ReplyBody` | a body as it comes; reports what was taken |
//! | `watch` | `exchange::Exchange` | reports a peer that has gone, once for each exchange |
//! | `sleep` | `hub::Hub::keep_time`, `guarded::Checkpoint::poll_due` | one timer per machine |
//! | `spawn` | `child::spawn_all` | children with piped streams, each in its own process group |
//! | `run` | - | nothing of the core runs outside of it |
//! | `stop` | [`Stopper::stop`] | the wish to stop; the engine decides how |
//!
//! ```text
//!   socket ─ guarded ─ hyper ─ front ─┐           ┌─ child ─ pipes
//!     the guard's verdict, in place   ├─ [ hub ] ─┤   lines, framed and parsed
//!     rules and JSON, in the          │  engine   │   outside the lock
//!     connection's task               └───────────┘
//! ```
//!
//! Owns: sockets, pipes, processes, the clock, and the lock around the engine.
//! Never: a protocol rule, a status, a retry, or a deadline of its own.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod child;
mod clock;
mod exchange;
mod front;
mod guarded;
mod hub;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Weak};
use std::thread::{self, JoinHandle};

use pontoon_core::config::Config;
use pontoon_core::machine::Input;
use pontoon_core::observe::Event;
use tokio::runtime::{Builder, Runtime};

use crate::front::Front;
use crate::hub::{Hub, Phase};

/// Takes the events of the log, from any thread; it is never called under a lock.
pub type Log = Arc<dyn Fn(&Event) + Send + Sync>;

/// How to run an endpoint.
#[derive(Clone)]
pub struct Options {
    /// What it serves, to whom, and within which limits.
    pub config: Config,
    /// Threads that carry connections and pipes; `None`: half as many as there are
    /// processors, up to [`THREADS_MAX`].
    pub threads: Option<usize>,
    /// Takes the events of the log.
    pub log: Log,
}

/// More threads than this only wait for the engine's lock.
pub const THREADS_MAX: usize = 4;

/// Serves an endpoint on `listener`, on threads of its own. It listens when this returns.
///
/// # Errors
///
/// The operating system refuses a thread, a file descriptor, or randomness.
pub fn start(listener: TcpListener, options: Options) -> io::Result<Running> {
    let addr = listener.local_addr()?;
    listener.set_nonblocking(true)?;
    let runtime = runtime(options.threads)?;
    // A session has one child, and an ended one may overlap with its successor.
    let (spawner, orders) = sync_channel(2 * options.config.limits.sessions_max.max(1));
    let hub = Hub::new(Arc::new(options.config), clock::seed()?, options.log, spawner);
    let hub = Arc::new(hub);
    let stopper = Stopper { hub: Arc::downgrade(&hub) };
    let listener = {
        let _runtime = runtime.enter();
        tokio::net::TcpListener::from_std(listener)?
    };

    let (weak, handle) = (stopper.hub.clone(), runtime.handle().clone());
    thread::Builder::new()
        .name("pontoon-spawn".into())
        .spawn(move || child::spawn_all(&orders, &weak, &handle))?;
    let thread = thread::Builder::new()
        .name("pontoon".into())
        .spawn(move || serve(&runtime, &hub, listener))?;
    Ok(Running { addr, stopper, thread })
}

fn runtime(threads: Option<usize>) -> io::Result<Runtime> {
    match threads.unwrap_or_else(threads_default) {
        0 | 1 => Builder::new_current_thread().enable_all().build(),
        threads => Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_name("pontoon-worker")
            .enable_all()
            .build(),
    }
}

/// Half of the processors: the children need the other half. On two, where one thread leaves out
/// the wake-ups between threads, it answers a quarter more than two do.
fn threads_default() -> usize {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    (processors / 2).clamp(1, THREADS_MAX)
}

/// Runs until the engine has stopped, and what it had answered by then is on its way.
fn serve(runtime: &Runtime, hub: &Arc<Hub>, listener: tokio::net::TcpListener) -> Ended {
    runtime.block_on(async {
        let front = Front::new(hub.clone());
        let mut phases = hub.phases();
        tokio::spawn(hub.clone().keep_time());
        hub.submit([Input::Started]);
        tokio::spawn(front.clone().accept(listener));
        let stopped = phases.wait_for(|phase| *phase > Phase::Draining).await.map(|phase| *phase);
        // All that are left are those a forced stop does not wait for.
        hub.kill_children();
        front.emptied().await;
        Ended { forced: !matches!(stopped, Ok(Phase::Stopped { forced: false })) }
    })
}

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
