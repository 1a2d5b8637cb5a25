//! Verdicts on request lines and headers.

use super::*;
use Reject::*;

#[test]
fn requests_of_ordinary_clients_pass() {
    assert_passed(&[
        "GET / HTTP/1.1\r\nHost: localhost:3000\r\n\r\n",
        "GET /mcp?session=%20{a}|b&c=[d] HTTP/1.1\r\nhost:127.0.0.1\r\n\r\n",
        "DELETE /mcp HTTP/1.1\r\nHOST: [::1]:3000 \r\nMcp-Session-Id: x\r\n\r\n",
        "OPTIONS /mcp HTTP/1.1\r\nhOsT: my_service\r\nOrigin: null\r\n\r\n",
        "GET /health HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX:\r\nY: \r\nZ: \ta\tb \t\r\n\r\n",
        "POST /mcp HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}",
        "POST /mcp HTTP/1.1\r\nHost: a\r\ncontent-length:  002 \r\n\r\n{}",
        "POST /mcp HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
        "POST /mcp HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n{}",
    ]);
}

#[test]
fn an_offer_to_upgrade_passes_and_changes_no_framing() {
    let offer = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAM\r\n";
    let request = format!("POST / HTTP/1.1\r\nHost: a\r\n{offer}Content-Length: 2\r\n\r\n{{}}");
    assert_passed(&[&request, &request.repeat(2)]);
}

#[test]
fn two_lengths_are_ambiguous() {
    for lines in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nX: y\r\ncontent-length: 6\r\n",
        "Content-Length: 5, 5\r\n",
        "Content-Length: 5,6\r\n",
        "Content-Length: 70368744177664\r\nContent-Length: 0\r\n",
    ] {
        assert_refused(&[(&post(lines), AmbiguousLength)]);
    }
}

#[test]
fn a_length_is_a_plain_number() {
    for value in [
        "",
        "+5",
        "-5",
        "3x",
        "0x5",
        "5 5",
        "5.0",
        "\t5",
        "5\t",
        "five",
        "18446744073709551616",
        "99999999999999999999999",
    ] {
        assert_refused(&[(&post(&format!("Content-Length: {value}\r\n")), BadLength)]);
    }
}

#[test]
fn a_length_above_the_limit_is_refused_before_the_body() {
    let max = Limits::default().body_bytes_max as u64;
    let tail = ["", "Expect: 100-continue\r\n"];
    for length in [max + 1, 1 << 31, 1 << 46, 1 << 47, (1 << 63) - 1, u64::MAX] {
        for tail in tail {
            let head = post(&format!("Content-Length: {length}\r\n{tail}"));
            assert_refused(&[(&head, BodyTooLarge { limit: max as usize })]);
        }
    }
    let head = post(&format!("Content-Length: {max}\r\n"));
    assert_eq!(judge(head.as_bytes()), (head.len(), None));
}

#[test]
fn the_only_transfer_coding_is_chunked() {
    for value in [
        "",
        "xchunked",
        "chunkedx",
        "identity",
        "gzip",
        "chunked, identity",
        "gzip, chunked",
        "chunked, chunked",
        "chunked,",
        ", chunked",
        "chunked;q=1",
        "chunked ;",
        "\tchunked",
        "chunked\t",
        "\"chunked\"",
    ] {
        assert_refused(&[(&post(&format!("Transfer-Encoding: {value}\r\n")), BadTransferCoding)]);
    }
    assert_refused(&[
        (&post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), BadTransferCoding),
        (
            "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            BadTransferCoding,
        ),
    ]);
}

#[test]
fn lines_end_in_crlf_and_hold_no_control_bytes() {
    assert_refused(&[
        ("GET / HTTP/1.1\nHost: a\n\n", BadHead),
        ("GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", BadHead),
        ("GET / HTTP/1.1\r\nHost: a\r\n\nX: b\r\n\r\n", BadHead),
        ("GET / HTTP/1.1\r\nHost: a\r\n\rX", BadHead),
        ("GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", BadHead),
        ("GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", BadHead),
        ("GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", BadHead),
        ("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", BadHead),
        ("\r\n\n", BadHead),
        ("\rG", BadHead),
        ("\n", BadHead),
        ("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", BadHead),
    ]);
}

#[test]
fn every_other_byte_is_refused_wherever_it_stands() {
    let is_visible = |byte: &u8| byte.is_ascii_graphic() || *byte == b' ' || *byte == b'\t';
    for byte in (0..=u8::MAX).filter(|byte| !is_visible(byte)) {
        for head in [
            &b"G?T / HTTP/1.1\r\nHost: a\r\n\r\n"[..],
            b"GET ?/ HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET /?c HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET / ?HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET / HTTP/1.?\r\nHost: a\r\n\r\n",
            b"GET / HTTP/1.1?\r\nHost: a\r\n\r\n",
            b"GET / HTTP/1.1\r\n?Host: a\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a\r\nX?Y: b\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a\r\nX: b?c\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a\r\nX: ?\r\n\r\n",
        ] {
            let head: Vec<u8> = head.iter().map(|&b| if b == b'?' { byte } else { b }).collect();
            let (passed, refuse) = judge(&head);
            // A request line that ends after its target is one of HTTP/0.9.
            let is_http_09 = head.starts_with(b"GET /\r");
            // A value that is not read may hold anything but control bytes.
            let is_text = byte >= 0x80 && head.windows(2).any(|pair| pair == b"X:");
            let expected = match (is_http_09, is_text) {
                (true, _) => (0, Some(UnsupportedHttpVersion)),
                (_, true) => (head.len(), None),
                _ => (0, Some(BadHead)),
            };
            assert_eq!((passed, refuse), expected, "{byte:#04x} in {head:?}");
        }
    }
}

#[test]
fn header_names_are_tokens_and_nothing_precedes_the_colon() {
    for line in [
        " X: folded\r\n",
        "\tX: folded\r\n",
        "Host : b\r\n",
        "Content-Length : 5\r\n",
        "Transfer-Encoding\t: chunked\r\n",
        ": empty\r\n",
        "no colon\r\n",
        "nocolon\r\n",
        "X@Y: z\r\n",
        "X(Y): z\r\n",
    ] {
        assert_refused(&[(&post(line), BadHead)]);
    }
}

#[test]
fn the_request_line_has_three_parts() {
    assert_refused(&[
        ("GET / HTTP/1.1 foo\r\nHost: a\r\n\r\n", BadHead),
        ("GET / foo HTTP/1.1\r\nHost: a\r\n\r\n", BadHead),
        ("GET / HTTP/1.1 \r\nHost: a\r\n\r\n", BadHead),
        ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", BadHead),
        ("GET /  HTTP/1.1\r\nHost: a\r\n\r\n", BadHead),
        ("GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n", BadHead),
        (" GET / HTTP/1.1\r\nHost: a\r\n\r\n", BadHead),
        ("g@et / HTTP/1.1\r\nHost: a\r\n\r\n", BadHead),
        ("GET\r\n", BadHead),
        ("GET / http/1.1\r\nHost: a\r\n\r\n", BadHead),
        ("GET / HTTP/11\r\nHost: a\r\n\r\n", BadHead),
        ("GET / HTTP/1.10\r\nHost: a\r\n\r\n", BadHead),
        ("GET / HTTPS/1.1\r\nHost: a\r\n\r\n", BadHead),
    ]);
}

#[test]
fn other_versions_are_refused() {
    assert_refused(&[
        ("GET /\r\n", UnsupportedHttpVersion),
        ("GET / HTTP/0.9\r\nHost: a\r\n\r\n", UnsupportedHttpVersion),
        ("GET / HTTP/1.2\r\nHost: a\r\n\r\n", UnsupportedHttpVersion),
        ("GET / HTTP/2\r\nHost: a\r\n\r\n", UnsupportedHttpVersion),
        ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", UnsupportedHttpVersion),
        ("GET / HTTP/3.1\r\nHost: a\r\n\r\n", UnsupportedHttpVersion),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", UnsupportedHttpVersion),
    ]);
}

#[test]
fn what_is_no_http_is_refused_without_waiting_for_more() {
    assert_eq!(judge(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc"), (0, Some(BadHead)));
    assert_refused(&[
        ("\x16", BadHead),
        ("\0", BadHead),
        ("PRI ", UnsupportedHttpVersion),
        ("GET / HTTP/2", UnsupportedHttpVersion),
        ("GET x", BadTarget),
        ("GET httpx", BadTarget),
        ("SSH-2.0-OpenSSH_9.6\r", BadHead),
        ("{", BadHead),
    ]);
}

#[test]
fn bytes_above_ascii_pass_in_values_that_are_not_read() {
    let head = |line: &[u8]| [b"GET / HTTP/1.1\r\nHost: a\r\n", line, b"\r\n\r\n"].concat();
    for line in [&b"cf-ipcity: S\xc3\xa3o Paulo"[..], b"remote-name: J\xf6rg", b"X:\xff"] {
        let head = head(line);
        assert_eq!(judge(&head), (head.len(), None), "{}", line.escape_ascii());
    }
    for (line, reject) in [
        (&b"Connection: close\xe9"[..], BadHead),
        (b"Content-Length: 5\xe9", BadLength),
        (b"Transfer-Encoding: chunked\xe9", BadTransferCoding),
        (b"Expect: 100-continue\xe9", UnknownExpectation),
        (b"J\xf6rg: x", BadHead),
    ] {
        assert_eq!(judge(&head(line)), (0, Some(reject)), "{}", line.escape_ascii());
    }
    let host = b"GET / HTTP/1.1\r\nHost: a\xe9\r\n\r\n";
    assert_eq!(judge(host), (0, Some(BadHost)));
}

#[test]
fn one_empty_line_before_a_request_is_no_part_of_it() {
    let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}";
    assert_passed(&[&format!("\r\n{get}"), &format!("{post}\r\n{post}\r\n{get}")]);
    // By itself it does not start a request, and the connection stays idle.
    let mut wire = Wire::new(Limits::default());
    wire.receive(get.as_bytes());
    assert_eq!(wire.receive(b"\r\n"), None);
    assert_eq!(wire.passed.len(), get.len());
    assert_eq!(wire.guard.poll_timeout().map(|due| due.why), Some(TimerKind::Idle));
    assert_eq!(wire.guard.ended(at(0)), None);
}

#[test]
fn an_empty_line_at_the_last_moment_does_not_keep_a_connection() {
    let mut guard = Guard::new(Arc::default(), Instant::ZERO);
    let mut now = 0;
    for bytes in [&b"\r"[..], b"\r\n", b"\r\n"] {
        now += 100_000;
        assert_eq!(guard.handle_timeout(at(now)), Some(TimeoutAction::CloseIdle));
        let _ = guard.inspect(bytes, at(now));
        assert!(guard.poll_timeout().is_some(), "{}", bytes.escape_ascii());
    }
}

#[test]
fn a_fault_is_named_where_it_is() {
    for (head, fault) in [
        (&b"\x16\x03"[..], "byte 0x16 in the method, as TLS begins; only cleartext HTTP is served"),
        (b"GET /\xe9", "byte 0xe9 in the target"),
        (b"GET / http", "byte 0x68 in the version"),
        (b"GET / HTTP/1.1\r\nX-\xc3\xa9: a", "byte 0xc3 in a header name"),
        (b"GET / HTTP/1.1\r\nX-A: a\0", "byte 0x00 in the header x-a"),
        (b"GET / HTTP/1.1\r\nConnection: \xe9\r", "byte 0x0d in the header connection"),
        (b"GET / HTTP/1.1\r\nTransfer-Encoding: gzip\r", "the header transfer-encoding: gzip"),
        (b"GET / HTTP/1.1\r\nHost: a b\r", "the header host: a b"),
        (b"GET http://a/ HTTP/1.1\r\nHost: b\r", "the header host: b"),
        (b"GET x", "the target: "),
    ] {
        let mut guard = Guard::new(Arc::default(), Instant::ZERO);
        assert!(guard.inspect(head, at(0)).refuse.is_some(), "{}", head.escape_ascii());
        assert_eq!(guard.fault(), Some(fault), "{}", head.escape_ascii());
    }
}

#[test]
fn a_refusal_knows_the_origin_it_is_for() {
    let origin = |lines: &str| {
        let mut guard = Guard::new(Arc::default(), Instant::ZERO);
        let head = format!("POST / HTTP/1.1\r\n{lines}\r\n");
        assert!(guard.inspect(head.as_bytes(), at(0)).refuse.is_some(), "{lines}");
        guard.origin().map(|origin| String::from_utf8_lossy(origin).into_owned())
    };
    let line = "Origin: http://localhost:5173 \r\n";
    let expected = Some("http://localhost:5173".to_owned());
    assert_eq!(origin(&format!("Host: a\r\n{line}Content-Length: 99999999999\r\n")), expected);
    assert_eq!(origin(&format!("{line}{}", "A: b\r\n".repeat(101))), expected);
    assert_eq!(origin(&format!("{line}{line}Content-Length: x\r\n")).as_deref(), Some(""));
    assert_eq!(origin(&format!("Content-Length: x\r\n{line}")), None, "it was not read");
    let long = format!("Origin: http://{}\r\nContent-Length: x\r\n", "a".repeat(1000));
    assert_eq!(origin(&long).as_deref(), Some(""));
}

#[test]
fn a_target_in_absolute_form_has_the_authority_of_the_host() {
    assert_passed(&[
        "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET HTTP://A:80/livez?x=http://b/ HTTP/1.1\r\nX: y\r\nHost:  a:80 \r\n\r\n",
        "GET https://[::1]:3000/mcp HTTP/1.1\r\nHost: [::1]:3000\r\n\r\n",
        "GET /http://b/ HTTP/1.1\r\nHost: a\r\n\r\n",
    ]);
    assert_refused(&[
        ("GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n", BadTarget),
        ("GET http://a/ HTTP/1.1\r\nHost: a:80\r\n\r\n", BadTarget),
        ("GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", BadTarget),
        ("GET http://a HTTP/1.1\r\nHost: a\r\n\r\n", BadTarget),
        ("GET http://a?b HTTP/1.1\r\nHost: a\r\n\r\n", BadTarget),
        ("GET http:///livez HTTP/1.1\r\nHost: a\r\n\r\n", BadTarget),
        ("GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", BadTarget),
        ("GET http:/a/ HTTP/1.1\r\nHost: a\r\n\r\n", BadTarget),
        ("GET http://a/ HTTP/1.1\r\n\r\n", BadHost),
        ("GET http://a/ HTTP/1.0\r\n\r\n", BadHost),
        ("GET http://a/#b HTTP/1.1\r\nHost: a\r\n\r\n", BadTarget),
    ]);
    let long = format!("GET http://{}", "x".repeat(9000));
    assert_refused(&[(&long, TargetTooLong)]);
}

#[test]
fn any_other_target_is_a_path() {
    assert_refused(&[
        ("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", BadTarget),
        ("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", BadTarget),
        ("CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n", BadTarget),
        ("GET a/b HTTP/1.1\r\nHost: a\r\n\r\n", BadTarget),
        ("GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", BadTarget),
        ("GET /<a> HTTP/1.1\r\nHost: a\r\n\r\n", BadTarget),
        ("GET /\"a\" HTTP/1.1\r\nHost: a\r\n\r\n", BadTarget),
    ]);
}

#[test]
fn there_is_exactly_one_host() {
    assert_passed(&["GET / HTTP/1.0\r\n\r\n"]);
    assert_refused(&[
        ("GET / HTTP/1.1\r\n\r\n", BadHost),
        ("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", BadHost),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", BadHost),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: y\r\nHOST: b\r\n\r\n", BadHost),
    ]);
}

#[test]
fn a_host_is_a_name_or_an_address_with_an_optional_port() {
    let head = |host: &str| format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n");
    for host in [
        "",
        ":80",
        "a:",
        "a:99999",
        "a:65536",
        "a:000080",
        "a:+80",
        "a:80:80",
        "a:b",
        "user@a",
        "user:secret@a:80",
        "a/",
        "a/b",
        "http://a",
        "a b",
        "a,b",
        "a, a",
        "a%2e",
        "a?b",
        "\ta",
        "[::1",
        "[]",
        "[::1]80",
        "[127.0.0.1]",
        "[fe80::1%25eth0]",
        "[v1.a]",
        "::1",
    ] {
        assert_refused(&[(&head(host), BadHost)]);
    }
    for host in ["a", "a:0", "a:65535", "A.b-c_d.", "10.0.0.1:80", "[::1]", "[::ffff:1.2.3.4]:1"] {
        assert_passed(&[&head(host)]);
    }
}

#[test]
fn other_expectations_are_refused() {
    for value in ["", "200-ok", "100-continue, x", "100-continue;q=1", "\t100-continue"] {
        assert_refused(&[(&post(&format!("Expect: {value}\r\n")), UnknownExpectation)]);
    }
}

#[test]
fn a_head_has_a_limited_number_of_lines() {
    let head =
        |lines: usize| format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "A: b\r\n".repeat(lines - 1));
    assert_passed(&[&head(100)]);
    assert_refused(&[(&head(101), HeadTooLarge), (&head(1_000_000), HeadTooLarge)]);
}

#[test]
fn a_head_has_a_limited_number_of_bytes() {
    let head = |bytes: usize| {
        let rest = "GET / HTTP/1.1\r\nHost: a\r\nX: \r\n\r\n".len();
        format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(bytes - rest))
    };
    let max = Limits::default().head_bytes_max;
    assert_passed(&[&head(max)]);
    assert_refused(&[(&head(max + 1), HeadTooLarge), (&head(1 << 20), HeadTooLarge)]);
    // No more than the limit is kept, for any bytes.
    assert_refused(&[
        (&"x".repeat(max), HeadTooLarge),
        (&format!("GET / HTTP/1.1\r\n{}", "x".repeat(max)), HeadTooLarge),
    ]);
}

#[test]
fn a_target_has_a_limited_number_of_bytes() {
    let head = |bytes: usize| format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(bytes - 1));
    let max = Limits::default().target_bytes_max;
    assert_passed(&[&head(max)]);
    assert_refused(&[(&head(max + 1), TargetTooLong), (&head(64 << 10), TargetTooLong)]);
    assert_refused(&[(&format!("GET /{}", "x".repeat(max)), TargetTooLong)]);
}

/// This test only ends in time because each byte is checked once: a parser that restarts with every
/// byte would need half a million million steps.
#[test]
fn a_dripping_head_is_judged_in_linear_time() {
    let mib = 1 << 20;
    let mut wire = Wire::new(Limits { head_bytes_max: 2 * mib, ..Limits::default() });
    let head = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(mib));
    for byte in head.bytes() {
        assert!(wire.passed.is_empty());
        assert_eq!(wire.receive(&[byte]), None);
    }
    assert_eq!(wire.passed.len(), head.len());
}

#[test]
fn one_request_passes_at_a_time() {
    let request = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}";
    let input = request.repeat(3);
    let mut guard = Guard::new(Arc::default(), Instant::ZERO);

    let first = guard.inspect(&input, at(0));
    assert_eq!(first, Inspection { pass: request.len(), refuse: None });
    assert_eq!(guard.in_flight(), 1);

    let held = &input[request.len()..];
    assert_eq!(guard.inspect(held, at(1)), Inspection { pass: 0, refuse: None });

    guard.responded(at(2));
    assert_eq!(guard.in_flight(), 0);
    assert_eq!(guard.inspect(held, at(2)), Inspection { pass: request.len(), refuse: None });
}

#[test]
fn a_bad_request_behind_a_good_one_is_judged_once_its_turn_comes() {
    let good = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let mut guard = Guard::new(Arc::default(), Instant::ZERO);
    let input = [&good[..], b"\0"].concat();
    assert_eq!(guard.inspect(&input, at(0)), Inspection { pass: good.len(), refuse: None });
    assert_eq!(guard.inspect(b"\0", at(1)), Inspection { pass: 0, refuse: None });
    guard.responded(at(2));
    assert_eq!(guard.inspect(b"\0", at(2)), Inspection { pass: 0, refuse: Some(BadHead) });
    assert_eq!(guard.in_flight(), 0);
}

#[test]
fn nothing_passes_after_a_refusal() {
    let mut wire = Wire::new(Limits::default());
    assert_eq!(wire.receive(b"\0"), Some(BadHead));
    assert_eq!(wire.receive(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"), Some(BadHead));
    assert_eq!(wire.guard.ended(at(0)), Some(BadHead));
    assert_eq!(wire.guard.refused(), Some(BadHead));
    assert!(wire.passed.is_empty());
}

fn post(lines: &str) -> String {
    format!("POST /mcp HTTP/1.1\r\nHost: a\r\n{lines}\r\n")
}
