//! The log of a simulated program, in the form of `--log-format json`.

use pontoon_core::{Event, FieldValue};
use serde_json::{Map, json};

/// Returns the line of an event, with the name of its server if there are several.
pub(super) fn line_of(event: &Event, server: Option<&str>) -> String {
    let mut line = Map::new();
    if let Some(server) = server {
        line.insert("server".into(), json!(server));
    }
    line.insert("level".into(), json!(event.level().name()));
    line.insert("event".into(), json!(event.name()));
    line.insert("message".into(), json!(event.message()));
    event.fields(|name, value| {
        let value = match value {
            FieldValue::Bytes(bytes) => json!(String::from_utf8_lossy(bytes)),
            FieldValue::Count(count) => json!(count),
            FieldValue::Flag(flag) => json!(flag),
            FieldValue::Text(text) => json!(text),
            FieldValue::Named(inner, text) => json!({ inner: text }),
            FieldValue::Time(time) => json!(time.as_secs_f64()),
        };
        line.insert(name.into(), value);
    });
    serde_json::Value::from(line).to_string()
}

/// Returns the first line of the program.
pub(super) fn listening(port: u16) -> String {
    json!({"event": "listening", "url": format!("http://127.0.0.1:{port}/mcp")}).to_string()
}
