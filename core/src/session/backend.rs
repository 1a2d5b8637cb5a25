//! The other side of a session: a child process, a conversation in this process, or an interpreter
//! in front of a child of the other era.
//!
//! Owns: what differs between them. To the rest of a session both take messages on one line, and
//! answer by messages that say nothing of HTTP.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;

use crate::bridge::{Calls, Child, FromWorker, Interpreter};
use crate::engine::{TURN_PAUSE, Turn};
use crate::http::McpHead;
use crate::ids::SessionId;
use crate::json::{Field, Invalid, Message, ParseRules, Peer};
use crate::machine::Chunk;
use crate::memory::SMALL_BYTES_MAX;
use crate::reject::{ExitStatus, Reject};
use crate::server::{
    Change, Changed, Circumstances, Conversation, Facts, HttpScene, Line, SessionFacts, Sink,
};
use crate::session::Principal;
use crate::time::{Duration, Instant};
use crate::translate::Answer;

/// Who answers the client of a session.
#[derive(Debug)]
pub(crate) enum Backend {
    /// A child process.
    Child(Box<Child>),
    /// What speaks to the modern child that all sessions share.
    Interpreted(Box<Interpreter>),
    /// A server in this process.
    Native(Box<Seated>),
    /// Nobody: a client of HTTP+SSE has its stream, and has not sent `initialize`.
    Vacant,
}

impl Backend {
    pub(crate) fn child(&self) -> Option<&Child> {
        match self {
            Backend::Child(child) => Some(child),
            Backend::Interpreted(_) | Backend::Native(_) | Backend::Vacant => None,
        }
    }

    pub(crate) fn child_mut(&mut self) -> Option<&mut Child> {
        match self {
            Backend::Child(child) => Some(child),
            Backend::Interpreted(_) | Backend::Native(_) | Backend::Vacant => None,
        }
    }

    pub(crate) fn native(&self) -> Option<&Seated> {
        match self {
            Backend::Child(_) | Backend::Interpreted(_) | Backend::Vacant => None,
            Backend::Native(seated) => Some(seated),
        }
    }

    pub(crate) fn native_mut(&mut self) -> Option<&mut Seated> {
        match self {
            Backend::Child(_) | Backend::Interpreted(_) | Backend::Vacant => None,
            Backend::Native(seated) => Some(seated),
        }
    }

    pub(crate) fn interpreter_mut(&mut self) -> Option<&mut Interpreter> {
        match self {
            Backend::Child(_) | Backend::Native(_) | Backend::Vacant => None,
            Backend::Interpreted(interpreter) => Some(interpreter),
        }
    }

    /// Bytes that wait for it to take them, or that it keeps to say them again.
    pub(super) fn unfed(&self) -> usize {
        match self {
            Backend::Child(child) => child.unfed(),
            Backend::Interpreted(interpreter) => interpreter.kept_bytes(),
            Backend::Native(_) | Backend::Vacant => 0,
        }
    }

    /// Whether it takes another message of this size.
    pub(super) fn has_room(&self, bytes: usize, turn: &Turn<'_>) -> bool {
        self.child().is_none_or(|child| child.has_room(bytes, turn))
    }

    /// Gives it a request, under a number that stands for its id and its progress token.
    pub(super) fn request(&mut self, number: u64, request: &Message, turn: &mut Turn<'_>) {
        if let Backend::Interpreted(interpreter) = self {
            return interpreter.handle_request(number, request, &mut turn.at());
        }
        // A child of a client that has gone was given the same `initialize` then.
        if let Backend::Child(child) = self
            && number == Calls::FIRST
        {
            if child.initialize_at.is_some() {
                return;
            }
            child.initialize_at = Some(turn.now);
        }
        let text = number.to_string();
        let edits = [(Field::Id, text.as_bytes()), (Field::ProgressToken, text.as_bytes())];
        match self {
            Backend::Child(child) => child.request(number, request.with(&edits), turn),
            _ => self.feed(request.with(&edits), turn),
        }
    }

    /// Gives it a message.
    pub(super) fn feed(&mut self, message: Chunk, turn: &mut Turn<'_>) {
        match self {
            Backend::Child(child) => child.feed(message, turn),
            Backend::Interpreted(interpreter) => feed(interpreter, message, turn),
            Backend::Native(seated) => seated.message(&message.into_bytes(), turn),
            Backend::Vacant => debug_assert!(false, "nobody is there to take a message"),
        }
    }

    /// Takes what came of a request of its own to the child that all sessions share.
    pub(super) fn heard(&mut self, heard: &FromWorker, turn: &mut Turn<'_>) {
        if let Backend::Interpreted(interpreter) = self {
            interpreter.handle_upstream(heard, &mut turn.at());
        }
    }

    /// Lets it speak, or not. The child that all sessions share is read whoever is slow: those of
    /// its words that can be spared are left out. A server in this process is not interrupted.
    pub(super) fn gate(&mut self, open: bool, turn: &mut Turn<'_>) {
        match self {
            Backend::Child(child) => child.gate(open, turn),
            Backend::Interpreted(interpreter) => {
                interpreter.set_slow(!open);
                if interpreter.has_said() {
                    turn.wake(turn.now + TURN_PAUSE);
                }
            }
            Backend::Native(_) | Backend::Vacant => {}
        }
    }

    /// The next thing it said, if it says it in this process.
    pub(super) fn next_said(&mut self) -> Option<Saying> {
        match self {
            Backend::Child(_) | Backend::Vacant => None,
            Backend::Interpreted(interpreter) => interpreter.next_said(),
            Backend::Native(seated) => seated.next_said(),
        }
    }

    /// It said what is a message.
    pub(super) fn spoke(&mut self, turn: &mut Turn<'_>) {
        if let Backend::Child(child) = self {
            child.spoke(turn);
        }
    }

    /// Does what is due.
    pub(super) fn handle_timeout(&mut self, turn: &mut Turn<'_>) {
        match self {
            Backend::Child(child) => child.handle_timeout(turn),
            Backend::Interpreted(interpreter) => interpreter.handle_timeout(&mut turn.at()),
            Backend::Native(seated) => seated.timeout(turn),
            Backend::Vacant => {}
        }
    }

    /// When something is due, after `now`.
    pub(super) fn next_due(&self, now: Instant) -> Instant {
        match self {
            Backend::Child(child) => child.next_due(now),
            Backend::Interpreted(interpreter) => interpreter.poll_timeout().max(now + TURN_PAUSE),
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

fn feed(interpreter: &mut Interpreter, message: Chunk, turn: &mut Turn<'_>) {
    match Message::parse(message.into_bytes(), RULES) {
        Ok(message) => interpreter.handle_message(&message, &mut turn.at()),
        Err(invalid) => debug_assert!(false, "a session feeds messages, not {invalid:?}"),
    }
}

/// A conversation, and what a session tells it of itself.
#[derive(Debug)]
pub(crate) struct Seated {
    conversation: Conversation,
    takes_batches: bool,
    pub(super) facts: SessionFacts,
    /// Who sent the last POST.
    principal: Principal,
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
        let (principal, said) = (Principal::Anonymous, Said::default());
        Seated { conversation, takes_batches, facts, principal, arrived: now, http: None, said }
    }

    /// Whose messages come next.
    pub(super) fn attend(&mut self, head: &McpHead, used_at: Instant, queued: usize) {
        self.principal = head.principal;
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
        let at = circumstances(self.arrived, self.http.as_ref(), self.principal, &self.facts, turn);
        self.conversation.handle_message(message, &at, &mut self.said);
    }

    pub(crate) fn sampled(&mut self, facts: &Facts, turn: &Turn<'_>) {
        let at = circumstances(turn.now, None, self.principal, &self.facts, turn);
        self.conversation.handle_facts(facts, &at, &mut self.said);
    }

    /// Tells the client of a change that was not made in this session.
    pub(crate) fn change(&mut self, change: &Changed) {
        self.conversation.handle_change(change.told(), &mut self.said);
    }

    fn timeout(&mut self, turn: &Turn<'_>) {
        if self.next_due() <= turn.now {
            let at = circumstances(turn.now, None, self.principal, &self.facts, turn);
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
    principal: Principal,
    session: &'a SessionFacts,
    turn: &'a Turn<'_>,
) -> Circumstances<'a> {
    let (now, wall, random) = (turn.now, turn.wall, turn.chance.draw());
    let (session, seal) = (Some(session), &turn.chance.seal);
    Circumstances { now, arrived, wall, http, session, principal, random, seal }
}

/// Which request of the client something is about, by the number it is known by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    /// Nobody but the backend knows.
    Unknown,
    /// This one.
    Call(u64),
    /// None.
    Nothing,
}

/// Something that was said in this process.
#[derive(Debug)]
pub(crate) enum Saying {
    /// The request with this number is answered.
    Answer(u64, Answer<'static>),
    /// There is no answer to the request with this number.
    Failure(u64, Reject),
    /// The request with this number is to lose its connection for so long.
    HangUp(u64, Duration),
    /// Clients of others may want to know of this.
    Changed(Changed),
    /// A message, and what it is about.
    Message(Message, About),
    /// The request with this number is being worked on, whether the client is told or not.
    Works(u64),
}

impl Saying {
    /// What a text of our own says.
    pub(crate) fn read(text: Bytes, about: About) -> Option<Saying> {
        let saying = Saying::of(text, about);
        debug_assert!(saying.is_ok(), "said {saying:?}");
        saying.ok()
    }

    /// What a text says that is not all our own, if it is a message.
    pub(crate) fn of(text: Bytes, about: About) -> Result<Saying, Invalid> {
        Message::parse(text, RULES).map(|message| Saying::Message(message, about))
    }
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
        // Only the text is counted in the memory budget, and its buffer can be twice as large. A
        // small answer leaves at once.
        if about == About::Nothing || text.len() > SMALL_BYTES_MAX {
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
