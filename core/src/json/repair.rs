//! Repairs texts that are almost JSON.
//!
//! Owns: the common mistakes of JSON writers that can be read in only one way.

use crate::json::Answer;
use crate::json::envelope::{is_id, is_number, is_string};
use crate::json::object::{Object, quoted, text};
use crate::reject::INTERNAL_ERROR;

/// Returns a text with U+FFFD in place of invalid UTF-8, escapes in place of raw control characters
/// in strings, and null in place of numbers that JSON does not have. `JSON.stringify` and Pydantic
/// write null for those too.
pub(super) fn repaired(text: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(text);
    let mut rest = text.as_bytes();
    let mut out = Vec::with_capacity(rest.len());
    let mut is_string = false;
    while let Some(&byte) = rest.first() {
        let mut len = 1;
        match byte {
            b'\\' if is_string => {
                len = rest.len().min(2);
                out.extend_from_slice(&rest[..len]);
            }
            0..0x20 if is_string => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            b'N' | b'I' | b'-' if !is_string => match non_number_literal(rest) {
                Some(word) => {
                    len = word.len();
                    out.extend_from_slice(b"null");
                }
                None => out.push(byte),
            },
            _ => {
                is_string ^= byte == b'"';
                out.push(byte);
            }
        }
        rest = &rest[len..];
    }
    out
}

fn non_number_literal(text: &[u8]) -> Option<&'static str> {
    ["NaN", "Infinity", "-Infinity"].into_iter().find(|word| text.starts_with(word.as_bytes()))
}

/// Returns a text without the white space, control characters and terminal sequences at its start.
pub(super) fn without_controls(text: &[u8]) -> &[u8] {
    let mut rest = text;
    loop {
        rest = match rest {
            [0x1b, b'[', sequence @ ..] => {
                // ECMA-48, section 5.4: parameters, then a final byte.
                let Some(end) = sequence.iter().position(|byte| matches!(byte, 0x40..=0x7e)) else {
                    return &[];
                };
                &sequence[end + 1..]
            }
            [0x1b, b']', command @ ..] => {
                let Some(end) = command.iter().position(|byte| *byte == 0x07) else {
                    return rest;
                };
                &command[end + 1..]
            }
            [0x1b, _, rest @ ..] | [0..=0x20 | 0x7f, rest @ ..] => rest,
            _ => return rest,
        };
    }
}

/// Returns an error object that replaces this value, or `None` if the value is one.
pub(super) fn error_object(error: &[u8]) -> Option<Vec<u8>> {
    let Some(mut object) = Object::read(error) else {
        let message = text(error).unwrap_or_else(|| String::from_utf8_lossy(error));
        let Answer::Error(object) = Answer::error(INTERNAL_ERROR, &message) else { return None };
        return Some(object.into_owned());
    };
    let has_code = object.get("code").is_some_and(|code| is_number(code) && is_id(code));
    let has_message = object.get("message").is_some_and(is_string);
    if !has_code {
        object.put("code", INTERNAL_ERROR.to_string().into_bytes());
    }
    if !has_message {
        object.put("message", quoted(&String::from_utf8_lossy(error)));
    }
    (!has_code || !has_message).then(|| object.write())
}

#[cfg(test)]
mod tests;
