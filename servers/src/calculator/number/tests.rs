use serde_json::json;

use super::*;

fn number(text: &str) -> Number {
    Number::parse(text).unwrap()
}

#[test]
fn numbers_are_read_as_they_are_written() {
    for (text, exact) in [
        ("0", "0"),
        ("-0", "0"),
        ("0.10", "0.1"),
        ("007", "7"),
        (".5", "0.5"),
        ("5.", "5"),
        ("-12.5e-3", "-0.0125"),
        ("12.5E+3", "12500"),
        ("0e99999999999999999999", "0"),
    ] {
        assert_eq!(number(text).exact().unwrap(), exact, "{text}");
    }
}

#[test]
fn other_texts_are_no_numbers() {
    for text in [
        "", "-", ".", "e5", "1e", "1e+", "1e1.5", "1.2.3", "--1", "+1", "1 ", "0x1", "١", "NaN",
        "null",
    ] {
        assert_eq!(Number::parse(text), Err(NotANumber::Malformed), "{text:?}");
    }
}

#[test]
fn the_longest_number_has_a_thousand_digits() {
    for text in
        ["1e999", "1e-1000", "0.1e-999", &"9".repeat(1000), &format!("{}e500", "9".repeat(500))]
    {
        assert!(Number::parse(text).is_ok(), "{text}");
    }
    for text in [
        "1e1000",
        "1e-1001",
        "1e9223372036854775807",
        "0.5e-9223372036854775808",
        &"9".repeat(1001),
    ] {
        assert_eq!(Number::parse(text), Err(NotANumber::TooLong), "{text}");
    }
    let zeros = format!("{}1{}", "0".repeat(5000), "0".repeat(999));
    assert_eq!(number(&zeros), number("1e999"));
}

#[test]
fn halves_are_rounded_away_from_zero() {
    for (text, places, rounded) in [
        ("0.5", 0, "1"),
        ("-0.5", 0, "-1"),
        ("2.5", 0, "3"),
        ("0.49999999999999999999", 0, "0"),
        ("1.005", 2, "1.01"),
        ("-1.0049", 2, "-1"),
        ("999.995", 2, "1000"),
    ] {
        assert_eq!(number(text).decimal(places), rounded);
        assert_eq!(number(text).rounded(places), number(rounded));
    }
}

#[test]
fn digits_end_or_they_do_not() {
    assert_eq!(number("0.0125").places(), Some(4));
    assert_eq!(number("12500").places(), Some(0));
    assert_eq!(Number::ratio(1, 3).places(), None);
    assert_eq!(Number::ratio(1, 3).exact(), None);
    assert_eq!(Number::ratio(1, 1024).exact().unwrap(), "0.0009765625");
}

#[test]
fn json_numbers_are_those_that_readers_keep() {
    assert_eq!(number("20.00").to_json(2), json!(20));
    assert_eq!(number("0.3").to_json(20), json!(0.3));
    assert_eq!(number("0.30000000000000001").to_json(20), json!("0.30000000000000001"));
    assert_eq!(number("-9007199254740993").to_json(0), json!("-9007199254740993"));
    assert_eq!(number("1e22").to_json(0), json!(1e22));
    assert_eq!(number("1e999").to_json(0), json!(format!("1{}", "0".repeat(999))));
}
