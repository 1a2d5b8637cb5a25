//! A limit on how often something happens: a token bucket.

use crate::time::{Duration, Instant};

/// Tokens, which come back over time.
#[derive(Debug, Default)]
pub(crate) struct Bucket {
    /// When the bucket is full again.
    full_at: Instant,
}

impl Bucket {
    /// Takes a token. Fails if none is left: there are up to `burst`, and `per_second` come back.
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
