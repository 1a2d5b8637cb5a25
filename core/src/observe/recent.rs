//! The requests of about the last minute, and their durations.
//!
//! Owns: a ring of histograms, each for ten seconds. It is written without a lock: where two
//! threads start the next histogram at once, it may miss a few requests. Counters that must be
//! exact are in [`Metrics`](super::Metrics).

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::time::{Duration, Instant};

/// The time that one histogram covers.
const PERIOD_MICROS: u64 = 10_000_000;

/// The number of whole periods that count, besides the one that has not ended.
const PERIODS: u64 = 6;

/// The number of buckets for each power of two.
const STEPS: u64 = 4;

/// The power of two that begins the first bucket, in microseconds. Shorter durations count there.
const SHORTEST: u64 = 3;

/// The power of two after the last bucket: about 18 minutes. Longer durations count there.
const LONGEST: u64 = 30;

const BUCKETS: usize = ((LONGEST - SHORTEST) * STEPS) as usize;

/// Histograms of the requests of about the last minute.
#[derive(Debug)]
pub(crate) struct RecentRequests {
    periods: Box<[Period]>,
}

#[derive(Debug)]
struct Period {
    /// The number of this period since the start of the clock.
    number: AtomicU64,
    buckets: [AtomicU32; BUCKETS],
}

/// Figures about requests of about the last minute.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RecentFigures {
    /// The number of requests per second.
    pub per_second: f64,
    /// The duration that half of the requests did not exceed; `None` without a request.
    pub p50: Option<Duration>,
    /// The duration that 99 of 100 requests did not exceed; `None` without a request.
    pub p99: Option<Duration>,
}

impl Default for RecentRequests {
    fn default() -> RecentRequests {
        let period = || Period {
            number: AtomicU64::new(u64::MAX),
            buckets: [const { AtomicU32::new(0) }; BUCKETS],
        };
        RecentRequests { periods: (0..=PERIODS).map(|_| period()).collect() }
    }
}

impl RecentRequests {
    /// Records a request that is answered now.
    pub(crate) fn record(&self, took: Duration, now: Instant) {
        let number = now.as_micros() / PERIOD_MICROS;
        let period = &self.periods[(number % (PERIODS + 1)) as usize];
        if period.number.load(Ordering::Acquire) != number {
            period.buckets.iter().for_each(|bucket| bucket.store(0, Ordering::Relaxed));
            period.number.store(number, Ordering::Release);
        }
        period.buckets[bucket(took)].fetch_add(1, Ordering::Relaxed);
    }

    /// Returns the figures at this time, of a server that started at `started`.
    pub(crate) fn figures(&self, started: Instant, now: Instant) -> RecentFigures {
        let current = now.as_micros() / PERIOD_MICROS;
        let oldest = current.saturating_sub(PERIODS);
        let mut counts = [0_u64; BUCKETS];
        for period in &self.periods {
            if (oldest..=current).contains(&period.number.load(Ordering::Acquire)) {
                let buckets = period.buckets.iter().map(|it| it.load(Ordering::Relaxed));
                counts.iter_mut().zip(buckets).for_each(|(sum, count)| *sum += u64::from(count));
            }
        }
        let since = Instant::from_micros(oldest * PERIOD_MICROS).max(started);
        let seconds = now.since(since).as_secs_f64().max(1.0);
        RecentFigures {
            per_second: counts.iter().sum::<u64>() as f64 / seconds,
            p50: quantile(&counts, 0.5),
            p99: quantile(&counts, 0.99),
        }
    }
}

/// Returns the bucket of a duration.
fn bucket(took: Duration) -> usize {
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    let micros = micros.clamp(1 << SHORTEST, (1 << LONGEST) - 1);
    let power = u64::from(micros.ilog2());
    let step = (micros >> (power - 2)) % STEPS;
    ((power - SHORTEST) * STEPS + step) as usize
}

/// Returns the lower bound of a bucket in microseconds.
fn lower_bound(bucket: usize) -> u64 {
    let (power, step) = (bucket as u64 / STEPS + SHORTEST, bucket as u64 % STEPS);
    (STEPS + step) << (power - 2)
}

/// Returns the duration that this share of the requests did not exceed, with an error of at most a
/// quarter.
fn quantile(counts: &[u64; BUCKETS], share: f64) -> Option<Duration> {
    let rank = (counts.iter().sum::<u64>() as f64 * share).ceil() as u64;
    let mut before = 0;
    for (bucket, count) in counts.iter().enumerate() {
        if *count > 0 && before + count >= rank {
            let (from, to) = (lower_bound(bucket), lower_bound(bucket + 1));
            let within = (rank - before) as f64 / *count as f64;
            let micros = from as f64 + (to - from) as f64 * within;
            return Some(Duration::from_micros(micros as u64));
        }
        before += count;
    }
    None
}

#[cfg(test)]
mod tests;
