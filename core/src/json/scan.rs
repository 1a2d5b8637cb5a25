//! A walk over valid JSON.
//!
//! Owns: where values begin and end, how deep they nest, and whether strings have lone surrogates.
//! Never: recurses, allocates, or checks the grammar again.
//!
//! A walk calls [`Cursor::enter`] in front of a bracket, then takes keys (or elements) until there
//! are no more, and for each either walks into the value or takes it whole:
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

/// The position of a value in its text. No value is empty, so no span ends at 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    start: u32,
    end: NonZeroU32,
}

impl Span {
    /// Positions fit, because [`super::text::admit`] refuses longer texts.
    fn of(range: Range<usize>) -> Span {
        Span {
            start: range.start as u32,
            end: NonZeroU32::new(range.end as u32).unwrap_or(NonZeroU32::MIN),
        }
    }

    /// Returns the span of a string without its quotes.
    pub(super) fn inner(self) -> Span {
        let Range { start, end } = self.range();
        Span::of(start + 1..end - 1)
    }

    /// Returns the range of positions.
    pub(super) fn range(self) -> Range<usize> {
        self.start as usize..self.end.get() as usize
    }

    /// Returns the bytes at these positions.
    pub(super) fn of_text(self, text: &[u8]) -> &[u8] {
        &text[self.range()]
    }
}

/// A position in a text, with facts about the part before it.
#[derive(Debug)]
pub(super) struct Cursor<'t> {
    text: &'t [u8],
    at: usize,
    depth: usize,
    deepest: usize,
    lone_surrogates: bool,
    /// Whether the last string had escapes.
    escaped: bool,
}

impl<'t> Cursor<'t> {
    /// Starts at the beginning of a text that [`super::text::admit`] accepted.
    pub(super) fn new(text: &'t [u8]) -> Self {
        #[cfg(test)]
        walked::add(text.len());
        Cursor { text, at: 0, depth: 0, deepest: 0, lone_surrogates: false, escaped: false }
    }

    /// Returns the byte at this position, or NUL at the end. In front of a value it shows the
    /// value's type.
    pub(super) fn peek(&self) -> u8 {
        self.text.get(self.at).copied().unwrap_or(0)
    }

    /// Moves past the bracket that opens an array or object.
    pub(super) fn enter(&mut self) {
        self.at += 1;
        self.depth += 1;
        self.deepest = self.deepest.max(self.depth);
    }

    /// Returns the text between the quotes of the object's next key, and moves in front of its
    /// value. After the last member it returns `None` and moves behind the object.
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

    /// Returns the next key of the object with escapes resolved; otherwise like [`Cursor::key`].
    pub(super) fn name(&mut self) -> Option<Cow<'t, [u8]>> {
        let key = self.key()?;
        Some(if self.escaped { string::unescape(key) } else { Cow::Borrowed(key) })
    }

    /// Returns whether the last string had escapes.
    pub(super) fn was_escaped(&self) -> bool {
        self.escaped
    }

    /// Returns whether the array has another element, and moves in front of it. After the last one
    /// it moves behind the array.
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

    /// Moves past a value.
    pub(super) fn value(&mut self) -> Span {
        self.span(|cursor| match cursor.peek() {
            b'"' => cursor.string(),
            b'{' | b'[' => cursor.brackets(),
            _ => cursor.skip(|byte| !matches!(byte, b',' | b']' | b'}') && !is_space(byte)),
        })
        .1
    }

    /// Moves past a value, and returns its text.
    pub(super) fn take(&mut self) -> &'t [u8] {
        &self.text[self.value().range()]
    }

    /// Moves past a value by walking into it, and returns its span.
    pub(super) fn span<T>(&mut self, walk: impl FnOnce(&mut Self) -> T) -> (T, Span) {
        let start = self.at;
        let walked = walk(self);
        (walked, Span::of(start..self.at))
    }

    /// Checks the part before this position against the rules.
    pub(super) fn check(&self, rules: ParseRules) -> Result<(), Reject> {
        if self.deepest > rules.depth_max {
            return Err(Reject::TooDeep);
        }
        if self.lone_surrogates && rules.sender == Peer::Client {
            return Err(Reject::LoneSurrogate);
        }
        Ok(())
    }

    /// Returns whether a lone surrogate was seen since the last call.
    pub(super) fn take_lone_surrogates(&mut self) -> bool {
        std::mem::take(&mut self.lone_surrogates)
    }

    fn leave(&mut self) {
        self.at += 1;
        self.depth -= 1;
    }

    /// Moves past an array or object with any content.
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
            self.lone_surrogates |= char.is_none();
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

/// Returns the position of the next quote or backslash. Most strings are short, and a call of
/// `memchr2` costs more than reading their first words.
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

/// Sets the highest bit of each byte of a word that equals `byte`, up to the first one. Bits above
/// that have no meaning.
fn bytes_equal(word: u64, byte: u8) -> u64 {
    const LOW: u64 = u64::from_ne_bytes([0x01; 8]);
    const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
    let zero_where_equal = word ^ (LOW * u64::from(byte));
    zero_where_equal.wrapping_sub(LOW) & !zero_where_equal & HIGH
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// The number of bytes of a string that are read before `memchr2` is called: whole words.
const NEAR: usize = 32;

/// Counts the bytes of the texts that cursors and other readers were given on this thread.
#[cfg(test)]
pub(crate) mod walked {
    use std::cell::Cell;

    thread_local! {
        static BYTES: Cell<usize> = const { Cell::new(0) };
    }

    /// Adds the bytes of a text.
    pub(crate) fn add(bytes: usize) {
        BYTES.set(BYTES.get() + bytes);
    }

    /// Returns the bytes since the last call.
    pub(crate) fn take() -> usize {
        BYTES.take()
    }
}

#[cfg(test)]
mod tests;
