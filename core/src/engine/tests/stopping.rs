//! Shutdown: requests in flight are finished, new ones are refused, children are stopped.

use super::events::Item;
use super::rig::*;
use crate::engine::*;
use crate::limits::Limits;
use crate::machine::Signal;
use crate::protocol::Revision;

fn shut_down(rig: &mut Rig) {
    rig.input(Input::ShutdownRequested);
}

#[test]
fn with_nothing_to_wait_for_it_stops_at_once() {
    let mut rig = Rig::new();
    shut_down(&mut rig);
    assert!(rig.unlistened);
    assert_eq!(rig.stopped, Some(false));
    shut_down(&mut rig);
    rig.pass(secs(60));
}

#[test]
fn a_delayed_stop_serves_everything_until_the_delay_is_over() {
    let mut rig = Rig::with(Limits { stop_delay: secs(5), ..Limits::default() });
    let (client, child) = rig.open(Revision::V2025_11_25);
    shut_down(&mut rig);
    assert_eq!((rig.unlistened, rig.stopped), (false, None));
    rig.pass(secs(4));
    let (_, other) = rig.open(Revision::V2025_11_25);
    let call = rig.call(&client, "1");
    rig.child_answers(child, "2", "{}");
    assert_eq!(rig.reply(call).0, 200);
    rig.pass(secs(1));
    assert!(rig.unlistened);
    for child in [child, other] {
        rig.child_ends(child, ExitStatus::Code(0));
    }
    assert_eq!(rig.stopped, Some(false));
    rig.engine.check_empty();
}

#[test]
fn a_second_request_to_stop_ends_the_delay_and_a_third_the_drain() {
    let mut rig = Rig::with(Limits { stop_delay: secs(5), ..Limits::default() });
    let (client, _) = rig.open(Revision::V2025_11_25);
    rig.call(&client, "1");
    shut_down(&mut rig);
    shut_down(&mut rig);
    assert_eq!((rig.unlistened, rig.stopped), (true, None));
    rig.pass(secs(5));
    assert_eq!(rig.stopped, None, "the delay that was cut short ends nothing");
    shut_down(&mut rig);
    assert_eq!(rig.stopped, Some(true));
}

#[test]
fn a_replaced_engine_stops_once_its_sessions_have_ended() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    rig.input(Input::Retired { replaced: true });
    rig.pass(secs(20));
    let call = rig.call(&client, "1");
    rig.child_answers(child, "2", "{}");
    assert_eq!((rig.reply(call).0, rig.stopped), (200, None));
    rig.delete(&client);
    rig.child_ends(child, ExitStatus::Code(0));
    assert_eq!(rig.stopped, Some(false));
    rig.engine.check_empty();
}

#[test]
fn the_sessions_of_a_replaced_engine_have_a_limit() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    rig.input(Input::Retired { replaced: true });
    let limit = Limits::default().drain_time_max;
    rig.pass(limit - millis(1));
    assert!(!rig.has_ended(&client));
    rig.pass(millis(1));
    assert!(rig.has_ended(&client));
    rig.child_ends(child, ExitStatus::Code(0));
    assert_eq!(rig.stopped, Some(false));
}

#[test]
fn a_removed_engine_drains_and_the_first_request_to_stop_forces_nothing() {
    let mut rig = Rig::with(Limits { stop_delay: secs(5), ..Limits::default() });
    let (client, child) = rig.open(Revision::V2025_11_25);
    let call = rig.call(&client, "1");
    rig.input(Input::Retired { replaced: false });
    assert!(rig.unlistened, "without the delay of a stop");
    shut_down(&mut rig);
    assert_eq!(rig.stopped, None);
    rig.child_answers(child, "2", "{}");
    assert_eq!(rig.reply(call).0, 200);
    rig.child_ends(child, ExitStatus::Code(0));
    assert_eq!(rig.stopped, Some(false));
}

#[test]
fn a_drain_that_takes_long_says_how_many_processes_it_waits_for() {
    let mut rig = Rig::new();
    let (_, child) = rig.open(Revision::V2025_11_25);
    shut_down(&mut rig);
    let said = |rig: &Rig| {
        let reports = rig.events.iter().filter_map(|event| match event {
            Event::StillStopping { processes } => Some(*processes),
            _ => None,
        });
        reports.collect::<Vec<_>>()
    };
    rig.pass(millis(999));
    assert_eq!(said(&rig), [0_usize; 0]);
    rig.pass(millis(1));
    assert_eq!(said(&rig), [1]);
    rig.child_ends(child, ExitStatus::Code(0));
    assert_eq!(rig.stopped, Some(false));
}

#[test]
fn idle_sessions_end_at_once_and_their_children_are_waited_for() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    let stream = rig.get(&client);
    shut_down(&mut rig);
    assert_eq!(rig.items(stream).last(), Some(&Item::Retry(2000)), "when to come back");
    assert_eq!(rig.stage(stream), Stage::Finished);
    assert!(rig.children[&child].stdin_closed);
    assert_eq!(rig.stopped, None);
    rig.child_ends(child, ExitStatus::Code(0));
    assert_eq!(rig.stopped, Some(false));
    rig.engine.check_empty();
}

#[test]
fn requests_in_flight_get_their_answers() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    let calls = [rig.call(&client, "1"), rig.call(&client, "2")];
    shut_down(&mut rig);
    rig.child_answers(child, "2", "{}");
    assert!(!rig.children[&child].stdin_closed);
    rig.child_answers(child, "3", "{}");
    for call in calls {
        assert_eq!(rig.reply(call).0, 200);
    }
    assert!(rig.children[&child].stdin_closed, "the last answer ends the session");
    rig.child_ends(child, ExitStatus::Code(0));
    assert_eq!(rig.stopped, Some(false));
}

#[test]
fn a_session_that_the_drain_has_ended_is_told_of_the_drain() {
    let mut rig = Rig::new();
    let (idle, _) = rig.open(Revision::V2025_11_25);
    let (busy, child) = rig.open(Revision::V2025_11_25);
    let last = rig.call(&busy, "1");
    shut_down(&mut rig);
    let initialized = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    let told_to = |rig: &mut Rig, client: &Client| {
        let asked = [
            rig.call(client, "2"),
            rig.post(client, initialized),
            rig.get(client),
            rig.delete(client),
        ];
        for exchange in asked {
            assert_eq!(rig.error(exchange), (503, -32603, "The server is stopping".to_owned()));
            let head = rig.exchanges[&exchange].head.as_ref().expect("an answer");
            assert!(head.retry_after.is_some(), "and when to come back: {head:?}");
        }
    };
    told_to(&mut rig, &idle);
    assert_eq!(rig.stopped, None, "there is a request in flight");
    rig.child_answers(child, "2", "{}");
    assert_eq!(rig.reply(last).0, 200);
    told_to(&mut rig, &busy);
}

#[test]
fn the_last_request_may_also_time_out_or_be_cancelled() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    rig.call(&client, "1");
    rig.pass(secs(10));
    shut_down(&mut rig);
    rig.pass(secs(20));
    assert!(rig.children[&child].stdin_closed, "the request has timed out");

    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    rig.call(&client, "1");
    shut_down(&mut rig);
    rig.post(&client, &cancel("1"));
    assert!(rig.children[&child].stdin_closed, "the request was cancelled");
}

#[test]
fn a_session_that_is_being_opened_is_answered() {
    let mut rig = Rig::new();
    let (exchange, child) = rig.initialize(&Client::new());
    shut_down(&mut rig);
    rig.child_says(child, &welcome("1", "2025-11-25"));
    assert_eq!(rig.reply(exchange).0, 200);
    assert!(rig.children[&child].stdin_closed);
}

#[test]
fn new_work_is_refused_and_the_connection_closed() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    rig.call(&client, "1");
    rig.child_says(child, &sampling("7"));
    shut_down(&mut rig);
    rig.fed(child);
    let call = rig.call(&client, "2");
    let opening = rig.post(&Client::new(), &initialize("1", "2025-11-25"));
    let stream = rig.get(&client);
    for exchange in [call, opening, stream] {
        assert_eq!(rig.error(exchange), (503, -32603, "The server is stopping".to_owned()));
        let head = rig.exchanges[&exchange].head.as_ref().unwrap();
        assert!(head.close);
        assert_eq!(head.retry_after, Some(1));
    }
    assert_eq!(rig.fed(child), [""; 0]);
    let answer = rig.post(&client, r#"{"jsonrpc":"2.0","id":7,"result":{}}"#);
    assert_eq!(rig.reply(answer).0, 202, "what is in flight may need it");
    assert_eq!(rig.fed(child).len(), 1);
}

#[test]
fn a_client_that_lost_its_call_can_still_come_back_for_the_answer() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    let call = rig.call(&client, "1");
    rig.pass(secs(15));
    rig.disconnect(call);
    shut_down(&mut rig);
    let first = rig.items(call)[0].id().unwrap().to_owned();
    let resumed = rig.resume(&client, &first);
    rig.child_answers(child, "2", "{}");
    assert_eq!(rig.messages(resumed), [r#"{"jsonrpc":"2.0","id":1,"result":{}}"#]);
    assert_eq!(rig.stage(resumed), Stage::Finished);
    rig.child_ends(child, ExitStatus::Code(0));
    assert_eq!(rig.stopped, Some(false));
}

#[test]
fn it_waits_until_the_last_answer_was_taken() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    let exchange = rig.call(&client.accepting(SSE), "1");
    shut_down(&mut rig);
    rig.prompt = false;
    rig.child_answers(child, "2", "{}");
    rig.child_ends(child, ExitStatus::Code(0));
    assert_eq!(rig.stopped, None);
    rig.flush(exchange);
    rig.disconnect(exchange);
    assert_eq!(rig.stopped, Some(false));
}

#[test]
fn asked_twice_it_stops_by_force() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    let call = rig.call(&client, "1");
    let (idle, other) = rig.open(Revision::V2025_11_25);
    shut_down(&mut rig);
    assert!(rig.has_ended(&idle));
    shut_down(&mut rig);
    assert_eq!(rig.error(call), (200, -32603, "The server stopped before the answer came".into()));
    for child in [child, other] {
        assert_eq!(rig.children[&child].signals, [Signal::Kill]);
    }
    assert_eq!(rig.stopped, Some(true));
    rig.child_ends(child, ExitStatus::Signal(9));
    rig.pass(secs(60));
    shut_down(&mut rig);
}

#[test]
fn the_drain_has_a_limit() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    let call = rig.call_with_progress(&client.accepting(JSON), "1", "1");
    shut_down(&mut rig);
    rig.pass(secs(29));
    rig.child_reports_progress(child, "2", 1);
    rig.pass(millis(999));
    assert_eq!(rig.stopped, None);
    rig.pass(millis(1));
    assert_eq!(rig.error(call).2, "The server stopped before the answer came");
    assert_eq!(rig.children[&child].signals, [Signal::Kill]);
    assert_eq!(rig.stopped, Some(true));
}

#[test]
fn a_forced_stop_answers_a_session_that_is_being_opened() {
    let mut rig = Rig::new();
    let (exchange, _) = rig.initialize(&Client::new());
    shut_down(&mut rig);
    shut_down(&mut rig);
    assert_eq!(rig.error(exchange).0, 502);
}

#[test]
fn a_child_that_ends_slowly_is_stopped_in_order_during_the_drain() {
    let mut rig = Rig::new();
    let (_, child) = rig.open(Revision::V2025_11_25);
    shut_down(&mut rig);
    rig.pass(secs(10));
    assert_eq!(rig.children[&child].signals, [Signal::Terminate, Signal::Kill]);
    rig.child_exits(child, ExitStatus::Signal(9));
    assert_eq!(rig.stopped, Some(false));
}
