//! Inputs about children, and their owners.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::bridge::{Child, ClientRequests, Pool};
use crate::child_spec::ChildSpec;
use crate::cx::{Cx, Upstream};
use crate::engine::Engine;
use crate::engine::timers::Timer;
use crate::ids::{ChildId, SessionId};
use crate::job::{Job, Translated, Translation, Work};
use crate::json::{InvalidLine, Kind, LineSubject, Message};
use crate::log_text::truncate_for_log;
use crate::machine::Action;
use crate::modern::probe;
use crate::observe::{Event, SessionEnd};
use crate::protocol::Era;
use crate::reject::{ExitStatus, Reject, SpawnError};
use crate::session::Session;
use crate::time::Duration;

impl Engine {
    /// Starts the first child before the first session.
    pub(super) fn on_started(&mut self) {
        match self.shared.upstream {
            Upstream::Command(_) => self.start_eagerly(),
            Upstream::Native(_) => self.plan_sweep(),
            Upstream::None => {}
        }
    }

    pub(super) fn spawn(&mut self, spec: Arc<ChildSpec>) -> Child {
        Child::spawn(spec, &mut self.shared.cx())
    }

    /// Returns the child for a new session.
    pub(super) fn child_for_session(&mut self, spec: Arc<ChildSpec>) -> Child {
        let is_probed = self.standby.as_ref().is_some_and(|child| self.is_probed(child.id));
        match self.standby.take_if(|child| !is_probed && !child.is_ending()) {
            Some(child) => child,
            None => self.spawn(spec),
        }
    }

    /// Runs a turn of a child, whichever part owns it.
    pub(super) fn with_child<T>(
        &mut self,
        id: ChildId,
        work: impl FnOnce(&mut Child, &mut Cx<'_>) -> T,
    ) -> Option<T> {
        if let Some(session) = self.owners.get(&id).copied() {
            let work = |session: &mut Session, cx: &mut Cx<'_>| {
                session.backend_mut().child_mut().map(|child| work(child, cx))
            };
            return self.with_session(session, work).flatten();
        }
        if self.is_worker(id) {
            return self.with_pool(|pool, cx| pool.child_mut(id).map(|it| work(it, cx))).flatten();
        }
        let standby = self.standby.as_mut().filter(|child| child.id == id);
        let child = match standby.or_else(|| self.stopping_children.get_mut(&id)) {
            Some(child) => child,
            None => self.unclaimed.child_mut(id)?,
        };
        let mut cx = self.shared.cx();
        let answer = work(child, &mut cx);
        let wake_at = cx.wake_at;
        self.timers.set(wake_at, Timer::Child(id));
        Some(answer)
    }

    pub(super) fn on_child_spawned(&mut self, child: ChildId, pid: u32) {
        self.shared.metrics.child_started();
        self.shared.log(Event::ChildStarted { child, pid });
    }

    pub(super) fn on_child_spawn_failed(&mut self, id: ChildId, error: SpawnError) {
        self.shared.metrics.child_failed();
        self.record_start_failure();
        if error == SpawnError::NoResources {
            self.shared.spawn_backoff.note_lack_of_resources();
        }
        self.shared.log(Event::ChildFailed { child: id, error });
        let reject = Reject::ChildFailed(error);
        self.with_pool(|pool, cx| pool.on_lost(id, reject, cx));
        self.standby.take_if(|child| child.id == id);
        if self.is_probed(id) {
            self.fail_probe(reject);
        }
        self.stopping_children.remove(&id);
        self.unclaimed.remove(id);
        if let Some(session) = self.owners.remove(&id) {
            if !self.lose_child(session, reject) {
                self.end_session(session, SessionEnd::Refused, reject);
            }
            // There is no process to stop.
            self.stopping_children.remove(&id);
        }
    }

    /// Handles a line of a child, and counts it for the child's pace if it had no effect.
    pub(super) fn on_paced_line(&mut self, child: ChildId, line: Result<Message, InvalidLine>) {
        let bytes = line.as_ref().map_or_else(|line| line.bytes, |message| message.bytes().len());
        self.paced(child, bytes, |engine| engine.on_child_line(child, line));
    }

    fn paced(&mut self, child: ChildId, bytes: usize, handle: impl FnOnce(&mut Engine)) {
        let wasted = self.shared.metrics.wasted_messages();
        handle(self);
        let is_stopping = self.stopping_children.contains_key(&child);
        if is_stopping || self.shared.metrics.wasted_messages() > wasted {
            self.with_child(child, |child, cx| child.count_wasted(bytes, cx));
        }
    }

    pub(super) fn on_child_line(&mut self, child: ChildId, line: Result<Message, InvalidLine>) {
        if let Some(held) = self.held_lines.get_mut(&child) {
            return held.push_back(line);
        }
        match line {
            Ok(message) => self.on_child_message(child, message),
            Err(line) => self.on_child_invalid_line(child, line),
        }
    }

    /// Handles a message of a child, or has it translated first. Later lines of the child, and its
    /// end, wait for that.
    pub(super) fn on_child_message(&mut self, child: ChildId, message: Message) {
        if let Some(held) = self.held_lines.get_mut(&child) {
            return held.push_back(Ok(message));
        }
        let translation = self.translation(child, &message);
        if translation.bytes(&message) > self.shared.config.limits.inline_bytes_max {
            self.held_lines.insert(child, VecDeque::new());
            self.with_child(child, |child, _| child.set_translating(true));
            self.shared.out.push(Action::Work(Job(Work::Translate {
                child,
                message,
                translation,
            })));
            return;
        }
        let translated = translation.make(&message);
        self.take_message(child, message, translated);
    }

    /// Handles a translated message of a child. If the child or its client has ended meanwhile, the
    /// message needs another translation, or none.
    pub(super) fn on_translated(
        &mut self,
        child: ChildId,
        message: Message,
        (made, translated): (Translation, Translated),
    ) {
        let Some(held) = self.held_lines.remove(&child) else { return };
        let bytes = message.bytes().len();
        self.paced(child, bytes, |engine| {
            match engine.translation(child, &message).is_same(&made) {
                true => engine.take_message(child, message, translated),
                false => {
                    engine.shared.out.push(Action::discard(translated));
                    engine.on_child_message(child, message);
                }
            }
        });
        self.pump();
        for line in held {
            self.on_paced_line(child, line);
            self.pump();
        }
        if !self.held_lines.contains_key(&child) {
            self.with_child(child, |child, _| child.set_translating(false));
            // It may have ended meanwhile.
            self.reap_child(child);
        }
    }

    /// Returns the translation that a message of a child needs now.
    fn translation(&self, child: ChildId, message: &Message) -> Translation {
        let Some(pool) = &self.pool else { return Translation::None };
        let session = self.owners.get(&child).and_then(|id| self.sessions.get(id));
        if let Some(filter) = session.and_then(|session| session.filter_of(message)) {
            return Translation::List(filter.clone());
        }
        if probe::is_answer(message) && (pool.is_era_assumed() || self.is_probed(child)) {
            return Translation::Era;
        }
        let seal = self.shared.task_owners.as_ref().map(|_| &self.shared.rng);
        pool.translation(child, message, self.shared.now, seal)
    }

    fn take_message(&mut self, child: ChildId, message: Message, translated: Translated) {
        let (message, translated) = match translated {
            Translated::Listed(Ok(Some(filtered))) => (*filtered, Translated::None),
            Translated::Listed(Ok(None)) => (message, Translated::None),
            Translated::Listed(Err(flaw)) => {
                return self.on_child_invalid_line(child, InvalidLine::unusable(flaw, &message));
            }
            translated => (message, translated),
        };
        if let Translated::Era(Some(probed)) = &translated {
            self.correct_era(child, probed);
        }
        let Some(id) = self.owners.get(&child).copied() else {
            return match self.standby.as_ref().is_some_and(|standby| standby.id == child) {
                true => self.on_standby_message(child, &message, &translated),
                false if self.unclaimed.child_mut(child).is_some() => {
                    self.on_unclaimed_line(child, Ok(message));
                }
                false => self.on_worker_message(child, &message, translated),
            };
        };
        if refuses_initialize(&message) && self.open_on_another(id) {
            return;
        }
        self.on_session_line(id, Ok(message));
    }

    /// Handles a line of a child that is not a message.
    fn on_child_invalid_line(&mut self, child: ChildId, line: InvalidLine) {
        if let Some(id) = self.owners.get(&child).copied() {
            return self.on_session_line(id, Err(line));
        }
        match self.standby.as_ref().is_some_and(|standby| standby.id == child) {
            true => self.on_standby_invalid_line(child, line),
            false if self.unclaimed.child_mut(child).is_some() => {
                self.on_unclaimed_line(child, Err(line));
            }
            false => {
                self.with_pool(|pool, cx| pool.on_invalid_line(child, line, cx));
            }
        }
    }

    fn on_session_line(&mut self, id: SessionId, line: Result<Message, InvalidLine>) {
        let was_ready = self.sessions.get(&id).is_some_and(|session| session.is_ready());
        let end = self.with_session(id, |session, cx| session.child_line(line, cx));
        match end.flatten() {
            Some(why) => self.end_session(id, why, Reject::SessionEnded),
            None if !was_ready => self.record_start_success(id),
            None => {}
        }
    }

    /// Handles a message of a child without an owner: it may be its answer to the era probe.
    fn on_standby_message(&mut self, id: ChildId, message: &Message, translated: &Translated) {
        self.with_child(id, |child, cx| child.on_line(cx));
        if self.is_probed(id) {
            self.on_probe_message(message, translated);
        }
    }

    fn on_standby_invalid_line(&mut self, id: ChildId, line: InvalidLine) {
        self.with_child(id, |child, cx| child.on_invalid_line(&line, cx));
        if !self.is_probed(id) {
            return;
        }
        match line.concerns {
            LineSubject::Nothing => {}
            LineSubject::Quoted(message) => self.on_child_message(id, *message),
            // An invalid answer is an answer too.
            _ => self.set_era(Era::Legacy),
        }
    }

    /// Records that the command works, if a child has answered `initialize`.
    fn record_start_success(&mut self, id: SessionId) {
        if self.sessions.get(&id).is_some_and(|session| session.is_ready()) {
            self.shared.spawn_backoff.record_success();
            self.confirm_era();
        }
    }

    pub(super) fn on_child_stdin_closed(&mut self, child: ChildId, unread: usize) {
        self.with_child(child, |child, cx| child.stdin_closed(unread, cx));
        self.reap_child(child);
    }

    pub(super) fn on_child_stdout_closed(&mut self, child: ChildId) {
        self.with_child(child, |child, cx| child.stdout_closed(cx));
        self.reap_child(child);
    }

    pub(super) fn on_child_stderr_closed(&mut self, child: ChildId) {
        self.with_child(child, |child, cx| child.stderr_closed(cx));
        self.reap_child(child);
    }

    pub(super) fn on_child_exited(&mut self, child: ChildId, status: ExitStatus) {
        self.with_child(child, |child, cx| child.exited(status, cx));
        self.reap_child(child);
    }

    /// Handles a timeout of a child without a session.
    pub(super) fn on_child_due(&mut self, id: ChildId) {
        if self.owners.contains_key(&id) {
            return;
        }
        self.with_child(id, |child, cx| {
            child.handle_timeout(cx);
            cx.wake(child.next_due(cx.now));
        });
        self.on_unclaimed_due(id);
        self.reap_child(id);
    }

    /// Records since when a client waits for a command that has never worked.
    pub(super) fn record_start_awaited(&mut self) {
        let now = self.shared.now;
        if self.shared.spawn_backoff.has_worked()
            || self.start_awaited.is_some()
            || !self.is_starting()
        {
            return;
        }
        let next = now + START_NOTICE;
        self.start_awaited = Some((now, next));
        self.timers.set(next, Timer::Start);
    }

    /// Logs that it waits for the command, each time after twice as long.
    pub(super) fn on_start_due(&mut self) {
        let now = self.shared.now;
        let Some((since, _)) = self.start_awaited.take_if(|(_, next)| *next <= now) else { return };
        let Some(spec) = self.shared.upstream.command() else { return };
        if self.shared.spawn_backoff.has_worked() || !self.is_starting() {
            return;
        }
        let (command, waited) =
            (truncate_for_log(&spec.program.to_string_lossy()).into(), now.since(since));
        self.shared.log(Event::StartAwaited { command, waited });
        let next = now + waited;
        self.start_awaited = Some((since, next));
        self.timers.set(next, Timer::Start);
    }

    /// Returns whether a client waits for a child to start.
    fn is_starting(&self) -> bool {
        let is_opening =
            |session: &Session| !session.is_open() && session.backend().child().is_some();
        self.era_probe.has_pending()
            || self.sessions.values().any(|session| is_opening(session))
            || self.pool.as_ref().is_some_and(Pool::is_opening)
    }

    fn reap_child(&mut self, id: ChildId) {
        match self.owners.get(&id).copied() {
            Some(session) => self.reap(session),
            None if self.is_worker(id) => self.reap_workers(),
            None => self.reap_ownerless(id),
        }
    }

    /// Ends a session whose child has ended, or lets it go on without one.
    pub(super) fn reap(&mut self, id: SessionId) {
        let Some(session) = self.sessions.get(&id) else { return };
        let Some(status) = session.child_end(self.shared.now) else { return };
        let is_restoring = session.is_restoring();
        if self.open_on_another(id) {
            return;
        }
        let reject = Reject::ChildExited(status);
        if is_restoring {
            self.record_start_failure();
        }
        if !self.lose_child(id, reject) {
            self.end_session(id, SessionEnd::ChildEnded, reject);
        }
    }

    /// Removes a child without a session once its process has ended.
    fn reap_ownerless(&mut self, id: ChildId) {
        let now = self.shared.now;
        if let Some(child) = self.standby.take_if(|child| child.id == id && child.has_ended(now)) {
            let status = child.end(now).unwrap_or(ExitStatus::Unknown);
            self.lose_standby(child, status);
        } else if self.unclaimed.child_mut(id).is_some() {
            self.on_unclaimed_due(id);
        } else if let Some(child) = self.stopping_children.remove(&id) {
            match child.exit_status() {
                Some(status) => self.release(child, status, 0),
                None => {
                    self.stopping_children.insert(id, child);
                }
            }
        }
    }

    /// Handles the end of the child that was started before the first client. The next client gets
    /// another one, unless this one has failed at its start: that error is reported at once. A
    /// child that has read the era probe may have ended because of it.
    fn lose_standby(&mut self, mut child: Child, status: ExitStatus) {
        let was_probed = self.is_probed(child.id);
        let may_be_answer =
            (self.take_pending_probe(child.id) || was_probed) && !child.has_read_nothing();
        let stderr = child.stderr_tail();
        let is_useless = !may_be_answer && child.is_failed_start(status, &self.shared.cx());
        // With other values of headers the command may work.
        let is_useless_to_all = is_useless && self.shared.config.header_env.is_empty();
        if is_useless && !is_useless_to_all {
            self.shared
                .spawn_backoff
                .record_failure(self.shared.now, self.shared.config.limits.start_pause_max);
        }
        if is_useless_to_all {
            child.report_end(&mut self.shared.cx());
            let stderr = stderr.clone();
            self.record_start_failure();
            let is_logged = self.shared.cx().logs_info();
            self.shared.log(Event::ChildUnusable { status, stderr, is_logged });
        }
        match child.has_exited() {
            // Its end is in the log already.
            true if is_useless_to_all => self.forget(&child),
            true => self.release(child, status, 0),
            false => self.shut_down(child),
        }
        match was_probed {
            true if is_useless => self.fail_probe(Reject::ChildExited(status)),
            true => self.on_probed_end(stderr),
            false => {}
        }
    }
}

/// The time that a client waits for a command that has never worked before it is logged.
const START_NOTICE: Duration = Duration::from_secs(5);

/// Returns whether a child answers its first request with an error.
fn refuses_initialize(message: &Message) -> bool {
    message.kind() == Kind::Error
        && message.id() == Some(ClientRequests::FIRST.to_string().as_bytes())
}
