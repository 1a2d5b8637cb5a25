//! The description of a server for a legacy client without a session.

use crate::json::object::{Object, quoted};
use crate::protocol::Revision;

/// Returns a result of `initialize` in this revision, without the capabilities that need a session:
/// subscriptions, changes of lists, and tasks. Returns `None` if it is not an object.
pub(crate) fn initialize(result: &[u8], revision: Revision) -> Option<Vec<u8>> {
    let mut result = Object::read(result)?;
    result.put("protocolVersion", quoted(revision.as_str()));
    result.edit_object("capabilities", |capabilities| {
        capabilities.remove("tasks");
        for family in ["prompts", "resources", "tools"] {
            capabilities.edit(family, |family| {
                let mut family = Object::read(family)?;
                family.remove("listChanged");
                family.remove("subscribe");
                Some(family.write())
            });
        }
    });
    Some(result.write())
}

#[cfg(test)]
mod tests;
