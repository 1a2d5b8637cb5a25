use super::*;

const MINUTE: Duration = Duration::from_secs(60);

fn at(seconds: u64) -> Instant {
    Instant::ZERO + Duration::from_secs(seconds)
}

fn after(millis: u64) -> Instant {
    Instant::ZERO + Duration::from_millis(millis)
}

fn of_rate(rate: Rate) -> ClientLimiter {
    ClientLimiter::new(ClientLimits { rate: Some(rate), ..ClientLimits::default() }, false)
}

fn in_window(requests_max: u64) -> ClientLimiter {
    of_rate(Rate::Window { requests_max, window: MINUTE })
}

fn peer(text: &str) -> Option<IpAddr> {
    Some(text.parse().unwrap())
}

/// Returns the pause of a refused request.
fn request(limiter: &mut ClientLimiter, peer: Option<IpAddr>, now: Instant) -> Option<Duration> {
    match limiter.handle_request((peer, Principal::Anonymous), true, now) {
        Ok(_) => None,
        Err((Reject::RateExceeded { pause, .. }, _)) => Some(pause),
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn so_many_requests_are_taken_in_a_window_and_then_as_many_again() {
    let mut limiter = in_window(2);
    let me = peer("192.0.2.1");
    assert_eq!(request(&mut limiter, me, at(0)), None);
    assert_eq!(request(&mut limiter, me, at(10)), None);
    assert_eq!(request(&mut limiter, me, at(15)), Some(Duration::from_secs(45)));
    assert_eq!(request(&mut limiter, me, at(60)), None);
    assert_eq!(request(&mut limiter, me, at(61)), None);
    assert!(request(&mut limiter, me, at(119)).is_some());
}

#[test]
fn a_steady_rate_allows_a_burst_and_refills_it() {
    let mut limiter = of_rate(Rate::steady(4, Some(3)));
    let me = peer("192.0.2.1");
    for _ in 0..3 {
        assert_eq!(request(&mut limiter, me, at(1)), None);
    }
    assert_eq!(request(&mut limiter, me, at(1)), Some(Duration::from_millis(250)));
    assert_eq!(request(&mut limiter, me, after(1100)), Some(Duration::from_millis(150)));
    // A refused request costs nothing.
    assert_eq!(request(&mut limiter, me, after(1250)), None);
    assert_eq!(request(&mut limiter, me, after(1250)), Some(Duration::from_millis(250)));
    assert_eq!(request(&mut limiter, peer("192.0.2.2"), after(1250)), None);
    // However long it was silent, no more than the burst.
    let allowed = (0..10).filter(|_| request(&mut limiter, me, at(1000)).is_none());
    assert_eq!(allowed.count(), 3);
}

#[test]
fn a_steady_rate_is_exact_over_a_long_time() {
    let mut limiter = of_rate(Rate::steady(7, Some(1)));
    let allowed = (0..10_000).filter(|tick| request(&mut limiter, None, after(*tick)).is_none());
    assert!((69..=71).contains(&allowed.count()));
}

#[test]
fn a_burst_that_is_not_set_lets_a_session_open() {
    assert_eq!(Rate::steady(1, None), Rate::Steady { per_second: 1, burst: 10 });
    assert_eq!(Rate::steady(50, None), Rate::Steady { per_second: 50, burst: 50 });
}

#[test]
fn addresses_are_counted_apart() {
    let mut limiter = in_window(1);
    for other in [peer("192.0.2.1"), peer("192.0.2.2"), peer("2001:db8::1"), None] {
        assert_eq!(request(&mut limiter, other, at(0)), None);
        assert!(request(&mut limiter, other, at(0)).is_some());
    }
}

#[test]
fn one_sender_with_many_addresses_is_one() {
    let mut limiter = in_window(1);
    assert_eq!(request(&mut limiter, peer("2001:db8::1"), at(0)), None);
    assert!(request(&mut limiter, peer("2001:db8::ffff:1"), at(0)).is_some());
    assert_eq!(request(&mut limiter, peer("2001:db8:0:1::1"), at(0)), None);
    assert_eq!(request(&mut limiter, peer("192.0.2.1"), at(0)), None);
    assert!(request(&mut limiter, peer("::ffff:192.0.2.1"), at(0)).is_some());
    let (_, detail) = limiter
        .handle_request((peer("2001:db8::2"), Principal::Anonymous), true, at(0))
        .unwrap_err();
    assert_eq!(detail.as_str(), "2001:db8::/64");
}

#[test]
fn many_addresses_take_bounded_memory_and_the_oldest_is_forgotten() {
    let mut limiter = in_window(1);
    let address = |number: u32| Some(IpAddr::from(number.to_be_bytes()));
    for number in 0..3 * u32::try_from(CLIENTS_MAX).unwrap() {
        let now = Instant::ZERO + Duration::from_micros(number.into());
        assert_eq!(request(&mut limiter, address(number), now), None);
        assert!(limiter.records.len() <= CLIENTS_MAX);
    }
    assert!(request(&mut limiter, address(29_999), at(1)).is_some(), "the newest is remembered");
    assert_eq!(request(&mut limiter, address(0), at(1)), None);
    for number in 0..u32::try_from(CLIENTS_MAX).unwrap() {
        request(&mut limiter, address(number), at(120));
    }
    let is_current = |record: &Record| record.usage.since == at(120);
    assert!(limiter.records.values().all(is_current), "windows that are over are forgotten");
}

#[test]
fn clients_with_requests_and_sessions_are_not_forgotten() {
    let limits = ClientLimits { sessions_max: Some(1), requests_max: Some(1), rate: None };
    let mut limiter = ClientLimiter::new(limits, false);
    let mut of = |number: u32| {
        let peer = Some(IpAddr::from(number.to_be_bytes()));
        limiter.handle_request((peer, Principal::Anonymous), true, at(0)).unwrap()
    };
    let session = of(1).open_session().unwrap();
    let mut requests = of(2);
    requests.open_request().unwrap();
    for number in 0..2 * u32::try_from(CLIENTS_MAX).unwrap() {
        of(number);
    }
    assert_eq!(of(1).open_session().unwrap_err(), Reject::ClientSessionsFull);
    assert_eq!(of(2).open_request().unwrap_err(), Reject::ConcurrencyExceeded);
    drop((session, requests));
    of(1).open_session().unwrap();
    of(2).open_request().unwrap();
}

#[test]
fn a_verified_principal_is_a_client_and_others_are_addresses() {
    let rate = Some(Rate::Window { requests_max: 1, window: MINUTE });
    let limits = ClientLimits { rate, ..ClientLimits::default() };
    let [one, two] = ["one", "two"].map(|user| Principal::verified("token", user));
    let [here, there] = ["192.0.2.1", "192.0.2.2"].map(peer);
    let is_allowed = |limiter: &mut ClientLimiter, peer, principal| {
        limiter.handle_request((peer, principal), true, at(0)).is_ok()
    };
    let mut verified = ClientLimiter::new(limits, true);
    assert!(is_allowed(&mut verified, here, one) && !is_allowed(&mut verified, there, one));
    assert!(is_allowed(&mut verified, here, two));
    let mut unverified = ClientLimiter::new(limits, false);
    assert!(is_allowed(&mut unverified, here, one) && !is_allowed(&mut unverified, here, two));
    // Strangers are forgotten before principals.
    for number in 0..2 * u32::try_from(CLIENTS_MAX).unwrap() {
        let peer = Some(IpAddr::from(number.to_be_bytes()));
        let _ = verified.handle_request((peer, Principal::Anonymous), true, at(1));
    }
    assert!(!is_allowed(&mut verified, here, one));
}
