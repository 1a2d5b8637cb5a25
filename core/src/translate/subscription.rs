//! The mark that a message of a `subscriptions/listen` stream carries.
//!
//! Source: MCP 2026-07-28, basic/patterns/subscriptions.

/// The params of a notification (or a result) as one stream carries them: with the id of its listen
/// request, a JSON text, in `_meta`.
pub fn tag(params: Option<&[u8]>, subscription_id: &[u8]) -> Vec<u8> {
    todo!()
}

/// The params of a notification without the mark; absent if nothing else was in them.
pub fn untag(params: &[u8]) -> Option<Vec<u8>> {
    todo!()
}
