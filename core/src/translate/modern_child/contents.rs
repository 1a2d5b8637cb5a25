//! Results of tools and prompts in the format of a revision.

use crate::json::object::{Object, array, elements};
use crate::protocol::{Revision, since};
use crate::translate::content::{block, text_block};

/// Translates a result of `tools/call`. Structured content that the revision does not have, or that
/// is not an object, becomes a text, unless there is a text (which then has the same content,
/// 2025-06-18, server/tools, Structured Content).
pub(super) fn of_call(result: &mut Object<'_>, revision: Revision) {
    if revision < since::ICONS {
        result.edit_elements("content", |one| Some(block(one, revision)));
    }
    let Some(structured) = result.get("structuredContent") else { return };
    if revision >= since::STRUCTURED_CONTENT && structured.starts_with(b"{") {
        return;
    }
    let structured = String::from_utf8_lossy(structured).into_owned();
    result.remove("structuredContent");
    let content = result.get("content").unwrap_or(b"[]");
    let mut blocks = elements(content).unwrap_or_default();
    if blocks.iter().all(|block| !is_text(block)) {
        let text = text_block(&structured);
        blocks.push(&text);
        let content = array(blocks);
        result.put("content", content);
    }
}

fn is_text(block: &[u8]) -> bool {
    Object::read(block).is_some_and(|block| block.text("type").as_deref() == Some("text"))
}

/// Translates a result of `prompts/get`.
pub(super) fn of_prompt(result: &mut Object<'_>, revision: Revision) {
    if revision >= since::ICONS {
        return;
    }
    result.edit_elements("messages", |message| {
        let Some(mut message) = Object::read(message) else { return Some(message.to_vec()) };
        message.edit("content", |content| Some(block(content, revision)));
        Some(message.write())
    });
}

#[cfg(test)]
mod tests;
