//! `request://current`: the request that reads it, and nothing about the process.

use pontoon_core::protocol::Revision;
use pontoon_core::secrets;
use pontoon_core::server::{Client, HttpScene, Scene};
use serde_json::{Map, Value, json};

use crate::calendar::rfc3339;

/// Describes the request as JSON. Secrets are masked.
pub(super) fn describe(uri: &str, scene: &Scene<'_>) -> Value {
    let mut request = json!({
        "requestId": scene.request_id().to_string(),
        "timestamp": rfc3339(scene.wall),
        "method": "resources/read",
        "uri": uri,
        "protocolVersion": scene.named_revision().map_or("n/a", Revision::as_str),
        "client": client(scene.client),
        "transport": if scene.http.is_some() { "http" } else { "stdio" },
    });
    if let Some(http) = scene.http {
        request["http"] = json!({
            "method": http.method,
            "target": secrets::address(&http.target),
            "headers": headers(http),
        });
    }
    request
}

fn client(client: &Client) -> Value {
    json!({ "name": client.name, "version": client.version })
}

/// Joins lines of the same name, in their order (RFC 9110, section 5.3).
fn headers(http: &HttpScene) -> Map<String, Value> {
    let mut headers = Map::new();
    for (name, value) in &http.headers {
        let value = secrets::header(name, value);
        match headers.get_mut(&**name) {
            Some(Value::String(before)) => *before = format!("{before}, {value}"),
            _ => {
                headers.insert(name.to_string(), value.into());
            }
        }
    }
    headers
}

#[cfg(test)]
mod tests;
