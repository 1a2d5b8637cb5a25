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
