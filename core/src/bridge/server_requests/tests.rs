use super::*;

fn asks(ids: &[&'static str]) -> ServerRequests {
    let mut asks = ServerRequests::default();
    ids.iter().for_each(|id| asks.insert(Bytes::from(*id), 0..1, Instant::ZERO));
    asks
}

fn id(ask: Option<ServerRequest>) -> Option<Bytes> {
    ask.map(|ask| ask.id)
}

#[test]
fn an_answer_is_taken_once() {
    let mut asks = asks(&["1", "\"1\""]);
    assert_eq!(id(asks.take(b"\"1\"")).as_deref(), Some(&b"\"1\""[..]));
    assert_eq!(id(asks.take(b"\"1\"")), None);
    assert_eq!(id(asks.take(b"1")).as_deref(), Some(&b"1"[..]));
    assert_eq!(asks.len(), 0);
}

#[test]
fn another_spelling_of_an_id_is_the_same_id() {
    assert_eq!(id(asks(&["1.0"]).take(b"1")).as_deref(), Some(&b"1.0"[..]));
    assert_eq!(id(asks(&["\"a\""]).take(br#""\u0061""#)).as_deref(), Some(&b"\"a\""[..]));
}

#[test]
fn big_ids_that_differ_beyond_a_double_are_told_apart_by_their_bytes() {
    let mut asks = asks(&["9007199254740993", "9007199254740992"]);
    assert_eq!(id(asks.take(b"9007199254740992")).as_deref(), Some(&b"9007199254740992"[..]));
    assert_eq!(id(asks.take(b"9007199254740993")).as_deref(), Some(&b"9007199254740993"[..]));
}

#[test]
fn requests_fall_due_in_the_order_they_were_asked_in() {
    let (time_max, at) = (Duration::from_micros(10), Instant::from_micros);
    let mut asks = ServerRequests::default();
    assert_eq!(asks.next_due(time_max), Instant::FAR);
    asks.insert(Bytes::from("1"), 0..1, at(5));
    asks.insert(Bytes::from("2"), 0..1, at(6));
    assert_eq!(asks.next_due(time_max), at(15));
    assert_eq!(id(asks.take_due(at(14), time_max)), None);
    assert_eq!(id(asks.take_due(at(15), time_max)).as_deref(), Some(&b"1"[..]));
    assert_eq!(id(asks.take_due(at(15), time_max)), None);
    assert_eq!(asks.next_due(time_max), at(16));
}

#[test]
fn a_request_holds_a_call_once_it_has_reached_the_client() {
    let mut asks = ServerRequests::default();
    asks.insert(Bytes::from("1"), 3..4, Instant::ZERO);
    asks.insert(Bytes::from("2"), 3..4, Instant::ZERO);
    assert!(!asks.may_block(3), "both wait for a stream");
    asks.sent(b"1", 7, false);
    asks.sent(b"2", 8, true);
    assert!(asks.may_block(3));
    assert!(!asks.may_block(2) && !asks.may_block(4));
    asks.take(b"2");
    assert!(!asks.may_block(3), "the client has left the stream of the other");
    asks.resumed(7);
    assert!(asks.may_block(3));
}
