use super::*;
use crate::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

fn at(seconds: u64) -> Instant {
    Instant::ZERO + Duration::from_secs(seconds)
}

fn throttle(requests_max: u64) -> RateLimiter {
    RateLimiter::new(Rate { requests_max, window: MINUTE })
}

fn peer(text: &str) -> Option<IpAddr> {
    Some(text.parse().unwrap())
}

#[test]
fn so_many_requests_are_taken_in_a_window_and_then_as_many_again() {
    let mut throttle = throttle(2);
    let me = peer("192.0.2.1");
    assert_eq!(throttle.handle_request(me, at(0)), Ok(()));
    assert_eq!(throttle.handle_request(me, at(10)), Ok(()));
    let pause = Duration::from_secs(45);
    assert_eq!(throttle.handle_request(me, at(15)), Err(Reject::RateExceeded { pause }));
    assert_eq!(throttle.handle_request(me, at(60)), Ok(()));
    assert_eq!(throttle.handle_request(me, at(61)), Ok(()));
    assert!(throttle.handle_request(me, at(119)).is_err());
}

#[test]
fn addresses_are_counted_apart() {
    let mut throttle = throttle(1);
    for other in [peer("192.0.2.1"), peer("192.0.2.2"), peer("2001:db8::1"), None] {
        assert_eq!(throttle.handle_request(other, at(0)), Ok(()));
        assert!(throttle.handle_request(other, at(0)).is_err());
    }
}

#[test]
fn one_sender_with_many_addresses_is_one() {
    let mut throttle = throttle(1);
    assert_eq!(throttle.handle_request(peer("2001:db8::1"), at(0)), Ok(()));
    assert!(throttle.handle_request(peer("2001:db8::ffff:1"), at(0)).is_err());
    assert_eq!(throttle.handle_request(peer("2001:db8:0:1::1"), at(0)), Ok(()));
    assert_eq!(throttle.handle_request(peer("192.0.2.1"), at(0)), Ok(()));
    assert!(throttle.handle_request(peer("::ffff:192.0.2.1"), at(0)).is_err());
}

#[test]
fn many_addresses_take_bounded_memory_and_the_oldest_is_forgotten() {
    let mut throttle = throttle(1);
    let address = |number: u32| Some(IpAddr::from(number.to_be_bytes()));
    for number in 0..3 * u32::try_from(PEERS_MAX).unwrap() {
        let now = Instant::ZERO + Duration::from_micros(number.into());
        assert_eq!(throttle.handle_request(address(number), now), Ok(()));
        assert!(throttle.windows.len() <= PEERS_MAX);
    }
    assert!(throttle.handle_request(address(29_999), at(1)).is_err(), "the newest is remembered");
    assert_eq!(throttle.handle_request(address(0), at(1)), Ok(()));
    assert_eq!(throttle.handle_request(address(1), at(120)), Ok(()));
    assert_eq!(throttle.windows.len(), 1, "windows that are over are forgotten");
}
