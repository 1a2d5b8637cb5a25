//! Requests that overtake `notifications/initialized`.

use super::rig::*;
use crate::engine::*;
use crate::limits::Limits;
use crate::protocol::Revision;

const INITIALIZED: &str = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;

fn rig(limits: Limits) -> Rig {
    let mut config = config(limits.clone());
    config.limits.initialized_time_max = limits.initialized_time_max;
    Rig::of(config)
}

fn methods(rig: &mut Rig, child: ChildId) -> Vec<String> {
    let lines = rig.told(child).into_iter();
    lines.map(|line| line["method"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn what_overtakes_the_notification_waits_for_it_in_order() {
    let mut rig = rig(Limits::default());
    let (client, child) = rig.open(Revision::V2025_11_25);
    let exchange = rig.call(&client, "1");
    rig.post(&client, r#"{"jsonrpc":"2.0","method":"notifications/roots/list_changed"}"#);
    rig.post(&client, r#"{"jsonrpc":"2.0","id":2,"method":"ping"}"#);
    assert_eq!(methods(&mut rig, child), ["ping"], "pings may come first");
    rig.post(&client, INITIALIZED);
    let lines = rig.told(child);
    let methods: Vec<_> = lines.iter().map(|line| line["method"].as_str().unwrap()).collect();
    let expected = ["notifications/initialized", "tools/call", "notifications/roots/list_changed"];
    assert_eq!(methods, expected);
    let number = lines[1]["id"].to_string();
    rig.child_answers(child, &number, r#"{"content":[]}"#);
    assert_eq!(rig.reply(exchange).0, 200);
    rig.call(&client, "3");
    assert_eq!(rig.told(child).len(), 1, "nothing is held back any more");
}

#[test]
fn a_client_that_never_sends_it_waits_once_and_not_long() {
    let mut rig = rig(Limits::default());
    let (client, child) = rig.open(Revision::V2025_11_25);
    rig.call(&client, "1");
    rig.post(
        &client,
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#,
    );
    rig.pass(Limits::default().initialized_time_max);
    assert_eq!(methods(&mut rig, child), ["tools/call", "notifications/cancelled"]);
    rig.call(&client, "2");
    assert_eq!(methods(&mut rig, child), ["tools/call"]);
}

#[test]
fn what_is_held_back_has_limits() {
    let many = Limits { overtaking_len_max: 3, ..Limits::default() };
    let large = Limits { overtaking_bytes_max: 200, ..Limits::default() };
    for limits in [many, large] {
        let mut rig = rig(limits);
        let (client, child) = rig.open(Revision::V2025_11_25);
        let fed = |rig: &mut Rig, id: usize| {
            rig.call(&client, &id.to_string());
            rig.told(child).len()
        };
        let counts: Vec<_> = (1..=5).map(|id| fed(&mut rig, id)).collect();
        let held = counts.iter().position(|count| *count > 0).expect("it is passed on");
        assert!((1..=3).contains(&held), "{counts:?}");
        assert_eq!(counts[held], held + 1, "{counts:?}");
        assert!(counts[held + 1..].iter().all(|count| *count == 1), "{counts:?}");
    }
}
