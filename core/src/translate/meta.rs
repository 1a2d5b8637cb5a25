//! The keys of `_meta` that the protocol defines.
//!
//! Source: MCP 2026-07-28, basic/index, `_meta`.

use crate::json::object::{Object, quoted};

pub(super) const CLIENT_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
pub(super) const CLIENT_INFO: &str = "io.modelcontextprotocol/clientInfo";
pub(super) const LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";
pub(super) const PROTOCOL_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
/// A key of the tasks of 2025-11-25.
pub(super) const RELATED_TASK: &str = "io.modelcontextprotocol/related-task";
pub(super) const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";
pub(super) const SUBSCRIPTION_ID: &str = "io.modelcontextprotocol/subscriptionId";
pub(super) const PROGRESS_TOKEN: &str = "progressToken";

/// Returns whether the result of a request may require input (2026-07-28, basic/patterns/mrtr).
pub(crate) fn may_require_input(method: &str) -> bool {
    matches!(method, "tools/call" | "prompts/get" | "resources/read")
}

/// Returns whether a result may be cached, and must declare for how long (2026-07-28,
/// server/utilities/caching).
pub(super) fn is_cacheable(method: &str) -> bool {
    matches!(
        method,
        "prompts/list"
            | "resources/list"
            | "resources/read"
            | "resources/templates/list"
            | "server/discover"
            | "tools/list"
    )
}

/// Removes members that only one era has in the params of this method: the answers and state of a
/// retry, and the task of 2025-11-25, which is not offered.
pub(super) fn strip_params(method: &str, params: &mut Object<'_>) {
    if may_require_input(method) {
        params.remove("inputResponses");
        // A legacy client has no state of its own, so this would be another client's.
        params.remove_confusable(b"requeststate");
    }
    if method == "tools/call" {
        params.remove("task");
    }
}

/// Replaces the progress token, if there is one.
pub(super) fn replace_token(meta: &mut Object<'_>, token: u64) {
    meta.edit(PROGRESS_TOKEN, |_| Some(token.to_string().into_bytes()));
}

/// Adds cache hints to a result: stale at once, and private.
pub(super) fn hint(result: &mut Object<'_>) {
    result.put("ttlMs", &b"0"[..]);
    result.put("cacheScope", &br#""private""#[..]);
}

/// Adds the server's identity to a result's `_meta`.
pub(super) fn sign(result: &mut Object<'_>, server_info: Option<&[u8]>) {
    let Some(info) = server_info else {
        result.edit("_meta", |meta| (meta != b"null").then(|| meta.to_vec()));
        return;
    };
    let mut meta = Object::read_or_empty(result.get("_meta"));
    meta.put(SERVER_INFO, info);
    let meta = meta.write();
    result.put("_meta", meta);
}

/// Removes the keys of a result's `_meta` that only modern clients understand.
pub(super) fn unsign(result: &mut Object<'_>) {
    result.edit("_meta", |value| {
        let Some(mut meta) = Object::read(value) else {
            return (value != b"null").then(|| value.to_vec());
        };
        meta.remove(SERVER_INFO);
        meta.remove(SUBSCRIPTION_ID);
        (!meta.is_empty()).then(|| meta.write())
    });
}

/// Returns the JSON text of an array of strings.
pub(super) fn quoted_all<'s>(texts: impl IntoIterator<Item = &'s str>) -> Vec<u8> {
    crate::json::object::array(texts.into_iter().map(quoted))
}
