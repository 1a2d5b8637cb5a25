use super::*;

fn told(needs: Capability, result: &str) -> Option<String> {
    let answer = answer(needs, &Answer::Result(result.as_bytes().into()))?;
    Some(String::from_utf8(answer).unwrap())
}

const CANCEL: &str = r#"{"action":"cancel"}"#;

#[test]
fn a_clients_answer_reaches_the_child() {
    let text = r#"{"action":"accept","content":{"n":1.50}}"#;
    assert_eq!(told(Capability::Elicitation, text).as_deref(), Some(text));
    let text = r#"{"roots":[{"uri":"file:///a"}],"x":1e400}"#;
    assert_eq!(told(Capability::Roots, text).as_deref(), Some(text));
}

#[test]
fn an_elicitation_that_fails_is_cancelled() {
    for needs in [Capability::Elicitation, Capability::ElicitationUrl] {
        assert_eq!(told(needs, "{}").as_deref(), Some(CANCEL));
        assert_eq!(answer(needs, &Answer::error(-1, "no")).as_deref(), Some(CANCEL.as_bytes()));
    }
}

#[test]
fn nothing_else_can_fail_without_the_call() {
    for needs in [Capability::Roots, Capability::Sampling, Capability::SamplingTools] {
        assert_eq!(told(needs, "{}"), None);
        assert_eq!(answer(needs, &Answer::error(-1, "User rejected sampling request")), None);
    }
}
