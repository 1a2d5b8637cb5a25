use proptest::prelude::*;

use super::*;

const BOTH: Option<Accept> = Some(Accept { json: true, sse: true });
const JSON: Option<Accept> = Some(Accept { json: true, sse: false });
const SSE: Option<Accept> = Some(Accept { json: false, sse: true });
const NONE: Option<Accept> = None;

fn post(lines: &[&str]) -> Option<Accept> {
    Accept::of_post(lines.iter().map(|line| line.as_bytes()))
}

fn get(lines: &[&str]) -> bool {
    Accept::of_get(lines.iter().map(|line| line.as_bytes())).is_some_and(|accept| accept.sse)
}

#[test]
fn an_answer_to_a_post() {
    #[rustfmt::skip]
    let table: &[(&[&str], Option<Accept>)] = &[
        // Headers of MCP clients.
        (&["application/json, text/event-stream"], BOTH),
        (&["text/event-stream, application/json"], BOTH),
        (&["application/json", "text/event-stream"], BOTH),
        (&["application/json"], JSON),
        (&["text/event-stream"], SSE),
        // Headers of curl and others: JSON.
        (&[], JSON),
        (&[""], JSON),
        (&[" , ,"], JSON),
        (&["*/*"], JSON),
        (&["*/*;q=0.1"], JSON),
        (&["text/html, image/gif, */*; q=0.2"], JSON),
        // Ranges.
        (&["application/*"], JSON),
        (&["text/*"], SSE),
        (&["application/*, text/*"], BOTH),
        (&["*/*, text/event-stream"], BOTH),
        (&["APPLICATION/JSON,Text/Event-Stream"], BOTH),
        // q=0 excludes, in any notation.
        (&["application/json;q=0, text/event-stream"], SSE),
        (&["application/json;q=0.000, text/event-stream;q=0.001"], SSE),
        (&["application/json, text/event-stream;Q=0"], JSON),
        (&["application/json;q=0.0,text/event-stream;q=0"], NONE),
        (&["*/*;q=0"], NONE),
        (&["*/*;q=0, application/json"], JSON),
        // The most specific range that covers a form counts, in any position.
        (&["application/json;q=0, */*"], SSE),
        (&["*/*, application/json;q=0"], SSE),
        (&["application/*;q=0, application/json"], JSON),
        (&["application/json, application/*;q=0"], JSON),
        (&["text/*, text/event-stream;q=0"], NONE),
        (&["text/*, text/event-stream;q=0, */*"], JSON),
        (&["application/*;q=0, text/*;q=0, */*"], NONE),
        // Parameters of a range are ignored.
        (&["application/json;charset=utf-8"], JSON),
        (&["application/json;profile=\"a,b\";q=0.5, text/event-stream"], BOTH),
        (&["application/json;v=1;q=0, application/json"], JSON),
        // Neither form.
        (&["text/html"], NONE),
        (&["application/xml, text/plain"], NONE),
        (&["application/jsonfoo"], NONE),
        (&["application/json-seq, xtext/event-stream"], NONE),
        // Malformed members are ignored.
        (&["json"], NONE),
        (&["*"], NONE),
        (&["*/json"], NONE),
        (&["application/json;q=2"], NONE),
        (&["application/json;q=1.001"], NONE),
        (&["application/json;q=0.1234"], NONE),
        (&["application/json;q=-1, text/event-stream"], SSE),
        (&["application/json;q=, text/event-stream"], SSE),
        (&["application/json;q=a, text/event-stream"], SSE),
        (&["application /json, text/event-stream"], SSE),
        (&["application/json;\"x, text/event-stream"], NONE),
        (&["\u{e4}, application/json"], JSON),
    ];
    for (lines, expected) in table {
        assert_eq!(post(lines), *expected, "{lines:?}");
    }
}

#[test]
fn an_answer_to_a_get() {
    for lines in
        [&[][..], &[""], &["text/event-stream"], &["text/*"], &["*/*"], &["application/json, */*"]]
    {
        assert!(get(lines), "{lines:?}");
    }
    for lines in [&["application/json"][..], &["text/html"], &["*/*, text/event-stream;q=0"]] {
        assert!(!get(lines), "{lines:?}");
    }
}

#[test]
fn every_weight_of_the_grammar_is_read() {
    let read = |text: &str| weight(text.as_bytes());
    for (text, expected) in [
        ("0", Some(0)),
        ("0.", Some(0)),
        ("0.001", Some(1)),
        ("0.1", Some(100)),
        ("0.25", Some(250)),
        ("0.999", Some(999)),
        ("1", Some(1000)),
        ("1.", Some(1000)),
        ("1.000", Some(1000)),
        ("1.1", None),
        ("10", None),
        ("0.0000", None),
        (".5", None),
        ("00.5", None),
    ] {
        assert_eq!(read(text), expected, "{text}");
    }
}

proptest! {
    #[test]
    fn nothing_panics(lines in proptest::collection::vec("[ -~]{0,40}", 0..4)) {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        post(&lines);
        get(&lines);
    }

    #[test]
    fn neither_the_order_of_members_nor_their_lines_matter(
        members in proptest::collection::vec(
            prop::sample::select(vec![
                "application/json", "application/json;q=0", "application/*", "text/*;q=0",
                "text/event-stream", "text/event-stream;q=0.5", "*/*", "*/*;q=0", "bad",
            ]),
            1..6,
        ).prop_shuffle(),
    ) {
        let mut sorted = members.clone();
        sorted.sort_unstable();
        let joined = sorted.join(", ");
        prop_assert_eq!(post(&members), post(&[&joined]));
    }
}
