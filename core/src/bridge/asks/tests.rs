use super::*;

fn asks(ids: &[&'static str]) -> Asks {
    let mut asks = Asks::default();
    ids.iter().for_each(|id| asks.insert(Bytes::from(*id)));
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
