use bytes::Bytes;

use super::*;
use crate::json::{ParseRules, Peer};

fn message(line: &str) -> Message {
    let rules = ParseRules { depth_max: 64, batch_len_max: 1, sender: Peer::Child };
    Message::parse(Bytes::copy_from_slice(line.as_bytes()), rules).unwrap()
}

fn text(line: Vec<u8>) -> String {
    String::from_utf8(line).unwrap()
}

#[test]
fn an_answer_is_taken_out_of_its_message_and_put_into_another() {
    for (came, goes) in [
        (
            r#"{"result": {"n":1.0} ,"id":7,"jsonrpc":"2.0","x":1}"#,
            r#"{"jsonrpc":"2.0","id":"a","result":{"n":1.0}}"#,
        ),
        (
            r#"{"jsonrpc":"2.0","id":7,"error":{"code":-1,"message":"no"},"result":null}"#,
            r#"{"jsonrpc":"2.0","id":"a","error":{"code":-1,"message":"no"}}"#,
        ),
    ] {
        let message = message(came);
        assert_eq!(text(Answer::of(&message).unwrap().line(br#""a""#)), goes);
    }
}

#[test]
fn a_call_is_no_answer() {
    assert_eq!(Answer::of(&message(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#)), None);
    assert_eq!(Answer::of(&message(r#"{"jsonrpc":"2.0","method":"x"}"#)), None);
}

#[test]
fn calls_have_params_only_if_there_are_any() {
    assert_eq!(text(request(b"7", "ping", None)), r#"{"jsonrpc":"2.0","id":7,"method":"ping"}"#);
    assert_eq!(
        text(request(b"7", "a\"b", Some(b"{}"))),
        r#"{"jsonrpc":"2.0","id":7,"method":"a\"b","params":{}}"#
    );
    assert_eq!(
        text(notification("notifications/cancelled", Some(br#"{"requestId":7}"#))),
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}"#
    );
}

#[test]
fn an_error_of_ours_stays_on_one_line() {
    assert_eq!(
        text(Answer::error(-32603, "a\n\"b\"").line(b"1")),
        r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"a\n\"b\""}}"#
    );
}
