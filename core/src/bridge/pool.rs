//! Requests without a session, and the children that answer them: those of modern clients, and of
//! legacy clients if there are no sessions.
//!
//! Owns: every child without a session, every POST that waits for one of them, and which of them
//! answers which.
//! Never: a session. Messages between a session's facade and a worker pass through here.
//!
//! ```text
//!   POST ──► waiting ──a worker is there──► with a worker ──answer──► over
//!               └── no worker can be had ──────────┴── client gone, worker gone, too late ──► over
//! ```
//!
//! One process of a modern command answers all requests. A process of a legacy command answers
//! requests with its key ([`crate::config::ChildPer`]), and at most one request at a time that it
//! may ask questions for, because questions do not name their request. A cancelled request that may
//! still ask keeps its process from others; a process that does not answer it is ended.

mod dispatch;
mod from_child;
mod input_required;
mod memory_pressure;
mod preparation;
mod stateless;
mod subscriptions;
mod timeouts;
mod translation;
mod variant;

use std::collections::{BTreeMap, VecDeque};
use std::mem;
use std::sync::Arc;

use crate::bridge::Child;
use crate::bridge::post::Post;
use crate::bridge::tool_headers::ToolHeaders;
use crate::bridge::worker::{Affinity, InFlight, Requester, Worker};
use crate::child_spec::ChildSpec;
use crate::chunk::Chunk;
use crate::config::{ChildEra, ChildPer, Config};
#[cfg(test)]
use crate::cx::Exchanges;
use crate::cx::{Cx, Evictable, Owner, SpawnBackoff};
use crate::http::{McpHead, ReplyHead};
use crate::ids::{ChildId, ExchangeId, SessionId};
use crate::job::Translated;
use crate::json::line::cancelled;
use crate::json::{Kind, Message};
use crate::legacy_facade::{FromWorker, ToWorker};
#[cfg(test)]
use crate::limits::Limits;
use crate::observe::Dropped;
use crate::principal::Principal;
use crate::protocol::{Era, Revision, is_removed};
use crate::reject::{ExitStatus, Flaw, Reject};
use crate::time::Instant;
use crate::translate::legacy_child::InitializeResult;

/// The children without a session, and their requests.
#[derive(Debug)]
pub(crate) struct Pool {
    spec: Arc<ChildSpec>,
    /// The supported revisions.
    served: Arc<[Revision]>,
    child_per: ChildPer,
    /// The number of processes of a legacy command to keep ready.
    prewarm: usize,
    /// The number of those in a row that ended without being used.
    prewarm_backoff: SpawnBackoff,
    /// The era of the command; `None` until it is known.
    era: Option<Era>,
    /// Whether the era is an assumption: no child has answered the probe, or `initialize`.
    is_era_assumed: bool,
    /// The probed child, if its silence was taken for an answer.
    probe_pending_at: Option<ChildId>,
    /// The revision that a legacy child is offered.
    offered: Revision,
    /// The latest result of `initialize` of a legacy child.
    initialize_result: Option<Box<InitializeResult>>,
    tools: ToolHeaders,
    workers: BTreeMap<ChildId, Worker>,
    posts: BTreeMap<ExchangeId, Post>,
    /// The requests without a worker, oldest first.
    waiting: VecDeque<ExchangeId>,
    /// Messages of workers for sessions.
    from_workers: VecDeque<(SessionId, FromWorker)>,
    /// Messages of children to handle now: answers that arrived before their client's retry, and
    /// answers that followed other text on their line.
    deferred: VecDeque<(ChildId, Message)>,
    /// The modern child's result of `server/discover` (JSON text).
    discovery: Option<Arc<[u8]>>,
    /// Children to stop.
    retired: Vec<Child>,
    /// A running child that was sent nothing but the probe; it becomes the first worker.
    pub(crate) idle_child: Option<Child>,
    /// The maximum number of workers.
    pub(crate) capacity: usize,
    /// Whether so many children are stopping that no other may be started.
    pub(crate) at_capacity: bool,
    /// The principal of the first request that waits only because the maximum number of workers is
    /// reached.
    blocked_on_capacity: Option<Principal>,
    /// Whether a change has occurred that a waiting request may have waited for.
    needs_dispatch: bool,
    /// The earliest timer that the engine has set for the pool.
    pub(crate) wake_at: Instant,
    /// The time since which memory has been short, if it is.
    memory_short_since: Option<Instant>,
    /// Whether it is the pool of requests with certain values of headers.
    is_variant: bool,
}

impl Pool {
    /// Creates a pool without requests.
    pub(crate) fn new(spec: Arc<ChildSpec>, config: &Config) -> Pool {
        Pool {
            spec,
            served: config.revisions.clone(),
            child_per: config.bridge.child_per,
            prewarm: config.bridge.warm_children,
            prewarm_backoff: SpawnBackoff::default(),
            era: match config.bridge.child_era {
                ChildEra::Legacy => Some(Era::Legacy),
                ChildEra::Modern => Some(Era::Modern),
                ChildEra::Probe => None,
            },
            is_era_assumed: false,
            probe_pending_at: None,
            offered: Revision::NEWEST_LEGACY,
            initialize_result: None,
            tools: ToolHeaders::default(),
            workers: BTreeMap::new(),
            posts: BTreeMap::new(),
            waiting: VecDeque::new(),
            from_workers: VecDeque::new(),
            deferred: VecDeque::new(),
            discovery: None,
            retired: Vec::new(),
            idle_child: None,
            capacity: config.limits.sessions_max,
            at_capacity: false,
            blocked_on_capacity: None,
            needs_dispatch: false,
            wake_at: Instant::FAR,
            memory_short_since: None,
            is_variant: false,
        }
    }

    /// Returns the era of the command, if it is known.
    pub(crate) fn era(&self) -> Option<Era> {
        self.era
    }

    /// Records the era of the command as found by this child, which becomes a worker if it is
    /// modern.
    pub(crate) fn set_era(&mut self, era: Era, child: Option<Child>, cx: &Cx<'_>) {
        self.era = Some(era);
        if let Some(child) = child {
            let mut worker = Worker::new(child, Affinity::Shared, cx.now);
            worker.has_written_message = true;
            self.workers.insert(worker.child.id, worker);
        }
        self.needs_dispatch = true;
    }

    /// Returns whether the era is still an assumption.
    pub(crate) fn is_era_assumed(&self) -> bool {
        self.is_era_assumed
    }

    /// Records that the era is an assumption. `silent` is the child that may still answer the
    /// probe.
    pub(crate) fn assume_era(&mut self, silent: Option<ChildId>) {
        self.is_era_assumed = true;
        self.probe_pending_at = silent;
    }

    /// Returns whether this child may still answer the probe, and expects no answer from now on.
    pub(crate) fn take_pending_probe(&mut self, child: ChildId) -> bool {
        self.probe_pending_at.take_if(|owing| *owing == child).is_some()
    }

    /// Records that the era is certain.
    pub(crate) fn confirm_era(&mut self) {
        self.is_era_assumed = false;
    }

    /// Records that a legacy child could not be opened. If the era is an assumption, it is unknown
    /// again.
    pub(crate) fn invalidate_era(&mut self) {
        if mem::take(&mut self.is_era_assumed) {
            self.era = None;
            self.retire(|_| true);
        }
    }

    /// Returns the modern child's result of `server/discover`, if it was requested.
    pub(crate) fn discovery(&self) -> Option<Arc<[u8]>> {
        self.discovery.clone()
    }

    /// Keeps the modern child's result of `server/discover`, for as long as the child lives.
    pub(crate) fn set_discovery(&mut self, result: Arc<[u8]>) {
        self.discovery = Some(result);
    }

    /// Returns the number of children.
    pub(crate) fn children(&self) -> usize {
        self.workers.len()
    }

    /// Returns the number of pending requests.
    pub(crate) fn in_flight(&self) -> usize {
        self.posts.values().filter(|post| !post.is_subscription()).count()
    }

    /// Returns whether a child is being opened.
    pub(crate) fn is_opening(&self) -> bool {
        self.workers.values().any(|worker| worker.is_initializing)
    }

    /// Returns whether there are requests without a worker.
    pub(crate) fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Returns the number of open exchanges.
    pub(crate) fn open_streams(&self) -> usize {
        self.posts.len()
    }

    /// Returns the number of children that have left a request unanswered, and have been silent
    /// since.
    pub(crate) fn unresponsive(&self) -> usize {
        self.workers.values().filter(|worker| worker.child.is_unresponsive()).count()
    }

    /// Returns the number of bytes that wait for its children to read them.
    pub(crate) fn stdin_pending(&self) -> usize {
        self.workers.values().map(|worker| worker.child.stdin_pending()).sum()
    }

    /// Returns a child of the pool.
    pub(crate) fn child_mut(&mut self, id: ChildId) -> Option<&mut Child> {
        self.workers.get_mut(&id).map(|worker| &mut worker.child)
    }

    /// Returns the next message of a worker for a session.
    pub(crate) fn next_for_session(&mut self) -> Option<(SessionId, FromWorker)> {
        self.from_workers.pop_front()
    }

    /// Returns the next message of a child to handle now.
    pub(crate) fn next_deferred(&mut self) -> Option<(ChildId, Message)> {
        self.deferred.pop_front()
    }

    /// Returns a child to stop.
    pub(crate) fn next_retired(&mut self) -> Option<Child> {
        self.retired.pop()
    }

    /// Records that a stopping child has ended, so there may be capacity for another.
    pub(crate) fn request_dispatch(&mut self) {
        self.needs_dispatch = true;
    }

    /// Returns whether a change has occurred that a waiting request may have waited for.
    pub(crate) fn needs_dispatch(&self) -> bool {
        self.needs_dispatch
    }

    // Clients

    /// Handles a POST of a modern client, or of a `legacy` one of this revision. If it returns an
    /// error, nothing of it has reached a worker.
    pub(crate) fn post(
        &mut self,
        exchange: ExchangeId,
        head: &McpHead,
        message: &Message,
        legacy: Option<Revision>,
        cx: &mut Cx<'_>,
    ) -> Result<(), Reject> {
        if message.kind() == Kind::Notification {
            self.notification(message, cx);
            cx.reply(exchange, ReplyHead::new(202), Chunk::new());
            return Ok(());
        }
        // They never reach a child, because `initialize` would make one of both eras a legacy one.
        if legacy.is_none() && is_removed(message.method().unwrap_or_default()) {
            return Err(Reject::UnknownMethod);
        }
        // A subscription is limited by the connection it holds. Counting is skipped while the limit
        // cannot be reached.
        let listens = message.method() == Some("subscriptions/listen");
        let max = cx.limits.requests_max;
        if !listens && self.posts.len() >= max && self.in_flight() >= max {
            return Err(Reject::TooManyRequests);
        }
        let own = [message.client_capabilities(), message.client_info()];
        if own.into_iter().flatten().any(|text| text.len() > CLIENT_BYTES_MAX) {
            return Err(Reject::ClientTooLong);
        }
        let mut post = Post::new(exchange, head, message.clone(), legacy, cx.now);
        let may_come_back = legacy.is_none() && self.era == Some(Era::Legacy);
        let comes_back = may_come_back && message.request_state().is_some();
        let is_long = message.len() > cx.limits.inline_bytes_max;
        post.is_long_retry = comes_back && is_long;
        if comes_back && !is_long {
            self.resume(exchange, &mut post, cx)?;
        }
        cx.register(exchange, Owner::Bridge, None);
        let Some(post) = stateless::answer_here(post, cx) else { return Ok(()) };
        if post.assigned.is_none() {
            self.waiting.push_back(exchange);
            self.needs_dispatch = true;
        }
        self.posts.insert(exchange, post);
        let times = cx.limits.request_time_max.min(cx.startup_time());
        cx.wake(cx.now + cx.limits.keep_alive_period.min(times));
        Ok(())
    }

    /// Handles a notification of a client. `notifications/cancelled` is ignored: over HTTP a
    /// 2026-07-28 client cancels by closing the stream, and the id could belong to another client.
    fn notification(&mut self, message: &Message, cx: &mut Cx<'_>) {
        let method = message.method().unwrap_or_default();
        let is_removed = matches!(
            method,
            "notifications/cancelled"
                | "notifications/initialized"
                | "notifications/progress"
                | "notifications/roots/list_changed"
        );
        // A server could carry out a request without an id, with a state or a task of another client.
        let is_call = cx.task_owners.is_some() && !method.starts_with("notifications/");
        if is_removed || is_call || self.era != Some(Era::Modern) {
            return cx.metrics.dropped(Dropped::UnknownNotification);
        }
        if let Ok(worker) = self.shared_worker(cx)
            && worker.child.has_room(message.len(), cx)
        {
            worker.child.write_stdin(message.with(&[]), cx);
        }
    }

    /// Cancels a request whose client has disconnected (2026-07-28, basic/patterns/cancellation).
    pub(crate) fn on_client_closed(&mut self, exchange: ExchangeId, cx: &mut Cx<'_>) {
        let Some(post) = self.posts.remove(&exchange) else { return };
        self.waiting.retain(|waiting| *waiting != exchange);
        post.count_cancelled(cx);
        self.unsubscribe(&post, cx);
        if let Some((child, number)) = post.assigned {
            self.cancel(child, number, "The client has gone", cx);
        }
    }

    // Sessions of legacy clients in front of a modern child

    /// Handles the output of a session's facade for the shared modern child.
    pub(crate) fn on_session_output(
        &mut self,
        session: SessionId,
        what: ToWorker,
        cx: &mut Cx<'_>,
    ) {
        match what {
            ToWorker::Request { number, line, flags } => match self.shared_worker(cx) {
                Ok(worker) if worker.child.has_room(line.len(), cx) => {
                    worker.child.request(number, line, cx);
                    let (since, due) = (cx.now, Instant::FAR);
                    let requester = Requester::Session(session);
                    worker.in_flight.insert(number, InFlight { requester, flags, since, due });
                }
                Ok(_) => self.push_lost(session, number, Reject::ChildBackpressure),
                Err(reject) => self.push_lost(session, number, reject),
            },
            ToWorker::Notification { line } => {
                if let Ok(worker) = self.shared_worker(cx)
                    && worker.child.has_room(line.len(), cx)
                {
                    worker.child.write_stdin(line, cx);
                }
            }
            ToWorker::Cancel { number } => {
                let mut workers = self.workers.values();
                let holder = workers.find(|worker| worker.in_flight.get(number).is_some());
                if let Some(child) = holder.map(|worker| worker.child.id) {
                    self.cancel(child, number, "Cancelled by the client", cx);
                }
            }
        }
    }

    fn push_lost(&mut self, session: SessionId, number: u64, reject: Reject) {
        self.from_workers.push_back((session, FromWorker::Lost { number, reject }));
    }

    /// Handles the end of a session: its requests are cancelled, and there may be more capacity.
    pub(crate) fn on_session_ended(&mut self, session: SessionId, cx: &mut Cx<'_>) {
        let mut asked = Vec::new();
        for worker in self.workers.values() {
            let own = |task: &InFlight| task.requester == Requester::Session(session);
            let numbers = worker.in_flight.iter().filter(|(_, task)| own(task));
            asked.extend(numbers.map(|(number, _)| (worker.child.id, number)));
        }
        for (child, number) in asked {
            self.cancel(child, number, "The session has ended", cx);
        }
        self.from_workers.retain(|(whose, _)| *whose != session);
        self.needs_dispatch = true;
    }

    // Endings

    /// Cancels a request at its worker. If the request may have caused a question, the worker takes
    /// no other such request until the child has answered it.
    fn cancel(&mut self, child: ChildId, number: u64, reason: &str, cx: &mut Cx<'_>) {
        let had_answered = self.abandon_input(child, number, cx);
        let Some(worker) = self.workers.get_mut(&child).filter(|_| !had_answered) else {
            return self.on_idle(child, cx);
        };
        let is_asked = worker.pending_input.as_ref().is_some_and(|asking| asking.number == number);
        let is_legacy = self.era == Some(Era::Legacy);
        let is_overrun = worker.in_flight.len() > cx.limits.requests_max;
        let Some(task) = worker.in_flight.get_mut(number) else { return };
        let (traits, until) = (task.flags, cx.now + cx.limits.cancel_time_max);
        worker.has_unanswered_cancellation |= traits.non_interactive && is_overrun;
        if !traits.is_subscription && task.since + cx.limits.request_time_max <= cx.now {
            worker.child.timed_out();
        }
        let may_ask = is_asked || traits.non_interactive && !is_overrun;
        if may_ask {
            (task.requester, task.due) = (Requester::Cancelled, until);
        } else {
            worker.in_flight.remove(number);
            // It has no state that could show when the child is done with it.
            if (is_legacy || traits.wants_logs) && !traits.is_subscription {
                worker.quarantine_until(until);
            }
        }
        cx.wake(until);
        worker.child.write_stdin(cancelled(number.to_string().as_bytes(), reason), cx);
        if !may_ask || matches!(worker.affinity, Affinity::Request(_)) {
            self.on_idle(child, cx);
        }
    }

    /// Handles the end of a request at a worker. A worker for this request alone is stopped.
    fn on_idle(&mut self, child: ChildId, cx: &mut Cx<'_>) {
        if self.ends_idle() {
            cx.wake(cx.now + cx.limits.session_idle_max);
        }
        let Some(worker) = self.workers.get_mut(&child) else { return };
        worker.idle_since = cx.now;
        self.needs_dispatch = true;
        let is_over = matches!(worker.affinity, Affinity::Request(_))
            || worker.is_draining && worker.is_abandoned();
        if is_over && worker.subscriptions == 0 {
            self.retire(|worker| worker.child.id == child);
        }
    }

    /// Answers a request with an error of this side.
    fn fail(&mut self, exchange: ExchangeId, reject: Reject, cx: &mut Cx<'_>) {
        if let Some(post) = self.posts.remove(&exchange) {
            post.fail(reject, cx);
        }
    }

    /// Answers every request without a worker with an error of this side.
    pub(crate) fn fail_waiting(&mut self, reject: Reject, cx: &mut Cx<'_>) {
        for exchange in mem::take(&mut self.waiting) {
            self.fail_opening(exchange, reject, "", cx);
        }
    }

    /// Fails every waiting request.
    pub(crate) fn fail_all(&mut self, reject: Reject, cx: &mut Cx<'_>) {
        self.waiting.clear();
        for (_, post) in mem::take(&mut self.posts) {
            post.fail(reject, cx);
        }
    }

    /// Stops workers.
    pub(crate) fn retire(&mut self, wanted: impl Fn(&Worker) -> bool) {
        let gone: Vec<ChildId> =
            self.workers.values().filter(|it| wanted(it)).map(|it| it.child.id).collect();
        let workers = gone.iter().filter_map(|id| self.workers.remove(id));
        self.retired.extend(workers.map(|worker| worker.child));
        self.needs_dispatch |= !gone.is_empty();
    }

    /// Handles the end of a worker: its requests fail.
    pub(crate) fn on_lost(
        &mut self,
        id: ChildId,
        reject: Reject,
        cx: &mut Cx<'_>,
    ) -> Option<(Child, usize)> {
        let worker = self.workers.remove(&id)?;
        self.record_end(&worker, cx);
        self.needs_dispatch = true;
        self.discovery = None;
        let was_counted = matches!(reject, Reject::ChildFailed(_));
        let blames_probe = self.take_pending_probe(id)
            && matches!(reject, Reject::ChildExited(_))
            && !worker.child.has_read_nothing();
        // It was probed, and has ended because of that: another one is not probed.
        if blames_probe && worker.is_initializing {
            return Some((worker.child, 0));
        }
        if (!worker.has_written_message || worker.is_initializing) && !was_counted {
            cx.spawn_backoff.record_failure(cx.now, cx.limits.start_pause_max);
        }
        if worker.is_initializing {
            self.fail_waiting_for(worker.affinity, reject, &worker.child.other_output(), cx);
            self.invalidate_era();
        }
        let mut unanswered = 0;
        for (number, task) in worker.in_flight.iter() {
            match task.requester {
                Requester::Request(exchange) => {
                    unanswered += usize::from(!task.flags.is_subscription);
                    self.fail(exchange, reject, cx);
                }
                Requester::Session(session) => {
                    unanswered += usize::from(!task.flags.is_subscription);
                    self.push_lost(session, number, reject);
                }
                Requester::ToolsList => self.tools.on_request_lost(number, cx),
                Requester::FireAndForget
                | Requester::InitBarrier
                | Requester::Cancelled
                | Requester::Initialize
                | Requester::Parked => {}
            }
        }
        self.end_subscriptions_at(id, cx);
        Some((worker.child, unanswered))
    }

    /// Returns a worker whose process has ended, or that did not open in time.
    pub(crate) fn next_ended(&self, now: Instant) -> Option<(ChildId, Option<ExitStatus>)> {
        let is_late = |worker: &Worker| {
            let mut tasks = worker.in_flight.iter();
            worker.is_initializing
                && tasks.any(|(_, task)| task.requester == Requester::Initialize && task.due <= now)
        };
        self.workers.values().find_map(|worker| match worker.child.end(now) {
            Some(status) => Some((worker.child.id, Some(status))),
            None => is_late(worker).then_some((worker.child.id, None)),
        })
    }
}

/// The maximum length of the client's description, in each of two members of `_meta`, in bytes.
const CLIENT_BYTES_MAX: usize = 64 * 1024;

#[cfg(test)]
impl Pool {
    /// Assumes that no tool has arguments that headers repeat.
    pub(crate) fn know_tools(&mut self) {
        self.tools.assume_none();
    }

    /// Checks the invariants between two inputs.
    pub(crate) fn check(&self, limits: &Limits, exchanges: &Exchanges) {
        assert!(self.workers.len() <= limits.sessions_max, "{:?}", self.workers);
        assert!(self.in_flight() <= limits.requests_max);
        assert!(!self.needs_dispatch && self.idle_child.is_none() && self.deferred.is_empty());
        for (exchange, post) in &self.posts {
            assert_eq!(exchanges[exchange].owner, Owner::Bridge);
            let waits = self.waiting.iter().filter(|waiting| *waiting == exchange).count();
            assert_eq!(waits, usize::from(post.assigned.is_none()), "{post:?}");
            let Some((child, number)) = post.assigned else { continue };
            let worker = &self.workers[&child];
            let task = worker.in_flight.get(number).map(|task| task.requester);
            let wanted = post.subscription.is_none().then_some(Requester::Request(*exchange));
            assert_eq!(task, wanted, "{worker:?}");
        }
        assert!(self.waiting.iter().all(|exchange| self.posts.contains_key(exchange)));
        for worker in self.workers.values() {
            let at = |post: &&Post| {
                post.subscription.is_some()
                    && post.assigned.is_some_and(|at| at.0 == worker.child.id)
            };
            assert_eq!(worker.subscriptions, self.posts.values().filter(at).count());
            assert!(worker.watched.values().all(|count| *count > 0));
            if let Some(asking) = &worker.pending_input {
                let task = worker.in_flight.get(asking.number);
                assert_eq!(task.is_none(), asking.answer.is_some(), "{worker:?}");
                let is_parked = task.is_some_and(|task| task.requester == Requester::Parked);
                assert_eq!(is_parked, asking.parked.is_some() && asking.answer.is_none());
            }
        }
    }
}
