//! Argument schemas of tools: one definition is published as JSON Schema and used for validation.

use serde_json::{Map, Value, json};

/// The arguments of a tool.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schema {
    fields: Vec<Field>,
    /// Whether unlisted arguments are refused.
    closed: bool,
    /// A schema published verbatim; arguments are only checked to be an object.
    verbatim: Option<Value>,
}

impl Schema {
    /// Creates a schema that ignores unlisted arguments.
    pub fn open() -> Self {
        Schema::default()
    }

    /// Creates a schema that refuses unlisted arguments.
    pub fn closed() -> Self {
        Schema { closed: true, ..Schema::default() }
    }

    /// Creates a schema that is published verbatim. Arguments are only checked to be an object; the
    /// tool validates the rest.
    pub fn verbatim(schema: Value) -> Self {
        Schema { verbatim: Some(schema), ..Schema::default() }
    }

    /// Adds a field.
    pub fn field(mut self, field: Field) -> Self {
        self.fields.push(field);
        self
    }

    /// Returns the fields, in the order in which they are published.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// Returns whether unlisted arguments are refused.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Returns the JSON Schema.
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
    /// A description of its purpose.
    pub description: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Whether it is required.
    pub required: bool,
    /// The published default; validation does not use it.
    pub default: Option<Value>,
}

/// The type of an argument.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// `true` or `false`.
    Boolean,
    /// One of these strings.
    Choice(&'static [&'static str]),
    /// An integer from the first to the second, inclusive.
    Integer(i64, i64),
    /// Any number; its digits are kept unchanged.
    Number,
    /// A string.
    String,
}

impl Field {
    /// Creates an optional argument.
    pub fn new(name: &'static str, kind: Kind, description: &'static str) -> Self {
        Field { name, description, kind, required: false, default: None }
    }

    /// Makes it required.
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Sets the published default.
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
