//! Parses a request head, byte by byte and strictly.
//!
//! Owns: the grammar of the request line and of header lines (RFC 9112, sections 2 to 5), and their
//! size limits. Never: the meaning of a header (see [`fields`](super::fields)).
//!
//! Each byte is checked in order, so the verdict depends on the bytes alone and not on how they
//! arrived. Bytes that cannot become a request are refused at once: a TLS hello at its first byte,
//! an HTTP/2 preface after `PRI `.

use std::ops::Range;

use crate::limits::Limits;
use crate::reject::Reject;

use super::fields::{Field, Fields, Framing, trim};

/// The head of a request, as far as it was received.
#[derive(Debug)]
pub(super) struct Head {
    /// The number of checked bytes.
    at: usize,
    /// The start of the current part.
    start: usize,
    part: Part,
    lines: usize,
    is_http_10: bool,
    /// The range of the authority in a target in absolute form (RFC 9112, section 3.2.2).
    authority: Option<Range<usize>>,
    /// The range of the last header's name.
    name: Range<usize>,
    fields: Fields,
}

/// The part that the next byte belongs to.
#[derive(Clone, Copy, Debug)]
enum Part {
    Method,
    /// The scheme of a target in absolute form.
    Scheme,
    /// The authority behind it.
    Authority,
    /// A path, and a query.
    Target,
    Version,
    /// The LF of a line.
    LineEnd,
    /// A header's name, or the CR of the empty line.
    Name,
    Value(Field),
    /// The LF of the empty line.
    HeadEnd,
    Complete,
}

impl Head {
    /// Creates the parser for a head after this number of skipped bytes.
    pub(super) fn new(skipped: usize) -> Self {
        Head {
            at: skipped,
            start: skipped,
            part: Part::Method,
            lines: 0,
            is_http_10: false,
            authority: None,
            name: 0..0,
            fields: Fields::default(),
        }
    }

    /// Returns the value of `Origin`, if the head was read so far.
    pub(super) fn origin(&mut self) -> Option<Box<[u8]>> {
        self.fields.origin()
    }

    /// Describes the position of the refused fault in `bytes`, which begin with the head.
    pub(super) fn fault(&self, bytes: &[u8], reject: Reject) -> Option<String> {
        let place = match self.part {
            Part::Method => "the method".to_owned(),
            Part::Scheme | Part::Authority | Part::Target => "the target".to_owned(),
            Part::Version => "the version".to_owned(),
            Part::LineEnd | Part::HeadEnd => "the end of a line".to_owned(),
            Part::Name => "a header name".to_owned(),
            Part::Value(_) => {
                let name = String::from_utf8_lossy(&bytes[self.name.clone()]);
                format!("the header {}", name.to_ascii_lowercase())
            }
            Part::Complete => return None,
        };
        let part = bytes.get(self.start..self.at).unwrap_or_default();
        Some(match (reject, bytes.get(self.at)) {
            (Reject::BadHead, Some(TLS_HELLO)) if self.at == 0 => {
                "byte 0x16 in the method, as TLS begins; only cleartext HTTP is served".to_owned()
            }
            (Reject::BadHead, Some(byte)) => format!("byte 0x{byte:02x} in {place}"),
            (Reject::HeadTooLarge | Reject::TargetTooLong, _) => format!("too long in {place}"),
            _ => format!("{place}: {}", String::from_utf8_lossy(part).trim()),
        })
    }

    /// Returns the length of a complete head.
    pub(super) fn len(&self) -> usize {
        self.at
    }

    /// Checks the new part of `bytes`, which begin with the head; returns the framing of its body
    /// once the head is complete.
    pub(super) fn scan(
        &mut self,
        bytes: &[u8],
        limits: &Limits,
    ) -> Result<Option<Framing>, Reject> {
        let window = &bytes[..bytes.len().min(limits.head_bytes_max)];
        while self.at < window.len() {
            self.judge(window, limits)?;
            if let Part::Complete = self.part {
                return {
                    // Without `Host` there is nothing that an authority could match.
                    let may_lack_host = self.is_http_10 && self.authority.is_none();
                    self.fields.framing(limits, may_lack_host).map(Some)
                };
            }
        }
        if window.len() < limits.head_bytes_max { Ok(None) } else { Err(Reject::HeadTooLarge) }
    }

    /// Checks at least one byte.
    fn judge(&mut self, window: &[u8], limits: &Limits) -> Result<(), Reject> {
        match self.part {
            Part::Method => self.judge_method(window),
            Part::Scheme => self.judge_scheme(window),
            Part::Authority => self.judge_authority(window, limits),
            Part::Target => self.judge_target(window, limits),
            Part::Version => self.judge_version(window[self.at]),
            Part::LineEnd => self.expect_lf(window[self.at], Part::Name),
            Part::Name => self.judge_name(window, limits),
            Part::Value(field) => self.judge_value(field, window),
            Part::HeadEnd => self.expect_lf(window[self.at], Part::Complete),
            Part::Complete => Ok(()),
        }
    }

    fn judge_method(&mut self, window: &[u8]) -> Result<(), Reject> {
        let Some(end) = self.skip(window, TOKEN) else { return Ok(()) };
        match &window[self.start..self.at] {
            b"" => return Err(Reject::BadHead),
            // Reserved for the preface of HTTP/2 (RFC 9113, section 11.6).
            b"PRI" => return Err(Reject::UnsupportedHttpVersion),
            // Its target is an authority, and its answer would turn the connection into a tunnel.
            b"CONNECT" => return Err(Reject::BadTarget),
            _ => {}
        }
        self.end_part(end == b' ', Part::Target)
    }

    fn judge_scheme(&mut self, window: &[u8]) -> Result<(), Reject> {
        let seen = &window[self.start..=self.at];
        let begins = |scheme: &[u8]| {
            scheme.get(..seen.len()).is_some_and(|start| seen.eq_ignore_ascii_case(start))
        };
        if !begins(b"http://") && !begins(b"https://") {
            return Err(bad_target(window[self.at]));
        }
        self.at += 1;
        if seen.ends_with(b"//") {
            self.start = self.at;
            self.part = Part::Authority;
        }
        Ok(())
    }

    /// Checks that `Host` repeats the authority. The rest of the target is a path.
    fn judge_authority(&mut self, window: &[u8], limits: &Limits) -> Result<(), Reject> {
        let rest = &window[self.at..];
        let is_end = |byte: &u8| *byte == b'/' || CLASSES[usize::from(*byte)] & TARGET == 0;
        let end = rest.iter().position(is_end);
        self.at += end.unwrap_or(rest.len());
        if self.at - self.start > limits.target_bytes_max {
            return Err(Reject::TargetTooLong);
        }
        match end.map(|end| rest[end]) {
            None => Ok(()),
            Some(b'/') => {
                self.authority = Some(self.start..self.at);
                self.start = self.at;
                self.part = Part::Target;
                Ok(())
            }
            Some(b' ') => Err(Reject::BadTarget),
            Some(other) => Err(bad_target(other)),
        }
    }

    fn judge_target(&mut self, window: &[u8], limits: &Limits) -> Result<(), Reject> {
        let is_first = self.at == self.start;
        if is_first && self.authority.is_none() && window[self.at].eq_ignore_ascii_case(&b'h') {
            self.part = Part::Scheme;
            return Ok(());
        }
        if is_first && window[self.at] != b'/' {
            return Err(bad_target(window[self.at]));
        }
        let end = self.skip(window, TARGET);
        if self.at - self.start > limits.target_bytes_max {
            return Err(Reject::TargetTooLong);
        }
        match end {
            None => Ok(()),
            Some(b' ') => self.end_part(true, Part::Version),
            // HTTP/0.9: a request line without a version.
            Some(b'\r') => Err(Reject::UnsupportedHttpVersion),
            Some(other) => Err(bad_target(other)),
        }
    }

    fn judge_version(&mut self, byte: u8) -> Result<(), Reject> {
        match (self.at - self.start, byte) {
            (index @ 0..=4, _) if byte == b"HTTP/"[index] => {}
            (5, b'1') | (6, b'.') | (7, b'1') => {}
            (7, b'0') => self.is_http_10 = true,
            (5 | 7, b'0'..=b'9') => return Err(Reject::UnsupportedHttpVersion),
            (8, b'\r') => return self.end_part(true, Part::LineEnd),
            _ => return Err(Reject::BadHead),
        }
        self.at += 1;
        Ok(())
    }

    fn judge_name(&mut self, window: &[u8], limits: &Limits) -> Result<(), Reject> {
        if self.at == self.start {
            if window[self.at] == b'\r' {
                return self.end_part(true, Part::HeadEnd);
            }
            if self.lines == limits.head_lines_max {
                return Err(Reject::HeadTooLarge);
            }
        }
        let Some(end) = self.skip(window, TOKEN) else { return Ok(()) };
        self.name = self.start..self.at;
        let name = &window[self.name.clone()];
        self.lines += 1;
        self.end_part(end == b':' && !name.is_empty(), Part::Value(Field::of(name)))
    }

    fn judge_value(&mut self, field: Field, window: &[u8]) -> Result<(), Reject> {
        let Some(end) = self.skip(window, VALUE) else { return Ok(()) };
        if end != b'\r' {
            return Err(Reject::BadHead);
        }
        let value = &window[self.start..self.at];
        self.fields.take(field, value, self.is_http_10)?;
        if let (Field::Host, Some(authority)) = (field, self.authority.clone())
            && !window[authority].eq_ignore_ascii_case(trim(value))
        {
            return Err(Reject::BadTarget);
        }
        self.end_part(true, Part::LineEnd)
    }

    fn expect_lf(&mut self, byte: u8, next: Part) -> Result<(), Reject> {
        self.end_part(byte == b'\n', next)
    }

    /// Moves past the delimiter at `at` to the next part, if it is the right one.
    fn end_part(&mut self, is_delimiter: bool, next: Part) -> Result<(), Reject> {
        if !is_delimiter {
            return Err(Reject::BadHead);
        }
        self.at += 1;
        self.start = self.at;
        self.part = next;
        Ok(())
    }

    /// Moves past bytes of `class`; returns the first other byte, and leaves it at `at`.
    fn skip(&mut self, window: &[u8], class: u8) -> Option<u8> {
        let rest = &window[self.at..];
        let run = rest.iter().position(|&byte| CLASSES[byte as usize] & class == 0);
        self.at += run.unwrap_or(rest.len());
        run.map(|run| rest[run])
    }
}

/// Returns the reason for a byte that a target cannot have: a printable byte makes a bad target,
/// any other one a bad line.
fn bad_target(byte: u8) -> Reject {
    if byte.is_ascii_graphic() { Reject::BadTarget } else { Reject::BadHead }
}

/// Bytes allowed in methods and header names (RFC 9110, section 5.6.2).
const TOKEN: u8 = 1;
/// Bytes allowed in a target: visible ASCII except those that must be escaped in a path or query. A
/// fragment (`#`) is never sent (RFC 9112, section 3.2.1).
const TARGET: u8 = 2;
/// Bytes allowed in a header's value: visible ASCII, space, tab, and 0x80 and above (RFC 9110,
/// section 5.5, `obs-text`). Gateways send names in UTF-8; [`fields`](super::fields) refuses such
/// bytes in the values that it reads.
const VALUE: u8 = 4;

/// The first byte of a TLS connection.
const TLS_HELLO: &u8 = &0x16;

/// Returns whether a byte is allowed in the value of a header.
pub(super) fn is_value_byte(byte: u8) -> bool {
    CLASSES[usize::from(byte)] & VALUE != 0
}

/// Returns whether a byte is allowed in a token (RFC 9110, section 5.6.2).
pub(crate) fn is_token_byte(byte: u8) -> bool {
    CLASSES[usize::from(byte)] & TOKEN != 0
}

const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 128 {
        let ascii = byte as u8;
        let is_graphic = ascii.is_ascii_graphic();
        if ascii.is_ascii_alphanumeric() || is_one_of(ascii, b"!#$%&'*+-.^_`|~") {
            classes[byte] |= TOKEN;
        }
        if is_graphic && !is_one_of(ascii, b"\"#<>`") {
            classes[byte] |= TARGET;
        }
        if is_graphic || is_one_of(ascii, b" \t") {
            classes[byte] |= VALUE;
        }
        byte += 1;
    }
    while byte < classes.len() {
        classes[byte] |= VALUE;
        byte += 1;
    }
    classes
};

const fn is_one_of(byte: u8, set: &[u8]) -> bool {
    let mut index = 0;
    while index < set.len() {
        if set[index] == byte {
            return true;
        }
        index += 1;
    }
    false
}
