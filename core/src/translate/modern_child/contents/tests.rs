use super::*;

fn call(text: &str, revision: Revision) -> String {
    let mut result = Object::read(text.as_bytes()).unwrap();
    of_call(&mut result, revision);
    String::from_utf8(result.write()).unwrap()
}

#[test]
fn structured_content_that_is_an_object_is_known_since_2025_06_18() {
    let text = r#"{"content":[],"structuredContent":{"n":1.0}}"#;
    for revision in [Revision::V2025_06_18, Revision::V2025_11_25] {
        assert_eq!(call(text, revision), text);
    }
    for revision in [Revision::V2024_11_05, Revision::V2025_03_26] {
        assert_eq!(call(text, revision), r#"{"content":[{"type":"text","text":"{\"n\":1.0}"}]}"#);
    }
}

#[test]
fn structured_content_of_another_type_becomes_a_text() {
    for value in ["[1.0]", "1e400", "null", "true"] {
        let text = format!(r#"{{"structuredContent":{value},"isError":false}}"#);
        assert_eq!(
            call(&text, Revision::V2025_11_25),
            format!(r#"{{"isError":false,"content":[{{"type":"text","text":"{value}"}}]}}"#)
        );
    }
}

#[test]
fn a_text_that_is_there_is_enough() {
    assert_eq!(
        call(
            r#"{"content":[{"type":"text","text":"one"}],"structuredContent":[1]}"#,
            Revision::V2025_11_25
        ),
        r#"{"content":[{"type":"text","text":"one"}]}"#
    );
}

#[test]
fn blocks_are_in_the_words_of_the_revision() {
    let link = r#"{"type":"resource_link","uri":"a:b","name":"n"}"#;
    assert_eq!(
        call(&format!(r#"{{"content":[{link}],"x":1.0}}"#), Revision::V2025_03_26),
        r#"{"content":[{"type":"text","text":"[n](a:b)"}],"x":1.0}"#
    );
    let text = format!(r#"{{"messages":[{{"role":"user","content":{link},"y":1.0}}]}}"#);
    let mut prompt = Object::read(text.as_bytes()).unwrap();
    of_prompt(&mut prompt, Revision::V2025_06_18);
    assert_eq!(prompt.write(), text.as_bytes());
    of_prompt(&mut prompt, Revision::V2025_03_26);
    assert_eq!(
        String::from_utf8(prompt.write()).unwrap(),
        r#"{"messages":[{"role":"user","content":{"type":"text","text":"[n](a:b)"},"y":1.0}]}"#
    );
}
