//! The fields that rules may read.

use super::*;

#[test]
fn a_method_is_read_without_its_escapes() {
    let call = message(r#"{"jsonrpc":"2.0","id":1,"method":"tools/call"}"#);
    assert_eq!(call.method(), Some("tools/call"));
    let call = message(r#"{"jsonrpc":"2.0","id":1,"method":"tools\/c\u0061ll"}"#);
    assert_eq!(call.method(), Some("tools/call"));
    assert_eq!(message(r#"{"jsonrpc":"2.0","method":""}"#).method(), Some(""));
    assert_eq!(message(r#"{"jsonrpc":"2.0","method":"日本"}"#).method(), Some("日本"));
    assert_eq!(message(r#"{"jsonrpc":"2.0","id":1,"result":{"method":"m"}}"#).method(), None);
}

#[test]
fn a_progress_token_is_that_of_a_request() {
    let request = message(
        r#"{"jsonrpc":"2.0","params":{"progressToken":1,"_meta":{"a":{"progressToken":2},"progressToken" : "t" }},"id":1,"method":"m"}"#,
    );
    assert_eq!(text(request.progress_token()), Some("\"t\""));
    assert_eq!(request.correlation_id(), None);
    for other in [
        r#"{"jsonrpc":"2.0","method":"m","params":{"_meta":{"progressToken":1}}}"#,
        r#"{"jsonrpc":"2.0","method":"m","params":{"_meta":{"progressToken":null}}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{"_meta":{"progressToken":1}}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"m","params":[{"_meta":{"progressToken":1}}]}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":{"_meta":{"progressToken":1}}}}"#,
    ] {
        assert_eq!(message(other).progress_token(), None, "{other}");
    }
}

#[test]
fn a_subject_is_what_a_notification_is_about() {
    for (line, subject) in [
        (
            r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}"#,
            Some("7"),
        ),
        (
            r#"{"jsonrpc":"2.0","params":{"requestId":"7"},"method":"notifications\/cancelled"}"#,
            Some("\"7\""),
        ),
        (
            r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"t","requestId":1}}"#,
            Some("\"t\""),
        ),
        (
            r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"_meta":{"progressToken":"t"}}}"#,
            None,
        ),
        (r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{}}"#, None),
        (r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":[7]}"#, None),
        (r#"{"jsonrpc":"2.0","method":"notifications/cancelled"}"#, None),
        (r#"{"jsonrpc":"2.0","method":"notifications/other","params":{"requestId":7}}"#, None),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"notifications/cancelled","params":{"requestId":7}}"#,
            None,
        ),
    ] {
        assert_eq!(text(message(line).correlation_id()), subject, "{line}");
    }
}

#[test]
fn a_message_of_the_modern_era_says_so_in_its_meta() {
    let of_meta = |meta: &str| {
        message(&format!(r#"{{"jsonrpc":"2.0","id":1,"method":"m","params":{{"_meta":{meta}}}}}"#))
    };
    let modern = of_meta(r#"{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}"#);
    assert!(modern.is_modern());
    assert_eq!(text(modern.modern_revision()), Some("2026-07-28"));
    let escaped = of_meta(r#"{"io.modelcontextprotocol\/protocolVersion":"2026-07-28"}"#);
    assert_eq!(text(escaped.modern_revision()), Some("2026-07-28"));
    let odd = of_meta(r#"{"io.modelcontextprotocol/protocolVersion":null}"#);
    assert!(odd.is_modern());
    assert_eq!(text(odd.modern_revision()), Some("null"));
    let implied = of_meta(r#"{"io.modelcontextprotocol/clientCapabilities":{}}"#);
    assert!(implied.is_modern());
    assert_eq!(implied.modern_revision(), None);
    for legacy in [
        "{}",
        r#"{"io.modelcontextprotocol/clientInfo":{}}"#,
        r#"{"protocolVersion":"2026-07-28"}"#,
    ] {
        assert!(!of_meta(legacy).is_modern(), "{legacy}");
    }
    let result = r#"{"jsonrpc":"2.0","id":1,"result":1,"params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"a"}}}"#;
    assert!(!message(result).is_modern());
    assert_eq!(message(result).modern_revision(), None);
}

#[test]
fn the_answer_to_initialize_settles_on_a_revision() {
    let settled = |members: &str| {
        message(&format!(r#"{{"jsonrpc":"2.0","id":1,{members}}}"#)).result_revision()
    };
    let some = Some("2025-11-25".to_owned());
    assert_eq!(
        settled(
            r#""result":{"capabilities":{"protocolVersion":1},"protocolVersion":"2025-11-25"}"#
        ),
        some
    );
    assert_eq!(settled(r#""result":{"protocolVersion":"2025\u002d11-25"}"#), some);
    assert_eq!(settled(r#""result":{"protocolVersion":5}"#), None);
    assert_eq!(settled(r#""result":{"protocolVersion":"a","protocolVersion":"b"}"#), None);
    assert_eq!(settled(r#""result":{}"#), None);
    assert_eq!(settled(r#""result":["protocolVersion"]"#), None);
    assert_eq!(settled(r#""result":null"#), None);
    assert_eq!(settled(r#""error":{"protocolVersion":"2025-11-25"}"#), None);
    assert_eq!(settled(r#""method":"m","params":{"protocolVersion":"2025-11-25"}"#), None);
}

#[test]
fn a_message_is_one_line() {
    let pretty =
        message("\n{\r\n  \"jsonrpc\": \"2.0\",\n  \"id\": 1,\n  \"method\": \"m\\n\"\n}\r\n");
    assert_eq!(pretty.bytes(), "{    \"jsonrpc\": \"2.0\",   \"id\": 1,   \"method\": \"m\\n\" }");
    assert_eq!(pretty.len(), pretty.bytes().len());
    assert!(!pretty.is_empty());
    assert_eq!(text(pretty.id()), Some("1"));
    assert_eq!(pretty.method(), Some("m\n"));
}
