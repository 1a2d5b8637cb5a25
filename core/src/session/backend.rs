//! The other side of a session: a child process, or a conversation in this process.
//!
//! Owns: what differs between them. To the rest of a session both take messages on one line, and
//! answer by messages that say nothing of HTTP.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;

use crate::bridge::Child;
use crate::engine::{TURN_PAUSE, Turn};
use crate::http::McpHead;
use crate::ids::SessionId;
use crate::json::{Message, ParseRules, Peer};
use crate::machine::Chunk;
use crate::reject::{ExitStatus, Reject};
use crate::server::{Circumstances, Conversation, Facts, HttpScene, Line, SessionFacts, Sink};
use crate::time::{Duration, Instant};

/// Who answers the client of a session.
#[derive(Debug)]
pub(crate) enum Backend {
    /// A child process.
    Child(Box<Child>),
    /// A server in this process.
    Native(Box<Seated>),
    /// Nobody: a client of HTTP+SSE has its stream, and has not sent `initialize`.
    Vacant,
}

impl Backend {
    pub(crate) fn child(&self) -> Option<&Child> {
        match self {
            Backend::Child(child) => Some(child),
            Backend::Native(_) | Backend::Vacant => None,
        }
    }

    pub(crate) fn child_mut(&mut self) -> Option<&mut Child> {
        match self {
            Backend::Child(child) => Some(child),
            Backend::Native(_) | Backend::Vacant => None,
        }
    }

    pub(crate) fn native(&self) -> Option<&Seated> {
        match self {
            Backend::Child(_) | Backend::Vacant => None,
            Backend::Native(seated) => Some(seated),
        }
    }

    pub(crate) fn native_mut(&mut self) -> Option<&mut Seated> {
        match self {
            Backend::Child(_) | Backend::Vacant => None,
            Backend::Native(seated) => Some(seated),
        }
    }

    /// Bytes that wait for it to take them.
    pub(super) fn unfed(&self) -> usize {
        self.child().map_or(0, Child::unfed)
    }

    /// Whether it takes another message of this size.
    pub(super) fn has_room(&self, bytes: usize, turn: &Turn<'_>) -> bool {
        self.child().is_none_or(|child| child.has_room(bytes, turn))
    }

    /// Gives it a message.
    pub(super) fn feed(&mut self, message: Chunk, turn: &mut Turn<'_>) {
        match self {
            Backend::Child(child) => child.feed(message, turn),
            Backend::Native(seated) => seated.message(&message.into_bytes(), turn),
            Backend::Vacant => debug_assert!(false, "nobody is there to take a message"),
        }
    }

    /// Lets it speak, or not.
    pub(super) fn gate(&mut self, open: bool, turn: &mut Turn<'_>) {
        if let Backend::Child(child) = self {
            child.gate(open, turn);
        }
    }

    /// It said what is a message.
    pub(super) fn spoke(&mut self, turn: &mut Turn<'_>) {
        if let Backend::Child(child) = self {
            child.spoke(turn);
        }
    }

    /// It said what is none. Whether it has to be given up.
    pub(super) fn babbled(&mut self, reject: Reject, turn: &mut Turn<'_>) -> bool {
        match self {
            Backend::Child(child) => child.babbled(reject, turn),
            Backend::Native(_) | Backend::Vacant => true,
        }
    }

    /// Does what is due.
    pub(super) fn handle_timeout(&mut self, turn: &mut Turn<'_>) {
        match self {
            Backend::Child(child) => child.handle_timeout(turn),
            Backend::Native(seated) => seated.timeout(turn),
            Backend::Vacant => {}
        }
    }

    /// When something is due, after `now`.
    pub(super) fn next_due(&self, now: Instant) -> Instant {
        match self {
            Backend::Child(child) => child.next_due(now),
            Backend::Native(seated) => seated.next_due().max(now + TURN_PAUSE),
            Backend::Vacant => Instant::FAR,
        }
    }

    /// How it ended, once nothing more can come from it.
    pub(super) fn end(&self, now: Instant) -> Option<ExitStatus> {
        self.child().and_then(|child| child.end(now))
    }

    /// Whether batches are executed whatever the revision.
    pub(super) fn takes_batches(&self) -> bool {
        matches!(self, Backend::Native(seated) if seated.takes_batches)
    }
}

/// A conversation, and what a session tells it of itself.
#[derive(Debug)]
pub(crate) struct Seated {
    conversation: Conversation,
    takes_batches: bool,
    pub(super) facts: SessionFacts,
    /// The POST whose messages it is given.
    arrived: Instant,
    http: Option<Arc<HttpScene>>,
    said: Said,
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
        let said = Said::default();
        Seated { conversation, takes_batches, facts, arrived: now, http: None, said }
    }

    /// Whose messages come next.
    pub(super) fn attend(&mut self, head: &McpHead, used_at: Instant, queued: usize) {
        self.arrived = head.arrived;
        self.http.clone_from(&head.http);
        self.facts.used_at = used_at;
        self.facts.queued = queued;
    }

    /// All messages of the POST have been given.
    pub(super) fn attended(&mut self) {
        self.http = None;
    }

    fn message(&mut self, message: &[u8], turn: &Turn<'_>) {
        let at = circumstances(self.arrived, self.http.as_ref(), &self.facts, turn);
        self.conversation.handle_message(message, &at, &mut self.said);
    }

    pub(crate) fn sampled(&mut self, facts: &Facts, turn: &Turn<'_>) {
        let at = circumstances(turn.now, None, &self.facts, turn);
        self.conversation.handle_facts(facts, &at, &mut self.said);
    }

    fn timeout(&mut self, turn: &Turn<'_>) {
        if self.next_due() <= turn.now {
            let at = circumstances(turn.now, None, &self.facts, turn);
            self.conversation.handle_timeout(&at, &mut self.said);
        }
    }

    fn next_due(&self) -> Instant {
        self.conversation.poll_timeout().unwrap_or(Instant::FAR)
    }

    /// Whether it goes on once it is given facts.
    pub(crate) fn wants_facts(&self) -> bool {
        self.conversation.wants_facts()
    }

    /// Bytes of what the server remembers of the session.
    pub(crate) fn stored_bytes(&self) -> usize {
        self.conversation.stored_bytes()
    }

    /// When the head of the request it attends to had come.
    pub(super) fn arrived(&self) -> Instant {
        self.arrived
    }

    /// The next thing it said.
    pub(super) fn next_said(&mut self) -> Option<Saying> {
        let said = self.said.sayings.pop_front();
        if said.is_none() {
            self.said.sayings = VecDeque::new(); // an idle session keeps no buffer
        }
        said
    }
}

fn circumstances<'a>(
    arrived: Instant,
    http: Option<&'a Arc<HttpScene>>,
    session: &'a SessionFacts,
    turn: &Turn<'_>,
) -> Circumstances<'a> {
    let (now, wall, random) = (turn.now, turn.wall, turn.chance.draw());
    Circumstances { now, arrived, wall, http, session: Some(session), random }
}

/// Which request of the client something is about, by the number it is known by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    /// Nobody but the backend knows.
    Unknown,
    /// This one.
    Call(u64),
    /// None.
    Nothing,
}

/// Something that a conversation said.
#[derive(Debug)]
pub(super) enum Saying {
    /// The request with this number is to lose its connection for so long.
    HangUp(u64, Duration),
    /// A message, and what it is about.
    Message(Message, About),
}

/// What a conversation said, in order.
#[derive(Debug, Default)]
struct Said {
    text: Vec<u8>,
    sayings: VecDeque<Saying>,
}

/// A server says nothing that is much deeper than what it was asked.
const RULES: ParseRules = ParseRules { depth_max: 1024, batch_len_max: 0, sender: Peer::Child };

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
        // What nobody asked for may wait in a queue, and most of its buffer would be empty.
        if about == About::Nothing {
            text.shrink_to_fit();
        }
        let text = Bytes::from(text);
        match Message::parse(text, RULES) {
            Ok(message) => self.sayings.push_back(Saying::Message(message, about)),
            Err(invalid) => debug_assert!(false, "a conversation said {invalid:?}"),
        }
    }

    fn hang_up(&mut self, id: &str, come_back: Duration) {
        if let Ok(number) = id.parse() {
            self.sayings.push_back(Saying::HangUp(number, come_back));
        }
    }
}
