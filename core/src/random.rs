//! Random numbers and session ids, from one seed.
//!
//! Owns: the generators. Never: asks the operating system for randomness; the adapter passes in a
//! seed.

use std::fmt;
use std::hash::{DefaultHasher, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use crate::ids::SessionId;
use crate::seal::StateKey;

/// Generates session ids from a seed; equal seeds generate equal ids.
#[derive(Clone, Debug)]
pub(crate) struct IdSource(ChaCha20Rng);

impl IdSource {
    /// Creates a generator from 32 bytes, which must be secret and random in production.
    pub(crate) fn new(seed: [u8; 32]) -> Self {
        IdSource(ChaCha20Rng::from_seed(seed))
    }

    /// Returns a generator of other numbers, with a random sealing key unless one is given.
    pub(crate) fn rng(&mut self, seal: Option<StateKey>) -> Rng {
        let (key, own) = (self.key(), self.key());
        let seal = seal.unwrap_or_else(|| StateKey::new(own));
        Rng { key, drawn: AtomicU64::new(0), seal }
    }

    /// Returns a random key.
    fn key(&mut self) -> [u8; 32] {
        let mut key = [0; 32];
        self.0.fill_bytes(&mut key);
        key
    }

    /// Returns the next session id.
    pub(crate) fn session(&mut self) -> SessionId {
        let mut bytes = [0; 16];
        self.0.fill_bytes(&mut bytes);
        SessionId::from_random(bytes)
    }
}

/// Generates unpredictable numbers for all threads. They identify requests and make random choices,
/// but are not secrets.
pub(crate) struct Rng {
    key: [u8; 32],
    drawn: AtomicU64,
    /// The key that seals state for clients to return.
    pub(crate) seal: StateKey,
}

/// Omits the key, which would make every number predictable.
impl fmt::Debug for Rng {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rng").field("drawn", &self.drawn).finish_non_exhaustive()
    }
}

impl Rng {
    /// Returns the next number.
    pub(crate) fn next_u64(&self) -> u64 {
        let mut hash = DefaultHasher::new();
        hash.write(&self.key);
        hash.write_u64(self.drawn.fetch_add(1, Ordering::Relaxed));
        hash.finish()
    }
}
