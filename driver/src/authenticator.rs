//! The keys of authentication, behind their lock.
//!
//! Never: decides about a request; [`Keys::identify`] does.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use pontoon_core::Reject;
use pontoon_core::auth::{self, Credentials, Identity, Keys};

/// Identifies clients by keys that may be replaced while requests are served.
#[derive(Debug, Default)]
pub struct Authenticator {
    keys: RwLock<Arc<Keys>>,
}

impl Authenticator {
    /// Creates an authenticator with these keys.
    pub fn new(keys: Keys) -> Authenticator {
        Authenticator { keys: RwLock::new(Arc::new(keys)) }
    }

    /// Replaces the keys. Requests that were admitted before are not affected.
    pub fn replace(&self, keys: Keys) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
    }
}

impl auth::Authenticator for Authenticator {
    fn keys(&self) -> Arc<Keys> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn identify(&self, credentials: &Credentials<'_>, now: Duration) -> Result<Identity, Reject> {
        self.keys().identify(credentials, now)
    }
}
