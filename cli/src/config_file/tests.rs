use pontoon_config::Source;
use pontoon_core::{ChildEra, ChildPer, OnChildExit, Revision};
use serde_json::json;

use super::machine::Machine;
use super::shown_word;
use crate::values;

/// Returns whether a setting of an entry has no error.
fn is_setting(key: &str, value: &serde_json::Value) -> bool {
    let entry = json!({ "command": "sh", "pontoon": { key: value } });
    let bytes = json!({ "servers": { "a": entry } }).to_string().into_bytes();
    let source = Source { name: "a".into(), path: "/mcp.json".into(), bytes };
    !pontoon_config::read(&[source], &Machine).has_errors()
}

#[test]
fn settings_take_the_values_of_the_options() {
    let revisions = Revision::ALL.map(Revision::as_str);
    assert!(is_setting("revisions", &json!(revisions)));
    let schema = pontoon_config::schema();
    assert_eq!(schema["$defs"]["Revision"]["oneOf"].as_array().unwrap().len(), revisions.len());
    for word in ["call", "principal", "session", "shared", "none"] {
        assert_eq!(
            is_setting("childPer", &json!(word)),
            word.parse::<ChildPer>().is_ok(),
            "{word}"
        );
    }
    for word in ["end", "resume", "restart"] {
        let is_value = word.parse::<OnChildExit>().is_ok();
        assert_eq!(is_setting("onChildExit", &json!(word)), is_value, "{word}");
    }
    for word in ["legacy", "modern", "probe", "auto"] {
        assert_eq!(
            is_setting("childEra", &json!(word)),
            word.parse::<ChildEra>().is_ok(),
            "{word}"
        );
    }
    for time in ["30", "1.5", "500ms", "2m", "0", "5h", "", "-1", "1e3"] {
        let is = is_setting("requestTimeout", &json!(time));
        assert_eq!(is, values::time(time).is_ok(), "{time:?}");
    }
    for size in ["65536", "512KiB", "4MiB", "1k", "2M", "1GiB1", "", "x"] {
        let is = is_setting("maxLine", &json!(size));
        assert_eq!(is, values::size::<{ values::KIB }, { values::GIB }>(size).is_ok(), "{size:?}");
    }
}

#[test]
fn words_are_quoted_unless_they_are_masked() {
    let rows = [
        ("a", "a"),
        ("***", "***"),
        ("--a=***", "--a=***"),
        ("*.js", "'*.js'"),
        ("A: ***", "'A: ***'"),
        ("", "''"),
        ("a\nb", "'a\\nb'"),
        ("${X}", "'${X}'"),
    ];
    for (word, shown) in rows {
        assert_eq!(shown_word(word), shown);
    }
}
