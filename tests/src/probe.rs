//! What the system says of processes: `/proc`, and signals. In a simulated world that says it.

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
    /// Its session's.
    pub session: u32,
    /// Its state; `Z` for one that ended and was not waited for.
    pub state: char,
    /// The name of its program, cut to 15 bytes.
    pub name: String,
}

/// The process with this id.
pub fn process(pid: u32) -> Option<Process> {
    if let Some(world) = sim::current() {
        let processes = lock(&world.processes);
        return processes.running(pid).map(|process| simulated(pid, process));
    }
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name stands in parentheses and may itself hold some.
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

/// Every process there is.
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

/// Every process whose chain of parents leads to this one, those that ended unreaped included.
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

/// Whether a process runs: it exists and has not ended.
pub fn is_running(pid: u32) -> bool {
    process(pid).is_some_and(|process| process.state != 'Z' && process.state != 'X')
}

/// Memory in use by a process, in KiB (`VmRSS`). A simulated process has none of its own: in a
/// simulated world nothing is said of memory.
pub fn rss_kib(pid: u32) -> u64 {
    if sim::current().is_some() {
        return 0;
    }
    status_field(pid, "VmRSS:")
}

/// Threads of a process.
pub fn threads(pid: u32) -> u64 {
    status_field(pid, "Threads:")
}

/// Open file descriptors of a process.
pub fn fds(pid: u32) -> usize {
    if let Some(world) = sim::current() {
        let processes = lock(&world.processes);
        return processes.running(pid).expect("a process of ours").descriptors();
    }
    fs::read_dir(format!("/proc/{pid}/fd")).expect("a process of ours").count()
}

/// Whether a process runs this program.
pub fn runs(pid: u32, program: &Path) -> bool {
    fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| exe == program)
}

/// Sends a signal to one process, if it is still there.
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
