//! `echo` and `replayLastEcho`.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pontoon_core::Era;
use pontoon_core::server::{
    Content, Contents, Field, Kind, LogLevel, Notification, Notifications, RpcError, Schema, Tool,
    ToolResult,
};
use serde_json::json;
use unicode_segmentation::UnicodeSegmentation;

use super::memory::Memory;
use super::shape::{a, maybe, object};
use super::text::known;
use super::{Call, Program};

pub(super) fn echo_tool(program: Program) -> Tool {
    let input = Schema::closed()
        .field(Field::new("message", Kind::String, "Message to echo.").required())
        .field(Field::new("uppercase", Kind::Boolean, "Convert to uppercase.").default(false))
        .field(
            Field::new("reverse", Kind::Boolean, "Reverse the message, character by character.")
                .default(false),
        );
    match program {
        Program::Stateful => Tool {
            title: Some("Echo"),
            output: Some(object([
                ("message", a("string")),
                ("session", maybe("string")),
                ("echo_count", a("integer")),
            ])),
            ..Tool::new(
                "echo",
                "Echoes a message, remembers it, and counts the echoes of the session.",
                input,
            )
        },
        // The text is the answer, so structured content would only repeat it.
        Program::Stateless => {
            Tool { title: Some("Echo"), ..Tool::new("echo", "Echoes a message.", input) }
        }
    }
}

pub(super) fn replay_tool() -> Tool {
    Tool {
        title: Some("Replay the last echo"),
        output: Some(object([
            ("message", a("string")),
            ("original_echo_count", a("integer")),
            ("replay_count", a("integer")),
        ])),
        ..Tool::new(
            "replayLastEcho",
            "Replays the last message that was echoed in this session.",
            Schema::closed(),
        )
    }
}

/// Returns the message. The stateful server also records it, and queues a log message for the
/// session's GET stream.
pub(super) fn echo(
    call: &Call<'_>,
    memory: &mut Memory,
    out: &mut Notifications,
) -> Result<ToolResult, RpcError> {
    let message = call.text("message")?;
    let message = message.ok_or_else(|| RpcError::invalid_params("message must be a string"))?;
    let max = call.settings.message_bytes_max;
    if message.len() > max {
        return Err(RpcError::invalid_params(format!(
            "message is too long: {} bytes, and ECHO_MAX_MESSAGE_SIZE is {max}",
            message.len()
        )));
    }
    let blob = call.settings.binary.then(|| blob(&message)).flatten();
    let message = changed(call, message);
    let mut result = match call.program {
        Program::Stateful => {
            memory.echoed(&message);
            out.push(log(&message, memory.echoes()));
            counted(call, message, memory.echoes())
        }
        Program::Stateless => ToolResult::text(message),
    };
    result.content.extend(blob.map(Content::Resource));
    Ok(result)
}

fn changed(call: &Call<'_>, message: Cow<'_, str>) -> String {
    let message = match call.arguments.is_set("uppercase") {
        true => message.to_uppercase(),
        false => message.into_owned(),
    };
    match call.arguments.is_set("reverse") {
        // By grapheme clusters, so that an accent stays on its letter.
        true => message.graphemes(true).rev().collect(),
        false => message,
    }
}

fn counted(call: &Call<'_>, message: String, echoes: u64) -> ToolResult {
    let session = call.session_id();
    let shown = known(call.shown_session());
    let text = format!("{message}\nSession: {shown}\nEcho count in session: {echoes}");
    let structured = json!({ "message": message, "session": session, "echo_count": echoes });
    ToolResult::text(text).with(structured)
}

fn log(message: &str, echo: u64) -> Notification {
    let data = json!({ "message": message, "echo": echo });
    Notification::Unrelated { level: LogLevel::Info, logger: Some("echo"), data }
}

/// Returns the bytes of a message that is a base64 `data:` URL (RFC 2397).
fn blob(message: &str) -> Option<Contents> {
    let (mime_type, data) = message.strip_prefix("data:")?.split_once(";base64,")?;
    let decoded = STANDARD.decode(data).ok()?;
    let mime_type = if mime_type.is_empty() { "text/plain" } else { mime_type };
    Some(Contents::Blob {
        uri: "echo://message".to_owned(),
        mime_type: mime_type.to_owned(),
        blob: STANDARD.encode(decoded),
    })
}

pub(super) fn replay(call: &Call<'_>, memory: &mut Memory) -> ToolResult {
    let Some((message, echo)) = memory.replay() else {
        if call.context.revision.era() == Era::Modern && call.context.session.is_none() {
            return ToolResult::failure("No session is given: openSession opens one.");
        }
        return ToolResult::failure(
            "Nothing has been echoed in this session yet: call echo first.",
        );
    };
    let replays = memory.replays();
    let text = format!(
        "🔄 Replaying last echo:\n{message}\nOriginal echo count: {echo}\n\
         This session has replayed {replays} messages"
    );
    let structured = json!({
        "message": &*message,
        "original_echo_count": echo,
        "replay_count": replays,
    });
    ToolResult::text(text).with(structured)
}

#[cfg(test)]
mod tests;
