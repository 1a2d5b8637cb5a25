//! Required `_meta` of a request, and the errors if it is missing or invalid.

use std::sync::Arc;

use serde_json::{Value, json};

use super::rig::Client;
use crate::protocol::{Era, Revision};
use crate::server::ServerConnection;
use crate::server::tests::rig::{Client as Legacy, Demo, error, text};

const VERSION: &str = "io.modelcontextprotocol/protocolVersion";
const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
const INFO: &str = "io.modelcontextprotocol/clientInfo";
const LEVEL: &str = "io.modelcontextprotocol/logLevel";

fn with(key: &str, value: Value) -> Value {
    let mut meta = Client::new().meta();
    meta[key] = value;
    json!({ "_meta": meta })
}

fn without(key: &str) -> Value {
    let mut meta = Client::new().meta();
    meta.as_object_mut().unwrap().remove(key);
    json!({ "_meta": meta })
}

#[test]
fn what_has_to_be_said_is_missed() {
    let missing = "Invalid params: _meta must have io.modelcontextprotocol/protocolVersion, a \
                   string, and io.modelcontextprotocol/clientCapabilities, an object";
    let cases = [
        without(VERSION),
        without(CAPABILITIES),
        with(VERSION, json!(1)),
        with(VERSION, json!(null)),
        with(CAPABILITIES, json!([])),
        with(CAPABILITIES, json!(null)),
    ];
    for params in cases {
        // Also for an unknown method, because `_meta` is checked first.
        for method in ["tools/list", "no/such"] {
            let answer = Client::new().answer(method, params.clone());
            assert_eq!(error(&answer), (-32602, missing), "{params}");
        }
    }
    assert!(Client::new().answer("tools/list", without(INFO))["result"].is_object());
}

#[test]
fn a_revision_that_is_not_spoken_is_told_which_are() {
    for (version, shown) in
        [("v999.0.0", "v999.0.0".to_owned()), ("2025-11-25", "2025-11-25".to_owned())]
    {
        let answer = Client::new().answer("no/such", with(VERSION, json!(version)));
        assert_eq!(error(&answer), (-32022, "Unsupported protocol version"));
        let supported = ["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];
        let data = json!({"supported": supported, "requested": shown});
        assert_eq!(answer["error"]["data"], data);
    }
    let answer = Client::new().answer("tools/list", with(VERSION, "9".repeat(5000).into()));
    assert_eq!(answer["error"]["data"]["requested"], "9".repeat(100) + "…");
}

#[test]
fn what_was_removed_is_not_there_whatever_it_holds() {
    let removed = [
        "initialize",
        "ping",
        "logging/setLevel",
        "resources/subscribe",
        "resources/unsubscribe",
        "no/such",
        "tasks/get",
    ];
    for method in removed {
        let answer = Client::new().answer(method, json!({"level": 5, "uri": 7}));
        assert_eq!(error(&answer), (-32601, &*format!("Method not found: {method}")));
    }
    let mut params = with(LEVEL, json!("loud"));
    params["cursor"] = json!("x");
    assert_eq!(error(&Client::new().answer("no/such", params)).0, -32601);
}

#[test]
fn the_rest_of_the_meta_has_to_be_readable() {
    let level = "params._meta.io.modelcontextprotocol/logLevel";
    let info = "params._meta.io.modelcontextprotocol/clientInfo";
    let cases = [
        (LEVEL, json!("loud"), format!("{level} is no log level")),
        (LEVEL, json!(1), format!("{level} must be a string")),
        (INFO, json!("me"), format!("{info} must be an object")),
        (INFO, json!({"name": 1}), format!("{info}.name must be a string")),
    ];
    for (key, value, message) in cases {
        let answer = Client::new().answer("tools/list", with(key, value));
        assert_eq!(error(&answer), (-32602, &*message));
    }
}

#[test]
fn both_eras_may_be_mixed_in_one_conversation() {
    let mut legacy = Legacy::speaking("2025-03-26");
    let mut modern = Client::new();
    std::mem::swap(&mut modern.connection, &mut legacy.connection);
    assert_eq!(modern.result("tools/list", json!({}))["resultType"], "complete");
    std::mem::swap(&mut modern.connection, &mut legacy.connection);
    let answer = legacy.call("echo", json!({"message": "hi"}));
    assert_eq!(text(&answer), "hi");
    assert_eq!(answer["result"].get("resultType"), None);
    assert_eq!(answer["result"].get("structuredContent"), None, "it is of 2025-03-26");
    assert_eq!(legacy.answer("ping", json!({}))["result"], json!({}));
}

#[test]
fn a_request_in_a_batch_is_of_no_modern_revision() {
    let mut legacy = Legacy::speaking("2025-03-26");
    let params = json!({"_meta": Client::new().meta()});
    let batch = json!([
        {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": params},
        {"jsonrpc": "2.0", "id": 2, "method": "ping"},
    ]);
    let said = legacy.raw(batch.to_string());
    assert_eq!((error(&said[0]).0, &said[0]["id"]), (-32600, &json!(1)));
    assert_eq!((&said[1]["result"], &said[1]["id"]), (&json!({}), &json!(2)));
}

fn speaking(revisions: &[Revision]) -> Client {
    let connection = ServerConnection::new(Arc::new(Demo::default()));
    let connection = connection.restricted_to(revisions.into());
    Client { connection, ..Client::new() }
}

#[test]
fn a_server_of_the_modern_era_alone_takes_every_request_for_one() {
    let mut client = speaking(&[Revision::V2026_07_28]);
    let line = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": {"protocolVersion": "2025-06-18", "capabilities": {}}});
    let said = client.raw(line.to_string());
    assert_eq!(error(&said[0]), (-32022, "Unsupported protocol version"));
    let data = json!({"supported": ["2026-07-28"], "requested": "2025-06-18"});
    assert_eq!(said[0]["error"]["data"], data);
    let line = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    assert_eq!(error(&client.raw(line.to_string())[0]).0, -32602);
    let discovered = client.result("server/discover", json!({}));
    assert_eq!(discovered["supportedVersions"], json!(["2026-07-28"]));
}

#[test]
fn a_server_of_the_legacy_era_alone_has_never_heard_of_the_other() {
    let mut client = speaking(&Revision::LEGACY);
    let answer = client.answer("server/discover", json!({}));
    assert_eq!(error(&answer), (-32601, "Method not found: server/discover"));
    assert_eq!(client.result("ping", json!({})), json!({}));
    assert_eq!(client.result("tools/list", json!({})).get("resultType"), None);
}

#[test]
fn a_caller_may_state_the_era() {
    let only = |era| {
        let connection = ServerConnection::new(Arc::new(Demo::default())).only(era);
        Client { connection, ..Client::new() }
    };
    let legacy = only(Era::Legacy).result("tools/list", json!({}));
    assert_eq!(legacy.get("resultType"), None);
    let line = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"});
    assert_eq!(error(&only(Era::Modern).raw(line.to_string())[0]).0, -32602);
}
