//! Parsers for media types and lists of them (RFC 9110, sections 5.6 and 8.3.1).
//!
//! Owns: the grammar, shared by `Accept` and `Content-Type`. Never: decides which media types are
//! served.

use std::borrow::Cow;

use smallvec::SmallVec;

use crate::http::guard::is_token_byte;

/// A media type, or a media range with `*` for one or both names.
#[derive(Debug)]
pub(super) struct Media<'a> {
    kind: &'a [u8],
    subtype: &'a [u8],
    parameters: SmallVec<[Parameter<'a>; 2]>,
}

#[derive(Debug)]
struct Parameter<'a> {
    name: &'a [u8],
    value: Cow<'a, [u8]>,
}

impl<'a> Media<'a> {
    /// Parses a media type with its parameters, or returns `None` if it is malformed.
    pub(super) fn parse(text: &'a [u8]) -> Option<Media<'a>> {
        let mut rest = text.trim_ascii();
        let kind = token(&mut rest)?;
        rest = rest.strip_prefix(b"/")?;
        let subtype = token(&mut rest)?;
        let mut parameters = SmallVec::new();
        while let Some(after) = trim_start(rest).strip_prefix(b";") {
            rest = trim_start(after);
            // `;` with nothing behind it is allowed (section 5.6.6).
            if !matches!(rest.first(), None | Some(b';')) {
                parameters.push(parameter(&mut rest)?);
            }
        }
        rest.is_empty().then_some(Media { kind, subtype, parameters })
    }

    /// Returns whether this is the media type `kind/subtype`, ignoring case.
    pub(super) fn is(&self, kind: &str, subtype: &str) -> bool {
        self.kind.eq_ignore_ascii_case(kind.as_bytes())
            && self.subtype.eq_ignore_ascii_case(subtype.as_bytes())
    }

    /// Iterates over the values of the parameters of this name, ignoring its case.
    pub(super) fn parameters(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.parameters
            .iter()
            .filter(move |p| p.name.eq_ignore_ascii_case(name.as_bytes()))
            .map(|p| &*p.value)
    }
}

/// Iterates over the members of a comma-separated list that are not empty, without surrounding
/// white space. A comma inside a quoted string does not separate members.
pub(super) fn members(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (mut quoted, mut escaped) = (false, false);
    list.split(move |byte| {
        let literal = std::mem::take(&mut escaped);
        match byte {
            _ if literal => {}
            b'"' => quoted = !quoted,
            b'\\' => escaped = quoted,
            _ => {}
        }
        !quoted && !literal && *byte == b','
    })
    .map(<[u8]>::trim_ascii)
    .filter(|member| !member.is_empty())
}

fn parameter<'a>(rest: &mut &'a [u8]) -> Option<Parameter<'a>> {
    let name = token(rest)?;
    *rest = rest.strip_prefix(b"=")?;
    let value = match rest.first() {
        Some(b'"') => Cow::Owned(quoted_string(rest)?),
        _ => Cow::Borrowed(token(rest)?),
    };
    Some(Parameter { name, value })
}

fn token<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let end = rest.iter().position(|byte| !is_token_byte(*byte)).unwrap_or(rest.len());
    let (token, after) = rest.split_at(end);
    *rest = after;
    (!token.is_empty()).then_some(token)
}

fn quoted_string(rest: &mut &[u8]) -> Option<Vec<u8>> {
    let mut value = Vec::new();
    let mut bytes = rest.iter().enumerate().skip(1);
    loop {
        match bytes.next()? {
            (end, b'"') => {
                *rest = &rest[end + 1..];
                return Some(value);
            }
            (_, b'\\') => value.push(*bytes.next()?.1),
            (_, byte) => value.push(*byte),
        }
    }
}

fn trim_start(text: &[u8]) -> &[u8] {
    let end = text.iter().position(|byte| !matches!(byte, b' ' | b'\t')).unwrap_or(text.len());
    &text[end..]
}

#[cfg(test)]
mod tests;
