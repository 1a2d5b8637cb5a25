//! The bytes that pontoon holds for clients and servers, and how many more it may hold.
//!
//! Owns: the one budget ([`Limits::memory_bytes_max`]) and the shares of it. A [`Permit`] stands for
//! bytes that are held, and gives them back when it is dropped; [`Permit::attach`] ties it to the
//! bytes themselves, so that they count for as long as any part of them is kept, wherever that is.
//! Never: waits. A permit is given or refused at once; what follows is for its caller to decide.
//!
//! The counters are atomic: a request body is read without the engine's lock.
//!
//! | share | at most | of |
//! |---|---|---|
//! | request bodies, read or being read, until the server has taken them | 1/2 | the budget |
//! | events kept for `Last-Event-ID`, and messages that wait for a stream | 1/4 | the budget |
//! | what one child has written, until its clients have taken it | 1/2 | the budget |
//! | request bodies of one session, and its unread answers | 1/4 each | the budget |
//! | request bodies and unread answers of one principal with credentials | 1/2 | the budget |
//! | request bodies and unread answers of one peer address, unless it is a loopback address | 1/2 | the budget |
//!
//! The last eighth of the budget is left to messages of up to [`SMALL_BYTES_MAX`], and these are
//! counted in the shares above but never refused because of them: when large messages have used up
//! everything else, small ones are still served. A loopback address has no share, since all clients
//! of a user, or of a reverse proxy on this machine, have the same.
//!
//! The counter of a share is found by a hash of its owner. Two owners can get the same counter; then
//! they have one share together.

use core::fmt;
use core::net::IpAddr;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

use bytes::Bytes;
use smallvec::SmallVec;

use crate::ids::{ChildId, SessionId};
use crate::session::Principal;

#[cfg(doc)]
use crate::limits::Limits;

/// Messages of up to this many bytes may use the last eighth of the budget, and are not refused
/// because of a share.
pub const SMALL_BYTES_MAX: usize = 64 * 1024;

/// Counters for the shares of sessions, principals, peer addresses and children.
const COUNTERS: u16 = 4096;

/// The budget for all bytes that are held. Clones are the same budget.
#[derive(Clone)]
pub struct Memory(Arc<Counters>);

struct Counters {
    limit: usize,
    used: AtomicUsize,
    /// First the one of [`Kind::Bodies`], then the one of [`Kind::Kept`], then those found by a hash.
    shares: Box<[AtomicUsize]>,
}

/// Where bytes are counted: in the budget, in shares of it, or both.
#[derive(Clone, Debug)]
pub struct Account {
    memory: Memory,
    /// Whether its bytes count in the budget. Those of an answer on its way to a client do so
    /// already, by the permit that was attached to them.
    in_budget: bool,
    /// Whether small messages may use the last eighth, and are not refused because of a share.
    spares_small: bool,
    shares: SmallVec<[Share; 4]>,
}

/// A share: which kind it is of, and where it is counted.
#[derive(Clone, Copy, Debug)]
struct Share {
    kind: Kind,
    /// The index of its counter.
    counter: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Of all request bodies.
    Bodies,
    /// Of what is kept for clients that are away.
    Kept,
    Session,
    Principal,
    Peer,
    Child,
}

impl Kind {
    /// How high its counter may rise.
    fn max(self, limit: usize) -> usize {
        match self {
            Kind::Bodies | Kind::Principal | Kind::Peer | Kind::Child => limit / 2,
            Kind::Kept | Kind::Session => limit / 4,
        }
    }
}

/// Bytes that are held; dropping it gives them back.
#[derive(Debug)]
pub struct Permit {
    account: Account,
    bytes: usize,
}

impl Memory {
    /// A budget of this many bytes, none of which are used.
    pub fn new(limit: usize) -> Memory {
        Memory(Arc::new(Counters {
            limit,
            used: AtomicUsize::new(0),
            shares: (0..COUNTERS).map(|_| AtomicUsize::new(0)).collect(),
        }))
    }

    /// The bytes that may be held.
    pub fn limit(&self) -> usize {
        self.0.limit
    }

    /// The bytes that are held.
    pub fn used(&self) -> usize {
        self.0.used.load(Ordering::Relaxed)
    }

    /// Bytes that this child has written and that are held. Another child may be counted with it.
    pub(crate) fn written_by(&self, child: ChildId) -> usize {
        let account = self.child(child);
        account.shares.iter().map(|share| self.counter(share).load(Ordering::Relaxed)).sum()
    }

    /// Whether more than three quarters of the budget are used: children that wrote more than their
    /// clients have taken are read no further.
    pub fn is_short(&self) -> bool {
        self.used() > self.0.limit / 4 * 3
    }

    /// The account of the bodies of a client's requests. `session` is the one that the request
    /// names.
    pub fn requests(
        &self,
        peer: Option<IpAddr>,
        principal: Principal,
        session: Option<SessionId>,
    ) -> Account {
        let mut shares: SmallVec<[Share; 4]> = SmallVec::new();
        shares.push(Share { kind: Kind::Bodies, counter: BODIES });
        if let Some(session) = session {
            shares.push(Share::of(Kind::Session, session.as_bytes()));
        }
        if principal != Principal::Anonymous {
            shares.push(Share::of(Kind::Principal, &principal.to_bytes()));
        }
        match peer.map(|peer| peer.to_canonical()).filter(|peer| !peer.is_loopback()) {
            Some(IpAddr::V4(peer)) => shares.push(Share::of(Kind::Peer, &peer.octets())),
            // A host chooses the second half of its address as it likes.
            Some(IpAddr::V6(peer)) => shares.push(Share::of(Kind::Peer, &peer.octets()[..8])),
            None => {}
        }
        self.account(shares, true)
    }

    /// The account of what a child writes.
    pub fn child(&self, child: ChildId) -> Account {
        let share = Share::of(Kind::Child, &child.0.to_be_bytes());
        self.account(SmallVec::from_slice(&[share]), true)
    }

    /// The account of what is kept for clients that are away.
    pub fn kept(&self) -> Account {
        let share = Share { kind: Kind::Kept, counter: KEPT };
        self.account(SmallVec::from_slice(&[share]), false)
    }

    /// The account of messages that wait for a stream, whose bytes are in the budget already: they
    /// are lines of a child.
    pub(crate) fn kept_elsewhere(&self) -> Account {
        Account { in_budget: false, ..self.kept() }
    }

    /// The account of answers that are made in this process.
    pub fn made(&self) -> Account {
        self.account(SmallVec::new(), true)
    }

    /// Whether more is held than the budget allows: only what was there already can make it so.
    pub fn is_overdrawn(&self) -> bool {
        self.used() > self.0.limit
    }

    fn account(&self, shares: SmallVec<[Share; 4]>, spares_small: bool) -> Account {
        Account { memory: self.clone(), in_budget: true, spares_small, shares }
    }

    fn counter(&self, share: &Share) -> &AtomicUsize {
        &self.0.shares[usize::from(share.counter)]
    }
}

const BODIES: u16 = 0;
const KEPT: u16 = 1;
const HASHED: u16 = 2;

impl Share {
    /// The share of this owner.
    fn of(kind: Kind, owner: &[u8]) -> Share {
        // FNV-1a.
        let mix = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        let hash = owner.iter().fold(mix(0xcbf2_9ce4_8422_2325, &(kind as u8)), mix);
        let hashed = (hash ^ (hash >> 32)) % u64::from(COUNTERS - HASHED);
        Share { kind, counter: HASHED + hashed as u16 }
    }
}

impl Account {
    /// A permit for no bytes yet.
    pub fn permit(&self) -> Permit {
        Permit { account: self.clone(), bytes: 0 }
    }

    /// The account of answers that this client has not taken: they count in the shares of its
    /// principal and its address, and in the budget by the bytes themselves. What a session may
    /// leave unread is for the session to decide: its child may wait.
    pub(crate) fn answers(&self) -> Account {
        let is_clients = |share: &&Share| matches!(share.kind, Kind::Principal | Kind::Peer);
        let shares = self.shares.iter().filter(is_clients).copied().collect();
        Account { in_budget: false, shares, ..self.clone() }
    }

    /// The account of answers that are made in this process for this client, and are not reported
    /// when they are taken.
    pub(crate) fn made(&self) -> Account {
        Account { in_budget: true, ..self.answers() }
    }

    /// Counts bytes for as long as they are kept, whether or not there is room for them.
    pub fn hold(&self, bytes: Bytes) -> Bytes {
        let mut permit = self.permit();
        permit.add(bytes.len());
        permit.attach(bytes)
    }

    /// Counts an answer for as long as it is kept; `None` if there is no room for it.
    pub(crate) fn admit(&self, answer: impl Into<Bytes>) -> Option<Bytes> {
        let answer = answer.into();
        let mut permit = self.permit();
        permit.grow(answer.len()).then(|| permit.attach(answer))
    }

    /// Whether this many bytes more would be permitted now. One answer is always permitted to a
    /// client that has taken every other.
    pub fn has_room(&self, bytes: usize) -> bool {
        let has_room = |counter: &AtomicUsize, max: usize| {
            let used = counter.load(Ordering::Relaxed);
            used.saturating_add(bytes) <= max || used == 0 && !self.in_budget
        };
        let (budget, is_spared) = self.budget(bytes);
        let mut shares = self.shares.iter();
        (!self.in_budget || has_room(&self.memory.0.used, budget))
            && shares.all(|share| {
                let max = share.kind.max(self.memory.limit());
                is_spared || has_room(self.memory.counter(share), max)
            })
    }

    /// The bytes of the budget that a message of this size may use, and whether no share matters.
    fn budget(&self, bytes: usize) -> (usize, bool) {
        let limit = self.memory.0.limit;
        match self.spares_small && bytes <= SMALL_BYTES_MAX {
            true => (limit, true),
            false => (limit - limit / 8, false),
        }
    }
}

impl Permit {
    /// Where its bytes are counted.
    pub(crate) fn account(&self) -> &Account {
        &self.account
    }

    /// The bytes it stands for.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Makes it stand for `more` bytes more, if these are permitted; otherwise it stays as it is.
    #[must_use]
    pub fn grow(&mut self, more: usize) -> bool {
        let Account { memory, in_budget, shares, .. } = &self.account;
        let whole = self.bytes.saturating_add(more);
        let (budget, is_spared) = self.account.budget(whole);
        if *in_budget && !add_within(&memory.0.used, more, budget) {
            return false;
        }
        for (index, share) in shares.iter().enumerate() {
            let max = if is_spared { usize::MAX } else { share.kind.max(memory.limit()) };
            if !add_within(memory.counter(share), more, max) {
                if *in_budget {
                    memory.0.used.fetch_sub(more, Ordering::Relaxed);
                }
                for share in &shares[..index] {
                    memory.counter(share).fetch_sub(more, Ordering::Relaxed);
                }
                return false;
            }
        }
        self.bytes = whole;
        true
    }

    /// Makes it stand for `more` bytes more, whether or not these are permitted.
    pub fn add(&mut self, more: usize) {
        self.each_counter(|counter| {
            counter.fetch_add(more, Ordering::Relaxed);
        });
        self.bytes += more;
    }

    /// Gives back some of its bytes.
    pub fn give_back(&mut self, bytes: usize) {
        let bytes = bytes.min(self.bytes);
        self.each_counter(|counter| {
            counter.fetch_sub(bytes, Ordering::Relaxed);
        });
        self.bytes -= bytes;
    }

    /// Ties it to bytes: it is given back once no part of them is kept any more.
    pub fn attach(self, bytes: impl Into<Bytes>) -> Bytes {
        let bytes = bytes.into();
        if self.bytes == 0 { bytes } else { Bytes::from_owner(Held { bytes, _permit: self }) }
    }

    fn each_counter(&self, mut each: impl FnMut(&AtomicUsize)) {
        let Account { memory, in_budget, shares, .. } = &self.account;
        if *in_budget {
            each(&memory.0.used);
        }
        shares.iter().for_each(|share| each(memory.counter(share)));
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.give_back(self.bytes);
    }
}

/// Bytes with their permit.
struct Held {
    bytes: Bytes,
    _permit: Permit,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Adds to a counter unless it would exceed `max`. Whether it did.
fn add_within(counter: &AtomicUsize, bytes: usize, max: usize) -> bool {
    let sum = |used: usize| used.checked_add(bytes).filter(|sum| *sum <= max);
    counter.fetch_update(Ordering::Relaxed, Ordering::Relaxed, sum).is_ok()
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Memory({} of {})", self.used(), self.limit())
    }
}

#[cfg(test)]
mod tests;
