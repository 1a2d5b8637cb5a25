//! The servers without sessions: each request is independent.

use serde_json::{Value, json};

use crate::Target;
use crate::client::{initialize, text_of, tool_call};
use crate::pontoon::Pontoon;
use crate::wait::{Instant, eventually, millis, seconds};
use crate::wire::{Event, Request, Response};

cases! { $ native_stateless:
    nothing_is_kept
    only_post_is_served
    session_ids_go_back
    what_asks_nothing_is_accepted
    batches_of_the_calculator
    progress_is_streamed
    progress_as_documented
    the_order_of_answers_is_that_of_their_ends
    every_request_is_logged
    requests_are_logged_as_their_answers_call_them
}

fn each(target: &Target) -> [Pontoon; 2] {
    [target.echo_stateless().start(), target.calculator().start()]
}

fn post(pontoon: &Pontoon, body: &Value) -> Response {
    Request::post(body.to_string()).send(pontoon.addr)
}

fn calculate(id: u32, a: u32) -> Value {
    tool_call(id, "calculate", json!({"a": a, "b": 2, "op": "multiply"}))
}

/// Returns a call with a progress token.
fn with_progress(tool: &str, arguments: Value) -> Value {
    let mut call = tool_call(1, tool, arguments);
    call["params"]["_meta"] = json!({"progressToken": "mine"});
    call
}

pub fn nothing_is_kept(target: &Target) {
    for pontoon in each(target) {
        let opened = post(&pontoon, &initialize("2025-06-18"));
        assert_eq!(opened.expect(200, "initialize").header("mcp-session-id"), None);
        let again = post(&pontoon, &initialize("2025-03-26"));
        assert_eq!(again.answer()["result"]["protocolVersion"], "2025-03-26", "no second one");
        let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
        let first = post(&pontoon, &list).expect(200, "list").body.clone();
        assert_eq!(post(&pontoon, &list).body, first, "the same question, the same answer");
    }
    let pontoon = target.echo_stateless().start();
    post(&pontoon, &tool_call(1, "echo", json!({"message": "forgotten"}))).expect(200, "echo");
    for tool in ["printHeader", "authContext", "requestTiming", "healthProbe", "environmentDump"] {
        let answer = post(&pontoon, &tool_call(1, tool, json!({}))).answer();
        assert!(!text_of(&answer).contains("forgotten"), "{answer}");
    }
}

pub fn only_post_is_served(target: &Target) {
    for pontoon in each(target) {
        for method in ["GET", "DELETE", "PUT", "PATCH"] {
            let request = Request::new(method, "/mcp").header("Accept", "text/event-stream");
            let refused = request.header("Mcp-Session-Id", "any").send(pontoon.addr);
            refused.expect_error(405, -32600, method);
            assert_eq!(refused.header("allow"), Some("POST, OPTIONS"), "{method}");
        }
    }
}

pub fn session_ids_go_back(target: &Target) {
    for pontoon in each(target) {
        for id in ["550e8400-e29b-41d4-a716-446655440000", "any!thing~visible"] {
            for body in
                [initialize("2025-06-18"), json!({"jsonrpc": "2.0", "id": 1, "method": "ping"})]
            {
                let request = Request::post(body.to_string()).header("Mcp-Session-Id", id);
                let answer = request.send(pontoon.addr);
                assert_eq!(answer.expect(200, id).header("mcp-session-id"), Some(id));
            }
        }
    }
}

pub fn what_asks_nothing_is_accepted(target: &Target) {
    for pontoon in each(target) {
        for body in [
            json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
            json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}),
            json!({"jsonrpc": "2.0", "method": "notifications/unknown"}),
            json!({"jsonrpc": "2.0", "id": 1, "result": {}}),
        ] {
            let answer = post(&pontoon, &body);
            assert!(answer.expect(202, &body.to_string()).body.is_empty());
            assert_eq!(answer.header("content-type"), None, "{body}");
        }
    }
}

pub fn batches_of_the_calculator(target: &Target) {
    let pontoon = target.calculator().start();
    let notice = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    let batch = json!([calculate(1, 21), notice, calculate(2, 50), {"jsonrpc": "2.0", "id": 3}]);
    let answers = post(&pontoon, &batch).expect(200, "batch").json();
    let answers = answers.as_array().expect("a batch of answers");
    let ids: Vec<_> = answers.iter().map(|answer| answer["id"].clone()).collect();
    assert_eq!(ids, [1, 2, 3]);
    assert!(text_of(&answers[0]).starts_with("MULTIPLY: 21 × 2 = 42"), "{}", answers[0]);
    assert!(text_of(&answers[1]).contains("= 100"), "{}", answers[1]);
    assert_eq!(answers[2]["error"]["code"], -32600);
    assert!(post(&pontoon, &json!([notice, notice])).expect(202, "notices").body.is_empty());
    post(&pontoon, &json!([])).expect_error(400, -32600, "an empty batch");
    post(&pontoon, &json!([initialize("2025-03-26")])).expect_error(400, -32600, "initialize");

    let echo = target.echo_stateless().start();
    post(&echo, &json!([notice])).expect_error(400, -32600, "it has no batches");
}

pub fn progress_is_streamed(target: &Target) {
    let pontoon = target.calculator().start();
    let call = with_progress("demo_progress", json!({})).to_string();
    let begun = Instant::now();
    let mut stream = Request::post(&*call).open(pontoon.addr).events();
    for step in 1..=5_u32 {
        let (event, message) = stream.next_message().expect("a step");
        assert_eq!(event.name.as_deref(), Some("message"));
        assert_eq!(message["method"], "notifications/progress", "{message}");
        assert_eq!(message["params"]["progressToken"], "mine", "{message}");
        assert!(begun.elapsed() >= millis(195) * step, "step {step} at {:?}", begun.elapsed());
    }
    let answer = stream.message();
    assert_eq!(answer["id"], 1, "{answer}");
    assert!(stream.messages().is_empty(), "and then it ends");

    let json = Request::post(&*call).with("Accept", "application/json").send(pontoon.addr);
    assert_eq!(text_of(&json.json()), text_of(&answer), "one message is all it takes");
    let silent = post(&pontoon, &tool_call(1, "demo_progress", json!({})));
    assert_eq!(text_of(&silent.json()), text_of(&answer), "progress was not requested");
}

pub fn progress_as_documented(target: &Target) {
    let pontoon = target.calculator().start();
    let call = with_progress("calculate", json!({"a": 1, "b": 3, "op": "divide", "stream": true}));
    let answer = post(&pontoon, &call);
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    assert_eq!(answer.header("cache-control"), Some("no-cache, no-store, no-transform"));
    let messages = answer.messages();
    let progress: Vec<_> = messages
        .iter()
        .filter(|message| message["method"] == "notifications/progress")
        .map(|message| message["params"]["progress"].as_f64().expect("a number"))
        .collect();
    assert!(progress.len() >= 2 && progress.is_sorted(), "{messages:?}");
    assert!(text_of(messages.last().unwrap()).contains("≈ 0.33"), "{messages:?}");
}

pub fn the_order_of_answers_is_that_of_their_ends(target: &Target) {
    let pontoon = target.calculator().start();
    let slow = tool_call("slow", "demo_progress", json!({}));
    let batch =
        json!([slow, tool_call("quick", "calculate", json!({"a": 1, "b": 1, "op": "add"}))]);
    let request = Request::post(batch.to_string()).with("Accept", "text/event-stream");
    let mut stream = request.open(pontoon.addr).events();
    let next = |found: Option<(Event, Value)>| found.expect("an answer").1["id"].clone();
    assert_eq!(next(stream.next_message()), "quick");
    assert_eq!(next(stream.next_message()), "slow");
}

/// Returns the requests in the log, once there are this many.
#[track_caller]
fn logged(pontoon: &Pontoon, count: usize) -> Vec<Value> {
    let served = || pontoon.log_events("request_done");
    eventually("they are logged", seconds(5), || served().len() >= count);
    served()
}

pub fn every_request_is_logged(target: &Target) {
    let pontoon = target.echo_stateless().start();
    let secret = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJzb21lYm9keSJ9.c2ln";
    let call = tool_call(1, "echo", json!({"message": "private business"})).to_string();
    let request = Request::post(call).header("Authorization", format!("Bearer {secret}"));
    request.send(pontoon.addr).expect(200, "echo");
    post(&pontoon, &tool_call(1, "no business of yours", json!({}))).expect(200, "unknown tool");
    post(&pontoon, &json!({"jsonrpc": "2.0", "id": 1, "method": "ping"})).expect(200, "ping");
    post(&pontoon, &json!({"jsonrpc": "2.0", "id": 1, "method": "of/business"}))
        .expect(200, "none");
    let seen = logged(&pontoon, 4);
    let method =
        |entry: &Value| [entry["method"].clone(), entry["tool"].clone(), entry["ok"].clone()];
    let methods: Vec<_> = seen.iter().map(method).collect();
    assert_eq!(
        json!(methods),
        json!([
            ["tools/call", "echo", true],
            ["tools/call", null, false],
            ["ping", null, true],
            ["other", null, false],
        ])
    );
    assert!(seen.iter().all(|entry| entry["took"].is_number() && entry["level"] == "info"));
    let log = pontoon.log();
    assert!(!log.contains("business") && !log.contains(secret), "{log}");
}

pub fn requests_are_logged_as_their_answers_call_them(target: &Target) {
    let pontoon = target.calculator().start();
    let ids: Vec<_> = [calculate(1, 1), calculate(2, 2)]
        .iter()
        .map(|call| {
            let request = Request::post(call.to_string());
            let answer = request.header("MCP-Protocol-Version", "2025-11-25").send(pontoon.addr);
            answer.json()["result"]["structuredContent"]["requestId"].clone()
        })
        .collect();
    assert_ne!(ids[0], ids[1]);
    let entries = logged(&pontoon, 2);
    let named: Vec<_> = entries.iter().map(|entry| entry["context"]["requestId"].clone()).collect();
    assert_eq!(named, ids);
    for entry in entries {
        assert_eq!((&entry["level"], &entry["tool"]), (&json!("info"), &json!("calculate")));
    }
    let slow = post(&pontoon, &tool_call(3, "demo_progress", json!({})));
    slow.expect(200, "it waits, and is logged when it is answered");
    let took = logged(&pontoon, 3)[2]["took"].as_f64().expect("a time");
    assert!(took > 0.9, "{took} s");
}
