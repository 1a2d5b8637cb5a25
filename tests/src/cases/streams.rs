//! Streams: the choice between JSON and events, the destination of messages, and resumption.
//!
//! MCP 2025-11-25, basic/transports (Sending and Listening for Messages, Resumability),
//! basic/utilities/progress; client/{sampling,elicitation,roots}.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::Target;
use crate::client::{Client, NEWEST, text_of, tool_call};
use crate::pontoon::Pontoon;
use crate::wait::{eventually, millis, seconds, sleep};
use crate::wire::Events;

cases! { $ streams:
    one_message_is_json
    progress_carries_the_clients_token
    nothing_comes_after_the_answer
    event_ids_are_unique
    changes_and_logs_on_the_listening_stream
    messages_come_on_one_stream_only
    requests_of_the_child_on_a_calls_stream
    requests_of_the_child_that_no_client_takes
    resuming_a_stream_that_went_on
    resuming_from_nowhere
    resuming_after_others_were_delivered
    leaving_is_not_cancelling
    too_many_listening_streams
}

fn scene(target: &Target) -> (Pontoon, Client) {
    let pontoon = target.proxy().start();
    let client = Client::open(&pontoon);
    (pontoon, client)
}

/// Returns a call with progress; the token is given as JSON text.
fn progress_call(id: u64, token: &str, n: u64, ms: u64) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"progress","arguments":{{"n":{n},"ms":{ms}}},"_meta":{{"progressToken":{token}}}}}}}"#
    )
}

/// Returns the progress in a message, or `None` for the answer.
fn step(message: &Value) -> Option<u64> {
    message["params"]["progress"].as_u64()
}

/// Reads a stream to its end: the steps of progress, and the number of answers.
fn steps_and_answers(events: &mut Events) -> (Vec<u64>, usize) {
    let messages = events.messages();
    let steps: Vec<_> = messages.iter().filter_map(step).collect();
    let answers = messages.len() - steps.len();
    (steps, answers)
}

pub fn one_message_is_json(target: &Target) {
    let (_pontoon, client) = scene(target);
    let response = client.send(tool_call(1, "echo", json!({"text": "one"})));
    assert_eq!(response.expect(200, "one").header("content-type"), Some("application/json"));
    assert_eq!(text_of(&response.json()), "one");
    assert_eq!(response.header("cache-control"), Some("no-store"));
}

pub fn progress_carries_the_clients_token(target: &Target) {
    let (_pontoon, client) = scene(target);
    for token in ["\"text\"", "7", "-1", "12345678901234567890123", "\"7\"", r#""\u00e9\"""#] {
        let mut events = client.stream(progress_call(1, token, 1, 0));
        let (event, _) = events.next_message().expect("progress");
        let data = event.data.unwrap();
        assert!(data.contains(&format!(r#""progressToken":{token},"#)), "{token}: {data}");
    }
    // Two calls with the same token: each gets its own progress.
    let mut both = [1, 2].map(|id| client.stream(progress_call(id, "\"same\"", 3, 50)));
    for (events, id) in both.iter_mut().zip([1, 2]) {
        let messages = events.messages();
        assert_eq!(messages.iter().filter_map(step).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(messages[3]["id"], id);
    }
    // Without a token no progress is sent.
    let answer = client.call("progress", json!({"n": 3}));
    assert_eq!(text_of(&answer), "done");
}

pub fn nothing_comes_after_the_answer(target: &Target) {
    let (_pontoon, client) = scene(target);
    let mut events = client.stream(tool_call(1, "duplicate", json!({})));
    let messages = events.messages();
    assert_eq!(messages.len(), 1, "{messages:?}");
    assert_eq!(text_of(&messages[0]), "once");
    client.expect_served();
}

pub fn event_ids_are_unique(target: &Target) {
    let pontoon = target.proxy().start();
    for revision in ["2025-03-26", "2025-06-18", NEWEST] {
        let client = Client::open_revision(&pontoon, revision);
        let mut ids = BTreeSet::new();
        for call in 0..3 {
            let mut events = client.stream(progress_call(call, "1", 3, 0));
            while let Some(event) = events.next_event() {
                let id = event.id.clone().unwrap_or_else(|| panic!("{revision}: no id: {event:?}"));
                assert!(ids.insert(id), "{revision}: twice: {event:?}");
            }
        }
        assert!(ids.len() >= 12, "{revision}: {ids:?}");
    }
}

pub fn changes_and_logs_on_the_listening_stream(target: &Target) {
    let (_pontoon, client) = scene(target);
    let mut listening = client.listen();
    client.call("list_changed", json!({"ms": 50}));
    let method = "notifications/tools/list_changed";
    assert_eq!(listening.message(), json!({"jsonrpc": "2.0", "method": method, "params": {}}));
    client.call("log", json!({"ms": 50, "text": "hello"}));
    let log = listening.message();
    assert_eq!(log["method"], "notifications/message", "{log}");
    assert_eq!(log["params"]["data"], "hello");
}

pub fn messages_come_on_one_stream_only(target: &Target) {
    let (_pontoon, client) = scene(target);
    let mut both = [client.listen(), client.listen()];
    let mut seen = Vec::new();
    let mut see = |message: &Value| seen.extend(message["params"]["data"].as_u64());
    for nth in 0..6 {
        let call = json!({"ms": 10, "text": nth});
        // A message may also arrive with a call that is in flight at that time.
        client.send(tool_call(nth, "log", call)).messages().iter().for_each(&mut see);
    }
    let last = tool_call(6, "echo", json!({"text": "after all of them", "ms": 300}));
    client.send(last).messages().iter().for_each(&mut see);
    for events in &mut both {
        while let Ok(Some(event)) = events.try_next(millis(300)) {
            event.message().iter().for_each(&mut see);
        }
    }
    seen.sort_unstable();
    assert_eq!(seen, [0, 1, 2, 3, 4, 5]);
}

/// Server requests of each kind, with the client's answers.
fn questions() -> [(&'static str, Value, Value); 4] {
    [
        (
            "sampling/createMessage",
            json!({"messages": [], "maxTokens": 10}),
            json!({"role": "assistant", "model": "m", "content": {"type": "text", "text": "hi"}}),
        ),
        (
            "elicitation/create",
            json!({"message": "who?", "requestedSchema": {"type": "object", "properties": {}}}),
            json!({"action": "accept", "content": {"name": "me"}}),
        ),
        ("roots/list", json!({}), json!({"roots": [{"uri": "file:///a"}]})),
        ("ping", json!({}), json!({})),
    ]
}

pub fn requests_of_the_child_on_a_calls_stream(target: &Target) {
    let (_pontoon, client) = scene(target);
    for (method, params, result) in questions() {
        for id in [json!(1), json!("one")] {
            let ask = json!({"method": method, "params": params, "id": id});
            let mut events = client.stream(tool_call(1, "ask", ask));
            let mut message = events.message();
            // pontoon may answer a ping itself.
            if message["method"] == method {
                assert_eq!(message["params"], params, "{method}");
                let answer = client.respond(&message["id"], result.clone());
                assert!(answer.expect(202, method).body.is_empty());
                message = events.message();
            } else {
                assert_eq!(method, "ping", "{message}");
            }
            let at_child: Value = text_of(&message).parse().unwrap();
            assert_eq!(at_child, json!({"jsonrpc": "2.0", "id": id, "result": result}), "{method}");
        }
    }
}

pub fn requests_of_the_child_that_no_client_takes(target: &Target) {
    let (mut pontoon, client) = scene(target);
    for id in 0..130 {
        client.call_json("ask_later", json!({"method": "roots/list", "params": {}, "id": id}));
    }
    eventually("those too many get an error", seconds(5), || {
        let answers: Vec<String> = text_of(&client.call_json("answers", json!({})))
            .parse::<Value>()
            .map(|v| serde_json::from_value(v).unwrap())
            .unwrap();
        answers.iter().filter(|answer| answer.contains("\"error\"")).count() >= 20
    });
    pontoon.expect_alive("with unanswered questions");
    client.expect_served();
}

pub fn resuming_a_stream_that_went_on(target: &Target) {
    let (_pontoon, client) = scene(target);
    let mut events = client.stream(progress_call(1, "1", 5, 100));
    let first = events.next_message().expect("progress").0.id.expect("an id");
    // The first stream is still open: the second replaces it.
    let mut rest = client.resume(&first).events();
    let (steps, answers) = steps_and_answers(&mut rest);
    assert_eq!((steps, answers), (vec![2, 3, 4, 5], 1));
    let (_, twice) = steps_and_answers(&mut events);
    assert_eq!(twice, 0, "the answer came on one stream");
}

pub fn resuming_after_others_were_delivered(target: &Target) {
    let (_pontoon, client) = scene(target);
    let mut broken = client.stream(progress_call(50, "50", 2, 300));
    let first = broken.next_event().expect("an event").id.expect("an id");
    broken.reset();
    sleep(millis(1500));
    for id in 100..110 {
        assert_eq!(steps_and_answers(&mut client.stream(progress_call(id, "1", 1, 0))).1, 1);
    }
    let mut rest = client.resume(&first).events();
    assert_eq!(steps_and_answers(&mut rest), (vec![1, 2], 1), "it was never delivered");
}

pub fn resuming_from_nowhere(target: &Target) {
    let (pontoon, client) = scene(target);
    let other = Client::open(&pontoon);
    let mut events = other.stream(progress_call(1, "1", 1, 0));
    let foreign = events.next_event().expect("an event").id.expect("an id");
    for id in [foreign.as_str(), "999999-0", "garbage", "0", "-", "1-x", "01-0", "+1-0"] {
        let response = client.resume(id).response();
        assert_eq!(response.status(), 400, "{id:?}: {}", response.describe());
    }
    let long = "1".repeat(20 * 1024);
    let response = client.resume(&long).response();
    assert!([400, 404, 431].contains(&response.status()), "{}", response.describe());
    client.expect_served();
}

pub fn leaving_is_not_cancelling(target: &Target) {
    let (pontoon, client) = scene(target);
    for (nth, accept) in ["application/json", "text/event-stream"].into_iter().enumerate() {
        let text = format!("left alone {nth}");
        let call = tool_call(1, "echo", json!({"text": text, "ms": 300}));
        let wire = client.post(call).with("Accept", accept).open(pontoon.addr);
        eventually("the call is at the child", seconds(5), || {
            pontoon.record.lines_with(&text).len() == 1
        });
        wire.reset();
    }
    client.text("echo", json!({"text": "later", "ms": 600}));
    assert!(pontoon.record.messages("notifications/cancelled").is_empty());
    assert_eq!(pontoon.metric("pontoon_requests_in_flight", &[]), 0.0);
}

pub fn too_many_listening_streams(target: &Target) {
    let (pontoon, client) = scene(target);
    let mut listening: Vec<_> = (0..20).map(|_| client.listen()).collect();
    let mut newest = listening.pop().unwrap();
    assert!(listening[0].messages().is_empty(), "the oldest gives way");
    assert!(pontoon.metric("pontoon_streams", &[]) < 20.0);
    client.call("list_changed", json!({"ms": 50}));
    assert_eq!(newest.message()["method"], "notifications/tools/list_changed");
    client.expect_served();
}
