use serde_json::{Value, json};

use super::*;
use crate::reject::Capability;
use crate::translate::capability::is_declared;

fn discovered(initialize_result: &str) -> String {
    let supported = [Revision::V2026_07_28, Revision::V2025_11_25];
    String::from_utf8(discover(initialize_result.as_bytes(), &supported).unwrap()).unwrap()
}

#[test]
fn the_bridge_says_that_it_can_do_all_that_can_be_translated() {
    let params: Value = serde_json::from_slice(&initialize(Revision::NEWEST_LEGACY)).unwrap();
    assert_eq!(params["protocolVersion"], "2025-11-25");
    assert_eq!(
        params["clientInfo"],
        json!({"name": "pontoon", "version": env!("CARGO_PKG_VERSION")})
    );
    let capabilities = params["capabilities"].to_string();
    for capability in [
        Capability::Elicitation,
        Capability::ElicitationUrl,
        Capability::Roots,
        Capability::Sampling,
        Capability::SamplingTools,
    ] {
        assert!(is_declared(capabilities.as_bytes(), capability), "{capability:?}");
    }
}

#[test]
fn a_child_is_discovered_as_it_introduced_itself() {
    assert_eq!(
        discovered(
            r#"{"protocolVersion":"2025-11-25","capabilities":{"logging":{},"tools":{"listChanged":true},"resources":{"subscribe":true},"tasks":{"list":{}},"prompts":null,"experimental":{"x":{"n":1.0}}},"serverInfo":{"name":"s","version":"1","title":"S"},"instructions":"i","x":1e2,"_meta":{"y":2}}"#
        ),
        r#"{"resultType":"complete","supportedVersions":["2026-07-28","2025-11-25"],"capabilities":{"logging":{},"tools":{"listChanged":true},"resources":{"subscribe":true},"experimental":{"x":{"n":1.0}}},"instructions":"i","x":1e2,"_meta":{"y":2,"io.modelcontextprotocol/serverInfo":{"name":"s","version":"1","title":"S"}},"ttlMs":0,"cacheScope":"private"}"#
    );
}

#[test]
fn a_child_that_says_next_to_nothing_is_discovered_too() {
    assert_eq!(
        discovered(r#"{"instructions":null,"_meta":null,"serverInfo":null}"#),
        r#"{"resultType":"complete","supportedVersions":["2026-07-28","2025-11-25"],"capabilities":{},"ttlMs":0,"cacheScope":"private"}"#
    );
    assert_eq!(discover(b"null", &[]), None);
}
