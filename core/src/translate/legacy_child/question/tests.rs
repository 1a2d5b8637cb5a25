use proptest::prelude::*;

use super::*;

fn asked(method: &str, params: &str) -> String {
    let question = question(method, Some(params.as_bytes()), b"{}").unwrap();
    String::from_utf8(question.request.to_vec()).unwrap()
}

#[test]
fn what_the_modern_era_has_not_is_left_out() {
    assert_eq!(
        asked(
            "elicitation/create",
            r#"{"mode":"url","elicitationId":"e","url":"https://a","message":"m","task":{"ttl":1},"_meta":{"progressToken":1,"io.modelcontextprotocol/related-task":{}}}"#
        ),
        r#"{"method":"elicitation/create","params":{"mode":"url","url":"https://a","message":"m"}}"#
    );
    assert_eq!(
        asked(
            "elicitation/create",
            r#"{"message":"m","mode":null,"requestedSchema":{"type":"object","properties":{"n":{"type":"number","minimum":0.50}}},"x":1.0,"_meta":{"y":1}}"#
        ),
        r#"{"method":"elicitation/create","params":{"message":"m","requestedSchema":{"type":"object","properties":{"n":{"type":"number","minimum":0.50}}},"x":1.0,"_meta":{"y":1}}}"#
    );
    assert_eq!(
        asked("roots/list", r#"{"_meta":{"progressToken":"p"}}"#),
        r#"{"method":"roots/list"}"#
    );
}

#[test]
fn context_is_included_only_for_a_client_that_can() {
    let params = br#"{"messages":[],"maxTokens":10,"includeContext":"thisServer"}"#;
    for (capabilities, included) in
        [(r#"{"sampling":{}}"#, false), (r#"{"sampling":{"context":{}}}"#, true), ("{}", false)]
    {
        let question =
            question("sampling/createMessage", Some(params), capabilities.as_bytes()).unwrap();
        let text = String::from_utf8(question.request.to_vec()).unwrap();
        assert_eq!(text.contains("includeContext"), included, "{capabilities}");
    }
}

#[test]
fn what_cannot_be_asked_is_told_with_its_code() {
    for (method, params, code) in [
        ("elicitation/create", r#"{"message":"m"}"#, "-32602"),
        ("tools/call", "{}", "-32601"),
        ("ping", "{}", "-32601"),
    ] {
        let refusal = question(method, Some(params.as_bytes()), b"{}").unwrap_err();
        let line = String::from_utf8(refusal.answer().line(b"1")).unwrap();
        assert!(line.contains(code), "{line}");
    }
}

#[test]
fn an_input_is_required_under_its_key() {
    let question = question("roots/list", None, b"{}").unwrap();
    let required = input_required([("a\"b", &question)], Some("s"), Some(br#"{"name":"n"}"#));
    assert_eq!(
        String::from_utf8(required.to_vec()).unwrap(),
        r#"{"resultType":"input_required","inputRequests":{"a\"b":{"method":"roots/list"}},"requestState":"s","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"n"}}}"#
    );
}

#[test]
fn a_key_is_what_an_id_says() {
    for (id, expected) in [
        ("7", "7"),
        ("-1.0", "-1.0"),
        (r#""confirm""#, "confirm"),
        (r#""a\nb""#, "a\nb"),
        (r#""7""#, r#""7""#),
        (r#""-""#, r#""-""#),
        (r#""\"7\"""#, r#""\"7\"""#),
        (r#""""#, ""),
    ] {
        assert_eq!(key(id.as_bytes()), expected);
    }
}

proptest! {
    #[test]
    fn different_ids_have_different_keys(a in "[-\"7a]{0,3}", b in "[-\"7a]{0,3}", n in 0u8..99) {
        let (a, b) = (quoted(&a), quoted(&b));
        prop_assert_eq!(key(&a) == key(&b), a == b);
        prop_assert_ne!(key(&a), key(n.to_string().as_bytes()));
    }
}
