//! A canonical form of JSON texts.
//!
//! Owns: the differences that carry no meaning: white space, the order of members, escapes, the
//! notation of numbers. Never: sends this text; it is only hashed.
//!
//! RFC 8785 rounds numbers to doubles; here every digit counts.

use std::borrow::Cow;
use std::ops::Range;

use serde::de::IgnoredAny;
use sha2::{Digest, Sha256};

use crate::json::number::Number;
use crate::json::scan::Cursor;
use crate::json::string::{as_str, unescape};

/// Returns the canonical form: equal for texts with the same meaning, and different for all others.
/// It is JSON, except for the digests that replace the members of large objects.
///
/// Members with the same key are all kept, in their order, because parsers use the first or the
/// last. A lone surrogate equals U+FFFD. A text that is not JSON is returned unchanged.
pub(crate) fn canonical(text: &[u8]) -> Cow<'_, [u8]> {
    if !is_json(text) {
        return Cow::Borrowed(text);
    }
    let mut writer = Writer { out: Vec::with_capacity(text.len()), open: Vec::new() };
    writer.text(&mut Cursor::new(text.trim_ascii()));
    Cow::Owned(writer.out)
}

fn is_json(text: &[u8]) -> bool {
    str::from_utf8(text).is_ok_and(|text| serde_json::from_str::<IgnoredAny>(text).is_ok())
}

/// Writes values in the order of the cursor, and sorts an object's members at its end.
#[derive(Debug)]
struct Writer {
    out: Vec<u8>,
    open: Vec<Open>,
}

/// An array or object that has not ended.
#[derive(Debug)]
enum Open {
    Array { is_empty: bool },
    Object { start: usize, members: Vec<Member> },
}

/// The position of a written member.
#[derive(Debug)]
struct Member {
    key: Range<usize>,
    end: usize,
}

impl Writer {
    fn text(&mut self, cursor: &mut Cursor<'_>) {
        loop {
            self.begin(cursor);
            loop {
                match self.open.pop() {
                    None => return,
                    Some(Open::Array { is_empty }) => {
                        if self.element(cursor, is_empty) {
                            break;
                        }
                    }
                    Some(Open::Object { start, members }) => {
                        if self.member(cursor, start, members) {
                            break;
                        }
                    }
                }
            }
        }
    }

    /// Writes a scalar, or opens the array or object at the cursor.
    fn begin(&mut self, cursor: &mut Cursor<'_>) {
        match cursor.peek() {
            b'[' => {
                cursor.enter();
                self.out.push(b'[');
                self.open.push(Open::Array { is_empty: true });
            }
            b'{' => {
                cursor.enter();
                self.out.push(b'{');
                self.open.push(Open::Object { start: self.out.len(), members: Vec::new() });
            }
            _ => self.scalar(cursor.take()),
        }
    }

    /// Returns whether another element follows in the array, or closes the array.
    fn element(&mut self, cursor: &mut Cursor<'_>, is_first: bool) -> bool {
        let follows = cursor.element();
        match (follows, is_first) {
            (false, _) => self.out.push(b']'),
            (true, false) => self.out.push(b','),
            (true, true) => {}
        }
        if follows {
            self.open.push(Open::Array { is_empty: false });
        }
        follows
    }

    /// Writes the next key and returns whether there is one, or closes the object.
    fn member(&mut self, cursor: &mut Cursor<'_>, start: usize, mut members: Vec<Member>) -> bool {
        let at = self.out.len();
        if let Some(last) = members.last_mut() {
            last.end = at;
        }
        let Some(key) = cursor.key() else {
            self.sort(start, members);
            self.out.push(b'}');
            return false;
        };
        self.string(key);
        members.push(Member { key: at..self.out.len(), end: at });
        self.out.push(b':');
        self.open.push(Open::Object { start, members });
        true
    }

    /// Sorts the members written since `start`, with commas between them. Long members are replaced
    /// by their digest, so that an enclosing object has less to move, however deep the nesting.
    fn sort(&mut self, start: usize, mut members: Vec<Member>) {
        let key = |member: &Member| &self.out[member.key.clone()];
        members.sort_by(|one, other| key(one).cmp(key(other)));
        let texts: Vec<&[u8]> =
            members.iter().map(|member| &self.out[member.key.start..member.end]).collect();
        let sorted = texts.join(&b',');
        self.out.truncate(start);
        if sorted.len() > MEMBERS_BYTES_MAX {
            self.out.push(b'#'); // no member begins with it
            self.out.extend_from_slice(&Sha256::digest(&sorted));
        } else {
            self.out.extend_from_slice(&sorted);
        }
    }

    fn scalar(&mut self, text: &[u8]) {
        match text.first() {
            Some(b'"') => self.string(&text[1..text.len() - 1]),
            _ => match Number::of(text) {
                Some(number) => number.write(&mut self.out),
                None => self.out.extend_from_slice(text),
            },
        }
    }

    /// Writes a string, given as the text between its quotes.
    fn string(&mut self, raw: &[u8]) {
        serde_json::to_writer(&mut self.out, as_str(&unescape(raw)))
            .expect("strings always have a JSON text");
    }
}

/// The number of bytes up to which an object's members are kept instead of their digest.
const MEMBERS_BYTES_MAX: usize = 1024;

#[cfg(test)]
mod tests;
