use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::*;

const NOW: Duration = Duration::ZERO;
const LONG: Duration = Duration::from_secs(60);

/// A room, and how many descriptors are free.
fn room(connections: usize, free: usize) -> (Arc<Room>, Arc<AtomicUsize>) {
    let free = Arc::new(AtomicUsize::new(free));
    let count = free.clone();
    let room = Room::with(connections, 10, 4, move || count.load(Ordering::Relaxed));
    (Arc::new(room), free)
}

#[test]
fn who_gets_in_can_also_ask() {
    let (room, free) = room(100, 20);
    let mut entered = 0;
    while room.enter(NOW) == Entry::Entered {
        free.fetch_sub(CONNECTION_FDS, Ordering::Relaxed);
        entered += 1;
    }
    assert_eq!(entered, 7);
    assert!(room.take_request());
    assert!(!room.take_request(), "the spare descriptors are not given out");
    free.fetch_sub(REQUEST_FDS, Ordering::Relaxed);
    room.request_opened();
    assert!(!room.take_request(), "nothing has been closed");
    free.fetch_add(REQUEST_FDS, Ordering::Relaxed);
    assert!(room.take_request());
}

#[test]
fn what_is_about_to_be_opened_is_not_given_out_again() {
    let (room, free) = room(100, 10 + 4 * REQUEST_FDS);
    for _ in 0..4 {
        assert!(room.take_request());
    }
    // None of them has opened anything yet.
    assert!(!room.take_request());
    free.fetch_sub(2 * REQUEST_FDS, Ordering::Relaxed);
    (0..2).for_each(|_| room.request_opened());
    assert!(!room.take_request());
}

#[test]
fn children_that_are_being_stopped_count_until_they_have_ended() {
    let (room, free) = room(100, 1000);
    for _ in 0..4 {
        assert!(room.take_child());
        room.child_spawned();
    }
    assert!(!room.take_child());
    room.child_ended();
    assert!(room.take_child());
    room.child_spawned();
    room.child_ended();
    free.store(10 + SPAWN_FDS - 1, Ordering::Relaxed);
    lock(&room.state).descriptors = 0;
    assert!(!room.take_child(), "there are no descriptors for it");
}

#[test]
fn one_leaves_and_another_enters() {
    let (room, _) = room(1, 100);
    assert_eq!(room.enter(NOW), Entry::Entered);
    assert_eq!(room.enter(NOW), Entry::Full);
    let next = thread::spawn({
        let room = room.clone();
        move || room.enter(LONG)
    });
    room.leave();
    assert_eq!(next.join().unwrap(), Entry::Entered);
}

#[test]
fn nobody_waits_at_a_closed_door() {
    let (room, _) = room(1, 100);
    assert_eq!(room.enter(NOW), Entry::Entered);
    let next = thread::spawn({
        let room = room.clone();
        move || room.enter(LONG)
    });
    room.close();
    assert_eq!(next.join().unwrap(), Entry::Closed);
    room.leave();
    room.emptied();
}
