//! The flat events of the calculator's documentation: `progress` and `data` in place of messages.
//!
//! Owns: [`FlatEvents`]. MCP does not specify these events, so they are sent only on request.
//! Never: changes a value: ids, tokens and numbers keep the digits they came with.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::Bytes;
use pontoon_core::{Chunk, EventFormat, Message, MessageKind};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The form of the events that the calculator's documentation shows.
#[derive(Clone, Copy, Debug)]
pub struct FlatEvents;

impl EventFormat for FlatEvents {
    /// Adds a progress token to a call that has none, since the documented client shows progress
    /// without asking for it.
    fn rewrite_request(&self, request: &Message, random: u64) -> Option<String> {
        let is_call =
            request.kind() == MessageKind::Request && request.method() == Some("tools/call");
        if !is_call || request.progress_token().is_some() {
            return None;
        }
        let call = str::from_utf8(request.bytes()).ok()?;
        let token = |_: Option<&str>| Some(format!("\"{random:016x}\""));
        let meta = |meta: Option<&str>| with_member(meta.unwrap_or("{}"), "progressToken", token);
        with_member(call, "params", |params| with_member(params?, "_meta", meta))
    }

    fn event(&self, message: Bytes) -> Chunk {
        let (name, data) = match flat_progress(&message) {
            Some(flat) => ("progress", flat.into()),
            None => ("data", message),
        };
        let mut event = Chunk::from(format!("event: {name}\ndata: "));
        event.push(data);
        event.push(&b"\n\n"[..]);
        event
    }
}

/// Returns a JSON object with one member replaced, or `None` if that cannot be done.
fn with_member(
    object: &str,
    name: &str,
    change: impl FnOnce(Option<&str>) -> Option<String>,
) -> Option<String> {
    let mut members: BTreeMap<String, &RawValue> = serde_json::from_str(object).ok()?;
    let value = change(members.get(name).map(|value| value.get()))?;
    let value = RawValue::from_string(value).ok()?;
    members.insert(name.to_owned(), &value);
    serde_json::to_string(&members).ok()
}

#[derive(Deserialize)]
struct Notification<'a> {
    #[serde(borrow)]
    method: Cow<'a, str>,
    #[serde(borrow)]
    params: Progress<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Progress<'a> {
    #[serde(borrow)]
    progress_token: &'a RawValue,
    #[serde(borrow)]
    progress: &'a RawValue,
    #[serde(borrow, default)]
    message: Option<&'a RawValue>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Flat<'a> {
    progress_token: &'a RawValue,
    progress: &'a RawValue,
    level: &'static str,
    data: Option<&'a RawValue>,
}

/// Returns a progress notification in the flat form, or `None` for any other message.
fn flat_progress(line: &[u8]) -> Option<String> {
    let Notification { method, params } = serde_json::from_slice(line).ok()?;
    if method != "notifications/progress" {
        return None;
    }
    let Progress { progress_token, progress, message } = params;
    serde_json::to_string(&Flat { progress_token, progress, level: "info", data: message }).ok()
}

#[cfg(test)]
mod tests;
