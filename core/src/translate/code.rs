//! Error codes that differ between the eras.
//!
//! Sources: JSON-RPC 2.0, section 5.1; MCP 2026-07-28, basic/index, Error Codes; 2025-11-25,
//! server/resources and client/elicitation, Error Handling.

use std::ops::RangeInclusive;

use crate::json::is_id;
use crate::json::object::{Object, quoted};
use crate::reject::INTERNAL_ERROR;

pub(super) const METHOD_NOT_FOUND: i32 = -32601;
pub(super) const INVALID_PARAMS: i32 = -32602;
/// A legacy code; the modern era uses [`INVALID_PARAMS`] for it.
pub(super) const RESOURCE_NOT_FOUND: i32 = -32002;
/// A code of 2025-11-25 only.
pub(super) const URL_ELICITATION_REQUIRED: i32 = -32042;
pub(super) const HEADER_MISMATCH: i32 = -32020;
pub(super) const MISSING_CLIENT_CAPABILITY: i32 = -32021;
pub(super) const UNSUPPORTED_PROTOCOL_VERSION: i32 = -32022;
/// The codes that the modern era reserves.
pub(super) const MODERN: RangeInclusive<i32> = -32099..=-32020;

/// Returns an error object with a code and a message, for any value from a peer.
pub(super) fn object(error: &[u8]) -> Object<'_> {
    let mut error = Object::read_or_empty(Some(error));
    if !error.get("code").is_some_and(is_code) {
        put(&mut error, INTERNAL_ERROR);
    }
    if error.text("message").is_none() {
        error.put("message", quoted("Internal error"));
    }
    error.edit("data", |data| (data != b"null").then(|| data.to_vec()));
    error
}

/// Returns the code of an error object, if it fits the type.
pub(super) fn of(error: &Object<'_>) -> Option<i32> {
    str::from_utf8(error.get("code")?).ok()?.parse().ok()
}

/// Replaces the code.
pub(super) fn put(error: &mut Object<'_>, code: i32) {
    error.put("code", code.to_string().into_bytes());
}

/// Returns whether a value is an integer, of any size.
fn is_code(value: &[u8]) -> bool {
    is_id(value) && !value.starts_with(b"\"")
}
