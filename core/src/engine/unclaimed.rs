//! Children whose client disconnected, or did not wait long enough, before they answered
//! `initialize`.
//!
//! Owns: such children and their messages, until a client sends the same `initialize`, or their
//! time is over. So a client that tries again gets the child that is already starting. Never: a
//! child that was sent anything else.

use crate::bridge::{Child, ClientRequests, Consequence, consequence};
use crate::cx::CHILD_TIME_FACTOR;
use crate::engine::timers::Timer;
use crate::engine::{Engine, Phase};
use crate::ids::{ChildId, SessionId};
use crate::json::{InvalidLine, Kind, Message, parse_number};
use crate::observe::Event;
use crate::session::Backend;
use crate::time::Instant;

/// The maximum number of messages that are kept of a child; after that its output is paused until a
/// client takes it over.
const MESSAGES_MAX: usize = 16;

/// The children, oldest first.
#[derive(Debug, Default)]
pub(super) struct Unclaimed(Vec<Starting>);

/// A child that was sent `initialize` by a client that does not wait for the answer.
#[derive(Debug)]
pub(super) struct Starting {
    pub(super) child: Child,
    /// The digest of the parameters of that `initialize`.
    digest: Box<[u8; 32]>,
    /// Its messages since then, in order.
    pub(super) messages: Vec<Message>,
    /// The time at which it is given up.
    due: Instant,
}

impl Unclaimed {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Removes and returns the child that was sent the `initialize` with this digest.
    pub(super) fn take(&mut self, digest: &[u8; 32]) -> Option<Starting> {
        self.position(digest).map(|position| self.0.remove(position))
    }

    /// Returns whether a child was sent the `initialize` with this digest.
    pub(super) fn has(&self, digest: &[u8; 32]) -> bool {
        self.position(digest).is_some()
    }

    fn position(&self, digest: &[u8; 32]) -> Option<usize> {
        let is_same = |it: &Starting| *it.digest == *digest;
        self.0.iter().position(|it| is_same(it) && !it.child.is_ending())
    }

    pub(super) fn child_mut(&mut self, id: ChildId) -> Option<&mut Child> {
        self.0.iter_mut().find(|it| it.child.id == id).map(|it| &mut it.child)
    }

    fn get_mut(&mut self, id: ChildId) -> Option<&mut Starting> {
        self.0.iter_mut().find(|it| it.child.id == id)
    }

    pub(super) fn remove(&mut self, id: ChildId) -> Option<Child> {
        let position = self.0.iter().position(|it| it.child.id == id)?;
        Some(self.0.remove(position).child)
    }
}

impl Engine {
    /// Keeps a child for the next client that sends the `initialize` with this digest.
    pub(super) fn keep_unclaimed(&mut self, child: Child, digest: Box<[u8; 32]>) {
        if self.unclaimed.len() >= self.shared.config.limits.openings_max {
            self.drop_oldest_unclaimed();
        }
        let time =
            self.shared.spawn_backoff.time_max(&self.shared.config.limits) * CHILD_TIME_FACTOR;
        let due = child.initialize_at.unwrap_or(self.shared.now) + time;
        self.timers.set(due, Timer::Child(child.id));
        self.unclaimed.0.push(Starting { child, digest, messages: Vec::new(), due });
    }

    /// Returns whether a child may be kept for another client.
    pub(super) fn keeps_unclaimed(&self, child: &Child) -> bool {
        self.phase == Phase::Running && !child.is_ending() && !child.was_stopped()
    }

    /// Drops a child to start another process, but not the one that was sent the `initialize` with
    /// this digest.
    pub(super) fn drop_unclaimed_but(&mut self, digest: Option<&[u8; 32]>) -> bool {
        let kept = digest.and_then(|it| self.unclaimed.take(it));
        let dropped = self.drop_oldest_unclaimed();
        self.unclaimed.0.extend(kept);
        dropped
    }

    /// Drops a child to start another process.
    pub(super) fn drop_oldest_unclaimed(&mut self) -> bool {
        if self.unclaimed.0.is_empty() {
            return false;
        }
        let Starting { child, .. } = self.unclaimed.0.remove(0);
        self.shut_down(child);
        true
    }

    /// Handles a line of a child without a client, if it is one.
    pub(super) fn on_unclaimed_line(&mut self, id: ChildId, line: Result<Message, InvalidLine>) {
        let message = match line {
            Ok(message) => message,
            Err(mut line) => {
                let consequence = self.with_child(id, |child, cx| {
                    // It was sent nothing else before it has answered this.
                    let only = child.is_settled().then_some(ClientRequests::FIRST);
                    let consequence = consequence(&mut line, only);
                    child.on_invalid_line(&line, cx);
                    consequence
                });
                match consequence {
                    Some(Consequence::Message(message)) => *message,
                    Some(Consequence::Fails(ClientRequests::FIRST)) => {
                        return self.lose_unclaimed(id, true);
                    }
                    _ => return,
                }
            }
        };
        self.with_child(id, |child, cx| child.on_line(cx));
        let is_answer = message.id().and_then(parse_number) == Some(ClientRequests::FIRST);
        match message.kind() {
            Kind::Error if is_answer => {
                // It may be the answer to the era probe, which then decides the era.
                let has_failed = !self.take_pending_probe(id);
                return self.lose_unclaimed(id, has_failed);
            }
            Kind::Result if is_answer => {
                self.shared.spawn_backoff.record_success();
                self.confirm_era();
            }
            _ => {}
        }
        let Some(starting) = self.unclaimed.get_mut(id) else { return };
        if starting.messages.len() < MESSAGES_MAX {
            starting.messages.push(message);
        }
        if is_answer || starting.messages.len() == MESSAGES_MAX {
            self.with_child(id, |child, cx| child.set_read_enabled(false, cx));
        }
    }

    /// Handles a timeout of a child without a client.
    pub(super) fn on_unclaimed_due(&mut self, id: ChildId) {
        let now = self.shared.now;
        let Some(starting) = self.unclaimed.get_mut(id) else { return };
        if starting.due <= now {
            let limit = now.since(starting.child.initialize_at.unwrap_or(now));
            let (method, option) = ("initialize", Some("--startup-timeout"));
            let event = Event::TimedOut { method, session: None, limit, option };
            self.shared.cx().log(event);
            return self.lose_unclaimed(id, true);
        }
        if let Some(status) = starting.child.end(now) {
            let owed = self.take_pending_probe(id);
            let Some(child) = self.unclaimed.remove(id) else { return };
            if !owed || child.has_read_nothing() {
                self.fail_start();
            }
            match child.has_exited() {
                true => self.release(child, status, 1),
                false => self.shut_down(child),
            }
        }
    }

    /// Gives up a child without a client, because it cannot be opened.
    fn lose_unclaimed(&mut self, id: ChildId, has_failed: bool) {
        if let Some(child) = self.unclaimed.remove(id) {
            if has_failed {
                self.fail_start();
            }
            self.shut_down(child);
        }
    }

    /// Records that a child could not be opened, without a client to report it to.
    fn fail_start(&mut self) {
        self.record_start_failure();
        if let Some(pool) = &mut self.pool {
            pool.invalidate_era();
        }
    }

    /// Gives up all of them.
    pub(super) fn drop_unclaimed(&mut self) {
        while self.drop_oldest_unclaimed() {}
    }

    /// Opens a session on a new child, if its own did not understand the era probe. Returns whether
    /// it did.
    ///
    /// The child was probed, and was silent; then it was sent `initialize`. If it ends on reading
    /// the probe, or its answer to the probe is taken for that to `initialize`, that means
    /// "legacy", and nothing about `initialize`.
    pub(super) fn open_on_another(&mut self, id: SessionId) -> bool {
        let Some(session) = self.sessions.get(&id) else { return false };
        let child = session.backend().child().filter(|it| !it.has_read_nothing()).map(|it| it.id);
        let spec = self.shared.upstream.command().cloned();
        let (Some(old), Some(_), Some(spec)) = (child, session.repeatable(), spec) else {
            return false;
        };
        if !self.take_pending_probe(old) {
            return false;
        }
        let child = self.spawn(spec);
        self.owners.insert(child.id, id);
        let backend = Backend::Child(Box::new(child));
        self.replace_backend(id, backend);
        true
    }

    /// Replaces the backend of a session, and repeats `initialize` for it.
    pub(super) fn replace_backend(&mut self, id: SessionId, backend: Backend) {
        let old = self.with_session(id, |session, cx| session.restart(backend, cx));
        if let Some(Backend::Child(child)) = old {
            self.part_with(*child, 0);
        }
    }
}
