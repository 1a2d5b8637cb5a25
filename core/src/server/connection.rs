//! A connection between a client and a server: JSON-RPC on one side, a [`Handler`] on the other.
//!
//! Owns: the era of each message; in the legacy era the negotiated revision, the client's
//! description of itself and its subscriptions; the waiting requests, and the open streams of
//! changes.
//! Never: encodes messages (that is `encode`, `legacy` and `modern`), or computes a tool's result.
//!
//! ```text
//!   message ──► era ──► dispatch ──► Handler::evaluate ──► outcome ───► the answer
//!                                                        │    ▲
//!                                                      Waiting │   handle_timeout, handle_stats,
//!                                                        └─────┘   an answer of the client
//! ```
//!
//! A request whose `_meta` belongs to the modern era follows the rules of that era: it is
//! self-contained and gets a handler of its own. All other messages belong to the legacy era and
//! share the connection's one handler. A client may mix both.
//!
//! Source: MCP 2025-11-25, basic/{index,lifecycle}, basic/utilities/*, server/*; 2025-03-26,
//! basic/index, Batching; 2026-07-28, basic/{index,versioning}, basic/patterns/*.

mod dispatch;
mod modern_request;
mod outcome;

use std::sync::Arc;

use bytes::Bytes;

use super::incoming::{Incoming, RULES, utf8};
use super::pending_answers::Keys;
use super::subscribers::Subscribers;
use super::waiting_request::WaitingRequest;
use super::{
    Change, Client, Handler, HttpRequestHead, MessageSink, RpcError, Server, SessionInfo, encode,
};
use crate::auth::Permissions;
use crate::host_stats::HostStats;
use crate::json::{self, Body, Invalid, Kind};
use crate::principal::Principal;
use crate::protocol::{Era, Revision};
use crate::reject::Reject;
use crate::seal::StateKey;
use crate::time::{Duration, Instant};

/// The context of a message: time, transport, session and client.
#[derive(Clone, Debug)]
pub struct MessageContext<'a> {
    /// The current time.
    pub now: Instant,
    /// The time at which the message arrived.
    pub arrived: Instant,
    /// The current wall-clock time, since 1970-01-01 00:00 UTC.
    pub unix_time: Duration,
    /// The HTTP request that carried the message, or `None` over stdio.
    pub http: Option<&'a Arc<HttpRequestHead>>,
    /// The session of the message, or `None` without sessions.
    pub session: Option<&'a SessionInfo>,
    /// The principal of the sender; anonymous over stdio.
    pub principal: Principal,
    /// The permissions of the sender; `None` allows everything.
    pub permissions: Option<&'a Permissions>,
    /// An unpredictable number, different for each message. For the messages of a batch, or of one
    /// input of a [`super::StdioServer`], it is derived from this one.
    pub random: u64,
    /// The key that seals state for the client to return. All processes that accept each other's
    /// state must have the same key.
    pub seal: &'a StateKey,
}

impl<'a> MessageContext<'a> {
    /// Creates the context of a message that arrives now over stdio.
    pub fn without_http(
        now: Instant,
        unix_time: Duration,
        random: u64,
        seal: &'a StateKey,
    ) -> Self {
        let (http, session, principal) = (None, None, Principal::Anonymous);
        let (arrived, permissions) = (now, None);
        MessageContext {
            now,
            arrived,
            unix_time,
            http,
            session,
            principal,
            permissions,
            random,
            seal,
        }
    }

    /// Derives the context of one of several messages that came together, from its index.
    pub(super) fn of_part(&self, place: usize) -> Self {
        // SplitMix64 (Steele, Lea, Flood, 2014): each index yields a different number.
        let mut random =
            self.random.wrapping_add((place as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        random = (random ^ (random >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        random = (random ^ (random >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        MessageContext { random: random ^ (random >> 31), ..self.clone() }
    }
}

/// The server's side of one connection, in both eras.
///
/// Every method appends whole messages to `out`, each ending in a newline, in the order in which
/// they are to be sent.
#[derive(Debug)]
pub struct ServerConnection {
    server: Arc<dyn Server>,
    /// The handler of the legacy era; created by its first request.
    handler: Option<Box<dyn Handler>>,
    /// Marks the revisions in [`Revision::ALL`] that clients may use.
    allowed: [bool; Revision::ALL.len()],
    /// The era of all requests, or `None` if each request declares its own.
    era: Option<Era>,
    /// The revision of the legacy era.
    revision: Revision,
    /// Whether `initialize` has been answered.
    is_initialized: bool,
    /// The client of the legacy era.
    client: Client,
    /// The connection, if that is the session of the legacy era.
    connection: Option<SessionInfo>,
    /// The ids of the server requests of the legacy era.
    keys: Keys,
    listeners: Subscribers,
    waiting: Vec<WaitingRequest>,
}

impl ServerConnection {
    /// Creates a connection that accepts every revision. It need not begin with `initialize`;
    /// without it, legacy requests are served in the newest legacy revision.
    pub fn new(server: Arc<dyn Server>) -> Self {
        ServerConnection {
            server,
            handler: None,
            allowed: [true; Revision::ALL.len()],
            era: None,
            revision: Revision::NEWEST_LEGACY,
            is_initialized: false,
            client: Client::default(),
            connection: None,
            keys: Keys::default(),
            listeners: Subscribers::default(),
            waiting: Vec::new(),
        }
    }

    /// Restricts the connection to these revisions; there must be at least one. Without
    /// `initialize`, legacy requests are served in the newest legacy revision among them. Passing
    /// all revisions restricts nothing.
    pub fn restricted_to(mut self, revisions: Arc<[Revision]>) -> Self {
        let legacy = revisions.iter().copied().filter(|it| it.era() == Era::Legacy);
        self.revision = legacy.max().unwrap_or(Revision::NEWEST_LEGACY);
        self.allowed = Revision::ALL.map(|revision| revisions.contains(&revision));
        self
    }

    /// Treats every request as one of this era, regardless of its `_meta`.
    pub fn only(mut self, era: Era) -> Self {
        self.era = Some(era);
        self
    }

    /// Uses this legacy revision until `initialize` negotiates another.
    pub(crate) fn with_revision(mut self, revision: Revision) -> Self {
        self.revision = revision;
        self
    }

    /// Records that the connection is a connection over stdio. It has begun at `since`.
    pub(super) fn connected(&mut self, since: Instant) {
        self.connection.get_or_insert_with(|| SessionInfo::new(None, since, None));
    }

    /// Returns the revision in use in the legacy era.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// Handles a message or a batch; blank input is ignored. Each message of a batch is answered on
    /// a line of its own, so that a slow one does not delay the others.
    pub fn handle_message(
        &mut self,
        message: &[u8],
        at: &MessageContext<'_>,
        out: &mut dyn MessageSink,
    ) {
        let message = message.trim_ascii();
        if message.is_empty() {
            return;
        }
        match Body::parse(Bytes::copy_from_slice(message), RULES) {
            Ok(Body::One(message)) => self.handle_parsed(&message, at, out),
            Ok(Body::Batch(messages)) => self.on_batch(messages, at, out),
            Err(invalid) => refuse(&invalid, out),
        }
    }

    /// Handles an already parsed message, as [`ServerConnection::handle_message`] does for its
    /// text.
    pub(crate) fn handle_parsed(
        &mut self,
        message: &json::Message,
        at: &MessageContext<'_>,
        out: &mut dyn MessageSink,
    ) {
        self.on_message(message, false, at, out);
    }

    /// Handles a parsed request with a number in place of its id and its progress token.
    pub(crate) fn handle_request(
        &mut self,
        number: u64,
        request: &json::Message,
        at: &MessageContext<'_>,
        out: &mut dyn MessageSink,
    ) {
        let number = number.to_string();
        let token = request.progress_token().map(|_| &*number);
        let incoming = Incoming::read(request, &number, token);
        self.on_incoming(incoming, request.is_modern(), false, at, out);
    }

    /// Announces a change that no request of this connection made, to the clients of this
    /// connection that want it.
    pub(crate) fn handle_change(&mut self, change: Change<'_>, out: &mut dyn MessageSink) {
        self.announce_change(change, self.is_initialized, out);
    }

    /// Returns whether a modern client has an open `subscriptions/listen` stream.
    pub(crate) fn has_subscriptions(&self) -> bool {
        self.listeners.has_streams()
    }

    /// Ends all `subscriptions/listen` streams (2026-07-28, basic/patterns/subscriptions, Graceful
    /// Closure).
    pub fn end_subscriptions(&mut self, out: &mut dyn MessageSink) {
        self.listeners.end(self.server.modern_catalog(), out);
    }

    /// Handles the facts that [`ServerConnection::wants_stats`] asked for.
    pub fn handle_stats(
        &mut self,
        facts: &HostStats,
        at: &MessageContext<'_>,
        out: &mut dyn MessageSink,
    ) {
        self.resume_where(WaitingRequest::wants_stats, Some(facts), at, out);
    }

    /// Continues the requests whose time has come.
    pub fn handle_timeout(&mut self, at: &MessageContext<'_>, out: &mut dyn MessageSink) {
        let is_due = |waiting: &WaitingRequest| waiting.due().is_some_and(|due| due <= at.now);
        self.resume_where(is_due, None, at, out);
    }

    /// Returns when to call [`ServerConnection::handle_timeout`]; an earlier call is harmless.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.waiting.iter().filter_map(WaitingRequest::due).min()
    }

    /// Returns whether [`ServerConnection::handle_stats`] is to be called as soon as possible.
    pub fn wants_stats(&self) -> bool {
        self.waiting.iter().any(WaitingRequest::wants_stats)
    }

    /// Returns the number of bytes that the handler stores ([`Handler::stored_bytes`]).
    pub fn stored_bytes(&self) -> usize {
        self.handler.as_ref().map_or(0, |handler| handler.stored_bytes())
    }

    /// Returns whether every request has been answered, except `subscriptions/listen`.
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty()
    }

    fn on_batch(
        &mut self,
        messages: Vec<Result<json::Message, Invalid>>,
        at: &MessageContext<'_>,
        out: &mut dyn MessageSink,
    ) {
        if !self.revision.has_batches() && !self.server.catalog().batches {
            return encode::error(out, None, &RpcError::of(Reject::BatchNotAllowed));
        }
        for (place, message) in messages.iter().enumerate() {
            match message {
                Ok(message) => self.on_message(message, true, &at.of_part(place), out),
                Err(invalid) => refuse(invalid, out),
            }
        }
    }

    fn on_message(
        &mut self,
        message: &json::Message,
        in_batch: bool,
        at: &MessageContext<'_>,
        out: &mut dyn MessageSink,
    ) {
        match (message.kind(), utf8(message.id())) {
            (Kind::Request, Some(id)) => {
                let incoming = Incoming::read(message, id, utf8(message.progress_token()));
                self.on_incoming(incoming, message.is_modern(), in_batch, at, out);
            }
            (Kind::Notification, _) => {
                let subject = utf8(message.correlation_id());
                if let (Some("notifications/cancelled"), Some(id)) = (message.method(), subject) {
                    self.on_cancelled(id, out);
                }
            }
            (Kind::Result | Kind::Error, Some(id)) => self.on_answer(id, message, at, out),
            (Kind::Request | Kind::Result | Kind::Error, None) => {}
        }
    }

    fn on_incoming(
        &mut self,
        incoming: Incoming<'_>,
        is_modern: bool,
        in_batch: bool,
        at: &MessageContext<'_>,
        out: &mut dyn MessageSink,
    ) {
        match self.era(is_modern) {
            Era::Legacy if in_batch && incoming.method == "initialize" => {
                encode::error(out, Some(incoming.id), &RpcError::of(Reject::InitializeInBatch));
            }
            Era::Modern if in_batch => {
                encode::error(out, Some(incoming.id), &RpcError::of(Reject::BatchNotAllowed));
            }
            Era::Legacy => {
                if let Some(connection) = &mut self.connection {
                    connection.requests += 1;
                }
                self.on_request(incoming, at, out);
                self.used(at.arrived, at.now);
            }
            Era::Modern => self.on_modern_request(incoming, at, out),
        }
    }

    /// Records that a request that arrived at `since` has been answered, or waits.
    fn used(&mut self, since: Instant, now: Instant) {
        if let Some(connection) = &mut self.connection {
            connection.used_at = now;
            connection.took = connection.took.saturating_add(now.since(since));
        }
    }

    /// Returns the era of a request, which may have the `_meta` of a modern one. If only one era is
    /// allowed, it is that one.
    fn era(&self, is_modern: bool) -> Era {
        if let Some(era) = self.era {
            return era;
        }
        match (self.has_era(Era::Legacy), self.has_era(Era::Modern)) {
            (_, false) => Era::Legacy,
            (false, true) => Era::Modern,
            (true, true) if is_modern => Era::Modern,
            (true, true) => Era::Legacy,
        }
    }

    fn has_era(&self, era: Era) -> bool {
        self.allowed_revisions().any(|revision| revision.era() == era)
    }

    /// Returns the allowed revisions, the newest first.
    fn allowed_revisions(&self) -> impl Iterator<Item = Revision> {
        let all = Revision::ALL.into_iter().zip(self.allowed).rev();
        all.filter(|(_, is_allowed)| *is_allowed).map(|(revision, _)| revision)
    }
}

/// Answers an invalid message with an error.
fn refuse(invalid: &Invalid, out: &mut dyn MessageSink) {
    encode::error(out, utf8(invalid.request_id()), &RpcError::of(invalid.reject));
}
