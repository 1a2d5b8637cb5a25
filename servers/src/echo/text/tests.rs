use proptest::prelude::*;

use super::*;

#[test]
fn dates_are_those_of_the_calendar() {
    for (seconds, expected) in [
        (0, "1970-01-01 00:00:00"),
        (-1, "1969-12-31 23:59:59"),
        (951_782_400, "2000-02-29 00:00:00"),
        (1_516_239_022, "2018-01-18 01:30:22"),
        (4_107_542_400, "2100-03-01 00:00:00"),
        (253_402_300_799, "9999-12-31 23:59:59"),
    ] {
        assert_eq!(date(seconds).unwrap(), expected);
    }
    for beyond in [253_402_300_800, i64::MAX, i64::MIN] {
        assert_eq!(date(beyond), None);
    }
    assert_eq!(utc(Duration::MAX, 3), "n/a");
    assert_eq!(utc(Duration::new(0, 1_500_000), 3), "1970-01-01 00:00:00.001 UTC");
}

#[test]
fn ages_have_two_units_at_most() {
    let day = 86_400;
    for (from, to, expected) in [
        (1_516_239_022, 1_734_700_000, "6 years, 11 months"),
        (0, 0, "0 seconds"),
        (0, 1, "1 second"),
        (0, 61, "1 minute, 1 second"),
        (0, 3600, "1 hour"),
        (0, 2 * day + 3 * 3600 + 59, "2 days, 3 hours"),
        (0, 30 * day, "30 days"),
        (0, 31 * day, "1 month"),
        (0, 365 * day, "1 year"),
        (0, 365 * day - 1, "11 months"),
        (1_516_239_022, 0, "48 years"),
    ] {
        assert_eq!(age(from, to).unwrap(), expected, "{from} to {to}");
    }
    assert_eq!(age(0, i64::MAX), None);
}

#[test]
fn spans_and_sizes_are_short() {
    for (seconds, expected) in [
        (0, "0s"),
        (45, "45s"),
        (330, "5m 30s"),
        (3600, "1h 0m 0s"),
        (5025, "1h 23m 45s"),
        (90_061, "1d 1h 1m 1s"),
    ] {
        assert_eq!(span(Duration::from_secs(seconds)), expected);
    }
    for (bytes, expected) in [
        (0, "0B"),
        (1023, "1023B"),
        (12 << 10, "12KB"),
        (256 << 20, "256MB"),
        (u64::MAX, "17592186044415MB"),
    ] {
        assert_eq!(size(bytes), expected);
    }
    assert_eq!((percent(1, 4), percent(1, 0)), (Some(25.0), None));
}

#[test]
fn the_two_servers_set_their_entries_differently() {
    let page = |program| {
        let mut page = Page::new(program, "Title");
        page.section("Section");
        page.entry("Name", known::<u8>(None));
        page.item(mark(true, "Yes", "No"));
        page.finish()
    };
    assert_eq!(page(Program::Stateful), "Title\n\nSection:\n- Name: n/a\n- ✅ Yes");
    assert_eq!(page(Program::Stateless), "Title\n\nSection:\n  Name: n/a\n  ✅ Yes");
}

proptest! {
    #[test]
    fn no_moment_is_too_far(from in any::<i64>(), to in any::<i64>(), micros in any::<u64>()) {
        age(from, to);
        date(from);
        utc(Duration::from_micros(micros), 6);
        span(Duration::from_micros(micros));
    }
}
