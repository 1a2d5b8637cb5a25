//! Verdicts on bodies, and on connections that end inside a request.

use super::*;
use Reject::*;

const CHUNKED: &str = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
const PLAIN: &str = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";

/// Checks chunked bodies: the number of bytes that pass, and the verdict.
fn assert_chunks(table: &[(&str, &str, Option<Reject>)]) {
    for (body, passed, refuse) in table {
        let input = [CHUNKED, body].concat();
        let expected = (CHUNKED.len() + passed.len(), *refuse);
        assert_eq!(judge(input.as_bytes()), expected, "{body:?}");
    }
}

#[test]
fn chunks_pass_whole() {
    assert_chunks(&[
        ("5\r\nhello\r\n0\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n", None),
        ("5\r\nhel", "5\r\nhel", None),
        ("00000000000000aF\r\nx", "00000000000000aF\r\nx", None),
        ("0000000000000000\r\n\r\n", "0000000000000000\r\n\r\n", None),
    ]);
}

#[test]
fn what_frames_a_chunk_passes_only_when_complete() {
    assert_chunks(&[
        ("5", "", None),
        ("5\r", "", None),
        ("5\r\nhello", "5\r\nhello", None),
        ("5\r\nhello\r", "5\r\nhello", None),
        ("5\r\nhello\r\n0\r\n", "5\r\nhello\r\n0\r\n", None),
        ("0\r\n\r", "0\r\n", None),
    ]);
}

#[test]
fn chunk_sizes_are_hexadecimal_digits_and_nothing_else() {
    for size in [
        "+5\r\n",
        "-5\r\n",
        " 5\r\n",
        "5 \r\n",
        "0x5\r\n",
        "5 ;name=value\r\n",
        "5;name=\nvalue\r\n",
        "5;name=\rvalue\r\n",
        "5;name=\0\r\n",
        ";name=value\r\n",
        "5\n",
        "5\rh",
        "\r\n",
        "\n",
        "g\r\n",
        "5_\r\n",
        "5\0\r\n",
        "00000000000000005\r\n",
        "\u{ff15}\r\n",
    ] {
        assert_chunks(&[(size, "", Some(BadChunk))]);
    }
}

#[test]
fn chunks_end_where_their_size_says() {
    assert_chunks(&[
        ("2\r\nabc\r\n", "2\r\nab", Some(BadChunk)),
        ("2\r\nab\n0\r\n\r\n", "2\r\nab", Some(BadChunk)),
        ("2\r\nab0\r\n\r\n", "2\r\nab", Some(BadChunk)),
        ("2\r\nab\r0\r\n\r\n", "2\r\nab", Some(BadChunk)),
    ]);
}

#[test]
fn extensions_are_ignored_within_a_limit() {
    let long = "a".repeat(4094);
    assert_chunks(&[
        ("5;name=value\r\nhello\r\n0;x\r\n\r\n", "5;name=value\r\nhello\r\n0;x\r\n\r\n", None),
        ("5;\r\nhello", "5;\r\nhello", None),
        ("5;a=\"b;c\"", "", None),
        (&format!("1;{long}"), "", None),
        (&format!("1;{long}a\r\n"), &format!("1;{long}a\r\n"), None),
        (&format!("1;{long}aa"), "", Some(BadChunk)),
        (&format!("1;{long}\r\nx\r\n1;aa\r\n"), &format!("1;{long}\r\nx\r\n"), Some(BadChunk)),
    ]);
}

#[test]
fn trailers_are_refused() {
    assert_chunks(&[
        ("0\r\nX: y\r\n\r\n", "0\r\n", Some(Trailer)),
        ("0\r\nContent-Length: 5\r\n\r\n", "0\r\n", Some(Trailer)),
        ("0\r\n\n", "0\r\n", Some(BadChunk)),
        ("0\r\n\rX", "0\r\n", Some(BadChunk)),
    ]);
}

#[test]
fn chunks_together_are_limited() {
    const TOO_LARGE: Reject = BodyTooLarge { limit: 8 };
    let limits = Limits { body_bytes_max: 8, ..Limits::default() };
    for (body, passed, refuse) in [
        ("8\r\n12345678\r\n0\r\n\r\n", "8\r\n12345678\r\n0\r\n\r\n", None),
        ("9\r\n12345678", "", Some(TOO_LARGE)),
        ("ffffffffffffffff\r\n", "", Some(TOO_LARGE)),
        ("4\r\n1234\r\n4\r\n5678\r\n1\r\n", "4\r\n1234\r\n4\r\n5678\r\n", Some(TOO_LARGE)),
        ("4\r\n1234\r\nffffffffffffffff\r\n", "4\r\n1234\r\n", Some(TOO_LARGE)),
    ] {
        let mut wire = Wire::new(limits.clone());
        assert_eq!(wire.receive([CHUNKED, body].concat().as_bytes()), refuse, "{body:?}");
        assert_eq!(wire.passed, [CHUNKED, passed].concat().as_bytes(), "{body:?}");
    }
}

#[test]
fn what_follows_a_body_is_the_next_request() {
    let next = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let plain = [PLAIN, "hello", next].concat();
    let chunked = [CHUNKED, "5\r\nhello\r\n0\r\n\r\n", next].concat();
    assert_passed(&[&plain, &chunked, &plain.repeat(50)]);

    let more_than_declared = [PLAIN, "hello!", next].concat();
    let (passed, refuse) = judge(more_than_declared.as_bytes());
    // `!GET` is a valid token; the library decides that it knows no such method.
    assert_eq!((passed, refuse), (more_than_declared.len(), None));
    assert_passed(&[&[PLAIN, "hello\r\n", next].concat()]);
}

#[test]
fn a_broken_body_belongs_to_the_request_in_flight() {
    let mut guard = Guard::new(Arc::default(), Instant::ZERO);
    let input = [CHUNKED, "x"].concat();
    let expected = Inspection { pass: CHUNKED.len(), refuse: Some(BadChunk) };
    assert_eq!(guard.inspect(input.as_bytes(), at(0)), expected);
    assert_eq!(guard.in_flight(), 1);
    assert!(!guard.is_inside_body());
}

#[test]
fn a_connection_that_ends_inside_a_request_is_truncated() {
    for input in [
        "G",
        "GET / HTTP/1.1\r\nHost: a\r\n\r",
        PLAIN,
        &[PLAIN, "hell"].concat(),
        CHUNKED,
        &[CHUNKED, "5\r\nhello\r\n"].concat(),
        &[CHUNKED, "5\r\nhello\r\n0\r\n"].concat(),
    ] {
        let mut wire = Wire::new(Limits::default());
        assert_eq!(wire.receive(input.as_bytes()), None);
        assert_eq!(wire.guard.ended(at(0)), Some(BodyTruncated), "{input:?}");
        assert_eq!(wire.guard.refused(), Some(BodyTruncated));
    }
}

#[test]
fn a_connection_may_end_between_requests_and_behind_a_complete_one() {
    let mut guard = Guard::new(Arc::default(), Instant::ZERO);
    assert_eq!(guard.ended(at(0)), None);

    let mut guard = Guard::new(Arc::default(), Instant::ZERO);
    let input = [PLAIN, "hello", "GET"].concat();
    assert_eq!(guard.inspect(input.as_bytes(), at(0)).pass, input.len() - 3);
    assert_eq!(guard.ended(at(1)), None);
    guard.responded(at(2));
    // The incomplete head cannot be completed any more.
    assert_eq!(guard.inspect(b"GET", at(2)).refuse, Some(BodyTruncated));
}

#[test]
fn a_body_that_breaks_after_its_answer_is_not_answered_again() {
    for rest in ["x", ""] {
        let mut guard = Guard::new(Arc::default(), Instant::ZERO);
        assert_eq!(guard.inspect(CHUNKED.as_bytes(), at(0)).refuse, None);
        guard.responded(at(1));
        assert!(guard.is_inside_body());
        if rest.is_empty() {
            assert_eq!(guard.ended(at(2)), None);
        } else {
            let expected = Inspection { pass: 0, refuse: None };
            assert_eq!(guard.inspect(rest.as_bytes(), at(2)), expected);
        }
        assert_eq!(guard.poll_timeout().map(|due| due.at), Some(at(2)));
        assert_eq!(guard.handle_timeout(at(2)), Some(TimeoutAction::Close));
        assert_eq!(guard.poll_timeout(), None);
    }
}

#[test]
fn the_rest_of_an_answered_request_passes_before_the_next_head() {
    let mut guard = Guard::new(Arc::default(), Instant::ZERO);
    let request = [PLAIN, "hello"].concat();
    let _ = guard.inspect(PLAIN.as_bytes(), at(0));
    guard.responded(at(1));
    let input = ["hello", &request].concat();
    assert_eq!(guard.inspect(input.as_bytes(), at(2)).pass, input.len());
    assert_eq!(guard.in_flight(), 1);
}
