//! A runtime for pontoon's protocol core on threads.
//!
//! The obligations of a runtime are in [`pontoon_driver::contract`]. Most of the ten functions are
//! the driver's; the others are here:
//!
//! | function | where |
//! |---|---|
//! | `accept` | `connection::Front`, and [`Site::accept`] |
//! | `sleep` | `io::Alarm` |
//! | `spawn` | `child::spawn_all` |
//! | `stop` | `serve`, and [`Stopper::stop`] |
//!
//! Threads: one for each connection, two for each child, and two that are always there. Each of
//! them waits in the kernel, in `io::block_on`.
//!
//! tiny_http writes the heads of responses (`respond`). The reasons why it does not read requests
//! are in `docs/runtimes.md`.
//!
//! Owns: sockets, pipes, processes, timers and threads.
//! Never: a protocol rule, a status, a retry, or a deadline of its own.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod child;
mod connection;
mod io;
mod respond;

use std::future::{Future, poll_fn};
use std::io::Result;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::thread::{Builder, JoinHandle};

/// The core, for configurations, servers and events.
pub use pontoon_core;
use pontoon_driver::Surface;
use pontoon_driver::addresses;
use pontoon_driver::site::Site;
pub use pontoon_driver::{Ended, Listeners, Log, Options, Running, Server, Stopper};

use crate::connection::Front;
use crate::io::{Alarm, Io, block_on};

/// Serves a program on `listeners`, on threads of its own; [`Options::threads`] has no effect. It
/// listens when this returns.
///
/// # Errors
///
/// There is no listener, or the operating system refuses a thread, a file descriptor or randomness.
pub fn start(listeners: impl Into<Listeners>, options: Options) -> Result<Running> {
    let listeners = listeners.into();
    let addrs = addresses(&listeners)?;
    let register = |(listener, surface)| Ok((Io::new(listener)?, surface));
    let listeners = listeners.each().map(register).collect::<Result<_>>()?;
    let (site, orders) = Site::new(&options)?;
    let weak = Arc::downgrade(&site);
    let front = Front::new(site)?;
    let events = front.events.clone();
    spawn("pontoon-spawn", move || child::spawn_all(&orders, &events))?;
    let thread = spawn("pontoon", move || serve(&front, listeners))?;
    Ok(Running::new(addrs, weak, thread))
}

/// Runs until the program has stopped, and its last answers are sent.
fn serve(front: &Arc<Front>, listeners: Vec<(Io, Surface)>) -> Ended {
    let site = &front.site;
    site.start();
    let alarm = || Alarm(site.clock());
    let accept = |(listener, surface)| {
        site.accept(listener, alarm(), move |stream, permit| front.serve(stream, surface, permit))
    };
    let mut accepting: Vec<_> = listeners.into_iter().map(accept).map(Box::pin).collect();
    let mut time = pin!(site.keep_time(alarm()));
    let mut stopped = pin!(site.stopped());
    let mut ended = pin!(site.connections_ended());
    let mut forced = None;
    let all = poll_fn(|cx| {
        let _endless = time.as_mut().poll(cx);
        accepting.retain_mut(|accept| accept.as_mut().poll(cx).is_pending());
        if forced.is_none()
            && let Poll::Ready(stopped) = stopped.as_mut().poll(cx)
        {
            front.stopped.set();
            forced = Some(stopped);
        }
        match forced {
            Some(forced) if accepting.is_empty() => ended.as_mut().poll(cx).map(|()| forced),
            _ => Poll::Pending,
        }
    });
    // If the wait itself fails, the connections have been aborted.
    Ended { forced: block_on(&front.events, || false, all).unwrap_or(true) }
}

/// Starts a thread with a name and a small stack, so that many fit.
fn spawn<T: Send + 'static>(
    name: &str,
    run: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>> {
    Builder::new().name(name.into()).stack_size(STACK_BYTES).spawn(run)
}

/// The JSON parser needs the deepest stack, up to its depth limit.
const STACK_BYTES: usize = 256 * 1024;
