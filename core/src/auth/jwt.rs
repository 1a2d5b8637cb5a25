//! JSON Web Tokens: the checks of a token, in their order (RFC 7519; RFC 8725; RFC 9068).
//!
//! Never: takes a key or an algorithm from the token. `alg` selects from a list, `kid` selects among
//! known keys, and `jku`, `jwk` and `x5u` are ignored.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use super::claims::Claims;
use crate::auth::{Algorithm, Identity, JwtKeys, Signer, VerifySignature};
use crate::reject::TokenFlaw;
use crate::time::Duration;

/// The settings for JWTs of one issuer.
#[derive(Clone, Debug)]
pub struct JwtSettings {
    /// The issuer, which `iss` must be exactly.
    pub issuer: Box<str>,
    /// The allowed algorithms.
    pub algorithms: Vec<Algorithm>,
    /// The issuer's keys; none until they are fetched.
    pub keys: JwtKeys,
    /// Checks a signature. The core has no cryptography for public keys of its own.
    pub verify: VerifySignature,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    /// Extensions that must be understood; none is (RFC 7515, section 4.1.11).
    crit: Option<serde::de::IgnoredAny>,
}

impl JwtSettings {
    /// Returns the identity of a token. Its audience is checked by each endpoint.
    pub(super) fn verify(&self, token: &[u8], unix_time: Duration) -> Result<Identity, TokenFlaw> {
        let signed_end = token.iter().rposition(|byte| *byte == b'.');
        let signed = &token[..signed_end.ok_or(TokenFlaw::Malformed)?];
        let signature = decode(&token[signed.len() + 1..])?;
        let mut parts = signed.split(|byte| *byte == b'.');
        let (Some(header), Some(payload), None) = (parts.next(), parts.next(), parts.next()) else {
            return Err(TokenFlaw::Malformed);
        };
        let header = read_header(&decode(header)?)?;
        if header.crit.is_some() {
            return Err(TokenFlaw::Malformed);
        }
        let algorithm: Algorithm = header.alg.parse().map_err(|_| TokenFlaw::Algorithm)?;
        if !self.algorithms.contains(&algorithm) {
            return Err(TokenFlaw::Algorithm);
        }
        let mut keys = self.keys.fitting(algorithm, header.kid.as_deref()).peekable();
        keys.peek().ok_or(TokenFlaw::Key)?;
        let key = keys.find(|key| (self.verify)(key, algorithm, signed, &signature));
        let key = key.ok_or(TokenFlaw::Signature)?.clone();
        let claims = Claims::read(&decode(payload)?).ok_or(TokenFlaw::Malformed)?;
        let signer = Signer { issuer: self.issuer.clone(), algorithm, key };
        claims.signed(&self.issuer, unix_time, signer)
    }
}

/// Returns the algorithm and the id of the key that a token names, without checking anything.
pub(super) fn key_of(token: &[u8]) -> Option<(Algorithm, Option<String>)> {
    let header = token.split(|byte| *byte == b'.').next()?;
    let header = read_header(&decode(header).ok()?).ok()?;
    Some((header.alg.parse().ok()?, header.kid))
}

/// Returns whether a token has the form of a JWT: three parts, the first of which is a header.
pub(super) fn is_jwt(token: &[u8]) -> bool {
    let mut parts = token.split(|byte| *byte == b'.');
    let header = parts.next().unwrap_or_default();
    parts.count() == 2 && decode(header).is_ok_and(|header| read_header(&header).is_ok())
}

fn decode(part: &[u8]) -> Result<Vec<u8>, TokenFlaw> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenFlaw::Malformed)
}

fn read_header(text: &[u8]) -> Result<Header, TokenFlaw> {
    // The fields of a struct would also be accepted from an array.
    let is_object = text.trim_ascii_start().starts_with(b"{");
    let header = is_object.then(|| serde_json::from_slice(text).ok()).flatten();
    header.ok_or(TokenFlaw::Malformed)
}

#[cfg(test)]
mod tests;
