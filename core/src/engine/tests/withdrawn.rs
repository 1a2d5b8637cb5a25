//! Requests to a legacy child that were cancelled, and its later messages about them.

use super::legacy_workers::{CALL, rig_of, rig_per};
use super::modern::*;
use super::rig::*;
use crate::config::{BridgeOptions, ChildPer};
use crate::engine::*;
use crate::limits::Limits;
use crate::observe::Dropped;

const ELICITATION: &str = r#"{"jsonrpc":"2.0","id":7,"method":"elicitation/create","params":{"message":"a","requestedSchema":{"type":"object","properties":{}}}}"#;

fn rig() -> Rig {
    rig_per(ChildPer::Session)
}

impl Rig {
    /// Answers a cancelled request with an error.
    fn gives_up(&mut self, child: ChildId, number: &str) {
        let error = r#"{"code":0,"message":"cancelled"}"#;
        self.child_says(child, &format!(r#"{{"jsonrpc":"2.0","id":{number},"error":{error}}}"#));
        self.fed(child);
    }
}

#[test]
fn a_client_that_leaves_cancels_and_a_process_that_may_still_ask_is_not_reused() {
    let mut rig = rig();
    let exchange = rig.ask(&Modern::new().able(), "1", "tools/call", CALL);
    let child = rig.welcomes();
    let number = rig.number(child);
    rig.disconnect(exchange);
    let told = rig.told(child);
    assert_eq!(told[0]["params"]["requestId"].to_string(), number);
    // It still asks, and the next client must not see that.
    let next = rig.ask(&Modern::new().able(), "2", "tools/call", CALL);
    let other = rig.welcomes();
    assert_ne!(other, child);
    rig.child_says(child, &sampling("7"));
    assert!(rig.told(child)[0].get("error").is_some());
    assert_eq!(rig.stage(next), Stage::Waiting);
    rig.pass(secs(2));
    assert!(rig.children[&child].stdin_closed, "it said nothing about the request");
}

#[test]
fn a_process_that_answers_what_was_taken_back_is_used_again() {
    let mut rig = rig();
    let exchange = rig.ask(&Modern::new(), "1", "tools/call", CALL);
    let child = rig.welcomes();
    let number = rig.number(child);
    rig.disconnect(exchange);
    rig.gives_up(child, &number);
    rig.ask(&Modern::new(), "2", "tools/call", CALL);
    assert_eq!(rig.told(child)[0]["method"], "tools/call");
    rig.pass(secs(5));
    assert!(!rig.children[&child].stdin_closed);
}

#[test]
fn requests_for_a_client_that_left_and_could_not_be_asked_reach_no_client() {
    for silence in [0, 3] {
        let mut rig = rig();
        let left = rig.ask(&Modern::new(), "1", "tools/call", CALL);
        let child = rig.welcomes();
        rig.fed(child);
        rig.disconnect(left);
        rig.fed(child);
        rig.pass(secs(silence));
        assert!(!rig.children[&child].stdin_closed, "others may use it");
        let mute = rig.ask(&Modern::new(), "2", "tools/call", CALL);
        assert_eq!(rig.told(child)[0]["method"], "tools/call");
        let able = rig.ask(&Modern::new().able(), "3", "tools/call", CALL);
        assert_ne!(rig.welcomes(), child);
        rig.child_says(child, ELICITATION);
        assert_eq!(rig.told(child)[0]["error"]["code"], -32601);
        rig.pass(millis(100));
        assert_eq!((rig.stage(mute), rig.stage(able)), (Stage::Waiting, Stage::Waiting));
        assert_eq!(rig.dropped(Dropped::Overflow), 0);
    }
}

#[test]
fn log_messages_for_a_client_that_left_reach_no_client() {
    let mut rig = rig();
    let wants = Modern { meta: r#","io.modelcontextprotocol/logLevel":"debug""#, ..Modern::new() };
    let left = rig.ask(&wants, "1", "tools/list", "");
    let child = rig.welcomes_with(r#"{"logging":{}}"#);
    let stays = rig.ask(&wants, "2", "tools/list", "");
    rig.disconnect(left);
    let log =
        r#"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":1}}"#;
    rig.child_says(child, log);
    assert_eq!(rig.stage(stays), Stage::Waiting);
    rig.pass(secs(2));
    rig.child_says(child, log);
    assert_eq!(rig.messages(stays).len(), 1);
}

#[test]
fn a_process_that_gave_up_what_was_taken_back_may_still_speak_of_it_for_a_while() {
    for is_readable in [true, false] {
        let mut rig = rig();
        let left = rig.ask(&Modern::new().able(), "1", "tools/call", CALL);
        let child = rig.welcomes_with(r#"{"logging":{}}"#);
        let number = rig.number(child);
        rig.disconnect(left);
        match is_readable {
            true => rig.gives_up(child, &number),
            false => rig.child_writes(child, format!(r#"{{"id":{number},"error":0}}"#)),
        }
        rig.fed(child);
        let wants =
            Modern { meta: r#","io.modelcontextprotocol/logLevel":"debug""#, ..Modern::new() };
        let lists = rig.ask(&wants, "2", "tools/list", "");
        assert_eq!(rig.told(child)[0]["method"], "tools/list");
        let log = r#"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":1}}"#;
        rig.child_says(child, log);
        assert_eq!(rig.stage(lists), Stage::Waiting);
        // Nor does its question reach the next client that supports it.
        rig.ask(&Modern::new().able(), "3", "tools/call", CALL);
        assert_ne!(rig.welcomes(), child);
        rig.child_says(child, ELICITATION);
        assert!(rig.told(child)[0].get("error").is_some());
        rig.pass(secs(2));
        rig.child_says(child, log);
        assert_eq!(rig.messages(lists).len(), 1);
    }
}

#[test]
fn who_waits_for_a_process_is_given_it_once_that_may_be_trusted_again() {
    let limits = Limits { sessions_max: 1, ..Limits::default() };
    let mut rig = rig_of(BridgeOptions::default(), limits);
    let left = rig.ask(&Modern::new().able(), "1", "tools/call", CALL);
    let child = rig.welcomes();
    let number = rig.number(child);
    // It is in use, so it is not evicted.
    rig.ask(&Modern::new(), "2", "tools/list", "");
    rig.disconnect(left);
    rig.gives_up(child, &number);
    rig.ask(&Modern::new().able(), "3", "tools/call", CALL);
    rig.pass(millis(1999));
    assert_eq!(rig.fed(child), [""; 0]);
    rig.pass(millis(1));
    assert_eq!(rig.told(child)[0]["method"], "tools/call");
    assert_eq!(rig.children.len(), 1);
}

#[test]
fn a_process_that_is_done_with_one_who_could_not_be_asked_logs_for_the_next_at_once() {
    let mut rig = rig();
    let mute = rig.ask(&Modern::new(), "1", "tools/call", CALL);
    let child = rig.welcomes_with(r#"{"logging":{}}"#);
    let number = rig.number(child);
    rig.child_says(child, ELICITATION);
    assert_eq!(rig.error(mute).1, -32021);
    rig.fed(child);
    let wants = Modern { meta: r#","io.modelcontextprotocol/logLevel":"debug""#, ..Modern::new() };
    let next = rig.ask(&wants, "2", "tools/list", "");
    let log =
        r#"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":1}}"#;
    rig.child_says(child, log);
    assert_eq!(rig.stage(next), Stage::Waiting, "it may be about the first");
    rig.child_answers(child, &number, "{}");
    rig.child_says(child, log);
    assert_eq!(rig.messages(next).len(), 1);
}
