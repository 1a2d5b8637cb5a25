//! The questions to an authorization server, and its answers.

use std::sync::Arc;

use super::claims::Claims;
use super::fetch::{Fetch, FetchError, FetchId, Fetched, Prospect, RemoteEvent};
use super::introspection::{Introspected, Introspection, IntrospectionConfig, LearnedToken};
use super::token_cache::TokenCache;
use super::{Identity, TokenDigest};
use crate::reject::{Awaited, Reject, TokenFlaw};
use crate::time::{Duration, Instant};

/// The authorization server to ask, and for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteConfig {
    /// The issuer of the tokens.
    pub issuer: Box<str>,
    /// The endpoint for tokens that it alone can read.
    pub introspection: Option<IntrospectionConfig>,
}

/// The requests to an authorization server.
///
/// An adapter carries out each [`Fetch`] of [`RemoteAuth::poll_fetch`], without a lock, and passes
/// the result to [`RemoteAuth::handle_fetched`].
#[derive(Debug)]
pub struct RemoteAuth {
    issuer: Box<str>,
    introspection: Option<Introspection>,
}

/// The result of a fetch.
#[derive(Debug, Default)]
pub struct Learned {
    /// The verdict about a token.
    token: Option<KnownToken>,
    /// The event for the log.
    pub event: Option<RemoteEvent>,
}

#[derive(Debug)]
struct KnownToken {
    digest: TokenDigest,
    verdict: Result<Arc<Identity>, Reject>,
    /// The end of its validity, since 1970-01-01 00:00 UTC.
    until: Duration,
}

/// A token that could not be verified yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unverified<'a> {
    /// Only the issuer can read it.
    Token(&'a [u8]),
}

impl RemoteAuth {
    /// Creates the machine.
    pub fn new(config: &RemoteConfig) -> RemoteAuth {
        RemoteAuth {
            issuer: config.issuer.clone(),
            introspection: config.introspection.as_ref().map(Introspection::new),
        }
    }

    /// Returns the next request to make.
    pub fn poll_fetch(&mut self, now: Instant) -> Option<Fetch> {
        self.introspection.as_mut()?.poll_fetch(now)
    }

    /// Returns the time at which there is a request to make, if nothing happens before.
    pub fn poll_timeout(&self) -> Instant {
        Instant::FAR
    }

    /// Takes the result of a request. `unix_time` is the time since 1970-01-01 00:00 UTC.
    pub fn handle_fetched(
        &mut self,
        id: FetchId,
        result: Result<Fetched, FetchError>,
        unix_time: Duration,
    ) -> Learned {
        let FetchId::Token(digest) = id;
        let Some(introspection) = &mut self.introspection else { return Learned::default() };
        let (LearnedToken { outcome, until }, event) =
            introspection.handle_fetched(digest, result, unix_time);
        let verdict = match outcome {
            Introspected::Active(claims) => self.identity(&claims),
            Introspected::Inactive => Err(Reject::BadToken(TokenFlaw::Inactive)),
            Introspected::Unavailable => Err(Reject::AuthUnavailable(Awaited::Nothing)),
        };
        Learned { token: Some(KnownToken { digest, verdict, until }), event }
    }

    fn identity(&self, claims: &Claims) -> Result<Arc<Identity>, Reject> {
        claims.introspected(&self.issuer).map(Arc::new).map_err(Reject::BadToken)
    }

    /// Records that a token could not be verified; says whether the next result may change that.
    pub fn handle_unverified(&mut self, unverified: Unverified<'_>, now: Instant) -> Prospect {
        let Unverified::Token(token) = unverified;
        self.introspection.as_mut().map_or(Prospect::None, |it| it.ask(token, now))
    }
}

/// The tokens that an authorization server was asked about.
#[derive(Debug)]
pub struct KnownTokens(TokenCache<Result<Arc<Identity>, Reject>>);

impl Default for KnownTokens {
    fn default() -> Self {
        KnownTokens(TokenCache::new(TOKENS_MAX))
    }
}

impl KnownTokens {
    /// Takes the result of a fetch.
    pub fn learn(&mut self, learned: Learned, unix_time: Duration) {
        if let Some(KnownToken { digest, verdict, until }) = learned.token {
            let is_valid = verdict.is_ok();
            self.0.insert(digest, verdict, until, is_valid, unix_time);
        }
    }

    /// Returns the identity of a token that only its issuer can read.
    ///
    /// # Errors
    ///
    /// The token is not valid, or not known ([`Reject::AuthUnavailable`]).
    pub fn identify(&self, digest: &TokenDigest, unix_time: Duration) -> Result<Identity, Reject> {
        match self.0.get(digest, unix_time) {
            Some(known) => known.map(|identity| Identity::clone(&identity)),
            None => Err(Reject::AuthUnavailable(Awaited::Token)),
        }
    }
}

/// The maximum number of tokens that are remembered.
const TOKENS_MAX: usize = 4096;
