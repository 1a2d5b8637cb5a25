//! An error of a legacy child, for a modern client.

use super::Question;

/// What the modern era makes of an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// An error object (JSON text).
    Error(Vec<u8>),
    /// The user has to be sent to some URLs first, then the request can be sent again; the child has
    /// forgotten it. Under each key a question; there is at least one.
    Asks(Vec<(String, Question)>),
}

/// The error as a modern one.
///
/// | of the child | to the client |
/// |---|---|
/// | -32002, resource not found | -32602 with `data.uri` |
/// | -32042, URL elicitation required, to a method that may require input | [`Failure::Asks`] |
/// | -32042 otherwise, or without a URL; any other of -32020 to -32099, which mean something else in the modern era | -32603 |
/// | no error object, no code | -32603 |
///
/// `uri` is the JSON text of the request's `params.uri`. Message and data stay as they are.
pub fn error(method: &str, error: &[u8], uri: Option<&[u8]>) -> Failure {
    todo!()
}
