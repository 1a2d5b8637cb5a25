//! Text of peers in errors and logs.

use std::borrow::Cow;

use crate::json::object::Object;

/// The maximum number of characters.
const SHOWN_MAX: usize = 100;

/// Returns the beginning of a client's text, enough to find a typing error.
pub(crate) fn shown(word: &str) -> Cow<'_, str> {
    match word.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}…", &word[..end]).into(),
        None => word.into(),
    }
}

/// Returns the message of a child's JSON-RPC error, without control characters and cut short.
pub(crate) fn error_words(error: &[u8]) -> String {
    let error = Object::read_or_empty(Some(error));
    let message = error.text("message").unwrap_or_default();
    let plain: String = message.chars().filter(|c| !c.is_control()).collect();
    shown(&plain).into_owned()
}
