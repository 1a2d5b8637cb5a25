use super::*;

fn simplified(messages: &str, revision: Revision) -> String {
    let text = format!(r#"{{"messages":{messages},"temperature":0.50}}"#);
    let mut params = Object::read(text.as_bytes()).unwrap();
    simplify(&mut params, revision);
    String::from_utf8(params.write()).unwrap()
}

#[test]
fn several_blocks_become_several_messages_of_the_same_role() {
    let messages = r#"[{"role":"user","content":[{"type":"text","text":"a"},{"type":"audio","mimeType":"audio/wav","data":""}]},{"role":"assistant","content":{"type":"text","text":"b"}}]"#;
    assert_eq!(
        simplified(messages, Revision::V2025_11_25),
        format!(r#"{{"messages":{messages},"temperature":0.50}}"#)
    );
    assert_eq!(
        simplified(messages, Revision::V2024_11_05),
        r#"{"messages":[{"role":"user","content":{"type":"text","text":"a"}},{"role":"user","content":{"type":"text","text":"[audio: audio/wav]"}},{"role":"assistant","content":{"type":"text","text":"b"}}],"temperature":0.50}"#
    );
}

#[test]
fn a_result_of_a_tool_that_is_no_object_becomes_a_text() {
    let with = |structured: &str, content: &str| {
        format!(
            r#"[{{"role":"user","content":[{{"type":"text","text":"a"}},{{"type":"tool_result","toolUseId":"1","content":[{content}]{structured}}}]}},{{"role":"user","content":[]}}]"#
        )
    };
    let newest = |messages: &str| simplified(messages, Revision::V2025_11_25);
    let kept = |messages: &str| format!(r#"{{"messages":{messages},"temperature":0.50}}"#);
    let text = with("", r#"{"type":"text","text":"[1.0]"}"#);
    assert_eq!(newest(&with(r#","structuredContent":[1.0]"#, "")), kept(&text));
    let object = with(r#","structuredContent":{"n":1.0}"#, "");
    assert_eq!(newest(&object), kept(&object));
}
