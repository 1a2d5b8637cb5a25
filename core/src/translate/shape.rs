//! The shapes of questions to a client, and of its answers.
//!
//! Owns: which members are required, and their types. Messages are validated here as far as one
//! message allows, so that an invalid one does not reach the other side. Never: whether an answer
//! fits its question's form; the server checks that.
//!
//! Source: MCP schemas 2025-11-25 and 2026-07-28, `ElicitRequest`, `CreateMessageRequest`,
//! `ElicitResult`, `CreateMessageResult`, `ListRootsResult`.

use crate::json::object::{Object, elements, text};
use crate::reject::Capability;

/// Returns the capability that a question requires of the client.
///
/// # Errors
///
/// The method is not a question, or its params are invalid.
pub(super) fn needs(method: &str, params: &Object<'_>) -> Result<Capability, Misshapen> {
    let (needs, is_shaped) = match (method, params.text("mode").as_deref()) {
        ("elicitation/create", Some("url")) => {
            let is_shaped = params.text("message").is_some() && params.text("url").is_some();
            (Capability::ElicitationUrl, is_shaped)
        }
        ("elicitation/create", mode) => {
            let is_shaped = params.some("mode").is_none() || mode == Some("form");
            (Capability::Elicitation, is_shaped && is_form(params))
        }
        ("roots/list", _) => (Capability::Roots, true),
        ("sampling/createMessage", _) => {
            let has_tools = params.some("tools").is_some() || params.some("toolChoice").is_some();
            let needs = if has_tools { Capability::SamplingTools } else { Capability::Sampling };
            (needs, is_sampling(params))
        }
        _ => return Err(Misshapen::Method),
    };
    if is_shaped { Ok(needs) } else { Err(Misshapen::Params) }
}

/// The reason why a question is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Misshapen {
    /// The method is not a question.
    Method,
    /// The params do not fit the method.
    Params,
}

fn is_form(params: &Object<'_>) -> bool {
    let has_properties =
        |schema: Object<'_>| schema.object("properties").is_some() && schema.text("type").is_some();
    params.text("message").is_some() && params.object("requestedSchema").is_some_and(has_properties)
}

fn is_sampling(params: &Object<'_>) -> bool {
    let is_message = |message: &[u8]| {
        Object::read(message).is_some_and(|message| {
            has_role(&message) && message.get("content").is_some_and(is_content)
        })
    };
    params.some("maxTokens").is_some_and(is_number)
        && params
            .get("messages")
            .and_then(elements)
            .is_some_and(|all| all.into_iter().all(is_message))
}

/// Returns the answer to a question, if it has the required shape. Null counts as absent.
pub(super) fn answer(needs: Capability, answer: &[u8]) -> Option<Object<'_>> {
    let mut answer = Object::read(answer)?;
    let is_shaped = match needs {
        Capability::Elicitation | Capability::ElicitationUrl => {
            answer.edit("content", present);
            let action = answer.text("action");
            matches!(action.as_deref(), Some("accept" | "cancel" | "decline"))
                && answer.get("content").is_none_or(is_filled_form)
        }
        Capability::Roots => {
            let is_root =
                |root: &[u8]| Object::read(root).is_some_and(|root| root.text("uri").is_some());
            let roots = answer.get("roots").and_then(elements);
            roots.is_some_and(|roots| roots.into_iter().all(is_root))
        }
        Capability::Sampling | Capability::SamplingTools => {
            has_role(&answer)
                && answer.text("model").is_some()
                && answer.get("content").is_some_and(is_content)
        }
    };
    is_shaped.then_some(answer)
}

/// Returns a filled form without its null fields, which clients send for fields that were left
/// empty. Returns `None` if the form itself is null.
fn present(content: &[u8]) -> Option<Vec<u8>> {
    let Some(mut fields) = Object::read(content) else {
        return (content != b"null").then(|| content.to_vec());
    };
    fields.remove_nulls();
    Some(fields.write())
}

fn is_filled_form(content: &[u8]) -> bool {
    let is_value = |value: &[u8]| match value[0] {
        b'{' => false,
        b'[' => elements(value).is_some_and(|all| all.into_iter().all(|one| text(one).is_some())),
        _ => true,
    };
    Object::read(content).is_some_and(|fields| fields.values().all(is_value))
}

fn has_role(message: &Object<'_>) -> bool {
    matches!(message.text("role").as_deref(), Some("assistant" | "user"))
}

/// Returns whether a value is one block or several.
fn is_content(content: &[u8]) -> bool {
    let is_block =
        |block: &[u8]| Object::read(block).is_some_and(|block| block.text("type").is_some());
    match elements(content) {
        Some(blocks) => blocks.into_iter().all(is_block),
        None => is_block(content),
    }
}

fn is_number(value: &[u8]) -> bool {
    matches!(value[0], b'-' | b'0'..=b'9')
}

#[cfg(test)]
mod tests;
