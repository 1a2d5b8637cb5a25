//! `sessionInfo`: the caller's own session only.

use pontoon_core::server::{Schema, Tool, ToolResult};
use serde_json::{Value, json};

use super::memory::Memory;
use super::shape::{a, list, maybe, object};
use super::text::{Page, known, span, utc, wall_of};
use super::{Call, Program};

pub(super) fn tool() -> Tool {
    let state = object([
        ("last_echo", maybe("string")),
        ("echo_count", a("integer")),
        ("replay_count", a("integer")),
        ("accumulated", list(a("string"))),
        ("custom_data", a("object")),
    ]);
    Tool {
        title: Some("Show this session"),
        output: Some(object([
            ("session_id", maybe("string")),
            ("created_at", maybe("string")),
            ("last_activity", maybe("string")),
            ("age_seconds", maybe("integer")),
            ("expires_in_seconds", maybe("integer")),
            ("requests", maybe("integer")),
            ("echo_count", a("integer")),
            ("replay_count", a("integer")),
            ("queued", maybe("integer")),
            ("initialized", maybe("boolean")),
            ("protocol_version", maybe("string")),
            ("client_info", object([("name", maybe("string")), ("version", maybe("string"))])),
            ("state", state),
        ])),
        ..Tool::new(
            "sessionInfo",
            "Shows the session of this conversation: its times, counts and state.",
            Schema::closed(),
        )
    }
}

pub(super) fn answer(call: &Call<'_>, memory: &Memory) -> ToolResult {
    ToolResult::text(page(call, memory)).with(structured(call, memory))
}

fn structured(call: &Call<'_>, memory: &Memory) -> Value {
    let context = call.context;
    let session = context.session;
    let time = |then| utc(wall_of(then, context.now, context.unix_time), 0);
    json!({
        "session_id": call.session_id(),
        "created_at": session.map(|session| time(session.since)),
        "last_activity": session.map(|session| time(session.used_at)),
        "age_seconds": session.map(|session| context.now.since(session.since).as_secs()),
        "expires_in_seconds": session.and_then(|it| it.idle_max).map(|idle| idle.as_secs()),
        "requests": session.map(|session| session.requests),
        "echo_count": memory.echoes(),
        "replay_count": memory.replays(),
        "queued": session.map(|session| session.queued),
        "initialized": session.map(|session| session.initialized),
        "protocol_version": call.protocol(),
        "client_info": { "name": context.client.name, "version": context.client.version },
        "state": {
            "last_echo": memory.last(),
            "echo_count": memory.echoes(),
            "replay_count": memory.replays(),
            "accumulated": memory.accumulated().collect::<Vec<_>>(),
            "custom_data": {},
        },
    })
}

fn page(call: &Call<'_>, memory: &Memory) -> String {
    let context = call.context;
    let session = context.session;
    let time = |then| utc(wall_of(then, context.now, context.unix_time), 0);
    let mut page = Page::new(Program::Stateful, "📊 Session Information");
    page.section("🔑 Session Details");
    page.entry("Session ID", known(call.shown_session()));
    page.entry("Created", known(session.map(|session| time(session.since))));
    page.entry("Last Activity", known(session.map(|session| time(session.used_at))));
    let age = session.map(|session| span(context.now.since(session.since)));
    page.entry("Age", known(age));
    // The timeout starts at the session's last use, which is now.
    let expiry = session.map(|session| session.idle_max.map_or_else(|| "never".to_owned(), span));
    page.entry("Time Until Expiry", known(expiry));
    page.section("📈 Session Metrics");
    page.entry("Total Requests", known(session.map(|session| session.requests)));
    page.entry("Echo Count", memory.echoes());
    page.entry("Replay Count", memory.replays());
    let pending = session.map(|session| format!("{} pending", session.queued));
    page.entry("Message Queue", known(pending));
    page.section("🧠 Session State");
    let initialized = session.map(|session| if session.initialized { "✅" } else { "❌" });
    page.entry("Initialized", known(initialized));
    page.entry("Protocol Version", known(call.protocol()));
    page.entry("Client", known(call.client()));
    page.finish()
}

#[cfg(test)]
mod tests;
