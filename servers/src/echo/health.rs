//! `healthProbe`: a diagnosis from measured values.

use pontoon_core::server::{RequestContext, Schema, Tool, ToolResult};
use pontoon_core::{Duration, HostStats};
use serde_json::{Value, json};

use super::shape::{a, list, maybe, object, word};
use super::text::{Page, known, megabytes, millis, percent, size, span};
use super::timing::cpu;
use super::{Program, used_memory};

pub(super) fn tool() -> Tool {
    Tool {
        title: Some("Probe the server's health"),
        output: Some(object([
            ("status", word(&LEVELS.map(Level::overall))),
            ("under_pressure", list(a("string"))),
            ("cpu_percent", maybe("number")),
            ("memory_used_bytes", maybe("integer")),
            ("memory_total_bytes", maybe("integer")),
            ("disk_percent", maybe("number")),
            ("connections", maybe("integer")),
            ("process_memory_bytes", maybe("integer")),
            ("uptime_seconds", a("integer")),
            ("requests", a("integer")),
            ("errors", a("integer")),
            ("average_ms", maybe("number")),
            ("sessions", sessions_shape()),
        ])),
        ..Tool::new(
            "healthProbe",
            "Checks the health of the server and its machine. Counters are those of this process.",
            Schema::closed(),
        )
    }
}

fn sessions_shape() -> Value {
    object([
        ("active", a("integer")),
        ("total_created", a("integer")),
        ("expired", a("integer")),
        ("cleanups", a("integer")),
        ("last_cleanup_seconds", maybe("integer")),
        ("average_lifetime_seconds", maybe("integer")),
        ("stored_bytes", maybe("integer")),
        ("queued", a("integer")),
        ("queue_bytes", a("integer")),
    ])
}

/// The levels of health, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Healthy,
    Degraded,
    Unhealthy,
}

const LEVELS: [Level; 3] = [Level::Healthy, Level::Degraded, Level::Unhealthy];

impl Level {
    const fn overall(self) -> &'static str {
        match self {
            Level::Healthy => "HEALTHY",
            Level::Degraded => "DEGRADED",
            Level::Unhealthy => "UNHEALTHY",
        }
    }

    const fn mark(self) -> &'static str {
        match self {
            Level::Healthy => "✅",
            Level::Degraded => "⚠️",
            Level::Unhealthy => "❌",
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Level::Healthy => "healthy",
            Level::Degraded => "degraded",
            Level::Unhealthy => "unhealthy",
        }
    }
}

/// The diagnosis of all measured values; a value that cannot be measured is `None`.
struct Diagnosis {
    cpu: Option<Level>,
    memory: Option<Level>,
    disk: Option<Level>,
    disk_percent: Option<f64>,
    event_loop: Level,
}

impl Diagnosis {
    fn of(facts: &HostStats, context: &RequestContext<'_>) -> Diagnosis {
        let system = &facts.system;
        let level = |value: f64, [degraded, unhealthy]: [f64; 2]| {
            let reached = [(unhealthy, Level::Unhealthy), (degraded, Level::Degraded)];
            let found = reached.into_iter().find(|(threshold, _)| value >= *threshold);
            found.map_or(Level::Healthy, |(_, level)| level)
        };
        let memory = used_memory(system).zip(system.memory_total);
        let disk_percent = system
            .disk_total
            .zip(system.disk_available)
            .and_then(|(all, left)| percent(all.saturating_sub(left), all));
        Diagnosis {
            cpu: system.cpu.map(|cpu| level(cpu * 100.0, CPU_PERCENT)),
            memory: memory
                .and_then(|(used, total)| percent(used, total))
                .map(|part| level(part, MEMORY_PERCENT)),
            disk: disk_percent.map(|part| level(part, DISK_PERCENT)),
            disk_percent,
            event_loop: level(millis(context.now.since(context.arrived)), WAIT_MS),
        }
    }

    fn named(&self) -> [(&'static str, Option<Level>); 4] {
        [
            ("CPU", self.cpu),
            ("memory", self.memory),
            ("disk", self.disk),
            ("event loop", Some(self.event_loop)),
        ]
    }

    fn overall(&self) -> Level {
        let levels = self.named().into_iter().filter_map(|(_, level)| level);
        levels.max().unwrap_or(Level::Healthy)
    }

    fn under_pressure(&self) -> Vec<&'static str> {
        let levels = self.named().into_iter();
        let pressed = levels.filter(|(_, level)| level.is_some_and(|level| level > Level::Healthy));
        pressed.map(|(name, _)| name).collect()
    }
}

/// The percentages from which something is degraded, and unhealthy. A processor at 100 % does its
/// work, so it is never unhealthy.
const CPU_PERCENT: [f64; 2] = [90.0, f64::INFINITY];
const MEMORY_PERCENT: [f64; 2] = [90.0, 97.0];
const DISK_PERCENT: [f64; 2] = [90.0, 98.0];

/// Milliseconds that this request waited for the facts.
const WAIT_MS: [f64; 2] = [250.0, 5000.0];

/// The average time of an answer above which it is not normal any more.
const AVERAGE_MAX: Duration = Duration::from_millis(500);

pub(super) fn report(
    program: Program,
    facts: &HostStats,
    context: &RequestContext<'_>,
) -> ToolResult {
    let diagnosis = Diagnosis::of(facts, context);
    let level = diagnosis.overall();
    let mut page = Page::new(program, "🏥 System Health Report");
    page.line("");
    let why = match diagnosis.under_pressure() {
        pressed if pressed.is_empty() => String::new(),
        pressed => format!(" ({})", pressed.join(", ")),
    };
    page.line(format_args!("{} Overall Status: {}{why}", level.mark(), level.overall()));
    match program {
        Program::Stateful => stateful(&mut page, facts),
        Program::Stateless => stateless(&mut page, facts, context, &diagnosis),
    }
    ToolResult::text(page.finish()).with(structured(facts, &diagnosis))
}

fn structured(facts: &HostStats, diagnosis: &Diagnosis) -> Value {
    let HostStats { process, system, counters } = facts;
    json!({
        "status": diagnosis.overall().overall(),
        "under_pressure": diagnosis.under_pressure(),
        "cpu_percent": system.cpu.map(|cpu| cpu * 100.0),
        "memory_used_bytes": used_memory(system),
        "memory_total_bytes": system.memory_total,
        "disk_percent": diagnosis.disk_percent,
        "connections": process.connections,
        "process_memory_bytes": process.memory,
        "uptime_seconds": process.uptime.as_secs(),
        "requests": counters.requests,
        "errors": counters.errors,
        "average_ms": average(counters.took, counters.requests).map(millis),
        "sessions": {
            "active": counters.sessions,
            "total_created": counters.sessions_opened,
            "expired": counters.sessions_expired,
            "cleanups": counters.cleanups,
            "last_cleanup_seconds": counters.last_cleanup.map(|since| since.as_secs()),
            "average_lifetime_seconds":
                average(counters.sessions_lived, counters.sessions_ended).map(|lived| lived.as_secs()),
            "stored_bytes": counters.stored_bytes,
            "queued": counters.queued,
            "queue_bytes": counters.queue_bytes,
        },
    })
}

fn average(sum: Duration, count: u64) -> Option<Duration> {
    (count > 0).then(|| sum.div_f64(count as f64))
}

/// Returns the rate per minute, on average over the life of the process. In its first minute there
/// is no rate yet, because a few requests would give thousands per minute.
fn per_minute(count: u64, uptime: Duration) -> Option<f64> {
    let minutes = uptime.as_secs_f64() / 60.0;
    (minutes >= 1.0).then(|| count as f64 / minutes)
}

fn stateful(page: &mut Page, facts: &HostStats) {
    let HostStats { process, counters, .. } = facts;
    page.section("📊 Session Statistics");
    page.entry("Active Sessions", counters.sessions);
    page.entry("Total Sessions Created", counters.sessions_opened);
    page.entry("Sessions Expired", counters.sessions_expired);
    page.entry("Cleanup Run Count", counters.cleanups);
    let ago = counters.last_cleanup.map(|since| format!("{} ago", span(since)));
    page.entry("Last Cleanup", known(ago));
    page.section("💾 Memory Status");
    page.entry("Process Memory", known(process.memory.map(megabytes)));
    page.entry("Session Storage", known(counters.stored_bytes.map(size)));
    page.entry("Message Queues", size(counters.queue_bytes));
    page.section("⚡ Performance");
    let lifetime = average(counters.sessions_lived, counters.sessions_ended);
    page.entry("Average Session Lifetime", known(lifetime.map(span)));
    let rate = per_minute(counters.sessions_opened, process.uptime);
    page.entry("Session Creation Rate", known(rate.map(|rate| format!("{rate:.1}/min"))));
    let depth = (counters.sessions > 0).then(|| counters.queued as f64 / counters.sessions as f64);
    page.entry("Message Queue Depth", known(depth.map(|depth| format!("{depth:.1} avg"))));
}

fn stateless(
    page: &mut Page,
    facts: &HostStats,
    context: &RequestContext<'_>,
    diagnosis: &Diagnosis,
) {
    resources(page, facts, diagnosis);
    page.section("🌡️ Service Health");
    page.entry(
        "HTTP Server",
        match context.http {
            Some(_) => "✅ Running",
            None => "⚠️ Not in use (stdio)",
        },
    );
    let waited = millis(context.now.since(context.arrived));
    page.entry(
        "Event Loop",
        match diagnosis.event_loop {
            Level::Healthy => "✅ Responsive".to_owned(),
            level => format!("{} Slow ({waited:.0}ms)", level.mark()),
        },
    );
    page.entry("Database", "⚠️ Not configured");
    page.entry("Redis", "⚠️ Not configured");
    performance(page, facts);
    summary(page, facts, diagnosis);
}

fn resources(page: &mut Page, facts: &HostStats, diagnosis: &Diagnosis) {
    let HostStats { process, system, .. } = facts;
    let judged = |value: Option<String>, level: Option<Level>| {
        known(value.zip(level).map(|(value, level)| format!("{value} ({})", level.word())))
    };
    page.section("🔋 Resource Usage");
    page.entry("CPU", judged(Some(cpu(system)), diagnosis.cpu));
    let memory = used_memory(system).zip(system.memory_total);
    let memory = memory.map(|(used, all)| format!("{} / {}", megabytes(used), megabytes(all)));
    page.entry("Memory", judged(memory, diagnosis.memory));
    let disk = diagnosis.disk_percent.map(|part| format!("{part:.0}% used"));
    page.entry("Disk", judged(disk, diagnosis.disk));
    let connections = known(process.connections);
    page.entry("Network", format_args!("Active connections: {connections}"));
}

fn performance(page: &mut Page, facts: &HostStats) {
    let HostStats { process, counters, .. } = facts;
    page.section("📊 Performance Metrics");
    let average = average(counters.took, counters.requests);
    page.entry(
        "Average Response Time",
        known(average.map(|average| format!("{:.1}ms", millis(average)))),
    );
    let rate = per_minute(counters.requests, process.uptime);
    page.entry("Request Rate", known(rate.map(|rate| format!("{rate:.0} req/min"))));
    let errors = percent(counters.errors, counters.requests);
    page.entry("Error Rate", known(errors.map(|errors| format!("{errors:.1}%"))));
    // The uptime of the service before this process, if any, is unknown.
    page.entry("Uptime", format_args!("{} (this process)", span(process.uptime)));
}

fn summary(page: &mut Page, facts: &HostStats, diagnosis: &Diagnosis) {
    let pressed = diagnosis.under_pressure();
    page.section("🔍 Diagnostic Summary");
    match pressed.is_empty() {
        true => page.item("All measurements are normal"),
        false => page.item(format_args!("High load: {}", pressed.join(", "))),
    }
    page.item(match diagnosis.overall() {
        Level::Healthy | Level::Degraded => "No critical problems",
        Level::Unhealthy => "Critical problems",
    });
    page.item(match average(facts.counters.took, facts.counters.requests) {
        None => "No request has been answered yet, so nothing is known of the performance",
        Some(average) if average <= AVERAGE_MAX => "Response times are normal",
        Some(_) => "Requests are answered slowly",
    });
}

#[cfg(test)]
mod tests;
