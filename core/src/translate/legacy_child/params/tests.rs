use super::*;

fn told(method: &str, text: &str) -> String {
    String::from_utf8(params(method, Some(text.as_bytes()), 42).unwrap()).unwrap()
}

const DESCRIPTION: &str = r#""io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{},"io.modelcontextprotocol\/logLevel":"debug""#;

#[test]
fn what_describes_a_request_stays_with_the_bridge() {
    assert_eq!(
        told("tools/list", &format!(r#"{{"cursor":"c","_meta":{{{DESCRIPTION}}}}}"#)),
        r#"{"cursor":"c"}"#
    );
    assert_eq!(told("tools/list", &format!(r#"{{"_meta":{{{DESCRIPTION}}}}}"#)), "{}");
    assert_eq!(
        told("x", &format!(r#"{{"_meta":{{{DESCRIPTION},"traceparent":"t","n":1.0}},"x":1e400}}"#)),
        r#"{"_meta":{"traceparent":"t","n":1.0},"x":1e400}"#
    );
}

#[test]
fn the_bridges_token_takes_the_place_of_the_clients() {
    assert_eq!(
        told("tools/call", r#"{"name":"t","_meta":{"progressToken":"p"}}"#),
        r#"{"name":"t","_meta":{"progressToken":42}}"#
    );
}

#[test]
fn a_retry_is_not_told_as_one_and_a_task_not_asked_for() {
    let text = r#"{"name":"t","inputResponses":{},"requestState":"s","task":{}}"#;
    assert_eq!(told("tools/call", text), r#"{"name":"t"}"#);
    assert_eq!(told("prompts/get", text), r#"{"name":"t","task":{}}"#);
    assert_eq!(told("other/method", text), text);
}

#[test]
fn params_are_an_object() {
    assert_eq!(params("tools/list", Some(b"[]"), 1), None);
    assert_eq!(params("tools/list", None, 1).unwrap(), b"{}");
}
