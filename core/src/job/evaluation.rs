//! An input of a conversation with a server in this process.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Loan;
use crate::chunk::Chunk;
use crate::facts::Facts;
use crate::ids::SessionId;
use crate::legacy_facade::{About, Saying};
use crate::principal::Principal;
use crate::random::Chance;
use crate::server::{
    Change, Changed, Circumstances, Conversation, HttpScene, Line, SessionFacts, Sink,
};
use crate::time::{Duration, Instant};

/// An input of a conversation.
#[derive(Debug)]
pub(crate) enum ToServer {
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
pub(crate) struct Circumstance {
    pub(crate) now: Instant,
    pub(crate) arrived: Instant,
    pub(crate) wall: Duration,
    pub(crate) http: Option<Arc<HttpScene>>,
    pub(crate) session: SessionFacts,
    pub(crate) principal: Principal,
    pub(crate) random: u64,
}

/// A conversation and its output.
#[derive(Debug)]
pub(crate) struct Speaker {
    pub(crate) conversation: Conversation,
    pub(crate) said: Said,
}

/// A conversation with a job to do.
#[derive(Debug)]
pub(crate) struct Evaluation {
    pub(crate) session: SessionId,
    pub(crate) loan: Loan,
    pub(crate) speaker: Box<Speaker>,
    pub(crate) fact: Option<(ToServer, Circumstance)>,
    pub(crate) chance: Arc<Chance>,
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
    pub(crate) fn give(&mut self, fact: ToServer, at: &Circumstance, chance: &Chance) {
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

/// The output of a conversation, in order.
#[derive(Debug, Default)]
pub(crate) struct Said {
    pub(crate) text: Vec<u8>,
    pub(crate) sayings: VecDeque<Saying>,
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
