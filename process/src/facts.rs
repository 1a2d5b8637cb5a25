//! Facts about this process and its machine, as far as the operating system tells them.
//!
//! Owns: where each of them is found. What is not found there, or not on this system, is none.
//! Never: what was counted at an endpoint.
//!
//! Source: proc(5); Linux, Documentation/admin-guide/cgroup-v2.rst, Memory.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread;

use pontoon_core::server::{Counters, Facts, ProcessFacts, SystemFacts};
use pontoon_core::time::Duration;

/// Finds out facts, at most ten times a second: whoever asks more often is told the last ones.
#[derive(Debug, Default)]
pub struct Sampler(Mutex<Last>);

/// What was found out last.
#[derive(Debug, Default)]
struct Last {
    facts: Option<Facts>,
    /// Then, so that the difference can be told.
    busy: Option<Busy>,
}

/// Facts are sampled anew once they are so old. To sample them takes some system calls for each open
/// file, and it may be a client who asks.
const AGE_MAX: Duration = Duration::from_millis(100);

/// What the processors have done since the system started, in ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Busy {
    busy: u64,
    all: u64,
}

impl Sampler {
    /// The facts about a process that has been running for `uptime`, which never gets less.
    pub fn sample(&self, uptime: Duration) -> Facts {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_fresh = |it: &&Facts| uptime.saturating_sub(it.process.uptime) < AGE_MAX;
        if let Some(facts) = last.facts.as_ref().filter(is_fresh) {
            return facts.clone();
        }
        let (process, system) = (process(uptime), last.system());
        let facts = Facts { process, system, counters: Counters::default() };
        last.facts.insert(facts).clone()
    }
}

impl Last {
    fn system(&mut self) -> SystemFacts {
        let memory = Memory::read();
        let disk = rustix::fs::statvfs(".").ok();
        SystemFacts {
            platform: platform(),
            host: host(),
            cores: thread::available_parallelism().map_or(1, |it| it.get().try_into().unwrap_or(1)),
            cpu: self.cpu(),
            load: text("/proc/loadavg").as_deref().and_then(load),
            memory_total: memory.map(|memory| memory.total),
            memory_available: memory.map(|memory| memory.available),
            disk_total: disk.as_ref().map(|disk| disk.f_blocks.saturating_mul(disk.f_frsize)),
            disk_available: disk.as_ref().map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize)),
        }
    }

    /// How busy the processors were since the last time this was asked.
    fn cpu(&mut self) -> Option<f64> {
        let now = start("/proc/stat", STAT_LINE_BYTES_MAX).as_deref().and_then(Busy::parse)?;
        now.since(self.busy.replace(now)?)
    }
}

fn process(uptime: Duration) -> ProcessFacts {
    let status = text("/proc/self/status").unwrap_or_default();
    let files = open_files();
    ProcessFacts {
        pid: std::process::id(),
        uptime,
        memory: field(&status, "VmRSS:").map(|kib| kib * 1024),
        threads: field(&status, "Threads:"),
        open_files: files.as_ref().map(|files| files.count),
        connections: files.as_ref().and_then(connections),
    }
}

/// What this process has open.
struct OpenFiles {
    count: u64,
    /// The inodes of the sockets among it.
    sockets: HashSet<u64>,
}

fn open_files() -> Option<OpenFiles> {
    let mut files = OpenFiles { count: 0, sockets: HashSet::new() };
    for entry in fs::read_dir("/proc/self/fd").ok()?.flatten() {
        files.count += 1;
        let target = fs::read_link(entry.path()).unwrap_or_default();
        files.sockets.extend(socket_inode(target.as_os_str()));
    }
    // The directory itself was open meanwhile.
    files.count = files.count.saturating_sub(1);
    Some(files)
}

fn socket_inode(target: &OsStr) -> Option<u64> {
    let inode = target.as_bytes().strip_prefix(b"socket:[")?.strip_suffix(b"]")?;
    std::str::from_utf8(inode).ok()?.parse().ok()
}

/// How many of the sockets are TCP connections.
fn connections(files: &OpenFiles) -> Option<u64> {
    let tables = [text("/proc/self/net/tcp"), text(TCP_6)];
    let known = tables[0].is_some() && (tables[1].is_some() || !Path::new(TCP_6).exists());
    let rows = tables.iter().flatten().flat_map(|table| table.lines().skip(1));
    let own = rows.filter_map(established).filter(|inode| files.sockets.contains(inode));
    known.then(|| own.count() as u64)
}

/// Not there on a system without IPv6.
const TCP_6: &str = "/proc/self/net/tcp6";

/// The inode of a row of the kernel's table of TCP sockets, if that is a connection.
fn established(row: &str) -> Option<u64> {
    let mut columns = row.split_ascii_whitespace();
    let state = columns.nth(3)?;
    (state == "01").then(|| columns.nth(5)?.parse().ok()).flatten()
}

impl Busy {
    /// The first line of `/proc/stat`.
    fn parse(stat: &str) -> Option<Busy> {
        let ticks = stat.lines().next()?.strip_prefix("cpu ")?;
        // What guests used is part of `user` and `nice` already.
        let ticks: Vec<u64> =
            ticks.split_ascii_whitespace().take(8).map_while(|ticks| ticks.parse().ok()).collect();
        let idle = ticks.get(3)? + ticks.get(4)?;
        let all = ticks.iter().sum();
        Some(Busy { busy: u64::saturating_sub(all, idle), all })
    }

    /// The part of the time since `before` that was used.
    fn since(self, before: Busy) -> Option<f64> {
        let all = self.all.checked_sub(before.all).filter(|all| *all > 0)?;
        let busy = self.busy.saturating_sub(before.busy).min(all);
        Some(busy as f64 / all as f64)
    }
}

/// Memory in bytes: the machine's, or what the container may have of it if that is less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Memory {
    total: u64,
    available: u64,
}

impl Memory {
    fn read() -> Option<Memory> {
        let table = text("/proc/meminfo")?;
        let in_bytes = |name| field(&table, name).map(|kib| kib * 1024);
        let machine =
            Memory { total: in_bytes("MemTotal:")?, available: in_bytes("MemAvailable:")? };
        let limits = [
            ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
            (
                "/sys/fs/cgroup/memory/memory.limit_in_bytes",
                "/sys/fs/cgroup/memory/memory.usage_in_bytes",
            ),
        ];
        let number = |path| text(path)?.trim().parse().ok();
        let limit = limits.into_iter().find_map(|(max, used)| number(max).zip(number(used)));
        Some(limit.map_or(machine, |(max, used)| machine.within(max, used)))
    }

    fn within(self, max: u64, used: u64) -> Memory {
        if max >= self.total {
            return self;
        }
        Memory { total: max, available: self.available.min(max.saturating_sub(used)) }
    }
}

/// The number behind a name at the start of a line.
fn field(table: &str, name: &str) -> Option<u64> {
    let value = table.lines().find_map(|line| line.strip_prefix(name))?;
    value.split_ascii_whitespace().next()?.parse().ok()
}

/// The three averages of `/proc/loadavg`.
fn load(text: &str) -> Option<[f64; 3]> {
    let mut averages = text.split_ascii_whitespace().map_while(|average| average.parse().ok());
    Some([averages.next()?, averages.next()?, averages.next()?])
}

fn platform() -> String {
    let name = rustix::system::uname();
    let parts = [name.sysname(), name.release(), name.machine()];
    parts.map(|part| part.to_string_lossy().into_owned()).join(" ")
}

fn host() -> Option<String> {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    (!host.is_empty()).then_some(host)
}

/// A file that has no length of its own, if it is not long.
fn text(path: &str) -> Option<String> {
    start(path, TEXT_BYTES_MAX).filter(|text| text.len() < TEXT_BYTES_MAX)
}

/// The first bytes of a file.
fn start(path: &str, bytes_max: usize) -> Option<String> {
    let mut text = Vec::with_capacity(bytes_max.min(4096));
    File::open(path).ok()?.take(bytes_max as u64).read_to_end(&mut text).ok()?;
    Some(String::from_utf8_lossy(&text).into_owned())
}

/// Of many processors each has a line of its own; the first line is about all.
const STAT_LINE_BYTES_MAX: usize = 1024;

/// The kernel takes milliseconds for the table of many connections, those that ended included.
const TEXT_BYTES_MAX: usize = 128 * 1024;

#[cfg(test)]
mod tests;
