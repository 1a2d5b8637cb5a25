//! The content coding of an answer (RFC 9110, section 12.5.3).
//!
//! Owns: the codings that a client accepts, by `Accept-Encoding`. Never: compresses; the adapter
//! does.

use crate::http::accept::{WEIGHT_MAX, weight};
use crate::http::media::members;

/// The coding of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentCoding {
    /// Not compressed, regardless of the client.
    Uncompressed,
    /// Compressed with gzip (RFC 1952).
    Gzip,
    /// Not compressed, because of the client's header.
    Identity,
}

impl ContentCoding {
    /// Returns the coding that `Accept-Encoding` lines, in order, allow. Only clients that name
    /// gzip or `*`, and do not prefer identity, get compressed answers.
    pub(super) fn accepted<'a>(lines: impl Iterator<Item = &'a [u8]>) -> ContentCoding {
        let (mut gzip, mut identity, mut other) = (None, None, None);
        for member in lines.flat_map(members) {
            let Some((name, weight)) = parse(member) else { continue };
            let verdict = match name {
                _ if is(name, "gzip") || is(name, "x-gzip") => &mut gzip,
                _ if is(name, "identity") => &mut identity,
                b"*" => &mut other,
                _ => continue,
            };
            *verdict = (*verdict).max(Some(weight));
        }
        let gzip = gzip.or(other).unwrap_or(0);
        match gzip > 0 && gzip >= identity.unwrap_or(0) {
            true => ContentCoding::Gzip,
            false => ContentCoding::Identity,
        }
    }
}

/// Parses a coding and its weight, or returns `None` if the member is malformed.
fn parse(member: &[u8]) -> Option<(&[u8], u16)> {
    let mut parts = member.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
    let name = parts.next()?;
    let weight = match (parts.next(), parts.next()) {
        (None, _) => WEIGHT_MAX,
        (Some([b'q' | b'Q', b'=', value @ ..]), None) => weight(value)?,
        _ => return None,
    };
    Some((name, weight))
}

fn is(name: &[u8], coding: &str) -> bool {
    name.eq_ignore_ascii_case(coding.as_bytes())
}

#[cfg(test)]
mod tests;
