//! GET streams, and keep-alive.

use super::events::Item;
use super::rig::*;
use crate::frame::EventId;
use crate::http::ContentType;
use crate::limits::Limits;
use crate::protocol::Revision;

#[test]
fn a_get_opens_an_event_stream_at_once() {
    let mut rig = Rig::new();
    let (client, _) = rig.open(Revision::V2025_06_18);
    let stream = rig.get(&client);
    assert_eq!(rig.stage(stream), Stage::Begun);
    let head = rig.exchanges[&stream].head.as_ref().unwrap();
    assert_eq!((head.status, head.content_type), (200, Some(ContentType::EventStream)));
    assert_eq!(head.session, Some(client.id()));
    // Only 2025-11-25 primes a stream.
    assert_eq!(rig.items(stream), [Item::Comment], "a gateway passes the head on");
}

#[test]
fn streams_of_the_newest_revision_begin_with_a_priming_event() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    let stream = rig.get(&client);
    assert!(matches!(&rig.items(stream)[..], [Item::Priming(_)]));
    let call = rig.call(&client.accepting(SSE), "1");
    rig.child_answers(child, "2", "{}");
    assert!(matches!(&rig.items(call)[..], [Item::Priming(_), Item::Message(..)]));
}

#[test]
fn event_ids_are_unique_in_a_session_and_rise_in_a_stream() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    let mut ids = Vec::new();
    for round in 0..3 {
        let exchange = rig.call_with_progress(&client, "1", "1");
        let number = rig.number(child);
        (0..12).for_each(|step| rig.child_reports_progress(child, &number, step));
        rig.child_answers(child, &number, "{}");
        let items = rig.items(exchange);
        let of_stream: Vec<EventId> = items
            .iter()
            .map(|item| EventId::parse(item.id().unwrap().as_bytes()).unwrap())
            .collect();
        assert_eq!(of_stream.len(), 14, "{round}");
        assert!(of_stream.is_sorted_by(|a, b| a.stream == b.stream && a.sequence < b.sequence));
        ids.extend(of_stream);
    }
    ids.sort();
    assert!(ids.is_sorted_by(|a, b| a < b), "an id was used twice");
}

#[test]
fn quiet_streams_get_a_comment_every_fifteen_seconds() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_06_18);
    let stream = rig.get(&client);
    rig.pass(millis(14_999));
    assert_eq!(rig.items(stream), [Item::Comment]);
    rig.pass(millis(1));
    assert_eq!(rig.items(stream), [Item::Comment, Item::Comment]);
    rig.pass(secs(10));
    rig.child_says(child, &list_changed(1));
    rig.pass(secs(14));
    assert_eq!(rig.items(stream).len(), 3, "it was not quiet");
    rig.pass(secs(1));
    assert_eq!(rig.items(stream).last(), Some(&Item::Comment));
    rig.pass(secs(150));
    assert_eq!(rig.items(stream).len(), 14);
}

#[test]
fn a_call_that_takes_long_becomes_an_event_stream_if_its_client_takes_one() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    let both = rig.call(&client, "1");
    let json = rig.call(&client.accepting(JSON), "2");
    rig.pass(secs(15));
    assert!(matches!(&rig.items(both)[..], [Item::Priming(_), Item::Comment]));
    assert_eq!(rig.stage(json), Stage::Waiting);
    rig.pass(secs(5));
    rig.child_answers(child, "2", "{}");
    rig.child_answers(child, "3", "{}");
    assert_eq!(rig.messages(both), [r#"{"jsonrpc":"2.0","id":1,"result":{}}"#]);
    assert_eq!(rig.reply(json).1, r#"{"jsonrpc":"2.0","id":2,"result":{}}"#);
}

#[test]
fn comments_are_no_events_and_are_not_replayed() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    let stream = rig.get(&client);
    rig.pass(secs(45));
    rig.child_says(child, &list_changed(1));
    let first = rig.items(stream)[0].id().unwrap().to_owned();
    let resumed = rig.resume(&client, &first);
    assert_eq!(rig.items(resumed).len(), 1);
    assert_eq!(rig.messages(resumed), [list_changed(1)]);
}

#[test]
fn the_oldest_get_stream_gives_way_to_another_one() {
    let mut rig = Rig::with(Limits { listen_streams_max: 2, ..Default::default() });
    let (client, child) = rig.open(Revision::V2025_11_25);
    let first = rig.get(&client);
    rig.pass(secs(1));
    let second = rig.get(&client);
    let third = rig.get(&client);
    assert_eq!(rig.stage(first), Stage::Finished);
    assert_eq!(rig.items(first).last(), Some(&Item::Retry(2000)), "when to come back");
    rig.child_says(child, &list_changed(1));
    assert_eq!(rig.messages(third), [list_changed(1)]);
    assert_eq!(rig.messages(first), [""; 0]);
    assert_eq!(rig.stage(second), Stage::Begun);
    assert_eq!(rig.metric("pontoon_streams"), 2);
}

#[test]
fn what_counts_is_how_long_a_get_stream_has_been_carried() {
    let mut rig = Rig::with(Limits { listen_streams_max: 2, ..Default::default() });
    let (client, _) = rig.open(Revision::V2025_11_25);
    let first = rig.get(&client);
    let id = rig.items(first)[0].id().unwrap().to_owned();
    let second = rig.get(&client);
    rig.pass(secs(1));
    let resumed = rig.resume(&client, &id);
    rig.pass(secs(1));
    let third = rig.get(&client);
    assert_eq!(rig.stage(second), Stage::Finished);
    assert_eq!([rig.stage(resumed), rig.stage(third)], [Stage::Begun; 2]);
}

#[test]
fn open_exchanges_are_counted() {
    let mut rig = Rig::new();
    let (client, _) = rig.open(Revision::V2025_06_18);
    let stream = rig.get(&client);
    rig.call(&client, "1");
    assert_eq!(rig.metric("pontoon_streams"), 2);
    rig.disconnect(stream);
    assert_eq!(rig.metric("pontoon_streams"), 1);
}
