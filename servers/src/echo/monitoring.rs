//! The documented bodies of `/health`, and the documented metrics.

use pontoon_core::server::Health;
use pontoon_core::{MetricsText, RequestStats};
use serde_json::{Value, json};

use super::Program;

/// Returns the body of `/health`.
pub(super) fn health(program: Program, version: &str, health: &Health<'_>) -> Value {
    let counters = &health.facts.counters;
    match program {
        Program::Stateless => json!({
            "status": health.status(),
            "uptime": health.uptime.as_secs(),
            "requests_handled": counters.requests,
            "version": version,
        }),
        Program::Stateful => json!({
            "status": health.status(),
            "sessions": {
                "active": counters.sessions,
                "total_created": counters.sessions_opened,
                "expired": counters.sessions_expired,
            },
            "uptime_seconds": health.uptime.as_secs(),
            "version": version,
        }),
    }
}

/// Writes the `mcp_echo_*` metrics.
pub(super) fn write_metrics(requests: &RequestStats<'_>, text: &mut MetricsText) {
    let names = ["method", "tool"];
    let name = "mcp_echo_requests_total";
    text.family(name, "counter", "Requests that were answered.");
    for series in requests.series() {
        let count = series.succeeded.count() + series.failed.count();
        text.sample(name, &series.labels(names), count);
    }
    let name = "mcp_echo_request_duration_seconds";
    text.family(name, "histogram", "Time from a request to its answer.");
    for series in requests.series() {
        let all = series.succeeded.clone().merged(&series.failed);
        text.histogram(name, &series.labels(names), &all);
    }
    let name = "mcp_echo_errors_total";
    text.family(name, "counter", "Requests that were answered with an error.");
    for series in requests.series() {
        text.sample(name, &series.labels(names), series.failed.count());
    }
    let name = "mcp_echo_active_requests";
    text.family(name, "gauge", "Requests that wait for their answer.");
    text.sample(name, &[], requests.active as u64);
}
