//! A legacy session in front of the modern child that all sessions share.
//!
//! Owns: the client's description of itself, which every request has to carry; the calls, round by
//! round; the pending questions to the client; the listen requests.
//! Never: HTTP, or the process. It replaces the child of a session: requests have the session's
//! numbers and are answered under them. [`crate::translate::modern_child`] translates the messages.
//!
//! ```text
//!             handle_*                                 ToWorker
//!           ───────────►  ┌────────────────────────┐  ───────────►
//!   Session   its own     │ mrtr: calls, questions │   the engine's   the shared child
//!             numbers     │ subscriptions: changes │   numbers
//!           ◄───────────  └────────────────────────┘  ◄───────────
//!          BackendEvent                                FromWorker
//! ```
//!
//! | from the client | becomes |
//! |---|---|
//! | `initialize` | an answer, made of the child's result of `server/discover` |
//! | `ping`, `logging/setLevel` | an answer; the level is added to every later request |
//! | `resources/subscribe`, `resources/unsubscribe`, list changes | `subscriptions/listen` ([`subscriptions`]) |
//! | any other request | one request to the child, or one for each round ([`mrtr`]) |
//! | `notifications/cancelled` | the end of the round, or of the pending questions |
//! | a message that the modern era does not have | nothing; a request: -32601 |
//!
//! If the child ends, only the requests at the child fail: a call whose client is being asked
//! continues with the next child, and subscriptions are opened again.
//!
//! Sources: MCP 2026-07-28, basic/versioning, basic/patterns/{mrtr,subscriptions,cancellation};
//! 2025-11-25, basic/lifecycle.

mod backend_event;
mod changes;
mod initialize;
mod mrtr;
mod requests;
mod subscriptions;
mod worker;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use crate::auth::ListFilter;
use crate::json::{Answer, Kind, Message, line, parse_number};
use crate::protocol::Revision;
use crate::reject::Reject;
use crate::time::Instant;
pub(crate) use backend_event::{BackendEvent, RULES, RelatesTo};
use initialize::{Client, PendingInitialize};
use mrtr::Call;
pub(crate) use mrtr::lacks;
use subscriptions::Subscriptions;
pub(crate) use worker::{FromWorker, RequestFlags, ToWorker};

/// The modern client for one legacy session.
#[derive(Debug)]
pub(crate) struct LegacyFacade {
    /// The revisions that may be negotiated, among others.
    served: Arc<[Revision]>,
    /// The child's result of `server/discover`, until it has been passed on.
    discovery: Option<Arc<[u8]>>,
    opening: Option<PendingInitialize>,
    client: Client,
    /// The calls, by the session's numbers.
    calls: BTreeMap<u64, Call>,
    /// The call of each request at the child.
    upstream: BTreeMap<u64, u64>,
    /// The call of each question.
    questions: BTreeMap<u64, u64>,
    /// The number of questions to the client so far, which gives the id of the next.
    questions_sent: u64,
    /// The times at which waiting calls start their next round.
    backoffs: BTreeSet<(Instant, u64)>,
    /// The filters of the answers to calls.
    filters: BTreeMap<u64, ListFilter>,
    subscriptions: Subscriptions,
    /// Bytes of params that are kept for another round.
    kept_bytes: usize,
    /// Whether the client reads too slowly. It then gets no progress and no log messages.
    is_slow: bool,
    /// The changes while it was slow: method and params (JSON text). They are announced afterwards,
    /// each once.
    missed_changes: BTreeSet<(String, Option<Vec<u8>>)>,
    output: VecDeque<BackendEvent>,
    upstream_output: VecDeque<ToWorker>,
}

/// The context of a call of the facade.
pub(crate) struct FacadeCx<'a> {
    pub(crate) now: Instant,
    /// The last number of a request to the child.
    pub(crate) last_upstream: &'a mut u64,
}

impl FacadeCx<'_> {
    /// Returns a new number for a request to the child.
    pub(crate) fn next_upstream(&mut self) -> u64 {
        *self.last_upstream += 1;
        *self.last_upstream
    }
}

impl LegacyFacade {
    /// Creates a facade for a session without messages. `discovery` is the child's result of
    /// `server/discover` (JSON text), if known.
    pub(crate) fn new(served: Arc<[Revision]>, discovery: Option<Arc<[u8]>>) -> LegacyFacade {
        LegacyFacade {
            served,
            discovery,
            opening: None,
            client: Client::default(),
            calls: BTreeMap::new(),
            upstream: BTreeMap::new(),
            questions: BTreeMap::new(),
            questions_sent: 0,
            backoffs: BTreeSet::new(),
            filters: BTreeMap::new(),
            subscriptions: Subscriptions::default(),
            kept_bytes: 0,
            is_slow: false,
            missed_changes: BTreeSet::new(),
            output: VecDeque::new(),
            upstream_output: VecDeque::new(),
        }
    }

    /// Filters the answer to a request that follows, if its sender may not see all of it.
    pub(crate) fn filter_answer(&mut self, call: u64, filter: Option<ListFilter>) {
        self.filters.extend(filter.map(|filter| (call, filter)));
    }

    /// Handles a request of the client, with the session's number for it.
    pub(crate) fn handle_request(&mut self, call: u64, request: &Message, at: &mut FacadeCx<'_>) {
        self.on_request(call, request, at);
        self.update_subscriptions(at);
    }

    /// Handles a notification or an answer of the client, with the session's number in place of the
    /// id of a request.
    pub(crate) fn handle_message(&mut self, message: &Message, at: &mut FacadeCx<'_>) {
        match message.kind() {
            Kind::Notification => self.on_notification(message),
            Kind::Result | Kind::Error => self.on_client_answer(message, at),
            Kind::Request => debug_assert!(false, "a request has a number of its own"),
        }
        self.update_subscriptions(at);
    }

    fn on_notification(&mut self, message: &Message) {
        match (message.method(), message.correlation_id().and_then(parse_number)) {
            (Some("notifications/cancelled"), Some(call)) => self.cancel(call),
            (Some("notifications/initialized"), _) => self.subscriptions.start(self.client.lists()),
            // The modern era has neither: roots are requested each time, and a server that sends no
            // requests gets no progress.
            (Some("notifications/roots/list_changed" | "notifications/progress"), _) => {}
            (Some("notifications/cancelled"), None) => {}
            _ => self.send_upstream(ToWorker::Notification { line: message.with(&[]) }),
        }
    }

    /// Handles an event of a request at the child.
    pub(crate) fn handle_upstream(&mut self, heard: &FromWorker, at: &mut FacadeCx<'_>) {
        let (FromWorker::Answer { number, .. }
        | FromWorker::Notification { number, .. }
        | FromWorker::Lost { number, .. }) = *heard;
        if let Some(opening) = self.opening.take_if(|opening| opening.number == number) {
            self.on_discovery(opening, heard);
        } else if self.subscriptions.has(number) {
            self.on_subscription_event(number, heard, at);
        } else if let Some(call) = self.upstream.get(&number).copied() {
            self.on_call_event(call, number, heard, at);
        }
        self.update_subscriptions(at);
    }

    fn on_call_event(&mut self, call: u64, number: u64, heard: &FromWorker, at: &mut FacadeCx<'_>) {
        match heard {
            FromWorker::Answer { message, .. } => {
                self.upstream.remove(&number);
                match Answer::of(message) {
                    Some(answer) => self.on_round_answered(call, &answer, at),
                    None => debug_assert!(false, "an answer is a result or an error"),
                }
            }
            FromWorker::Notification { message, .. } => self.on_round_notified(call, message),
            FromWorker::Lost { reject, .. } => {
                self.upstream.remove(&number);
                self.drop_call(call);
                self.fail(call, *reject);
            }
        }
    }

    /// Handles timeouts.
    pub(crate) fn handle_timeout(&mut self, at: &mut FacadeCx<'_>) {
        while let Some(&(due, call)) = self.backoffs.first().filter(|(due, _)| *due <= at.now) {
            self.backoffs.remove(&(due, call));
            self.retry(call, at);
        }
        self.update_subscriptions(at);
    }

    /// Returns when to call [`LegacyFacade::handle_timeout`]; an earlier call is harmless.
    pub(crate) fn poll_timeout(&self) -> Instant {
        let rested = self.backoffs.first().map_or(Instant::FAR, |(due, _)| *due);
        rested.min(self.subscriptions.next_due())
    }

    /// Returns the next output for the client.
    pub(crate) fn next_output(&mut self) -> Option<BackendEvent> {
        let said = self.output.pop_front();
        if said.is_none() {
            self.output = VecDeque::new(); // an idle session keeps no buffer
        }
        said
    }

    /// Returns the next output for the child.
    pub(crate) fn next_upstream_output(&mut self) -> Option<ToWorker> {
        let sent = self.upstream_output.pop_front();
        if sent.is_none() {
            self.upstream_output = VecDeque::new();
        }
        sent
    }

    /// Returns whether it has output for the client.
    pub(crate) fn has_output(&self) -> bool {
        !self.output.is_empty()
    }

    /// Returns the number of bytes it keeps for requests that may be sent again, and for
    /// `initialize`.
    pub(crate) fn kept_bytes(&self) -> usize {
        let discovery = self.discovery.as_ref().map_or(0, |discovery| discovery.len());
        self.kept_bytes + discovery + self.calls.values().map(Call::answers_bytes).sum::<usize>()
    }

    /// Records whether the client reads too slowly.
    pub(crate) fn set_slow(&mut self, is_slow: bool) {
        self.is_slow = is_slow;
        if !is_slow {
            for (method, params) in std::mem::take(&mut self.missed_changes) {
                self.send_to_client(
                    line::notification(&method, params.as_deref()),
                    RelatesTo::None,
                );
            }
        }
    }

    fn send_upstream(&mut self, what: ToWorker) {
        self.upstream_output.push_back(what);
    }

    /// Sends a message to the client that is not an answer.
    fn send_to_client(&mut self, line: Vec<u8>, about: RelatesTo) {
        self.output.extend(BackendEvent::read(line.into(), about));
    }

    /// Answers a request of the client.
    fn answer(&mut self, call: u64, answer: Answer<'static>) {
        let answer = match self.filters.remove(&call) {
            Some(filter) => filter.answer(answer),
            None => Ok(answer),
        };
        match answer {
            Ok(answer) => self.output.push_back(BackendEvent::Answer(call, answer)),
            Err(flaw) => self.fail(call, Reject::BadAnswer(flaw)),
        }
    }

    /// Fails a request of the client, for a reason that is not the client's.
    fn fail(&mut self, call: u64, reject: Reject) {
        self.filters.remove(&call);
        self.output.push_back(BackendEvent::Failure(call, reject));
    }

    /// Announces a change, now or once the client reads fast enough.
    fn announce_change(&mut self, method: &str, params: Option<Vec<u8>>) {
        if !self.is_slow {
            self.send_to_client(line::notification(method, params.as_deref()), RelatesTo::None);
        } else if self.missed_changes.len() < MISSED_MAX {
            self.missed_changes.insert((method.to_owned(), params));
        }
    }
}

/// The maximum number of changes that are kept for a slow client; further ones are not announced.
const MISSED_MAX: usize = 100;

#[cfg(test)]
mod tests;
