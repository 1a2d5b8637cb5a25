use std::sync::Arc;
use std::thread;

use super::*;

fn room(connections: usize, descriptors: usize) -> Room {
    let state = State { connections, open: 0, descriptors, closed: false };
    Room { state: Mutex::new(state), changed: Condvar::new() }
}

#[test]
fn who_gets_in_can_also_ask() {
    let room = room(100, 10);
    let mut entered = 0;
    while lock(&room.state).descriptors >= CONNECTION_FDS + REQUEST_FDS {
        assert!(room.enter());
        entered += 1;
    }
    assert_eq!(entered, 7);
    assert!(room.take_request());
    assert!(!room.take_request());
    room.give_request();
    assert!(room.take_request());
}

#[test]
fn one_leaves_and_another_enters() {
    let room = Arc::new(room(1, 100));
    assert!(room.enter());
    let next = thread::spawn({
        let room = room.clone();
        move || room.enter()
    });
    room.leave();
    assert!(next.join().unwrap());
}

#[test]
fn nobody_waits_at_a_closed_door() {
    let room = Arc::new(room(1, 100));
    assert!(room.enter());
    let next = thread::spawn({
        let room = room.clone();
        move || room.enter()
    });
    room.close();
    assert!(!next.join().unwrap());
    room.leave();
    room.emptied();
}
