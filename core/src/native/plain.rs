//! The flat events of a documented example: `progress` and `data` in place of messages.
//!
//! Owns: their form. No specification knows it, so it is only there for whoever asks for it.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::json::{Kind, Message};
use crate::machine::Chunk;

/// A call with a progress token, if it has none: the flat form shows progress to everybody.
pub(super) fn with_token(message: &Message, random: u64) -> Option<Bytes> {
    let is_call = message.kind() == Kind::Request && message.method() == Some("tools/call");
    if !is_call || message.progress_token().is_some() {
        return None;
    }
    let mut call: Value = serde_json::from_slice(message.bytes()).ok()?;
    let params = call.get_mut("params")?.as_object_mut()?;
    let meta = params.entry("_meta").or_insert_with(|| json!({})).as_object_mut()?;
    meta.insert("progressToken".to_owned(), format!("{random:016x}").into());
    Some(call.to_string().into())
}

/// A line of a conversation as an event.
pub(super) fn event(line: Bytes) -> Chunk {
    let progress = serde_json::from_slice(&line).ok().and_then(|message| flat_progress(&message));
    let (name, data) = match progress {
        Some(flat) => ("progress", flat.to_string().into()),
        None => ("data", line),
    };
    let mut event = Chunk::from(format!("event: {name}\ndata: "));
    event.push(data);
    event.push(&b"\n\n"[..]);
    event
}

fn flat_progress(message: &Value) -> Option<Value> {
    let params = message.get("params").filter(|_| message["method"] == "notifications/progress")?;
    Some(json!({
        "progressToken": params["progressToken"],
        "progress": params["progress"],
        "level": "info",
        "data": params["message"],
    }))
}
