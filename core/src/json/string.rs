//! The characters of a JSON string.
//!
//! Owns: escapes, and whether a key could be mistaken for another. Never: checks the grammar;
//! strings are given as the text between the quotes of valid JSON.

use std::borrow::Cow;

use memchr::memchr;

/// Returns the character of the escape at the start of `rest`, and the escape's length in bytes. A
/// lone surrogate has no character.
pub(super) fn escape(rest: &[u8]) -> (Option<char>, usize) {
    let short = match rest.get(1) {
        Some(b'u') => return unicode_escape(rest),
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(&other) => char::from(other),
        None => return (None, rest.len()),
    };
    (Some(short), 2)
}

fn unicode_escape(rest: &[u8]) -> (Option<char>, usize) {
    match (code_unit(rest), rest.get(6..).and_then(code_unit)) {
        (Some(high @ 0xd800..0xdc00), Some(low @ 0xdc00..0xe000)) => {
            (char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)), 12)
        }
        (unit, _) => (unit.and_then(char::from_u32), 6),
    }
}

/// Returns the UTF-16 code unit of the `\uXXXX` at the start of `rest`.
fn code_unit(rest: &[u8]) -> Option<u32> {
    let digits = rest.strip_prefix(b"\\u")?.get(..4)?;
    digits.iter().try_fold(0, |unit, &digit| Some(unit << 4 | char::from(digit).to_digit(16)?))
}

/// Iterates over the characters of a string. A lone surrogate becomes U+FFFD.
fn chars(raw: &str) -> impl Iterator<Item = char> {
    let mut rest = raw;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let (char, len) = match first {
            '\\' => escape(rest.as_bytes()),
            _ => (Some(first), first.len_utf8()),
        };
        rest = rest.get(len..).unwrap_or_default();
        Some(char.unwrap_or(char::REPLACEMENT_CHARACTER))
    })
}

/// Returns a string with escapes resolved; copied only if it has any.
pub(super) fn unescape(raw: &[u8]) -> Cow<'_, [u8]> {
    match memchr(b'\\', raw) {
        None => Cow::Borrowed(raw),
        Some(_) => Cow::Owned(chars(as_str(raw)).collect::<String>().into_bytes()),
    }
}

/// Strings are cut from UTF-8 at their quotes, so they are UTF-8.
pub(super) fn as_str(raw: &[u8]) -> &str {
    str::from_utf8(raw).unwrap_or_default()
}

/// Returns the envelope key that this key is, with or without escapes.
pub(super) fn envelope_key(raw: &[u8]) -> Option<&'static [u8]> {
    let key = unescape(raw);
    ENVELOPE_KEYS.into_iter().find(|known| **known == *key)
}

/// Returns whether a key that is not one of `keys` could be taken for one by a parser that ignores
/// case or invisible characters, stops at NUL, or compares keys before it resolves escapes. `keys`
/// are in lower case, and no longer than [`KEY_LEN_MAX`].
pub(super) fn is_confusable(raw: &[u8], keys: &[&[u8]]) -> bool {
    // Most keys, at a fraction of the cost.
    if raw.iter().all(u8::is_ascii_alphanumeric) {
        return keys.iter().any(|key| raw.eq_ignore_ascii_case(key));
    }
    let mut key = [0; KEY_LEN_MAX];
    let mut len = 0;
    for char in chars(as_str(raw)) {
        if char == '\0' && keys.contains(&&key[..len]) {
            return true;
        }
        for folded in char.to_uppercase().flat_map(char::to_lowercase) {
            if is_invisible(folded) {
                continue;
            }
            match u8::try_from(folded) {
                Ok(byte) if len < KEY_LEN_MAX => key[len] = byte,
                _ => return false,
            }
            len += 1;
        }
    }
    keys.contains(&&key[..len])
}

/// Returns whether a character is invisible: controls, spaces, format characters, and the dot that
/// remains of `İ` in lower case.
fn is_invisible(char: char) -> bool {
    char.is_control()
        || char.is_whitespace()
        || matches!(
            char,
            '\u{ad}'
                | '\u{307}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
        )
}

/// The keys of the envelope. A message with a key that resembles one of them is refused.
pub(super) const ENVELOPE_KEYS: [&[u8]; 6] =
    [b"jsonrpc", b"id", b"method", b"params", b"result", b"error"];

/// The maximum length of the keys that others may resemble.
const KEY_LEN_MAX: usize = 12;

#[cfg(test)]
mod tests;
