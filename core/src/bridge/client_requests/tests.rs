use super::*;

fn call(id: &'static str, due: u64) -> ClientRequest {
    ClientRequest {
        stream: 0,
        id: IdText::from_slice(id.as_bytes()),
        token: None,
        method: "ping",
        tool: None,
        filter: None,
        series: None,
        slot: None,
        since: Instant::ZERO,
        due: Instant::from_micros(due),
    }
}

#[test]
fn requests_with_the_same_id_are_told_apart() {
    let mut calls = ClientRequests::default();
    let first = calls.insert(call("1", 5));
    let second = calls.insert(call("1", 6));
    assert_ne!(first, second);
    let taken = calls.take(second).unwrap();
    assert_eq!(taken.due, Instant::from_micros(6));
    assert_eq!(calls.len(), 1);
}

#[test]
fn a_number_is_never_used_twice() {
    let mut calls = ClientRequests::default();
    let first = calls.insert(call("1", 5));
    calls.take_first();
    assert!(calls.insert(call("1", 5)) > first);
}

#[test]
fn a_child_may_spell_a_number_in_another_way() {
    let mut calls = ClientRequests::default();
    for _ in 0..10 {
        calls.insert(call("1", 5));
    }
    for ten in ["10", "\"10\"", "10.0", "1e1", "\"10.0\"", "1.0E+1", "100e-1"] {
        assert!(calls.by_child(ten.as_bytes()).is_some(), "{ten}");
    }
    for other in [
        "010",
        "\"010\"",
        "\" 10\"",
        "+10",
        "10.5",
        "-10",
        "11",
        "0",
        "",
        "null",
        "\"\"",
        "\"",
        "[10]",
        "99999999999999999999999",
        "1e99",
        "1e-99",
        "18446744073709551626",
    ] {
        assert!(calls.by_child(other.as_bytes()).is_none(), "{other}");
    }
    let long = format!("10.{}", "0".repeat(1000));
    assert!(calls.by_child(long.as_bytes()).is_none(), "it is not read");
}

#[test]
fn the_only_request_is_known() {
    let mut calls = ClientRequests::default();
    assert_eq!(calls.only(), None);
    let first = calls.insert(call("1", 5));
    assert_eq!(calls.only(), Some(first));
    let second = calls.insert(call("2", 5));
    assert_eq!(calls.only(), None);
    calls.take(first);
    assert_eq!(calls.only(), Some(second));
    assert!(calls.has_been(first) && calls.has_been(second));
    assert!(!calls.has_been(0) && !calls.has_been(second + 1));
}

#[test]
fn a_client_may_spell_an_id_in_another_way() {
    let mut calls = ClientRequests::default();
    let first = calls.insert(call("1.0", 5));
    let second = calls.insert(call("1", 5));
    assert_eq!(calls.take_by_client(b"1.0").unwrap().0, first, "the same spelling goes first");
    assert_eq!(calls.take_by_client(b"1.0").unwrap().0, second);
    assert!(calls.take_by_client(b"1").is_none());
}

#[test]
fn requests_fall_due_by_time() {
    let mut calls = ClientRequests::default();
    calls.insert(call("a", 9));
    calls.insert(call("b", 4));
    assert_eq!(calls.next_due(), Instant::from_micros(4));
    assert_eq!(calls.take_due(Instant::from_micros(4)).unwrap().1.id[..], *b"b");
    assert!(calls.take_due(Instant::from_micros(4)).is_none());
}
