use super::*;

const CALLER: Caller<'_> = Caller {
    capabilities: br#"{"roots":{}}"#,
    info: Some(br#"{"name":"c"}"#),
    log_level: Some(br#""info""#),
};

const DESCRIPTION: &str = r#""io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"roots":{}},"io.modelcontextprotocol/clientInfo":{"name":"c"},"io.modelcontextprotocol/logLevel":"info""#;

fn told(method: &str, text: &str) -> String {
    String::from_utf8(params(method, Some(text.as_bytes()), &CALLER, 42).unwrap()).unwrap()
}

#[test]
fn every_request_describes_itself() {
    assert_eq!(
        told("tools/call", r#"{"name":"t","arguments":{"n":1.0}}"#),
        format!(r#"{{"name":"t","arguments":{{"n":1.0}},"_meta":{{{DESCRIPTION}}}}}"#)
    );
    assert_eq!(
        String::from_utf8(params("tools/list", None, &CALLER, 42).unwrap()).unwrap(),
        format!(r#"{{"_meta":{{{DESCRIPTION}}}}}"#)
    );
}

#[test]
fn other_keys_stay_and_the_bridges_token_takes_the_place_of_the_clients() {
    assert_eq!(
        told("x", r#"{"_meta":{"progressToken":"p","traceparent":"t","n":1e400}}"#),
        format!(r#"{{"_meta":{{"progressToken":42,"traceparent":"t","n":1e400,{DESCRIPTION}}}}}"#)
    );
}

#[test]
fn what_a_client_has_not_said_is_not_told() {
    let caller = Caller { capabilities: b"{}", info: Some(b"null"), log_level: None };
    let text = br#"{"_meta":{"io.modelcontextprotocol/logLevel":"debug"}}"#;
    assert_eq!(
        String::from_utf8(params("x", Some(text), &caller, 42).unwrap()).unwrap(),
        r#"{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}"#
    );
}

#[test]
fn what_would_pass_for_a_retry_or_a_task_is_left_out() {
    let text = r#"{"name":"t","inputResponses":{},"requestState":"s","task":{}}"#;
    assert!(told("tools/call", text).starts_with(r#"{"name":"t","_meta":"#));
    assert!(told("other/method", text).starts_with(&text[..text.len() - 1]));
}

#[test]
fn params_are_an_object() {
    assert_eq!(params("tools/list", Some(b"[]"), &CALLER, 1), None);
}

#[test]
fn a_request_of_the_bridges_own_can_do_nothing() {
    let own = String::from_utf8(own(Some(br#"{"x":1}"#))).unwrap();
    assert!(own.starts_with(r#"{"x":1,"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"pontoon""#), "{own}");
}

#[test]
fn another_try_is_the_same_request_with_answers_and_state() {
    let first = told("tools/call", r#"{"name":"t","_meta":{"progressToken":"p"},"x":1.0}"#);
    let responses = [("a\"b", &b"{\"roots\":[]}"[..])];
    let second = retry(first.as_bytes(), responses, Some(br#""s\u0031""#), CALLER.log_level, 43);
    let second = String::from_utf8(second).unwrap();
    assert_eq!(
        second,
        format!(
            r#"{{"name":"t","_meta":{{"progressToken":43,{DESCRIPTION}}},"x":1.0,"inputResponses":{{"a\"b":{{"roots":[]}}}},"requestState":"s\u0031"}}"#
        )
    );
    let third =
        String::from_utf8(retry(second.as_bytes(), [], None, CALLER.log_level, 44)).unwrap();
    assert_eq!(
        third,
        format!(r#"{{"name":"t","_meta":{{"progressToken":44,{DESCRIPTION}}},"x":1.0}}"#)
    );
}

#[test]
fn another_try_has_the_log_level_of_its_time() {
    let first = told("tools/call", r#"{"name":"t"}"#);
    let level = |level| {
        let again = retry(first.as_bytes(), [], None, level, 43);
        String::from_utf8(again).unwrap()
    };
    assert_eq!(level(Some(br#""debug""#)), first.replace("info", "debug"));
    let without = first.replace(r#","io.modelcontextprotocol/logLevel":"info""#, "");
    assert_eq!(level(None), without);
}

#[test]
fn a_request_names_its_resource() {
    assert_eq!(uri(br#"{"uri":"a:b"}"#), Some(&br#""a:b""#[..]));
    assert_eq!(uri(b"{}"), None);
    assert_eq!(uri(b"[]"), None);
}

#[test]
fn no_key_is_taken_for_the_state_of_a_retry() {
    for key in ["requestState", "RequestState", "request\\u0053tate", "requestState\\u0000"] {
        let text = format!(r#"{{"{key}":"s","requestStates":1}}"#);
        let left = format!(r#"{{"requestStates":1,"_meta":{{{DESCRIPTION}}}}}"#);
        assert_eq!(told("tools/call", &text), left, "{key}");
    }
}
