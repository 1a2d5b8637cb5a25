//! Sessions that go on when their child ends.

use serde_json::json;

use super::rig::*;
use crate::engine::*;
use crate::http::{RevisionHeader, SessionHeader};
use crate::limits::Limits;
use crate::protocol::Revision;
use crate::reject::SpawnError;

const GOES_ON: &str = "; the session goes on, and the next request starts a new process";

/// The result of `initialize` with these capabilities.
fn declared(capabilities: &str) -> String {
    format!(
        r#"{{"protocolVersion":"2025-11-25","capabilities":{capabilities},"serverInfo":{{"name":"s","version":"1"}}}}"#
    )
}

fn notice(method: &str) -> String {
    json!({"jsonrpc": "2.0", "method": method}).to_string()
}

fn rig(starts: usize) -> Rig {
    Rig::with(Limits { child_starts_max: starts, ..Limits::default() })
}

/// Opens a session with a child that declares this.
fn open(rig: &mut Rig, capabilities: &str) -> (Client, ChildId) {
    let (exchange, child) = rig.initialize(&Client::new());
    let number = rig.number(child);
    rig.child_answers(child, &number, &declared(capabilities));
    let session = rig.exchanges[&exchange].head.clone().and_then(|head| head.session);
    let client = Client {
        session: SessionHeader::Id(session.expect("a session id")),
        revision: RevisionHeader::Absent,
        ..Client::new()
    };
    rig.post(&client, &notice("notifications/initialized"));
    rig.fed(child);
    (client, child)
}

/// Ends the child, and sends a request; returns its exchange and the new child.
fn call_after_end(rig: &mut Rig, client: &Client, child: ChildId) -> (ExchangeId, ChildId) {
    rig.child_ends(child, ExitStatus::Code(1));
    let call = rig.call(client, "9");
    let next = *rig.children.keys().last().expect("a child");
    assert_ne!(next, child, "a new child is started");
    (call, next)
}

#[test]
fn a_request_after_the_end_of_the_child_is_answered_by_a_new_one() {
    let mut rig = rig(5);
    let (client, child) = open(&mut rig, "{}");
    let stream = rig.get(&client);
    let lost = rig.call(&client, "1");
    rig.child_ends(child, ExitStatus::Code(3));
    let text = format!("The MCP server process exited with status 3{GOES_ON}");
    assert_eq!(rig.error(lost), (200, -32603, text));
    assert!(rig.children[&child].released);
    assert_eq!(rig.children.len(), 1, "nothing is started before it is needed");
    assert_eq!(rig.stage(stream), Stage::Begun, "the streams stay open");

    let call = rig.call(&client, "2");
    let next = *rig.children.keys().last().expect("a child");
    let sent = rig.fed(next);
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert_eq!(parse(&sent[0])["method"], "initialize");
    assert_eq!(parse(&sent[0])["id"], 1);
    rig.child_answers(next, "1", &declared("{ }"));
    let sent = rig.fed(next);
    assert_eq!(parse(&sent[0])["method"], "notifications/initialized");
    assert_eq!(parse(&sent[1])["method"], "tools/call");
    rig.child_answers(next, &parse(&sent[1])["id"].to_string(), r#"{"by":"the new one"}"#);
    assert_eq!(rig.reply(call).1, r#"{"jsonrpc":"2.0","id":2,"result":{"by":"the new one"}}"#);
    assert!(!rig.has_ended(&client));
    rig.delete(&client);
    rig.bury();
    rig.engine.check_empty();
}

#[test]
fn by_default_the_session_ends_with_its_child() {
    let mut rig = rig(0);
    let (client, child) = open(&mut rig, "{}");
    rig.child_ends(child, ExitStatus::Code(1));
    assert!(rig.has_ended(&client));
}

#[test]
fn the_log_level_and_the_subscriptions_are_sent_again() {
    let mut rig = rig(5);
    let (client, child) = open(&mut rig, r#"{"tools":{"listChanged":true},"prompts":{}}"#);
    let stream = rig.get(&client);
    for (id, method, params) in [
        (1, "logging/setLevel", json!({"level": "info"})),
        (2, "logging/setLevel", json!({"level": "debug"})),
        (3, "resources/subscribe", json!({"uri": "file:///a"})),
        (4, "resources/subscribe", json!({"uri": "file:///b"})),
        (5, "resources/unsubscribe", json!({"uri": "file:///a"})),
    ] {
        let request = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        rig.post(&client, &request.to_string());
        let number = rig.number(child);
        rig.child_answers(child, &number, "{}");
    }
    let (call, next) = call_after_end(&mut rig, &client, child);
    rig.fed(next);
    rig.child_answers(next, "1", &declared(r#"{"prompts":{},"tools":{"listChanged":true}}"#));
    let sent: Vec<_> = rig.fed(next).iter().map(|line| parse(line)).collect();
    let methods: Vec<_> = sent.iter().map(|line| line["method"].as_str().unwrap()).collect();
    let expected = ["notifications/initialized", "logging/setLevel", "resources/subscribe"];
    assert_eq!(methods, [&expected[..], &["tools/call"]].concat());
    assert_eq!(sent[1]["params"]["level"], "debug");
    assert_eq!(sent[2]["params"]["uri"], "file:///b");
    for request in &sent[1..] {
        rig.child_answers(next, &request["id"].to_string(), "{}");
    }
    assert_eq!(rig.reply(call).0, 200);
    let told: Vec<_> = rig.messages(stream).iter().map(|line| parse(line)).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(told[0]["method"], "notifications/tools/list_changed");
    assert_eq!(told[1]["method"], "notifications/resources/updated");
    assert_eq!(told[1]["params"]["uri"], "file:///b");
}

#[test]
fn messages_wait_until_the_new_child_is_initialized() {
    let mut rig = rig(5);
    let (client, child) = open(&mut rig, "{}");
    let (first, next) = call_after_end(&mut rig, &client, child);
    let second = rig.call(&client, "10");
    rig.post(&client, &notice("notifications/initialized"));
    rig.post(&client, &cancel("9"));
    rig.pass(secs(2));
    assert_eq!(rig.fed(next).len(), 1, "initialize alone");
    rig.child_answers(next, "1", &declared("{}"));
    let sent: Vec<_> = rig.fed(next).iter().map(|line| parse(line)["method"].to_string()).collect();
    let [initialized, call, cancelled] =
        ["notifications/initialized", "tools/call", "notifications/cancelled"];
    assert_eq!(sent, [initialized, call, call, cancelled].map(|it| format!("\"{it}\"")));
    assert_eq!(rig.reply(first).0, 202);
    assert_eq!(rig.stage(second), Stage::Waiting);
}

#[test]
fn a_child_that_declares_something_else_ends_the_session() {
    for answer in [
        declared(r#"{"tools":{}}"#),
        declared("{}").replace("2025-11-25", "2025-06-18"),
        declared("{}").replace(r#""s""#, r#""another""#),
    ] {
        let mut rig = rig(5);
        let (client, child) = open(&mut rig, "{}");
        let (call, next) = call_after_end(&mut rig, &client, child);
        rig.child_answers(next, "1", &answer);
        assert_eq!(rig.error(call).2, "The session ended before the answer came");
        assert!(rig.has_ended(&client));
        rig.bury();
        rig.engine.check_empty();
    }
}

#[test]
fn a_child_that_refuses_ends_the_session() {
    let mut rig = rig(5);
    let (client, child) = open(&mut rig, "{}");
    let (call, next) = call_after_end(&mut rig, &client, child);
    let refusal = json!({"jsonrpc": "2.0", "id": 1, "error": {"code": -1, "message": "no"}});
    rig.child_says(next, &refusal.to_string());
    assert_eq!(rig.error(call).2, "The session ended before the answer came");
    assert!(rig.has_ended(&client));
}

#[test]
fn a_child_that_ends_in_the_handshake_fails_only_its_requests() {
    let mut rig = rig(5);
    let (client, child) = open(&mut rig, "{}");
    let (call, next) = call_after_end(&mut rig, &client, child);
    rig.child_ends(next, ExitStatus::Code(4));
    let text = format!("The MCP server process exited with status 4{GOES_ON}");
    assert_eq!(rig.error(call).2, text);
    let (again, next) = {
        let again = rig.call(&client, "10");
        (again, *rig.children.keys().last().unwrap())
    };
    rig.child_answers(next, "1", &declared("{}"));
    let number = rig.numbers(next).pop().expect("the call");
    rig.child_answers(next, &number, "{}");
    assert_eq!(rig.reply(again).0, 200);
}

#[test]
fn a_silent_child_is_given_up_and_its_requests_fail() {
    let mut rig = rig(5);
    let (client, child) = open(&mut rig, "{}");
    let (call, next) = call_after_end(&mut rig, &client, child);
    rig.pass(secs(10));
    assert_eq!(rig.error(call).2, format!("{TOO_SLOW_TO_START}{GOES_ON}"));
    assert!(rig.children[&next].stdin_closed, "it is stopped");
    assert!(!rig.has_ended(&client));
    rig.bury();
    rig.delete(&client);
    rig.engine.check_empty();
}

#[test]
fn a_child_that_cannot_be_started_fails_only_the_request() {
    let mut rig = rig(5);
    let (client, child) = open(&mut rig, "{}");
    rig.child_ends(child, ExitStatus::Code(1));
    rig.spawning = Spawning::Fails(SpawnError::NoResources);
    let call = rig.call(&client, "1");
    assert!(rig.error(call).2.ends_with(GOES_ON), "{:?}", rig.error(call));
    rig.spawning = Spawning::Works;
    let call = rig.call(&client, "2");
    assert_eq!(rig.stage(call), Stage::Waiting);
    assert!(!rig.has_ended(&client));
}

#[test]
fn children_that_answer_nothing_are_started_only_so_often() {
    let mut rig = rig(2);
    let (client, mut child) = open(&mut rig, "{}");
    for start in 0..3 {
        let (_, next) = call_after_end(&mut rig, &client, child);
        rig.child_answers(next, "1", &declared("{}"));
        let number = rig.numbers(next).pop().expect("the call");
        if start == 0 {
            rig.child_answers(next, &number, "{}");
        }
        child = next;
    }
    rig.child_ends(child, ExitStatus::Code(1));
    assert!(rig.has_ended(&client), "two in a row have answered nothing");
}

#[test]
fn the_next_start_waits_for_the_pause_after_failed_ones() {
    let mut rig = rig(5);
    let (client, mut child) = open(&mut rig, "{}");
    for _ in 0..2 {
        child = call_after_end(&mut rig, &client, child).1;
    }
    rig.child_ends(child, ExitStatus::Code(1));
    let call = rig.call(&client, "1");
    assert_eq!(rig.error(call).0, 503, "{:?}", rig.error(call));
    assert!(!rig.has_ended(&client));
    rig.pass(secs(1));
    let call = rig.call(&client, "1");
    assert_eq!(rig.stage(call), Stage::Waiting);
}

#[test]
fn questions_of_the_ended_child_are_taken_back() {
    let mut rig = rig(5);
    let (client, child) = open(&mut rig, "{}");
    let stream = rig.get(&client);
    rig.child_says(child, &sampling("77"));
    rig.child_ends(child, ExitStatus::Code(1));
    let told = rig.messages(stream);
    assert_eq!(parse(&told[1])["method"], "notifications/cancelled");
    assert_eq!(parse(&told[1])["params"]["requestId"], 77);
    let answer = rig.post(&client, r#"{"jsonrpc":"2.0","id":77,"result":{}}"#);
    assert_eq!(rig.reply(answer).0, 202);
    assert_eq!(rig.children.len(), 1, "an answer starts no child");
}

#[test]
fn a_child_that_ends_before_its_client_is_ready_ends_the_session() {
    let limits = Limits { child_starts_max: 5, ..Limits::default() };
    let mut config = config(limits);
    config.limits.initialized_time_max = millis(250);
    let mut rig = Rig::of(config);
    let (client, child) = rig.open(Revision::V2025_11_25);
    rig.child_ends(child, ExitStatus::Code(1));
    assert!(rig.has_ended(&client));
}

#[test]
fn a_session_that_drains_starts_no_child() {
    let mut rig = rig(5);
    let (client, child) = open(&mut rig, "{}");
    let _call = rig.call(&client, "1");
    rig.input(Input::ShutdownRequested);
    rig.child_ends(child, ExitStatus::Code(1));
    assert!(rig.has_ended(&client));
}
