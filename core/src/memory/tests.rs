use core::net::{Ipv4Addr, Ipv6Addr};

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::random::IdSource;

const KIB: usize = 1024;
const LIMIT: usize = 1024 * KIB;

fn peer(last: u8) -> Option<IpAddr> {
    Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, last)))
}

fn session() -> SessionId {
    IdSource::new([1; 32]).session()
}

/// Returns the number of bytes of large messages that the account has room for, by trying.
fn room(account: &Account) -> usize {
    let (mut low, mut high) = (SMALL_BYTES_MAX, 2 * LIMIT);
    while high - low > 1 {
        let middle = (low + high) / 2;
        if account.has_room(middle) { low = middle } else { high = middle }
    }
    low
}

#[test]
fn a_permit_counts_until_the_last_part_of_its_bytes_is_dropped() {
    let memory = Memory::new(LIMIT);
    let mut permit = memory.requests(None, Principal::Anonymous, None).permit();
    assert!(permit.grow(1000));
    let bytes = permit.attach(vec![7; 1000]);
    let part = bytes.slice(10..20);
    drop(bytes);
    assert_eq!((memory.used(), &part[..]), (1000, &[7; 10][..]));
    drop(part);
    assert_eq!(memory.used(), 0);
}

#[test]
fn each_owner_has_its_share() {
    let memory = Memory::new(LIMIT);
    let bearer = Principal::of(Some(b"Bearer x"));
    let any = Principal::Anonymous;
    assert_eq!(room(&memory.requests(None, any, None)), LIMIT / 2);
    assert_eq!(room(&memory.requests(None, any, Some(session()))), LIMIT / 4);
    assert_eq!(room(&memory.child(ChildId(1))), LIMIT / 2);
    assert_eq!(room(&memory.kept()), LIMIT / 4);

    let fill = |account: &Account, bytes| {
        let mut permit = account.answers().permit();
        permit.add(bytes);
        permit
    };
    let one = memory.requests(peer(1), bearer, None);
    let _unread = fill(&one, LIMIT / 2 - 100 * KIB);
    let (same_peer, same_bearer) =
        (memory.requests(peer(1), any, None), memory.requests(peer(2), bearer, None));
    assert_eq!((room(&same_peer), room(&same_bearer)), (100 * KIB, 100 * KIB));
    assert_eq!(room(&memory.requests(peer(2), any, None)), LIMIT / 2);
    assert_eq!(memory.used(), 0, "answers count in the budget by their own bytes");
}

#[test]
fn a_loopback_address_has_no_share() {
    let memory = Memory::new(LIMIT);
    let mapped = Ipv4Addr::LOCALHOST.to_ipv6_mapped();
    for loopback in [IpAddr::from(Ipv4Addr::LOCALHOST), Ipv6Addr::LOCALHOST.into(), mapped.into()] {
        let account = memory.requests(Some(loopback), Principal::Anonymous, None);
        assert!(account.answers().shares.is_empty(), "{loopback}");
    }
}

#[test]
fn small_messages_are_served_when_large_ones_have_used_up_the_rest() {
    let memory = Memory::new(LIMIT);
    let mut large = memory.child(ChildId(1)).permit();
    large.add(LIMIT - LIMIT / 8);
    let account = memory.requests(peer(1), Principal::Anonymous, Some(session()));
    assert!(!account.permit().grow(SMALL_BYTES_MAX + 1));
    let mut first = account.permit();
    assert!(first.grow(SMALL_BYTES_MAX));
    assert!(!first.grow(1), "it is not small any more");
    let mut second = account.permit();
    assert!(second.grow(LIMIT / 8 - SMALL_BYTES_MAX));
    assert!(!account.permit().grow(1), "there is nothing left");
    assert!(!memory.kept().permit().grow(1), "what is kept has no claim on the last eighth");
}

#[test]
fn a_refused_permit_leaves_every_counter_as_it_was() {
    let memory = Memory::new(LIMIT);
    let account = memory.requests(peer(1), Principal::of(Some(b"Bearer x")), Some(session()));
    let mut permit = account.permit();
    assert!(permit.grow(LIMIT / 4));
    assert!(!permit.grow(1), "the share of the session is used up");
    assert_eq!((permit.bytes(), memory.used()), (LIMIT / 4, LIMIT / 4));
    permit.give_back(1);
    assert!(permit.grow(1));
    drop(permit);
    assert_eq!(all_counters(&memory), 0);
}

fn all_counters(memory: &Memory) -> usize {
    let counters = memory.0.shares.iter().chain([&memory.0.used]);
    counters.map(|counter| counter.load(Ordering::Relaxed)).sum()
}

proptest! {
    /// For any sequence of requests and returns: no counter goes below zero (it would wrap, and
    /// nothing would be permitted again), nothing exceeds its bounds by permission, and nothing
    /// remains at the end.
    #[test]
    fn what_is_permitted_stays_within_its_bounds(
        steps in vec((0..5_u8, 0..8_u8, 0..4_u8, 0..300 * KIB), 0..200)
    ) {
        let memory = Memory::new(LIMIT);
        let accounts = [
            memory.requests(peer(1), Principal::Anonymous, Some(session())),
            memory.requests(peer(1), Principal::of(Some(b"Bearer x")), None),
            memory.requests(peer(2), Principal::of(Some(b"Bearer x")), Some(session())),
            memory.child(ChildId(1)),
            memory.kept(),
        ];
        let mut permits: Vec<Vec<Permit>> = (0..8).map(|_| Vec::new()).collect();
        let mut held = Vec::new();
        for (account, slot, what, bytes) in steps {
            let permits = &mut permits[usize::from(slot)];
            match what {
                0 => permits.push(accounts[usize::from(account)].permit()),
                1 => if let Some(permit) = permits.last_mut() { let _ = permit.grow(bytes); },
                2 => if let Some(permit) = permits.last_mut() { permit.give_back(bytes) },
                _ => held.extend(permits.pop().map(|permit| permit.attach(vec![0; 8]))),
            }
            prop_assert!(memory.used() <= LIMIT);
            prop_assert!(memory.0.shares[usize::from(KEPT)].load(Ordering::Relaxed) <= LIMIT / 4);
        }
        prop_assert!(memory.0.shares.iter().all(|it| it.load(Ordering::Relaxed) <= LIMIT));
        drop((permits, held));
        prop_assert_eq!(all_counters(&memory), 0);
    }
}
