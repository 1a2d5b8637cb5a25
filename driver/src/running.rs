//! A program for embedding: its options, and the handle that stops and updates it.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Weak};
use std::thread::{self, JoinHandle};

use pontoon_core::{Config, Event};

use crate::site::Site;
use crate::tls::Tls;

/// Writes the events of the log, on any thread; never called under a lock of the engine.
pub type Log = Arc<dyn Fn(&Event) + Send + Sync>;

/// The options of a program.
#[derive(Clone)]
pub struct Options {
    /// The settings of the endpoint. With several servers, those of the paths that belong to none
    /// of them ([`Serves::Site`](pontoon_core::Serves::Site)).
    pub config: Config,
    /// The servers, if there are several: each has a path of its own.
    pub servers: Vec<Server>,
    /// The number of threads for connections and pipes. `None` means half the number of processors,
    /// up to [`THREADS_MAX`].
    pub threads: Option<usize>,
    /// Writes the events of the log.
    pub log: Log,
    /// The settings of TLS, if clients connect with it.
    pub tls: Option<Tls>,
}

/// One of several servers of a program.
#[derive(Clone)]
pub struct Server {
    /// Its name, for the list of servers.
    pub name: Box<str>,
    /// The first segment of its paths, percent-decoded.
    pub segment: Box<str>,
    /// Its settings, or the reason why it cannot be served: its paths answer with that, so it must
    /// hold no secret. [`Config::name`] is set to the segment.
    pub config: Result<Box<Config>, Box<str>>,
    /// Writes the events of the log.
    pub log: Log,
}

/// The sockets of a program.
#[derive(Debug, Default)]
pub struct Listeners {
    /// Those for clients; at least one.
    pub endpoints: Vec<TcpListener>,
    /// Those for the page, health and metrics, if they have their own ([`Config::admin`]).
    pub admin: Vec<TcpListener>,
}

/// The purpose of a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    /// It is for clients.
    Endpoints,
    /// It is for the page, health and metrics.
    Admin,
}

impl Listeners {
    /// Returns each listener with its purpose.
    pub fn each(self) -> impl Iterator<Item = (TcpListener, Surface)> {
        let endpoints = self.endpoints.into_iter().map(|listener| (listener, Surface::Endpoints));
        endpoints.chain(self.admin.into_iter().map(|listener| (listener, Surface::Admin)))
    }
}

impl From<Vec<TcpListener>> for Listeners {
    fn from(endpoints: Vec<TcpListener>) -> Listeners {
        Listeners { endpoints, admin: Vec::new() }
    }
}

/// The maximum default number of threads; more would only wait for the engine's lock.
pub const THREADS_MAX: usize = 4;

impl Options {
    /// Creates the options for `config`, without a log.
    pub fn new(config: Config) -> Self {
        Options { config, servers: Vec::new(), threads: None, log: Arc::new(|_| {}), tls: None }
    }

    /// Returns the number of threads, at least one.
    ///
    /// The default is half of the processors, because the children need the other half. With two
    /// processors, one thread answers a quarter more requests than two do, because it saves the
    /// wake-ups between threads.
    pub fn threads(&self) -> usize {
        let processors = || thread::available_parallelism().map_or(1, usize::from);
        self.threads.unwrap_or_else(|| (processors() / 2).min(THREADS_MAX)).max(1)
    }
}

/// A running endpoint.
#[derive(Debug)]
pub struct Running {
    addrs: Vec<SocketAddr>,
    stopper: Stopper,
    thread: JoinHandle<Ended>,
}

impl Running {
    /// Creates the handle of a program, which listens on `addrs` and ends with `thread`. For
    /// runtimes, which get the addresses from [`addresses`].
    pub fn new(addrs: Vec<SocketAddr>, site: Weak<Site>, thread: JoinHandle<Ended>) -> Self {
        Running { addrs, stopper: Stopper { site }, thread }
    }

    /// Returns the first address on which it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addrs[0]
    }

    /// Returns all addresses on which it listens.
    pub fn addrs(&self) -> &[SocketAddr] {
        &self.addrs
    }

    /// Returns a handle that stops it.
    pub fn stopper(&self) -> Stopper {
        self.stopper.clone()
    }

    /// Waits until it has stopped.
    pub fn wait(self) -> Ended {
        self.thread.join().unwrap_or(Ended { forced: true })
    }
}

/// Returns the addresses of the listeners for clients. For runtimes.
///
/// # Errors
///
/// There is no listener, or the operating system does not know its address.
pub fn addresses(listeners: &Listeners) -> io::Result<Vec<SocketAddr>> {
    if listeners.endpoints.is_empty() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "no address to listen on"));
    }
    listeners.endpoints.iter().map(TcpListener::local_addr).collect()
}

/// The result of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Whether anything was aborted.
    pub forced: bool,
}

/// Stops or updates a program, from any thread.
#[derive(Clone)]
pub struct Stopper {
    site: Weak<Site>,
}

impl Stopper {
    /// Asks it to stop: it accepts no new work, and ends when all work is done or its time is up.
    /// The second call stops it at once.
    pub fn stop(&self) {
        if let Some(site) = self.site.upgrade() {
            site.stop();
        }
    }

    /// Serves these servers from now on, with `config` for the paths that belong to none: see
    /// [`Site::update`]. Has no effect on a program that is asked to stop.
    ///
    /// # Errors
    ///
    /// The operating system refuses randomness, and everything stays as it was.
    pub fn update(&self, config: Config, servers: Vec<Server>) -> io::Result<()> {
        self.site.upgrade().map_or(Ok(()), |site| site.update(config, servers))
    }

    /// Records that the configuration is older than its files, for this reason, which `/readyz`
    /// then says.
    pub fn set_fault(&self, reason: &str) {
        if let Some(site) = self.site.upgrade() {
            site.set_fault(Some(reason.into()));
        }
    }
}

impl fmt::Debug for Stopper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stopper")
    }
}
