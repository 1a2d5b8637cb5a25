//! A page of a child's list of tools.

use crate::json::Message;
use crate::json::object::Object;
use crate::modern::mirror;

/// A page of a list of tools.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) listed: mirror::Listed,
    /// Whether it is the first.
    pub(crate) is_first: bool,
    /// The cursor of the next one (JSON text).
    pub(crate) next: Option<Vec<u8>>,
}

impl Page {
    /// Parses a result of `tools/list`.
    pub(crate) fn read(result: &[u8]) -> Page {
        let next = cursor(result, "nextCursor");
        Page { listed: mirror::listed(result), is_first: true, next }
    }

    /// Parses the result of `tools/list` for this request of a client.
    pub(crate) fn asked_for(request: &Message, result: &[u8]) -> Page {
        let is_first = request.params().is_none_or(|params| cursor(params, "cursor").is_none());
        Page { is_first, ..Page::read(result) }
    }

    /// Returns the result for the client, if a tool in it has invalid annotations.
    pub(crate) fn take_rewritten(&mut self) -> Option<Vec<u8>> {
        self.listed.rewritten.take()
    }
}

/// Returns the cursor (JSON text) in the params or the result of `tools/list`.
fn cursor(object: &[u8], member: &str) -> Option<Vec<u8>> {
    let object = Object::read(object)?;
    object.some(member).filter(|cursor| cursor.starts_with(b"\"")).map(<[u8]>::to_vec)
}
