//! Health reports of native programs, each in its documented form.

use serde_json::{Value, json};

use crate::calendar::rfc3339;
use crate::native::{HealthForm, Native};
use crate::server::{Counters, Facts};
use crate::time::Duration;

/// The state of a program.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vitals<'a> {
    pub(crate) stopping: bool,
    pub(crate) uptime: Duration,
    /// The current wall-clock time, since 1970-01-01 00:00 UTC.
    pub(crate) wall: Duration,
    pub(crate) facts: &'a Facts,
    pub(crate) counters: &'a Counters,
}

impl Vitals<'_> {
    fn status(&self) -> &'static str {
        if self.stopping { "stopping" } else { "healthy" }
    }
}

/// Returns the body of `/health`.
pub(crate) fn health(native: &Native, vitals: &Vitals<'_>) -> Value {
    let version = native.server.catalog().version;
    let (status, counters) = (vitals.status(), vitals.counters);
    match native.health {
        HealthForm::EchoStateless => json!({
            "status": status,
            "uptime": vitals.uptime.as_secs(),
            "requests_handled": counters.requests,
            "version": version,
        }),
        HealthForm::EchoStateful => json!({
            "status": status,
            "sessions": {
                "active": counters.sessions,
                "total_created": counters.sessions_opened,
                "expired": counters.sessions_expired,
            },
            "uptime_seconds": vitals.uptime.as_secs(),
            "version": version,
        }),
        HealthForm::Calculator => json!({
            "status": status,
            "timestamp": rfc3339(vitals.wall),
            "pattern": pattern(native),
            "uptime": seconds(vitals.uptime),
            "memory": { "rss": vitals.facts.process.memory },
            "version": version,
        }),
    }
}

/// Returns the body of `/health/detailed`. It holds nothing that helps an attacker: no version
/// except the program's own, no host name, no process id.
pub(crate) fn details(native: &Native, vitals: &Vitals<'_>) -> Value {
    let catalog = native.server.catalog();
    let Facts { process, system, .. } = vitals.facts;
    let counters = vitals.counters;
    json!({
        "status": vitals.status(),
        "timestamp": rfc3339(vitals.wall),
        "system": {
            "cores": system.cores,
            "loadAverage": system.load,
            "memory": { "total": system.memory_total, "available": system.memory_available },
        },
        "application": {
            "name": catalog.name,
            "version": catalog.version,
            "uptime": seconds(vitals.uptime),
            "memory": { "rss": process.memory },
            "requests": counters.requests,
            "errors": counters.errors,
        },
        "characteristics": {
            "pattern": pattern(native),
            "sessions": native.sessions,
            "resumable": native.sessions,
            "tools": catalog.tools.len(),
            "resources": catalog.resources.len(),
            "prompts": catalog.prompts.len(),
        },
    })
}

fn pattern(native: &Native) -> &'static str {
    if native.sessions { "stateful" } else { "stateless" }
}

/// Returns seconds, to the millisecond.
fn seconds(time: Duration) -> f64 {
    time.as_millis() as f64 / 1e3
}
