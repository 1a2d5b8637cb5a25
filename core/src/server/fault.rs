//! Why a request cannot be served.

use std::borrow::Cow;

use serde_json::Value;

use super::Question;
use crate::modern::error_data;
use crate::reject::Reject;

/// A JSON-RPC error (JSON-RPC 2.0, section 5.1).
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// Its code.
    pub code: i32,
    /// What is wrong, in one sentence.
    pub message: Cow<'static, str>,
    /// More about it, for programs.
    pub data: Option<Value>,
}

impl Fault {
    /// The parameters are wrong.
    pub(super) const INVALID_PARAMS: i32 = -32602;

    /// There is no such resource, in the legacy era.
    pub(super) const RESOURCE_NOT_FOUND: i32 = -32002;

    /// An error with this code.
    pub fn new(code: i32, message: impl Into<Cow<'static, str>>) -> Self {
        Fault { code, message: message.into(), data: None }
    }

    /// A refusal that every transport words alike.
    pub(super) fn of(reject: Reject) -> Self {
        let wire = reject.wire();
        Fault::new(wire.code, wire.message)
    }

    /// -32603: the server cannot answer, whatever was asked.
    pub fn internal(message: impl Into<Cow<'static, str>>) -> Self {
        Fault::new(-32603, message)
    }

    /// -32602: the parameters are wrong; the message says which.
    pub fn invalid_params(message: impl Into<Cow<'static, str>>) -> Self {
        Fault::new(Fault::INVALID_PARAMS, message)
    }

    /// -32601: there is no such method.
    pub fn method_not_found(message: impl Into<Cow<'static, str>>) -> Self {
        Fault::new(-32601, message)
    }

    /// -32021: the client did not declare a capability that is needed. `required` has the form of
    /// `ClientCapabilities` (2026-07-28, basic/index).
    pub fn missing_capability(required: Value) -> Self {
        Fault::missing(serde_json::json!({ "requiredCapabilities": required }))
    }

    /// -32021: the client cannot be asked any of these questions, of which there is at least one.
    pub(super) fn missing_answers(questions: &[Question]) -> Self {
        let needed: Vec<_> = questions.iter().map(Question::capability).collect();
        Fault::missing(error_data::missing_capabilities(&needed))
    }

    fn missing(data: Value) -> Self {
        let message = "The client did not declare a capability that this needs";
        Fault { data: Some(data), ..Fault::new(-32021, message) }
    }

    /// -32021: the client did not declare an extension that is needed.
    pub fn missing_extension(name: &str) -> Self {
        Fault::missing_capability(serde_json::json!({ "extensions": { name: {} } }))
    }

    /// There is no such resource: -32002 in the legacy era (server/resources, Error Handling). An
    /// era that words it otherwise translates the code where the answer is written.
    pub fn resource_not_found(uri: &str, message: impl Into<Cow<'static, str>>) -> Self {
        let data = Some(serde_json::json!({ "uri": uri }));
        Fault { data, ..Fault::new(Fault::RESOURCE_NOT_FOUND, message) }
    }
}

#[cfg(test)]
mod tests;
