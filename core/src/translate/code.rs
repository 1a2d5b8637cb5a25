//! The codes of errors, as far as they differ between the eras.
//!
//! Sources: JSON-RPC 2.0, section 5.1; MCP 2026-07-28, basic/index, Error Codes; 2025-11-25,
//! server/resources and client/elicitation, Error Handling.

use std::ops::RangeInclusive;

use crate::json::object::{Object, quoted};

pub(super) const INVALID_PARAMS: i64 = -32602;
pub(super) const INTERNAL_ERROR: i64 = -32603;
/// Of the legacy era; the modern one has [`INVALID_PARAMS`] for it.
pub(super) const RESOURCE_NOT_FOUND: i64 = -32002;
/// Of 2025-11-25 alone.
pub(super) const URL_ELICITATION_REQUIRED: i64 = -32042;
pub(super) const HEADER_MISMATCH: i64 = -32020;
pub(super) const MISSING_CLIENT_CAPABILITY: i64 = -32021;
pub(super) const UNSUPPORTED_PROTOCOL_VERSION: i64 = -32022;
/// Those the modern era keeps for itself.
pub(super) const MODERN: RangeInclusive<i64> = -32099..=-32020;

/// An error object that has a code and a message, whatever a peer sent.
pub(super) fn object(error: &[u8]) -> Object<'_> {
    let mut error = Object::read_or_empty(Some(error));
    if read(&error).is_none() {
        put(&mut error, INTERNAL_ERROR);
    }
    if error.text("message").is_none() {
        error.put("message", quoted("Internal error"));
    }
    error.edit("data", |data| (data != b"null").then(|| data.to_vec()));
    error
}

/// The code of an error object.
pub(super) fn of(error: &Object<'_>) -> i64 {
    read(error).unwrap_or(INTERNAL_ERROR)
}

/// Puts another code.
pub(super) fn put(error: &mut Object<'_>, code: i64) {
    error.put("code", code.to_string().into_bytes());
}

fn read(error: &Object<'_>) -> Option<i64> {
    str::from_utf8(error.get("code")?).ok()?.parse().ok()
}
