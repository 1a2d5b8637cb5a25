//! Invariants for all inputs, however they arrive.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::*;

/// Requests to start from.
fn requests() -> Vec<String> {
    let chunked = "Transfer-Encoding: chunked\r\n";
    let expect = format!("Content-Length: {}\r\nExpect: 100-continue\r\n", PING.len());
    vec![
        LIVEZ.into(),
        ping(),
        post(chunked, &format!("{:x}\r\n{PING}\r\n0\r\n\r\n", PING.len())),
        post(chunked, &format!("{:x};a=b\r\n{PING}\r\n0\r\nX: y\r\n\r\n", PING.len())),
        post(&expect, PING),
        post("Content-Length: 2\r\n", "[]"),
        "GET /nowhere HTTP/1.0\r\nHost: a\r\n\r\n".into(),
        "GET /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc".into(),
        "\r\nHEAD /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".into(),
    ]
}

/// Words that matter to framing.
const SPLICES: &[&str] = &[
    "\r",
    "\n",
    "\r\n",
    "\r\n\r\n",
    "\0",
    " ",
    ":",
    ",",
    "0",
    "5",
    "x",
    "\u{7f}",
    "é",
    "Content-Length: 5\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Host: b\r\n",
    " HTTP/1.1\r\n",
    "Connection: close\r\n",
    "Expect: 100-continue\r\n",
    "0\r\n\r\n",
];

/// One to four requests in a row, with a few places overwritten, spliced or cut.
fn input() -> impl Strategy<Value = Vec<u8>> {
    let requests = vec(select(requests()), 1..5).prop_map(|requests| requests.concat());
    let mutations = vec((any::<Index>(), 0usize..4, select(SPLICES)), 0..3);
    (requests, mutations).prop_map(|(requests, mutations)| {
        let mut bytes = requests.into_bytes();
        for (place, removed, splice) in mutations {
            let start = place.index(bytes.len() + 1);
            let end = (start + removed).min(bytes.len());
            bytes.splice(start..end, splice.bytes());
        }
        bytes
    })
}

/// Returns the result of the input: requests, refusals, and the bytes sent except `100 Continue`,
/// which depends on whether the body has arrived.
fn outcome(pieces: &[&[u8]]) -> (Vec<String>, Vec<Reject>, String, Ended) {
    let mut harness = Harness::new();
    for piece in pieces {
        harness.receive(piece);
    }
    harness.end();
    let requests = harness.requests.iter().map(|request| format!("{request:?}")).collect();
    let sent = harness.text().replace("HTTP/1.1 100 Continue\r\n\r\n", "");
    (requests, harness.refused, sent, harness.ended)
}

proptest! {
    #[test]
    fn it_makes_no_difference_how_the_input_is_split(input in input(), cuts in vec(any::<Index>(), 0..6)) {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(input.len() + 1)).collect();
        cuts.sort_unstable();
        let mut pieces = Vec::new();
        let mut start = 0;
        for cut in cuts {
            pieces.push(&input[start..cut]);
            start = cut;
        }
        pieces.push(&input[start..]);
        let whole = outcome(&[&input]);
        prop_assert_eq!(&whole, &outcome(&pieces));
        let bytes: Vec<&[u8]> = input.chunks(1).collect();
        prop_assert_eq!(&whole, &outcome(&bytes));
    }

    #[test]
    fn every_request_is_answered_and_a_refusal_is_the_last_answer_of_its_guard(input in input()) {
        let (requests, refused, sent, ended) = outcome(&[&input]);
        let answers = statuses(&sent).len();
        prop_assert!(answers >= requests.len() + refused.len(), "{}", sent);
        prop_assert!(ended.closed, "{:?}", ended);
        if let Some(at) = sent.find("connection: close\r\n") {
            prop_assert!(!sent[at..].contains("\r\nHTTP/1."), "{}", sent);
        }
    }
}
