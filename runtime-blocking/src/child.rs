//! Child processes: one thread that starts them, and for each child one for its pipes and one that
//! waits for its end.
//!
//! Owns: the processes, and their pipes. Never: decides when a child ends, or interprets its lines.

use std::io::Result;
use std::process::Child;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use pontoon_driver::child::{ChildIo, ExitWaiter, SpawnRequest};
use pontoon_driver::driver::Driver;
use rustix::io::Errno;

use crate::io::{Events, Io, block_on, descriptors_max};

/// Starts children until the program is gone. Runs on a thread of its own, because children are
/// killed when the thread that started them ends, and a fork would delay connections.
pub(crate) fn spawn_all(orders: &Receiver<SpawnRequest>, events: &Arc<Events>) {
    let running = Arc::new(());
    for order in orders {
        if let Some(driver) = order.driver() {
            spawn(&driver, order, events.clone(), running.clone());
        }
    }
}

/// Starts a child, which holds `running` until its pipes are closed.
fn spawn(driver: &Arc<Driver>, order: SpawnRequest, events: Arc<Events>, running: Arc<()>) {
    // The threads come first, because a child without them could not be served.
    let (give_pipes, take_pipes) = sync_channel::<(ChildIo, Streams)>(1);
    let (give_end, take_end) = sync_channel::<(ExitWaiter, Child)>(1);
    let started = events.take().and_then(|event| {
        event.check_free(SPAWN_FDS)?;
        if Arc::strong_count(&running) as u64 * CHILD_FDS > descriptors_max() / 2 {
            return Err(Errno::MFILE.into());
        }
        events.put(event);
        crate::spawn("pontoon-pipes", move || {
            if let Ok((pipes, streams)) = take_pipes.recv() {
                let _ = block_on(&events, || false, pipes.run(streams));
            }
            drop(running);
        })?;
        crate::spawn("pontoon-child", move || {
            if let Ok((end, mut process)) = take_end.recv() {
                end.exited(process.wait());
            }
        })?;
        order.command().spawn()
    });
    let mut process = match started {
        Ok(process) => process,
        Err(error) => return order.failed(driver, &error),
    };
    let (pipes, end) = order.spawned(driver, process.id());
    let streams = streams(&mut process);
    // Both threads wait for nothing else.
    let _ = (give_pipes.send((pipes, streams)), give_end.send((end, process)));
}

/// Descriptors of a child: its pipes, and an event. Half of all are left for connections.
const CHILD_FDS: u64 = 4;

/// Descriptors that its start takes beside its event: both ends of its pipes, and of one more.
const SPAWN_FDS: u64 = 8;

type Streams = Result<(Io, Io, Io)>;

fn streams(process: &mut Child) -> Streams {
    let stdin = Io::new(process.stdin.take().expect("it is piped"))?;
    let stdout = Io::new(process.stdout.take().expect("it is piped"))?;
    let stderr = Io::new(process.stderr.take().expect("it is piped"))?;
    Ok((stdin, stdout, stderr))
}
