//! Calls: each request gets exactly one answer, its own, under any conditions.
//!
//! MCP 2025-11-25, basic/utilities/cancellation and basic/lifecycle (Timeouts).

use serde_json::{Value, json};

use crate::Target;
use crate::client::{Client, NEWEST, initialize, text_of, tool_call};
use crate::pontoon::Pontoon;
use crate::probe::rss_kib;
use crate::wait::{Instant, eventually, millis, seconds, sleep};
use crate::wire::{Broken, Request, Wire};

cases! { $ calls:
    same_ids_in_many_sessions
    same_id_twice_in_flight
    requests_that_overtake_initialized
    many_large_calls_at_once
    a_very_large_call
    cancelled_calls
    cancelled_calls_that_are_answered_late
    cancelling_what_is_not_there
    timeout
    progress_puts_off_the_timeout
    a_question_puts_off_the_timeout_of_its_call
    a_question_puts_off_no_other_timeout
    a_client_that_stops_reading
    a_client_that_stops_reading_a_large_answer
    a_child_that_stops_reading
}

fn scene(target: &Target, options: &[&str]) -> (Pontoon, Client) {
    let pontoon = target.proxy().options(options).start();
    let client = Client::open(&pontoon);
    (pontoon, client)
}

pub fn same_ids_in_many_sessions(target: &Target) {
    let pontoon = target.proxy().start();
    let clients: Vec<_> = (0..8).map(|_| Client::open(&pontoon)).collect();
    let text = |session, id| format!("session {session} call {id}");
    for round in 0..10 {
        // In every session the same five ids at once.
        let ids = (round * 5 + 1)..=(round * 5 + 5);
        let sessions = || clients.iter().enumerate();
        let calls = ids.flat_map(|id| sessions().map(move |(nth, client)| (id, nth, client)));
        let mut started: Vec<_> = calls
            .map(|(id, session, client)| {
                let call = tool_call(id, "echo", json!({"text": text(session, id)}));
                (id, session, client.start(call))
            })
            .collect();
        for (id, session, wire) in &mut started {
            let text = text(*session, *id);
            let answer = wire.response().expect(200, &text).answer();
            assert_eq!(answer["id"], *id);
            assert_eq!(text_of(&answer), text);
        }
    }
}

pub fn requests_that_overtake_initialized(target: &Target) {
    let pontoon = target.proxy().start();
    let initialized = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    for is_sent in [true, false] {
        let opened = Request::post(initialize(NEWEST).to_string()).send(pontoon.addr);
        let session = opened.header("mcp-session-id").expect("a session id").to_owned();
        let post = |body: Value| {
            let request = Request::post(body.to_string()).header("Mcp-Session-Id", &session);
            request.header("MCP-Protocol-Version", NEWEST)
        };
        let mut call = post(tool_call(1, "echo", json!({"text": "early"}))).open(pontoon.addr);
        if is_sent {
            post(initialized.clone()).send(pontoon.addr).expect(202, "initialized");
        }
        let answer = call.response().expect(200, "it waits, but not for long").answer();
        assert_eq!(text_of(&answer), "early");
        let lines = pontoon.record.lines();
        let place = |method: &str| lines.iter().position(|line| line.contains(method));
        assert!(place("notifications/initialized") < place("tools/call"), "{lines:?}");
    }
}

pub fn same_id_twice_in_flight(target: &Target) {
    let (_pontoon, client) = scene(target, &[]);
    let call = |text: &str, ms: u64| tool_call(5, "echo", json!({"text": text, "ms": ms}));
    let mut first = client.start(call("first", 600));
    let mut second = client.start(call("second", 300));
    let mut text_id = client.start(tool_call("5", "echo", json!({"text": "third", "ms": 400})));
    for (wire, text, id) in [
        (&mut first, "first", json!(5)),
        (&mut second, "second", json!(5)),
        (&mut text_id, "third", json!("5")),
    ] {
        let answer = wire.response().answer();
        assert_eq!(text_of(&answer), text);
        assert_eq!(answer["id"], id);
    }
}

pub fn many_large_calls_at_once(target: &Target) {
    let (_pontoon, client) = scene(target, &[]);
    let started = Instant::now();
    let text = |id| char::from(b'0' + id).to_string().repeat(64 * 1024);
    let call = |id| client.start(tool_call(id, "echo", json!({"text": text(id)})));
    let mut calls: Vec<_> = (0..64).map(|id| (id, call(id))).collect();
    for (id, wire) in &mut calls {
        let answer = wire.response().answer();
        assert!(text_of(&answer) == text(*id), "another's answer");
    }
    assert!(started.elapsed() < seconds(60), "{:?}", started.elapsed());
}

pub fn a_very_large_call(target: &Target) {
    let (pontoon, client) = scene(target, &["--max-body", "16MiB"]);
    let text = "10 MiB".repeat(10 * 1024 * 1024 / 6);
    let answer = client.text("echo", json!({"text": text}));
    assert!(answer == text, "{} bytes came back", answer.len());
    client.expect_served();
    assert_eq!(pontoon.metric("pontoon_queue_bytes", &[]), 0.0);
}

/// Asserts that an exchange ends without an answer.
#[track_caller]
fn expect_no_answer(wire: &mut Wire) {
    match wire.try_response() {
        Ok(response) if response.status() == 202 => assert!(response.body.is_empty()),
        Ok(response) => {
            response.expect(200, "an event stream that ends");
            assert_eq!(response.messages(), Vec::<Value>::new());
        }
        Err(broken) => assert_eq!(broken, Broken::Closed),
    }
}

pub fn cancelled_calls(target: &Target) {
    let (pontoon, client) = scene(target, &[]);
    for (id, accept) in [
        (json!("mine"), "application/json, text/event-stream"),
        (json!(7), "application/json"),
        (json!("7"), "text/event-stream"),
    ] {
        let before = pontoon.record.messages("notifications/cancelled").len();
        let call = tool_call(id.clone(), "sleep", json!({"ms": 20_000, "mark": id}));
        let mut wire = client.post(call).with("Accept", accept).open(pontoon.addr);
        let at_child = || {
            let calls = pontoon.record.messages("tools/call");
            calls.into_iter().find(|call| call["params"]["arguments"]["mark"] == id)
        };
        eventually("the call is at the child", seconds(5), || at_child().is_some());
        assert!(client.cancel(id.clone()).expect(202, "cancel").body.is_empty());
        expect_no_answer(&mut wire);
        eventually("the child is told", seconds(5), || {
            pontoon.record.messages("notifications/cancelled").len() == before + 1
        });
        let told = &pontoon.record.messages("notifications/cancelled")[before];
        assert_eq!(told["params"]["requestId"], at_child().unwrap()["id"], "the child's own id");
        assert_eq!(told["params"]["reason"], "test");
    }
    client.expect_served();
    assert_eq!(pontoon.metric("pontoon_requests_in_flight", &[]), 0.0);
}

pub fn cancelled_calls_that_are_answered_late(target: &Target) {
    let (pontoon, client) = scene(target, &[]);
    let mut wire = client.start(tool_call(1, "late", json!({"ms": 300})));
    eventually("the call is at the child", seconds(5), || {
        pontoon.record.lines_with("\"late\"").len() == 1
    });
    client.cancel(1).expect(202, "cancel");
    expect_no_answer(&mut wire);
    // The id is free again, and the late answer is not used for the new call.
    let answer = client.send(tool_call(1, "echo", json!({"text": "new", "ms": 3000}))).answer();
    assert_eq!(text_of(&answer), "new");
    assert_eq!(pontoon.metric("pontoon_dropped_messages_total", &["answer"]), 1.0);
}

pub fn cancelling_what_is_not_there(target: &Target) {
    let (pontoon, client) = scene(target, &[]);
    let other = Client::open(&pontoon);
    let mut wire = client.start(tool_call(1, "echo", json!({"text": "unharmed", "ms": 500})));
    eventually("the call is at the child", seconds(5), || {
        pontoon.record.lines_with("unharmed").len() == 1
    });
    client.cancel(2).expect(202, "an unknown id");
    client.cancel("1").expect(202, "the id as a string");
    other.cancel(1).expect(202, "the id in another session");
    client.notify("notifications/cancelled", json!({})).expect(202, "no id at all");
    assert_eq!(text_of(&wire.response().answer()), "unharmed");
}

pub fn timeout(target: &Target) {
    let (pontoon, client) = scene(target, &["--request-timeout", "2"]);
    let started = Instant::now();
    let mut hanging = client.start(tool_call("slow", "hang", json!({})));
    let mut quick = client.start(tool_call(2, "echo", json!({"text": "quick", "ms": 100})));
    assert_eq!(text_of(&quick.response().answer()), "quick", "others go on");
    let answer = hanging.response().answer();
    let took = started.elapsed();
    assert!(took >= seconds(2) && took < seconds(15), "after {took:?}");
    assert_eq!(answer["id"], "slow");
    assert_eq!(answer["error"]["code"], -32603, "{answer}");
    let text = "The server did not answer within 2 s (--request-timeout)";
    assert_eq!(answer["error"]["message"], text);
    eventually("it is logged", seconds(10), || !pontoon.log_events("timed_out").is_empty());
    let [logged] = &pontoon.log_events("timed_out")[..] else { panic!("{}", pontoon.log()) };
    assert_eq!((&logged["level"], &logged["method"]), (&json!("warning"), &json!("tools/call")));
    assert_eq!(logged["limit"].as_f64(), Some(2.0), "{logged}");
    assert_eq!(logged["option"], "--request-timeout");
    eventually("the child is told", seconds(5), || {
        pontoon.record.messages("notifications/cancelled").len() == 1
    });
    let calls = pontoon.record.messages("tools/call");
    let hang = calls.iter().find(|call| call["params"]["name"] == "hang").unwrap();
    let told = &pontoon.record.messages("notifications/cancelled")[0];
    assert_eq!(told["params"]["requestId"], hang["id"]);
    client.expect_served();
}

/// The error after a second without an answer.
const LATE: &str = "The server did not answer within 1 s (--request-timeout)";

pub fn progress_puts_off_the_timeout(target: &Target) {
    let (_pontoon, client) = scene(target, &["--request-timeout", "1"]);
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
        "name": "progress", "arguments": {"n": 6, "ms": 400}, "_meta": {"progressToken": "t"}}});
    let answer = client.send(call).answer();
    assert_eq!(text_of(&answer), "done", "2.4 s in all, but never 1 s of silence");
}

pub fn a_question_puts_off_the_timeout_of_its_call(target: &Target) {
    let (_pontoon, client) = scene(target, &["--request-timeout", "1"]);
    let question = json!({"method": "roots/list", "params": {}, "id": "q"});
    let mut asking = client.stream(tool_call(1, "ask", question));
    assert_eq!(asking.message()["id"], "q");
    let other = client.call("hang", json!({}));
    assert_eq!(other["error"]["message"], LATE, "it came after the question");
    sleep(millis(500));
    client.respond(&json!("q"), json!({"roots": []})).expect(202, "answer");
    assert!(text_of(&asking.message()).contains("roots"));
}

pub fn a_question_puts_off_no_other_timeout(target: &Target) {
    let (pontoon, client) = scene(target, &["--request-timeout", "1"]);
    client.call_json("ask_later", json!({"method": "roots/list", "params": {}, "id": "q"}));
    eventually("the question waits", seconds(5), || {
        pontoon.metric("pontoon_queue_bytes", &[]) > 0.0
    });
    let started = Instant::now();
    let answer = client.call_json("hang", json!({}));
    assert_eq!(answer["error"]["message"], LATE, "no stream could show the question");
    let mut listening = client.listen();
    assert_eq!(listening.message()["id"], "q");
    let answer = client.call("hang", json!({}));
    assert_eq!(answer["error"]["message"], LATE, "it came after the question");
    assert!(started.elapsed() < seconds(60), "{:?}", started.elapsed());
}

pub fn a_client_that_stops_reading(target: &Target) {
    let (mut pontoon, client) = scene(target, &[]);
    let canary = Client::open(&pontoon);
    canary.expect_served();
    let before = rss_kib(pontoon.pid());
    let flood = client.post(tool_call(1, "flood", json!({"bytes": 256 << 20})));
    let mut deaf = Wire::connect_narrow(pontoon.addr, 4096);
    deaf.send(flood.with("Accept", "text/event-stream").bytes());
    let started = Instant::now();
    let mut slowest = millis(0);
    while started.elapsed() < seconds(2) {
        sleep(millis(5));
        let call = Instant::now();
        canary.expect_served();
        slowest = slowest.max(call.elapsed());
        let grown = rss_kib(pontoon.pid()).saturating_sub(before);
        assert!(grown < 40 * 1024, "{grown} KiB more in memory");
    }
    assert!(slowest < seconds(5), "another session waited {slowest:?}");
    deaf.reset();
    pontoon.expect_alive("after a deaf client");
    canary.expect_served();
}

pub fn a_client_that_stops_reading_a_large_answer(target: &Target) {
    let (mut pontoon, client) = scene(target, &[]);
    let before = rss_kib(pontoon.pid());
    let deaf: Vec<_> = (0..4)
        .map(|id| {
            let mut wire = Wire::connect_narrow(pontoon.addr, 4096);
            wire.send(client.post(tool_call(id, "big", json!({"bytes": 4 << 20}))).bytes());
            wire
        })
        .collect();
    let canary = Client::open(&pontoon);
    sleep(millis(500));
    canary.expect_served();
    let grown = rss_kib(pontoon.pid()).saturating_sub(before);
    assert!(grown < 60 * 1024, "{grown} KiB more in memory for 16 MiB of answers");
    drop(deaf);
    client.expect_served();
    pontoon.expect_alive("after deaf clients");
}

pub fn a_child_that_stops_reading(target: &Target) {
    let (mut pontoon, client) = scene(target, &["--request-timeout", "2"]);
    let canary = Client::open(&pontoon);
    let before = rss_kib(pontoon.pid());
    client.text("ignore_stdin", json!({}));
    let text = "x".repeat(1 << 20);
    let call = |id| client.start(tool_call(id, "echo", json!({"text": text})));
    let mut calls: Vec<_> = (0..16).map(|id| (id, call(id))).collect();
    for _ in 0..20 {
        canary.expect_served();
        sleep(millis(50));
    }
    for (id, wire) in &mut calls {
        let answer = wire.response().answer();
        assert_eq!(answer["id"], *id, "{answer}");
        assert_eq!(answer["error"]["code"], -32603, "{answer}");
    }
    let grown = rss_kib(pontoon.pid()).saturating_sub(before);
    assert!(grown < 60 * 1024, "{grown} KiB more in memory");
    pontoon.expect_alive("after a deaf child");
}
