use super::*;

fn told(method: &str, text: &str) -> String {
    let info = br#"{"name":"s","version":"1"}"#;
    String::from_utf8(result(method, text.as_bytes(), Some(info)).unwrap()).unwrap()
}

const SIGNED: &str = r#""io.modelcontextprotocol/serverInfo":{"name":"s","version":"1"}"#;

#[test]
fn a_result_is_complete_and_signed() {
    assert_eq!(
        told(
            "tools/call",
            r#"{"content":[{"type":"text","text":"1.0"}],"structuredContent":{"n":1.0}}"#
        ),
        format!(
            r#"{{"content":[{{"type":"text","text":"1.0"}}],"structuredContent":{{"n":1.0}},"resultType":"complete","_meta":{{{SIGNED}}}}}"#
        )
    );
    assert_eq!(
        told("prompts/get", r#"{"_meta":{"x":1e2},"messages":[]}"#),
        format!(r#"{{"_meta":{{"x":1e2,{SIGNED}}},"messages":[],"resultType":"complete"}}"#)
    );
}

#[test]
fn without_a_name_nothing_is_signed() {
    assert_eq!(result("x", br#"{"_meta":null}"#, None).unwrap(), br#"{"resultType":"complete"}"#);
    assert_eq!(
        result("x", br#"{"_meta":{"y":1}}"#, None).unwrap(),
        br#"{"_meta":{"y":1},"resultType":"complete"}"#
    );
}

#[test]
fn what_may_be_cached_is_stale_at_once() {
    for method in [
        "prompts/list",
        "resources/list",
        "resources/read",
        "resources/templates/list",
        "tools/list",
    ] {
        let told = told(method, r#"{"ttlMs":99}"#);
        assert!(told.contains(r#""ttlMs":0,"#), "{told}");
        assert!(told.contains(r#""cacheScope":"private""#), "{told}");
    }
    for method in ["tools/call", "prompts/get", "completion/complete", "x"] {
        assert!(!told(method, "{}").contains("ttlMs"), "{method}");
    }
}

#[test]
fn tools_are_offered_as_they_can_be_called_without_tasks() {
    let told = told(
        "tools/list",
        r#"{"tools":[{"name":"a"},{"name":"b","execution":{"taskSupport":"optional"},"x":1},{"name":"c","execution":{"taskSupport":"required"}}],"nextCursor":"n"}"#,
    );
    assert!(
        told.starts_with(r#"{"tools":[{"name":"a"},{"name":"b","x":1}],"nextCursor":"n","#),
        "{told}"
    );
}

#[test]
fn a_result_is_an_object() {
    for text in ["null", "[]", "\"ok\"", "1"] {
        assert_eq!(result("tools/call", text.as_bytes(), None), None);
    }
}
