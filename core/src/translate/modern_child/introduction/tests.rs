use super::*;

const DISCOVERED: &str = r#"{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{"listChanged":true},"completions":{},"logging":{},"extensions":{"io.modelcontextprotocol/tasks":{}},"resources":{"subscribe":true},"experimental":{"x":{"n":1.0}}},"instructions":"i","ttlMs":60000,"cacheScope":"public","x":1e2,"_meta":{"io.modelcontextprotocol/serverInfo":{"name":"s","version":"1","title":"S","description":"d","websiteUrl":"https://a","icons":[]},"y":2}}"#;

fn introduced(text: &str, revision: Revision) -> String {
    String::from_utf8(initialize(text.as_bytes(), revision).unwrap()).unwrap()
}

#[test]
fn a_child_introduces_itself_as_it_was_discovered() {
    assert_eq!(
        introduced(DISCOVERED, Revision::V2025_11_25),
        r#"{"protocolVersion":"2025-11-25","capabilities":{"tools":{"listChanged":true},"completions":{},"logging":{},"resources":{"subscribe":true},"experimental":{"x":{"n":1.0}}},"serverInfo":{"name":"s","version":"1","title":"S","description":"d","websiteUrl":"https://a","icons":[]},"instructions":"i","x":1e2,"_meta":{"y":2}}"#
    );
}

#[test]
fn an_older_revision_hears_what_it_knows() {
    assert!(
        introduced(DISCOVERED, Revision::V2025_06_18)
            .contains(r#""serverInfo":{"name":"s","version":"1","title":"S"}"#)
    );
    let oldest = introduced(DISCOVERED, Revision::V2024_11_05);
    assert!(oldest.contains(r#""serverInfo":{"name":"s","version":"1"}"#), "{oldest}");
    assert!(!oldest.contains("completions"), "{oldest}");
}

#[test]
fn who_does_not_say_who_it_is_has_a_name_that_says_so() {
    for text in ["{}", r#"{"_meta":null,"instructions":null,"capabilities":null}"#] {
        assert_eq!(
            introduced(text, Revision::V2025_11_25),
            r#"{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"unknown","version":"unknown"}}"#
        );
    }
    assert_eq!(initialize(b"[]", Revision::V2025_11_25), None);
}

#[test]
fn a_client_can_do_what_its_revision_and_the_modern_era_both_have() {
    let declared = br#"{"roots":{"listChanged":true},"elicitation":{"url":{},"form":{}},"sampling":{"tools":{},"x":1.0},"tasks":{},"extensions":{},"experimental":{"y":{}},"z":null}"#;
    let told = |revision| String::from_utf8(client_capabilities(Some(declared), revision)).unwrap();
    assert_eq!(
        told(Revision::V2025_11_25),
        r#"{"roots":{},"elicitation":{"url":{},"form":{}},"sampling":{"tools":{},"x":1.0},"experimental":{"y":{}}}"#
    );
    assert_eq!(
        told(Revision::V2025_06_18),
        r#"{"roots":{},"elicitation":{"form":{}},"sampling":{"x":1.0},"experimental":{"y":{}}}"#
    );
    assert_eq!(
        told(Revision::V2025_03_26),
        r#"{"roots":{},"sampling":{"x":1.0},"experimental":{"y":{}}}"#
    );
    assert_eq!(client_capabilities(None, Revision::V2025_11_25), b"{}");
}
