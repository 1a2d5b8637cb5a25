//! Who a session belongs to.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use sha2::{Digest, Sha256};

/// Whoever sends requests with certain credentials, as a value that can be compared and says
/// nothing about the credentials.
///
/// This binds a session to whoever opened it, or was the first to use it with credentials if it was
/// opened without, so that its id alone is worth nothing to others (2025-11-25,
/// basic/security_best_practices, Session Hijacking). It authenticates nobody: no
/// signature, issuer or expiry is checked. Where tokens matter, whatever stands in front of the
/// endpoint has to check them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Principal {
    /// No credentials.
    Anonymous,
    /// The SHA-256 of what stays the same about the credentials.
    Bearer([u8; 32]),
}

impl Principal {
    /// The principal of the value of `Authorization`.
    ///
    /// A JWT stands for its subject at its issuer (RFC 7519, sections 4.1.1 and 4.1.2), so a token
    /// that was refreshed stands for the same principal. Any other value stands for itself.
    pub fn of(authorization: Option<&[u8]>) -> Principal {
        let Some(value) = authorization.map(<[u8]>::trim_ascii).filter(|it| !it.is_empty()) else {
            return Principal::Anonymous;
        };
        let digest = match bearer_token(value).and_then(Claims::of) {
            Some(claims) => claims.digest(),
            None => Sha256::new().chain_update([TAG_VALUE]).chain_update(value).finalize(),
        };
        Principal::Bearer(digest.into())
    }

    /// What tells principals apart, to be hashed.
    pub(crate) fn to_bytes(self) -> [u8; 33] {
        let mut bytes = [0; 33];
        if let Principal::Bearer(digest) = self {
            bytes[0] = 1;
            bytes[1..].copy_from_slice(&digest);
        }
        bytes
    }
}

/// Whether there are credentials, and no more: a hash of a weak password gives it away.
impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Principal::Anonymous => "Anonymous",
            Principal::Bearer(_) => "Bearer(…)",
        })
    }
}

// What is hashed begins with its kind, so that no value can be made to look like a pair of claims.
const TAG_VALUE: u8 = 0;
const TAG_CLAIMS: u8 = 1;

/// The claims that name a principal. An issuer alone does not: all its users would be one.
#[derive(Deserialize)]
struct Claims {
    iss: Option<String>,
    sub: String,
}

impl Claims {
    /// Reads the claims of a signed JWT in its compact form (RFC 7515, section 7.1).
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
        // The fields of a struct would also be taken from an array.
        let object = payload.trim_ascii_start().starts_with(b"{");
        object.then(|| serde_json::from_slice(&payload).ok()).flatten()
    }

    /// The issuer's length goes first, so that two pairs never run together to the same bytes.
    fn digest(&self) -> sha2::digest::Output<Sha256> {
        let mut hash = Sha256::new().chain_update([TAG_CLAIMS, u8::from(self.iss.is_some())]);
        let issuer = self.iss.as_deref().unwrap_or_default();
        hash.update((issuer.len() as u64).to_be_bytes());
        hash.update(issuer);
        hash.update(&self.sub);
        hash.finalize()
    }
}

/// The token of the scheme `Bearer`, whose name has no case (RFC 9110, section 11.1).
fn bearer_token(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked(b"Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then(|| token.trim_ascii())
}

#[cfg(test)]
mod tests;
