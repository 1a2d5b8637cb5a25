//! Deadlines, and how a connection ends.

use super::*;

fn due(harness: &Harness) -> Duration {
    harness.connection.poll_timeout().unwrap().at.since(harness.now)
}

#[test]
fn silence_ends_a_connection_without_an_answer() {
    let mut harness = Harness::new();
    assert_eq!(due(&harness), Limits::default().head_time_max);
    harness.wait(Limits::default().head_time_max);
    assert_eq!((harness.text(), harness.ended.closed), ("", true));

    let mut harness = Harness::new();
    harness.receive(LIVEZ).sent.clear();
    assert_eq!(due(&harness), Limits::default().idle_time_max);
    harness.wait(Limits::default().idle_time_max);
    assert_eq!((harness.text(), harness.ended.closed), ("", true));
}

#[test]
fn a_request_that_has_just_come_keeps_the_connection_open() {
    let mut harness = Harness::new();
    harness.receive(LIVEZ);
    harness.now = harness.now + Limits::default().idle_time_max;
    harness.receive(LIVEZ).wait(Duration::ZERO);
    assert_eq!(harness.statuses(), ["200", "200"]);
    assert!(harness.is_open());
}

#[test]
fn a_slow_head_or_body_is_refused_and_the_connection_lingers() {
    for (request, time) in [
        (LIVEZ[..20].to_owned(), Limits::default().head_time_max),
        (post("Content-Length: 99\r\n", "{"), Limits::default().body_grace),
    ] {
        let mut harness = Harness::new();
        harness.receive(request).wait(time);
        assert_eq!(harness.statuses(), ["408"]);
        assert_eq!(harness.ended, Ended { shutdown: true, closed: false });
        harness.receive("more of it").wait(Limits::default().linger_time_max);
        assert!(harness.ended.closed);
        assert_eq!(harness.statuses(), ["408"]);
    }
}

#[test]
fn a_lingering_connection_takes_only_so_many_bytes() {
    let limits = Limits { body_bytes_max: 50_000, ..Limits::default() };
    let mut harness = Harness::with(limits, u64::MAX);
    harness.receive("GET / HTTP/1.1\n");
    assert!(!harness.ended.closed);
    harness.receive([b'x'; 49_999]);
    assert!(!harness.ended.closed);
    harness.receive(b"x");
    assert!(harness.ended.closed);
}

#[test]
fn a_lingering_connection_ends_with_its_peer() {
    let mut harness = Harness::new();
    harness.receive("GET / HTTP/1.1\n").end();
    assert!(harness.ended.closed);
}

#[test]
fn a_client_that_has_sent_all_is_answered() {
    let mut harness = Harness::silent();
    harness.receive([LIVEZ, LIVEZ].concat()).end();
    assert_eq!(due(&harness), Limits::default().half_closed_time_max);
    harness.reply("{}").reply("{}");
    assert_eq!(harness.statuses(), ["200", "200"]);
    assert!(harness.ended.closed);
}

#[test]
fn a_client_that_breaks_its_request_off_is_told_so() {
    for request in [LIVEZ[..20].to_owned(), post("Content-Length: 99\r\n", "{")] {
        let mut harness = Harness::new();
        harness.receive(request).end();
        assert_eq!(harness.statuses(), ["400"]);
        assert_eq!(harness.refused, [Reject::BodyTruncated]);
        assert!(harness.ended.closed);
    }
}

#[test]
fn a_client_that_leaves_its_stream_is_noticed_at_once() {
    let mut harness = Harness::silent();
    harness.receive(ping());
    harness.connection.begin(ReplyHead::with_body(200, ContentType::EventStream), harness.now);
    harness.drive();
    harness.end();
    assert_eq!(due(&harness), Duration::ZERO);
    harness.wait(Duration::ZERO);
    assert!(harness.ended.closed);
}

#[test]
fn an_answer_that_is_not_taken_ends_the_connection() {
    let mut harness = Harness::silent();
    harness.receive(LIVEZ);
    let (head, body) = (ReplyHead::with_body(200, ContentType::Json), Chunk::from("{}"));
    harness.connection.respond(head, body, harness.now);
    harness.connection.handle_write_blocked(harness.now);
    assert_eq!(harness.connection.poll_event(harness.now).map(|_| ()), None);
    assert_eq!(due(&harness), Limits::default().write_time_max);
    harness.now = harness.now + Limits::default().write_time_max;
    harness.connection.handle_timeout(harness.now);
    let event = harness.connection.poll_event(harness.now);
    assert!(matches!(event, Some(ConnectionEvent::Closed)), "{event:?}");
}

#[test]
fn a_connection_that_waits_for_its_peer_gives_way() {
    for (request, status) in [
        (String::new(), None),
        (LIVEZ[..20].to_owned(), None),
        (post("Content-Length: 99\r\n", "{"), Some("503")),
    ] {
        let mut harness = Harness::new();
        harness.receive(request);
        harness.connection.give_way(harness.now);
        harness.drive();
        assert_eq!(harness.statuses(), status.into_iter().collect::<Vec<_>>());
        assert!(harness.ended.closed || harness.ended.shutdown);
    }
    // The engine has its request.
    let mut harness = Harness::silent();
    harness.receive(LIVEZ);
    harness.connection.give_way(harness.now);
    harness.drive();
    assert!(harness.is_open());
    harness.reply("{}");
    assert!(harness.text().contains("connection: close") && harness.ended.closed);
}

#[test]
fn a_stopped_endpoint_closes_idle_connections_soon() {
    let mut harness = Harness::new();
    harness.connection.handle_stopped(harness.now);
    assert_eq!(due(&harness), Limits::default().farewell_time_max);
    harness.wait(Limits::default().farewell_time_max);
    assert!(harness.ended.closed);
}
