//! The state machine of an endpoint, with all its sessions and children.
//!
//! Owns: the table of sessions, children without a session, requests without a session that wait,
//! timers, metrics, the drain.
//! Never: parses a long payload. Lines are framed and messages parsed before an input gets here,
//! and further work on a long message is a [`crate::job::Job`], so that the lock around this
//! machine is held for microseconds only.
//!
//! ```text
//!   running ──ShutdownRequested──► stop delayed ──delay over, or asked again──► draining
//!   running ──Retired, replaced──► retiring ──no session left, or drain limit──► draining
//!   draining ──all over──────────────────► stopped
//!      └───────drain limit, or asked again──► stopped (forced)
//! ```

mod changes;
mod children;
mod clients;
mod endings;
mod era;
mod eviction;
mod grants;
mod modern;
mod overview;
mod probes;
mod restore;
mod sampling;
mod shared;
mod shutdown;
mod sse;
mod stateless;
mod timers;
mod unclaimed;
mod variant_starts;
mod variants;
mod workers;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::mem::swap;
use std::sync::Arc;

use crate::bridge::{Child, Pool};
use crate::config::Config;
use crate::cx::{Cx, Exchanges, IdAllocator, LogRateLimiter, Owner, SpawnBackoff, Upstream};
use crate::engine::era::EraProbe;
use crate::engine::eviction::{SessionIndex, Used};
use crate::engine::grants::GrantCheck;
use crate::engine::sampling::{ExpiryStats, StatsWaiter};
use crate::engine::shared::Shared;
use crate::engine::timers::{Timer, Timers};
use crate::engine::unclaimed::Unclaimed;
use crate::engine::variants::Variants;
use crate::host_stats::HostStats;
use crate::http::ClientSlot;
use crate::ids::{ChildId, ExchangeId, SessionId};
use crate::job::{Evaluation, Finished};
use crate::json::{InvalidLine, Message};
use crate::machine::{Action, Actions, Input};
use crate::memory::Memory;
use crate::modern::Preparation;
use crate::modern::ownership::TaskOwners;
use crate::native::StatelessServer;
use crate::observe::{Detail, Event, Metrics, SessionEnd};
use crate::random::IdSource;
use crate::reject::Reject;
use crate::server::Changed;
use crate::session::Session;
use crate::time::{Deadline, Duration, Instant};

/// Everything behind an endpoint.
///
/// An adapter reports facts, carries out the actions that follow, and calls
/// [`Engine::handle_timeout`] when [`Engine::poll_timeout`] says so. `examples/engine.rs` drives a
/// whole session by hand.
///
/// ```
/// use std::sync::Arc;
///
/// use pontoon_core::http::Request;
/// use pontoon_core::{Action, ChildSpec, Config, Engine, ExchangeId, Input, Instant, Serves};
///
/// let command = ChildSpec { program: "server".into(), args: Vec::new(), env: None, cwd: None };
/// let config = Arc::new(Config::new(Serves::Command(command)));
/// // The seed makes the session ids: in a program it is random and secret.
/// let (mut engine, now) = (Engine::new(config, [0; 32], Instant::ZERO), Instant::ZERO);
///
/// let mut actions = Vec::new();
/// engine.handle_input(Input::Started, now, &mut actions);
/// let (exchange, request) = (ExchangeId(1), Box::new(Request::Live));
/// engine.handle_input(Input::Requested { exchange, request }, now, &mut actions);
///
/// let Some(Action::Reply { head, .. }) = actions.pop() else { panic!("one answer") };
/// assert_eq!(head.status, 200);
/// ```
#[derive(Debug)]
pub struct Engine {
    shared: Shared,
    ids: IdSource,
    /// Boxed, because a node of the tree has many empty entries.
    sessions: BTreeMap<SessionId, Box<Session>>,
    /// The places of sessions among those of their clients, if there are limits for each client.
    client_slots: BTreeMap<SessionId, ClientSlot>,
    /// The sessions that can be evicted.
    evictions: SessionIndex,
    /// The session of each child.
    owners: BTreeMap<ChildId, SessionId>,
    /// The child that was started before the first session.
    standby: Option<Child>,
    /// Children whose client did not wait for their answer to `initialize`.
    unclaimed: Unclaimed,
    /// The children without a session, if a command is served.
    pool: Option<Pool>,
    /// Children whose session has ended, until they have exited.
    stopping_children: BTreeMap<ChildId, Child>,
    /// Children with a message that is being translated, and their lines that wait for that, in
    /// order. The thread that reads a child carries out its jobs, so there are few.
    held_lines: BTreeMap<ChildId, VecDeque<Result<Message, InvalidLine>>>,
    /// Waiting requests without a session.
    stateless_requests: BTreeMap<ExchangeId, stateless::PendingStateless>,
    /// Sessions that are to be ended because of a message in them.
    finished_sessions: Vec<(SessionId, SessionEnd)>,
    /// Changes of a server in this process, with the session that made each.
    changes: Vec<(Changed, Option<SessionId>)>,
    /// The requests that wait for facts.
    stats_waiters: BTreeSet<StatsWaiter>,
    /// The latest facts.
    stats: HostStats,
    expiry: ExpiryStats,
    era_probe: EraProbe,
    /// Since when a client waits for a command that has never worked, and when that is logged next.
    start_awaited: Option<(Instant, Instant)>,
    timers: Timers,
    /// When the next place of a cancelled request is freed.
    slots_due: Option<Instant>,
    phase: Phase,
    /// Whether the stop is forced, and waits only for jobs of requests without a session.
    is_forced: bool,
    /// Whether it drains without a request to stop the program.
    is_retired: bool,
    started_at: Instant,
    /// The time until which timers wait because the process was most likely paused.
    resuming_until: Instant,
    /// The engines of requests whose headers are passed on as variables.
    variants: Variants,
    /// The check of the credentials of open streams.
    grant_check: GrantCheck,
    /// Whether it is one of those.
    is_variant: bool,
    /// The sessions and processes in use in other engines, if it is one of those.
    used_elsewhere: Used,
}

/// The maximum interval of timers for a session or a run with something due. A timer that is not
/// needed any more stays set until its time, and long ones would accumulate.
const WAKE_TIME_MAX: Duration = Duration::from_secs(60);

/// The lateness of a timer from which the process is assumed to have been paused.
const LATENESS_MAX: Duration = Duration::from_secs(1);

/// The time that timers wait for inputs from a pause of the process.
const RESUME_TIME: Duration = Duration::from_secs(2);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Running,
    /// Another engine opens new sessions; those of this one go on.
    Retiring,
    /// Everything is served, but `/readyz` announces the stop
    /// ([`crate::limits::Limits::stop_delay`]).
    StopDelayed,
    Draining,
    Stopped,
}

impl Engine {
    /// Creates an engine without sessions. The seed must be secret and random in production,
    /// because session ids are derived from it.
    pub fn new(config: Arc<Config>, seed: [u8; 32], now: Instant) -> Engine {
        let mut ids = IdSource::new(seed);
        let upstream = Upstream::new(&config);
        let pool = upstream.command().map(|spec| Pool::new(spec.clone(), &config));
        let rng = Arc::new(ids.rng(config.state_key.clone()));
        let shared = Shared {
            now,
            out: Actions::new(),
            memory: Memory::new(config.limits.memory_bytes_max),
            account: None,
            task_owners: config.auth.is_some().then(TaskOwners::default),
            config,
            metrics: Metrics::default(),
            exchanges: Exchanges::default(),
            log_limiter: LogRateLimiter::default(),
            requests: Arc::default(),
            reports_skipped: false,
            spawn_backoff: SpawnBackoff::default(),
            id_allocator: IdAllocator::default(),
            upstream,
            rng,
            unix_time_at_zero: Duration::ZERO,
        };
        Engine::of(shared, ids, pool, now)
    }

    fn of(shared: Shared, ids: IdSource, pool: Option<Pool>, now: Instant) -> Engine {
        Engine {
            shared,
            ids,
            sessions: BTreeMap::new(),
            client_slots: BTreeMap::new(),
            evictions: SessionIndex::default(),
            owners: BTreeMap::new(),
            standby: None,
            unclaimed: Unclaimed::default(),
            pool,
            stopping_children: BTreeMap::new(),
            held_lines: BTreeMap::new(),
            stateless_requests: BTreeMap::new(),
            finished_sessions: Vec::new(),
            changes: Vec::new(),
            stats_waiters: BTreeSet::new(),
            stats: HostStats::default(),
            expiry: ExpiryStats::default(),
            era_probe: EraProbe::default(),
            start_awaited: None,
            timers: Timers::default(),
            slots_due: None,
            phase: Phase::Running,
            is_forced: false,
            is_retired: false,
            started_at: now,
            resuming_until: Instant::ZERO,
            variants: Variants::default(),
            grant_check: GrantCheck::default(),
            is_variant: false,
            used_elsewhere: Used::default(),
        }
    }

    /// Sets the wall-clock time at [`Instant::ZERO`], since 1970-01-01 00:00 UTC. Call it before
    /// any input; the default is zero.
    pub fn set_unix_time(&mut self, epoch: Duration) {
        self.shared.unix_time_at_zero = epoch;
    }

    /// Returns the server for requests without a session that need no engine, if a server in this
    /// process is served. Its counters count here too.
    pub fn stateless(&self) -> Option<StatelessServer> {
        let desk = &self.shared;
        let native = desk.upstream.native()?;
        Some(StatelessServer::new(
            desk.config.clone(),
            native.request_metrics.clone(),
            desk.rng.clone(),
            native.header_params.clone(),
            desk.requests.clone(),
        ))
    }

    /// Returns whether a session with this id is open.
    pub fn has_session(&self, id: SessionId) -> bool {
        self.engines().any(|engine| engine.sessions.contains_key(&id))
    }

    /// Returns the budget of the bytes that are held here and in the adapter.
    pub fn memory(&self) -> &Memory {
        &self.shared.memory
    }

    /// Returns the work to do on a request before this engine takes it.
    pub fn preparation(&self) -> Preparation {
        Preparation::new(self.shared.config.clone(), self.shared.rng.clone())
    }

    /// Handles an input; the actions that follow are appended to `out`, to be carried out in order.
    pub fn handle_input(&mut self, input: Input, now: Instant, out: &mut Actions) {
        self.turn(now, out, |engine| {
            match engine.variant_for(&input) {
                Ok(Some(id)) => engine.with_variant(id, |engine| {
                    engine.take_fact(input);
                    engine.finish_turn();
                }),
                Ok(None) => engine.take_fact(input),
                Err(reject) => {
                    if let Input::Requested { exchange, request } = input {
                        engine.shared.account = request.account();
                        engine.refuse_request(exchange, *request, reject);
                    }
                }
            }
            engine.finish_turn();
        });
    }

    /// Runs a turn, with its time and its actions.
    fn turn(&mut self, now: Instant, out: &mut Actions, work: impl FnOnce(&mut Engine)) {
        self.shared.now = now;
        swap(&mut self.shared.out, out);
        work(self);
        swap(&mut self.shared.out, out);
    }

    /// Does what follows from an input or a timeout in every part of the engine.
    fn finish_turn(&mut self) {
        self.pump();
        self.publish_changes();
        self.end_finished_sessions();
        self.continue_drain();
        self.plan_report();
        self.record_start_awaited();
        self.free_slots();
        self.plan_grant_check();
    }

    /// Frees the places of cancelled requests whose time is over, which variants share.
    fn free_slots(&mut self) {
        if self.is_variant {
            return;
        }
        let due = self.shared.exchanges.free_slots(self.shared.now);
        if let Some(at) = due.filter(|_| due != self.slots_due) {
            self.timers.set(at, Timer::Slots);
        }
        self.slots_due = due;
    }

    fn take_fact(&mut self, input: Input) {
        match input {
            Input::Started => self.on_started(),
            Input::Requested { exchange, request } => {
                self.on_request(exchange, *request);
            }
            Input::StatelessPending { exchange, request } => {
                self.on_stateless_pending(exchange, request)
            }
            Input::Refused { reject, detail } => self.log_refusal(reject, detail),
            Input::TlsFailed { failure, words, peer } => {
                self.shared.metrics.tls_failed(failure);
                let detail = Detail::of_text(&words);
                self.shared.cx().log(Event::TlsFailed { failure, detail, peer });
            }
            Input::Sent { exchange, bytes } => self.on_sent(exchange, bytes),
            Input::Closed { exchange } => self.on_closed(exchange),
            Input::ChildSpawned { child, pid } => self.on_child_spawned(child, pid),
            Input::ChildSpawnFailed { child, error } => {
                self.on_child_spawn_failed(child, error);
            }
            Input::ChildLine { child, line } => self.on_paced_line(child, line),
            Input::ChildStdoutClosed { child } => self.on_child_stdout_closed(child),
            Input::ChildStderr { child, bytes } => {
                self.with_child(child, |child, cx| child.on_stderr(&bytes, cx));
            }
            Input::ChildStderrClosed { child } => self.on_child_stderr_closed(child),
            Input::ChildStdinAcked { child, bytes } => {
                self.with_child(child, |child, _| child.stdin_acked(bytes));
            }
            Input::ChildStdinClosed { child, unread } => {
                self.on_child_stdin_closed(child, unread);
            }
            Input::ChildExited { child, status } => self.on_child_exited(child, status),
            Input::ClockRead { unix_time } => self.shared.on_clock_read(unix_time, self.shared.now),
            Input::Sampled { stats } => self.on_sampled(*stats),
            Input::Changed { change } => self.changes.push((change, None)),
            Input::JobDone { done } => self.on_worked(done.0),
            Input::ShutdownRequested => self.on_shutdown_requested(),
            Input::Retired { replaced } => self.on_retired(replaced),
        }
    }

    /// Handles the result of a job.
    ///
    /// Not inlined, because the results are large, and a thread keeps each page of its stack that
    /// it has used once.
    #[inline(never)]
    fn on_worked(&mut self, finished: Finished) {
        match finished {
            Finished::Translated { child, message, made } => {
                self.on_translated(child, *message, *made);
            }
            Finished::Prepared(exchange, prepared) => {
                self.with_pool(|pool, _| pool.prepared(exchange, *prepared));
            }
            Finished::Interpreted(work) => self.on_facade_job_done(*work),
            Finished::Evaluated(work) => {
                let Evaluation { session, loan, speaker, .. } = *work;
                self.with_session(session, |session, _| {
                    session.backend_mut().check_in_evaluator(loan, speaker);
                });
            }
            Finished::Continued(work) => self.on_continued(*work),
            Finished::Served(work) => {
                let (serving, served) = *work;
                self.on_served(serving, served);
            }
            Finished::Dropped => {}
        }
    }

    /// Handles timeouts. Afterwards [`Engine::poll_timeout`] is later than `now`.
    ///
    /// A call that comes more than a second late does nothing yet: the process was most likely
    /// paused (`SIGSTOP`, a frozen container or virtual machine). The inputs that sockets and pipes
    /// hold since then have two seconds to arrive before anything expires.
    pub fn handle_timeout(&mut self, now: Instant, out: &mut Actions) {
        self.turn(now, out, Engine::take_timeouts);
    }

    fn take_timeouts(&mut self) {
        let now = self.shared.now;
        self.time_out_variants();
        if self.was_stopped() {
            if now >= self.resuming_until {
                self.resuming_until = now + RESUME_TIME;
            }
            return;
        }
        while let Some((at, wake)) = self.timers.take_due(now) {
            match wake {
                Timer::Child(child) => self.on_child_due(child),
                Timer::Drain => self.force_stop(),
                Timer::DrainReport => self.on_drain_report_due(),
                Timer::Grants => self.check_grants(),
                Timer::Log => self.report_skipped(),
                Timer::Era => self.on_era_due(),
                Timer::Pool => self.on_pool_due(at),
                Timer::Stateless(exchange) => self.on_stateless_due(exchange, at),
                Timer::Session(session) => self.on_session_due(session, at),
                Timer::Start => self.on_start_due(),
                Timer::StopDelay => self.on_stop_delay_over(),
                Timer::Retire => self.on_retire_due(),
                // Freed at the end of the turn.
                Timer::Slots => {}
                Timer::Sweep => self.sweep(),
            }
        }
        self.finish_turn();
    }

    /// Returns when to call [`Engine::handle_timeout`], and why. An earlier call is harmless.
    pub fn poll_timeout(&self) -> Option<Deadline> {
        let own = self.timers.next();
        let own = own.map(|(at, why)| Deadline { at: at.max(self.resuming_until), why });
        own.into_iter().chain(self.variants.poll_timeout()).min()
    }

    /// Returns whether the process was most likely paused a moment ago: a timer is very late, or
    /// waits for inputs from such a time.
    fn was_stopped(&self) -> bool {
        let now = self.shared.now;
        let at = self.timers.next().map_or(Instant::FAR, |(at, _)| at.max(self.resuming_until));
        now < self.resuming_until || now.since(at) > LATENESS_MAX
    }

    /// Returns the time that a client waits for the answer to its `initialize`.
    fn startup_time(&self) -> Duration {
        self.shared.spawn_backoff.time_max(&self.shared.config.limits)
    }

    /// Runs a turn of a session, and sets its next timer.
    fn with_session<T>(
        &mut self,
        id: SessionId,
        work: impl FnOnce(&mut Session, &mut Cx<'_>) -> T,
    ) -> Option<T> {
        let session = self.sessions.get_mut(&id)?;
        let mut cx = self.shared.cx();
        let answer = work(session, &mut cx);
        let heard = session.poll_backend(&mut cx);
        let end = heard.or(session.apply_backpressure(&mut cx));
        self.evictions.update(session);
        if cx.wake_at < session.wake_at {
            session.wake_at = cx.wake_at.min(cx.now + WAKE_TIME_MAX);
            self.timers.set(session.wake_at, Timer::Session(id));
        }
        let wants_facts = session.backend().native().is_some_and(|seated| seated.wants_stats());
        self.changes.extend(cx.changes.drain(..).map(|change| (change, Some(id))));
        self.finished_sessions.extend(end.map(|why| (id, why)));
        if wants_facts {
            self.wait_for_stats(StatsWaiter::Session(id));
        }
        Some(answer)
    }

    fn on_session_due(&mut self, id: SessionId, at: Instant) {
        // The session has set an earlier timer since, so this entry is stale.
        let Some(session) = self.sessions.get_mut(&id).filter(|s| s.wake_at == at) else { return };
        session.wake_at = Instant::FAR;
        let end = self.with_session(id, |session, cx| {
            let end = session.handle_timeout(cx);
            cx.wake(session.next_due(cx));
            end
        });
        if let Some(why) = end.flatten() {
            let reject = match why {
                SessionEnd::Refused => Reject::StartupTimeout { limit: self.startup_time() },
                _ => Reject::SessionEnded,
            };
            self.end_session(id, why, reject);
        }
        self.on_restore_due(id);
        self.reap(id);
    }

    fn on_sent(&mut self, exchange: ExchangeId, bytes: usize) {
        let Some(transport) = self.shared.exchanges.get_mut(&exchange) else { return };
        let bytes = transport.taken(bytes);
        if let Owner::Session(id) = transport.owner {
            self.with_session(id, |session, _| session.sent(bytes));
        }
    }

    fn on_closed(&mut self, exchange: ExchangeId) {
        let Some(transport) = self.shared.exchanges.remove(&exchange) else { return };
        let id = match transport.owner {
            Owner::Session(id) => id,
            Owner::Bridge => {
                self.drop_pending(exchange);
                self.with_pool(|pool, cx| pool.on_client_closed(exchange, cx));
                return;
            }
            Owner::Stateless => {
                self.stateless_requests.remove(&exchange);
                return;
            }
        };
        let end = self.with_session(id, |session, cx| session.closed(exchange, &transport, cx));
        if let Some(why) = end.flatten() {
            self.end_session(id, why, Reject::SessionEnded);
        }
    }

    /// Sets a timer to report skipped log events, so that the end of a burst is counted too.
    fn plan_report(&mut self) {
        let desk = &mut self.shared;
        if !desk.reports_skipped && (desk.requests.has_skipped() || desk.log_limiter.has_skipped())
        {
            desk.reports_skipped = true;
            self.timers.set(self.shared.now + Duration::from_secs(1), Timer::Log);
        }
    }

    /// Reports skipped log events.
    fn report_skipped(&mut self) {
        self.shared.reports_skipped = false;
        let requests = self.shared.requests.report();
        let skipped = self.shared.log_limiter.take_skipped().chain(requests);
        self.shared.out.extend(skipped.map(Action::Log));
    }

    fn on_refused(&mut self, reject: Reject) {
        self.log_refusal(reject, None);
    }

    fn log_refusal(&mut self, reject: Reject, detail: Option<Detail>) {
        self.shared.metrics.refused(reject);
        self.shared.cx().log(Event::Refused { reject, detail });
    }
}

#[cfg(test)]
mod tests;
