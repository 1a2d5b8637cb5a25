//! The header fields that determine the framing of a request, and those that can invalidate it.
//!
//! Owns: `Content-Length` and `Transfer-Encoding` (RFC 9112, section 6), `Host` (RFC 9110, section
//! 7.2), `Expect` (RFC 9110, section 10.1.1). Their values, and that of `Connection`, are ASCII;
//! any other value may hold bytes above 0x7f, which have no meaning here (RFC 9110, section 5.5).
//! Never: whether a host or an origin is allowed.

use core::net::Ipv6Addr;

use crate::limits::Limits;
use crate::reject::Reject;

/// The fields that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Connection,
    ContentLength,
    Expect,
    Host,
    Origin,
    Other,
    TransferEncoding,
}

/// The framing of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// A length in bytes; 0 without either field.
    Length(u64),
    /// Chunks, up to one of length 0.
    Chunked,
}

/// The values in the fields of a head so far.
#[derive(Debug, Default)]
pub(super) struct Fields {
    host: bool,
    length: Option<u64>,
    chunked: bool,
    origin: Option<Box<[u8]>>,
}

impl Field {
    /// Returns the field of this name, ignoring case.
    pub(super) fn of(name: &[u8]) -> Field {
        let (field, spelling): (_, &[u8]) = match name.len() {
            4 => (Field::Host, b"host"),
            6 if name[0].eq_ignore_ascii_case(&b'o') => (Field::Origin, b"origin"),
            6 => (Field::Expect, b"expect"),
            10 => (Field::Connection, b"connection"),
            14 => (Field::ContentLength, b"content-length"),
            17 => (Field::TransferEncoding, b"transfer-encoding"),
            _ => return Field::Other,
        };
        if name.eq_ignore_ascii_case(spelling) { field } else { Field::Other }
    }
}

impl Fields {
    /// Processes one line. `value` may be surrounded by spaces, but not by tabs.
    pub(super) fn take(
        &mut self,
        field: Field,
        value: &[u8],
        is_http_10: bool,
    ) -> Result<(), Reject> {
        match field {
            Field::Other => Ok(()),
            // The HTTP libraries interpret other values differently.
            Field::Connection if value.is_ascii() => Ok(()),
            Field::Connection => Err(Reject::BadHead),
            Field::Origin => {
                self.take_origin(trim(value));
                Ok(())
            }
            Field::ContentLength => self.take_length(trim(value)),
            Field::TransferEncoding => self.take_coding(trim(value), is_http_10),
            Field::Host => self.take_host(trim(value)),
            Field::Expect if trim(value).eq_ignore_ascii_case(b"100-continue") => Ok(()),
            Field::Expect => Err(Reject::UnknownExpectation),
        }
    }

    /// Returns the framing of the body, after all lines.
    pub(super) fn framing(&self, limits: &Limits, is_http_10: bool) -> Result<Framing, Reject> {
        if !self.host && !is_http_10 {
            return Err(Reject::BadHost);
        }
        if self.chunked {
            return Ok(Framing::Chunked);
        }
        let length = self.length.unwrap_or(0);
        if length > limits.body_bytes_max as u64 {
            return Err(Reject::BodyTooLarge { limit: limits.body_bytes_max });
        }
        Ok(Framing::Length(length))
    }

    /// Returns the value of `Origin`, for the answer to a request that is refused here. It is
    /// empty, which is not an origin, if there are several or it is longer than any origin.
    pub(super) fn origin(&mut self) -> Option<Box<[u8]>> {
        self.origin.take()
    }

    fn take_origin(&mut self, value: &[u8]) {
        let is_clear = self.origin.is_none() && value.len() <= ORIGIN_BYTES_MAX;
        self.origin = Some(if is_clear { value.into() } else { Box::default() });
    }

    fn take_length(&mut self, value: &[u8]) -> Result<(), Reject> {
        if self.length.is_some() || self.chunked || value.contains(&b',') {
            return Err(Reject::AmbiguousLength);
        }
        self.length = Some(number(value).ok_or(Reject::BadLength)?);
        Ok(())
    }

    fn take_coding(&mut self, value: &[u8], is_http_10: bool) -> Result<(), Reject> {
        if self.length.is_some() {
            return Err(Reject::AmbiguousLength);
        }
        if self.chunked || is_http_10 || !value.eq_ignore_ascii_case(b"chunked") {
            return Err(Reject::BadTransferCoding);
        }
        self.chunked = true;
        Ok(())
    }

    fn take_host(&mut self, value: &[u8]) -> Result<(), Reject> {
        if self.host || !is_host(value) {
            return Err(Reject::BadHost);
        }
        self.host = true;
        Ok(())
    }
}

/// Returns whether `value` is a name or an address with an optional port.
fn is_host(value: &[u8]) -> bool {
    let (is_valid, port) = if let Some(rest) = value.strip_prefix(b"[") {
        let Some(end) = rest.iter().position(|&byte| byte == b']') else { return false };
        (is_ipv6(&rest[..end]), &rest[end + 1..])
    } else {
        let end = value.iter().position(|&byte| byte == b':').unwrap_or(value.len());
        (is_name(&value[..end]), &value[end..])
    };
    is_valid && is_port_suffix(port)
}

fn is_ipv6(text: &[u8]) -> bool {
    str::from_utf8(text).is_ok_and(|text| text.parse::<Ipv6Addr>().is_ok())
}

/// Returns whether a text has only unreserved characters of RFC 3986, which covers host names, IPv4
/// addresses and underscores in the names of containers. Names that can be resolved have no escapes
/// or sub-delimiters.
fn is_name(text: &[u8]) -> bool {
    let is_allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    !text.is_empty() && text.iter().all(is_allowed)
}

fn is_port_suffix(text: &[u8]) -> bool {
    let Some(port) = text.strip_prefix(b":") else { return text.is_empty() };
    port.len() <= 5 && number(port).is_some_and(|port| port <= u64::from(u16::MAX))
}

/// Parses a number of decimal digits.
fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |number, &byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

/// The length of a host name of 253 bytes with a scheme and a port.
const ORIGIN_BYTES_MAX: usize = 512;

pub(super) fn trim(mut value: &[u8]) -> &[u8] {
    while let [b' ', rest @ ..] | [rest @ .., b' '] = value {
        value = rest;
    }
    value
}
