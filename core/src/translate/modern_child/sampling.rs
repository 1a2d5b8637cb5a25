//! Sampling messages and tools in the format of a revision.

use super::{contents, listing};
use crate::json::object::{Object, array, elements};
use crate::protocol::{Revision, since};
use crate::translate::content::block;

/// Converts the messages and tools to the revision. Where it has no tools, a message of several
/// blocks becomes several messages of one block each, in the same role.
pub(super) fn simplify(params: &mut Object<'_>, revision: Revision) {
    if revision >= since::SAMPLING_TOOLS {
        listing::tools(params, revision);
        return params.edit_elements("messages", |message| Some(with_results(message, revision)));
    }
    params.edit("messages", |messages| {
        let messages = elements(messages)?.into_iter();
        Some(array(messages.flat_map(|message| split(message, revision))))
    });
}

/// Returns a message whose tool results are translated like those of a call.
fn with_results(message: &[u8], revision: Revision) -> Vec<u8> {
    let Some(mut message) = Object::read(message) else { return message.to_vec() };
    message.edit("content", |content| {
        Some(match elements(content) {
            Some(blocks) => array(blocks.into_iter().map(|block| with_result(block, revision))),
            None => with_result(content, revision),
        })
    });
    message.write()
}

fn with_result(block: &[u8], revision: Revision) -> Vec<u8> {
    let result = Object::read(block);
    let Some(mut result) = result.filter(|it| it.text("type").as_deref() == Some("tool_result"))
    else {
        return block.to_vec();
    };
    contents::of_call(&mut result, revision);
    result.write()
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
