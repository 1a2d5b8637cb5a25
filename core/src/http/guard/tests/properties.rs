//! Properties of any input, received in any pieces.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::*;

/// Requests for mutations to start from.
const REQUESTS: &[&[u8]] = &[
    b"GET /mcp HTTP/1.1\r\nHost: localhost:3000\r\nAccept: text/event-stream\r\n\r\n",
    b"GET / HTTP/1.0\r\nHost: a\r\n\r\n",
    b"POST /mcp HTTP/1.1\r\nHost: [::1]:80\r\nContent-Length: 12\r\n\r\n{\"id\": 1234}",
    b"POST /mcp HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nHost: a\r\n\r\n1\r\nx\r\n0A\r\n0123456789\r\n0\r\n\r\n",
    b"GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n\r\n\r",
];

/// Bytes and words that matter to framing, for mutations to insert.
const SPLICES: &[&[u8]] = &[
    b"\r",
    b"\n",
    b"\r\n",
    b"\r\n\r\n",
    b"\0",
    b" ",
    b"\t",
    b":",
    b",",
    b";",
    b"+",
    b"-",
    b"/",
    b"*",
    b"0",
    b"1",
    b"5",
    b"f",
    b"x",
    b"_",
    b"\x7f",
    b"\x80",
    b"\xff",
    b"Content-Length: 5\r\n",
    b"Content-Length:",
    b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding:",
    b"chunked",
    b"identity",
    b"Host: b\r\n",
    b"Host:",
    b" HTTP/1.1\r\n",
    b"Expect: x\r\n",
    b"Upgrade: h2c\r\n",
    b"0\r\n\r\n",
    b"5\r\nhello\r\n",
    b"0x",
    b";a=b",
    b"http://a",
];

/// One to three requests in a row, with a few places overwritten, spliced or cut.
fn input() -> impl Strategy<Value = Vec<u8>> {
    let requests = vec(select(REQUESTS), 1..4).prop_map(|requests| requests.concat());
    let mutations = vec((any::<Index>(), 0usize..4, select(SPLICES)), 0..4);
    (requests, mutations).prop_map(|(mut bytes, mutations)| {
        for (place, removed, splice) in mutations {
            let start = place.index(bytes.len() + 1);
            let end = (start + removed).min(bytes.len());
            bytes.splice(start..end, splice.iter().copied());
        }
        bytes
    })
}

/// Small enough for inputs to reach every limit.
fn limits() -> Limits {
    Limits {
        head_bytes_max: 120,
        head_lines_max: 4,
        target_bytes_max: 8,
        body_bytes_max: 14,
        ..Limits::default()
    }
}

/// Returns the length of the request at the start of `input` by httparse, if it is complete.
fn reference_length(input: &[u8]) -> Option<usize> {
    let mut headers = [httparse::EMPTY_HEADER; 100];
    let mut request = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(head) = request.parse(input).ok()? else { return None };
    let values = |name: &str| -> Vec<&[u8]> {
        let named = request.headers.iter().filter(|header| header.name.eq_ignore_ascii_case(name));
        named.map(|header| header.value).collect()
    };
    let body = match (&values("content-length")[..], &values("transfer-encoding")[..]) {
        ([], []) => 0,
        ([length], []) => str::from_utf8(length).ok()?.parse().ok()?,
        ([], [coding]) if coding.eq_ignore_ascii_case(b"chunked") => {
            reference_chunks(&input[head..])?
        }
        _ => return None,
    };
    (head + body <= input.len()).then_some(head + body)
}

fn reference_chunks(body: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let rest = body.get(at..)?;
        let Ok(httparse::Status::Complete((line, size))) = httparse::parse_chunk_size(rest) else {
            return None;
        };
        let end = at + line + size as usize;
        if body.get(end..end + 2)? != b"\r\n" {
            return None;
        }
        at = end + 2;
        if size == 0 {
            return Some(at);
        }
    }
}

/// An event on a connection.
#[derive(Clone, Debug)]
enum Step {
    Arrive(usize),
    Respond,
    Block,
    Write,
    End,
    Stop,
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0usize..60).prop_map(Step::Arrive),
        2 => Just(Step::Respond),
        1 => Just(Step::Block),
        1 => Just(Step::Write),
        1 => Just(Step::End),
        1 => Just(Step::Stop),
        3 => (0u64..20_000).prop_map(Step::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, ..ProptestConfig::default() })]

    #[test]
    fn splitting_the_input_changes_nothing(
        input in input(),
        cuts in vec(any::<Index>(), 0..6),
        small in any::<bool>(),
    ) {
        let limits = if small { limits() } else { Limits::default() };
        let mut whole = Wire::new(limits.clone());
        let refuse = whole.receive(&input);

        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(input.len() + 1)).collect();
        cuts.extend([0, input.len()]);
        cuts.sort_unstable();
        let mut pieces = Wire::new(limits.clone());
        for cut in cuts.windows(2) {
            pieces.receive(&input[cut[0]..cut[1]]);
        }
        prop_assert_eq!(pieces.guard.refused(), refuse);
        prop_assert_eq!(&pieces.passed, &whole.passed);

        let mut bytes = Wire::new(limits);
        for &byte in &input {
            bytes.receive(&[byte]);
        }
        prop_assert_eq!(bytes.guard.refused(), refuse);
        prop_assert_eq!(&bytes.passed, &whole.passed);
    }

    #[test]
    fn what_passes_is_the_front_of_what_came_and_ends_with_a_refusal(
        input in input(),
        more in input(),
    ) {
        let mut wire = Wire::new(Limits::default());
        let refuse = wire.receive(&input);
        prop_assert!(input.starts_with(&wire.passed));
        if refuse.is_some() {
            let passed = wire.passed.clone();
            prop_assert_eq!(wire.receive(&more), refuse);
            prop_assert_eq!(wire.passed, passed);
        }
    }

    #[test]
    fn what_passes_is_framed_alike_by_httparse(input in input()) {
        let mut rest = &input[..];
        let mut guard = Guard::new(Arc::default(), Instant::ZERO);
        loop {
            let Inspection { pass, refuse } = guard.inspect(rest, Instant::ZERO);
            if refuse.is_some() || guard.is_inside_body() || guard.in_flight() == 0 {
                break;
            }
            prop_assert_eq!(reference_length(rest), Some(pass), "{:?}", rest);
            rest = &rest[pass..];
            guard.responded(Instant::ZERO);
        }
    }

    #[test]
    fn a_full_buffer_is_never_a_dead_end(input in input()) {
        let mut wire = Wire::new(limits());
        for byte in input {
            let refuse = wire.receive(&[byte]);
            prop_assert!(refuse.is_some() || wire.held.len() < wire.guard.held_bytes_max());
        }
    }

    #[test]
    fn arbitrary_bytes_are_judged(input in vec(any::<u8>(), 0..300)) {
        let (passed, _) = judge(&input);
        prop_assert!(passed <= input.len());
    }

    #[test]
    fn a_timer_that_has_been_handled_is_not_due_any_more(
        input in input(),
        steps in vec(step(), 0..30),
    ) {
        let mut guard = Guard::new(Arc::default(), Instant::ZERO);
        let (mut now, mut passed, mut seen) = (0, 0, 0);
        let (mut parting, mut closed) = (false, false);
        for step in steps {
            match step {
                Step::Arrive(bytes) => {
                    let bytes = if parting { bytes.max(1) } else { bytes };
                    seen = (seen + bytes).min(input.len());
                    let inspection = guard.inspect(&input[passed..seen], at(now));
                    prop_assert!(!closed || inspection.pass == 0);
                    passed += inspection.pass;
                    if parting && passed == seen && inspection.pass == 0 {
                        // The last read returned nothing.
                        break;
                    }
                    parting = false;
                }
                _ if parting => break,
                Step::Respond => guard.responded(at(now)),
                Step::Block => guard.write_blocked(at(now)),
                Step::Write => guard.wrote(at(now)),
                Step::End => prop_assert_eq!(guard.ended(at(now)), guard.refused()),
                Step::Stop => guard.stopped(at(now)),
                Step::Wait(millis) => now += millis,
            }
            let was_refused = guard.refused();
            match guard.handle_timeout(at(now)) {
                Some(TimeoutAction::Refuse(reject)) => {
                    prop_assert_eq!((was_refused, guard.refused()), (None, Some(reject)));
                }
                Some(TimeoutAction::Close) => closed = true,
                Some(TimeoutAction::CloseIdle) => parting = true,
                None => {}
            }
            let next = guard.poll_timeout();
            prop_assert!(next.is_none_or(|due| due.at > at(now)), "{:?} at {}", next, now);
            prop_assert!(guard.in_flight() <= 1);
            // Only a complete request in flight, or the end, has no deadline.
            prop_assert!(next.is_some() || closed || parting || guard.in_flight() == 1);
        }
    }
}
