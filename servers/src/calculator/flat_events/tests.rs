use pontoon_core::{ParseRules, Peer};

use super::*;

/// More digits than any number type has.
const LONG: &str = "123456789012345678901234567890";

fn message(text: String) -> Message {
    let rules = ParseRules { depth_max: 100, batch_len_max: 0, sender: Peer::Client };
    Message::parse(text.into(), rules).expect("a message")
}

fn event(message: String) -> String {
    String::from_utf8(FlatEvents.event(message.into()).to_vec()).expect("UTF-8")
}

#[test]
fn a_call_without_a_token_gets_one() {
    let call = format!(
        r#"{{"jsonrpc":"2.0","id":{LONG},"method":"tools/call","params":{{"name":"steps"}}}}"#
    );
    let rewritten = FlatEvents.rewrite_request(&message(call), 0xabc).expect("a request");
    assert!(rewritten.contains(&format!(r#""id":{LONG},"#)), "{rewritten}");
    let read = message(rewritten);
    assert_eq!(read.progress_token(), Some(&br#""0000000000000abc""#[..]));
    assert_eq!(read.name(), Some(&b"steps"[..]));
}

#[test]
fn other_messages_are_evaluated_as_they_are() {
    for text in [
        format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"_meta":{{"progressToken":{LONG}}}}}}}"#
        ),
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#.to_owned(),
        r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#.to_owned(),
    ] {
        assert_eq!(FlatEvents.rewrite_request(&message(text), 1), None);
    }
}

#[test]
fn progress_is_flat_and_keeps_its_digits() {
    let progress = format!(
        r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progressToken":{LONG},"progress":2.50,"total":3,"message":"Step 2 of 3"}}}}"#
    );
    let flat = format!(
        "event: progress\ndata: {{\"progressToken\":{LONG},\"progress\":2.50,\"level\":\"info\",\"data\":\"Step 2 of 3\"}}\n\n"
    );
    assert_eq!(event(progress), flat);
}

#[test]
fn every_other_message_is_data() {
    let answer = format!(r#"{{"jsonrpc":"2.0","id":{LONG},"result":{{}}}}"#);
    assert_eq!(event(answer.clone()), format!("event: data\ndata: {answer}\n\n"));
}
