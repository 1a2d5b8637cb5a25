//! A runtime for pontoon's protocol core on threads.
//!
//! The obligations of a runtime are in [`pontoon_carrier::contract`]. Some of the ten functions are
//! the carrier's; the others are here:
//!
//! | function | where |
//! |---|---|
//! | `accept` | `front::Front::accept` |
//! | `reply`, `stream`, `watch` | [`pontoon_core::http::Connection`], carried by `connection::Serving` |
//! | `sleep` | `io::Alarm`; `connection::Serving` for its connection |
//! | `spawn` | `child::spawn_all` |
//! | `stop` | `serve`, and [`Stopper::stop`] |
//!
//! ```text
//!   socket ─ connection ─┐           ┌─ child ─ pipes
//!     bytes in, bytes    ├─ [ hub ] ─┤
//!     out, one thread    │  engine   │
//!                        └───────────┘
//! ```
//!
//! Threads: one for each connection, two for each child, and four that are always there. Each of
//! them waits in the kernel.
//!
//! tiny_http writes the heads of complete responses (`respond`). The reasons why it does not read
//! requests are in `docs/runtimes.md`.
//!
//! Owns: sockets, pipes, processes, timers and threads.
//! Never: a protocol rule, a status, a retry, or a deadline of its own.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod child;
mod connection;
mod fd_budget;
mod front;
mod io;
mod respond;

use std::future::{Future, poll_fn};
use std::io::Result;
use std::net::TcpListener;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::thread::{Builder, JoinHandle};

use pontoon_carrier::Phase;
use pontoon_carrier::addresses;
use pontoon_carrier::hub::Hub;
pub use pontoon_carrier::{Ended, Log, Options, Running, Stopper};
/// The core, for configurations, servers and events.
pub use pontoon_core;
use pontoon_core::machine::Input;

use crate::front::Front;
use crate::io::{Alarm, block_on};

/// Serves an endpoint on `listeners`, on threads of its own; [`Options::threads`] has no effect. It
/// listens when this returns.
///
/// # Errors
///
/// There is no listener, or the operating system refuses a thread, a file descriptor or randomness.
pub fn start(listeners: Vec<TcpListener>, options: Options) -> Result<Running> {
    let addrs = addresses(&listeners)?;
    for listener in &listeners {
        listener.set_nonblocking(true)?;
    }
    let (hub, orders) = Hub::new(&options)?;
    let front = Front::new(hub.clone())?;
    let weak = Arc::downgrade(&hub);

    let (spawner, budget) = (weak.clone(), front.budget.clone());
    spawn("pontoon-spawn", move || child::spawn_all(&orders, &spawner, &budget))?;
    let timekeeper = hub.clone();
    spawn("pontoon-timer", move || keep_time(&timekeeper))?;
    let accept = |listener| {
        let front = front.clone();
        spawn("pontoon-accept", move || front.accept(listener))
    };
    let accepting = listeners.into_iter().map(accept).collect::<Result<Vec<_>>>()?;
    let thread = spawn("pontoon", move || serve(&hub, &front, accepting))?;
    Ok(Running::new(addrs, weak, thread))
}

fn keep_time(hub: &Hub) {
    let mut kept = pin!(hub.keep_time(Alarm(hub.clock())));
    let mut stopped = pin!(hub.phase_after(Phase::Draining));
    let until = poll_fn(|cx| match stopped.as_mut().poll(cx) {
        Poll::Pending => kept.as_mut().poll(cx),
        Poll::Ready(_) => Poll::Ready(()),
    });
    block_on(until).expect("the system waits");
}

/// Runs until the engine has stopped, and its last answers are sent.
fn serve(hub: &Arc<Hub>, front: &Arc<Front>, accepting: Vec<JoinHandle<()>>) -> Ended {
    hub.submit([Input::Started]);
    let stopped = block_on(async {
        hub.phase_after(Phase::Serving).await;
        front.unlisten();
        hub.stopped().await
    });
    for accepting in accepting {
        let _ = accepting.join();
    }
    front.stop();
    // If the wait itself fails, the connections have been aborted.
    Ended { forced: stopped.unwrap_or(true) }
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

/// Locks data that a panic cannot leave half changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
