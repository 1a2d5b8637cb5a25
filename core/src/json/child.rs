//! Parses a line of a child into the messages that can be read from it in only one way.
//!
//! Owns: which deviations from JSON-RPC are accepted from a child, and how any other line is
//! reported.
//! Never: guesses which request a line answers; [`LineSubject`] is all that can be known.
//!
//! A line that is exactly one valid message is taken unchanged. Any other line is handled as
//! follows:
//!
//! | the line | what is taken |
//! |---|---|
//! | begins with a byte order mark | the text after it (RFC 8259, section 8.1) |
//! | has members that are null in place of absent, or keys that resemble `id`, `method`, … | the message without them, because clients may refuse them |
//! | is an array | each message in it |
//! | holds bytes that are not UTF-8, raw control characters in strings, `NaN`, `Infinity` | the message with U+FFFD, escapes and null in their place |
//! | has terminal sequences around JSON, or several messages | each message |
//! | has an answer after other text | the answer, if it is to the only request in flight |
//! | has an `error` that is not an error object | the message with an error object that holds it |
//!
//! Everything else is [`InvalidLine`].

use bytes::Bytes;
use memchr::memmem;
use serde::de::IgnoredAny;

use crate::json::object::Object;
use crate::json::partial_message::{LineSubject, PartialMessage};
use crate::json::repair::{error_object, repaired, without_controls};
use crate::json::scan::Cursor;
use crate::json::{Answer, Kind, Message, ParseRules, text, tidy};
use crate::log_text::{escape_untrusted, truncate_for_log};
use crate::memory::Account;
use crate::reject::{Flaw, Reject};

/// A line, or a part of one, that is not a message.
#[derive(Clone, Debug)]
pub struct InvalidLine {
    /// The reason.
    pub flaw: Flaw,
    /// The request that it answers, if that can be determined.
    pub concerns: LineSubject,
    /// Its beginning, at most 120 bytes.
    pub excerpt: Bytes,
    /// Its length; for a line over the limit, the number of bytes known so far.
    pub bytes: usize,
}

/// The number of bytes of a line that are kept for the log.
pub(crate) const EXCERPT_BYTES: usize = 120;

impl InvalidLine {
    /// Creates one of an answer that cannot be passed on.
    pub(crate) fn unusable(flaw: Flaw, answer: &Message) -> InvalidLine {
        let concerns = match answer.id() {
            Some(id) => LineSubject::Request(Bytes::copy_from_slice(id)),
            None => LineSubject::AnyRequest,
        };
        InvalidLine::new(flaw, concerns, answer.bytes())
    }

    pub(crate) fn new(flaw: Flaw, concerns: LineSubject, text: &[u8]) -> InvalidLine {
        let excerpt = Bytes::copy_from_slice(&text[..text.len().min(EXCERPT_BYTES)]);
        InvalidLine { flaw, concerns, excerpt, bytes: text.len() }
    }
}

/// Parses a line of a child, and calls `each` with its contents, in order.
pub(crate) fn read_line(
    line: Bytes,
    rules: ParseRules,
    account: &Account,
    each: &mut impl FnMut(Result<Message, InvalidLine>),
) {
    let line = match line.strip_prefix(BYTE_ORDER_MARK) {
        Some(rest) => line.slice_ref(rest),
        None => line,
    };
    let mut reader = Reader { rules, account, each, has_noise: false };
    if text::check(&line).is_ok() {
        return reader.value(text::on_one_line(line));
    }
    let text = without_controls(&line);
    match text.first() {
        None => {}
        Some(b'{' | b'[') => reader.broken(text),
        Some(_) => reader.other_text(&line),
    }
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

struct Reader<'a, F> {
    rules: ParseRules,
    /// Accounts for the bytes of messages that were changed here.
    account: &'a Account,
    each: &'a mut F,
    /// Whether the line has been reported as noise; it is reported once.
    has_noise: bool,
}

impl<F: FnMut(Result<Message, InvalidLine>)> Reader<'_, F> {
    /// Handles a JSON text on one line.
    fn value(&mut self, text: Bytes) {
        if text.first() != Some(&b'[') {
            return self.message(text);
        }
        let mut cursor = Cursor::new(&text);
        cursor.enter();
        while cursor.element() {
            let element = text.slice(cursor.value().range());
            self.message(element);
        }
    }

    /// Handles a JSON text on one line that must be one message.
    fn message(&mut self, text: Bytes) {
        let read = match Message::read(text, self.rules) {
            Ok(message) if message.has_nulls() => {
                self.read_tidied(message.bytes().clone(), Reject::BadMessage)
            }
            Ok(message) => Ok(message),
            Err((invalid, text)) => self.read_tidied(text, invalid.reject),
        };
        match read {
            Ok(message) if message.kind() == Kind::Error => {
                let message = self.with_error_object(message);
                (self.each)(Ok(message));
            }
            Ok(message) => (self.each)(Ok(message)),
            Err((reject, text)) => {
                let concerns = PartialMessage::of(&text).concerns();
                self.unreadable(Flaw::from(reject), concerns, &text);
            }
        }
    }

    /// Parses a message without the members that are removed by [`tidy`](super::tidy).
    fn read_tidied(&self, text: Bytes, reject: Reject) -> Result<Message, (Reject, Bytes)> {
        let Some(tidied) = tidy::tidied(&text) else { return Err((reject, text)) };
        Message::read(self.account.hold(tidied.into()), self.rules)
            .map_err(|(invalid, _)| (invalid.reject, text))
    }

    /// Handles a text that begins like JSON but is not.
    fn broken(&mut self, text: &[u8]) {
        let mended = repaired(text);
        let mut rest = &mended[..];
        let mut values = 0;
        while !rest.is_empty() {
            let Some(len) = value_len(rest) else {
                let concerns = match rest[0] {
                    b'{' => PartialMessage::of(rest).concerns(),
                    _ => LineSubject::Nothing,
                };
                return self.unreadable(Flaw::NotJson, concerns, rest);
            };
            let value = text::on_one_line(Bytes::copy_from_slice(&rest[..len]));
            self.value(self.account.hold(value));
            rest = without_controls(&rest[len..]);
            values += 1;
        }
        if values > 0 {
            self.unreadable(Flaw::Mended, LineSubject::Nothing, text);
        }
    }

    /// Handles a text that does not begin like JSON.
    fn other_text(&mut self, line: &[u8]) {
        let concerns = self.quoted(line).unwrap_or(LineSubject::Nothing);
        self.unreadable(Flaw::NotJson, concerns, line);
    }

    /// Returns the answer that follows other text, up to the end of the line.
    fn quoted(&self, line: &[u8]) -> Option<LineSubject> {
        memmem::find(line, br#""jsonrpc""#)?;
        let start = memmem::find(line, b"{\"")?;
        let rest = &line[start..];
        let len = value_len(rest)?;
        if !without_controls(&rest[len..]).is_empty() || text::check(&rest[..len]).is_err() {
            return None;
        }
        let text = text::on_one_line(Bytes::copy_from_slice(&rest[..len]));
        let message = Message::read(self.account.hold(text), self.rules).ok()?;
        let is_answer = matches!(message.kind(), Kind::Result | Kind::Error);
        (is_answer && message.id().is_some())
            .then(|| LineSubject::Quoted(Box::new(self.with_error_object(message))))
    }

    /// Returns the message with an error object that holds the child's value in place of it
    /// (JSON-RPC 2.0, section 5.1).
    fn with_error_object(&self, message: Message) -> Message {
        let object = match Answer::of(&message) {
            Some(Answer::Error(error)) => error_object(&error),
            _ => None,
        };
        let Some(object) = object else { return message };
        let line = Answer::Error(object.into()).line(message.id().unwrap_or(b"null"));
        Message::read(self.account.hold(line.into()), self.rules).unwrap_or(message)
    }

    fn unreadable(&mut self, flaw: Flaw, concerns: LineSubject, text: &[u8]) {
        let is_noise = matches!(concerns, LineSubject::Nothing);
        if !(is_noise && self.has_noise) {
            self.has_noise |= is_noise;
            (self.each)(Err(InvalidLine::new(flaw, concerns, text)));
        }
    }
}

/// Returns the length of the JSON value at the start of a text.
fn value_len(text: &[u8]) -> Option<usize> {
    let mut values = serde_json::Deserializer::from_slice(text).into_iter::<IgnoredAny>();
    values.next()?.ok()?;
    Some(values.byte_offset())
}

/// Returns the message of a child's JSON-RPC error, escaped and cut short.
pub(crate) fn error_words(error: &[u8]) -> String {
    if error.len() > ERROR_BYTES_MAX {
        return format!("an error of {} bytes", error.len());
    }
    let error = Object::read_or_empty(Some(error));
    let message = error.text("message").unwrap_or_default();
    truncate_for_log(&escape_untrusted(message.as_bytes())).into_owned()
}

/// The maximum length of an error object that is parsed for its message.
const ERROR_BYTES_MAX: usize = 64 * 1024;

#[cfg(test)]
mod tests;
