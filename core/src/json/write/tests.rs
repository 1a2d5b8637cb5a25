use serde_json::json;

use super::*;
use crate::reject::Reject;

fn wire() -> ErrorForm {
    ErrorForm { status: 400, code: -32600, message: "say \"2.0\"\n\u{2028}".to_owned() }
}

fn text(chunk: Chunk) -> String {
    String::from_utf8(chunk.to_vec()).unwrap()
}

#[test]
fn an_error_names_the_request_it_answers_byte_for_byte() {
    assert_eq!(
        text(error(Some(b"1.0"), &Reject::BadParams.wire())),
        r#"{"jsonrpc":"2.0","id":1.0,"error":{"code":-32602,"message":"Invalid params: the fields of params must have the right types, values and lengths"}}"#
    );
}

#[test]
fn an_error_without_an_id_has_no_such_member() {
    assert_eq!(
        text(error(None, &Reject::BadJson.wire())),
        r#"{"jsonrpc":"2.0","error":{"code":-32700,"message":"Parse error: the body is not valid JSON"}}"#
    );
}

#[test]
fn an_error_may_carry_data() {
    assert_eq!(
        text(error_with_data(Some(b"\"a\""), &Reject::NotFound.wire(), json!({"supported": []}))),
        r#"{"jsonrpc":"2.0","id":"a","error":{"code":-32600,"message":"Not found","data":{"supported":[]}}}"#
    );
}

#[test]
fn the_text_of_an_error_cannot_break_out_of_its_line() {
    let written = text(error(None, &wire()));
    assert!(!written.contains(['\n', '\r']));
    let read: Value = serde_json::from_str(&written).unwrap();
    assert_eq!(read["error"]["message"], wire().message);
}
