//! The params of a modern client's request, translated for a legacy child.

use crate::json::object::Object;
use crate::translate::meta;

/// Returns the params without the members that only the modern era has: its keys of `_meta`, and
/// the answers and state of a retry. `token`, a number chosen by the bridge, replaces the client's
/// progress token, if there is one. Returns `None` if the params are not an object, which is the
/// client's error (-32602).
///
/// `task` of `tools/call` is removed too: tasks are not offered, and their results could not be
/// translated.
pub(crate) fn params(method: &str, params: Option<&[u8]>, token: u64) -> Option<Vec<u8>> {
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
