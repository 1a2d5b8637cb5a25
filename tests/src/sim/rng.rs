//! Reproducible pseudo-random numbers.

use std::ops::Range;

/// A sequence of numbers that depends only on its seed (SplitMix64).
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// Creates the sequence of this seed.
    pub fn new(seed: u64) -> Rng {
        Rng(seed)
    }

    /// Returns the next number.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns a number in this range, which must not be empty.
    pub fn range(&mut self, range: Range<u64>) -> u64 {
        range.start + self.next_u64() % (range.end - range.start)
    }

    /// Returns true once in this many times, on average.
    pub fn once_in(&mut self, times: u64) -> bool {
        self.next_u64().is_multiple_of(times)
    }

    /// Returns one of several values; there must be one.
    pub fn choose<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.range(0..of.len() as u64) as usize]
    }

    /// Returns an independent sequence.
    pub fn fork(&mut self) -> Rng {
        Rng(self.next_u64())
    }

    /// Returns 32 bytes.
    pub fn seed(&mut self) -> [u8; 32] {
        let mut seed = [0; 32];
        for part in seed.chunks_mut(8) {
            part.copy_from_slice(&self.next_u64().to_le_bytes());
        }
        seed
    }
}
