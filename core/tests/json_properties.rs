//! Properties of the JSON-RPC parser, for messages, near misses, and noise.

mod oracle;

use bytes::Bytes;
use pontoon_core::testing::Field;
use pontoon_core::{Message, ParseRules, Peer};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::Value;

const RULES: ParseRules = ParseRules { depth_max: 100, batch_len_max: 50, sender: Peer::Child };

fn parse(text: &str) -> Option<Message> {
    Message::parse(Bytes::copy_from_slice(text.as_bytes()), RULES).ok()
}

/// Known keys, keys that resemble them, and others.
fn key() -> impl Strategy<Value = String> {
    let telling = select(vec![
        "jsonrpc",
        "id",
        "method",
        "params",
        "result",
        "error",
        "_meta",
        "name",
        "uri",
        "requestId",
        "progressToken",
        "protocolVersion",
        "io.modelcontextprotocol/protocolVersion",
        r"io.modelcontextprotocol\/clientCapabilities",
        "Method",
        "iD",
        r"\u0069d",
        r"id\u0000",
        "paramſ",
        r"\ud800",
        r"_met\u0061",
        " result",
        "",
    ]);
    prop_oneof![9 => telling.prop_map(str::to_owned), 1 => "[a-z]{1,20}"]
}

fn scalar() -> impl Strategy<Value = String> {
    let telling = select(vec![
        "\"2.0\"",
        "\"1.0\"",
        "\"m\"",
        r#""notifications\/progress""#,
        "\"notifications/cancelled\"",
        "\"initialize\"",
        "\"2026-07-28\"",
        "null",
        "true",
        "false",
        "0",
        "-1",
        "1.0",
        "1.5",
        "1e2",
        "25e-1",
        "250e-1",
        "1e400",
        "123456789012345678901234567890",
        r#""\ud83d\ude00""#,
        r#""\ud83d""#,
        r#""\"}""#,
        "\"日本\"",
    ]);
    prop_oneof![
        8 => telling.prop_map(str::to_owned),
        1 => "-?(0|[1-9][0-9]{0,3})(\\.[0-9]{1,3})?([eE][+-]?[0-9]{1,2})?",
        1 => "\"[ -!#-\\[\\]-~]{0,40}\"",
    ]
}

/// White space between tokens.
fn space() -> impl Strategy<Value = &'static str> {
    prop_oneof![8 => Just(""), 1 => select(vec![" ", "\n", "\r\n", "\t"])]
}

fn object(value: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    vec((space(), key(), space(), value), 0..5).prop_map(|members| {
        let members: Vec<_> = members
            .into_iter()
            .map(|(before, key, between, value)| {
                format!("{before}\"{key}\"{between}:{value}{before}")
            })
            .collect();
        format!("{{{}}}", members.join(","))
    })
}

fn json() -> impl Strategy<Value = String> {
    scalar().prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            2 => object(inner.clone()),
            1 => vec(inner, 0..4).prop_map(|elements| format!("[{}]", elements.join(" ,"))),
        ]
    })
}

fn id() -> impl Strategy<Value = String> {
    prop_oneof![
        "-?(0|[1-9][0-9]{0,40})(\\.0{1,3})?",
        "[1-9]\\.[0-9]{2}[eE]\\+?[2-9]",
        "\"[ -!#-\\[\\]-~é日😀]{0,30}\"",
        r#""(\\["\\/bfnrt]|\\u00[0-7][0-9a-fA-F]){0,5}""#,
    ]
}

/// Ids near the length limit.
fn long_id() -> impl Strategy<Value = String> {
    prop_oneof!["\"x{1020,1024}\"", "[1-9]{1022,1026}", "1\\.0{1020,1024}"]
}

/// Objects that are usually messages.
fn message() -> impl Strategy<Value = String> {
    let method = select(vec![
        "\"m\"",
        "\"initialize\"",
        r#""notifications\/progress""#,
        "\"notifications/cancelled\"",
    ]);
    let nulls = select(vec!["null", r#"{"_meta":null,"requestId":1}"#]).prop_map(str::to_owned);
    let params = prop_oneof![
        4 => object(object(json())),
        4 => object(json()),
        4 => json(),
        1 => nulls,
        1 => long_id().prop_map(|id| format!(r#"{{"_meta":{{"progressToken":{id}}}}}"#)),
    ];
    let call = (method, params)
        .prop_map(|(method, params)| format!(r#""params":{params},"method":{method}"#));
    let key = || select(vec!["result", "error"]);
    let answer = prop_oneof![
        4 => (key(), json()).prop_map(|(key, value)| format!(r#""{key}":{value}"#)),
        1 => (json(), Just("null".to_owned())).prop_map(result_and_error),
        1 => (Just("null".to_owned()), json()).prop_map(result_and_error),
    ];
    let id = prop_oneof![9 => id(), 1 => long_id()].prop_map(|id| format!(r#","id": {id}"#));
    let version = prop_oneof![8 => Just("\"jsonrpc\":\"2.0\","), 1 => Just("")];
    let other = (key(), json()).prop_map(|(key, value)| format!(r#","{key}":{value}"#));
    (
        space(),
        version,
        prop_oneof![2 => call, 1 => answer],
        proptest::option::weighted(0.7, id),
        proptest::option::weighted(0.1, other),
    )
        .prop_map(|(space, version, body, id, other)| {
            let (id, other) = (id.unwrap_or_default(), other.unwrap_or_default());
            format!(r#"{space}{{{space}{version}{body}{id}{other}}}{space}"#)
        })
}

fn result_and_error((result, error): (String, String)) -> String {
    format!(r#""result":{result},"error":{error}"#)
}

/// A text in which a few bytes were removed, doubled or replaced.
fn damaged(text: impl Strategy<Value = String>) -> impl Strategy<Value = Vec<u8>> {
    let faults = vec((any::<Index>(), 0..3, select(br#"{}[]",:\ude0 "#.to_vec())), 1..4);
    (text, faults).prop_map(|(text, faults)| {
        let mut bytes = text.into_bytes();
        for (at, how, byte) in faults {
            let at = at.index(bytes.len());
            match how {
                0 if bytes.len() > 1 => drop(bytes.remove(at)),
                1 => bytes.insert(at, byte),
                _ => bytes[at] = byte,
            }
        }
        bytes
    })
}

fn batch() -> impl Strategy<Value = String> {
    vec(prop_oneof![4 => message(), 1 => json()], 0..7)
        .prop_map(|messages| format!("[{}]", messages.join(",\n")))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn messages_are_as_the_oracle_says(text in message()) {
        oracle::jsonrpc(text.as_bytes());
    }

    #[test]
    fn batches_are_as_the_oracle_says(text in batch()) {
        oracle::jsonrpc(text.as_bytes());
    }

    #[test]
    fn any_json_is_as_the_oracle_says(text in prop_oneof![json(), object(json())]) {
        oracle::jsonrpc(text.as_bytes());
    }

    #[test]
    fn near_misses_are_as_the_oracle_says(bytes in damaged(prop_oneof![message(), batch()])) {
        oracle::jsonrpc(&bytes);
    }

    #[test]
    fn noise_is_as_the_oracle_says(bytes in vec(any::<u8>(), 0..64)) {
        oracle::jsonrpc(&bytes);
    }

    #[test]
    fn an_id_comes_back_byte_for_byte(id in id(), ours in 0..u64::MAX, padding in 0..2000_usize) {
        let pad = "x".repeat(padding);
        let text = format!(r#"{{"jsonrpc":"2.0","params":["{pad}"],"id":{id},"method":"m"}}"#);
        let there = parse(&text).unwrap().with(&[(Field::Id, ours.to_string().as_bytes())]);
        prop_assert_eq!(there.len(), text.len() - id.len() + ours.to_string().len());
        let there = Message::parse(there.into_bytes(), RULES).unwrap();
        let ours = ours.to_string();
        prop_assert_eq!(there.id(), Some(ours.as_bytes()));
        prop_assert_eq!(there.with(&[(Field::Id, id.as_bytes())]).to_vec(), text.into_bytes());
    }

    #[test]
    fn an_edit_changes_one_value_and_no_other(text in message(), token in "[1-9][0-9]{0,4}") {
        let Some(message) = parse(&text) else { return Ok(()) };
        let Ok(mut before) = serde_json::from_str::<Value>(&text) else { return Ok(()) };
        let edited = message.with(&[(Field::ProgressToken, token.as_bytes()), (Field::Id, b"\"x\"")]);
        let after: Value = serde_json::from_slice(&edited.to_vec()).unwrap();
        if message.id().is_some() {
            before["id"] = "x".into();
        }
        if message.progress_token().is_some() {
            before["params"]["_meta"]["progressToken"] = serde_json::from_str(&token).unwrap();
        }
        prop_assert_eq!(before, after);
    }

    #[test]
    fn a_pretty_text_means_the_same_on_one_line(text in message()) {
        let Ok(value) = serde_json::from_str::<Value>(&text) else { return Ok(()) };
        let pretty = serde_json::to_string_pretty(&value).unwrap();
        let Some(message) = parse(&pretty) else { return Ok(()) };
        let value: Value = serde_json::from_str(&pretty).unwrap();
        prop_assert!(!message.bytes().contains(&b'\n'));
        prop_assert_eq!(serde_json::from_slice::<Value>(message.bytes()).unwrap(), value);
    }

    /// `Value` refuses numbers that no `f64` holds, and lone surrogates; neither occurs here.
    #[test]
    fn the_grammar_is_that_of_serde_json(tokens in vec(select(vec![
        "{", "}", "[", "]", ",", ":", "\"a\"", "\"", "\\", "1", "-", "0", ".5", "e1", "true",
        "null", "nul", " ", "\n", "\t", "\u{b}", "\u{7f}", "/", "é", "\\n", "\\u00e9", "\\x",
    ]), 0..9)) {
        let params = format!("[{}]", tokens.concat());
        let text = format!(r#"{{"jsonrpc":"2.0","method":"m","params":{params}}}"#);
        let taken = serde_json::from_str::<Value>(&params).is_ok();
        prop_assert_eq!(parse(&text).is_some(), taken, "{}", params);
    }
}
