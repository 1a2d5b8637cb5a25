//! The rules for a request's head, and the limits of its body.
//!
//! MCP 2025-11-25, basic/transports (Origin, Accept, the endpoint's methods); RFC 9110 sections
//! 8.3, 12.5.1 and 15.5; the Fetch standard's CORS protocol.

use serde_json::json;

use crate::Target;
use crate::client::{Client, initialize, text_of, tool_call};
use crate::pontoon::Pontoon;
use crate::probe::rss_kib;
use crate::wait::seconds;
use crate::wire::{Request, Response, Wire};

cases! { $ rules:
    origins
    origins_on_every_route
    hosts_on_every_route
    preflights
    answers_to_pages_of_other_origins
    bodies_at_the_limit
    endless_bodies
    heads_over_the_limit
    content_types
    accepted_forms
    accepted_forms_of_a_stream
    methods_and_paths
    repeated_mcp_headers
    health_and_probes
    metrics
}

const APP: &str = "https://app.example";

fn with_origin(pontoon: &Pontoon, origin: &str) -> Response {
    Request::post(initialize("2025-11-25").to_string()).header("Origin", origin).send(pontoon.addr)
}

pub fn origins(target: &Target) {
    let pontoon = target.proxy().options(&["--allow-origin", APP]).start();
    for origin in [
        "null",
        "https://evil.example",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example",
        "http://localhost@evil.example",
        "https://app.example.evil.example",
        "https://xapp.example",
        "http://app.example",
        "https://app.example:444",
        "https://app.example/",
        "file://",
        "",
    ] {
        with_origin(&pontoon, origin).expect_error(403, -32600, origin);
    }
    for origin in [APP, "http://localhost", "http://localhost:5173", "http://127.0.0.1:3000"] {
        with_origin(&pontoon, origin).expect(200, origin);
    }
    let two = Request::post(initialize("2025-11-25").to_string())
        .header("Origin", APP)
        .header("Origin", "https://evil.example")
        .send(pontoon.addr);
    assert!([400, 403].contains(&two.status()), "two origins: {}", two.describe());
}

/// Returns a request for each route, and one for an unknown path.
fn routes(client: &Client) -> Vec<(&'static str, Request)> {
    vec![
        ("POST", client.post(tool_call(1, "echo", json!({"text": "routed"})))),
        ("GET", client.sign(Request::listen())),
        ("DELETE", client.sign(Request::new("DELETE", "/mcp"))),
        ("OPTIONS", Request::new("OPTIONS", "/mcp")),
        ("PUT", Request::new("PUT", "/mcp")),
        ("metrics", Request::new("GET", "/metrics")),
        ("no path", Request::new("GET", "/nothing/is/here")),
    ]
}

pub fn origins_on_every_route(target: &Target) {
    let pontoon = target.proxy().start();
    let client = Client::open(&pontoon);
    for (case, request) in routes(&client) {
        let response = request.header("Origin", "https://evil.example").send(pontoon.addr);
        response.expect(403, case);
        assert_eq!(response.header("access-control-allow-origin"), None, "{case}");
    }
    client.expect_served();
    assert!(pontoon.record.lines_with("routed").is_empty());
}

pub fn hosts_on_every_route(target: &Target) {
    let pontoon = target.proxy().start();
    let client = Client::open(&pontoon);
    for (case, request) in routes(&client) {
        request.with("Host", "evil.example").send(pontoon.addr).expect(403, case);
    }
    client.expect_served();
    assert!(pontoon.record.lines_with("routed").is_empty());
}

pub fn preflights(target: &Target) {
    let pontoon = target.proxy().options(&["--allow-origin", APP]).start();
    let preflight = |origin: &str| {
        Request::new("OPTIONS", "/mcp")
            .header("Origin", origin)
            .header("Access-Control-Request-Method", "POST")
            .header("Access-Control-Request-Headers", "content-type, mcp-session-id")
            .send(pontoon.addr)
    };
    let listed = preflight(APP);
    assert!([200, 204].contains(&listed.status()), "{}", listed.describe());
    assert_eq!(listed.header("access-control-allow-origin"), Some(APP));
    assert_eq!(listed.header("access-control-allow-credentials"), None);
    assert!(listed.header("vary").is_some_and(|vary| vary.eq_ignore_ascii_case("origin")));
    let methods = listed.header("access-control-allow-methods").expect("methods");
    let headers = listed.header("access-control-allow-headers").expect("headers").to_lowercase();
    for method in ["GET", "POST", "DELETE"] {
        assert!(methods.contains(method), "{method} in {methods}");
    }
    for header in
        ["content-type", "mcp-session-id", "mcp-protocol-version", "last-event-id", "authorization"]
    {
        assert!(headers.contains(header), "{header} in {headers}");
    }
    let unlisted = preflight("https://evil.example");
    unlisted.expect(403, "unlisted");
    assert_eq!(unlisted.header("access-control-allow-origin"), None);
}

pub fn answers_to_pages_of_other_origins(target: &Target) {
    let pontoon = target.proxy().options(&["--allow-origin", APP]).start();
    let listed = with_origin(&pontoon, APP);
    assert_eq!(listed.header("access-control-allow-origin"), Some(APP));
    assert_eq!(listed.header("access-control-allow-credentials"), None);
    assert!(listed.header("vary").is_some_and(|vary| vary.eq_ignore_ascii_case("origin")));
    let exposed = listed.header("access-control-expose-headers").expect("exposed headers");
    assert!(exposed.to_lowercase().contains("mcp-session-id"), "{exposed}");
    let no_page = Request::post(initialize("2025-11-25").to_string()).send(pontoon.addr);
    assert_eq!(no_page.header("access-control-allow-origin"), None);
}

pub fn bodies_at_the_limit(target: &Target) {
    let pontoon = target.proxy().options(&["--max-body", "64KiB"]).start();
    let client = Client::open(&pontoon);
    let limit = 64 * 1024;
    let frame = tool_call(1, "echo", json!({"text": ""})).to_string().len();
    let body =
        |length| tool_call(1, "echo", json!({"text": "t".repeat(length - frame)})).to_string();
    client.send(body(limit)).expect(200, "at the limit");
    client.send(body(limit + 1)).expect_error(413, -32600, "one byte over");

    let chunked = |length| {
        let head = client.sign(Request::post("")).header("Transfer-Encoding", "chunked");
        let mut wire = Wire::connect(pontoon.addr);
        wire.send(head.head_bytes(None));
        let _ = wire.try_send(format!("{length:x}\r\n{}\r\n0\r\n\r\n", body(length)));
        wire.response()
    };
    chunked(limit).expect(200, "at the limit, chunked");
    chunked(limit + 1).expect_error(413, -32600, "one byte over, chunked");
}

pub fn endless_bodies(target: &Target) {
    let mut pontoon = target.proxy().start();
    let before = rss_kib(pontoon.pid());
    let head = Request::post("").header("Transfer-Encoding", "chunked").head_bytes(None);
    let mut wire = Wire::connect(pontoon.addr);
    wire.send(head);
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
    // Twice the limit exceeds all buffers on the way.
    let sent = (0..1024).take_while(|_| wire.try_send(&chunk).is_ok()).count();
    assert!(sent < 512, "read {sent} chunks of 64 KiB of a body that may have 4 MiB");
    wire.until_closed(seconds(5));
    let grown = rss_kib(pontoon.pid()).saturating_sub(before);
    assert!(grown < 20 * 1024, "{grown} KiB more in memory");
    pontoon.expect_alive("after an endless body");
}

pub fn heads_over_the_limit(target: &Target) {
    let mut pontoon = target.proxy().start();
    let before = rss_kib(pontoon.pid());
    let get = |lines: &str| format!("GET /livez HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n");
    let mut wire = Wire::connect(pontoon.addr);
    wire.send(get(&"X-A: a\r\n".repeat(90)));
    wire.response().expect(200, "90 lines");

    let line = format!("X-A: {}\r\n", "a".repeat(16 << 20));
    for (case, bytes) in [
        ("101 lines", get(&"X-A: a\r\n".repeat(100))),
        ("33 KiB in one line", get(&format!("X-A: {}\r\n", "a".repeat(33 << 10)))),
        ("a million lines", get(&"X-A: a\r\n".repeat(1_000_000))),
        ("16 MiB in one line", get(&line)),
    ] {
        let mut wire = Wire::connect(pontoon.addr);
        let _ = wire.try_send(bytes);
        let response = wire.response();
        response.expect(431, case);
        assert!(response.head.closes(), "{case}");
        wire.until_closed(seconds(5));
    }
    let grown = rss_kib(pontoon.pid()).saturating_sub(before);
    assert!(grown < 4096, "{grown} KiB more in memory");
    pontoon.expect_alive("after huge heads");
}

pub fn content_types(target: &Target) {
    let pontoon = target.proxy().start();
    let client = Client::open(&pontoon);
    let call = || client.post(tool_call(1, "echo", json!({"text": "typed"})));
    let absent = call().without("Content-Type").send(pontoon.addr);
    absent.expect_error(415, -32600, "absent");
    for value in [
        "text/plain",
        "application/jsonfoo",
        "application/x-www-form-urlencoded",
        "application/json; charset=utf-16",
        "multipart/form-data; boundary=application/json",
        "json",
        "",
    ] {
        let response = call().with("Content-Type", value).send(pontoon.addr);
        response.expect_error(415, -32600, value);
    }
    for coding in ["gzip", "br", "deflate"] {
        let response = call().header("Content-Encoding", coding).send(pontoon.addr);
        response.expect_error(415, -32600, coding);
    }
    assert!(pontoon.record.lines_with("typed").is_empty());
    for value in ["Application/JSON", "application/json;charset=UTF-8", "application/json ; a=b"] {
        call().with("Content-Type", value).send(pontoon.addr).expect(200, value);
    }
}

pub fn accepted_forms(target: &Target) {
    let pontoon = target.proxy().start();
    let client = Client::open(&pontoon);
    let call = || client.post(tool_call(1, "echo", json!({"text": "formed"})));
    let json = Some("application/json");
    let stream = Some("text/event-stream");
    let absent = call().without("Accept").send(pontoon.addr);
    assert_eq!(absent.expect(200, "absent").header("content-type"), json);
    for (accept, form) in [
        ("*/*", json),
        ("application/*", json),
        ("application/json", json),
        ("application/json, text/event-stream", json),
        ("text/event-stream, application/json;q=0.5", json),
        ("Application/JSON", json),
        ("text/event-stream", stream),
        ("text/*", stream),
        ("text/event-stream, application/json;q=0", stream),
    ] {
        let response = call().with("Accept", accept).send(pontoon.addr);
        assert_eq!(response.expect(200, accept).header("content-type"), form, "{accept}");
        assert_eq!(text_of(&response.answer()), "formed", "{accept}");
    }
    for accept in [
        "text/html",
        "image/*",
        "application/json;q=0",
        "application/json;q=0, text/event-stream;q=0",
    ] {
        let response = call().with("Accept", accept).send(pontoon.addr);
        response.expect_error(406, -32600, accept);
    }
}

pub fn accepted_forms_of_a_stream(target: &Target) {
    let pontoon = target.proxy().start();
    let client = Client::open(&pontoon);
    for accept in ["application/json", "text/html", "text/event-stream;q=0"] {
        let response = client.sign(Request::listen()).with("Accept", accept).send(pontoon.addr);
        response.expect_error(406, -32600, accept);
    }
    let events = client.listen();
    assert_eq!(events.head.header("x-accel-buffering"), Some("no"));
    assert!(events.head.header("cache-control").is_some_and(|value| value.contains("no-cache")));
    assert_eq!(events.head.header("content-length"), None);
}

pub fn methods_and_paths(target: &Target) {
    let pontoon = target.proxy().start();
    for method in ["PUT", "PATCH", "HEAD", "TRACE", "FOO"] {
        let mut wire = Request::new(method, "/mcp").open(pontoon.addr);
        // The answer to HEAD has no body, regardless of its length.
        let head = wire.head();
        assert_eq!(head.status, 405, "{method}");
        let allow = head.header("allow").expect("Allow");
        for allowed in ["GET", "POST", "DELETE"] {
            assert!(allow.contains(allowed), "{method}: Allow: {allow}");
        }
    }
    for path in ["/health", "/livez", "/readyz", "/metrics"] {
        let response = Request::new("POST", path).body("{}").send(pontoon.addr);
        assert!(response.expect(405, path).header("allow").is_some_and(|a| a.contains("GET")));
    }
    for path in ["/mcpx", "/mcp/x", "/MCP", "/mcp%2f", "/livez/..", "/favicon.ico"] {
        pontoon.get(path).expect_error(404, -32600, path);
    }
    let query = Request::post(initialize("2025-11-25").to_string());
    let query = String::from_utf8(query.bytes()).unwrap().replace(" /mcp ", " /mcp?a=b ");
    Wire::connect(pontoon.addr).send(query).response().expect(200, "a query is ignored");
}

pub fn repeated_mcp_headers(target: &Target) {
    let pontoon = target.proxy().start();
    let client = Client::open(&pontoon);
    let call = || client.post(tool_call(1, "echo", json!({"text": "repeated"})));
    for (name, value) in [
        ("Mcp-Session-Id", client.session.as_str()),
        ("Mcp-Session-Id", "00000000-0000-4000-8000-000000000000"),
        ("MCP-Protocol-Version", "2025-11-25"),
        ("MCP-Protocol-Version", "2025-06-18"),
    ] {
        call().header(name, value).send(pontoon.addr).expect(400, name);
    }
    let listen = client.sign(Request::listen());
    let twice = listen.header("Last-Event-ID", "0-0").header("Last-Event-ID", "0-1");
    twice.send(pontoon.addr).expect(400, "Last-Event-ID");
    assert!(pontoon.record.lines_with("repeated").is_empty());
}

pub fn health_and_probes(target: &Target) {
    let pontoon = target.proxy().start();
    pontoon.get("/livez").expect(200, "livez");
    pontoon.get("/readyz").expect(200, "readyz");
    let health = pontoon.get("/health");
    let body = health.expect(200, "health").json();
    for field in ["status", "subprocess", "sessions", "uptime"] {
        assert!(body.get(field).is_some(), "{field} in {body}");
    }
    assert_eq!(body["status"], "healthy", "{body}");
    let _client = Client::open(&pontoon);
    let later = pontoon.get("/health").json();
    assert_ne!(later["sessions"], body["sessions"], "a session more: {later}");
    assert!(later["uptime"].as_f64() >= body["uptime"].as_f64(), "{later}");
}

pub fn metrics(target: &Target) {
    let pontoon = target.proxy().start();
    let client = Client::open(&pontoon);
    client.expect_served();
    client.delete().expect(204, "delete");
    let metrics = pontoon.get("/metrics");
    assert_eq!(
        metrics.header("content-type"),
        Some("text/plain; version=0.0.4; charset=utf-8"),
        "the Prometheus text format"
    );
    for name in ["mcp_server_operation_duration_seconds", "mcp_server_session_duration_seconds"] {
        assert!(metrics.text().contains(&format!("# TYPE {name} histogram\n")), "{name}");
        assert!(pontoon.metric(&format!("{name}_count"), &[]) >= 1.0, "{name} is counted");
        let bound = pontoon.metric(&format!("{name}_bucket"), &["le=\"+Inf\""]);
        assert_eq!(bound, pontoon.metric(&format!("{name}_count"), &[]), "{name}");
    }
    let calls = pontoon.metric("mcp_server_operation_duration_seconds_count", &["tools/call"]);
    assert_eq!(calls, 1.0, "{}", metrics.text());
    for line in metrics.text().lines() {
        let sample = line.starts_with('#')
            || line.rsplit_once(' ').is_some_and(|(_, value)| value.parse::<f64>().is_ok());
        assert!(sample, "not a sample: {line}");
    }
}
