//! JSON Web Tokens, decoded without a key.
//!
//! Owns: parsing the compact form of a signed token, and its times. Never: a verdict on the
//! signature. Without a key, nothing in a token is verified.
//!
//! Source: RFC 7515, section 7.1; RFC 7519, sections 2 and 4.1.

use std::fmt;

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use pontoon_core::Duration;
use serde_json::{Map, Value};

use super::text;
use crate::calendar::date;

/// A decoded token.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Jwt<'a> {
    /// The header: algorithm and key.
    pub(super) header: Map<String, Value>,
    /// The claims.
    pub(super) payload: Map<String, Value>,
    /// Header, payload and signature, encoded.
    pub(super) parts: [&'a str; 3],
}

/// The reason why a text is not a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Malformed {
    /// A part is not in base64url.
    Base64(&'static str),
    /// Five parts: its content is encrypted (RFC 7516).
    Encrypted,
    /// A part is not a JSON object.
    Object(&'static str),
    /// The number of parts, if it is not three.
    Parts(usize),
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Malformed::Base64(part) => write!(f, "the {part} of the token is not in base64url"),
            Malformed::Encrypted => f.write_str("the token is encrypted (JWE): five parts"),
            Malformed::Object(part) => write!(f, "the {part} of the token is not a JSON object"),
            Malformed::Parts(1) => f.write_str("not a JWT: one part instead of three"),
            Malformed::Parts(parts) => write!(f, "not a JWT: {parts} parts instead of three"),
        }
    }
}

impl<'a> Jwt<'a> {
    /// Decodes a token.
    pub(super) fn parse(token: &'a str) -> Result<Self, Malformed> {
        let count = token.split('.').count();
        let mut parts = token.split('.');
        let (Some(header), Some(payload), Some(signature), 3) =
            (parts.next(), parts.next(), parts.next(), count)
        else {
            return Err(if count == 5 { Malformed::Encrypted } else { Malformed::Parts(count) });
        };
        Ok(Jwt {
            header: object(header, "header")?,
            payload: object(payload, "payload")?,
            parts: [header, payload, signature],
        })
    }

    /// Returns one of its times.
    pub(super) fn time(&self, claim: &str) -> Option<Time> {
        self.payload.get(claim).map(Time::of)
    }

    /// Returns the validity by its times, if they are plausible.
    pub(super) fn validity(&self, wall: Duration) -> Validity {
        let now = i64::try_from(wall.as_secs()).unwrap_or(i64::MAX);
        let [expires, begins] = ["exp", "nbf"].map(|claim| self.time(claim));
        match (expires, begins) {
            (Some(Time::Odd(_)), _) | (_, Some(Time::Odd(_))) => Validity::Unknown,
            (_, Some(Time::At(begins))) if now < begins => Validity::NotYet,
            (Some(Time::At(expires)), _) if now >= expires => Validity::Expired,
            (Some(Time::At(_)), _) => Validity::NotExpired,
            (None, _) => Validity::Endless,
        }
    }
}

fn object(part: &str, name: &'static str) -> Result<Map<String, Value>, Malformed> {
    let json = BASE64URL.decode(part).map_err(|_| Malformed::Base64(name))?;
    serde_json::from_slice(&json).map_err(|_| Malformed::Object(name))
}

/// Padding is not allowed in a token, but some have it.
const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A time in a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Time {
    /// Seconds since 1970-01-01 00:00 UTC, within the years -9999 to 9999.
    At(i64),
    /// An invalid time, with the reason.
    Odd(String),
}

impl Time {
    /// Parses a number of seconds, which may have a fraction (RFC 7519, NumericDate).
    fn of(claim: &Value) -> Time {
        let Value::Number(number) = claim else {
            return Time::Odd(format!("{} (not a number)", text::value(claim)));
        };
        // Beyond the integers the cast saturates, which is not a date.
        let seconds = number.as_i64().or_else(|| number.as_f64().map(|float| float.floor() as i64));
        match seconds.filter(|seconds| date(*seconds).is_some()) {
            Some(seconds) => Time::At(seconds),
            None => Time::Odd(format!("{} (out of range)", text::value(claim))),
        }
    }

    /// Returns its seconds, if it is valid.
    pub(super) fn seconds(&self) -> Option<i64> {
        match self {
            Time::At(seconds) => Some(*seconds),
            Time::Odd(_) => None,
        }
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Time::At(seconds) => write!(f, "{} UTC", text::known(date(*seconds))),
            Time::Odd(why) => f.write_str(why),
        }
    }
}

/// The validity by the times of a token. A token that is not expired may still be invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Validity {
    /// It has no expiry.
    Endless,
    /// It has expired.
    Expired,
    /// It has not expired.
    NotExpired,
    /// It is not valid yet.
    NotYet,
    /// One of its times is invalid.
    Unknown,
}

impl Validity {
    pub(super) const ALL: [Validity; 5] = [
        Validity::Endless,
        Validity::Expired,
        Validity::NotExpired,
        Validity::NotYet,
        Validity::Unknown,
    ];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Validity::Endless => "NO EXPIRY",
            Validity::Expired => "EXPIRED",
            Validity::NotExpired => "NOT EXPIRED",
            Validity::NotYet => "NOT YET VALID",
            Validity::Unknown => "UNKNOWN",
        }
    }
}

#[cfg(test)]
mod tests;
