//! Removes the members of a child's message that carry nothing, or that another parser could take
//! for others.

use crate::json::scan::Cursor;
use crate::json::string;

/// Returns an object without members that are null in place of absent, without keys that resemble
/// those of the envelope, and with escapes in envelope keys resolved. Returns `None` for any other
/// value, or if nothing changes.
pub(super) fn tidied(text: &[u8]) -> Option<Vec<u8>> {
    let mut cursor = Cursor::new(text);
    if cursor.peek() != b'{' {
        return None;
    }
    let mut all = Vec::new();
    cursor.enter();
    while let Some(raw) = cursor.key() {
        all.push((raw, cursor.take()));
    }
    let mut members: Vec<(&[u8], &[u8])> = Vec::with_capacity(all.len());
    for (raw, value) in &all {
        match string::envelope_key(raw) {
            Some(key) => members.push((key, value)),
            None if string::is_confusable(raw, &string::ENVELOPE_KEYS) => {}
            None => members.push((raw, value)),
        }
    }
    forget_nulls(&mut members);
    if members == all {
        return None;
    }
    let mut out = vec![b'{'];
    for (at, (key, value)) in members.iter().enumerate() {
        out.extend_from_slice(if at > 0 { b",\"" } else { b"\"" });
        out.extend_from_slice(key);
        out.extend_from_slice(b"\":");
        out.extend_from_slice(value);
    }
    out.push(b'}');
    Some(out)
}

fn forget_nulls(members: &mut Vec<(&[u8], &[u8])>) {
    let has = |name: &[u8]| members.iter().any(|(key, _)| *key == name);
    let is_given =
        |name: &[u8]| members.iter().any(|(key, value)| *key == name && *value != b"null");
    let (has_method, has_result, has_error) =
        (is_given(b"method"), has(b"result"), is_given(b"error"));
    members.retain(|(key, value)| {
        *value != b"null"
            || match *key {
                b"method" | b"params" => false,
                b"id" => !has_method,
                b"error" => !(has_method || has_result),
                b"result" => !(has_method || has_error),
                _ => true,
            }
    });
}
