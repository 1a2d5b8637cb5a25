//! Sessions of the stateful server for modern clients, whose era has none: a tool opens one, and
//! others take its name as an argument (2026-07-28, basic/index, Statelessness).
//!
//! Owns: the memories of these sessions, their principals, and their ends. Never: shares one with
//! another principal, or reveals that a name belongs to another one.
//!
//! A session ends when it has been unused for the idle timeout of legacy sessions. The limits are
//! the number of legacy sessions, and 64 MiB of messages in all. At a limit, a session of the
//! principal that uses most of it is removed: the oldest of those that were never used, or else the
//! one that was unused longest.
#![expect(clippy::disallowed_types, reason = "all connections share the table, one at a time")]

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use pontoon_core::server::{RequestContext, SessionInfo};
use pontoon_core::{Duration, Instant, Principal, SessionId};
use uuid::Uuid;

use super::memory::Memory;

/// The sessions of all clients.
pub(super) struct Handles {
    idle_max: Duration,
    max: usize,
    open: Mutex<BTreeMap<Uuid, Open>>,
}

/// A session.
#[derive(Debug)]
struct Open {
    principal: Principal,
    memory: Memory,
    since: Instant,
    used_at: Instant,
    requests: u64,
}

impl Handles {
    /// Creates an empty table, with the idle timeout and the maximum number of sessions.
    pub(super) fn new(idle_max: Duration, max: usize) -> Self {
        Handles { idle_max, max, open: Mutex::default() }
    }

    /// Opens a session for the request's principal, with an unguessable name.
    pub(super) fn open(&self, context: &RequestContext<'_>) -> Uuid {
        let mut open = self.swept(context.now);
        while open.len() >= self.max.max(1) {
            let Some(loser) = loser(&open, |_| 1, None) else { break };
            open.remove(&loser);
        }
        let name = context.handle();
        let (principal, since) = (*context.principal, context.now);
        let memory = Memory::default();
        open.entry(name).or_insert(Open { principal, memory, since, used_at: since, requests: 0 });
        name
    }

    /// Uses a session of the request's principal; `None` if it has no session of this name, or not
    /// any more.
    pub(super) fn with<T>(
        &self,
        name: &str,
        context: &RequestContext<'_>,
        use_it: impl FnOnce(&SessionInfo, &mut Memory) -> T,
    ) -> Option<T> {
        let id = SessionId::parse(name.as_bytes())?;
        let key = Uuid::try_parse(name).ok()?;
        let mut open = self.swept(context.now);
        let session = open.get_mut(&key).filter(|it| it.principal == *context.principal)?;
        session.requests += 1;
        let facts = SessionInfo {
            id: Some(id),
            initialized: false,
            since: session.since,
            used_at: session.used_at,
            idle_max: Some(self.idle_max),
            requests: session.requests,
            took: Duration::ZERO,
            queued: 0,
        };
        let used = use_it(&facts, &mut session.memory);
        session.used_at = context.now;
        make_room(&mut open, key);
        Some(used)
    }

    /// Locks the table after removing expired sessions.
    fn swept(&self, now: Instant) -> MutexGuard<'_, BTreeMap<Uuid, Open>> {
        // A panic under the lock can only have affected one memory.
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, it| now < it.used_at + self.idle_max);
        open
    }
}

/// Omits the sessions, because a name gives access to one.
impl fmt::Debug for Handles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handles").field("idle_max", &self.idle_max).finish_non_exhaustive()
    }
}

/// Removes sessions other than this one until the rest is within the limits.
fn make_room(open: &mut BTreeMap<Uuid, Open>, but: Uuid) {
    let mut bytes: usize = open.values().map(|it| it.memory.bytes()).sum();
    while bytes > BYTES_MAX {
        let loser = loser(open, |it| it.memory.bytes(), Some(but));
        let Some(lost) = loser.and_then(|loser| open.remove(&loser)) else { break };
        bytes -= lost.memory.bytes();
    }
}

/// Returns the session to remove: among those that use the exceeded limit, one of the principal
/// that uses most of it, so that no principal can take all from the others.
fn loser(
    open: &BTreeMap<Uuid, Open>,
    share: impl Fn(&Open) -> usize,
    but: Option<Uuid>,
) -> Option<Uuid> {
    let mut held: BTreeMap<Principal, usize> = BTreeMap::new();
    let others = || open.iter().filter(|(name, it)| Some(**name) != but && share(it) > 0);
    for (_, it) in others() {
        *held.entry(it.principal).or_default() += share(it);
    }
    let (holder, _) = held.into_iter().max_by_key(|(_, held)| *held)?;
    let own = others().filter(|(_, it)| it.principal == holder);
    own.min_by_key(|(_, it)| (it.requests > 0, it.used_at)).map(|(name, _)| *name)
}

/// The maximum number of bytes of messages in all sessions.
const BYTES_MAX: usize = 64 << 20;

#[cfg(test)]
mod tests;
