//! Child processes: one thread that starts them, and for each child a task for its pipes and one
//! that waits for its end.
//!
//! Owns: the processes, and their pipes. Never: decides when a child ends, or interprets its lines.

use std::sync::Arc;
use std::sync::mpsc::Receiver;

use pontoon_driver::child::SpawnRequest;
use pontoon_driver::driver::Driver;
use tokio::process::Command;
use tokio::runtime::Handle;

use crate::io::{Io, Stdin};

/// Starts children until the program is gone. Runs on a thread of its own, because children are
/// killed when the thread that started them ends, and a fork would delay connections.
pub(crate) fn spawn_all(orders: &Receiver<SpawnRequest>, runtime: &Handle) {
    let _runtime = runtime.enter();
    for order in orders {
        if let Some(driver) = order.driver() {
            spawn(&driver, order);
        }
    }
}

fn spawn(driver: &Arc<Driver>, order: SpawnRequest) {
    let mut process = match Command::from(order.command()).spawn() {
        Ok(process) => process,
        Err(error) => return order.failed(driver, &error),
    };
    let pid = process.id().expect("the process was not waited for");
    let (pipes, end) = order.spawned(driver, pid);
    let stdin = process.stdin.take().expect("it is piped");
    let stdout = process.stdout.take().expect("it is piped");
    let stderr = process.stderr.take().expect("it is piped");
    let streams = Stdin::new(stdin).map(|stdin| (stdin, Io(stdout), Io(stderr)));
    tokio::spawn(pipes.run(streams));
    tokio::spawn(async move { end.exited(process.wait().await) });
}
