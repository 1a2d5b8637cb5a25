//! The other side of a session: a child process, a conversation in this process, or an interpreter
//! in front of a child of the other era.
//!
//! Owns: what differs between them. To the rest of a session both take messages on one line, and
//! answer by messages that say nothing of HTTP.

use bytes::Bytes;

use super::facade::{Facade, ToInterpreter};
use super::lent::Loan;
use super::seated::{Seated, Speaker};
use crate::bridge::{Calls, Child, FromWorker, Interpreter};
use crate::engine::{TURN_PAUSE, Turn};
use crate::ids::SessionId;
use crate::json::{Field, Invalid, Message, ParseRules, Peer};
use crate::machine::Chunk;
use crate::reject::{ExitStatus, Reject};
use crate::server::Changed;
use crate::time::{Duration, Instant};
use crate::translate::Answer;

/// Who answers the client of a session.
#[derive(Debug)]
pub(crate) enum Backend {
    /// A child process.
    Child(Box<Child>),
    /// What speaks to the modern child that all sessions share.
    Interpreted(Box<Facade>),
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

    /// The interpreter, unless a job has it.
    pub(crate) fn interpreter_mut(&mut self) -> Option<&mut Interpreter> {
        match self {
            Backend::Child(_) | Backend::Native(_) | Backend::Vacant => None,
            Backend::Interpreted(facade) => facade.interpreter_mut(),
        }
    }

    /// Lets what is in this process take the next of what was given to it. Whether it did, and may
    /// have said something.
    pub(super) fn go_on(&mut self, session: SessionId, turn: &mut Turn<'_>) -> bool {
        match self {
            Backend::Child(_) | Backend::Vacant => false,
            Backend::Interpreted(facade) => facade.go_on(session, turn),
            Backend::Native(seated) => seated.go_on(turn),
        }
    }

    /// Takes an interpreter back from its job.
    pub(crate) fn give_back_interpreter(&mut self, loan: Loan, interpreter: Box<Interpreter>) {
        if let Backend::Interpreted(facade) = self {
            facade.give_back(loan, interpreter);
        }
    }

    /// Takes a conversation back from its job.
    pub(crate) fn give_back_speaker(&mut self, loan: Loan, speaker: Box<Speaker>) {
        if let Backend::Native(seated) = self {
            seated.give_back(loan, speaker);
        }
    }

    /// Bytes that wait for it to take them, or that it keeps to say them again.
    pub(super) fn unfed(&self) -> usize {
        match self {
            Backend::Child(child) => child.unfed(),
            Backend::Interpreted(facade) => facade.held_bytes(),
            Backend::Native(seated) => seated.waiting_bytes(),
            Backend::Vacant => 0,
        }
    }

    /// Whether it takes another message of this size. Messages that wait for a server in this
    /// process are limited by the memory budget and by the requests in flight.
    pub(super) fn has_room(&self, bytes: usize, turn: &Turn<'_>) -> bool {
        self.child().is_none_or(|child| child.has_room(bytes, turn))
    }

    /// Gives it a request, under a number that stands for its id and its progress token.
    pub(super) fn request(&mut self, number: u64, request: &Message, turn: &mut Turn<'_>) {
        if let Backend::Interpreted(facade) = self {
            return facade.push(ToInterpreter::Request(number, request.clone()));
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
            Backend::Interpreted(facade) => facade.push(ToInterpreter::Message(message)),
            Backend::Native(seated) => seated.message(message, turn),
            Backend::Vacant => debug_assert!(false, "nobody is there to take a message"),
        }
    }

    /// Takes what came of a request of its own to the child that all sessions share.
    pub(super) fn heard(&mut self, heard: FromWorker) {
        if let Backend::Interpreted(facade) = self {
            facade.push(ToInterpreter::Upstream(heard));
        }
    }

    /// Lets it speak, or not. The child that all sessions share is read whoever is slow: those of
    /// its words that can be spared are left out. A server in this process is not interrupted.
    pub(super) fn gate(&mut self, open: bool, turn: &mut Turn<'_>) {
        match self {
            Backend::Child(child) => child.gate(open, turn),
            Backend::Interpreted(facade) => {
                if facade.set_slow(!open) {
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
            Backend::Interpreted(facade) => facade.interpreter_mut()?.next_said(),
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
            Backend::Interpreted(facade) => {
                if facade.next_due() <= turn.now {
                    facade.push(ToInterpreter::Timeout);
                }
            }
            Backend::Native(seated) => seated.timeout(turn),
            Backend::Vacant => {}
        }
    }

    /// When something is due, after `now`.
    pub(super) fn next_due(&self, now: Instant) -> Instant {
        match self {
            Backend::Child(child) => child.next_due(now),
            Backend::Interpreted(facade) => facade.next_due().max(now + TURN_PAUSE),
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

/// A server says nothing that is much deeper than what it was asked.
pub(super) const RULES: ParseRules =
    ParseRules { depth_max: 1024, batch_len_max: 0, sender: Peer::Child };
