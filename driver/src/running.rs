//! A running program for embedding: the handle that stops and updates it.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Weak;
use std::thread::JoinHandle;

use pontoon_core::Config;

use crate::options::{Listeners, Server};
use crate::site::Site;

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
