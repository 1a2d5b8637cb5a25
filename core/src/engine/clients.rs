//! Requests of clients, and their sessions.

use crate::bridge::{Child, Pool};
use crate::chunk::Chunk;
use crate::config::BindSession;
use crate::cx::Transport;
use crate::engine::{Engine, Phase};
use crate::http::{
    ClientSlot, LastEvent, LimitedClient, McpHead, ReplyHead, Request, RevisionHeader,
    SessionHeader, refused,
};
use crate::ids::{ExchangeId, SessionId};
use crate::json::{Body, Message};
use crate::legacy_facade::LegacyFacade;
use crate::modern::envelope;
use crate::observe::{Event, SessionEnd};
use crate::principal::Principal;
use crate::protocol::Era;
use crate::reject::Reject;
use crate::session::{Backend, FacadeBackend, NativeSession, Session};
use crate::time::Instant;

impl Engine {
    pub(super) fn on_request(&mut self, exchange: ExchangeId, request: Request) {
        self.shared.account = request.account();
        let Some(holder) = request.holder() else {
            return self.dispatch(exchange, request);
        };
        match self.shared.exchanges.check(&holder, &self.shared.config.limits) {
            Ok(()) => self.dispatch(exchange, request),
            Err(reject) => self.refuse_request(exchange, request, reject),
        }
        self.shared.exchanges.hold(exchange, holder);
    }

    fn dispatch(&mut self, exchange: ExchangeId, request: Request) {
        let now = self.shared.now;
        let probe = match request {
            Request::Servers { html } => self.servers(html, now),
            Request::Post { head, body } => return self.on_post(exchange, &head, &body),
            Request::Listen { head } => return self.on_listen(exchange, &head),
            Request::Delete { head } => return self.on_delete(exchange, &head),
            Request::OpenSse { head } => return self.on_open_sse(exchange, &head),
            Request::PostSse { head, body } => {
                return self.on_post_sse(exchange, &head, &body);
            }
            Request::Health { .. } => self.health(now),
            Request::HealthDetails => self.health_details(now),
            Request::Live => self.live(),
            Request::Ready { awaits_keys, detailed } => self.ready(awaits_keys, detailed, now),
            Request::Metrics => self.metrics(now),
        };
        self.answer(exchange, probe.0, probe.1);
    }

    /// Refuses a request that would hold a connection.
    pub(super) fn refuse_request(
        &mut self,
        exchange: ExchangeId,
        request: Request,
        reject: Reject,
    ) {
        match request {
            Request::Post { head, body } | Request::PostSse { head, body } => {
                self.refuse(exchange, reject, (&head, Some(&body)));
            }
            Request::Listen { head } | Request::OpenSse { head } => {
                self.refuse(exchange, reject, (&head, None));
            }
            probe => self.dispatch(exchange, probe),
        }
    }

    pub(super) fn answer(&mut self, exchange: ExchangeId, head: ReplyHead, body: Chunk) {
        self.shared.cx().reply(exchange, head, body);
    }

    fn on_post(&mut self, exchange: ExchangeId, head: &McpHead, body: &Body) {
        let verdict = match self.route(head, body) {
            Ok(Route::Modern) => self.on_modern(exchange, head, body),
            Ok(Route::Stateless) => self.on_stateless(exchange, head, body),
            Ok(Route::Open) if self.is_of_unknown_era() && !self.is_draining() => {
                self.await_era(None, (exchange, head), body)
            }
            Ok(Route::Open) => self.open(exchange, head, body, self.shared.now),
            Ok(Route::OpenWithoutInitialize) => self.open_without_initialize(exchange, head, body),
            Ok(Route::Session(_)) if self.is_draining() && body.has_requests() => {
                Err(Reject::Draining)
            }
            Ok(Route::Session(id)) => self.post_to_session(id, (exchange, head), body),
            Err(reject) => Err(reject),
        };
        if let Err(reject) = verdict {
            self.refuse(exchange, reject, (head, Some(body)));
        }
    }

    /// Classifies a POST, in an order that gives each mistake its own answer.
    fn route(&self, head: &McpHead, body: &Body) -> Result<Route, Reject> {
        if let Some(id) = self.known_session(head) {
            return self.check_revision(head, Some(id)).map(|()| Route::Session(id));
        }
        if envelope::era(head, body, self.shared.served()) == Era::Modern {
            return Ok(Route::Modern);
        }
        envelope::admit_legacy(self.shared.served())?;
        let initializes = head.initializes(body)?;
        if self.shared.config.bridge.stateless && self.pool.is_some() {
            return Ok(Route::Stateless);
        }
        if initializes {
            return Ok(Route::Open);
        }
        match head.session {
            SessionHeader::Absent
                if self.shared.upstream.native().is_some() && body.has_requests() =>
            {
                Ok(Route::OpenWithoutInitialize)
            }
            SessionHeader::Absent => Err(Reject::MissingSession),
            SessionHeader::Foreign | SessionHeader::Id(_) => Err(self.no_session(head)),
        }
    }

    /// Returns the open session that this request names, if its principal may use it.
    fn known_session(&self, head: &McpHead) -> Option<SessionId> {
        let SessionHeader::Id(id) = head.session else { return None };
        let session = self.sessions.get(&id)?;
        let is_usable = session.is_open() && !session.is_sse() && self.admits(session, head);
        (is_usable && !self.has_expired(session)).then_some(id)
    }

    /// Returns whether a session has expired, even if its timer is late. After a pause of the whole
    /// process only its timer decides, because the request may have waited in the socket all the
    /// time.
    pub(super) fn has_expired(&self, session: &Session) -> bool {
        session.has_expired(self.shared.now, &self.shared.config.limits) && !self.was_stopped()
    }

    /// Checks that the header names a supported revision, if any, or the one in use in the session,
    /// since a child may have negotiated an unsupported one.
    fn check_revision(&self, head: &McpHead, session: Option<SessionId>) -> Result<(), Reject> {
        let session = session.and_then(|id| self.sessions.get(&id));
        match &head.revision {
            RevisionHeader::Other(text) if session.is_some_and(|it| it.speaks(text)) => Ok(()),
            RevisionHeader::Other(_) => Err(Reject::UnsupportedRevision),
            RevisionHeader::Malformed => Err(Reject::BadMcpHeader),
            RevisionHeader::Absent | RevisionHeader::Served(_) => Ok(()),
        }
    }

    /// Returns whether a session is bound to the principal of a request, or to none.
    pub(super) fn admits(&self, session: &Session, head: &McpHead) -> bool {
        let config = &self.shared.config;
        let is_bound = config.auth.is_some() || config.bind_session != BindSession::None;
        !is_bound || session.admits(&head.principal)
    }

    /// Returns the reason why a request may not use the session it names. A client with other
    /// credentials only learns that the session is unknown; for one that left its credentials out,
    /// that would mean to give up a live session.
    pub(super) fn no_session(&self, head: &McpHead) -> Reject {
        let SessionHeader::Id(id) = head.session else { return self.unknown_session() };
        match self.sessions.get(&id) {
            Some(session) if !self.admits(session, head) => match head.principal {
                Principal::Anonymous => Reject::MissingCredentials,
                Principal::Bearer(_) => Reject::OtherPrincipal,
            },
            _ => self.unknown_session(),
        }
    }

    /// Returns the reason for a session that is not open. During the drain sessions end without
    /// their clients' doing, who are told that the program ends.
    pub(super) fn unknown_session(&self) -> Reject {
        if self.is_draining() { Reject::Draining } else { Reject::UnknownSession }
    }

    /// Opens a session with the client's `initialize`, which arrived at `since`.
    pub(super) fn open(
        &mut self,
        exchange: ExchangeId,
        head: &McpHead,
        body: &Body,
        since: Instant,
    ) -> Result<(), Reject> {
        let Body::One(initialize) = body else { return Err(Reject::InitializeInBatch) };
        if self.is_draining() {
            return Err(Reject::Draining);
        }
        let slot = open_client_session(head)?;
        let (id, backend, said) = self.admit(head)?;
        let mut cx = self.shared.cx();
        let session = Session::open(id, backend, (exchange, head), initialize, since, &mut cx);
        self.client_slots.extend(slot.map(|slot| (id, slot)));
        let wake_at = cx.wake_at;
        self.sessions.insert(id, Box::new(session));
        self.with_session(id, |_, cx| cx.wake(wake_at));
        self.repeat_messages(id, said);
        Ok(())
    }

    /// Passes the earlier messages of its child to a session.
    pub(super) fn repeat_messages(&mut self, id: SessionId, messages: Vec<Message>) {
        let child = self.sessions.get(&id).and_then(|it| it.backend().child()).map(|it| it.id);
        let Some(child) = child else { return };
        for message in messages {
            self.on_child_line(child, Ok(message));
        }
    }

    /// Opens a session for a client without `initialize`, which a server in this process does not
    /// need.
    fn open_without_initialize(
        &mut self,
        exchange: ExchangeId,
        head: &McpHead,
        body: &Body,
    ) -> Result<(), Reject> {
        if self.is_draining() {
            return Err(Reject::Draining);
        }
        let native = &self.shared.upstream.native().ok_or(Reject::MissingSession)?.settings;
        let revision = native.revision_of(&head.revision);
        if matches!(body, Body::Batch(_)) && !native.takes_batches(&head.revision) {
            return Err(Reject::BatchNotAllowed);
        }
        let slot = open_client_session(head)?;
        let (id, backend, _) = self.admit(head)?;
        let mut cx = self.shared.cx();
        let session = Session::open_without_initialize(id, backend, head, revision, &mut cx);
        self.client_slots.extend(slot.map(|slot| (id, slot)));
        self.sessions.insert(id, Box::new(session));
        self.shared.metrics.session_opened();
        let revision = revision.as_str().into();
        let (peer, client) = (head.peer, None);
        self.shared.log(Event::SessionOpened { session: id, revision, peer, client });
        self.with_session(id, |session, cx| session.post(exchange, head, body, cx))
            .unwrap_or(Err(Reject::UnknownSession))
    }

    /// Provides capacity for a session; returns its id, its backend, and the backend's earlier
    /// messages.
    fn admit(&mut self, head: &McpHead) -> Result<(SessionId, Backend, Vec<Message>), Reject> {
        self.check_start(head.params_digest.as_deref())?;
        self.evict_for_session(head)?;
        let id = self.ids.session();
        let (backend, said) = self.backend_for(id, head)?;
        Ok((id, backend, said))
    }

    /// Checks that a child is available now, if one is needed. `digest` is that of an `initialize`.
    pub(super) fn check_start(&self, digest: Option<&[u8; 32]>) -> Result<(), Reject> {
        let is_there = digest.is_some_and(|it| self.unclaimed.has(it));
        let is_command = self.shared.upstream.command().is_some();
        let needs_child = is_command && !is_there && !self.sessions_share_a_child();
        match needs_child && self.standby.as_ref().is_none_or(Child::is_ending) {
            true => self.shared.spawn_backoff.check(self.shared.now),
            false => Ok(()),
        }
    }

    /// Returns whether all sessions share one child, which supports only the modern era. A child of
    /// both eras is used like a legacy child.
    pub(super) fn sessions_share_a_child(&self) -> bool {
        let is_modern = self.pool.as_ref().is_some_and(|pool| pool.era() == Some(Era::Modern));
        is_modern && !self.era_probe.is_dual_era()
    }

    /// Returns the backend of a session that shares the modern child.
    pub(super) fn facade_backend(&self) -> Backend {
        let discovery = self.pool.as_ref().and_then(Pool::discovery);
        let served = self.shared.config.revisions.clone();
        Backend::Facade(Box::new(FacadeBackend::new(LegacyFacade::new(served, discovery))))
    }

    /// Returns the backend of a new session, and its earlier messages. A child with the same
    /// `initialize` is preferred to a new one.
    pub(super) fn backend_for(
        &mut self,
        id: SessionId,
        head: &McpHead,
    ) -> Result<(Backend, Vec<Message>), Reject> {
        if self.sessions_share_a_child() {
            return Ok((self.facade_backend(), Vec::new()));
        }
        if let Some(spec) = self.shared.upstream.command().cloned() {
            let (child, said) =
                match head.params_digest.as_deref().and_then(|it| self.unclaimed.take(it)) {
                    Some(starting) => (starting.child, starting.messages),
                    None => (self.child_for_session(spec), Vec::new()),
                };
            self.owners.insert(child.id, id);
            self.shared.log(Event::SessionOpening { session: id, child: child.id });
            return Ok((Backend::Child(Box::new(child)), said));
        }
        let native = &self.shared.upstream.native().ok_or(Reject::NotFound)?.settings;
        let takes_batches = native.server.catalog().batches;
        let idle_max = self.shared.config.limits.session_idle_max;
        let connection = native.connect(native.revision_of(&head.revision), Era::Legacy);
        let seated = NativeSession::new(connection, takes_batches, id, self.shared.now, idle_max);
        Ok((Backend::Native(Box::new(seated)), Vec::new()))
    }

    fn on_listen(&mut self, exchange: ExchangeId, head: &McpHead) {
        let verdict = match self.named_session(head) {
            // A resumed stream may be that of a call whose answer is still pending.
            Ok(_) if self.is_draining() && head.last_event == LastEvent::Absent => {
                Err(Reject::Draining)
            }
            Ok(id) => self
                .with_session(id, |session, cx| {
                    session.used_by(head.principal);
                    session.listen(exchange, head.last_event, cx)
                })
                .unwrap_or(Err(self.unknown_session())),
            Err(reject) => Err(reject),
        };
        if let Err(reject) = verdict {
            self.refuse(exchange, reject, (head, None));
        }
    }

    fn on_delete(&mut self, exchange: ExchangeId, head: &McpHead) {
        match self.named_session(head) {
            Ok(id) => {
                self.end_session(id, SessionEnd::Deleted, Reject::SessionEnded);
                self.answer(exchange, ReplyHead::new(204), Chunk::new());
            }
            Err(reject) => self.refuse(exchange, reject, (head, None)),
        }
    }

    /// Returns the session that a GET or DELETE has to name.
    fn named_session(&self, head: &McpHead) -> Result<SessionId, Reject> {
        let known = self.known_session(head);
        self.check_revision(head, known)?;
        match (known, &head.session) {
            (Some(id), _) => Ok(id),
            (None, SessionHeader::Absent) => Err(Reject::MissingSession),
            (None, _) => Err(self.no_session(head)),
        }
    }

    /// Answers a request without a session; the error carries the request's id.
    pub(super) fn refuse(
        &mut self,
        exchange: ExchangeId,
        reject: Reject,
        asked: (&McpHead, Option<&Body>),
    ) {
        let client = asked.0.client_limits.as_ref();
        let detail = client.filter(|_| reject == Reject::ClientSessionsFull);
        self.log_refusal(reject, detail.map(LimitedClient::detail));
        let (head, body) = refused(reject, asked, self.shared.served());
        self.answer(exchange, head, body);
    }

    pub(super) fn is_draining(&self) -> bool {
        matches!(self.phase, Phase::Draining | Phase::Stopped)
    }

    /// Iterates over the open exchanges.
    pub(super) fn transports(&self) -> impl Iterator<Item = &Transport> {
        self.shared.exchanges.values()
    }
}

/// Counts a session for its client, if there are limits for each.
pub(super) fn open_client_session(head: &McpHead) -> Result<Option<ClientSlot>, Reject> {
    head.client_limits.as_ref().map(LimitedClient::open_session).transpose()
}

/// The class of a POST.
enum Route {
    /// A modern request.
    Modern,
    /// A legacy request, and there are no sessions.
    Stateless,
    /// It opens a session.
    Open,
    /// A request without a session, for which one is opened.
    OpenWithoutInitialize,
    /// It belongs to this session.
    Session(SessionId),
}
