//! Child processes: one thread that starts them, and for each child a task for its pipes and one
//! that waits for its end.
//!
//! Owns: the processes, and their pipes. Never: decides when a child ends, or interprets its lines.

use std::fs::File;
use std::io::Result;
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Weak};

use async_process::{Child, Command, Stdio};
use pontoon_driver::child::SpawnRequest;
use pontoon_driver::driver::Driver;
use smol::Executor;

use crate::io::Io;

/// Starts children until the program is gone. Runs on a thread of its own, because children are
/// killed when the thread that started them ends, and a fork would delay connections.
pub(crate) fn spawn_all(orders: &Receiver<SpawnRequest>, executor: &Weak<Executor<'static>>) {
    for order in orders {
        let Some(executor) = executor.upgrade() else { return };
        if let Some(driver) = order.driver() {
            spawn(&driver, order, &executor);
        }
    }
}

fn spawn(driver: &Arc<Driver>, order: SpawnRequest, executor: &Executor<'static>) {
    let mut command = Command::from(order.command());
    // The library does not see that they are piped already.
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = match command.spawn() {
        Ok(process) => process,
        Err(error) => return order.failed(driver, &error),
    };
    let (pipes, end) = order.spawned(driver, process.id());
    let streams = streams(&mut process);
    executor.spawn(pipes.run(streams)).detach();
    executor.spawn(async move { end.exited(process.status().await) }).detach();
}

fn streams(process: &mut Child) -> Result<(Io<File>, Io<File>, Io<File>)> {
    let stdin = Io::pipe(process.stdin.take().expect("it is piped"))?;
    let stdout = Io::pipe(process.stdout.take().expect("it is piped"))?;
    let stderr = Io::pipe(process.stderr.take().expect("it is piped"))?;
    Ok((stdin, stdout, stderr))
}
