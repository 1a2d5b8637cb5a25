//! The JSON Schema of a file.

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use crate::settings::{EntrySettings, Settings};

/// Returns the JSON Schema of `mcpServers` files with the settings of pontoon.
pub fn schema() -> Value {
    let mut generator: SchemaGenerator = SchemaSettings::draft2020_12().into_generator();
    let settings = generator.subschema_for::<Settings>();
    let of_entry = generator.subschema_for::<EntrySettings>();
    let mut definitions = generator.take_definitions(true);
    definitions.insert("Entry".to_owned(), entry(&of_entry.into()));
    let servers = json!({
        "description": "The servers by name",
        "type": "object",
        // A comment, unless it is an object.
        "patternProperties": { r"^([_$#]|//)": { "if": { "type": "object" }, "then": { "$ref": "#/$defs/Entry" } } },
        "additionalProperties": { "$ref": "#/$defs/Entry" },
    });
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Servers for pontoon",
        "type": "object",
        "properties": { "mcpServers": servers, "servers": servers, "pontoon": settings },
        "anyOf": [
            { "required": ["mcpServers"] },
            { "required": ["servers"] },
            { "maxProperties": 0 },
        ],
        "$defs": definitions,
    })
}

/// Returns the schema of an entry.
fn entry(settings: &Value) -> Value {
    let text = json!({ "type": ["string", "null"] });
    let switch = json!({ "type": "boolean" });
    let scalars = json!({ "type": ["string", "number", "boolean"] });
    json!({
        "description": "A server: a command, or the address of a remote server, which is skipped",
        "type": "object",
        "properties": {
            "type": { "description": "stdio or local for a command; http, sse, … for an address", "type": "string" },
            "command": {
                "description": "The program, or a list of the program and its first arguments",
                "anyOf": [
                    { "type": "string", "minLength": 1 },
                    { "type": "array", "minItems": 1, "items": { "type": "string" } },
                ],
            },
            "args": { "description": "The arguments", "type": ["array", "null"], "items": scalars },
            "env": {
                "description": "Variables of the child; null takes one away",
                "type": ["object", "null"],
                "propertyNames": { "pattern": "^[^=]+$" },
                "additionalProperties": { "type": ["string", "number", "boolean", "null"] },
            },
            "envFile": text,
            "cwd": text,
            "url": text,
            "disabled": switch,
            "enabled": switch,
            "pontoon": settings,
        },
    })
}
