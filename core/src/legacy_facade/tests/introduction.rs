//! `initialize`, `ping`, `logging/setLevel`.

use serde_json::json;

use super::rig::{Rig, able, discovery, introduction};
use crate::protocol::Revision;
use crate::reject::{ExitStatus, Reject};

#[test]
fn initialize_is_answered_from_what_the_child_discovers() {
    let mut rig = Rig::new();
    let call = rig.request("initialize", &introduction(Revision::V2025_06_18, &able()));
    let (number, line) = rig.sent_request();
    assert_eq!(line["method"], "server/discover");
    let meta = &line["params"]["_meta"];
    assert_eq!(meta["io.modelcontextprotocol/protocolVersion"], "2026-07-28");
    assert_eq!(meta["io.modelcontextprotocol/clientCapabilities"], json!({}));
    assert!(rig.said().is_empty());
    rig.answers(number, &discovery());
    let result = rig.result(call);
    assert_eq!(result["protocolVersion"], "2025-06-18");
    assert_eq!(result["serverInfo"], json!({"name": "child", "version": "1"}));
    assert_eq!(result["instructions"], "Be kind.");
    let mut capabilities = discovery()["capabilities"].clone();
    capabilities.as_object_mut().unwrap().remove("extensions");
    assert_eq!(result["capabilities"], capabilities);
    for member in ["resultType", "supportedVersions", "ttlMs", "cacheScope"] {
        assert!(result.get(member).is_none(), "{result}");
    }
}

#[test]
fn what_was_discovered_is_passed_on_once_and_not_asked_again() {
    let mut rig = Rig::new();
    rig.request("initialize", &introduction(Revision::V2025_06_18, &able()));
    let (number, _) = rig.sent_request();
    assert!(rig.facade.take_discovery().is_none());
    rig.answers(number, &discovery());
    let told = rig.facade.take_discovery().expect("it was asked");
    assert!(rig.facade.take_discovery().is_none());
    let told = serde_json::from_slice(&told).unwrap();

    let mut next = Rig::serving(&Revision::ALL, Some(&told));
    let call = next.request("initialize", &introduction(Revision::V2025_06_18, &able()));
    assert_eq!(next.result(call)["serverInfo"]["name"], "child");
    assert_eq!(next.sent(), []);
    assert!(next.facade.take_discovery().is_none(), "it is passed on once");
}

#[test]
fn the_revision_is_one_that_both_know() {
    let newest = Revision::NEWEST_LEGACY.as_str();
    let table = [
        (&Revision::ALL[..], "2024-11-05", "2024-11-05"),
        (&Revision::ALL, "2025-11-25", "2025-11-25"),
        (&Revision::ALL, "2026-07-28", newest),
        (&Revision::ALL, "1999-01-01", newest),
        (&[Revision::V2025_03_26], "2025-06-18", "2025-03-26"),
        (&[Revision::V2025_06_18, Revision::V2026_07_28], "2025-03-26", "2025-06-18"),
    ];
    for (served, wanted, agreed) in table {
        let mut rig = Rig::serving(served, Some(&discovery()));
        let call = rig.request("initialize", &json!({"protocolVersion": wanted}));
        assert_eq!(rig.result(call)["protocolVersion"], agreed, "{wanted} of {served:?}");
    }
}

#[test]
fn an_introduction_that_is_none_is_refused() {
    let long = "x".repeat(20_000);
    for params in [
        json!({}),
        json!({"protocolVersion": 1}),
        json!({"protocolVersion": "2025-11-25", "clientInfo": {"name": long}}),
    ] {
        let mut rig = Rig::new();
        let call = rig.request("initialize", &params);
        assert_eq!(rig.code(call), -32602, "{params}");
        assert_eq!(rig.sent(), []);
    }
}

#[test]
fn a_child_that_cannot_be_discovered_opens_no_session() {
    let open = || {
        let mut rig = Rig::new();
        let call = rig.request("initialize", &introduction(Revision::V2025_11_25, &able()));
        let (number, _) = rig.sent_request();
        (rig, call, number)
    };
    let (mut rig, call, number) = open();
    rig.loses(number, Reject::ChildExited(ExitStatus::Code(1)));
    assert_eq!(rig.code(call), -32603);
    let (mut rig, call, number) = open();
    rig.fails(number, &json!({"code": -32601, "message": "Method not found"}));
    assert_eq!(rig.code(call), -32601);
    let (mut rig, call, number) = open();
    rig.answers(number, &json!("surprise"));
    assert_eq!(rig.code(call), -32603);
}

#[test]
fn ping_is_answered_at_once() {
    let mut rig = Rig::able();
    let call = rig.request("ping", &json!({}));
    assert_eq!(rig.result(call), json!({}));
    assert_eq!(rig.sent(), []);
}

#[test]
fn the_log_level_is_kept_and_said_with_every_later_request() {
    let mut rig = Rig::able();
    let level = |rig: &mut Rig| {
        rig.request("tools/list", &json!({}));
        rig.sent_request().1["params"]["_meta"]["io.modelcontextprotocol/logLevel"].clone()
    };
    assert_eq!(level(&mut rig), json!(null));
    let call = rig.request("logging/setLevel", &json!({"level": "warning"}));
    assert_eq!(rig.result(call), json!({}));
    assert_eq!(rig.sent(), []);
    assert_eq!(level(&mut rig), "warning");
    let call = rig.request("logging/setLevel", &json!({"level": "loud"}));
    assert_eq!(rig.code(call), -32602);
    assert_eq!(level(&mut rig), "warning");
}

#[test]
fn a_child_that_does_not_log_has_no_level() {
    let mut quiet = discovery();
    quiet["capabilities"].as_object_mut().unwrap().remove("logging");
    let mut rig = Rig::serving(&Revision::ALL, Some(&quiet));
    rig.request("initialize", &introduction(Revision::V2025_11_25, &able()));
    rig.said();
    let call = rig.request("logging/setLevel", &json!({"level": "info"}));
    assert_eq!(rig.code(call), -32601);
}
