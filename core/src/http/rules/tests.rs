mod cors;
mod mcp_headers;
mod servers;

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::child_spec::ChildSpec;
use crate::config::Native;
use crate::limits::Limits;
use crate::native::tests::Fixture;

const SESSION: &str = "8e6b2f5c-1f0a-4a57-9c3e-0d9c0a7b1e42";
const LISTED: &str = "https://app.example";

struct Lines<'a>(Vec<(&'a str, &'a [u8])>);

impl Headers for Lines<'_> {
    fn values<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.0.iter().filter(move |line| line.0 == name).map(|line| line.1)
    }

    fn lines(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().copied()
    }
}

fn config() -> Config {
    Config {
        hosts: vec!["mcp.example".into()],
        origins: vec![LISTED.into()],
        ..Config::new(Serves::Command(ChildSpec {
            program: "child".into(),
            args: Vec::new(),
            env: None,
            cwd: None,
        }))
    }
}

fn admit_with(
    config: &Config,
    method: &str,
    target: &str,
    lines: &[(&str, &[u8])],
) -> Result<Admission, Box<Answer>> {
    let headers = Lines(lines.to_vec());
    let (peer, arrived) = (None, Instant::ZERO);
    let head = RequestHead { method, target, headers: &headers, peer, arrived };
    Rules::new(config).admit(&head, Duration::ZERO)
}

/// Admits a request with these lines besides those that it needs to pass; a line replaces the
/// default one of its name.
fn admit(method: &str, target: &str, lines: &[(&str, &str)]) -> Result<Admission, Box<Answer>> {
    let mut all: Vec<(&str, &[u8])> =
        lines.iter().map(|line| (line.0, line.1.as_bytes())).collect();
    for (name, value) in [("host", "localhost:3000"), ("content-type", "application/json")] {
        if !lines.iter().any(|line| line.0 == name) {
            all.push((name, value.as_bytes()));
        }
    }
    admit_with(&config(), method, target, &all)
}

fn refused(method: &str, target: &str, lines: &[(&str, &str)]) -> Option<Reject> {
    admit(method, target, lines).err().and_then(|answer| answer.reject)
}

fn request(method: &str, target: &str, lines: &[(&str, &str)]) -> Request {
    read(admit(method, target, lines).expect("admitted"), "").expect("a request")
}

/// Reads the request with this body, for a server that reads no head.
fn read(admission: Admission, body: impl Into<Bytes>) -> Result<Request, Box<Answer>> {
    let head = RequestHead {
        method: "POST",
        target: "/mcp",
        headers: &Lines(Vec::new()),
        peer: None,
        arrived: Instant::ZERO,
    };
    admission.request(body.into(), &head)
}

fn head(method: &str, lines: &[(&str, &str)]) -> McpHead {
    let admission = admit(method, "/mcp", lines).expect("admitted");
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    match read(admission, body).expect("a request") {
        Request::Post { head, .. } | Request::Listen { head } | Request::Delete { head } => head,
        other => panic!("no request of the endpoint: {other:?}"),
    }
}

fn sent(head: &crate::http::ReplyHead) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    head.headers(|name, value| lines.push((name.into(), value.into())));
    lines
}

fn sent_names(head: &crate::http::ReplyHead, prefix: &str) -> Vec<String> {
    sent(head).into_iter().map(|line| line.0).filter(|name| name.starts_with(prefix)).collect()
}

#[test]
fn only_a_program_that_packs_asks_what_can_be_unpacked() {
    let lines = [("host", "localhost"), ("accept-encoding", "br, gzip")];
    let lines = lines.map(|(name, value)| (name, value.as_bytes()));
    let coding = |config: &Config| admit_with(config, "GET", "/metrics", &lines).unwrap().coding;
    assert_eq!(coding(&config()), ContentCoding::Uncompressed);
    let native = Native::stateless(Arc::new(Fixture::new()));
    let serving = |native| Config { serves: Serves::Native(native), ..config() };
    assert_eq!(coding(&serving(native.clone())), ContentCoding::Uncompressed);
    assert_eq!(coding(&serving(Native { packs: true, ..native })), ContentCoding::Gzip);
}

#[test]
fn each_path_has_its_methods() {
    assert!(matches!(request("GET", "/health", &[]), Request::Health { .. }));
    assert!(matches!(request("HEAD", "/health", &[]), Request::Health { .. }));
    assert!(matches!(request("GET", "/livez", &[]), Request::Live));
    assert!(matches!(request("GET", "/readyz?verbose", &[]), Request::Ready { .. }));
    assert!(matches!(request("HEAD", "/metrics", &[]), Request::Metrics));
    assert!(matches!(request("GET", "/mcp", &[]), Request::Listen { .. }));
    assert!(matches!(request("DELETE", "/mcp", &[]), Request::Delete { .. }));
    assert!(admit("POST", "/mcp", &[]).is_ok());
}

#[test]
fn a_method_a_path_has_not_is_refused_with_those_it_has() {
    let endpoint = Some(Reject::MethodNotAllowed { allow: "GET, POST, DELETE, OPTIONS" });
    for method in ["HEAD", "PUT", "PATCH", "TRACE", "CONNECT", "post", "", "GET "] {
        assert_eq!(refused(method, "/mcp", &[]), endpoint, "{method}");
    }
    let probe = Some(Reject::MethodNotAllowed { allow: "GET, HEAD" });
    for method in ["POST", "DELETE", "OPTIONS", "PUT", "get"] {
        for path in ["/health", "/livez", "/readyz", "/metrics"] {
            assert_eq!(refused(method, path, &[]), probe, "{method} {path}");
        }
    }
    let answer = admit("PUT", "/mcp", &[]).unwrap_err();
    assert!(sent(&answer.head).contains(&("allow".into(), "GET, POST, DELETE, OPTIONS".into())));
}

#[test]
fn the_query_and_one_slash_do_not_change_the_endpoint() {
    for target in ["/mcp", "/mcp/", "/mcp?", "/mcp?a=/health", "/mcp/?x"] {
        assert!(admit("POST", target, &[]).is_ok(), "{target}");
    }
    for target in [
        "",
        "/mcp//",
        "//mcp",
        "/MCP",
        "/mcp/x",
        "/mcpx",
        "/mc",
        "/%6dcp",
        "/x?/mcp",
        "mcp",
        "*",
        "/health/",
        "/healthz",
        "/.well-known/oauth-protected-resource",
    ] {
        for method in ["GET", "POST", "OPTIONS"] {
            assert_eq!(refused(method, target, &[]), Some(Reject::NotFound), "{method} {target}");
        }
    }
}

#[test]
fn the_endpoint_is_where_the_settings_say() {
    let lines: &[(&str, &[u8])] = &[("host", b"localhost"), ("content-type", b"application/json")];
    for (path, served, not_served) in [
        ("/", vec!["/", "/?x"], vec!["/mcp", "//"]),
        ("/a/b/", vec!["/a/b", "/a/b/"], vec!["/a", "/a/b//", "/mcp"]),
        ("/health", vec!["/health"], vec!["/mcp"]),
    ] {
        let config = Config { path: path.into(), ..config() };
        for target in served {
            assert!(admit_with(&config, "POST", target, lines).is_ok(), "{path} {target}");
        }
        for target in not_served {
            let answer = admit_with(&config, "POST", target, lines).unwrap_err();
            assert_eq!(answer.reject, Some(Reject::NotFound), "{path} {target}");
        }
    }
}

/// All resources, and some that do not exist.
const EVERYWHERE: &[(&str, &str)] = &[
    ("POST", "/mcp"),
    ("GET", "/mcp"),
    ("DELETE", "/mcp/"),
    ("OPTIONS", "/mcp"),
    ("PUT", "/mcp"),
    ("GET", "/health"),
    ("HEAD", "/livez"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    ("POST", "/metrics"),
    ("GET", "/nothing"),
    ("OPTIONS", "*"),
];

#[test]
fn host_and_origin_are_checked_everywhere_and_first() {
    for (method, target) in EVERYWHERE {
        let check = |lines: &[(&str, &str)]| refused(method, target, lines);
        assert_eq!(check(&[("host", "evil.example")]), Some(Reject::ForbiddenHost));
        assert_eq!(
            check(&[("host", "localhost"), ("host", "localhost")]),
            Some(Reject::BadHost),
            "{method} {target}"
        );
        for origin in ["null", "http://evil.example", "http://localhost.evil", ""] {
            assert_eq!(check(&[("origin", origin)]), Some(Reject::ForbiddenOrigin), "{origin}");
        }
        assert_eq!(check(&[("origin", LISTED), ("origin", LISTED)]), Some(Reject::ForbiddenOrigin));
        let no_host = admit_with(&config(), method, target, &[]);
        match Rules::new(&config()).probe(target) {
            Some(_) => assert!(no_host.is_ok(), "{method} {target}: a health check in HTTP/1.0"),
            None => assert_eq!(no_host.unwrap_err().reject, Some(Reject::BadHost)),
        }
        // The host is checked first, so the origin of a page on a wrong host is irrelevant.
        assert_eq!(
            check(&[("host", "evil.example"), ("origin", "null")]),
            Some(Reject::ForbiddenHost)
        );
    }
}

#[test]
fn allowed_hosts_and_origins_pass_everywhere() {
    for (method, target) in EVERYWHERE {
        for lines in [
            [("host", "mcp.example"), ("origin", LISTED)],
            [("host", "[::1]:3000"), ("origin", "http://localhost:6274")],
            [("host", "10.244.0.5:3000"), ("origin", "http://127.0.0.1:3000")],
        ] {
            let reject = refused(method, target, &lines);
            let forbidden = [Some(Reject::ForbiddenHost), Some(Reject::ForbiddenOrigin)];
            assert!(!forbidden.contains(&reject), "{method} {target} {lines:?}");
        }
    }
}

#[test]
fn a_body_is_json_in_utf_8() {
    for content_type in [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        "application/json;charset=\"UTF-8\"",
        "application/json ; profile=x;",
    ] {
        assert!(admit("POST", "/mcp", &[("content-type", content_type)]).is_ok(), "{content_type}");
    }
    for content_type in [
        "",
        "text/plain",
        "text/json",
        "application/jsonfoo",
        "application/json-rpc",
        "application/vnd.api+json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "*/*",
        "application/*",
        "application/json; charset=utf-16",
        "application/json; charset=latin1",
        "application/json; charset=utf-8; charset=utf-16",
        "application/json; charset",
        "application/json, application/json",
        "application/json, text/plain",
        "text/plain; x=application/json",
    ] {
        let lines = [("content-type", content_type)];
        let reject = refused("POST", "/mcp", &lines);
        assert_eq!(reject, Some(Reject::UnsupportedMediaType), "{content_type}");
    }
    let missing = admit_with(&config(), "POST", "/mcp", &[("host", b"localhost")]).unwrap_err();
    assert_eq!(missing.reject, Some(Reject::UnsupportedMediaType));
    let twice = [("content-type", "application/json"), ("content-type", "application/json")];
    assert_eq!(refused("POST", "/mcp", &twice), Some(Reject::UnsupportedMediaType));
}

#[test]
fn a_body_is_not_packed() {
    for coding in ["identity", "Identity", "identity, identity", ""] {
        assert!(admit("POST", "/mcp", &[("content-encoding", coding)]).is_ok(), "{coding}");
    }
    for coding in ["gzip", "br", "deflate", "zstd", "identity, gzip", "gzip;q=0", "x"] {
        let reject = refused("POST", "/mcp", &[("content-encoding", coding)]);
        assert_eq!(reject, Some(Reject::UnsupportedMediaType), "{coding}");
    }
    let lines = [("content-encoding", "identity"), ("content-encoding", "gzip")];
    assert_eq!(refused("POST", "/mcp", &lines), Some(Reject::UnsupportedMediaType));
}

#[test]
fn only_a_post_needs_a_content_type() {
    for method in ["GET", "DELETE"] {
        let lines = [("content-type", "text/plain"), ("content-encoding", "gzip")];
        assert!(admit(method, "/mcp", &lines).is_ok(), "{method}");
    }
}

#[test]
fn there_is_a_form_of_answer_the_client_takes() {
    let accept = |method, accept| head(method, &[("accept", accept)]).accept;
    let both = "application/json, text/event-stream";
    assert_eq!(accept("POST", both), Accept { json: true, sse: true });
    assert_eq!(accept("POST", "*/*"), Accept { json: true, sse: false });
    assert_eq!(accept("POST", "text/event-stream"), Accept { json: false, sse: true });
    assert!(accept("GET", "text/event-stream").sse && accept("GET", "*/*").sse);
    assert!(head("GET", &[]).accept.sse);
    assert_eq!(head("POST", &[]).accept, Accept { json: true, sse: false });

    assert_eq!(refused("POST", "/mcp", &[("accept", "text/html")]), Some(Reject::NotAcceptable));
    let json = [("accept", "application/json")];
    assert_eq!(refused("GET", "/mcp", &json), Some(Reject::NotAcceptable));
    // A DELETE is answered by a status only, and a probe has only one form.
    for (method, target) in [("DELETE", "/mcp"), ("GET", "/health"), ("GET", "/metrics")] {
        assert!(admit(method, target, &[("accept", "image/png")]).is_ok(), "{method} {target}");
    }
}

#[test]
fn only_a_post_has_a_body() {
    assert!(admit("POST", "/mcp", &[]).unwrap().expects_body());
    for (method, target) in [("GET", "/mcp"), ("DELETE", "/mcp"), ("GET", "/health")] {
        let admission = admit(method, target, &[]).unwrap();
        assert!(!admission.expects_body(), "{method} {target}");
        assert!(read(admission, &b"\xff"[..]).is_ok(), "{method} {target}");
    }
}

#[test]
fn an_unread_body_ends_the_connection() {
    let bodies =
        [("content-length", "5"), ("content-length", "007"), ("transfer-encoding", "chunked")];
    for (method, target) in
        [("GET", "/health"), ("HEAD", "/metrics"), ("GET", "/mcp"), ("DELETE", "/mcp")]
    {
        for line in bodies {
            assert!(admit(method, target, &[line]).unwrap().close, "{method} {target} {line:?}");
        }
        for lines in [&[][..], &[("content-length", "0")], &[("content-length", "000")]] {
            assert!(!admit(method, target, lines).unwrap().close, "{method} {target} {lines:?}");
        }
    }
    let refusals: [(_, _, &[(&str, &str)]); 6] = [
        ("POST", "/mcp", &[("content-type", "text/plain")]),
        ("POST", "/mcp", &[("accept", "image/png")]),
        ("POST", "/mcp", &[("origin", "https://evil.example")]),
        ("POST", "/health", &[]),
        ("POST", "/nowhere", &[]),
        ("OPTIONS", "/mcp", &[]),
    ];
    for (method, target, lines) in refusals {
        let closes = |line| {
            let lines = [lines, &[line]].concat();
            admit(method, target, &lines).unwrap_err().head.close
        };
        assert!(bodies.into_iter().all(closes), "{method} {target} {lines:?}");
        assert!(!closes(("content-length", "0")), "{method} {target} {lines:?}");
    }
    for line in bodies {
        assert!(!admit("POST", "/mcp", &[line]).unwrap().close, "this one is read");
    }
}

#[test]
fn a_body_may_be_as_long_as_the_limit() {
    let message = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    let limits = Limits { body_bytes_max: message.len(), ..Limits::default() };
    let config = Config { limits, ..config() };
    let lines: &[(&str, &[u8])] = &[("host", b"localhost"), ("content-type", b"application/json")];
    let with_body = |body: String| read(admit_with(&config, "POST", "/mcp", lines).unwrap(), body);
    assert!(matches!(with_body(message.into()), Ok(Request::Post { .. })));
    let refusal = with_body(format!("{message} ")).unwrap_err();
    assert_eq!(
        (refusal.head.status, refusal.reject),
        (413, Some(Reject::BodyTooLarge { limit: message.len() }))
    );
    assert!(refusal.head.close);
}

#[test]
fn a_body_that_is_no_message_is_answered_under_its_id() {
    let answer = |body: &'static str| {
        let admission = admit("POST", "/mcp", &[("origin", LISTED)]).unwrap();
        *read(admission, body).unwrap_err()
    };
    let refusal = answer(r#"{"id":"x","params":17,"method":"m","jsonrpc":"2.0"}"#);
    assert_eq!((refusal.head.status, refusal.reject), (400, Some(Reject::ParamsNotObject)));
    assert_eq!(
        refusal.body,
        r#"{"jsonrpc":"2.0","id":"x","error":{"code":-32602,"message":"params must be an object"}}"#
    );
    assert_eq!(refusal.head.cors.unwrap().origin, LISTED.into());
    for params in ["null", r#""x""#, "[]", r#"[{"a":1}]"#] {
        let request = format!(r#"{{"jsonrpc":"2.0","id":"x","method":"m","params":{params}}}"#);
        let admission = admit("POST", "/mcp", &[("origin", LISTED)]).unwrap();
        assert_eq!(read(admission, request).unwrap_err().body, refusal.body, "{params}");
    }
    for (body, id) in [
        (r#"{"jsonrpc":"2.0","id":1.0}"#, "1.0"),
        (r#"{"jsonrpc":"2.0","id":"\u0061","method":null}"#, r#""\u0061""#),
    ] {
        let start = format!(r#"{{"jsonrpc":"2.0","id":{id},"error":"#);
        assert!(answer(body).body.starts_with(start.as_bytes()), "{body}");
    }
    for body in [
        "",
        r#"{"jsonrpc":"2.0","id":1"#,
        r#"{"jsonrpc":"2.0","id":1,"id":1,"method":"m"}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{},"error":{}}"#,
        r#"[{"jsonrpc":"2.0","id":1,"method":"m"},"#,
        "[]",
    ] {
        assert!(answer(body).body.starts_with(br#"{"jsonrpc":"2.0","error":"#), "{body}");
    }
}

#[test]
fn useless_settings_are_found() {
    let mut config = config();
    assert_eq!(Rules::useless_entries(&config).count(), 0);
    config.hosts.extend(["*".into(), "https://a.example".into()]);
    config.origins.extend(["a.example".into(), "*".into(), "http://b.example:1".into()]);
    let useless: Vec<&str> = Rules::useless_entries(&config).collect();
    assert_eq!(useless, ["https://a.example", "a.example", "*"]);
}

/// A value of a header, sometimes one that is almost valid.
fn value() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(vec![
        "localhost",
        "[::1]:80",
        "http://localhost",
        LISTED,
        "application/json",
        "*/*;q=0",
        "gzip",
        "text/event-stream",
        SESSION,
        "2025-11-25",
        "1-2",
        "Bearer a.b.c",
        "\"",
        ",;=\\",
    ]);
    let known = known.prop_map(|text| text.as_bytes().to_vec());
    prop_oneof![known, proptest::collection::vec(any::<u8>(), 0..40)]
}

proptest! {
    #[test]
    fn no_head_panics_and_every_answer_can_be_sent(
        method in prop_oneof![
            prop::sample::select(vec!["GET", "POST", "DELETE", "OPTIONS", "HEAD"])
                .prop_map(String::from),
            "\\PC{0,8}",
        ],
        target in prop_oneof![Just("/mcp".to_string()), Just("/health".into()), "\\PC{0,20}"],
        lines in proptest::collection::vec((prop::sample::select(vec![
            "host", "origin", "content-type", "content-encoding", "accept", "mcp-session-id",
            "mcp-protocol-version", "last-event-id", "authorization",
            "access-control-request-method",
        ]), value()), 0..12),
        lawful in any::<bool>(),
    ) {
        let mut lines: Vec<(&str, &[u8])> = lines.iter().map(|(name, it)| (*name, &it[..])).collect();
        if lawful {
            lines.retain(|line| line.0 != "host" && line.0 != "origin");
            lines.extend([("host", &b"localhost"[..]), ("origin", LISTED.as_bytes())]);
        }
        match admit_with(&config(), &method, &target, &lines) {
            Ok(admission) => prop_assert_eq!(admission.expects_body(), method == "POST"),
            Err(answer) => {
                prop_assert!(answer.reject.is_none() == (answer.head.status == 204));
                for (name, value) in sent(&answer.head) {
                    prop_assert!(value.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{}", name);
                }
            }
        }
    }
}

// Servers in this process

fn native(sessions: bool) -> Config {
    let server = Arc::new(Fixture::new());
    let native = Native { sessions, ..Native::stateless(server) };
    Config { serves: Serves::Native(native), ..config() }
}

fn reject_of(config: &Config, method: &str, target: &str) -> Option<Reject> {
    let lines: &[(&str, &[u8])] = &[("host", b"localhost"), ("content-type", b"application/json")];
    admit_with(config, method, target, lines).err().and_then(|answer| answer.reject)
}

#[test]
fn without_sessions_there_is_nothing_to_listen_to_and_nothing_to_end() {
    let allow = "POST, OPTIONS";
    for method in ["GET", "DELETE", "PUT"] {
        let refused = Some(Reject::MethodNotAllowed { allow });
        assert_eq!(reject_of(&native(false), method, "/mcp"), refused, "{method}");
    }
    assert_eq!(reject_of(&native(false), "POST", "/mcp"), None);
    assert_eq!(reject_of(&native(true), "GET", "/mcp"), None);
    assert_eq!(reject_of(&native(true), "DELETE", "/mcp"), None);
}

#[test]
fn a_second_health_is_there_for_who_has_it() {
    assert_eq!(reject_of(&native(false), "GET", "/health/detailed"), None);
    assert_eq!(reject_of(&config(), "GET", "/health/detailed"), Some(Reject::NotFound));
}

#[test]
fn a_head_is_copied_only_for_what_looks_at_it() {
    let serves = Serves::Native(Native::stateless(Arc::new(Fixture::new())));
    let config = Config { serves, ..config() };
    let lines: &[(&str, &[u8])] = &[("host", b"localhost"), ("content-type", b"application/json")];
    let is_copied = |body: String| {
        let admission = admit_with(&config, "POST", "/mcp", lines).expect("admitted");
        let request = read(admission, body).expect("a request");
        matches!(request, Request::Post { head: McpHead { http: Some(_), .. }, .. })
    };
    let call = |method: &str, name: &str| {
        let params = format!(r#"{{"name":"{name}","arguments":{{}}}}"#);
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#)
    };
    let (say, context) = (call("tools/call", "say"), call("tools/call", "scene"));
    assert!(!is_copied(say.clone()));
    assert!(is_copied(context.clone()));
    assert!(is_copied(format!("[{say},{context}]")));
    assert!(!is_copied(format!("[{say},{say}]")));
    // A name in another notation, and a request that is not a tool call.
    assert!(is_copied(call("tools/call", r"\u0073ay")));
    assert!(is_copied(call("resources/read", "say")));
}
