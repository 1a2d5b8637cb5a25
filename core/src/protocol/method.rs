//! The methods of every revision.

/// Returns the method as one of a fixed set of names, or `other` for a method that the
/// specification does not define, so that metric labels do not depend on clients.
pub(crate) fn known_method(method: &str) -> &'static str {
    KNOWN[method_index(method)]
}

/// Returns the index of a method in [`KNOWN`].
pub(crate) fn method_index(method: &str) -> usize {
    KNOWN.iter().position(|known| *known == method).unwrap_or(OTHER)
}

/// Requests of a client, the common ones first, and `other` for the rest.
pub(crate) const KNOWN: [&str; OTHER + 1] = [
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
    "server/discover",
    "subscriptions/listen",
    "tasks/update",
    "other",
];

const OTHER: usize = 20;

/// Returns whether the modern era removed a method (2026-07-28, changelog).
pub(crate) fn is_removed(method: &str) -> bool {
    matches!(
        method,
        "initialize"
            | "logging/setLevel"
            | "ping"
            | "resources/subscribe"
            | "resources/unsubscribe"
    )
}
