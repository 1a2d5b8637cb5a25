//! Writers for the few messages of the core itself, each on one line.

use serde::Serialize;
use serde_json::Value;

use crate::chunk::Chunk;
use crate::reject::ErrorForm;

/// Writes an error response. Without an id the member is left out, as revisions from 2025-11-25
/// have it for requests whose id could not be read.
///
/// The id is a JSON text without line breaks.
pub(crate) fn error(id: Option<&[u8]>, wire: &ErrorForm) -> Chunk {
    write_error(id, &ErrorObject { code: wire.code, message: &wire.message, data: None })
}

/// Writes an error response with `data`; otherwise like [`error`].
pub(crate) fn error_with_data(id: Option<&[u8]>, wire: &ErrorForm, data: Value) -> Chunk {
    write_error(id, &ErrorObject { code: wire.code, message: &wire.message, data: Some(data) })
}

/// JSON-RPC 2.0, section 5.1.
#[derive(Serialize)]
struct ErrorObject<'a> {
    code: i32,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Value>,
}

fn write_error(id: Option<&[u8]>, error: &ErrorObject<'_>) -> Chunk {
    let mut out = br#"{"jsonrpc":"2.0""#.to_vec();
    if let Some(id) = id {
        out.extend_from_slice(br#","id":"#);
        out.extend_from_slice(id);
    }
    out.extend_from_slice(br#","error":"#);
    serde_json::to_writer(&mut out, error).expect("numbers and strings always have a JSON text");
    out.push(b'}');
    Chunk::from(out)
}

#[cfg(test)]
mod tests;
