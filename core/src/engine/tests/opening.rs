//! `initialize`: sessions that open, and sessions that do not.

use super::rig::*;
use crate::engine::*;
use crate::http::SessionHeader;
use crate::limits::Limits;
use crate::protocol::Revision;
use crate::reject::SpawnError;

#[test]
fn initialize_opens_a_session_and_names_it() {
    let mut rig = Rig::new();
    let exchange = rig.post(&Client::new(), &initialize(r#""first \u0061""#, "2025-06-18"));
    let child = *rig.children.keys().next().unwrap();
    assert_eq!(rig.fed(child), [initialize("1", "2025-06-18")]);

    rig.child_says(
        child,
        r#"{"id":1,  "jsonrpc":"2.0","result":{"protocolVersion":"2025-06-18","x":1e400}}"#,
    );
    let body = r#"{"id":"first \u0061",  "jsonrpc":"2.0","result":{"protocolVersion":"2025-06-18","x":1e400}}"#;
    assert_eq!(rig.reply(exchange), (200, body));
    let head = rig.exchanges[&exchange].head.as_ref().unwrap();
    let session = head.session.expect("a session id");
    assert_eq!(SessionId::parse(session.to_string().as_bytes()), Some(session));
    assert_eq!(rig.metric("pontoon_sessions"), 1);
}

#[test]
fn initialize_can_be_answered_on_an_event_stream() {
    let mut rig = Rig::new();
    let (exchange, child) = rig.initialize(&Client::new().accepting(SSE));
    rig.child_says(child, &welcome("1", "2025-11-25"));
    assert_eq!(rig.messages(exchange), [welcome("0", "2025-11-25")]);
    assert_eq!(rig.stage(exchange), Stage::Finished);
    assert!(rig.exchanges[&exchange].head.as_ref().unwrap().session.is_some());
}

#[test]
fn a_session_is_unknown_until_initialize_was_answered() {
    let mut rig = Rig::new();
    let _ = rig.initialize(&Client::new());
    let id = *rig.engine.sessions.keys().next().unwrap();
    let client = Client { session: SessionHeader::Id(id), ..Client::new() };
    let exchange = rig.call(&client, "1");
    assert_eq!(rig.error(exchange), (404, -32603, "Session not found or expired".to_owned()));
}

#[test]
fn what_the_child_refuses_is_passed_on_and_opens_no_session() {
    let mut rig = Rig::new();
    let (exchange, child) = rig.initialize(&Client::new());
    rig.child_says(child, r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"no"}}"#);
    let refusal = r#"{"jsonrpc":"2.0","id":0,"error":{"code":-32602,"message":"no"}}"#;
    assert_eq!(rig.reply(exchange), (200, refusal));
    assert_eq!(rig.exchanges[&exchange].head.as_ref().unwrap().session, None);
    assert!(rig.children[&child].stdin_closed, "its child is stopped");
    assert_eq!(rig.metric("pontoon_sessions"), 0);
}

#[test]
fn a_client_does_not_wait_longer_for_a_child_than_its_time() {
    let mut rig = Rig::new();
    let (exchange, child) = rig.initialize(&Client::new());
    rig.fed(child);
    rig.pass(millis(9_999));
    assert_eq!(rig.stage(exchange), Stage::Waiting);
    rig.pass(millis(1));
    let (status, code, text) = rig.error(exchange);
    assert_eq!((status, code), (502, -32603));
    assert_eq!(text, TOO_SLOW_TO_START);
    assert!(!rig.children[&child].stdin_closed, "its child is the next client's");
    // 2025-11-25, basic/utilities/cancellation: "The initialize request MUST NOT be cancelled".
    assert_eq!(rig.fed(child), [""; 0]);
}

#[test]
fn a_child_gains_no_time_to_start_by_asking_or_by_showing_progress() {
    let mut rig = Rig::new();
    let exchange = rig.post(
        &Client::new(),
        r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","_meta":{"progressToken":"t"}}}"#,
    );
    let child = *rig.children.keys().next().unwrap();
    rig.child_says(child, r#"{"jsonrpc":"2.0","id":"p","method":"ping"}"#);
    rig.child_reports_progress(child, "1", 1);
    rig.pass(secs(10));
    assert_eq!(rig.error(exchange).0, 502);
}

#[test]
fn nothing_is_sent_before_initialize_is_answered() {
    let mut rig = Rig::new();
    let exchange = rig.post(
        &Client::new(),
        r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","_meta":{"progressToken":"t"}}}"#,
    );
    let child = *rig.children.keys().next().unwrap();
    rig.child_says(child, r#"{"jsonrpc":"2.0","method":"notifications/message","params":{}}"#);
    rig.child_says(child, &list_changed(1));
    rig.child_says(child, r#"{"jsonrpc":"2.0","id":"p","method":"ping"}"#);
    rig.child_reports_progress(child, "1", 1);
    assert_eq!(rig.stage(exchange), Stage::Waiting);
    rig.child_says(child, &welcome("1", "2025-11-25"));
    assert_eq!(rig.reply(exchange), (200, welcome("0", "2025-11-25").as_str()));
}

#[test]
fn what_the_child_said_before_its_session_was_open_reaches_the_first_stream() {
    let mut rig = Rig::new();
    let (exchange, child) = rig.initialize(&Client::new());
    rig.child_says(child, &list_changed(1));
    rig.child_says(child, &welcome("1", "2025-11-25"));
    let session = rig.exchanges[&exchange].head.as_ref().unwrap().session.unwrap();
    let client = Client { session: SessionHeader::Id(session), ..Client::new() };
    let stream = rig.get(&client);
    assert_eq!(rig.messages(stream), [list_changed(1)]);
}

#[test]
fn a_session_whose_client_left_before_it_was_open_ends_at_once() {
    let mut rig = Rig::new();
    let (exchange, child) = rig.initialize(&Client::new());
    rig.disconnect(exchange);
    assert!(!rig.children[&child].stdin_closed, "its child is the next client's");
    let ended =
        |event: &Event| matches!(event, Event::SessionClosed { why: SessionEnd::Abandoned, .. });
    assert!(rig.events.iter().any(ended));
    rig.child_says(child, &welcome("1", "2025-11-25"));
    rig.pass(secs(30));
    assert!(rig.children[&child].stdin_closed, "no client came for it");
    rig.child_ends(child, ExitStatus::Code(0));
    rig.engine.check_empty();
    assert!(rig.engine.shared.spawn_backoff.check(rig.now).is_ok(), "the child has not failed");
}

#[test]
fn a_command_that_cannot_be_started_is_named_as_the_reason() {
    let mut rig = Rig::new();
    rig.spawning = Spawning::Fails(SpawnError::NotFound);
    let (exchange, child) = rig.initialize(&Client::new());
    let text = "The MCP server process could not be started: no such command".to_owned();
    assert_eq!(rig.error(exchange), (502, -32603, text));
    assert!(rig.events.contains(&Event::ChildFailed { child, error: SpawnError::NotFound }));
    rig.pass(secs(60));
    rig.engine.check_empty();
}

#[test]
fn a_system_that_has_nothing_left_for_a_child_may_be_asked_again() {
    let mut rig = Rig::new();
    rig.spawning = Spawning::Fails(SpawnError::NoResources);
    let (exchange, _) = rig.initialize(&Client::new());
    assert_eq!(rig.error(exchange).0, 503);
    assert_eq!(rig.exchanges[&exchange].head.as_ref().unwrap().retry_after, Some(1));
    rig.pass(secs(1));
    rig.spawning = Spawning::Works;
    rig.open(Revision::NEWEST_LEGACY);
}

#[test]
fn a_child_that_ends_while_it_starts_is_named_as_the_reason() {
    let mut rig = Rig::new();
    let (exchange, child) = rig.initialize(&Client::new());
    rig.child_ends(child, ExitStatus::Code(3));
    let text = "The MCP server process exited with status 3".to_owned();
    assert_eq!(rig.error(exchange), (502, -32603, text));
    assert!(rig.children[&child].released);
    rig.engine.check_empty();
}

#[test]
fn each_session_has_a_child_of_its_own() {
    let mut rig = Rig::new();
    let (one, first) = rig.open(Revision::V2025_11_25);
    let (other, second) = rig.open(Revision::V2025_11_25);
    assert_ne!(one.id(), other.id());
    assert_ne!(first, second);
    rig.call(&other, "1");
    assert_eq!(rig.fed(first), [""; 0]);
    assert_eq!(rig.fed(second), [request("2")]);
}

#[test]
fn initialize_with_the_id_of_an_ended_session_opens_another() {
    let mut rig = Rig::new();
    let (client, _) = rig.open(Revision::V2025_11_25);
    rig.delete(&client);
    let (fresh, _) = rig.open_as(&client, Revision::V2025_11_25);
    assert_ne!(fresh.id(), client.id());
}

#[test]
fn a_session_is_initialized_once() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    let again = rig.post(&client, &initialize("9", "2025-11-25"));
    assert_eq!(rig.error(again), (400, -32603, "Session already initialized".to_owned()));
    assert_eq!(parse(rig.reply(again).1)["id"], 9);
    assert_eq!(rig.fed(child), [""; 0]);
}

#[test]
fn a_child_may_answer_with_another_revision() {
    let mut rig = Rig::new();
    let (exchange, child) = rig.initialize(&Client::new());
    rig.child_says(child, &welcome("1", "2025-03-26"));
    let session = rig.exchanges[&exchange].head.as_ref().unwrap().session.unwrap();
    let client = Client { session: SessionHeader::Id(session), ..Client::new() };
    let batch = rig.post(&client, r#"[{"jsonrpc":"2.0","method":"notifications/initialized"}]"#);
    assert_eq!(rig.reply(batch).0, 202, "2025-03-26 has batches");
}

#[test]
fn failed_starts_are_paused_longer_and_longer() {
    let mut rig = Rig::new();
    rig.spawning = Spawning::Fails(SpawnError::NotFound);
    let mut pauses = Vec::new();
    for _ in 0..10 {
        let (exchange, _) = rig.initialize(&Client::new());
        assert_eq!(rig.error(exchange).0, 502);
        let failed_at = rig.now;
        while rig.engine.shared.spawn_backoff.check(rig.now).is_err() {
            rig.pass(millis(10));
        }
        pauses.push(rig.now.since(failed_at));
    }
    assert_eq!(pauses[0], secs(0), "the next client gets the same clear error");
    assert!(pauses[1] > secs(0) && pauses.is_sorted(), "{pauses:?}");
    assert_eq!(*pauses.last().unwrap(), Limits::default().start_pause_max);

    let (_, _) = rig.initialize(&Client::new());
    let refused = rig.post(&Client::new(), &initialize("0", "2025-11-25"));
    let (status, code, text) = rig.error(refused);
    assert_eq!((status, code), (503, -32603));
    assert_eq!(text, "The MCP server process failed to start; the next try is possible in 10 s");
    assert_eq!(rig.exchanges[&refused].head.as_ref().unwrap().retry_after, Some(10));

    rig.pass(millis(8500));
    let refused = rig.post(&Client::new(), &initialize("0", "2025-11-25"));
    assert_eq!(
        rig.exchanges[&refused].head.as_ref().unwrap().retry_after,
        Some(2),
        "a client that waits for one second would be too early"
    );

    rig.spawning = Spawning::Works;
    rig.pass(millis(1500));
    rig.open(Revision::V2025_11_25);
    rig.spawning = Spawning::Fails(SpawnError::Other);
    let (exchange, _) = rig.initialize(&Client::new());
    assert_eq!(rig.error(exchange).0, 502, "a start that worked ends the pauses");
}

#[test]
fn every_way_to_fail_the_start_counts_as_one() {
    let fail: [fn(&mut Rig, ChildId); 3] = [
        |rig, child| rig.child_ends(child, ExitStatus::Code(0)),
        |rig, _| rig.pass(secs(30)),
        |rig, child| {
            rig.child_closes_stdout(child);
            rig.pass(millis(20));
        },
    ];
    for (way, fail) in fail.iter().enumerate() {
        let mut rig = Rig::new();
        for _ in 0..2 {
            let (exchange, child) = rig.initialize(&Client::new());
            fail(&mut rig, child);
            assert_eq!(rig.error(exchange).0, 502, "{way}");
        }
        assert!(rig.engine.shared.spawn_backoff.check(rig.now).is_err(), "{way}");
    }
}

#[test]
fn a_child_that_is_started_too_late_is_stopped() {
    let mut rig = Rig::new();
    rig.spawning = Spawning::TakesTime;
    let (exchange, child) = rig.initialize(&Client::new());
    rig.pass(secs(30));
    assert_eq!(rig.error(exchange).0, 502);
    rig.input(Input::ChildSpawned { child, pid: 1 });
    assert!(rig.children[&child].stdin_closed);
    rig.child_ends(child, ExitStatus::Code(0));
    assert!(rig.children[&child].released);

    let (exchange, child) = rig.initialize(&Client::new());
    rig.pass(secs(30));
    assert_eq!(rig.error(exchange).0, 502);
    rig.input(Input::ChildSpawnFailed { child, error: SpawnError::NoResources });
    rig.engine.check_empty();
}
