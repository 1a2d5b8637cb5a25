//! pontoon's protocol core carried by smol and hyper.
//!
//! A runtime is ten small functions around one engine. Those that need no runtime are
//! `pontoon_carrier`'s; the others are here:
//!
//! | function | where | obligation |
//! |---|---|---|
//! | `now` | `carrier::clock::Clock::now` | monotonic microseconds; the only caller of the clock |
//! | `seed` | `carrier::clock` | 32 random bytes from the operating system |
//! | `accept` | `front::Front::accept` | connections, up to a limit, each behind its guard |
//! | `reply` | `carrier::http` | a head and a whole body |
//! | `stream` | `carrier::http` | a body as it comes; reports what was taken |
//! | `watch` | `carrier::exchange::Exchange` | reports a peer that has gone, once for each exchange |
//! | `sleep` | `io::Alarm` | one timer per machine |
//! | `spawn` | `child::spawn_all` | children with piped streams, each in its own process group |
//! | `run` | - | nothing of the core runs outside of it |
//! | `stop` | [`Stopper::stop`] | the wish to stop; the engine decides how |
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

use pontoon_carrier::hub::Hub;
pub use pontoon_carrier::{Ended, Log, Options, Running, Stopper, THREADS_MAX};
use pontoon_core::machine::Input;
use smol::channel::{Receiver, bounded};
use smol::{Async, Executor, block_on};

use crate::front::Front;
use crate::io::Alarm;

/// Serves an endpoint on `listener`, on threads of its own. It listens when this returns.
///
/// # Errors
///
/// The operating system refuses a thread, a file descriptor, or randomness.
pub fn start(listener: TcpListener, options: Options) -> Result<Running> {
    let addr = listener.local_addr()?;
    let listener = Async::new(listener)?;
    let executor = Arc::new(Executor::new());
    let (hub, orders) = Hub::new(&options)?;
    let weak = Arc::downgrade(&hub);

    let (spawner, handle) = (weak.clone(), Arc::downgrade(&executor));
    thread::Builder::new()
        .name("pontoon-spawn".into())
        .spawn(move || child::spawn_all(&orders, &spawner, &handle))?;
    // The workers end when this is dropped: with the endpoint, or because it does not start.
    let (at_work, end_of_work) = bounded(1);
    for _ in 1..options.threads() {
        work(executor.clone(), end_of_work.clone())?;
    }
    let thread = thread::Builder::new().name("pontoon".into()).spawn(move || {
        let _at_work = at_work;
        block_on(executor.run(serve(&executor, hub, listener)))
    })?;
    Ok(Running::new(addr, weak, thread))
}

/// Runs tasks on one more thread, until the channel closes.
fn work(executor: Arc<Executor<'static>>, end: Receiver<()>) -> Result<()> {
    let work = move || {
        // Nothing is ever sent.
        let _ = block_on(executor.run(end.recv()));
    };
    thread::Builder::new().name("pontoon-worker".into()).spawn(work).map(drop)
}

/// Runs until the engine has stopped, and what it had answered by then is on its way.
async fn serve(
    executor: &Arc<Executor<'static>>,
    hub: Arc<Hub>,
    listener: Async<TcpListener>,
) -> Ended {
    let front = Front::new(executor, hub.clone());
    let timekeeper = hub.clone();
    let alarm = Alarm::new(hub.clock());
    executor.spawn(async move { timekeeper.keep_time(alarm).await }).detach();
    hub.submit([Input::Started]);
    let accepting = executor.spawn(front.clone().accept(listener));
    let forced = hub.stopped().await;
    let _ = accepting.await;
    front.emptied().await;
    Ended { forced }
}
