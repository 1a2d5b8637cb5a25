//! Requests of HTTP+SSE clients, the transport of 2024-11-05.
//!
//! ```text
//!   GET /sse ──► a session, and the stream that names it ──► POST /messages?sessionId=… ──► 202
//!                                  ▲                                     │
//!                                  └───────────── every answer ──────────┘
//! ```
//!
//! A child is started only for a client that sends `initialize`.

use crate::engine::Engine;
use crate::engine::clients::open_client_session;
use crate::http::{McpHead, SessionHeader};
use crate::ids::{ExchangeId, SessionId};
use crate::json::{Body, Kind, Message};
use crate::reject::Reject;
use crate::session::Session;
use crate::time::Instant;

impl Engine {
    pub(super) fn on_open_sse(&mut self, exchange: ExchangeId, head: &McpHead) {
        if let Err(reject) = self.open_sse(exchange, head) {
            self.refuse(exchange, reject, (head, None));
        }
    }

    fn open_sse(&mut self, exchange: ExchangeId, head: &McpHead) -> Result<(), Reject> {
        if self.is_draining() {
            return Err(Reject::Draining);
        }
        self.check_start(None)?;
        let slot = open_client_session(head)?;
        self.evict_for_session(head)?;
        let id = self.ids.session();
        let mut cx = self.shared.cx();
        let session = Session::open_sse(id, exchange, head, &mut cx);
        self.client_slots.extend(slot.map(|slot| (id, slot)));
        let wake_at = cx.wake_at;
        self.sessions.insert(id, Box::new(session));
        self.with_session(id, |_, cx| cx.wake(wake_at));
        Ok(())
    }

    pub(super) fn on_post_sse(&mut self, exchange: ExchangeId, head: &McpHead, body: &Body) {
        if let Err(reject) = self.post_sse(exchange, head, body, self.shared.now) {
            self.refuse(exchange, reject, (head, Some(body)));
        }
    }

    pub(super) fn post_sse(
        &mut self,
        exchange: ExchangeId,
        head: &McpHead,
        body: &Body,
        since: Instant,
    ) -> Result<(), Reject> {
        let id = self.sse_session(head).ok_or_else(|| self.no_session(head))?;
        if self.is_draining() && body.has_requests() {
            return Err(Reject::Draining);
        }
        if self.sessions.get(&id).is_some_and(|session| session.has_no_backend()) {
            return self.attach_sse_backend(id, (exchange, head), body, since);
        }
        self.post_to_session(id, (exchange, head), body)
    }

    /// Returns the session of this transport that a request names, if its principal may use it.
    pub(super) fn sse_session(&self, head: &McpHead) -> Option<SessionId> {
        let SessionHeader::Id(id) = head.session else { return None };
        let session = self.sessions.get(&id)?;
        let is_usable = session.is_sse() && self.admits(session, head);
        (is_usable && !self.has_expired(session)).then_some(id)
    }

    /// Gives a session a backend for its first message, which has to be `initialize`. Messages that
    /// arrive while that waits for the era wait behind it: a client may send a ping before it is
    /// answered (2025-11-25, basic/lifecycle, Initialization).
    fn attach_sse_backend(
        &mut self,
        id: SessionId,
        (exchange, head): (ExchangeId, &McpHead),
        body: &Body,
        since: Instant,
    ) -> Result<(), Reject> {
        if self.era_probe.has_pending_of(id) {
            return self.await_era(Some(id), (exchange, head), body);
        }
        let initialize = initialize_of(body).ok_or(Reject::NotInitialized)?;
        if self.is_of_unknown_era() {
            return self.await_era(Some(id), (exchange, head), body);
        }
        self.check_start(head.params_digest.as_deref())?;
        let (backend, said) = self.backend_for(id, head)?;
        self.with_session(id, |session, cx| {
            session.attach_backend(backend, (exchange, head), initialize, since, cx);
        });
        self.repeat_messages(id, said);
        Ok(())
    }
}

fn initialize_of(body: &Body) -> Option<&Message> {
    let Body::One(message) = body else { return None };
    let initializes = message.kind() == Kind::Request && message.method() == Some("initialize");
    initializes.then_some(message)
}
