//! The figures of a server beside others.

use super::rig::*;
use crate::engine::*;
use crate::observe::{Overview, ServerState};
use crate::protocol::Revision;
use crate::reject::SpawnError;

fn overview(rig: &Rig) -> Overview {
    rig.engine.overview(rig.now)
}

#[test]
fn the_state_of_a_server_follows_its_command() {
    let mut rig = Rig::new();
    assert_eq!(overview(&rig).state, ServerState::Idle);
    let (client, child) = rig.open(Revision::V2025_11_25);
    assert_eq!(overview(&rig).state, ServerState::Running);
    rig.call(&client, "1");
    rig.pass(rig.engine.shared.config.limits.request_time_max);
    assert_eq!(overview(&rig).state, ServerState::Degraded);
    rig.delete(&client);
    rig.child_ends(child, ExitStatus::Code(0));
    assert_eq!(overview(&rig).state, ServerState::Idle);
    rig.spawning = Spawning::Fails(SpawnError::NotFound);
    let _ = rig.initialize(&Client::new());
    let failing = overview(&rig);
    assert_eq!(failing.state, ServerState::Failing);
    assert_eq!(failing.reason, Some("the command does not start"));
    rig.input(Input::ShutdownRequested);
    assert_eq!(overview(&rig).state, ServerState::Stopping);
}

#[test]
fn requests_are_counted_with_their_errors_and_their_time() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    let before = overview(&rig);
    assert_eq!((before.sessions, before.children, before.errors), (1, 1, 0));
    rig.call(&client, "1");
    let id = rig.number(child);
    rig.pass(millis(40));
    rig.child_answers(child, &id, "{}");
    rig.call(&client, "2");
    let id = rig.number(child);
    assert_eq!(overview(&rig).in_flight, 1);
    let error = format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":-1,"message":"no"}}}}"#);
    rig.child_says(child, &error);
    let after = overview(&rig);
    assert_eq!((after.requests - before.requests, after.errors, after.in_flight), (2, 1, 0));
    let p99 = after.recent.p99.unwrap();
    assert!((millis(30)..millis(51)).contains(&p99), "{p99:?}");
    rig.pass(secs(80));
    let later = overview(&rig);
    assert_eq!((later.recent.p99, later.recent.per_second), (None, 0.0));
    assert_eq!(later.requests, after.requests);
}

#[test]
fn metrics_of_a_server_name_it_in_each_sample_and_leave_the_process_out() {
    let mut rig = Rig::new();
    rig.open(Revision::V2025_11_25);
    let text = rig.engine.metrics_of("time", rig.now).finish();
    assert!(text.contains("\npontoon_sessions{server=\"time\"} 1\n"), "{text}");
    assert!(!text.contains("process_"), "{text}");
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    let unnamed: Vec<_> = samples.filter(|line| !line.contains("server=\"time\"")).collect();
    assert!(unnamed.is_empty(), "{unnamed:?}");
}
