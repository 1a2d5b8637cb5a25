//! The metrics of the process and its child processes.

use crate::host_stats::ProcessStats;
use crate::observe::MetricsText;
use crate::time::Duration;

/// The operating system's figures for the process. Unknown ones are left out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Process<'a> {
    pub(crate) facts: &'a ProcessStats,
    /// The start of the process, since 1970-01-01 00:00 UTC.
    pub(crate) started: Duration,
}

impl Process<'_> {
    /// Writes the metrics that all Prometheus client libraries have, and those of the children.
    pub(super) fn render(&self, text: &mut MetricsText) {
        let ProcessStats { memory, open_files, threads, connections, children, .. } = *self.facts;
        let connections_help = "Connections of clients that are open.";
        let children_help = "Memory in use by child processes and their descendants, in bytes; what \
                             they share is counted for each.";
        let known = [
            ("process_resident_memory_bytes", "Memory in use, in bytes.", memory),
            ("process_open_fds", "Open file descriptors.", open_files),
            ("process_threads", "Threads.", threads),
            ("pontoon_connections", connections_help, connections),
            ("pontoon_children_resident_memory_bytes", children_help, children.map(|it| it.memory)),
        ];
        for (name, help, value) in known {
            if let Some(value) = value {
                text.family(name, "gauge", help);
                text.sample(name, &[], value);
            }
        }
        if let Some(children) = children {
            let name = "pontoon_children_cpu_seconds_total";
            text.family(
                name,
                "counter",
                "Processor time of child processes and their descendants.",
            );
            text.seconds(name, children.cpu);
        }
        let name = "process_start_time_seconds";
        text.family(name, "gauge", "When the process started, in seconds since 1970.");
        text.sample(name, &[], self.started.as_secs());
    }
}
