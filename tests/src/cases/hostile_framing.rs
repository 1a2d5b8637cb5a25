//! Bytes that could be read in two ways, or that cost more than they should, while a healthy
//! session is served.
//!
//! RFC 9112, sections 2.2, 5, 6 and 7.1; the single cases of `framing` are not repeated here.

use serde_json::json;

use crate::Target;
use crate::canary::Canary;
use crate::cases::framing::{SMUGGLED, SmugglingTest};
use crate::client::{text_of, tool_call};
use crate::probe::rss_kib;
use crate::wait::{eventually, millis, seconds};
use crate::wire::{Request, Wire};

cases! { $ hostile_framing:
    requests_behind_every_kind_of_ambiguity
    lengths_beyond_all_memory
    tabs_around_a_coding
    bytes_beyond_ascii_in_values
    line_ends_that_are_none
    extensions_and_trailers_of_chunks
    bodies_of_methods_that_have_none
    each_refusal_closes_soon_and_is_logged_once
    a_pipeline_is_answered_in_order
    a_refusal_ends_a_pipeline
    expectations_that_no_client_waits_for
    refused_requests_whose_body_is_not_read
}

/// Returns a whole request, to be hidden where another reader may find it.
fn hidden(scene: &SmugglingTest) -> String {
    let request = scene.client.post(tool_call(9, "echo", json!({"text": SMUGGLED})));
    String::from_utf8(request.bytes()).unwrap()
}

pub fn requests_behind_every_kind_of_ambiguity(target: &Target) {
    let scene = SmugglingTest::new(target);
    let canary = Canary::start(&scene.pontoon);
    let hidden = hidden(&scene);
    let n = hidden.len();
    for (case, lines, body) in [
        // The body for one reader is a request for another.
        ("CL.TE", format!("Content-Length: {}\r\nTransfer-Encoding: chunked\r\n", n + 5), {
            format!("0\r\n\r\n{hidden}")
        }),
        ("TE.CL", "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n".into(), {
            format!("{n:x}\r\n{hidden}\r\n0\r\n\r\n")
        }),
        ("CL.0", "Content-Length: 0\r\nContent-Length: 0\r\n".into(), hidden.clone()),
        ("0.CL", format!("Content-Length : {n}\r\n"), hidden.clone()),
        ("TE.TE", "Transfer-Encoding: chunked\r\nTransfer-encoding: cow\r\n".into(), {
            format!("0\r\n\r\n{hidden}")
        }),
        ("hidden coding", "X: x\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n".into(), {
            format!("0\r\n\r\n{hidden}")
        }),
        ("folded coding", "Transfer-Encoding:\r\n chunked\r\n".into(), {
            format!("0\r\n\r\n{hidden}")
        }),
        ("length of another base", format!("Content-Length: 0{n:o}q\r\n"), hidden.clone()),
        ("a chunk too short for its size", "Transfer-Encoding: chunked\r\n".into(), {
            format!("5\r\n{{}}\r\n0\r\n\r\n{hidden}")
        }),
    ] {
        scene.refused(case, scene.post(&lines, &body), &[400, 501]);
    }
    canary.finish();
    scene.end();
}

pub fn lengths_beyond_all_memory(target: &Target) {
    let mut scene = SmugglingTest::new(target);
    let canary = Canary::start(&scene.pontoon);
    scene.client.expect_served();
    let before = rss_kib(scene.pontoon.pid());
    let head = scene.post("Content-Length: 70368744177664\r\n", "");
    for _ in 0..20 {
        scene.refused("answered at once", &head, &[413]);
        // A server that allocates the announced length, or reads it to its end, does so when the
        // peer disconnects.
        let mut gone = Wire::connect(scene.pontoon.addr);
        gone.send(&head).send("{}").half_close();
        let mut broken = Wire::connect(scene.pontoon.addr);
        broken.send(&head).send("{}");
        broken.reset();
    }
    let waiting: Vec<_> = (0..20)
        .map(|_| {
            let mut wire = Wire::connect(scene.pontoon.addr);
            wire.send(&head);
            wire
        })
        .collect();
    scene.pontoon.expect_alive("with peers that wait for 64 TiB to be read");
    drop(waiting);
    let grown = rss_kib(scene.pontoon.pid()).saturating_sub(before);
    assert!(grown < 2048, "{grown} KiB more in memory");
    canary.finish();
    scene.end();
}

pub fn tabs_around_a_coding(target: &Target) {
    let scene = SmugglingTest::new(target);
    let chunked = format!("{:x}\r\n{}\r\n0\r\n\r\n", scene.body().len(), scene.body());
    // White space around a value is not part of it (RFC 9112, section 5); but not all readers treat
    // a tab as white space, and for those no body follows.
    for value in ["\tchunked", "chunked\t", " \t chunked \t ", "chun\tked", "\tchunked, chunked"] {
        let lines = format!("Transfer-Encoding:{value}\r\n");
        scene.refused(value, scene.post(&lines, &chunked), &[400, 501]);
    }
    let body = scene.body();
    for value in [format!("\t{}", body.len()), format!("{}\t", body.len())] {
        let lines = format!("Content-Length:{value}\r\n");
        scene.refused(&value, scene.post(&lines, &body), &[400]);
    }
    scene.end();
}

pub fn bytes_beyond_ascii_in_values(target: &Target) {
    let scene = SmugglingTest::new(target);
    // In a value that pontoon does not read they have no effect; elsewhere readers could differ.
    for line in [
        &b"Connection: close\x80"[..],
        b"Connection: \xff",
        b"Expect: 100-continue\xa0",
        b"Transfer-Encoding: chunked\xe2\x80\xa8",
        b"Content-Length: \xd9\xa3",
        b"Host: localhost\xad",
        b"X-\xc3\xa9: a",
    ] {
        let mut bytes = scene.head().into_bytes();
        bytes.extend_from_slice(line);
        bytes.extend_from_slice(
            format!("\r\nContent-Length: {}\r\n\r\n", SMUGGLED.len()).as_bytes(),
        );
        bytes.extend_from_slice(SMUGGLED.as_bytes());
        scene.refused(&line.escape_ascii().to_string(), bytes, &[400, 417]);
    }
    scene.end();
}

pub fn line_ends_that_are_none(target: &Target) {
    let scene = SmugglingTest::new(target);
    let good = "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for bytes in [
        good.replace("1.1\r\n", "1.1\r"),
        good.replace("1.1\r\n", "1.1\n"),
        good.replace("1.1\r\n", "1.1\r\r\n"),
        good.replace("1.1\r\n", "1.1\n\r"),
        good.replace("/livez", "/livez\0"),
        good.replace("\r\n\r\n", "\r\n\n"),
        good.replace("\r\n\r\n", "\n\n"),
        good.replace("\r\n\r\n", "\r\nX: y\r\r\n\r\n"),
        good.replace("\r\n\r\n", "\r\nX: \u{b}y\r\n\r\n"),
        format!("\r\n\r\n{good}"),
        format!("\n{good}"),
        format!("\r{good}"),
    ] {
        scene.refused(&bytes.escape_debug().to_string(), &bytes, &[400]);
    }
    scene.end();
}

pub fn extensions_and_trailers_of_chunks(target: &Target) {
    let scene = SmugglingTest::new(target);
    let body = scene.body();
    let n = body.len();
    for (case, chunks) in [
        ("long extensions", format!("{n:x};{}\r\n{body}\r\n0\r\n\r\n", "a".repeat(8192))),
        ("an extension that hides a line end", format!("{n:x};a=\n{body}\r\n0\r\n\r\n")),
        ("white space behind the size", format!("{n:x} \r\n{body}\r\n0\r\n\r\n")),
        ("a trailer", format!("{n:x}\r\n{body}\r\n0\r\nX-A: b\r\n\r\n")),
        ("a length as trailer", format!("{n:x}\r\n{body}\r\n0\r\nContent-Length: 9\r\n\r\n")),
        ("zeros without end", format!("{}{n:x}\r\n{body}\r\n0\r\n\r\n", "0".repeat(4096))),
        ("a size of 64 bits and more", format!("1{n:016x}\r\n{body}\r\n0\r\n\r\n")),
        ("a size of 2^64 - 1", format!("ffffffffffffffff\r\n{body}\r\n0\r\n\r\n")),
    ] {
        let status = [400, 413];
        scene.refused(case, scene.post("Transfer-Encoding: chunked\r\n", &chunks), &status);
    }
    scene.end();
}

pub fn bodies_of_methods_that_have_none(target: &Target) {
    let scene = SmugglingTest::new(target);
    let hidden = hidden(&scene);
    // A server that ignores the length of a GET answers its body as the next request.
    for method in ["GET", "DELETE", "OPTIONS", "HEAD", "PUT"] {
        let mut wire = Wire::connect(scene.pontoon.addr);
        let head = format!("{method} /livez HTTP/1.1\r\nHost: localhost\r\n");
        wire.send(format!("{head}Content-Length: {}\r\n\r\n{hidden}", hidden.len()));
        let after = wire.until_closed(seconds(5));
        let answers = String::from_utf8_lossy(&after).matches("HTTP/1.1 ").count();
        assert_eq!(answers, 1, "{method}: {}", String::from_utf8_lossy(&after));
    }
    scene.end();
}

pub fn each_refusal_closes_soon_and_is_logged_once(target: &Target) {
    // A server that waits for more would wait for a minute.
    let options = ["--log-level", "debug", "--head-timeout", "60s"];
    let pontoon = target.proxy().options(&options).start();
    for (nth, bytes) in [
        &b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n"[..],
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ]
    .into_iter()
    .enumerate()
    {
        let mut wire = Wire::connect(pontoon.addr);
        wire.send(bytes);
        wire.until_closed(seconds(10));
        drop(wire);
        let logged = || pontoon.log_events("refused").len();
        eventually("it is logged", seconds(10), || logged() > nth);
        assert_eq!(logged(), nth + 1, "{}: {}", bytes.escape_ascii(), pontoon.log());
    }
}

pub fn a_pipeline_is_answered_in_order(target: &Target) {
    let scene = SmugglingTest::new(target);
    let canary = Canary::start(&scene.pontoon);
    let mut wire = Wire::connect(scene.pontoon.addr);
    // The first takes longest, so answers in order of completion would be in the wrong order.
    let calls = (0..16).map(|nth| {
        let ms = if nth == 0 { 200 } else { 0 };
        let call = tool_call(nth, "echo", json!({"text": format!("call {nth}"), "ms": ms}));
        scene.client.post(call).bytes()
    });
    wire.send(calls.collect::<Vec<_>>().concat());
    for nth in 0..16 {
        let answer = wire.response().json();
        assert_eq!(answer["id"], nth, "{answer}");
        assert_eq!(text_of(&answer), format!("call {nth}"));
    }
    assert!(wire.is_quiet(millis(50)), "one answer for each");
    canary.finish();
    scene.end();
}

pub fn a_refusal_ends_a_pipeline(target: &Target) {
    let scene = SmugglingTest::new(target);
    let good = Request::new("GET", "/livez").bytes();
    let mut wire = Wire::connect(scene.pontoon.addr);
    let bad = scene.post("Content-Length: 1\r\nContent-Length: 2\r\n", "");
    wire.send([&good, &good, bad.as_bytes(), hidden(&scene).as_bytes(), &good].concat());
    wire.response().expect(200, "the first");
    wire.response().expect(200, "the second");
    let refused = wire.response();
    refused.expect(400, "the third");
    assert!(refused.head.closes());
    assert!(wire.until_closed(seconds(5)).is_empty(), "nothing behind it is answered");
    scene.end();
}

pub fn expectations_that_no_client_waits_for(target: &Target) {
    let scene = SmugglingTest::new(target);
    let mut wire = Wire::connect(scene.pontoon.addr);
    for nth in 0..20 {
        let call = tool_call(nth, "echo", json!({"text": "expected"}));
        let request = scene.client.post(call).header("Expect", "100-continue");
        // The body arrives with the head, so the `100 Continue` may come with the answer.
        wire.send(request.bytes());
        assert_eq!(text_of(&wire.response().json()), "expected");
        let empty = scene.client.sign(Request::post("")).header("Expect", "100-continue");
        wire.send(empty.bytes()).response().expect_error(400, -32700, "no body at all");
    }
    scene.end();
}

pub fn refused_requests_whose_body_is_not_read(target: &Target) {
    let scene = SmugglingTest::new(target);
    let hidden = hidden(&scene);
    let chunked = format!("{:x}\r\n{hidden}\r\n0\r\n\r\n", hidden.len());
    let host = "Host: localhost\r\n";
    for (line, status) in [
        ("POST /nothing/here HTTP/1.1", 404),
        ("POST /livez HTTP/1.1", 405),
        ("PUT /mcp HTTP/1.1", 405),
        ("POST /mcp HTTP/1.1", 415),
        ("GET /livez HTTP/1.1", 200),
    ] {
        // The client cannot know whether the next request would be read, unless the answer says so.
        let length = format!("{line}\r\n{host}Content-Length: {}\r\n\r\n{hidden}", hidden.len());
        scene.refused(line, length, &[status]);
        let coding = format!("{line}\r\n{host}Transfer-Encoding: chunked\r\n\r\n{chunked}");
        scene.refused(line, coding, &[status]);
        let mut wire = Wire::connect(scene.pontoon.addr);
        let none = format!("{line}\r\n{host}Content-Length: 0\r\n\r\n");
        let answer = wire.send(&none).response();
        answer.expect(status, line);
        assert!(!answer.head.closes(), "{line} without a body");
        wire.send(Request::new("GET", "/livez").bytes()).response().expect(200, line);
    }
    scene.end();
}
