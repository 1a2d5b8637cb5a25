//! The engine behind its lock: every input goes in here, and every action is carried out here.
//!
//! Owns: the engine, and the slots of exchanges and children. Never: waits under the lock. Every
//! action is a push to a slot; tasks are woken, jobs are carried out, and the log is written, once
//! the lock is free.
//!
//! A panic of the engine aborts the program, because half of an action may have been carried out
//! and later ones could not be trusted. The children end with it.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::task::Waker;
use std::{fmt, mem, process};

use pontoon_core::http::{Admission, Answer, ClientLimiter, Headers, RequestHead, Rules};
use pontoon_core::{
    Action, Actions, ChildId, ChildSpec, Config, Engine, Event, ExchangeId, HostStats, Input,
    Instant, Job, Memory, Preparation, SessionId, Signal, SpawnError, StatelessServer,
};
use smallvec::SmallVec;

use crate::Log;
use crate::child_slot::ChildSlot;
use crate::clock::Clock;
use crate::lock::lock;
use crate::phase::Phase;
use crate::response_slot::ResponseSlot;
use crate::shared::Shared;

/// An engine, and the tasks that wait for it.
pub struct Driver {
    pub(crate) clock: Clock,
    program: Arc<Program>,
    /// Its number in the program; never reused.
    number: u64,
    pub(crate) config: Arc<Config>,
    memory: Memory,
    /// The server for requests without a session, which it answers outside the lock.
    pub(crate) stateless: Option<StatelessServer>,
    pub(crate) preparation: Preparation,
    /// The limits for each client, if there are any.
    client_limiter: Option<Mutex<ClientLimiter>>,
    log: Mutex<Log>,
    state: Mutex<State>,
    /// Events for the log; filled under the lock, so they are in order.
    events: Mutex<Vec<Event>>,
    exchanges: AtomicU64,
    /// The time for which its timer is set, in microseconds. It changes under the lock of `state`.
    armed: AtomicU64,
}

/// Takes a job whose result, [`Job::run`], is submitted later to the driver.
pub type DeferJob = Box<dyn Fn(Weak<Driver>, Job) + Send + Sync>;

/// The parts of a program that its drivers use.
pub(crate) struct Program {
    pub(crate) shared: Arc<Shared>,
    pub(crate) spawner: Sender<SpawnRequest>,
    /// Takes the jobs; without it, the thread that reported an input carries out its jobs.
    pub(crate) defer_job: Option<DeferJob>,
}

/// A child to be started.
#[derive(Debug)]
pub struct SpawnRequest {
    pub(crate) driver: Weak<Driver>,
    pub(crate) child: ChildId,
    pub(crate) spec: Arc<ChildSpec>,
    pub(crate) slot: Arc<ChildSlot>,
    /// Counts it as not carried out yet.
    pub(crate) _held: Arc<()>,
}

struct State {
    engine: Engine,
    actions: Actions,
    exchanges: HashMap<ExchangeId, Arc<ResponseSlot>>,
    children: HashMap<ChildId, Arc<ChildSlot>>,
    /// The driver itself, for spawn requests.
    driver: Weak<Driver>,
    spawner: Sender<SpawnRequest>,
    /// Held by each spawn request that is not carried out yet.
    spawning: Arc<()>,
    /// The maximum number of those.
    spawning_max: usize,
}

/// The work that a turn leaves for after the lock.
#[derive(Default)]
struct Aftermath {
    wakers: SmallVec<[Waker; 8]>,
    events: Vec<Event>,
    unspawned: SmallVec<[ChildId; 1]>,
    jobs: VecDeque<Job>,
    /// Whether the engine needs facts.
    sample: bool,
    phase: Option<Phase>,
}

impl Driver {
    /// Creates the driver of an engine with these settings. Session ids are derived from `seed`.
    pub(crate) fn new(
        config: Config,
        log: Log,
        seed: [u8; 32],
        program: &Arc<Program>,
        number: u64,
    ) -> Arc<Driver> {
        let (config, clock) = (Arc::new(config), program.shared.clock.clone());
        let mut engine = Engine::new(config.clone(), seed, clock.now());
        engine.set_unix_time(clock.wall().saturating_sub(clock.now().since(Instant::ZERO)));
        let stateless = engine.stateless();
        let memory = engine.memory().clone();
        let preparation = engine.preparation();
        let (client_limits, is_verified) = (config.client_limits, config.auth.is_some());
        let client_limiter = || Mutex::new(ClientLimiter::new(client_limits, is_verified));
        Arc::new_cyclic(|driver| {
            let state = State {
                engine,
                actions: Actions::new(),
                exchanges: HashMap::new(),
                children: HashMap::new(),
                driver: driver.clone(),
                spawner: program.spawner.clone(),
                spawning: Arc::default(),
                // A session has one child, and an ended one may overlap with its successor.
                spawning_max: 2 * config.limits.sessions_max.max(1),
            };
            Driver {
                clock,
                program: program.clone(),
                number,
                config,
                memory,
                stateless,
                preparation,
                client_limiter: (!client_limits.is_empty()).then(client_limiter),
                log: Mutex::new(log),
                state: Mutex::new(state),
                events: Mutex::default(),
                exchanges: AtomicU64::new(0),
                armed: AtomicU64::new(Instant::FAR.as_micros()),
            }
        })
    }

    /// Returns the memory budget.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Returns the settings of the endpoint.
    pub fn config(&self) -> &Arc<Config> {
        &self.config
    }

    /// Reports inputs, in order, and carries out the actions that follow.
    pub fn submit(&self, inputs: impl IntoIterator<Item = Input>) {
        self.turn(|state, now| state.take(inputs, now));
    }

    /// Returns the maximum number of requests on a connection; the last answer announces the close.
    pub fn connection_requests_max(&self) -> u64 {
        let native = self.config.serves.native();
        native.and_then(|native| native.connection_requests_max).unwrap_or(u64::MAX)
    }

    /// Checks a request by its head, before any byte of its body is read, and counts it for its
    /// client. Creates the account of its client.
    ///
    /// # Errors
    ///
    /// It is refused. The answer is complete.
    pub fn admit<H: Headers>(
        &self,
        rules: &Rules,
        head: &RequestHead<'_, H>,
    ) -> Result<Admission, Box<Answer>> {
        let mut admission = rules.admit(head, self.clock.wall())?;
        if let Some(limiter) = &self.client_limiter {
            admission.identify_client(&mut lock(limiter), head)?;
        }
        admission.open_account(&self.memory, head)?;
        Ok(admission)
    }

    pub(crate) fn sample(&self) -> HostStats {
        self.program.shared.sample()
    }

    /// Numbers an exchange whose answer goes to `slot`, and reports inputs about it, in order; `None`
    /// if there are none.
    pub(crate) fn add_exchange<I: IntoIterator<Item = Input>>(
        &self,
        slot: &Arc<ResponseSlot>,
        inputs: impl FnOnce(&Engine, ExchangeId) -> Option<I>,
    ) -> Option<ExchangeId> {
        let id = ExchangeId(self.exchanges.fetch_add(1, Ordering::Relaxed));
        let mut is_added = false;
        self.turn(|state, now| {
            let Some(inputs) = inputs(&state.engine, id) else { return };
            is_added = true;
            state.exchanges.insert(id, slot.clone());
            state.take(inputs, now);
        });
        is_added.then_some(id)
    }

    /// Returns whether a session with this id is open.
    pub(crate) fn has_session(&self, id: SessionId) -> bool {
        self.lock().engine.has_session(id)
    }

    /// Reads figures of the engine.
    pub(crate) fn read<T>(&self, figures: impl FnOnce(&Engine, Instant) -> T) -> T {
        let abort = AbortOnPanic;
        let state = self.lock();
        let figures = figures(&state.engine, self.clock.now());
        mem::forget(abort);
        figures
    }

    /// Returns whether the program was asked to stop.
    pub(crate) fn is_asked_to_stop(&self) -> bool {
        self.lock().engine.is_asked_to_stop()
    }

    /// Returns its number in the program.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("a panic under this lock ends the program")
    }

    /// Reports the sent bytes of an exchange, and its end, unless it ended with a reply without a
    /// receipt.
    pub(crate) fn close(&self, exchange: ExchangeId, sent: usize) {
        self.turn(|state, now| {
            if state.exchanges.remove(&exchange).is_some() {
                let sent = (sent > 0).then_some(Input::Sent { exchange, bytes: sent });
                state.take(sent.into_iter().chain([Input::Closed { exchange }]), now);
            }
        });
    }

    /// Reports inputs about a child; `false` if it has been released.
    pub(crate) fn report(&self, child: ChildId, inputs: impl IntoIterator<Item = Input>) -> bool {
        let mut known = false;
        self.turn(|state, now| {
            known = state.children.contains_key(&child);
            if known {
                state.take(inputs, now);
            }
        });
        known
    }

    /// Reports that a child could not be started, which releases it.
    pub(crate) fn spawn_failed(&self, child: ChildId, error: SpawnError) {
        self.turn(|state, now| state.spawn_failed(child, error, now));
    }

    /// Calls the engine if its deadline has passed; returns the next one.
    pub(crate) fn time_passed(&self) -> Instant {
        let armed = self.armed();
        if armed > self.clock.now() {
            return armed;
        }
        self.turn(|state, now| {
            if state.engine.poll_timeout().is_some_and(|deadline| deadline.at <= now) {
                state.engine.handle_timeout(now, &mut state.actions);
            }
            self.arm(Instant::FAR);
        });
        self.armed()
    }

    /// Returns the time for which its timer is set.
    pub(crate) fn armed(&self) -> Instant {
        Instant::from_micros(self.armed.load(Ordering::SeqCst))
    }

    fn arm(&self, at: Instant) {
        self.armed.store(at.as_micros(), Ordering::SeqCst);
    }

    /// Kills the children that are left.
    pub(crate) fn kill_children(&self) {
        self.turn(|state, _| {
            for child in state.children.values() {
                child.signal(Signal::Kill);
            }
        });
    }

    /// Passes the state to `facts`, then carries out the actions that follow, and the jobs once the
    /// lock is free.
    fn turn(&self, facts: impl FnOnce(&mut State, Instant)) {
        let jobs = self.locked_turn(facts);
        if !jobs.is_empty() {
            self.run_jobs(jobs);
        }
    }

    /// Carries out jobs, and those that follow from their results.
    ///
    /// Not inlined, because a thread keeps each page of its stack that it has used once.
    #[inline(never)]
    fn run_jobs(&self, mut jobs: VecDeque<Job>) {
        while let Some(job) = jobs.pop_front() {
            if let Some(defer) = &self.program.defer_job {
                let driver = self.lock().driver.clone();
                defer(driver, job);
                continue;
            }
            let abort = AbortOnPanic;
            let worked = job.run();
            mem::forget(abort);
            jobs.append(&mut self.locked_turn(|state, now| state.take([worked], now)));
        }
    }

    /// Gives `facts` the state, then carries out the actions that follow but for the jobs, which it
    /// returns.
    fn locked_turn(&self, facts: impl FnOnce(&mut State, Instant)) -> VecDeque<Job> {
        let mut aftermath = Aftermath::default();
        let logged = {
            let abort = AbortOnPanic;
            let mut state = self.lock();
            // Read under the lock, so that time never runs backwards for the engine.
            let now = self.clock.now();
            facts(&mut state, now);
            state.carry_out(&mut aftermath);
            while let Some(child) = aftermath.unspawned.pop() {
                state.spawn_failed(child, SpawnError::NoResources, now);
                state.carry_out(&mut aftermath);
            }
            mem::forget(abort);
            let logged = !aftermath.events.is_empty();
            if logged {
                lock(&self.events).append(&mut aftermath.events);
            }
            aftermath.wakers.extend(self.hurry(&state));
            logged
        };
        aftermath.wakers.into_iter().for_each(Waker::wake);
        if logged {
            self.write_log();
        }
        if aftermath.sample {
            self.submit([Input::Sampled { stats: Box::new(self.sample()) }]);
        }
        // At the very end, because the program may exit on it, on another thread.
        if let Some(phase) = aftermath.phase {
            self.program.shared.advance(self.number, phase);
        }
        aftermath.jobs
    }

    /// Returns the task to wake if the timer of the program is set too late, and assumes that it
    /// will reset it.
    fn hurry(&self, state: &State) -> Option<Waker> {
        let deadline = state.engine.poll_timeout().filter(|deadline| deadline.at < self.armed())?;
        self.arm(deadline.at);
        self.program.shared.hurry(deadline.at)
    }

    /// Logs an event from outside of any turn.
    pub(crate) fn log(&self, event: Event) {
        lock(&self.events).push(event);
        self.write_log();
    }

    /// Writes all pending events, including those of other turns, so that the log keeps their
    /// order.
    fn write_log(&self) {
        let log = lock(&self.log);
        let events = mem::take(&mut *lock(&self.events));
        for event in &events {
            log(event);
        }
    }
}

impl fmt::Debug for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver").field("number", &self.number).finish_non_exhaustive()
    }
}

impl State {
    fn take(&mut self, inputs: impl IntoIterator<Item = Input>, now: Instant) {
        for input in inputs {
            self.engine.handle_input(input, now, &mut self.actions);
        }
    }

    fn spawn_failed(&mut self, child: ChildId, error: SpawnError, now: Instant) {
        if self.children.remove(&child).is_some() {
            self.take([Input::ChildSpawnFailed { child, error }], now);
        }
    }

    fn carry_out(&mut self, aftermath: &mut Aftermath) {
        let mut actions = mem::take(&mut self.actions);
        for action in actions.drain(..) {
            let woken = self.execute(action, aftermath);
            aftermath.wakers.extend(woken);
        }
        self.actions = actions;
    }

    /// Carries out one action; returns the task to wake.
    fn execute(&mut self, action: Action, aftermath: &mut Aftermath) -> Option<Waker> {
        match action {
            Action::Begin { exchange, head } => self.exchanges.get(&exchange)?.begin(head),
            Action::Finish { exchange } => self.exchanges.get(&exchange)?.finish(),
            Action::Reply { exchange, head, body, receipt: true } => {
                self.exchanges.get(&exchange)?.reply(head, body, true)
            }
            Action::Reply { exchange, head, body, receipt: false } => {
                self.exchanges.remove(&exchange)?.reply(head, body, false)
            }
            Action::Write { exchange, chunk } => self.exchanges.get(&exchange)?.write(chunk),
            Action::CloseStdin { child } => self.children.get(&child)?.close_stdin(),
            Action::WriteStdin { child, chunk } => self.children.get(&child)?.write_stdin(chunk),
            Action::SetReadEnabled { child, pipe, enabled } => {
                self.children.get(&child)?.set_read_enabled(pipe, enabled)
            }
            Action::Signal { child, signal } => {
                self.children.get(&child)?.signal(signal);
                None
            }
            Action::Release { child } => self.children.remove(&child)?.release(),
            Action::Spawn { child, spec } => {
                let slot = Arc::new(ChildSlot::default());
                self.children.insert(child, slot.clone());
                let is_full = Arc::strong_count(&self.spawning) > self.spawning_max;
                let (driver, held) = (self.driver.clone(), self.spawning.clone());
                let request = SpawnRequest { driver, child, spec, slot, _held: held };
                if is_full || self.spawner.send(request).is_err() {
                    aftermath.unspawned.push(child);
                }
                None
            }
            Action::Sample => {
                aftermath.sample = true;
                None
            }
            Action::Work(job) => {
                aftermath.jobs.push_back(job);
                None
            }
            Action::Log(event) => {
                aftermath.events.push(event);
                None
            }
            Action::Unlisten => {
                aftermath.phase = Some(Phase::Draining);
                None
            }
            Action::Stop { forced } => {
                aftermath.phase = Some(Phase::Stopped { forced });
                None
            }
        }
    }
}

/// Aborts the program when dropped. The panic's own message has been written by then.
struct AbortOnPanic;

impl Drop for AbortOnPanic {
    fn drop(&mut self) {
        eprintln!("pontoon: the protocol engine failed; stopping at once");
        process::abort();
    }
}
