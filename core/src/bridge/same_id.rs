//! When two spellings name the same request.

use memchr::memchr;
use serde_json::{Number, Value};

use crate::json::ID_BYTES_MAX;

/// Whether two JSON texts are the same id: a peer may spell `1.0` as `1`, or `"\u0061"` as `"a"`.
///
/// A text over [`ID_BYTES_MAX`] is no id. It is not read, because it may be as long as a body, and
/// is compared with every id there is.
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

/// Whether a JSON text is a string that is spelled in the only way without escapes.
fn is_plain_string(text: &[u8]) -> bool {
    text.starts_with(b"\"") && memchr(b'\\', text).is_none()
}

/// The value of a number, unless a double stands for its neighbours too.
fn exact(number: &Number) -> Option<f64> {
    number.as_f64().filter(|value| value.abs() < EXACT_BELOW)
}

/// 2^53: from here on not every whole number is a double.
const EXACT_BELOW: f64 = 9_007_199_254_740_992.0;

#[cfg(test)]
mod tests;
