//! The questions to an authorization server, and its answers.

use core::net::IpAddr;
use std::sync::Arc;

use super::claims::Claims;
use super::fetch::{Fetch, FetchError, FetchId, Fetched, Prospect, RemoteEvent};
use super::introspection::{
    IN_FLIGHT_MAX, Introspected, Introspection, IntrospectionConfig, LearnedToken,
};
use super::remote_keys::{KeysUrl, RemoteKeys};
use super::token_cache::TokenCache;
use super::{Identity, JwtKeys, Scopes, TokenDigest, jwt};
use crate::reject::{Awaited, Reject, TokenFlaw};
use crate::time::{Duration, Instant};

/// The authorization server to ask, and for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteConfig {
    /// The issuer of the tokens.
    pub issuer: Box<str>,
    /// The place of its keys, if they are fetched.
    pub keys: Option<KeysUrl>,
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
    keys: Option<RemoteKeys>,
    introspection: Option<Introspection>,
}

/// The result of a fetch.
#[derive(Debug, Default)]
pub struct Learned {
    /// The keys that are in use from now on, or `None` if they stay the same.
    pub keys: Option<JwtKeys>,
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
    /// Its key is unknown, or there are no keys.
    Key(&'a [u8]),
    /// Only the issuer can read it.
    Token {
        /// The token.
        token: &'a [u8],
        /// The client's address, or the network that its provider gave it.
        peer: Option<IpAddr>,
    },
}

impl RemoteConfig {
    /// Returns whether the keys are those of another configuration.
    pub fn has_keys_of(&self, other: &RemoteConfig) -> bool {
        self.keys.is_some() && (&self.issuer, &self.keys) == (&other.issuer, &other.keys)
    }
}

impl RemoteAuth {
    /// Returns the maximum number of requests at the same time.
    pub fn fetches_max(config: &RemoteConfig) -> usize {
        let introspections = config.introspection.as_ref().map_or(0, |_| IN_FLIGHT_MAX);
        usize::from(config.keys.is_some()) + introspections
    }

    /// Creates the machine.
    pub fn new(config: &RemoteConfig) -> RemoteAuth {
        RemoteAuth {
            issuer: config.issuer.clone(),
            keys: config.keys.clone().map(RemoteKeys::new),
            introspection: config.introspection.as_ref().map(Introspection::new),
        }
    }

    /// Returns the next request to make.
    pub fn poll_fetch(&mut self, now: Instant) -> Option<Fetch> {
        let keys = self.keys.as_mut().and_then(|keys| keys.poll_fetch(now));
        keys.or_else(|| self.introspection.as_mut()?.poll_fetch())
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
        let keys = self.keys.as_ref().map(RemoteKeys::poll_timeout);
        let introspection = self.introspection.as_ref().map(Introspection::poll_timeout);
        keys.into_iter().chain(introspection).min().unwrap_or(Instant::FAR)
    }

    /// Takes the result of a request. `unix_time` is the time since 1970-01-01 00:00 UTC.
    pub fn handle_fetched(
        &mut self,
        id: FetchId,
        result: Result<Fetched, FetchError>,
        now: Instant,
        unix_time: Duration,
    ) -> Learned {
        let digest = match (id, &mut self.keys) {
            (FetchId::Token(digest), _) => digest,
            (FetchId::Keys, Some(keys)) => {
                let event = keys.handle_fetched(result, now);
                return Learned { keys: keys.learned(now), event, token: None };
            }
            (FetchId::Keys, None) => return Learned::default(),
        };
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
        Learned { token: Some(KnownToken { digest, verdict, until }), event, keys: None }
    }

    fn identity(&self, claims: &Claims) -> Result<Arc<Identity>, Reject> {
        claims.introspected(&self.issuer).map(Arc::new).map_err(Reject::BadToken)
    }

    /// Records that a token could not be verified; says whether the next result may change that.
    pub fn handle_unverified(&mut self, unverified: Unverified<'_>, now: Instant) -> Prospect {
        match (unverified, &mut self.keys, &mut self.introspection) {
            (Unverified::Key(token), Some(keys), _) => {
                let Some((algorithm, id)) = jwt::key_of(token) else { return Prospect::None };
                keys.handle_unknown_key(algorithm, id.as_deref(), now)
            }
            (Unverified::Token { token, peer }, _, Some(introspection)) => {
                introspection.ask(token, peer, now)
            }
            _ => Prospect::None,
        }
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
    use crate::auth::Proof;
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
                proof: Proof::Introspection,
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
