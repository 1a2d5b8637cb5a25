//! The keys of authentication, and the identities of known tokens, behind their locks.
//!
//! Never: decides about a request; [`Keys`] does. Never: holds a lock while a signature is checked.

mod client;
mod fetcher;

use std::io;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use pontoon_core::Reject;
use pontoon_core::auth::{
    self, Answered, Credentials, Identity, JwtKeys, Keys, KnownTokens, Learned, RemoteConfig,
    Sender, TokenDigest, Unverified,
};

use self::fetcher::AuthFetcher;
use crate::Log;

/// Identifies clients by keys that may be replaced while requests are served.
#[derive(Debug, Default)]
pub struct Authenticator {
    current: RwLock<Arc<Current>>,
}

/// The current keys, and the tokens that were verified with them or by their issuer.
#[derive(Debug, Default)]
struct Current {
    keys: Arc<Keys>,
    known: Arc<RwLock<KnownTokens>>,
    /// The requests to an authorization server, if there is one.
    fetcher: Option<Arc<AuthFetcher>>,
}

impl Authenticator {
    /// Creates an authenticator with these keys.
    pub fn new(keys: Keys) -> Authenticator {
        let current = Current { keys: Arc::new(keys), ..Current::default() };
        Authenticator { current: RwLock::new(Arc::new(current)) }
    }

    /// Replaces the keys, and the authorization server that is asked. Keys that were fetched, and
    /// verified tokens, are kept as far as they are valid with the new ones. Requests that were
    /// admitted before are not affected.
    ///
    /// # Errors
    ///
    /// The operating system refuses a thread, and everything stays as it was.
    pub fn replace(
        self: &Arc<Self>,
        mut keys: Keys,
        remote: Option<&RemoteConfig>,
        log: &Log,
    ) -> io::Result<()> {
        // A new fetcher reports nothing before it is the current one, because that needs the lock.
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let before = current.fetcher.as_ref();
        let is_same = before.map(|fetcher| &**fetcher.config()) == remote;
        let fetcher = match remote {
            _ if is_same => current.fetcher.clone(),
            Some(config) => {
                Some(Arc::new(AuthFetcher::start(config, Arc::downgrade(self), log.clone())?))
            }
            None => None,
        };
        if let (Some(jwt), Some(old)) = (&mut keys.jwt, &current.keys.jwt)
            && let (Some(remote), Some(before)) = (remote, before)
            && remote.has_keys_of(before.config())
        {
            jwt.keys = old.keys.clone();
        }
        let known = match is_same && keys.verifies_like(&current.keys) {
            true => current.known.clone(),
            false => Arc::default(),
        };
        let new = Arc::new(Current { keys: Arc::new(keys), known, fetcher });
        let old = std::mem::replace(&mut *current, new);
        drop(current);
        drop(old);
        Ok(())
    }

    fn current(&self) -> Arc<Current> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes what an authorization server has said, unless it is not the current one any more.
    pub(crate) fn learn(&self, config: &Arc<RemoteConfig>, mut learned: Learned, now: Duration) {
        let keys = learned.keys.take();
        let current = match keys {
            Some(keys) => self.set_jwt_keys(config, keys),
            None => self.current(),
        };
        if current.asks(config) {
            current.known.write().unwrap_or_else(PoisonError::into_inner).learn(learned, now);
        }
    }

    /// Replaces the keys of JWTs, and forgets the tokens that were verified with those before.
    /// Returns the new state.
    fn set_jwt_keys(&self, config: &Arc<RemoteConfig>, new: JwtKeys) -> Arc<Current> {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if current.asks(config)
            && let Some(jwt) = &current.keys.jwt
            && jwt.keys != new
        {
            let mut keys = Keys::clone(&current.keys);
            keys.jwt.iter_mut().for_each(|jwt| jwt.keys = new.clone());
            let fetcher = current.fetcher.clone();
            *current = Arc::new(Current { keys: Arc::new(keys), known: Arc::default(), fetcher });
        }
        current.clone()
    }
}

impl Current {
    /// Returns whether this is the authorization server that is asked.
    fn asks(&self, config: &Arc<RemoteConfig>) -> bool {
        self.fetcher.as_ref().is_some_and(|fetcher| Arc::ptr_eq(fetcher.config(), config))
    }
}

impl auth::Authenticator for Authenticator {
    fn keys(&self) -> Arc<Keys> {
        self.current().keys.clone()
    }

    fn identify(&self, credentials: &Credentials<'_>, now: Duration) -> Result<Identity, Reject> {
        let Current { keys, known, .. } = &*self.current();
        let token = match keys.sender(credentials)? {
            Sender::Known(identity) => return Ok(identity),
            Sender::Token(token) => token,
        };
        let digest = TokenDigest::of(token);
        let verdict = known.read().unwrap_or_else(PoisonError::into_inner).get(&digest, now);
        if let Some(verdict) = verdict {
            return verdict;
        }
        let identity = keys.verify(token, now)?;
        let mut known = known.write().unwrap_or_else(PoisonError::into_inner);
        known.remember(digest, &identity, now);
        Ok(identity)
    }

    fn ask(&self, unverified: Unverified<'_>) -> Option<Answered> {
        self.current().fetcher.as_ref()?.ask(unverified)
    }
}
