//! A child that belongs to no session, and the requests it was given.
//!
//! Owns: the number each request is known by upstream, and on whose behalf it is asked.
//! Never: what a request says.

use crate::bridge::Child;
use crate::ids::{ExchangeId, SessionId};
use crate::json::Message;
use crate::machine::Chunk;
use crate::numbered::Numbered;
use crate::reject::Reject;
use crate::time::Instant;

/// A child that belongs to no session.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) child: Child,
    /// The requests it has not answered, by their numbers.
    pub(crate) tasks: Numbered<Task>,
    /// Whether it has ever said a message: one that has not may be no server at all.
    pub(crate) proven: bool,
    /// Since when it has nothing to do.
    pub(crate) idle_since: Instant,
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
    /// A POST of a modern client.
    Request(ExchangeId),
    /// A session of a legacy client, whose interpreter speaks for it.
    Session(SessionId),
}

/// What of a request matters to others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Traits {
    /// Whether it wants log messages.
    pub(crate) logs: bool,
    /// Whether it is a `subscriptions/listen`: it is not expected to be answered soon.
    pub(crate) listens: bool,
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
    pub(crate) fn new(child: Child, now: Instant) -> Worker {
        Worker { child, tasks: Numbered::default(), proven: false, idle_since: now }
    }

    /// Takes the request that the child knows by this JSON text.
    pub(crate) fn take(&mut self, number: &[u8]) -> Option<(u64, Task)> {
        let number = parse_number(number)?;
        Some((number, self.tasks.remove(number)?))
    }

    /// The one request that a message without a name can be meant for; none if there are several.
    pub(crate) fn only(&self, could_be: impl Fn(&Task) -> bool) -> Option<u64> {
        let mut tasks = self.tasks.iter().filter(|(_, task)| could_be(task));
        let (number, _) = tasks.next()?;
        tasks.next().is_none().then_some(number)
    }

    /// When the first request is due.
    pub(crate) fn next_due(&self) -> Instant {
        self.tasks.iter().map(|(_, task)| task.due).min().unwrap_or(Instant::FAR)
    }
}

/// Reads a number as we write it. Another spelling (`1.0`, `"1"`) is not the number we sent.
pub(crate) fn parse_number(text: &[u8]) -> Option<u64> {
    let plain = !text.is_empty() && text[0] != b'0' && text.iter().all(u8::is_ascii_digit);
    if plain { std::str::from_utf8(text).ok()?.parse().ok() } else { None }
}
