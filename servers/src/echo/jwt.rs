//! JSON Web Tokens, read without a key.
//!
//! Owns: the compact form of a signed token, taken apart, and what its times say.
//! Never: a verdict on the signature. Nothing here knows a key, so nothing read here is proved.
//!
//! Source: RFC 7515, section 7.1; RFC 7519, sections 2 and 4.1.

use std::fmt;

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use pontoon_core::time::Duration;
use serde_json::{Map, Value};

use super::text;
use crate::calendar::date;

/// A token in its parts.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Jwt<'a> {
    /// How it is signed.
    pub(super) header: Map<String, Value>,
    /// What it claims.
    pub(super) payload: Map<String, Value>,
    /// Header, payload and signature as they came.
    pub(super) parts: [&'a str; 3],
}

/// Why a text is no token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Malformed {
    /// A part is not in base64url.
    Base64(&'static str),
    /// Five parts: its content is encrypted (RFC 7516).
    Encrypted,
    /// A part holds no JSON object.
    Object(&'static str),
    /// Not three parts, but so many.
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
    /// Takes a token apart.
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

    /// One of the times it claims.
    pub(super) fn time(&self, claim: &str) -> Option<Time> {
        self.payload.get(claim).map(Time::of)
    }

    /// What its times say at this moment, if they can be believed.
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

/// Padding is not allowed in a token, and yet some have it.
const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A time a token claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Time {
    /// Seconds since 1970-01-01 00:00 UTC, within the years -9999 to 9999.
    At(i64),
    /// No time at all, and what is wrong with it.
    Odd(String),
}

impl Time {
    /// A number of seconds, perhaps with a fraction (RFC 7519, NumericDate).
    fn of(claim: &Value) -> Time {
        let Value::Number(number) = claim else {
            return Time::Odd(format!("{} (not a number)", text::value(claim)));
        };
        // Beyond the integers the cast ends at the largest, which is no date.
        let seconds = number.as_i64().or_else(|| number.as_f64().map(|float| float.floor() as i64));
        match seconds.filter(|seconds| date(*seconds).is_some()) {
            Some(seconds) => Time::At(seconds),
            None => Time::Odd(format!("{} (out of range)", text::value(claim))),
        }
    }

    /// Its seconds, if it is a time.
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

/// What a token's times say. That one is not expired does not make it valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Validity {
    /// It claims no end.
    Endless,
    /// Its end has come.
    Expired,
    /// Its end has not come.
    NotExpired,
    /// Its beginning has not come.
    NotYet,
    /// A time it claims is none.
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
