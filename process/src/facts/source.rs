//! The facts of Linux, read with `procfs`, and the memory limit of the control group.
//!
//! Source: Linux, Documentation/admin-guide/cgroup-v2.rst, Memory.

use std::fs;

use pontoon_core::{ChildrenStats, Duration, ProcessStats};
use procfs::process::Process;
use procfs::{CpuTime, Current, CurrentSI, KernelStats, LoadAverage, Meminfo};

use super::{Busy, Memory};

mod children;

/// Returns the resources that the children of this process and their descendants use.
pub(super) fn children() -> Option<ChildrenStats> {
    children::of_this_process()
}

/// Returns the facts about this process, except for its uptime.
pub(super) fn process() -> ProcessStats {
    let status = Process::myself().and_then(|own| own.status()).ok();
    ProcessStats {
        pid: std::process::id(),
        uptime: Duration::ZERO,
        memory: status.as_ref().and_then(|it| it.vmrss).map(|kib| kib * 1024),
        threads: status.map(|it| it.threads),
        open_files: open_files(),
        // The runtime counts those.
        connections: None,
        children: None,
    }
}

/// Returns the number of open descriptors. `procfs` counts the entries `.` and `..` too, and only
/// on kernels before 6.2.
fn open_files() -> Option<u64> {
    let count = fs::read_dir("/proc/self/fd").ok()?.flatten().count();
    // The directory itself was open meanwhile.
    Some(count.saturating_sub(1) as u64)
}

/// Returns the time that the processors have spent.
pub(super) fn busy() -> Option<Busy> {
    let CpuTime { user, nice, system, idle, iowait, irq, softirq, steal, .. } =
        KernelStats::current().ok()?.total;
    let [iowait, irq, softirq, steal] =
        [iowait, irq, softirq, steal].map(Option::unwrap_or_default);
    // The time of guests is part of `user` and `nice` already.
    let busy = user + nice + system + irq + softirq + steal;
    Some(Busy { busy, all: busy + idle + iowait })
}

/// Returns the load averages of 1, 5 and 15 minutes, which the system gives in hundredths.
pub(super) fn load() -> Option<[f64; 3]> {
    let LoadAverage { one, five, fifteen, .. } = LoadAverage::current().ok()?;
    Some([one, five, fifteen].map(|load| (f64::from(load) * 100.0).round() / 100.0))
}

/// Returns the memory of the host, or of the container if that is less.
pub(super) fn memory() -> Option<Memory> {
    let host = Meminfo::current().ok()?;
    let machine = Memory { total: host.mem_total, available: host.mem_available? };
    let limits = [
        ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
        (
            "/sys/fs/cgroup/memory/memory.limit_in_bytes",
            "/sys/fs/cgroup/memory/memory.usage_in_bytes",
        ),
    ];
    let number = |path| fs::read_to_string(path).ok()?.trim().parse().ok();
    let limit = limits.into_iter().find_map(|(max, used)| number(max).zip(number(used)));
    Some(limit.map_or(machine, |(max, used)| machine.within(max, used)))
}

impl Memory {
    /// Returns the memory of a container on this host, with its limit and use.
    pub(super) fn within(self, max: u64, used: u64) -> Memory {
        if max >= self.total {
            return self;
        }
        Memory { total: max, available: self.available.min(max.saturating_sub(used)) }
    }
}
