//! Elicitation forms in the format of the first revision that has them.
//!
//! Source: `PrimitiveSchemaDefinition` of the schemas 2025-06-18 and 2025-11-25.

use crate::json::object::{Object, array, elements};

/// Converts each field of an elicitation's form to 2025-06-18, where titles of options are listed
/// beside the values. Returns `None` if a field allows several options, which that revision does
/// not have.
pub(super) fn simplify(params: &mut Object<'_>) -> Option<()> {
    let mut is_possible = true;
    params.edit_object("requestedSchema", |schema| {
        schema.edit("properties", |properties| {
            let mut properties = Object::read_or_empty(Some(properties));
            for field in properties.values_mut() {
                match simple(field) {
                    Some(simple) => *field = simple.into(),
                    None => is_possible = false,
                }
            }
            Some(properties.write())
        });
    });
    is_possible.then_some(())
}

fn simple(field: &[u8]) -> Option<Vec<u8>> {
    let Some(mut members) = Object::read(field) else { return Some(field.to_vec()) };
    if members.text("type").as_deref() == Some("array") {
        return None;
    }
    let Some(options) = members.get("oneOf").and_then(elements) else {
        return Some(field.to_vec());
    };
    let of_options = |key| {
        let option = |option: &&[u8]| Some(Object::read(option)?.get(key)?.to_vec());
        Some(array(options.iter().map(option).collect::<Option<Vec<_>>>()?))
    };
    let (values, titles) = (of_options("const")?, of_options("title")?);
    members.remove("oneOf");
    members.put("enum", values);
    members.put("enumNames", titles);
    Some(members.write())
}

#[cfg(test)]
mod tests;
