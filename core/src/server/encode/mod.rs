//! Encoding of a server's messages, as far as it is the same in both eras.
//!
//! Owns: every line of a connection, and the features of each revision
//! ([`crate::protocol::since`]).
//! Never: decides what is answered.
//!
//! Source: the changelogs of the revisions; JSON-RPC 2.0, section 5.

mod identity;
mod listing;
mod notification;
mod object;
mod result;

use std::io::Write;

use serde::Serialize;

pub(super) use identity::{capabilities, server};
pub(super) use listing::list;
pub(super) use notification::{Progress, log, progress};
pub(super) use object::Object;
pub(super) use result::{meta_of, reply};

use super::{Change, MessageSink, Relation, Response, RpcError};

/// Writes a response with a result; `write` writes the members.
pub(super) fn answer(out: &mut dyn MessageSink, id: &str, write: impl FnOnce(&mut Object<'_>)) {
    let buffer = out.buffer();
    push(buffer, &[r#"{"jsonrpc":"2.0","id":"#, id, r#","result":"#]);
    let value_at = buffer.len();
    let mut result = Object::begin(buffer);
    write(&mut result);
    result.end();
    push(buffer, &["}\n"]);
    out.ended(Relation::Answer(Response { id: Some(id), error: None, value_at }));
}

/// Writes a response with an error. Without an id the member is left out, as in 2025-11-25.
pub(super) fn error(out: &mut dyn MessageSink, id: Option<&str>, fault: &RpcError) {
    let buffer = out.buffer();
    push(buffer, &[r#"{"jsonrpc":"2.0""#]);
    if let Some(id) = id {
        push(buffer, &[r#","id":"#, id]);
    }
    push(buffer, &[r#","error":"#]);
    let value_at = buffer.len();
    write!(buffer, r#"{{"code":{},"message":"#, fault.code).expect(TAKES_ALL);
    json(buffer, &fault.message);
    if let Some(data) = &fault.data {
        push(buffer, &[r#","data":"#]);
        json(buffer, data);
    }
    push(buffer, &["}}\n"]);
    out.ended(Relation::Answer(Response { id, error: Some(fault.code), value_at }));
}

/// Writes a notification; `write` writes the parameters.
pub(super) fn notification(
    buffer: &mut Vec<u8>,
    method: &str,
    write: impl FnOnce(&mut Object<'_>),
) {
    push(buffer, &[r#"{"jsonrpc":"2.0","method":""#, method, r#"","params":"#]);
    let mut params = Object::begin(buffer);
    write(&mut params);
    params.end();
    push(buffer, &["}\n"]);
}

/// Writes the notification of a change; `write` adds parameters to those of the change.
pub(super) fn change(
    buffer: &mut Vec<u8>,
    change: Change<'_>,
    write: impl FnOnce(&mut Object<'_>),
) {
    let method = match change {
        Change::Prompts => "notifications/prompts/list_changed",
        Change::Resource(_) => "notifications/resources/updated",
        Change::Resources => "notifications/resources/list_changed",
        Change::Tools => "notifications/tools/list_changed",
    };
    notification(buffer, method, |params| {
        write(params);
        if let Change::Resource(uri) = change {
            params.put("uri", uri);
        }
    });
}

pub(super) fn json(buffer: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    serde_json::to_writer(buffer, value).expect(TAKES_ALL);
}

/// Writes a text as a JSON string. A text without characters to escape is copied whole, which is
/// the usual case for long ones.
pub(super) fn quoted(buffer: &mut Vec<u8>, text: &str) {
    if needs_escapes(text.as_bytes()) {
        return json(buffer, text);
    }
    push(buffer, &["\"", text, "\""]);
}

fn needs_escapes(text: &[u8]) -> bool {
    // No early exit inside a chunk, so that the compiler can vectorise it.
    let in_chunk = |chunk: &[u8]| {
        let escaped = |&byte: &u8| byte < b' ' || byte == b'"' || byte == b'\\';
        chunk.iter().fold(false, |found, byte| found | escaped(byte))
    };
    text.chunks(CHUNK).any(in_chunk)
}

const CHUNK: usize = 64;

pub(super) fn push(buffer: &mut Vec<u8>, parts: &[&str]) {
    for part in parts {
        buffer.extend_from_slice(part.as_bytes());
    }
}

const TAKES_ALL: &str = "a buffer takes everything";
