//! `/health`, `/livez`, `/readyz` and `/metrics`.

use super::rig::*;
use crate::engine::*;
use crate::http::{ContentType, Request};
use crate::protocol::Revision;
use crate::reject::SpawnError;

fn health(rig: &mut Rig) -> (u16, serde_json::Value) {
    let exchange = rig.request(Request::Health { detailed: true });
    let (status, body) = rig.reply(exchange);
    (status, parse(body))
}

#[test]
fn health_tells_the_state_of_everything() {
    let mut rig = Rig::new();
    let expect = |word: &str, subprocess: &str, sessions: u64, uptime: u64| {
        serde_json::json!({
            "status": word, "subprocess": subprocess, "sessions": sessions, "uptime": uptime,
        })
    };
    assert_eq!(health(&mut rig), (200, expect("healthy", "idle", 0, 0)));
    rig.pass(millis(61_900));
    let (client, child) = rig.open(Revision::V2025_11_25);
    assert_eq!(health(&mut rig), (200, expect("healthy", "running", 1, 61)));
    rig.delete(&client);
    rig.child_ends(child, ExitStatus::Code(0));
    rig.spawning = Spawning::Fails(SpawnError::NotFound);
    let _ = rig.initialize(&Client::new());
    assert_eq!(health(&mut rig), (503, expect("unhealthy", "failed", 0, 61)));
    rig.spawning = Spawning::Works;
    rig.open(Revision::V2025_11_25);
    assert_eq!(health(&mut rig).0, 200);
    rig.input(Input::ShutdownRequested);
    assert_eq!(health(&mut rig).1["status"], "stopping");
    assert_eq!(health(&mut rig).0, 503);
}

#[test]
fn a_failed_start_is_forgotten_after_a_minute() {
    let mut rig = Rig::new();
    rig.spawning = Spawning::Fails(SpawnError::NotFound);
    let _ = rig.initialize(&Client::new());
    rig.pass(millis(59_999));
    let (status, body) = health(&mut rig);
    assert_eq!((status, body["subprocess"].as_str()), (503, Some("failed")));
    rig.pass(millis(1));
    let (status, body) = health(&mut rig);
    assert_eq!((status, body["subprocess"].as_str()), (200, Some("idle")));
    let _ = rig.initialize(&Client::new());
    assert_eq!(health(&mut rig).1["status"], "unhealthy");
}

#[test]
fn a_start_that_fails_for_want_of_resources_is_not_unhealthy_while_sessions_work() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    rig.spawning = Spawning::Fails(SpawnError::NoResources);
    let _ = rig.initialize(&Client::new());
    let (status, body) = health(&mut rig);
    assert_eq!((status, body["status"].as_str()), (200, Some("healthy")));
    rig.delete(&client);
    rig.child_ends(child, ExitStatus::Code(0));
    assert_eq!(health(&mut rig).0, 503, "nothing works any more");
    // A command that cannot be run is a fault that a restart may correct.
    rig.pass(secs(60));
    rig.spawning = Spawning::Works;
    rig.open(Revision::V2025_11_25);
    rig.spawning = Spawning::Fails(SpawnError::NotFound);
    let _ = rig.initialize(&Client::new());
    assert_eq!(health(&mut rig).0, 503);
}

#[test]
fn health_is_degraded_while_a_child_does_not_answer() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    rig.open(Revision::V2025_11_25);
    rig.call(&client, "1");
    assert_eq!(health(&mut rig).1["status"], "healthy");
    rig.pass(rig.engine.shared.config.limits.request_time_max);
    let (status, body) = health(&mut rig);
    assert_eq!((status, body["status"].as_str()), (200, Some("degraded")));
    assert_eq!(body["unresponsive"], 1);
    assert_eq!(rig.metric("pontoon_children_unresponsive"), 1);
    let ready = rig.request(Request::Ready { awaits_keys: false, detailed: true });
    assert_eq!(rig.reply(ready), (200, "ok\n"));
    // A line that is not a message is no sign of life.
    rig.child_writes(child, "still starting");
    assert_eq!(health(&mut rig).1["unresponsive"], 1);
    rig.child_says(child, r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#);
    let (status, body) = health(&mut rig);
    assert_eq!((status, body["status"].as_str()), (200, Some("healthy")));
    assert!(body.get("unresponsive").is_none(), "{body}");
    assert_eq!(rig.metric("pontoon_children_unresponsive"), 0);
}

#[test]
fn readiness_ends_with_the_wish_to_stop_and_liveness_does_not() {
    let mut rig = Rig::new();
    rig.open(Revision::V2025_11_25);
    for (ready, text) in [(200, "ok\n"), (503, "stopping\n")] {
        let exchange = rig.request(Request::Ready { awaits_keys: false, detailed: true });
        assert_eq!(rig.reply(exchange), (ready, text));
        let exchange = rig.request(Request::Live);
        assert_eq!(rig.reply(exchange), (200, "ok\n"));
        rig.input(Input::ShutdownRequested);
    }
}

#[test]
fn gauges_tell_what_is_true_now() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    rig.call(&client, "1");
    rig.get(&client);
    rig.prompt = false;
    rig.call(&client.accepting(JSON), "2");
    let waiting = rig.children[&child].unfed as u64;
    for (name, value) in [
        ("pontoon_sessions", 1),
        ("pontoon_children", 1),
        ("pontoon_requests_in_flight", 2),
        ("pontoon_streams", 3),
        ("pontoon_queue_bytes", waiting),
        ("pontoon_uptime_seconds", 0),
    ] {
        assert_eq!(rig.metric(name), value, "{name}");
    }
    rig.prompt = true;
    rig.delete(&client);
    assert_eq!(rig.metric("pontoon_children"), 1, "until it has exited");
    rig.child_ends(child, ExitStatus::Code(0));
    for name in ["sessions", "children", "requests_in_flight", "streams", "queue_bytes"] {
        assert_eq!(rig.metric(&format!("pontoon_{name}")), 0, "{name}");
    }
}

#[test]
fn metrics_are_in_the_prometheus_format() {
    let mut rig = Rig::new();
    let exchange = rig.request(Request::Metrics);
    let head = rig.exchanges[&exchange].head.as_ref().unwrap();
    assert_eq!((head.status, head.content_type), (200, Some(ContentType::Metrics)));
}
