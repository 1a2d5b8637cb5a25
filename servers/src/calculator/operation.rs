//! The operations on two numbers.

use std::fmt;

use num_rational::BigRational;
use num_traits::Signed;

use super::Number;

/// An arithmetic operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `+`
    Add,
    /// `÷`
    Divide,
    /// `×`
    Multiply,
    /// `^`; the exponent has to be an integer.
    Power,
    /// `-`
    Subtract,
}

/// The reason why an operation has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoResult {
    /// Division by zero.
    DivisionByZero,
    /// The exponent is not an integer, so the result need not be a fraction.
    FractionalPower,
    /// The result is too long to be written out.
    TooLarge,
}

impl fmt::Display for NoResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NoResult::DivisionByZero => "Division by zero is not allowed.",
            NoResult::FractionalPower => "An exponent has to be a whole number.",
            NoResult::TooLarge => "The result has too many digits to be written out.",
        })
    }
}

impl Operation {
    /// Returns the operation of that name, one of `add`, `subtract`, `multiply` and `divide`.
    pub fn parse(name: &str) -> Option<Operation> {
        Some(match name {
            "add" => Operation::Add,
            "divide" => Operation::Divide,
            "multiply" => Operation::Multiply,
            "subtract" => Operation::Subtract,
            _ => return None,
        })
    }

    /// Returns its name as a verb.
    pub const fn verb(self) -> &'static str {
        match self {
            Operation::Add => "add",
            Operation::Divide => "divide",
            Operation::Multiply => "multiply",
            Operation::Power => "raise",
            Operation::Subtract => "subtract",
        }
    }

    /// Returns its name as a noun.
    pub const fn noun(self) -> &'static str {
        match self {
            Operation::Add => "Addition",
            Operation::Divide => "Division",
            Operation::Multiply => "Multiplication",
            Operation::Power => "Power",
            Operation::Subtract => "Subtraction",
        }
    }

    /// Returns its sign.
    pub const fn sign(self) -> char {
        match self {
            Operation::Add => '+',
            Operation::Divide => '÷',
            Operation::Multiply => '×',
            Operation::Power => '^',
            Operation::Subtract => '-',
        }
    }

    /// Returns the exact result.
    ///
    /// # Errors
    ///
    /// There is none.
    pub fn apply(self, a: &Number, b: &Number) -> Result<Number, NoResult> {
        let (left, right) = (a.as_ratio(), b.as_ratio());
        let result = match self {
            Operation::Add => left + right,
            Operation::Divide if b.is_zero() => return Err(NoResult::DivisionByZero),
            Operation::Divide => left / right,
            Operation::Multiply => left * right,
            Operation::Power => return power(a, b),
            Operation::Subtract => left - right,
        };
        bounded(Number::of(result))
    }
}

fn power(base: &Number, exponent: &Number) -> Result<Number, NoResult> {
    if !exponent.is_whole() {
        return Err(NoResult::FractionalPower);
    }
    if base.is_zero() && exponent.is_negative() {
        return Err(NoResult::DivisionByZero);
    }
    if base.is_zero() || base.as_ratio().abs() == BigRational::from_integer(1.into()) {
        return Ok(unit_power(base, exponent));
    }
    // Every further factor adds at least a bit, so a greater exponent has no result that fits.
    let times =
        exponent.to_i64().and_then(|it| i32::try_from(it).ok()).ok_or(NoResult::TooLarge)?;
    let length = base.length().max(1).saturating_mul(times.unsigned_abs() as usize);
    if length > LENGTH_MAX * 4 {
        return Err(NoResult::TooLarge);
    }
    bounded(Number::of(base.as_ratio().pow(times)))
}

/// Returns a power of 0, 1 or -1, whose exponent may be of any size.
fn unit_power(base: &Number, exponent: &Number) -> Number {
    let is_even = (exponent.as_ratio().numer() % 2) == 0.into();
    match (exponent.is_zero(), base.is_negative() && is_even) {
        (true, _) | (_, true) => Number::from(1),
        _ => base.clone(),
    }
}

fn bounded(result: Number) -> Result<Number, NoResult> {
    if result.length() > LENGTH_MAX { Err(NoResult::TooLarge) } else { Ok(result) }
}

/// The maximum number of digits of a result, numerator and denominator together: enough for the
/// results of two numbers of [`Number::DIGITS_MAX`] digits.
const LENGTH_MAX: usize = 4 * Number::DIGITS_MAX + 10;

#[cfg(test)]
mod tests;
