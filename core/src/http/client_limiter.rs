//! The limits for each client: the rate of its requests, its requests in progress, its sessions.
//!
//! Owns: the counts of recent clients, up to a maximum number, and of those that have a request or
//! a session. Never: the content of a request.
//!
//! The rate is checked when the head of a request is there. The other counts are atomic, because a
//! [`ClientSlot`] is taken and returned without the lock of the table. The engine keeps that of a
//! request with it, so that it counts until it is answered, even if its client has left.

use core::net::{IpAddr, Ipv6Addr};
use core::sync::atomic::{AtomicUsize, Ordering};
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::{ClientLimits, Rate};
use crate::observe::Detail;
use crate::principal::Principal;
use crate::reject::Reject;
use crate::time::{Duration, Instant};

/// Counts requests by client, and refuses those over a limit.
#[derive(Debug)]
pub struct ClientLimiter {
    limits: ClientLimits,
    /// Whether principals are verified, so that each is a client.
    is_verified: bool,
    records: BTreeMap<ClientName, Record>,
}

/// A client, as far as requests are known to be its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum ClientName {
    /// The address of its connection, or that of the proxy in front; clients without a known
    /// address are one client.
    Address(Option<IpAddr>),
    /// A verified principal. Clients without one are forgotten first.
    Principal(Principal),
}

#[derive(Debug)]
struct Record {
    usage: RateUsage,
    /// Shared with the requests of this client that are being answered, and with its sessions.
    open: Arc<OpenCounts>,
}

/// The requests and sessions of a client.
#[derive(Debug, Default)]
struct OpenCounts {
    requests: AtomicUsize,
    sessions: AtomicUsize,
}

/// A known client, for as long as one of its requests is being answered.
#[derive(Clone, Debug)]
pub struct LimitedClient {
    name: ClientName,
    limits: ClientLimits,
    open: Arc<OpenCounts>,
    /// The request's place among those of the client in progress, which its messages share.
    pub(super) request: Option<Arc<ClientSlot>>,
}

/// A request or a session that counts for its client until this is dropped.
#[derive(Debug)]
pub(crate) struct ClientSlot {
    open: Arc<OpenCounts>,
    counter: fn(&OpenCounts) -> &AtomicUsize,
}

impl ClientLimiter {
    /// Creates a limiter without counts. If principals are verified, each is a client; otherwise
    /// each address is.
    pub fn new(limits: ClientLimits, is_verified: bool) -> ClientLimiter {
        ClientLimiter { limits, is_verified, records: BTreeMap::new() }
    }

    /// Counts a request of this sender if `is_counted`, and returns its client.
    ///
    /// # Errors
    ///
    /// [`Reject::RateExceeded`] if it is over the limit, with the time until a request is allowed.
    pub(crate) fn handle_request(
        &mut self,
        (peer, principal): (Option<IpAddr>, Principal),
        is_counted: bool,
        now: Instant,
    ) -> Result<LimitedClient, (Reject, Detail)> {
        let name = match principal {
            Principal::Bearer(_) if self.is_verified => ClientName::Principal(principal),
            _ => ClientName::Address(peer.map(neighbourhood)),
        };
        if self.records.len() >= CLIENTS_MAX && !self.records.contains_key(&name) {
            self.make_room(now);
        }
        let fresh = || Record { usage: RateUsage::new(now), open: Arc::default() };
        let record = self.records.entry(name).or_insert_with(fresh);
        if let Some(rate) = self.limits.rate.filter(|_| is_counted) {
            record.usage.spend(rate, now).map_err(|pause| {
                (Reject::RateExceeded { pause, option: rate.option() }, name.detail())
            })?;
        }
        Ok(LimitedClient { name, limits: self.limits, open: record.open.clone(), request: None })
    }

    /// Removes the clients without a request or session whose usage is over, or else some of those
    /// whose usage ends first, so that the next calls find room.
    fn make_room(&mut self, now: Instant) {
        let rate = self.limits.rate;
        let ends_at =
            |record: &Record| rate.map_or(Instant::ZERO, |rate| record.usage.ends_at(rate));
        let is_idle = |record: &Record| Arc::strong_count(&record.open) == 1;
        self.records.retain(|_, record| !is_idle(record) || ends_at(record) > now);
        if self.records.len() >= CLIENTS_MAX {
            let idle = self.records.iter().filter(|(_, record)| is_idle(record));
            let order = |(name, record): (&ClientName, &Record)| {
                (matches!(name, ClientName::Principal(_)), ends_at(record), *name)
            };
            let mut idle: Vec<_> = idle.map(order).collect();
            idle.sort_unstable();
            for (.., name) in idle.iter().take(CLIENTS_MAX / 8) {
                self.records.remove(name);
            }
        }
    }
}

/// The requests that count for a client's rate at a time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RateUsage {
    /// The start of the window, or the time of the last request.
    since: Instant,
    /// Requests, or, at a steady rate, millionths of requests that are not refilled.
    spent: u64,
}

/// The parts of a request that are counted at a steady rate: per microsecond, as many as the
/// requests per second are refilled.
const REQUEST: u64 = 1_000_000;

impl RateUsage {
    pub(crate) fn new(now: Instant) -> RateUsage {
        RateUsage { since: now, spent: 0 }
    }

    /// Adds a request; the error is the time until one is allowed.
    pub(crate) fn spend(&mut self, rate: Rate, now: Instant) -> Result<(), Duration> {
        let passed = now.since(self.since);
        match rate {
            Rate::Window { requests_max, window } => {
                if passed >= window {
                    *self = RateUsage::new(now);
                } else if self.spent >= requests_max {
                    return Err(window - passed);
                }
                self.spent += 1;
            }
            Rate::Steady { per_second, burst } => {
                let micros = now.as_micros().saturating_sub(self.since.as_micros());
                let left = self.spent.saturating_sub(micros.saturating_mul(per_second.into()));
                let over = (left + REQUEST).saturating_sub(u64::from(burst) * REQUEST);
                if over > 0 {
                    return Err(Duration::from_micros(over.div_ceil(per_second.into())));
                }
                *self = RateUsage { since: now.max(self.since), spent: left + REQUEST };
            }
        }
        Ok(())
    }

    /// Returns when it is as if there had been no request.
    pub(crate) fn ends_at(&self, rate: Rate) -> Instant {
        self.since
            + match rate {
                Rate::Window { window, .. } => window,
                Rate::Steady { per_second, .. } => {
                    Duration::from_micros(self.spent.div_ceil(per_second.into()))
                }
            }
    }
}

impl LimitedClient {
    /// Counts a request until its slot is dropped.
    ///
    /// # Errors
    ///
    /// [`Reject::ConcurrencyExceeded`].
    pub(super) fn open_request(&mut self) -> Result<(), Reject> {
        let slot = self.open(|open| &open.requests, self.limits.requests_max);
        self.request = Some(Arc::new(slot.ok_or(Reject::ConcurrencyExceeded)?));
        Ok(())
    }

    /// Counts a session.
    ///
    /// # Errors
    ///
    /// [`Reject::ClientSessionsFull`].
    pub(crate) fn open_session(&self) -> Result<ClientSlot, Reject> {
        let slot = self.open(|open| &open.sessions, self.limits.sessions_max);
        slot.ok_or(Reject::ClientSessionsFull)
    }

    /// Returns the request's place among those of the client in progress, for one of its messages.
    pub(crate) fn request_slot(&self) -> Option<Arc<ClientSlot>> {
        self.request.clone()
    }

    /// Returns the client for the log.
    pub(crate) fn detail(&self) -> Detail {
        self.name.detail()
    }

    fn open(
        &self,
        counter: fn(&OpenCounts) -> &AtomicUsize,
        max: Option<usize>,
    ) -> Option<ClientSlot> {
        let more = |count: usize| (count < max.unwrap_or(usize::MAX)).then(|| count + 1);
        let slot = || ClientSlot { open: self.open.clone(), counter };
        let count = counter(&self.open);
        count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok().map(|_| slot())
    }
}

impl Drop for ClientSlot {
    fn drop(&mut self) {
        (self.counter)(&self.open).fetch_sub(1, Ordering::Relaxed);
    }
}

impl ClientName {
    fn detail(self) -> Detail {
        match self {
            ClientName::Address(Some(IpAddr::V6(network))) => {
                Detail::of_text(&format!("{network}/64"))
            }
            ClientName::Address(Some(address)) => Detail::of_text(&address.to_string()),
            ClientName::Address(None) => Detail::of_text("unknown address"),
            ClientName::Principal(principal) => Detail::of_text(&principal.short_name()),
        }
    }
}

/// Returns the address as far as it identifies a client: an IPv6 host has all addresses with the
/// same first 64 bits (RFC 4291, section 2.5.1).
pub(crate) fn neighbourhood(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)))
        }
        canonical => canonical,
    }
}

/// The maximum number of clients with counts, besides those with a request or a session.
const CLIENTS_MAX: usize = 10_000;

#[cfg(test)]
mod tests;
