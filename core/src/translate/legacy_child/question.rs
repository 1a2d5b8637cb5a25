//! A server request of a legacy child, translated to an input request for a modern client.

use bytes::Bytes;

use crate::chunk::Chunk;
use crate::json::Answer;
use crate::json::object::{Object, quoted, text};
use crate::reject::Capability;
use crate::translate::shape::{self, Misshapen};
use crate::translate::{capability, code, meta};

/// An entry of `inputRequests`, and what the client must be able to do for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    /// The capability that the client must have declared; it also determines the kind of answer.
    pub needs: Capability,
    /// The entry: JSON text, `method` and `params`.
    pub request: Bytes,
}

/// The reason why a child's request cannot be translated; the child gets it as an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// A required member of its params is missing or has a wrong type.
    BadParams,
    /// The client of this request did not declare the capability.
    Undeclared,
    /// The method is unknown to modern clients. `ping` is answered by the bridge.
    UnknownMethod,
}

impl Refusal {
    /// Returns the error for the child.
    pub(crate) fn answer(self) -> Answer<'static> {
        match self {
            Refusal::BadParams => Answer::error(code::INVALID_PARAMS, "Invalid params"),
            Refusal::Undeclared => {
                Answer::error(code::METHOD_NOT_FOUND, "The client does not support this")
            }
            Refusal::UnknownMethod => Answer::error(code::METHOD_NOT_FOUND, "Method not found"),
        }
    }
}

/// Returns the child's request as an entry of `inputRequests`, without the members that the modern
/// era does not have: the progress token, the task, the id of a URL elicitation, and the context
/// for sampling unless `client_capabilities` (JSON text) include it.
///
/// The caller checks with [`capability::is_declared`] whether the client supports the question;
/// [`Refusal::Undeclared`] is not returned here.
///
/// # Errors
///
/// See [`Refusal`].
pub(crate) fn question(
    method: &str,
    params: Option<&[u8]>,
    client_capabilities: &[u8],
) -> Result<Question, Refusal> {
    let mut params = Object::read_or_empty(params);
    params.remove_nulls();
    let needs = shape::needs(method, &params).map_err(|misshapen| match misshapen {
        Misshapen::Method => Refusal::UnknownMethod,
        Misshapen::Params => Refusal::BadParams,
    })?;
    for member in ["elicitationId", "task"] {
        params.remove(member);
    }
    if !has_context(client_capabilities) {
        params.remove("includeContext");
    }
    params.edit_object("_meta", |meta| {
        meta.remove(meta::PROGRESS_TOKEN);
        meta.remove(meta::RELATED_TASK);
    });
    let mut request = Object::default();
    request.put("method", quoted(capability::method(needs)));
    if !params.is_empty() {
        request.put("params", params.write());
    }
    Ok(Question { needs, request: request.write().into() })
}

fn has_context(client_capabilities: &[u8]) -> bool {
    Object::read(client_capabilities)
        .and_then(|all| Some(all.object("sampling")?.some("context").is_some()))
        .unwrap_or(false)
}

/// Returns the key for a request with this id (JSON text): the text of the id, or for a string that
/// could be taken for a number or for such a key, its JSON text. Different ids have different keys.
pub(crate) fn key(id: &[u8]) -> String {
    let plain = |text: &str| !text.starts_with(|c: char| c.is_ascii_digit() || "-\"".contains(c));
    match text(id) {
        Some(text) if plain(&text) => text.into_owned(),
        _ => String::from_utf8_lossy(id).into_owned(),
    }
}

/// Returns the result that requests these inputs (keys and entries) from the client, with the
/// sealed state for it to return, and the server's identity (JSON text). The entries are not copied.
pub(crate) fn input_required<'q>(
    questions: impl IntoIterator<Item = (&'q str, &'q Question)>,
    state: Option<&str>,
    server_info: Option<&[u8]>,
) -> Chunk {
    let mut result = Chunk::from(&br#"{"resultType":"input_required","inputRequests":{"#[..]);
    for (at, (key, question)) in questions.into_iter().enumerate() {
        let before = if at > 0 { "," } else { "" };
        result.push([before.as_bytes(), &quoted(key), b":"].concat());
        result.push(question.request.clone());
    }
    result.push(&b"}"[..]);
    let mut rest = Object::default();
    if let Some(state) = state {
        rest.put("requestState", quoted(state));
    }
    meta::sign(&mut rest, server_info);
    let mut rest = rest.write();
    if rest.len() > 2 {
        rest[0] = b',';
        result.push(rest);
    } else {
        result.push(&b"}"[..]);
    }
    result
}

#[cfg(test)]
mod tests;
