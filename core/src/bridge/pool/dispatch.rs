//! Assignment of requests to workers, and start of workers.

use super::preparation::{own_state, request_for};
use super::*;
use crate::bridge::pending_input::PendingInput;
use crate::cx::CHILD_TIME_FACTOR;
use crate::json::object::Object;
use crate::json::{Field, line};
use crate::legacy_facade::RequestFlags;
use crate::modern::{Exclusivity, probe};
use crate::observe::Event;
use crate::translate::legacy_child;
use smallvec::{SmallVec, smallvec};

/// A worker that is being opened, and the requests that wait for it.
#[derive(Debug)]
struct PendingSpawn {
    affinity: Affinity,
    exclusivity: Exclusivity,
}

impl PendingSpawn {
    /// Adds a request that waits for it, if it can share the worker with the others.
    fn admit(&mut self, key: Affinity, need: Exclusivity) -> bool {
        let is_free = match need {
            Exclusivity::None => true,
            Exclusivity::SharedNonInteractive => self.exclusivity != Exclusivity::Exclusive,
            Exclusivity::Exclusive => self.exclusivity == Exclusivity::None,
        };
        let admits = is_free && [key, Affinity::Unassigned].contains(&self.affinity);
        if admits && need != Exclusivity::None {
            self.exclusivity = need;
        }
        admits
    }
}

impl Pool {
    /// Assigns waiting requests to workers, if anything has changed that they may have waited for.
    pub(crate) fn dispatch(&mut self, cx: &mut Cx<'_>) {
        while mem::take(&mut self.needs_dispatch) {
            self.blocked_on_capacity = None;
            match self.era {
                None => {}
                Some(Era::Modern) => self.dispatch_modern(cx),
                Some(Era::Legacy) => self.dispatch_legacy(cx),
            }
        }
    }

    /// Returns the principal of the first request that waits only because the maximum number of
    /// workers is reached.
    pub(crate) fn blocked_on_capacity(&self) -> Option<Principal> {
        self.blocked_on_capacity
    }

    /// Starts the workers that are prewarmed.
    pub(crate) fn start_prewarmed(&mut self, cx: &mut Cx<'_>) {
        match self.era {
            // The next request gets the error.
            Some(Era::Modern) => drop(self.shared_worker(cx)),
            Some(Era::Legacy) => self.prewarm(cx),
            None => {}
        }
    }

    // A modern child

    fn dispatch_modern(&mut self, cx: &mut Cx<'_>) {
        for exchange in mem::take(&mut self.waiting) {
            match self.forward(exchange, cx) {
                Ok(true) => {}
                Ok(false) => self.waiting.push_back(exchange),
                Err(reject) => self.fail(exchange, reject, cx),
            }
        }
    }

    /// Passes a request to the shared modern child, unchanged except for its number. Returns false
    /// if it has to wait until its headers can be checked.
    fn forward(&mut self, exchange: ExchangeId, cx: &mut Cx<'_>) -> Result<bool, Reject> {
        if self.prepare(exchange, cx) {
            return Ok(false);
        }
        let Some(post) = self.posts.get(&exchange) else { return Ok(true) };
        let (wants_logs, is_subscription) = (post.wants_logs(), post.is_subscription());
        let traits = RequestFlags { wants_logs, is_subscription, ..RequestFlags::default() };
        let child = self.shared_worker(cx)?.child.id;
        if !self.check_headers(exchange, child, cx)? {
            return Ok(false);
        }
        let Some(post) = self.posts.get_mut(&exchange) else { return Ok(true) };
        let state = own_state(post, cx)?;
        let request = request_for(post, Era::Modern)?;
        let worker = self.shared_worker(cx)?;
        if !worker.child.has_room(request.len(), cx) {
            return Err(Reject::ChildBackpressure);
        }
        let number = cx.next_upstream();
        let text = number.to_string();
        let mut edits: SmallVec<[_; 3]> =
            smallvec![(Field::Id, text.as_bytes()), (Field::ProgressToken, text.as_bytes())];
        edits.extend(state.as_deref().map(|state| (Field::RequestState, state)));
        worker.child.request(number, request.with(&edits), cx);
        self.track(exchange, child, number, traits, cx);
        Ok(true)
    }

    /// Compares the headers of a call with its arguments. Returns false if it is not known yet
    /// which arguments they repeat: a worker is asked then.
    fn check_headers(
        &mut self,
        exchange: ExchangeId,
        child: ChildId,
        cx: &mut Cx<'_>,
    ) -> Result<bool, Reject> {
        let Some(post) = self.posts.get(&exchange) else { return Ok(true) };
        if post.method() != "tools/call" || post.era() == Era::Legacy {
            return Ok(true);
        }
        let verdict = self.headers_verdict(post);
        match self.tools.known_at() {
            Some(_) if verdict.is_ok() => return Ok(true),
            // A list that is older than the call refuses no call.
            Some(at) if at >= post.since => return verdict.map(|()| true),
            _ => {}
        }
        if !self.tools.is_requested() {
            self.list_tools(child, None, cx);
        }
        Ok(false)
    }

    /// Requests the list of tools from a worker.
    fn list_tools(&mut self, child: ChildId, cursor: Option<Vec<u8>>, cx: &mut Cx<'_>) {
        let Some(worker) = self.workers.get_mut(&child) else { return };
        let number = cx.next_upstream();
        let mut params = Object::default();
        if let Some(cursor) = cursor {
            params.put("cursor", cursor);
        }
        if self.era == Some(Era::Modern) {
            params.put("_meta", probe::META.as_bytes());
        }
        let (id, params) = (number.to_string(), params.write());
        let line = line::request(id.as_bytes(), "tools/list", Some(&params));
        worker.child.request(number, Chunk::from(line), cx);
        let due = cx.now + cx.limits.probe_time_max.min(cx.limits.request_time_max);
        cx.wake(due);
        let (requester, flags, since) = (Requester::ToolsList, RequestFlags::default(), cx.now);
        worker.in_flight.insert(number, InFlight { requester, flags, since, due });
        self.tools.on_requested(number);
    }

    /// Handles a worker's list of tools. Any other answer means that there are none.
    pub(super) fn on_tools_list(
        &mut self,
        child: ChildId,
        translated: Translated,
        cx: &mut Cx<'_>,
    ) {
        self.needs_dispatch = true;
        match translated {
            Translated::Tools(page) => {
                if let Some(cursor) = self.tools.on_list(*page, cx) {
                    self.list_tools(child, Some(cursor), cx);
                }
            }
            _ => self.tools.complete(cx),
        }
    }

    /// Returns the shared modern child, after starting it if there is none.
    pub(super) fn shared_worker(&mut self, cx: &mut Cx<'_>) -> Result<&mut Worker, Reject> {
        let running = self.workers.values().find(|worker| worker.is_ready());
        let id = match running {
            Some(worker) => worker.child.id,
            None => {
                if self.is_variant && self.workers.len() >= self.capacity {
                    return Err(Reject::SessionsFull);
                }
                let child = self.take_or_spawn(cx)?;
                cx.wake(cx.now + cx.limits.session_idle_max);
                let id = child.id;
                self.workers.insert(id, Worker::new(child, Affinity::Shared, cx.now));
                id
            }
        };
        Ok(self.workers.get_mut(&id).expect("it was found or put in"))
    }

    // Legacy children

    fn dispatch_legacy(&mut self, cx: &mut Cx<'_>) {
        let mut openings = Vec::new();
        for worker in self.workers.values().filter(|worker| worker.is_initializing) {
            openings
                .push(PendingSpawn { affinity: worker.affinity, exclusivity: Exclusivity::None });
        }
        for exchange in mem::take(&mut self.waiting) {
            match self.assign(exchange, &mut openings, cx) {
                Ok(true) => {}
                Ok(false) => self.waiting.push_back(exchange),
                Err(reject) => self.fail(exchange, reject, cx),
            }
        }
        self.retire_abandoned();
        self.prewarm(cx);
    }

    /// Stops the workers that belong to one request each, if that has ended.
    fn retire_abandoned(&mut self) {
        let posts = mem::take(&mut self.posts);
        self.retire(|worker| match worker.affinity {
            Affinity::Request(exchange) => worker.is_idle() && !posts.contains_key(&exchange),
            _ => false,
        });
        self.posts = posts;
    }

    /// Assigns a request to a worker of its key. Returns false if there is none yet.
    fn assign(
        &mut self,
        exchange: ExchangeId,
        openings: &mut Vec<PendingSpawn>,
        cx: &mut Cx<'_>,
    ) -> Result<bool, Reject> {
        let Some(post) = self.posts.get(&exchange) else { return Ok(true) };
        let is_retry = post.request.request_state().is_some() && post.era() == Era::Modern;
        if is_retry && !post.comes_again && !post.is_long_retry {
            return Err(Reject::BadRequestState);
        }
        let mut is_preparing = self.prepare(exchange, cx);
        if !is_preparing {
            if self.resume_prepared(exchange, cx)? {
                return Ok(true);
            }
            is_preparing = self.prepare(exchange, cx);
        }
        let Some(post) = self.posts.get(&exchange) else { return Ok(true) };
        let method = post.method();
        if matches!(method, "initialize" | "server/discover") && self.initialize_result.is_some() {
            self.answer_discover(exchange, cx);
            return Ok(true);
        }
        // Legacy methods of that name differ.
        if method.starts_with("tasks/") {
            return Err(Reject::UnknownMethod);
        }
        // It can be refused without waiting for a worker.
        if !is_preparing && self.tools.known_at().is_some_and(|at| at >= post.since) {
            self.headers_verdict(post)?;
        }
        if is_preparing && post.is_long_retry {
            return Ok(false);
        }
        let (affinity, exclusivity, principal) =
            (self.affinity_of(exchange, post), post.exclusivity, post.principal);
        if let Some(child) = self.find_worker(affinity, exclusivity, cx.now) {
            if is_preparing || !self.check_headers(exchange, child, cx)? {
                return Ok(false);
            }
            self.send(exchange, child, cx)?;
            return Ok(true);
        }
        // Many at once would only slow each other down, and by then the first may be free.
        if openings.iter_mut().any(|opening| opening.admit(affinity, exclusivity))
            || openings.len() >= cx.limits.openings_max
        {
            return Ok(false);
        }
        if self.workers.len() >= self.capacity {
            if !self.at_capacity {
                self.blocked_on_capacity.get_or_insert(principal);
            }
            return Ok(false);
        }
        self.spawn(affinity, cx)?;
        openings.push(PendingSpawn { affinity, exclusivity });
        Ok(false)
    }

    /// Returns the key by which this request shares a worker.
    fn affinity_of(&self, exchange: ExchangeId, post: &Post) -> Affinity {
        match self.child_per {
            ChildPer::Session | ChildPer::Principal => Affinity::Principal(post.principal),
            ChildPer::Call if post.is_subscription() => Affinity::Shared,
            ChildPer::Call => Affinity::Request(exchange),
            ChildPer::Shared => Affinity::Shared,
        }
    }

    /// Returns the first worker of this key that can take a request, preferably one without a wait;
    /// or else an unassigned one, which gets this key.
    fn find_worker(&mut self, key: Affinity, need: Exclusivity, now: Instant) -> Option<ChildId> {
        let can_take = |it: &&Worker| it.affinity == key && it.can_accept(need, now);
        let own = || self.workers.values().filter(can_take);
        if let Some(worker) = own().find(|worker| !worker.is_interactive()).or_else(|| own().next())
        {
            return Some(worker.child.id);
        }
        let mut workers = self.workers.values_mut();
        let spare =
            workers.find(|worker| worker.affinity == Affinity::Unassigned && worker.is_ready())?;
        (spare.affinity, spare.idle_since) = (key, now);
        self.prewarm_backoff.record_success();
        Some(spare.child.id)
    }

    /// Sends a request to a legacy child, translated to its era.
    fn send(
        &mut self,
        exchange: ExchangeId,
        child: ChildId,
        cx: &mut Cx<'_>,
    ) -> Result<(), Reject> {
        let (Some(post), Some(worker)) =
            (self.posts.get_mut(&exchange), self.workers.get_mut(&child))
        else {
            return Ok(());
        };
        let number = cx.next_upstream();
        if post.is_subscription() {
            return self.subscribe(exchange, child, number, cx);
        }
        let request = request_for(post, Era::Legacy)?;
        let text = number.to_string();
        let edits = [(Field::Id, text.as_bytes()), (Field::ProgressToken, text.as_bytes())];
        let line = request.with(&edits);
        if !worker.child.has_room(line.len(), cx) {
            return Err(Reject::ChildBackpressure);
        }
        worker.child.request(number, line, cx);
        if post.exclusivity == Exclusivity::Exclusive {
            worker.pending_input = Some(Box::new(PendingInput::new(number)));
        }
        let non_interactive = post.exclusivity == Exclusivity::SharedNonInteractive;
        let traits = RequestFlags {
            wants_logs: post.wants_logs(),
            non_interactive,
            ..RequestFlags::default()
        };
        self.track(exchange, child, number, traits, cx);
        Ok(())
    }

    /// Records that a worker was sent a request.
    fn track(
        &mut self,
        exchange: ExchangeId,
        child: ChildId,
        number: u64,
        flags: RequestFlags,
        cx: &mut Cx<'_>,
    ) {
        let is_proven = self.workers.get(&child).is_some_and(|worker| worker.has_written_message);
        let due = match flags.is_subscription {
            true => Instant::FAR,
            false if is_proven => cx.now + cx.limits.request_time_max,
            false => cx.now + cx.limits.request_time_max.max(cx.startup_time()),
        };
        cx.wake(due);
        let task = InFlight { requester: Requester::Request(exchange), flags, since: cx.now, due };
        if let Some(worker) = self.workers.get_mut(&child) {
            worker.in_flight.insert(number, task);
        }
        if let Some(post) = self.posts.get_mut(&exchange) {
            post.assigned = Some((child, number));
        }
    }

    /// Returns a child that is running already, or a new one.
    fn take_or_spawn(&mut self, cx: &mut Cx<'_>) -> Result<Child, Reject> {
        match self.idle_child.take() {
            Some(child) => Ok(child),
            None => {
                cx.spawn_backoff.check(cx.now)?;
                Ok(Child::spawn(self.spec.clone(), cx))
            }
        }
    }

    /// Makes another child a worker, and opens it.
    fn spawn(&mut self, key: Affinity, cx: &mut Cx<'_>) -> Result<(), Reject> {
        let child = self.take_or_spawn(cx)?;
        let mut worker = Worker::new(child, key, cx.now);
        worker.is_initializing = true;
        initialize(&mut worker, self.offered, cx.now, cx);
        self.workers.insert(worker.child.id, worker);
        Ok(())
    }

    /// Returns the worker to evict for `wanted_by`.
    pub(crate) fn first_evictable(&self, wanted_by: Principal) -> Option<(Evictable, ChildId)> {
        let workers = self.workers.values();
        let evictable = workers.filter_map(|it| Some((it.evictable()?, it.child.id)));
        evictable.min_by_key(|(evictable, _)| evictable.order(wanted_by))
    }

    /// Ends a worker for another one. The retry of a call that is parked there gets the error for
    /// an unknown state.
    pub(crate) fn evict(&mut self, child: ChildId, cx: &mut Cx<'_>) {
        if self.workers.get(&child).is_some_and(|worker| worker.parked().is_some()) {
            cx.metrics.dropped(Dropped::UnansweredAsk);
        }
        self.retire(|worker| worker.child.id == child);
    }

    /// Returns the number of calls whose clients were sent questions.
    pub(crate) fn parked_calls(&self) -> usize {
        self.workers.values().filter(|worker| worker.parked().is_some()).count()
    }

    /// Stops prewarming, because the server is stopping.
    pub(crate) fn stop_prewarming(&mut self) {
        self.prewarm = 0;
    }

    /// Keeps the wanted number of workers ready, while they can be started. One slot is always left
    /// free. Prewarmed children that exit unused are restarted with exponential backoff.
    fn prewarm(&mut self, cx: &mut Cx<'_>) {
        while self.needs_prewarm() {
            if let Err(Reject::SpawnBackoff { pause }) = self.prewarm_backoff.check(cx.now) {
                return cx.wake(cx.now + pause);
            }
            if self.spawn(Affinity::Unassigned, cx).is_err() {
                return;
            }
        }
    }

    /// Returns whether another worker is to be prewarmed, and there is capacity for it.
    pub(super) fn needs_prewarm(&self) -> bool {
        let spare = |worker: &&Worker| worker.affinity == Affinity::Unassigned;
        self.workers.values().filter(spare).count() < self.prewarm
            && self.workers.len() + 1 < self.capacity
    }

    /// Handles the end of a worker. An unused prewarmed one counts as a failed start.
    pub(super) fn record_end(&mut self, worker: &Worker, cx: &Cx<'_>) {
        if worker.affinity == Affinity::Unassigned {
            self.prewarm_backoff.record_failure(cx.now, cx.limits.start_pause_max);
        }
    }

    /// Handles a legacy child's answer to `initialize`.
    pub(super) fn on_initialized(
        &mut self,
        child: ChildId,
        translated: Translated,
        cx: &mut Cx<'_>,
    ) {
        let welcome = match translated {
            Translated::Opened(welcome) => welcome,
            Translated::Refused(words, offer) => {
                return self.on_initialize_error(child, &words, offer, cx);
            }
            _ => return self.on_open_failed(child, Reject::ChildRefused, "", cx),
        };
        let Some(worker) = self.workers.get_mut(&child) else { return };
        worker.revision = welcome.revision;
        worker
            .child
            .write_stdin(Chunk::from(line::notification("notifications/initialized", None)), cx);
        if !welcome.has_tools {
            self.tools.complete(cx);
        }
        // Each request has its own level; messages below it are dropped here.
        let (method, params) = match welcome.has_logging {
            true => ("logging/setLevel", Some(&br#"{"level":"debug"}"#[..])),
            false => ("ping", None),
        };
        // Questions of a child right after it was opened belong to no request. Its answer to this
        // request shows that they are over.
        let number = cx.next_upstream();
        let line = line::request(number.to_string().as_bytes(), method, params);
        worker.child.request(number, Chunk::from(line), cx);
        let due = cx.now + cx.limits.cancel_time_max;
        let (asker, flags, since) = (Requester::InitBarrier, RequestFlags::default(), cx.now);
        worker.in_flight.insert(number, InFlight { requester: asker, flags, since, due });
        cx.wake(due);
        self.initialize_result = Some(welcome);
        self.confirm_era();
        cx.spawn_backoff.record_success();
    }

    /// Makes a legacy child that was opened available for requests.
    pub(super) fn on_ready(&mut self, child: ChildId, cx: &mut Cx<'_>) {
        let Some(worker) = self.workers.get_mut(&child) else { return };
        worker.is_initializing = false;
        worker.idle_since = cx.now;
        cx.wake(cx.now + cx.limits.session_idle_max);
        self.needs_dispatch = true;
    }

    /// Handles a legacy child's error for `initialize`. If it names another revision that it
    /// supports, it is offered that.
    fn on_initialize_error(
        &mut self,
        child: ChildId,
        words: &str,
        offer: Option<Revision>,
        cx: &mut Cx<'_>,
    ) {
        let Some(worker) = self.workers.get_mut(&child) else { return };
        cx.log(Event::InitializeRefused { child, words: words.into() });
        match offer {
            Some(revision) => {
                self.offered = revision;
                let since = worker.idle_since;
                initialize(worker, revision, since, cx);
            }
            None => self.on_open_failed(child, Reject::ChildRefused, &format!(": {words}"), cx),
        }
    }

    /// Handles a legacy child that cannot be opened. `end` is appended to the text of that error.
    pub(super) fn on_open_failed(
        &mut self,
        child: ChildId,
        reject: Reject,
        end: &str,
        cx: &mut Cx<'_>,
    ) {
        let Some(worker) = self.workers.remove(&child) else { return };
        if self.take_pending_probe(child) {
            // That was its answer to the probe. Another child is not probed.
            self.retired.push(worker.child);
            self.needs_dispatch = true;
            return;
        }
        cx.spawn_backoff.record_failure(cx.now, cx.limits.start_pause_max);
        self.record_end(&worker, cx);
        self.fail_waiting_for(worker.affinity, reject, end, cx);
        self.invalidate_era();
        self.retired.push(worker.child);
        self.needs_dispatch = true;
    }

    /// Fails the requests that wait for a worker of this key, because one could not be started. No
    /// request waits for an unassigned one only.
    pub(super) fn fail_waiting_for(
        &mut self,
        key: Affinity,
        reject: Reject,
        end: &str,
        cx: &mut Cx<'_>,
    ) {
        for exchange in mem::take(&mut self.waiting) {
            let Some(post) = self.posts.get(&exchange) else { continue };
            match self.affinity_of(exchange, post) == key {
                true => self.fail_opening(exchange, reject, end, cx),
                false => self.waiting.push_back(exchange),
            }
        }
    }

    /// Fails a request with an HTTP status, since nothing was sent yet.
    pub(super) fn fail_opening(
        &mut self,
        exchange: ExchangeId,
        reject: Reject,
        end: &str,
        cx: &mut Cx<'_>,
    ) {
        if let Some(post) = self.posts.remove(&exchange) {
            post.fail_with(reject.wire().status.max(502), reject, end, cx);
        }
    }

    /// Answers `server/discover`, or `initialize` of a client without a session, for a legacy
    /// child.
    fn answer_discover(&mut self, exchange: ExchangeId, cx: &mut Cx<'_>) {
        let Some(post) = self.posts.remove(&exchange) else { return };
        let welcome = self.initialize_result.as_deref();
        let result = match post.era() {
            Era::Legacy => welcome.and_then(|welcome| self.initialize_result(&post, welcome)),
            Era::Modern => welcome.and_then(|welcome| welcome.discovery.clone()),
        };
        match result {
            Some(result) => {
                let answer = line::result_line(result, post.id());
                post.answer(200, answer, "", cx);
            }
            None => post.fail(Reject::BadAnswer(Flaw::Result), cx),
        }
    }
}

/// Sends `initialize` in this revision to a legacy child. It was started at `since`.
fn initialize(worker: &mut Worker, revision: Revision, since: Instant, cx: &mut Cx<'_>) {
    let number = cx.next_upstream();
    let params = legacy_child::initialize(revision);
    let line = line::request(number.to_string().as_bytes(), "initialize", Some(&params));
    worker.child.request(number, Chunk::from(line), cx);
    let due = since + cx.startup_time() * CHILD_TIME_FACTOR;
    cx.wake(since + cx.startup_time());
    let (requester, flags) = (Requester::Initialize, RequestFlags::default());
    worker.in_flight.insert(number, InFlight { requester, flags, since, due });
}
