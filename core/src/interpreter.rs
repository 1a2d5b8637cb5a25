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
//!   Session   its own     │ rounds:  calls, asks   │   the engine's   the shared child
//!             numbers     │ listens: changes       │   numbers
//!           ◄───────────  └────────────────────────┘  ◄───────────
//!             Saying                                   FromWorker
//! ```
//!
//! | from the client | becomes |
//! |---|---|
//! | `initialize` | an answer, made of the child's result of `server/discover` |
//! | `ping`, `logging/setLevel` | an answer; the level is added to every later request |
//! | `resources/subscribe`, `resources/unsubscribe`, list changes | `subscriptions/listen` ([`listens`]) |
//! | any other request | one request to the child, or one for each round ([`rounds`]) |
//! | `notifications/cancelled` | the end of the round, or of the pending questions |
//! | a message that the modern era does not have | nothing; a request: -32601 |
//!
//! If the child ends, only the requests at the child fail: a call whose client is being asked
//! continues with the next child, and subscriptions are opened again.
//!
//! Sources: MCP 2026-07-28, basic/versioning, basic/patterns/{mrtr,subscriptions,cancellation};
//! 2025-11-25, basic/lifecycle.

mod changes;
mod introduction;
mod listens;
mod requests;
mod rounds;
mod saying;
mod worker;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use crate::json::{Answer, Kind, Message, line, parse_number};
use crate::protocol::Revision;
use crate::reject::Reject;
use crate::time::Instant;
use introduction::{Client, Opening};
use listens::Listens;
use rounds::Call;
pub(crate) use rounds::lacks;
pub(crate) use saying::{About, RULES, Saying};
pub(crate) use worker::{FromWorker, ToWorker, Traits};

/// The modern client for one legacy session.
#[derive(Debug)]
pub(crate) struct Interpreter {
    /// The revisions that may be negotiated, among others.
    served: Arc<[Revision]>,
    /// The child's result of `server/discover`, until it has been passed on.
    discovery: Option<Arc<[u8]>>,
    opening: Option<Opening>,
    client: Client,
    /// The calls, by the session's numbers.
    calls: BTreeMap<u64, Call>,
    /// The call of each request at the child.
    upstream: BTreeMap<u64, u64>,
    /// The call of each question.
    questions: BTreeMap<u64, u64>,
    /// The number of questions to the client so far, which gives the id of the next.
    asked: u64,
    /// The times at which waiting calls start their next round.
    resting: BTreeSet<(Instant, u64)>,
    listens: Listens,
    /// Bytes of params that are kept for another round.
    kept: usize,
    /// Whether the client reads too slowly. It then gets no progress and no log messages.
    is_slow: bool,
    /// The changes while it was slow: method and params (JSON text). They are announced afterwards,
    /// each once.
    missed: BTreeSet<(String, Option<Vec<u8>>)>,
    said: VecDeque<Saying>,
    sent: VecDeque<ToWorker>,
}

/// The context of a call of the interpreter.
pub(crate) struct At<'a> {
    pub(crate) now: Instant,
    /// The last number of a request to the child.
    pub(crate) last_upstream: &'a mut u64,
}

impl At<'_> {
    /// Returns a new number for a request to the child.
    pub(crate) fn next_upstream(&mut self) -> u64 {
        *self.last_upstream += 1;
        *self.last_upstream
    }
}

impl Interpreter {
    /// Creates an interpreter for a session without messages. `discovery` is the child's result of
    /// `server/discover` (JSON text), if known.
    pub(crate) fn new(served: Arc<[Revision]>, discovery: Option<Arc<[u8]>>) -> Interpreter {
        Interpreter {
            served,
            discovery,
            opening: None,
            client: Client::default(),
            calls: BTreeMap::new(),
            upstream: BTreeMap::new(),
            questions: BTreeMap::new(),
            asked: 0,
            resting: BTreeSet::new(),
            listens: Listens::default(),
            kept: 0,
            is_slow: false,
            missed: BTreeSet::new(),
            said: VecDeque::new(),
            sent: VecDeque::new(),
        }
    }

    /// Handles a request of the client, with the session's number for it.
    pub(crate) fn handle_request(&mut self, call: u64, request: &Message, at: &mut At<'_>) {
        self.on_request(call, request, at);
        self.go_on_listening(at);
    }

    /// Handles a notification or an answer of the client, with the session's number in place of the
    /// id of a request.
    pub(crate) fn handle_message(&mut self, message: &Message, at: &mut At<'_>) {
        match message.kind() {
            Kind::Notification => self.on_notification(message),
            Kind::Result | Kind::Error => self.on_client_answer(message, at),
            Kind::Request => debug_assert!(false, "a request has a number of its own"),
        }
        self.go_on_listening(at);
    }

    fn on_notification(&mut self, message: &Message) {
        match (message.method(), message.subject().and_then(parse_number)) {
            (Some("notifications/cancelled"), Some(call)) => self.cancel(call),
            (Some("notifications/initialized"), _) => self.listens.start(self.client.lists()),
            // The modern era has neither: roots are requested each time, and a server that sends no
            // requests gets no progress.
            (Some("notifications/roots/list_changed" | "notifications/progress"), _) => {}
            (Some("notifications/cancelled"), None) => {}
            _ => self.send(ToWorker::Notification { line: message.with(&[]) }),
        }
    }

    /// Handles an event of a request at the child.
    pub(crate) fn handle_upstream(&mut self, heard: &FromWorker, at: &mut At<'_>) {
        let (FromWorker::Answer { number, .. }
        | FromWorker::Notification { number, .. }
        | FromWorker::Lost { number, .. }) = *heard;
        if let Some(opening) = self.opening.take_if(|opening| opening.number == number) {
            self.on_discovery_heard(opening, heard);
        } else if self.listens.has(number) {
            self.on_listen_heard(number, heard, at);
        } else if let Some(call) = self.upstream.get(&number).copied() {
            self.on_call_heard(call, number, heard, at);
        }
        self.go_on_listening(at);
    }

    fn on_call_heard(&mut self, call: u64, number: u64, heard: &FromWorker, at: &mut At<'_>) {
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
    pub(crate) fn handle_timeout(&mut self, at: &mut At<'_>) {
        while let Some(&(due, call)) = self.resting.first().filter(|(due, _)| *due <= at.now) {
            self.resting.remove(&(due, call));
            self.try_again(call, at);
        }
        self.go_on_listening(at);
    }

    /// Returns when to call [`Interpreter::handle_timeout`]; an earlier call is harmless.
    pub(crate) fn poll_timeout(&self) -> Instant {
        let rested = self.resting.first().map_or(Instant::FAR, |(due, _)| *due);
        rested.min(self.listens.next_due())
    }

    /// Returns the next output for the client.
    pub(crate) fn next_said(&mut self) -> Option<Saying> {
        let said = self.said.pop_front();
        if said.is_none() {
            self.said = VecDeque::new(); // an idle session keeps no buffer
        }
        said
    }

    /// Returns the next output for the child.
    pub(crate) fn next_sent(&mut self) -> Option<ToWorker> {
        let sent = self.sent.pop_front();
        if sent.is_none() {
            self.sent = VecDeque::new();
        }
        sent
    }

    /// Returns whether it has output for the client.
    pub(crate) fn has_said(&self) -> bool {
        !self.said.is_empty()
    }

    /// Returns the number of bytes it keeps for requests that may be sent again, and for
    /// `initialize`.
    pub(crate) fn kept_bytes(&self) -> usize {
        let discovery = self.discovery.as_ref().map_or(0, |discovery| discovery.len());
        self.kept + discovery + self.calls.values().map(Call::answers_bytes).sum::<usize>()
    }

    /// Records whether the client reads too slowly.
    pub(crate) fn set_slow(&mut self, is_slow: bool) {
        self.is_slow = is_slow;
        if !is_slow {
            for (method, params) in std::mem::take(&mut self.missed) {
                self.say(line::notification(&method, params.as_deref()), About::Nothing);
            }
        }
    }

    fn send(&mut self, what: ToWorker) {
        self.sent.push_back(what);
    }

    /// Sends a message to the client that is not an answer.
    fn say(&mut self, line: Vec<u8>, about: About) {
        self.said.extend(Saying::read(line.into(), about));
    }

    /// Answers a request of the client.
    fn answer(&mut self, call: u64, answer: Answer<'static>) {
        self.said.push_back(Saying::Answer(call, answer));
    }

    /// Fails a request of the client, for a reason that is not the client's.
    fn fail(&mut self, call: u64, reject: Reject) {
        self.said.push_back(Saying::Failure(call, reject));
    }

    /// Announces a change, now or once the client reads fast enough.
    fn tell_change(&mut self, method: &str, params: Option<Vec<u8>>) {
        if !self.is_slow {
            self.say(line::notification(method, params.as_deref()), About::Nothing);
        } else if self.missed.len() < MISSED_MAX {
            self.missed.insert((method.to_owned(), params));
        }
    }
}

/// The maximum number of changes that are kept for a slow client; further ones are not announced.
const MISSED_MAX: usize = 100;

#[cfg(test)]
mod tests;
