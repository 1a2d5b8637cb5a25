//! A conversation between a client and a server: JSON-RPC on one side, a [`Seat`] on the other.
//!
//! Owns: the era of each message; in the legacy era the negotiated revision, the client's
//! description of itself and its subscriptions; the waiting requests, and the open streams of
//! changes.
//! Never: encodes messages (that is `wording`, `legacy` and `modern`), or computes a tool's result.
//!
//! ```text
//!   message ──► era ──► dispatch ──► Seat::evaluate ──► conclude ──► the answer
//!                                                        │    ▲
//!                                                      Waiting │   handle_timeout, handle_facts,
//!                                                        └─────┘   an answer of the client
//! ```
//!
//! A request whose `_meta` belongs to the modern era follows the rules of that era: it is
//! self-contained and gets a seat of its own. All other messages belong to the legacy era and share
//! the conversation's one seat. A client may mix both.
//!
//! Source: MCP 2025-11-25, basic/{index,lifecycle}, basic/utilities/*, server/*; 2025-03-26,
//! basic/index, Batching; 2026-07-28, basic/{index,versioning}, basic/patterns/*.

mod conclude;
mod dispatch;
mod self_contained;

use std::sync::Arc;

use super::asking::Keys;
use super::incoming::{self, Incoming, Malformed};
use super::listeners::Listeners;
use super::params::Params;
use super::waiting::Waiting;
use super::{Change, Client, Fault, HttpScene, Seat, Server, SessionFacts, Sink, wording};
use crate::facts::Facts;
use crate::json;
use crate::principal::Principal;
use crate::protocol::{Era, Revision};
use crate::reject::Reject;
use crate::seal::StateKey;
use crate::time::{Duration, Instant};

/// The context of a message: time, transport, session and client.
#[derive(Clone, Debug)]
pub struct Circumstances<'a> {
    /// The current time.
    pub now: Instant,
    /// The time at which the message arrived.
    pub arrived: Instant,
    /// The current wall-clock time, since 1970-01-01 00:00 UTC.
    pub wall: Duration,
    /// The HTTP request that carried the message, or `None` over stdio.
    pub http: Option<&'a Arc<HttpScene>>,
    /// The session of the message, or `None` without sessions.
    pub session: Option<&'a SessionFacts>,
    /// The principal of the sender; anonymous over stdio.
    pub principal: Principal,
    /// An unpredictable number, different for each message. For the messages of a batch, or of one
    /// input of a [`super::Pipe`], it is derived from this one.
    pub random: u64,
    /// The key that seals state for the client to return. All processes that accept each other's
    /// state must have the same key.
    pub seal: &'a StateKey,
}

impl<'a> Circumstances<'a> {
    /// Creates the context of a message that arrives now over stdio.
    pub fn without_http(now: Instant, wall: Duration, random: u64, seal: &'a StateKey) -> Self {
        let (http, session, principal) = (None, None, Principal::Anonymous);
        Circumstances { now, arrived: now, wall, http, session, principal, random, seal }
    }

    /// Derives the context of one of several messages that came together, from its index.
    pub(super) fn of_part(&self, place: usize) -> Self {
        // SplitMix64 (Steele, Lea, Flood, 2014): each index yields a different number.
        let mut random =
            self.random.wrapping_add((place as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        random = (random ^ (random >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        random = (random ^ (random >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Circumstances { random: random ^ (random >> 31), ..self.clone() }
    }
}

/// The server's side of one conversation, in both eras.
///
/// Every method appends whole messages to `out`, each ending in a newline, in the order in which
/// they are to be sent.
#[derive(Debug)]
pub struct Conversation {
    server: Arc<dyn Server>,
    /// The seat of the legacy era; created by its first request.
    seat: Option<Box<dyn Seat>>,
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
    connection: Option<SessionFacts>,
    /// The ids of the server requests of the legacy era.
    keys: Keys,
    listeners: Listeners,
    waiting: Vec<Waiting>,
}

impl Conversation {
    /// Creates a conversation that accepts every revision. It need not begin with `initialize`;
    /// without it, legacy requests are served in the newest legacy revision.
    pub fn new(server: Arc<dyn Server>) -> Self {
        Conversation {
            server,
            seat: None,
            allowed: [true; Revision::ALL.len()],
            era: None,
            revision: Revision::NEWEST_LEGACY,
            is_initialized: false,
            client: Client::default(),
            connection: None,
            keys: Keys::default(),
            listeners: Listeners::default(),
            waiting: Vec::new(),
        }
    }

    /// Restricts the conversation to these revisions; there must be at least one. Without
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
    pub fn speaking(mut self, revision: Revision) -> Self {
        self.revision = revision;
        self
    }

    /// Records that the conversation is a connection over stdio. It has begun at `since`.
    pub(super) fn connected(&mut self, since: Instant) {
        self.connection.get_or_insert_with(|| SessionFacts::new(None, since, None));
    }

    /// Returns the revision in use in the legacy era.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// Handles a message or a batch; blank input is ignored. Each message of a batch is answered on
    /// a line of its own, so that a slow one does not delay the others.
    pub fn handle_message(&mut self, message: &[u8], at: &Circumstances<'_>, out: &mut dyn Sink) {
        let message = message.trim_ascii();
        match message.first() {
            None => {}
            Some(b'[') => self.on_batch(message, at, out),
            Some(_) => self.on_message(message, false, at, out),
        }
    }

    /// Handles an already parsed message, as [`Conversation::handle_message`] does for its text.
    pub(crate) fn handle_read(
        &mut self,
        message: &json::Message,
        at: &Circumstances<'_>,
        out: &mut dyn Sink,
    ) {
        match Incoming::read(message) {
            Some(call) => self.on_incoming(Ok(call), false, at, out),
            None => self.on_message(message.bytes(), false, at, out),
        }
    }

    /// Announces a change that no request of this conversation made, to the clients of this
    /// conversation that want it.
    pub fn handle_change(&mut self, change: Change<'_>, out: &mut dyn Sink) {
        self.tell_change(change, self.is_initialized, out);
    }

    /// Returns whether a modern client has an open `subscriptions/listen` stream.
    pub fn has_listens(&self) -> bool {
        self.listeners.listen()
    }

    /// Ends all `subscriptions/listen` streams (2026-07-28, basic/patterns/subscriptions, Graceful
    /// Closure).
    pub fn end_listens(&mut self, out: &mut dyn Sink) {
        self.listeners.end(self.server.modern_catalog(), out);
    }

    /// Handles the facts that [`Conversation::wants_facts`] asked for.
    pub fn handle_facts(&mut self, facts: &Facts, at: &Circumstances<'_>, out: &mut dyn Sink) {
        self.resume_where(Waiting::wants_facts, Some(facts), at, out);
    }

    /// Continues the requests whose time has come.
    pub fn handle_timeout(&mut self, at: &Circumstances<'_>, out: &mut dyn Sink) {
        let is_due = |waiting: &Waiting| waiting.due().is_some_and(|due| due <= at.now);
        self.resume_where(is_due, None, at, out);
    }

    /// Returns when to call [`Conversation::handle_timeout`]; an earlier call is harmless.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.waiting.iter().filter_map(Waiting::due).min()
    }

    /// Returns whether [`Conversation::handle_facts`] is to be called as soon as possible.
    pub fn wants_facts(&self) -> bool {
        self.waiting.iter().any(Waiting::wants_facts)
    }

    /// Returns the number of bytes that the seat stores ([`Seat::stored_bytes`]).
    pub fn stored_bytes(&self) -> usize {
        self.seat.as_ref().map_or(0, |seat| seat.stored_bytes())
    }

    /// Returns whether every request has been answered, except `subscriptions/listen`.
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty()
    }

    fn on_batch(&mut self, batch: &[u8], at: &Circumstances<'_>, out: &mut dyn Sink) {
        let has_batches = self.revision.has_batches() || self.server.catalog().batches;
        match incoming::batch(batch) {
            Ok(_) if !has_batches => {
                wording::error(out, None, &Fault::of(Reject::BatchNotAllowed));
            }
            Ok(messages) => {
                for (place, message) in messages.into_iter().enumerate() {
                    self.on_message(message.get().as_bytes(), true, &at.of_part(place), out);
                }
            }
            Err(fault) => wording::error(out, None, &fault),
        }
    }

    fn on_message(
        &mut self,
        message: &[u8],
        in_batch: bool,
        at: &Circumstances<'_>,
        out: &mut dyn Sink,
    ) {
        self.on_incoming(Incoming::parse(message), in_batch, at, out);
    }

    fn on_incoming(
        &mut self,
        incoming: Result<Incoming<'_>, Malformed<'_>>,
        in_batch: bool,
        at: &Circumstances<'_>,
        out: &mut dyn Sink,
    ) {
        match incoming {
            Ok(Incoming::Request { id, method, params }) => {
                let params = (params, Params::parse(params));
                match self.era(params.1.as_ref().ok()) {
                    Era::Legacy if in_batch && method == "initialize" => {
                        wording::error(out, Some(id), &Fault::of(Reject::InitializeInBatch));
                    }
                    Era::Modern if in_batch => {
                        wording::error(out, Some(id), &Fault::of(Reject::BatchNotAllowed));
                    }
                    Era::Legacy => {
                        if let Some(connection) = &mut self.connection {
                            connection.requests += 1;
                        }
                        self.on_request(id, &method, params.1, at, out);
                        self.used(at.arrived, at.now);
                    }
                    Era::Modern => self.on_self_contained(id, &method, params, at, out),
                }
            }
            Ok(Incoming::Notification { method, params }) => {
                if method == "notifications/cancelled" {
                    self.on_cancelled(params, out);
                }
            }
            Ok(Incoming::Answer { id, answer }) => self.on_answer(id, answer, at, out),
            Err(malformed) => wording::error(out, malformed.id, &malformed.fault),
        }
    }

    /// Records that a request that arrived at `since` has been answered, or waits.
    fn used(&mut self, since: Instant, now: Instant) {
        if let Some(connection) = &mut self.connection {
            connection.used_at = now;
            connection.took = connection.took.saturating_add(now.since(since));
        }
    }

    /// Returns the era of a request. If only one era is allowed, it is that one.
    fn era(&self, params: Option<&Params<'_>>) -> Era {
        if let Some(era) = self.era {
            return era;
        }
        let is_modern = || params.and_then(|it| it.meta().ok()).is_some_and(|it| it.is_modern());
        match (self.speaks(Era::Legacy), self.speaks(Era::Modern)) {
            (_, false) => Era::Legacy,
            (false, true) => Era::Modern,
            (true, true) if is_modern() => Era::Modern,
            (true, true) => Era::Legacy,
        }
    }

    fn speaks(&self, era: Era) -> bool {
        self.spoken().any(|revision| revision.era() == era)
    }

    /// Returns the allowed revisions, the newest first.
    fn spoken(&self) -> impl Iterator<Item = Revision> {
        let all = Revision::ALL.into_iter().zip(self.allowed).rev();
        all.filter(|(_, is_allowed)| *is_allowed).map(|(revision, _)| revision)
    }
}
