//! The errors that a request can be answered with.

use std::borrow::Cow;

use serde_json::Value;

use super::Question;
use crate::json::object::KeyError;
use crate::reject::Reject;
use crate::translate::error_data;

/// A JSON-RPC error (JSON-RPC 2.0, section 5.1).
#[derive(Clone, Debug, PartialEq)]
pub struct RpcError {
    /// Its code.
    pub code: i32,
    /// A description, in one sentence.
    pub message: Cow<'static, str>,
    /// Additional data, for programs.
    pub data: Option<Value>,
}

impl RpcError {
    /// Invalid parameters.
    pub(super) const INVALID_PARAMS: i32 = -32602;

    /// An unknown resource, in the legacy era.
    pub(super) const RESOURCE_NOT_FOUND: i32 = -32002;

    /// Creates an error with this code.
    pub fn new(code: i32, message: impl Into<Cow<'static, str>>) -> Self {
        RpcError { code, message: message.into(), data: None }
    }

    /// Converts a rejection, whose text is the same for every transport.
    pub(super) fn of(reject: Reject) -> Self {
        let wire = reject.wire();
        RpcError::new(wire.code, wire.message)
    }

    /// Creates an internal error (-32603): the server cannot answer any such request.
    pub fn internal(message: impl Into<Cow<'static, str>>) -> Self {
        RpcError::new(-32603, message)
    }

    /// Creates an invalid-params error (-32602); the message names the parameter.
    pub fn invalid_params(message: impl Into<Cow<'static, str>>) -> Self {
        RpcError::new(RpcError::INVALID_PARAMS, message)
    }

    /// Creates a method-not-found error (-32601).
    pub fn method_not_found(message: impl Into<Cow<'static, str>>) -> Self {
        RpcError::new(-32601, message)
    }

    /// Creates an error (-32021) for a capability that the client did not declare. `required` has
    /// the form of `ClientCapabilities` (2026-07-28, basic/index).
    pub fn missing_capability(required: Value) -> Self {
        RpcError::missing(serde_json::json!({ "requiredCapabilities": required }))
    }

    /// Creates an error (-32021) for a client that supports none of these questions, of which there
    /// is at least one.
    pub(super) fn missing_answers(questions: &[Question]) -> Self {
        let needed: Vec<_> = questions.iter().map(Question::capability).collect();
        RpcError::missing(error_data::missing_capabilities(&needed))
    }

    fn missing(data: Value) -> Self {
        let message = "The client did not declare a capability that this needs";
        RpcError { data: Some(data), ..RpcError::new(-32021, message) }
    }

    /// Creates an error (-32021) for an extension that the client did not declare.
    pub fn missing_extension(name: &str) -> Self {
        RpcError::missing_capability(serde_json::json!({ "extensions": { name: {} } }))
    }

    /// Creates the error for an unknown resource: -32002 in the legacy era (server/resources, Error
    /// Handling). The modern era replaces the code when it writes the answer.
    pub fn resource_not_found(uri: &str, message: impl Into<Cow<'static, str>>) -> Self {
        let data = Some(serde_json::json!({ "uri": uri }));
        RpcError { data, ..RpcError::new(RpcError::RESOURCE_NOT_FOUND, message) }
    }
}

/// Returns the fault for an invalid field.
pub(super) fn wrong(path: &str, must: &str) -> RpcError {
    RpcError::invalid_params(format!("{path} {must}"))
}

/// Returns the fault for an object that cannot be parsed.
pub(super) fn unclear(path: &str, unclear: KeyError) -> RpcError {
    match unclear {
        KeyError::Duplicate => wrong(path, "holds a key twice"),
        KeyError::LoneSurrogate => wrong(path, "holds a key that is no text"),
    }
}

#[cfg(test)]
mod tests;
