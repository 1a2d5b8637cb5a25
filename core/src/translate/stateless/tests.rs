use super::*;

#[test]
fn capabilities_that_need_a_session_are_removed() {
    let result = br#"{"protocolVersion":"2025-11-25","capabilities":{"tools":{"listChanged":true},"resources":{"subscribe":true,"listChanged":true},"prompts":{},"logging":{},"tasks":{"list":{}}},"serverInfo":{"name":"s","version":"1"},"instructions":"i"}"#;
    let expected = r#"{"protocolVersion":"2025-03-26","capabilities":{"tools":{},"resources":{},"prompts":{},"logging":{}},"serverInfo":{"name":"s","version":"1"},"instructions":"i"}"#;
    let initialized = initialize(result, Revision::V2025_03_26).unwrap();
    assert_eq!(String::from_utf8(initialized).unwrap(), expected);
    assert_eq!(initialize(b"[]", Revision::V2025_03_26), None);
}
