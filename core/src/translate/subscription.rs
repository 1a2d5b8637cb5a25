//! The mark on messages of a `subscriptions/listen` stream.
//!
//! Source: MCP 2026-07-28, basic/patterns/subscriptions.

use super::meta::SUBSCRIPTION_ID;
use crate::json::object::Object;

/// Returns the params of a notification, or a result, marked for one stream: with the id of its
/// listen request, a JSON text, in `_meta`.
pub fn tag(params: Option<&[u8]>, subscription_id: &[u8]) -> Vec<u8> {
    let mut params = Object::read_or_empty(params);
    let mut meta = Object::read_or_empty(params.get("_meta"));
    meta.put(SUBSCRIPTION_ID, subscription_id);
    let meta = meta.write();
    params.put("_meta", meta);
    params.write()
}

/// Returns the id (JSON text) in the mark of a notification's params, or of a result.
pub fn id(params: &[u8]) -> Option<Vec<u8>> {
    let params = Object::read(params)?;
    let id = params.object("_meta")?.some(SUBSCRIPTION_ID)?.to_vec();
    Some(id)
}

/// Returns the params of a notification without the mark, or `None` if nothing else was in them.
pub fn untag(params: &[u8]) -> Option<Vec<u8>> {
    let mut params = Object::read(params)?;
    params.edit_object("_meta", |meta| meta.remove(SUBSCRIPTION_ID));
    (!params.is_empty()).then(|| params.write())
}

#[cfg(test)]
mod tests;
