//! The open exchanges, and their number for each client.
//!
//! Owns: the limits on open requests and streams, in total, for a peer address and for a principal.
//!
//! An open exchange holds its connection, so these limits keep some connections for probes and for
//! requests that are answered at once.

use core::net::IpAddr;
use std::collections::{BTreeMap, VecDeque};
use std::ops::Deref;
use std::sync::Arc;

use crate::auth::{Grant, Keys};
use crate::http::{ClientSlot, Holder};
use crate::ids::{ExchangeId, SessionId, VariantId};
use crate::limits::Limits;
use crate::memory::{Account, Permit};
use crate::principal::Principal;
use crate::reject::{Reject, TokenFlaw};
use crate::time::{Duration, Instant};

/// An exchange at the transport.
#[derive(Debug)]
pub(crate) struct Transport {
    /// Its owner.
    pub(crate) owner: Owner,
    /// The stream it carries, while that stream has something to send.
    pub(crate) stream: Option<u64>,
    /// Bytes passed to the adapter that the transport has not accepted.
    pub(crate) unsent: usize,
    /// The same bytes in its client's account, or `None` without a memory budget.
    pub(super) debt: Option<Permit>,
}

impl Transport {
    /// Creates an exchange without output, for the client of this account.
    pub(crate) fn new(owner: Owner, stream: Option<u64>, account: Option<&Account>) -> Transport {
        let debt = account.map(|account| account.answers().permit());
        Transport { owner, stream, unsent: 0, debt }
    }

    /// Records bytes passed to the adapter.
    pub(super) fn add(&mut self, bytes: usize) {
        self.unsent += bytes;
        if let Some(debt) = &mut self.debt {
            debt.add(bytes);
        }
    }

    /// Records bytes that the transport accepted; returns how many of them were outstanding.
    pub(crate) fn taken(&mut self, bytes: usize) -> usize {
        let bytes = bytes.min(self.unsent);
        self.unsent -= bytes;
        if let Some(debt) = &mut self.debt {
            debt.give_back(bytes);
        }
        bytes
    }
}

/// The owner of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// A request that waits for a worker, or for its answer.
    Bridge,
    /// A request without a session.
    Stateless,
    /// A session.
    Session(SessionId),
}

/// Exchanges whose end the adapter will report.
#[derive(Debug, Default)]
pub(crate) struct Exchanges {
    open: BTreeMap<ExchangeId, Transport>,
    holders: BTreeMap<ExchangeId, Holder>,
    /// The grants of streams.
    grants: BTreeMap<ExchangeId, HeldGrant>,
    all: Held,
    by_peer: BTreeMap<Option<IpAddr>, Held>,
    by_principal: BTreeMap<Principal, Held>,
    /// The variant that is handling an input ([`crate::Config::header_env`]).
    pub(crate) variant: Option<VariantId>,
    /// The variants of exchanges that have one.
    variants: BTreeMap<ExchangeId, VariantId>,
    /// The places of cancelled requests among those of their clients in progress, each with the time
    /// until which it is kept; in order.
    cancelled: VecDeque<(Instant, Arc<ClientSlot>)>,
}

/// The grant of an open stream.
#[derive(Debug)]
struct HeldGrant {
    grant: Arc<Grant>,
    /// Whether it was checked with the keys that were the current ones at the last check.
    is_checked: bool,
}

/// The number of exchanges held open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Held {
    requests: usize,
    streams: usize,
}

impl Held {
    fn add(&mut self, holder: &Holder) {
        self.requests += 1;
        self.streams += usize::from(holder.is_stream);
    }

    fn subtract(&mut self, holder: &Holder) {
        self.requests -= 1;
        self.streams -= usize::from(holder.is_stream);
    }
}

impl Exchanges {
    /// Checks whether this client may open another exchange.
    ///
    /// # Errors
    ///
    /// [`Reject::StreamsFull`] or [`Reject::RequestsFull`].
    pub(crate) fn check(&self, holder: &Holder, limits: &Limits) -> Result<(), Reject> {
        let of_peer = self.by_peer.get(&holder.peer).copied().unwrap_or_default();
        // Without credentials a client is identified by its address only.
        let of_principal = match holder.principal {
            Principal::Anonymous => Held::default(),
            principal => self.by_principal.get(&principal).copied().unwrap_or_default(),
        };
        let is_full = |of: fn(&Held) -> usize, max: usize| {
            let (peer_max, principal_max) = (Limits::peer_share(max), Limits::principal_share(max));
            of(&self.all) >= max || of(&of_peer) >= peer_max || of(&of_principal) >= principal_max
        };
        if holder.is_stream && is_full(|held| held.streams, limits.open_streams_max()) {
            return Err(Reject::StreamsFull);
        }
        match is_full(|held| held.requests, limits.open_requests_max()) {
            true => Err(Reject::RequestsFull),
            false => Ok(()),
        }
    }

    /// Counts an exchange for a client, if it is still open.
    pub(crate) fn hold(&mut self, exchange: ExchangeId, holder: Holder) {
        if self.open.contains_key(&exchange) {
            let grant = holder.grant.clone().map(|grant| HeldGrant { grant, is_checked: false });
            self.grants.extend(grant.map(|grant| (exchange, grant)));
            self.all.add(&holder);
            self.by_peer.entry(holder.peer).or_default().add(&holder);
            self.by_principal.entry(holder.principal).or_default().add(&holder);
            self.holders.insert(exchange, holder);
        }
    }

    /// Returns whether a stream is open whose grant may end before it.
    pub(crate) fn has_grants(&self) -> bool {
        !self.grants.is_empty()
    }

    /// Returns the streams whose grants do not hold any more, and why; each once. With the same keys
    /// as at the last call, a grant can only have expired since then.
    pub(crate) fn take_revoked(
        &mut self,
        keys: &Keys,
        is_changed: bool,
        unix_time: Duration,
    ) -> Vec<(ExchangeId, TokenFlaw)> {
        let mut revoked = Vec::new();
        self.grants.retain(|exchange, held| {
            let is_known = std::mem::replace(&mut held.is_checked, true) && !is_changed;
            let flaw = match is_known && !held.grant.has_expired(unix_time) {
                true => None,
                false => held.grant.flaw(keys, unix_time),
            };
            revoked.extend(flaw.map(|flaw| (*exchange, flaw)));
            flaw.is_none()
        });
        revoked
    }

    /// Keeps the place of a cancelled request until this time, which is no earlier than those before.
    pub(crate) fn keep_slot(&mut self, slot: Arc<ClientSlot>, until: Instant) {
        self.cancelled.push_back((until, slot));
    }

    /// Frees the places whose time is over; returns the time of the next one.
    pub(crate) fn free_slots(&mut self, now: Instant) -> Option<Instant> {
        while self.cancelled.pop_front_if(|(until, _)| *until <= now).is_some() {}
        self.cancelled.front().map(|(until, _)| *until)
    }

    /// Returns the variant that handles the request of an exchange, if it has one.
    pub(crate) fn variant_of(&self, exchange: &ExchangeId) -> Option<VariantId> {
        self.variants.get(exchange).copied()
    }

    pub(crate) fn insert(&mut self, exchange: ExchangeId, transport: Transport) {
        self.variants.extend(self.variant.map(|variant| (exchange, variant)));
        self.open.insert(exchange, transport);
    }

    pub(crate) fn get_mut(&mut self, exchange: &ExchangeId) -> Option<&mut Transport> {
        self.open.get_mut(exchange)
    }

    pub(crate) fn remove(&mut self, exchange: &ExchangeId) -> Option<Transport> {
        self.variants.remove(exchange);
        self.grants.remove(exchange);
        if let Some(holder) = self.holders.remove(exchange) {
            self.all.subtract(&holder);
            subtract(&mut self.by_peer, holder.peer, &holder);
            subtract(&mut self.by_principal, holder.principal, &holder);
        }
        self.open.remove(exchange)
    }
}

/// Subtracts an exchange, and removes a key without any.
fn subtract<K: Ord>(counts: &mut BTreeMap<K, Held>, key: K, holder: &Holder) {
    if let Some(held) = counts.get_mut(&key) {
        held.subtract(holder);
        if *held == Held::default() {
            counts.remove(&key);
        }
    }
}

impl Deref for Exchanges {
    type Target = BTreeMap<ExchangeId, Transport>;

    fn deref(&self) -> &Self::Target {
        &self.open
    }
}

#[cfg(test)]
mod tests;
