//! A child without a session, and its requests.
//!
//! Owns: the child's number of each request, and its requester.
//! Never: the content of a request.
//!
//! ```text
//!   modern:                                           open ──► ended, or let go
//!   legacy: opening ──it answers initialize──► open ──┘
//! ```

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::bridge::Child;
use crate::bridge::asking::{Asking, Parked};
use crate::cx::{Evictable, Loss};
use crate::ids::{ExchangeId, SessionId};
use crate::interpreter::Traits;
use crate::modern::Need;
use crate::numbered::Numbered;
use crate::principal::Principal;
use crate::protocol::Revision;
use crate::reject::Capability;
use crate::time::Instant;

/// A child without a session.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) child: Child,
    /// The pending requests, by number.
    pub(crate) tasks: Numbered<Task>,
    /// The requests that it takes.
    pub(crate) key: Key,
    /// The negotiated legacy revision; `None` for a modern child, and before the negotiation.
    pub(crate) revision: Option<Revision>,
    /// Whether it still has to answer `initialize`, or the request after that.
    pub(crate) is_opening: bool,
    /// Whether it takes no further requests, and ends with the last one it has.
    pub(crate) is_spent: bool,
    /// Whether it has not answered a cancelled request that may still cause questions: it takes no
    /// request whose client supports questions.
    pub(crate) is_doubtful: bool,
    /// Until then, unsolicited messages may belong to a cancelled request: log messages and
    /// questions are dropped.
    pub(crate) hushed_until: Instant,
    /// Whether it has ever written a message; one that has not may not be an MCP server.
    pub(crate) proven: bool,
    /// The request of a legacy child that may cause questions.
    pub(crate) asking: Option<Box<Asking>>,
    /// The number of open streams with its changes.
    pub(crate) listeners: usize,
    /// The watched resources, by their URIs as JSON texts, and the number of streams for each.
    pub(crate) watched: BTreeMap<Vec<u8>, usize>,
    /// The time since which it is idle.
    pub(crate) idle_since: Instant,
}

/// The requests that share a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// None yet: it is prewarmed.
    Spare,
    /// A single request, after which it ends.
    Once(ExchangeId),
    /// Those with the same credentials.
    Principal(Principal),
    /// All.
    Shared,
}

/// A request at a worker.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) asker: Asker,
    /// Properties that affect other requests.
    pub(crate) traits: Traits,
    pub(crate) since: Instant,
    /// The time at which it fails, unless it shows progress.
    pub(crate) due: Instant,
}

/// The requester of a worker's request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asker {
    /// The bridge: a child answers this request after everything it does on its own when it is
    /// opened.
    Fence,
    /// The bridge: `tools/list`.
    Listing,
    /// The bridge: `initialize`.
    Opening,
    /// The bridge; the answer is ignored.
    Aside,
    /// A client that has cancelled. The worker was told, and may still send messages about it.
    Gone,
    /// A modern client that was sent questions and has to retry.
    Parked,
    /// A POST of a modern client.
    Request(ExchangeId),
    /// A session of a legacy client, by its interpreter.
    Session(SessionId),
}

impl Worker {
    /// Creates a worker without requests.
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

    /// Returns whether it takes requests.
    pub(crate) fn is_open(&self) -> bool {
        !(self.is_opening || self.is_spent || self.child.is_ending())
    }

    /// Returns whether it can take a request of a modern client, as a legacy child.
    ///
    /// Its questions do not name their request. So a request whose client supports questions is the
    /// only one that may cause them. Requests whose clients support none can share it: questions
    /// meanwhile are refused.
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

    /// Quarantines it after a cancelled request has been answered, because its effects, and
    /// messages about them, may continue for a while.
    pub(crate) fn hush_until(&mut self, until: Instant) {
        self.hushed_until = self.hushed_until.max(until);
    }

    /// Returns whether its questions may belong to a cancelled request.
    pub(crate) fn is_wary(&self, now: Instant) -> bool {
        self.is_doubtful || self.hushed_until > now
    }

    /// Returns whether it has a request that may cause questions, or a cancelled one.
    pub(crate) fn is_busy(&self) -> bool {
        self.asking.is_some() || self.tasks.iter().any(|(_, task)| task.asker == Asker::Gone)
    }

    /// Returns whether it can be ended without loss.
    pub(crate) fn is_idle(&self) -> bool {
        self.tasks.is_empty() && self.asking.is_none() && self.listeners == 0 && !self.is_opening
    }

    /// Returns whether it waits for a client with this number and secret.
    pub(crate) fn is_parked_with(&self, number: u64, secret: u64, now: Instant) -> bool {
        let asking = self.asking.as_deref().filter(|asking| asking.number == number);
        let parked = asking.and_then(|asking| asking.parked);
        parked.is_some_and(|parked| parked.secret == secret && parked.until > now)
    }

    /// Returns its open questions: the id of each, its key for the client, and the capability it
    /// needs.
    pub(crate) fn open_questions(&self) -> Vec<(Bytes, String, Capability)> {
        let asked = self.asking.as_deref().map_or(&[][..], |asking| &asking.questions);
        asked.iter().map(|it| (it.id.clone(), it.key.clone(), it.question.needs)).collect()
    }

    /// Returns the client that was sent questions and has to retry.
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

    /// Returns whether it has no requests except its parked call.
    fn is_unused(&self) -> bool {
        let mut tasks = self.tasks.iter();
        let is_awaited = |asker| matches!(asker, Asker::Request(_) | Asker::Session(_));
        self.listeners == 0 && tasks.all(|(_, task)| !is_awaited(task.asker))
    }

    /// Returns whether its only request has ended.
    pub(crate) fn is_unwanted(&self) -> bool {
        let is_somebodys =
            |asker| matches!(asker, Asker::Parked | Asker::Request(_) | Asker::Session(_));
        self.listeners == 0 && !self.tasks.iter().any(|(_, task)| is_somebodys(task.asker))
    }

    /// Returns the request in flight, if there is only one and an answer without an id can only
    /// belong to that. A subscription does not count.
    pub(crate) fn only_task(&self) -> Option<u64> {
        self.only(|task| !task.traits.listens).filter(|_| self.child.is_settled())
    }

    /// Returns the only request that an unnamed message can belong to, or `None` if there are
    /// several.
    pub(crate) fn only(&self, could_be: impl Fn(&Task) -> bool) -> Option<u64> {
        let mut tasks = self.tasks.iter().filter(|(_, task)| could_be(task));
        let (number, _) = tasks.next()?;
        tasks.next().is_none().then_some(number)
    }

    /// Returns when something is due for it, or for its requests.
    pub(crate) fn next_due(&self, now: Instant) -> Instant {
        let tasks = self.tasks.iter().map(|(_, task)| task.due).min().unwrap_or(Instant::FAR);
        let asking = self.asking.as_ref().map_or(Instant::FAR, |asking| asking.due());
        let hushed = if self.hushed_until > now { self.hushed_until } else { Instant::FAR };
        tasks.min(asking).min(hushed).min(self.child.next_due(now))
    }
}
