//! A runtime for pontoon's protocol core on tokio and hyper.
//!
//! Its obligations are in [`pontoon_driver::contract`]. Most of the ten functions are the
//! driver's; the others are here:
//!
//! | function | where |
//! |---|---|
//! | `accept` | `front::accept`, and [`Site::accept`] |
//! | `sleep` | `io::Alarm` |
//! | `spawn` | `child::spawn_all` |
//! | `stop` | `serve`, and [`Stopper::stop`] |
//!
//! Owns: sockets, pipes, processes, timers and threads.
//! Never: a protocol rule, a status, a retry, or a deadline of its own.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod child;
mod front;
mod io;

use std::io::Result;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

/// The core, for configurations, servers and events.
pub use pontoon_core;
use pontoon_driver::Surface;
use pontoon_driver::addresses;
use pontoon_driver::http::Front;
use pontoon_driver::site::Site;
pub use pontoon_driver::{Ended, Listeners, Log, Options, Running, Server, Stopper, THREADS_MAX};
use tokio::runtime::{Builder, Runtime};

use crate::io::Alarm;

/// Serves a program on `listeners`, on threads of its own. It listens when this returns.
///
/// # Errors
///
/// There is no listener, or the operating system refuses a thread, a file descriptor, or
/// randomness.
pub fn start(listeners: impl Into<Listeners>, options: Options) -> Result<Running> {
    let listeners = listeners.into();
    let addrs = addresses(&listeners)?;
    let runtime = runtime(options.threads())?;
    let (site, orders) = Site::new(&options)?;
    let weak = Arc::downgrade(&site);
    let listeners = {
        let _runtime = runtime.enter();
        let register = |(listener, surface)| Ok((register(listener)?, surface));
        listeners.each().map(register).collect::<Result<Vec<_>>>()?
    };

    let handle = runtime.handle().clone();
    thread::Builder::new()
        .name("pontoon-spawn".into())
        .spawn(move || child::spawn_all(&orders, &handle))?;
    let thread = thread::Builder::new()
        .name("pontoon".into())
        .spawn(move || runtime.block_on(serve(site, listeners)))?;
    Ok(Running::new(addrs, weak, thread))
}

/// Hands a listener over to the runtime that is entered.
fn register(listener: TcpListener) -> Result<tokio::net::TcpListener> {
    listener.set_nonblocking(true)?;
    tokio::net::TcpListener::from_std(listener)
}

fn runtime(threads: usize) -> Result<Runtime> {
    match threads {
        1 => Builder::new_current_thread().enable_all().build(),
        threads => Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_name("pontoon-worker")
            .enable_all()
            .build(),
    }
}

/// Runs until the program has stopped, and its last answers are sent.
async fn serve(site: Arc<Site>, listeners: Vec<(tokio::net::TcpListener, Surface)>) -> Ended {
    let timekeeper = site.clone();
    tokio::spawn(async move { timekeeper.keep_time(Alarm::new(timekeeper.clock())).await });
    site.start();
    let accept = |(listener, surface)| {
        front::accept(site.clone(), Arc::new(Front::new(site.clone(), surface)), listener)
    };
    let accepting: Vec<_> = listeners.into_iter().map(accept).map(tokio::spawn).collect();
    let forced = site.stopped().await;
    for accepting in accepting {
        let _ = accepting.await;
    }
    site.connections_ended().await;
    Ended { forced }
}
