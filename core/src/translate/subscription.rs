//! The mark that a message of a `subscriptions/listen` stream carries.
//!
//! Source: MCP 2026-07-28, basic/patterns/subscriptions.

use super::meta::SUBSCRIPTION_ID;
use crate::json::object::Object;

/// The params of a notification (or a result) as one stream carries them: with the id of its listen
/// request, a JSON text, in `_meta`.
pub fn tag(params: Option<&[u8]>, subscription_id: &[u8]) -> Vec<u8> {
    let mut params = Object::read_or_empty(params);
    let mut meta = Object::read_or_empty(params.get("_meta"));
    meta.put(SUBSCRIPTION_ID, subscription_id);
    let meta = meta.write();
    params.put("_meta", meta);
    params.write()
}

/// The id (JSON text) that the params of a notification, or a result, are marked with.
pub fn id(params: &[u8]) -> Option<Vec<u8>> {
    let params = Object::read(params)?;
    let id = params.object("_meta")?.some(SUBSCRIPTION_ID)?.to_vec();
    Some(id)
}

/// The params of a notification without the mark; absent if nothing else was in them.
pub fn untag(params: &[u8]) -> Option<Vec<u8>> {
    let mut params = Object::read(params)?;
    params.edit_object("_meta", |meta| meta.remove(SUBSCRIPTION_ID));
    (!params.is_empty()).then(|| params.write())
}

#[cfg(test)]
mod tests;
