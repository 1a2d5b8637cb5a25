use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn of(text: &str) -> String {
    String::from_utf8(canonical(text.as_bytes()).into_owned()).unwrap()
}

#[test]
fn spelling_does_not_count() {
    let table: &[(&str, &[&str])] = &[
        ("{}", &["{}", " { } ", "{\r\n}\t"]),
        (r#"{"a":1e0,"b":2e0}"#, &[r#"{"b":2,"a":1}"#, "{ \"a\" :1.0 ,\n\"b\": 20e-1}"]),
        (r#"[1e0,[],{},"x"]"#, &[r#"[1,[],{},"x"]"#, r#" [ 1 , [ ] , { } , "\u0078" ] "#]),
        (r#"{"a/b":"é\n"}"#, &[r#"{"a\/b":"\u00e9\u000A"}"#, r#"{"\u0061/b":"é\n"}"#]),
        (
            r#"{"a":{"x":1e0,"y":[{"p":null,"q":true}]},"b":0e0}"#,
            &[r#"{"b":-0,"a":{"y":[{"q":true,"p":null}],"x":1}}"#],
        ),
        (r#""😀""#, &[r#""\ud83d\ude00""#, r#""😀""#]),
        ("false", &["false", " false "]),
    ];
    for (text, others) in table {
        for other in *others {
            assert_eq!(of(other), *text, "{other}");
        }
    }
}

#[test]
fn meaning_counts() {
    let all = [
        "{}",
        "[]",
        "null",
        "\"\"",
        "0",
        "\"0\"",
        "[0]",
        "[[]]",
        "[{}]",
        "[1,2]",
        "[2,1]",
        "[12]",
        r#"{"a":1}"#,
        r#"{"A":1}"#,
        r#"{"a":"1"}"#,
        r#"{"a":1,"b":2}"#,
        r#"{"a":2,"b":1}"#,
        r#"{"a":1,"a":1}"#,
        r#"{"a":1,"a":2}"#,
        r#"{"a":2,"a":1}"#,
        r#"{"a":1,"a":2,"a":1}"#,
        r#"{"a":{"b":2}}"#,
        "9007199254740993",
        "9007199254740992",
        "1e400",
    ];
    for (index, one) in all.iter().enumerate() {
        for other in &all[index + 1..] {
            assert_ne!(of(one), of(other), "{one} / {other}");
        }
    }
}

#[test]
fn large_objects_are_the_same_in_any_order_and_differ_by_any_member() {
    let object = |keys: &mut dyn Iterator<Item = u32>, last: u32| {
        let members: Vec<String> = keys.map(|key| format!(r#""{key}":[{last}]"#)).collect();
        format!(r#"[{{"a":{{{}}}}},1]"#, members.join(","))
    };
    let one = canonical(object(&mut (0..500), 1).as_bytes()).into_owned();
    assert!(one.len() < 100, "{} bytes", one.len());
    assert_eq!(*canonical(object(&mut (0..500).rev(), 1).as_bytes()), one);
    assert_ne!(*canonical(object(&mut (0..500), 2).as_bytes()), one);
    assert_ne!(*canonical(object(&mut (0..501), 1).as_bytes()), one);
}

#[test]
fn what_is_not_json_stays_as_it_is() {
    for text in ["", "{", "]", "{1:2}", "{\"a\"}", "\"", "[1 2]", "{} {}", "nul", "\u{feff}{}"] {
        assert_eq!(of(text), text);
    }
    assert_eq!(&*canonical(b"\"\xff\""), b"\"\xff\"");
}

#[test]
fn depth_is_no_danger() {
    let deep = |open: &str, close: &str| [open.repeat(100_000), close.repeat(100_000)].concat();
    let text = deep("[", "]");
    assert_eq!(of(&text), text);
}

/// Values whose numbers stay equal when they are parsed as doubles.
fn value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-(1i64 << 53)..1 << 53).prop_map(Value::from),
        (-100i32..100).prop_map(|number| Value::from(f64::from(number) / 4.0)),
        "[a-c\"\\\\\n é😀]{0,4}".prop_map(Value::from),
    ];
    scalar.prop_recursive(5, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec(("[a-c\"é]{0,2}", inner), 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn the_text_means_the_same_and_is_its_own(value in value()) {
        let text = of(&value.to_string());
        let read: Value = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(of(&read.to_string()), text.clone());
        prop_assert_eq!(of(&serde_json::to_string_pretty(&value).unwrap()), text.clone());
        prop_assert_eq!(of(&text), text);
    }

    /// Maps are equal regardless of the order of their members.
    #[test]
    fn texts_are_the_same_if_values_are(one in value(), other in value()) {
        let is_same = |value: &Value| of(&value.to_string());
        if one == other {
            prop_assert_eq!(is_same(&one), is_same(&other));
        } else if is_same(&one) == is_same(&other) {
            // `1` and `1.0` are two values in a tree, and one number.
            let text = |value: &Value| value.to_string();
            prop_assert!(text(&one).contains(".0") || text(&other).contains(".0"));
        }
    }

    #[test]
    fn no_text_is_too_strange(bytes: Vec<u8>, text in "[\\[\\]{}:,\"\\\\u0-1a ]{0,20}") {
        canonical(&bytes);
        canonical(text.as_bytes());
    }
}
