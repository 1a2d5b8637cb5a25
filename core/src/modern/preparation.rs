//! The digest of a long modern request, computed before the engine takes the request.
//!
//! Owns: which requests need it. Never: refuses a request; the engine does.

use std::sync::Arc;

use crate::http::Request;
use crate::json::Body;
use crate::json::object::text;
use crate::modern::{Exclusivity, exclusivity_of};
use crate::random::Chance;
use crate::seal::SalientParams;
use crate::time::Duration;

/// Computes the expensive values of a request to a command, before the engine takes it and outside
/// its lock.
#[derive(Clone, Debug)]
pub struct Preparation(Arc<Chance>);

impl Preparation {
    pub(crate) fn new(chance: Arc<Chance>) -> Preparation {
        Preparation(chance)
    }

    /// Computes the digest of a long request's parameters, if it brings a sealed state or may be
    /// answered with one.
    pub fn prepare(&self, request: &mut Request) {
        let Request::Post { head, body: Body::One(message) } = request else { return };
        let params = SalientParams::of(message);
        if !message.is_modern() || params.bytes() < PREPARED_BYTES_MIN {
            return;
        }
        let is_needed = match message.request_state() {
            Some(state) => text(state).is_some_and(|state| {
                let method = message.method().unwrap_or_default();
                let now = Duration::ZERO; // the engine knows the time
                self.0.seal.check(&head.principal, method, now, state.as_bytes()).is_ok()
            }),
            None => exclusivity_of(message) == Exclusivity::Exclusive,
        };
        head.params_digest = is_needed.then(|| Box::new(params.digest()));
    }
}

/// The minimum length of parameters that are hashed here. Shorter ones are hashed under the lock,
/// and only if needed.
const PREPARED_BYTES_MIN: usize = 16 * 1024;

#[cfg(test)]
mod tests;
