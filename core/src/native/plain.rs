//! Flat `progress` and `data` events in place of messages, after a documented example.
//!
//! Owns: their form. No specification defines it, so it is off by default. Never: changes a value:
//! ids, tokens and numbers keep their digits.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::json::{Kind, Message};
use crate::machine::Chunk;

/// Returns a call with a progress token added, if it has none, because the flat form always shows
/// progress.
pub(super) fn with_token(message: &Message, random: u64) -> Option<String> {
    let is_call = message.kind() == Kind::Request && message.method() == Some("tools/call");
    if !is_call || message.progress_token().is_some() {
        return None;
    }
    let call = str::from_utf8(message.bytes()).ok()?;
    let token = |_: Option<&str>| Some(format!("\"{random:016x}\""));
    let meta = |meta: Option<&str>| with_member(meta.unwrap_or("{}"), "progressToken", token);
    with_member(call, "params", |params| with_member(params?, "_meta", meta))
}

/// Returns a JSON object with one member replaced by a function of its value, or `None` if that
/// fails.
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

/// Converts a line of a conversation to an event.
pub(super) fn event(line: Bytes) -> Chunk {
    let (name, data) = match flat_progress(&line) {
        Some(flat) => ("progress", flat.into()),
        None => ("data", line),
    };
    let mut event = Chunk::from(format!("event: {name}\ndata: "));
    event.push(data);
    event.push(&b"\n\n"[..]);
    event
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

/// Returns a line in the flat form, if it is a progress notification.
fn flat_progress(line: &[u8]) -> Option<String> {
    let Notification { method, params } = serde_json::from_slice(line).ok()?;
    if method != "notifications/progress" {
        return None;
    }
    let Progress { progress_token, progress, message } = params;
    serde_json::to_string(&Flat { progress_token, progress, level: "info", data: message }).ok()
}
