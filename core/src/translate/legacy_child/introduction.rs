//! Who the bridge is to a legacy child, and who the child is to modern clients.

use crate::protocol::Revision;

/// The params of the `initialize` that opens a child's session: the newest legacy revision, and
/// every capability that can be translated, whatever the client in front can do. Each question is
/// held against the capabilities of the request it serves.
pub fn initialize() -> Vec<u8> {
    todo!()
}

/// The result of `server/discover`, from a child's result of `initialize`. Absent if that is no
/// object.
///
/// Capabilities are the child's but for `tasks`, which have another shape in the modern era.
/// It is stale at once (`ttlMs` 0) and private: nothing tells that the child stays the same.
pub fn discover(initialize_result: &[u8], supported: &[Revision]) -> Option<Vec<u8>> {
    todo!()
}

/// The child's `serverInfo` (JSON text), from its result of `initialize`.
pub fn server_info(initialize_result: &[u8]) -> Option<Vec<u8>> {
    todo!()
}
