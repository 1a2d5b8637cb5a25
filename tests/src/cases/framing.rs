//! Strict HTTP/1.1: a message that could be read in two ways is refused.
//!
//! RFC 9112 sections 3, 5 and 6; RFC 9110 sections 7.2 and 10.1.1.

use std::time::Duration;

use serde_json::json;

use crate::Target;
use crate::client::{Client, text_of, tool_call};
use crate::pontoon::Pontoon;
use crate::probe::rss_kib;
use crate::wait::{millis, seconds};
use crate::wire::{Broken, Request, Wire};

cases! { $ framing:
    length_and_coding_together
    several_lengths
    lengths_that_are_none
    lengths_of_gigabytes
    other_transfer_codings
    malformed_chunks
    control_bytes_in_heads
    folded_and_nameless_lines
    host_in_odd_case
    missing_and_repeated_hosts
    foreign_hosts
    targets_that_are_no_path
    other_protocols
    well_formed_requests_in_pieces
    chunked_bodies
    pipelined_requests_unread
    expect_continue
    bodies_cut_short
}

/// A text that must never reach a child.
pub(super) const SMUGGLED: &str = "smuggled";

/// A program, a session in it, and bytes to be refused.
pub(super) struct SmugglingTest {
    pub(super) pontoon: Pontoon,
    pub(super) client: Client,
}

impl SmugglingTest {
    pub(super) fn new(target: &Target) -> SmugglingTest {
        let pontoon = target.proxy().start();
        let client = Client::open(&pontoon);
        SmugglingTest { pontoon, client }
    }

    /// Returns a `tools/call` that would be answered if it were well-formed.
    pub(super) fn body(&self) -> String {
        tool_call(1, "echo", json!({"text": SMUGGLED})).to_string()
    }

    /// Returns the lines of a valid head, except for the body's length, without the empty line.
    pub(super) fn head(&self) -> String {
        let request = self.client.sign(Request::post(""));
        let head = String::from_utf8(request.head_bytes(None)).unwrap();
        head.trim_end().to_owned() + "\r\n"
    }

    /// Returns a valid head with more lines and the body after it.
    pub(super) fn post(&self, lines: &str, body: &str) -> String {
        format!("{}{lines}\r\n{body}", self.head())
    }

    /// Asserts that these bytes are answered once, with one of these statuses, that nothing after
    /// them is answered, and that the connection ends.
    #[track_caller]
    pub(super) fn refused(&self, case: &str, bytes: impl AsRef<[u8]>, statuses: &[u16]) {
        let mut wire = Wire::connect(self.pontoon.addr);
        let _ = wire.try_send(bytes);
        let _ = wire.try_send(Request::new("GET", "/livez").bytes());
        match wire.try_response() {
            Ok(response) => {
                let status = response.status();
                assert!(statuses.contains(&status), "{case}: {}", response.describe());
                assert!(response.head.closes(), "{case}: no `Connection: close`");
            }
            Err(broken) => assert!(statuses.is_empty(), "{case}: {broken}"),
        }
        let after = wire.until_closed(seconds(5));
        assert!(after.is_empty(), "{case}: answered twice: {}", String::from_utf8_lossy(&after));
    }

    /// Asserts that nothing of it reached the child, and that the session still works.
    pub(super) fn end(mut self) {
        self.client.expect_served();
        let lines = self.pontoon.record.lines_with(SMUGGLED);
        assert!(lines.is_empty(), "reached the child: {lines:?}");
        self.pontoon.expect_alive("at the end");
    }
}

pub fn length_and_coding_together(target: &Target) {
    let scene = SmugglingTest::new(target);
    let body = scene.body();
    let chunked = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    let length = format!("Content-Length: {}\r\n", body.len());
    let coding = "Transfer-Encoding: chunked\r\n";
    scene.refused("length first", scene.post(&(length.clone() + coding), &chunked), &[400]);
    scene.refused("coding first", scene.post(&(coding.to_owned() + &length), &chunked), &[400]);
    scene.refused("as length", scene.post(&(length + coding), &body), &[400]);
    scene.end();
}

pub fn several_lengths(target: &Target) {
    let scene = SmugglingTest::new(target);
    let body = scene.body();
    let n = body.len();
    for (case, lines) in [
        ("equal", format!("Content-Length: {n}\r\nContent-Length: {n}\r\n")),
        ("different", format!("Content-Length: {n}\r\nContent-Length: 3\r\n")),
        ("list", format!("Content-Length: {n}, {n}\r\n")),
    ] {
        scene.refused(case, scene.post(&lines, &body), &[400]);
    }
    scene.end();
}

pub fn lengths_that_are_none(target: &Target) {
    let scene = SmugglingTest::new(target);
    let body = scene.body();
    for value in ["+5", "-1", "0x10", "5 5", "3x", "", "5;", "٣", "1e2", "5.0"] {
        let lines = format!("Content-Length: {value}\r\n");
        scene.refused(value, scene.post(&lines, &body), &[400]);
    }
    scene.end();
}

pub fn lengths_of_gigabytes(target: &Target) {
    let mut scene = SmugglingTest::new(target);
    let before = rss_kib(scene.pontoon.pid());
    for length in [
        "2147483648",
        "70368744177664",
        "9223372036854775807",
        "18446744073709551615",
        "18446744073709551616",
    ] {
        let head = scene.post(&format!("Content-Length: {length}\r\n"), "");
        scene.refused(length, &head, &[413, 400]);
        let mut gone = Wire::connect(scene.pontoon.addr);
        gone.send(&head).send("{}");
        drop(gone);
        scene.pontoon.expect_alive(length);
    }
    let grown = rss_kib(scene.pontoon.pid()).saturating_sub(before);
    assert!(grown < 4096, "{grown} KiB more in memory");
    scene.end();
}

pub fn other_transfer_codings(target: &Target) {
    let scene = SmugglingTest::new(target);
    let body = scene.body();
    let chunked = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    for value in [
        "xchunked",
        "identity",
        "chunked, identity",
        "chunked;q=1",
        "gzip, chunked",
        "chunked\r\nTransfer-Encoding: chunked",
        "\u{b}chunked",
        "\"chunked\"",
        "",
    ] {
        let lines = format!("Transfer-Encoding: {value}\r\n");
        scene.refused(value, scene.post(&lines, &chunked), &[400, 501]);
    }
    let old = scene.post("Transfer-Encoding: chunked\r\n", &chunked).replace("1.1", "1.0");
    scene.refused("HTTP/1.0", old, &[400, 501]);
    scene.end();
}

pub fn malformed_chunks(target: &Target) {
    let scene = SmugglingTest::new(target);
    let body = scene.body();
    let n = body.len();
    for (case, chunks) in [
        ("signed size", format!("+{n:x}\r\n{body}\r\n0\r\n\r\n")),
        ("prefixed size", format!("0x{n:x}\r\n{body}\r\n0\r\n\r\n")),
        ("no size", format!("\r\n{body}\r\n0\r\n\r\n")),
        ("huge size", format!("fffffffffffffffff\r\n{body}\r\n0\r\n\r\n")),
        ("bare line feed", format!("{n:x}\n{body}\r\n0\r\n\r\n")),
        ("data longer than its size", format!("{:x}\r\n{body}\r\n0\r\n\r\n", n - 1)),
        ("no line end after data", format!("{n:x}\r\n{body}0\r\n\r\n")),
    ] {
        let status = [400, 413];
        scene.refused(case, scene.post("Transfer-Encoding: chunked\r\n", &chunks), &status);
    }
    scene.end();
}

pub fn control_bytes_in_heads(target: &Target) {
    let scene = SmugglingTest::new(target);
    let head = format!("{}Content-Length: {}\r\n", scene.head(), scene.body().len());
    for line in [
        &b"X-A: one\nX-B: two"[..],
        b"X-A: one\rX-B: two",
        b"X-A: nul\0",
        b"X-A: \x01",
        b"X-A: \x7f",
        b"X-\x80: a",
        b"X-\0: a",
        b"X A: a",
        b"X(A): a",
    ] {
        let mut bytes = head.clone().into_bytes();
        bytes.extend_from_slice(line);
        bytes.extend_from_slice(b"\r\n\r\n");
        bytes.extend_from_slice(scene.body().as_bytes());
        scene.refused(&line.escape_ascii().to_string(), bytes, &[400]);
    }
    let bare = scene.post("Content-Length: 0\r\n", "").replace("\r\n", "\n");
    scene.refused("bare line feeds throughout", bare, &[400]);
    scene.end();
}

pub fn folded_and_nameless_lines(target: &Target) {
    let scene = SmugglingTest::new(target);
    let body = scene.body();
    for line in ["X-A: one\r\n two", " X-A: one", "X-A : one", ": one", "X-A", "\tX-A: one"] {
        let lines = format!("{line}\r\nContent-Length: {}\r\n", body.len());
        scene.refused(line, scene.post(&lines, &body), &[400]);
    }
    scene.end();
}

pub fn host_in_odd_case(target: &Target) {
    let pontoon = target.proxy().start();
    for line in ["hOsT: localhost", "HOST:localhost", "host:   localhost  ", "Host: LOCALHOST"] {
        let mut wire = Wire::connect(pontoon.addr);
        wire.send(format!("GET /livez HTTP/1.1\r\n{line}\r\n\r\n"));
        wire.response().expect(200, line);
    }
}

pub fn missing_and_repeated_hosts(target: &Target) {
    let scene = SmugglingTest::new(target);
    for hosts in [
        "",
        "Host: localhost\r\nHost: localhost\r\n",
        "Host: localhost\r\nHost: evil.example\r\n",
        "Host: user@localhost\r\n",
        "Host: localhost/mcp\r\n",
        "Host: localhost:99999\r\n",
        "Host: localhost:\u{663}\r\n",
        "Host: localhost localhost\r\n",
        "Host: localhost, localhost\r\n",
    ] {
        let head = format!("GET /livez HTTP/1.1\r\n{hosts}\r\n");
        scene.refused(hosts, head, &[400]);
    }
    scene.end();
}

pub fn foreign_hosts(target: &Target) {
    let pontoon = target.proxy().options(&["--allow-host", "mcp.example"]).start();
    let get = |host: &str| Request::new("GET", "/mcp").with("Host", host).send(pontoon.addr);
    for host in [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "127.1",
        "2130706433",
        "pontoon.localhost",
        "xlocalhost",
        "mcp.example.evil.example",
        "sub.mcp.example",
    ] {
        get(host).expect_error(403, -32600, host);
    }
    let port = pontoon.addr.port();
    for host in [
        "localhost".to_owned(),
        format!("localhost:{port}"),
        format!("127.0.0.1:{port}"),
        "[::1]:3000".to_owned(),
        "mcp.example".to_owned(),
        "MCP.example:443".to_owned(),
    ] {
        assert_ne!(get(&host).status(), 403, "{host}");
    }
}

pub fn targets_that_are_no_path(target: &Target) {
    let scene = SmugglingTest::new(target);
    let long = format!("/mcp?{}", "a".repeat(64 * 1024));
    scene.refused("64 KiB", Request::new("GET", &long).bytes(), &[414, 431]);
    for (line, statuses) in [
        ("GET http://evil.example/livez HTTP/1.1", &[400][..]),
        ("GET http://localhost:80/livez HTTP/1.1", &[400]),
        ("OPTIONS * HTTP/1.1", &[400]),
        ("CONNECT localhost:80 HTTP/1.1", &[400, 405]),
        ("GET livez HTTP/1.1", &[400]),
        ("GET /livez foo HTTP/1.1", &[400]),
        ("GET  /livez HTTP/1.1", &[400]),
        ("GET /livez\tHTTP/1.1", &[400]),
        ("G@T /livez HTTP/1.1", &[400]),
        (" GET /livez HTTP/1.1", &[400]),
        ("GET /l\u{e9}vez HTTP/1.1", &[400]),
    ] {
        scene.refused(line, format!("{line}\r\nHost: localhost\r\n\r\n"), statuses);
    }
    scene.end();
}

pub fn other_protocols(target: &Target) {
    let mut scene = SmugglingTest::new(target);
    for (case, bytes) in [
        ("HTTP/0.9", &b"GET /livez\r\n\r\n"[..]),
        ("version 0.9", b"GET /livez HTTP/0.9\r\nHost: localhost\r\n\r\n"),
        ("version 2", b"GET /livez HTTP/2.0\r\nHost: localhost\r\n\r\n"),
        ("version 1.10", b"GET /livez HTTP/1.10\r\nHost: localhost\r\n\r\n"),
        ("lower case", b"GET /livez http/1.1\r\nHost: localhost\r\n\r\n"),
        ("HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ] {
        scene.refused(case, bytes, &[400, 505]);
    }
    let mut wire = Wire::connect(scene.pontoon.addr);
    let _ = wire.try_send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n");
    let answer = wire.until_closed(seconds(5));
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 400"), "TLS hello: {answer:?}");
    scene.pontoon.expect_alive("after a TLS hello");
    scene.end();
}

pub fn well_formed_requests_in_pieces(target: &Target) {
    let scene = SmugglingTest::new(target);
    let request = scene.client.post(tool_call(1, "echo", json!({"text": "in pieces"}))).bytes();
    for size in [1, 7, 100] {
        let mut wire = Wire::connect(scene.pontoon.addr);
        let answer = wire.drip(&request, size, Duration::from_micros(200)).response();
        assert_eq!(text_of(&answer.json()), "in pieces", "{size} bytes at a time");
        assert!(!answer.head.closes(), "a good request keeps the connection");
        let again = wire.send(&request).response();
        assert_eq!(text_of(&again.json()), "in pieces", "again on the same connection");
    }
    scene.end();
}

pub fn chunked_bodies(target: &Target) {
    let scene = SmugglingTest::new(target);
    let body = tool_call(1, "echo", json!({"text": "in chunks"})).to_string();
    let (a, b) = body.split_at(10);
    let chunks = format!("{:X}\r\n{a}\r\n{:x}\r\n{b}\r\n0\r\n\r\n", a.len(), b.len());
    let mut wire = Wire::connect(scene.pontoon.addr);
    wire.send(scene.post("Transfer-Encoding: chunked\r\n", &chunks));
    assert_eq!(text_of(&wire.response().json()), "in chunks");
    wire.send(Request::new("GET", "/livez").bytes());
    wire.response().expect(200, "the next request on the connection");
    scene.end();
}

pub fn pipelined_requests_unread(target: &Target) {
    let mut scene = SmugglingTest::new(target);
    let before = rss_kib(scene.pontoon.pid());
    let mut wire = Wire::connect_narrow(scene.pontoon.addr, 4096);
    wire.write_timeout(millis(500));
    let pair =
        [Request::new("GET", "/livez").bytes(), Request::new("GET", "/nothing/is/here").bytes()];
    // The program stops reading at some point; then sending stops too.
    let _ = wire.try_send(pair.concat().repeat(5000));
    scene.pontoon.expect_alive("with unread answers");
    scene.client.expect_served();
    let grown = rss_kib(scene.pontoon.pid()).saturating_sub(before);
    assert!(grown < 8192, "{grown} KiB more in memory for unread answers");
    for nth in 0..20 {
        wire.response().expect([200, 404][nth % 2], "in order");
    }
    scene.end();
}

pub fn expect_continue(target: &Target) {
    let scene = SmugglingTest::new(target);
    let body = tool_call(1, "echo", json!({"text": "expected"})).to_string();
    let request = scene.client.sign(Request::post("")).header("Expect", "100-continue");

    let mut wire = Wire::connect(scene.pontoon.addr);
    wire.send(request.head_bytes(Some(body.len())));
    assert_eq!(wire.any_head().map(|head| head.status), Ok(100), "before the body");
    wire.send(&body);
    assert_eq!(text_of(&wire.response().json()), "expected");

    let mut wire = Wire::connect(scene.pontoon.addr);
    wire.send(request.head_bytes(Some(1 << 30)));
    assert_eq!(wire.any_head().map(|head| head.status), Ok(413), "too large: no 100");
    wire.until_closed(seconds(5));

    let unknown = scene.client.sign(Request::post(&*body)).header("Expect", "200-maybe");
    scene.refused("unknown expectation", unknown.bytes(), &[417]);
    scene.end();
}

pub fn bodies_cut_short(target: &Target) {
    let mut scene = SmugglingTest::new(target);
    let body = scene.body();
    // The received part is a complete message by itself: only the framing shows that more was to
    // come.
    let by_length = scene.post(&format!("Content-Length: {}\r\n", body.len() + 9), &body);
    let chunk = format!("{:x}\r\n{body}\r\n", body.len());
    let by_chunks = scene.post("Transfer-Encoding: chunked\r\n", &chunk);
    for (case, bytes) in [("length", by_length), ("chunks", by_chunks)] {
        let mut wire = Wire::connect(scene.pontoon.addr);
        wire.send(&bytes).half_close();
        match wire.try_response() {
            Ok(response) => drop(response.expect(400, case)),
            Err(broken) => assert_ne!(broken, Broken::Silent, "{case}: still open"),
        }
        let mut wire = Wire::connect(scene.pontoon.addr);
        wire.send(&bytes);
        wire.reset();
        scene.pontoon.expect_alive(case);
    }
    scene.end();
}
