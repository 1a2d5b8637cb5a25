//! The check of open streams, whose credentials may expire or be removed.
//!
//! Owns: when it takes place. Never: whether credentials hold; [`Grant`] decides.
//!
//! A stream that lasts until its client disconnects ends once its credentials do not hold any more:
//! a GET stream, one of HTTP+SSE with its session, a `subscriptions/listen`. Its client gets 401 for
//! the next request, and may then send another token. A request that was admitted is answered.
//!
//! [`Grant`]: crate::auth::Grant

use std::sync::Arc;

use crate::auth::Keys;
use crate::cx::Owner;
use crate::engine::Engine;
use crate::engine::timers::Timer;
use crate::ids::ExchangeId;
use crate::native::StatelessInput;
use crate::reject::{Reject, TokenFlaw};
use crate::time::Duration;

/// The check of the grants of streams.
#[derive(Debug, Default)]
pub(super) struct GrantCheck {
    is_planned: bool,
    /// The keys of the last check.
    keys: Option<Arc<Keys>>,
}

/// The time between two checks.
const CHECK_PERIOD: Duration = Duration::from_secs(1);

impl Engine {
    /// Sets a timer for the next check, if a stream is open that needs one.
    pub(super) fn plan_grant_check(&mut self) {
        // Variants share the exchanges.
        if !self.is_variant && !self.grant_check.is_planned && self.shared.exchanges.has_grants() {
            self.grant_check.is_planned = true;
            self.timers.set(self.shared.now + CHECK_PERIOD, Timer::Grants);
        }
    }

    /// Ends the streams whose grants do not hold any more.
    pub(super) fn check_grants(&mut self) {
        self.grant_check.is_planned = false;
        let Some(auth) = &self.shared.config.auth else { return };
        let keys = auth.authenticator.keys();
        let known = self.grant_check.keys.replace(keys.clone());
        let is_changed = known.is_none_or(|known| !Arc::ptr_eq(&known, &keys));
        let unix_time = self.shared.unix_time(self.shared.now);
        for (exchange, flaw) in self.shared.exchanges.take_revoked(&keys, is_changed, unix_time) {
            match self.shared.exchanges.variant_of(&exchange) {
                Some(id) => self.with_variant(id, |engine| {
                    engine.revoke(exchange, flaw);
                    engine.finish_turn();
                }),
                None => self.revoke(exchange, flaw),
            }
        }
    }

    /// Ends a stream.
    fn revoke(&mut self, exchange: ExchangeId, flaw: TokenFlaw) {
        let Some(transport) = self.shared.exchanges.get(&exchange) else { return };
        let (owner, stream) = (transport.owner, transport.stream);
        self.log_refusal(Reject::BadToken(flaw), None);
        match owner {
            Owner::Session(id) if self.sessions.get(&id).is_some_and(|it| it.is_sse()) => {
                self.shared.cx().finish(exchange);
                self.on_closed(exchange);
            }
            Owner::Session(id) => {
                self.with_session(id, |session, cx| session.end_connection(stream, cx));
            }
            Owner::Bridge => {
                self.with_pool(|pool, cx| pool.revoke(exchange, cx));
            }
            Owner::Stateless => self.resume_stateless(exchange, StatelessInput::EndListens),
        }
    }
}
