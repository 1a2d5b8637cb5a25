//! A walk over JSON that is known to be valid.
//!
//! Owns: where values begin and end, how deep they nest, and whether strings are whole.
//! Never: recurses, allocates, or checks the grammar again.
//!
//! A walker calls [`Cursor::enter`] in front of a bracket, then takes keys (or elements) until
//! there are no more, and for each either walks into the value or takes it whole:
//!
//! ```text
//! { "a" : [1, 2] , "b" : 3 }
//! └ enter │        │       └ key: None
//!     └ key        └ key
//!         └ value          └ value
//! ```

use std::borrow::Cow;
use std::num::NonZeroU32;
use std::ops::Range;

use memchr::memchr2;

use crate::json::string;
use crate::json::{ParseRules, Peer};
use crate::reject::Reject;

/// Where a value is in its text. No value is empty, so no span ends at 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    start: u32,
    end: NonZeroU32,
}

impl Span {
    /// Positions fit: [`super::text::admit`] takes no longer text.
    fn of(range: Range<usize>) -> Span {
        Span {
            start: range.start as u32,
            end: NonZeroU32::new(range.end as u32).unwrap_or(NonZeroU32::MIN),
        }
    }

    /// A string's, without its quotes.
    pub(super) fn inner(self) -> Span {
        let Range { start, end } = self.range();
        Span::of(start + 1..end - 1)
    }

    /// The positions.
    pub(super) fn range(self) -> Range<usize> {
        self.start as usize..self.end.get() as usize
    }

    /// The bytes at these positions.
    pub(super) fn of_text(self, text: &[u8]) -> &[u8] {
        &text[self.range()]
    }
}

/// A place in a text, and what was seen on the way to it.
#[derive(Debug)]
pub(super) struct Cursor<'t> {
    text: &'t [u8],
    at: usize,
    depth: usize,
    deepest: usize,
    half_pairs: bool,
    /// Whether the string that was walked over last has escapes.
    escaped: bool,
}

impl<'t> Cursor<'t> {
    /// The start of a text that [`super::text::admit`] has let through.
    pub(super) fn new(text: &'t [u8]) -> Self {
        Cursor { text, at: 0, depth: 0, deepest: 0, half_pairs: false, escaped: false }
    }

    /// The byte at this place, NUL at the end. In front of a value it tells the value's type.
    pub(super) fn peek(&self) -> u8 {
        self.text.get(self.at).copied().unwrap_or(0)
    }

    /// Goes past the bracket that opens an array or object.
    pub(super) fn enter(&mut self) {
        self.at += 1;
        self.depth += 1;
        self.deepest = self.deepest.max(self.depth);
    }

    /// The next key of the object, as it is between its quotes; the place is then in front of its
    /// value. After the last one the place is behind the object.
    pub(super) fn key(&mut self) -> Option<&'t [u8]> {
        if !self.element() {
            return None;
        }
        let start = self.at + 1;
        self.string();
        let key = &self.text[start..self.at - 1];
        self.skip(|byte| byte == b':' || is_space(byte));
        Some(key)
    }

    /// The next key of the object, its escapes resolved; otherwise as [`Cursor::key`].
    pub(super) fn name(&mut self) -> Option<Cow<'t, [u8]>> {
        let key = self.key()?;
        Some(if self.escaped { string::unescape(key) } else { Cow::Borrowed(key) })
    }

    /// Whether the string that was walked over last has escapes.
    pub(super) fn was_escaped(&self) -> bool {
        self.escaped
    }

    /// Whether the array has another element; the place is then in front of it. After the last one
    /// the place is behind the array.
    pub(super) fn element(&mut self) -> bool {
        self.skip(|byte| byte == b',' || is_space(byte));
        match self.peek() {
            b']' | b'}' => {
                self.leave();
                false
            }
            _ => self.at < self.text.len(),
        }
    }

    /// Goes past a value.
    pub(super) fn value(&mut self) -> Span {
        self.span(|cursor| match cursor.peek() {
            b'"' => cursor.string(),
            b'{' | b'[' => cursor.brackets(),
            _ => cursor.skip(|byte| !matches!(byte, b',' | b']' | b'}') && !is_space(byte)),
        })
        .1
    }

    /// Goes past a value, and returns its text.
    pub(super) fn take(&mut self) -> &'t [u8] {
        &self.text[self.value().range()]
    }

    /// Goes past a value by walking into it, and tells where it was.
    pub(super) fn span<T>(&mut self, walk: impl FnOnce(&mut Self) -> T) -> (T, Span) {
        let start = self.at;
        let walked = walk(self);
        (walked, Span::of(start..self.at))
    }

    /// Whether what was walked over is within the rules.
    pub(super) fn check(&self, rules: ParseRules) -> Result<(), Reject> {
        if self.deepest > rules.depth_max {
            return Err(Reject::TooDeep);
        }
        if self.half_pairs && rules.sender == Peer::Client {
            return Err(Reject::LoneSurrogate);
        }
        Ok(())
    }

    /// Whether half of a surrogate pair was walked over since this was last asked.
    pub(super) fn take_half_pairs(&mut self) -> bool {
        std::mem::take(&mut self.half_pairs)
    }

    fn leave(&mut self) {
        self.at += 1;
        self.depth -= 1;
    }

    /// Goes past an array or object, whatever is in it.
    fn brackets(&mut self) {
        let floor = self.depth;
        self.enter();
        while self.depth > floor && self.at < self.text.len() {
            match self.text[self.at] {
                b'"' => self.string(),
                b'{' | b'[' => self.enter(),
                b'}' | b']' => self.leave(),
                _ => self.at += 1,
            }
        }
    }

    fn string(&mut self) {
        self.at += 1;
        self.escaped = false;
        while let Some(offset) = quote_or_escape(&self.text[self.at..]) {
            self.at += offset;
            if self.text[self.at] == b'"' {
                self.at += 1;
                return;
            }
            self.escaped = true;
            let (char, len) = string::escape(&self.text[self.at..]);
            self.half_pairs |= char.is_none();
            self.at += len;
        }
        self.at = self.text.len();
    }

    fn skip(&mut self, passes: impl Fn(u8) -> bool) {
        while self.at < self.text.len() && passes(self.text[self.at]) {
            self.at += 1;
        }
    }
}

/// Where the next quote or backslash is. Most strings are short: a call of `memchr2` costs more than
/// a look at their first words.
fn quote_or_escape(rest: &[u8]) -> Option<usize> {
    let near = &rest[..rest.len().min(NEAR)];
    let (words, bytes) = near.as_chunks();
    for (at, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let found = bytes_equal(word, b'"') | bytes_equal(word, b'\\');
        if found != 0 {
            return Some(at * 8 + found.trailing_zeros() as usize / 8);
        }
    }
    let is_special = |&byte: &u8| matches!(byte, b'"' | b'\\');
    let read = near.len() - bytes.len();
    match bytes.iter().position(is_special) {
        Some(at) => Some(read + at),
        None => memchr2(b'"', b'\\', &rest[near.len()..]).map(|at| near.len() + at),
    }
}

/// Marks, in the highest bit of each byte of a word up to the first that is this byte, whether it is;
/// what is marked above that means nothing.
fn bytes_equal(word: u64, byte: u8) -> u64 {
    const LOW: u64 = u64::from_ne_bytes([0x01; 8]);
    const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
    let zero_where_equal = word ^ (LOW * u64::from(byte));
    zero_where_equal.wrapping_sub(LOW) & !zero_where_equal & HIGH
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// Bytes of a string that are looked at before `memchr2` is: whole words.
const NEAR: usize = 32;

#[cfg(test)]
mod tests;
