//! The claims of a token, and the identity that they give.

use serde::Deserialize;

use super::{Identity, Scopes};
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
    aud: Option<Texts>,
    exp: Option<f64>,
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
    /// Reads claims from a JSON text.
    pub(super) fn read(json: &[u8]) -> Option<Claims> {
        serde_json::from_slice(json).ok()
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
        self.identity(issuer)
    }

    fn identity(&self, issuer: &str) -> Result<Identity, TokenFlaw> {
        // A client may have chosen the name of a user (RFC 9700, section 4.15).
        let principal = match (&self.sub, &self.client_id) {
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
            audiences: Some(aud.to_vec()),
        })
    }
}
