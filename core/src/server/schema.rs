//! What arguments a tool takes: published as JSON Schema, and checked by the same definition.

use serde_json::{Map, Value, json};

/// The arguments of a tool.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schema {
    fields: Vec<Field>,
    /// Whether arguments that are not listed are refused.
    closed: bool,
    /// A schema that is published as it is; of arguments only checked to be an object.
    verbatim: Option<Value>,
}

impl Schema {
    /// Takes nothing in particular; what is given besides the fields is passed over.
    pub fn open() -> Self {
        Schema::default()
    }

    /// Refuses what is not a field.
    pub fn closed() -> Self {
        Schema { closed: true, ..Schema::default() }
    }

    /// A schema that is published as it is. Arguments are only checked to be an object; the tool
    /// has to do the rest.
    pub fn verbatim(schema: Value) -> Self {
        Schema { verbatim: Some(schema), ..Schema::default() }
    }

    /// Adds a field.
    pub fn field(mut self, field: Field) -> Self {
        self.fields.push(field);
        self
    }

    /// The fields, in the order in which they are published.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// Whether what is not a field is refused.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// As JSON Schema.
    pub fn to_json(&self) -> Value {
        if let Some(verbatim) = &self.verbatim {
            return verbatim.clone();
        }
        let properties: Map<_, _> =
            self.fields.iter().map(|field| (field.name.to_owned(), field.to_json())).collect();
        let mut schema = json!({ "type": "object", "properties": properties });
        let required: Vec<_> =
            self.fields.iter().filter(|field| field.required).map(|field| field.name).collect();
        if !required.is_empty() {
            schema["required"] = required.into();
        }
        if self.closed {
            schema["additionalProperties"] = false.into();
        }
        schema
    }
}

/// One argument.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What it is for.
    pub description: &'static str,
    /// What it may be.
    pub kind: Kind,
    /// Whether it has to be given.
    pub required: bool,
    /// What is taken if it is not given; published only.
    pub default: Option<Value>,
}

/// What an argument may be.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// `true` or `false`.
    Boolean,
    /// One of these strings.
    Choice(&'static [&'static str]),
    /// A whole number from the first to the second.
    Integer(i64, i64),
    /// Any number; its digits are kept as they came.
    Number,
    /// A string.
    String,
}

impl Field {
    /// An argument that may be left out.
    pub fn new(name: &'static str, kind: Kind, description: &'static str) -> Self {
        Field { name, description, kind, required: false, default: None }
    }

    /// It has to be given.
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// What is taken if it is not given.
    pub fn default(mut self, value: impl Into<Value>) -> Self {
        self.default = Some(value.into());
        self
    }

    fn to_json(&self) -> Value {
        let mut schema = match &self.kind {
            Kind::Boolean => json!({ "type": "boolean" }),
            Kind::Choice(values) => json!({ "type": "string", "enum": values }),
            Kind::Integer(min, max) => json!({ "type": "integer", "minimum": min, "maximum": max }),
            Kind::Number => json!({ "type": "number" }),
            Kind::String => json!({ "type": "string" }),
        };
        schema["description"] = self.description.into();
        if let Some(default) = &self.default {
            schema["default"] = default.clone();
        }
        schema
    }
}
