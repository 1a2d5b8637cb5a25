//! Choices that follow from a number.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// Makes choices; those of one seed are always the same.
#[derive(Debug)]
pub(super) struct Dice(ChaCha20Rng);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Dice(ChaCha20Rng::seed_from_u64(seed))
    }

    /// A number from `low` to `high`, both included. They are not in the wrong order, and near
    /// enough to each other that a remainder is fair.
    pub(super) fn between(&mut self, low: i64, high: i64) -> i64 {
        low + i64::from(self.0.next_u32()) % (high - low + 1)
    }

    /// One of these, of which there are some.
    pub(super) fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.between(0, all.len() as i64 - 1) as usize]
    }
}
