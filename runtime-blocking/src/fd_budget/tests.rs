use std::sync::Arc;
use std::thread;

use super::*;

const NOW: Duration = Duration::ZERO;
const LONG: Duration = Duration::from_secs(60);

#[test]
fn connections_leave_descriptors_for_children_and_answers() {
    let budget = FdBudget::with(100, RESERVE_FDS + 7, 4);
    let mut entered = 0;
    while budget.enter(NOW) == Entry::Entered {
        entered += 1;
    }
    assert_eq!(entered, 7);
    assert!(budget.take_child());
    assert!(!budget.take_child(), "one child at a time is spawned from the reserve");
    assert!(budget.take_waker() && budget.take_waker() && !budget.take_waker());
    budget.return_wakers(2);
    budget.child_spawned();
    budget.child_ended();
    assert_eq!(budget.enter(NOW), Entry::Full);
    budget.leave();
    assert_eq!(budget.enter(NOW), Entry::Entered);
}

#[test]
fn children_that_are_being_stopped_count_until_they_have_ended() {
    let budget = FdBudget::with(100, 1000, 4);
    for _ in 0..4 {
        assert!(budget.take_child());
        budget.child_spawned();
    }
    assert!(!budget.take_child());
    budget.child_ended();
    assert!(budget.take_child());
}

#[test]
fn a_connection_enters_when_another_one_leaves() {
    let budget = Arc::new(FdBudget::with(1, 100, 4));
    assert_eq!(budget.enter(NOW), Entry::Entered);
    assert_eq!(budget.enter(NOW), Entry::Full);
    let next = thread::spawn({
        let budget = budget.clone();
        move || budget.enter(LONG)
    });
    budget.leave();
    assert_eq!(next.join().unwrap(), Entry::Entered);
}

#[test]
fn a_closed_budget_lets_no_connection_wait() {
    let budget = Arc::new(FdBudget::with(1, 100, 4));
    assert_eq!(budget.enter(NOW), Entry::Entered);
    let next = thread::spawn({
        let budget = budget.clone();
        move || budget.enter(LONG)
    });
    budget.close();
    assert_eq!(next.join().unwrap(), Entry::Closed);
    budget.leave();
    budget.emptied();
}
