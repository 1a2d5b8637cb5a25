//! The ends of sessions: by DELETE, by timeout, by eviction.

use super::rig::*;
use crate::engine::*;
use crate::http::Request;
use crate::limits::Limits;
use crate::machine::Signal;
use crate::principal::Principal;
use crate::protocol::Revision;

fn closed(rig: &Rig, client: &Client) -> Option<SessionEnd> {
    rig.events.iter().find_map(|event| match event {
        Event::SessionClosed { session, why, .. } if *session == client.id() => Some(*why),
        _ => None,
    })
}

#[test]
fn a_client_ends_its_session() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    let call = rig.call(&client, "1");
    let streamed = rig.call(&client.accepting(SSE), "2");
    let stream = rig.get(&client);
    let deleted = rig.delete(&client);
    assert_eq!(rig.reply(deleted), (204, ""));
    let text = "The session ended before the answer came".to_owned();
    assert_eq!(rig.error(call), (200, -32603, text.clone()));
    assert_eq!(error_of(&rig.messages(streamed)[0]).1, text);
    assert_eq!(rig.stage(streamed), Stage::Finished);
    assert_eq!(rig.stage(stream), Stage::Finished);
    assert_eq!(closed(&rig, &client), Some(SessionEnd::Deleted));
    assert!(rig.children[&child].stdin_closed);

    let again = rig.delete(&client);
    assert_eq!(rig.error(again).0, 404);
    let call = rig.call(&client, "3");
    assert_eq!(rig.error(call).0, 404);
}

#[test]
fn a_child_is_asked_to_end_ever_more_firmly() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    rig.delete(&client);
    assert!(rig.children[&child].stdin_closed);
    rig.pass(millis(4_999));
    assert_eq!(rig.children[&child].signals, []);
    rig.pass(millis(1));
    assert_eq!(rig.children[&child].signals, [Signal::Terminate]);
    rig.pass(secs(5));
    assert_eq!(rig.children[&child].signals, [Signal::Terminate, Signal::Kill]);
    rig.pass(secs(60));
    assert_eq!(rig.children[&child].signals.len(), 2);
    assert_eq!(rig.metric("pontoon_children"), 1, "it is not forgotten while it runs");
    rig.child_exits(child, ExitStatus::Signal(9));
    assert!(rig.children[&child].released);
    assert_eq!(rig.metric(r#"pontoon_children_ended_total{asked="true"}"#), 1);
    rig.engine.check_empty();
}

#[test]
fn a_child_that_ends_when_asked_gets_no_signal_but_its_group_does() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    rig.delete(&client);
    rig.child_ends(child, ExitStatus::Code(0));
    assert_eq!(rig.children[&child].signals, [Signal::Kill], "what it left behind ends with it");
    assert!(rig.children[&child].released);
    rig.pass(secs(60));
    assert_eq!(rig.children[&child].signals.len(), 1);
}

#[test]
fn a_session_expires_some_time_after_its_last_request() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    rig.pass(secs(299));
    rig.post(&client, r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    rig.pass(millis(299_999));
    assert!(!rig.has_ended(&client));
    rig.pass(millis(1));
    assert_eq!(closed(&rig, &client), Some(SessionEnd::Expired));
    assert!(rig.children[&child].stdin_closed);
    let call = rig.call(&client, "1");
    assert_eq!(rig.error(call), (404, -32603, "Session not found or expired".to_owned()));
}

#[test]
fn its_time_begins_when_the_last_request_ends() {
    let limits = Limits { session_idle_max: secs(20), ..Default::default() };
    let mut rig = Rig::with(limits);
    let (client, child) = rig.open(Revision::V2025_11_25);
    rig.call(&client.accepting(JSON), "1");
    rig.pass(secs(29));
    assert!(!rig.has_ended(&client), "a request is in flight");
    rig.child_answers(child, "2", "{}");
    rig.pass(millis(19_999));
    assert!(!rig.has_ended(&client));
    rig.pass(millis(1));
    assert!(rig.has_ended(&client));
}

#[test]
fn an_abandoned_call_keeps_its_session_until_it_is_answered() {
    let limits = Limits { session_idle_max: secs(20), ..Default::default() };
    let mut rig = Rig::with(limits);
    let (client, child) = rig.open(Revision::V2025_11_25);
    let call = rig.call(&client, "1");
    rig.disconnect(call);
    rig.pass(secs(25));
    assert!(!rig.has_ended(&client));
    rig.child_answers(child, "2", "{}");
    rig.pass(secs(20));
    assert!(rig.has_ended(&client));
}

#[test]
fn an_open_stream_keeps_a_session() {
    let mut rig = Rig::new();
    let (client, _) = rig.open(Revision::V2025_11_25);
    let stream = rig.get(&client);
    rig.pass(secs(3600));
    assert!(!rig.has_ended(&client));
    rig.disconnect(stream);
    rig.pass(millis(299_999));
    assert!(!rig.has_ended(&client));
    rig.pass(millis(1));
    assert!(rig.has_ended(&client));
}

#[test]
fn the_session_that_has_been_idle_longest_gives_way() {
    let mut rig = Rig::with(Limits { sessions_max: 3, ..Default::default() });
    let (busy, _) = rig.open(Revision::V2025_11_25);
    rig.call(&busy, "1");
    rig.pass(secs(1));
    let (oldest, child) = rig.open(Revision::V2025_11_25);
    rig.pass(secs(1));
    let (newer, _) = rig.open(Revision::V2025_11_25);
    let (_, _) = rig.open(Revision::V2025_11_25);
    assert_eq!(closed(&rig, &oldest), Some(SessionEnd::Evicted));
    assert!(rig.children[&child].stdin_closed);
    assert!(!rig.has_ended(&busy) && !rig.has_ended(&newer));
}

#[test]
fn a_session_with_open_get_streams_gives_way_if_there_is_no_idle_one() {
    let mut rig = Rig::with(Limits { sessions_max: 3, ..Default::default() });
    let (asked_first, _) = rig.open(Revision::V2025_11_25);
    let (asked_last, _) = rig.open(Revision::V2025_11_25);
    let (idle, _) = rig.open(Revision::V2025_11_25);
    let stream = rig.get(&asked_first);
    rig.get(&asked_last);
    rig.pass(secs(1));
    rig.post(&asked_last, &cancel("77"));
    rig.post(&idle, &cancel("77"));

    rig.open(Revision::V2025_11_25);
    assert_eq!(closed(&rig, &idle), Some(SessionEnd::Evicted), "idle sessions go first");
    let busy: Vec<_> = rig.engine.sessions.keys().copied().collect();
    assert_eq!(busy.len(), 3);
    let (newest, _) = rig.open(Revision::V2025_11_25);
    assert!(!rig.has_ended(&asked_first), "the one that was opened in between was idle");
    rig.call(&newest, "1");
    let ready = rig.request(Request::Ready { awaits_keys: false, detailed: true });
    assert_eq!(rig.reply(ready).0, 200);
    rig.open(Revision::V2025_11_25);
    assert_eq!(closed(&rig, &asked_first), Some(SessionEnd::Evicted));
    assert_eq!(rig.stage(stream), Stage::Finished);
    assert!(!rig.has_ended(&asked_last) && !rig.has_ended(&newest));
}

#[test]
fn sessions_without_credentials_and_those_of_the_same_client_give_way_first() {
    let mut rig = Rig::with(Limits { sessions_max: 4, ..Default::default() });
    let open = |rig: &mut Rig, client: &Client| {
        rig.pass(secs(1));
        let opened = rig.open_as(client, Revision::V2025_11_25).0;
        rig.bury();
        opened
    };
    let named =
        |name: &str| Client { principal: Principal::of(Some(name.as_bytes())), ..Client::new() };
    let (me, other) = (named("me"), named("other"));
    let (mine, others) = (open(&mut rig, &me), open(&mut rig, &other));
    let (anonymous, again) = (open(&mut rig, &Client::new()), open(&mut rig, &me));
    // Anonymous clients only replace each other, however many come.
    let mut last = anonymous;
    for _ in 0..8 {
        let next = open(&mut rig, &Client::new());
        assert_eq!(closed(&rig, &last), Some(SessionEnd::Evicted));
        last = next;
    }
    // The open stream of an anonymous client does not save its session.
    rig.get(&last);
    open(&mut rig, &named("third"));
    assert_eq!(closed(&rig, &last), Some(SessionEnd::Evicted));
    // Without an anonymous one, the oldest session of the same client is evicted.
    open(&mut rig, &me);
    assert_eq!(closed(&rig, &mine), Some(SessionEnd::Evicted));
    assert!(!rig.has_ended(&others) && !rig.has_ended(&again));
    // Only then the oldest of all.
    open(&mut rig, &named("fourth"));
    assert_eq!(closed(&rig, &others), Some(SessionEnd::Evicted));
}

#[test]
fn without_an_idle_session_there_is_no_room() {
    let mut rig = Rig::with(Limits { sessions_max: 2, ..Default::default() });
    let (busy, _) = rig.open(Revision::V2025_11_25);
    rig.call(&busy, "1");
    rig.initialize(&Client::new());
    let ready = rig.request(Request::Ready { awaits_keys: false, detailed: true });
    assert_eq!(rig.reply(ready), (503, "full (--max-sessions)\n"));
    let refused = rig.post(&Client::new(), &initialize("1", "2025-11-25"));
    assert_eq!(
        rig.error(refused),
        (503, -32603, "Too many sessions are open (--max-sessions)".to_owned())
    );
    assert_eq!(rig.exchanges[&refused].head.as_ref().unwrap().retry_after, Some(5));
    assert_eq!(rig.children.len(), 2);
}

#[test]
fn children_that_are_slow_to_end_count_too() {
    let mut rig = Rig::with(Limits { sessions_max: 2, ..Default::default() });
    for _ in 0..2 {
        let (client, _) = rig.open(Revision::V2025_11_25);
        rig.delete(&client);
    }
    rig.open(Revision::V2025_11_25);
    rig.open(Revision::V2025_11_25);
    let refused = rig.post(&Client::new(), &initialize("1", "2025-11-25"));
    assert_eq!(rig.error(refused).0, 503, "it would be a fifth process");
    assert_eq!(rig.metric("pontoon_children"), 4);
    let first = *rig.children.keys().next().unwrap();
    rig.child_exits(first, ExitStatus::Code(0));
    rig.open(Revision::V2025_11_25);
}

#[test]
fn the_time_a_session_was_open_is_counted() {
    let mut rig = Rig::new();
    let (client, _) = rig.open(Revision::V2025_11_25);
    rig.pass(secs(7));
    rig.delete(&client);
    assert_eq!(rig.metric("mcp_server_session_duration_seconds_sum"), 7);
    assert_eq!(rig.metric("pontoon_sessions_opened_total"), 1);
    assert_eq!(rig.metric(r#"pontoon_sessions_ended_total{reason="deleted"}"#), 1);
}
