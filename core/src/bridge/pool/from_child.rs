//! Messages of workers: answers, notifications, and invalid messages.

use super::translation::is_level_wanted;
use super::*;
use crate::bridge::{Consequence, consequence};
use crate::job::{Change, Outcome};
use crate::json::{
    self, Answer, Field, InvalidLine, LineSubject, ParseRules, Peer, line, parse_number,
};
use crate::modern::probe;

impl Pool {
    /// Handles a line of a worker's standard output that is not a message.
    pub(crate) fn on_invalid_line(
        &mut self,
        child: ChildId,
        mut line: InvalidLine,
        cx: &mut Cx<'_>,
    ) {
        let Some(worker) = self.workers.get_mut(&child) else { return };
        let consequence = consequence(&mut line, worker.sole_in_flight());
        worker.child.on_invalid_line(&line, cx);
        match consequence {
            Consequence::None => {}
            Consequence::Fails(number) => self.on_invalid_answer(child, number, line.flaw, cx),
            Consequence::Message(message) => self.deferred.push_back((child, *message)),
        }
    }

    /// Handles a message of a worker, with the [`Pool::translation`] that it needs.
    pub(crate) fn on_message(
        &mut self,
        child: ChildId,
        message: &Message,
        translated: Translated,
        cx: &mut Cx<'_>,
    ) {
        let Some(worker) = self.workers.get_mut(&child) else { return };
        worker.child.on_line(cx);
        if !worker.has_written_message {
            worker.has_written_message = true;
            cx.spawn_backoff.record_success();
        }
        match message.kind() {
            Kind::Result | Kind::Error => self.on_answer(child, message, translated, cx),
            Kind::Notification => self.on_notification(child, message, translated, cx),
            Kind::Request if self.era == Some(Era::Legacy) => {
                self.on_server_request(child, message, translated, cx);
            }
            Kind::Request => {
                // A modern child must not send requests (2026-07-28, basic/transports/stdio).
                let answer = json::error(message.id(), &Reject::UnknownMethod.wire());
                worker.child.write_stdin(answer, cx);
            }
        }
    }

    /// Fails a request whose answer is invalid, since no other will come.
    fn on_invalid_answer(&mut self, child: ChildId, number: u64, flaw: Flaw, cx: &mut Cx<'_>) {
        let Some(worker) = self.workers.get_mut(&child) else { return };
        let Some(task) = worker.in_flight.remove(number) else { return };
        if task.requester == Requester::Cancelled {
            worker.quarantine_until(task.due);
        }
        worker.pending_input.take_if(|asking| asking.number == number);
        let reject = Reject::BadAnswer(flaw);
        match task.requester {
            Requester::ToolsList => {
                self.tools.complete(cx);
                self.needs_dispatch = true;
                return;
            }
            Requester::Initialize => return self.on_open_failed(child, reject, "", cx),
            Requester::FireAndForget => return,
            Requester::InitBarrier => return self.on_ready(child, cx),
            Requester::Cancelled | Requester::Parked => {}
            Requester::Request(exchange) => self.fail(exchange, reject, cx),
            Requester::Session(session) => self.push_lost(session, number, reject),
        }
        self.on_idle(child, cx);
    }

    fn on_answer(
        &mut self,
        child: ChildId,
        message: &Message,
        translated: Translated,
        cx: &mut Cx<'_>,
    ) {
        let Some(worker) = self.workers.get_mut(&child) else { return };
        let number = match message.id() {
            Some(id) => parse_number(id),
            None => worker.sole_in_flight(),
        };
        let Some((number, task)) = number.and_then(|it| Some((it, worker.in_flight.remove(it)?)))
        else {
            return unknown_answer(&mut worker.child, message, number, cx);
        };
        worker.child.answered(number);
        if task.requester == Requester::Cancelled && message.kind() == Kind::Error {
            worker.quarantine_until(task.due);
        }
        let asking = worker.pending_input.as_deref_mut().filter(|asking| asking.number == number);
        match (asking, task.requester) {
            // The client gets it with its retry.
            (Some(asking), Requester::Parked) => {
                asking.answer = Some(with_id(message, number));
                return;
            }
            (Some(_), _) => worker.pending_input = None,
            (None, _) => {}
        }
        match task.requester {
            Requester::ToolsList => return self.on_tools_list(child, translated, cx),
            Requester::Initialize => return self.on_initialized(child, translated, cx),
            Requester::FireAndForget => return,
            Requester::InitBarrier => return self.on_ready(child, cx),
            Requester::Cancelled | Requester::Parked => {}
            Requester::Request(exchange) => self.answer(exchange, message, translated, cx),
            Requester::Session(session) => {
                let answer = FromWorker::Answer { number, message: message.clone() };
                self.from_workers.push_back((session, answer));
            }
        }
        self.on_idle(child, cx);
    }

    /// Passes a child's answer on to its client.
    fn answer(
        &mut self,
        exchange: ExchangeId,
        message: &Message,
        translated: Translated,
        cx: &mut Cx<'_>,
    ) {
        if !self.posts.contains_key(&exchange) {
            return cx.metrics.dropped(Dropped::UndeliverableAnswer);
        }
        let (outcome, page) = match translated {
            Translated::Answer(outcome, page) => (outcome, page),
            Translated::None => (Outcome::AsWritten { status: 200, task: None }, None),
            Translated::Bad(flaw) => return self.fail(exchange, Reject::BadAnswer(flaw), cx),
            other => return debug_assert!(false, "an answer is not translated as {other:?}"),
        };
        if let Some(page) = page {
            self.tools.observe(*page, cx);
        }
        let error = if message.kind() == Kind::Error { "error" } else { "" };
        match outcome {
            Outcome::AsWritten { status, task } => {
                let Some(post) = self.posts.remove(&exchange) else { return };
                if let (Some(owners), Some(task)) = (&mut cx.task_owners, task) {
                    owners.add(post.principal, task);
                }
                let answer = line::answer_of(message, post.id());
                post.answer(status, answer, error, cx);
            }
            Outcome::Result(result) => self.reply(exchange, Chunk::from(result), cx),
            Outcome::Error { error: object, status } => {
                let Some(post) = self.posts.remove(&exchange) else { return };
                let answer = line::error_line(object, post.id());
                post.answer_own(status, answer, error, cx);
            }
            Outcome::Asks(questions) => self.require_url_visit(exchange, &questions, cx),
        }
    }

    fn on_notification(
        &mut self,
        child: ChildId,
        message: &Message,
        translated: Translated,
        cx: &mut Cx<'_>,
    ) {
        match (message.method(), message.correlation_id()) {
            (Some("notifications/progress"), Some(number)) => {
                let value = match translated {
                    Translated::Progress(value) => value,
                    _ => None,
                };
                self.progress(child, number, message, value, cx);
            }
            (Some("notifications/cancelled"), Some(id)) if self.era == Some(Era::Legacy) => {
                let asking =
                    self.workers.get_mut(&child).and_then(|it| it.pending_input.as_deref_mut());
                if !asking.is_some_and(|asking| asking.withdraw(id)) {
                    cx.metrics.dropped(Dropped::UnknownCancel);
                }
            }
            (Some("notifications/cancelled"), Some(number)) => {
                self.on_cancelled(child, number, cx);
            }
            (Some("notifications/message"), _) => {
                let level = match translated {
                    Translated::Log(level) => level,
                    _ => None,
                };
                self.on_log_message(child, message, level, cx);
            }
            _ => {
                let change = match translated {
                    Translated::Change(change) => change,
                    _ => Change::default(),
                };
                match self.era {
                    Some(Era::Legacy) => self.on_change(child, message, &change, cx),
                    _ => self.on_subscription_message(child, message, &change, cx),
                }
            }
        }
    }

    /// Sends progress on the stream of its request, with the client's own token, and extends the
    /// time limit of the request.
    fn progress(
        &mut self,
        child: ChildId,
        number: &[u8],
        message: &Message,
        value: Option<f64>,
        cx: &mut Cx<'_>,
    ) {
        let Some(worker) = self.workers.get_mut(&child) else { return };
        let found = parse_number(number).and_then(|it| Some((it, worker.in_flight.get_mut(it)?)));
        let Some((number, task)) = found else {
            return cx.metrics.dropped(Dropped::UnknownProgress);
        };
        if matches!(task.requester, Requester::Request(_)) && !task.flags.is_subscription {
            let total = task.since + cx.limits.request_total_max;
            task.due = (cx.now + cx.limits.request_time_max).min(total);
        }
        let asker = task.requester;
        let rises =
            match worker.pending_input.as_deref_mut().filter(|asking| asking.number == number) {
                Some(asking) => value.is_some_and(|progress| asking.advance_progress(progress)),
                None => true,
            };
        let told = match asker {
            _ if !rises => false,
            Requester::FireAndForget
            | Requester::InitBarrier
            | Requester::Cancelled
            | Requester::ToolsList
            | Requester::Initialize
            | Requester::Parked => false,
            Requester::Session(session) => {
                let progress = FromWorker::Notification { number, message: message.clone() };
                self.from_workers.push_back((session, progress));
                true
            }
            Requester::Request(exchange) => self.posts.get_mut(&exchange).is_some_and(|post| {
                let Some(token) = post.token() else { return false };
                post.notify(message.with(&[(Field::CorrelationId, &token)]), cx)
            }),
        };
        if !told {
            cx.metrics.dropped(Dropped::UnknownProgress);
        }
    }

    /// Handles the end of a subscription by the child (2026-07-28, basic/patterns/cancellation).
    fn on_cancelled(&mut self, child: ChildId, number: &[u8], cx: &mut Cx<'_>) {
        let Some(worker) = self.workers.get_mut(&child) else { return };
        let listens = |worker: &Worker, number| {
            worker.in_flight.get(number).is_some_and(|task: &InFlight| task.flags.is_subscription)
        };
        let Some(number) = parse_number(number).filter(|number| listens(worker, *number)) else {
            return cx.metrics.dropped(Dropped::UnknownCancel);
        };
        let Some(task) = worker.in_flight.remove(number) else { return };
        match task.requester {
            Requester::Request(exchange) => {
                if let Some(post) = self.posts.remove(&exchange) {
                    post.end_subscription(cx);
                }
            }
            Requester::Session(session) => {
                self.push_lost(session, number, Reject::SubscriptionEnded)
            }
            _ => {}
        }
    }

    /// Handles a log message, which does not name a request: it is sent to the only request that
    /// could be meant, and dropped if there are several.
    fn on_log_message(
        &mut self,
        child: ChildId,
        message: &Message,
        level: Option<usize>,
        cx: &mut Cx<'_>,
    ) {
        let Some(worker) = self.workers.get(&child) else { return };
        let number = match self.era {
            // The level is set to the lowest, so it could belong to any request.
            Some(Era::Legacy) => worker.sole_match(|task| {
                matches!(
                    task.requester,
                    Requester::Cancelled | Requester::Parked | Requester::Request(_)
                )
            }),
            _ => worker.sole_match(|task| task.flags.wants_logs && !task.flags.is_subscription),
        };
        let asker = number.and_then(|number| Some(worker.in_flight.get(number)?.requester));
        let is_wanted = worker.quarantined_until <= cx.now
            && match asker {
                Some(Requester::Request(exchange)) => {
                    self.posts.get(&exchange).is_some_and(|post| is_level_wanted(post, level))
                }
                _ => true,
            };
        let Some(number) = number.filter(|_| is_wanted) else {
            return cx.metrics.dropped(Dropped::UnknownNotification);
        };
        self.deliver(child, number, message, message.with(&[]), cx);
    }

    /// Sends a message of a subscription on its stream, with the client's own id.
    fn on_subscription_message(
        &mut self,
        child: ChildId,
        message: &Message,
        change: &Change,
        cx: &mut Cx<'_>,
    ) {
        if message.method() == Some("notifications/tools/list_changed") {
            self.tools.invalidate();
        }
        let Some(number) = change.subscription else {
            return cx.metrics.dropped(Dropped::UnknownNotification);
        };
        let asker = |pool: &Pool| {
            Some(
                pool.workers
                    .get(&child)?
                    .in_flight
                    .get(number)
                    .filter(|it| it.flags.is_subscription)?
                    .requester,
            )
        };
        let line = match asker(self) {
            Some(Requester::Request(exchange)) => {
                let Some(post) = self.posts.get(&exchange) else { return };
                if let (Some(owners), Some(task)) = (&cx.task_owners, change.task)
                    && !owners.are_own(&post.principal, &[task])
                {
                    return cx.metrics.dropped(Dropped::UnknownNotification);
                }
                let Some(tagged) = &change.tagged else { return };
                tagged.notification(message.method().unwrap_or_default(), post.id())
            }
            Some(Requester::Session(_)) => Chunk::new(),
            _ => return cx.metrics.dropped(Dropped::UnknownNotification),
        };
        self.deliver(child, number, message, line, cx);
    }

    /// Sends a notification to the owner of this request: to a client as `line`, to a session
    /// unchanged.
    fn deliver(
        &mut self,
        child: ChildId,
        number: u64,
        message: &Message,
        line: Chunk,
        cx: &mut Cx<'_>,
    ) {
        let task = self.workers.get(&child).and_then(|worker| worker.in_flight.get(number));
        let told = match task.map(|task| task.requester) {
            Some(Requester::Session(session)) => {
                let notification = FromWorker::Notification { number, message: message.clone() };
                self.from_workers.push_back((session, notification));
                true
            }
            Some(Requester::Request(exchange)) => {
                let Some(post) = self.posts.get_mut(&exchange) else { return };
                let told = post.notify(line, cx);
                if !told && post.is_subscription() {
                    return self.end_subscription(exchange, cx);
                }
                told
            }
            _ => false,
        };
        if !told {
            cx.metrics.dropped(Dropped::UnknownNotification);
        }
    }
}

/// Drops an answer to no request in flight. A late one is harmless; one to a request that was never
/// sent is an error of the child.
fn unknown_answer(child: &mut Child, message: &Message, number: Option<u64>, cx: &mut Cx<'_>) {
    cx.metrics.dropped(Dropped::UnknownAnswer);
    let is_late = number.is_some_and(|number| number <= cx.last_upstream());
    if message.id().is_some() && !is_late && !probe::is_answer(message) {
        let line = InvalidLine::new(Flaw::UnknownId, LineSubject::Nothing, message.bytes());
        child.on_invalid_line(&line, cx);
    }
}

/// Returns the answer to a request with its number as the id, which an error may lack.
fn with_id(message: &Message, number: u64) -> Message {
    let error = message.error().filter(|_| message.id().is_none());
    let line = error.map(|error| Answer::Error(error.into()).line(number.to_string().as_bytes()));
    let rules = ParseRules { depth_max: usize::MAX, batch_len_max: 0, sender: Peer::Child };
    let named = line.and_then(|line| Message::parse(line.into(), rules).ok());
    named.unwrap_or_else(|| message.clone())
}
