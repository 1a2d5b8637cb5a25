//! List changes and subscriptions.

use serde_json::{Value, json};

use super::rig::{Rig, Sent, able, discovery, introduction};
use crate::legacy_facade::RelatesTo;
use crate::protocol::Revision;
use crate::reject::{ExitStatus, Reject};
use crate::time::Duration;

const ACK: &str = "notifications/subscriptions/acknowledged";
const UPDATED: &str = "notifications/resources/updated";
const TOOLS: &str = "notifications/tools/list_changed";

fn marked(number: u64, params: &Value) -> Value {
    let mut params = params.clone();
    params["_meta"] = json!({"io.modelcontextprotocol/subscriptionId": number});
    params
}

/// Acknowledges a listen request for all changes in it.
fn acknowledge(rig: &mut Rig, number: u64, line: &Value) {
    let params = json!({"notifications": line["params"]["notifications"]});
    rig.tells(number, ACK, &marked(number, &params));
}

/// Returns a client with list changes, and the number of its listen request.
fn listening() -> (Rig, u64) {
    let mut rig = Rig::able();
    rig.notify("notifications/initialized", &json!({}));
    let (number, line) = rig.sent_request();
    acknowledge(&mut rig, number, &line);
    (rig, number)
}

fn subscribe(rig: &mut Rig, uri: &str) -> u64 {
    rig.request("resources/subscribe", &json!({"uri": uri}))
}

#[test]
fn a_client_that_is_ready_listens_to_the_lists_that_may_change() {
    let mut rig = Rig::able();
    rig.notify("notifications/initialized", &json!({}));
    let sent = rig.sent();
    let [Sent::Request(_, traits, line)] = &sent[..] else { panic!("{sent:?}") };
    assert!(traits.is_subscription);
    assert_eq!(line["method"], "subscriptions/listen");
    let all =
        json!({"promptsListChanged": true, "resourcesListChanged": true, "toolsListChanged": true});
    assert_eq!(line["params"]["notifications"], all);
    let meta = &line["params"]["_meta"];
    assert_eq!(meta["io.modelcontextprotocol/protocolVersion"], "2026-07-28");
    assert_eq!(meta["io.modelcontextprotocol/clientCapabilities"], able());
}

#[test]
fn lists_that_never_change_are_not_listened_to() {
    let mut fixed = discovery();
    fixed["capabilities"] = json!({"tools": {}});
    let mut rig = Rig::serving(&Revision::ALL, Some(&fixed));
    rig.request("initialize", &introduction(Revision::V2025_11_25, &able()));
    rig.said();
    rig.notify("notifications/initialized", &json!({}));
    assert_eq!(rig.sent(), []);
    let call = subscribe(&mut rig, "a");
    assert_eq!(rig.code(call), -32601);
}

#[test]
fn a_list_change_is_told_without_the_mark_and_about_no_call() {
    let (mut rig, number) = listening();
    rig.tells(number, TOOLS, &marked(number, &json!({})));
    let said = rig.said_about();
    assert_eq!(said, [(json!({"jsonrpc": "2.0", "method": TOOLS}), RelatesTo::None)]);
}

#[test]
fn nothing_is_told_before_the_acknowledgment() {
    let mut rig = Rig::able();
    rig.notify("notifications/initialized", &json!({}));
    let (number, _) = rig.sent_request();
    rig.tells(number, TOOLS, &marked(number, &json!({})));
    assert_eq!(rig.said(), [] as [Value; 0]);
}

#[test]
fn a_subscription_is_answered_after_the_acknowledgment() {
    let (mut rig, old) = listening();
    let call = subscribe(&mut rig, "file:///a");
    assert_eq!(rig.said(), [] as [Value; 0]);
    let (new, line) = rig.sent_request();
    let filter = &line["params"]["notifications"];
    assert_eq!(filter["resourceSubscriptions"], json!(["file:///a"]));
    assert_eq!(filter["toolsListChanged"], true);
    acknowledge(&mut rig, new, &line);
    assert_eq!(rig.result(call), json!({}));
    assert_eq!(rig.sent(), [], "the old one stays open for a while");

    rig.tells(old, TOOLS, &marked(old, &json!({})));
    rig.tells(new, TOOLS, &marked(new, &json!({})));
    assert_eq!(rig.said().len(), 1, "told once");
    rig.tells(new, UPDATED, &marked(new, &json!({"uri": "file:///a"})));
    let told = json!({"jsonrpc": "2.0", "method": UPDATED, "params": {"uri": "file:///a"}});
    assert_eq!(rig.said(), [told]);

    rig.pass(Duration::from_secs(2));
    assert_eq!(rig.sent(), [Sent::Cancel(old)]);
    rig.tells(old, TOOLS, &marked(old, &json!({})));
    assert_eq!(rig.said(), [] as [Value; 0]);
}

#[test]
fn a_resource_that_is_not_honoured_cannot_be_subscribed_to() {
    let (mut rig, _) = listening();
    let call = subscribe(&mut rig, "file:///a");
    let (new, _) = rig.sent_request();
    let params = json!({"notifications": {"toolsListChanged": true}});
    rig.tells(new, ACK, &marked(new, &params));
    assert_eq!(rig.code(call), -32603);
}

#[test]
fn unsubscribing_narrows_the_listen() {
    let (mut rig, _) = listening();
    subscribe(&mut rig, "file:///a");
    let (number, line) = rig.sent_request();
    acknowledge(&mut rig, number, &line);
    rig.pass(Duration::from_secs(2));
    rig.said();
    rig.sent();
    let call = rig.request("resources/unsubscribe", &json!({"uri": "file:///a"}));
    let (number, line) = rig.sent_request();
    assert_eq!(line["params"]["notifications"].get("resourceSubscriptions"), None);
    acknowledge(&mut rig, number, &line);
    assert_eq!(rig.result(call), json!({}));
}

#[test]
fn a_subscription_without_a_uri_is_refused() {
    let (mut rig, _) = listening();
    for params in [json!({}), json!({"uri": 7})] {
        let call = rig.request("resources/subscribe", &params);
        assert_eq!(rig.code(call), -32602);
    }
    assert_eq!(rig.sent(), []);
}

#[test]
fn a_cancelled_subscription_gets_no_answer() {
    let (mut rig, _) = listening();
    let call = subscribe(&mut rig, "file:///a");
    let (number, line) = rig.sent_request();
    rig.cancel(call);
    acknowledge(&mut rig, number, &line);
    assert_eq!(rig.said(), [] as [Value; 0]);
}

#[test]
fn after_a_crash_the_same_is_listened_to_again() {
    let (mut rig, lists) = listening();
    subscribe(&mut rig, "file:///a");
    let (number, line) = rig.sent_request();
    acknowledge(&mut rig, number, &line);
    rig.said();
    let call = subscribe(&mut rig, "file:///b");
    let (third, _) = rig.sent_request();
    let crash = Reject::ChildExited(ExitStatus::Code(1));
    for lost in [lists, number, third] {
        rig.loses(lost, crash);
    }
    assert_eq!(rig.code(call), -32603);
    assert_eq!(rig.sent(), []);
    rig.pass(Duration::from_secs(5));
    let (number, again) = rig.sent_request();
    assert_eq!(again["params"]["notifications"], line["params"]["notifications"]);
    acknowledge(&mut rig, number, &again);
    rig.tells(number, UPDATED, &marked(number, &json!({"uri": "file:///a"})));
    assert_eq!(rig.said().len(), 1);
}

#[test]
fn a_listen_that_the_server_ends_is_opened_again() {
    for says_so in [true, false] {
        let (mut rig, number) = listening();
        if says_so {
            rig.loses(number, Reject::SubscriptionEnded);
        } else {
            rig.answers(number, &marked(number, &json!({"resultType": "complete"})));
        }
        rig.pass(Duration::from_secs(5));
        assert_eq!(rig.sent_request().1["method"], "subscriptions/listen");
    }
}

#[test]
fn a_child_that_takes_no_listens_says_so_to_who_subscribes() {
    let mut rig = Rig::able();
    rig.notify("notifications/initialized", &json!({}));
    let (number, _) = rig.sent_request();
    rig.fails(number, &json!({"code": -32601, "message": "Method not found"}));
    rig.pass(Duration::from_secs(1000));
    assert_eq!(rig.sent(), []);
    let call = subscribe(&mut rig, "file:///a");
    let (number, _) = rig.sent_request();
    rig.fails(number, &json!({"code": -32601, "message": "Method not found"}));
    assert_eq!(rig.code(call), -32601);
}

#[test]
fn a_client_that_is_slow_is_told_of_each_change_once_when_it_has_caught_up() {
    let (mut rig, number) = listening();
    rig.facade.set_slow(true);
    for _ in 0..3 {
        rig.tells(number, TOOLS, &marked(number, &json!({})));
    }
    assert_eq!(rig.said(), [] as [Value; 0]);
    rig.facade.set_slow(false);
    assert_eq!(rig.said(), [json!({"jsonrpc": "2.0", "method": TOOLS})]);
    rig.facade.set_slow(false);
    assert_eq!(rig.said(), [] as [Value; 0]);
}
