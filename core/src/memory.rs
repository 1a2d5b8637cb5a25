//! The memory budget for the bytes held for clients and servers.
//!
//! Owns: the one budget ([`Limits::memory_bytes_max`]) and its shares. A [`Permit`] stands for held
//! bytes, and returns them when it is dropped; [`Permit::attach`] ties it to the bytes themselves,
//! so that they count for as long as any slice of them is kept.
//! Never: waits. A permit is granted or refused at once; the caller decides what follows.
//!
//! The counters are atomic, because request bodies are read without the engine's lock.

use core::fmt;
use core::net::IpAddr;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

use bytes::Bytes;
use smallvec::SmallVec;

use crate::chunk::Chunk;
use crate::ids::{ChildId, SessionId};
use crate::principal::Principal;

#[cfg(doc)]
use crate::limits::Limits;

/// The maximum length of a message that may use the last eighth of the budget, and is not refused
/// because of a share.
pub(crate) const SMALL_BYTES_MAX: usize = 64 * 1024;

/// The number of counters for the shares of sessions, principals, peer addresses and children.
const COUNTERS: u16 = 4096;

/// The budget for all held bytes ([`Limits::memory_bytes_max`]). Clones share the budget.
///
/// | share | at most | of |
/// |---|---|---|
/// | request bodies, read or being read, until the server has taken them | 1/2 | the budget |
/// | events kept for `Last-Event-ID`, and messages that wait for a stream | 1/4 | the budget |
/// | output of one child, until its clients have read it | 1/2 | the budget |
/// | request bodies of one session, and its unread answers | 1/4 each | the budget |
/// | request bodies and unread answers of one principal with credentials | 1/2 | the budget |
/// | request bodies and unread answers of one peer address, unless it is a loopback address | 1/2 | the budget |
///
/// The last eighth of the budget is reserved for messages of up to 64 KiB, which count in the
/// shares above but are never refused because of them: when large messages have used up everything
/// else, small ones are still served. A loopback address has no share, because all clients of a
/// user, or of a reverse proxy on this machine, have the same address.
///
/// The counter of a share is found by a hash of its owner. Two owners can get the same counter, and
/// then have one share together.
#[derive(Clone)]
pub struct Memory(Arc<Counters>);

struct Counters {
    limit: usize,
    used: AtomicUsize,
    /// First the one of [`Kind::Bodies`], then the one of [`Kind::Kept`], then those found
    /// by a hash.
    shares: Box<[AtomicUsize]>,
}

/// The counters that bytes count in: the budget, shares of it, or both.
#[derive(Clone, Debug)]
pub struct Account {
    memory: Memory,
    /// Whether its bytes count in the budget. Those of an answer on its way to a client already do,
    /// by the permit attached to them.
    in_budget: bool,
    /// Whether small messages may use the last eighth, and are not refused because of a share.
    spares_small: bool,
    shares: SmallVec<[Share; 4]>,
}

/// A share: its kind and its counter.
#[derive(Clone, Copy, Debug)]
struct Share {
    kind: Kind,
    /// The index of its counter.
    counter: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// All request bodies.
    Bodies,
    /// Bytes kept for disconnected clients.
    Kept,
    Session,
    Principal,
    Peer,
    Child,
}

impl Kind {
    /// Returns the maximum of its counter.
    fn max(self, limit: usize) -> usize {
        match self {
            Kind::Bodies | Kind::Principal | Kind::Peer | Kind::Child => limit / 2,
            Kind::Kept | Kind::Session => limit / 4,
        }
    }
}

/// Held bytes; dropping it returns them.
#[derive(Debug)]
pub struct Permit {
    account: Account,
    bytes: usize,
}

impl Memory {
    /// Creates a budget of this many bytes.
    pub fn new(limit: usize) -> Memory {
        Memory(Arc::new(Counters {
            limit,
            used: AtomicUsize::new(0),
            shares: (0..COUNTERS).map(|_| AtomicUsize::new(0)).collect(),
        }))
    }

    /// Returns the number of bytes that may be held.
    pub fn limit(&self) -> usize {
        self.0.limit
    }

    /// Returns the number of held bytes.
    pub fn used(&self) -> usize {
        self.0.used.load(Ordering::Relaxed)
    }

    /// Returns the number of held bytes that this child wrote. Another child may share its counter.
    pub(crate) fn written_by(&self, child: ChildId) -> usize {
        let account = self.child(child);
        account.shares.iter().map(|share| self.counter(share).load(Ordering::Relaxed)).sum()
    }

    /// Returns whether more than three quarters of the budget are used. Children whose clients have
    /// not read their output are then read no further.
    pub fn is_short(&self) -> bool {
        self.used() > self.0.limit / 4 * 3
    }

    /// Returns the account for the bodies of a client's requests. `session` is the one in the
    /// request.
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
            // A host chooses the second half of its address freely.
            Some(IpAddr::V6(peer)) => shares.push(Share::of(Kind::Peer, &peer.octets()[..8])),
            None => {}
        }
        self.account(shares, true)
    }

    /// Returns the account for a child's output.
    pub fn child(&self, child: ChildId) -> Account {
        let share = Share::of(Kind::Child, &child.0.to_be_bytes());
        self.account(SmallVec::from_slice(&[share]), true)
    }

    /// Returns the account for bytes kept for disconnected clients.
    pub fn kept(&self) -> Account {
        let share = Share { kind: Kind::Kept, counter: KEPT };
        self.account(SmallVec::from_slice(&[share]), false)
    }

    /// Returns the account for messages that wait for a stream. Their bytes are in the budget
    /// already: they are lines of a child, or were made in this process.
    pub(crate) fn kept_elsewhere(&self) -> Account {
        Account { in_budget: false, ..self.kept() }
    }

    /// Returns the account for answers that are made in this process.
    pub fn made(&self) -> Account {
        self.account(SmallVec::new(), true)
    }

    /// Returns whether more bytes are held than the budget allows, which only bytes added without a
    /// permit can cause.
    pub(crate) fn is_overdrawn(&self) -> bool {
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
    /// Returns the share of this owner.
    fn of(kind: Kind, owner: &[u8]) -> Share {
        // FNV-1a.
        let mix = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        let hash = owner.iter().fold(mix(0xcbf2_9ce4_8422_2325, &(kind as u8)), mix);
        let hashed = (hash ^ (hash >> 32)) % u64::from(COUNTERS - HASHED);
        Share { kind, counter: HASHED + hashed as u16 }
    }
}

impl Account {
    /// Creates a permit for no bytes.
    pub fn permit(&self) -> Permit {
        Permit { account: self.clone(), bytes: 0 }
    }

    /// Returns the account for this client's unread answers: they count in the shares of its
    /// principal and its address, and in the budget by the bytes themselves. The session decides
    /// how much it may leave unread, because its child can wait.
    pub(crate) fn answers(&self) -> Account {
        let is_clients = |share: &&Share| matches!(share.kind, Kind::Principal | Kind::Peer);
        let shares = self.shares.iter().filter(is_clients).copied().collect();
        Account { in_budget: false, shares, ..self.clone() }
    }

    /// Returns the account for answers that are made in this process for this client, and are not
    /// reported when they are read.
    pub(crate) fn made(&self) -> Account {
        Account { in_budget: true, ..self.answers() }
    }

    /// Counts bytes for as long as they are kept, even without room for them.
    pub fn hold(&self, bytes: Bytes) -> Bytes {
        let mut permit = self.permit();
        permit.add(bytes.len());
        permit.attach(bytes)
    }

    /// Counts an answer for as long as it is kept, or returns `None` without room for it.
    pub(crate) fn admit(&self, answer: impl Into<Bytes>) -> Option<Bytes> {
        let answer = answer.into();
        let mut permit = self.permit();
        permit.grow(answer.len()).then(|| permit.attach(answer))
    }

    /// Counts an answer in several parts for as long as its last part is kept; `None` if there is
    /// no room for it.
    pub(crate) fn admit_chunk(&self, answer: Chunk) -> Option<Chunk> {
        let mut permit = self.permit();
        permit.grow(answer.len()).then(|| answer.with_last(|last| permit.attach(last)))
    }

    /// Returns whether this many more bytes would be permitted now. One answer is always permitted
    /// for a client that has read all others.
    pub(crate) fn has_room(&self, bytes: usize) -> bool {
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

    /// Returns the bytes of the budget that a message of this size may use, and whether shares are
    /// ignored.
    fn budget(&self, bytes: usize) -> (usize, bool) {
        let limit = self.memory.0.limit;
        match self.spares_small && bytes <= SMALL_BYTES_MAX {
            true => (limit, true),
            false => (limit - limit / 8, false),
        }
    }
}

impl Permit {
    /// Returns the account that its bytes count in.
    pub(crate) fn account(&self) -> &Account {
        &self.account
    }

    /// Returns the number of its bytes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Adds `more` bytes if they are permitted, and returns whether they were.
    #[must_use]
    pub(crate) fn grow(&mut self, more: usize) -> bool {
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

    /// Adds `more` bytes, even without room for them.
    pub fn add(&mut self, more: usize) {
        self.each_counter(|counter| {
            counter.fetch_add(more, Ordering::Relaxed);
        });
        self.bytes += more;
    }

    /// Makes it stand for exactly this many bytes, whether or not more are permitted.
    pub fn resize(&mut self, bytes: usize) {
        match bytes.checked_sub(self.bytes) {
            Some(more) => self.add(more),
            None => self.give_back(self.bytes - bytes),
        }
    }

    /// Returns some of its bytes to the account.
    pub(crate) fn give_back(&mut self, bytes: usize) {
        let bytes = bytes.min(self.bytes);
        self.each_counter(|counter| {
            counter.fetch_sub(bytes, Ordering::Relaxed);
        });
        self.bytes -= bytes;
    }

    /// Ties it to bytes: it is returned once no slice of them is kept.
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

/// Adds to a counter unless it would exceed `max`, and returns whether it did add.
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
