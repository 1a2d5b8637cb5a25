//! One text for all JSON texts that mean the same.
//!
//! Owns: what is a matter of spelling: white space, the order of members, escapes, how a number is
//! written.
//! Never: sends this text to anybody; it is made to be hashed.
//!
//! RFC 8785 is stricter about numbers, which it rounds to doubles: here every digit counts.

use std::borrow::Cow;
use std::ops::Range;

use serde::de::IgnoredAny;
use sha2::{Digest, Sha256};

use crate::json::number::Number;
use crate::json::scan::Cursor;
use crate::json::string::{as_str, unescape};

/// The text that a JSON text has in common with all others of the same meaning, and no other: JSON,
/// but for the digests that stand for the members of large objects.
///
/// Of members with the same key all count, in their order: parsers take the first or the last of
/// them. A string with half a surrogate pair is the same as one with U+FFFD. What is not JSON is
/// returned as it is.
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

/// Writes values as the cursor meets them; an object's members are put in order when it ends.
#[derive(Debug)]
struct Writer {
    out: Vec<u8>,
    open: Vec<Open>,
}

/// An array or object that has begun and not ended.
#[derive(Debug)]
enum Open {
    Array { is_empty: bool },
    Object { start: usize, members: Vec<Member> },
}

/// Where a member was written.
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

    /// Writes a scalar, or opens what the cursor is in front of.
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

    /// Whether an element follows in the array; if not, it ends here.
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

    /// Whether a member follows in the object; its key is then written. If not, it ends here.
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

    /// Puts the members that were written since `start` in order, with commas. Where they are long
    /// their digest takes their place: an object around this one has less to move then, however
    /// deep they are nested.
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

    /// A string as it was between its quotes.
    fn string(&mut self, raw: &[u8]) {
        serde_json::to_writer(&mut self.out, as_str(&unescape(raw)))
            .expect("strings always have a JSON text");
    }
}

/// Bytes of the members of an object that are not replaced by their digest.
const MEMBERS_BYTES_MAX: usize = 1024;

#[cfg(test)]
mod tests;
