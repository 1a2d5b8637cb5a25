//! The system's view of processes: `/proc`, and signals; in a simulated world, that world's.

use std::fs;
use std::path::Path;

use rustix::process::{Pid, Signal};

use crate::sim::{self, lock};

/// A process, as `/proc/<pid>/stat` describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its id.
    pub pid: u32,
    /// Its parent's.
    pub ppid: u32,
    /// Its process group's.
    pub pgid: u32,
    /// Its session's id.
    pub session: u32,
    /// Its state; `Z` for one that ended and was not reaped.
    pub state: char,
    /// The name of its program, truncated to 15 bytes.
    pub name: String,
}

/// Returns the process with this id.
pub fn process(pid: u32) -> Option<Process> {
    if let Some(world) = sim::current() {
        let processes = lock(&world.processes);
        return processes.running(pid).map(|process| simulated(pid, process));
    }
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name is in parentheses and may itself contain some.
    let (head, tail) = stat.rsplit_once(") ")?;
    let (_, name) = head.split_once('(')?;
    let mut fields = tail.split(' ');
    let state = fields.next()?.chars().next()?;
    let ppid = fields.next()?.parse().ok()?;
    let pgid = fields.next()?.parse().ok()?;
    let session = fields.next()?.parse().ok()?;
    Some(Process { pid, ppid, pgid, session, state, name: name.to_owned() })
}

fn simulated(pid: u32, process: &sim::process::Process) -> Process {
    let (ppid, pgid) = (process.parent, process.group);
    Process { pid, ppid, pgid, session: pgid, state: 'S', name: "simulated".to_owned() }
}

/// Returns all processes.
fn all() -> Vec<Process> {
    if let Some(world) = sim::current() {
        let processes = lock(&world.processes);
        return processes.all_running().map(|(pid, process)| simulated(pid, process)).collect();
    }
    fs::read_dir("/proc")
        .expect("/proc")
        .filter_map(|entry| process(entry.ok()?.file_name().to_str()?.parse().ok()?))
        .collect()
}

/// Returns all descendants of a process, including unreaped ones.
pub fn descendants(pid: u32) -> Vec<Process> {
    let all = all();
    let mut found = Vec::new();
    let mut parents = vec![pid];
    while let Some(parent) = parents.pop() {
        let children = all.iter().filter(|process| process.ppid == parent);
        parents.extend(children.clone().map(|child| child.pid));
        found.extend(children.cloned());
    }
    found
}

/// Returns whether a process exists and has not ended.
pub fn is_running(pid: u32) -> bool {
    process(pid).is_some_and(|process| process.state != 'Z' && process.state != 'X')
}

/// Returns the resident memory of a process, in KiB (`VmRSS`). Simulated processes have no memory
/// of their own, so there it is 0.
pub fn rss_kib(pid: u32) -> u64 {
    if sim::current().is_some() {
        return 0;
    }
    status_field(pid, "VmRSS:")
}

/// Returns the number of threads of a process.
pub fn threads(pid: u32) -> u64 {
    status_field(pid, "Threads:")
}

/// Returns the number of open file descriptors of a process.
pub fn fds(pid: u32) -> usize {
    if let Some(world) = sim::current() {
        let processes = lock(&world.processes);
        return processes.running(pid).expect("a process of ours").descriptors();
    }
    fs::read_dir(format!("/proc/{pid}/fd")).expect("a process of ours").count()
}

/// Returns whether a process runs this program.
pub fn runs(pid: u32, program: &Path) -> bool {
    fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| exe == program)
}

/// Sends a signal to a process, if it still exists.
pub fn signal(pid: u32, signal: Signal) {
    if let Some(world) = sim::current() {
        return world.signal(pid, signal);
    }
    let pid = Pid::from_raw(pid as i32).expect("a process id");
    let _ = rustix::process::kill_process(pid, signal);
}

fn status_field(pid: u32, field: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("a process of ours");
    let line = status.lines().find_map(|line| line.strip_prefix(field)).expect(field);
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}
