//! JSON Schemas of structured content.

use serde_json::{Map, Value, json};

/// Returns the schema of an object that has all of these members, in this order.
pub(super) fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    let names: Vec<_> = members.iter().map(|(name, _)| *name).collect();
    let required = json!(names);
    let properties: Map<_, _> =
        members.into_iter().map(|(name, shape)| (name.to_owned(), shape)).collect();
    json!({ "type": "object", "properties": properties, "required": required })
}

/// Returns the schema of a value of this type.
pub(super) fn a(kind: &str) -> Value {
    json!({ "type": kind })
}

/// Returns the schema of a value of this type, or null if it is unknown.
pub(super) fn maybe(kind: &str) -> Value {
    json!({ "type": [kind, "null"] })
}

/// Returns the schema of a list.
pub(super) fn list(items: Value) -> Value {
    json!({ "type": "array", "items": items })
}

/// Returns the schema of one of these words.
pub(super) fn word(words: &[&str]) -> Value {
    json!({ "type": "string", "enum": words })
}
