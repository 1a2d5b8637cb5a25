//! The kind of a line that this program wrote, parsed only as far as needed.

use crate::json::Kind;
use crate::json::scan::Cursor;

/// Returns the kind of a message, and the JSON text of its id.
///
/// The line is a message that this program wrote: it is not validated, an answer's id comes before
/// its result or error, and neither of those is parsed.
pub(crate) fn classify(line: &[u8]) -> (Kind, Option<&[u8]>) {
    let mut cursor = Cursor::new(line);
    let (mut id, mut is_call) = (None, false);
    cursor.enter();
    while let Some(key) = cursor.key() {
        match key {
            b"error" => return (Kind::Error, id),
            b"result" => return (Kind::Result, id),
            b"id" => id = Some(cursor.value().of_text(line)),
            key => {
                is_call |= key == b"method";
                cursor.value();
            }
        }
    }
    debug_assert!(is_call, "neither a call nor an answer");
    (if id.is_some() { Kind::Request } else { Kind::Notification }, id)
}

#[cfg(test)]
mod tests;
