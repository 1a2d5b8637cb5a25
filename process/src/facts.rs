//! Facts about this process and its host, from the operating system.
//!
//! Owns: the source of each fact. A fact without a source, or on another system, is `None`. Never:
//! the counters of an endpoint.
//!
//! Source: proc(5); Linux, Documentation/admin-guide/cgroup-v2.rst, Memory.

use std::fs::{self, File};
use std::io::Read;
use std::sync::{Mutex, PoisonError};
use std::thread;

use pontoon_core::server::{ChildrenFacts, Counters, Facts, ProcessFacts, SystemFacts};
use pontoon_core::time::Duration;

use self::children::Processes;

mod children;

/// Samples facts at most ten times a second; more frequent calls get the last sample.
#[derive(Debug)]
pub struct Sampler(Mutex<Last>);

/// The last sample.
#[derive(Debug, Default)]
struct Last {
    facts: Option<Facts>,
    /// The processor times of the last sample, for the difference.
    busy: Option<Busy>,
    /// Resources of the children, and the uptime at their last sample; `None` if not wanted.
    children: Option<(Duration, Option<ChildrenFacts>)>,
}

/// The age after which facts are sampled again. Clients can cause samples, and each takes system
/// calls.
const AGE_MAX: Duration = Duration::from_millis(100);

/// The age after which the resources of the children are sampled again. A sample reads a file for
/// every process of the host.
const CHILDREN_AGE_MAX: Duration = Duration::from_secs(1);

/// The time that processors have spent since the system started, in ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Busy {
    busy: u64,
    all: u64,
}

impl Sampler {
    /// Creates a sampler, with or without the resources of this process's children. The use of the
    /// processors is measured from now on.
    pub fn start(with_children: bool) -> Sampler {
        let mut last =
            Last { children: with_children.then_some((Duration::ZERO, None)), ..Last::default() };
        last.cpu();
        Sampler(Mutex::new(last))
    }

    /// Returns the facts about a process that has been running for `uptime`, which never decreases.
    pub fn sample(&self, uptime: Duration) -> Facts {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_fresh = |it: &&Facts| uptime.saturating_sub(it.process.uptime) < AGE_MAX;
        if let Some(facts) = last.facts.as_ref().filter(is_fresh) {
            return facts.clone();
        }
        let (children, system) = (last.children(uptime), last.system());
        let process = ProcessFacts { children, ..process(uptime) };
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

    /// Returns the use of the processors since the last call.
    fn cpu(&mut self) -> Option<f64> {
        let now = start("/proc/stat", STAT_LINE_BYTES_MAX).as_deref().and_then(Busy::parse)?;
        now.since(self.busy.replace(now)?)
    }

    /// Returns the resources that the children use.
    fn children(&mut self, uptime: Duration) -> Option<ChildrenFacts> {
        let (at, known) = self.children.as_mut()?;
        if known.is_none() || uptime.saturating_sub(*at) >= CHILDREN_AGE_MAX {
            let mut now = Processes::read()?.children_of(std::process::id())?;
            // The time of a process that was not waited for is lost, and a counter must not
            // decrease.
            now.cpu = now.cpu.max(known.map_or(Duration::ZERO, |known| known.cpu));
            (*at, *known) = (uptime, Some(now));
        }
        *known
    }
}

fn process(uptime: Duration) -> ProcessFacts {
    let status = text("/proc/self/status").unwrap_or_default();
    ProcessFacts {
        pid: std::process::id(),
        uptime,
        memory: field(&status, "VmRSS:").map(|kib| kib * 1024),
        threads: field(&status, "Threads:"),
        open_files: open_files(),
        // The runtime counts those.
        connections: None,
        children: None,
    }
}

fn open_files() -> Option<u64> {
    let count = fs::read_dir("/proc/self/fd").ok()?.flatten().count();
    // The directory itself was open meanwhile.
    Some(count.saturating_sub(1) as u64)
}

impl Busy {
    /// Parses the first line of `/proc/stat`.
    fn parse(stat: &str) -> Option<Busy> {
        let ticks = stat.lines().next()?.strip_prefix("cpu ")?;
        // The time of guests is part of `user` and `nice` already.
        let ticks: Vec<u64> =
            ticks.split_ascii_whitespace().take(8).map_while(|ticks| ticks.parse().ok()).collect();
        let idle = ticks.get(3)? + ticks.get(4)?;
        let all = ticks.iter().sum();
        Some(Busy { busy: u64::saturating_sub(all, idle), all })
    }

    /// Returns the share of the time since `before` that was used.
    fn since(self, before: Busy) -> Option<f64> {
        let all = self.all.checked_sub(before.all).filter(|all| *all > 0)?;
        let busy = self.busy.saturating_sub(before.busy).min(all);
        Some(busy as f64 / all as f64)
    }
}

/// Memory in bytes: that of the host, or the container's limit if that is less.
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

/// Returns the number after a name at the start of a line.
fn field(table: &str, name: &str) -> Option<u64> {
    let value = table.lines().find_map(|line| line.strip_prefix(name))?;
    value.split_ascii_whitespace().next()?.parse().ok()
}

/// Parses the three averages of `/proc/loadavg`.
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

/// Reads a file without a length of its own, if it is short.
fn text(path: &str) -> Option<String> {
    start(path, TEXT_BYTES_MAX).filter(|text| text.len() < TEXT_BYTES_MAX)
}

/// Reads the first bytes of a file.
fn start(path: &str, bytes_max: usize) -> Option<String> {
    let mut text = Vec::with_capacity(bytes_max.min(4096));
    File::open(path).ok()?.take(bytes_max as u64).read_to_end(&mut text).ok()?;
    Some(String::from_utf8_lossy(&text).into_owned())
}

/// The file has a line for each processor; the first line is the total.
const STAT_LINE_BYTES_MAX: usize = 1024;

/// More than any of these files holds.
const TEXT_BYTES_MAX: usize = 128 * 1024;

#[cfg(test)]
mod tests;
