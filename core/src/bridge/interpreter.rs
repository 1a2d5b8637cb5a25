//! A legacy session in front of the modern child that all sessions share.
//!
//! Owns: what the client said of itself once, and every request has to say; the calls, round by
//! round; the questions that wait for the client; the listens.
//! Never: HTTP, or the process. It stands where a child of its own would stand behind a session:
//! requests come under the session's numbers and are answered under them. How a message is worded
//! is [`crate::translate::modern_child`]'s to know.
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
//! | the client | becomes |
//! |---|---|
//! | `initialize` | an answer, made of what the child says to `server/discover` |
//! | `ping`, `logging/setLevel` | an answer; the level goes into every later request |
//! | `resources/subscribe`, `resources/unsubscribe`, list changes | `subscriptions/listen` ([`listens`]) |
//! | any other request | one request upstream, or one for each round ([`rounds`]) |
//! | `notifications/cancelled` | the end of the round, or of the questions that wait |
//! | what the modern era has no word for | nothing; a request: -32601 |
//!
//! A child that ends takes with it the requests it was given, and nothing else: a call whose client
//! is being asked goes on with the next child, and what was listened to is listened to again.
//!
//! Sources: MCP 2026-07-28, basic/versioning, basic/patterns/{mrtr,subscriptions,cancellation};
//! 2025-11-25, basic/lifecycle.

mod changes;
mod introduction;
mod listens;
mod requests;
mod rounds;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use crate::bridge::{FromWorker, ToWorker, parse_number};
use crate::json::{Kind, Message};
use crate::protocol::Revision;
use crate::reject::Reject;
use crate::session::{About, Saying};
use crate::time::Instant;
use crate::translate::{Answer, line};
use introduction::{Client, Opening};
use listens::Listens;
use rounds::Call;

/// What speaks modern for one legacy session.
#[derive(Debug)]
pub(crate) struct Interpreter {
    /// The revisions that may be agreed on, and others.
    served: Arc<[Revision]>,
    /// What the child says to `server/discover`, until that has been passed on.
    discovery: Option<Arc<[u8]>>,
    opening: Option<Opening>,
    client: Client,
    /// The calls, by the session's numbers.
    calls: BTreeMap<u64, Call>,
    /// Which call a request upstream is a round of.
    upstream: BTreeMap<u64, u64>,
    /// Which call a question belongs to.
    questions: BTreeMap<u64, u64>,
    /// Questions put to the client so far; the number of each is its id.
    asked: u64,
    /// When calls that wait for no answer go on.
    resting: BTreeSet<(Instant, u64)>,
    listens: Listens,
    /// Bytes of params that are kept for another round.
    kept: usize,
    /// Whether the client takes what it is told slower than it comes. Then it hears of no progress
    /// and gets no log messages.
    is_slow: bool,
    /// What has changed while it was slow: method and params (JSON text). It is told afterwards, of
    /// each change once.
    missed: BTreeSet<(String, Option<Vec<u8>>)>,
    said: VecDeque<Saying>,
    sent: VecDeque<ToWorker>,
}

/// What an interpreter has to know about a moment.
pub(crate) struct At<'a> {
    pub(crate) now: Instant,
    /// The number that was last given to a request upstream.
    pub(crate) last_upstream: &'a mut u64,
}

impl At<'_> {
    /// A number for a request upstream, never given before.
    pub(crate) fn next_upstream(&mut self) -> u64 {
        *self.last_upstream += 1;
        *self.last_upstream
    }
}

impl Interpreter {
    /// One for a session in which nothing has been said. `discovery`: what the child has said to
    /// `server/discover` before (JSON text of the result), if it has.
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

    /// Takes a request of the client, which the session knows by this number.
    pub(crate) fn handle_request(&mut self, call: u64, request: &Message, at: &mut At<'_>) {
        self.on_request(call, request, at);
        self.go_on_listening(at);
    }

    /// Takes a notification or an answer of the client, with the session's number in place of the
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
            // The modern era has no use for these: roots are asked for anew each time, and a server
            // that asks nothing by itself is told of no progress.
            (Some("notifications/roots/list_changed" | "notifications/progress"), _) => {}
            (Some("notifications/cancelled"), None) => {}
            _ => self.send(ToWorker::Notification { line: message.with(&[]) }),
        }
    }

    /// Takes what comes of a request upstream.
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

    /// Does what is due.
    pub(crate) fn handle_timeout(&mut self, at: &mut At<'_>) {
        while let Some(&(due, call)) = self.resting.first().filter(|(due, _)| *due <= at.now) {
            self.resting.remove(&(due, call));
            self.try_again(call, at);
        }
        self.go_on_listening(at);
    }

    /// When to call [`Interpreter::handle_timeout`]; earlier is harmless.
    pub(crate) fn poll_timeout(&self) -> Instant {
        let rested = self.resting.first().map_or(Instant::FAR, |(due, _)| *due);
        rested.min(self.listens.next_due())
    }

    /// The next thing it has said to the client.
    pub(crate) fn next_said(&mut self) -> Option<Saying> {
        let said = self.said.pop_front();
        if said.is_none() {
            self.said = VecDeque::new(); // an idle session keeps no buffer
        }
        said
    }

    /// The next thing it wants of the child.
    pub(crate) fn next_sent(&mut self) -> Option<ToWorker> {
        let sent = self.sent.pop_front();
        if sent.is_none() {
            self.sent = VecDeque::new();
        }
        sent
    }

    /// Whether it has said something that was not taken yet.
    pub(crate) fn has_said(&self) -> bool {
        !self.said.is_empty()
    }

    /// Bytes it keeps for requests that may have to be sent again, and for `initialize`.
    pub(crate) fn kept_bytes(&self) -> usize {
        let discovery = self.discovery.as_ref().map_or(0, |discovery| discovery.len());
        self.kept + discovery + self.calls.values().map(Call::answers_bytes).sum::<usize>()
    }

    /// Tells whether the client takes what it is told as fast as it comes.
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

    /// Says something to the client that is no answer, or opens the session.
    fn say(&mut self, line: Vec<u8>, about: About) {
        self.said.extend(Saying::read(line.into(), about));
    }

    /// Answers a request of the client.
    fn answer(&mut self, call: u64, answer: Answer<'static>) {
        self.said.push_back(Saying::Answer(call, answer));
    }

    /// Fails a request of the client: it is no fault of the client's.
    fn fail(&mut self, call: u64, reject: Reject) {
        self.said.push_back(Saying::Failure(call, reject));
    }

    /// Tells the client that something has changed, now or once it takes what it is told.
    fn tell_change(&mut self, method: &str, params: Option<Vec<u8>>) {
        if !self.is_slow {
            self.say(line::notification(method, params.as_deref()), About::Nothing);
        } else if self.missed.len() < MISSED_MAX {
            self.missed.insert((method.to_owned(), params));
        }
    }
}

/// Changes that are kept for a client that is slow. Of more than these it is not told.
const MISSED_MAX: usize = 100;

#[cfg(test)]
mod tests;
