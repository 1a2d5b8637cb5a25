//! One conversation with a server: JSON-RPC on the one side, the seat on the other.
//!
//! Owns: the era of each message; in the legacy era the revision that was agreed on, what the client
//! said of itself and what it subscribed to; the requests that wait, and who listens.
//! Never: how a message is worded (that is `wording`, `legacy` and `modern`), or what a tool
//! answers.
//!
//! ```text
//!   message ──► era ──► dispatch ──► Seat::evaluate ──► conclude ──► the answer
//!                                                        │    ▲
//!                                                      Waiting │   handle_timeout, handle_facts,
//!                                                        └─────┘   an answer of the client
//! ```
//!
//! A request whose `_meta` speaks of the modern era is answered by the rules of that era, from what
//! it says itself and by a seat of its own. Everything else belongs to the legacy era, and to the
//! one seat of the conversation. Both may be mixed.
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
use super::{Change, Client, Facts, Fault, HttpScene, Seat, Server, SessionFacts, Sink, wording};
use crate::json;
use crate::modern::state::StateKey;
use crate::protocol::{Era, Revision};
use crate::reject::Reject;
use crate::session::Principal;
use crate::time::{Duration, Instant};

/// What is known about a moment of a conversation.
#[derive(Clone, Debug)]
pub struct Circumstances<'a> {
    /// What time it is.
    pub now: Instant,
    /// When the message had arrived.
    pub arrived: Instant,
    /// What time it is in the world: since 1970-01-01 00:00 UTC.
    pub wall: Duration,
    /// The HTTP request the message came with; none over stdio.
    pub http: Option<&'a Arc<HttpScene>>,
    /// The session it belongs to; none where there are no sessions.
    pub session: Option<&'a SessionFacts>,
    /// Who sent it; anonymous over stdio.
    pub principal: Principal,
    /// Unpredictable, and another for each message. Of those that come in one batch, or in one
    /// input of a [`super::Pipe`], each is given one that follows from it.
    pub random: u64,
    /// What seals that which a client is to bring back. Always the same, also in every other
    /// process that is to take what this one has sealed.
    pub seal: &'a StateKey,
}

impl<'a> Circumstances<'a> {
    /// Those of a message that arrives now, over stdio.
    pub fn without_http(now: Instant, wall: Duration, random: u64, seal: &'a StateKey) -> Self {
        let (http, session, principal) = (None, None, Principal::Anonymous);
        Circumstances { now, arrived: now, wall, http, session, principal, random, seal }
    }

    /// Those of one of the messages that came together, by its place among them.
    pub(super) fn of_part(&self, place: usize) -> Self {
        // SplitMix64 (Steele, Lea, Flood, 2014): each place has a number of its own.
        let mut random =
            self.random.wrapping_add((place as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        random = (random ^ (random >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        random = (random ^ (random >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Circumstances { random: random ^ (random >> 31), ..self.clone() }
    }
}

/// The server's side of one conversation, in both eras.
///
/// Every verb appends whole lines to `out`, each a message that ends in a newline, in the order in
/// which they are to be sent.
#[derive(Debug)]
pub struct Conversation {
    server: Arc<dyn Server>,
    /// That of the legacy era, once something has been asked in it.
    seat: Option<Box<dyn Seat>>,
    /// Which of [`Revision::ALL`] may be spoken.
    allowed: [bool; Revision::ALL.len()],
    /// The era of every request, if they need not say.
    era: Option<Era>,
    /// Of the legacy era.
    revision: Revision,
    /// Whether `initialize` was answered.
    is_initialized: bool,
    /// Of the legacy era.
    client: Client,
    /// What the client has been asked under, in the legacy era.
    keys: Keys,
    listeners: Listeners,
    waiting: Vec<Waiting>,
}

impl Conversation {
    /// A conversation in which nothing has been said, and any revision may be. It need not begin
    /// with `initialize`; without it the newest revision of the legacy era is spoken with whoever
    /// does not speak the modern one.
    pub fn new(server: Arc<dyn Server>) -> Self {
        Conversation {
            server,
            seat: None,
            allowed: [true; Revision::ALL.len()],
            era: None,
            revision: Revision::NEWEST_LEGACY,
            is_initialized: false,
            client: Client::default(),
            keys: Keys::default(),
            listeners: Listeners::default(),
            waiting: Vec::new(),
        }
    }

    /// Lets only these revisions be spoken; there must be one. Without `initialize` the newest of
    /// the legacy era is. All revisions there are restrict nothing.
    pub fn restricted_to(mut self, revisions: Arc<[Revision]>) -> Self {
        let legacy = revisions.iter().copied().filter(|it| it.era() == Era::Legacy);
        self.revision = legacy.max().unwrap_or(Revision::NEWEST_LEGACY);
        self.allowed = Revision::ALL.map(|revision| revisions.contains(&revision));
        self
    }

    /// Takes every request for one of this era, whatever its `_meta` says.
    pub fn only(mut self, era: Era) -> Self {
        self.era = Some(era);
        self
    }

    /// Speaks this revision of the legacy era, until `initialize` agrees on another.
    pub fn speaking(mut self, revision: Revision) -> Self {
        self.revision = revision;
        self
    }

    /// The revision that is spoken in the legacy era.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// Takes a message, or a batch of them; nothing but spaces says nothing. Each message of a
    /// batch is answered by a line of its own, so that one that takes long keeps no other waiting.
    pub fn handle_message(&mut self, message: &[u8], at: &Circumstances<'_>, out: &mut dyn Sink) {
        let message = message.trim_ascii();
        match message.first() {
            None => {}
            Some(b'[') => self.on_batch(message, at, out),
            Some(_) => self.on_message(message, false, at, out),
        }
    }

    /// Takes a message that has been read before, as [`Conversation::handle_message`] takes its
    /// text.
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

    /// Takes a change that was not made by a request of this conversation, and tells it to those of
    /// its clients who want to know.
    pub fn handle_change(&mut self, change: Change<'_>, out: &mut dyn Sink) {
        self.tell_change(change, self.is_initialized, out);
    }

    /// Whether a client of the modern era listens ([`Conversation::handle_change`]).
    pub fn has_listens(&self) -> bool {
        self.listeners.listen()
    }

    /// Ends the streams on which clients listen (2026-07-28, basic/patterns/subscriptions, Graceful
    /// Closure).
    pub fn end_listens(&mut self, out: &mut dyn Sink) {
        self.listeners.end(self.server.modern_catalog(), out);
    }

    /// Takes the facts that were asked for.
    pub fn handle_facts(&mut self, facts: &Facts, at: &Circumstances<'_>, out: &mut dyn Sink) {
        self.resume_where(Waiting::wants_facts, Some(facts), at, out);
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, at: &Circumstances<'_>, out: &mut dyn Sink) {
        let is_due = |waiting: &Waiting| waiting.due().is_some_and(|due| due <= at.now);
        self.resume_where(is_due, None, at, out);
    }

    /// When to call [`Conversation::handle_timeout`]; earlier is harmless.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.waiting.iter().filter_map(Waiting::due).min()
    }

    /// Whether [`Conversation::handle_facts`] is to be called, as soon as possible.
    pub fn wants_facts(&self) -> bool {
        self.waiting.iter().any(Waiting::wants_facts)
    }

    /// Bytes the server remembers of it ([`Seat::stored_bytes`]).
    pub fn stored_bytes(&self) -> usize {
        self.seat.as_ref().map_or(0, |seat| seat.stored_bytes())
    }

    /// Whether every request has been answered, but for those that only listen.
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
                    Era::Legacy => self.on_request(id, &method, params.1, at, out),
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

    /// The era of a request. Where only one is spoken, it is of that.
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

    /// The revisions that may be spoken, the newest first.
    fn spoken(&self) -> impl Iterator<Item = Revision> {
        let all = Revision::ALL.into_iter().zip(self.allowed).rev();
        all.filter(|(_, is_allowed)| *is_allowed).map(|(revision, _)| revision)
    }
}
