//! The total resources of the processes that this one started.
//!
//! Every child leads a session of its own, so a descendant is identified by its session, even if
//! processes in between have ended.

use std::collections::HashSet;

use pontoon_core::{ChildrenStats, Duration};
use procfs::process::{Stat, all_processes};
use procfs::{page_size, ticks_per_second};

/// Returns the resources that the children of this process and their descendants use, unless the
/// host has too many processes.
pub(super) fn of_this_process() -> Option<ChildrenStats> {
    let mut all = Vec::new();
    // A process that has ended in the meantime is ignored.
    for process in all_processes().ok()?.flatten() {
        if all.len() == PROCESSES_MAX {
            return None;
        }
        all.extend(process.stat());
    }
    of(std::process::id().try_into().ok()?, &all)
}

fn of(parent: i32, all: &[Stat]) -> Option<ChildrenStats> {
    let own = all.iter().find(|process| process.pid == parent)?;
    let children = all.iter().filter(|process| process.ppid == parent);
    let sessions: HashSet<_> = children.map(|child| child.pid).collect();
    let ended = |process: &Stat| (process.cutime + process.cstime).unsigned_abs();
    let (mut ticks, mut pages) = (ended(own), 0);
    for process in all {
        if sessions.contains(&process.pid) || sessions.contains(&process.session) {
            ticks += process.utime + process.stime + ended(process);
            pages += process.rss;
        }
    }
    let millis = ticks.saturating_mul(1000) / ticks_per_second().max(1);
    let memory = pages.saturating_mul(page_size());
    Some(ChildrenStats { memory, cpu: Duration::from_millis(millis) })
}

/// The maximum number of processes on a host for this search: each costs microseconds.
const PROCESSES_MAX: usize = 4096;

#[cfg(test)]
mod tests;
