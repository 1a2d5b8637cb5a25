//! The owner of a session.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use sha2::{Digest, Sha256};

/// The sender of requests with certain credentials, as a value that can be compared and does not
/// reveal the credentials.
///
/// It binds a session to the client that opened it, or to the first that uses it with credentials
/// if it was opened without, so that its id alone is useless to others (2025-11-25,
/// basic/security_best_practices, Session Hijacking). With authentication it is the verified
/// identity. Without, it does not authenticate: no signature, issuer or expiry is
/// checked, and a gateway in front of the endpoint has to verify tokens.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Principal {
    /// No credentials.
    Anonymous,
    /// The SHA-256 of the stable part of the credentials.
    Bearer([u8; 32]),
}

impl Principal {
    /// Returns the principal for a value of `Authorization`.
    ///
    /// A JWT stands for its subject at its issuer (RFC 7519, sections 4.1.1 and 4.1.2) or, without
    /// a subject, for its client at its issuer (RFC 9068, section 2.2), so a refreshed token stands
    /// for the same principal. A signature of AWS stands for its key, and a response of HTTP Digest
    /// for its user, because the rest differs in each request. Any other value stands for itself,
    /// ignoring the case of its scheme.
    pub fn of(authorization: Option<&[u8]>) -> Principal {
        Principal::read(authorization, |scheme, rest| match scheme {
            b"bearer" => Claims::of(rest).and_then(Claims::digest),
            b"digest" => {
                let (realm, user) = (parameter(rest, "realm"), parameter(rest, "username")?);
                Some(digest(TAG_USER, [realm.unwrap_or_default(), user]))
            }
            _ if scheme.starts_with(b"aws4-") => {
                let credential = parameter(rest, "Credential")?;
                let key = credential.split(|byte| *byte == b'/').next()?;
                Some(digest(TAG_KEY, [scheme, key]))
            }
            _ => None,
        })
    }

    /// Returns the principal for a value of `Authorization` where every value stands for itself,
    /// ignoring the case of its scheme.
    pub fn of_value(authorization: Option<&[u8]>) -> Principal {
        Principal::read(authorization, |_, _| None)
    }

    /// Returns the principal of this name, as verified by this authority: an issuer, or one of the
    /// program's own ways to identify a client.
    pub(crate) fn verified(authority: &str, name: &str) -> Principal {
        Principal::Bearer(digest(TAG_VERIFIED, [authority.as_bytes(), name.as_bytes()]).into())
    }

    /// Returns a short name that distinguishes verified principals in the log.
    pub(crate) fn short_name(self) -> String {
        match self {
            Principal::Anonymous => "anonymous".to_owned(),
            Principal::Bearer([a, b, c, d, ..]) => {
                format!("principal {a:02x}{b:02x}{c:02x}{d:02x}")
            }
        }
    }

    fn read(
        authorization: Option<&[u8]>,
        stable: impl FnOnce(&[u8], &[u8]) -> Option<Hash>,
    ) -> Principal {
        let Some(value) = authorization.map(<[u8]>::trim_ascii).filter(|it| !it.is_empty()) else {
            return Principal::Anonymous;
        };
        // The name of a scheme has no case (RFC 9110, section 11.1).
        let end = value.iter().position(|byte| *byte == b' ').unwrap_or(0);
        let (scheme, rest) = (value[..end].to_ascii_lowercase(), value[end..].trim_ascii());
        let hash = stable(&scheme, rest).unwrap_or_else(|| digest(TAG_VALUE, [&scheme, rest]));
        Principal::Bearer(hash.into())
    }

    /// Returns the bytes that identify the principal, for hashing.
    pub(crate) fn to_bytes(self) -> [u8; 33] {
        let mut bytes = [0; 33];
        if let Principal::Bearer(digest) = self {
            bytes[0] = 1;
            bytes[1..].copy_from_slice(&digest);
        }
        bytes
    }
}

/// Shows only whether there are credentials, because a hash of a weak password reveals it.
impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Principal::Anonymous => "Anonymous",
            Principal::Bearer(_) => "Bearer(…)",
        })
    }
}

type Hash = sha2::digest::Output<Sha256>;

// The hashed text begins with its kind, so that no value can imitate a pair of claims.
const TAG_VALUE: u8 = 0;
const TAG_SUBJECT: u8 = 1;
const TAG_NUMERIC_SUBJECT: u8 = 2;
const TAG_CLIENT: u8 = 3;
const TAG_USER: u8 = 4;
const TAG_KEY: u8 = 5;
const TAG_VERIFIED: u8 = 6;

/// Hashes a pair. The length of the first part comes first, so that two pairs never give the same
/// bytes.
fn digest(tag: u8, [first, second]: [&[u8]; 2]) -> Hash {
    let length = (first.len() as u64).to_be_bytes();
    Sha256::new()
        .chain_update([tag])
        .chain_update(length)
        .chain_update(first)
        .chain_update(second)
        .finalize()
}

/// The claims that identify a principal. An issuer alone does not: all its users would be one.
#[derive(Deserialize)]
struct Claims {
    iss: Option<String>,
    sub: Option<Subject>,
    client_id: Option<String>,
    azp: Option<String>,
}

/// A subject. RFC 7519 requires a string; some issuers send a number.
#[derive(Deserialize)]
#[serde(untagged)]
enum Subject {
    Text(String),
    Number(serde_json::Number),
}

impl Claims {
    /// Parses the claims of a signed JWT in its compact form (RFC 7515, section 7.1).
    fn of(token: &[u8]) -> Option<Claims> {
        let mut parts = token.split(|byte| *byte == b'.');
        let (header, payload, signature) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || header.is_empty() || signature.is_empty() {
            return None;
        }
        for part in [header, signature] {
            URL_SAFE_NO_PAD.decode(part).ok()?;
        }
        let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
        // The fields of a struct would also be accepted from an array.
        let object = payload.trim_ascii_start().starts_with(b"{");
        object.then(|| serde_json::from_slice(&payload).ok()).flatten()
    }

    /// Returns the digest, or `None` if they identify no principal.
    fn digest(self) -> Option<Hash> {
        let is_issued = self.iss.is_some();
        let (tag, name) = match self.sub {
            Some(Subject::Text(name)) => (TAG_SUBJECT, name),
            Some(Subject::Number(number)) => (TAG_NUMERIC_SUBJECT, number.to_string()),
            None => (TAG_CLIENT, self.client_id.or(self.azp).filter(|_| is_issued)?),
        };
        // A missing issuer differs from one with an empty name.
        let issuer = self.iss.map(|issuer| format!("={issuer}")).unwrap_or_default();
        Some(digest(tag, [issuer.as_bytes(), name.as_bytes()]))
    }
}

/// Returns the value of a parameter of a scheme that has parameters (RFC 9110, section 11.2),
/// without its quotes, or `None` if it occurs more than once, or the list is malformed.
fn parameter<'v>(list: &'v [u8], name: &str) -> Option<&'v [u8]> {
    let mut is_quoted = false;
    let mut value = None;
    for part in list.split(|byte| {
        is_quoted ^= *byte == b'"';
        *byte == b',' && !is_quoted
    }) {
        let (key, rest) = part.split_at(part.iter().position(|byte| *byte == b'=')?);
        let key = key.trim_ascii();
        if key.contains(&b' ') {
            return None;
        }
        if key.eq_ignore_ascii_case(name.as_bytes())
            && value.replace(rest[1..].trim_ascii()).is_some()
        {
            return None;
        }
    }
    let value = value.filter(|value| !value.is_empty())?;
    let unquoted = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\""));
    Some(unquoted.unwrap_or(value))
}

#[cfg(test)]
mod tests;
