use super::*;

const PEER_A: &str = "192.0.2.1";
const PEER_B: &str = "192.0.2.2";

fn holder(peer: &str, token: Option<&str>, is_stream: bool) -> Holder {
    let principal = Principal::of(token.map(str::as_bytes));
    Holder::new(Some(peer.parse().unwrap()), principal, is_stream)
}

/// Opens exchanges until one is refused; returns the number of open ones, and the reason.
fn fill(exchanges: &mut Exchanges, holder: Holder, limits: &Limits) -> (usize, Reject) {
    loop {
        if let Err(reject) = exchanges.check(&holder, limits) {
            return (exchanges.len(), reject);
        }
        let id = ExchangeId(exchanges.len() as u64);
        exchanges.insert(id, Transport::new(Owner::Stateless, None, None));
        exchanges.hold(id, holder.clone());
    }
}

fn limits() -> Limits {
    Limits { connections_max: 64, ..Limits::default() }
}

#[test]
fn one_address_has_a_share_of_the_streams_and_all_have_no_more_than_their_limit() {
    let (mut exchanges, limits) = (Exchanges::default(), limits());
    let first = fill(&mut exchanges, holder(PEER_A, None, true), &limits);
    assert_eq!(first, (36, Reject::StreamsFull), "three quarters of 48");
    let both = fill(&mut exchanges, holder(PEER_B, None, true), &limits);
    assert_eq!(both, (48, Reject::StreamsFull));
    // Requests are still admitted, except for the connections reserved for probes.
    let (requests, reject) = fill(&mut exchanges, holder(PEER_B, None, false), &limits);
    assert_eq!((requests, reject), (56, Reject::RequestsFull));
}

#[test]
fn one_principal_has_half_wherever_its_requests_come_from() {
    let (mut exchanges, limits) = (Exchanges::default(), limits());
    for (peer, count) in [(PEER_A, 24), (PEER_B, 24)] {
        let full = fill(&mut exchanges, holder(peer, Some("Bearer a"), true), &limits);
        assert_eq!(full, (count, Reject::StreamsFull));
    }
    assert_eq!(exchanges.check(&holder(PEER_A, Some("Bearer b"), true), &limits), Ok(()));
}

#[test]
fn what_is_closed_counts_no_longer() {
    let (mut exchanges, limits) = (Exchanges::default(), limits());
    let peer = holder(PEER_A, Some("Bearer a"), true);
    let (count, _) = fill(&mut exchanges, peer.clone(), &limits);
    for id in 0..count {
        exchanges.remove(&ExchangeId(id as u64));
    }
    assert_eq!(exchanges.check(&peer, &limits), Ok(()));
    assert_eq!(exchanges.all, Held::default());
    assert!(exchanges.by_peer.is_empty() && exchanges.by_principal.is_empty());
    // One that was answered before it could be counted is not counted.
    exchanges.hold(ExchangeId(0), peer);
    assert_eq!(exchanges.all, Held::default());
}
