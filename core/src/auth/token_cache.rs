//! Facts about tokens that hold for a while.
//!
//! Owns: the entries, within a maximum number. Never: a token; only its digest.

use std::collections::BTreeMap;

use super::TokenDigest;
use crate::time::Duration;

/// Values about tokens, each until a time since 1970-01-01 00:00 UTC.
#[derive(Debug)]
pub(super) struct TokenCache<T> {
    entries: BTreeMap<TokenDigest, Entry<T>>,
    entries_max: usize,
}

#[derive(Debug)]
struct Entry<T> {
    value: T,
    until: Duration,
    /// Whether the token is valid. Entries about others go first, because any client can
    /// invent them.
    is_valid: bool,
}

impl<T: Clone> TokenCache<T> {
    pub(super) fn new(entries_max: usize) -> Self {
        TokenCache { entries: BTreeMap::new(), entries_max }
    }

    /// Returns the value about a token.
    pub(super) fn get(&self, digest: &TokenDigest, unix_time: Duration) -> Option<T> {
        let entry = self.entries.get(digest).filter(|entry| unix_time < entry.until)?;
        Some(entry.value.clone())
    }

    /// Keeps a value until a time. Over the maximum, expired entries go, or else the one of least
    /// worth.
    pub(super) fn insert(
        &mut self,
        digest: TokenDigest,
        value: T,
        until: Duration,
        is_valid: bool,
        unix_time: Duration,
    ) {
        if self.entries.len() >= self.entries_max {
            self.entries.retain(|_, entry| unix_time < entry.until);
        }
        if self.entries.len() >= self.entries_max {
            let least = self.entries.iter().min_by_key(|(_, entry)| (entry.is_valid, entry.until));
            if let Some(digest) = least.map(|(digest, _)| *digest) {
                self.entries.remove(&digest);
            }
        }
        self.entries.insert(digest, Entry { value, until, is_valid });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: usize = 16;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(1_800_000_000 + seconds)
    }

    fn digest(n: usize) -> TokenDigest {
        TokenDigest::of(n.to_string().as_bytes())
    }

    #[test]
    fn an_entry_is_known_until_its_time() {
        let mut cache = TokenCache::new(MAX);
        cache.insert(digest(1), 'a', at(10), true, at(0));
        assert_eq!(cache.get(&digest(1), at(9)), Some('a'));
        assert_eq!(cache.get(&digest(1), at(10)), None);
        assert_eq!(cache.get(&digest(2), at(0)), None);
    }

    #[test]
    fn a_flood_of_invented_tokens_removes_no_valid_one() {
        let mut cache = TokenCache::new(MAX);
        cache.insert(digest(0), 'v', at(10), true, at(0));
        for n in 1..1000 {
            cache.insert(digest(n), 'i', at(20), false, at(1));
            assert!(cache.entries.len() <= MAX);
        }
        assert_eq!(cache.get(&digest(0), at(1)), Some('v'));
    }

    #[test]
    fn expired_entries_make_room() {
        let mut cache = TokenCache::new(MAX);
        for n in 0..MAX {
            cache.insert(digest(n), 'v', at(10), true, at(0));
        }
        cache.insert(digest(MAX), 'i', at(20), false, at(10));
        assert_eq!(cache.entries.len(), 1);
    }
}
