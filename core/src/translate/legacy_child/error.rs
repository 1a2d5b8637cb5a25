//! An error of a legacy child, translated for a modern client.

use super::{Question, question};
use crate::json::object::{Object, elements, text};
use crate::reject::{Capability, INTERNAL_ERROR};
use crate::translate::{code, meta};

/// A translated error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// An error object (JSON text).
    Error(Vec<u8>),
    /// The user has to visit some URLs, and then the client can send the request again; the child
    /// has forgotten it. Each key has a question; there is at least one.
    Asks(Vec<(String, Question)>),
}

/// Translates an error.
///
/// | from the child | to the client |
/// |---|---|
/// | -32002, resource not found | -32602 with `data.uri` |
/// | -32042, URL elicitation required, for a method that may require input | [`Failure::Asks`] |
/// | -32042 otherwise, or malformed; any other of -32020 to -32099, which mean something else in the modern era | -32603 |
/// | no error object, no code | -32603 |
///
/// `uri` is the JSON text of the request's `params.uri`. Message and data are unchanged.
pub(crate) fn error(method: &str, error: &[u8], uri: Option<&[u8]>) -> Failure {
    let mut error = code::object(error);
    match code::of(&error) {
        Some(code::RESOURCE_NOT_FOUND) => {
            code::put(&mut error, code::INVALID_PARAMS);
            if let Some(uri) = uri {
                name_resource(&mut error, uri);
            }
        }
        Some(code::URL_ELICITATION_REQUIRED) if meta::may_require_input(method) => {
            if let Some(questions) = elicitations(&error) {
                return Failure::Asks(questions);
            }
            code::put(&mut error, INTERNAL_ERROR);
        }
        Some(code) if code::MODERN.contains(&code) => code::put(&mut error, INTERNAL_ERROR),
        _ => {}
    }
    Failure::Error(error.write())
}

/// Adds the uri to `data`, besides the child's own members (2026-07-28, server/resources, Error
/// Handling).
fn name_resource(error: &mut Object<'_>, uri: &[u8]) {
    let mut data = Object::default();
    match (error.object("data"), error.some("data")) {
        (Some(told), _) => data = told,
        (None, Some(other)) => data.put("detail", other),
        (None, None) => {}
    }
    if data.some("uri").is_none() {
        data.put("uri", uri);
    }
    let data = data.write();
    error.put("data", data);
}

/// Returns the questions of `data.elicitations` by their ids, or `None` if one is not for a URL.
fn elicitations(error: &Object<'_>) -> Option<Vec<(String, Question)>> {
    let data = error.object("data")?;
    let mut questions: Vec<(String, Question)> = Vec::new();
    for params in elements(data.get("elicitations")?)? {
        let key = text(Object::read(params)?.get("elicitationId")?)?.into_owned();
        let question = question("elicitation/create", Some(params), b"{}").ok()?;
        if question.needs != Capability::ElicitationUrl {
            return None;
        }
        if questions.iter().all(|(other, _)| *other != key) {
            questions.push((key, question));
        }
    }
    (!questions.is_empty()).then_some(questions)
}

#[cfg(test)]
mod tests;
