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

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::bridge::post::Post;
use crate::bridge::worker::{Asker, FromWorker, Task, ToWorker, Traits, Worker};
use crate::bridge::{Child, ChildSpec};
use crate::config::{ChildEra, Config};
use crate::engine::{Owner, Transport, Turn};
use crate::http::{McpHead, ReplyHead};
use crate::ids::{ChildId, ExchangeId, SessionId};
use crate::json::{Field, Invalid, Kind, Message};
use crate::machine::Chunk;
use crate::observe::Dropped;
use crate::protocol::{Era, Revision};
use crate::reject::{ExitStatus, Reject};
use crate::session::cancelled;
use crate::time::Instant;

mod from_child;

/// The children that belong to no session, and the requests they answer.
#[derive(Debug)]
pub(crate) struct Pool {
    spec: Arc<ChildSpec>,
    /// The revisions that clients are served.
    served: Arc<[Revision]>,
    /// The era of the command; none until that is known.
    era: Option<Era>,
    workers: BTreeMap<ChildId, Worker>,
    posts: BTreeMap<ExchangeId, Post>,
    /// The requests that no worker was given, oldest first.
    waiting: VecDeque<ExchangeId>,
    /// What workers have said to sessions.
    from_workers: VecDeque<(SessionId, FromWorker)>,
    /// What the modern child said to `server/discover` (JSON text of the result).
    discovery: Option<Arc<[u8]>>,
    /// Children that nothing more is wanted of.
    let_go: Vec<Child>,
    /// The earliest moment the engine was asked to come back for the pool.
    pub(crate) wake_at: Instant,
}

impl Pool {
    /// A pool in which nothing was asked.
    pub(crate) fn new(spec: Arc<ChildSpec>, config: &Config) -> Pool {
        Pool {
            spec,
            served: config.revisions.clone(),
            era: match config.bridge.child_era {
                ChildEra::Legacy => Some(Era::Legacy),
                ChildEra::Modern => Some(Era::Modern),
                ChildEra::Probe => None,
            },
            workers: BTreeMap::new(),
            posts: BTreeMap::new(),
            waiting: VecDeque::new(),
            from_workers: VecDeque::new(),
            discovery: None,
            let_go: Vec::new(),
            wake_at: Instant::FAR,
        }
    }

    /// The era of the command, if it is known.
    pub(crate) fn era(&self) -> Option<Era> {
        self.era
    }

    /// The era of the command has become known by this child, which is left over from that if it is
    /// of the modern era.
    pub(crate) fn set_era(&mut self, era: Era, child: Option<Child>, turn: &mut Turn<'_>) {
        self.era = Some(era);
        if let Some(child) = child {
            let mut worker = Worker::new(child, turn.now);
            worker.proven = true;
            self.workers.insert(worker.child.id, worker);
        }
        self.place(turn);
    }

    /// Starts the shared modern child ahead of the first request.
    pub(crate) fn start(&mut self, turn: &mut Turn<'_>) {
        // Who comes next is told why not.
        let _ = self.shared(turn);
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

    /// Exchanges that are open.
    pub(crate) fn open_streams(&self) -> usize {
        self.posts.len()
    }

    /// A child of the pool.
    pub(crate) fn child_mut(&mut self, id: ChildId) -> Option<&mut Child> {
        self.workers.get_mut(&id).map(|worker| &mut worker.child)
    }

    /// The next thing a worker has said to a session.
    pub(crate) fn next_for_session(&mut self) -> Option<(SessionId, FromWorker)> {
        self.from_workers.pop_front()
    }

    /// A child that nothing more is wanted of.
    pub(crate) fn next_let_go(&mut self) -> Option<Child> {
        self.let_go.pop()
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
        if is_removed(message.method().unwrap_or_default()) {
            return Err(Reject::UnknownMethod);
        }
        if self.posts.len() >= turn.limits.runs_max {
            return Err(Reject::RunsFull);
        }
        let transport = Transport { owner: Owner::Bridge, stream: None, unsent: 0 };
        turn.exchanges.insert(exchange, transport);
        self.posts.insert(exchange, Post::new(exchange, head, message.clone(), turn.now));
        self.waiting.push_back(exchange);
        turn.wake(turn.now + turn.limits.keep_alive_period.min(turn.limits.request_time_max));
        self.place(turn);
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
        turn.metrics.operation(crate::protocol::known_method(post.method()), "cancelled", took);
        if let Some((child, number)) = post.at {
            self.cancel(child, number, "The client has gone", turn);
        }
    }

    /// Takes a request back from its worker.
    fn cancel(&mut self, child: ChildId, number: u64, reason: &str, turn: &mut Turn<'_>) {
        let Some(worker) = self.workers.get_mut(&child) else { return };
        if worker.tasks.remove(number).is_some() {
            worker.child.feed(cancelled(number.to_string().as_bytes(), reason), turn);
            worker.idle_since = turn.now;
        }
    }

    // Sessions of legacy clients in front of a modern child

    /// Takes what a session's interpreter has for the shared modern child.
    pub(crate) fn take(&mut self, session: SessionId, what: ToWorker, turn: &mut Turn<'_>) {
        match what {
            ToWorker::Request { number, line, traits } => match self.shared(turn) {
                Ok(worker) if worker.child.has_room(line.len(), turn) => {
                    worker.child.feed(line, turn);
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

    /// A session has ended: nobody waits any more for what it asked.
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
    }

    // Workers

    /// Gives requests that wait to workers, as far as the era is known and there are any.
    fn place(&mut self, turn: &mut Turn<'_>) {
        if self.era != Some(Era::Modern) {
            return;
        }
        while let Some(exchange) = self.waiting.pop_front() {
            if let Err(reject) = self.forward(exchange, turn) {
                self.fail(exchange, reject, turn);
            }
        }
    }

    /// Gives a request to the shared modern child as it is, under a number of ours.
    fn forward(&mut self, exchange: ExchangeId, turn: &mut Turn<'_>) -> Result<(), Reject> {
        let Some(post) = self.posts.get(&exchange) else { return Ok(()) };
        let request = post.request.clone();
        let traits = Traits { logs: request.log_level().is_some(), listens: post.listens() };
        let worker = self.shared(turn)?;
        if !worker.child.has_room(request.len(), turn) {
            return Err(Reject::StdinFull);
        }
        let number = turn.next_upstream();
        let text = number.to_string();
        let edits = [(Field::Id, text.as_bytes()), (Field::ProgressToken, text.as_bytes())];
        worker.child.feed(request.with(&edits), turn);
        let asker = Asker::Request(exchange);
        let due = match traits.listens {
            true => Instant::FAR,
            false => turn.now + turn.limits.request_time_max,
        };
        turn.wake(due);
        worker.tasks.insert(number, Task { asker, traits, since: turn.now, due });
        let child = worker.child.id;
        if let Some(post) = self.posts.get_mut(&exchange) {
            post.at = Some((child, number));
        }
        Ok(())
    }

    /// The shared modern child; it is started if there is none.
    fn shared(&mut self, turn: &mut Turn<'_>) -> Result<&mut Worker, Reject> {
        let running = self.workers.values().find(|worker| !worker.child.is_ending());
        let id = match running {
            Some(worker) => worker.child.id,
            None => {
                turn.starts.check(turn.now)?;
                let worker = Worker::new(turn.spawn(self.spec.clone()), turn.now);
                let id = worker.child.id;
                self.workers.insert(id, worker);
                id
            }
        };
        Ok(self.workers.get_mut(&id).expect("it was found or put in"))
    }

    /// Answers a request with an error of ours.
    fn fail(&mut self, exchange: ExchangeId, reject: Reject, turn: &mut Turn<'_>) {
        if let Some(post) = self.posts.remove(&exchange) {
            post.fail(reject, turn);
        }
    }

    /// Answers every request that no worker was given with an error of ours.
    pub(crate) fn fail_waiting(&mut self, reject: Reject, turn: &mut Turn<'_>) {
        for exchange in std::mem::take(&mut self.waiting) {
            self.fail(exchange, reject, turn);
        }
    }

    /// Ends every wait with an error.
    pub(crate) fn fail_all(&mut self, reject: Reject, turn: &mut Turn<'_>) {
        self.waiting.clear();
        for (_, post) in std::mem::take(&mut self.posts) {
            post.fail(reject, turn);
        }
    }

    /// Ends every subscription of a modern client: the server is stopping.
    pub(crate) fn end_listens(&mut self, turn: &mut Turn<'_>) {
        let listens = self.posts.iter().filter(|(_, post)| post.listens());
        let exchanges: Vec<ExchangeId> = listens.map(|(exchange, _)| *exchange).collect();
        for exchange in exchanges {
            self.waiting.retain(|waiting| *waiting != exchange);
            let Some(post) = self.posts.remove(&exchange) else { continue };
            if let Some((child, number)) = post.at {
                self.cancel(child, number, "The server is stopping", turn);
            }
            post.end_listen(turn);
        }
    }

    /// Lets workers go.
    pub(crate) fn let_go_of(&mut self, wanted: impl Fn(&Worker) -> bool) {
        let gone: Vec<ChildId> =
            self.workers.values().filter(|it| wanted(it)).map(|it| it.child.id).collect();
        let workers = gone.iter().filter_map(|id| self.workers.remove(id));
        self.let_go.extend(workers.map(|worker| worker.child));
    }

    /// A worker has ended: whoever waits for it need not wait any longer.
    pub(crate) fn lost(
        &mut self,
        id: ChildId,
        reject: Reject,
        turn: &mut Turn<'_>,
    ) -> Option<(Child, usize)> {
        let worker = self.workers.remove(&id)?;
        self.discovery = None;
        if !worker.proven {
            turn.starts.failed(turn.now, turn.limits.start_pause_max);
        }
        let mut unanswered = 0;
        for (number, task) in worker.tasks.iter() {
            unanswered += usize::from(!task.traits.listens);
            match task.asker {
                Asker::Request(exchange) => self.fail(exchange, reject, turn),
                Asker::Session(session) => self.lose(session, number, reject),
            }
        }
        Some((worker.child, unanswered))
    }

    // Time

    /// Does what is due.
    pub(crate) fn handle_timeout(&mut self, turn: &mut Turn<'_>) {
        for worker in self.workers.values_mut() {
            worker.child.handle_timeout(turn);
        }
        for exchange in self.late(turn) {
            let at = self.posts.get(&exchange).and_then(|post| post.at);
            self.waiting.retain(|waiting| *waiting != exchange);
            if let Some((child, number)) = at {
                self.cancel(child, number, "Request timeout", turn);
            }
            self.fail(exchange, Reject::RequestTimeout, turn);
        }
        for post in self.posts.values_mut() {
            post.keep_alive(turn);
        }
    }

    /// The requests whose time is over.
    fn late(&self, turn: &Turn<'_>) -> Vec<ExchangeId> {
        let is_late = |post: &Post| self.due(post, turn) <= turn.now;
        self.posts.iter().filter(|(_, post)| is_late(post)).map(|(id, _)| *id).collect()
    }

    /// When a request is given up.
    fn due(&self, post: &Post, turn: &Turn<'_>) -> Instant {
        let Some((child, number)) = post.at else {
            return post.since + turn.limits.request_time_max;
        };
        let task = self.workers.get(&child).and_then(|worker| worker.tasks.get(number));
        task.map_or(Instant::FAR, |task| task.due)
    }

    /// When something is due again.
    pub(crate) fn next_due(&self, turn: &Turn<'_>) -> Instant {
        let posts =
            self.posts.values().map(|post| post.quiet_due(turn.limits).min(self.due(post, turn)));
        let workers = self.workers.values().map(|worker| worker.child.next_due(turn.now));
        posts.chain(workers).min().unwrap_or(Instant::FAR)
    }

    /// Workers whose process has come to its end.
    pub(crate) fn ended(&self, now: Instant) -> Option<(ChildId, ExitStatus)> {
        let mut workers = self.workers.values();
        workers.find_map(|worker| Some((worker.child.id, worker.child.end(now)?)))
    }
}

/// The methods that the modern era no longer has. They never reach a child: `initialize` would make
/// a child of both eras a legacy one (2026-07-28, changelog; basic/versioning).
fn is_removed(method: &str) -> bool {
    matches!(
        method,
        "initialize"
            | "logging/setLevel"
            | "ping"
            | "resources/subscribe"
            | "resources/unsubscribe"
    )
}
