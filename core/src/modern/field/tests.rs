use proptest::prelude::*;

use super::*;

fn decoded(value: &str) -> Option<String> {
    decode(value.as_bytes()).map(Cow::into_owned)
}

fn same(value: &str, json: &str) -> bool {
    matches(value.as_bytes(), json.as_bytes())
}

#[test]
fn the_examples_of_the_specification() {
    for (text, value) in [
        ("us-west1", "us-west1"),
        ("Hello, 世界", "=?base64?SGVsbG8sIOS4lueVjA==?="),
        (" padded ", "=?base64?IHBhZGRlZCA=?="),
        ("line1\nline2", "=?base64?bGluZTEKbGluZTI=?="),
        ("=?base64?literal?=", "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?="),
    ] {
        assert_eq!(encode(text), value);
        assert_eq!(decoded(value).as_deref(), Some(text));
    }
}

#[test]
fn only_what_has_to_be_is_encoded() {
    for text in ["", "a b", "~!\"#%&", "=?base64?", "?=", "=?BASE64?YQ==?=", "=?base64?x", "x?="] {
        assert!(matches!(encode(text), Cow::Borrowed(_)), "{text}");
        assert_eq!(decoded(text).as_deref(), Some(text));
    }
    for text in [" a", "a ", "\ta", "a\tb", "a\0", "a\u{7f}", "é", "\r\n", " ", "=?base64?="] {
        assert!(encode(text).starts_with(BEGIN), "{text:?}");
        assert_eq!(decoded(&encode(text)).as_deref(), Some(text));
    }
}

#[test]
fn white_space_around_a_value_is_not_part_of_it() {
    for value in [" Hello", "Hello ", "\t Hello \t", " =?base64?SGVsbG8=?= "] {
        assert_eq!(decoded(value).as_deref(), Some("Hello"), "{value:?}");
    }
    assert_eq!(decoded(" \t").as_deref(), Some(""));
    assert_eq!(decoded("a \t b").as_deref(), Some("a \t b"));
}

#[test]
fn what_has_not_both_marks_is_literal() {
    for value in [
        "SGVsbG8=",
        "=?base64?SGVsbG8=",
        "SGVsbG8=?=",
        "=?Base64?SGVsbG8=?=",
        "=?base64 SGVsbG8=?=",
        "x=?base64?SGVsbG8=?=",
        "=?base64?SGVsbG8=?=x",
        "=?base64?=",
    ] {
        assert_eq!(decoded(value).as_deref(), Some(value));
    }
}

#[test]
fn base64_is_read_to_the_letter() {
    assert_eq!(decoded("=?base64??=").as_deref(), Some(""));
    assert_eq!(decoded("=?base64?SGVsbG8=?=").as_deref(), Some("Hello"));
    for base64 in [
        "SGVsbG8",      // no padding
        "SGVsbG8==",    // too much
        "SGVsbG8=SGVs", // in between
        "SGVsbG9=",     // bits of no byte
        "SGVs!!!bG8=",  // another alphabet
        "SGVs bG8=",    // white space
        " SGVsbG8=",
        "PT9iYXNlNjQ_", // that of base64url
        "=",
        "====",
        "/w==", // not UTF-8
        "7aCA", // half a surrogate pair
        "?",
    ] {
        assert_eq!(decoded(&format!("=?base64?{base64}?=")), None, "{base64}");
    }
}

#[test]
fn other_characters_are_refused() {
    for value in ["é", "a\u{1}b", "a\nb", "\u{7f}", "=?base64?é?=", "\0", "\u{a0}"] {
        assert_eq!(decoded(value), None, "{value:?}");
    }
    assert_eq!(decode(b"\xff"), None);
}

#[test]
fn a_header_says_what_the_body_says() {
    for (value, json) in [
        ("Hello", r#""Hello""#),
        ("Hello", r#""\u0048ello""#),
        (" Hello ", r#""Hello""#),
        ("=?base64?SGVsbG8=?=", r#""Hello""#),
        ("SGVsbG8=", r#""SGVsbG8=""#),
        ("=?base64?SGVsbG8=", r#""=?base64?SGVsbG8=""#),
        ("=?base64?8J+YgA==?=", r#""\ud83d\ude00""#),
        ("", r#""""#),
        ("42", "42"),
        ("42.0", "42"),
        ("42", "42.0"),
        ("4.2e1", "42"),
        ("-7", "-7"),
        ("0", "-0"),
        ("9007199254740993", "9007199254740993"),
        ("123456789012345678901234567890", "123456789012345678901234567890.0"),
        ("=?base64?NDI=?=", "42"),
        ("true", "true"),
        ("false", "false"),
        ("42", r#""42""#),
    ] {
        assert!(same(value, json), "{value} / {json}");
    }
}

#[test]
fn a_header_that_says_something_else_does_not_match() {
    for (value, json) in [
        ("hello", r#""Hello""#),
        ("\"Hello\"", r#""Hello""#),
        ("Hello", r#"" Hello""#),
        ("SGVsbG8=", r#""Hello""#),
        ("=?base64?SGVsbG8?=", r#""Hello""#),
        ("=?base64?SGVsbG8?=", r#""=?base64?SGVsbG8?=""#),
        ("42.0", r#""42""#),
        ("43", "42"),
        ("042", "42"),
        ("+42", "42"),
        ("42 0", "42"),
        ("4_2", "42"),
        ("0x2a", "42"),
        ("", "0"),
        ("9007199254740992", "9007199254740993"),
        ("-9007199254740993", "9007199254740993"),
        ("1", "true"),
        ("True", "true"),
        ("false", "true"),
        ("true", r#""false""#),
        ("null", "null"),
        ("", "null"),
        ("", ""),
        ("[]", "[]"),
        ("{}", "{}"),
        ("=?base64?77+9?=", r#""\ud800""#),
        ("Hello", "Hello"),
    ] {
        assert!(!same(value, json), "{value} / {json}");
    }
}

/// Texts on both sides of every boundary.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[ -~]{0,20}",
        "[ \\t]{0,2}(=\\?base64\\?)?[A-Za-z0-9+/=? é\\t]{0,10}(\\?=)?[ \\t]{0,2}",
    ]
}

proptest! {
    #[test]
    fn every_text_survives(text in text()) {
        let value = encode(&text);
        prop_assert!(value.bytes().all(is_plain) && value.trim() == value, "{value:?}");
        prop_assert_eq!(decoded(&value), Some(text.clone()));
        let json = serde_json::to_vec(&text).unwrap();
        prop_assert!(matches(value.as_bytes(), &json));
    }

    #[test]
    fn two_texts_never_have_the_same_value(one in text(), other in text()) {
        prop_assert_eq!(encode(&one) == encode(&other), one == other);
        let json = serde_json::to_vec(&other).unwrap();
        prop_assert_eq!(matches(encode(&one).as_bytes(), &json), one == other);
    }

    #[test]
    fn integers_match_if_they_are_equal(one: i128, other: i128) {
        let (value, json) = (one.to_string(), other.to_string());
        prop_assert_eq!(same(&value, &json), one == other);
        prop_assert!(same(&value, &(value.clone() + ".0")));
        prop_assert!(same(&(value.clone() + ".00"), &value));
    }

    #[test]
    fn no_bytes_are_too_strange(value: Vec<u8>, json: Vec<u8>) {
        decode(&value);
        matches(&value, &json);
    }
}
