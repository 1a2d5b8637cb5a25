//! Requests of health checkers, load balancers, gateways and browsers: correct HTTP that no MCP
//! client would send.
//!
//! RFC 9110 sections 5.5 and 7.2; RFC 9112 sections 2.2, 3.2 and 7.1.1.

use serde_json::json;

use crate::Target;
use crate::client::{Client, initialize, text_of, tool_call};
use crate::wait::{eventually, seconds};
use crate::wire::{Request, Response, Wire};

cases! { $ gateways:
    health_checks_of_the_machine
    refused_hosts_and_origins_in_the_log
    header_values_beyond_ascii
    malformed_heads_in_the_log
    targets_in_absolute_form
    extensions_and_trailers
    empty_lines_before_requests
    pages_of_loopback
    preflights_of_any_header
    refusals_that_a_page_can_read
    refusals_that_say_where_to_go
}

pub fn health_checks_of_the_machine(target: &Target) {
    let pontoon = target.proxy().start();
    let answer = |bytes: String| {
        let mut wire = Wire::connect(pontoon.addr);
        wire.send(bytes);
        wire.response()
    };
    for path in ["/livez", "/readyz", "/health", "/metrics"] {
        for host in ["10.244.0.5:3000", "10.244.0.5", "[fd00::5]:3000", "0.0.0.0:3000"] {
            let get = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
            answer(get).expect(200, &format!("{path} of {host}"));
        }
    }
    // Without a host, as HAProxy's `option httpchk` sends it.
    for (line, status) in [
        ("GET /livez", " 200 OK\r\n"),
        ("GET /readyz", " 200 OK\r\n"),
        ("HEAD /health", " 200 OK\r\n"),
        ("GET /metrics", " 400 Bad Request\r\n"),
        ("GET /mcp", " 400 Bad Request\r\n"),
        ("POST /mcp", " 400 Bad Request\r\n"),
        ("GET /nothing/is/here", " 400 Bad Request\r\n"),
    ] {
        let mut wire = Wire::connect(pontoon.addr);
        wire.send(format!("{line} HTTP/1.0\r\n\r\n"));
        let answer = String::from_utf8(wire.until_closed(seconds(10))).unwrap();
        assert_eq!(answer.get(8..8 + status.len()), Some(status), "{line}: {answer}");
    }
    answer("GET /livez HTTP/1.1\r\n\r\n".into()).expect(400, "HTTP/1.1 without Host");
}

pub fn refused_hosts_and_origins_in_the_log(target: &Target) {
    let pontoon = target.proxy().start();
    let get = |name: &str, value: &str| {
        Request::new("GET", "/livez").with(name, value).send(pontoon.addr).expect(403, value);
    };
    for _ in 0..3 {
        get("Host", "mcp.example.com:8443");
        get("Origin", "https://app.example.com");
    }
    get("Origin", "null");
    let logged = || pontoon.log_events("refused");
    eventually("all are logged", seconds(10), || logged().len() >= 3);
    let logged = logged();
    let shown: Vec<_> = logged
        .iter()
        .map(|event| {
            let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
            assert_eq!(event["level"], "warning", "{event}");
            [text("host") + &text("origin"), text("allowed_by")]
        })
        .collect();
    let expected = [
        ["mcp.example.com", "--allow-host mcp.example.com"],
        ["https://app.example.com", "--allow-origin https://app.example.com"],
        ["null", ""],
    ];
    assert_eq!(shown, expected, "once for each value");
}

pub fn header_values_beyond_ascii(target: &Target) {
    let pontoon = target.proxy().start();
    for value in [&b"S\xc3\xa3o Paulo"[..], b"J\xf6rg", b"\xff\x80"] {
        let request = Request::post(initialize("2025-11-25").to_string());
        let answer = request.header("cf-ipcity", value).send(pontoon.addr);
        answer.expect(200, &value.escape_ascii().to_string());
    }
    // A header that pontoon reads has to be ASCII, and the answer names it.
    for (name, value, named) in [
        ("Host", &b"localhost\xe9"[..], "Host"),
        ("Connection", b"close, \xe9", "connection"),
        ("Expect", b"100-continue\xe9", "Expect"),
        ("Mcp-Session-Id", b"\xe9", "Mcp-Session-Id"),
        ("Content-Type", b"application/json; x=\xe9", "Content-Type"),
        ("Accept", b"\xe9", "Accept"),
    ] {
        let request = Request::post(initialize("2025-11-25").to_string());
        let answer = request.with(name, value).send(pontoon.addr);
        assert!((400..500).contains(&answer.status()), "{name}: {}", answer.describe());
        assert!(answer.text().contains(named), "{name}: {}", answer.text());
    }
    let echo = target.echo_stateless().start();
    let request = Request::post(tool_call(1, "printHeader", json!({})).to_string());
    let request = request.header("cf-ipcity", "S\u{e3}o Paulo").header("remote-name", b"J\xf6rg");
    let answer = request.send(echo.addr).answer();
    for line in ["cf-ipcity: S\u{e3}o Paulo", "remote-name: J\\xf6rg"] {
        assert!(text_of(&answer).contains(line), "{line} in {answer}");
    }
}

pub fn malformed_heads_in_the_log(target: &Target) {
    let pontoon = target.proxy().start();
    let get = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Name: a\x01\r\n\r\n";
    let mut wire = Wire::connect(pontoon.addr);
    wire.send(get);
    let answer = wire.response();
    assert_eq!(
        answer.expect_error(400, -32600, "a control byte"),
        "The request head is malformed: byte 0x01 in the header x-name"
    );
    drop(wire);
    eventually("it is logged", seconds(10), || !pontoon.log_events("refused").is_empty());
    let event = &pontoon.log_events("refused")[0];
    assert_eq!(
        (&event["level"], &event["reason"]),
        (&json!("info"), &json!("bad_head")),
        "{event}"
    );
    assert_eq!(event["detail"], "byte 0x01 in the header x-name", "{event}");
}

pub fn targets_in_absolute_form(target: &Target) {
    let pontoon = target.proxy().start();
    let client = Client::open(&pontoon);
    let get = |url: &str, host: &str| {
        let mut wire = Wire::connect(pontoon.addr);
        wire.send(format!("GET {url} HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        wire.response()
    };
    get("http://127.0.0.1:3000/livez", "127.0.0.1:3000").expect(200, "livez");
    get("HTTP://LOCALHOST/readyz?a=/b", "localhost").expect(200, "readyz");
    get("http://localhost/nothing/is/here", "localhost").expect(404, "another path");
    get("http://localhost/livez", "127.0.0.1").expect(400, "another host");
    get("http://evil.example/livez", "evil.example").expect(403, "a host that is not allowed");
    let call = client.post(tool_call(1, "echo", json!({"text": "absolute"}))).bytes();
    let call = String::from_utf8(call).unwrap();
    let host = call.lines().find_map(|line| line.strip_prefix("Host: ")).expect("a host");
    let mut wire = Wire::connect(pontoon.addr);
    let absolute = call.replacen("POST /mcp", &format!("POST http://{host}/mcp"), 1);
    for request in [&absolute, &call, &absolute] {
        assert_eq!(text_of(&wire.send(request).response().answer()), "absolute");
    }
}

pub fn extensions_and_trailers(target: &Target) {
    let pontoon = target.proxy().start();
    let client = Client::open(&pontoon);
    let body = tool_call(1, "echo", json!({"text": "extended"})).to_string();
    let head = client.sign(Request::post("")).header("Transfer-Encoding", "chunked");
    let head = String::from_utf8(head.head_bytes(None)).unwrap();
    let (a, b) = body.split_at(10);
    let (m, n) = (a.len(), b.len());
    let chunked = format!("{head}{m:x};a=b\r\n{a}\r\n{n:x};c=\"d;e\" ;f\r\n{b}\r\n0;g\r\n\r\n");
    let mut wire = Wire::connect(pontoon.addr);
    for _ in 0..2 {
        assert_eq!(text_of(&wire.send(&chunked).response().answer()), "extended");
    }
    let long = "x".repeat(5000);
    for (case, chunks, text) in [
        ("too long", format!("{:x};{long}\r\n{body}\r\n0\r\n\r\n", body.len()), "chunk extensions"),
        ("a trailer", format!("{:x}\r\n{body}\r\n0\r\nX-A: b\r\n\r\n", body.len()), "trailer"),
    ] {
        let mut wire = Wire::connect(pontoon.addr);
        let answer = wire.send(format!("{head}{chunks}")).response();
        let message = answer.expect_error(400, -32600, case);
        assert!(message.contains(text), "{case}: {message}");
    }
    client.expect_served();
}

pub fn empty_lines_before_requests(target: &Target) {
    let pontoon = target.proxy().start();
    let client = Client::open(&pontoon);
    let call = client.post(tool_call(1, "echo", json!({"text": "apart"}))).bytes();
    let mut wire = Wire::connect(pontoon.addr);
    for _ in 0..2 {
        wire.send(b"\r\n").send(&call);
        assert_eq!(text_of(&wire.response().answer()), "apart");
    }
    wire.send([&call, &b"\r\n"[..], &call, b"\r\n"].concat());
    for _ in 0..2 {
        assert_eq!(text_of(&wire.response().answer()), "apart");
    }
}

const PAGE: &str = "http://localhost:5173";

#[track_caller]
fn expect_readable(response: &Response, case: &str) {
    let origin = response.header("access-control-allow-origin");
    assert_eq!(origin, Some(PAGE), "{case}: {}", response.describe());
    let exposed = response.header("access-control-expose-headers").unwrap_or_default();
    assert!(exposed.contains("mcp-session-id"), "{case}: {exposed}");
}

pub fn pages_of_loopback(target: &Target) {
    let pontoon = target.proxy().start();
    let client = Client::open(&pontoon);
    let send = |request: Request| request.header("Origin", PAGE).send(pontoon.addr);
    let opened = send(Request::post(initialize("2025-11-25").to_string()));
    expect_readable(opened.expect(200, "initialize"), "initialize");
    let call = send(client.post(tool_call(1, "echo", json!({"text": "x"}))));
    expect_readable(call.expect(200, "a call"), "a call");
    let mut stream = client.sign(Request::listen()).header("Origin", PAGE).open(pontoon.addr);
    assert_eq!(stream.head().header("access-control-allow-origin"), Some(PAGE));
    expect_readable(send(Request::new("GET", "/health")).expect(200, "health"), "health");
    expect_readable(send(Request::new("GET", "/nothing")).expect(404, "no path"), "no path");
    expect_readable(send(Request::new("PUT", "/mcp")).expect(405, "a method"), "a method");
    let delete = send(client.sign(Request::new("DELETE", "/mcp")));
    expect_readable(delete.expect(204, "DELETE"), "DELETE");
}

pub fn preflights_of_any_header(target: &Target) {
    let app = "https://app.example.com";
    let pontoon = target.proxy().options(&["--allow-origin", app]).start();
    for origin in [app, PAGE] {
        let preflight = Request::new("OPTIONS", "/mcp")
            .header("Origin", origin)
            .header("Access-Control-Request-Method", "POST")
            .header("Access-Control-Request-Headers", "content-type,x-api-key, X-Tenant,\t, b@d");
        let answer = preflight.send(pontoon.addr);
        assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
        let allowed = answer.header("access-control-allow-headers").expect("headers");
        assert!(allowed.ends_with(", mcp-name, x-api-key, x-tenant"), "{allowed}");
    }
}

pub fn refusals_that_a_page_can_read(target: &Target) {
    let options = ["--max-body", "64KiB", "--body-timeout", "1s"];
    let pontoon = target.proxy().options(&options).start();
    let post = |lines: &str| {
        let json = "Content-Type: application/json\r\n";
        format!("POST /mcp HTTP/1.1\r\nHost: localhost\r\nOrigin: {PAGE}\r\n{json}{lines}\r\n")
    };
    let chunked = "Transfer-Encoding: chunked\r\n";
    for (status, bytes) in [
        (413, post("Content-Length: 99999999\r\n")),
        (413, post(chunked) + "99999999\r\n"),
        (400, post(chunked) + "x\r\n"),
        (400, post("Content-Length: x\r\n")),
        (431, post(&"A: b\r\n".repeat(101))),
        (400, post("X: \u{1}\r\n")),
        (408, post("Content-Length: 10\r\n") + "{"),
        (417, post("Expect: more\r\n")),
        (400, post("Content-Length: 1\r\n") + "{"),
    ] {
        let mut wire = Wire::connect(pontoon.addr);
        let _ = wire.try_send(&bytes);
        let answer = wire.response();
        expect_readable(answer.expect(status, &bytes), &bytes);
    }
    let foreign = post("Content-Length: x\r\n").replace(PAGE, "https://evil.example");
    let mut wire = Wire::connect(pontoon.addr);
    let answer = wire.send(foreign).response();
    assert_eq!(answer.expect(400, "a foreign page").header("access-control-allow-origin"), None);
}

pub fn refusals_that_say_where_to_go(target: &Target) {
    let pontoon = target.proxy().start();
    let message = |request: Request| request.send(pontoon.addr).expect_error(404, -32600, "a path");
    let nowhere = message(Request::new("POST", "/"));
    assert_eq!(nowhere, "Not found: the MCP endpoint is /mcp");
    let sse = message(Request::new("GET", "/sse").header("Accept", "text/event-stream"));
    assert_eq!(sse, "Not found: the MCP endpoint is /mcp; HTTP+SSE is served with --sse");
    let put = Request::new("PUT", "/mcp").send(pontoon.addr);
    let text = put.expect_error(405, -32600, "a method");
    assert_eq!(text, "Method not allowed; see the Allow header");
}
