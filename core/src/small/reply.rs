//! Writing messages, one line each.

use std::io::Write;

use serde::Serialize;

use super::fault::Fault;

/// Answers with a result, given as JSON text.
pub(super) fn result(out: &mut Vec<u8>, id: &str, result: &str) {
    push(out, &[r#"{"jsonrpc":"2.0","id":"#, id, r#","result":"#, result, "}\n"]);
}

/// Answers a tool call with a text that is JSON text already.
pub(super) fn text_json(out: &mut Vec<u8>, id: &str, json: &str) {
    push(out, &[r#"{"jsonrpc":"2.0","id":"#, id, TEXT, json, "}]}}\n"]);
}

/// Answers a tool call with a text.
pub(super) fn text(out: &mut Vec<u8>, id: &str, text: &str) {
    text_json(out, id, &string(text));
}

/// Answers a tool call that failed, in words for the model.
pub(super) fn failure(out: &mut Vec<u8>, id: &str, text: &str) {
    let text = string(text);
    push(out, &[r#"{"jsonrpc":"2.0","id":"#, id, TEXT, &text, "}],\"isError\":true}}\n"]);
}

/// Answers a tool call with a text and with structured content, which is JSON text.
pub(super) fn structured(out: &mut Vec<u8>, id: &str, text: &str, content: &str) {
    let (text, key) = (string(text), r#"}],"structuredContent":"#);
    push(out, &[r#"{"jsonrpc":"2.0","id":"#, id, TEXT, &text, key, content, "}}\n"]);
}

/// Answers with an error. Without an id the member is left out, as 2025-11-25 has it.
pub(super) fn error(out: &mut Vec<u8>, id: Option<&str>, fault: &Fault) {
    push(out, &[r#"{"jsonrpc":"2.0""#]);
    if let Some(id) = id {
        push(out, &[r#","id":"#, id]);
    }
    let (code, message) = (fault.code.to_string(), string(&fault.message));
    push(out, &[r#","error":{"code":"#, &code, r#","message":"#, &message, "}}\n"]);
}

/// Tells the client something. The parameters are JSON text.
pub(super) fn notification(out: &mut Vec<u8>, method: &str, params: &str) {
    let method = string(method);
    push(out, &[r#"{"jsonrpc":"2.0","method":"#, &method, r#","params":"#, params, "}\n"]);
}

/// Asks the client something.
pub(super) fn request(out: &mut Vec<u8>, id: u64, method: &str, params: &impl Serialize) {
    let method = string(method);
    push(out, &[r#"{"jsonrpc":"2.0","id":"#, &id.to_string(), r#","method":"#, &method]);
    push(out, &[r#","params":"#]);
    serde_json::to_writer(&mut *out, params).expect("a buffer takes everything");
    push(out, &["}\n"]);
}

/// How much a log message matters (server/utilities/logging, Log Levels); the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum LogLevel {
    Debug,
    Info,
    Notice,
    Warning,
    Error,
    Critical,
    Alert,
    Emergency,
}

impl LogLevel {
    pub(super) fn parse(name: &str) -> Result<Self, Fault> {
        Ok(match name {
            "debug" => LogLevel::Debug,
            "info" => LogLevel::Info,
            "notice" => LogLevel::Notice,
            "warning" => LogLevel::Warning,
            "error" => LogLevel::Error,
            "critical" => LogLevel::Critical,
            "alert" => LogLevel::Alert,
            "emergency" => LogLevel::Emergency,
            _ => return Err(Fault::invalid_params("params.level is no log level")),
        })
    }
}

/// A JSON string.
pub(super) fn string(text: &str) -> String {
    serde_json::to_string(text).expect("text is always a JSON string")
}

fn push(out: &mut Vec<u8>, parts: &[&str]) {
    for part in parts {
        out.write_all(part.as_bytes()).expect("a buffer takes everything");
    }
}

const TEXT: &str = r#","result":{"content":[{"type":"text","text":"#;
