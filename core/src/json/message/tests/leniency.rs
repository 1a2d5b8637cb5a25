//! Deviations that are allowed from a child and not from a client.

use super::*;

/// Checks that a text is a message from a child, and refused from a client.
#[track_caller]
fn forgiven(text: &str, kind: Kind, reject: Reject) -> Message {
    assert_eq!(verdict(text), Err(reject), "{text}");
    let message = parse_of(Peer::Child, text).unwrap_or_else(|why| panic!("{text}: {why:?}"));
    assert_eq!(message.kind(), kind, "{text}");
    assert_eq!(message.bytes(), text.as_bytes(), "it is passed on as it is");
    message
}

/// Checks that a text is refused from any sender.
#[track_caller]
fn never(text: &str, reject: Reject) {
    for sender in [Peer::Client, Peer::Child] {
        assert_eq!(verdict_of(sender, text), Err(reject), "{sender:?}: {text}");
    }
}

#[test]
fn the_version_is_given_and_no_other() {
    for text in [
        r#"{"id":1,"method":"m"}"#,
        r#"{"method":"m","params":{}}"#,
        r#"{"id":1,"result":{}}"#,
        r#"{"error":{}}"#,
        r#"{"level":"info","id":7}"#,
    ] {
        never(text, Reject::BadVersion);
    }
    for version in ["2", "2.0", "\"1.0\"", "null", "\"\""] {
        never(&format!(r#"{{"jsonrpc":{version},"id":1,"result":{{}}}}"#), Reject::BadVersion);
    }
}

#[test]
fn params_and_their_meta_may_be_null() {
    let (bad, no_object) = (Reject::BadParams, Reject::ParamsNotObject);
    forgiven(&with(r#""id":1,"method":"m","params":null"#), Kind::Request, no_object);
    forgiven(&with(r#""method":"m","params": null "#), Kind::Notification, no_object);
    let request = with(r#""id":1,"method":"m","params":{"_meta":null,"name":"x"}"#);
    let request = forgiven(&request, Kind::Request, bad);
    assert_eq!(request.progress_token(), None);
    let progress =
        with(r#""method":"notifications/progress","params":{"_meta":null,"progressToken":7}"#);
    assert_eq!(text(forgiven(&progress, Kind::Notification, bad).correlation_id()), Some("7"));

    for params in ["1", "\"null\"", "false"] {
        never(&with(&format!(r#""id":1,"method":"m","params":{params}"#)), no_object);
    }
    for params in [r#"{"_meta":1}"#, r#"{"_meta":[null]}"#] {
        never(&with(&format!(r#""id":1,"method":"m","params":{params}"#)), bad);
    }
    let token = r#""id":1,"method":"m","params":{"_meta":{"progressToken":null}}"#;
    never(&with(token), bad);
}

#[test]
fn a_null_beside_a_result_or_an_error_is_absent() {
    let bad = Reject::BadMessage;
    let result = forgiven(
        &with(r#""id":1,"result":{"protocolVersion":"a"},"error":null"#),
        Kind::Result,
        bad,
    );
    assert_eq!(result.result_revision().as_deref(), Some("a"));
    forgiven(&with(r#""error": null,"result":null,"id":1"#), Kind::Result, bad);
    forgiven(&with(r#""id":1,"result":null,"error":{"code":1}"#), Kind::Error, bad);
    forgiven(&with(r#""result":null,"error":{}"#), Kind::Error, bad);

    never(&with(r#""id":1,"result":{},"error":{}"#), bad);
    never(&with(r#""id":1,"result":0,"error":false"#), bad);
    never(&with(r#""result":null,"error":null"#), bad);
    never(&with(r#""id":1,"method":"m","error":null"#), bad);
}

#[test]
fn half_a_surrogate_pair_is_carried() {
    for members in [
        r#""id":1,"result":{"text":"\ud800"}"#,
        r#""id":1,"result":{"\udfff":1}"#,
        r#""id":"\ud800","method":"m""#,
        r#""method":"m\ud83d","params":{"\ud83d":1,"name":"\ude00\ud83d"}"#,
        r#""id":1,"\ud800":1,"method":"m""#,
    ] {
        let text = with(members);
        assert_eq!(verdict(&text), Err(Reject::LoneSurrogate), "{members}");
        assert_eq!(parse_of(Peer::Child, &text).unwrap().bytes(), text.as_bytes());
    }
    assert_eq!(verdict(&with(r#""id":"\ud83d\ude00","method":"m""#)), Ok(Kind::Request));
}

#[test]
fn what_could_be_read_in_two_ways_is_refused_all_the_same() {
    never(&with(r#""id":1,"result":1,"error":null,"error":null"#), Reject::DuplicateKey);
    never(&with(r#""method":"m","params":null,"params":{}"#), Reject::DuplicateKey);
    never(&with(r#""method":"m","params":{"_meta":null,"_meta":{}}"#), Reject::DuplicateKey);
    never(&with(r#""id":1,"Id":2,"result":1"#), Reject::ConfusableKey);
    never(r#"{"JSONRPC":"2.0","id":1,"result":1}"#, Reject::ConfusableKey);
    never("{\"id\":1,}", Reject::BadJson);
}
