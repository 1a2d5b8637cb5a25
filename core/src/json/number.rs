//! A JSON number, compared by its value.
//!
//! Owns: whether two numbers are equal, in any notation and of any size. Never: rounds, or computes
//! anything larger than the text.
//!
//! Source: RFC 8259, section 6.

use std::io::Write;

use smallvec::SmallVec;

/// The value of a JSON number: its significant digits, and the power of ten to multiply them by.
/// `42`, `42.0` and `4.2e1` have the same value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Number {
    is_negative: bool,
    /// From the first digit that is not zero to the last that is not; empty for zero.
    digits: SmallVec<[u8; 24]>,
    exponent: i64,
}

impl Number {
    /// Returns the value of a text, or `None` if it is not a JSON number or its exponent has more
    /// than [`EXPONENT_DIGITS_MAX`] digits.
    pub(crate) fn of(text: &[u8]) -> Option<Number> {
        let (is_negative, rest) = match text.strip_prefix(b"-") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, rest) = digits(rest);
        if whole.is_empty() || (whole.len() > 1 && whole[0] == b'0') {
            return None;
        }
        let (fraction, rest) = match rest.strip_prefix(b".") {
            Some(rest) => Some(digits(rest)).filter(|(fraction, _)| !fraction.is_empty())?,
            None => (&b""[..], rest),
        };
        let exponent = exponent(rest)? - i64::try_from(fraction.len()).ok()?;
        let mut digits = SmallVec::from_slice(whole);
        digits.extend_from_slice(fraction);
        Some(Number::scaled(is_negative, digits, exponent))
    }

    /// Returns the value if it is an integer that fits.
    pub(crate) fn to_u64(&self) -> Option<u64> {
        let zeros = usize::try_from(self.exponent).ok().filter(|zeros| *zeros < 20)?;
        let digits = self.digits.iter().copied().chain(std::iter::repeat_n(b'0', zeros));
        let value = digits
            .map(|digit| u64::from(digit - b'0'))
            .try_fold(0_u64, |value, digit| value.checked_mul(10)?.checked_add(digit))?;
        (!self.is_negative).then_some(value)
    }

    fn scaled(is_negative: bool, mut digits: SmallVec<[u8; 24]>, mut exponent: i64) -> Number {
        while digits.last() == Some(&b'0') {
            digits.pop();
            exponent += 1;
        }
        let zeros = digits.iter().take_while(|&&digit| digit == b'0').count();
        drop(digits.drain(..zeros));
        match digits.is_empty() {
            true => Number { is_negative: false, digits, exponent: 0 },
            false => Number { is_negative, digits, exponent },
        }
    }

    /// Writes the canonical text of this value: `42e0`, `-15e-1`.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        if self.is_negative {
            out.push(b'-');
        }
        out.extend_from_slice(if self.digits.is_empty() { b"0" } else { &self.digits });
        write!(out, "e{}", self.exponent).expect("a vector takes all that is written");
    }
}

/// Splits off the leading digits.
fn digits(text: &[u8]) -> (&[u8], &[u8]) {
    text.split_at(text.iter().take_while(|byte| byte.is_ascii_digit()).count())
}

/// Parses the rest of a number: its exponent, or nothing.
fn exponent(text: &[u8]) -> Option<i64> {
    let Some(text) = text.strip_prefix(b"e").or_else(|| text.strip_prefix(b"E")) else {
        return text.is_empty().then_some(0);
    };
    let (sign, text) = match text.first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (1, text),
    };
    let (digits, rest) = digits(text);
    if digits.is_empty() || !rest.is_empty() {
        return None;
    }
    let zeros = digits.iter().take_while(|&&digit| digit == b'0').count();
    let significant = &digits[zeros..];
    (significant.len() <= EXPONENT_DIGITS_MAX).then_some(())?;
    Some(sign * significant.iter().fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0')))
}

/// The maximum number of digits in an exponent. The scale then fits 64 bits for a number of any
/// length.
const EXPONENT_DIGITS_MAX: usize = 18;

/// Parses the number of a request from the JSON text of a child: `7`, `7.0` and `"7"` are 7. No
/// other number or string of a child can mean it.
pub(crate) fn parse_number(text: &[u8]) -> Option<u64> {
    let text = text.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\"")).unwrap_or(text);
    let is_plain = !text.is_empty() && text[0] != b'0' && text.iter().all(u8::is_ascii_digit);
    match is_plain {
        true => std::str::from_utf8(text).ok()?.parse().ok(),
        false if text.len() > NUMBER_BYTES_MAX => None,
        false => Number::of(text)?.to_u64().filter(|number| *number > 0),
    }
}

/// The maximum length of a number in any notation, in bytes.
const NUMBER_BYTES_MAX: usize = 64;

#[cfg(test)]
mod tests;
