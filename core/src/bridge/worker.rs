//! A child that belongs to no session, and the requests it was given.
//!
//! Owns: the number each request is known by upstream, and on whose behalf it is asked.
//! Never: what a request says.
//!
//! ```text
//!   modern:                                           open ──► ended, or let go
//!   legacy: opening ──it answers initialize──► open ──┘
//! ```

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::bridge::Child;
use crate::bridge::asking::{Asking, Parked};
use crate::engine::{Evictable, Loss};
use crate::ids::{ExchangeId, SessionId};
use crate::json::{Message, Number};
use crate::machine::Chunk;
use crate::numbered::Numbered;
use crate::protocol::Revision;
use crate::reject::{Capability, Reject};
use crate::session::Principal;
use crate::time::Instant;

/// A child that belongs to no session.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) child: Child,
    /// The requests it has not answered, by their numbers.
    pub(crate) tasks: Numbered<Task>,
    /// Whose requests it takes.
    pub(crate) key: Key,
    /// The legacy revision it has agreed on; none of a modern child, and until it has.
    pub(crate) revision: Option<Revision>,
    /// Whether it has yet to answer `initialize`, or what comes after that.
    pub(crate) is_opening: bool,
    /// Whether it is given nothing more, and ends with the last request it has.
    pub(crate) is_spent: bool,
    /// Whether it was silent about a request that was taken back and may still ask for it: it is
    /// given none whose client can be asked.
    pub(crate) is_doubtful: bool,
    /// Until when what it says of itself may be about a request that was taken back: its log
    /// messages are nobody's then, and its questions neither.
    pub(crate) hushed_until: Instant,
    /// Whether it has ever said a message: one that has not may be no server at all.
    pub(crate) proven: bool,
    /// The request that may ask something, of a legacy child.
    pub(crate) asking: Option<Box<Asking>>,
    /// Open streams that hear of its changes.
    pub(crate) listeners: usize,
    /// The resources it was asked to watch, by their uris as JSON texts, and how many streams want
    /// to hear of them.
    pub(crate) watched: BTreeMap<Vec<u8>, usize>,
    /// Since when it has nothing to do.
    pub(crate) idle_since: Instant,
}

/// Whose requests share a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// Nobody's yet: it is kept ready.
    Spare,
    /// One request's, after which it ends.
    Once(ExchangeId),
    /// Those with the same credentials.
    Principal(Principal),
    /// All.
    Shared,
}

/// A request that a worker was given.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) asker: Asker,
    /// What it is, as far as it matters to others.
    pub(crate) traits: Traits,
    pub(crate) since: Instant,
    /// When it is given up, unless it shows progress.
    pub(crate) due: Instant,
}

/// On whose behalf a worker was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asker {
    /// Our own: what a child answers once it has done all that it does by itself when it is opened.
    Fence,
    /// Our own: `tools/list`.
    Listing,
    /// Our own: `initialize`.
    Opening,
    /// Our own, and the answer does not matter.
    Aside,
    /// Somebody who has gone. The worker was told, and may yet say something about it.
    Gone,
    /// A modern client, who was asked something and is to come back.
    Parked,
    /// A POST of a modern client.
    Request(ExchangeId),
    /// A session of a legacy client, whose interpreter speaks for it.
    Session(SessionId),
}

/// Whom a request can share a legacy child with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Anybody: it makes no child ask.
    Nobody,
    /// Others whose clients cannot be asked anything either.
    Company,
    /// Nobody else who may make it ask: its client can be asked.
    Alone,
}

/// What of a request matters to others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Traits {
    /// Whether it wants log messages.
    pub(crate) logs: bool,
    /// Whether it is a `subscriptions/listen`: it is not expected to be answered soon.
    pub(crate) listens: bool,
    /// Whether it may make a legacy child ask something, though its client can be asked nothing.
    pub(crate) mute: bool,
}

/// What a session's interpreter has for the shared modern child; see [`crate::engine::Turn::send`].
#[derive(Debug)]
pub(crate) enum ToWorker {
    /// A request: a line, without its end, that already has `number` (of
    /// [`crate::engine::Turn::next_upstream`]) as its id, and as its progress token if it has one.
    /// The child is started if there is none.
    Request { number: u64, line: Chunk, traits: Traits },
    /// A notification, as it is.
    Notification { line: Chunk },
    /// Takes a request back: the child is told, and nothing more is heard of it. Ending a
    /// `subscriptions/listen` is the same.
    Cancel { number: u64 },
}

/// What the shared modern child has for a session's interpreter. Nothing comes of a request after
/// its answer, its loss or its cancellation.
#[derive(Debug)]
pub(crate) enum FromWorker {
    /// The answer to a request, a result or an error, under its number.
    Answer { number: u64, message: Message },
    /// A notification about a request: its progress, a message of the subscription it opened, or a
    /// log message that can only be meant for it.
    Notification { number: u64, message: Message },
    /// There will be no answer: the child ended or could not be started. The next request starts
    /// another child; what is to survive (a subscription) has to be asked for again.
    Lost { number: u64, reject: Reject },
}

impl Worker {
    /// A worker that has been given nothing.
    pub(crate) fn new(child: Child, key: Key, now: Instant) -> Worker {
        Worker {
            child,
            tasks: Numbered::default(),
            key,
            revision: None,
            is_opening: false,
            is_spent: false,
            is_doubtful: false,
            hushed_until: Instant::ZERO,
            proven: false,
            asking: None,
            listeners: 0,
            watched: BTreeMap::new(),
            idle_since: now,
        }
    }

    /// Whether it takes requests.
    pub(crate) fn is_open(&self) -> bool {
        !(self.is_opening || self.is_spent || self.child.is_ending())
    }

    /// Whether it can take a request of a modern client, as a legacy child.
    ///
    /// Its questions do not say which request they are for. So the one whose client can be asked is
    /// alone among those that may make it ask. Those whose clients cannot be asked anything keep
    /// each other company: what it asks meanwhile is refused, whoever it is for.
    pub(crate) fn can_take(&self, need: Need, now: Instant) -> bool {
        let is_asked_for = |(_, task): (u64, &Task)| task.traits.mute;
        self.is_open()
            && match need {
                Need::Nobody => true,
                Need::Company => self.asking.is_none(),
                Need::Alone => {
                    let is_alone = self.asking.is_none() && !self.tasks.iter().any(is_asked_for);
                    is_alone && !self.is_wary(now)
                }
            }
    }

    /// It has given up a request that was taken back, but what it started for that may go on for some
    /// time, and so may what it says about it.
    pub(crate) fn hush_until(&mut self, until: Instant) {
        self.hushed_until = self.hushed_until.max(until);
    }

    /// Whether a question of it may be for a request that was taken back, and is over for us.
    pub(crate) fn is_wary(&self, now: Instant) -> bool {
        self.is_doubtful || self.hushed_until > now
    }

    /// Whether it is at a request that may make it ask, or one that was taken back.
    pub(crate) fn is_busy(&self) -> bool {
        self.asking.is_some() || self.tasks.iter().any(|(_, task)| task.asker == Asker::Gone)
    }

    /// Whether nobody would miss it.
    pub(crate) fn is_idle(&self) -> bool {
        self.tasks.is_empty() && self.asking.is_none() && self.listeners == 0 && !self.is_opening
    }

    /// Whether a client that was sent away with this number and secret is waited for.
    pub(crate) fn is_parked_with(&self, number: u64, secret: u64, now: Instant) -> bool {
        let asking = self.asking.as_deref().filter(|asking| asking.number == number);
        let parked = asking.and_then(|asking| asking.parked);
        parked.is_some_and(|parked| parked.secret == secret && parked.until > now)
    }

    /// The questions that it has not been answered: the id of each, what the client knows it by, and
    /// what it needs.
    pub(crate) fn open_questions(&self) -> Vec<(Bytes, String, Capability)> {
        let asked = self.asking.as_deref().map_or(&[][..], |asking| &asking.questions);
        asked.iter().map(|it| (it.id.clone(), it.key.clone(), it.question.needs)).collect()
    }

    /// The client that was sent away with questions and is waited for.
    pub(crate) fn parked(&self) -> Option<Parked> {
        self.asking.as_deref().and_then(|asking| asking.parked)
    }

    /// Returns the loss if it is ended for another worker or session; `None` while a client waits
    /// for it.
    pub(crate) fn evictable(&self) -> Option<Evictable> {
        let principal = match self.key {
            Key::Principal(principal) => principal,
            Key::Once(_) | Key::Shared | Key::Spare => Principal::Anonymous,
        };
        if self.is_idle() {
            return Some(Evictable { loss: Loss::Idle, since: self.idle_since, principal });
        }
        let Parked { since, principal, .. } = self.parked().filter(|_| self.is_unused())?;
        Some(Evictable { loss: Loss::ParkedCall, since, principal })
    }

    /// Whether nothing else is asked of it than what its parked call waits for.
    fn is_unused(&self) -> bool {
        let mut tasks = self.tasks.iter();
        let is_awaited = |asker| matches!(asker, Asker::Request(_) | Asker::Session(_));
        self.listeners == 0 && tasks.all(|(_, task)| !is_awaited(task.asker))
    }

    /// Whether whoever it was asked for has gone.
    pub(crate) fn is_unwanted(&self) -> bool {
        let is_somebodys =
            |asker| matches!(asker, Asker::Parked | Asker::Request(_) | Asker::Session(_));
        self.listeners == 0 && !self.tasks.iter().any(|(_, task)| is_somebodys(task.asker))
    }

    /// The request in flight, if there is one and an answer without an id can only be to that. A
    /// subscription is not expected to be answered.
    pub(crate) fn only_task(&self) -> Option<u64> {
        self.only(|task| !task.traits.listens).filter(|_| self.child.is_settled())
    }

    /// The one request that a message without a name can be meant for; none if there are several.
    pub(crate) fn only(&self, could_be: impl Fn(&Task) -> bool) -> Option<u64> {
        let mut tasks = self.tasks.iter().filter(|(_, task)| could_be(task));
        let (number, _) = tasks.next()?;
        tasks.next().is_none().then_some(number)
    }

    /// When something is due of it, or of the requests it was given.
    pub(crate) fn next_due(&self, now: Instant) -> Instant {
        let tasks = self.tasks.iter().map(|(_, task)| task.due).min().unwrap_or(Instant::FAR);
        let asking = self.asking.as_ref().map_or(Instant::FAR, |asking| asking.due());
        let hushed = if self.hushed_until > now { self.hushed_until } else { Instant::FAR };
        tasks.min(asking).min(hushed).min(self.child.next_due(now))
    }
}

/// Reads a number that was sent, from the JSON text that a child has made of it: `7`, `7.0` and
/// `"7"` are 7. A child has no other number or string to mean by it.
pub(crate) fn parse_number(text: &[u8]) -> Option<u64> {
    let text = text.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\"")).unwrap_or(text);
    let is_plain = !text.is_empty() && text[0] != b'0' && text.iter().all(u8::is_ascii_digit);
    match is_plain {
        true => std::str::from_utf8(text).ok()?.parse().ok(),
        false if text.len() > NUMBER_BYTES_MAX => None,
        false => Number::of(text)?.to_u64().filter(|number| *number > 0),
    }
}

/// Bytes of a number, however it is spelled.
const NUMBER_BYTES_MAX: usize = 64;
