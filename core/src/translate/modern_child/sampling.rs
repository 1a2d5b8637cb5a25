//! Messages for a model, as a revision has them.

use crate::json::object::{Object, array, elements};
use crate::protocol::{Revision, since};
use crate::translate::content::block;

/// Writes the messages so that the revision has them: one of several blocks becomes several of one
/// block each, in the same role.
pub(super) fn simplify(params: &mut Object<'_>, revision: Revision) {
    if revision >= since::SAMPLING_TOOLS {
        return;
    }
    params.edit("messages", |messages| {
        let messages = elements(messages)?.into_iter();
        Some(array(messages.flat_map(|message| split(message, revision))))
    });
}

fn split(message: &[u8], revision: Revision) -> Vec<Vec<u8>> {
    let Some(message) = Object::read(message) else { return vec![message.to_vec()] };
    let content = message.get("content").unwrap_or(b"null");
    let blocks = elements(content).unwrap_or_else(|| vec![content]);
    let with = |content: &[u8]| {
        let mut message = message.clone();
        message.put("content", block(content, revision));
        message.write()
    };
    blocks.into_iter().map(with).collect()
}

#[cfg(test)]
mod tests;
