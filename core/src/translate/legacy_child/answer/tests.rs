use super::*;

fn told(needs: Capability, text: &str, revision: Revision) -> Option<String> {
    let answer = answer(needs, text.as_bytes(), revision)?;
    Some(String::from_utf8(answer.line(b"7")).unwrap())
}

#[test]
fn an_answer_reaches_the_child_as_the_result_of_its_request() {
    assert_eq!(
        told(
            Capability::Elicitation,
            r#"{"action":"accept","content":{"n":1.50}}"#,
            Revision::V2025_11_25
        )
        .unwrap(),
        r#"{"jsonrpc":"2.0","id":7,"result":{"action":"accept","content":{"n":1.50}}}"#
    );
    assert_eq!(told(Capability::Elicitation, "{}", Revision::V2025_11_25), None);
}

#[test]
fn a_model_answers_an_older_child_with_one_block() {
    let text = r#"{"role":"assistant","model":"m","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}"#;
    let told = |revision| told(Capability::Sampling, text, revision).unwrap();
    assert!(told(Revision::V2025_11_25).contains(text));
    assert!(
        told(Revision::V2025_06_18)
            .contains(r#""model":"m","content":{"type":"text","text":"a\nb"}}"#)
    );
}

#[test]
fn responses_go_by_their_keys() {
    assert_eq!(
        responses(br#"{"a\u0062":{"x":1.0},"7": null}"#).unwrap(),
        [("ab".to_owned(), &br#"{"x":1.0}"#[..]), ("7".to_owned(), &b"null"[..])]
    );
    assert_eq!(responses(br#"{"a":1,"\u0061":2}"#), None);
    assert_eq!(responses(b"[]"), None);
}

#[test]
fn who_gets_no_answer_is_told() {
    let told = |needs| String::from_utf8(give_up(needs).line(b"7")).unwrap();
    assert_eq!(
        told(Capability::ElicitationUrl),
        r#"{"jsonrpc":"2.0","id":7,"result":{"action":"cancel"}}"#
    );
    for needs in [Capability::Roots, Capability::Sampling] {
        assert!(told(needs).contains(r#""error":{"code":-32603,"#));
    }
}
