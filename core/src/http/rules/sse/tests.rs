use bytes::Bytes;

use super::*;
use crate::child_spec::ChildSpec;
use crate::config::{Config, Native, Serves};
use crate::http::{Admission, Answer, Rules};
use crate::native::tests::Fixture;
use crate::principal::Principal;
use crate::time::Instant;

const ID: &str = "8e6b2f5c-1f0a-4a57-9c3e-0d9c0a7b1e42";

struct Lines<'a>(&'a [(&'a str, &'a str)]);

impl Headers for Lines<'_> {
    fn values<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.0.iter().filter(move |line| line.0 == name).map(|line| line.1.as_bytes())
    }

    fn lines(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|line| (line.0, line.1.as_bytes()))
    }
}

fn config() -> Config {
    let spec = ChildSpec { program: "child".into(), args: Vec::new(), env: None, cwd: None };
    Config {
        origins: vec!["https://app.example".into()],
        sse: true,
        ..Config::new(Serves::Command(spec))
    }
}

const POSTED: [(&str, &str); 2] = [("host", "localhost"), ("content-type", "application/json")];

fn with_head<T>(
    (method, target): (&str, &str),
    lines: &[(&str, &str)],
    work: impl FnOnce(&RequestHead<'_, Lines<'_>>) -> T,
) -> T {
    let headers = &Lines(lines);
    work(&RequestHead { method, target, headers, peer: None, arrived: Instant::ZERO })
}

fn admit(
    config: &Config,
    asked: (&str, &str),
    lines: &[(&str, &str)],
) -> Result<Admission, Box<Answer>> {
    with_head(asked, lines, |head| Rules::new(config).admit(head, crate::time::Duration::ZERO))
}

fn refused(config: &Config, asked: (&str, &str)) -> Option<Reject> {
    admit(config, asked, &POSTED).err().and_then(|answer| answer.reject)
}

fn request(asked: (&str, &str), lines: &[(&str, &str)]) -> Request {
    let body = Bytes::from_static(br#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#);
    let admission = admit(&config(), asked, lines).expect("admitted");
    with_head(asked, lines, |head| admission.request(body, head)).expect("a request")
}

/// Returns the session of a POST to this target.
fn named(target: &str) -> SessionHeader {
    match request(("POST", target), &POSTED) {
        Request::PostSse { head, .. } => head.session,
        other => panic!("{other:?}"),
    }
}

#[test]
fn messages_are_posted_to_where_the_stream_says() {
    let id = SessionId::parse(ID.as_bytes()).unwrap();
    // Clients resolve it against the URL of the stream, including any prefix of a gateway.
    assert_eq!(endpoint(id), format!("messages?sessionId={ID}"));
    for base in ["/", "/sse/"] {
        assert_eq!(named(&format!("{base}{}", endpoint(id))), SessionHeader::Id(id), "{base}");
    }
    assert_eq!(named(&format!("/messages/?a=b&sessionId={ID}&c")), SessionHeader::Id(id));
}

#[test]
fn whatever_else_names_no_session() {
    for query in [
        String::new(),
        "?".to_owned(),
        "?sessionId".to_owned(),
        "?sessionId=".to_owned(),
        "?sessionId=nonsense".to_owned(),
        format!("?sessionid={ID}"),
        format!("?xsessionId={ID}"),
        format!("?sessionId={ID}?"),
        format!("?sessionId={}", ID.to_uppercase()),
        format!("?sessionId={ID}&sessionId={ID}"),
    ] {
        assert_eq!(named(&format!("/messages{query}")), SessionHeader::Foreign, "{query}");
    }
}

#[test]
fn a_get_opens_a_stream() {
    for target in ["/sse", "/sse/", "/sse?x=y"] {
        let lines = [("host", "localhost"), ("accept", "text/event-stream")];
        assert!(matches!(request(("GET", target), &lines), Request::OpenSse { .. }), "{target}");
    }
    let lines = [("host", "localhost"), ("accept", "application/json")];
    let refusal = admit(&config(), ("GET", "/sse"), &lines).unwrap_err();
    assert_eq!(refusal.reject, Some(Reject::NotAcceptable));
}

#[test]
fn headers_of_later_transports_mean_nothing() {
    let lines = [
        ("host", "localhost"),
        ("content-type", "application/json"),
        ("mcp-session-id", ID),
        ("mcp-protocol-version", "2026-07-28"),
        ("mcp-method", "ping"),
        ("last-event-id", "0-1"),
        ("accept", "text/html"),
    ];
    let Request::PostSse { head, .. } = request(("POST", "/messages"), &lines) else { panic!() };
    assert_eq!((head.session, head.revision), (SessionHeader::Foreign, RevisionHeader::Absent));
    assert_eq!((head.last_event, head.request_headers), (LastEvent::Absent, None));
}

#[test]
fn malformed_ones_mean_as_little_and_the_client_is_known() {
    let own = Principal::of(Some(b"Bearer own"));
    for name in ["mcp-session-id", "mcp-protocol-version", "last-event-id"] {
        for values in [&["not visible"][..], &["\u{e9}"], &[""], &["1", "2"]] {
            let later = values.iter().map(|value| (name, *value));
            let lines = [POSTED[0], POSTED[1], ("authorization", "Bearer own")];
            let lines: Vec<_> = lines.into_iter().chain(later).collect();
            for asked in [("GET", "/sse"), ("POST", "/messages")] {
                let head = match request(asked, &lines) {
                    Request::OpenSse { head } | Request::PostSse { head, .. } => head,
                    other => panic!("{other:?}"),
                };
                assert_eq!(head.revision, RevisionHeader::Absent, "{name}: {values:?}");
                assert_eq!(head.principal, own);
            }
        }
    }
}

#[test]
fn each_path_has_its_methods() {
    for (path, allow) in [("/sse", "GET, OPTIONS"), ("/messages", "POST, OPTIONS")] {
        let others = ["GET", "POST", "HEAD", "DELETE", "PUT"];
        for method in others.into_iter().filter(|method| !allow.contains(method)) {
            let refusal = Some(Reject::MethodNotAllowed { allow });
            assert_eq!(refused(&config(), (method, path)), refusal, "{method} {path}");
        }
        let lines = [
            ("host", "localhost"),
            ("origin", "https://app.example"),
            ("access-control-request-method", "GET"),
        ];
        let answer = admit(&config(), ("OPTIONS", path), &lines).unwrap_err();
        assert_eq!((answer.head.status, answer.head.allow), (204, Some(allow)));
        assert!(answer.head.cors.is_some_and(|cors| cors.preflight));
    }
}

#[test]
fn who_may_ask_and_what_may_be_sent_is_as_anywhere() {
    let judged = |asked, lines: &[_]| admit(&config(), asked, lines).unwrap_err().reject;
    for asked in [("GET", "/sse"), ("POST", "/messages")] {
        let rebound = [("host", "evil.example"), ("content-type", "application/json")];
        assert_eq!(judged(asked, &rebound), Some(Reject::ForbiddenHost));
        let foreign = [POSTED[0], POSTED[1], ("origin", "https://evil.example")];
        assert_eq!(judged(asked, &foreign), Some(Reject::ForbiddenOrigin));
    }
    let text = [("host", "localhost"), ("content-type", "text/plain")];
    assert_eq!(judged(("POST", "/messages"), &text), Some(Reject::UnsupportedMediaType));
}

#[test]
fn it_is_served_only_where_it_is_wanted_and_there_are_sessions() {
    let off = Config { sse: false, ..config() };
    let stateless = Native::stateless(std::sync::Arc::new(Fixture::new()));
    let stateless = Config { serves: Serves::Native(stateless), ..config() };
    for asked in [("GET", "/sse"), ("POST", "/messages"), ("OPTIONS", "/sse")] {
        for config in [&off, &stateless] {
            assert_eq!(refused(config, asked), Some(Reject::NotFound), "{asked:?}");
        }
        assert_ne!(refused(&config(), asked), Some(Reject::NotFound), "{asked:?}");
    }
}

#[test]
fn the_endpoint_goes_before_it() {
    let config = Config { path: "/sse".into(), ..config() };
    let allow = "GET, POST, DELETE, OPTIONS";
    assert_eq!(refused(&config, ("PUT", "/sse")), Some(Reject::MethodNotAllowed { allow }));
}
