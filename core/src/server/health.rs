//! The state of the program, as a server reports it on `/health`.

use serde_json::{Value, json};

use crate::host_stats::HostStats;
use crate::server::Catalog;
use crate::time::Duration;

/// The state that a server's health reports are made of.
#[derive(Clone, Copy, Debug)]
pub struct Health<'a> {
    /// Whether the program is about to end. The reports are sent with status 503 then.
    pub stopping: bool,
    /// Whether the server is served with sessions.
    pub sessions: bool,
    /// The time since the program started.
    pub uptime: Duration,
    /// The time since 1970-01-01 00:00 UTC.
    pub unix_time: Duration,
    /// Figures of the process and its machine, and all counters.
    pub facts: &'a HostStats,
}

impl Health<'_> {
    /// Returns `healthy` or `stopping`.
    pub fn status(&self) -> &'static str {
        if self.stopping { "stopping" } else { "healthy" }
    }

    /// Returns the report of a server that has none of its own.
    pub(super) fn report(&self, catalog: &Catalog) -> Value {
        let mut report = json!({
            "status": self.status(),
            "uptime": self.uptime.as_secs(),
            "version": catalog.version,
        });
        if self.sessions {
            report["sessions"] = json!(self.facts.counters.sessions);
        }
        report
    }
}

#[cfg(test)]
mod tests;
