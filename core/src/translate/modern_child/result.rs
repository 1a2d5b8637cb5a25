//! A result of a modern child, translated for a legacy client.

use super::{contents, listing};
use crate::json::object::{self, Object};
use crate::protocol::Revision;
use crate::reject::Capability;
use crate::translate::{meta, shape};

/// A translated result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The result in the client's revision (JSON text).
    Complete(Vec<u8>),
    /// The client must be asked, and then the request is sent again.
    InputRequired {
        /// The questions. If there are none, the request is retried after a delay.
        requests: Vec<InputRequest>,
        /// The state to return, byte for byte (JSON text).
        state: Option<Vec<u8>>,
    },
}

/// An entry of `inputRequests`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InputRequest {
    /// The key for its answer.
    pub key: String,
    /// The capability that the client must have declared; it also determines the method
    /// ([`method`](crate::translate::capability::method)).
    pub needs: Capability,
    /// The params (JSON text).
    pub params: Option<Vec<u8>>,
}

/// Translates a result: members that only the modern era has are removed, and content that
/// `revision` does not have is replaced by text. Returns `None` if it is malformed or of an unknown
/// type, which is the child's error.
pub(crate) fn result(method: &str, result: &[u8], revision: Revision) -> Option<Outcome> {
    let result = Object::read(result)?;
    match (result.some("resultType"), result.text("resultType").as_deref()) {
        (None, _) | (_, Some("complete")) => {
            Some(Outcome::Complete(complete(method, result, revision)))
        }
        (_, Some("input_required")) if meta::may_require_input(method) => input_required(&result),
        _ => None,
    }
}

fn complete(method: &str, mut result: Object<'_>, revision: Revision) -> Vec<u8> {
    result.remove("resultType");
    if meta::is_cacheable(method) {
        result.remove("ttlMs");
        result.remove("cacheScope");
    }
    meta::unsign(&mut result);
    match method {
        "prompts/get" => contents::of_prompt(&mut result, revision),
        "prompts/list" => listing::prompts(&mut result, revision),
        "resources/list" => listing::plain(&mut result, "resources", revision),
        "resources/templates/list" => listing::plain(&mut result, "resourceTemplates", revision),
        "tools/call" => contents::of_call(&mut result, revision),
        "tools/list" => listing::tools(&mut result, revision),
        "completion/complete" | "resources/read" => {}
        // Null may have a meaning in it.
        _ => return result.write(),
    }
    result.remove_nulls();
    result.write()
}

fn input_required(result: &Object<'_>) -> Option<Outcome> {
    let state = result.some("requestState");
    if state.is_some() && result.text("requestState").is_none() {
        return None;
    }
    let requests = match result.some("inputRequests") {
        Some(requests) => object::map(requests)?.into_iter().map(request).collect::<Option<_>>()?,
        None => Vec::new(),
    };
    if requests.is_empty() && state.is_none() {
        return None;
    }
    Some(Outcome::InputRequired { requests, state: state.map(<[u8]>::to_vec) })
}

fn request((key, entry): (String, &[u8])) -> Option<InputRequest> {
    let entry = Object::read(entry)?;
    let params = entry.some("params");
    let needs = shape::needs(&entry.text("method")?, &Object::read_or_empty(params)).ok()?;
    Some(InputRequest { key, needs, params: params.map(<[u8]>::to_vec) })
}

#[cfg(test)]
mod tests;
