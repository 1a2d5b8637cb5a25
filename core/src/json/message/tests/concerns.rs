//! The request that an invalid text concerns.

use super::*;
use crate::json::InvalidSubject;

fn concerns(sender: Peer, text: &str) -> (Reject, Option<InvalidSubject>) {
    let invalid = parse_of(sender, text).expect_err(text);
    (invalid.reject, invalid.concerned)
}

fn request(id: &'static str) -> Option<InvalidSubject> {
    Some(InvalidSubject::Request(Bytes::from(id)))
}

fn answer(id: &'static str) -> Option<InvalidSubject> {
    Some(InvalidSubject::Answer(Bytes::from(id)))
}

#[test]
fn a_request_that_is_refused_can_be_answered_under_its_id() {
    for (text, reject) in [
        (r#"{"jsonrpc":"1.0","id": "a\"b" ,"method":"m"}"#, Reject::BadVersion),
        (r#"{"method":"m","id":"a\"b"}"#, Reject::BadVersion),
        (r#"{"jsonrpc":"2.0","id":"a\"b","method":17}"#, Reject::BadMethod),
        (r#"{"jsonrpc":"2.0","id":"a\"b"}"#, Reject::BadMessage),
        (r#"{"jsonrpc":"2.0","method":"m","result":1,"id":"a\"b"}"#, Reject::BadMessage),
        (r#"{"jsonrpc":"2.0","method":"m","params":null,"id":"a\"b"}"#, Reject::ParamsNotObject),
        (
            r#"{"params":{"_meta":{"progressToken":[]}},"jsonrpc":"2.0","method":"m","id":"a\"b"}"#,
            Reject::BadParams,
        ),
        (
            r#"{"jsonrpc":"2.0","params":{"name":1,"name":2},"method":"m","id":"a\"b"}"#,
            Reject::DuplicateKey,
        ),
        (
            r#"{"jsonrpc":"2.0","params":{"_meta":{"progressToken":1,"progressToken":1}},"method":"m","id":"a\"b"}"#,
            Reject::DuplicateKey,
        ),
    ] {
        assert_eq!(concerns(Peer::Client, text), (reject, request(r#""a\"b""#)), "{text}");
    }
}

#[test]
fn an_answer_of_a_client_is_not_answered_under_an_id_that_is_not_its_own() {
    for text in [
        r#"{"jsonrpc":"2.0","id":1,"result":{},"error":{}}"#,
        r#"{"jsonrpc":"1.0","id":1,"result":{}}"#,
        r#"{"id":1,"error":{}}"#,
    ] {
        assert_eq!(concerns(Peer::Client, text).1, answer("1"), "{text}");
    }
}

#[test]
fn an_answer_of_a_child_that_is_none_has_its_id() {
    for (text, reject) in [
        (r#"{"jsonrpc":"2.0","id":1}"#, Reject::BadMessage),
        (r#"{"jsonrpc":"2.0","id":1,"resul":{}}"#, Reject::BadMessage),
        (r#"{"jsonrpc":"2.0","id":1,"result":{},"error":{}}"#, Reject::BadMessage),
        (r#"{"jsonrpc":"1.0","id":1,"result":{}}"#, Reject::BadVersion),
        (r#"{"jsonrpc":2.0,"id":1,"error":{}}"#, Reject::BadVersion),
        (r#"{"id":1,"result":1}"#, Reject::BadVersion),
    ] {
        assert_eq!(concerns(Peer::Child, text), (reject, answer("1")), "{text}");
    }
    let asks = r#"{"jsonrpc":"2.0","id":1,"method":"m","params":1}"#;
    assert_eq!(concerns(Peer::Child, asks).1, request("1"));
    // An object that was never meant to be a message.
    assert_eq!(concerns(Peer::Child, r#"{"level":"info","id":1}"#).1, None);
}

#[test]
fn an_ambiguous_id_concerns_no_request() {
    let deep = format!(r#"{{"jsonrpc":"2.0","id":1,"x":{}{}}}"#, "[".repeat(200), "]".repeat(200));
    let long = format!(r#"{{"jsonrpc":"1.0","id":"{}","result":1}}"#, "x".repeat(1023));
    for text in [
        r#"{"jsonrpc":"2.0","id":1,"id":1,"result":1}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":1,"result":1}"#,
        r#"{"jsonrpc":"2.0","id":1,"Id":2,"result":1}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":1,"Method":"m"}"#,
        r#"{"jsonrpc":"2.0","id":1.5,"result":1}"#,
        r#"{"jsonrpc":"2.0","id":null,"method":"m"}"#,
        r#"{"jsonrpc":"2.0","id":{},"method":1}"#,
        r#"{"jsonrpc":"1.0","method":"m"}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":1"#,
        r#"["jsonrpc","2.0","id",1]"#,
        &deep,
        &long,
    ] {
        for sender in [Peer::Client, Peer::Child] {
            assert_eq!(concerns(sender, text).1, None, "{sender:?}: {text}");
        }
    }
    let half = r#"{"jsonrpc":"2.0","id":1,"method":"\ud800"}"#;
    assert_eq!(concerns(Peer::Client, half), (Reject::LoneSurrogate, None));
}

#[test]
fn only_a_request_has_an_id_that_is_answered() {
    let asks = parse(r#"{"jsonrpc":"1.0","id":1,"method":"m"}"#).unwrap_err();
    assert_eq!(text(asks.request_id()), Some("1"));
    let answers = parse(r#"{"jsonrpc":"1.0","id":1,"result":1}"#).unwrap_err();
    assert_eq!((answers.request_id(), &answers.concerned), (None, &answer("1")));
    let neither = parse("{").unwrap_err();
    assert_eq!((neither.request_id(), &neither.concerned), (None, &None));
}
