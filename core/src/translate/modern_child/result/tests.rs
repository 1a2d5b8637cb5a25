use super::*;

const NEWEST: Revision = Revision::NEWEST_LEGACY;

fn completed(method: &str, text: &str) -> String {
    match result(method, text.as_bytes(), NEWEST).unwrap() {
        Outcome::Complete(result) => String::from_utf8(result).unwrap(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_only_the_modern_era_has_is_left_out() {
    assert_eq!(
        completed(
            "tools/list",
            r#"{"resultType":"complete","tools":[],"ttlMs":60,"cacheScope":"public","nextCursor":"n","_meta":{"io.modelcontextprotocol/serverInfo":{},"x":1.0}}"#
        ),
        r#"{"tools":[],"nextCursor":"n","_meta":{"x":1.0}}"#
    );
    assert_eq!(
        completed(
            "x",
            r#"{"ttlMs":1,"_meta":{"io.modelcontextprotocol/serverInfo":{},"io.modelcontextprotocol/subscriptionId":1}}"#
        ),
        r#"{"ttlMs":1}"#
    );
    assert_eq!(completed("tools/call", r#"{"resultType":null,"content":[]}"#), r#"{"content":[]}"#);
}

#[test]
fn a_result_of_an_unknown_type_is_invalid() {
    for text in [r#"{"resultType":"task","taskId":"1"}"#, r#"{"resultType":1}"#, "null", "[]"] {
        assert_eq!(result("tools/call", text.as_bytes(), NEWEST), None, "{text}");
    }
}

#[test]
fn an_input_is_required_in_order_and_with_its_state() {
    let text = r#"{"resultType":"input_required","inputRequests":{"b\u0031":{"method":"roots/list"},"a":{"method":"elicitation/create","params":{"mode":"url","message":"m","url":"https://a","n":1.0}}},"requestState":"s\u0031"}"#;
    assert_eq!(
        result("tools/call", text.as_bytes(), NEWEST),
        Some(Outcome::InputRequired {
            requests: vec![
                InputRequest { key: "b1".into(), needs: Capability::Roots, params: None },
                InputRequest {
                    key: "a".into(),
                    needs: Capability::ElicitationUrl,
                    params: Some(
                        br#"{"mode":"url","message":"m","url":"https://a","n":1.0}"#.to_vec()
                    ),
                },
            ],
            state: Some(br#""s\u0031""#.to_vec()),
        })
    );
}

#[test]
fn only_some_methods_may_require_input() {
    let text = br#"{"resultType":"input_required","requestState":"s"}"#;
    for method in ["tools/call", "prompts/get", "resources/read"] {
        assert!(result(method, text, NEWEST).is_some(), "{method}");
    }
    for method in ["tools/list", "completion/complete", "server/discover"] {
        assert_eq!(result(method, text, NEWEST), None, "{method}");
    }
}

#[test]
fn a_state_alone_asks_for_another_try() {
    for requests in ["", r#""inputRequests":{},"#, r#""inputRequests":null,"#] {
        let text = format!(r#"{{"resultType":"input_required",{requests}"requestState":"s"}}"#);
        assert_eq!(
            result("prompts/get", text.as_bytes(), NEWEST),
            Some(Outcome::InputRequired { requests: Vec::new(), state: Some(br#""s""#.to_vec()) })
        );
    }
}

#[test]
fn what_requires_nothing_or_what_cannot_be_asked_is_invalid() {
    for members in [
        "",
        r#","inputRequests":{}"#,
        r#","requestState":1"#,
        r#","inputRequests":[]"#,
        r#","inputRequests":{"a":{}}"#,
        r#","inputRequests":{"a":{"method":"ping"}}"#,
        r#","inputRequests":{"a":{"method":"elicitation/create"}}"#,
        r#","inputRequests":{"a":{"method":"roots/list"},"\u0061":{"method":"roots/list"}}"#,
    ] {
        let text = format!(r#"{{"resultType":"input_required"{members}}}"#);
        assert_eq!(result("tools/call", text.as_bytes(), NEWEST), None, "{members}");
    }
}

#[test]
fn null_counts_as_absent() {
    for (method, text, expected) in [
        (
            "tools/list",
            r#"{"tools":[{"name":"t","description":null,"inputSchema":{"x":null}}],"nextCursor":null}"#,
            r#"{"tools":[{"name":"t","inputSchema":{"x":null}}]}"#,
        ),
        (
            "prompts/list",
            r#"{"prompts":[{"name":"p","title":null,"arguments":[{"name":"a","required":null}]}]}"#,
            r#"{"prompts":[{"name":"p","arguments":[{"name":"a"}]}]}"#,
        ),
        (
            "resources/list",
            r#"{"resources":[{"uri":"a:b","mimeType":null}],"_meta":null}"#,
            r#"{"resources":[{"uri":"a:b"}]}"#,
        ),
        ("prompts/get", r#"{"description":null,"messages":[]}"#, r#"{"messages":[]}"#),
        // Null is a value here.
        (
            "tools/call",
            r#"{"content":[],"isError":null,"structuredContent":null}"#,
            r#"{"content":[{"type":"text","text":"null"}]}"#,
        ),
        ("x", r#"{"y":null}"#, r#"{"y":null}"#),
    ] {
        assert_eq!(completed(method, text), expected, "{method}");
    }
}
