//! The total resources of the processes that this one started.
//!
//! Every child leads a session of its own, so a descendant is identified by its session, even if
//! processes in between have ended.
//!
//! Source: proc_pid_stat(5).

use std::collections::HashSet;
use std::fs;

use pontoon_core::server::ChildrenFacts;
use pontoon_core::time::Duration;
use rustix::param::{clock_ticks_per_second, page_size};

use super::start;

/// The processes of the host.
pub(super) struct Processes(Vec<Process>);

/// The data of a process that is needed here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Process {
    pid: u32,
    parent: u32,
    session: u32,
    /// The processor time it has used, in ticks.
    ticks: u64,
    /// The same of its ended children that it has waited for.
    ended_ticks: u64,
    /// Its resident pages of memory.
    pages: u64,
}

impl Processes {
    /// Reads all processes, unless there are too many.
    pub(super) fn read() -> Option<Processes> {
        let mut all = Vec::new();
        for entry in fs::read_dir("/proc").ok()?.flatten() {
            let name = entry.file_name();
            let Some(pid) = name.to_str().filter(|name| name.bytes().all(|it| it.is_ascii_digit()))
            else {
                continue;
            };
            if all.len() == PROCESSES_MAX {
                return None;
            }
            // One that has ended in the meantime is ignored.
            let stat = start(&format!("/proc/{pid}/stat"), STAT_BYTES_MAX);
            all.extend(stat.as_deref().and_then(Process::parse));
        }
        Some(Processes(all))
    }

    /// Returns the resources that the children of a process and their descendants use.
    pub(super) fn children_of(&self, parent: u32) -> Option<ChildrenFacts> {
        let own = self.0.iter().find(|process| process.pid == parent)?;
        let children = self.0.iter().filter(|process| process.parent == parent);
        let sessions: HashSet<_> = children.map(|child| child.pid).collect();
        let (mut ticks, mut pages) = (own.ended_ticks, 0);
        for process in &self.0 {
            if sessions.contains(&process.pid) || sessions.contains(&process.session) {
                ticks += process.ticks + process.ended_ticks;
                pages += process.pages;
            }
        }
        let millis = ticks.saturating_mul(1000) / clock_ticks_per_second().max(1);
        let memory = pages.saturating_mul(page_size() as u64);
        Some(ChildrenFacts { memory, cpu: Duration::from_millis(millis) })
    }
}

impl Process {
    fn parse(stat: &str) -> Option<Process> {
        let pid = stat.split(' ').next()?.parse().ok()?;
        // The name is in parentheses and may itself contain some.
        let (_, rest) = stat.rsplit_once(") ")?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        let number = |field: usize| -> Option<u64> { fields.get(field - 3)?.parse().ok() };
        Some(Process {
            pid,
            parent: number(4)?.try_into().ok()?,
            session: number(6)?.try_into().ok()?,
            ticks: number(14)? + number(15)?,
            ended_ticks: number(16)? + number(17)?,
            pages: number(24)?,
        })
    }
}

/// The maximum number of processes on a host for this search: each costs microseconds.
const PROCESSES_MAX: usize = 4096;

/// More than the fields up to the last one needed here.
const STAT_BYTES_MAX: usize = 1024;

#[cfg(test)]
mod tests;
