//! The starts of processes for sets of values of headers: their rate, and the pause after failed
//! ones.
//!
//! Owns: the counts for all clients together, and for each client that has started one lately. A
//! client chooses its values, so a count for each set of values would limit none.
//! Never: the start itself, or a set of values.

use core::net::IpAddr;
use std::collections::BTreeMap;

use crate::config::Rate;
use crate::cx::SpawnBackoff;
use crate::http::{McpHead, RateUsage, neighbourhood};
use crate::limits::Limits;
use crate::principal::Principal;
use crate::reject::Reject;
use crate::time::{Duration, Instant};

/// The starts for new sets of values.
#[derive(Debug, Default)]
pub(super) struct VariantStarts {
    all: Starts,
    clients: BTreeMap<StartClient, Starts>,
}

/// The client that a process is started for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum StartClient {
    /// A client with an address; those without a known one are one client.
    Address(Option<IpAddr>),
    /// A verified principal.
    Principal(Principal),
}

impl StartClient {
    /// Returns the client of a request. Principals count only if they are verified, because a client
    /// could choose others.
    pub(super) fn of(head: &McpHead, is_verified: bool) -> StartClient {
        match head.principal {
            Principal::Bearer(_) if is_verified => StartClient::Principal(head.principal),
            _ => StartClient::Address(head.peer.map(neighbourhood)),
        }
    }

    /// Returns its share of this many starts.
    fn share(self, max: usize) -> usize {
        match self {
            StartClient::Address(_) => Limits::peer_share(max),
            StartClient::Principal(_) => Limits::principal_share(max),
        }
    }
}

#[derive(Debug, Default)]
struct Starts {
    usage: Option<RateUsage>,
    /// The number of failures in a row.
    failures: u32,
    backoff: SpawnBackoff,
}

impl Starts {
    /// Adds a start.
    fn spend(&mut self, rate: Rate, now: Instant) -> Result<(), Duration> {
        self.usage.get_or_insert_with(|| RateUsage::new(now)).spend(rate, now)
    }

    fn check(&self, rate: Rate, now: Instant) -> Result<(), Reject> {
        self.backoff.check(now)?;
        let usage = self.usage.map_or(Ok(()), |mut usage| usage.spend(rate, now));
        usage.map_err(|pause| Reject::HeaderValuesExceeded { pause })
    }

    fn record_failure(&mut self, now: Instant, limits: &Limits) {
        self.failures = self.failures.saturating_add(1);
        if self.failures > FREE_FAILURES {
            self.backoff.record_failure(now, limits.start_pause_max);
        }
    }

    /// Returns whether it is as if there had been no start.
    fn is_over(&self, rate: Rate, now: Instant) -> bool {
        self.usage.is_none_or(|usage| usage.ends_at(rate) <= now)
            && !self.backoff.failed_lately(now)
    }
}

impl VariantStarts {
    /// Checks whether a process may be started now for a set of values that has none.
    ///
    /// # Errors
    ///
    /// [`Reject::SpawnBackoff`] or [`Reject::HeaderValuesExceeded`], with the time to wait.
    pub(super) fn check(
        &self,
        client: StartClient,
        limits: &Limits,
        now: Instant,
    ) -> Result<(), Reject> {
        let max = starts_max(limits);
        if let Some(starts) = self.clients.get(&client) {
            starts.check(rate(client.share(max)), now)?;
        }
        self.all.check(rate(max), now)
    }

    /// Counts a start.
    pub(super) fn record_start(&mut self, client: StartClient, limits: &Limits, now: Instant) {
        let max = starts_max(limits);
        let of = |client: &StartClient| rate(client.share(max));
        self.clients.retain(|client, starts| !starts.is_over(of(client), now));
        // It was checked before; several starts in one turn may exceed the limit a little.
        let _ = self.all.spend(rate(max), now);
        let _ = self.clients.entry(client).or_default().spend(of(&client), now);
    }

    /// Counts a failed start. All together are slowed down only by failures of several clients.
    pub(super) fn record_failure(&mut self, client: StartClient, limits: &Limits, now: Instant) {
        let own = self.clients.entry(client).or_default();
        if own.failures == 0 {
            self.all.record_failure(now, limits);
        }
        own.record_failure(now, limits);
    }

    /// Records that a process has answered.
    pub(super) fn record_success(&mut self, client: StartClient) {
        for starts in [Some(&mut self.all), self.clients.get_mut(&client)].into_iter().flatten() {
            starts.failures = 0;
            starts.backoff.record_success();
        }
    }
}

/// Returns the maximum number of starts in [`WINDOW`].
fn starts_max(limits: &Limits) -> usize {
    limits.sessions_max.saturating_mul(STARTS_PER_PLACE)
}

fn rate(requests_max: usize) -> Rate {
    Rate::Window { requests_max: requests_max as u64, window: WINDOW }
}

/// The time in which starts are counted.
const WINDOW: Duration = Duration::from_secs(60);

/// The starts in [`WINDOW`] for each session or process that may be open at a time.
const STARTS_PER_PLACE: usize = 4;

/// Failures in a row without a pause: several users of a client may each have a wrong value.
const FREE_FAILURES: u32 = 3;

#[cfg(test)]
mod tests;
