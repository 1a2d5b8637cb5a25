//! The path at which an entry is served, made of its name.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Returns the segment of the URL for a name; empty if nothing of the name can be kept.
pub(crate) fn path_of(name: &str) -> String {
    let mut path = String::new();
    let mut in_run = false;
    for char in name.nfc() {
        // A mark belongs to the letter before it. Those of emoji go with the emoji.
        let is_mark = is_combining_mark(char)
            && !matches!(char, '\u{fe00}'..='\u{fe0f}' | '\u{20e3}')
            && path.ends_with(|last: char| last.is_alphanumeric() || is_combining_mark(last));
        if char.is_alphanumeric() || matches!(char, '-' | '_' | '.') || (is_mark && !in_run) {
            path.push(char);
            in_run = false;
        } else if !in_run {
            path.push('-');
            in_run = true;
        }
    }
    path.trim_matches(['-', '.']).to_owned()
}

/// Returns whether two names are the same letters in different forms of Unicode, which look alike.
pub(crate) fn look_alike(one: &str, other: &str) -> bool {
    one.nfc().eq(other.nfc())
}

/// Returns the percent-encoded form.
pub(crate) fn encode(path: &str) -> String {
    let mut encoded = String::new();
    for byte in path.bytes() {
        match byte {
            b'-' | b'_' | b'.' => encoded.push(byte.into()),
            byte if byte.is_ascii_alphanumeric() => encoded.push(byte.into()),
            byte => encoded += &format!("%{byte:02X}"),
        }
    }
    encoded
}
