//! Eviction: the choice of the session or worker to end when all are in use.
//!
//! Owns: an index of the sessions that can be evicted, so that a choice does not search all
//! sessions.
//!
//! The order: sessions and workers of the requesting principal and of clients without credentials
//! come first, those of others only if there are none of these. Among them the smallest loss comes
//! first ([`Loss`]), and of equal losses the oldest.

use std::collections::BTreeSet;
use std::mem;

use crate::bridge::Pool;
use crate::cx::{Evictable, Loss};
use crate::engine::Engine;
use crate::http::McpHead;
use crate::ids::{ChildId, SessionId};
use crate::observe::SessionEnd;
use crate::principal::Principal;
use crate::reject::Reject;
use crate::session::Session;
use crate::time::Instant;

/// The sessions that can be evicted, sorted in the two required orders.
#[derive(Debug, Default)]
pub(super) struct SessionIndex {
    all: BTreeSet<(Loss, Instant, SessionId)>,
    by_principal: BTreeSet<(Principal, Loss, Instant, SessionId)>,
}

impl SessionIndex {
    /// Updates the entry of a session; it has none while it cannot be evicted.
    pub(super) fn update(&mut self, session: &mut Session) {
        let new = session.evictable();
        if session.indexed != new {
            let old = mem::replace(&mut session.indexed, new);
            self.remove(session.id, old);
            if let Some(Evictable { loss, since, principal }) = new {
                self.all.insert((loss, since, session.id));
                self.by_principal.insert((principal, loss, since, session.id));
            }
        }
    }

    /// Removes a session with the entry `old`.
    pub(super) fn remove(&mut self, id: SessionId, old: Option<Evictable>) {
        if let Some(Evictable { loss, since, principal }) = old {
            self.all.remove(&(loss, since, id));
            self.by_principal.remove(&(principal, loss, since, id));
        }
    }

    /// Returns the session to evict for `wanted_by`.
    fn first(&self, wanted_by: Principal) -> Option<SessionId> {
        let own = [wanted_by, Principal::Anonymous].into_iter().filter_map(|principal| {
            let first = (principal, Loss::Unopened, Instant::ZERO, SessionId::MIN);
            let (owner, loss, since, id) = *self.by_principal.range(first..).next()?;
            (owner == principal).then_some((loss, since, id))
        });
        own.min().or(self.all.first().copied()).map(|(.., id)| id)
    }
}

/// The number of sessions and processes that the limits count.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Used {
    /// Sessions, workers, and children that wait for a client.
    pub(super) sessions: usize,
    /// Children that are stopping.
    stopping: usize,
}

impl Used {
    pub(super) fn plus(self, more: Used) -> Used {
        let (sessions, stopping) = (self.sessions + more.sessions, self.stopping + more.stopping);
        Used { sessions, stopping }
    }

    pub(super) fn minus(self, less: Used) -> Used {
        let (sessions, stopping) = (self.sessions - less.sessions, self.stopping - less.stopping);
        Used { sessions, stopping }
    }
}

/// The place of a session or worker in the order of eviction.
type Order = (bool, Loss, Instant);

/// A session or worker to evict.
#[derive(Clone, Copy, Debug)]
pub(super) enum Victim {
    Session(SessionId),
    Worker(ChildId),
}

impl Engine {
    /// Evicts for another session, but not the child that got the same `initialize`.
    pub(super) fn evict_for_session(&mut self, head: &McpHead) -> Result<(), Reject> {
        let digest = head.params_digest.as_deref();
        if self.has_capacity(digest)? {
            return Ok(());
        }
        if !self.sessions_share_a_child() && self.drop_unclaimed_but(digest) {
            return Ok(());
        }
        let (_, victim) = self.victim(head.principal).ok_or(Reject::SessionsFull)?;
        self.evict(victim);
        Ok(())
    }

    /// Evicts for another worker, if a request waits only for that.
    pub(super) fn evict_for_worker(&mut self) -> bool {
        let Some(wanted_by) = self.pool.as_ref().and_then(Pool::blocked_on_capacity) else {
            return false;
        };
        if self.drop_oldest_unclaimed() {
            return true;
        }
        let victim = self.victim(wanted_by);
        if let Some((_, victim)) = victim {
            self.evict(victim);
        }
        victim.is_some()
    }

    /// Returns whether a client without credentials could open a session now.
    pub(super) fn has_anonymous_capacity(&self) -> bool {
        let may_evict = || {
            self.unclaimed.len() > 0 || {
                self.engines().any(|engine| engine.victim(Principal::Anonymous).is_some())
            }
        };
        self.has_capacity(None).is_ok_and(|is_free| is_free || may_evict())
    }

    /// Returns whether there is capacity for a session; `digest` is that of its `initialize`. The
    /// error means that there is none and that no session can be evicted either.
    fn has_capacity(&self, digest: Option<&[u8; 32]>) -> Result<bool, Reject> {
        let max = self.shared.config.limits.sessions_max;
        // Children that are stopping count too, or opening and closing sessions in a loop could
        // pile up processes.
        let is_there = digest.is_some_and(|it| self.unclaimed.has(it));
        let unclaimed = match self.sessions_share_a_child() {
            true => 0,
            false => self.unclaimed.len() - usize::from(is_there),
        };
        let elsewhere = self.used_elsewhere();
        let used = self.sessions.len() + self.counted_workers() + unclaimed + elsewhere.sessions;
        let stopping = self.stopping_children.len() + elsewhere.stopping;
        if used + stopping >= max.saturating_mul(2) {
            return Err(Reject::SessionsFull);
        }
        Ok(used < max)
    }

    /// Returns the number of workers that count as sessions. Where sessions share a child, one more
    /// of them takes no process; but the child of a set of values counts until it has a session.
    fn counted_workers(&self) -> usize {
        match (self.sessions_share_a_child(), self.is_variant) {
            (false, _) => self.workers(),
            (true, true) => self.workers().saturating_sub(self.sessions.len()),
            (true, false) => 0,
        }
    }

    /// Returns the sessions and processes in use, without those of other engines.
    pub(super) fn used_here(&self) -> Used {
        let sessions = self.sessions.len() + self.counted_workers() + self.unclaimed.len();
        Used { sessions, stopping: self.stopping_children.len() }
    }

    /// Returns the session or worker to evict for `wanted_by`, and its place in the order.
    pub(super) fn victim(&self, wanted_by: Principal) -> Option<(Order, Victim)> {
        let order = |evictable: Evictable| evictable.order(wanted_by);
        let session = self.evictions.first(wanted_by);
        let session = session.and_then(|id| {
            let evictable = self.sessions.get(&id)?.indexed?;
            Some((order(evictable), Victim::Session(id)))
        });
        let pool = self.pool.as_ref().filter(|_| self.counted_workers() > 0);
        let worker = pool.and_then(|pool| pool.first_evictable(wanted_by));
        let worker = worker.map(|(evictable, id)| (order(evictable), Victim::Worker(id)));
        session.into_iter().chain(worker).min_by_key(|(order, _)| *order)
    }

    pub(super) fn evict(&mut self, victim: Victim) {
        match victim {
            Victim::Session(id) => {
                self.end_session(id, SessionEnd::Evicted, Reject::SessionEnded);
            }
            Victim::Worker(id) => {
                self.with_pool(|pool, cx| pool.evict(id, cx));
                self.pump();
            }
        }
    }
}
