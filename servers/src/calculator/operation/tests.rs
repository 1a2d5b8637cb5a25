use super::*;

fn number(text: &str) -> Number {
    Number::parse(text).unwrap()
}

fn power(base: &str, exponent: &str) -> Result<String, NoResult> {
    Operation::Power.apply(&number(base), &number(exponent)).map(|result| result.to_string())
}

#[test]
fn powers_count_factors() {
    assert_eq!(power("2", "10").unwrap(), "1024");
    assert_eq!(power("-2", "3").unwrap(), "-8");
    assert_eq!(power("2", "-2").unwrap(), "1/4");
    assert_eq!(power("1.5", "2").unwrap(), "9/4");
    assert_eq!(power("0", "0").unwrap(), "1");
    assert_eq!(power("7", "0").unwrap(), "1");
    assert_eq!(power("0", "5").unwrap(), "0");
    assert_eq!(power("1", "1e900").unwrap(), "1");
    assert_eq!(power("-1", "1e900").unwrap(), "1");
    assert_eq!(power("-1", "-99999999999999999999").unwrap(), "-1");
}

#[test]
fn powers_without_a_result_say_why() {
    assert_eq!(power("2", "0.5"), Err(NoResult::FractionalPower));
    assert_eq!(power("0", "-1"), Err(NoResult::DivisionByZero));
    for (base, exponent) in
        [("2", "1e900"), ("2", "99999"), ("1e999", "1e9"), ("9", "-100000"), ("0.5", "2147483648")]
    {
        assert_eq!(power(base, exponent), Err(NoResult::TooLarge), "{base}^{exponent}");
    }
}

#[test]
fn the_longest_operands_have_results() {
    let long = [
        number("1e999"),
        number("1e-1000"),
        number(&"9".repeat(1000)),
        number(&format!(".{}", "9".repeat(1000))),
    ];
    for a in &long {
        for b in &long {
            for operation in
                [Operation::Add, Operation::Divide, Operation::Multiply, Operation::Subtract]
            {
                assert!(operation.apply(a, b).is_ok(), "{operation:?}");
            }
        }
    }
}
