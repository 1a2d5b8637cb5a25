use super::*;
use crate::calculator::number::NotANumber;

fn value(text: &str) -> String {
    match Expression::parse(text).unwrap().value() {
        Ok(value) => written(&value),
        Err(none) => format!("{none:?}"),
    }
}

fn unreadable(text: &str) -> (usize, Why) {
    let Unreadable { at, why } = Expression::parse(text).unwrap_err();
    (at, why)
}

#[test]
fn signs_bind_as_they_are_taught() {
    for (text, result) in [
        ("2+3*4", "14"),
        ("(2+3)*4", "20"),
        ("10-4-3", "3"),
        ("100÷10÷2", "5"),
        ("2^3^2", "512"),
        ("-2^2", "-4"),
        ("(-2)^2", "4"),
        ("2^-2", "0.25"),
        ("-3²", "-9"),
        ("2²^3", "64"),
        ("200 + 10%", "200.1"),
        ("15% of 80", "12"),
        ("1/3*3", "1"),
        ("1/3", "1/3"),
        ("0.1+0.2", "0.3"),
        ("5 − 7 × 2", "-9"),
        ("2--3", "5"),
        ("1/0", "DivisionByZero"),
        ("4^0.5", "FractionalPower"),
        ("9^999", "TooLarge"),
    ] {
        assert_eq!(value(text), result, "{text}");
    }
}

#[test]
fn people_may_write_as_they_speak() {
    for text in [
        "What is 6 times 7?",
        "calculate 6 x 7 =",
        "6 multiplied by 7",
        "84 divided by 2",
        "40 PLUS 2",
        "84 over 2",
        "44 minus 2",
        "6 to the power of 2 + 6",
        "42%*100",
    ] {
        assert_eq!(value(text), "42", "{text}");
    }
}

#[test]
fn what_is_no_expression_says_where() {
    for (text, at, why) in [
        ("", 0, Why::Empty),
        ("  = ?", 0, Why::Empty),
        ("1 +", 3, Why::ExpectedNumber),
        ("* 2", 0, Why::ExpectedNumber),
        ("1 2", 2, Why::ExpectedOperator),
        ("2(3)", 1, Why::ExpectedOperator),
        ("1 + (2 * 3", 4, Why::Unclosed),
        ("1)", 1, Why::ExpectedOperator),
        ("()", 1, Why::ExpectedNumber),
        ("3 apples", 2, Why::Unknown('a')),
        ("3 xylophones", 2, Why::Unknown('x')),
        ("1,000", 1, Why::Unknown(',')),
        ("é + 1", 0, Why::Unknown('é')),
        (".", 0, Why::Number(NotANumber::Malformed)),
        ("1 + 1e301", 4, Why::Number(NotANumber::TooLong)),
        ("1 + 1e999999", 4, Why::Number(NotANumber::TooLong)),
    ] {
        assert_eq!(unreadable(text), (at, why), "{text}");
    }
}

#[test]
fn everything_about_an_expression_has_a_limit() {
    assert_eq!(unreadable(&" ".repeat(501)).1, Why::Long);
    assert_eq!(value(&format!("{}1", " ".repeat(499))), "1");
    let nested = |depth| format!("{}1{}", "(".repeat(depth), ")".repeat(depth));
    assert_eq!(value(&nested(32)), "1");
    assert_eq!(unreadable(&nested(33)).1, Why::Deep);
    assert_eq!(unreadable(&format!("{}1", "-".repeat(33))).1, Why::Deep);
    assert_eq!(unreadable(&format!("{}1", "1^".repeat(33))).1, Why::Deep);
    let sum = |operations| format!("1{}", "+1".repeat(operations));
    assert_eq!(value(&sum(64)), "65");
    assert_eq!(unreadable(&sum(65)).1, Why::Operations);
    assert_eq!(unreadable(&format!("1{}", "%".repeat(65))).1, Why::Operations);
}

#[test]
fn steps_are_done_in_order_and_leave_the_rest() {
    let mut expression = Expression::parse("1 + 2 × (3 - 5) ^ 2 ÷ 50%").unwrap();
    let mut said = Vec::new();
    while let Some(step) = expression.step() {
        said.push(format!("{} | {expression}", step.unwrap()));
    }
    assert_eq!(
        said,
        [
            "3 - 5 = -2 | 1 + 2 × (-2) ^ 2 ÷ 50%",
            "50% = 50 ÷ 100 = 0.5 | 1 + 2 × (-2) ^ 2 ÷ 0.5",
            "(-2) ^ 2 = 4 | 1 + 2 × 4 ÷ 0.5",
            "2 × 4 = 8 | 1 + 8 ÷ 0.5",
            "8 ÷ 0.5 = 16 | 1 + 16",
            "1 + 16 = 17 | 17",
        ]
    );
}

#[test]
fn a_step_without_a_result_leaves_everything_as_it_is() {
    let mut expression = Expression::parse("1 ÷ 0 + 2").unwrap();
    assert_eq!(expression.step(), Some(Err(NoResult::DivisionByZero)));
    assert_eq!(expression.to_string(), "1 ÷ 0 + 2");
}
