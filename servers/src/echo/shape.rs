//! The shapes of structured answers, as JSON Schema.

use serde_json::{Map, Value, json};

/// An object that has all of these members, in this order.
pub(super) fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    let names: Vec<_> = members.iter().map(|(name, _)| *name).collect();
    let required = json!(names);
    let properties: Map<_, _> =
        members.into_iter().map(|(name, shape)| (name.to_owned(), shape)).collect();
    json!({ "type": "object", "properties": properties, "required": required })
}

/// A value of this type.
pub(super) fn a(kind: &str) -> Value {
    json!({ "type": kind })
}

/// A value of this type, or null where it is not known.
pub(super) fn maybe(kind: &str) -> Value {
    json!({ "type": [kind, "null"] })
}

/// A list.
pub(super) fn list(items: Value) -> Value {
    json!({ "type": "array", "items": items })
}

/// One of these words.
pub(super) fn word(words: &[&str]) -> Value {
    json!({ "type": "string", "enum": words })
}
