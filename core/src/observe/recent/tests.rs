use super::*;

fn at(seconds: u64) -> Instant {
    Instant::from_micros(seconds * 1_000_000)
}

fn micros(micros: u64) -> Duration {
    Duration::from_micros(micros)
}

#[test]
fn each_duration_is_within_its_bucket() {
    for duration in (8..5_000).chain([1 << 20, (1 << 20) + 1, (1 << 30) - 1]) {
        let bucket = bucket(micros(duration));
        assert!(lower_bound(bucket) <= duration, "{duration}");
        assert!(duration < lower_bound(bucket + 1), "{duration}");
    }
    assert_eq!(bucket(Duration::ZERO), 0);
    assert_eq!(bucket(Duration::MAX), BUCKETS - 1);
}

#[test]
fn quantiles_are_right_to_a_quarter() {
    let recent = RecentRequests::default();
    for number in 1..=1000 {
        recent.record(micros(number * 100), at(5));
    }
    let figures = recent.figures(Instant::ZERO, at(5));
    for (found, right) in [(figures.p50, 50_000.0), (figures.p99, 99_000.0)] {
        let found = found.unwrap().as_micros() as f64;
        assert!((0.75..=1.25).contains(&(found / right)), "{found} for {right}");
    }
    assert_eq!(figures.per_second, 200.0);
}

#[test]
fn without_a_request_there_is_no_quantile() {
    let figures = RecentRequests::default().figures(Instant::ZERO, at(100));
    assert_eq!(figures, RecentFigures::default());
}

#[test]
fn requests_are_forgotten_after_a_minute_or_little_more() {
    let recent = RecentRequests::default();
    recent.record(micros(100), at(3));
    assert!(recent.figures(Instant::ZERO, at(69)).p50.is_some());
    assert_eq!(recent.figures(Instant::ZERO, at(70)), RecentFigures::default());
    // The ring comes back to the same place.
    recent.record(micros(5_000), at(73));
    let figures = recent.figures(Instant::ZERO, at(73));
    assert!(figures.p50.unwrap() > micros(4_000), "{figures:?}");
    assert_eq!((figures.per_second * 63.0).round(), 1.0);
}

#[test]
fn the_rate_of_a_young_server_covers_only_its_life() {
    let recent = RecentRequests::default();
    for _ in 0..8 {
        recent.record(micros(100), at(1_002));
    }
    assert_eq!(recent.figures(at(1_000), at(1_004)).per_second, 2.0);
    assert_eq!(recent.figures(at(1_004), at(1_004)).per_second, 8.0);
}
