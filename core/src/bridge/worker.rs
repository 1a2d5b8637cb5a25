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
use crate::bridge::pending_input::{ParkedCall, PendingInput};
use crate::cx::{Evictable, Loss};
use crate::id_map::IdMap;
use crate::ids::{ExchangeId, SessionId};
use crate::legacy_facade::RequestFlags;
use crate::modern::Exclusivity;
use crate::principal::Principal;
use crate::protocol::Revision;
use crate::reject::Capability;
use crate::time::Instant;

/// A child without a session.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) child: Child,
    /// The pending requests, by number.
    pub(crate) in_flight: IdMap<InFlight>,
    /// The requests that it takes.
    pub(crate) affinity: Affinity,
    /// The negotiated legacy revision; `None` for a modern child, and before the negotiation.
    pub(crate) revision: Option<Revision>,
    /// Whether it still has to answer `initialize`, or the request after that.
    pub(crate) is_initializing: bool,
    /// Whether it takes no further requests, and ends with the last one it has.
    pub(crate) is_draining: bool,
    /// Whether it has not answered a cancelled request that may still cause questions: it takes no
    /// request whose client supports questions.
    pub(crate) has_unanswered_cancellation: bool,
    /// Until then, unsolicited messages may belong to a cancelled request: log messages and
    /// questions are dropped.
    pub(crate) quarantined_until: Instant,
    /// Whether it has ever written a message; one that has not may not be an MCP server.
    pub(crate) has_written_message: bool,
    /// The request of a legacy child that may cause questions.
    pub(crate) pending_input: Option<Box<PendingInput>>,
    /// The number of open streams with its changes.
    pub(crate) subscriptions: usize,
    /// The watched resources, by their URIs as JSON texts, and the number of streams for each.
    pub(crate) watched: BTreeMap<Vec<u8>, usize>,
    /// The time since which it is idle.
    pub(crate) idle_since: Instant,
}

/// The requests that share a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Affinity {
    /// None yet: it is prewarmed.
    Unassigned,
    /// A single request, after which it ends.
    Request(ExchangeId),
    /// Those with the same credentials.
    Principal(Principal),
    /// All.
    Shared,
}

/// A request at a worker.
#[derive(Debug)]
pub(crate) struct InFlight {
    pub(crate) requester: Requester,
    /// Properties that affect other requests.
    pub(crate) flags: RequestFlags,
    pub(crate) since: Instant,
    /// The time at which it fails, unless it shows progress.
    pub(crate) due: Instant,
}

/// The requester of a worker's request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Requester {
    /// The bridge: a child answers this request after everything it does on its own when it is
    /// opened.
    InitBarrier,
    /// The bridge: `tools/list`.
    ToolsList,
    /// The bridge: `initialize`.
    Initialize,
    /// The bridge; the answer is ignored.
    FireAndForget,
    /// A client that has cancelled. The worker was told, and may still send messages about it.
    Cancelled,
    /// A modern client that was sent questions and has to retry.
    Parked,
    /// A POST of a modern client.
    Request(ExchangeId),
    /// A session of a legacy client, by its facade.
    Session(SessionId),
}

impl Worker {
    /// Creates a worker without requests.
    pub(crate) fn new(child: Child, affinity: Affinity, now: Instant) -> Worker {
        Worker {
            child,
            in_flight: IdMap::default(),
            affinity,
            revision: None,
            is_initializing: false,
            is_draining: false,
            has_unanswered_cancellation: false,
            quarantined_until: Instant::ZERO,
            has_written_message: false,
            pending_input: None,
            subscriptions: 0,
            watched: BTreeMap::new(),
            idle_since: now,
        }
    }

    /// Returns whether it takes requests.
    pub(crate) fn is_ready(&self) -> bool {
        !(self.is_initializing || self.is_draining || self.child.is_ending())
    }

    /// Returns whether it can take a request of a modern client, as a legacy child.
    ///
    /// Its questions do not name their request. So a request whose client supports questions is the
    /// only one that may cause them. Requests whose clients support none can share it: questions
    /// meanwhile are refused.
    pub(crate) fn can_accept(&self, need: Exclusivity, now: Instant) -> bool {
        let is_asked_for = |(_, task): (u64, &InFlight)| task.flags.non_interactive;
        self.is_ready()
            && match need {
                Exclusivity::None => true,
                Exclusivity::SharedNonInteractive => self.pending_input.is_none(),
                Exclusivity::Exclusive => {
                    let is_alone =
                        self.pending_input.is_none() && !self.in_flight.iter().any(is_asked_for);
                    is_alone && !self.is_quarantined(now)
                }
            }
    }

    /// Quarantines it after a cancelled request has been answered, because its effects, and
    /// messages about them, may continue for a while.
    pub(crate) fn quarantine_until(&mut self, until: Instant) {
        self.quarantined_until = self.quarantined_until.max(until);
    }

    /// Returns whether its questions may belong to a cancelled request.
    pub(crate) fn is_quarantined(&self, now: Instant) -> bool {
        self.has_unanswered_cancellation || self.quarantined_until > now
    }

    /// Returns whether it has a request that may cause questions, or a cancelled one.
    pub(crate) fn is_interactive(&self) -> bool {
        self.pending_input.is_some()
            || self.in_flight.iter().any(|(_, task)| task.requester == Requester::Cancelled)
    }

    /// Returns whether it can be ended without loss.
    pub(crate) fn is_idle(&self) -> bool {
        self.in_flight.is_empty()
            && self.pending_input.is_none()
            && self.subscriptions == 0
            && !self.is_initializing
    }

    /// Returns whether it waits for a client with this number and secret.
    pub(crate) fn is_parked_with(&self, number: u64, secret: u64, now: Instant) -> bool {
        let asking = self.pending_input.as_deref().filter(|asking| asking.number == number);
        let parked = asking.and_then(|asking| asking.parked);
        parked.is_some_and(|parked| parked.secret == secret && parked.until > now)
    }

    /// Returns its open questions: the id of each, its key for the client, and the capability it
    /// needs.
    pub(crate) fn open_questions(&self) -> Vec<(Bytes, String, Capability)> {
        let asked = self.pending_input.as_deref().map_or(&[][..], |asking| &asking.questions);
        asked.iter().map(|it| (it.id.clone(), it.key.clone(), it.question.needs)).collect()
    }

    /// Returns the client that was sent questions and has to retry.
    pub(crate) fn parked(&self) -> Option<ParkedCall> {
        self.pending_input.as_deref().and_then(|asking| asking.parked)
    }

    /// Returns the loss if it is ended for another worker or session; `None` while a client waits
    /// for it.
    pub(crate) fn evictable(&self) -> Option<Evictable> {
        let principal = match self.affinity {
            Affinity::Principal(principal) => principal,
            Affinity::Request(_) | Affinity::Shared | Affinity::Unassigned => Principal::Anonymous,
        };
        if self.is_idle() {
            return Some(Evictable { loss: Loss::Idle, since: self.idle_since, principal });
        }
        let ParkedCall { since, principal, .. } =
            self.parked().filter(|_| self.has_only_parked_call())?;
        Some(Evictable { loss: Loss::Idle, since, principal })
    }

    /// Returns whether it has no requests except its parked call.
    fn has_only_parked_call(&self) -> bool {
        let mut tasks = self.in_flight.iter();
        let is_awaited = |asker| matches!(asker, Requester::Request(_) | Requester::Session(_));
        self.subscriptions == 0 && tasks.all(|(_, task)| !is_awaited(task.requester))
    }

    /// Returns whether its only request has ended.
    pub(crate) fn is_abandoned(&self) -> bool {
        let belongs_to_client = |asker| {
            matches!(asker, Requester::Parked | Requester::Request(_) | Requester::Session(_))
        };
        self.subscriptions == 0
            && !self.in_flight.iter().any(|(_, task)| belongs_to_client(task.requester))
    }

    /// Returns the request in flight, if there is only one and an answer without an id can only
    /// belong to that. A subscription does not count.
    pub(crate) fn sole_in_flight(&self) -> Option<u64> {
        self.sole_match(|task| !task.flags.is_subscription).filter(|_| self.child.is_settled())
    }

    /// Returns the only request that an unnamed message can belong to, or `None` if there are
    /// several.
    pub(crate) fn sole_match(&self, could_be: impl Fn(&InFlight) -> bool) -> Option<u64> {
        let mut tasks = self.in_flight.iter().filter(|(_, task)| could_be(task));
        let (number, _) = tasks.next()?;
        tasks.next().is_none().then_some(number)
    }

    /// Returns when something is due for it, or for its requests.
    pub(crate) fn next_due(&self, now: Instant) -> Instant {
        let tasks = self.in_flight.iter().map(|(_, task)| task.due).min().unwrap_or(Instant::FAR);
        let asking = self.pending_input.as_ref().map_or(Instant::FAR, |asking| asking.due());
        let hushed =
            if self.quarantined_until > now { self.quarantined_until } else { Instant::FAR };
        tasks.min(asking).min(hushed).min(self.child.next_due(now))
    }
}
