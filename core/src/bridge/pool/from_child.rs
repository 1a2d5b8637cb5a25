//! What workers say: answers, notifications, and what they must not say.

use super::*;
use crate::bridge::worker::parse_number;
use crate::bridge::{Consequence, consequence, probe};
use crate::json::object::{Object, array, quoted, text};
use crate::json::{self, Concerns, Field, ParseRules, Peer, Unreadable};
use crate::modern::status;
use crate::translate::legacy_child::{self, Failure};
use crate::translate::{Answer, line, subscription};

impl Pool {
    /// Takes a line of a worker's standard output.
    pub(crate) fn child_line(
        &mut self,
        child: ChildId,
        line: Result<Message, Unreadable>,
        turn: &mut Turn<'_>,
    ) {
        let Some(worker) = self.workers.get_mut(&child) else { return };
        let message = match line {
            Ok(message) => message,
            Err(mut line) => {
                let consequence = consequence(&mut line, worker.only_task());
                worker.child.babbled(&line, turn);
                match consequence {
                    Consequence::None => return,
                    Consequence::Fails(number) => {
                        return self.answered_badly(child, number, line.flaw, turn);
                    }
                    Consequence::Message(message) => *message,
                }
            }
        };
        worker.child.spoke(turn);
        if !worker.proven {
            worker.proven = true;
            turn.starts.worked();
        }
        match message.kind() {
            Kind::Result | Kind::Error => self.answered(child, &message, turn),
            Kind::Notification => self.notified(child, &message, turn),
            Kind::Request if self.era == Some(Era::Legacy) => self.asked(child, &message, turn),
            Kind::Request => {
                // A modern child must not ask (2026-07-28, basic/transports/stdio).
                let answer = json::error(message.id(), &Reject::UnknownMethod.wire());
                worker.child.feed(answer, turn);
            }
        }
    }

    /// A line was meant to answer a request, and cannot be read. No other answer will come.
    fn answered_badly(&mut self, child: ChildId, number: u64, flaw: Flaw, turn: &mut Turn<'_>) {
        let Some(worker) = self.workers.get_mut(&child) else { return };
        let Some(task) = worker.tasks.remove(number) else { return };
        if task.asker == Asker::Gone {
            worker.hush_until(task.due);
        }
        worker.asking.take_if(|asking| asking.number == number);
        let reject = Reject::BadAnswer(flaw);
        match task.asker {
            Asker::Listing => {
                self.tools.settle(turn.now);
                self.stirred = true;
                return;
            }
            Asker::Opening => return self.refused(child, reject, "", turn),
            Asker::Aside => return,
            Asker::Fence => return self.settled(child, turn),
            Asker::Gone | Asker::Parked => {}
            Asker::Request(exchange) => self.fail(exchange, reject, turn),
            Asker::Session(session) => self.lose(session, number, reject),
        }
        self.freed(child, turn);
    }

    fn answered(&mut self, child: ChildId, message: &Message, turn: &mut Turn<'_>) {
        let Some(worker) = self.workers.get_mut(&child) else { return };
        let number = match message.id() {
            Some(id) => parse_number(id),
            None => worker.only_task(),
        };
        let Some((number, task)) = number.and_then(|it| Some((it, worker.tasks.remove(it)?)))
        else {
            return unknown_answer(&mut worker.child, message, number, turn);
        };
        worker.child.answered(number);
        let named = with_id(message, number);
        let message = named.as_ref().unwrap_or(message);
        if task.asker == Asker::Gone && message.kind() == Kind::Error {
            worker.hush_until(task.due);
        }
        let is_legacy = self.era == Some(Era::Legacy);
        let asking = worker.asking.as_deref_mut().filter(|asking| asking.number == number);
        match (asking, task.asker) {
            // Whoever comes back for it is told then.
            (Some(asking), Asker::Parked) => {
                asking.answer = Some(message.clone());
                return;
            }
            (Some(_), _) => worker.asking = None,
            (None, _) => {}
        }
        match task.asker {
            Asker::Listing => return self.listed(child, message, turn),
            Asker::Opening => return self.opened(child, message, turn),
            Asker::Aside => return,
            Asker::Fence => return self.settled(child, turn),
            Asker::Gone | Asker::Parked => {}
            Asker::Request(exchange) if is_legacy => self.answer_legacy(exchange, message, turn),
            Asker::Request(exchange) => self.answer(exchange, message, turn),
            Asker::Session(session) => {
                let answer = FromWorker::Answer { number, message: message.clone() };
                self.from_workers.push_back((session, answer));
            }
        }
        self.freed(child, turn);
    }

    /// Passes a legacy child's answer on, in the words of the modern era.
    pub(super) fn answer_legacy(
        &mut self,
        exchange: ExchangeId,
        message: &Message,
        turn: &mut Turn<'_>,
    ) {
        let Some(post) = self.posts.get(&exchange) else {
            return turn.metrics.dropped(Dropped::UndeliverableAnswer);
        };
        let method = post.method();
        match Answer::of(message) {
            Some(Answer::Result(result)) => {
                let rewritten = match method {
                    "tools/list" => self.tools.overhear(&post.request, &result, turn.now),
                    _ => None,
                };
                let result = rewritten.as_deref().unwrap_or(&result);
                match legacy_child::result(method, result, self.server_info.as_deref()) {
                    Some(result) => self.reply(exchange, result, turn),
                    None => self.fail(exchange, Reject::BadAnswer(Flaw::Result), turn),
                }
            }
            Some(Answer::Error(error)) => {
                match legacy_child::error(method, &error, post.request.uri()) {
                    Failure::Asks(questions) => self.ask_to_come_again(exchange, &questions, turn),
                    Failure::Error(error) => {
                        let Some(post) = self.posts.remove(&exchange) else { return };
                        let answer = Answer::Error(error.into()).line(post.id());
                        post.answer_made(status::of_error(&answer), answer, "error", turn);
                    }
                }
            }
            None => self.fail(exchange, Reject::BadAnswer(Flaw::Shape), turn),
        }
    }

    /// Passes a modern child's answer on.
    fn answer(&mut self, exchange: ExchangeId, message: &Message, turn: &mut Turn<'_>) {
        let Some(post) = self.posts.remove(&exchange) else {
            return turn.metrics.dropped(Dropped::UndeliverableAnswer);
        };
        if message.kind() == Kind::Error {
            let answer = message.with(&[(Field::Id, post.id())]);
            return post.answer(status::of_error(message.bytes()), answer, "error", turn);
        }
        let answer = match post.method() {
            "server/discover" => self.widened(message, post.id()),
            "subscriptions/listen" => retagged(message, post.id()),
            "tools/list" => self.overheard(message, &post, turn.now),
            _ => None,
        };
        let answer = answer.unwrap_or_else(|| message.with(&[(Field::Id, post.id())]));
        post.answer(200, answer, "", turn);
    }

    /// A list of tools that a modern child gave, if it has to be put right.
    fn overheard(&mut self, message: &Message, post: &Post, now: Instant) -> Option<Chunk> {
        let Answer::Result(result) = Answer::of(message)? else { return None };
        let rewritten = self.tools.overhear(&post.request, &result, now)?;
        Some(Chunk::from(Answer::result(rewritten).line(post.id())))
    }

    /// The result of `server/discover` with every revision that clients are served here.
    fn widened(&self, message: &Message, id: &[u8]) -> Option<Chunk> {
        let Answer::Result(text) = Answer::of(message)? else { return None };
        let mut result = Object::read(&text)?;
        let mut served = self.served.to_vec();
        served.sort_unstable_by(|one, other| other.cmp(one));
        let versions = served.iter().map(|revision| quoted(revision.as_str()));
        result.put("supportedVersions", array(versions));
        Some(Chunk::from(Answer::result(result.write()).line(id)))
    }

    fn notified(&mut self, child: ChildId, message: &Message, turn: &mut Turn<'_>) {
        match (message.method(), message.subject()) {
            (Some("notifications/progress"), Some(number)) => {
                self.progress(child, number, message, turn);
            }
            (Some("notifications/cancelled"), Some(id)) if self.era == Some(Era::Legacy) => {
                let asking = self.workers.get_mut(&child).and_then(|it| it.asking.as_deref_mut());
                if !asking.is_some_and(|asking| asking.withdraw(id)) {
                    turn.metrics.dropped(Dropped::UnknownCancel);
                }
            }
            (Some("notifications/cancelled"), Some(number)) => {
                self.withdrawn(child, number, turn);
            }
            (Some("notifications/message"), _) => self.logged(child, message, turn),
            _ if self.era == Some(Era::Legacy) => self.changed(child, message, turn),
            _ => self.published(child, message, turn),
        }
    }

    /// Progress goes to the stream of its request, under the client's own token, and gives the
    /// request its time again.
    fn progress(&mut self, child: ChildId, number: &[u8], message: &Message, turn: &mut Turn<'_>) {
        let Some(worker) = self.workers.get_mut(&child) else { return };
        let found = parse_number(number).and_then(|it| Some((it, worker.tasks.get_mut(it)?)));
        let Some((number, task)) = found else {
            return turn.metrics.dropped(Dropped::UnknownProgress);
        };
        if matches!(task.asker, Asker::Request(_)) && !task.traits.listens {
            let total = task.since + turn.limits.request_total_max;
            task.due = (turn.now + turn.limits.request_time_max).min(total);
        }
        let asker = task.asker;
        let rises = match worker.asking.as_deref_mut().filter(|asking| asking.number == number) {
            Some(asking) => progress_of(message).is_some_and(|progress| asking.rises(progress)),
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
                post.notify(message.with(&[(Field::Subject, &token)]), turn)
            }),
        };
        if !told {
            turn.metrics.dropped(Dropped::UnknownProgress);
        }
    }

    /// The child ends a subscription (2026-07-28, basic/patterns/cancellation).
    fn withdrawn(&mut self, child: ChildId, number: &[u8], turn: &mut Turn<'_>) {
        let Some(worker) = self.workers.get_mut(&child) else { return };
        let listens = |worker: &Worker, number| {
            worker.tasks.get(number).is_some_and(|task: &Task| task.traits.listens)
        };
        let Some(number) = parse_number(number).filter(|number| listens(worker, *number)) else {
            return turn.metrics.dropped(Dropped::UnknownCancel);
        };
        let Some(task) = worker.tasks.remove(number) else { return };
        match task.asker {
            Asker::Request(exchange) => {
                if let Some(post) = self.posts.remove(&exchange) {
                    post.end_listen(turn);
                }
            }
            Asker::Session(session) => self.lose(session, number, Reject::SubscriptionEnded),
            _ => {}
        }
    }

    /// A log message says nothing of whom it is meant for: it is told to the one request that could
    /// be meant, and to nobody if there are several.
    fn logged(&mut self, child: ChildId, message: &Message, turn: &mut Turn<'_>) {
        let Some(worker) = self.workers.get(&child) else { return };
        let number = match self.era {
            // It was told to say everything, so it could mean any.
            Some(Era::Legacy) => worker
                .only(|task| matches!(task.asker, Asker::Gone | Asker::Parked | Asker::Request(_))),
            _ => worker.only(|task| task.traits.logs && !task.traits.listens),
        };
        let asker = number.and_then(|number| Some(worker.tasks.get(number)?.asker));
        let is_wanted = worker.hushed_until <= turn.now
            && match asker {
                Some(Asker::Request(exchange)) => {
                    self.posts.get(&exchange).is_some_and(|post| is_level_wanted(post, message))
                }
                _ => true,
            };
        let Some(number) = number.filter(|_| is_wanted) else {
            return turn.metrics.dropped(Dropped::UnknownNotification);
        };
        self.tell(child, number, message, message.with(&[]), turn);
    }

    /// A message of a subscription goes to the stream it was opened by, under that one's own id.
    fn published(&mut self, child: ChildId, message: &Message, turn: &mut Turn<'_>) {
        if message.method() == Some("notifications/tools/list_changed") {
            self.tools.doubt();
        }
        let id = message.params().and_then(subscription::id);
        let Some(number) = id.and_then(|id| parse_number(&id)) else {
            return turn.metrics.dropped(Dropped::UnknownNotification);
        };
        let asker = |pool: &Pool| {
            Some(pool.workers.get(&child)?.tasks.get(number).filter(|it| it.traits.listens)?.asker)
        };
        let line = match asker(self) {
            Some(Asker::Request(exchange)) => {
                let Some(post) = self.posts.get(&exchange) else { return };
                let params = subscription::tag(message.params(), post.id());
                line::notification(message.method().unwrap_or_default(), Some(&params))
            }
            Some(Asker::Session(_)) => Vec::new(),
            _ => return turn.metrics.dropped(Dropped::UnknownNotification),
        };
        self.tell(child, number, message, Chunk::from(line), turn);
    }

    /// Tells whoever asked this request of a notification: a client by `line`, a session by the
    /// message as it came.
    fn tell(
        &mut self,
        child: ChildId,
        number: u64,
        message: &Message,
        line: Chunk,
        turn: &mut Turn<'_>,
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
                let told = post.notify(line, turn);
                if !told && post.listens() {
                    return self.end_listen(exchange, turn);
                }
                told
            }
            _ => false,
        };
        if !told {
            turn.metrics.dropped(Dropped::UnknownNotification);
        }
    }
}

/// Drops an answer to no request in flight. One that comes late is nothing special; one to a request
/// that never was shows a fault of the child.
fn unknown_answer(child: &mut Child, message: &Message, number: Option<u64>, turn: &mut Turn<'_>) {
    turn.metrics.dropped(Dropped::UnknownAnswer);
    let is_late = number.is_some_and(|number| number <= turn.last_upstream());
    if message.id().is_some() && !is_late && !probe::is_answer(message) {
        let line = Unreadable::new(Flaw::UnknownId, Concerns::Nothing, message.bytes());
        child.babbled(&line, turn);
    }
}

/// An error without an id, with the id of the request that it can only be about.
fn with_id(message: &Message, number: u64) -> Option<Message> {
    let answer = Answer::of(message).filter(|_| message.id().is_none())?;
    let line = answer.line(number.to_string().as_bytes());
    let rules = ParseRules { depth_max: usize::MAX, batch_len_max: 0, sender: Peer::Child };
    Message::parse(line.into(), rules).ok()
}

/// The value of progress, if it is a number.
fn progress_of(message: &Message) -> Option<f64> {
    let params = Object::read(message.params()?)?;
    serde_json::from_slice(params.get("progress")?).ok()
}

/// Whether a request wants to be told of log messages as severe as this one.
fn is_level_wanted(post: &Post, message: &Message) -> bool {
    let severity = |level: &str| LEVELS.iter().position(|known| *known == level);
    let wanted = post.request.log_level().and_then(text).and_then(|level| severity(&level));
    let params = Object::read_or_empty(message.params());
    let level = params.text("level").and_then(|level| severity(&level));
    wanted.is_some_and(|wanted| level.is_none_or(|level| level >= wanted))
}

/// The levels of log messages, the least severe first (RFC 5424, section 6.2.1).
const LEVELS: [&str; 8] =
    ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"];

/// The end of a subscription, under the id its client knows it by.
fn retagged(message: &Message, id: &[u8]) -> Option<Chunk> {
    let Answer::Result(result) = Answer::of(message)? else { return None };
    Some(Chunk::from(Answer::result(subscription::tag(Some(&result), id)).line(id)))
}
