//! The keys of authentication, and the identities of known tokens, behind their locks.
//!
//! Never: decides about a request; [`Keys`] does. Never: holds a lock while a signature is checked.

mod client;
mod fetcher;

use std::io;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use pontoon_core::Reject;
use pontoon_core::auth::{
    self, Answered, Credentials, Identity, Keys, KnownTokens, Learned, RemoteConfig, Sender,
    TokenDigest, Unverified,
};

use self::fetcher::AuthFetcher;
use crate::Log;

/// Identifies clients by keys that may be replaced while requests are served.
#[derive(Debug, Default)]
pub struct Authenticator {
    current: RwLock<Arc<Current>>,
    fetcher: OnceLock<AuthFetcher>,
}

/// The current keys, and the tokens that were verified with them or by their issuer.
#[derive(Debug, Default)]
struct Current {
    keys: Arc<Keys>,
    known: RwLock<KnownTokens>,
}

impl Authenticator {
    /// Creates an authenticator with these keys.
    pub fn new(keys: Keys) -> Authenticator {
        let authenticator = Authenticator::default();
        authenticator.replace(keys);
        authenticator
    }

    /// Replaces the keys. Requests that were admitted before are not affected.
    pub fn replace(&self, keys: Keys) {
        let current = Current { keys: Arc::new(keys), known: RwLock::default() };
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(current);
    }

    fn current(&self) -> Arc<Current> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Starts the requests to an authorization server, which end with this value. It has no effect
    /// the second time.
    ///
    /// # Errors
    ///
    /// The operating system refuses a thread.
    pub fn start(self: &Arc<Self>, config: &RemoteConfig, log: Log) -> io::Result<()> {
        if self.fetcher.get().is_none() {
            let fetcher = AuthFetcher::start(config, Arc::downgrade(self), log)?;
            let _ = self.fetcher.set(fetcher);
        }
        Ok(())
    }

    /// Takes what an authorization server has said.
    pub(crate) fn learn(&self, learned: Learned, now: Duration) {
        let current = self.current();
        current.known.write().unwrap_or_else(PoisonError::into_inner).learn(learned, now);
    }
}

impl auth::Authenticator for Authenticator {
    fn keys(&self) -> Arc<Keys> {
        self.current().keys.clone()
    }

    fn identify(&self, credentials: &Credentials<'_>, now: Duration) -> Result<Identity, Reject> {
        let Current { keys, known } = &*self.current();
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
        let listener = self.fetcher.get()?.ask(unverified)?;
        Some(Box::pin(listener))
    }
}
