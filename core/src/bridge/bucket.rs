//! A rate limit: a token bucket.

use crate::time::{Duration, Instant};

/// Tokens, which return over time.
#[derive(Debug, Default)]
pub(crate) struct Bucket {
    /// The time at which the bucket is full again.
    full_at: Instant,
}

impl Bucket {
    /// Takes a token, if there is one: there are up to `burst`, and `per_second` return.
    pub(crate) fn take(&mut self, burst: usize, per_second: usize, now: Instant) -> bool {
        let token = Duration::from_secs(1) / u32::try_from(per_second.max(1)).unwrap_or(u32::MAX);
        let full_at = self.full_at.max(now) + token;
        let has_one = full_at.since(now) <= token * u32::try_from(burst).unwrap_or(u32::MAX);
        if has_one {
            self.full_at = full_at;
        }
        has_one
    }
}
