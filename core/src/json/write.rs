//! The few messages the core writes itself.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::machine::Chunk;
use crate::reject::Wire;

/// An error response. Without an id the member is left out, as revisions from 2025-11-25 have it
/// for requests whose id could not be read.
pub fn error(id: Option<&[u8]>, wire: &Wire) -> Chunk {
    error_object(id, json!({"code": wire.code, "message": wire.message}))
}

/// An error response with `data`.
pub fn error_with_data(id: Option<&[u8]>, wire: &Wire, data: Value) -> Chunk {
    error_object(id, json!({"code": wire.code, "message": wire.message, "data": data}))
}

/// A successful response whose result is a JSON text.
pub fn result(id: &[u8], result: &[u8]) -> Chunk {
    let mut out = Vec::with_capacity(id.len() + result.len() + 36);
    out.extend_from_slice(br#"{"jsonrpc":"2.0","id":"#);
    out.extend_from_slice(id);
    out.extend_from_slice(br#","result":"#);
    out.extend_from_slice(result);
    out.push(b'}');
    Chunk::from(out)
}

fn error_object(id: Option<&[u8]>, error: Value) -> Chunk {
    let mut out = Vec::with_capacity(128);
    out.extend_from_slice(br#"{"jsonrpc":"2.0""#);
    if let Some(id) = id {
        out.extend_from_slice(br#","id":"#);
        out.extend_from_slice(id);
    }
    out.extend_from_slice(br#","error":"#);
    out.extend_from_slice(error.to_string().as_bytes());
    out.push(b'}');
    Chunk::from(Bytes::from(out))
}
