//! The claims of a token, and the identity that they give.

use std::sync::Arc;

use serde::Deserialize;

use super::{Identity, Proof, Scopes, Signer};
use crate::principal::Principal;
use crate::reject::TokenFlaw;
use crate::time::Duration;

/// The claims about a token, from the token itself (RFC 7519, section 4.1) or from introspection
/// (RFC 7662, section 2.2).
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(super) struct Claims {
    iss: Option<Box<str>>,
    sub: Option<Box<str>>,
    client_id: Option<Box<str>>,
    azp: Option<Box<str>>,
    aud: Option<Texts>,
    exp: Option<f64>,
    nbf: Option<f64>,
    scope: Option<Texts>,
    scp: Option<Texts>,
}

/// One text, or several.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum Texts {
    One(Box<str>),
    Several(Vec<Box<str>>),
}

impl Texts {
    fn as_slice(texts: Option<&Texts>) -> &[Box<str>] {
        match texts {
            None => &[],
            Some(Texts::One(text)) => std::slice::from_ref(text),
            Some(Texts::Several(texts)) => texts,
        }
    }
}

impl Claims {
    /// Reads claims from a JSON text. A claim that occurs twice is an error.
    pub(super) fn read(json: &[u8]) -> Option<Claims> {
        // The fields of a struct would also be accepted from an array.
        let is_object = json.trim_ascii_start().starts_with(b"{");
        is_object.then(|| serde_json::from_slice(json).ok()).flatten()
    }

    /// Returns the time at which the token expires, since 1970-01-01 00:00 UTC.
    pub(super) fn expires(&self) -> Option<Duration> {
        self.exp.map(|exp| Duration::try_from_secs_f64(exp).unwrap_or_default())
    }

    /// Returns the identity of a token that is valid by the word of its issuer. The issuer is
    /// compared only if it is named, because the word came from its own endpoint.
    pub(super) fn introspected(&self, issuer: &str) -> Result<Identity, TokenFlaw> {
        if self.iss.as_deref().is_some_and(|named| named != issuer) {
            return Err(TokenFlaw::Issuer);
        }
        self.identity(issuer, Proof::Introspection)
    }

    /// Returns the identity of a token with a valid signature.
    pub(super) fn signed(
        &self,
        issuer: &str,
        unix_time: Duration,
        signer: Signer,
    ) -> Result<Identity, TokenFlaw> {
        if self.iss.as_deref() != Some(issuer) {
            return Err(TokenFlaw::Issuer);
        }
        let expires = self.expires().ok_or(TokenFlaw::NoExpiry)?.saturating_add(SKEW);
        if expires <= unix_time {
            return Err(TokenFlaw::Expired);
        }
        let nbf = self.nbf.unwrap_or_default().max(0.0);
        if Duration::try_from_secs_f64(nbf).map_or(true, |nbf| unix_time + SKEW < nbf) {
            return Err(TokenFlaw::NotYetValid);
        }
        Ok(Identity {
            expires: Some(expires),
            ..self.identity(issuer, Proof::Signature(Arc::new(signer)))?
        })
    }

    /// A client without a subject is another principal than the subject of the same name (RFC 9700,
    /// section 4.15).
    fn identity(&self, issuer: &str, proof: Proof) -> Result<Identity, TokenFlaw> {
        let principal = match (&self.sub, self.client_id.as_ref().or(self.azp.as_ref())) {
            (Some(subject), _) => Principal::verified(issuer, subject),
            (None, Some(client)) => Principal::verified(&format!("client of {issuer}"), client),
            (None, None) => return Err(TokenFlaw::Subject),
        };
        let [scope, scp, aud] =
            [&self.scope, &self.scp, &self.aud].map(|it| Texts::as_slice(it.as_ref()));
        let scopes: Vec<&str> = scope.iter().chain(scp).map(|list| &**list).collect();
        Ok(Identity {
            principal,
            scopes: Scopes::parse(&scopes.join(" ")),
            audiences: Some(aud.into()),
            expires: self.expires(),
            proof,
        })
    }
}

/// The difference between the clocks of the issuer and of this machine that is tolerated.
const SKEW: Duration = Duration::from_secs(60);
