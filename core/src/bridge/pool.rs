//! Requests of modern clients, and the children that answer them.
//!
//! Owns: every child that belongs to no session, every POST that waits for one of them, and which
//! of them answers which.
//! Never: a session; what a legacy session's interpreter has for a worker passes through here.
//!
//! ```text
//!   POST ──► waiting ──a worker is there──► with a worker ──answer──► over
//!               └── no worker can be had ──────────┴── client gone, worker gone, too late ──► over
//! ```
//!
//! One process of a modern command answers everybody. A process of a legacy command answers whoever
//! has its key ([`crate::config::ChildPer`]), and at most one request at a time that it may ask
//! something for: its questions do not say whom they are for. A request that was taken back, and
//! may still ask, keeps its process from others; one that stays silent about it is ended.

mod asks;
mod from_child;
mod gate;
mod listens;
mod place;
mod preparing;
mod timeouts;
mod translation;

pub(crate) use preparing::{Prepared, Preparing};
pub(crate) use translation::{Probed, Translated, Translation};

use std::collections::{BTreeMap, VecDeque};
use std::mem;
use std::sync::Arc;

use crate::bridge::post::Post;
use crate::bridge::tools::Tools;
use crate::bridge::worker::{Asker, FromWorker, Key, Task, ToWorker, Worker};
use crate::bridge::{Child, ChildSpec};
use crate::config::{ChildEra, ChildPer, Config};
#[cfg(test)]
use crate::engine::Exchanges;
use crate::engine::{Evictable, Owner, Starts, Turn};
use crate::http::{McpHead, ReplyHead};
use crate::ids::{ChildId, ExchangeId, SessionId};
use crate::json::{Kind, Message};
#[cfg(test)]
use crate::limits::Limits;
use crate::machine::Chunk;
use crate::observe::Dropped;
use crate::protocol::{Era, Revision, is_removed, known_method};
use crate::reject::{ExitStatus, Flaw, Reject};
use crate::session::{Principal, cancelled};
use crate::time::Instant;
use crate::translate::legacy_child::Welcome;

/// The children that belong to no session, and the requests they answer.
#[derive(Debug)]
pub(crate) struct Pool {
    spec: Arc<ChildSpec>,
    /// The revisions that clients are served.
    served: Arc<[Revision]>,
    child_per: ChildPer,
    /// Processes of a legacy command to keep ready.
    warm_children: usize,
    /// Those of them that ended in a row before anybody wanted them.
    spares: Starts,
    /// The era of the command; none until that is known.
    era: Option<Era>,
    /// Whether nothing has said so: no child has answered the question, or `initialize`.
    is_assumed: bool,
    /// The child that was asked for its era, if its silence was taken for the answer.
    probe_owed_by: Option<ChildId>,
    /// The revision that a legacy child is offered.
    offered: Revision,
    /// What a legacy child last said of itself.
    welcome: Option<Box<Welcome>>,
    tools: Tools,
    workers: BTreeMap<ChildId, Worker>,
    posts: BTreeMap<ExchangeId, Post>,
    /// The requests that no worker was given, oldest first.
    waiting: VecDeque<ExchangeId>,
    /// What workers have said to sessions.
    from_workers: VecDeque<(SessionId, FromWorker)>,
    /// Messages of children that are to be dealt with now: answers that had come before their client
    /// came back, and answers that stood behind something else on their line.
    retold: VecDeque<(ChildId, Message)>,
    /// What the modern child said to `server/discover` (JSON text of the result).
    discovery: Option<Arc<[u8]>>,
    /// Children that nothing more is wanted of.
    let_go: Vec<Child>,
    /// A child that runs and has been asked nothing but its era, to be hired first.
    pub(crate) fresh: Option<Child>,
    /// How many workers there may be.
    pub(crate) room: usize,
    /// Whether so many children are being stopped that no other is to join them.
    pub(crate) is_crowded: bool,
    /// The principal of the first request that waits only because there is no room for another
    /// worker.
    starved_for: Option<Principal>,
    /// Whether something has happened that a waiting request may have waited for.
    stirred: bool,
    /// The earliest moment the engine was asked to come back for the pool.
    pub(crate) wake_at: Instant,
    /// Since when memory has been short, if it is.
    short_since: Option<Instant>,
}

impl Pool {
    /// A pool in which nothing was asked.
    pub(crate) fn new(spec: Arc<ChildSpec>, config: &Config) -> Pool {
        Pool {
            spec,
            served: config.revisions.clone(),
            child_per: config.bridge.child_per,
            warm_children: config.bridge.warm_children,
            spares: Starts::default(),
            era: match config.bridge.child_era {
                ChildEra::Legacy => Some(Era::Legacy),
                ChildEra::Modern => Some(Era::Modern),
                ChildEra::Probe => None,
            },
            is_assumed: false,
            probe_owed_by: None,
            offered: Revision::NEWEST_LEGACY,
            welcome: None,
            tools: Tools::default(),
            workers: BTreeMap::new(),
            posts: BTreeMap::new(),
            waiting: VecDeque::new(),
            from_workers: VecDeque::new(),
            retold: VecDeque::new(),
            discovery: None,
            let_go: Vec::new(),
            fresh: None,
            room: config.limits.sessions_max,
            is_crowded: false,
            starved_for: None,
            stirred: false,
            wake_at: Instant::FAR,
            short_since: None,
        }
    }

    /// The era of the command, if it is known.
    pub(crate) fn era(&self) -> Option<Era> {
        self.era
    }

    /// The era of the command has become known by this child, which is left over from that if it is
    /// of the modern era.
    pub(crate) fn set_era(&mut self, era: Era, child: Option<Child>, turn: &Turn<'_>) {
        self.era = Some(era);
        if let Some(child) = child {
            let mut worker = Worker::new(child, Key::Shared, turn.now);
            worker.proven = true;
            self.workers.insert(worker.child.id, worker);
        }
        self.stirred = true;
    }

    /// Whether nothing has said yet that the era is what it is.
    pub(crate) fn is_era_assumed(&self) -> bool {
        self.is_assumed
    }

    /// Nothing has said that the era is what it is set to. `silent`: the child that still may.
    pub(crate) fn assume_era(&mut self, silent: Option<ChildId>) {
        self.is_assumed = true;
        self.probe_owed_by = silent;
    }

    /// Whether this child still may say which era it is of. It is not expected to from now on.
    pub(crate) fn take_probe_debt(&mut self, child: ChildId) -> bool {
        self.probe_owed_by.take_if(|owing| *owing == child).is_some()
    }

    /// The era is not doubted any more.
    pub(crate) fn confirm_era(&mut self) {
        self.is_assumed = false;
    }

    /// A legacy child could not be opened. If nothing has said that the command is of that era, it
    /// is unknown again.
    pub(crate) fn doubt_era(&mut self) {
        if mem::take(&mut self.is_assumed) {
            self.era = None;
            self.let_go_of(|_| true);
        }
    }

    /// What the modern child said to `server/discover`, if it was asked.
    pub(crate) fn discovery(&self) -> Option<Arc<[u8]>> {
        self.discovery.clone()
    }

    /// Remembers what the modern child said to `server/discover`, for as long as it lives.
    pub(crate) fn set_discovery(&mut self, result: Arc<[u8]>) {
        self.discovery = Some(result);
    }

    /// The children of the pool.
    pub(crate) fn children(&self) -> usize {
        self.workers.len()
    }

    /// Requests that wait for their answer.
    pub(crate) fn in_flight(&self) -> usize {
        self.posts.values().filter(|post| !post.listens()).count()
    }

    /// Whether a child is being opened.
    pub(crate) fn is_opening(&self) -> bool {
        self.workers.values().any(|worker| worker.is_opening)
    }

    /// Whether there are requests that no worker was given.
    pub(crate) fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Exchanges that are open.
    pub(crate) fn open_streams(&self) -> usize {
        self.posts.len()
    }

    /// Bytes that wait for its children to take them.
    pub(crate) fn unfed(&self) -> usize {
        self.workers.values().map(|worker| worker.child.unfed()).sum()
    }

    /// A child of the pool.
    pub(crate) fn child_mut(&mut self, id: ChildId) -> Option<&mut Child> {
        self.workers.get_mut(&id).map(|worker| &mut worker.child)
    }

    /// The next thing a worker has said to a session.
    pub(crate) fn next_for_session(&mut self) -> Option<(SessionId, FromWorker)> {
        self.from_workers.pop_front()
    }

    /// The next message of a child that is to be dealt with now.
    pub(crate) fn next_retold(&mut self) -> Option<(ChildId, Message)> {
        self.retold.pop_front()
    }

    /// A child that nothing more is wanted of.
    pub(crate) fn next_let_go(&mut self) -> Option<Child> {
        self.let_go.pop()
    }

    /// A child that was being stopped is gone: there may be room for another.
    pub(crate) fn stir(&mut self) {
        self.stirred = true;
    }

    /// Whether something has happened that a waiting request may have waited for.
    pub(crate) fn is_stirred(&self) -> bool {
        self.stirred
    }

    // Clients

    /// Takes a POST. On an error nothing of it has reached a worker.
    pub(crate) fn post(
        &mut self,
        exchange: ExchangeId,
        head: &McpHead,
        message: &Message,
        turn: &mut Turn<'_>,
    ) -> Result<(), Reject> {
        if message.kind() == Kind::Notification {
            self.notification(message, turn);
            turn.reply(exchange, ReplyHead::new(202), Chunk::new());
            return Ok(());
        }
        // They never reach a child: `initialize` would make one of both eras a legacy one.
        if is_removed(message.method().unwrap_or_default()) {
            return Err(Reject::UnknownMethod);
        }
        // A subscription is bounded by the connection it holds; counting is put off while nothing
        // can be full.
        let listens = message.method() == Some("subscriptions/listen");
        let max = turn.limits.runs_max;
        if !listens && self.posts.len() >= max && self.in_flight() >= max {
            return Err(Reject::RunsFull);
        }
        let own = [message.client_capabilities(), message.client_info()];
        if own.into_iter().flatten().any(|text| text.len() > CLIENT_BYTES_MAX) {
            return Err(Reject::BadParams);
        }
        let mut post = Post::new(exchange, head, message.clone(), turn.now);
        let comes_back = self.era == Some(Era::Legacy) && message.request_state().is_some();
        let is_long = message.len() > turn.limits.inline_bytes_max;
        post.comes_back = comes_back && is_long;
        if comes_back && !is_long {
            self.come_back(exchange, &mut post, turn)?;
        }
        if post.at.is_none() {
            self.waiting.push_back(exchange);
            self.stirred = true;
        }
        turn.register(exchange, Owner::Bridge, None);
        self.posts.insert(exchange, post);
        let times = turn.limits.request_time_max.min(turn.startup_time());
        turn.wake(turn.now + turn.limits.keep_alive_period.min(times));
        Ok(())
    }

    /// A notification of a client. What cancels is none of the modern era over HTTP, where whoever
    /// leaves cancels, and the request it names would be somebody else's.
    fn notification(&mut self, message: &Message, turn: &mut Turn<'_>) {
        let method = message.method().unwrap_or_default();
        let is_removed = matches!(
            method,
            "notifications/cancelled"
                | "notifications/initialized"
                | "notifications/progress"
                | "notifications/roots/list_changed"
        );
        if is_removed || self.era != Some(Era::Modern) {
            return turn.metrics.dropped(Dropped::UnknownNotification);
        }
        if let Ok(worker) = self.shared(turn)
            && worker.child.has_room(message.len(), turn)
        {
            worker.child.feed(message.with(&[]), turn);
        }
    }

    /// The client of a request has gone: that cancels it (2026-07-28, basic/patterns/cancellation).
    pub(crate) fn closed(&mut self, exchange: ExchangeId, turn: &mut Turn<'_>) {
        let Some(post) = self.posts.remove(&exchange) else { return };
        self.waiting.retain(|waiting| *waiting != exchange);
        let took = turn.now.since(post.since);
        turn.metrics.operation(known_method(post.method()), "cancelled", took);
        self.unlisten(&post, turn);
        if let Some((child, number)) = post.at {
            self.cancel(child, number, "The client has gone", turn);
        }
    }

    // Sessions of legacy clients in front of a modern child

    /// Takes what a session's interpreter has for the shared modern child.
    pub(crate) fn take(&mut self, session: SessionId, what: ToWorker, turn: &mut Turn<'_>) {
        match what {
            ToWorker::Request { number, line, traits } => match self.shared(turn) {
                Ok(worker) if worker.child.has_room(line.len(), turn) => {
                    worker.child.request(number, line, turn);
                    let (since, due) = (turn.now, Instant::FAR);
                    let asker = Asker::Session(session);
                    worker.tasks.insert(number, Task { asker, traits, since, due });
                }
                Ok(_) => self.lose(session, number, Reject::StdinFull),
                Err(reject) => self.lose(session, number, reject),
            },
            ToWorker::Notification { line } => {
                if let Ok(worker) = self.shared(turn)
                    && worker.child.has_room(line.len(), turn)
                {
                    worker.child.feed(line, turn);
                }
            }
            ToWorker::Cancel { number } => {
                let mut workers = self.workers.values();
                let holder = workers.find(|worker| worker.tasks.get(number).is_some());
                if let Some(child) = holder.map(|worker| worker.child.id) {
                    self.cancel(child, number, "Cancelled by the client", turn);
                }
            }
        }
    }

    fn lose(&mut self, session: SessionId, number: u64, reject: Reject) {
        self.from_workers.push_back((session, FromWorker::Lost { number, reject }));
    }

    /// A session has ended: nobody waits any more for what it asked, and there may be more room.
    pub(crate) fn session_ended(&mut self, session: SessionId, turn: &mut Turn<'_>) {
        let mut asked = Vec::new();
        for worker in self.workers.values() {
            let own = |task: &Task| task.asker == Asker::Session(session);
            let numbers = worker.tasks.iter().filter(|(_, task)| own(task));
            asked.extend(numbers.map(|(number, _)| (worker.child.id, number)));
        }
        for (child, number) in asked {
            self.cancel(child, number, "The session has ended", turn);
        }
        self.from_workers.retain(|(whose, _)| *whose != session);
        self.stirred = true;
    }

    // Endings

    /// Takes a request back from its worker. One that may have asked something keeps the worker
    /// from others until the child has answered it after all.
    fn cancel(&mut self, child: ChildId, number: u64, reason: &str, turn: &mut Turn<'_>) {
        let had_answered = self.give_up_asking(child, number, turn);
        let Some(worker) = self.workers.get_mut(&child).filter(|_| !had_answered) else {
            return self.freed(child, turn);
        };
        let is_asked = worker.asking.as_ref().is_some_and(|asking| asking.number == number);
        let is_legacy = self.era == Some(Era::Legacy);
        let is_overrun = worker.tasks.len() > turn.limits.runs_max;
        let Some(task) = worker.tasks.get_mut(number) else { return };
        let (traits, until) = (task.traits, turn.now + turn.limits.cancel_time_max);
        worker.is_doubtful |= traits.mute && is_overrun;
        let may_ask = is_asked || traits.mute && !is_overrun;
        if may_ask {
            (task.asker, task.due) = (Asker::Gone, until);
        } else {
            worker.tasks.remove(number);
            // Nothing is kept that could show when the child is done with it.
            if (is_legacy || traits.logs) && !traits.listens {
                worker.hush_until(until);
            }
        }
        turn.wake(until);
        worker.child.feed(cancelled(number.to_string().as_bytes(), reason), turn);
        if !may_ask || matches!(worker.key, Key::Once(_)) {
            self.freed(child, turn);
        }
    }

    /// A worker has one request less. One that was for this request alone is let go.
    fn freed(&mut self, child: ChildId, turn: &Turn<'_>) {
        let Some(worker) = self.workers.get_mut(&child) else { return };
        worker.idle_since = turn.now;
        self.stirred = true;
        let is_over = matches!(worker.key, Key::Once(_)) || worker.is_spent && worker.is_unwanted();
        if is_over && worker.listeners == 0 {
            self.let_go_of(|worker| worker.child.id == child);
        }
    }

    /// Answers a request with an error of ours.
    fn fail(&mut self, exchange: ExchangeId, reject: Reject, turn: &mut Turn<'_>) {
        if let Some(post) = self.posts.remove(&exchange) {
            post.fail(reject, turn);
        }
    }

    /// Answers every request that no worker was given with an error of ours.
    pub(crate) fn fail_waiting(&mut self, reject: Reject, turn: &mut Turn<'_>) {
        for exchange in mem::take(&mut self.waiting) {
            self.fail_opening(exchange, reject, "", turn);
        }
    }

    /// Ends every wait with an error.
    pub(crate) fn fail_all(&mut self, reject: Reject, turn: &mut Turn<'_>) {
        self.waiting.clear();
        for (_, post) in mem::take(&mut self.posts) {
            post.fail(reject, turn);
        }
    }

    /// Lets workers go.
    pub(crate) fn let_go_of(&mut self, wanted: impl Fn(&Worker) -> bool) {
        let gone: Vec<ChildId> =
            self.workers.values().filter(|it| wanted(it)).map(|it| it.child.id).collect();
        let workers = gone.iter().filter_map(|id| self.workers.remove(id));
        self.let_go.extend(workers.map(|worker| worker.child));
        self.stirred |= !gone.is_empty();
    }

    /// A worker has ended: whoever waits for it need not wait any longer.
    pub(crate) fn lost(
        &mut self,
        id: ChildId,
        reject: Reject,
        turn: &mut Turn<'_>,
    ) -> Option<(Child, usize)> {
        let worker = self.workers.remove(&id)?;
        self.note_end(&worker, turn);
        self.stirred = true;
        self.discovery = None;
        let was_counted = matches!(reject, Reject::ChildFailed(_));
        let blames_probe = self.take_probe_debt(id)
            && matches!(reject, Reject::ChildExited(_))
            && !worker.child.has_read_nothing();
        // It was asked which era it is of, and has ended: another one is not asked.
        if blames_probe && worker.is_opening {
            return Some((worker.child, 0));
        }
        if (!worker.proven || worker.is_opening) && !was_counted {
            turn.starts.failed(turn.now, turn.limits.start_pause_max);
        }
        if worker.is_opening {
            self.fail_waiting_for(worker.key, reject, &worker.child.other_output(), turn);
            self.doubt_era();
        }
        let mut unanswered = 0;
        for (number, task) in worker.tasks.iter() {
            match task.asker {
                Asker::Request(exchange) => {
                    unanswered += usize::from(!task.traits.listens);
                    self.fail(exchange, reject, turn);
                }
                Asker::Session(session) => {
                    unanswered += usize::from(!task.traits.listens);
                    self.lose(session, number, reject);
                }
                Asker::Listing => self.tools.forget_asked(number),
                Asker::Aside | Asker::Fence | Asker::Gone | Asker::Opening | Asker::Parked => {}
            }
        }
        self.end_listens_at(id, turn);
        Some((worker.child, unanswered))
    }

    /// Workers whose process has come to its end, or that did not open in time.
    pub(crate) fn ended(&self, now: Instant) -> Option<(ChildId, Option<ExitStatus>)> {
        let is_late = |worker: &Worker| {
            let mut tasks = worker.tasks.iter();
            worker.is_opening
                && tasks.any(|(_, task)| task.asker == Asker::Opening && task.due <= now)
        };
        self.workers.values().find_map(|worker| match worker.child.end(now) {
            Some(status) => Some((worker.child.id, Some(status))),
            None => is_late(worker).then_some((worker.child.id, None)),
        })
    }
}

/// Bytes of what a request says of its client, in each of two members of `_meta`.
const CLIENT_BYTES_MAX: usize = 64 * 1024;

#[cfg(test)]
impl Pool {
    /// Takes it that no tool has arguments which headers repeat.
    pub(crate) fn know_tools(&mut self) {
        self.tools.settle(Instant::FAR);
    }

    /// Whether nothing is left of anybody.
    pub(crate) fn is_empty(&self) -> bool {
        self.workers.is_empty() && self.posts.is_empty() && self.waiting.is_empty()
    }

    /// Checks what has to hold between two facts.
    pub(crate) fn check(&self, limits: &Limits, exchanges: &Exchanges) {
        assert!(self.workers.len() <= limits.sessions_max, "{:?}", self.workers);
        assert!(self.in_flight() <= limits.runs_max);
        assert!(!self.stirred && self.fresh.is_none() && self.retold.is_empty());
        for (exchange, post) in &self.posts {
            assert_eq!(exchanges[exchange].owner, Owner::Bridge);
            let waits = self.waiting.iter().filter(|waiting| *waiting == exchange).count();
            assert_eq!(waits, usize::from(post.at.is_none()), "{post:?}");
            let Some((child, number)) = post.at else { continue };
            let worker = &self.workers[&child];
            let task = worker.tasks.get(number).map(|task| task.asker);
            let wanted = post.listen.is_none().then_some(Asker::Request(*exchange));
            assert_eq!(task, wanted, "{worker:?}");
        }
        assert!(self.waiting.iter().all(|exchange| self.posts.contains_key(exchange)));
        for worker in self.workers.values() {
            let at = |post: &&Post| {
                post.listen.is_some() && post.at.is_some_and(|at| at.0 == worker.child.id)
            };
            assert_eq!(worker.listeners, self.posts.values().filter(at).count());
            assert!(worker.watched.values().all(|count| *count > 0));
            if let Some(asking) = &worker.asking {
                let task = worker.tasks.get(asking.number);
                assert_eq!(task.is_none(), asking.answer.is_some(), "{worker:?}");
                let is_parked = task.is_some_and(|task| task.asker == Asker::Parked);
                assert_eq!(is_parked, asking.parked.is_some() && asking.answer.is_none());
            }
        }
    }
}
