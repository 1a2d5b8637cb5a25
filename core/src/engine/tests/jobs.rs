//! Long jobs: other inputs come before their results.

use serde_json::json;

use super::facade::{self, open_newest};
use super::modern::*;
use super::native;
use super::rig::*;
use crate::config::{BridgeOptions, ChildEra, ChildPer};
use crate::engine::*;
use crate::http::{McpRequestHeaders, Request, RevisionHeader};
use crate::limits::Limits;
use crate::protocol::Revision;

const CALL: &str = r#""name":"x""#;

/// Returns two calls of a modern client at a modern child, whose jobs wait from now on.
fn two_calls() -> (Rig, ChildId, [ExchangeId; 2], Vec<String>) {
    let mut rig = bridge_of(ChildEra::Modern);
    let calls = ["1", "2"].map(|id| rig.ask(&Modern::new(), id, "tools/call", CALL));
    let child = rig.last_child();
    let numbers = rig.numbers(child);
    rig.jobs_wait = true;
    (rig, child, calls, numbers)
}

#[test]
fn a_later_message_of_a_child_waits_for_an_earlier_one() {
    let (mut rig, child, [one, two], numbers) = two_calls();
    rig.child_answers(child, &numbers[0], r#"{"of":1}"#);
    rig.child_answers(child, &numbers[1], r#"{"of":2}"#);
    assert_eq!(rig.jobs.len(), 1);
    assert_eq!([rig.stage(one), rig.stage(two)], [Stage::Waiting; 2]);
    let job = rig.jobs.pop_front().expect("a job");
    rig.input(job.run());
    assert_eq!([rig.stage(one), rig.stage(two)], [Stage::Replied, Stage::Waiting]);
    rig.work();
    assert_eq!(rig.json(one).1["result"]["of"], 1);
    assert_eq!(rig.json(two).1["result"]["of"], 2);
}

#[test]
fn the_end_of_a_child_waits_for_what_it_said_last() {
    let (mut rig, child, [one, two], numbers) = two_calls();
    rig.child_answers(child, &numbers[0], r#"{"of":1}"#);
    rig.child_ends(child, ExitStatus::Code(0));
    rig.pass(secs(3));
    assert_eq!([rig.stage(one), rig.stage(two)], [Stage::Waiting; 2]);
    rig.work();
    assert_eq!(rig.json(one).1["result"]["of"], 1);
    assert_eq!(parse(rig.reply(two).1)["error"]["code"], -32603);
}

#[test]
fn an_answer_whose_translation_takes_longer_than_the_end_of_its_child_is_not_lost() {
    let (mut rig, child, [one, two], numbers) = two_calls();
    rig.child_exits(child, ExitStatus::Code(0));
    rig.child_answers(child, &numbers[0], r#"{"of":1}"#);
    rig.pass(secs(3));
    assert_eq!([rig.stage(one), rig.stage(two)], [Stage::Waiting; 2]);
    rig.work();
    assert_eq!(rig.json(one).1["result"]["of"], 1);
    assert_eq!(parse(rig.reply(two).1)["error"]["code"], -32603);
    assert!(rig.children[&child].released);
}

#[test]
fn a_client_that_leaves_meanwhile_is_told_nothing() {
    let (mut rig, child, [one, two], numbers) = two_calls();
    rig.child_answers(child, &numbers[0], "{}");
    rig.disconnect(one);
    rig.work();
    assert_eq!(rig.stage(one), Stage::Waiting);
    rig.child_answers(child, &numbers[1], "{}");
    rig.work();
    assert_eq!(rig.stage(two), Stage::Replied);
}

#[test]
fn a_request_whose_time_is_over_meanwhile_has_one_answer() {
    let (mut rig, child, [one, two], numbers) = two_calls();
    rig.child_answers(child, &numbers[0], "{}");
    rig.pass(secs(31));
    let answers = [one, two].map(|exchange| rig.messages(exchange).len());
    rig.work();
    rig.child_answers(child, &numbers[1], "{}");
    rig.work();
    assert_eq!(answers, [one, two].map(|exchange| rig.messages(exchange).len()));
}

#[test]
fn what_a_legacy_client_says_meanwhile_comes_after() {
    let mut rig = facade::rig();
    let (client, child) = open_newest(&mut rig);
    rig.fed(child);
    rig.jobs_wait = true;
    let one = rig.call(&client, "1");
    rig.post(&client, &cancel("1"));
    let two = rig.call(&client, "2");
    assert!(rig.fed(child).is_empty());
    rig.work();
    let told = rig.told(child);
    let methods: Vec<_> = told.iter().map(|told| told["method"].clone()).collect();
    assert_eq!(methods, ["tools/call", "notifications/cancelled", "tools/call"]);
    assert_eq!(told[0]["id"], told[1]["params"]["requestId"]);
    rig.child_answers(child, &told[2]["id"].to_string(), r#"{"content":[]}"#);
    assert_eq!(rig.stage(two), Stage::Waiting);
    rig.work();
    assert_eq!(rig.json(two).1["id"], 2);
    assert!(rig.exchanges[&one].body.is_empty());
}

#[test]
fn a_session_that_ends_meanwhile_takes_its_interpreter_with_it() {
    let mut rig = facade::rig();
    let (client, child) = open_newest(&mut rig);
    rig.fed(child);
    rig.jobs_wait = true;
    let call = rig.call(&client, "1");
    let deleted = rig.delete(&client);
    assert_eq!(rig.exchanges[&deleted].head.as_ref().expect("an answer").status, 204);
    assert_eq!(rig.stage(call), Stage::Replied);
    rig.work();
    assert!(rig.fed(child).is_empty());
    rig.jobs_wait = false;
    let (client, child) = open_newest(&mut rig);
    let call = rig.call(&client, "1");
    let number = rig.number(child);
    rig.child_answers(child, &number, r#"{"content":[]}"#);
    assert_eq!(rig.json(call).1["id"], 1);
}

#[test]
fn a_server_in_this_process_takes_the_messages_of_a_session_in_order() {
    let mut rig = native::rig();
    let client = native::open(&mut rig);
    rig.jobs_wait = true;
    let counts = ["1", "2", "3"].map(|id| {
        let call = json!({"jsonrpc": "2.0", "id": id, "method": "tools/call",
            "params": {"name": "count", "arguments": {}}});
        rig.post(&client, &call.to_string())
    });
    assert_eq!(rig.jobs.len(), 1);
    rig.work();
    let told = counts.map(|exchange| rig.json(exchange).1["result"]["content"][0]["text"].clone());
    assert_eq!(told, ["1", "2", "3"]);
}

#[test]
fn a_session_that_ends_while_its_server_works_has_its_calls_answered_once() {
    let mut rig = native::rig();
    let client = native::open(&mut rig);
    rig.jobs_wait = true;
    let call = rig.post(&client, &native::call(1, "count"));
    rig.delete(&client);
    assert_eq!(rig.stage(call), Stage::Replied);
    rig.work();
    assert!(parse(rig.reply(call).1)["error"].is_object());
}

/// The length of the long messages, and of the part that the engine may read of one.
const LONG: usize = 1 << 20;
const READ_MAX: usize = 8 * 1024;

/// Returns a long member of an object.
fn long() -> String {
    format!(r#""text":"{}""#, "x".repeat(LONG))
}

/// Returns a list of tools whose only argument is repeated in a header.
fn tools() -> String {
    format!(
        r#"{{"tools":[{{"name":"x","description":"{}","inputSchema":{{"type":"object","properties":{{"region":{{"type":"string","x-mcp-header":"Region"}}}}}}}}]}}"#,
        "x".repeat(LONG)
    )
}

fn long_call(id: u32) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"count","arguments":{{{}}}}}}}"#,
        long()
    )
}

fn question() -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":"q","method":"elicitation/create","params":{{"message":"{}","requestedSchema":{{"type":"object","properties":{{}}}}}}}}"#,
        "x".repeat(LONG)
    )
}

/// Checks that the engine has read little, and jobs much.
fn check_walked(rig: &Rig, what: &str) {
    assert!(rig.walked < READ_MAX, "{what}: {} bytes", rig.walked);
}

#[test]
fn no_long_message_is_read_by_the_engine_itself_before_a_modern_child() {
    let mut rig = bridge_of(ChildEra::Modern);
    let exchange = rig.ask(&Modern::new(), "1", "tools/list", "");
    let child = rig.last_child();
    let number = rig.number(child);
    rig.child_answers(child, &number, &tools());
    assert_eq!(rig.json(exchange).0, 200);
    check_walked(&rig, "a list of tools");
    let body = Modern::new().body(
        "1",
        "tools/call",
        &format!(r#""name":"x","arguments":{{"region":"r",{}}}"#, long()),
    );
    let exchange = rig.modern_post_with(&Modern::new(), &body, &[("region", "r")]);
    check_walked(&rig, "a call with a header");
    let number = rig.number(child);
    rig.child_answers(child, &number, &format!("{{{}}}", long()));
    assert_eq!(rig.json(exchange).0, 200);
    check_walked(&rig, "an answer");

    let mut rig = facade::rig();
    let (client, child) = open_newest(&mut rig);
    rig.fed(child);
    let call = rig.post(&client, &long_call(1));
    check_walked(&rig, "a call of a legacy client");
    let number = rig.number(child);
    rig.child_answers(child, &number, r#"{"resultType":"input_required","requestState":"s"}"#);
    check_walked(&rig, "a call that is sent again");
    let number = rig.number(child);
    rig.child_answers(child, &number, &format!(r#"{{"content":[],{}}}"#, long()));
    assert_eq!(rig.json(call).0, 200);
    check_walked(&rig, "an answer for a legacy client");
    let list = rig.post(&client, r#"{"jsonrpc":"2.0","id":2,"method":"tools/list"}"#);
    let number = rig.number(child);
    rig.child_answers(child, &number, &tools());
    assert_eq!(rig.json(list).0, 200);
    check_walked(&rig, "a list of tools for a legacy client");
}

#[test]
fn no_long_message_is_read_by_the_engine_itself_before_a_legacy_child() {
    let mut rig = bridge_of(ChildEra::Legacy);
    let client = Modern::new().able();
    let params = format!(r#""name":"x","arguments":{{{}}}"#, long());
    let call = rig.ask(&client, "1", "tools/call", &params);
    let child = rig.welcomes();
    check_walked(&rig, "a call");
    let number = rig.number(child);
    rig.child_says(child, &question());
    rig.pass(millis(10));
    check_walked(&rig, "a question");
    let (_, asked) = rig.json(call);
    let state = &asked["result"]["requestState"];
    let responses = format!(r#"{{"q":{{"action":"accept","content":{{{}}}}}}}"#, long());
    let params = format!(r#"{params},"requestState":{state},"inputResponses":{responses}"#);
    let call = rig.ask(&client, "2", "tools/call", &params);
    check_walked(&rig, "the answer to a question");
    assert!(rig.fed(child).iter().any(|line| line.len() > LONG), "the child is answered");
    rig.child_answers(child, &number, &format!(r#"{{"content":[],{}}}"#, long()));
    assert_eq!(rig.json(call).0, 200);
    check_walked(&rig, "an answer");
    let list = rig.ask(&client, "3", "tools/list", "");
    let number = rig.number(child);
    rig.child_answers(child, &number, &tools());
    assert_eq!(rig.json(list).0, 200);
    check_walked(&rig, "a list of tools");
}

#[test]
fn no_long_message_is_read_by_the_engine_itself_before_a_server_in_this_process() {
    let mut rig = native::rig();
    let client = native::open(&mut rig);
    let call = rig.post(&client, &long_call(1));
    assert_eq!(rig.json(call).1["result"]["content"][0]["text"], "1");
    check_walked(&rig, "a call");
}

#[test]
fn no_long_initialize_is_read_by_the_engine_itself() {
    let members =
        format!(r#""capabilities":{{{}}},"clientInfo":{{{},"name":"n"}}"#, long(), long());
    let body = initialize("1", "2025-11-25").replace(r#""capabilities":{}"#, &members);
    assert!(body.len() > 2 * LONG, "both are long");
    let few = Config { revisions: [Revision::V2025_06_18].into(), ..config(Limits::default()) };
    for mut rig in [Rig::new(), Rig::of(few), facade::rig(), native::rig()] {
        rig.walked = 0;
        rig.post(&Client::new(), &body);
        check_walked(&rig, "initialize");
    }
}

#[test]
fn a_client_that_comes_back_gets_the_child_of_the_same_long_initialize() {
    let mut rig = Rig::new();
    let [one, other] = ["a", "b"].map(|last| {
        let members = format!(r#""capabilities":{{{}}},"x":"{last}""#, long());
        initialize("1", "2025-11-25").replace(r#""capabilities":{}"#, &members)
    });
    for (body, children) in [(&one, 1), (&one, 1), (&other, 2)] {
        let exchange = rig.post(&Client::new(), body);
        assert_eq!(rig.children.len(), children);
        rig.disconnect(exchange);
    }
}

#[test]
fn a_modern_request_with_an_unknown_session_is_served_by_a_job() {
    let mut rig = native::rig();
    let known = native::open(&mut rig);
    rig.delete(&known);
    rig.jobs_wait = true;
    let body = Modern::new().body("1", "tools/call", &format!(r#""name":"say",{}"#, long()));
    let ask = |rig: &mut Rig| {
        let (mut head, body) = rig.posted(&known, &body);
        head.revision = RevisionHeader::Served(Revision::V2026_07_28);
        let (method, name) = (b"tools/call"[..].into(), Some(b"say"[..].into()));
        head.request_headers =
            Some(Box::new(McpRequestHeaders { method, name, params: Vec::new() }));
        rig.walked = 0;
        rig.request(Request::Post { head, body })
    };
    let exchange = ask(&mut rig);
    assert_eq!((rig.jobs.len(), rig.stage(exchange)), (1, Stage::Waiting));
    rig.work();
    assert_eq!(rig.json(exchange).1["id"], 1);
    check_walked(&rig, "a call");
    let exchange = ask(&mut rig);
    rig.disconnect(exchange);
    rig.work();
    rig.engine.check_empty();
}

#[test]
fn no_long_state_is_read_by_the_engine_itself() {
    let escapes = r"\u0061".repeat(LONG / 6);
    let state = format!(r#"{CALL},"requestState":"{escapes}""#);
    for era in [ChildEra::Legacy, ChildEra::Modern] {
        let mut rig = bridge_of(era);
        rig.walked = 0;
        rig.ask(&Modern::new(), "1", "tools/call", &state);
        check_walked(&rig, "a state");
    }
}

#[test]
fn lists_of_tools_that_two_children_send_at_a_time_are_both_known() {
    let (child_era, child_per) = (ChildEra::Legacy, ChildPer::Principal);
    let options = BridgeOptions { child_era, child_per, ..BridgeOptions::default() };
    let mut rig = bridge(options, Limits::default());
    let clients = ["Bearer a", "Bearer b"].map(Modern::named);
    let lists = clients.clone().map(|client| {
        let list = rig.ask(&client, "1", "tools/list", r#""cursor":"c""#);
        let child = rig.welcomes();
        (list, child, rig.number(child))
    });
    rig.jobs_wait = true;
    for ((_, child, number), name) in lists.iter().zip(["one", "two"]) {
        let tools = tools().replace(r#""name":"x""#, &format!(r#""name":"{name}""#));
        rig.child_answers(*child, number, &tools);
    }
    assert_eq!(rig.jobs.len(), 2);
    rig.work();
    assert_eq!(lists.map(|(list, ..)| rig.stage(list)), [Stage::Replied; 2]);
    rig.jobs_wait = false;
    for (id, name) in [("5", "one"), ("6", "two")] {
        let params = format!(r#""name":"{name}","arguments":{{"region":"r"}}"#);
        let call = rig.ask(&clients[0], id, "tools/call", &params);
        assert_eq!(rig.error(call).1, -32020, "a header of {name} is missing");
    }
}

#[test]
fn a_call_with_many_arguments_to_compare_is_checked_by_a_job() {
    let mut rig = bridge_of(ChildEra::Modern);
    let property = |at| format!(r#""p{at}":{{"type":"string","x-mcp-header":"P{at}"}}"#);
    let properties: Vec<_> = (0..1000).map(property).collect();
    let list = format!(
        r#"{{"tools":[{{"name":"x","inputSchema":{{"type":"object","properties":{{{}}}}}}}]}}"#,
        properties.join(",")
    );
    let exchange = rig.ask(&Modern::new(), "1", "tools/list", "");
    let child = rig.last_child();
    let number = rig.number(child);
    rig.child_answers(child, &number, &list);
    assert_eq!(rig.json(exchange).0, 200);
    rig.walked = 0;
    rig.ask(&Modern::new(), "2", "tools/call", r#""name":"x","arguments":{"a":1}"#);
    assert_eq!(rig.numbers(child).len(), 1);
    check_walked(&rig, "a call");
}
