//! Lists of a server's features in the format of a revision.
//!
//! Owns: the members that are removed from items, and the changes to a schema.
//!
//! Source: the changelogs of the revisions; `Tool`, `Prompt`, `Resource` of their schemas.

use crate::json::object::Object;
use crate::protocol::{Revision, since};

/// Translates a result of `tools/list`. An output schema that allows more than objects is removed:
/// such output is sent as a text.
pub(super) fn tools(result: &mut Object<'_>, revision: Revision) {
    items(result, "tools", |tool| {
        strip(tool, revision);
        if revision < since::ANNOTATIONS {
            tool.remove("annotations");
        }
        let of_object = tool
            .object("outputSchema")
            .is_some_and(|schema| schema.text("type").as_deref() == Some("object"));
        if revision < since::STRUCTURED_CONTENT || !of_object {
            tool.remove("outputSchema");
        }
        for schema in ["inputSchema", "outputSchema"] {
            tool.edit(schema, |schema| Some(with_plain_properties(schema)));
        }
    });
}

/// Translates a result of `prompts/list`.
pub(super) fn prompts(result: &mut Object<'_>, revision: Revision) {
    items(result, "prompts", |prompt| {
        strip(prompt, revision);
        items(prompt, "arguments", |argument| strip(argument, revision));
    });
}

/// Translates a result that lists resources or resource templates.
pub(super) fn plain(result: &mut Object<'_>, member: &str, revision: Revision) {
    items(result, member, |item| strip(item, revision));
}

/// Changes every object in a list, after removing its null members.
fn items(result: &mut Object<'_>, member: &str, mut change: impl FnMut(&mut Object<'_>)) {
    result.edit_elements(member, |item| {
        let Some(mut object) = Object::read(item) else { return Some(item.to_vec()) };
        object.remove_nulls();
        change(&mut object);
        Some(object.write())
    });
}

fn strip(item: &mut Object<'_>, revision: Revision) {
    if revision < since::ICONS {
        item.remove("icons");
    }
    if revision < since::TITLES {
        item.remove("title");
    }
}

/// Returns a schema whose properties are objects, as every legacy revision requires. `true` and
/// `false` are schemas too, which allow everything and nothing (JSON Schema 2020-12, section
/// 4.3.2).
fn with_plain_properties(schema: &[u8]) -> Vec<u8> {
    let Some(mut schema) = Object::read(schema) else { return schema.to_vec() };
    schema.edit("properties", |properties| {
        let Some(mut properties) = Object::read(properties) else {
            return Some(properties.to_vec());
        };
        for schema in properties.values_mut() {
            match &**schema {
                b"true" => *schema = b"{}"[..].into(),
                b"false" => *schema = br#"{"not":{}}"#[..].into(),
                _ => {}
            }
        }
        Some(properties.write())
    });
    schema.write()
}

#[cfg(test)]
mod tests;
