use super::*;

fn result(text: &str) -> Probed {
    probe(&Answer::Result(text.as_bytes().into()))
}

fn error(text: &str) -> Probed {
    probe(&Answer::Error(text.as_bytes().into()))
}

#[test]
fn a_discover_result_is_of_the_modern_era() {
    assert_eq!(result(r#"{"supportedVersions":["2025-11-25","2026-07-28"]}"#), Probed::Modern);
    assert_eq!(result(r#"{"supportedVersions":["2027-01-01"]}"#), Probed::ModernOther);
    assert_eq!(result(r#"{"supportedVersions":["2025-11-25"]}"#), Probed::Legacy);
}

#[test]
fn a_child_of_both_eras_says_so() {
    let both = |text: &str| speaks_both(text.as_bytes());
    assert!(both(r#"{"supportedVersions":["2026-07-28","2024-11-05"]}"#));
    assert!(!both(r#"{"supportedVersions":["2026-07-28","2027-01-01","1999-01-01"]}"#));
    assert!(!both("{}") && !both("[]"));
}

#[test]
fn any_other_result_is_of_a_legacy_child_that_answers_anything() {
    for text in ["{}", "null", "[]", r#"{"supportedVersions":"2026-07-28"}"#] {
        assert_eq!(result(text), Probed::Legacy, "{text}");
    }
}

#[test]
fn an_error_of_the_modern_era_tells_it() {
    assert_eq!(error(r#"{"code":-32020,"message":"m"}"#), Probed::Modern);
    assert_eq!(error(r#"{"code":-32021,"message":"m"}"#), Probed::Modern);
    assert_eq!(error(r#"{"code":-32022,"message":"m"}"#), Probed::ModernOther);
    for (supported, probed) in [
        (r#"["2026-07-28"]"#, Probed::Modern),
        (r#"["2027-01-01"]"#, Probed::ModernOther),
        (r#"["2025-06-18","2025-11-25"]"#, Probed::Legacy),
    ] {
        let text = format!(r#"{{"code":-32022,"message":"m","data":{{"supported":{supported}}}}}"#);
        assert_eq!(error(&text), probed, "{supported}");
    }
}

#[test]
fn any_other_error_is_of_a_legacy_child() {
    for code in [-32601, -32602, -32600, -32603, -32000, 0] {
        assert_eq!(error(&format!(r#"{{"code":{code},"message":"m"}}"#)), Probed::Legacy);
    }
    assert_eq!(error("null"), Probed::Legacy);
}
