//! The memory budget, and its shares for kept bytes and for children's output.

use bytes::Bytes;

use super::events::Item;
use super::legacy_workers::{CALL, rig_of};
use super::modern::*;
use super::rig::*;
use crate::config::{BridgeOptions, ChildPer};
use crate::engine::*;
use crate::limits::Limits;
use crate::memory::SMALL_BYTES_MAX;
use crate::observe::Dropped;
use crate::protocol::Revision;

const BUDGET: usize = 1 << 20;

fn limits() -> Limits {
    Limits { memory_bytes_max: BUDGET, ..Limits::default() }
}

/// Returns two shared children, each with a call in flight.
fn two_children() -> (Rig, [ChildId; 2]) {
    let options = BridgeOptions { child_per: ChildPer::Principal, ..BridgeOptions::default() };
    let mut rig = rig_of(options, limits());
    let children = ["ada", "bob"].map(|name| {
        rig.ask(&Modern::named(name), "1", "tools/call", CALL);
        rig.welcomes()
    });
    assert_ne!(children[0], children[1]);
    (rig, children)
}

/// Holds bytes like a line of this child, and lets the engine see that.
fn write(rig: &mut Rig, child: ChildId, bytes: usize) -> Bytes {
    let line = rig.engine.memory().child(child).hold(Bytes::from(vec![b'x'; bytes]));
    rig.child_says(child, &list_changed(1));
    line
}

#[test]
fn a_shared_child_is_not_read_while_memory_is_short_and_what_it_wrote_is_held() {
    let (mut rig, [writer, other]) = two_children();
    let line = write(&mut rig, writer, BUDGET / 4 * 3);
    assert!(rig.children[&writer].reading, "three quarters are not short");
    let more = write(&mut rig, writer, 1);
    assert!(!rig.children[&writer].reading);
    assert!(rig.children[&other].reading, "it has written nothing that is held");
    drop((line, more));
    rig.pass(millis(20));
    assert!(rig.children[&writer].reading);
}

#[test]
fn a_shared_child_waits_a_second_at_most_and_waits_again_when_memory_is_short_again() {
    let (mut rig, [writer, _]) = two_children();
    let line = write(&mut rig, writer, BUDGET / 5 * 4);
    rig.pass(millis(990));
    assert!(!rig.children[&writer].reading);
    rig.pass(millis(20));
    assert!(rig.children[&writer].reading, "other clients of it may be waiting");
    rig.pass(secs(5));
    assert!(rig.children[&writer].reading);
    drop(line);
    rig.pass(millis(20));
    let _line = write(&mut rig, writer, BUDGET / 5 * 4);
    assert!(!rig.children[&writer].reading);
}

#[test]
fn a_shared_child_of_which_little_is_held_is_read_however_short_memory_is() {
    let (mut rig, [small, large]) = two_children();
    let _little = write(&mut rig, small, SMALL_BYTES_MAX);
    let _much = write(&mut rig, large, BUDGET / 5 * 4);
    assert!(rig.children[&small].reading && !rig.children[&large].reading);
}

/// Returns the id of the last event of a stream.
fn last_id(rig: &Rig, stream: ExchangeId) -> String {
    rig.items(stream).iter().filter_map(Item::id).next_back().expect("an id").to_owned()
}

#[test]
fn events_of_all_sessions_are_kept_in_a_quarter_of_the_budget() {
    let mut rig = Rig::with(limits());
    let text =
        format!(r#"{{"jsonrpc":"2.0","method":"x","params":{{"x":"{}"}}}}"#, "x".repeat(50_000));
    let sessions: Vec<_> = (0..2)
        .map(|_| {
            let (client, child) = rig.open(Revision::V2025_11_25);
            let stream = rig.get(&client);
            let first = last_id(&rig, stream);
            (0..4).for_each(|_| rig.child_says(child, &text));
            (client, stream, first)
        })
        .collect();
    let kept = rig.metric("pontoon_memory_bytes");
    assert!((240_000..=BUDGET as u64 / 4).contains(&kept), "{kept}");
    let replayed = sessions.iter().map(|(client, stream, first)| {
        assert_eq!(rig.messages(*stream).len(), 4, "what is sent is another matter");
        let again = rig.resume(client, first);
        rig.messages(again).len()
    });
    assert_eq!(replayed.collect::<Vec<_>>(), [4, 1]);
    assert_eq!(rig.metric("pontoon_replay_lost_total"), 3);
}

#[test]
fn messages_that_wait_for_streams_take_a_quarter_of_the_budget_together() {
    let mut rig = Rig::with(limits());
    let text =
        format!(r#"{{"jsonrpc":"2.0","method":"x","params":{{"x":"{}"}}}}"#, "x".repeat(50_000));
    let clients: Vec<_> = (0..2)
        .map(|_| {
            let (client, child) = rig.open(Revision::V2025_06_18);
            (0..4).for_each(|_| rig.child_says(child, &text));
            client
        })
        .collect();
    assert_eq!(rig.dropped(Dropped::Overflow), 3);
    let waited = clients.iter().map(|client| {
        let stream = rig.get(client);
        rig.messages(stream).len()
    });
    assert_eq!(waited.collect::<Vec<_>>(), [4, 1]);
}
