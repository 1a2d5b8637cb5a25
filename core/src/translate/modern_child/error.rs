//! An error of a modern child, translated for a legacy client.

use crate::json::Answer;
use crate::json::object::{Object, array, text};
use crate::reject::INTERNAL_ERROR;
use crate::translate::code;
use crate::translate::content::text_block;

/// Translates an error.
///
/// | from the child | to the client |
/// |---|---|
/// | -32602 whose `data.uri` is the uri of the request | -32002, resource not found |
/// | -32021, a client capability is missing | for `tools/call` a result with `isError`; otherwise -32603 |
/// | -32020, -32022: headers and revisions are handled by the bridge | -32603 without data |
/// | no error object, no code | -32603 |
///
/// `uri` is the JSON text of the request's `params.uri`.
pub(crate) fn error(method: &str, error: &[u8], uri: Option<&[u8]>) -> Answer<'static> {
    let mut error = code::object(error);
    match code::of(&error) {
        Some(code::INVALID_PARAMS) if method == "resources/read" && names(&error, uri) => {
            code::put(&mut error, code::RESOURCE_NOT_FOUND);
        }
        Some(code::MISSING_CLIENT_CAPABILITY) if method == "tools/call" => {
            return Answer::result(failed_call(&error.text("message").unwrap_or_default()));
        }
        Some(code::MISSING_CLIENT_CAPABILITY) => code::put(&mut error, INTERNAL_ERROR),
        Some(code::HEADER_MISMATCH | code::UNSUPPORTED_PROTOCOL_VERSION) => {
            code::put(&mut error, INTERNAL_ERROR);
            error.remove("data");
        }
        _ => {}
    }
    Answer::Error(error.write().into())
}

/// Returns whether the error names this resource, which tells an unknown resource from invalid
/// params.
fn names(error: &Object<'_>, uri: Option<&[u8]>) -> bool {
    let named = error.object("data");
    let named = named.as_ref().and_then(|data| data.text("uri"));
    named.is_some() && named == uri.and_then(text)
}

/// Returns a result of `tools/call` with `isError`, which a model gets to see.
fn failed_call(message: &str) -> Vec<u8> {
    let mut result = Object::default();
    result.put("content", array([text_block(message)]));
    result.put("isError", &b"true"[..]);
    result.write()
}

#[cfg(test)]
mod tests;
