//! The mark on messages of a `subscriptions/listen` stream.
//!
//! Source: MCP 2026-07-28, basic/patterns/subscriptions.

use bytes::Bytes;

use super::meta::SUBSCRIPTION_ID;
use crate::chunk::Chunk;
use crate::json::line;
use crate::json::object::Object;

/// Returns the params of a notification, or a result, marked for one stream: with the id of its
/// listen request, a JSON text, in `_meta`.
pub(crate) fn tag(params: Option<&[u8]>, subscription_id: &[u8]) -> Vec<u8> {
    Tagged::of(params).with(subscription_id).to_vec()
}

/// The params of a notification (or a result), up to where each stream has an id of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tagged(Bytes);

impl Tagged {
    /// Reads params that may be absent.
    pub(crate) fn of(params: Option<&[u8]>) -> Tagged {
        let mut params = Object::read_or_empty(params);
        let mut meta = Object::read_or_empty(params.get("_meta"));
        meta.remove(SUBSCRIPTION_ID);
        meta.put(SUBSCRIPTION_ID, &b""[..]);
        let meta = meta.write();
        params.remove("_meta");
        params.put("_meta", meta);
        let mut text = params.write();
        text.truncate(text.len() - END.len());
        Tagged(text.into())
    }

    /// Returns the params with the id of a listen request, a JSON text, without a copy of them.
    pub(crate) fn with(&self, subscription_id: &[u8]) -> Chunk {
        let mut params = Chunk::from(self.0.clone());
        params.push([subscription_id, END].concat());
        params
    }

    /// Returns the notification for one stream, without a copy of its params.
    pub(crate) fn notification(&self, method: &str, subscription_id: &[u8]) -> Chunk {
        line::notification_with(method, self.with(subscription_id))
    }
}

/// Ends `_meta` and the params.
const END: &[u8] = b"}}";

/// Returns the id (JSON text) in the mark of a notification's params, or of a result.
pub(crate) fn id(params: &[u8]) -> Option<Vec<u8>> {
    let params = Object::read(params)?;
    let id = params.object("_meta")?.some(SUBSCRIPTION_ID)?.to_vec();
    Some(id)
}

/// Returns the params of a notification without the mark, or `None` if nothing else was in them.
pub(crate) fn untag(params: &[u8]) -> Option<Vec<u8>> {
    let mut params = Object::read(params)?;
    params.edit_object("_meta", |meta| meta.remove(SUBSCRIPTION_ID));
    (!params.is_empty()).then(|| params.write())
}

#[cfg(test)]
mod tests;
