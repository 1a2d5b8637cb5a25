//! The child that is started before the first session.

use bytes::Bytes;

use super::rig::*;
use crate::config::Config;
use crate::engine::*;
use crate::http::Request;
use crate::limits::Limits;
use crate::protocol::Revision;
use crate::reject::SpawnError;

fn eager() -> Rig {
    Rig::of(Config { eager: true, ..config(Limits::default()) })
}

fn only_child(rig: &Rig) -> ChildId {
    assert_eq!(rig.children.len(), 1);
    *rig.children.keys().next().unwrap()
}

#[test]
fn it_works_for_the_first_session() {
    let mut rig = eager();
    let child = only_child(&rig);
    assert_eq!(rig.fed(child), [""; 0]);
    rig.pass(secs(3600));
    let (_, first) = rig.open(Revision::V2025_11_25);
    assert_eq!(first, child);
    let (_, second) = rig.open(Revision::V2025_11_25);
    assert_ne!(second, child);
    assert_eq!(rig.children.len(), 2);
}

#[test]
fn output_before_the_first_request_reaches_no_client() {
    let mut rig = eager();
    let child = only_child(&rig);
    rig.child_says(child, &list_changed(1));
    rig.child_babbles(child);
    let (client, _) = rig.open(Revision::V2025_11_25);
    let stream = rig.get(&client);
    assert_eq!(rig.messages(stream), [""; 0]);
}

#[test]
fn its_early_end_is_reported() {
    let mut rig = eager();
    let child = only_child(&rig);
    rig.input(Input::ChildStderr { child, bytes: Bytes::from("no API key\n") });
    rig.child_ends(child, ExitStatus::Code(1));
    let stderr = Bytes::from("no API key");
    let (status, is_logged) = (ExitStatus::Code(1), true);
    assert!(rig.events.contains(&Event::ChildUnusable { status, stderr, is_logged }));
    assert!(rig.children[&child].released);
    let health = rig.request(Request::Health { detailed: true });
    assert_eq!(rig.reply(health).0, 503);
    let (_, second) = rig.open(Revision::V2025_11_25);
    assert_ne!(second, child);
}

#[test]
fn a_command_that_cannot_be_started_is_reported() {
    let mut rig = Rig::of(Config { eager: true, ..config(Limits::default()) });
    let child = only_child(&rig);
    rig.input(Input::ChildSpawnFailed { child, error: SpawnError::NotFound });
    assert!(rig.events.contains(&Event::ChildFailed { child, error: SpawnError::NotFound }));
    rig.open(Revision::V2025_11_25);
    assert_eq!(rig.children.len(), 2);
}

#[test]
fn one_that_has_ended_is_not_given_to_a_session() {
    let end: [fn(&mut Rig, ChildId); 2] = [
        |rig, child| rig.child_exits(child, ExitStatus::Code(1)),
        |rig, child| rig.child_closes_stdout(child),
    ];
    for end in end {
        let mut rig = eager();
        let child = only_child(&rig);
        end(&mut rig, child);
        // The other half of its end has not been reported yet.
        let (_, other) = rig.open(Revision::V2025_11_25);
        assert_ne!(other, child);
        rig.pass(secs(1));
        let unusable = |event: &Event| matches!(event, Event::ChildUnusable { .. });
        assert!(rig.events.iter().any(unusable));
        assert!(rig.children[&child].released || rig.children[&child].stdin_closed);
    }
}

#[test]
fn one_that_closes_its_output_is_stopped() {
    let mut rig = eager();
    let child = only_child(&rig);
    rig.child_closes_stdout(child);
    rig.pass(millis(20));
    assert!(rig.children[&child].stdin_closed);
    rig.child_exits(child, ExitStatus::Code(0));
    assert!(rig.children[&child].released);
    rig.pass(secs(60));
    rig.engine.check_empty();
}

#[test]
fn it_is_stopped_with_the_program() {
    let mut rig = eager();
    let child = only_child(&rig);
    rig.input(Input::ShutdownRequested);
    assert!(rig.children[&child].stdin_closed);
    assert_eq!(rig.stopped, None);
    rig.child_ends(child, ExitStatus::Code(0));
    assert_eq!(rig.stopped, Some(false));
}

#[test]
fn without_the_wish_nothing_is_started_ahead() {
    let rig = Rig::new();
    assert!(rig.children.is_empty());
    assert_eq!(rig.engine.poll_timeout(), None);
}
