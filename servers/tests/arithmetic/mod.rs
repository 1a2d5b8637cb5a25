//! Checks of the calculator's arithmetic with another library and another parser.
//!
//! The calculator parses expressions by recursive descent and computes with `num-rational`; here
//! they are parsed with two stacks, and computed with `dashu-ratio`, which shares no code with it.
//!
//! Shared by path between the tests of this crate and the fuzz target `expression`.

use dashu_base::BitTest;
use dashu_ratio::RBig;
use pontoon_servers::calculator::{Expression, NoResult, Number, Operation, Step};

/// Panics if the calculator handles the expression in these bytes, or the error in them, wrongly.
pub(crate) fn expression(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let expression = match Expression::parse(&text) {
        Ok(expression) => expression,
        Err(unreadable) => {
            assert!(unreadable.at <= text.chars().count(), "points into the text");
            assert!(!unreadable.why.to_string().is_empty());
            return;
        }
    };
    let written = expression.to_string();
    let value = expression.value();
    match &value {
        Ok(value) => assert_eq!(evaluate(&written), Ok(exactly(value)), "{written}"),
        Err(NoResult::TooLarge) => {}
        Err(_) => assert!(evaluate(&written).is_err(), "{written} has a result"),
    }
    check_steps(expression, &value);
}

/// Checks that each step is right, and that it does not change the value.
fn check_steps(mut expression: Expression, value: &Result<Number, NoResult>) {
    let mut steps = 0;
    while let Some(step) = expression.step() {
        let Ok(step) = step else {
            assert!(value.is_err());
            return;
        };
        steps += 1;
        assert_eq!(apply(&step), Ok(exactly(&step.result)), "{step}");
        let read_again = Expression::parse(&expression.to_string());
        if let Ok(rest) = read_again {
            assert_eq!(&rest.value(), value, "after {step}");
        }
    }
    assert!(steps <= Expression::OPERATIONS_MAX);
    assert_eq!(expression.as_number(), value.as_ref().ok());
}

/// Converts a number of the calculator, by its text.
pub(crate) fn exactly(number: &Number) -> RBig {
    let text = number.to_string();
    let (numerator, denominator) = text.split_once('/').unwrap_or((&text, "1"));
    decimal(numerator) / decimal(denominator)
}

/// Parses a decimal number, digit by digit.
pub(crate) fn decimal(text: &str) -> RBig {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let mut value = RBig::ZERO;
    let mut scale = exponent.parse::<isize>().unwrap();
    let mut is_fraction = false;
    for digit in mantissa.trim_start_matches('-').chars() {
        match digit.to_digit(10) {
            None => is_fraction = true,
            Some(digit) => {
                value = value * RBig::from(10) + RBig::from(digit);
                scale -= isize::from(is_fraction);
            }
        }
    }
    let value = value * RBig::from(10).pow(scale);
    if text.starts_with('-') { -value } else { value }
}

/// An expression without a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Impossible;

fn apply(step: &Step) -> Result<RBig, Impossible> {
    let sign = match step.operation {
        Operation::Add => '+',
        Operation::Divide => '÷',
        Operation::Multiply => '×',
        Operation::Power => '^',
        Operation::Subtract => '-',
    };
    operate(sign, exactly(&step.a), exactly(&step.b))
}

/// Returns the result of an operation.
pub(crate) fn operate(sign: char, a: RBig, b: RBig) -> Result<RBig, Impossible> {
    fitting(match sign {
        '+' => a + b,
        '-' => a - b,
        '×' => a * b,
        '÷' if b.is_zero() => return Err(Impossible),
        '÷' => a / b,
        '^' => return power(&a, &b),
        _ => unreachable!("{sign} is no operation"),
    })
}

/// No result that is shown is nearly as long; only intermediate values of an impossible one may be.
fn fitting(value: RBig) -> Result<RBig, Impossible> {
    let bits = value.numerator().bit_len().max(value.denominator().bit_len());
    if bits < 20_000 { Ok(value) } else { Err(Impossible) }
}

/// Computes a power by repeated multiplication.
fn power(base: &RBig, exponent: &RBig) -> Result<RBig, Impossible> {
    if !exponent.is_int() || (base.is_zero() && *exponent < RBig::ZERO) {
        return Err(Impossible);
    }
    let is_odd = !(exponent.clone() / RBig::from(2)).is_int();
    if base.is_zero() || base.is_one() || *base == -RBig::ONE {
        let is_one = exponent.is_zero() || (!base.is_zero() && !is_odd);
        return Ok(if is_one { RBig::ONE } else { base.clone() });
    }
    let times = i64::try_from(exponent.numerator()).map_err(|_| Impossible)?;
    let factor = if times < 0 { RBig::ONE / base.clone() } else { base.clone() };
    (0..times.unsigned_abs()).try_fold(RBig::ONE, |product, _| fitting(product * factor.clone()))
}

/// Returns the value of an expression in the calculator's notation: with single signs, spaces
/// around binary operators, and none after unary ones.
pub(crate) fn evaluate(text: &str) -> Result<RBig, Impossible> {
    let mut stacks = Stacks { values: Vec::new(), signs: Vec::new() };
    let text: Vec<char> = text.chars().collect();
    let mut at = 0;
    let mut is_operand = true;
    while at < text.len() {
        let sign = text[at];
        at += 1;
        match sign {
            ' ' => {}
            '0'..='9' => {
                let rest = text[at..].iter().take_while(|it| it.is_ascii_digit() || **it == '.');
                let len = rest.count();
                stacks.values.push(decimal(&text[at - 1..at + len].iter().collect::<String>()));
                at += len;
                is_operand = false;
            }
            '(' => stacks.signs.push('('),
            ')' => {
                stacks.reduce_while(|before| before != '(')?;
                stacks.signs.pop();
            }
            '%' => {
                let value = stacks.values.pop().unwrap();
                stacks.values.push(value / RBig::from(100));
            }
            '-' if is_operand => stacks.signs.push('~'),
            sign => {
                // A fraction is written with a slash of its own.
                let sign = if sign == '/' { '÷' } else { sign };
                // Powers are right-associative, all others left-associative.
                let goes_first = |before| match sign {
                    '^' => binding(before) > binding(sign),
                    _ => binding(before) >= binding(sign),
                };
                stacks.reduce_while(goes_first)?;
                stacks.signs.push(sign);
                is_operand = true;
            }
        }
    }
    stacks.reduce_while(|_| true)?;
    assert_eq!((stacks.values.len(), stacks.signs.len()), (1, 0), "{text:?}");
    Ok(stacks.values.remove(0))
}

/// Returns the precedence of a sign; `~` stands for a unary minus.
fn binding(sign: char) -> u8 {
    match sign {
        '(' => 0,
        '+' | '-' => 1,
        '×' | '÷' => 2,
        '~' => 3,
        '^' => 4,
        _ => unreachable!("{sign} is no sign"),
    }
}

struct Stacks {
    values: Vec<RBig>,
    signs: Vec<char>,
}

impl Stacks {
    fn reduce_while(&mut self, goes_on: impl Fn(char) -> bool) -> Result<(), Impossible> {
        while let Some(sign) = self.signs.pop_if(|sign| goes_on(*sign)) {
            let value = self.values.pop().unwrap();
            let result = match sign {
                '~' => -value,
                sign => operate(sign, self.values.pop().unwrap(), value)?,
            };
            self.values.push(result);
        }
        Ok(())
    }
}
