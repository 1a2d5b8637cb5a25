//! The members of a message, and the rules that make it valid.
//!
//! Owns: exact keys, the four kinds of message, and the types of their members.
//! Never: holds any text; it only holds positions.
//!
//! | kind | `method` | `id` | `params` | `result` | `error` |
//! |---|---|---|---|---|---|
//! | request | string | string or integer | object or array, or absent | - | - |
//! | notification | string | - | object or array, or absent | - | - |
//! | result | - | string or integer | | any | - |
//! | error | - | string or integer, null, or absent | | - | any |
//!
//! `jsonrpc` is `"2.0"`. From a child, null counts as absent in its `params`, its `_meta`, its
//! `error` beside a result, and its `result` beside an error.
//!
//! Source: JSON-RPC 2.0, sections 4 and 5; MCP 2025-11-25, basic/index, Messages (ids are never
//! null, except in the answer to a request whose id could not be read).

use bytes::Bytes;

use crate::json::params::{Params, fill};
use crate::json::scan::{Cursor, Span};
use crate::json::string;
use crate::json::{Invalid, InvalidSubject, Kind, ParseRules, Peer};
use crate::reject::Reject;

/// The maximum length of the JSON text of an id or a progress token, in bytes. Each is kept while
/// its request is in flight, so this limit bounds the memory of those requests.
pub const ID_BYTES_MAX: usize = 1024;

/// The positions of a message's known members. Other members are passed on unread.
#[derive(Debug)]
pub(super) struct Envelope {
    sender: Peer,
    pub(super) id: Option<Span>,
    pub(super) method: Option<Span>,
    pub(super) params: Option<Span>,
    pub(super) in_params: Params,
    pub(super) result: Option<Span>,
    /// `result.protocolVersion`, unless it is given twice.
    pub(super) result_revision: Option<Span>,
    pub(super) error: Option<Span>,
    version: Option<Span>,
    /// Whether a member counts as absent because it is null.
    pub(super) has_nulls: bool,
}

impl Envelope {
    /// Walks over a message once. After an error, positions found so far are not reliable.
    pub(super) fn read(text: &[u8], rules: ParseRules) -> Result<Envelope, Reject> {
        let mut cursor = Cursor::new(text);
        if cursor.peek() != b'{' {
            cursor.value();
            return cursor.check(rules).and(Err(Reject::BadMessage));
        }
        let mut envelope = Envelope::empty(rules.sender);
        cursor.enter();
        while let Some(key) = cursor.key() {
            envelope.member(key, &mut cursor)?;
        }
        cursor.check(rules)?;
        if rules.sender == Peer::Child {
            envelope.forget_nulls(text);
        }
        Ok(envelope)
    }

    fn empty(sender: Peer) -> Envelope {
        Envelope {
            sender,
            id: None,
            method: None,
            params: None,
            in_params: Params::default(),
            result: None,
            result_revision: None,
            error: None,
            version: None,
            has_nulls: false,
        }
    }

    fn member(&mut self, key: &[u8], cursor: &mut Cursor<'_>) -> Result<(), Reject> {
        let slot = match key {
            b"error" => &mut self.error,
            b"id" => &mut self.id,
            b"jsonrpc" => &mut self.version,
            b"method" => &mut self.method,
            b"params" => {
                let (in_params, span) = cursor.span(Params::read);
                self.in_params = in_params;
                return once(&mut self.params, span);
            }
            b"result" => {
                let (revision, span) = cursor.span(result_revision);
                self.result_revision = revision;
                return once(&mut self.result, span);
            }
            other if string::is_confusable(other, &string::ENVELOPE_KEYS) => {
                return Err(Reject::ConfusableKey);
            }
            _ => {
                cursor.value();
                return Ok(());
            }
        };
        once(slot, cursor.value())
    }

    /// Treats null members as absent.
    fn forget_nulls(&mut self, text: &[u8]) {
        let is_null = |span: &mut Span| span.of_text(text) == b"null";
        self.in_params.meta.take_if(is_null);
        let mut forgotten = self.params.take_if(is_null);
        if self.result.is_some() {
            forgotten = forgotten.or(self.error.take_if(is_null));
        }
        if self.error.is_some() {
            forgotten = forgotten.or(self.result.take_if(is_null));
        }
        self.has_nulls = forgotten.is_some();
    }

    /// Returns the kind of the message, if every member has the right type.
    pub(super) fn kind(&self, text: &[u8]) -> Result<Kind, Reject> {
        let of_text = |span: Option<Span>| span.map(|span| span.of_text(text));
        if of_text(self.version) != Some(br#""2.0""#) {
            return Err(Reject::BadVersion);
        }
        if self.in_params.has_twice() {
            return Err(Reject::DuplicateKey);
        }
        let kind = match (self.method, self.result, self.error, self.id) {
            (Some(_), None, None, Some(_)) => Kind::Request,
            (Some(_), None, None, None) => Kind::Notification,
            (None, Some(_), None, Some(_)) => Kind::Result,
            (None, None, Some(_), _) => Kind::Error,
            _ => return Err(Reject::BadMessage),
        };
        match of_text(self.id) {
            Some(b"null") if kind == Kind::Error => {}
            Some(id) if !is_id(id) => return Err(Reject::BadId),
            _ => {}
        }
        if of_text(self.method).is_some_and(|method| !is_string(method)) {
            return Err(Reject::BadMethod);
        }
        if matches!(kind, Kind::Request | Kind::Notification) {
            self.check_params(kind, text)?;
        }
        Ok(kind)
    }

    fn check_params(&self, kind: Kind, text: &[u8]) -> Result<(), Reject> {
        let starts = |span: Option<Span>, with: &[u8]| {
            span.is_none_or(|span| with.contains(&span.of_text(text)[0]))
        };
        let token = self.in_params.in_meta.progress_token;
        let token_is_id = token.is_none_or(|token| is_id(token.of_text(text)));
        if !starts(self.params, b"{[") {
            return Err(Reject::ParamsNotObject);
        }
        if starts(self.in_params.meta, b"{") && (kind == Kind::Notification || token_is_id) {
            return Ok(());
        }
        Err(Reject::BadParams)
    }

    /// Returns the error for this message if it is invalid.
    pub(super) fn invalid(&self, reject: Reject, line: &Bytes) -> Invalid {
        let id = self.id.filter(|id| is_id(id.of_text(line)));
        Invalid { reject, concerned: id.and_then(|id| self.about(line.slice(id.range()))) }
    }

    /// Returns the request it concerns, as far as its members show. A child may print any object,
    /// such as a log record with an `id`, so its objects count only if they have another member of
    /// a message.
    fn about(&self, id: Bytes) -> Option<InvalidSubject> {
        let answers = self.result.is_some() || self.error.is_some();
        match self.sender {
            _ if self.method.is_some() => Some(InvalidSubject::Request(id)),
            _ if answers => Some(InvalidSubject::Answer(id)),
            Peer::Client => Some(InvalidSubject::Request(id)),
            Peer::Child => self.version.map(|_| InvalidSubject::Answer(id)),
        }
    }
}

/// Goes past a result, and returns where its `protocolVersion` is, if that is given once.
fn result_revision(cursor: &mut Cursor<'_>) -> Option<Span> {
    if cursor.peek() != b'{' {
        cursor.value();
        return None;
    }
    cursor.enter();
    let mut revision = None;
    let mut is_twice = false;
    while let Some(key) = cursor.key() {
        let is_revision =
            key.len() >= REVISION.len() && *string::unescape(key) == *REVISION.as_bytes();
        let value = cursor.value();
        is_twice |= is_revision && revision.replace(value).is_some();
    }
    revision.filter(|_| !is_twice)
}

/// The member of the answer to `initialize` that names the revision.
const REVISION: &str = "protocolVersion";

/// Records the position of a member's value, unless the member is a duplicate.
fn once(slot: &mut Option<Span>, value: Span) -> Result<(), Reject> {
    if fill(slot, value) { Err(Reject::DuplicateKey) } else { Ok(()) }
}

/// Returns whether a value can be an id or a progress token: a string, or a number without a
/// fraction in any notation, within the length limit.
pub(crate) fn is_id(value: &[u8]) -> bool {
    value.len() <= ID_BYTES_MAX && (is_string(value) || is_number(value) && is_whole(value))
}

/// Returns whether a value is a string.
pub(super) fn is_string(value: &[u8]) -> bool {
    value.starts_with(b"\"")
}

/// Returns whether a value is a number.
pub(super) fn is_number(value: &[u8]) -> bool {
    value.first().is_some_and(|first| matches!(first, b'-' | b'0'..=b'9'))
}

/// Returns whether a number has no fraction, as with `1.0`, `1e2` and `10e-1`. This compares
/// digits, because an id may be longer than any number type: the last significant digit must not be
/// behind the point after the exponent has moved it.
fn is_whole(number: &[u8]) -> bool {
    let (mantissa, exponent) = split(number.strip_prefix(b"-").unwrap_or(number), b"eE");
    let (whole, fraction) = split(mantissa, b".");
    let fraction = trim_zeros(fraction);
    let significant = trim_zeros(whole);
    if significant.is_empty() && fraction.is_empty() {
        return true;
    }
    let exponent = string::as_str(exponent);
    let too_large = if exponent.starts_with('-') { i64::MIN } else { i64::MAX };
    let shift = if exponent.is_empty() { 0 } else { exponent.parse().unwrap_or(too_large) };
    match fraction.len() {
        0 => (significant.len() as i64 - whole.len() as i64) <= shift,
        places => places as i64 <= shift,
    }
}

fn split<'a>(text: &'a [u8], at: &[u8]) -> (&'a [u8], &'a [u8]) {
    match text.iter().position(|byte| at.contains(byte)) {
        Some(place) => (&text[..place], &text[place + 1..]),
        None => (text, b""),
    }
}

fn trim_zeros(digits: &[u8]) -> &[u8] {
    let end = digits.iter().rposition(|&digit| digit != b'0').map_or(0, |last| last + 1);
    &digits[..end]
}
