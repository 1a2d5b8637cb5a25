//! The params of a legacy client's request, for a modern child.

/// What a legacy client has said of itself, for every request.
#[derive(Clone, Copy, Debug)]
pub struct Caller<'t> {
    /// As [`client_capabilities`](super::client_capabilities) makes them (JSON text).
    pub capabilities: &'t [u8],
    /// `clientInfo` of its `initialize` (JSON text).
    pub info: Option<&'t [u8]>,
    /// The level of its last `logging/setLevel` (JSON text).
    pub log_level: Option<&'t [u8]>,
}

/// The params with what describes the request in `_meta`; other keys there stay. `token` (a number,
/// chosen by the bridge) takes the place of the client's progress token, if it gave one. Absent if
/// the params are no object, which is the client's error (-32602).
pub fn params(
    method: &str,
    params: Option<&[u8]>,
    caller: &Caller<'_>,
    token: u64,
) -> Option<Vec<u8>> {
    todo!()
}

/// The params of another try: those of the first, which [`params`] made, with the client's answers
/// and the child's state (JSON text), and another token in place of the one it had.
pub fn retry<'r>(
    params: &[u8],
    responses: impl IntoIterator<Item = (&'r str, &'r [u8])>,
    state: Option<&[u8]>,
    token: u64,
) -> Vec<u8> {
    todo!()
}
