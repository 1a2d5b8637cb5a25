use super::*;

fn asks(ids: &[&'static str]) -> Asks {
    let mut asks = Asks::default();
    ids.iter().for_each(|id| asks.insert(Bytes::from(*id), Instant::ZERO));
    asks
}

#[test]
fn an_answer_is_taken_once() {
    let mut asks = asks(&["1", "\"1\""]);
    assert_eq!(asks.take(b"\"1\"").as_deref(), Some(&b"\"1\""[..]));
    assert_eq!(asks.take(b"\"1\""), None);
    assert_eq!(asks.take(b"1").as_deref(), Some(&b"1"[..]));
    assert!(asks.is_empty());
}

#[test]
fn another_spelling_of_an_id_is_the_same_id() {
    assert_eq!(asks(&["1.0"]).take(b"1").as_deref(), Some(&b"1.0"[..]));
    assert_eq!(asks(&["\"a\""]).take(br#""\u0061""#).as_deref(), Some(&b"\"a\""[..]));
}

#[test]
fn big_ids_that_differ_beyond_a_double_are_told_apart_by_their_bytes() {
    let mut asks = asks(&["9007199254740993", "9007199254740992"]);
    assert_eq!(asks.take(b"9007199254740992").as_deref(), Some(&b"9007199254740992"[..]));
    assert_eq!(asks.take(b"9007199254740993").as_deref(), Some(&b"9007199254740993"[..]));
}

#[test]
fn requests_fall_due_in_the_order_they_were_asked_in() {
    let (time_max, at) = (Duration::from_micros(10), Instant::from_micros);
    let mut asks = Asks::default();
    assert_eq!(asks.next_due(time_max), Instant::FAR);
    asks.insert(Bytes::from("1"), at(5));
    asks.insert(Bytes::from("2"), at(6));
    assert_eq!(asks.next_due(time_max), at(15));
    assert_eq!(asks.take_due(at(14), time_max), None);
    assert_eq!(asks.take_due(at(15), time_max).as_deref(), Some(&b"1"[..]));
    assert_eq!(asks.take_due(at(15), time_max), None);
    assert_eq!(asks.next_due(time_max), at(16));
}
