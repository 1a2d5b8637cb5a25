use pontoon_core::Duration;
use serde_json::{Value, json};

use super::is_uri;
use crate::calculator::tests::Visitor;

#[test]
fn constants_are_those_documented() {
    let text = Visitor::new().read("calculator://constants").unwrap();
    assert_eq!(text, "{\n  \"pi\": 3.14159,\n  \"e\": 2.71828\n}");
}

#[test]
fn the_only_statistic_is_the_uptime() {
    let mut visitor = Visitor::new();
    visitor.facts.process.uptime = Duration::from_micros(300_123_456);
    let stats: Value = serde_json::from_str(&visitor.read("calculator://stats").unwrap()).unwrap();
    assert_eq!(stats, json!({ "uptimeMs": 300_123 }));
}

#[test]
fn there_are_ten_formulas() {
    let text = Visitor::new().read("formulas://library").unwrap();
    let formulas: Vec<serde_json::Map<String, Value>> = serde_json::from_str(&text).unwrap();
    assert_eq!(formulas.len(), 10);
    for formula in formulas {
        assert_eq!(formula.keys().collect::<Vec<_>>(), ["name", "formula", "category"]);
        assert!(formula.values().all(|it| it.as_str().is_some_and(|it| !it.is_empty())));
    }
}

#[test]
fn no_calculation_is_remembered() {
    for uri in ["calculator://history/1", "calculator://history/a%20b", "calculator://history/é"] {
        let fault = Visitor::new().read(uri).unwrap_err();
        assert_eq!((fault.code, &*fault.message), (-32002, "404 Not Found"));
        assert_eq!(fault.data, Some(json!({ "uri": uri })));
    }
}

#[test]
fn a_resource_there_is_not_is_named() {
    for uri in
        ["calculator://nothing", "calculator://history/", "calculator://history/1/2", "mailto:a@b"]
    {
        let fault = Visitor::new().read(uri).unwrap_err();
        assert_eq!(fault.code, -32002);
        assert_eq!(fault.message, format!("Resource not found: {uri}"));
        assert_eq!(fault.data, Some(json!({ "uri": uri })));
    }
}

#[test]
fn what_is_no_uri_is_a_wrong_parameter() {
    for text in [
        "",
        "constants",
        "://x",
        "1a://x",
        "calculator:",
        "calculator://a b",
        "a://%zz",
        "a://%4",
        "a:%é0",
    ] {
        let fault = Visitor::new().read(text).unwrap_err();
        assert_eq!((fault.code, &*fault.message), (-32602, "params.uri is not a URI"), "{text}");
    }
    assert!(is_uri("a+b-c.d:%4a?x#y"));
}
