//! A server in this process, as the backend of a session.
//!
//! Owns: the order in which its connection gets its inputs; a job does everything that may take
//! the server's own code long.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::auth::Permissions;
use crate::chunk::Chunk;
use crate::cx::Cx;
use crate::host_stats::HostStats;
use crate::http::McpHead;
use crate::ids::SessionId;
use crate::job::{
    Checkout, CheckoutId, Evaluation, Evaluator, InputContext, Job, ServerInput, SessionOutput,
    Work,
};
use crate::json::Message;
use crate::legacy_facade::BackendEvent;
use crate::machine::Action;
use crate::principal::Principal;
use crate::server::{Changed, HttpRequestHead, ServerConnection, SessionInfo};
use crate::time::{Duration, Instant};

/// A connection, and the session's facts for it.
#[derive(Debug)]
pub(crate) struct NativeSession {
    checkout: Checkout<Evaluator, (ServerInput, InputContext)>,
    pub(super) takes_batches: bool,
    id: SessionId,
    pub(super) facts: SessionInfo,
    /// The sender of the last POST.
    principal: Principal,
    permissions: Option<Arc<Permissions>>,
    /// The time of the POST whose messages it gets.
    arrived: Instant,
    http: Option<Arc<HttpRequestHead>>,
    /// The number of bytes that the server stores for the session, as last known.
    stored: usize,
}

impl NativeSession {
    pub(crate) fn new(
        connection: ServerConnection,
        takes_batches: bool,
        id: SessionId,
        now: Instant,
        idle_max: Duration,
    ) -> NativeSession {
        let facts = SessionInfo::new(Some(id), now, Some(idle_max));
        let (principal, output) = (Principal::Anonymous, SessionOutput::default());
        let checkout = Checkout::new(Box::new(Evaluator { connection, output }));
        NativeSession {
            checkout,
            takes_batches,
            id,
            facts,
            principal,
            permissions: None,
            arrived: now,
            http: None,
            stored: 0,
        }
    }

    /// Records the sender of the next messages.
    pub(super) fn set_sender(&mut self, head: &McpHead, used_at: Instant, queued: usize) {
        self.principal = head.principal;
        self.permissions.clone_from(&head.permissions);
        self.arrived = head.arrived;
        self.http.clone_from(&head.http);
        self.facts.used_at = used_at;
        self.facts.queued = queued;
    }

    /// Records that all messages of the POST were passed.
    pub(super) fn on_post_done(&mut self) {
        self.http = None;
    }

    /// Adds a request of the client.
    pub(super) fn request(&mut self, number: u64, request: Message, cx: &Cx<'_>) {
        let (bytes, arrived, http) = (request.len(), self.arrived, self.http.clone());
        self.push(ServerInput::Request(number, request), bytes, arrived, http, cx);
    }

    /// Adds a notification or an answer of the client.
    pub(super) fn message(&mut self, message: Chunk, cx: &Cx<'_>) {
        let (bytes, arrived, http) = (message.len(), self.arrived, self.http.clone());
        self.push(ServerInput::Message(message), bytes, arrived, http, cx);
    }

    pub(crate) fn on_stats(&mut self, facts: &HostStats, cx: &Cx<'_>) {
        self.push(ServerInput::Stats(Box::new(facts.clone())), 0, cx.now, None, cx);
    }

    /// Announces a change that was not made in this session.
    pub(crate) fn change(&mut self, change: &Changed, cx: &Cx<'_>) {
        self.push(ServerInput::Change(change.clone()), 0, cx.now, None, cx);
    }

    pub(super) fn timeout(&mut self, cx: &Cx<'_>) {
        if self.next_due() <= cx.now {
            self.push(ServerInput::Timeout, 0, cx.now, None, cx);
        }
    }

    fn push(
        &mut self,
        fact: ServerInput,
        bytes: usize,
        arrived: Instant,
        http: Option<Arc<HttpRequestHead>>,
        cx: &Cx<'_>,
    ) {
        let (now, wall, random) = (cx.now, cx.unix_time, cx.rng.next_u64());
        let (principal, session) = (self.principal, self.facts.clone());
        let permissions = self.permissions.clone();
        let at = InputContext { now, arrived, wall, http, session, principal, permissions, random };
        self.checkout.push((fact, at), bytes);
    }

    /// Lets a job pass the next input to the connection, if there is one and no other job has it.
    /// Inputs that run no code of the server are handled at once.
    pub(super) fn advance(&mut self, cx: &mut Cx<'_>) -> bool {
        let Some(((fact, mut at), _)) = self.checkout.next() else { return false };
        at.session.initialized |= self.facts.initialized;
        if matches!(fact, ServerInput::Change(_)) {
            if let Some(speaker) = self.checkout.get_mut() {
                speaker.handle_input(fact, &at, cx.rng);
            }
            return true;
        }
        let loan = cx.next_upstream();
        let Some(speaker) = self.checkout.check_out(loan) else { return false };
        let (session, chance) = (self.id, cx.rng.clone());
        let work = Evaluation { session, loan, speaker, fact: Some((fact, at)), chance };
        cx.out.push(Action::Work(Job(Work::Evaluate(Box::new(work)))));
        false
    }

    /// Takes the connection back from its job.
    pub(super) fn check_in(&mut self, loan: CheckoutId, speaker: Box<Evaluator>) {
        if self.checkout.check_in(loan, speaker) {
            self.stored = self.checkout.get().map_or(0, |it| it.connection.stored_bytes());
        }
    }

    /// Returns when something is due; not while a job has the connection.
    pub(super) fn next_due(&self) -> Instant {
        let due = self.checkout.get().and_then(|speaker| speaker.connection.poll_timeout());
        due.unwrap_or(Instant::FAR)
    }

    /// Returns whether it waits for facts.
    pub(crate) fn wants_stats(&self) -> bool {
        self.checkout.get().is_some_and(|speaker| speaker.connection.wants_stats())
    }

    /// Returns the number of bytes that the server stores for the session.
    pub(crate) fn stored_bytes(&self) -> usize {
        self.stored
    }

    /// Returns the number of bytes of its waiting messages.
    pub(super) fn waiting_bytes(&self) -> usize {
        self.checkout.waiting_bytes()
    }

    /// Returns when the head of its current request arrived.
    pub(super) fn arrived(&self) -> Instant {
        self.arrived
    }

    /// Returns its next output.
    pub(super) fn next_event(&mut self) -> Option<BackendEvent> {
        let sayings = &mut self.checkout.get_mut()?.output.events;
        let said = sayings.pop_front();
        if said.is_none() {
            *sayings = VecDeque::new(); // an idle session keeps no buffer
        }
        said
    }
}
