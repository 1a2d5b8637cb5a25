mod parser;

use proptest::prelude::*;

use super::*;
use parser::{Parser, Seen};

const ID: EventId = EventId { stream: 7, sequence: 42 };

fn text(chunk: Chunk) -> String {
    String::from_utf8(chunk.to_vec()).unwrap()
}

fn parse(bytes: &[u8]) -> Vec<Seen> {
    Parser::default().feed(bytes)
}

fn message(id: &str, data: &str) -> Seen {
    Seen::Event { id: id.into(), name: "message".into(), data: data.into() }
}

#[test]
fn an_event_has_its_message_on_one_line() {
    let payload = Chunk::from("{\"a\":1}");
    assert_eq!(
        text(event(Some(ID), payload.clone())),
        "id: 7-42\nevent: message\ndata: {\"a\":1}\n\n"
    );
    assert_eq!(text(event(None, payload)), "event: message\ndata: {\"a\":1}\n\n");
}

#[test]
fn an_endpoint_is_an_event_of_that_name() {
    let uri = "/messages?sessionId=8e6b";
    let seen = Seen::Event { id: "".into(), name: "endpoint".into(), data: uri.into() };
    assert_eq!(parse(&endpoint(uri).to_vec()), [seen]);
}

#[test]
fn a_payload_is_not_copied() {
    let payload = Bytes::from(vec![b'1'; 100]);
    let mut spliced = Chunk::from(payload.clone());
    spliced.push(&b"2"[..]);
    spliced.push(payload.slice(10..20));
    let event = event(Some(ID), spliced);
    assert_eq!(event.parts()[1].as_ptr(), payload.as_ptr());
    assert_eq!(event.parts()[3].as_ptr(), payload[10..].as_ptr());
}

#[test]
fn nothing_in_a_payload_ends_its_line() {
    let hostile = "{\r\"a\"\n:\r\n1}\u{2028}\u{85}data: x";
    let event = event(Some(ID), Chunk::from(hostile));
    let expected = "{ \"a\" :  1}\u{2028}\u{85}data: x";
    assert_eq!(parse(&event.to_vec()), [message("7-42", expected)]);
}

#[test]
fn an_empty_payload_is_still_an_event() {
    assert_eq!(parse(&event(Some(ID), Chunk::new()).to_vec()), [message("7-42", "")]);
}

#[test]
fn a_priming_event_has_an_id_and_no_message() {
    assert_eq!(text(priming(ID, None)), "id: 7-42\ndata: \n\n");
    let with_pause = text(priming(ID, Some(Duration::from_millis(1500))));
    assert_eq!(with_pause, "id: 7-42\nretry: 1500\ndata: \n\n");
    assert_eq!(parse(with_pause.as_bytes()), [Seen::Retry(1500), message("7-42", "")]);
}

#[test]
fn a_pause_is_no_event() {
    assert_eq!(text(retry(Duration::from_secs(3))), "retry: 3000\n\n");
    assert_eq!(parse(b"retry: 3000\n\n"), [Seen::Retry(3000)]);
}

#[test]
fn a_comment_is_skipped() {
    assert_eq!(&comment()[..], b": keep-alive\n\n");
    assert_eq!(parse(&comment()), []);
}

proptest! {
    #[test]
    fn what_is_sent_is_what_a_client_reads(
        stream in proptest::collection::vec(
            (any::<Option<(u64, u64)>>(), "\\PC{0,20}", 0_u8..4, any::<u32>()), 0..20,
        ),
        cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let (mut bytes, mut expected, mut last_id) = (Vec::new(), Vec::new(), String::new());
        for (id, payload, kind, pause) in stream {
            let id = id.map(|(stream, sequence)| EventId { stream, sequence });
            let pause_time = Duration::from_millis(pause.into());
            bytes.extend(match kind {
                0 => comment().to_vec(),
                1 => {
                    expected.push(Seen::Retry(pause.into()));
                    retry(pause_time).to_vec()
                }
                2 => {
                    last_id = ID.to_string();
                    expected.extend([Seen::Retry(pause.into()), message(&last_id, "")]);
                    priming(ID, Some(pause_time)).to_vec()
                }
                _ => {
                    // An event without an id leaves the last event id unchanged.
                    last_id = id.map_or(last_id, |id| id.to_string());
                    expected.push(message(&last_id, &payload));
                    event(id, Chunk::from(payload)).to_vec()
                }
            });
        }
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let mut parser = Parser::default();
        let seen: Vec<Seen> =
            cuts.windows(2).flat_map(|piece| parser.feed(&bytes[piece[0]..piece[1]])).collect();
        prop_assert_eq!(seen, expected);
    }
}
