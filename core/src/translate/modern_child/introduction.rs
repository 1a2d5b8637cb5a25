//! Who a modern child is to a legacy client, and who the client is to the child.

use crate::protocol::Revision;

/// The result of `initialize` in the revision that was agreed on, from a child's result of
/// `server/discover`. Absent if that is no object.
///
/// Capabilities are the child's but for `extensions`, which have no legacy form. A child that does
/// not say who it is gets a name and a version that say so: both are required.
pub fn initialize(discover_result: &[u8], revision: Revision) -> Option<Vec<u8>> {
    todo!()
}

/// The client capabilities for every request, from those of `initialize` (JSON text) and the
/// revision that was agreed on: what that revision has and the modern era still has.
pub fn client_capabilities(capabilities: Option<&[u8]>, revision: Revision) -> Vec<u8> {
    todo!()
}
