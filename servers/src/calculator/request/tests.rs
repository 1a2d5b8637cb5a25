use std::sync::Arc;

use pontoon_core::server::request_id;
use serde_json::{Value, json};

use super::*;
use crate::calculator::tests::Visitor;

fn context(headers: &[(&str, &str)]) -> Option<Arc<HttpRequestHead>> {
    Some(Arc::new(HttpRequestHead {
        method: "POST".into(),
        target: "/mcp?access_token=abc&x=1".into(),
        headers: headers
            .iter()
            .map(|(name, value)| ((*name).into(), value.as_bytes().into()))
            .collect(),
        peer: None,
        cors: false,
    }))
}

fn current(visitor: &mut Visitor) -> Value {
    serde_json::from_str(&visitor.read("request://current").unwrap()).unwrap()
}

#[test]
fn the_request_is_told_as_it_came_without_its_secrets() {
    let mut visitor = Visitor::new();
    visitor.client.name = Some("curl".to_owned());
    visitor.http = context(&[
        ("host", "localhost:1071"),
        ("accept", "application/json"),
        ("authorization", "Bearer eyJhbGciOiJIUzI1NiJ9.e30.c2ln"),
        ("accept", "text/event-stream"),
        ("cookie", "sid=1"),
    ]);
    assert_eq!(
        current(&mut visitor),
        json!({
            "requestId": "00000000-0000-4001-bf4a-7c159e3779b9",
            "timestamp": "2023-10-27T18:30:00.000Z",
            "method": "resources/read",
            "uri": "request://current",
            "protocolVersion": "n/a",
            "client": { "name": "curl", "version": null },
            "transport": "http",
            "http": {
                "method": "POST",
                "target": "/mcp?access_token=***&x=1",
                "headers": {
                    "host": "localhost:1071",
                    "accept": "application/json, text/event-stream",
                    "authorization": "Bearer eyJhbGc...",
                    "cookie": "***",
                },
            },
        })
    );
}

#[test]
fn over_stdio_there_is_no_http() {
    let request = current(&mut Visitor::new());
    assert_eq!(request["transport"], "stdio");
    assert_eq!(request.get("http"), None);
}

#[test]
fn every_request_has_an_id_of_its_own() {
    let ids: std::collections::BTreeSet<_> = (0..1000).map(request_id).collect();
    assert_eq!(ids.len(), 1000);
    assert!(ids.iter().all(|id| id.get_version_num() == 4));
}
