//! Notifications of the child, and of the client.

use super::rig::*;
use crate::protocol::Revision;

const LOG: &str =
    r#"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":1}}"#;

#[test]
fn a_log_message_goes_to_the_one_call_in_flight() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_06_18);
    let stream = rig.get(&client);
    let call = rig.call(&client, "1");
    rig.child_says(child, LOG);
    assert_eq!(rig.messages(call), [LOG]);
    assert_eq!(rig.messages(stream), [""; 0]);
}

#[test]
fn a_change_that_belongs_to_no_call_goes_to_the_get_stream() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_06_18);
    let stream = rig.get(&client);
    let call = rig.call(&client, "1");
    rig.child_says(child, &list_changed(1));
    assert_eq!(rig.messages(stream), [list_changed(1)]);
    assert_eq!(rig.stage(call), Stage::Waiting);
}

#[test]
fn a_change_waits_for_a_get_stream_even_if_a_call_is_open() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_06_18);
    let call = rig.call(&client, "1");
    rig.child_says(child, &list_changed(1));
    assert_eq!(rig.stage(call), Stage::Waiting);
    let stream = rig.get(&client);
    assert_eq!(rig.messages(stream), [list_changed(1)]);
}

#[test]
fn of_two_get_streams_the_newer_one_gets_each_message() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_06_18);
    let older = rig.get(&client);
    let newer = rig.get(&client);
    rig.child_says(child, &list_changed(1));
    rig.disconnect(newer);
    rig.child_says(child, &list_changed(2));
    assert_eq!(rig.messages(newer), [list_changed(1)]);
    assert_eq!(rig.messages(older), [list_changed(2)]);
}

#[test]
fn notifications_of_the_client_reach_the_child_as_they_are() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_06_18);
    for text in [
        r#"{"jsonrpc":"2.0","method":"notifications/roots/list_changed"}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"progress":1}}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/x","params":{"requestId":1}}"#,
    ] {
        rig.post(&client, text);
        assert_eq!(rig.fed(child), [text]);
    }
}
