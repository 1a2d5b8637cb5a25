//! Exact numbers, as they are written on paper.
//!
//! Owns: [`Number`]: reading its digits, rounding it, writing it.
//! Never: a binary fraction on the way; `0.1` is a tenth.

use std::fmt;

use num_bigint::{BigInt, Sign};
use num_rational::BigRational;
use num_traits::{One, Signed, Zero};
use serde_json::Value;

/// A fraction of two whole numbers, in lowest terms.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Number(BigRational);

/// Why a text is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotANumber {
    /// It is written in another way.
    Malformed,
    /// Written out, it has more than [`Number::DIGITS_MAX`] digits.
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
    /// Digits a number may be read from, those before and after the point together. An exponent
    /// counts as the zeros it stands for, so a few bytes cannot ask for gigabytes.
    pub const DIGITS_MAX: usize = 1000;

    /// Reads a decimal number, as JSON writes it (RFC 8259, section 6); zeros may lead, and either
    /// side of the point may be left out.
    ///
    /// # Errors
    ///
    /// It is no number, or too long a one.
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

    /// The number `digits` × 10^`exponent`; without digits, zero.
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

    /// `numerator` / `denominator`; the latter is not zero.
    pub(super) fn ratio(numerator: impl Into<BigInt>, denominator: impl Into<BigInt>) -> Number {
        Number(BigRational::new(numerator.into(), denominator.into()))
    }

    pub(super) fn of(value: BigRational) -> Number {
        Number(value)
    }

    pub(super) fn as_ratio(&self) -> &BigRational {
        &self.0
    }

    /// How long its numerator and its denominator are together, in decimal digits, roughly.
    pub(super) fn length(&self) -> usize {
        let bits = self.0.numer().bits() + self.0.denom().bits();
        usize::try_from(bits * 301 / 1000).unwrap_or(usize::MAX)
    }

    /// Whether it is 0.
    pub fn is_zero(&self) -> bool {
        self.0.is_zero()
    }

    /// Whether it is less than 0.
    pub fn is_negative(&self) -> bool {
        self.0.is_negative()
    }

    /// Whether nothing comes after the point.
    pub fn is_whole(&self) -> bool {
        self.0.is_integer()
    }

    /// Its value, if it is a whole number that small.
    pub fn to_i64(&self) -> Option<i64> {
        self.is_whole().then(|| i64::try_from(self.0.numer()).ok()).flatten()
    }

    /// Digits after the point it takes to write it exactly; none if no number of them is enough.
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

    /// The nearest number with that many digits after the point. Of two that are equally near it
    /// is the one farther from zero, as it is taught at school: 1.005 becomes 1.01, -2.5 becomes -3.
    pub fn rounded(&self, places: u32) -> Number {
        Number(BigRational::new(self.scaled(places), ten_to(places)))
    }

    /// Its digits when rounded so; zeros at the end of a fraction are left out.
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

    /// All its digits; none if they never end.
    pub fn exact(&self) -> Option<String> {
        let places = u32::try_from(self.places()?).ok()?;
        Some(self.decimal(places))
    }

    /// As JSON, rounded so: a number if it survives `f64`, which is what most readers of JSON keep
    /// numbers in; else its digits, as a string.
    pub fn to_json(&self, places: u32) -> Value {
        let digits = self.decimal(places);
        let Ok(float) = digits.parse::<f64>() else { return digits.into() };
        // `{:e}` writes the shortest digits that stand for this `f64` and for no other.
        let survives =
            Number::parse(&format!("{float:e}")).is_ok_and(|it| it == self.rounded(places));
        match (survives, digits.parse::<i64>()) {
            (false, _) => digits.into(),
            (true, Ok(whole)) => whole.into(),
            (true, Err(_)) => float.into(),
        }
    }

    /// It times 10^`places`, rounded to a whole number.
    fn scaled(&self, places: u32) -> BigInt {
        let (numerator, denominator) = (self.0.numer() * ten_to(places), self.0.denom());
        let (quotient, rest) = (&numerator / denominator, &numerator % denominator);
        match rest.abs() * 2 >= *denominator {
            true => quotient + numerator.signum(),
            false => quotient,
        }
    }
}

/// A whole number; a fraction as `numerator/denominator`.
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

/// An exponent; one beyond `i64` is as good as the greatest.
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
