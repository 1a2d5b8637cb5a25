//! Comparison of request ids in different notations.

use memchr::memchr;
use serde_json::{Number, Value};

use crate::json::ID_BYTES_MAX;

/// Returns whether two JSON texts are the same id: a peer may write `1.0` as `1`, or `"\u0061"` as
/// `"a"`.
///
/// A text over [`ID_BYTES_MAX`] is not an id. It is not parsed, because it may be as long as a
/// body, and it is compared with every id.
pub(crate) fn same_id(one: &[u8], other: &[u8]) -> bool {
    if one.len().max(other.len()) > ID_BYTES_MAX {
        return false;
    }
    if is_plain_string(one) && is_plain_string(other) {
        return one == other;
    }
    match (serde_json::from_slice(one), serde_json::from_slice(other)) {
        (Ok(Value::String(one)), Ok(Value::String(other))) => one == other,
        (Ok(Value::Number(one)), Ok(Value::Number(other))) => {
            match one.is_f64() || other.is_f64() {
                true => exact(&one).is_some_and(|value| exact(&other) == Some(value)),
                false => one == other,
            }
        }
        _ => false,
    }
}

/// Returns whether a JSON text is a string in its only notation without escapes.
fn is_plain_string(text: &[u8]) -> bool {
    text.starts_with(b"\"") && memchr(b'\\', text).is_none()
}

/// Returns the value of a number, unless a double stands for its neighbours too.
fn exact(number: &Number) -> Option<f64> {
    number.as_f64().filter(|value| value.abs() < EXACT_BELOW)
}

/// 2^53: from here on not every integer is a double.
const EXACT_BELOW: f64 = 9_007_199_254_740_992.0;

#[cfg(test)]
mod tests;
