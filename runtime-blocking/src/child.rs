//! Child processes: one thread that starts them, and for each child one for its pipes and one that
//! waits for its end.
//!
//! Owns: the processes, and their pipes. Never: decides when a child ends, or interprets its lines.

use std::io::Result;
use std::process::Child;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Weak};

use pontoon_carrier::child::{End, Order, Pipes};
use pontoon_carrier::hub::Hub;
use rustix::io::Errno;

use crate::fd_budget::FdBudget;
use crate::io::{Io, block_on};

/// Starts children until the hub is gone. Runs on a thread of its own, because children are killed
/// when the thread that started them ends, and a fork would delay connections.
pub(crate) fn spawn_all(orders: &Receiver<Order>, hub: &Weak<Hub>, budget: &Arc<FdBudget>) {
    for order in orders {
        let Some(hub) = hub.upgrade() else { return };
        match budget.take_child() {
            true => spawn(&hub, order, budget),
            false => order.failed(&hub, &Errno::MFILE.into()),
        }
    }
}

fn spawn(hub: &Arc<Hub>, order: Order, budget: &Arc<FdBudget>) {
    // The threads come first, because a child without them could not be served.
    let (give_pipes, take_pipes) = sync_channel(1);
    let (give_end, take_end) = sync_channel(1);
    let counted = Counted(budget.clone());
    let carry = move || {
        take_pipes.recv().into_iter().for_each(carry);
        drop(counted);
    };
    let wait = move || take_end.recv().into_iter().for_each(wait);
    let hired = crate::spawn("pontoon-pipes", carry).and(crate::spawn("pontoon-child", wait));
    let process = hired.and_then(|_| order.command().spawn());
    budget.child_spawned();
    let process = match process {
        Ok(process) => process,
        Err(error) => return order.failed(hub, &error),
    };
    let (pipes, end) = order.spawned(hub, process.id());
    let mut process = process;
    let streams = streams(&mut process);
    // Both threads wait for nothing else.
    let _ = (give_pipes.send((pipes, streams)), give_end.send((end, process)));
}

/// Counts a child until its pipes are closed.
struct Counted(Arc<FdBudget>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.child_ended();
    }
}

type Streams = Result<(Io, Io, Io)>;

fn streams(process: &mut Child) -> Streams {
    let stdin = Io::pipe(process.stdin.take().expect("it is piped"))?;
    let stdout = Io::pipe(process.stdout.take().expect("it is piped"))?;
    let stderr = Io::pipe(process.stderr.take().expect("it is piped"))?;
    Ok((stdin, stdout, stderr))
}

fn carry((pipes, streams): (Pipes, Streams)) {
    // Without a descriptor to wait with, the pipes close, which ends the child.
    let _ = block_on(pipes.carry(streams));
}

fn wait((end, mut process): (End, Child)) {
    end.reached(process.wait());
}
