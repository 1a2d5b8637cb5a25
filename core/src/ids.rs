//! Names of things: sessions, exchanges, children, streams.
//!
//! Owns: the id types and the seeded source of unguessable ones.
//! Never: asks the operating system for randomness; the adapter hands in a seed.

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
    /// The first id in order.
    pub(crate) const MIN: SessionId = SessionId(Uuid::nil());

    /// Reads the 36-character hyphenated form, in lower case, as this program writes it.
    ///
    /// Every other spelling of a UUID is no id of ours.
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

/// Shows only the first eight characters: whoever holds a whole id holds the session.
impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.to_string();
        write!(f, "{}…", &text[..8])
    }
}

/// One HTTP request and its reply. Adapters number them; a number is never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExchangeId(pub u64);

/// One child process, from the wish to spawn it until its end is known. The core numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChildId(pub u64);

impl fmt::Display for ChildId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Makes session ids from a seed: the same seed makes the same ids.
#[derive(Clone, Debug)]
pub struct IdSource(ChaCha20Rng);

impl IdSource {
    /// Starts from 32 bytes that must be secret and random in production.
    pub fn new(seed: [u8; 32]) -> Self {
        IdSource(ChaCha20Rng::from_seed(seed))
    }

    /// A source of other numbers, and of a key to seal with unless there is one.
    pub(crate) fn chance(&mut self, seal: Option<StateKey>) -> Chance {
        let (key, own) = (self.key(), self.key());
        let seal = seal.unwrap_or_else(|| StateKey::new(own));
        Chance { key, drawn: AtomicU64::new(0), seal }
    }

    /// A key for what only this program is to be able to make.
    fn key(&mut self) -> [u8; 32] {
        let mut key = [0; 32];
        self.0.fill_bytes(&mut key);
        key
    }

    /// The next session id.
    pub fn session(&mut self) -> SessionId {
        let mut bytes = [0; 16];
        self.0.fill_bytes(&mut bytes);
        SessionId(uuid::Builder::from_random_bytes(bytes).into_uuid())
    }
}

/// Numbers nobody can foresee, for everybody at the same time. They tell requests apart and pick
/// one of several; a secret they are not.
pub(crate) struct Chance {
    key: [u8; 32],
    drawn: AtomicU64,
    /// What seals that which a client brings back.
    pub(crate) seal: StateKey,
}

/// Nothing of the key: whoever knows it foresees every number.
impl fmt::Debug for Chance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chance").field("drawn", &self.drawn).finish_non_exhaustive()
    }
}

impl Chance {
    /// The next one.
    pub(crate) fn draw(&self) -> u64 {
        let mut hash = DefaultHasher::new();
        hash.write(&self.key);
        hash.write_u64(self.drawn.fetch_add(1, Ordering::Relaxed));
        hash.finish()
    }
}
