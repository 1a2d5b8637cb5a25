//! How many requests an address may send.
//!
//! Owns: the counts of the addresses that have sent some lately; so many of them, and no more.
//! Never: what a request asks for, or whether it is any good.

use core::net::{IpAddr, Ipv6Addr};
use std::collections::BTreeMap;

use crate::reject::Reject;
use crate::time::{Duration, Instant};

/// How many requests an address may send in a window of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// So many requests of one address.
    pub requests_max: u64,
    /// In this time, counted from the first of them.
    pub window: Duration,
}

/// Counts requests by address, and refuses those that are too many.
#[derive(Debug)]
pub struct Throttle {
    rate: Rate,
    windows: BTreeMap<Option<IpAddr>, Window>,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    since: Instant,
    requests: u64,
}

impl Throttle {
    /// Nobody has sent anything yet.
    pub fn new(rate: Rate) -> Throttle {
        Throttle { rate, windows: BTreeMap::new() }
    }

    /// Takes a request of this address; those of unknown addresses count as one's.
    ///
    /// # Errors
    ///
    /// It is one too many: [`Reject::RateExceeded`], and when the next one may come.
    pub fn handle_request(&mut self, peer: Option<IpAddr>, now: Instant) -> Result<(), Reject> {
        let peer = peer.map(neighbourhood);
        if self.windows.len() >= PEERS_MAX && !self.windows.contains_key(&peer) {
            self.make_room(now);
        }
        let fresh = Window { since: now, requests: 0 };
        let window = self.windows.entry(peer).or_insert(fresh);
        let passed = now.since(window.since);
        if passed >= self.rate.window {
            *window = fresh;
        } else if window.requests >= self.rate.requests_max {
            return Err(Reject::RateExceeded { pause: self.rate.window - passed });
        }
        window.requests += 1;
        Ok(())
    }

    /// Forgets the windows that are over; if there are none, the one that ends first.
    fn make_room(&mut self, now: Instant) {
        let length = self.rate.window;
        self.windows.retain(|_, window| now.since(window.since) < length);
        if self.windows.len() >= PEERS_MAX {
            let oldest = self.windows.iter().min_by_key(|(_, window)| window.since);
            if let Some(peer) = oldest.map(|(peer, _)| *peer) {
                self.windows.remove(&peer);
            }
        }
    }
}

/// An address as far as it tells one sender from others: a host of IPv6 has all the addresses that
/// begin with the same 64 bits (RFC 4291, section 2.5.1).
pub(crate) fn neighbourhood(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)))
        }
        canonical => canonical,
    }
}

/// Addresses that are kept in mind.
const PEERS_MAX: usize = 10_000;

#[cfg(test)]
mod tests;
