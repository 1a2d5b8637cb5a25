//! Content blocks in the format of a revision.
//!
//! Owns: the text that replaces a block that a revision does not have. Never: changes a block that
//! the revision has.
//!
//! Source: the changelogs of the revisions, `ContentBlock` and `SamplingMessageContentBlock` of
//! their schemas.

use crate::json::object::{Object, elements, quoted};
use crate::protocol::{Revision, since};

/// Returns a block, or the text that replaces it.
pub(super) fn block(block: &[u8], revision: Revision) -> Vec<u8> {
    if revision >= since::ICONS {
        return block.to_vec();
    }
    let Some(mut members) = Object::read(block) else { return block.to_vec() };
    let member = |key| members.text(key).unwrap_or_default();
    match &*member("type") {
        "audio" if revision < since::AUDIO => {
            text_block(&format!("[audio: {}]", member("mimeType")))
        }
        "resource_link" if revision < since::LINKS => {
            text_block(&format!("[{}]({})", member("name"), member("uri")))
        }
        "tool_result" => text_block(&format!("[result of {}]", member("toolUseId"))),
        "tool_use" => text_block(&format!("[use of {}]", member("name"))),
        "resource_link" => {
            members.remove("icons");
            members.write()
        }
        _ => block.to_vec(),
    }
}

/// Returns the content of a sampling message, as a single block where the revision allows only one:
/// texts are joined; without texts the first block stays.
pub(super) fn one(content: &[u8], revision: Revision) -> Vec<u8> {
    match elements(content) {
        Some(_) if revision >= since::SAMPLING_TOOLS => content.to_vec(),
        Some(blocks) => block(&joined(&blocks), revision),
        None => block(content, revision),
    }
}

fn joined(blocks: &[&[u8]]) -> Vec<u8> {
    let text = |block: &&[u8]| Object::read(block)?.text("text").map(|text| text.into_owned());
    match blocks {
        [only] => only.to_vec(),
        [first, ..] => match blocks.iter().map(text).collect::<Option<Vec<_>>>() {
            Some(texts) => text_block(&texts.join("\n")),
            None => first.to_vec(),
        },
        [] => text_block(""),
    }
}

/// Returns a text block.
pub(super) fn text_block(text: &str) -> Vec<u8> {
    let mut block = Object::default();
    block.put("type", &br#""text""#[..]);
    block.put("text", quoted(text));
    block.write()
}

#[cfg(test)]
mod tests;
