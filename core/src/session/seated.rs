//! A server in this process, as the backend of a session.
//!
//! Owns: the order in which its conversation gets its inputs; a job does everything that may take
//! the server's own code long.

use std::collections::VecDeque;
use std::sync::Arc;

use super::lent::{Lent, Loan};
use crate::chunk::Chunk;
use crate::cx::Cx;
use crate::facts::Facts;
use crate::http::McpHead;
use crate::ids::SessionId;
use crate::interpreter::{About, Saying};
use crate::job::{Job, Work};
use crate::machine::Action;
use crate::principal::Principal;
use crate::random::Chance;
use crate::server::{
    Change, Changed, Circumstances, Conversation, HttpScene, Line, SessionFacts, Sink,
};
use crate::time::{Duration, Instant};

/// A conversation, and the session's facts for it.
#[derive(Debug)]
pub(crate) struct Seated {
    lent: Lent<Speaker, (ToServer, Circumstance)>,
    pub(super) takes_batches: bool,
    pub(super) facts: SessionFacts,
    /// The sender of the last POST.
    principal: Principal,
    /// The time of the POST whose messages it gets.
    arrived: Instant,
    http: Option<Arc<HttpScene>>,
    /// The number of bytes that the server stores for the session, as last known.
    stored: usize,
}

/// An input of a conversation.
#[derive(Debug)]
enum ToServer {
    /// A message of the client.
    Message(Chunk),
    /// The facts that it waits for.
    Facts(Box<Facts>),
    /// A change that was not made in this session.
    Change(Changed),
    /// A timeout.
    Timeout,
}

/// The context of an input.
#[derive(Debug)]
struct Circumstance {
    now: Instant,
    arrived: Instant,
    wall: Duration,
    http: Option<Arc<HttpScene>>,
    session: SessionFacts,
    principal: Principal,
    random: u64,
}

/// A conversation and its output.
#[derive(Debug)]
pub(crate) struct Speaker {
    conversation: Conversation,
    said: Said,
}

/// A conversation with a job to do.
#[derive(Debug)]
pub(crate) struct Evaluation {
    pub(crate) session: SessionId,
    pub(crate) loan: Loan,
    pub(crate) speaker: Box<Speaker>,
    fact: Option<(ToServer, Circumstance)>,
    chance: Arc<Chance>,
}

impl Evaluation {
    /// Passes the input to the conversation.
    pub(crate) fn carry_out(&mut self) {
        if let Some((fact, at)) = self.fact.take() {
            self.speaker.give(fact, &at, &self.chance);
        }
    }
}

impl Speaker {
    fn give(&mut self, fact: ToServer, at: &Circumstance, chance: &Chance) {
        let Circumstance { now, arrived, wall, principal, random, .. } = *at;
        let (http, session, seal) = (at.http.as_ref(), Some(&at.session), &chance.seal);
        let at = Circumstances { now, arrived, wall, http, session, principal, random, seal };
        let Speaker { conversation, said } = self;
        match fact {
            ToServer::Message(message) => {
                conversation.handle_message(&message.into_bytes(), &at, said);
            }
            ToServer::Facts(facts) => conversation.handle_facts(&facts, &at, said),
            ToServer::Change(change) => conversation.handle_change(change.told(), said),
            ToServer::Timeout => conversation.handle_timeout(&at, said),
        }
    }
}

impl Seated {
    pub(crate) fn new(
        conversation: Conversation,
        takes_batches: bool,
        id: SessionId,
        now: Instant,
        idle_max: Duration,
    ) -> Seated {
        let facts = SessionFacts {
            id,
            initialized: false,
            since: now,
            used_at: now,
            idle_max,
            requests: 0,
            took: Duration::ZERO,
            queued: 0,
        };
        let (principal, said) = (Principal::Anonymous, Said::default());
        let lent = Lent::new(Speaker { conversation, said });
        Seated { lent, takes_batches, facts, principal, arrived: now, http: None, stored: 0 }
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
        let (session, chance) = (self.facts.id, cx.chance.clone());
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

/// The output of a conversation, in order.
#[derive(Debug, Default)]
struct Said {
    text: Vec<u8>,
    sayings: VecDeque<Saying>,
}

impl Sink for Said {
    fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.text
    }

    fn ended(&mut self, line: Line<'_>) {
        let about = match line {
            Line::Answer(_) => About::Unknown,
            Line::Related(id) => id.parse().map_or(About::Unknown, About::Call),
            Line::Unrelated => About::Nothing,
        };
        let mut text = std::mem::take(&mut self.text);
        // A message that was not asked for can wait in a queue, and most of its buffer would be empty.
        if about == About::Nothing {
            text.shrink_to_fit();
        }
        self.sayings.extend(Saying::read(text.into(), about));
    }

    fn changed(&mut self, change: Change<'_>) {
        self.sayings.push_back(Saying::Changed(change.keep()));
    }

    fn hang_up(&mut self, id: &str, come_back: Duration) {
        if let Ok(number) = id.parse() {
            self.sayings.push_back(Saying::HangUp(number, come_back));
        }
    }
}
