//! pontoon's protocol core carried by threads and tiny_http.
//!
//! What it owes is [`pontoon_carrier::contract`]. Some of the ten functions are the carrier's; the
//! others are here, those of HTTP because tiny_http polls no futures:
//!
//! | function | where |
//! |---|---|
//! | `accept` | `front::Front::accept` |
//! | `reply` | `respond::Response::reply` |
//! | `stream` | `respond::Response::stream` |
//! | `watch` | `guarded::Guarded` sees it, `library::Link` tells whoever waits |
//! | `sleep` | `io::Alarm`; `guarded::Guarded` for its connection |
//! | `spawn` | `child::spawn_all` |
//! | `stop` | `serve`, and [`Stopper::stop`] |
//!
//! ```text
//!   socket ─ guarded ─ library ─ front ─┐           ┌─ child ─ pipes
//!     the guard's verdict, then tiny_http ├─ [ hub ] ─┤
//!     on a private connection for each  │  engine   │
//!     clean request                     └───────────┘
//! ```
//!
//! Threads: one for each connection, one more for each request in flight, two for each child, and
//! about a dozen that are always there. Each of them waits in the kernel for whatever it waits for.
//!
//! Owns: sockets, pipes, processes, timers and threads.
//! Never: a protocol rule, a status, a retry, or a deadline of its own.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod child;
mod connections;
mod door;
mod front;
mod guarded;
mod head;
mod io;
mod library;
mod respond;
mod room;

use std::future::{Future, poll_fn};
use std::io::Result;
use std::net::TcpListener;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::thread::{Builder, JoinHandle};

use pontoon_carrier::Phase;
use pontoon_carrier::hub::Hub;
pub use pontoon_carrier::{Ended, Log, Options, Running, Stopper};
use pontoon_core::machine::Input;

use crate::front::Front;
use crate::io::{Alarm, block_on};

/// Serves an endpoint on `listener`, on threads of its own; [`Options::threads`] means nothing
/// here. It listens when this returns.
///
/// tiny_http is reached through a socket that is bound in a new directory, which only this user may
/// enter: of `XDG_RUNTIME_DIR`, of [`std::env::temp_dir`] or of `/dev/shm`, the first that can be
/// written to. On Linux it is gone from there when this returns.
///
/// # Errors
///
/// The operating system refuses a thread, a file descriptor, randomness, or any such directory.
pub fn start(listener: TcpListener, options: Options) -> Result<Running> {
    let addr = listener.local_addr()?;
    listener.set_nonblocking(true)?;
    let (hub, orders) = Hub::new(&options)?;
    let front = Front::new(hub.clone())?;
    let weak = Arc::downgrade(&hub);

    let (spawner, room) = (weak.clone(), front.room.clone());
    spawn("pontoon-spawn", move || child::spawn_all(&orders, &spawner, &room))?;
    let timekeeper = hub.clone();
    spawn("pontoon-timer", move || keep_time(&timekeeper))?;
    let accepting = front.clone();
    let accepting = spawn("pontoon-accept", move || accepting.accept(listener))?;
    let thread = spawn("pontoon", move || serve(&hub, &front, accepting))?;
    Ok(Running::new(addr, weak, thread))
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

/// Runs until the engine has stopped, and what it had answered by then is on its way.
fn serve(hub: &Arc<Hub>, front: &Arc<Front>, accepting: JoinHandle<()>) -> Ended {
    hub.submit([Input::Started]);
    let stopped = block_on(async {
        hub.phase_after(Phase::Serving).await;
        front.unlisten();
        hub.stopped().await
    });
    let _ = accepting.join();
    front.stop();
    // Whoever cannot even wait has broken everything off.
    Ended { forced: stopped.unwrap_or(true) }
}

/// A thread by its name, with a stack that fits into many.
fn spawn<T: Send + 'static>(
    name: &str,
    run: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>> {
    Builder::new().name(name.into()).stack_size(STACK_BYTES).spawn(run)
}

/// The deepest stack is that of the JSON parser, which goes no deeper than its limit.
const STACK_BYTES: usize = 256 * 1024;

/// Locks what a panic cannot leave half changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
