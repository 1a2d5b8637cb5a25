use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::{Value, json};

use super::SchemaCheck;
use crate::client::{NEWEST, initialize, tool_call};
use crate::response;
use crate::wire::Request;

/// Returns the check's verdict on this request, sent byte by byte, and its answer.
fn says(request: &Request, headers: &str, answer: &Value) -> Result<(), String> {
    let mut check = SchemaCheck::default();
    request.bytes().chunks(1).for_each(|byte| check.sent(byte));
    let body = answer.to_string();
    let head = format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
    let (response, _) = response::parse(format!("{head}{body}").as_bytes(), true).unwrap().unwrap();
    check.head();
    let checked = catch_unwind(AssertUnwindSafe(|| check.response(&response)));
    checked.map_err(|panic| panic.downcast_ref::<String>().expect("words").clone())
}

fn to(body: &Value, answer: &Value) -> Result<(), String> {
    says(&Request::post(body.to_string()), JSON, answer)
}

const JSON: &str = "Content-Type: application/json\r\n";

fn result(id: u64, result: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "result": result})
}

#[test]
fn an_answer_is_held_against_its_question() {
    let call = tool_call(1, "echo", json!({}));
    assert_eq!(to(&call, &result(1, json!({"content": []}))), Ok(()));
    let wrong = to(&call, &result(1, json!({"contents": []}))).unwrap_err();
    assert!(wrong.contains("no CallToolResult of 2025-11-25"), "{wrong}");
    let wrong = to(&call, &json!({"jsonrpc": "2.0", "method": "no/such"})).unwrap_err();
    assert!(wrong.contains("no notification no/such"), "{wrong}");
    let two = Request::post(json!([call, tool_call(2, "echo", json!({}))]).to_string());
    let answers = json!([result(2, json!({"content": []})), result(1, json!({}))]);
    assert!(says(&two, JSON, &answers).unwrap_err().contains("content"));
}

#[test]
fn a_request_that_describes_itself_has_a_revision_of_its_own() {
    let mut call = tool_call(1, "echo", json!({}));
    call["params"]["_meta"] = json!({(super::VERSION_KEY): "2026-07-28"});
    let wrong = to(&call, &result(1, json!({"content": []}))).unwrap_err();
    assert!(wrong.contains("resultType"), "{wrong}");
}

#[test]
fn a_session_is_remembered_on_other_connections() {
    let opened = result(
        0,
        json!({
            "protocolVersion": "2024-11-05",
            "capabilities": {},
            "serverInfo": {"name": "x", "version": "1"},
        }),
    );
    let headers = format!("{JSON}Mcp-Session-Id: a-session-of-this-test\r\n");
    let opens = Request::post(initialize(NEWEST).to_string());
    assert_eq!(says(&opens, &headers, &opened), Ok(()));
    let own = |request: Request| request.header("Mcp-Session-Id", "a-session-of-this-test");
    let call = own(Request::post(tool_call(7, "echo", json!({})).to_string()));
    let done = result(7, json!({"content": [{"type": "audio", "data": "", "mimeType": "a/b"}]}));
    let wrong = says(&call, JSON, &done).unwrap_err();
    assert!(wrong.contains("no CallToolResult of 2024-11-05"), "{wrong}");
    let resumes = own(Request::listen());
    let wrong = says(&resumes, JSON, &done).unwrap_err();
    assert!(wrong.contains("no CallToolResult of 2024-11-05"), "{wrong}");
}

#[test]
fn only_answers_of_spoiling_tools_are_let_off() {
    let call = tool_call(1, "lone_surrogate", json!({}));
    assert_eq!(to(&call, &result(1, json!({"not": "a result"}))), Ok(()));
    assert!(to(&call, &json!({"jsonrpc": "2.0", "method": "no/such"})).is_err());
}
