//! The keys of authentication, behind their lock.
//!
//! Never: decides about a request; [`Keys::identify`] does.

mod client;
mod fetcher;

use std::io;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use pontoon_core::Reject;
use pontoon_core::auth::{
    self, Answered, Credentials, Identity, Keys, KnownTokens, Learned, RemoteConfig, TokenDigest,
    Unverified,
};

use self::fetcher::AuthFetcher;
use crate::Log;

/// Identifies clients by keys that may be replaced while requests are served.
#[derive(Debug, Default)]
pub struct Authenticator {
    keys: RwLock<Arc<Keys>>,
    /// Tokens that an authorization server was asked about.
    known: RwLock<KnownTokens>,
    fetcher: OnceLock<AuthFetcher>,
}

impl Authenticator {
    /// Creates an authenticator with these keys.
    pub fn new(keys: Keys) -> Authenticator {
        Authenticator { keys: RwLock::new(Arc::new(keys)), ..Authenticator::default() }
    }

    /// Replaces the keys. Requests that were admitted before are not affected.
    pub fn replace(&self, keys: Keys) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
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
        self.known.write().unwrap_or_else(PoisonError::into_inner).learn(learned, now);
    }
}

impl auth::Authenticator for Authenticator {
    fn keys(&self) -> Arc<Keys> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn identify(&self, credentials: &Credentials<'_>, now: Duration) -> Result<Identity, Reject> {
        match self.keys().identify(credentials, now) {
            Err(Reject::AuthUnavailable(_)) => {
                let digest = TokenDigest::of(credentials.token()?);
                let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
                known.identify(&digest, now)
            }
            verdict => verdict,
        }
    }

    fn ask(&self, unverified: Unverified<'_>) -> Option<Answered> {
        let listener = self.fetcher.get()?.ask(unverified)?;
        Some(Box::pin(listener))
    }
}
