//! Work on a request before the engine takes it.
//!
//! Owns: the values of a long request that the engine needs, and which requests need them. Never:
//! refuses a request; the engine does.

use std::borrow::Cow;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::config::Config;
use crate::http::{McpHead, Request};
use crate::json::object::{Object, member, quoted, text};
use crate::json::{Body, Kind, Message, ParseRules, Peer};
use crate::modern::{Exclusivity, exclusivity_of};
use crate::observe::client_name;
use crate::protocol::Revision;
use crate::random::Rng;
use crate::seal::SalientParams;
use crate::time::Duration;

/// Computes the expensive values of a request before the engine takes it, outside its lock.
#[derive(Clone, Debug)]
pub struct Preparation {
    config: Arc<Config>,
    rng: Arc<Rng>,
}

impl Preparation {
    pub(crate) fn new(config: Arc<Config>, rng: Arc<Rng>) -> Preparation {
        Preparation { config, rng }
    }

    /// Reads an `initialize`; computes the digest of a long modern request's parameters, if it
    /// brings a sealed state or may be answered with one.
    ///
    /// Without this, the log does not name the client of a session, and a child that is slow to
    /// start serves only the client that it was started for.
    pub fn prepare(&self, request: &mut Request) {
        let (Request::Post { head, body: Body::One(message) }
        | Request::PostSse { head, body: Body::One(message) }) = request
        else {
            return;
        };
        if message.is_modern() {
            head.params_digest = self.digest(head, message).map(Box::new);
        } else if message.kind() == Kind::Request && message.method() == Some("initialize") {
            self.introduce(head, message);
        }
    }

    /// Reads the client's name, and computes the digest for a command. There the message is changed
    /// if it asks for a revision that is not allowed.
    fn introduce(&self, head: &mut McpHead, initialize: &mut Message) {
        let info = initialize.params().and_then(|params| member(params, "clientInfo"));
        head.client = info.and_then(client_name);
        if self.config.serves.native().is_some() {
            return;
        }
        if let Some(restricted) = self.restricted(initialize) {
            *initialize = match &head.account {
                Some(account) => restricted.hold(account),
                None => restricted,
            };
        }
        let params = initialize.params().unwrap_or_default();
        head.params_digest = Some(Box::new(Sha256::digest(params).into()));
    }

    /// Returns `initialize` with an allowed revision, if not all revisions are allowed.
    fn restricted(&self, initialize: &Message) -> Option<Message> {
        let allowed = &self.config.revisions;
        if Revision::LEGACY.iter().all(|revision| allowed.contains(revision)) {
            return None;
        }
        let mut line = Object::read_or_empty(Some(initialize.bytes()));
        line.edit_object("params", |params| {
            let Some(wanted) = params.text("protocolVersion") else { return };
            let agreed = Revision::agreed(&wanted, allowed);
            params.put("protocolVersion", quoted(agreed.as_str()));
        });
        let rules = ParseRules::of(&self.config.limits, Peer::Client);
        Message::parse(line.write().into(), rules).ok()
    }

    fn digest(&self, head: &McpHead, message: &Message) -> Option<[u8; 32]> {
        let params = SalientParams::of(message);
        if self.config.serves.native().is_some() || params.bytes() < PREPARED_BYTES_MIN {
            return None;
        }
        let is_needed = match message.request_state() {
            Some(_) => sealed_ticket(message).is_some_and(|state| {
                let method = message.method().unwrap_or_default();
                let now = Duration::ZERO; // the engine knows the time
                self.rng.seal.check(&head.principal, method, now, state.as_bytes()).is_ok()
            }),
            None => exclusivity_of(message) == Exclusivity::Exclusive,
        };
        is_needed.then(|| params.digest())
    }
}

/// Returns the sealed text that a request to a command brings, if it is short enough to be one. A
/// longer text is not read.
pub(crate) fn sealed_ticket(request: &Message) -> Option<Cow<'_, str>> {
    request.request_state().filter(|state| state.len() <= SEALED_BYTES_MAX).and_then(text)
}

/// The maximum length of a sealed text as a JSON text. The state of a call at a command is not
/// longer than 120 bytes, and each may be written as an escape.
const SEALED_BYTES_MAX: usize = 6 * 120 + 2;

/// The minimum length of parameters that are hashed here. Shorter ones are hashed under the lock,
/// and only if needed.
const PREPARED_BYTES_MIN: usize = 16 * 1024;

#[cfg(test)]
mod tests;
