//! The codes of errors, as far as they differ between the eras.
//!
//! Sources: JSON-RPC 2.0, section 5.1; MCP 2026-07-28, basic/index, Error Codes; 2025-11-25,
//! server/resources and client/elicitation, Error Handling.

use std::ops::RangeInclusive;

use crate::json::is_id;
use crate::json::object::{Object, quoted};

pub(super) const METHOD_NOT_FOUND: i32 = -32601;
pub(super) const INVALID_PARAMS: i32 = -32602;
pub(crate) const INTERNAL_ERROR: i32 = -32603;
/// Of the legacy era; the modern one has [`INVALID_PARAMS`] for it.
pub(super) const RESOURCE_NOT_FOUND: i32 = -32002;
/// Of 2025-11-25 alone.
pub(super) const URL_ELICITATION_REQUIRED: i32 = -32042;
pub(super) const HEADER_MISMATCH: i32 = -32020;
pub(super) const MISSING_CLIENT_CAPABILITY: i32 = -32021;
pub(super) const UNSUPPORTED_PROTOCOL_VERSION: i32 = -32022;
/// Those the modern era keeps for itself.
pub(super) const MODERN: RangeInclusive<i32> = -32099..=-32020;

/// An error object that has a code and a message, whatever a peer sent.
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

/// The code of an error object, if it is one that a rule can name.
pub(super) fn of(error: &Object<'_>) -> Option<i32> {
    str::from_utf8(error.get("code")?).ok()?.parse().ok()
}

/// Puts another code.
pub(super) fn put(error: &mut Object<'_>, code: i32) {
    error.put("code", code.to_string().into_bytes());
}

/// Whether a value is a whole number, of any size.
fn is_code(value: &[u8]) -> bool {
    is_id(value) && !value.starts_with(b"\"")
}
