//! Headers that repeat a value of the body.
//!
//! Owns: how a text is encoded in a field value and decoded from it, and when it equals a JSON
//! value.
//! Never: knows which header repeats which value.
//!
//! | the value | in the header |
//! |---|---|
//! | `"us-west1"` | `us-west1` |
//! | `"Hello, 世界"`, not ASCII | `=?base64?SGVsbG8sIOS4lueVjA==?=` |
//! | `" padded "`, white space around it | `=?base64?IHBhZGRlZCA=?=` |
//! | `"line1\nline2"`, a control character | `=?base64?bGluZTEKbGluZTI=?=` |
//! | `"=?base64?literal?="`, would be decoded | `=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?=` |
//! | `42` | `42`, and also `42.0` or `4.2e1` |
//! | `true` | `true` |
//!
//! Sources: 2026-07-28, basic/transports/streamable-http (Value Encoding, Server Validation); RFC
//! 9110, section 5.5; RFC 4648, section 4 (base64, with padding).

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::json::Number;

/// Decodes a field value. White space around it is ignored.
///
/// Returns `None` if the value has characters other than visible ASCII, space and tab, or if it is
/// marked as base64 but is not valid: wrong alphabet, wrong padding, spare bits in the last
/// character that are not zero, or bytes that are not UTF-8. Any other value is literal, including
/// one with only the opening or only the closing mark.
pub fn decode(value: &[u8]) -> Option<Cow<'_, str>> {
    let value = str::from_utf8(trim(value)).ok()?;
    if !value.bytes().all(|byte| is_plain(byte) || byte == b'\t') {
        return None;
    }
    match encoded(value) {
        Some(base64) => String::from_utf8(STANDARD.decode(base64).ok()?).ok().map(Cow::Owned),
        None => Some(Cow::Borrowed(value)),
    }
}

/// Returns a field value that [`decode`] decodes to this text: the text itself, if possible.
pub fn encode(text: &str) -> Cow<'_, str> {
    let is_padded = text.starts_with(' ') || text.ends_with(' ');
    let looks_encoded = text.starts_with(BEGIN) && text.ends_with(END);
    if text.bytes().all(is_plain) && !is_padded && !looks_encoded {
        return Cow::Borrowed(text);
    }
    Cow::Owned([BEGIN, &STANDARD.encode(text), END].concat())
}

/// Returns whether a field value equals a value of the body, given as JSON text.
///
/// Strings are compared by their characters, numbers by their value at any size; `true` and `false`
/// have only one spelling. No field value equals `null`, an array, an object, or a string with a
/// lone surrogate.
pub fn matches(value: &[u8], json: &[u8]) -> bool {
    let Some(text) = decode(value) else { return false };
    match json.first() {
        // An escape is at most six bytes for one, so a much longer string is not read.
        Some(b'"') if json.len() > 6 * value.len() + 2 => false,
        Some(b'"') => serde_json::from_slice::<String>(json).is_ok_and(|string| string == *text),
        Some(b't' | b'f') => text.as_bytes() == json,
        Some(b'-' | b'0'..=b'9') => {
            let number = Number::of(json);
            number.is_some() && number == Number::of(text.as_bytes())
        }
        _ => false,
    }
}

/// Trims surrounding white space (RFC 9110, section 5.5).
fn trim(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

/// Returns the text between the base64 marks, which do not overlap.
fn encoded(value: &str) -> Option<&str> {
    value.strip_prefix(BEGIN)?.strip_suffix(END)
}

fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~')
}

/// Both marks are case-sensitive.
const BEGIN: &str = "=?base64?";
const END: &str = "?=";

#[cfg(test)]
mod tests;
