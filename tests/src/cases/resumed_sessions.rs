//! Sessions that go on with a new process when theirs ends by itself (`--on-child-exit resume`).
//!
//! MCP 2025-11-25, basic/lifecycle: the new process sees the handshake that the client sent.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::Target;
use crate::client::{Client, initialize, text_of, tool_call};
use crate::pontoon::Pontoon;
use crate::wait::{eventually, seconds};
use crate::wire::Request;

cases! { $ resumed_sessions:
    a_crash_fails_only_what_was_in_flight
    the_new_process_knows_the_client
    a_process_that_ends_when_idle_is_started_on_demand
    requests_during_the_start_wait_for_it
    several_sessions_resume_apart
    a_process_that_never_answers_ends_its_session
    an_http_sse_session_goes_on
}

const GOES_ON: &str = "; the session goes on, and the next request starts a new process";

fn scene(target: &Target, flags: &[&str]) -> (Pontoon, Client) {
    let pontoon = target.proxy().options(&["--on-child-exit", "resume"]).child(flags).start();
    let client = Client::open(&pontoon);
    (pontoon, client)
}

/// Makes the process end in the middle of a call, and returns the text of the call's error. On a busy
/// machine the end of its output is noticed long before its exit, and the text says so.
#[track_caller]
fn error_of_crash(client: &Client) -> String {
    let answer = client.call("crash", json!({"code": 7}));
    let text = answer["error"]["message"].as_str().expect("an error");
    assert!(text.starts_with("The MCP server process "), "{text}");
    text.to_owned()
}

#[track_caller]
fn crash(client: &Client) {
    let text = error_of_crash(client);
    assert!(text.ends_with(GOES_ON), "{text}");
}

/// Returns the messages that a process was sent.
fn input(pontoon: &Pontoon, child: u32) -> Vec<Value> {
    let input = String::from_utf8(pontoon.record.bytes(child)).expect("UTF-8");
    input.lines().map(|line| line.parse().expect("JSON")).collect()
}

pub fn a_crash_fails_only_what_was_in_flight(target: &Target) {
    let (pontoon, client) = scene(target, &[]);
    let before = client.child();
    let mut stream = client.listen();
    crash(&client);
    client.expect_served();
    let after = client.child();
    assert_ne!(before, after, "another process");
    let told: BTreeSet<_> =
        (0..2).map(|_| stream.message()["method"].as_str().unwrap().to_owned()).collect();
    let lists = ["resources", "tools"].map(|list| format!("notifications/{list}/list_changed"));
    assert_eq!(told, BTreeSet::from(lists), "its lists may have changed");
    assert_eq!(client.text("list_changed", json!({"what": "tools"})), "will change");
    assert_eq!(stream.message()["method"], "notifications/tools/list_changed", "the same stream");
    assert_eq!(pontoon.metric("pontoon_sessions_opened_total", &[]), 1.0);
    assert_eq!(pontoon.metric("pontoon_sessions", &[]), 1.0);
    assert_eq!(pontoon.await_log_events("session_restored", 1).len(), 1);
    client.delete().expect(204, "it can be deleted");
    eventually("its process ends", seconds(10), || !pontoon.running_children().contains(&after));
}

pub fn the_new_process_knows_the_client(target: &Target) {
    let (pontoon, client) = scene(target, &[]);
    client.request("logging/setLevel", json!({"level": "error"}));
    client.request("logging/setLevel", json!({"level": "debug"}));
    for uri in ["test://one", "test://two"] {
        client.request("resources/subscribe", json!({"uri": uri}));
    }
    client.request("resources/unsubscribe", json!({"uri": "test://one"}));
    let old = client.child();
    crash(&client);
    let new = client.child();
    let initialize = |child| {
        let first = input(&pontoon, child).into_iter().find(|line| line["method"] == "initialize");
        first.expect("initialize")["params"].clone()
    };
    assert_eq!(initialize(old), initialize(new));
    let seen = input(&pontoon, new);
    let after = seen.iter().skip_while(|line| line["method"] != "notifications/initialized");
    let sent: Vec<_> = after
        .map(|line| json!([line["method"], line["params"]["level"], line["params"]["uri"]]))
        .collect();
    assert_eq!(sent[0], json!(["notifications/initialized", null, null]), "{seen:?}");
    assert_eq!(sent[1], json!(["logging/setLevel", "debug", null]), "{seen:?}");
    assert_eq!(sent[2], json!(["resources/subscribe", null, "test://two"]), "{seen:?}");
    assert_eq!(sent[3], json!(["tools/call", null, null]), "{seen:?}");
    let mut stream = client.listen();
    let methods: Vec<_> = (0..3).map(|_| stream.message()["method"].clone()).collect();
    assert!(methods.contains(&json!("notifications/resources/updated")), "{methods:?}");
}

pub fn a_process_that_ends_when_idle_is_started_on_demand(target: &Target) {
    let (pontoon, client) = scene(target, &[]);
    let old = client.child();
    crate::probe::signal(old, rustix::process::Signal::KILL);
    eventually("it is gone", seconds(5), || !pontoon.running_children().contains(&old));
    eventually("that is noticed", seconds(5), || !pontoon.log_events("child_ended").is_empty());
    client.notify("notifications/roots/list_changed", json!({})).expect(202, "needs no process");
    assert_eq!(pontoon.log_events("child_started").len(), pontoon.log_events("child_ended").len());
    client.expect_served();
    assert_ne!(client.child(), old);
}

pub fn requests_during_the_start_wait_for_it(target: &Target) {
    let (_pontoon, client) = scene(target, &["--delay-init", "500"]);
    crash(&client);
    let calls: Vec<_> = (100..110)
        .map(|id| client.start(tool_call(id, "echo", json!({"text": id.to_string()}))))
        .collect();
    for (id, mut call) in (100..110).zip(calls) {
        let answer = call.response().answer();
        assert_eq!((answer["id"].clone(), text_of(&answer)), (json!(id), &*id.to_string()));
    }
}

pub fn several_sessions_resume_apart(target: &Target) {
    let (pontoon, one) = scene(target, &[]);
    let two = Client::open(&pontoon);
    let other = two.child();
    crash(&one);
    one.expect_served();
    assert_eq!(two.child(), other, "the other session keeps its process");
    crash(&two);
    let both = [one.child(), two.child()];
    assert_ne!(both[0], both[1]);
}

pub fn a_process_that_never_answers_ends_its_session(target: &Target) {
    let (pontoon, client) = scene(target, &[]);
    for _ in 0..5 {
        crash(&client);
    }
    let text = error_of_crash(&client);
    assert!(!text.ends_with(GOES_ON), "{text}");
    let gone = client.send(tool_call(1, "echo", json!({"text": "gone"})));
    gone.expect_error(404, -32603, "the sixth process in a row has answered nothing");
    assert_eq!(pontoon.await_log_events("session_closed", 1).len(), 1);
    Client::open(&pontoon).expect_served();
}

pub fn an_http_sse_session_goes_on(target: &Target) {
    let options = ["--sse", "--on-child-exit", "resume"];
    let pontoon = target.proxy().options(&options).start();
    let stream = Request::new("GET", "/sse").header("Accept", "text/event-stream");
    let mut stream = stream.open(pontoon.addr).events();
    let uri = stream.next_event().and_then(|event| event.data).expect("where messages go");
    let send = |body: Value| {
        let request = Request::new("POST", &format!("/{uri}"));
        let request = request.header("Content-Type", "application/json").body(body.to_string());
        request.send(pontoon.addr).expect(202, "a message");
    };
    send(initialize("2024-11-05"));
    assert_eq!(stream.message()["id"], 0);
    send(json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
    send(tool_call("lost", "crash", json!({"code": 7})));
    let lost = stream.message();
    assert_eq!(lost["id"], "lost");
    assert!(lost["error"]["message"].as_str().expect("an error").ends_with(GOES_ON), "{lost}");
    send(tool_call("next", "echo", json!({"text": "still here"})));
    let answers = (0..3).map(|_| stream.message()).find(|message| message["id"] == "next");
    assert_eq!(text_of(&answers.expect("the answer")), "still here");
}
