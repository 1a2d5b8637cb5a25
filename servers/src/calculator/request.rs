//! `request://current`: the request that reads it, and nothing about the process.

use pontoon_core::Revision;
use pontoon_core::server::{Client, HttpRequestHead, RequestContext, secrets};
use serde_json::{Map, Value, json};

use crate::calendar::rfc3339;

/// Describes the request as JSON. Secrets are masked.
pub(super) fn describe(uri: &str, context: &RequestContext<'_>) -> Value {
    let mut request = json!({
        "requestId": context.request_id().to_string(),
        "timestamp": rfc3339(context.unix_time),
        "method": "resources/read",
        "uri": uri,
        "protocolVersion": context.named_revision().map_or("n/a", Revision::as_str),
        "client": client(context.client),
        "transport": if context.http.is_some() { "http" } else { "stdio" },
    });
    if let Some(http) = context.http {
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
fn headers(http: &HttpRequestHead) -> Map<String, Value> {
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
