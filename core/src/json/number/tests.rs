use proptest::prelude::*;

use super::*;

fn of(text: &str) -> Option<Number> {
    Number::of(text.as_bytes())
}

fn written(text: &str) -> String {
    let mut out = Vec::new();
    of(text).unwrap().write(&mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn a_value_has_one_text() {
    let table: &[(&str, &[&str])] = &[
        ("0e0", &["0", "-0", "0.0", "0e99", "-0.000E-5"]),
        ("42e0", &["42", "42.0", "4.2e1", "4.2E+01", "420e-1", "0.42e2", "42.000e000"]),
        ("-15e-1", &["-1.5", "-15e-1", "-0.15e1"]),
        ("1e2", &["100", "1e2", "1e+2", "10.0e1"]),
        ("9007199254740993e0", &["9007199254740993", "9007199254740993.0"]),
        ("1e999999999999999999", &["1e999999999999999999", "1e0999999999999999999"]),
    ];
    for (text, numbers) in table {
        for number in *numbers {
            assert_eq!(written(number), *text, "{number}");
        }
    }
}

#[test]
fn neighbours_beyond_a_double_differ() {
    assert_ne!(of("9007199254740993"), of("9007199254740992"));
    assert_ne!(of("0.1"), of("0.1000000000000000055511151231257827"));
    assert_ne!(of("1e400"), of("1e401"));
    assert_ne!(of("1"), of("-1"));
}

#[test]
fn other_texts_are_no_numbers() {
    let table = [
        "", "-", "+1", "01", "-01", "00", "1.", ".5", "1e", "1e+", "e1", "1 ", " 1", "0x1", "1_0",
        "1,0", "Infinity", "NaN", "1e1e1", "1.2.3", "--1", "\u{661}", "1e1.0",
    ];
    for text in table {
        assert_eq!(of(text), None, "{text:?}");
    }
    assert_eq!(of("1e1000000000000000000"), None, "an exponent beyond reason");
}

proptest! {
    #[test]
    fn integers_are_the_same_if_they_are_equal(one: i64, two: i64) {
        prop_assert_eq!(of(&one.to_string()) == of(&two.to_string()), one == two);
        prop_assert_eq!(of(&one.to_string()), of(&format!("{one}.00e0")));
    }

    /// Exactly the texts that `serde_json` accepts are accepted.
    #[test]
    fn the_grammar_is_that_of_json(text in "[-+0-9.eE]{0,12}") {
        let is_number = serde_json::from_str::<&serde_json::value::RawValue>(&text).is_ok();
        prop_assert_eq!(of(&text).is_some(), is_number);
    }

    #[test]
    fn the_written_number_is_the_same(text in "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,20})?([eE][-+]?[0-9]{1,5})?") {
        prop_assert_eq!(of(&written(&text)), of(&text));
        let (one, two): (f64, f64) = (text.parse().unwrap(), written(&text).parse().unwrap());
        prop_assert_eq!(one, two);
    }
}
