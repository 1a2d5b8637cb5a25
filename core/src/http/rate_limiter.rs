//! The rate limit for each client address.
//!
//! Owns: the counts of recent addresses, up to a maximum number. Never: the content of a request.

use core::net::{IpAddr, Ipv6Addr};
use std::collections::BTreeMap;

use crate::config::Rate;
use crate::reject::Reject;
use crate::time::Instant;

/// Counts requests by address, and refuses those over the limit.
#[derive(Debug)]
pub struct RateLimiter {
    rate: Rate,
    windows: BTreeMap<Option<IpAddr>, Window>,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    since: Instant,
    requests: u64,
}

impl RateLimiter {
    /// Creates a limiter without counts.
    pub fn new(rate: Rate) -> RateLimiter {
        RateLimiter { rate, windows: BTreeMap::new() }
    }

    /// Counts a request from this address; requests from unknown addresses share one count.
    ///
    /// # Errors
    ///
    /// [`Reject::RateExceeded`] if it is over the limit, with the time until the window ends.
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

    /// Removes the windows that are over, or else the one that ends first.
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

/// The maximum number of addresses with a count.
const PEERS_MAX: usize = 10_000;

#[cfg(test)]
mod tests;
