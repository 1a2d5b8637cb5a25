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
