//! The bodies of requests and of responses.

use super::*;

fn body_of(request: &Request) -> String {
    format!("{request:?}")
}

#[test]
fn a_body_is_read_in_both_framings() {
    let half = PING.len() / 2;
    let chunks = format!(
        "{half:x};note=\"x\"\r\n{}\r\n{:X}\r\n{}\r\n0\r\n\r\n",
        &PING[..half],
        PING.len() - half,
        &PING[half..]
    );
    for request in [ping(), post("Transfer-Encoding: chunked\r\n", &chunks)] {
        let mut harness = Harness::new();
        harness.receive(request + LIVEZ);
        assert!(body_of(&harness.requests[0]).contains("ping"), "{:?}", harness.requests[0]);
        assert_eq!(harness.statuses(), ["200", "200"]);
    }
}

#[test]
fn a_broken_body_is_refused_in_place_of_its_request() {
    for (case, headers, body, status) in [
        ("no chunk", "Transfer-Encoding: chunked\r\n", "no chunk\r\n", "400"),
        ("a trailer", "Transfer-Encoding: chunked\r\n", "0\r\nX: y\r\n\r\n", "400"),
        ("too large", "Transfer-Encoding: chunked\r\n", "ffffffff\r\n", "413"),
        ("no JSON", "Content-Length: 1\r\n", "{", "400"),
    ] {
        let mut harness = Harness::new();
        let origin = "Origin: https://app.example\r\n";
        harness.receive(post(&format!("{origin}{headers}"), body));
        assert_eq!(harness.statuses(), [status], "{case}: {}", harness.text());
        let allowed = "access-control-allow-origin: https://app.example\r\n";
        assert!(harness.text().contains(allowed), "{case}: {}", harness.text());
        assert_eq!((harness.requests.len(), harness.refused.len()), (0, 1), "{case}");
        assert_eq!(harness.is_open(), case == "no JSON", "{case}");
    }
}

#[test]
fn a_client_that_waits_is_told_to_continue() {
    let length = format!("Content-Length: {}\r\nExpect: 100-continue\r\n", PING.len());
    let mut harness = Harness::new();
    harness.receive(post(&length, ""));
    assert_eq!(harness.text(), "HTTP/1.1 100 Continue\r\n\r\n");
    harness.receive(PING);
    assert_eq!(harness.statuses(), ["100", "200"]);
    assert!(harness.is_open());

    // The body is there.
    let mut harness = Harness::new();
    harness.receive(post(&length, PING));
    assert_eq!(harness.statuses(), ["200"]);

    // A refused request gets its answer in place of that.
    let mut harness = Harness::new();
    harness.receive(post(&length, "").replace("/mcp", "/nowhere"));
    assert_eq!(harness.statuses(), ["404"]);
    assert!(harness.ended.shutdown && !harness.ended.closed, "it lingers");

    // HTTP/1.0 does not have it.
    let mut harness = Harness::new();
    harness.receive(post(&length, "").replace("HTTP/1.1", "HTTP/1.0"));
    assert_eq!(harness.text(), "");
}

#[test]
fn a_body_that_the_request_does_not_take_ends_the_connection() {
    let head = "GET /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n";
    for body in ["", "GET / HTT"] {
        let mut harness = Harness::new();
        harness.receive([head, body, LIVEZ].concat());
        assert_eq!(harness.statuses(), ["200"]);
        assert!(harness.text().contains("connection: close\r\n"), "{}", harness.text());
        assert!(harness.ended.shutdown);
    }
}

#[test]
fn a_stream_is_sent_in_chunks_as_it_comes() {
    let mut harness = Harness::silent();
    harness.receive(ping());
    harness.connection.begin(ReplyHead::with_body(200, ContentType::EventStream), harness.now);
    harness.drive();
    assert!(harness.text().contains("transfer-encoding: chunked\r\n"), "{}", harness.text());
    let head = harness.sent.len();
    harness.connection.send(&mut VecDeque::from([Bytes::from("data: "), Bytes::from("x\n\n")]));
    harness.drive();
    assert_eq!(&harness.text()[head..], "9\r\ndata: x\n\n\r\n");
    assert_eq!(harness.content, 9);
    harness.connection.finish();
    harness.drive();
    assert!(harness.text().ends_with("\r\n0\r\n\r\n"));
    harness.receive(LIVEZ);
    assert_eq!(harness.requests.len(), 2);
}

#[test]
fn a_stream_in_http_10_ends_with_the_connection() {
    let mut harness = Harness::silent();
    harness.receive(ping().replace("HTTP/1.1", "HTTP/1.0"));
    harness.connection.begin(ReplyHead::with_body(200, ContentType::EventStream), harness.now);
    harness.connection.send(&mut VecDeque::from([Bytes::from("data: x\n\n")]));
    harness.connection.finish();
    harness.drive();
    assert!(harness.text().contains("connection: close\r\n"), "{}", harness.text());
    assert!(harness.text().ends_with("\r\n\r\ndata: x\n\n"), "{}", harness.text());
    assert!(harness.ended.closed);
}

#[test]
fn the_transport_may_take_any_number_of_bytes() {
    let mut harness = Harness::silent();
    harness.receive(LIVEZ);
    let (head, body) = (ReplyHead::with_body(200, ContentType::Json), Chunk::from("0123456789"));
    harness.connection.respond(head, body, harness.now);
    let whole = harness.connection.poll_transmit().collect::<Vec<_>>().concat();
    let (mut sent, mut content) = (Vec::new(), 0);
    while !harness.connection.has_sent_all() {
        let next = harness.connection.poll_transmit().next().unwrap()[0];
        sent.push(next);
        content += harness.connection.handle_sent(1, harness.now);
    }
    assert_eq!((sent, content), (whole, 10));
}

/// A client is not waited for while an authorization server is asked about its token.
#[test]
fn the_time_for_a_body_begins_with_the_verdict() {
    let seconds = Duration::from_secs;
    let request = ping();
    for (bytes, status) in [(&request[..], "200"), (&request[..request.len() - 1], "408")] {
        let mut harness = Harness { holds: true, ..Harness::new() };
        harness.receive(bytes).wait(seconds(6)).wait(seconds(6)).admit();
        assert!(harness.refused.is_empty(), "{:?}", harness.refused);
        harness.wait(seconds(4));
        assert_eq!(harness.refused.len(), 0, "{status}");
        harness.wait(seconds(2));
        assert_eq!(harness.statuses(), [status]);
    }
}
