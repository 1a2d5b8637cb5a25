//! The capabilities a client needs for questions, and whether it declares them.
//!
//! Source: MCP 2026-07-28, schema, `ClientCapabilities`; 2025-11-25, client/elicitation and
//! client/sampling, Capabilities.

use crate::json::object::Object;
use crate::reject::Capability;

/// Returns whether client capabilities (JSON text) include this one. `elicitation` without modes
/// means forms.
pub(crate) fn is_declared(client_capabilities: &[u8], capability: Capability) -> bool {
    let all = Object::read_or_empty(Some(client_capabilities));
    let has = |family: &str, member: &str| {
        all.object(family).is_some_and(|family| family.some(member).is_some())
    };
    match capability {
        Capability::Elicitation => {
            all.object("elicitation").is_some()
                && (has("elicitation", "form") || !has("elicitation", "url"))
        }
        Capability::ElicitationUrl => has("elicitation", "url"),
        Capability::Roots => all.object("roots").is_some(),
        Capability::Sampling => all.object("sampling").is_some(),
        Capability::SamplingTools => has("sampling", "tools"),
    }
}

/// Returns the method that needs it.
pub(crate) fn method(capability: Capability) -> &'static str {
    match capability {
        Capability::Elicitation | Capability::ElicitationUrl => "elicitation/create",
        Capability::Roots => "roots/list",
        Capability::Sampling | Capability::SamplingTools => "sampling/createMessage",
    }
}

/// Returns the client capabilities (JSON text) that these questions need together:
/// `data.requiredCapabilities` of the error -32021 (2026-07-28, basic/index).
pub(crate) fn required(capabilities: &[Capability]) -> Vec<u8> {
    let needs = |capability| capabilities.contains(&capability);
    let mut all = Object::default();
    match (needs(Capability::Elicitation), needs(Capability::ElicitationUrl)) {
        (true, true) => all.put("elicitation", &br#"{"form":{},"url":{}}"#[..]),
        (true, false) => all.put("elicitation", &b"{}"[..]),
        (false, true) => all.put("elicitation", &br#"{"url":{}}"#[..]),
        (false, false) => {}
    }
    if needs(Capability::Roots) {
        all.put("roots", &b"{}"[..]);
    }
    match (needs(Capability::Sampling), needs(Capability::SamplingTools)) {
        (_, true) => all.put("sampling", &br#"{"tools":{}}"#[..]),
        (true, false) => all.put("sampling", &b"{}"[..]),
        (false, false) => {}
    }
    all.write()
}

#[cfg(test)]
mod tests;
