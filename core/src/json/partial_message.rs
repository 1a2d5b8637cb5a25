//! Finds the request that an invalid text was meant to answer.
//!
//! Owns: the top-level members at the start of an object, as far as it can be followed, and the
//! scalar members at its end. Never: needs the whole text, or valid JSON. Of a line over the limit
//! only the two ends are kept, and an invalid one may hold anything between them.

use bytes::Bytes;

use crate::json::envelope::is_id;
use crate::json::{Message, text};

/// The request that an unreadable line answers.
#[derive(Clone, Debug)]
pub enum LineSubject {
    /// None: it is not an answer.
    Nothing,
    /// The request with this id, a JSON text.
    Request(Bytes),
    /// An unknown request.
    AnyRequest,
    /// The request that this message answers, if no other request is in flight. The message follows
    /// other text, so the line may be a log line that quotes a message of another conversation.
    Quoted(Box<Message>),
}

/// The members found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PartialMessage {
    id: Option<Bytes>,
    has_id: bool,
    /// Whether an id is invalid, or several ids differ.
    is_id_unclear: bool,
    has_method: bool,
    has_answer: bool,
    has_version: bool,
    /// Whether it has a member that no message has.
    has_other: bool,
}

impl PartialMessage {
    /// Reads a complete text.
    pub(crate) fn of(text: &[u8]) -> PartialMessage {
        let mut partial = PartialMessage::default();
        partial.read_start(text);
        partial.read_end(text);
        partial
    }

    /// Reads the start of a text.
    pub(crate) fn of_start(text: &[u8]) -> PartialMessage {
        let mut partial = PartialMessage::default();
        partial.read_start(text);
        partial
    }

    /// Reads the end of the same text.
    pub(crate) fn read_end(&mut self, text: &[u8]) {
        if self.id.is_none() {
            let mut end = End { text: text.trim_ascii_end() };
            if end.skip(b'}') {
                while let Some((key, value)) = end.member() {
                    self.record(key, value);
                }
            }
        }
    }

    /// Returns the request that the text answers.
    pub(crate) fn concerns(&self) -> LineSubject {
        let is_answer = match self.has_version {
            true => self.has_answer || self.id.is_some(),
            // A line of a log may have members called `error`, `result` or `id` among others.
            false => self.has_answer && self.has_id && !self.has_other,
        };
        match &self.id {
            _ if self.has_method || !is_answer => LineSubject::Nothing,
            Some(id) if !self.is_id_unclear => LineSubject::Request(id.clone()),
            _ if self.has_answer => LineSubject::AnyRequest,
            _ => LineSubject::Nothing,
        }
    }

    /// Returns the request that a line over the limit answers. So long a line is more likely an
    /// answer than noise.
    pub(crate) fn concerns_of_long_line(&self) -> LineSubject {
        match self.concerns() {
            LineSubject::Nothing if !self.has_method => LineSubject::AnyRequest,
            concerns => concerns,
        }
    }

    fn read_start(&mut self, text: &[u8]) {
        let mut start = Start { rest: text.trim_ascii_start() };
        if !start.skip(b'{') {
            return;
        }
        while let Some(key) = start.key() {
            let value = start.value();
            self.record(key, value.unwrap_or_default());
            if value.is_none() || !start.skip(b',') {
                return;
            }
        }
    }

    /// Records a member; the value is empty if its end was not found.
    fn record(&mut self, key: &[u8], value: &[u8]) {
        self.has_id |= key == b"id";
        match key {
            b"method" => self.has_method |= value != b"null",
            b"result" | b"error" => self.has_answer |= value != b"null",
            b"jsonrpc" => self.has_version = true,
            b"id" if is_id(value) && text::check(value).is_ok() => {
                let other = self.id.replace(Bytes::copy_from_slice(value));
                self.is_id_unclear |= other.is_some_and(|other| *other != *value);
            }
            b"id" => self.is_id_unclear = true,
            b"params" => {}
            _ => self.has_other = true,
        }
    }
}

/// The start of a text, parsed forwards.
struct Start<'t> {
    rest: &'t [u8],
}

impl<'t> Start<'t> {
    fn skip(&mut self, byte: u8) -> bool {
        let rest = self.rest.trim_ascii_start();
        let found = rest.first() == Some(&byte);
        self.rest = if found { rest[1..].trim_ascii_start() } else { rest };
        found
    }

    fn take(&mut self, len: usize) -> &'t [u8] {
        let (taken, rest) = self.rest.split_at(len);
        self.rest = rest;
        taken
    }

    /// Parses a key and its colon.
    fn key(&mut self) -> Option<&'t [u8]> {
        let len = string_len(self.rest)?;
        let key = self.take(len);
        self.skip(b':').then_some(&key[1..key.len() - 1])
    }

    /// Parses a value whose end is in the text.
    fn value(&mut self) -> Option<&'t [u8]> {
        let len = match self.rest.first()? {
            b'"' => string_len(self.rest)?,
            b'{' | b'[' => brackets_len(self.rest)?,
            _ => self.rest.iter().position(|byte| matches!(byte, b',' | b'}' | b']'))?,
        };
        Some(self.take(len).trim_ascii_end())
    }
}

/// Returns the length of the string at the start of a text, including its quotes.
pub(crate) fn string_len(text: &[u8]) -> Option<usize> {
    if text.first() != Some(&b'"') {
        return None;
    }
    let mut at = 1;
    loop {
        match text.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// Returns the length of the array or object at the start of a text.
fn brackets_len(text: &[u8]) -> Option<usize> {
    let (mut at, mut depth) = (0, 0_usize);
    loop {
        match text.get(at)? {
            b'"' => at += string_len(&text[at..])? - 1,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return Some(at);
        }
    }
}

/// The end of a text, parsed backwards.
struct End<'t> {
    text: &'t [u8],
}

impl<'t> End<'t> {
    fn skip(&mut self, byte: u8) -> bool {
        let found = self.text.last() == Some(&byte);
        if found {
            self.text = self.text[..self.text.len() - 1].trim_ascii_end();
        }
        found
    }

    fn take(&mut self, len: usize) -> &'t [u8] {
        let (rest, taken) = self.text.split_at(self.text.len() - len);
        self.text = rest.trim_ascii_end();
        taken
    }

    /// Parses a member whose value is a string, a number or a word, and the comma in front of it.
    fn member(&mut self) -> Option<(&'t [u8], &'t [u8])> {
        let value_len = match self.text.last()? {
            b'"' => self.string_len()?,
            _ => self.text.iter().rev().take_while(|byte| is_of_word(**byte)).count(),
        };
        let value = self.take(value_len);
        if value.is_empty() || !self.skip(b':') {
            return None;
        }
        let key_len = self.string_len()?;
        let key = self.take(key_len);
        (self.skip(b',') || self.text.ends_with(b"{")).then_some((&key[1..key.len() - 1], value))
    }

    /// Returns the length of the string at the end of the text, including its quotes.
    fn string_len(&self) -> Option<usize> {
        let body = self.text.strip_suffix(b"\"")?;
        let is_open = |at: usize| {
            let escapes = body[..at].iter().rev().take_while(|byte| **byte == b'\\').count();
            body[at] == b'"' && escapes % 2 == 0
        };
        let opening = (0..body.len()).rev().find(|at| is_open(*at))?;
        Some(self.text.len() - opening)
    }
}

fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.')
}

#[cfg(test)]
mod tests;
