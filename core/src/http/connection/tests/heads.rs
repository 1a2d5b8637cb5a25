//! Request heads, and their effect on the answers.

use super::*;

#[test]
fn a_request_is_answered_and_the_next_one_too() {
    let mut harness = Harness::new();
    harness.receive(LIVEZ);
    assert_eq!(
        harness.text(),
        "HTTP/1.1 200 \r\ncontent-type: application/json\r\ncache-control: no-store\r\n\
         vary: Origin\r\ncontent-length: 2\r\n\r\n{}"
    );
    assert_eq!(harness.content, 2);
    harness.receive(LIVEZ);
    assert_eq!(harness.requests.len(), 2);
    assert!(harness.is_open());
}

#[test]
fn pipelined_requests_are_answered_in_order_and_one_at_a_time() {
    let mut harness = Harness::silent();
    let last = "DELETE /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    harness.receive([LIVEZ, LIVEZ, last].concat());
    assert_eq!(harness.requests.len(), 1);
    harness.reply("{}");
    assert_eq!((harness.requests.len(), harness.statuses()), (2, vec!["200"]));
    harness.reply("{}");
    assert_eq!(harness.statuses(), ["200", "200", "405"]);
    assert!(harness.ended.closed);
}

#[test]
fn pipelined_bytes_are_held_back_up_to_the_limit() {
    let mut harness = Harness::silent();
    harness.receive(LIVEZ.repeat(2000));
    assert_eq!(harness.connection.received.len(), Limits::default().head_bytes_max);
    assert_eq!(harness.connection.read_bytes_max(), 0);
    harness.reply("{}");
    assert!(harness.connection.read_bytes_max() > 0);
}

#[test]
fn every_form_of_head_gets_its_form_of_answer() {
    for (case, request, start, contains, closes) in [
        (
            "HTTP/1.0",
            "GET /livez HTTP/1.0\r\nHost: a\r\n\r\n",
            "HTTP/1.0 ",
            "connection: close",
            true,
        ),
        (
            "HTTP/1.0 with keep-alive",
            "GET /livez HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
            "HTTP/1.0 ",
            "connection: keep-alive",
            false,
        ),
        (
            "close is stronger",
            "GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close, keep-alive\r\n\r\n",
            "HTTP/1.1 ",
            "connection: close",
            true,
        ),
        (
            "absolute form",
            "GET http://localhost/livez HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "HTTP/1.1 200",
            "",
            false,
        ),
        (
            "an empty line",
            "\r\nGET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "HTTP/1.1 200",
            "",
            false,
        ),
    ] {
        let mut harness = Harness::new();
        harness.receive(request);
        let text = harness.text();
        assert!(text.starts_with(start) && text.contains(contains), "{case}: {text}");
        assert_eq!(harness.ended.closed, closes, "{case}");
    }
}

#[test]
fn head_is_answered_without_content() {
    let mut harness = Harness::new();
    harness.receive("HEAD /livez HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert!(harness.text().contains("content-length: 2\r\n"), "{}", harness.text());
    assert!(harness.text().ends_with("\r\n\r\n"), "{}", harness.text());
    harness.receive("OPTIONS /mcp HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let (_, options) = harness.text().split_once("HTTP/1.1 204").unwrap();
    assert!(!options.contains("content-length"), "{options}");
    assert!(harness.is_open());
}

#[test]
fn the_last_request_of_a_connection_closes_it() {
    let mut harness = Harness::with(Limits::default(), 2);
    harness.receive(LIVEZ);
    assert!(!harness.text().contains("connection: close"));
    harness.receive(LIVEZ);
    assert!(harness.text().contains("connection: close") && harness.ended.closed);
}

#[test]
fn an_answer_during_the_drain_closes_the_connection() {
    let mut harness = Harness::silent();
    harness.receive(LIVEZ);
    harness.connection.handle_draining();
    harness.reply("{}");
    assert!(harness.text().contains("connection: close") && harness.ended.closed);
}

#[test]
fn a_refusal_of_the_guard_is_answered_after_the_requests_before_it() {
    let mut harness = Harness::new();
    harness.receive([LIVEZ, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", LIVEZ].concat());
    assert_eq!(harness.statuses(), ["200", "400"]);
    assert_eq!(harness.refused, [Reject::BadHost]);
    assert!(harness.text().contains("connection: close") && harness.ended.shutdown);
}

#[test]
fn every_refusal_of_the_guard_closes_the_connection_with_its_status() {
    let long = format!("GET /{} HTTP/1.1\r\n", "x".repeat(9000));
    let large = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(40_000));
    for (request, status) in [
        ("GET / HTTP/1.1\n\n", "400"),
        ("GET / HTTP/1.1\r\n\r\n", "400"),
        ("GET x HTTP/1.1\r\n\r\n", "400"),
        ("GET / HTTP/2.0\r\n\r\n", "505"),
        ("\x16\x03\x01", "400"),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\n", "400"),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", "400"),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n", "413"),
        ("POST / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n", "417"),
        (&long, "414"),
        (&large, "431"),
    ] {
        let mut harness = Harness::new();
        harness.receive(request);
        assert_eq!(
            harness.statuses(),
            [status],
            "{}: {}",
            &request[..20.min(request.len())],
            harness.text()
        );
        assert!(harness.text().contains("connection: close\r\n"), "{}", harness.text());
        assert!(harness.ended.shutdown && harness.requests.is_empty());
        assert_eq!(harness.refused.len(), 1, "it is reported once");
    }
}
