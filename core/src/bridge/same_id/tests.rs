use super::*;

#[test]
fn an_id_may_be_spelled_in_several_ways() {
    for (one, other) in [
        ("1", "1.0"),
        ("100", "1e2"),
        ("-0", "0"),
        (r#""a""#, r#""\u0061""#),
        (r#""/""#, r#""\/""#),
        ("9007199254740993", "9007199254740993"),
        ("18446744073709551615", "18446744073709551615"),
    ] {
        assert!(same_id(one.as_bytes(), other.as_bytes()), "{one} and {other}");
        assert!(same_id(other.as_bytes(), one.as_bytes()), "{other} and {one}");
    }
}

#[test]
fn what_is_not_surely_the_same_is_another_id() {
    for (one, other) in [
        ("1", r#""1""#),
        ("1", "2"),
        ("1", "1.5"),
        ("1", "-1"),
        (r#""a""#, r#""A""#),
        ("9007199254740992", "9007199254740993"),
        ("9007199254740993", "9007199254740992.0"),
        ("18446744073709551616", "18446744073709551617"),
        ("null", "null"),
        ("", ""),
        ("x", "x"),
    ] {
        assert!(!same_id(one.as_bytes(), other.as_bytes()), "{one} and {other}");
        assert!(!same_id(other.as_bytes(), one.as_bytes()), "{other} and {one}");
    }
}
