//! What an error repeats of a client's words.

use std::borrow::Cow;

/// Characters that are repeated.
const SHOWN_MAX: usize = 100;

/// As much of a client's word as helps to see a slip.
pub(crate) fn shown(word: &str) -> Cow<'_, str> {
    match word.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}…", &word[..end]).into(),
        None => word.into(),
    }
}
