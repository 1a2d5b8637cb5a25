//! An endpoint as whoever embeds it sees it: what it takes to start one, and what stops it.

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Weak};
use std::thread::{self, JoinHandle};

use pontoon_core::config::Config;
use pontoon_core::machine::Input;
use pontoon_core::observe::Event;

use crate::hub::Hub;

/// Takes the events of the log, from any thread; it is never called under a lock of the engine.
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

impl Options {
    /// An endpoint for `config`, which logs nothing.
    pub fn new(config: Config) -> Self {
        Options { config, threads: None, log: Arc::new(|_| {}) }
    }

    /// How many threads it is to have, at least one.
    ///
    /// By default half of the processors: the children need the other half. On two, where one
    /// thread leaves out the wake-ups between threads, it answers a quarter more than two do.
    pub fn threads(&self) -> usize {
        let processors = || thread::available_parallelism().map_or(1, usize::from);
        self.threads.unwrap_or_else(|| (processors() / 2).min(THREADS_MAX)).max(1)
    }
}

/// An endpoint that is being served.
#[derive(Debug)]
pub struct Running {
    addr: SocketAddr,
    stopper: Stopper,
    thread: JoinHandle<Ended>,
}

impl Running {
    /// The endpoint of `hub`, which listens at `addr`, and is over when `thread` is. For runtimes.
    pub fn new(addr: SocketAddr, hub: Weak<Hub>, thread: JoinHandle<Ended>) -> Self {
        Running { addr, stopper: Stopper { hub }, thread }
    }

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
#[derive(Clone)]
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

impl fmt::Debug for Stopper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stopper")
    }
}
