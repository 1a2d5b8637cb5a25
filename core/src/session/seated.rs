//! A server in this process, as the backend of a session.
//!
//! Owns: the order in which its conversation gets its inputs; a job does everything that may take
//! the server's own code long.

use std::collections::VecDeque;
use std::sync::Arc;

use super::lent::Lent;
use crate::chunk::Chunk;
use crate::cx::Cx;
use crate::facts::Facts;
use crate::http::McpHead;
use crate::ids::SessionId;
use crate::job::{Circumstance, Evaluation, Job, Loan, Said, Speaker, ToServer, Work};
use crate::legacy_facade::Saying;
use crate::machine::Action;
use crate::principal::Principal;
use crate::server::{Changed, Conversation, HttpScene, SessionFacts};
use crate::time::{Duration, Instant};

/// A conversation, and the session's facts for it.
#[derive(Debug)]
pub(crate) struct Seated {
    lent: Lent<Speaker, (ToServer, Circumstance)>,
    pub(super) takes_batches: bool,
    id: SessionId,
    pub(super) facts: SessionFacts,
    /// The sender of the last POST.
    principal: Principal,
    /// The time of the POST whose messages it gets.
    arrived: Instant,
    http: Option<Arc<HttpScene>>,
    /// The number of bytes that the server stores for the session, as last known.
    stored: usize,
}

impl Seated {
    pub(crate) fn new(
        conversation: Conversation,
        takes_batches: bool,
        id: SessionId,
        now: Instant,
        idle_max: Duration,
    ) -> Seated {
        let facts = SessionFacts::new(Some(id), now, Some(idle_max));
        let (principal, said) = (Principal::Anonymous, Said::default());
        let lent = Lent::new(Speaker { conversation, said });
        Seated { lent, takes_batches, id, facts, principal, arrived: now, http: None, stored: 0 }
    }

    /// Records the sender of the next messages.
    pub(super) fn attend(&mut self, head: &McpHead, used_at: Instant, queued: usize) {
        self.principal = head.principal;
        self.arrived = head.arrived;
        self.http.clone_from(&head.http);
        self.facts.used_at = used_at;
        self.facts.queued = queued;
    }

    /// Records that all messages of the POST were passed.
    pub(super) fn attended(&mut self) {
        self.http = None;
    }

    /// Adds a message of the client.
    pub(super) fn message(&mut self, message: Chunk, cx: &Cx<'_>) {
        let (bytes, arrived, http) = (message.len(), self.arrived, self.http.clone());
        self.push(ToServer::Message(message), bytes, arrived, http, cx);
    }

    pub(crate) fn sampled(&mut self, facts: &Facts, cx: &Cx<'_>) {
        self.push(ToServer::Facts(Box::new(facts.clone())), 0, cx.now, None, cx);
    }

    /// Announces a change that was not made in this session.
    pub(crate) fn change(&mut self, change: &Changed, cx: &Cx<'_>) {
        self.push(ToServer::Change(change.clone()), 0, cx.now, None, cx);
    }

    pub(super) fn timeout(&mut self, cx: &Cx<'_>) {
        if self.next_due() <= cx.now {
            self.push(ToServer::Timeout, 0, cx.now, None, cx);
        }
    }

    fn push(
        &mut self,
        fact: ToServer,
        bytes: usize,
        arrived: Instant,
        http: Option<Arc<HttpScene>>,
        cx: &Cx<'_>,
    ) {
        let (now, wall, random) = (cx.now, cx.wall, cx.chance.draw());
        let (principal, session) = (self.principal, self.facts.clone());
        let at = Circumstance { now, arrived, wall, http, session, principal, random };
        self.lent.push((fact, at), bytes);
    }

    /// Lets a job pass the next input to the conversation, if there is one and no other job has it.
    /// Inputs that run no code of the server are handled at once.
    pub(super) fn go_on(&mut self, cx: &mut Cx<'_>) -> bool {
        let Some(((fact, mut at), _)) = self.lent.next() else { return false };
        at.session.initialized |= self.facts.initialized;
        if matches!(fact, ToServer::Change(_)) {
            if let Some(speaker) = self.lent.get_mut() {
                speaker.give(fact, &at, cx.chance);
            }
            return true;
        }
        let loan = cx.next_upstream();
        let Some(speaker) = self.lent.lend(loan) else { return false };
        let (session, chance) = (self.id, cx.chance.clone());
        let work = Evaluation { session, loan, speaker, fact: Some((fact, at)), chance };
        cx.out.push(Action::Work(Job(Work::Evaluate(Box::new(work)))));
        false
    }

    /// Takes the conversation back from its job.
    pub(super) fn give_back(&mut self, loan: Loan, speaker: Box<Speaker>) {
        if self.lent.give_back(loan, speaker) {
            self.stored = self.lent.get().map_or(0, |it| it.conversation.stored_bytes());
        }
    }

    /// Returns when something is due; not while a job has the conversation.
    pub(super) fn next_due(&self) -> Instant {
        let due = self.lent.get().and_then(|speaker| speaker.conversation.poll_timeout());
        due.unwrap_or(Instant::FAR)
    }

    /// Returns whether it waits for facts.
    pub(crate) fn wants_facts(&self) -> bool {
        self.lent.get().is_some_and(|speaker| speaker.conversation.wants_facts())
    }

    /// Returns the number of bytes that the server stores for the session.
    pub(crate) fn stored_bytes(&self) -> usize {
        self.stored
    }

    /// Returns the number of bytes of its waiting messages.
    pub(super) fn waiting_bytes(&self) -> usize {
        self.lent.waiting_bytes()
    }

    /// Returns when the head of its current request arrived.
    pub(super) fn arrived(&self) -> Instant {
        self.arrived
    }

    /// Returns its next output.
    pub(super) fn next_said(&mut self) -> Option<Saying> {
        let sayings = &mut self.lent.get_mut()?.said.sayings;
        let said = sayings.pop_front();
        if said.is_none() {
            *sayings = VecDeque::new(); // an idle session keeps no buffer
        }
        said
    }
}
