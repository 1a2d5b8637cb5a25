//! The params of a legacy client's request, translated for a modern child.

use crate::json::object::{self, Object, quoted, write_map};
use crate::translate::meta;

/// A legacy client's description of itself, for every request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller<'t> {
    /// Its capabilities, as [`client_capabilities`](super::client_capabilities) returns them (JSON
    /// text).
    pub capabilities: &'t [u8],
    /// `clientInfo` of its `initialize` (JSON text). Ignored unless it is an object.
    pub info: Option<&'t [u8]>,
    /// The level of its last `logging/setLevel` (JSON text).
    pub log_level: Option<&'t [u8]>,
}

/// Returns the params with the client's description in `_meta`; other keys there are kept. `token`,
/// a number chosen by the bridge, replaces the client's progress token, if there is one. Returns
/// `None` if the params are not an object, which is the client's error (-32602).
///
/// `task` of `tools/call` is removed because tasks are not offered, and so are members that would
/// make it a retry, or that some servers take for them.
pub(crate) fn params(
    method: &str,
    params: Option<&[u8]>,
    caller: &Caller<'_>,
    token: u64,
) -> Option<Vec<u8>> {
    let mut params = match params {
        Some(params) => Object::read(params)?,
        None => Object::default(),
    };
    meta::strip_params(method, &mut params);
    let mut meta = Object::read_or_empty(params.get("_meta"));
    meta::replace_token(&mut meta, token);
    describe(&mut meta, caller);
    let meta = meta.write();
    params.put("_meta", meta);
    Some(params.write())
}

/// Returns the params of a request of the bridge itself, such as `server/discover`.
pub(crate) fn own(params: Option<&[u8]>) -> Vec<u8> {
    let info = [br#"{"name":"pontoon","version":"#, &*quoted(env!("CARGO_PKG_VERSION")), b"}"];
    let info = info.concat();
    let bridge = Caller { capabilities: b"{}", info: Some(&info), log_level: None };
    let mut params = Object::read_or_empty(params);
    let mut meta = Object::default();
    describe(&mut meta, &bridge);
    params.put("_meta", meta.write());
    params.write()
}

fn describe<'t>(meta: &mut Object<'t>, caller: &Caller<'t>) {
    meta.put(meta::PROTOCOL_VERSION, &br#""2026-07-28""#[..]);
    meta.put(meta::CLIENT_CAPABILITIES, caller.capabilities);
    let info = caller.info.filter(|info| info.starts_with(b"{"));
    put_or_remove(meta, meta::CLIENT_INFO, info);
    put_or_remove(meta, meta::LOG_LEVEL, caller.log_level);
}

fn put_or_remove<'t>(object: &mut Object<'t>, key: &'static str, value: Option<&'t [u8]>) {
    match value {
        Some(value) => object.put(key, value),
        None => object.remove(key),
    }
}

/// Returns the params of a retry: those of the first try, as [`params`] returned them, with the
/// client's answers and the child's state (JSON text), another token in place of the first, and the
/// client's current log level.
pub(crate) fn retry<'r>(
    params: &'r [u8],
    responses: impl IntoIterator<Item = (&'r str, &'r [u8])>,
    state: Option<&'r [u8]>,
    log_level: Option<&[u8]>,
    token: u64,
) -> Vec<u8> {
    let mut params = Object::read_or_empty(Some(params));
    let mut meta = Object::read_or_empty(params.get("_meta"));
    meta::replace_token(&mut meta, token);
    put_or_remove(&mut meta, meta::LOG_LEVEL, log_level);
    let meta = meta.write();
    params.put("_meta", meta);
    let responses = write_map(responses);
    let responses = Some(&*responses).filter(|all| *all != b"{}");
    put_or_remove(&mut params, "inputResponses", responses);
    put_or_remove(&mut params, "requestState", state);
    params.write()
}

/// Returns the uri in a request's params (JSON text).
pub(crate) fn uri(params: &[u8]) -> Option<&[u8]> {
    object::member(params, "uri")
}

#[cfg(test)]
mod tests;
