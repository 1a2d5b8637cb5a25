//! Authentication: from the credentials of a request to an identity, or to a refusal.
//!
//! Owns: the verdict, a function of the head, the keys and the time. Never: fetches a key, reads a
//! clock, or keeps a token: only digests are kept.
//!
//! Keys and tokens are facts that may be replaced while requests are served: an adapter keeps them,
//! and the identities of known tokens, behind its own locks ([`Authenticator`]). The verdict is
//! given outside the engine's lock. What an identity may do is decided by [`Permissions`], which
//! calls and lists both ask.

mod claims;
mod endpoint_url;
mod fetch;
mod grant;
mod introspection;
mod jwt;
mod keys;
mod listing;
mod remote;
mod remote_keys;
mod resource;
mod scope;
mod scope_rule;
mod token;
mod token_cache;
mod trusted;
mod uri;

use core::net::IpAddr;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use crate::principal::Principal;
use crate::reject::{Awaited, Reject, TokenFlaw};
use crate::time::Duration;

pub use endpoint_url::check_endpoint_url;
pub use fetch::{Fetch, FetchError, FetchId, FetchMethod, Fetched, Prospect, RemoteEvent, Secret};
pub use grant::{Grant, Proof, Signer};
pub use introspection::IntrospectionConfig;
pub use jwt::JwtSettings;
pub use keys::{Algorithm, JwtKeys, KeyMaterial, VerifySignature};
pub(crate) use listing::ListFilter;
pub use remote::{KnownTokens, Learned, RemoteAuth, RemoteConfig, Unverified};
pub use remote_keys::KeysUrl;
pub(crate) use resource::challenge;
pub use resource::{Resource, WELL_KNOWN};
pub(crate) use scope::{List, PROMPT, RESOURCE, TOOL, is_ambiguous};
pub use scope::{Permissions, ScopePolicy, Scopes};
pub use scope_rule::ScopeRule;
pub use token::{StaticToken, TokenDigest};
pub use trusted::{Cidr, TrustedHeaders};

/// The authentication of an endpoint.
#[derive(Clone, Debug)]
pub struct Auth {
    /// Identifies clients. Endpoints may share it.
    pub authenticator: Arc<dyn Authenticator>,
    /// The URL of the endpoint, if clients can discover where to get a token.
    pub resource: Option<Resource>,
    /// The rule about scopes.
    pub scopes: ScopePolicy,
}

/// The credentials of a request.
pub struct Credentials<'a> {
    /// The values of `Authorization`.
    pub authorization: &'a [&'a [u8]],
    /// The query of the request target.
    pub query: &'a str,
    /// The address of the client's end of the connection.
    pub peer: Option<IpAddr>,
    /// Returns the values of a header; the name is in lower case.
    pub header: &'a dyn Fn(&str) -> Vec<&'a [u8]>,
}

impl<'a> Credentials<'a> {
    /// Returns the token.
    ///
    /// # Errors
    ///
    /// There is none, or it cannot be one.
    pub fn token(&self) -> Result<&'a [u8], Reject> {
        let token = match self.authorization {
            [] => return Err(Reject::MissingToken),
            [value] => bearer(value).ok_or(Reject::MissingToken)?,
            _ => return Err(Reject::RepeatedAuthorization),
        };
        match token.len() > TOKEN_BYTES_MAX {
            true => Err(Reject::BadToken(TokenFlaw::TooLong)),
            false => Ok(token),
        }
    }
}

/// A client that has proved who it is.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The principal.
    pub principal: Principal,
    /// The scopes.
    pub scopes: Scopes,
    /// The audiences of its token, or `None` if it is not bound to an audience.
    pub audiences: Option<Arc<[Box<str>]>>,
    /// The time since 1970-01-01 00:00 UTC at which it is not valid any more, if there is one.
    pub expires: Option<Duration>,
    /// The proof.
    pub proof: Proof,
}

/// The access of a request to an endpoint.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    pub(crate) principal: Principal,
    /// The permissions of the sender; `None` allows everything.
    pub(crate) permissions: Option<Arc<Permissions>>,
    /// The grant of the sender.
    pub(crate) grant: Arc<Grant>,
}

impl Auth {
    /// Returns the access of a request.
    ///
    /// # Errors
    ///
    /// Its credentials are missing or not accepted, or it may not use the server at all.
    pub(crate) fn admit(
        &self,
        credentials: &Credentials<'_>,
        unix_time: Duration,
    ) -> Result<Access, Reject> {
        let identity = self.authenticator.identify(credentials, unix_time)?;
        let is_meant = |audiences: &Arc<[_]>| {
            self.resource.as_ref().is_some_and(|resource| resource.is_meant_by(audiences))
        };
        if !identity.audiences.as_ref().is_none_or(is_meant) {
            return Err(Reject::BadToken(TokenFlaw::Audience));
        }
        let permissions = self.scopes.permissions(&identity.scopes);
        match permissions.as_deref().is_some_and(Permissions::is_empty) {
            true => Err(Reject::InsufficientScope),
            false => {
                let Identity { principal, scopes, proof, expires, .. } = identity;
                let grant = Arc::new(Grant { principal, scopes, proof, expires });
                Ok(Access { principal, permissions, grant })
            }
        }
    }

    /// Returns whether a client has to be given a token, because it cannot discover where to get one.
    pub fn needs_token(&self) -> bool {
        !self.resource.as_ref().is_some_and(Resource::has_authorization_servers)
    }

    /// Returns the challenge of a refusal of a request that was not read further than its head.
    pub(crate) fn challenge(&self, reject: Reject) -> Option<String> {
        challenge(reject, self.resource.as_ref(), self.scopes.initial())
    }

    /// Returns whether a header of a request from this address is to be removed, because only a
    /// gateway may send it.
    pub fn removes(&self, name: &str, peer: Option<IpAddr>) -> bool {
        let keys = self.authenticator.keys();
        keys.trusted.as_ref().is_some_and(|it| it.names(name) && !it.is_trusted(peer))
    }
}

/// The tokens, keys and addresses that identify clients.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    /// The static tokens.
    pub tokens: Vec<StaticToken>,
    /// The JWTs of an issuer.
    pub jwt: Option<JwtSettings>,
    /// The headers of a gateway.
    pub trusted: Option<TrustedHeaders>,
    /// Whether the issuer is asked about all other tokens; with `jwt`, about those that are no JWTs.
    pub introspects: bool,
}

/// The sender of a request, as far as it is known without checking a signature.
#[derive(Debug)]
pub enum Sender<'a> {
    /// It is known.
    Known(Identity),
    /// Its token is to be checked with [`Keys::verify`].
    Token(&'a [u8]),
}

/// Identifies clients by their credentials. The adapter implements it around its current [`Keys`].
pub trait Authenticator: fmt::Debug + Send + Sync {
    /// Returns the current keys.
    fn keys(&self) -> Arc<Keys>;

    /// Returns the identity of the sender of a request: see [`Keys::identify`].
    ///
    /// # Errors
    ///
    /// Its credentials are missing or not accepted.
    fn identify(
        &self,
        credentials: &Credentials<'_>,
        unix_time: Duration,
    ) -> Result<Identity, Reject>;

    /// Asks an authorization server about a token that could not be verified, or returns `None` if
    /// there is nothing to wait for.
    fn ask(&self, _unverified: Unverified<'_>) -> Option<Answered> {
        None
    }
}

/// Ends when an authorization server has answered.
pub type Answered = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The reason why a program is not ready whose keys are not known yet.
pub(crate) const AWAITS_KEYS: &str =
    "the keys of the issuer are not known yet (--auth-issuer); keys_failed in the log says why";

/// The maximum length of a token.
const TOKEN_BYTES_MAX: usize = 16 * 1024;

impl Keys {
    /// Returns the identity of the sender of a request.
    ///
    /// # Errors
    ///
    /// Its credentials are missing or not accepted.
    pub fn identify(
        &self,
        credentials: &Credentials<'_>,
        unix_time: Duration,
    ) -> Result<Identity, Reject> {
        match self.sender(credentials)? {
            Sender::Known(identity) => Ok(identity),
            Sender::Token(token) => self.verify(token, unix_time),
        }
    }

    /// Returns the sender of a request, as far as it is known without checking a signature.
    ///
    /// # Errors
    ///
    /// Its credentials are missing, ambiguous or too long.
    pub fn sender<'a>(&self, credentials: &Credentials<'a>) -> Result<Sender<'a>, Reject> {
        if has_token(credentials.query) {
            return Err(Reject::TokenInQuery);
        }
        let trusted = self.trusted.as_ref().map(|it| it.identity(credentials)).transpose()?;
        if let Some(identity) = trusted.flatten() {
            return Ok(Sender::Known(identity));
        }
        let token = credentials.token()?;
        Ok(match self.of_token(&TokenDigest::of(token)) {
            Some(identity) => Sender::Known(identity),
            None => Sender::Token(token),
        })
    }

    /// Returns the identity of a token that is not one of the static tokens.
    ///
    /// # Errors
    ///
    /// It is not accepted, or only the issuer can read it, or the keys are not known yet
    /// ([`Reject::AuthUnavailable`]).
    pub fn verify(&self, token: &[u8], unix_time: Duration) -> Result<Identity, Reject> {
        match &self.jwt {
            Some(jwt) if !self.introspects || jwt::is_jwt(token) => {
                jwt.verify(token, unix_time).map_err(|flaw| match flaw {
                    TokenFlaw::Key if jwt.keys.is_empty() => Reject::AuthUnavailable(Awaited::Keys),
                    flaw => Reject::BadToken(flaw),
                })
            }
            _ if self.introspects => Err(Reject::AuthUnavailable(Awaited::Token)),
            _ => Err(Reject::BadToken(TokenFlaw::Unknown)),
        }
    }

    /// Returns whether all tokens that were verified with other keys are valid with these, and have
    /// the same identity. Static tokens are not verified.
    pub fn verifies_like(&self, other: &Keys) -> bool {
        let of_jwt = |keys: &Keys| {
            let jwt = keys.jwt.as_ref();
            jwt.map(|jwt| (jwt.issuer.clone(), jwt.algorithms.clone(), jwt.keys.clone()))
        };
        self.introspects == other.introspects && of_jwt(self) == of_jwt(other)
    }

    /// Returns whether no JWT can be verified, because the keys of the issuer are not known yet.
    pub(crate) fn awaits_keys(&self) -> bool {
        self.jwt.as_ref().is_some_and(|jwt| jwt.keys.is_empty())
    }

    /// Returns the identity of a static token. Every token is compared, so that the time tells
    /// nothing about which one it is.
    fn of_token(&self, digest: &TokenDigest) -> Option<Identity> {
        let found =
            self.tokens.iter().fold(None, |found, token| match token.digest.is(digest) {
                true => Some(token),
                false => found,
            })?;
        let principal = Principal::verified("token", &found.name);
        let (scopes, proof) = (found.scopes.clone(), Proof::Token(found.digest));
        Some(Identity { principal, scopes, audiences: None, expires: None, proof })
    }
}

/// Returns the token of a value of `Authorization` (RFC 6750, section 2.1), or `None` for another
/// scheme.
pub(crate) fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked(b"Bearer ".len())?;
    let token = token.trim_ascii();
    (scheme.eq_ignore_ascii_case(b"Bearer ") && !token.is_empty()).then_some(token)
}

/// Returns whether a query has a token, which would end up in logs and histories (RFC 6750, section
/// 5.3; 2025-11-25, basic/authorization, Access Token Usage).
fn has_token(query: &str) -> bool {
    query.split('&').any(|pair| {
        let name = pair.split('=').next().unwrap_or_default();
        name.eq_ignore_ascii_case("access_token")
    })
}

#[cfg(test)]
mod tests;
