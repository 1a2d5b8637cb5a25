//! The listen requests that are opened and closed, and the announced changes.

use super::*;

fn at(seconds: u64) -> Instant {
    Instant::ZERO + Duration::from_secs(seconds)
}

fn uris(uris: &[&str]) -> BTreeSet<Box<str>> {
    uris.iter().map(|uri| Box::from(*uri)).collect()
}

fn filter(of: &[&str]) -> Filter {
    Filter { uris: uris(of), ..Filter::default() }
}

/// Returns the set of changes in the action that opens a listen request.
#[track_caller]
fn open(listens: &mut Subscriptions, number: u64, now: Instant) -> Filter {
    let Some(ListenAction::Open(filter)) = listens.next_action(now) else {
        panic!("nothing to open")
    };
    listens.opened(number, filter.clone(), now);
    assert_eq!(listens.next_action(now), None);
    filter
}

fn answers(listens: &mut Subscriptions) -> Vec<(u64, Verdict)> {
    std::iter::from_fn(|| listens.next_answer()).collect()
}

/// Returns listens with request 1 open for these resources.
fn open_for(of: &[&str]) -> Subscriptions {
    let mut listens = Subscriptions::default();
    for uri in of {
        listens.subscribe(0, uri, at(0)).unwrap();
    }
    open(&mut listens, 1, at(0));
    assert_eq!(listens.acknowledged(1, &uris(of), at(0)), None);
    assert_eq!(answers(&mut listens).len(), of.len());
    listens
}

#[test]
fn who_wants_nothing_listens_to_nothing() {
    let mut listens = Subscriptions::default();
    listens.start(Filter::default());
    assert_eq!(listens.next_action(at(0)), None);
    assert_eq!(listens.next_due(), Instant::FAR);
}

#[test]
fn a_subscription_is_confirmed_once_it_is_acknowledged() {
    let mut listens = Subscriptions::default();
    listens.subscribe(7, "a", at(0)).unwrap();
    assert_eq!(open(&mut listens, 1, at(0)), filter(&["a"]));
    assert_eq!(answers(&mut listens), []);
    listens.acknowledged(1, &uris(&["a"]), at(0));
    assert_eq!(answers(&mut listens), [(7, Verdict::Done)]);
}

#[test]
fn a_subscription_that_is_not_honoured_is_refused_and_not_tried_again() {
    let mut listens = Subscriptions::default();
    listens.subscribe(7, "a", at(0)).unwrap();
    listens.subscribe(8, "b", at(0)).unwrap();
    open(&mut listens, 1, at(0));
    listens.acknowledged(1, &uris(&["b"]), at(0));
    assert_eq!(answers(&mut listens), [(7, Verdict::Refused), (8, Verdict::Done)]);
    assert_eq!(listens.next_action(at(0)), None);
}

#[test]
fn what_is_asked_while_a_listen_opens_goes_into_the_next_together() {
    let mut listens = open_for(&["a"]);
    listens.subscribe(7, "b", at(0)).unwrap();
    open(&mut listens, 2, at(0));
    listens.subscribe(8, "c", at(0)).unwrap();
    listens.subscribe(9, "d", at(0)).unwrap();
    assert_eq!(listens.next_action(at(0)), None);
    listens.acknowledged(2, &uris(&["a", "b"]), at(0));
    assert_eq!(open(&mut listens, 3, at(0)), filter(&["a", "b", "c", "d"]));
    assert_eq!(answers(&mut listens), [(7, Verdict::Done)]);
    // Two listen requests are enough.
    assert_eq!(listens.acknowledged(3, &uris(&["a", "b", "c", "d"]), at(0)), Some(1));
    assert_eq!(answers(&mut listens), [(8, Verdict::Done), (9, Verdict::Done)]);
}

#[test]
fn the_old_listen_is_closed_some_time_after_the_new_one_was_acknowledged() {
    let mut listens = open_for(&["a"]);
    listens.subscribe(7, "b", at(5)).unwrap();
    open(&mut listens, 2, at(5));
    listens.acknowledged(2, &uris(&["a", "b"]), at(6));
    assert_eq!(listens.next_action(at(6)), None);
    assert_eq!(listens.next_due(), at(6) + OVERLAP);
    assert_eq!(listens.next_action(at(6) + OVERLAP), Some(ListenAction::Close(1)));
    assert_eq!(listens.numbers().collect::<Vec<_>>(), [2]);
}

#[test]
fn the_last_subscription_closes_the_listen() {
    let mut listens = open_for(&["a"]);
    listens.unsubscribe(7, "a", at(1));
    assert_eq!(listens.next_action(at(1)), Some(ListenAction::Close(1)));
    assert_eq!(answers(&mut listens), [(7, Verdict::Done)]);
    assert_eq!(listens.numbers().next(), None);
}

#[test]
fn a_change_of_mind_while_a_listen_opens_is_confirmed_too() {
    let mut listens = open_for(&["a"]);
    listens.subscribe(7, "b", at(0)).unwrap();
    open(&mut listens, 2, at(0));
    listens.subscribe(8, "c", at(0)).unwrap();
    listens.unsubscribe(9, "c", at(0));
    listens.acknowledged(2, &uris(&["a", "b"]), at(0));
    assert_eq!(listens.next_action(at(0)), None);
    let done = |call| (call, Verdict::Done);
    assert_eq!(answers(&mut listens), [7, 8, 9].map(done));
}

#[test]
fn a_change_that_comes_by_both_is_told_once_in_either_order() {
    let mut listens = open_for(&["a"]);
    listens.subscribe(7, "b", at(0)).unwrap();
    open(&mut listens, 2, at(0));
    assert!(
        listens.should_announce(1, "a", at(0)),
        "the old one counts until the new one is acknowledged"
    );
    listens.acknowledged(2, &uris(&["a", "b"]), at(0));
    assert_eq!(
        [listens.should_announce(1, "a", at(0)), listens.should_announce(2, "a", at(0))],
        [true, false]
    );
    assert_eq!(
        [listens.should_announce(2, "a", at(0)), listens.should_announce(1, "a", at(0))],
        [true, false]
    );
    assert_eq!(
        [listens.should_announce(2, "a", at(0)), listens.should_announce(2, "a", at(0))],
        [true, true]
    );
    assert_eq!(
        [listens.should_announce(1, "a", at(0)), listens.should_announce(1, "a", at(0))],
        [false, false]
    );
    assert!(listens.should_announce(1, "a", at(0)), "one that was only meant for the old one");
    listens.next_action(at(0) + OVERLAP);
    assert!(listens.should_announce(2, "a", at(0)) && !listens.should_announce(1, "a", at(0)));
}

#[test]
fn a_change_that_came_by_the_old_listen_alone_swallows_no_other() {
    let mut listens = open_for(&["a"]);
    listens.subscribe(7, "b", at(0)).unwrap();
    open(&mut listens, 2, at(0));
    listens.acknowledged(2, &uris(&["a", "b"]), at(0));
    assert!(listens.should_announce(1, "a", at(0)));
    let later = at(0) + DUPLICATE_WINDOW;
    assert!(
        listens.should_announce(2, "a", later),
        "the old one may be closed before it tells of this"
    );
    assert!(!listens.should_announce(1, "a", later));
}

#[test]
fn who_unsubscribed_is_told_nothing_more() {
    let mut listens = open_for(&["a", "b"]);
    listens.unsubscribe(7, "a", at(0));
    open(&mut listens, 2, at(0));
    listens.acknowledged(2, &uris(&["b"]), at(0));
    assert_eq!(answers(&mut listens), [(7, Verdict::Done)]);
    assert!(!listens.should_announce(1, "a", at(0)));
    assert!(listens.should_announce(1, "b", at(0)));
}

#[test]
fn a_listen_that_breaks_off_is_opened_again_after_longer_and_longer_pauses() {
    let mut listens = open_for(&["a"]);
    let mut now = at(0);
    let mut pauses = Vec::new();
    for number in 1..9 {
        assert!(listens.ended(number, now).is_empty());
        pauses.push(listens.next_due().since(now).as_secs());
        assert_eq!(listens.next_action(now), None);
        now = listens.next_due();
        assert_eq!(open(&mut listens, number + 1, now), filter(&["a"]));
        listens.acknowledged(number + 1, &uris(&["a"]), now);
    }
    assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
    // One that lasted needs no longer pause.
    let now = now + PAUSE_MAX;
    listens.ended(9, now);
    assert_eq!(listens.next_due(), now + PAUSE);
}

#[test]
fn a_subscription_fails_with_the_listen_that_was_to_confirm_it() {
    let mut listens = open_for(&["a"]);
    listens.subscribe(7, "b", at(0)).unwrap();
    open(&mut listens, 2, at(0));
    assert_eq!(listens.ended(2, at(0)), [7]);
    // Confirmed subscriptions are unaffected.
    assert!(listens.should_announce(1, "a", at(0)));
    assert_eq!(listens.next_action(at(100)), None);
}

#[test]
fn after_a_crash_what_was_confirmed_is_listened_to_again() {
    let mut listens = open_for(&["a"]);
    listens.start(Filter { tools: true, ..Filter::default() });
    open(&mut listens, 2, at(0));
    listens.subscribe(7, "b", at(0)).unwrap();
    assert!(listens.ended(1, at(0)).is_empty());
    assert_eq!(listens.ended(2, at(0)), [7]);
    assert_eq!(listens.numbers().next(), None);
    let due = listens.next_due();
    let wanted = open(&mut listens, 3, due);
    assert_eq!(wanted, Filter { tools: true, ..filter(&["a"]) });
}

#[test]
fn a_listen_that_is_refused_fails_only_what_it_was_to_settle() {
    let mut listens = open_for(&["a", "b"]);
    listens.subscribe(7, "bad", at(0)).unwrap();
    listens.unsubscribe(8, "a", at(0));
    open(&mut listens, 2, at(0));
    listens.subscribe(9, "good", at(0)).unwrap();
    listens.unsubscribe(10, "b", at(0));
    assert_eq!(listens.refused(2, at(0)), [7, 8]);
    assert_eq!(open(&mut listens, 3, at(0)), filter(&["a", "good"]));
    listens.acknowledged(3, &uris(&["a", "good"]), at(0));
    let done = |call| (call, Verdict::Done);
    assert_eq!(answers(&mut listens), [9, 10].map(done));
}

#[test]
fn a_listen_that_is_refused_when_there_was_none_fails_no_other() {
    let mut listens = Subscriptions::default();
    listens.subscribe(7, "bad", at(0)).unwrap();
    open(&mut listens, 1, at(0));
    listens.subscribe(8, "good", at(0)).unwrap();
    assert_eq!(listens.refused(1, at(0)), [7]);
    assert_eq!(open(&mut listens, 2, at(0)), filter(&["good"]));
}

#[test]
fn lists_are_listened_to_though_a_resource_that_was_asked_for_with_them_is_refused() {
    let mut listens = Subscriptions::default();
    let lists = Filter { tools: true, ..Filter::default() };
    listens.start(lists.clone());
    listens.subscribe(7, "a", at(0)).unwrap();
    open(&mut listens, 1, at(0));
    assert_eq!(listens.refused(1, at(0)), [7]);
    assert_eq!(open(&mut listens, 2, at(0)), lists);
    assert_eq!(listens.refused(2, at(0)), [0; 0]);
    assert_eq!(listens.next_action(at(60)), None, "it takes none at all");
}

#[test]
fn what_was_listened_to_before_is_tried_again_when_it_is_refused() {
    let mut listens = open_for(&["a"]);
    listens.start(Filter { tools: true, ..Filter::default() });
    open(&mut listens, 2, at(0));
    listens.acknowledged(2, &uris(&["a"]), at(0));
    listens.next_action(at(1));
    listens.subscribe(7, "b", at(1)).unwrap();
    listens.ended(2, at(1));
    let due = listens.next_due();
    open(&mut listens, 3, due);
    assert_eq!(listens.refused(3, due), [7]);
    let mut now = due;
    let mut pauses = Vec::new();
    for number in 4..9 {
        assert_eq!(listens.next_action(now), None);
        pauses.push(listens.next_due().since(now).as_secs());
        now = listens.next_due();
        let wanted = open(&mut listens, number, now);
        assert_eq!(wanted, Filter { tools: true, ..filter(&["a"]) });
        assert!(listens.refused(number, now).is_empty());
    }
    assert_eq!(pauses, [2, 4, 8, 16, 32]);
}

#[test]
fn who_unsubscribed_without_waiting_for_it_is_not_subscribed_by_a_loss() {
    for is_confirmed in [true, false] {
        let mut listens = open_for(&["a"]);
        listens.subscribe(7, "b", at(0)).unwrap();
        open(&mut listens, 2, at(0));
        if is_confirmed {
            listens.acknowledged(2, &uris(&["a", "b"]), at(0));
            assert_eq!(answers(&mut listens), [(7, Verdict::Done)]);
        }
        listens.unsubscribe(8, "b", at(0));
        assert!(listens.forget(8));
        if !is_confirmed {
            listens.acknowledged(2, &uris(&["a", "b"]), at(0));
        }
        open(&mut listens, 3, at(0));
        answers(&mut listens);
        listens.ended(3, at(0));
        assert_eq!(listens.wanted, filter(&["a"]), "{is_confirmed}");
    }
}

#[test]
fn a_server_that_takes_no_listens_is_not_asked_again() {
    let mut listens = Subscriptions::default();
    listens.start(Filter { tools: true, ..Filter::default() });
    open(&mut listens, 1, at(0));
    listens.subscribe(7, "a", at(0)).unwrap();
    assert!(listens.refused(1, at(0)).is_empty());
    // It may announce changes of a resource.
    assert_eq!(open(&mut listens, 2, at(0)), filter(&["a"]));
    assert_eq!(listens.refused(2, at(0)), [7]);
    assert_eq!(listens.next_action(at(1000)), None);
}

#[test]
fn a_listen_that_is_never_acknowledged_is_given_up_and_tried_again() {
    let mut listens = Subscriptions::default();
    listens.subscribe(7, "a", at(0)).unwrap();
    open(&mut listens, 1, at(0));
    let due = listens.next_due();
    assert_eq!(due, at(0) + OPENING_MAX);
    assert_eq!(listens.next_action(due), Some(ListenAction::Close(1)));
    assert_eq!(listens.next_action(due), None);
    assert!(answers(&mut listens).is_empty());
    let due = listens.next_due();
    assert_eq!(open(&mut listens, 2, due), filter(&["a"]));
    listens.acknowledged(2, &uris(&["a"]), due);
    assert_eq!(answers(&mut listens), [(7, Verdict::Done)]);
}

#[test]
fn subscriptions_are_bounded() {
    let mut listens = Subscriptions::default();
    for number in 0..URIS_MAX {
        listens.subscribe(0, &number.to_string(), at(0)).unwrap();
    }
    assert_eq!(listens.subscribe(0, "one more", at(0)), Err(TooMany));
    assert_eq!(listens.subscribe(0, "1", at(0)), Ok(()));
    let mut listens = Subscriptions::default();
    assert_eq!(listens.subscribe(0, &"a".repeat(URI_BYTES_MAX + 1), at(0)), Err(TooMany));
}

#[test]
fn what_a_server_can_name_during_an_overlap_is_bounded() {
    let mut listens = open_for(&["a"]);
    listens.subscribe(7, "b", at(0)).unwrap();
    open(&mut listens, 2, at(0));
    listens.acknowledged(2, &uris(&["a", "b"]), at(0));
    for number in 0..2 * COUNTED_MAX {
        listens.should_announce(2, &number.to_string(), at(0));
    }
    assert_eq!(listens.closing.as_ref().unwrap().leads.len(), COUNTED_MAX);
}
