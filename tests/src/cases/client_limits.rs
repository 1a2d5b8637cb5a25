//! The limits for each client.

use std::net::Ipv4Addr;
use std::time::Duration;

use serde_json::json;

use crate::Target;
use crate::cases::modern_bridge::each;
use crate::cases::sse_2024::Peer;
use crate::client::{Client, NEWEST, initialize, tool_call};
use crate::modern::Modern;
use crate::pontoon::Pontoon;
use crate::wait::{Instant, eventually, millis, seconds};
use crate::wire::{Request, Response, Wire};

cases! { $ client_limits:
    a_burst_is_refilled
    requests_in_progress
    a_call_counts_after_its_client_has_left
    a_call_over_http_sse_counts_until_it_is_answered
    a_cancelled_call_counts_no_longer
    a_call_gets_the_answer_that_it_waits_for
    sessions_of_a_client
    a_client_over_its_limit_is_logged_once_a_minute

    ; on sockets only:
    clients_do_not_disturb_each_other: "simulated connections have no address"
    a_changed_token_is_the_same_client: "simulated connections have no address"
}

const PING: &str = r#"{"jsonrpc": "2.0", "id": 7, "method": "ping"}"#;

/// Sends requests until one is refused.
#[track_caller]
fn flood(client: &Client) -> Response {
    let refused = (0..500).map(|_| client.send(PING)).find(|response| response.status() != 200);
    refused.expect("one is refused")
}

pub fn a_burst_is_refilled(target: &Target) {
    let pontoon = target.proxy().options(&["--requests-per-second", "1", "--burst", "8"]).start();
    let client = Client::open(&pontoon);
    let refused = flood(&client);
    let text = refused.expect_error(429, -32000, "too fast");
    assert!(text.contains("--requests-per-second"), "{text}");
    assert_eq!(refused.header("retry-after"), Some("1"));
    let reason = r#"reason="rate_exceeded""#;
    assert_eq!(pontoon.metric("pontoon_rejects_total", &[reason]), 1.0);
    pontoon.get("/livez").expect(200, "probes are not limited");
    eventually("one more is allowed", seconds(20), || client.send(PING).status() == 200);
    flood(&client);
    client.delete().expect(204, "the end of a session is not limited");
}

pub fn requests_in_progress(target: &Target) {
    for (era, pontoon) in each(target, &["--concurrent-requests", "2"]) {
        let client = Client::open(&pontoon);
        let modern = Modern::new(&pontoon);
        let stream = client.listen();
        let subscription = modern.listen(json!({"toolsListChanged": true}));
        let call = modern.tool_call("hang", json!({}));
        let calls = (client.start(tool_call(1, "hang", json!({}))), modern.start(&call));
        expect_calls(&pontoon, 2);
        let refused = client.send(PING);
        let text = refused.expect_error(429, -32000, era);
        assert!(text.contains("--concurrent-requests"), "{text}");
        assert_eq!((refused.header("retry-after"), &refused.json()["id"]), (Some("1"), &json!(7)));
        modern.send(&call).expect_error(429, -32000, era);
        client.cancel(99).expect(202, "notifications are not counted");
        pontoon.get("/readyz").expect(200, "the server has room");
        drop(calls);
        client.cancel(1).expect(202, "a session goes on without its client");
        eventually("both are cancelled", seconds(20), || client.send(PING).status() == 200);
        for _ in 0..5 {
            client.expect_served();
            modern.expect_served();
        }
        drop((stream, subscription));
    }
}

/// Waits until so many calls have reached a child. Another request before that could take the place
/// of a call.
#[track_caller]
fn expect_calls(pontoon: &Pontoon, count: usize) {
    eventually("a call is in progress", seconds(20), || {
        pontoon.record.messages("tools/call").len() == count
    });
}

/// Sends pings until one is answered, and asserts that those before are refused. Returns the time.
#[track_caller]
fn refused_for(mut ping: impl FnMut() -> Response) -> Duration {
    eventually("the call is over", seconds(20), || {
        let status = ping().status();
        assert!(matches!(status, 200 | 202 | 429), "{status}");
        status != 429
    })
}

pub fn a_call_counts_after_its_client_has_left(target: &Target) {
    for (era, pontoon) in each(target, &["--concurrent-requests", "1"]) {
        let client = Client::open(&pontoon);
        let start = Instant::now();
        let call = client.start(tool_call(1, "sleep", json!({"ms": 1500})));
        expect_calls(&pontoon, 1);
        client.send(PING).expect_error(429, -32000, era);
        drop(call);
        refused_for(|| client.send(PING));
        let took = start.elapsed();
        assert!(took >= millis(1500), "{era}: the child worked until then, and not {took:?}");
    }
}

pub fn a_call_over_http_sse_counts_until_it_is_answered(target: &Target) {
    for (era, pontoon) in each(target, &["--concurrent-requests", "1", "--sse"]) {
        let mut peer = Peer::open(&pontoon);
        let start = Instant::now();
        peer.send(tool_call(1, "sleep", json!({"ms": 1500})));
        let refused = peer.post(PING);
        let text = refused.expect_error(429, -32000, era);
        assert!(text.contains("--concurrent-requests"), "{text}");
        refused_for(|| peer.post(PING));
        let took = start.elapsed();
        assert!(took >= millis(1500), "{era}: it was answered then, and not after {took:?}");
        assert_eq!(peer.events.message()["id"], 1);
    }
}

pub fn a_cancelled_call_counts_no_longer(target: &Target) {
    for (era, pontoon) in each(target, &["--concurrent-requests", "1"]) {
        let (client, modern) = (Client::open(&pontoon), Modern::new(&pontoon));
        let call = client.start(tool_call(1, "hang", json!({})));
        expect_calls(&pontoon, 1);
        client.send(PING).expect_error(429, -32000, era);
        client.cancel(1).expect(202, era);
        refused_for(|| client.send(PING));
        drop(call);
        let call = modern.start(&modern.tool_call("hang", json!({})));
        expect_calls(&pontoon, 2);
        client.send(PING).expect_error(429, -32000, era);
        drop(call);
        refused_for(|| client.send(PING));
    }
}

pub fn a_call_gets_the_answer_that_it_waits_for(target: &Target) {
    let pontoon = target.proxy().options(&["--concurrent-requests", "1"]).start();
    let client = Client::open(&pontoon);
    let question = json!({"method": "roots/list", "params": {}, "id": "q"});
    let mut asking = client.stream(tool_call(1, "ask", question));
    assert_eq!(asking.message()["id"], "q");
    client.send(PING).expect_error(429, -32000, "the call is in progress");
    client.respond(&json!("q"), json!({"roots": []})).expect(202, "answer");
    assert_eq!(asking.message()["id"], 1);
    eventually("the call is over", seconds(20), || client.send(PING).status() == 200);
}

pub fn sessions_of_a_client(target: &Target) {
    for (era, pontoon) in each(target, &["--sessions-per-client", "2"]) {
        let [first, _second] = [Client::open(&pontoon), Client::open(&pontoon)];
        let open = || Request::post(initialize(NEWEST).to_string()).send(pontoon.addr);
        let refused = open();
        let text = refused.expect_error(429, -32000, era);
        assert!(text.contains("--sessions-per-client"), "{text}");
        assert_eq!(refused.header("retry-after"), Some("5"));
        first.delete().expect(204, era);
        Client::open(&pontoon).expect_served();
    }
    for (_, pontoon) in each(target, &["--sessions-per-client", "1", "--timeout", "1"]) {
        Client::open(&pontoon);
        let open = || Request::post(initialize(NEWEST).to_string()).send(pontoon.addr);
        eventually("an unused session ends", seconds(30), || open().status() == 200);
    }
}

pub fn a_client_over_its_limit_is_logged_once_a_minute(target: &Target) {
    let options = ["--requests-per-second", "1", "--sessions-per-client", "1"];
    let pontoon = target.proxy().options(&options).start();
    let client = Client::open(&pontoon);
    for _ in 0..3 {
        let refused = Request::post(initialize(NEWEST).to_string()).send(pontoon.addr);
        assert_eq!(refused.status(), 429);
    }
    for _ in 0..3 {
        flood(&client);
    }
    let logged = |reason: &str| {
        let refused = pontoon.log_events("refused").into_iter();
        refused.filter(|line| line["reason"] == reason).collect::<Vec<_>>()
    };
    let reasons = [
        ("client_sessions_full", "--sessions-per-client"),
        ("rate_exceeded", "--requests-per-second"),
    ];
    for (reason, option) in reasons {
        eventually("it is logged", seconds(10), || !logged(reason).is_empty());
        let lines = logged(reason);
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert_eq!((&lines[0]["option"], &lines[0]["level"]), (&json!(option), &json!("warning")));
        assert!(lines[0]["client"].is_string(), "{lines:?}");
    }
}

/// Sends a request from this address.
#[track_caller]
fn from(source: [u8; 4], pontoon: &Pontoon, request: &Request) -> Response {
    Wire::connect_from(Ipv4Addr::from(source), pontoon.addr).send(request.bytes()).response()
}

pub fn clients_do_not_disturb_each_other(target: &Target) {
    let limits = ["--sessions-per-client", "1", "--requests-per-second", "1", "--burst", "30"];
    let pontoon = target.proxy().options(&limits).start();
    let other = Client::open(&pontoon);
    flood(&other).expect_error(429, -32000, "one client");
    let open = Request::post(initialize(NEWEST).to_string());
    from([127, 0, 0, 2], &pontoon, &open).expect(200, "another one");
    from([127, 0, 0, 2], &pontoon, &open).expect_error(429, -32000, "its second session");
    from([127, 0, 0, 3], &pontoon, &open).expect(200, "a third one");
}

pub fn a_changed_token_is_the_same_client(target: &Target) {
    let pontoon = target.proxy().options(&["--sessions-per-client", "1"]).start();
    let open = |token: &str| {
        let request = Request::post(initialize(NEWEST).to_string());
        request.header("Authorization", token).send(pontoon.addr)
    };
    open("Bearer one").expect(200, "the first session");
    open("Bearer two").expect_error(429, -32000, "tokens are not verified");
}
