use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn mended_text(text: &[u8]) -> String {
    String::from_utf8(repaired(text)).unwrap()
}

#[test]
fn what_json_does_not_have_is_replaced() {
    for (text, expected) in [
        (
            &br#"{"a":NaN,"b":[Infinity,-Infinity],"c":-1}"#[..],
            r#"{"a":null,"b":[null,null],"c":-1}"#,
        ),
        (br#"{"NaN":"NaN \" -Infinity"}"#, r#"{"NaN":"NaN \" -Infinity"}"#),
        (b"{\"a\":\"\xc7\xd1\"}", "{\"a\":\"\u{fffd}\u{fffd}\"}"),
        (b"{\"a\":\"tab\there\"}", r#"{"a":"tab\u0009here"}"#),
        (b"{\t\"a\":\r1}", "{\t\"a\":\r1}"),
        (br#"{"a":"half an escape \"#, r#"{"a":"half an escape \"#),
    ] {
        assert_eq!(mended_text(text), expected);
    }
}

#[test]
fn controls_in_front_are_skipped() {
    for (text, rest) in [
        (&b"\x1b[32m{}"[..], &b"{}"[..]),
        (b"\x1b[2K\r\x1b[1;31m {}", b"{}"),
        (b"\x1b]0;title\x07{}", b"{}"),
        (b"\x1bc\x00\t{}", b"{}"),
        (b"\x1b[0m", b""),
        (b"\x1b[", b""),
        (b"\x1b", b""),
        (b"\x1b]0;never ends", b"\x1b]0;never ends"),
        (b"text", b"text"),
        (b"", b""),
    ] {
        assert_eq!(without_controls(text), rest, "{text:?}");
    }
}

fn error_of(error: &str) -> Value {
    let object = error_object(error.as_bytes()).unwrap_or_else(|| error.into());
    serde_json::from_slice(&object).unwrap()
}

#[test]
fn an_error_is_an_object_with_a_code_and_a_message() {
    for whole in [r#"{"code":-32601,"message":"no"}"#, r#"{"message":"","code":1.0,"data":[]}"#] {
        assert_eq!(error_of(whole), serde_json::from_str::<Value>(whole).unwrap());
    }
    assert_eq!(
        error_of(r#""plain \"text\"""#),
        json!({"code": -32603, "message": "plain \"text\""})
    );
    assert_eq!(error_of("17"), json!({"code": -32603, "message": "17"}));
    assert_eq!(error_of(r#"{"message":"no"}"#), json!({"code": -32603, "message": "no"}));
    assert_eq!(
        error_of(r#"{"code":"E_NO","message":"no","data":1}"#),
        json!({"code": -32603, "message": "no", "data": 1})
    );
    assert_eq!(error_of(r#"{"code":5}"#), json!({"code": 5, "message": "{\"code\":5}"}));
}

proptest! {
    #[test]
    fn json_stays_as_it_is(texts in proptest::collection::vec(any::<String>(), 0..5), n in any::<i32>()) {
        let text = json!({"NaN": texts, "-": [n, -1.5, null, "-Infinity"]}).to_string();
        prop_assert_eq!(mended_text(text.as_bytes()), text);
    }

    #[test]
    fn any_bytes_can_be_mended(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let once = repaired(&bytes);
        prop_assert_eq!(repaired(&once), once);
        without_controls(&bytes);
    }
}
