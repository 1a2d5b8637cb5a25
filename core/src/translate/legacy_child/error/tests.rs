use super::*;

fn told(method: &str, text: &str) -> String {
    match error(method, text.as_bytes(), Some(br#""a:b""#)) {
        Failure::Error(error) => String::from_utf8(error).unwrap(),
        asks => panic!("{asks:?}"),
    }
}

const REQUIRED: &str = r#"{"code":-32042,"message":"m","data":{"elicitations":[{"mode":"url","elicitationId":"e1","url":"https://a","message":"go"},{"mode":"url","elicitationId":"e1","url":"https://b","message":"go"},{"mode":"url","elicitationId":"e2","url":"https://c","message":"go","x":1.0}]}}"#;

#[test]
fn a_resource_that_is_not_there_is_an_invalid_param() {
    for (text, expected) in [
        (
            r#"{"code":-32002,"message":"m"}"#,
            r#"{"code":-32602,"message":"m","data":{"uri":"a:b"}}"#,
        ),
        (
            r#"{"code":-32002,"message":"m","data":{"uri":"c:d","x":1.0}}"#,
            r#"{"code":-32602,"message":"m","data":{"uri":"c:d","x":1.0}}"#,
        ),
        (
            r#"{"code":-32002,"message":"m","data":"why"}"#,
            r#"{"code":-32602,"message":"m","data":{"detail":"why","uri":"a:b"}}"#,
        ),
    ] {
        assert_eq!(told("resources/read", text), expected);
    }
}

#[test]
fn codes_that_mean_something_else_in_the_modern_era_lose_their_meaning() {
    for code in [-32020, -32021, -32022, -32042, -32099] {
        let text = format!(r#"{{"code":{code},"message":"m","data":[1.0]}}"#);
        assert_eq!(told("tools/call", &text), r#"{"code":-32603,"message":"m","data":[1.0]}"#);
    }
    let codes =
        ["-1", "0", "-32000", "-32019", "-32100", "-32601", "-32602", "1e3", "-99999999999"];
    for code in codes {
        let text = format!(r#"{{"code":{code},"message":"m","data":[1.0]}}"#);
        assert_eq!(told("tools/call", &text), text);
    }
}

#[test]
fn what_is_no_error_becomes_one() {
    for text in [
        "null",
        "[]",
        "\"bad\"",
        "{}",
        r#"{"code":0.5}"#,
        r#"{"code":"-32002"}"#,
        r#"{"code":"x","message":1,"data":null}"#,
    ] {
        assert_eq!(told("tools/call", text), r#"{"code":-32603,"message":"Internal error"}"#);
    }
}

#[test]
fn a_user_who_has_to_go_somewhere_first_is_asked_to() {
    let Failure::Asks(questions) = error("tools/call", REQUIRED.as_bytes(), None) else {
        panic!("an error");
    };
    let texts: Vec<_> = questions
        .iter()
        .map(|(key, question)| {
            assert_eq!(question.needs, Capability::ElicitationUrl);
            (key.as_str(), str::from_utf8(&question.request).unwrap())
        })
        .collect();
    assert_eq!(
        texts,
        [
            (
                "e1",
                r#"{"method":"elicitation/create","params":{"mode":"url","url":"https://a","message":"go"}}"#
            ),
            (
                "e2",
                r#"{"method":"elicitation/create","params":{"mode":"url","url":"https://c","message":"go","x":1.0}}"#
            ),
        ]
    );
}

#[test]
fn only_some_methods_can_ask_and_only_for_urls() {
    assert!(told("tools/list", REQUIRED).starts_with(r#"{"code":-32603,"message":"m","data":"#));
    for data in [
        "{}",
        r#"{"elicitations":[]}"#,
        r#"{"elicitations":[{"mode":"url","elicitationId":"e"}]}"#,
        r#"{"elicitations":[{"elicitationId":"e","message":"m","requestedSchema":{"type":"object","properties":{}}}]}"#,
    ] {
        let text = format!(r#"{{"code":-32042,"message":"m","data":{data}}}"#);
        assert!(told("tools/call", &text).starts_with(r#"{"code":-32603,"#), "{data}");
    }
}
