use super::*;

fn call(id: &'static str, due: u64) -> Call {
    Call {
        stream: 0,
        id: IdText::from_slice(id.as_bytes()),
        token: None,
        method: "ping",
        tool: None,
        series: None,
        since: Instant::ZERO,
        due: Instant::from_micros(due),
    }
}

#[test]
fn requests_with_the_same_id_are_told_apart() {
    let mut calls = Calls::default();
    let first = calls.insert(call("1", 5));
    let second = calls.insert(call("1", 6));
    assert_ne!(first, second);
    let taken = calls.take_by_child(second.to_string().as_bytes()).unwrap();
    assert_eq!(taken.due, Instant::from_micros(6));
    assert_eq!(calls.len(), 1);
}

#[test]
fn a_number_is_never_used_twice() {
    let mut calls = Calls::default();
    let first = calls.insert(call("1", 5));
    calls.take_first();
    assert!(calls.insert(call("1", 5)) > first);
}

#[test]
fn only_the_exact_number_names_a_request() {
    let mut calls = Calls::default();
    calls.insert(call("1", 5));
    for other in ["\"1\"", "1.0", "01", "+1", "2", "", "null", "1e0", "99999999999999999999999"] {
        assert!(calls.by_child(other.as_bytes()).is_none(), "{other}");
    }
    assert!(calls.by_child(b"1").is_some());
}

#[test]
fn a_client_may_spell_an_id_in_another_way() {
    let mut calls = Calls::default();
    let first = calls.insert(call("1.0", 5));
    let second = calls.insert(call("1", 5));
    assert_eq!(calls.take_by_client(b"1.0").unwrap().0, first, "the same spelling goes first");
    assert_eq!(calls.take_by_client(b"1.0").unwrap().0, second);
    assert!(calls.take_by_client(b"1").is_none());
}

#[test]
fn requests_fall_due_by_time() {
    let mut calls = Calls::default();
    calls.insert(call("a", 9));
    calls.insert(call("b", 4));
    assert_eq!(calls.next_due(), Instant::from_micros(4));
    assert_eq!(calls.take_due(Instant::from_micros(4)).unwrap().1.id[..], *b"b");
    assert!(calls.take_due(Instant::from_micros(4)).is_none());
}
