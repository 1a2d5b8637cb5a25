//! The options of a program.

use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use pontoon_core::{Config, Event};

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
