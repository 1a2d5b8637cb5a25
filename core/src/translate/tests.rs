//! Properties of every translation.

use proptest::prelude::*;
use serde_json::value::RawValue;

use super::*;
use crate::json::Answer;
use crate::json::object::Object;
use crate::protocol::Revision;
use crate::reject::Capability;

/// Unusual JSON: numbers that no float holds, escapes, any keys.
fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?",
        "\"([a-z é]|\\\\u00[2-7][0-9a-f]|\\\\\\\\|\\\\\"|\\\\n){0,6}\"",
        Just("null".to_owned()),
        Just("true".to_owned()),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4)
                .prop_map(|all| format!("[{}]", all.join(", "))),
            members("[a-z]{1,3}", inner).prop_map(|members| format!("{{{members}}}")),
        ]
    })
}

/// Members of an object, each key once.
fn members(
    key: &'static str,
    value: impl Strategy<Value = String>,
) -> impl Strategy<Value = String> {
    prop::collection::btree_map(key, value, 0..4).prop_map(|all| {
        let all: Vec<_> =
            all.into_iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
        all.join(",")
    })
}

/// An object of members that no rule names.
fn unknown() -> impl Strategy<Value = String> {
    members("x-[a-z]{1,3}", value()).prop_map(|members| format!("{{{members}}}"))
}

/// An object with any members, mostly those that the rules name.
fn any_object() -> impl Strategy<Value = String> {
    const NAMES: &str = "_meta|action|arguments|capabilities|code|content|contents|cursor|data|elicitationId|inputRequests|inputResponses|instructions|maxTokens|message|messages|method|mode|model|name|params|properties|prompts|requestState|requestedSchema|resources|result|resultType|role|roots|serverInfo|structuredContent|supportedVersions|task|tools|type|uri|url";
    let named = members(NAMES, value()).prop_map(|members| format!("{{{members}}}"));
    members(NAMES, prop_oneof![named, value()]).prop_map(|members| format!("{{{members}}}"))
}

fn method() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "completion/complete",
        "prompts/get",
        "prompts/list",
        "resources/list",
        "resources/read",
        "resources/templates/list",
        "tools/call",
        "tools/list",
        "x/y",
    ])
}

fn asking() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["elicitation/create", "roots/list", "sampling/createMessage"])
}

fn capability() -> impl Strategy<Value = Capability> {
    prop::sample::select(vec![
        Capability::Elicitation,
        Capability::ElicitationUrl,
        Capability::Roots,
        Capability::Sampling,
        Capability::SamplingTools,
    ])
}

fn assert_is_a_line_of_json(text: &[u8]) {
    let _: &RawValue = serde_json::from_slice(text).expect("JSON");
    assert!(!text.contains(&b'\n') && !text.contains(&b'\r'), "one line");
}

fn caller() -> modern_child::Caller<'static> {
    modern_child::Caller { capabilities: br#"{"roots":{}}"#, info: None, log_level: None }
}

proptest! {
    #[test]
    fn unknown_members_of_a_result_cross_both_ways_byte_for_byte(
        object in unknown(), method in method(), revision in prop::sample::select(&Revision::LEGACY)
    ) {
        let info = br#"{"name":"s","version":"1"}"#;
        let modern = legacy_child::result(method, object.as_bytes(), Some(info)).unwrap();
        let back = modern_child::result(method, &modern, revision);
        let mut expected = Object::read(object.as_bytes()).unwrap();
        if method != "x/y" {
            expected.remove_nulls();
        }
        prop_assert_eq!(back, Some(modern_child::Outcome::Complete(expected.write())));
    }

    #[test]
    fn unknown_members_of_params_cross_both_ways_byte_for_byte(
        object in unknown(), meta in unknown(), method in method()
    ) {
        for text in [object.clone(), with_meta(&object, &meta)] {
            let modern =
                modern_child::params(method, Some(text.as_bytes()), &caller(), 1).unwrap();
            let back = legacy_child::params(method, Some(&modern), 2).unwrap();
            let expected = if meta == "{}" { &object } else { &text };
            prop_assert_eq!(String::from_utf8(back).unwrap(), expected.as_str());
        }
    }

    #[test]
    fn every_translation_is_a_line_of_json(
        object in any_object(),
        method in method(),
        asking in asking(),
        needs in capability(),
        revision in prop::sample::select(&Revision::LEGACY),
    ) {
        let text = object.as_bytes();
        let mut told = vec![
            legacy_child::introduction::discover(text, &Revision::ALL),
            legacy_child::params(method, Some(text), 1),
            legacy_child::result(method, text, Some(text)),
            legacy_child::question(asking, Some(text), text).ok().map(|it| it.request.to_vec()),
            modern_child::initialize(text, revision),
            modern_child::params(method, Some(text), &caller(), 1),
            Some(modern_child::client_capabilities(Some(text), revision)),
            Some(modern_child::retry(text, [("k", text)], Some(b"\"s\""), None, 1)),
            Some(modern_child::error(method, text, Some(b"\"a:b\"")).line(b"1")),
            modern_child::answer(needs, &Answer::Result(text.into())),
            legacy_child::answer(needs, text, revision).map(|answer| answer.line(b"1")),
            Some(subscription::tag(Some(text), b"1")),
            subscription::untag(text),
        ];
        if let legacy_child::Failure::Error(error) = legacy_child::error(method, text, None) {
            told.push(Some(error));
        }
        if let Some(modern_child::Outcome::Complete(result)) =
            modern_child::result(method, text, revision)
        {
            told.push(Some(result));
        }
        for told in told.into_iter().flatten() {
            assert_is_a_line_of_json(&told);
        }
    }

    #[test]
    fn what_can_be_asked_of_one_era_can_be_asked_of_the_other(
        object in any_object(), asking in asking()
    ) {
        let Ok(asked) = legacy_child::question(asking, Some(object.as_bytes()), b"{}") else {
            return Ok(());
        };
        let required = legacy_child::input_required([("k", &asked)], None, None);
        let outcome = modern_child::result("tools/call", &required.to_vec(), Revision::V2025_11_25);
        let Some(modern_child::Outcome::InputRequired { requests, .. }) = outcome else {
            panic!("{outcome:?}");
        };
        prop_assert_eq!(requests[0].needs, asked.needs);
        prop_assert!(modern_child::question(&requests[0], Revision::V2025_11_25, "e").is_ok());
    }
}

fn with_meta(object: &str, meta: &str) -> String {
    let comma = if object == "{}" { "" } else { "," };
    format!("{}{comma}\"_meta\":{meta}}}", &object[..object.len() - 1])
}
