//! Clients that resume with `Last-Event-ID`.

use super::events::Item;
use super::rig::*;
use crate::limits::Limits;
use crate::observe::Dropped;
use crate::protocol::Revision;

fn ids(items: &[Item]) -> Vec<String> {
    items.iter().filter_map(Item::id).map(str::to_owned).collect()
}

#[test]
fn a_client_that_lost_its_call_gets_what_it_missed_and_then_the_rest() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    let exchange = rig.call_with_progress(&client, "1", "1");
    let number = rig.number(child);
    rig.child_reports_progress(child, &number, 1);
    rig.child_reports_progress(child, &number, 2);
    let seen = rig.items(exchange);
    rig.disconnect(exchange);
    rig.child_reports_progress(child, &number, 3);
    let resumed = rig.resume(&client, seen[1].id().unwrap());
    assert_eq!(rig.items(resumed)[0], seen[2], "the same event under the same id");
    assert_eq!(rig.messages(resumed).len(), 2);
    rig.child_answers(child, &number, "{}");
    assert_eq!(rig.messages(resumed)[2], r#"{"jsonrpc":"2.0","id":1,"result":{}}"#);
    assert_eq!(rig.stage(resumed), Stage::Finished);
}

#[test]
fn an_answer_that_came_while_no_client_was_there_is_replayed() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    let exchange = rig.call(&client, "1");
    rig.pass(secs(15));
    rig.disconnect(exchange);
    rig.child_answers(child, "2", "{}");
    let first = ids(&rig.items(exchange))[0].clone();
    for _ in 0..2 {
        let resumed = rig.resume(&client, &first);
        assert_eq!(rig.messages(resumed), [r#"{"jsonrpc":"2.0","id":1,"result":{}}"#]);
        assert_eq!(rig.stage(resumed), Stage::Finished);
    }
    assert_eq!(rig.dropped(Dropped::UndeliverableAnswer), 0);
}

#[test]
fn a_client_that_has_seen_all_of_a_stream_that_is_over_is_told_to_stay_away() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    let exchange = rig.call(&client.accepting(SSE), "1");
    rig.child_answers(child, "2", "{}");
    let last = ids(&rig.items(exchange)).pop().unwrap();
    for _ in 0..2 {
        let resumed = rig.resume(&client, &last);
        assert_eq!(rig.reply(resumed), (204, ""));
        let head = rig.exchanges[&resumed].head.as_ref().unwrap();
        assert_eq!((head.session, head.content_type), (Some(client.id()), None));
    }
}

#[test]
fn a_call_that_is_not_over_can_be_resumed_with_nothing_to_replay() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    let exchange = rig.call(&client, "1");
    rig.pass(secs(15));
    rig.disconnect(exchange);
    let resumed = rig.resume(&client, &ids(&rig.items(exchange))[0]);
    assert_eq!(rig.stage(resumed), Stage::Begun);
    rig.child_answers(child, "2", "{}");
    assert_eq!(rig.messages(resumed).len(), 1);
}

#[test]
fn a_replay_is_of_one_stream_only() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    let stream = rig.get(&client);
    let exchange = rig.call_with_progress(&client, "1", "1");
    let number = rig.number(child);
    rig.child_reports_progress(child, &number, 1);
    rig.child_says(child, &list_changed(1));
    rig.disconnect(stream);
    let resumed = rig.resume(&client, &ids(&rig.items(stream))[0]);
    assert_eq!(rig.messages(resumed), [list_changed(1)]);
    rig.disconnect(exchange);
    let resumed = rig.resume(&client, &ids(&rig.items(exchange))[0]);
    assert_eq!(parse(&rig.messages(resumed)[0])["method"], "notifications/progress");
    assert_eq!(rig.messages(resumed).len(), 1);
}

#[test]
fn a_resumed_get_stream_goes_on_with_what_waited() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    let stream = rig.get(&client);
    rig.child_says(child, &list_changed(1));
    rig.disconnect(stream);
    rig.child_says(child, &list_changed(2));
    let resumed = rig.resume(&client, &ids(&rig.items(stream))[0]);
    rig.child_says(child, &list_changed(3));
    assert_eq!(rig.messages(resumed), [list_changed(1), list_changed(2), list_changed(3)]);
    let all = ids(&rig.items(resumed));
    assert_eq!(all.len(), 3);
    assert!(!all.contains(&ids(&rig.items(stream))[0]));
}

#[test]
fn a_client_that_comes_back_before_its_loss_is_noticed_takes_the_stream_over() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    for resume_call in [false, true] {
        let before = if resume_call {
            let exchange = rig.call(&client, "1");
            rig.pass(secs(15));
            exchange
        } else {
            rig.get(&client)
        };
        let resumed = rig.resume(&client, &ids(&rig.items(before))[0]);
        assert_eq!(rig.stage(before), Stage::Finished);
        rig.child_says(child, &sampling("7"));
        assert_eq!(rig.messages(resumed), [sampling("7")]);
        rig.disconnect(resumed);
    }
}

#[test]
fn events_that_are_not_kept_any_more_are_counted() {
    let mut rig = Rig::with(Limits { replay_len_max: 2, ..Default::default() });
    let (client, child) = rig.open(Revision::V2025_11_25);
    let stream = rig.get(&client);
    (1..=5).for_each(|number| rig.child_says(child, &list_changed(number)));
    rig.disconnect(stream);
    let resumed = rig.resume(&client, &ids(&rig.items(stream))[1]);
    assert_eq!(rig.messages(resumed), [list_changed(4), list_changed(5)]);
    assert_eq!(rig.metric("pontoon_replay_lost_total"), 2);
}

#[test]
fn ended_streams_are_forgotten_oldest_first() {
    let mut rig = Rig::with(Limits { ended_streams_max: 2, ..Default::default() });
    let (client, child) = rig.open(Revision::V2025_11_25);
    let mut first = Vec::new();
    for _ in 0..3 {
        let exchange = rig.call(&client.accepting(SSE), "1");
        let number = rig.number(child);
        rig.child_answers(child, &number, "{}");
        first.push(ids(&rig.items(exchange))[0].clone());
    }
    let gone = rig.resume(&client, &first[0]);
    assert_eq!(rig.error(gone).0, 400);
    for id in &first[1..] {
        let resumed = rig.resume(&client, id);
        assert_eq!(rig.messages(resumed).len(), 1);
    }
}

#[test]
fn an_answer_that_was_not_delivered_is_kept_before_those_that_were() {
    let mut rig = Rig::with(Limits { ended_streams_max: 2, ..Default::default() });
    let (client, child) = rig.open(Revision::V2025_11_25);
    let broken = rig.call(&client.accepting(SSE), "1");
    let number = rig.number(child);
    rig.child_reports_progress(child, &number, 1);
    rig.pass(secs(15));
    let first = ids(&rig.items(broken))[0].clone();
    rig.disconnect(broken);
    rig.child_answers(child, &number, "{}");
    let mut delivered = Vec::new();
    for _ in 0..8 {
        let exchange = rig.call(&client.accepting(SSE), "2");
        let number = rig.number(child);
        rig.child_answers(child, &number, "{}");
        delivered.push(ids(&rig.items(exchange))[0].clone());
    }
    let resumed = rig.resume(&client, &first);
    let answer = rig.messages(resumed).pop().expect("the answer");
    assert_eq!(parse(&answer)["id"], 1);
    let gone = rig.resume(&client, &delivered[6]);
    assert_eq!(rig.error(gone).0, 400);
}

#[test]
fn a_stream_that_never_began_cannot_be_resumed() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    let whole = rig.call(&client, "1");
    let number = rig.number(child);
    rig.child_answers(child, &number, "{}");
    assert_eq!(rig.stage(whole), Stage::Replied);
    rig.call(&client, "2");
    for last in
        ["0-0", "1-0", "2-0", "9-0", "18446744073709551615-0", "0", "-", "x", "00-0", "+1-0"]
    {
        let exchange = rig.resume(&client, last);
        let text = "Last-Event-ID names no stream of this session".to_owned();
        assert_eq!(rig.error(exchange), (400, -32603, text), "{last}");
    }
}

#[test]
fn an_event_that_was_never_sent_changes_nothing() {
    let limits = Limits { listen_streams_max: 2, ended_streams_max: 2, ..Default::default() };
    let mut rig = Rig::with(limits);
    let (client, child) = rig.open(Revision::V2025_11_25);
    for _ in 0..5 {
        let stream = rig.get(&client);
        rig.child_says(child, &list_changed(1));
        rig.disconnect(stream);
        let number = ids(&rig.items(stream))[0].split_once('-').unwrap().0.to_owned();
        let beyond = rig.resume(&client, &format!("{number}-2"));
        assert_eq!(rig.error(beyond).0, 400);
        let resumed = rig.resume(&client, &format!("{number}-0"));
        assert_eq!(rig.messages(resumed), [list_changed(1)]);
        rig.disconnect(resumed);
    }
}

#[test]
fn the_event_of_another_session_names_nothing() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    let (other, _) = rig.open(Revision::V2025_11_25);
    let stream = rig.get(&client);
    rig.child_says(child, &list_changed(1));
    let exchange = rig.resume(&other, &ids(&rig.items(stream))[0]);
    assert_eq!(rig.error(exchange).0, 400);
    assert_eq!(rig.stage(stream), Stage::Begun);
}

#[test]
fn resumed_get_streams_count_against_the_limit() {
    // The stream that is closed must not replace the one that is resumed.
    let limits = Limits { listen_streams_max: 1, ended_streams_max: 1, ..Default::default() };
    let mut rig = Rig::with(limits);
    let (client, child) = rig.open(Revision::V2025_11_25);
    let first = rig.get(&client);
    rig.disconnect(first);
    let second = rig.get(&client);
    let resumed = rig.resume(&client, &ids(&rig.items(first))[0]);
    assert_eq!(rig.stage(second), Stage::Finished);
    rig.child_says(child, &list_changed(1));
    assert_eq!(rig.messages(resumed), [list_changed(1)]);
    let again = rig.resume(&client, &ids(&rig.items(second))[0]);
    assert_eq!(rig.stage(resumed), Stage::Finished);
    rig.child_says(child, &list_changed(2));
    assert_eq!(rig.messages(again), [list_changed(2)]);
}

#[test]
fn a_get_stream_that_is_taken_over_makes_no_other_give_way() {
    let mut rig = Rig::with(Limits { listen_streams_max: 2, ..Default::default() });
    let (client, _) = rig.open(Revision::V2025_11_25);
    let (other, taken) = (rig.get(&client), rig.get(&client));
    let again = rig.resume(&client, &ids(&rig.items(taken))[0]);
    assert_eq!(rig.stage(taken), Stage::Finished);
    assert_eq!([rig.stage(other), rig.stage(again)], [Stage::Begun; 2]);
}

#[test]
fn a_request_of_the_child_that_waited_reaches_the_client_that_resumes_its_call() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    let exchange = rig.call(&client, "1");
    rig.pass(secs(15));
    rig.disconnect(exchange);
    rig.child_says(child, &sampling("7"));
    let resumed = rig.resume(&client, &ids(&rig.items(exchange))[0]);
    assert_eq!(rig.messages(resumed), [sampling("7")]);
}

#[test]
fn the_streams_of_a_session_share_what_they_may_keep() {
    let limits = Limits { session_replay_bytes_max: 2000, ..Limits::default() };
    let mut rig = Rig::with(limits);
    let (client, child) = rig.open(Revision::V2025_11_25);
    let small = rig.call_with_progress(&client, "1", "1");
    let small_number = rig.number(child);
    rig.child_reports_progress(child, &small_number, 1);
    let big = rig.call_with_progress(&client, "2", "2");
    let big_number = rig.number(child);
    for progress in 0..50 {
        rig.child_reports_progress(child, &big_number, progress);
    }
    let (first_small, first_big) = (&ids(&rig.items(small))[0], &ids(&rig.items(big))[0]);
    let resumed = rig.resume(&client, first_small);
    assert_eq!(rig.messages(resumed).len(), 1, "the one that keeps most gives way");
    assert_eq!(rig.metric("pontoon_replay_lost_total"), 0);
    let resumed = rig.resume(&client, first_big);
    let kept = rig.messages(resumed).len() as u64;
    assert!((1..50).contains(&kept), "{kept}");
    assert_eq!(rig.metric("pontoon_replay_lost_total"), 50 - kept);
}
