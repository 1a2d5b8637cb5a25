//! The methods of every revision.

/// The method as one of a closed set of names, `other` for those the specification does not have:
/// what stands in a metric's label must not be a client's choice.
pub fn known_method(method: &str) -> &'static str {
    KNOWN[method_index(method)]
}

/// The place of a method among [`KNOWN`].
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

/// Whether the modern era no longer has a method (2026-07-28, changelog).
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
