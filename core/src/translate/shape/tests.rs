use super::*;

fn question(method: &str, params: &str) -> Result<Capability, Misshapen> {
    needs(method, &Object::read(params.as_bytes()).unwrap())
}

fn told(needs: Capability, text: &str) -> Option<String> {
    answer(needs, text.as_bytes()).map(|answer| String::from_utf8(answer.write()).unwrap())
}

#[test]
fn a_question_tells_what_it_needs() {
    const FORM: &str =
        r#""message":"m","requestedSchema":{"type":"object","properties":{"a":{"type":"string"}}}"#;
    const ASK: &str =
        r#""maxTokens":1.0,"messages":[{"role":"user","content":{"type":"text","text":"t"}}]"#;
    for (method, params, needs) in [
        ("elicitation/create", FORM.to_owned(), Capability::Elicitation),
        ("elicitation/create", format!(r#""mode":"form",{FORM}"#), Capability::Elicitation),
        ("elicitation/create", format!(r#""mode":null,{FORM}"#), Capability::Elicitation),
        (
            "elicitation/create",
            r#""mode":"url","message":"m","url":"https://a""#.to_owned(),
            Capability::ElicitationUrl,
        ),
        ("roots/list", String::new(), Capability::Roots),
        ("sampling/createMessage", ASK.to_owned(), Capability::Sampling),
        ("sampling/createMessage", format!(r#"{ASK},"tools":null"#), Capability::Sampling),
        ("sampling/createMessage", format!(r#"{ASK},"tools":[]"#), Capability::SamplingTools),
        (
            "sampling/createMessage",
            format!(r#"{ASK},"toolChoice":{{}}"#),
            Capability::SamplingTools,
        ),
    ] {
        assert_eq!(question(method, &format!("{{{params}}}")), Ok(needs), "{params}");
    }
}

#[test]
fn a_question_without_what_it_needs_is_none() {
    for (method, params) in [
        ("elicitation/create", r#"{}"#),
        ("elicitation/create", r#"{"message":"m"}"#),
        ("elicitation/create", r#"{"message":"m","requestedSchema":{"type":"object"}}"#),
        ("elicitation/create", r#"{"message":"m","requestedSchema":[]}"#),
        ("elicitation/create", r#"{"mode":"url","message":"m"}"#),
        ("elicitation/create", r#"{"mode":"url","message":"m","url":1}"#),
        (
            "elicitation/create",
            r#"{"mode":"post","message":"m","requestedSchema":{"type":"object","properties":{}}}"#,
        ),
        ("sampling/createMessage", r#"{"messages":[]}"#),
        ("sampling/createMessage", r#"{"messages":[],"maxTokens":"1"}"#),
        ("sampling/createMessage", r#"{"messages":{},"maxTokens":1}"#),
        ("sampling/createMessage", r#"{"messages":[{"role":"user"}],"maxTokens":1}"#),
        ("sampling/createMessage", r#"{"messages":[{"role":"me","content":[]}],"maxTokens":1}"#),
    ] {
        assert_eq!(question(method, params), Err(Misshapen::Params), "{params}");
    }
    assert_eq!(question("tools/call", "{}"), Err(Misshapen::Method));
}

#[test]
fn a_form_is_answered_by_an_action_and_plain_values() {
    for text in [
        r#"{"action":"accept","content":{"a":"b","n":1.50,"t":true,"l":["x","y"]},"_meta":{}}"#,
        r#"{"action":"decline"}"#,
        r#"{"action":"cancel","x":1}"#,
    ] {
        assert_eq!(told(Capability::Elicitation, text).as_deref(), Some(text));
    }
    for text in [
        r#"null"#,
        r#"[]"#,
        r#"{}"#,
        r#"{"action":"ok"}"#,
        r#"{"action":1}"#,
        r#"{"action":"accept","content":[]}"#,
        r#"{"action":"accept","content":"a"}"#,
        r#"{"action":"accept","content":{"a":{}}}"#,
        r#"{"action":"accept","content":{"a":[1]}}"#,
    ] {
        assert_eq!(told(Capability::Elicitation, text), None, "{text}");
        assert_eq!(told(Capability::ElicitationUrl, text), None, "{text}");
    }
}

#[test]
fn fields_that_were_left_out_may_be_null() {
    assert_eq!(
        told(Capability::Elicitation, r#"{"action":"accept","content":{"a":null,"b":0}}"#),
        Some(r#"{"action":"accept","content":{"b":0}}"#.to_owned())
    );
    assert_eq!(
        told(Capability::Elicitation, r#"{"content":null,"action":"cancel"}"#),
        Some(r#"{"action":"cancel"}"#.to_owned())
    );
}

#[test]
fn roots_have_uris() {
    for text in [r#"{"roots":[]}"#, r#"{"roots":[{"uri":"file:///a","name":"n","x":1e2}]}"#] {
        assert_eq!(told(Capability::Roots, text).as_deref(), Some(text));
    }
    for text in [r#"{}"#, r#"{"roots":{}}"#, r#"{"roots":[{}]}"#, r#"{"roots":["file:///a"]}"#] {
        assert_eq!(told(Capability::Roots, text), None, "{text}");
    }
}

#[test]
fn a_model_answers_with_a_role_and_content() {
    for text in [
        r#"{"role":"assistant","model":"m","content":{"type":"text","text":"t"}}"#,
        r#"{"role":"assistant","model":"m","content":[{"type":"tool_use"}],"stopReason":"toolUse"}"#,
    ] {
        assert_eq!(told(Capability::SamplingTools, text).as_deref(), Some(text));
    }
    for text in [
        r#"{"model":"m","content":{"type":"text","text":"t"}}"#,
        r#"{"role":"assistant","content":{"type":"text","text":"t"}}"#,
        r#"{"role":"assistant","model":"m"}"#,
        r#"{"role":"assistant","model":"m","content":"t"}"#,
        r#"{"role":"assistant","model":"m","content":[{}]}"#,
    ] {
        assert_eq!(told(Capability::Sampling, text), None, "{text}");
    }
}
