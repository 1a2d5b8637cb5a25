//! One conversation with a server: JSON-RPC on the one side, the seat on the other.
//!
//! Owns: the revision that was agreed on, what the client said of itself, what it subscribed to,
//! and the requests that wait.
//! Never: how a message is worded (that is `legacy`), or what a tool answers.
//!
//! ```text
//!   message ──► dispatch ──► Seat::evaluate ──► conclude ──► the answer
//!                                                 │    ▲
//!                                               Waiting │   handle_timeout, handle_facts,
//!                                                 └─────┘   an answer of the client
//! ```
//!
//! Source: MCP 2025-11-25, basic/{index,lifecycle}, basic/utilities/*, server/*; 2025-03-26,
//! basic/index, Batching.

mod conclude;
mod dispatch;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::asking::Keys;
use super::incoming::{self, Incoming, Malformed};
use super::waiting::Waiting;
use super::{Client, Facts, Fault, HttpScene, Seat, Server, SessionFacts, Sink, legacy};
use crate::json;
use crate::protocol::{Era, Revision};
use crate::reject::Reject;
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
    /// Unpredictable, and another for each message.
    pub random: u64,
}

impl Circumstances<'static> {
    /// Those of a message that arrives now, over stdio.
    pub fn without_http(now: Instant, wall: Duration, random: u64) -> Self {
        Circumstances { now, arrived: now, wall, http: None, session: None, random }
    }
}

/// The server's side of one conversation in the legacy era.
///
/// Every verb appends whole lines to `out`, each a message that ends in a newline, in the order in
/// which they are to be sent.
#[derive(Debug)]
pub struct Conversation {
    server: Arc<dyn Server>,
    seat: Box<dyn Seat>,
    /// The revisions that may be agreed on; none: all of them.
    allowed: Option<Arc<[Revision]>>,
    revision: Revision,
    client: Client,
    subscriptions: BTreeSet<Box<str>>,
    waiting: Vec<Waiting>,
    /// What the client has been asked under.
    keys: Keys,
}

impl Conversation {
    /// A conversation in which nothing has been said. It need not begin with `initialize`; without
    /// it the newest revision is spoken.
    pub fn new(server: Arc<dyn Server>) -> Self {
        Conversation {
            seat: server.open(),
            server,
            allowed: None,
            revision: Revision::NEWEST_LEGACY,
            client: Client::default(),
            subscriptions: BTreeSet::new(),
            waiting: Vec::new(),
            keys: Keys::default(),
        }
    }

    /// Lets `initialize` agree on these revisions only; there must be one. Without `initialize` the
    /// newest of them is spoken. All revisions there are restrict nothing.
    pub fn restricted_to(mut self, revisions: Arc<[Revision]>) -> Self {
        let legacy = revisions.iter().copied().filter(|it| it.era() == Era::Legacy);
        self.revision = legacy.max().unwrap_or(Revision::NEWEST_LEGACY);
        let is_less = Revision::LEGACY.iter().any(|revision| !revisions.contains(revision));
        self.allowed = is_less.then_some(revisions);
        self
    }

    /// Speaks this revision, until `initialize` agrees on another.
    pub fn speaking(mut self, revision: Revision) -> Self {
        self.revision = revision;
        self
    }

    /// The revision that is spoken.
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
        self.seat.stored_bytes()
    }

    /// Whether every request has been answered.
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty()
    }

    fn on_batch(&mut self, batch: &[u8], at: &Circumstances<'_>, out: &mut dyn Sink) {
        let has_batches = self.revision.has_batches() || self.server.catalog().batches;
        match incoming::batch(batch) {
            Ok(_) if !has_batches => {
                legacy::error(out, None, &Fault::of(Reject::BatchNotAllowed));
            }
            Ok(messages) => {
                for message in messages {
                    self.on_message(message.get().as_bytes(), true, at, out);
                }
            }
            Err(fault) => legacy::error(out, None, &fault),
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
            Ok(Incoming::Request { id, method, .. }) if in_batch && method == "initialize" => {
                legacy::error(out, Some(id), &Fault::of(Reject::InitializeInBatch));
            }
            Ok(Incoming::Request { id, method, params }) => {
                if let Err(fault) = self.on_request(id, &method, params, at, out) {
                    legacy::error(out, Some(id), &fault);
                }
            }
            Ok(Incoming::Notification { method, params }) => {
                if method == "notifications/cancelled" {
                    self.on_cancelled(params, out);
                }
            }
            Ok(Incoming::Answer { id, answer }) => self.on_answer(id, answer, at, out),
            Err(malformed) => legacy::error(out, malformed.id, &malformed.fault),
        }
    }
}
