//! An error of a modern child, for a legacy client.

use crate::translate::Answer;

/// The error as the legacy era has it.
///
/// | of the child | to the client |
/// |---|---|
/// | -32602 whose `data.uri` is the uri that was to be read | -32002, resource not found |
/// | -32021, a client capability is missing | of `tools/call` a result that is an error; otherwise -32603 |
/// | -32020, -32022: headers and revisions are the bridge's affair | -32603 without data |
/// | no error object, no code | -32603 |
///
/// `uri` is the JSON text of the request's `params.uri`.
pub fn error(method: &str, error: &[u8], uri: Option<&[u8]>) -> Answer<'static> {
    todo!()
}
