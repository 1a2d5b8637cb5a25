//! What the stateful server remembers for clients of the modern era, which has no sessions: a tool
//! opens one, and others take its name as an argument (2026-07-28, basic/index, Statelessness).
//!
//! Owns: the memories of these sessions, whose they are, and when they end.
//! Never: shares one with another principal, or says of a name that it is somebody else's.
//!
//! A session ends when it is unused for as long as one of the legacy era may be. There are 1,000 at
//! most, and 64 MiB of messages in them: for a new one that was opened last, one that was never used
//! gives way; for a new message the sessions that were unused longest do.
#![expect(clippy::disallowed_types, reason = "all conversations share the table, one at a time")]

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use super::memory::Memory;
use crate::ids::SessionId;
use crate::server::{Scene, SessionFacts};
use crate::session::Principal;
use crate::time::{Duration, Instant};

/// The sessions of all clients.
pub(super) struct Handles {
    idle_max: Duration,
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
    /// None are open; each lasts this long unused.
    pub(super) fn new(idle_max: Duration) -> Self {
        Handles { idle_max, open: Mutex::default() }
    }

    /// Opens a session for whoever asks, and gives it a name that nobody can guess; none if there
    /// are too many.
    pub(super) fn open(&self, scene: &Scene<'_>) -> Option<Uuid> {
        let mut open = self.swept(scene.now);
        if open.len() >= OPEN_MAX {
            let unused = open.iter().filter(|(_, it)| it.requests == 0);
            let (oldest, _) = unused.min_by_key(|(_, it)| it.since)?;
            let oldest = *oldest;
            open.remove(&oldest);
        }
        let name = scene.handle();
        let (principal, since) = (*scene.principal, scene.now);
        let memory = Memory::default();
        open.entry(name).or_insert(Open { principal, memory, since, used_at: since, requests: 0 });
        Some(name)
    }

    /// Uses a session of whoever asks; none if it has no session of this name, or no longer.
    pub(super) fn with<T>(
        &self,
        name: &str,
        scene: &Scene<'_>,
        use_it: impl FnOnce(&SessionFacts, &mut Memory) -> T,
    ) -> Option<T> {
        let id = SessionId::parse(name.as_bytes())?;
        let key = Uuid::try_parse(name).ok()?;
        let mut open = self.swept(scene.now);
        let session = open.get_mut(&key).filter(|it| it.principal == *scene.principal)?;
        session.requests += 1;
        let facts = SessionFacts {
            id,
            initialized: false,
            since: session.since,
            used_at: session.used_at,
            idle_max: self.idle_max,
            requests: session.requests,
            took: Duration::ZERO,
            queued: 0,
        };
        let used = use_it(&facts, &mut session.memory);
        session.used_at = scene.now;
        make_room(&mut open, key);
        Some(used)
    }

    /// Those that have not expired.
    fn swept(&self, now: Instant) -> MutexGuard<'_, BTreeMap<Uuid, Open>> {
        // Who panicked while it was locked had no more in hand than one memory.
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, it| now < it.used_at + self.idle_max);
        open
    }
}

/// Nothing of the sessions: whoever knows the name of one could use it.
impl fmt::Debug for Handles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handles").field("idle_max", &self.idle_max).finish_non_exhaustive()
    }
}

/// Lets sessions go that were unused longest, until the rest is not too much; not this one.
fn make_room(open: &mut BTreeMap<Uuid, Open>, but: Uuid) {
    let mut bytes: usize = open.values().map(|it| it.memory.bytes()).sum();
    while bytes > BYTES_MAX {
        let others = open.iter().filter(|(name, it)| **name != but && it.memory.bytes() > 0);
        let Some((oldest, it)) = others.min_by_key(|(_, it)| it.used_at) else { break };
        let oldest = *oldest;
        bytes -= it.memory.bytes();
        open.remove(&oldest);
    }
}

/// Sessions that may be open.
const OPEN_MAX: usize = 1000;

/// Bytes of messages that are remembered in all of them.
const BYTES_MAX: usize = 64 << 20;

#[cfg(test)]
mod tests;
