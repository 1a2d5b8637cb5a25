//! Legacy clients without sessions.

use serde_json::json;

use super::legacy_workers::CALL;
use super::modern::*;
use super::rig::*;
use crate::config::{BridgeOptions, ChildEra};
use crate::limits::Limits;

fn rig(child_era: ChildEra) -> Rig {
    bridge(
        BridgeOptions { child_era, stateless: true, ..BridgeOptions::default() },
        Limits::default(),
    )
}

fn call(id: u32) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{{CALL}}}}}"#)
}

#[test]
fn initialize_has_what_the_child_says_and_waits_for_it() {
    let mut rig = rig(ChildEra::Legacy);
    let exchange = rig.post(&Client::new(), &initialize("1", "2025-06-18"));
    let child = rig.last_child();
    assert_eq!(rig.stage(exchange), Stage::Waiting);
    let number = rig.number(child);
    rig.child_answers(
        child,
        &number,
        r#"{"protocolVersion":"2025-11-25","capabilities":{"tools":{"listChanged":true}},"serverInfo":{"name":"s","version":"1"},"x":1.50}"#,
    );
    rig.gets_ready(child);
    let body = r#"{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"s","version":"1"},"x":1.50}}"#;
    assert_eq!(rig.reply(exchange), (200, body));
    let again = rig.post(&Client::new(), &initialize("2", "2025-11-25"));
    assert_eq!(rig.json(again).1["result"]["protocolVersion"], "2025-11-25");
    assert_eq!(rig.children.len(), 1);
}

#[test]
fn a_child_that_refuses_initialize_fails_the_requests() {
    let mut rig = rig(ChildEra::Legacy);
    let exchange = rig.post(&Client::new(), &call(1));
    let child = rig.last_child();
    let number = rig.number(child);
    rig.child_says(
        child,
        &format!(
            r#"{{"jsonrpc":"2.0","id":{number},"error":{{"code":-1,"message":"no licence"}}}}"#
        ),
    );
    let (status, answer) = rig.json(exchange);
    assert_eq!(status, 502, "{answer}");
    assert!(answer["error"]["message"].as_str().unwrap().contains("no licence"), "{answer}");
}

#[test]
fn a_round_without_a_question_needs_a_session() {
    let mut rig = rig(ChildEra::Modern);
    let exchange = rig.post(&Client::new(), &call(1));
    let child = rig.last_child();
    let told = rig.told(child);
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/logLevel": "info",
    });
    assert_eq!(told[0]["params"], json!({"name": "x", "_meta": meta}));
    let number = told[0]["id"].to_string();
    rig.child_answers(child, &number, r#"{"resultType":"input_required","requestState":"s"}"#);
    let (status, answer) = rig.json(exchange);
    assert_eq!((status, &answer["error"]["code"]), (200, &json!(-32603)), "{answer}");
    assert!(answer["error"]["message"].as_str().unwrap().contains("--stateless"), "{answer}");
}

#[test]
fn a_question_during_two_calls_is_refused_and_fails_neither() {
    let mut rig = rig(ChildEra::Legacy);
    let exchanges = [1, 2].map(|id| rig.post(&Client::new(), &call(id)));
    let child = rig.welcomes();
    let numbers = rig.numbers(child);
    assert_eq!(numbers.len(), 2);
    rig.child_says(child, r#"{"jsonrpc":"2.0","id":"q","method":"roots/list"}"#);
    let told = rig.told(child);
    assert_eq!((told.len(), &told[0]["error"]["code"]), (1, &json!(-32601)), "{told:?}");
    for (number, exchange) in numbers.iter().zip(exchanges) {
        assert_eq!(rig.stage(exchange), Stage::Waiting);
        rig.child_answers(child, number, r#"{"content":[]}"#);
        assert_eq!(rig.json(exchange).1["result"], json!({"content": []}));
    }
}
