//! The documented bodies of `/health` and `/health/detailed`.

use pontoon_core::server::{Catalog, Health};
use pontoon_core::{Duration, HostStats};
use serde_json::{Value, json};

use crate::calendar::rfc3339;

/// Returns the body of `/health`.
pub(super) fn report(catalog: &Catalog, health: &Health<'_>) -> Value {
    json!({
        "status": health.status(),
        "timestamp": rfc3339(health.unix_time),
        "pattern": pattern(health.sessions),
        "uptime": seconds(health.uptime),
        "memory": { "rss": health.facts.process.memory },
        "version": catalog.version,
    })
}

/// Returns the body of `/health/detailed`. It contains nothing that helps an attacker: no version
/// except the program's own, no host name, no process id.
pub(super) fn detailed_report(catalog: &Catalog, health: &Health<'_>) -> Value {
    let HostStats { process, system, counters } = health.facts;
    json!({
        "status": health.status(),
        "timestamp": rfc3339(health.unix_time),
        "system": {
            "cores": system.cores,
            "loadAverage": system.load,
            "memory": { "total": system.memory_total, "available": system.memory_available },
        },
        "application": {
            "name": catalog.name,
            "version": catalog.version,
            "uptime": seconds(health.uptime),
            "memory": { "rss": process.memory },
            "requests": counters.requests,
            "errors": counters.errors,
        },
        "characteristics": {
            "pattern": pattern(health.sessions),
            "sessions": health.sessions,
            "resumable": health.sessions,
            "tools": catalog.tools.len(),
            "resources": catalog.resources.len(),
            "prompts": catalog.prompts.len(),
        },
    })
}

/// Returns the word for how the server keeps state.
pub(super) fn pattern(sessions: bool) -> &'static str {
    if sessions { "stateful" } else { "stateless" }
}

/// Returns seconds, to the millisecond.
fn seconds(time: Duration) -> f64 {
    time.as_millis() as f64 / 1e3
}

#[cfg(test)]
mod tests;
