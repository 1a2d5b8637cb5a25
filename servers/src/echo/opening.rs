//! `openSession`: a session for a modern client, and the argument that names it.

use pontoon_core::server::{Field, Kind, Schema, Tool, ToolResult};
use serde_json::json;

use super::Call;
use super::handles::Handles;
use super::shape::{a, object};
use super::text::span;

pub(super) const NAME: &str = "openSession";

pub(super) fn tool() -> Tool {
    Tool {
        title: Some("Open a session"),
        output: Some(object([("session", a("string")), ("expires_in_seconds", a("integer"))])),
        ..Tool::new(
            NAME,
            "Opens a session: give its name to other tools, and they remember what happened in it.",
            Schema::closed(),
        )
    }
}

/// Adds the session argument to a tool.
pub(super) fn in_a_session(mut tool: Tool) -> Tool {
    let description = "The session to use, as openSession named it; none: nothing is remembered.";
    tool.input = tool.input.field(Field::new(ARGUMENT, Kind::String, description));
    tool
}

pub(super) fn answer(call: &Call<'_>, handles: &Handles) -> ToolResult {
    let name = handles.open(call.context);
    let lasts = call.settings.session_timeout;
    let text = format!(
        "Session: {name}\nGive it as `session` to echo, replayLastEcho and sessionInfo. It ends \
         when it is unused for {}.",
        span(lasts)
    );
    let structured = json!({ "session": name.to_string(), "expires_in_seconds": lasts.as_secs() });
    ToolResult::text(text).with(structured)
}

/// Returns the error for an unknown session, or one of another principal.
pub(super) fn unknown() -> ToolResult {
    ToolResult::failure("This session is unknown or has expired: openSession opens another.")
}

/// The argument that names a session.
pub(super) const ARGUMENT: &str = "session";
