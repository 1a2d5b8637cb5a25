use super::*;
use crate::random::IdSource;

fn lines(head: &ReplyHead) -> Vec<String> {
    let mut lines = Vec::new();
    head.headers(|name, value| lines.push(format!("{name}: {value}")));
    lines
}

fn cors(preflight: bool) -> Option<Cors> {
    Some(Cors { origin: "https://app.example".into(), preflight, requested: Box::default() })
}

#[test]
fn an_empty_answer_says_only_what_it_hangs_on() {
    assert_eq!(lines(&ReplyHead::new(202)), ["vary: Origin"]);
}

#[test]
fn an_answer_with_everything() {
    let session = IdSource::new([7; 32]).session();
    let mut head = ReplyHead::with_body(200, ContentType::Json);
    head.session = Some(session);
    head.allow = Some("GET");
    head.retry_after = Some(5);
    head.close = true;
    head.cors = cors(false);
    assert_eq!(
        lines(&head),
        [
            "content-type: application/json",
            "cache-control: no-store",
            &format!("mcp-session-id: {session}"),
            "allow: GET",
            "retry-after: 5",
            "connection: close",
            "vary: Origin",
            "access-control-allow-origin: https://app.example",
            "access-control-expose-headers: mcp-session-id, retry-after, www-authenticate",
        ]
    );
}

#[test]
fn nothing_on_the_way_may_hold_back_a_stream() {
    assert_eq!(
        lines(&ReplyHead::with_body(200, ContentType::EventStream)),
        [
            "content-type: text/event-stream",
            "cache-control: no-cache, no-store, no-transform",
            "x-accel-buffering: no",
            "vary: Origin",
        ]
    );
}

#[test]
fn a_refusal_is_a_json_rpc_error_without_an_id() {
    let answer = Answer::refusal(Reject::NotFound, cors(false));
    assert_eq!((answer.head.status, answer.reject), (404, Some(Reject::NotFound)));
    assert_eq!(answer.body, r#"{"jsonrpc":"2.0","error":{"code":-32600,"message":"Not found"}}"#);
    assert!(
        lines(&answer.head).contains(&"access-control-allow-origin: https://app.example".into())
    );
}

#[test]
fn a_refusal_carries_what_its_status_needs() {
    let (head, _) = refusal(Reject::MethodNotAllowed { allow: "GET, HEAD" });
    assert_eq!((head.status, head.allow), (405, Some("GET, HEAD")));
    let (head, _) = refusal(Reject::SessionsFull);
    assert_eq!((head.status, head.retry_after, head.close), (503, Some(5), false));
    let (head, _) = refusal(Reject::BodyTooLarge { limit: 5 });
    assert_eq!((head.status, head.close), (413, true));
}

#[test]
fn a_preflight_lists_what_a_page_may_send() {
    let answer = Answer::options("GET, POST", cors(true));
    assert_eq!((answer.head.status, answer.reject), (204, None));
    assert!(answer.body.is_empty());
    assert_eq!(
        lines(&answer.head),
        [
            "allow: GET, POST",
            "vary: Origin",
            "access-control-allow-origin: https://app.example",
            "access-control-allow-methods: GET, POST",
            "access-control-allow-headers: authorization, content-type, accept, last-event-id, mcp-protocol-version, mcp-session-id, mcp-method, mcp-name",
            "access-control-max-age: 86400",
        ]
    );
}

#[test]
fn only_what_is_large_enough_and_no_stream_is_packed() {
    let chosen = |content_type, taken, bytes| {
        let mut head = ReplyHead::with_body(200, content_type);
        head.encode(taken, bytes);
        let lines = lines(&head);
        let vary = lines.contains(&"vary: Origin, Accept-Encoding".to_owned());
        assert_eq!(vary, head.coding != ContentCoding::Uncompressed, "{lines:?}");
        let says_so = lines.contains(&"content-encoding: gzip".to_owned());
        assert_eq!(says_so, head.coding == ContentCoding::Gzip, "{lines:?}");
        head.coding
    };
    assert_eq!(chosen(ContentType::Json, ContentCoding::Gzip, 1024), ContentCoding::Gzip);
    assert_eq!(chosen(ContentType::Json, ContentCoding::Gzip, 1023), ContentCoding::Uncompressed);
    assert_eq!(chosen(ContentType::Metrics, ContentCoding::Gzip, 5000), ContentCoding::Gzip);
    assert_eq!(
        chosen(ContentType::EventStream, ContentCoding::Gzip, 5000),
        ContentCoding::Uncompressed
    );
    assert_eq!(chosen(ContentType::Json, ContentCoding::Identity, 1024), ContentCoding::Identity);
    assert_eq!(
        chosen(ContentType::Json, ContentCoding::Uncompressed, 5000),
        ContentCoding::Uncompressed
    );
}
