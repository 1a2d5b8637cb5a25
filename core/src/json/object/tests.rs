use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn object(text: &str) -> Object<'_> {
    Object::read(text.as_bytes()).unwrap()
}

fn written(object: &Object<'_>) -> String {
    String::from_utf8(object.write()).unwrap()
}

#[test]
fn what_is_not_touched_stays_as_it_is_written() {
    let text = r#"{ "a\/b" : 1.50e+3 , "\u0061":[ 1 ,2],"é": {"x" : 12345678901234567890.10} }"#;
    let mut edited = object(text);
    edited.put("new", &b"true"[..]);
    assert_eq!(
        written(&edited),
        r#"{"a\/b":1.50e+3,"\u0061":[ 1 ,2],"é":{"x" : 12345678901234567890.10},"new":true}"#
    );
}

#[test]
fn a_key_is_found_whatever_escapes_it_is_written_with() {
    let mut edited = object(r#"{"\u005fmeta":{},"a\/b":1,"keep":2}"#);
    assert_eq!(edited.get("_meta"), Some(&b"{}"[..]));
    edited.remove("_meta");
    edited.remove("a/b");
    assert_eq!(written(&edited), r#"{"keep":2}"#);
}

#[test]
fn members_are_picked_by_their_names() {
    let text = r#"{ "b" : [1, {"a":2}] , "\u0061":"\ud800", "c": null, "other":1, "other":2}"#;
    let (one, two, three) = (r#""\ud800""#, "[1, {\"a\":2}]", "null");
    assert_eq!(pick(text, &["a", "b", "c", "d"]), Ok([Some(one), Some(two), Some(three), None]));
    assert_eq!(pick("{}", &["a"]), Ok([None]));
    assert_eq!(pick(r#"{"a":1,"\u0061":2}"#, &["a"]), Err(KeyError::Duplicate));
    assert_eq!(pick(r#"{"x":"\ud800","\ud800":2}"#, &["a"]), Err(KeyError::LoneSurrogate));
}

#[test]
fn of_a_key_given_twice_the_last_value_counts_and_edits_leave_only_that() {
    let twice = object(r#"{"a":1,"b":2,"\u0061":3}"#);
    assert_eq!(twice.get("a"), Some(&b"3"[..]));
    let mut put = twice.clone();
    put.put("a", &b"4"[..]);
    assert_eq!(written(&put), r#"{"b":2,"\u0061":4}"#);
    let mut edited = twice.clone();
    edited.edit("a", |value| Some([value, b"0"].concat()));
    assert_eq!(written(&edited), r#"{"b":2,"\u0061":30}"#);
    let mut removed = twice;
    removed.remove("a");
    assert_eq!(written(&removed), r#"{"b":2}"#);
}

#[test]
fn an_object_that_is_left_empty_goes() {
    let mut edited = object(r#"{"a":{"x":1},"b":[],"c":{"x":1,"y":2}}"#);
    for key in ["a", "b", "c", "d"] {
        edited.edit_object(key, |object| object.remove("x"));
    }
    assert_eq!(written(&edited), r#"{"b":[],"c":{"y":2}}"#);
}

#[test]
fn elements_are_changed_or_dropped() {
    let mut edited = object(r#"{"a":[1, null ,"x,]"],"b":{}}"#);
    for key in ["a", "b"] {
        edited.edit_elements(key, |value| (value != b"null").then(|| value.to_vec()));
    }
    assert_eq!(written(&edited), r#"{"a":[1,"x,]"],"b":{}}"#);
}

#[test]
fn other_values_have_no_members_and_no_text() {
    for text in ["null", "[]", "\"{}\"", "1", "true"] {
        assert!(Object::read(text.as_bytes()).is_none(), "{text}");
    }
    assert_eq!(text(b"1"), None);
    assert_eq!(text(br#""a\n\u0062""#).as_deref(), Some("a\nb"));
    assert!(object("{}").is_empty());
    assert_eq!(object(r#"{"a":null}"#).some("a"), None);
}

proptest! {
    #[test]
    fn reading_and_writing_keeps_every_key_and_value_as_it_is_written(
        members in prop::collection::vec(("[a-z\\\\/]{0,4}", "-?[1-9][0-9]{0,30}(\\.[0-9]{1,9})?", ".{0,8}"), 0..6),
    ) {
        let members: Vec<_> = members
            .iter()
            .map(|(key, number, text)| {
                let key = key.replace('\\', r"\u005c");
                let text = Value::from(text.as_str());
                (key, format!("[{number}, {{ {text}: {text}}}]"))
            })
            .collect();
        let with = |colon: &str, comma: &str| {
            let members: Vec<_> =
                members.iter().map(|(key, value)| format!("\"{key}\"{colon}{value}")).collect();
            members.join(comma)
        };
        let spaced = format!("{{ {} }}", with(" : ", " , "));
        prop_assert_eq!(written(&object(&spaced)), format!("{{{}}}", with(":", ",")));
    }

    #[test]
    fn removing_leaves_the_others(
        members in prop::collection::btree_map("[ab\"\\\\]{0,2}", any::<u64>(), 0..6),
        key in "[ab\"\\\\]{0,2}",
    ) {
        let text = serde_json::to_string(&members).unwrap();
        let mut object = object(&text);
        object.remove(&key);
        let mut without = members;
        without.remove(&key);
        prop_assert_eq!(written(&object), serde_json::to_string(&without).unwrap());
    }
}

#[test]
fn a_map_has_each_key_once() {
    let text = br#"{"a":1,"\u0062":[2]}"#;
    assert_eq!(map(text), Some(vec![("a".into(), &b"1"[..]), ("b".into(), b"[2]")]));
    assert_eq!(map(br#"{"a":1,"\u0061":1}"#), None);
    assert_eq!(map(b"[]"), None);
}

#[test]
fn a_map_of_many_keys_is_read() {
    let keys: Vec<String> = (0..300_000).map(|n| format!(r#""k{n}":1"#)).collect();
    let text = format!("{{{}}}", keys.join(","));
    assert_eq!(map(text.as_bytes()).map(|members| members.len()), Some(keys.len()));
}
