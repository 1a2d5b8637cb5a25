//! The ids of sessions, exchanges, children and streams.
//!
//! Owns: the id types and the seeded generator of unguessable ones. Never: asks the operating
//! system for randomness; the adapter passes in a seed.

use std::fmt;
use std::hash::{DefaultHasher, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use uuid::Uuid;

use crate::modern::state::StateKey;

/// A session's id: a random (version 4) UUID, 122 unpredictable bits.
///
/// Sent as `Mcp-Session-Id` in its 36-character form (2025-11-25, basic/transports, Session
/// Management: "globally unique and cryptographically secure", visible ASCII only).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(Uuid);

impl SessionId {
    /// The smallest id.
    pub(crate) const MIN: SessionId = SessionId(Uuid::nil());

    /// Parses the 36-character hyphenated form, in lower case, as this program writes it. Any other
    /// notation of a UUID is refused.
    pub fn parse(text: &[u8]) -> Option<SessionId> {
        if text.len() != 36 || text.iter().any(u8::is_ascii_uppercase) {
            return None;
        }
        Uuid::try_parse_ascii(text).ok().map(SessionId)
    }

    /// Returns the 16 bytes of the id.
    pub(crate) fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0.as_hyphenated(), f)
    }
}

/// Shows only the first eight characters, because the whole id gives access to the session.
impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.to_string();
        write!(f, "{}…", &text[..8])
    }
}

/// An HTTP request and its reply. Adapters number them and never reuse a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExchangeId(pub u64);

/// A child process, from the request to start it until its end is known. The core numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChildId(pub u64);

impl fmt::Display for ChildId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Generates session ids from a seed; equal seeds generate equal ids.
#[derive(Clone, Debug)]
pub struct IdSource(ChaCha20Rng);

impl IdSource {
    /// Creates a generator from 32 bytes, which must be secret and random in production.
    pub fn new(seed: [u8; 32]) -> Self {
        IdSource(ChaCha20Rng::from_seed(seed))
    }

    /// Returns a generator of other numbers, with a random sealing key unless one is given.
    pub(crate) fn chance(&mut self, seal: Option<StateKey>) -> Chance {
        let (key, own) = (self.key(), self.key());
        let seal = seal.unwrap_or_else(|| StateKey::new(own));
        Chance { key, drawn: AtomicU64::new(0), seal }
    }

    /// Returns a random key.
    fn key(&mut self) -> [u8; 32] {
        let mut key = [0; 32];
        self.0.fill_bytes(&mut key);
        key
    }

    /// Returns the next session id.
    pub fn session(&mut self) -> SessionId {
        let mut bytes = [0; 16];
        self.0.fill_bytes(&mut bytes);
        SessionId(uuid::Builder::from_random_bytes(bytes).into_uuid())
    }
}

/// Generates unpredictable numbers for all threads. They identify requests and make random choices,
/// but are not secrets.
pub(crate) struct Chance {
    key: [u8; 32],
    drawn: AtomicU64,
    /// The key that seals state for clients to return.
    pub(crate) seal: StateKey,
}

/// Omits the key, which would make every number predictable.
impl fmt::Debug for Chance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chance").field("drawn", &self.drawn).finish_non_exhaustive()
    }
}

impl Chance {
    /// Returns the next number.
    pub(crate) fn draw(&self) -> u64 {
        let mut hash = DefaultHasher::new();
        hash.write(&self.key);
        hash.write_u64(self.drawn.fetch_add(1, Ordering::Relaxed));
        hash.finish()
    }
}
