//! A result of a legacy child, for a modern client.

/// The result as a modern one: `resultType` is `complete`; `_meta` names the server; the results that
/// may be cached (lists and `resources/read`) are stale at once and private. Absent if it is no
/// object, which no result may be.
///
/// `server_info` is the JSON text of the child's. In `tools/list` a tool loses what it says of tasks,
/// and one that can only be called as a task is left out.
pub fn result(method: &str, result: &[u8], server_info: Option<&[u8]>) -> Option<Vec<u8>> {
    todo!()
}
