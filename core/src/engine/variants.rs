//! Children with variables from headers of requests ([`crate::Config::header_env`]).
//!
//! Owns: an engine for each set of values that is in use, in which only requests with these values
//! are handled. So no request reaches a child, a session or a result of another set of values. They
//! share what belongs to the whole program: ids, open exchanges, metrics and the memory budget.
//! Never: a value.
//!
//! ```text
//!   request ──values of its headers──► the engine of these values ──► its sessions and children
//!      └──none of the headers──► this engine
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::mem;
use std::sync::Arc;

use crate::bridge::Pool;
use crate::child_env::ChildEnv;
use crate::cx::{Exchanges, IdAllocator, LogRateLimiter, SpawnBackoff, Upstream};
use crate::engine::eviction::Used;
use crate::engine::variant_starts::{StartClient, VariantStarts};
use crate::engine::{Engine, Phase, Shared};
use crate::http::{McpHead, Request, SessionHeader};
use crate::ids::{ChildId, SessionId, VariantId};
use crate::job::Finished;
use crate::json::Body;
use crate::machine::{Action, Actions, Input};
use crate::observe::Metrics;
use crate::principal::Principal;
use crate::reject::Reject;
use crate::time::{Deadline, Duration};

/// The engines of the sets of values.
#[derive(Debug, Default)]
pub(super) struct Variants {
    /// The number of sets of values so far.
    count: u64,
    /// By the digest of the values.
    ids: BTreeMap<[u8; 32], VariantId>,
    variants: BTreeMap<VariantId, Variant>,
    /// The variant of each child.
    children: BTreeMap<ChildId, VariantId>,
    /// When something is due in a variant.
    deadlines: BTreeSet<(Deadline, VariantId)>,
    /// The sessions and processes in use in all variants.
    used: Used,
    starts: VariantStarts,
}

#[derive(Debug)]
struct Variant {
    digest: [u8; 32],
    engine: Box<Engine>,
    /// The client of the request that it was created for.
    client: StartClient,
    has_started: bool,
    /// Its entry in the deadlines.
    due: Option<Deadline>,
}

impl Variants {
    /// Returns whether nothing is in use in any of them.
    pub(super) fn is_empty(&self) -> bool {
        self.variants.is_empty()
    }

    pub(super) fn engines(&self) -> impl Iterator<Item = &Engine> {
        self.variants.values().map(|variant| &*variant.engine)
    }

    /// Returns when something is due in any of them.
    pub(super) fn poll_timeout(&self) -> Option<Deadline> {
        self.deadlines.first().map(|(due, _)| *due)
    }

    /// Returns the variant of the values in a head.
    fn of_head(&self, head: &McpHead) -> Option<VariantId> {
        self.ids.get(head.child_env.as_ref()?.digest()).copied()
    }

    fn of_session(&self, session: SessionId) -> Option<VariantId> {
        let has_it = |(_, variant): &(_, &Variant)| variant.engine.sessions.contains_key(&session);
        self.variants.iter().find(has_it).map(|(id, _)| *id)
    }
}

impl Engine {
    /// Returns the variant that an input is for; it is created for a request with new values.
    ///
    /// # Errors
    ///
    /// No process may be started for new values now.
    pub(super) fn variant_for(&mut self, input: &Input) -> Result<Option<VariantId>, Reject> {
        let id = match input {
            Input::Requested { request, .. } => return self.variant_of_request(request),
            Input::Sent { exchange, .. } | Input::Closed { exchange } => {
                self.shared.exchanges.variant_of(exchange)
            }
            Input::ChildSpawned { child, .. }
            | Input::ChildSpawnFailed { child, .. }
            | Input::ChildLine { child, .. }
            | Input::ChildStdoutClosed { child }
            | Input::ChildStderr { child, .. }
            | Input::ChildStderrClosed { child }
            | Input::ChildStdinAcked { child, .. }
            | Input::ChildStdinClosed { child, .. }
            | Input::ChildExited { child, .. } => self.variants.children.get(child).copied(),
            Input::JobDone { done } => match &done.0 {
                Finished::Translated { child, .. } => self.variants.children.get(child).copied(),
                Finished::Prepared(exchange, _) => self.shared.exchanges.variant_of(exchange),
                Finished::Interpreted(work) => self.variants.of_session(work.session),
                Finished::Evaluated(_)
                | Finished::Continued(_)
                | Finished::Served(_)
                | Finished::Dropped => None,
            },
            Input::Started
            | Input::StatelessPending { .. }
            | Input::Refused { .. }
            | Input::TlsFailed { .. }
            | Input::ClockRead { .. }
            | Input::Sampled { .. }
            | Input::Changed { .. }
            | Input::ShutdownRequested
            | Input::Retired { .. } => None,
        };
        // A variant that has ended leaves its last answers to this engine.
        Ok(id.filter(|id| self.variants.variants.contains_key(id)))
    }

    /// Returns the variant of a request. If it may need a process and all are in use, one of any
    /// variant gives way.
    fn variant_of_request(&mut self, request: &Request) -> Result<Option<VariantId>, Reject> {
        let (head, opens) = match request {
            Request::Post { head, body } => (head, opens_session(body)),
            Request::OpenSse { head } => (head, true),
            Request::PostSse { head, .. } | Request::Listen { head } | Request::Delete { head } => {
                (head, false)
            }
            _ => return Ok(None),
        };
        if self.shared.upstream.command().is_none() {
            return Ok(None);
        }
        let is_new = head.child_env.is_some() && self.variants.of_head(head).is_none();
        let client = StartClient::of(head, self.shared.config.auth.is_some());
        if is_new && (opens || head.session == SessionHeader::Absent) {
            self.variants.starts.check(client, &self.shared.config.limits, self.shared.now)?;
        }
        if opens || is_new {
            self.evict_anywhere(head.principal);
        }
        // A variant ends with the last session or process in it.
        Ok(match (self.variants.of_head(head), &head.child_env) {
            (Some(id), _) => Some(id),
            (None, Some(env)) => self.create_variant(env, client),
            (None, None) => None,
        })
    }

    /// Creates the variant of an environment for a request of this client.
    ///
    /// Not inlined, because a thread keeps each page of its stack that it has used once, and an
    /// engine is large.
    #[inline(never)]
    fn create_variant(&mut self, env: &ChildEnv, client: StartClient) -> Option<VariantId> {
        let now = self.shared.now;
        let spec = Arc::new(self.shared.upstream.command()?.with(env));
        let own = &self.shared;
        let mut pool = Pool::new(spec.clone(), &own.config);
        let known = self.engines().find_map(Engine::confirmed_era);
        pool.make_variant(known.map(|(era, _)| era));
        let shared = Shared {
            now,
            out: Actions::new(),
            config: own.config.clone(),
            memory: own.memory.clone(),
            account: None,
            metrics: Metrics::default(),
            exchanges: Exchanges::default(),
            log_limiter: LogRateLimiter::default(),
            requests: own.requests.clone(),
            reports_skipped: false,
            spawn_backoff: SpawnBackoff::default(),
            id_allocator: IdAllocator::default(),
            task_owners: None,
            upstream: Upstream::Command(spec),
            rng: own.rng.clone(),
            unix_time_at_zero: Duration::ZERO,
        };
        let mut engine = Engine::of(shared, self.ids.clone(), Some(pool), now);
        engine.is_variant = true;
        engine.era_probe.set_dual_era(known.is_some_and(|(_, is_dual)| is_dual));
        engine.phase = match self.phase {
            Phase::Running | Phase::Retiring | Phase::StopDelayed => Phase::Running,
            Phase::Draining | Phase::Stopped => Phase::Draining,
        };
        self.variants.count += 1;
        let (id, digest) = (VariantId(self.variants.count), *env.digest());
        self.variants.ids.insert(digest, id);
        let engine = Box::new(engine);
        let variant = Variant { digest, engine, client, has_started: false, due: None };
        self.variants.variants.insert(id, variant);
        Some(id)
    }

    /// Lets a variant do something, and removes it if nothing is in use in it any more.
    ///
    /// Not inlined, for the same reason as [`Engine::create_variant`].
    #[inline(never)]
    pub(super) fn with_variant(&mut self, id: VariantId, work: impl FnOnce(&mut Engine)) {
        let Some(mut variant) = self.variants.variants.remove(&id) else { return };
        let engine = &mut *variant.engine;
        self.variants.used = self.variants.used.minus(engine.used_here());
        if let Some(due) = variant.due.take() {
            self.variants.deadlines.remove(&(due, id));
        }
        engine.used_elsewhere = self.used();
        engine.shared.now = self.shared.now;
        engine.swap_shared(self);
        engine.shared.exchanges.variant = Some(id);
        let first = engine.shared.out.len();
        let before = engine.shared.spawn_backoff.totals();
        work(engine);
        engine.drop_unused_standby();
        engine.shared.exchanges.variant = None;
        engine.swap_shared(self);
        let (limits, now) = (&self.shared.config.limits, self.shared.now);
        let (starts, after) = (&mut self.variants.starts, engine.shared.spawn_backoff.totals());
        if after.0 > before.0 {
            starts.record_failure(variant.client, limits, now);
        }
        if after.1 > before.1 {
            starts.record_success(variant.client);
        }
        for action in &self.shared.out[first..] {
            match action {
                Action::Spawn { child, .. } => {
                    self.variants.children.insert(*child, id);
                    if !mem::replace(&mut variant.has_started, true) {
                        starts.record_start(variant.client, limits, now);
                    }
                }
                Action::Release { child } => drop(self.variants.children.remove(child)),
                _ => {}
            }
        }
        if engine.is_unused() {
            self.variants.ids.remove(&variant.digest);
            self.variants.children.retain(|_, of| *of != id);
        } else {
            self.variants.used = self.variants.used.plus(engine.used_here());
            variant.due = engine.poll_timeout();
            self.variants.deadlines.extend(variant.due.map(|due| (due, id)));
            self.variants.variants.insert(id, variant);
        }
    }

    /// Handles the timeouts of the variants.
    pub(super) fn time_out_variants(&mut self) {
        let due = self.variants.deadlines.iter().take_while(|(due, _)| due.at <= self.shared.now);
        let ids: Vec<_> = due.map(|(_, id)| *id).collect();
        for id in ids {
            self.with_variant(id, Engine::take_timeouts);
        }
    }

    /// Lets every variant do something.
    pub(super) fn with_variants(&mut self, work: impl Fn(&mut Engine)) {
        let ids: Vec<_> = self.variants.variants.keys().copied().collect();
        for id in ids {
            self.with_variant(id, &work);
        }
    }

    /// Evicts a session or worker in any engine, if the maximum number of all is reached.
    fn evict_anywhere(&mut self, wanted_by: Principal) {
        if self.variants.is_empty() || self.used().sessions < self.shared.config.limits.sessions_max
        {
            return;
        }
        let first = |engine: &Engine| engine.victim(wanted_by).map(|(order, _)| order);
        let of_variants = self.variants.variants.iter();
        let of_variants = of_variants.filter_map(|(id, it)| Some((first(&it.engine)?, *id)));
        let Some((order, id)) = of_variants.min() else { return };
        // The engine of the request evicts its own.
        if first(self).is_none_or(|own| order < own) {
            self.with_variant(id, |engine| {
                if let Some((_, victim)) = engine.victim(wanted_by) {
                    engine.evict(victim);
                }
                engine.finish_turn();
            });
        }
    }

    /// Swaps what all engines of the program have in common.
    fn swap_shared(&mut self, other: &mut Engine) {
        mem::swap(&mut self.ids, &mut other.ids);
        let (own, others) = (&mut self.shared, &mut other.shared);
        mem::swap(&mut own.out, &mut others.out);
        mem::swap(&mut own.metrics, &mut others.metrics);
        mem::swap(&mut own.exchanges, &mut others.exchanges);
        mem::swap(&mut own.log_limiter, &mut others.log_limiter);
        mem::swap(&mut own.id_allocator, &mut others.id_allocator);
        mem::swap(&mut own.task_owners, &mut others.task_owners);
        mem::swap(&mut own.unix_time_at_zero, &mut others.unix_time_at_zero);
    }

    /// Stops a child without a session that no request has taken over: unlike that of requests
    /// without values, it would hold a process for a client that may never return.
    fn drop_unused_standby(&mut self) {
        let is_probed = self.standby.as_ref().is_some_and(|child| self.is_probed(child.id));
        if let Some(child) = self.standby.take_if(|_| !is_probed) {
            self.shut_down(child);
        }
    }

    /// Returns whether it has no session, no child and no request.
    fn is_unused(&self) -> bool {
        self.sessions.is_empty()
            && self.owners.is_empty()
            && self.standby.is_none()
            && self.unclaimed.len() == 0
            && self.stopping_children.is_empty()
            && self.held_lines.is_empty()
            && !self.era_probe.has_pending()
            && self.pool.as_ref().is_none_or(Pool::is_empty)
    }

    /// Returns this engine and those of the variants.
    pub(super) fn engines(&self) -> impl Iterator<Item = &Engine> {
        [self].into_iter().chain(self.variants.engines())
    }

    /// Returns the sessions and processes in use in all engines.
    pub(super) fn used(&self) -> Used {
        self.used_here().plus(self.used_elsewhere())
    }

    /// Returns those in the other engines.
    pub(super) fn used_elsewhere(&self) -> Used {
        self.used_elsewhere.plus(self.variants.used)
    }
}

/// Returns whether a POST opens a session.
fn opens_session(body: &Body) -> bool {
    matches!(body, Body::One(message) if message.method() == Some("initialize"))
}
