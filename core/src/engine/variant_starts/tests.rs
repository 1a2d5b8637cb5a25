use super::*;

const ONE: StartClient = StartClient::Address(None);

fn other(number: u8) -> StartClient {
    StartClient::Address(Some([192, 0, 2, number].into()))
}

fn at(seconds: u64) -> Instant {
    Instant::ZERO + Duration::from_secs(seconds)
}

/// Counts the starts that are allowed one after the other.
fn starts(all: &mut VariantStarts, client: StartClient, limits: &Limits, now: Instant) -> usize {
    let mut count = 0;
    while all.check(client, limits, now).is_ok() {
        all.record_start(client, limits, now);
        count += 1;
    }
    count
}

#[test]
fn a_client_has_a_share_of_the_starts_of_a_minute() {
    let limits = Limits { sessions_max: 4, ..Limits::default() };
    let mut all = VariantStarts::default();
    assert_eq!(starts(&mut all, ONE, &limits, at(0)), 12, "three quarters of 16");
    let refused = all.check(ONE, &limits, at(15)).unwrap_err();
    assert_eq!(refused, Reject::HeaderValuesExceeded { pause: Duration::from_secs(45) });
    assert_eq!(starts(&mut all, other(1), &limits, at(15)), 4);
    assert_eq!(starts(&mut all, other(2), &limits, at(15)), 0);
    assert_eq!(starts(&mut all, ONE, &limits, at(60)), 12);
    assert_eq!(all.clients.len(), 2, "those of the last minute");
    starts(&mut all, other(3), &limits, at(200));
    assert_eq!(all.clients.len(), 1);
}

#[test]
fn failures_slow_their_client_down_and_many_clients_all() {
    let limits = Limits::default();
    let mut all = VariantStarts::default();
    for _ in 0..4 {
        all.check(ONE, &limits, at(0)).unwrap();
        all.record_failure(ONE, &limits, at(0));
    }
    all.record_failure(ONE, &limits, at(0));
    assert!(matches!(all.check(ONE, &limits, at(0)), Err(Reject::SpawnBackoff { .. })));
    for _ in 0..20 {
        all.record_failure(ONE, &limits, at(1));
    }
    let Err(Reject::SpawnBackoff { pause }) = all.check(ONE, &limits, at(1)) else { panic!() };
    assert_eq!(pause, limits.start_pause_max);
    all.check(other(0), &limits, at(1)).unwrap();
    for number in 0..8 {
        all.record_failure(other(number), &limits, at(1));
    }
    assert!(matches!(all.check(other(99), &limits, at(1)), Err(Reject::SpawnBackoff { .. })));
    all.record_success(ONE);
    assert!(all.check(ONE, &limits, at(1)).is_ok() && all.check(other(99), &limits, at(1)).is_ok());
}
