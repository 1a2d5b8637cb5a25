use super::*;

#[test]
fn a_manual_clock_goes_only_where_it_is_set() {
    let clock = Clock::manual();
    let copy = clock.clone();
    assert_eq!(copy.now(), Instant::ZERO);
    clock.set(Instant::from_micros(70));
    assert_eq!(copy.now(), Instant::from_micros(70));
    clock.set(Instant::from_micros(50));
    assert_eq!(copy.now(), Instant::from_micros(70), "never back");
}

#[test]
#[should_panic(expected = "only a manual clock can be set")]
fn a_real_clock_cannot_be_set() {
    Clock::start().set(Instant::from_micros(1));
}
