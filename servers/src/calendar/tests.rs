use super::*;

#[test]
fn dates_are_those_of_the_calendar() {
    for (seconds, text) in [
        (0, "1970-01-01T00:00:00.000Z"),
        (951_782_400, "2000-02-29T00:00:00.000Z"),
        (951_868_800, "2000-03-01T00:00:00.000Z"),
        (1_516_239_022, "2018-01-18T01:30:22.000Z"),
        (1_698_431_400, "2023-10-27T18:30:00.000Z"),
        (1_735_689_599, "2024-12-31T23:59:59.000Z"),
        (4_107_542_400, "2100-03-01T00:00:00.000Z"),
    ] {
        assert_eq!(rfc3339(Duration::from_secs(seconds)).as_deref(), Some(text));
    }
    let millis = rfc3339(Duration::from_micros(1_007_999));
    assert_eq!(millis.as_deref(), Some("1970-01-01T00:00:01.007Z"));
    assert_eq!(rfc3339(Duration::MAX), None);
}
