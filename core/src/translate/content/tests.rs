use super::*;

fn told(text: &str, revision: Revision) -> String {
    String::from_utf8(block(text.as_bytes(), revision)).unwrap()
}

const TEXT: &str = r#"{"type":"text", "text":"t","annotations":{"priority":0.50}}"#;
const AUDIO: &str = r#"{"type":"audio","data":"AA==","mimeType":"audio/wav"}"#;
const LINK: &str = r#"{"type":"resource_link","uri":"a:b","name":"n","icons":[],"size":1}"#;

#[test]
fn what_a_revision_has_stays_as_it_is() {
    for revision in Revision::ALL {
        assert_eq!(told(TEXT, revision), TEXT);
    }
    assert_eq!(told(AUDIO, Revision::V2025_03_26), AUDIO);
    assert_eq!(told(LINK, Revision::V2025_11_25), LINK);
}

#[test]
fn a_text_stands_for_what_a_revision_has_not() {
    assert_eq!(
        told(AUDIO, Revision::V2024_11_05),
        r#"{"type":"text","text":"[audio: audio/wav]"}"#
    );
    for revision in [Revision::V2024_11_05, Revision::V2025_03_26] {
        assert_eq!(told(LINK, revision), r#"{"type":"text","text":"[n](a:b)"}"#);
    }
    assert_eq!(
        told(LINK, Revision::V2025_06_18),
        r#"{"type":"resource_link","uri":"a:b","name":"n","size":1}"#
    );
    assert_eq!(
        told(r#"{"type":"tool_use","id":"1","name":"add","input":{}}"#, Revision::V2025_06_18),
        r#"{"type":"text","text":"[use of add]"}"#
    );
}

#[test]
fn several_blocks_become_one_where_there_is_no_more() {
    let told = |text: &str, revision| String::from_utf8(one(text.as_bytes(), revision)).unwrap();
    let old = Revision::V2025_06_18;
    let two = format!("[{TEXT},{TEXT}]");
    assert_eq!(told(&two, Revision::V2025_11_25), two);
    assert_eq!(told(&two, old), r#"{"type":"text","text":"t\nt"}"#);
    assert_eq!(told(&format!("[{TEXT}]"), old), TEXT);
    assert_eq!(told(&format!("[{AUDIO},{TEXT}]"), old), AUDIO);
    assert_eq!(told("[]", old), r#"{"type":"text","text":""}"#);
    assert_eq!(
        told(AUDIO, Revision::V2024_11_05),
        r#"{"type":"text","text":"[audio: audio/wav]"}"#
    );
}
