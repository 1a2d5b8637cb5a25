use super::*;

fn asked(
    needs: Capability,
    params: &str,
    revision: Revision,
) -> Result<Option<String>, Capability> {
    let params = Some(params.as_bytes().to_vec()).filter(|params| !params.is_empty());
    let request = InputRequest { key: "k".into(), needs, params };
    let asked = question(&request, revision, "e-1")?;
    Ok(asked.map(|params| String::from_utf8(params).unwrap()))
}

const FORM: &str = r#"{"mode":"form","message":"m","requestedSchema":{"type":"object","properties":{"n":{"type":"number","minimum":0.50}}}}"#;
const URL: &str = r#"{"mode":"url","message":"m","url":"https://a"}"#;

#[test]
fn a_form_is_asked_since_2025_06_18() {
    let ask = |revision| asked(Capability::Elicitation, FORM, revision);
    assert_eq!(ask(Revision::V2025_11_25), Ok(Some(FORM.to_owned())));
    assert_eq!(ask(Revision::V2025_06_18), Ok(Some(FORM.replace(r#""mode":"form","#, ""))));
    assert_eq!(ask(Revision::V2025_03_26), Err(Capability::Elicitation));
}

#[test]
fn a_url_is_visited_under_an_id_since_2025_11_25() {
    let ask = |revision| asked(Capability::ElicitationUrl, URL, revision);
    assert_eq!(
        ask(Revision::V2025_11_25),
        Ok(Some(URL.replace('}', r#","elicitationId":"e-1"}"#)))
    );
    assert_eq!(ask(Revision::V2025_06_18), Err(Capability::ElicitationUrl));
}

#[test]
fn roots_and_models_are_asked_in_every_revision_tools_since_2025_11_25() {
    let sampling =
        r#"{"maxTokens":10,"messages":[{"role":"user","content":{"type":"text","text":"t"}}]}"#;
    for revision in Revision::LEGACY {
        assert_eq!(asked(Capability::Roots, "", revision), Ok(None));
        assert_eq!(asked(Capability::Sampling, sampling, revision), Ok(Some(sampling.to_owned())));
        assert_eq!(
            asked(Capability::SamplingTools, sampling, revision).is_ok(),
            revision == Revision::V2025_11_25
        );
    }
}

#[test]
fn tools_and_their_results_are_such_as_the_revision_has() {
    let tool = r#"{"name":"t","inputSchema":{"type":"object","properties":{"x":true}},"outputSchema":{"type":"array"}}"#;
    let result = r#"{"type":"tool_result","toolUseId":"1","content":[],"structuredContent":[1.0]}"#;
    let params = format!(
        r#"{{"maxTokens":10,"messages":[{{"role":"user","content":{result}}}],"tools":[{tool}]}}"#
    );
    let expected = r#"{"maxTokens":10,"messages":[{"role":"user","content":{"type":"tool_result","toolUseId":"1","content":[{"type":"text","text":"[1.0]"}]}}],"tools":[{"name":"t","inputSchema":{"type":"object","properties":{"x":{}}}}]}"#;
    assert_eq!(
        asked(Capability::SamplingTools, &params, Revision::V2025_11_25),
        Ok(Some(expected.to_owned()))
    );
}

#[test]
fn null_counts_as_absent() {
    assert_eq!(
        asked(
            Capability::Sampling,
            r#"{"maxTokens":10,"messages":[],"systemPrompt":null,"tools":null,"_meta":null}"#,
            Revision::V2025_11_25
        ),
        Ok(Some(r#"{"maxTokens":10,"messages":[]}"#.to_owned()))
    );
    assert_eq!(
        asked(Capability::Elicitation, &FORM.replace(r#""form""#, "null"), Revision::V2025_11_25),
        Ok(Some(FORM.replace(r#""mode":"form","#, "")))
    );
}

#[test]
fn what_would_make_it_no_request_is_left_out() {
    for meta in [
        r#"{"progressToken":1.5}"#,
        r#"{"progressToken":"p"}"#,
        r#"{},"_meta":{"progressToken":1}"#,
        "[]",
        "7",
    ] {
        let params = format!(r#"{{"_meta":{meta}}}"#);
        assert_eq!(
            asked(Capability::Roots, &params, Revision::V2025_11_25),
            Ok(Some("{}".to_owned())),
            "{meta}"
        );
    }
    assert_eq!(
        asked(Capability::Roots, r#"{"_meta":{"x":1.0}}"#, Revision::V2025_11_25),
        Ok(Some(r#"{"_meta":{"x":1.0}}"#.to_owned()))
    );
}
