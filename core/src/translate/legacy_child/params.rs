//! The params of a modern client's request, for a legacy child.

use crate::json::object::Object;
use crate::translate::meta;

/// The params without what only the modern era has: its keys of `_meta`, and the answers and the
/// state of a retry. `token` (a number, chosen by the bridge) takes the place of the client's
/// progress token, if it gave one. Absent if the params are no object, which is the client's error
/// (-32602).
///
/// `task` of `tools/call` goes too: tasks are not offered, and an answer in their shape could not be
/// told.
pub fn params(method: &str, params: Option<&[u8]>, token: u64) -> Option<Vec<u8>> {
    let mut params = match params {
        Some(params) => Object::read(params)?,
        None => Object::default(),
    };
    meta::strip_params(method, &mut params);
    params.edit_object("_meta", |meta| {
        for key in
            [meta::CLIENT_CAPABILITIES, meta::CLIENT_INFO, meta::LOG_LEVEL, meta::PROTOCOL_VERSION]
        {
            meta.remove(key);
        }
        meta::replace_token(meta, token);
    });
    Some(params.write())
}

#[cfg(test)]
mod tests;
