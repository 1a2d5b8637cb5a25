//! Messages of workers: answers, notifications, and invalid messages.

use super::translation::is_level_wanted;
use super::*;
use crate::bridge::{Consequence, consequence};
use crate::job::{Change, Outcome};
use crate::json::{
    self, Answer, Concerns, Field, ParseRules, Peer, Unreadable, line, parse_number,
};
use crate::modern::probe;

impl Pool {
    /// Handles a line of a worker's standard output that is not a message.
    pub(crate) fn child_noise(&mut self, child: ChildId, mut line: Unreadable, cx: &mut Cx<'_>) {
        let Some(worker) = self.workers.get_mut(&child) else { return };
        let consequence = consequence(&mut line, worker.only_task());
        worker.child.babbled(&line, cx);
        match consequence {
            Consequence::None => {}
            Consequence::Fails(number) => self.answered_badly(child, number, line.flaw, cx),
            Consequence::Message(message) => self.retold.push_back((child, *message)),
        }
    }

    /// Handles a message of a worker, with the [`Pool::translation`] that it needs.
    pub(crate) fn child_message(
        &mut self,
        child: ChildId,
        message: &Message,
        translated: Translated,
        cx: &mut Cx<'_>,
    ) {
        let Some(worker) = self.workers.get_mut(&child) else { return };
        worker.child.spoke(cx);
        if !worker.proven {
            worker.proven = true;
            cx.starts.worked();
        }
        match message.kind() {
            Kind::Result | Kind::Error => self.answered(child, message, translated, cx),
            Kind::Notification => self.notified(child, message, translated, cx),
            Kind::Request if self.era == Some(Era::Legacy) => {
                self.asked(child, message, translated, cx);
            }
            Kind::Request => {
                // A modern child must not send requests (2026-07-28, basic/transports/stdio).
                let answer = json::error(message.id(), &Reject::UnknownMethod.wire());
                worker.child.feed(answer, cx);
            }
        }
    }

    /// Fails a request whose answer is invalid, since no other will come.
    fn answered_badly(&mut self, child: ChildId, number: u64, flaw: Flaw, cx: &mut Cx<'_>) {
        let Some(worker) = self.workers.get_mut(&child) else { return };
        let Some(task) = worker.tasks.remove(number) else { return };
        if task.asker == Asker::Gone {
            worker.hush_until(task.due);
        }
        worker.asking.take_if(|asking| asking.number == number);
        let reject = Reject::BadAnswer(flaw);
        match task.asker {
            Asker::Listing => {
                self.tools.settle(cx.now);
                self.stirred = true;
                return;
            }
            Asker::Opening => return self.refused(child, reject, "", cx),
            Asker::Aside => return,
            Asker::Fence => return self.settled(child, cx),
            Asker::Gone | Asker::Parked => {}
            Asker::Request(exchange) => self.fail(exchange, reject, cx),
            Asker::Session(session) => self.lose(session, number, reject),
        }
        self.freed(child, cx);
    }

    fn answered(
        &mut self,
        child: ChildId,
        message: &Message,
        translated: Translated,
        cx: &mut Cx<'_>,
    ) {
        let Some(worker) = self.workers.get_mut(&child) else { return };
        let number = match message.id() {
            Some(id) => parse_number(id),
            None => worker.only_task(),
        };
        let Some((number, task)) = number.and_then(|it| Some((it, worker.tasks.remove(it)?)))
        else {
            return unknown_answer(&mut worker.child, message, number, cx);
        };
        worker.child.answered(number);
        if task.asker == Asker::Gone && message.kind() == Kind::Error {
            worker.hush_until(task.due);
        }
        let asking = worker.asking.as_deref_mut().filter(|asking| asking.number == number);
        match (asking, task.asker) {
            // The client gets it with its retry.
            (Some(asking), Asker::Parked) => {
                asking.answer = Some(with_id(message, number));
                return;
            }
            (Some(_), _) => worker.asking = None,
            (None, _) => {}
        }
        match task.asker {
            Asker::Listing => return self.listed(child, translated, cx),
            Asker::Opening => return self.opened(child, translated, cx),
            Asker::Aside => return,
            Asker::Fence => return self.settled(child, cx),
            Asker::Gone | Asker::Parked => {}
            Asker::Request(exchange) => self.answer(exchange, message, translated, cx),
            Asker::Session(session) => {
                let answer = FromWorker::Answer { number, message: message.clone() };
                self.from_workers.push_back((session, answer));
            }
        }
        self.freed(child, cx);
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
            Translated::None => (Outcome::AsWritten { status: 200 }, None),
            Translated::Bad(flaw) => return self.fail(exchange, Reject::BadAnswer(flaw), cx),
            other => return debug_assert!(false, "an answer is not translated as {other:?}"),
        };
        if let Some(page) = page {
            self.tools.overhear(*page, cx.now);
        }
        let error = if message.kind() == Kind::Error { "error" } else { "" };
        match outcome {
            Outcome::AsWritten { status } => {
                let Some(post) = self.posts.remove(&exchange) else { return };
                let answer = line::answer_of(message, post.id());
                post.answer(status, answer, error, cx);
            }
            Outcome::Result(result) => self.reply(exchange, Chunk::from(result), cx),
            Outcome::Error { error: object, status } => {
                let Some(post) = self.posts.remove(&exchange) else { return };
                let answer = line::error_line(object, post.id());
                post.answer_made(status, answer, error, cx);
            }
            Outcome::Asks(questions) => self.ask_to_come_again(exchange, &questions, cx),
        }
    }

    fn notified(
        &mut self,
        child: ChildId,
        message: &Message,
        translated: Translated,
        cx: &mut Cx<'_>,
    ) {
        match (message.method(), message.subject()) {
            (Some("notifications/progress"), Some(number)) => {
                let value = match translated {
                    Translated::Progress(value) => value,
                    _ => None,
                };
                self.progress(child, number, message, value, cx);
            }
            (Some("notifications/cancelled"), Some(id)) if self.era == Some(Era::Legacy) => {
                let asking = self.workers.get_mut(&child).and_then(|it| it.asking.as_deref_mut());
                if !asking.is_some_and(|asking| asking.withdraw(id)) {
                    cx.metrics.dropped(Dropped::UnknownCancel);
                }
            }
            (Some("notifications/cancelled"), Some(number)) => {
                self.withdrawn(child, number, cx);
            }
            (Some("notifications/message"), _) => {
                let level = match translated {
                    Translated::Log(level) => level,
                    _ => None,
                };
                self.logged(child, message, level, cx);
            }
            _ => {
                let change = match translated {
                    Translated::Change(change) => change,
                    _ => Change::default(),
                };
                match self.era {
                    Some(Era::Legacy) => self.changed(child, message, &change, cx),
                    _ => self.published(child, message, &change, cx),
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
        let found = parse_number(number).and_then(|it| Some((it, worker.tasks.get_mut(it)?)));
        let Some((number, task)) = found else {
            return cx.metrics.dropped(Dropped::UnknownProgress);
        };
        if matches!(task.asker, Asker::Request(_)) && !task.traits.listens {
            let total = task.since + cx.limits.request_total_max;
            task.due = (cx.now + cx.limits.request_time_max).min(total);
        }
        let asker = task.asker;
        let rises = match worker.asking.as_deref_mut().filter(|asking| asking.number == number) {
            Some(asking) => value.is_some_and(|progress| asking.rises(progress)),
            None => true,
        };
        let told = match asker {
            _ if !rises => false,
            Asker::Aside
            | Asker::Fence
            | Asker::Gone
            | Asker::Listing
            | Asker::Opening
            | Asker::Parked => false,
            Asker::Session(session) => {
                let progress = FromWorker::Notification { number, message: message.clone() };
                self.from_workers.push_back((session, progress));
                true
            }
            Asker::Request(exchange) => self.posts.get_mut(&exchange).is_some_and(|post| {
                let Some(token) = post.token() else { return false };
                post.notify(message.with(&[(Field::Subject, &token)]), cx)
            }),
        };
        if !told {
            cx.metrics.dropped(Dropped::UnknownProgress);
        }
    }

    /// Handles the end of a subscription by the child (2026-07-28, basic/patterns/cancellation).
    fn withdrawn(&mut self, child: ChildId, number: &[u8], cx: &mut Cx<'_>) {
        let Some(worker) = self.workers.get_mut(&child) else { return };
        let listens = |worker: &Worker, number| {
            worker.tasks.get(number).is_some_and(|task: &Task| task.traits.listens)
        };
        let Some(number) = parse_number(number).filter(|number| listens(worker, *number)) else {
            return cx.metrics.dropped(Dropped::UnknownCancel);
        };
        let Some(task) = worker.tasks.remove(number) else { return };
        match task.asker {
            Asker::Request(exchange) => {
                if let Some(post) = self.posts.remove(&exchange) {
                    post.end_listen(cx);
                }
            }
            Asker::Session(session) => self.lose(session, number, Reject::SubscriptionEnded),
            _ => {}
        }
    }

    /// Handles a log message, which does not name a request: it is sent to the only request that
    /// could be meant, and dropped if there are several.
    fn logged(&mut self, child: ChildId, message: &Message, level: Option<usize>, cx: &mut Cx<'_>) {
        let Some(worker) = self.workers.get(&child) else { return };
        let number = match self.era {
            // The level is set to the lowest, so it could belong to any request.
            Some(Era::Legacy) => worker
                .only(|task| matches!(task.asker, Asker::Gone | Asker::Parked | Asker::Request(_))),
            _ => worker.only(|task| task.traits.logs && !task.traits.listens),
        };
        let asker = number.and_then(|number| Some(worker.tasks.get(number)?.asker));
        let is_wanted = worker.hushed_until <= cx.now
            && match asker {
                Some(Asker::Request(exchange)) => {
                    self.posts.get(&exchange).is_some_and(|post| is_level_wanted(post, level))
                }
                _ => true,
            };
        let Some(number) = number.filter(|_| is_wanted) else {
            return cx.metrics.dropped(Dropped::UnknownNotification);
        };
        self.tell(child, number, message, message.with(&[]), cx);
    }

    /// Sends a message of a subscription on its stream, with the client's own id.
    fn published(&mut self, child: ChildId, message: &Message, change: &Change, cx: &mut Cx<'_>) {
        if message.method() == Some("notifications/tools/list_changed") {
            self.tools.doubt();
        }
        let Some(number) = change.subscription else {
            return cx.metrics.dropped(Dropped::UnknownNotification);
        };
        let asker = |pool: &Pool| {
            Some(pool.workers.get(&child)?.tasks.get(number).filter(|it| it.traits.listens)?.asker)
        };
        let line = match asker(self) {
            Some(Asker::Request(exchange)) => {
                let Some(post) = self.posts.get(&exchange) else { return };
                let Some(tagged) = &change.tagged else { return };
                tagged.notification(message.method().unwrap_or_default(), post.id())
            }
            Some(Asker::Session(_)) => Chunk::new(),
            _ => return cx.metrics.dropped(Dropped::UnknownNotification),
        };
        self.tell(child, number, message, line, cx);
    }

    /// Sends a notification to the owner of this request: to a client as `line`, to a session
    /// unchanged.
    fn tell(
        &mut self,
        child: ChildId,
        number: u64,
        message: &Message,
        line: Chunk,
        cx: &mut Cx<'_>,
    ) {
        let task = self.workers.get(&child).and_then(|worker| worker.tasks.get(number));
        let told = match task.map(|task| task.asker) {
            Some(Asker::Session(session)) => {
                let notification = FromWorker::Notification { number, message: message.clone() };
                self.from_workers.push_back((session, notification));
                true
            }
            Some(Asker::Request(exchange)) => {
                let Some(post) = self.posts.get_mut(&exchange) else { return };
                let told = post.notify(line, cx);
                if !told && post.listens() {
                    return self.end_listen(exchange, cx);
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
        let line = Unreadable::new(Flaw::UnknownId, Concerns::Nothing, message.bytes());
        child.babbled(&line, cx);
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
