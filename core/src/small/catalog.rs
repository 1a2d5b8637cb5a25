//! What the server says of itself and of its tools.

use serde_json::{Value, json};

use crate::protocol::Revision;

/// The result of `initialize`.
pub(super) fn introduction(revision: Revision) -> Value {
    json!({
        "protocolVersion": revision.as_str(),
        "capabilities": {"logging": {}, "tools": {"listChanged": true}},
        "serverInfo": {
            "name": "pontoon-echo",
            "title": "Pontoon's echo server",
            "version": env!("CARGO_PKG_VERSION"),
        },
    })
}

/// The result of `tools/list`.
pub(super) fn tools() -> Value {
    json!({"tools": [echo(), add(), slow(), ask(), announce()]})
}

fn echo() -> Value {
    json!({
        "name": "echo",
        "description": "Answers with the message it is given.",
        "inputSchema": {
            "type": "object",
            "properties": {"message": {"type": "string", "description": "What to say."}},
            "required": ["message"],
        },
    })
}

fn add() -> Value {
    json!({
        "name": "add",
        "description": "Adds two numbers; whole numbers exactly.",
        "inputSchema": {
            "type": "object",
            "properties": {"a": {"type": "number"}, "b": {"type": "number"}},
            "required": ["a", "b"],
        },
        "outputSchema": {
            "type": "object",
            "properties": {"sum": {"type": "number"}},
            "required": ["sum"],
        },
    })
}

fn slow() -> Value {
    json!({
        "name": "slow",
        "description": "Takes its time, tells its progress, and can be cancelled.",
        "inputSchema": {
            "type": "object",
            "properties": {
                "steps": {"type": "integer", "minimum": 1, "maximum": 100, "default": 5},
                "interval_ms": {
                    "type": "integer",
                    "minimum": 0,
                    "maximum": 10_000,
                    "default": 200,
                    "description": "Milliseconds for each step.",
                },
            },
        },
    })
}

fn ask() -> Value {
    json!({
        "name": "ask",
        "description": "Asks the client's model (sampling) and its user (elicitation).",
        "inputSchema": {
            "type": "object",
            "properties": {"question": {"type": "string", "default": "What is your name?"}},
        },
    })
}

fn announce() -> Value {
    json!({
        "name": "announce",
        "description": "Says that the list of tools has changed. It has not.",
        "inputSchema": {"type": "object", "properties": {}},
    })
}
