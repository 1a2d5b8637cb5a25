//! Text of peers in errors and logs.

use std::borrow::Cow;
use std::fmt::Write;

/// The maximum number of characters.
const SHOWN_MAX: usize = 100;

/// Returns the beginning of a client's text, enough to find a typing error.
pub(crate) fn truncate_for_log(word: &str) -> Cow<'_, str> {
    match word.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}…", &word[..end]).into(),
        None => word.into(),
    }
}

/// Returns text of a peer on one line, cut short: control characters, characters that break a line
/// or turn its direction, and bytes that are not UTF-8 are escaped.
pub fn escape_untrusted(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        for char in chunk.valid().chars() {
            match is_harmless(char) {
                true => text.push(char),
                false => text.extend(char.escape_default()),
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    if let Some((end, _)) = text.char_indices().nth(SHOWN_CHARS_MAX) {
        text.truncate(end);
        text.push('…');
    }
    text
}

fn is_harmless(char: char) -> bool {
    let turns_direction = matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    !char.is_control() && !turns_direction && !matches!(char, '\u{2028}' | '\u{2029}')
}

const SHOWN_CHARS_MAX: usize = 1000;
