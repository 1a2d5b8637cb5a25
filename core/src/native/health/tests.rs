use super::*;

#[test]
fn a_moment_is_written_as_rfc_3339_has_it() {
    let at =
        |seconds, millis| timestamp(Duration::from_secs(seconds) + Duration::from_millis(millis));
    assert_eq!(at(0, 0), "1970-01-01T00:00:00.000Z");
    assert_eq!(at(951_782_399, 999), "2000-02-28T23:59:59.999Z");
    assert_eq!(at(951_782_400, 0), "2000-02-29T00:00:00.000Z");
    assert_eq!(at(1_698_431_700, 0), "2023-10-27T18:35:00.000Z");
    assert_eq!(at(1_709_251_199, 0), "2024-02-29T23:59:59.000Z");
    assert_eq!(at(4_107_542_400, 0), "2100-03-01T00:00:00.000Z");
}
