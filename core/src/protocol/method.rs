//! The methods of the legacy revisions.

/// The method as one of a closed set of names, `other` for those the specification does not have:
/// what stands in a metric's label must not be a client's choice.
pub fn known_method(method: &str) -> &'static str {
    KNOWN.iter().find(|known| **known == method).copied().unwrap_or("other")
}

/// Requests of a client, the common ones first.
const KNOWN: [&str; 17] = [
    "tools/call",
    "tools/list",
    "ping",
    "initialize",
    "resources/read",
    "resources/list",
    "resources/templates/list",
    "resources/subscribe",
    "resources/unsubscribe",
    "prompts/get",
    "prompts/list",
    "completion/complete",
    "logging/setLevel",
    "tasks/get",
    "tasks/list",
    "tasks/result",
    "tasks/cancel",
];
