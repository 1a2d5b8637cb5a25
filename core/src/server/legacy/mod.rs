//! How the legacy era words what a server offers, says and answers: revisions 2024-11-05 to
//! 2025-11-25.
//!
//! Owns: every line of a conversation, and what a revision has that an older one has not ([`since`]).
//! Never: decides what is answered.
//!
//! Source: the changelogs of the revisions; JSON-RPC 2.0, section 5.

mod introduction;
mod listing;
mod notice;
mod result;
mod since;

use std::io::Write;

use serde::Serialize;
use serde_json::Value;

pub(super) use introduction::{agree, introduction};
pub(super) use listing::{prompts, resources, templates, tools};
pub(super) use notice::{Progress, list_changed, log, progress, resource_updated};
pub(super) use result::reply;

use super::{Fault, Line, Question, Sink};

/// Answers with a result.
pub(super) fn answer(out: &mut dyn Sink, id: &str, result: &Value) {
    let buffer = out.buffer();
    begin_result(buffer, id);
    json(buffer, result);
    buffer.extend_from_slice(b"}\n");
    out.ended(Line::Answer(Some(id)));
}

/// Answers with an error. Without an id the member is left out, as 2025-11-25 has it.
pub(super) fn error(out: &mut dyn Sink, id: Option<&str>, fault: &Fault) {
    let buffer = out.buffer();
    push(buffer, &[r#"{"jsonrpc":"2.0""#]);
    if let Some(id) = id {
        push(buffer, &[r#","id":"#, id]);
    }
    write!(buffer, r#","error":{{"code":{},"message":"#, fault.code).expect(TAKES_ALL);
    json(buffer, &fault.message);
    if let Some(data) = &fault.data {
        push(buffer, &[r#","data":"#]);
        json(buffer, data);
    }
    push(buffer, &["}}\n"]);
    out.ended(Line::Answer(id));
}

/// Asks the client something, under an id of ours.
pub(super) fn question(out: &mut dyn Sink, asker: &str, id: &str, question: &Question) {
    let buffer = out.buffer();
    push(buffer, &[r#"{"jsonrpc":"2.0","id":"#]);
    json(buffer, id);
    push(buffer, &[r#","method":""#, question.method, r#"","params":"#]);
    json(buffer, &question.params);
    push(buffer, &["}\n"]);
    out.ended(Line::Related(asker));
}

/// Tells the client that a question needs no answer any more.
pub(super) fn withdrawal(out: &mut dyn Sink, asker: &str, id: &str) {
    let params = serde_json::json!({"requestId": id, "reason": "the request was cancelled"});
    notification(out.buffer(), "notifications/cancelled", &params);
    out.ended(Line::Related(asker));
}

fn notification(buffer: &mut Vec<u8>, method: &str, params: &impl Serialize) {
    push(buffer, &[r#"{"jsonrpc":"2.0","method":""#, method, r#"","params":"#]);
    json(buffer, params);
    push(buffer, &["}\n"]);
}

fn begin_result(buffer: &mut Vec<u8>, id: &str) {
    push(buffer, &[r#"{"jsonrpc":"2.0","id":"#, id, r#","result":"#]);
}

fn json(buffer: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    serde_json::to_writer(buffer, value).expect(TAKES_ALL);
}

/// A text as a JSON string. One that needs no escapes, as most do that are long, is copied whole.
fn quoted(buffer: &mut Vec<u8>, text: &str) {
    if needs_escapes(text.as_bytes()) {
        return json(buffer, text);
    }
    push(buffer, &["\"", text, "\""]);
}

fn needs_escapes(text: &[u8]) -> bool {
    // Without an early end inside a chunk, so that a chunk is looked at in one go.
    let in_chunk = |chunk: &[u8]| {
        let escaped = |&byte: &u8| byte < b' ' || byte == b'"' || byte == b'\\';
        chunk.iter().fold(false, |found, byte| found | escaped(byte))
    };
    text.chunks(CHUNK).any(in_chunk)
}

const CHUNK: usize = 64;

fn push(buffer: &mut Vec<u8>, parts: &[&str]) {
    for part in parts {
        buffer.extend_from_slice(part.as_bytes());
    }
}

const TAKES_ALL: &str = "a buffer takes everything";
