//! A result of a legacy child, translated for a modern client.

use crate::json::object::{Object, quoted};
use crate::translate::meta;

/// Translates a result: `resultType` is `complete`; `_meta` names the server; results that may be
/// cached (lists and `resources/read`) are stale at once and private. Returns `None` if it is not
/// an object, as every result must be.
///
/// `server_info` is the JSON text of the child's. In `tools/list`, members about tasks are removed,
/// and a tool that can only be called as a task is left out.
pub(crate) fn result(method: &str, result: &[u8], server_info: Option<&[u8]>) -> Option<Vec<u8>> {
    let mut result = Object::read(result)?;
    if method == "tools/list" {
        result.edit_elements("tools", without_tasks);
    }
    result.put("resultType", quoted("complete"));
    if meta::is_cacheable(method) {
        meta::hint(&mut result);
    }
    meta::sign(&mut result, server_info);
    Some(result.write())
}

/// Returns a tool without members about tasks, or `None` if it requires a task (2025-11-25,
/// basic/utilities/tasks, Tool-Level Negotiation).
fn without_tasks(tool: &[u8]) -> Option<Vec<u8>> {
    let Some(mut members) = Object::read(tool) else { return Some(tool.to_vec()) };
    let Some(execution) = members.object("execution") else { return Some(tool.to_vec()) };
    if execution.text("taskSupport").as_deref() == Some("required") {
        return None;
    }
    members.remove("execution");
    Some(members.write())
}

#[cfg(test)]
mod tests;
