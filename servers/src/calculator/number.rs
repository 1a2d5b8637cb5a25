//! Exact numbers, in decimal notation.
//!
//! Owns: [`Number`]: parsing, rounding and formatting. Never: a binary fraction in between; `0.1`
//! is a tenth.

use std::fmt;

use num_bigint::{BigInt, Sign};
use num_rational::BigRational;
use num_traits::{One, Signed, Zero};
use serde_json::Value;

/// A fraction of two integers, in lowest terms.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Number(BigRational);

/// The reason why a text is not a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotANumber {
    /// It has another format.
    Malformed,
    /// It has more than [`Number::DIGITS_MAX`] digits when written out.
    TooLong,
}

impl fmt::Display for NotANumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotANumber::Malformed => f.write_str("is not a number"),
            NotANumber::TooLong => {
                write!(f, "has more than {} digits when written out", Number::DIGITS_MAX)
            }
        }
    }
}

impl Number {
    /// The maximum number of digits of a number, those before and after the point together. An
    /// exponent counts as the zeros it stands for, so that a few bytes cannot request gigabytes.
    pub const DIGITS_MAX: usize = 1000;

    /// Parses a decimal number in JSON notation (RFC 8259, section 6); leading zeros are allowed,
    /// and either side of the point may be left out.
    ///
    /// # Errors
    ///
    /// It is not a number, or it is too long.
    pub fn parse(text: &str) -> Result<Number, NotANumber> {
        let (is_negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = [whole, fraction].concat();
        if digits.is_empty() || !is_digits(&digits) {
            return Err(NotANumber::Malformed);
        }
        let exponent = parse_exponent(exponent)?;
        let point = exponent.saturating_sub(fraction.len() as i64);
        let magnitude = Number::of_digits(digits.trim_start_matches('0'), point)?;
        Ok(if is_negative { Number(-magnitude.0) } else { magnitude })
    }

    /// Returns the number `digits` × 10^`exponent`; without digits, zero.
    fn of_digits(digits: &str, exponent: i64) -> Result<Number, NotANumber> {
        let significant = digits.trim_end_matches('0');
        if significant.is_empty() {
            return Ok(Number(BigRational::zero()));
        }
        let exponent = exponent.saturating_add((digits.len() - significant.len()) as i64);
        let before = exponent.saturating_add(significant.len() as i64).max(0).unsigned_abs();
        let after = exponent.min(0).unsigned_abs();
        if before.saturating_add(after) > Number::DIGITS_MAX as u64 {
            return Err(NotANumber::TooLong);
        }
        let digits = significant.parse::<BigInt>().map_err(|_| NotANumber::Malformed)?;
        let power = ten_to(exponent.unsigned_abs() as u32);
        Ok(Number(match exponent >= 0 {
            true => BigRational::from(digits * power),
            false => BigRational::new(digits, power),
        }))
    }

    /// Returns `numerator` / `denominator`; the latter must not be zero.
    pub(super) fn ratio(numerator: impl Into<BigInt>, denominator: impl Into<BigInt>) -> Number {
        Number(BigRational::new(numerator.into(), denominator.into()))
    }

    pub(super) fn of(value: BigRational) -> Number {
        Number(value)
    }

    pub(super) fn as_ratio(&self) -> &BigRational {
        &self.0
    }

    /// Returns the approximate number of decimal digits of its numerator and its denominator
    /// together.
    pub(super) fn length(&self) -> usize {
        let bits = self.0.numer().bits() + self.0.denom().bits();
        usize::try_from(bits * 301 / 1000).unwrap_or(usize::MAX)
    }

    /// Returns whether it is 0.
    pub fn is_zero(&self) -> bool {
        self.0.is_zero()
    }

    /// Returns whether it is less than 0.
    pub fn is_negative(&self) -> bool {
        self.0.is_negative()
    }

    /// Returns whether it is an integer.
    pub fn is_whole(&self) -> bool {
        self.0.is_integer()
    }

    /// Returns its value, if it is an integer that fits.
    pub fn to_i64(&self) -> Option<i64> {
        self.is_whole().then(|| i64::try_from(self.0.numer()).ok()).flatten()
    }

    /// Returns the number of digits after the point of its exact form, or `None` if they never end.
    pub fn places(&self) -> Option<usize> {
        let mut rest = self.0.denom().clone();
        let twos = rest.trailing_zeros().unwrap_or(0);
        rest >>= twos;
        let five = BigInt::from(5);
        let mut fives = 0;
        while (&rest % &five).is_zero() {
            rest /= &five;
            fives += 1;
        }
        rest.is_one().then(|| fives.max(usize::try_from(twos).unwrap_or(usize::MAX)))
    }

    /// Returns the nearest number with this many digits after the point. Halves round away from
    /// zero, as taught at school: 1.005 becomes 1.01, -2.5 becomes -3.
    pub fn rounded(&self, places: u32) -> Number {
        Number(BigRational::new(self.scaled(places), ten_to(places)))
    }

    /// Formats it rounded to this many digits, without zeros at the end of a fraction.
    pub fn decimal(&self, places: u32) -> String {
        let scaled = self.scaled(places);
        let places = places as usize;
        let digits = format!("{:0>width$}", scaled.magnitude().to_string(), width = places + 1);
        let (whole, fraction) = digits.split_at(digits.len() - places);
        let sign = if scaled.sign() == Sign::Minus { "-" } else { "" };
        match fraction.trim_end_matches('0') {
            "" => format!("{sign}{whole}"),
            fraction => format!("{sign}{whole}.{fraction}"),
        }
    }

    /// Returns all its digits, or `None` if they never end.
    pub fn exact(&self) -> Option<String> {
        let places = u32::try_from(self.places()?).ok()?;
        Some(self.decimal(places))
    }

    /// Returns it rounded, as JSON: a number if it fits an `f64`, which most parsers of JSON use;
    /// otherwise its digits as a string.
    pub fn to_json(&self, places: u32) -> Value {
        let digits = self.decimal(places);
        let Ok(float) = digits.parse::<f64>() else { return digits.into() };
        // `{:e}` writes the shortest digits that identify this `f64`.
        let survives =
            Number::parse(&format!("{float:e}")).is_ok_and(|it| it == self.rounded(places));
        match (survives, digits.parse::<i64>()) {
            (false, _) => digits.into(),
            (true, Ok(whole)) => whole.into(),
            (true, Err(_)) => float.into(),
        }
    }

    /// Returns it times 10^`places`, rounded to an integer.
    fn scaled(&self, places: u32) -> BigInt {
        let (numerator, denominator) = (self.0.numer() * ten_to(places), self.0.denom());
        let (quotient, rest) = (&numerator / denominator, &numerator % denominator);
        match rest.abs() * 2 >= *denominator {
            true => quotient + numerator.signum(),
            false => quotient,
        }
    }
}

/// Formats an integer, or a fraction as `numerator/denominator`.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Number(BigRational::from(BigInt::from(value)))
    }
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Parses an exponent; one beyond `i64` saturates.
fn parse_exponent(text: &str) -> Result<i64, NotANumber> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !is_digits(digits) {
        return Err(NotANumber::Malformed);
    }
    let beyond = if text.starts_with('-') { i64::MIN + 1 } else { i64::MAX };
    Ok(text.parse().unwrap_or(beyond))
}

fn ten_to(exponent: u32) -> BigInt {
    BigInt::from(10).pow(exponent)
}

#[cfg(test)]
mod tests;
