use super::*;
use crate::json::{InvalidSubject, Kind, Peer};

const RULES: ParseRules = ParseRules { depth_max: 5, batch_len_max: 4, sender: Peer::Client };

fn parse(text: &str) -> Result<Body, Invalid> {
    Body::parse(Bytes::copy_from_slice(text.as_bytes()), RULES)
}

fn batch(text: &str) -> Vec<Result<Message, Invalid>> {
    match parse(text) {
        Ok(Body::Batch(batch)) => batch,
        other => panic!("{text} is no batch: {other:?}"),
    }
}

fn refusal(text: &str) -> Option<Reject> {
    parse(text).err().map(|invalid| invalid.reject)
}

#[test]
fn an_object_is_one_message() {
    let body = parse(" {\"jsonrpc\":\"2.0\",\n\"method\":\"m\"}\n");
    assert!(
        matches!(body, Ok(Body::One(m)) if m.bytes() == "{\"jsonrpc\":\"2.0\", \"method\":\"m\"}")
    );
}

#[test]
fn anything_else_than_an_object_or_array_is_no_message() {
    for text in ["null", "1", "1e400", "true", "\"x\"", "\"\\u0041\""] {
        assert_eq!(refusal(text), Some(Reject::BadMessage), "{text}");
    }
    for text in ["", "{", "[", "nul", "[1,]", "[]]", "{}[]"] {
        assert_eq!(refusal(text), Some(Reject::BadJson), "{text}");
    }
}

#[test]
fn every_message_of_a_batch_has_its_own_verdict() {
    let verdicts: Vec<_> = batch(
        r#" [ {"jsonrpc":"2.0","id":1,"method":"m"} , [{}],
             {"jsonrpc":"2.0","id":1,"result":{}}, {"jsonrpc":"1.0","id":2,"method":"m"} ] "#,
    )
    .into_iter()
    .map(|message| message.map(|m| (m.kind(), m.id().map(<[u8]>::to_vec))))
    .collect();
    assert_eq!(
        verdicts,
        [
            Ok((Kind::Request, Some(b"1".to_vec()))),
            Err(Reject::BadMessage.into()),
            Ok((Kind::Result, Some(b"1".to_vec()))),
            Err(Invalid {
                reject: Reject::BadVersion,
                concerned: Some(InvalidSubject::Request(Bytes::from("2")))
            }),
        ]
    );
}

#[test]
fn a_body_that_is_refused_whole_is_about_no_request() {
    let good = r#"{"jsonrpc":"2.0","id":1,"method":"m"}"#;
    for text in [
        "[]".to_owned(),
        format!("[{good},{good},{good},{good},{good}]"),
        format!(r#"[{good},"\ud800"]"#),
        format!("{good}{good}"),
    ] {
        assert_eq!(parse(&text).unwrap_err().concerned, None, "{text}");
    }
}

#[test]
fn elements_that_are_no_objects_are_no_messages() {
    for text in ["[1]", "[null]", "[[]]", "[\"{}\"]", "[true]"] {
        assert_eq!(batch(text)[0].as_ref().err(), Some(&Reject::BadMessage.into()), "{text}");
    }
}

#[test]
fn messages_of_a_batch_are_lines_of_their_own() {
    let batch = batch(
        "[{\"jsonrpc\":\"2.0\",\r\n\"method\":\"a\"},\n{\"jsonrpc\":\"2.0\",\"method\":\"b\"}]",
    );
    let lines: Vec<_> = batch.iter().map(|m| m.as_ref().unwrap().bytes().clone()).collect();
    assert_eq!(
        lines,
        ["{\"jsonrpc\":\"2.0\",  \"method\":\"a\"}", "{\"jsonrpc\":\"2.0\",\"method\":\"b\"}"]
    );
}

#[test]
fn a_batch_has_at_least_one_message_and_no_more_than_the_limit() {
    assert_eq!(refusal("[]"), Some(Reject::BatchEmpty));
    assert_eq!(refusal("[ \n ]"), Some(Reject::BatchEmpty));
    assert_eq!(batch("[1,2,3,4]").len(), 4);
    assert_eq!(refusal("[1,2,3,4,5]"), Some(Reject::BatchTooLong));
    assert_eq!(refusal(&format!("[{}1]", "1,".repeat(1_000_000))), Some(Reject::BatchTooLong));
}

#[test]
fn what_is_wrong_with_the_text_refuses_the_whole_batch() {
    let good = r#"{"jsonrpc":"2.0","method":"m"}"#;
    assert_eq!(refusal(&format!("[{good},{{]")), Some(Reject::BadJson));
    assert_eq!(refusal(&format!(r#"[{good},{{"a":"\ud800"}}]"#)), Some(Reject::LoneSurrogate));
    assert_eq!(refusal(&format!("[{good},[[[[[]]]]]]")), Some(Reject::TooDeep));
    assert_eq!(batch(&format!("[{good},[[[[]]]]]")).len(), 2);
    assert_eq!(
        refusal(&format!("{}{}", "[".repeat(1_000_000), "]".repeat(1_000_000))),
        Some(Reject::TooDeep)
    );
}
