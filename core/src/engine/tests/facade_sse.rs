//! Clients of HTTP+SSE in front of a modern child.

use serde_json::json;

use super::facade::{DISCOVERY, DONE, introduce, rig};
use super::modern::*;
use super::rig::*;
use crate::config::{BridgeOptions, ChildEra};
use crate::limits::Limits;

#[test]
fn a_client_of_the_first_transport_is_interpreted_too() {
    for era in [ChildEra::Modern, ChildEra::Probe] {
        let mut rig = bridge_of(era);
        let (stream, client) = rig.open_stream(&Client::new());
        let posted = rig.send(&client, &introduce("2024-11-05"));
        let child = rig.last_child();
        for asked in rig.told(child) {
            rig.child_answers(child, &asked["id"].to_string(), DISCOVERY);
        }
        assert_eq!(rig.reply(posted).0, 202);
        let welcome = parse(&rig.messages(stream)[0]);
        assert_eq!(welcome["result"]["protocolVersion"], "2024-11-05");
        let posted = rig.send(&client, &request("7"));
        assert_eq!(rig.reply(posted).0, 202);
        let number = rig.number(child);
        rig.child_answers(child, &number, DONE);
        let answer = json!({"jsonrpc": "2.0", "id": 7, "result": {"content": []}});
        assert_eq!(parse(&rig.messages(stream)[1]), answer);
        assert_eq!(rig.children.len(), 1);
    }
}

#[test]
fn what_is_answered_before_initialize_opens_and_ends_nothing() {
    let mut rig = rig();
    let (stream, client) = rig.open_stream(&Client::new());
    rig.send(&client, &introduce("2024-11-05"));
    rig.send(&client, r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#);
    assert_eq!(parse(&rig.messages(stream)[0]), json!({"jsonrpc": "2.0", "id": 1, "result": {}}));
    rig.send(&client, &request("2"));
    let child = rig.last_child();
    let told = rig.told(child);
    assert_eq!(told[1]["method"], "tools/call");
    rig.child_answers(child, &told[1]["id"].to_string(), DONE);
    assert_eq!(parse(&rig.messages(stream)[1])["id"], 2);
    rig.child_answers(child, &told[0]["id"].to_string(), DISCOVERY);
    let welcome = parse(&rig.messages(stream)[2]);
    assert_eq!(welcome["result"]["protocolVersion"], "2024-11-05");
}

#[test]
fn what_fails_before_initialize_is_answered_ends_nothing() {
    let mut rig = rig();
    let (stream, client) = rig.open_stream(&Client::new());
    rig.send(&client, &introduce("2024-11-05"));
    rig.send(&client, &request("2"));
    let child = rig.last_child();
    let told = rig.told(child);
    rig.child_answers(child, &told[1]["id"].to_string(), r#"{"resultType":7}"#);
    assert_eq!(parse(&rig.messages(stream)[0])["error"]["code"], -32603);
    rig.child_answers(child, &told[0]["id"].to_string(), DISCOVERY);
    let welcome = parse(&rig.messages(stream)[1]);
    assert_eq!(welcome["result"]["protocolVersion"], "2024-11-05");
}

#[test]
fn a_client_of_the_first_transport_that_leaves_while_the_era_is_found_opens_nothing() {
    let mut rig = bridge_of(ChildEra::Probe);
    let (stream, client) = rig.open_stream(&Client::new());
    let posted = rig.send(&client, &introduce("2024-11-05"));
    rig.disconnect(stream);
    let child = rig.last_child();
    let asked = rig.told(child).remove(0);
    rig.child_answers(child, &asked["id"].to_string(), DISCOVERY);
    assert_eq!(rig.reply(posted).0, 404);
    assert!(rig.engine.sessions.is_empty());
}

#[test]
fn an_answer_too_many_for_a_stream_that_is_not_read_is_replaced_by_an_error() {
    let limits = Limits {
        outbound_bytes_high: 1000,
        outbound_bytes_low: 100,
        outbound_bytes_max: 3000,
        ..Limits::default()
    };
    let options = BridgeOptions { child_era: ChildEra::Modern, ..BridgeOptions::default() };
    let mut rig = bridge(options, limits);
    let (stream, client) = rig.open_stream(&Client::new());
    rig.send(&client, &introduce("2024-11-05"));
    let child = rig.last_child();
    let asked = rig.number(child);
    rig.child_answers(child, &asked, DISCOVERY);
    rig.prompt = false;
    for id in 1..=3 {
        rig.send(&client, &request(&id.to_string()));
    }
    let numbers = rig.numbers(child);
    let big = format!(r#"{{"content":[{{"type":"text","text":"{}"}}]}}"#, "x".repeat(1000));
    rig.child_answers(child, &numbers[0], &big);
    let refused = rig.send(&client, &request("4"));
    assert_eq!(rig.reply(refused).0, 503);
    rig.child_answers(child, &numbers[1], &big);
    assert_eq!(rig.stage(stream), Stage::Begun);
    rig.child_answers(child, &numbers[2], &big);
    assert_eq!(rig.stage(stream), Stage::Begun, "the session goes on");
    let messages = rig.messages(stream);
    let last = messages.last().unwrap();
    assert!(last.contains(r#""id":3"#) && last.contains("--max-memory"), "{last}");
    assert!(!rig.has_ended(&client) && rig.children[&child].reading);
}
