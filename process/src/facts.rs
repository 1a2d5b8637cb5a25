//! Facts about this process and its host, from the operating system.
//!
//! Owns: how often facts are sampled, and the source of each. A fact without a source, or on
//! another system, is `None`. Never: the counters of an endpoint.

use std::sync::{Mutex, PoisonError};
use std::thread;

use pontoon_core::{ChildrenStats, Counters, Duration, HostStats, ProcessStats, SystemStats};

#[cfg_attr(not(target_os = "linux"), path = "facts/elsewhere.rs")]
mod source;

/// Samples facts at most ten times a second; more frequent calls get the last sample.
#[derive(Debug)]
pub struct Sampler(Mutex<Last>);

/// The last sample.
#[derive(Debug, Default)]
struct Last {
    facts: Option<HostStats>,
    /// The processor times of the last sample, for the difference.
    busy: Option<Busy>,
    /// Resources of the children, and the uptime at their last sample; `None` if not wanted.
    children: Option<(Duration, Option<ChildrenStats>)>,
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
    pub fn sample(&self, uptime: Duration) -> HostStats {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_fresh = |it: &&HostStats| uptime.saturating_sub(it.process.uptime) < AGE_MAX;
        if let Some(facts) = last.facts.as_ref().filter(is_fresh) {
            return facts.clone();
        }
        let (children, system) = (last.children(uptime), last.system());
        let process = ProcessStats { children, uptime, ..source::process() };
        let facts = HostStats { process, system, counters: Counters::default() };
        last.facts.insert(facts).clone()
    }
}

impl Last {
    fn system(&mut self) -> SystemStats {
        let memory = source::memory();
        let disk = rustix::fs::statvfs(".").ok();
        SystemStats {
            platform: platform(),
            host: host(),
            cores: thread::available_parallelism().map_or(1, |it| it.get().try_into().unwrap_or(1)),
            cpu: self.cpu(),
            load: source::load(),
            memory_total: memory.map(|memory| memory.total),
            memory_available: memory.map(|memory| memory.available),
            disk_total: disk.as_ref().map(|disk| disk.f_blocks.saturating_mul(disk.f_frsize)),
            disk_available: disk.as_ref().map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize)),
        }
    }

    /// Returns the use of the processors since the last call.
    fn cpu(&mut self) -> Option<f64> {
        let now = source::busy()?;
        now.since(self.busy.replace(now)?)
    }

    /// Returns the resources that the children use.
    fn children(&mut self, uptime: Duration) -> Option<ChildrenStats> {
        let (at, known) = self.children.as_mut()?;
        if known.is_none() || uptime.saturating_sub(*at) >= CHILDREN_AGE_MAX {
            let mut now = source::children()?;
            // The time of a process that was not waited for is lost, and a counter must not
            // decrease.
            now.cpu = now.cpu.max(known.map_or(Duration::ZERO, |known| known.cpu));
            (*at, *known) = (uptime, Some(now));
        }
        *known
    }
}

impl Busy {
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

fn platform() -> String {
    let name = rustix::system::uname();
    let parts = [name.sysname(), name.release(), name.machine()];
    parts.map(|part| part.to_string_lossy().into_owned()).join(" ")
}

fn host() -> Option<String> {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    (!host.is_empty()).then_some(host)
}

#[cfg(test)]
mod tests;
