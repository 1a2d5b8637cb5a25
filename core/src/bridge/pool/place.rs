//! Which worker a request is given to, and when another one is started.

use super::preparing::translated;
use super::*;
use crate::bridge::asking::Asking;
use crate::bridge::probe;
use crate::bridge::worker::{Need, Traits};
use crate::engine::PATIENCE;
use crate::json::Field;
use crate::json::object::Object;
use crate::observe::Event;
use crate::translate::{legacy_child, line};

/// A worker that is being opened, and who waits for it.
#[derive(Debug)]
struct Opening {
    key: Key,
    claim: Need,
}

impl Opening {
    /// Lets a request wait for it, if that can share it with those who do.
    fn admit(&mut self, key: Key, need: Need) -> bool {
        let is_free = match need {
            Need::Nobody => true,
            Need::Company => self.claim != Need::Alone,
            Need::Alone => self.claim == Need::Nobody,
        };
        let admits = is_free && [key, Key::Spare].contains(&self.key);
        if admits && need != Need::Nobody {
            self.claim = need;
        }
        admits
    }
}

impl Pool {
    /// Gives requests that wait to workers, if anything has happened that they may have waited for.
    pub(crate) fn place(&mut self, turn: &mut Turn<'_>) {
        while mem::take(&mut self.stirred) {
            self.starved_for = None;
            match self.era {
                None => {}
                Some(Era::Modern) => self.place_modern(turn),
                Some(Era::Legacy) => self.place_legacy(turn),
            }
        }
    }

    /// The principal of the first request that waits only because there is no room for another
    /// worker.
    pub(crate) fn starved_for(&self) -> Option<Principal> {
        self.starved_for
    }

    /// Starts the workers that are to be there ahead of the first request.
    pub(crate) fn start(&mut self, turn: &mut Turn<'_>) {
        match self.era {
            // Who comes next is told why not.
            Some(Era::Modern) => drop(self.shared(turn)),
            Some(Era::Legacy) => self.keep_warm(turn),
            None => {}
        }
    }

    // A modern child

    fn place_modern(&mut self, turn: &mut Turn<'_>) {
        for exchange in mem::take(&mut self.waiting) {
            match self.forward(exchange, turn) {
                Ok(true) => {}
                Ok(false) => self.waiting.push_back(exchange),
                Err(reject) => self.fail(exchange, reject, turn),
            }
        }
    }

    /// Gives a request to the shared modern child as it is, under a number of ours. False if it has
    /// to wait until its headers can be checked.
    fn forward(&mut self, exchange: ExchangeId, turn: &mut Turn<'_>) -> Result<bool, Reject> {
        if self.prepare(exchange, turn) {
            return Ok(false);
        }
        let Some(post) = self.posts.get(&exchange) else { return Ok(true) };
        let request = post.request.clone();
        let (logs, listens) = (request.log_level().is_some(), post.listens());
        let traits = Traits { logs, listens, ..Traits::default() };
        let child = self.shared(turn)?.child.id;
        if !self.check_headers(exchange, child, turn)? {
            return Ok(false);
        }
        let worker = self.shared(turn)?;
        if !worker.child.has_room(request.len(), turn) {
            return Err(Reject::StdinFull);
        }
        let number = turn.next_upstream();
        let text = number.to_string();
        let edits = [(Field::Id, text.as_bytes()), (Field::ProgressToken, text.as_bytes())];
        worker.child.request(number, request.with(&edits), turn);
        self.note(exchange, child, number, traits, turn);
        Ok(true)
    }

    /// Compares the headers of a call with its arguments. False if it has yet to be found out which
    /// arguments they repeat: a worker is asked then.
    fn check_headers(
        &mut self,
        exchange: ExchangeId,
        child: ChildId,
        turn: &mut Turn<'_>,
    ) -> Result<bool, Reject> {
        let Some(post) = self.posts.get(&exchange) else { return Ok(true) };
        if post.method() != "tools/call" {
            return Ok(true);
        }
        let verdict = self.headers_verdict(post);
        match self.tools.known_at() {
            Some(_) if verdict.is_ok() => return Ok(true),
            // Nobody is refused by a list that is older than the call.
            Some(at) if at >= post.since => return verdict.map(|()| true),
            _ => {}
        }
        if !self.tools.is_asked() {
            self.list_tools(child, None, turn);
        }
        Ok(false)
    }

    /// Asks a worker which tools there are.
    fn list_tools(&mut self, child: ChildId, cursor: Option<Vec<u8>>, turn: &mut Turn<'_>) {
        let Some(worker) = self.workers.get_mut(&child) else { return };
        let number = turn.next_upstream();
        let mut params = Object::default();
        if let Some(cursor) = cursor {
            params.put("cursor", cursor);
        }
        if self.era == Some(Era::Modern) {
            params.put("_meta", probe::META.as_bytes());
        }
        let (id, params) = (number.to_string(), params.write());
        let line = line::request(id.as_bytes(), "tools/list", Some(&params));
        worker.child.request(number, Chunk::from(line), turn);
        let due = turn.now + turn.limits.probe_time_max.min(turn.limits.request_time_max);
        turn.wake(due);
        let (asker, traits, since) = (Asker::Listing, Traits::default(), turn.now);
        worker.tasks.insert(number, Task { asker, traits, since, due });
        self.tools.asked(number);
    }

    /// A worker has said which tools there are. What it says instead means that there are none.
    pub(super) fn listed(&mut self, child: ChildId, translated: Translated, turn: &mut Turn<'_>) {
        self.stirred = true;
        match translated {
            Translated::Tools(page) => {
                if let Some(cursor) = self.tools.hear(*page, turn.now) {
                    self.list_tools(child, Some(cursor), turn);
                }
            }
            _ => self.tools.settle(turn.now),
        }
    }

    /// The shared modern child; it is started if there is none.
    pub(super) fn shared(&mut self, turn: &mut Turn<'_>) -> Result<&mut Worker, Reject> {
        let running = self.workers.values().find(|worker| worker.is_open());
        let id = match running {
            Some(worker) => worker.child.id,
            None => {
                let child = self.another_child(turn)?;
                let id = child.id;
                self.workers.insert(id, Worker::new(child, Key::Shared, turn.now));
                id
            }
        };
        Ok(self.workers.get_mut(&id).expect("it was found or put in"))
    }

    // Legacy children

    fn place_legacy(&mut self, turn: &mut Turn<'_>) {
        let mut openings = Vec::new();
        for worker in self.workers.values().filter(|worker| worker.is_opening) {
            openings.push(Opening { key: worker.key, claim: Need::Nobody });
        }
        for exchange in mem::take(&mut self.waiting) {
            match self.seat(exchange, &mut openings, turn) {
                Ok(true) => {}
                Ok(false) => self.waiting.push_back(exchange),
                Err(reject) => self.fail(exchange, reject, turn),
            }
        }
        self.let_go_of_unwanted();
        self.keep_warm(turn);
    }

    /// Lets the workers go that are for one request each, and whose request is over.
    fn let_go_of_unwanted(&mut self) {
        let posts = mem::take(&mut self.posts);
        self.let_go_of(|worker| match worker.key {
            Key::Once(exchange) => worker.is_idle() && !posts.contains_key(&exchange),
            _ => false,
        });
        self.posts = posts;
    }

    /// Gives a request to a worker of its key. False if there is none yet.
    fn seat(
        &mut self,
        exchange: ExchangeId,
        openings: &mut Vec<Opening>,
        turn: &mut Turn<'_>,
    ) -> Result<bool, Reject> {
        let Some(post) = self.posts.get(&exchange) else { return Ok(true) };
        if post.request.request_state().is_some() && !post.comes_again && !post.comes_back {
            return Err(Reject::BadRequestState);
        }
        let mut is_preparing = self.prepare(exchange, turn);
        if !is_preparing {
            if self.is_back(exchange, turn)? {
                return Ok(true);
            }
            is_preparing = self.prepare(exchange, turn);
        }
        let Some(post) = self.posts.get(&exchange) else { return Ok(true) };
        let method = post.method();
        if method == "server/discover" && self.welcome.is_some() {
            self.discovered(exchange, turn);
            return Ok(true);
        }
        // What is called so in the legacy era is something else.
        if method.starts_with("tasks/") {
            return Err(Reject::UnknownMethod);
        }
        // No need to wait for a worker to be refused.
        if !is_preparing && self.tools.known_at().is_some_and(|at| at >= post.since) {
            self.headers_verdict(post)?;
        }
        if is_preparing && post.comes_back {
            return Ok(false);
        }
        let (key, need, principal) = (self.key_of(exchange, post), post.need, post.principal);
        if let Some(child) = self.free_worker(key, need, turn.now) {
            if is_preparing || !self.check_headers(exchange, child, turn)? {
                return Ok(false);
            }
            self.give(exchange, child, turn)?;
            return Ok(true);
        }
        // Many at once would only keep each other from opening, and by then the first may be free.
        if openings.iter_mut().any(|opening| opening.admit(key, need))
            || openings.len() >= turn.limits.openings_max
        {
            return Ok(false);
        }
        if self.workers.len() >= self.room {
            if !self.is_crowded {
                self.starved_for.get_or_insert(principal);
            }
            return Ok(false);
        }
        self.hire(key, turn)?;
        openings.push(Opening { key, claim: need });
        Ok(false)
    }

    /// Who shares a worker with this request.
    fn key_of(&self, exchange: ExchangeId, post: &Post) -> Key {
        match self.child_per {
            ChildPer::Session | ChildPer::Principal => Key::Principal(post.principal),
            ChildPer::Call if post.listens() => Key::Shared,
            ChildPer::Call => Key::Once(exchange),
            ChildPer::Shared => Key::Shared,
        }
    }

    /// The first worker of this key that can take a request, best one that has nothing to wait for;
    /// or else a spare one, which is of this key from then on.
    fn free_worker(&mut self, key: Key, need: Need, now: Instant) -> Option<ChildId> {
        let can_take = |it: &&Worker| it.key == key && it.can_take(need, now);
        let own = || self.workers.values().filter(can_take);
        if let Some(worker) = own().find(|worker| !worker.is_busy()).or_else(|| own().next()) {
            return Some(worker.child.id);
        }
        let mut workers = self.workers.values_mut();
        let spare = workers.find(|worker| worker.key == Key::Spare && worker.is_open())?;
        (spare.key, spare.idle_since) = (key, now);
        self.spares.worked();
        Some(spare.child.id)
    }

    /// Gives a request to a legacy child, in the words of its era.
    fn give(
        &mut self,
        exchange: ExchangeId,
        child: ChildId,
        turn: &mut Turn<'_>,
    ) -> Result<(), Reject> {
        let (Some(post), Some(worker)) =
            (self.posts.get_mut(&exchange), self.workers.get_mut(&child))
        else {
            return Ok(());
        };
        let number = turn.next_upstream();
        if post.listens() {
            return self.listen(exchange, child, number, turn);
        }
        let prepared = post.prepared.translated.take();
        let request = prepared.unwrap_or_else(|| translated(&post.request))?;
        let text = number.to_string();
        let edits = [(Field::Id, text.as_bytes()), (Field::ProgressToken, text.as_bytes())];
        let line = request.with(&edits);
        if !worker.child.has_room(line.len(), turn) {
            return Err(Reject::StdinFull);
        }
        worker.child.request(number, line, turn);
        if post.need == Need::Alone {
            worker.asking = Some(Box::new(Asking::new(number)));
        }
        let mute = post.need == Need::Company;
        let traits = Traits { logs: post.request.log_level().is_some(), mute, ..Traits::default() };
        self.note(exchange, child, number, traits, turn);
        Ok(())
    }

    /// Notes that a worker was given a request.
    fn note(
        &mut self,
        exchange: ExchangeId,
        child: ChildId,
        number: u64,
        traits: Traits,
        turn: &mut Turn<'_>,
    ) {
        let is_proven = self.workers.get(&child).is_some_and(|worker| worker.proven);
        let due = match traits.listens {
            true => Instant::FAR,
            false if is_proven => turn.now + turn.limits.request_time_max,
            false => turn.now + turn.limits.request_time_max.max(turn.startup_time()),
        };
        turn.wake(due);
        let task = Task { asker: Asker::Request(exchange), traits, since: turn.now, due };
        if let Some(worker) = self.workers.get_mut(&child) {
            worker.tasks.insert(number, task);
        }
        if let Some(post) = self.posts.get_mut(&exchange) {
            post.at = Some((child, number));
        }
    }

    /// A child that runs already, or a new one.
    fn another_child(&mut self, turn: &mut Turn<'_>) -> Result<Child, Reject> {
        match self.fresh.take() {
            Some(child) => Ok(child),
            None => {
                turn.starts.check(turn.now)?;
                Ok(turn.spawn(self.spec.clone()))
            }
        }
    }

    /// Makes another child a worker, and opens it.
    fn hire(&mut self, key: Key, turn: &mut Turn<'_>) -> Result<(), Reject> {
        let child = self.another_child(turn)?;
        let mut worker = Worker::new(child, key, turn.now);
        worker.is_opening = true;
        initialize(&mut worker, self.offered, turn.now, turn);
        self.workers.insert(worker.child.id, worker);
        Ok(())
    }

    /// The worker that gives way to `wanted_by`.
    pub(crate) fn first_evictable(&self, wanted_by: Principal) -> Option<(Evictable, ChildId)> {
        let workers = self.workers.values();
        let evictable = workers.filter_map(|it| Some((it.evictable()?, it.child.id)));
        evictable.min_by_key(|(evictable, _)| evictable.order(wanted_by))
    }

    /// Ends a worker to make room. A client that comes back to the call that was parked there is
    /// told that its state is not known any more.
    pub(crate) fn evict(&mut self, child: ChildId, turn: &mut Turn<'_>) {
        if self.workers.get(&child).is_some_and(|worker| worker.parked().is_some()) {
            turn.metrics.dropped(Dropped::UnansweredAsk);
        }
        self.let_go_of(|worker| worker.child.id == child);
    }

    /// The calls whose clients were sent away with questions.
    pub(crate) fn parked_calls(&self) -> usize {
        self.workers.values().filter(|worker| worker.parked().is_some()).count()
    }

    /// From now on no worker is started ahead of need: the server is stopping.
    pub(crate) fn keep_none_warm(&mut self) {
        self.warm_children = 0;
    }

    /// Keeps as many workers ready as are wanted, while they can be started. The last place is left
    /// to whoever comes. Where they end before anybody has wanted them, they are started ever more
    /// seldom: nobody else would slow that down.
    fn keep_warm(&mut self, turn: &mut Turn<'_>) {
        while self.lacks_spares() {
            if let Err(Reject::StartPaused { pause }) = self.spares.check(turn.now) {
                return turn.wake(turn.now + pause);
            }
            if self.hire(Key::Spare, turn).is_err() {
                return;
            }
        }
    }

    /// Whether another worker is to be kept ready, and there is room for it.
    pub(super) fn lacks_spares(&self) -> bool {
        let spare = |worker: &&Worker| worker.key == Key::Spare;
        self.workers.values().filter(spare).count() < self.warm_children
            && self.workers.len() + 1 < self.room
    }

    /// A worker is gone. One that nobody has wanted yet counts as a start that failed.
    pub(super) fn note_end(&mut self, worker: &Worker, turn: &Turn<'_>) {
        if worker.key == Key::Spare {
            self.spares.failed(turn.now, turn.limits.start_pause_max);
        }
    }

    /// A legacy child has answered `initialize`.
    pub(super) fn opened(&mut self, child: ChildId, translated: Translated, turn: &mut Turn<'_>) {
        let welcome = match translated {
            Translated::Opened(welcome) => welcome,
            Translated::Refused(words, offer) => {
                return self.opening_refused(child, &words, offer, turn);
            }
            _ => return self.refused(child, Reject::ChildRefused, "", turn),
        };
        let Some(worker) = self.workers.get_mut(&child) else { return };
        worker.revision = welcome.revision;
        worker.child.feed(Chunk::from(line::notification("notifications/initialized", None)), turn);
        if !welcome.has_tools {
            self.tools.settle(turn.now);
        }
        // Each request has its own level; what is too much for it is dropped here.
        let (method, params) = match welcome.has_logging {
            true => ("logging/setLevel", Some(&br#"{"level":"debug"}"#[..])),
            false => ("ping", None),
        };
        // What a child asks as soon as it is opened belongs to no request. Once it has answered
        // this it has asked it.
        let number = turn.next_upstream();
        let line = line::request(number.to_string().as_bytes(), method, params);
        worker.child.request(number, Chunk::from(line), turn);
        let due = turn.now + turn.limits.cancel_time_max;
        let (asker, traits, since) = (Asker::Fence, Traits::default(), turn.now);
        worker.tasks.insert(number, Task { asker, traits, since, due });
        turn.wake(due);
        self.welcome = Some(welcome);
        self.confirm_era();
        turn.starts.worked();
    }

    /// A legacy child that was opened is ready for requests.
    pub(super) fn settled(&mut self, child: ChildId, turn: &mut Turn<'_>) {
        let Some(worker) = self.workers.get_mut(&child) else { return };
        worker.is_opening = false;
        worker.idle_since = turn.now;
        turn.wake(turn.now + turn.limits.session_idle_max);
        self.stirred = true;
    }

    /// A legacy child has answered `initialize` with an error. If it names another revision that it
    /// speaks, it is offered that.
    fn opening_refused(
        &mut self,
        child: ChildId,
        words: &str,
        offer: Option<Revision>,
        turn: &mut Turn<'_>,
    ) {
        let Some(worker) = self.workers.get_mut(&child) else { return };
        turn.log(Event::InitializeRefused { child, words: words.into() });
        match offer {
            Some(revision) => {
                self.offered = revision;
                let since = worker.idle_since;
                initialize(worker, revision, since, turn);
            }
            None => self.refused(child, Reject::ChildRefused, &format!(": {words}"), turn),
        }
    }

    /// A legacy child cannot be opened. `end`: the end of the text of that error.
    pub(super) fn refused(
        &mut self,
        child: ChildId,
        reject: Reject,
        end: &str,
        turn: &mut Turn<'_>,
    ) {
        let Some(worker) = self.workers.remove(&child) else { return };
        if self.take_probe_debt(child) {
            // That was its answer to which era it is of. Another child is not asked.
            self.let_go.push(worker.child);
            self.stirred = true;
            return;
        }
        turn.starts.failed(turn.now, turn.limits.start_pause_max);
        self.note_end(&worker, turn);
        self.fail_waiting_for(worker.key, reject, end, turn);
        self.doubt_era();
        self.let_go.push(worker.child);
        self.stirred = true;
    }

    /// Fails the requests that wait for a worker of this key: one could not be started. Nobody waits
    /// for a spare one only.
    pub(super) fn fail_waiting_for(
        &mut self,
        key: Key,
        reject: Reject,
        end: &str,
        turn: &mut Turn<'_>,
    ) {
        for exchange in mem::take(&mut self.waiting) {
            let Some(post) = self.posts.get(&exchange) else { continue };
            match self.key_of(exchange, post) == key {
                true => self.fail_opening(exchange, reject, end, turn),
                false => self.waiting.push_back(exchange),
            }
        }
    }

    /// Nothing was asked yet, so HTTP can say what is wrong.
    pub(super) fn fail_opening(
        &mut self,
        exchange: ExchangeId,
        reject: Reject,
        end: &str,
        turn: &mut Turn<'_>,
    ) {
        if let Some(post) = self.posts.remove(&exchange) {
            post.fail_with(reject.wire().status.max(502), reject, end, turn);
        }
    }

    /// Answers `server/discover` for a legacy child.
    fn discovered(&mut self, exchange: ExchangeId, turn: &mut Turn<'_>) {
        let result = self.welcome.as_ref().and_then(|welcome| welcome.discovery.clone());
        let Some(post) = self.posts.remove(&exchange) else { return };
        match result {
            Some(result) => {
                let answer = line::result_line(result, post.id());
                post.answer(200, answer, "", turn);
            }
            None => post.fail(Reject::BadAnswer(Flaw::Result), turn),
        }
    }
}

/// Gives a legacy child `initialize` in this revision. It was started at `since`.
fn initialize(worker: &mut Worker, revision: Revision, since: Instant, turn: &mut Turn<'_>) {
    let number = turn.next_upstream();
    let params = legacy_child::initialize(revision);
    let line = line::request(number.to_string().as_bytes(), "initialize", Some(&params));
    worker.child.request(number, Chunk::from(line), turn);
    let due = since + turn.startup_time() * PATIENCE;
    turn.wake(since + turn.startup_time());
    let (asker, traits) = (Asker::Opening, Traits::default());
    worker.tasks.insert(number, Task { asker, traits, since, due });
}
