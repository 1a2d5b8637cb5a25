//! The messages used in the tests.

use bytes::Bytes;
use serde_json::Value;

use crate::json::{Message, ParseRules, Peer};

/// The error for a request that exceeded the default time limit.
pub(in crate::engine) const LATE: &str =
    "The server did not answer within 30 s (--request-timeout)";

/// The error for a request that exceeded the total time limit.
pub(in crate::engine) const LATE_AFTER_ALL: &str =
    "The server did not answer within 600 s (--request-timeout)";

/// The error for a command that has not started in the default time limit.
pub(in crate::engine) const TOO_SLOW_TO_START: &str =
    "The MCP server process did not start within 10 s (--startup-timeout)";

/// Parses a message of a child.
pub(super) fn message(text: &str) -> Message {
    let rules = ParseRules { depth_max: 128, batch_len_max: 50, sender: Peer::Child };
    Message::parse(Bytes::copy_from_slice(text.as_bytes()), rules).expect(text)
}

pub(super) fn request(id: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"x"}}}}"#)
}

pub(super) fn initialize(id: &str, revision: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"method":"initialize","params":{{"protocolVersion":"{revision}","capabilities":{{}}}}}}"#
    )
}

pub(super) fn welcome(number: &str, revision: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":{number},"result":{{"protocolVersion":"{revision}","capabilities":{{}}}}}}"#
    )
}

pub(super) fn cancel(id: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{id}}}}}"#
    )
}

pub(super) fn sampling(id: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"sampling/createMessage","params":{{}}}}"#)
}

pub(super) fn list_changed(number: u32) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":{{"n":{number}}}}}"#
    )
}

pub(super) fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text:?}"))
}

/// Returns the code and message of an error.
pub(super) fn error_of(body: &str) -> (i64, String) {
    let error = &parse(body)["error"];
    let text = error["message"].as_str().unwrap_or_else(|| panic!("no error: {body}"));
    (error["code"].as_i64().unwrap(), text.to_owned())
}

/// Returns the error for an invalid answer.
pub(super) fn invalid(why: &str) -> String {
    format!("The MCP server process sent an answer that is not valid JSON-RPC: {why}")
}
