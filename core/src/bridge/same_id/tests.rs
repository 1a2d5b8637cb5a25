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
        (r#""a""#, r#""\u0062""#),
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

#[test]
fn a_text_too_long_for_an_id_is_none() {
    let id_of = |len: usize| format!(r#""\u0061{}""#, "a".repeat(len - 8));
    let fits = id_of(ID_BYTES_MAX);
    assert!(same_id(fits.as_bytes(), fits.replace("\\u0061", "a").as_bytes()));
    let long = id_of(ID_BYTES_MAX + 1);
    assert!(!same_id(long.as_bytes(), long.replace("\\u0061", "a").as_bytes()));
}
