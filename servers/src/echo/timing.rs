//! `requestTiming`: the time this request takes, and the host.

use pontoon_core::server::{RequestContext, Schema, SessionInfo, Tool, ToolResult};
use pontoon_core::{Duration, HostStats, SystemStats};
use serde_json::{Value, json};

use super::shape::{a, list, maybe, object, word};
use super::text::{Page, known, megabytes, millis, percent, span, utc, wall_of};
use super::{Program, used_memory};

pub(super) fn tool() -> Tool {
    let session = object([
        ("age_seconds", a("integer")),
        ("requests", a("integer")),
        ("average_ms", maybe("number")),
    ]);
    Tool {
        title: Some("Time this request"),
        output: Some(object([
            ("started", a("string")),
            ("duration_ms", a("number")),
            ("rating", word(&RATINGS.map(|rating| rating.word))),
            ("cpu_percent", maybe("number")),
            ("cores", a("integer")),
            ("memory_used_bytes", maybe("integer")),
            ("memory_total_bytes", maybe("integer")),
            ("platform", a("string")),
            ("pid", a("integer")),
            ("threads", maybe("integer")),
            ("open_files", maybe("integer")),
            ("uptime_seconds", a("integer")),
            ("load_average", list(a("number"))),
            ("sessions", a("integer")),
            ("queued", a("integer")),
            ("session", json!({ "anyOf": [session, { "type": "null" }] })),
        ])),
        ..Tool::new(
            "requestTiming",
            "Shows how long this request takes, and the resources of the machine.",
            Schema::closed(),
        )
    }
}

/// The rating of a time.
#[derive(Debug)]
struct Rating {
    below_ms: u64,
    word: &'static str,
    mark: &'static str,
    range: &'static str,
}

const RATINGS: [Rating; 4] = [
    Rating { below_ms: 50, word: "Excellent", mark: "🟢", range: "<50ms" },
    Rating { below_ms: 100, word: "Good", mark: "🟡", range: "<100ms" },
    Rating { below_ms: 500, word: "Acceptable", mark: "🟠", range: "<500ms" },
    Rating { below_ms: u64::MAX, word: "Slow", mark: "🔴", range: "≥500ms" },
];

fn rating(took: Duration) -> &'static Rating {
    let fits = |rating: &&Rating| took < Duration::from_millis(rating.below_ms);
    RATINGS.iter().find(fits).unwrap_or(&RATINGS[RATINGS.len() - 1])
}

pub(super) fn report(
    program: Program,
    facts: &HostStats,
    context: &RequestContext<'_>,
) -> ToolResult {
    let page = match program {
        Program::Stateful => stateful(facts, context),
        Program::Stateless => stateless(facts, context),
    };
    ToolResult::text(page).with(structured(facts, context))
}

fn structured(facts: &HostStats, context: &RequestContext<'_>) -> Value {
    let HostStats { process, system, counters } = facts;
    let took = context.now.since(context.arrived);
    let session = context.session.map(|session| {
        json!({
            "age_seconds": context.now.since(session.since).as_secs(),
            "requests": session.requests,
            "average_ms": average(session).map(millis),
        })
    });
    json!({
        "started": utc(wall_of(context.arrived, context.now, context.unix_time), 6),
        "duration_ms": millis(took),
        "rating": rating(took).word,
        "cpu_percent": system.cpu.map(|cpu| cpu * 100.0),
        "cores": system.cores,
        "memory_used_bytes": used_memory(system),
        "memory_total_bytes": system.memory_total,
        "platform": system.platform,
        "pid": process.pid,
        "threads": process.threads,
        "open_files": process.open_files,
        "uptime_seconds": process.uptime.as_secs(),
        "load_average": system.load.map_or_else(Vec::new, Vec::from),
        "sessions": counters.sessions,
        "queued": counters.queued,
        "session": session,
    })
}

fn stateful(facts: &HostStats, context: &RequestContext<'_>) -> String {
    let HostStats { system, counters, .. } = facts;
    let took = context.now.since(context.arrived);
    let Rating { word, mark, .. } = rating(took);
    let mut page = Page::new(Program::Stateful, TITLE);
    page.section("📊 Performance Metrics");
    page.entry("Request Start", utc(wall_of(context.arrived, context.now, context.unix_time), 3));
    page.entry("Processing Time", format_args!("{:.2}ms", millis(took)));
    page.entry("Performance", format_args!("{mark} {word}"));
    page.section("🖥️ System Resources");
    page.entry("CPU Usage", cpu(system));
    page.entry("Memory Usage", memory(system, 0));
    page.entry("Active Sessions", counters.sessions);
    page.entry("Message Queue Size", counters.queued);
    page.section("📈 Session Statistics");
    let session = context.session;
    let age = session.map(|session| span(context.now.since(session.since)));
    let average = session.and_then(average).map(|average| format!("{:.1}ms", millis(average)));
    page.entry("Session Age", known(age));
    page.entry("Requests in Session", known(session.map(|session| session.requests)));
    page.entry("Average Response Time", known(average));
    page.finish()
}

fn stateless(facts: &HostStats, context: &RequestContext<'_>) -> String {
    let HostStats { process, system, .. } = facts;
    let took = context.now.since(context.arrived);
    let Rating { word, mark, range, .. } = rating(took);
    let mut page = Page::new(Program::Stateless, TITLE);
    page.section("📊 Performance Metrics");
    page.entry("Request Started", utc(wall_of(context.arrived, context.now, context.unix_time), 6));
    page.entry("Current Time", utc(context.unix_time, 6));
    page.entry("Processing Duration", format_args!("{:.2}ms", millis(took)));
    page.entry("Performance Rating", format_args!("{mark} {word} ({range})"));
    page.section("💻 System Resources");
    page.entry("CPU Usage", format_args!("{} ({} cores)", cpu(system), system.cores));
    page.entry("Memory", memory(system, 1));
    page.entry("Python Version", "n/a (this server is written in Rust)");
    page.entry("Platform", system.platform.replace(' ', "-"));
    page.section("🌡️ Process Stats");
    page.entry("Process ID", process.pid);
    page.entry("Thread Count", known(process.threads));
    page.entry("Open Files", known(process.open_files));
    page.entry("Uptime", span(process.uptime));
    page.section("📈 Load Average");
    for (at, name) in ["1 min", "5 min", "15 min"].into_iter().enumerate() {
        page.entry(name, known(system.load.map(|load| format!("{:.2}", load[at]))));
    }
    page.finish()
}

const TITLE: &str = "⏱️ Request Timing Analysis";

/// Returns the average time of the session's earlier requests.
fn average(session: &SessionInfo) -> Option<Duration> {
    let before = u32::try_from(session.requests.saturating_sub(1)).unwrap_or(u32::MAX);
    session.took.checked_div(before)
}

pub(super) fn cpu(system: &SystemStats) -> String {
    known(system.cpu.map(|cpu| format!("{:.1}%", cpu * 100.0)))
}

/// Formats `256MB / 1024MB (25.0%)`, with this many decimals.
fn memory(system: &SystemStats, decimals: usize) -> String {
    let (Some(used), Some(total)) = (used_memory(system), system.memory_total) else {
        return known::<u8>(None);
    };
    let part = known(percent(used, total).map(|part| format!("{part:.decimals$}%")));
    format!("{} / {} ({part})", megabytes(used), megabytes(total))
}

#[cfg(test)]
mod tests;
