//! The questions to an authorization server, and its answers.

use core::net::IpAddr;
use std::sync::Arc;

use super::claims::Claims;
use super::fetch::{Fetch, FetchError, FetchId, Fetched, Prospect, RemoteEvent};
use super::introspection::{Introspected, Introspection, IntrospectionConfig, LearnedToken};
use super::token_cache::TokenCache;
use super::{Identity, Scopes, TokenDigest};
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
    Token {
        /// The token.
        token: &'a [u8],
        /// The client's address, or the network that its provider gave it.
        peer: Option<IpAddr>,
    },
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
    pub fn poll_fetch(&mut self, _now: Instant) -> Option<Fetch> {
        self.introspection.as_mut()?.poll_fetch()
    }

    /// Returns what is known about a token that the issuer could not be asked about in time. Call it
    /// until it returns `None`, and pass on each result.
    pub fn poll_expired(&mut self, now: Instant, unix_time: Duration) -> Option<Learned> {
        let introspection = self.introspection.as_mut()?;
        let (digest, learned, event) = introspection.poll_expired(now, unix_time)?;
        Some(self.learned(digest, learned, event))
    }

    /// Returns the time at which there is something to do, if nothing happens before.
    pub fn poll_timeout(&self) -> Instant {
        self.introspection.as_ref().map_or(Instant::FAR, Introspection::poll_timeout)
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
        let (learned, event) = introspection.handle_fetched(digest, result, unix_time);
        self.learned(digest, learned, event)
    }

    fn learned(
        &self,
        digest: TokenDigest,
        LearnedToken { outcome, until }: LearnedToken,
        event: Option<RemoteEvent>,
    ) -> Learned {
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
        let Unverified::Token { token, peer } = unverified;
        self.introspection.as_mut().map_or(Prospect::None, |it| it.ask(token, peer, now))
    }
}

/// The tokens that were verified, or that an authorization server was asked about, a moment ago.
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

    /// Keeps the identity of a token with a valid signature, so that it is not checked for each
    /// request. One with very many scopes is checked each time.
    pub fn remember(&mut self, digest: TokenDigest, identity: &Identity, unix_time: Duration) {
        if texts(identity) <= TEXTS_MAX {
            let until = identity.expires.unwrap_or(Duration::MAX).min(unix_time + SIGNED_TIME);
            self.0.insert(digest, Ok(Arc::new(identity.clone())), until, true, unix_time);
        }
    }

    /// Returns the verdict about a token, if it is known.
    pub fn get(
        &self,
        digest: &TokenDigest,
        unix_time: Duration,
    ) -> Option<Result<Identity, Reject>> {
        let verdict = self.0.get(digest, unix_time)?;
        Some(verdict.map(|identity| Identity::clone(&identity)))
    }
}

/// Returns the number of scopes and audiences.
fn texts(identity: &Identity) -> usize {
    let scopes = match &identity.scopes {
        Scopes::All => 0,
        Scopes::Listed(scopes) => scopes.len(),
    };
    scopes + identity.audiences.as_ref().map_or(0, |it| it.len())
}

/// The maximum number of tokens that are remembered.
const TOKENS_MAX: usize = 4096;

/// The maximum number of scopes and audiences of a token that is remembered.
const TEXTS_MAX: usize = 256;

/// The time after which a signature is checked again.
const SIGNED_TIME: Duration = Duration::from_secs(300);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::principal::Principal;

    const NOW: Duration = Duration::from_secs(1_800_000_000);

    #[test]
    fn a_verified_token_is_known_for_five_minutes_and_never_after_its_end() {
        let mut known = KnownTokens::default();
        let mut remember = |token: &[u8], scopes: &str, seconds: u64| {
            let identity = Identity {
                principal: Principal::Anonymous,
                scopes: Scopes::parse(scopes),
                audiences: None,
                expires: Some(NOW + Duration::from_secs(seconds)),
            };
            known.remember(TokenDigest::of(token), &identity, NOW);
        };
        remember(b"long", "a", 10_000);
        remember(b"short", "a", 10);
        remember(b"wide", &"a ".repeat(TEXTS_MAX + 1), 10_000);
        for (token, seconds, expected) in [
            (&b"long"[..], 299, true),
            (b"long", 300, false),
            (b"short", 9, true),
            (b"short", 10, false),
            (b"wide", 0, false),
            (b"other", 0, false),
        ] {
            let verdict = known.get(&TokenDigest::of(token), NOW + Duration::from_secs(seconds));
            assert_eq!(verdict.is_some(), expected, "{token:?} after {seconds} s");
        }
    }
}
