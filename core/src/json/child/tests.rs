use proptest::prelude::*;

use super::*;
use crate::ids::ChildId;
use crate::json::Peer;
use crate::memory::Memory;

const RULES: ParseRules = ParseRules { depth_max: 1024, batch_len_max: 0, sender: Peer::Child };

fn read(line: &[u8]) -> Vec<Result<Message, InvalidLine>> {
    let mut found = Vec::new();
    let account = Memory::new(1 << 30).child(ChildId(1));
    read_line(Bytes::copy_from_slice(line), RULES, &account, &mut |read| found.push(read));
    found
}

/// Parses a line; returns messages unchanged, anything else as its flaw and the request it
/// concerns.
fn shown(line: &[u8]) -> Vec<String> {
    let of = |unreadable: InvalidLine| {
        let concerns = match unreadable.concerns {
            LineSubject::Nothing => "-".to_owned(),
            LineSubject::Request(id) => String::from_utf8(id.to_vec()).unwrap(),
            LineSubject::AnyRequest => "*".to_owned(),
            LineSubject::Quoted(message) => String::from_utf8(message.bytes().to_vec()).unwrap(),
        };
        format!("{} {concerns}", unreadable.flaw.name())
    };
    let text = |message: Message| String::from_utf8(message.bytes().to_vec()).unwrap();
    read(line).into_iter().map(|read| read.map_or_else(of, text)).collect()
}

const ANSWER: &str = r#"{"jsonrpc":"2.0","id":7,"result":{"content":[]}}"#;

#[test]
fn a_message_is_taken_as_it_is() {
    for text in [
        ANSWER,
        r#"{"method":"m","jsonrpc":"2.0","params":{"a":1.50,"b":"\u0061"}}"#,
        r#"{ "jsonrpc" : "2.0" , "id":"x", "error":{"code":-1,"message":"no"} }"#,
        r#"{"jsonrpc":"2.0","id":7,"result":{"ID":1,"x":null},"extra":[]}"#,
    ] {
        assert_eq!(shown(text.as_bytes()), [text]);
    }
    assert_eq!(shown(format!("  {ANSWER}\t").as_bytes()), [ANSWER]);
}

#[test]
fn a_byte_order_mark_is_skipped() {
    assert_eq!(shown(format!("\u{feff}{ANSWER}").as_bytes()), [ANSWER]);
    assert_eq!(shown("\u{feff}".as_bytes()), [""; 0]);
    assert_eq!(shown(format!("\u{feff} {ANSWER}").as_bytes()), [ANSWER]);
}

#[test]
fn members_that_say_nothing_are_left_out() {
    let result = r#"{"jsonrpc":"2.0","id":7,"result":{}}"#;
    for text in [
        r#"{"jsonrpc":"2.0","method":null,"id":7,"result":{}}"#,
        r#"{"jsonrpc":"2.0","id":7,"result":{},"error":null}"#,
        r#"{"jsonrpc":"2.0","id":7,"method":null,"params":null,"result":{},"error":null}"#,
        r#"{"jsonrpc":"2.0","id":7,"ID":"trace-9","result":{}}"#,
        r#"{"jsonrpc":"2.0","id":7,"result":{},"Method":"x"," id":1,"resu\u006ct\u0000":2}"#,
        r#"{"jsonrpc":"2.0","i\u0064":7,"result":{}}"#,
    ] {
        assert_eq!(shown(text.as_bytes()), [result], "{text}");
    }
    for (text, tidied) in [
        (
            r#"{"jsonrpc":"2.0","id":null,"method":"m","result":null,"error":null,"params":null}"#,
            r#"{"jsonrpc":"2.0","method":"m"}"#,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"m","error":null}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"m"}"#,
        ),
        (
            r#"{"jsonrpc":"2.0","id":7,"result":null,"error":{"code":1,"message":"no"},"method":null}"#,
            r#"{"jsonrpc":"2.0","id":7,"error":{"code":1,"message":"no"}}"#,
        ),
        (
            r#"{"jsonrpc":"2.0","id":7,"method":null,"result":null,"error":null}"#,
            r#"{"jsonrpc":"2.0","id":7,"result":null}"#,
        ),
    ] {
        assert_eq!(shown(text.as_bytes()), [tidied], "{text}");
    }
}

#[test]
fn nested_is_read_to_a_limit() {
    let nested = |depth: usize| {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        format!(r#"{{"jsonrpc":"2.0","id":7,"result":{open}{close}}}"#)
    };
    assert_eq!(shown(nested(1023).as_bytes()), [nested(1023)]);
    for depth in [1024, 100_000, 3_000_000] {
        assert_eq!(shown(nested(depth).as_bytes()), ["too_deep 7"], "{depth}");
    }
    let half = nested(1_000_000);
    assert_eq!(shown(&half.as_bytes()[..900_000]), ["not_json 7"]);
}

#[test]
fn what_is_nearly_json_is_mended() {
    let answer = |value: &str| format!(r#"{{"jsonrpc":"2.0","id":7,"result":{{"x":{value}}}}}"#);
    for (text, expected) in [
        (answer("NaN").into_bytes(), answer("null")),
        (answer("-Infinity").into_bytes(), answer("null")),
        (answer("\"a\tb\"").into_bytes(), answer(r#""a\u0009b""#)),
        (answer("\"a\rb\"").into_bytes(), answer(r#""a\u000db""#)),
        (answer("\"??\"").replace('?', "\u{1}").into_bytes(), answer(r#""\u0001\u0001""#)),
    ] {
        assert_eq!(shown(&text), [expected, "mended -".to_owned()]);
    }
    let korean = [&br#"{"jsonrpc":"2.0","id":7,"result":{"x":""#[..], b"\xc7\xd1\"}}"].concat();
    assert_eq!(shown(&korean), [answer("\"\u{fffd}\u{fffd}\""), "mended -".to_owned()]);
}

#[test]
fn terminal_sequences_and_several_messages_share_a_line() {
    let two = format!("{ANSWER}{}", ANSWER.replace('7', "8"));
    let expected = [ANSWER.to_owned(), ANSWER.replace('7', "8"), "mended -".to_owned()];
    assert_eq!(shown(two.as_bytes()), expected);
    for text in [
        format!("\x1b[32m{ANSWER}"),
        format!("\x1b[2K\r{ANSWER}\x1b[0m"),
        format!("{ANSWER}\x1b[0m"),
        format!("\0{ANSWER}"),
    ] {
        assert_eq!(shown(text.as_bytes()), [ANSWER, "mended -"], "{text:?}");
    }
    assert_eq!(shown(format!("{ANSWER} done").as_bytes()), [ANSWER, "not_json -"]);
    assert_eq!(
        shown(format!(r#"{ANSWER}{{"jsonrpc":"2.0","id":8,"resu"#).as_bytes()),
        [ANSWER, "not_json 8"]
    );
}

#[test]
fn an_answer_behind_text_is_only_quoted() {
    for text in ["Loading... ", "50 % \r", "sent: "] {
        let line = format!("{text}{ANSWER}");
        assert_eq!(shown(line.as_bytes()), [format!("not_json {ANSWER}")], "{line}");
    }
    for line in [
        format!(r#"sent {}"#, r#"{"jsonrpc":"2.0","method":"m"}"#),
        format!(r#"got {}"#, r#"{"jsonrpc":"2.0","id":7,"method":"m"}"#),
        format!("sent {ANSWER} to it"),
        format!("sent {}", &ANSWER[..30]),
        "1 \"jsonrpc\" {\"".to_owned(),
        "text".to_owned(),
    ] {
        assert_eq!(shown(line.as_bytes()), ["not_json -"], "{line}");
    }
}

#[test]
fn every_message_of_a_batch_is_taken() {
    let batch = format!(r#"[{ANSWER}, 5, {{"jsonrpc":"2.0","id":8}}, [], {ANSWER}]"#);
    let expected = [ANSWER, "no_message -", "no_message 8", ANSWER];
    assert_eq!(shown(batch.as_bytes()), expected);
    assert_eq!(shown(b"[]"), [""; 0]);
    assert_eq!(shown(b"[1,2,3]"), ["no_message -"], "once is enough");
}

#[test]
fn an_unreadable_answer_names_its_request() {
    for (text, expected) in [
        (r#"{"jsonrpc":"1.0","id":7,"result":{}}"#, "bad_version 7"),
        (r#"{"id":7,"result":{}}"#, "bad_version 7"),
        (r#"{"jsonrpc":"2.0","id":7}"#, "no_message 7"),
        (r#"{"jsonrpc":"2.0","id":7,"result":1,"error":1}"#, "no_message 7"),
        (r#"{"jsonrpc":"2.0","id":7,"result":1,"result":1}"#, "duplicate_key 7"),
        (r#"{"jsonrpc":"2.0","id":7,"id":8,"result":1}"#, "duplicate_key *"),
        (r#"{"jsonrpc":"2.0","id":null,"result":1}"#, "bad_id *"),
        (r#"{"jsonrpc":"2.0","result":1}"#, "no_message *"),
        (r#"{"jsonrpc":"2.0","id":7,"result":{"a":'b'}}"#, "not_json 7"),
        (r#"{"result":{"a":'b'},"id":7}"#, "not_json 7"),
        (r#"{"jsonrpc":"2.0","id":7,"method":1}"#, "bad_call -"),
        (r#"{"level":"info","id":7}"#, "bad_version -"),
        (r#"{ a: 1 }"#, "not_json -"),
        ("null", "no_message -"),
    ] {
        assert_eq!(shown(text.as_bytes()), [expected], "{text}");
    }
}

#[test]
fn an_error_that_is_none_becomes_one() {
    let text = r#"{"jsonrpc":"2.0","id":7,"error":"plain text"}"#;
    let whole = r#"{"jsonrpc":"2.0","id":7,"error":{"code":-32603,"message":"plain text"}}"#;
    assert_eq!(shown(text.as_bytes()), [whole]);
    let unnamed = r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"what?"}}"#;
    assert_eq!(shown(unnamed.as_bytes()), [unnamed]);
}

#[test]
fn an_excerpt_is_short() {
    let line = "x".repeat(1000);
    let [Err(noise)] = &read(line.as_bytes())[..] else { panic!("noise") };
    assert_eq!((noise.excerpt.len(), noise.bytes), (EXCERPT_BYTES, 1000));
}

proptest! {
    #[test]
    fn any_line_is_read(line in proptest::collection::vec(any::<u8>(), 0..300)) {
        read(&line);
    }

    /// A damaged answer, with any one byte changed, answers no other request.
    #[test]
    fn a_damaged_answer_answers_no_other_request(at in 0..ANSWER.len(), byte in any::<u8>()) {
        let mut line = ANSWER.as_bytes().to_vec();
        line[at] = byte;
        let other = line.windows(6).any(|part| part == b"\"id\":7");
        for found in read(&line) {
            match found {
                Ok(message) if other => prop_assert!(message.id().is_none_or(|id| id == b"7")),
                Err(InvalidLine { concerns: LineSubject::Request(id), .. }) if other => {
                    prop_assert_eq!(&id[..], b"7");
                }
                _ => {}
            }
        }
    }
}
