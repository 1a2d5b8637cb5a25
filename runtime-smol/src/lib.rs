//! A runtime for pontoon's protocol core on smol, async-io, async-process and hyper.
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

use async_io::Async;
/// The core, for configurations, servers and events.
pub use pontoon_core;
use pontoon_driver::Surface;
use pontoon_driver::addresses;
use pontoon_driver::http::Front;
use pontoon_driver::site::Site;
pub use pontoon_driver::{Ended, Listeners, Log, Options, Running, Server, Stopper, THREADS_MAX};
use smol::channel::{Receiver, bounded};
use smol::{Executor, block_on, future};

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
    let register = |(listener, surface)| Ok((Async::new(listener)?, surface));
    let listeners = listeners.each().map(register).collect::<Result<Vec<_>>>()?;
    let executor = Arc::new(Executor::new());
    let (site, orders) = Site::new(&options)?;
    let weak = Arc::downgrade(&site);

    let handle = Arc::downgrade(&executor);
    thread::Builder::new()
        .name("pontoon-spawn".into())
        .spawn(move || child::spawn_all(&orders, &handle))?;
    // The workers end when this is dropped: with the endpoint, or because it does not start.
    let (at_work, end_of_work) = bounded(1);
    for _ in 1..options.threads() {
        work(executor.clone(), end_of_work.clone())?;
    }
    let thread = thread::Builder::new().name("pontoon".into()).spawn(move || {
        let _at_work = at_work;
        block_on(executor.run(serve(&executor, site, listeners)))
    })?;
    Ok(Running::new(addrs, weak, thread))
}

/// Runs tasks on one more thread, until the channel closes.
fn work(executor: Arc<Executor<'static>>, end: Receiver<()>) -> Result<()> {
    let work = move || {
        // Nothing is ever sent.
        let _ = block_on(executor.run(end.recv()));
    };
    thread::Builder::new().name("pontoon-worker".into()).spawn(work).map(drop)
}

/// Runs until the program has stopped, and its last answers are sent.
async fn serve(
    executor: &Arc<Executor<'static>>,
    site: Arc<Site>,
    listeners: Vec<(Async<TcpListener>, Surface)>,
) -> Ended {
    let timekeeper = site.clone();
    let alarm = Alarm::new(site.clock());
    executor.spawn(async move { timekeeper.keep_time(alarm).await }).detach();
    // Unless async-process's own driver has been polled, the first child would need a thread for
    // it, and the library panics if there is none.
    let mut reaper = Box::pin(async_process::driver());
    let _ = future::poll_once(&mut reaper).await;
    executor.spawn(reaper).detach();
    site.start();
    let accept = |(listener, surface)| {
        let front = Arc::new(Front::new(site.clone(), surface));
        // Weak, because the executor owns this task.
        front::accept(site.clone(), front, Arc::downgrade(executor), listener)
    };
    let accepting = listeners.into_iter().map(accept).map(|accept| executor.spawn(accept));
    let accepting: Vec<_> = accepting.collect();
    let forced = site.stopped().await;
    for accepting in accepting {
        let _ = accepting.await;
    }
    site.connections_ended().await;
    Ended { forced }
}
