//! Results and errors of the modern era.

use serde_json::{Value, json};

use super::rig::Client;
use crate::server::tests::rig::{Demo, error, text};
use crate::server::{CacheScope, Extension, ExtensionMethod};
use crate::time::Duration;

#[test]
fn a_server_is_discovered() {
    let mut demo = Demo::default();
    demo.catalog.cache_ttl = Duration::from_secs(60);
    demo.catalog.cache_scope = CacheScope::Public;
    let expected = json!({
        "resultType": "complete",
        "supportedVersions":
            ["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"],
        "capabilities": {
            "completions": {},
            "logging": {},
            "prompts": {"listChanged": true},
            "resources": {"listChanged": true, "subscribe": true},
            "tools": {"listChanged": true},
        },
        "instructions": "Try it.",
        "ttlMs": 60_000,
        "cacheScope": "public",
        "_meta": {"io.modelcontextprotocol/serverInfo":
            {"name": "demo", "title": "A demonstration", "version": "1.2.3"}},
    });
    assert_eq!(Client::of(demo).result("server/discover", json!({})), expected);
}

#[test]
fn every_result_tells_its_type_and_whose_it_is_and_lists_how_long_they_last() {
    let cases = [
        ("server/discover", json!({}), true),
        ("tools/list", json!({}), true),
        ("prompts/list", json!({}), true),
        ("resources/list", json!({}), true),
        ("resources/templates/list", json!({}), true),
        ("resources/read", json!({"uri": "demo://one"}), true),
        ("tools/call", json!({"name": "contents"}), false),
        ("prompts/get", json!({"name": "greet", "arguments": {"who": "Ada"}}), false),
        (
            "completion/complete",
            json!({
                "ref": {"type": "ref/prompt", "name": "greet"},
                "argument": {"name": "who", "value": "A"},
            }),
            false,
        ),
    ];
    for (method, params, is_kept) in cases {
        let result = Client::new().result(method, params);
        assert_eq!(result["resultType"], "complete", "{method}");
        let server = &result["_meta"]["io.modelcontextprotocol/serverInfo"];
        assert_eq!((&server["name"], &server["version"]), (&json!("demo"), &json!("1.2.3")));
        assert_eq!(result["ttlMs"].is_u64(), is_kept, "{method}");
        assert_eq!(result["cacheScope"].is_string(), is_kept, "{method}");
    }
}

#[test]
fn what_is_read_is_never_kept() {
    let mut demo = Demo::default();
    demo.catalog.cache_ttl = Duration::from_secs(60);
    demo.catalog.cache_scope = CacheScope::Public;
    let read = Client::of(demo).result("resources/read", json!({"uri": "demo://one"}));
    assert_eq!((&read["ttlMs"], &read["cacheScope"]), (&json!(0), &json!("private")));
}

#[test]
fn a_result_holds_all_that_the_newest_legacy_revision_has() {
    let mut legacy = crate::server::tests::rig::Client::new();
    let known = legacy.call("contents", json!({}))["result"].clone();
    let result = Client::new().call("contents", json!({}))["result"].clone();
    for (key, value) in known.as_object().unwrap() {
        assert_eq!(&result[key], value, "{key}");
    }
}

#[test]
fn the_meta_that_a_tool_gives_stands_beside_that_of_the_era() {
    let result = Client::new().call("marked", json!({}))["result"].clone();
    assert_eq!(result["_meta"]["a.example/mark"], 1);
    assert_eq!(result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "demo");
    let mut legacy = crate::server::tests::rig::Client::new();
    let result = legacy.call("marked", json!({}))["result"].clone();
    assert_eq!(result["_meta"]["a.example/mark"], 1);
    assert_eq!(result.get("resultType"), None);
}

#[test]
fn a_resource_that_is_not_there_is_an_invalid_parameter() {
    let answer = Client::new().answer("resources/read", json!({"uri": "demo://x"}));
    assert_eq!(error(&answer), (-32602, "Resource not found"));
    assert_eq!(answer["error"]["data"], json!({"uri": "demo://x"}));
}

#[test]
fn arguments_are_checked_as_in_the_other_era() {
    let answer = Client::new().call("typed", json!({"count": 11}));
    let message = "params.arguments.count must be a whole number from 1 to 10";
    assert_eq!(error(&answer), (-32602, message));
    assert_eq!(error(&Client::new().call("nothing", json!({}))), (-32602, "Unknown tool: nothing"));
    let answer = Client::new().answer("tools/list", json!({"cursor": "x"}));
    assert_eq!(error(&answer).0, -32602);
}

fn logged(said: &[Value]) -> Vec<&str> {
    let logs = said.iter().filter(|line| line["method"] == "notifications/message");
    logs.map(|line| line["params"]["level"].as_str().unwrap()).collect()
}

#[test]
fn log_messages_are_those_the_request_asks_for() {
    let said = |log_level| {
        let mut client = Client { log_level, ..Client::new() };
        let said = client.request(json!(1), "tools/call", json!({"name": "notices"}));
        let related = client.about.iter().filter(|about| *about == "related 1").count();
        assert_eq!(logged(&said).len(), related, "all of them belong to the request");
        assert_eq!(client.about.last().unwrap(), "answer 1");
        said
    };
    assert!(logged(&said(None)).is_empty());
    assert_eq!(logged(&said(Some("alert"))), ["alert", "emergency"]);
    // Here the log message that belongs to no request is sent with this one.
    assert_eq!(logged(&said(Some("debug"))).len(), 9);
}

#[test]
fn progress_is_told_under_the_token_of_the_request() {
    let mut client = Client::new();
    let mut meta = client.meta();
    meta["progressToken"] = json!("t");
    let params = json!({"name": "steps", "arguments": {"steps": 2}, "_meta": meta});
    assert!(client.request(json!(5), "tools/call", params).is_empty());
    let said = client.pass(100);
    let progress = json!({"progressToken": "t", "progress": 1, "total": 2, "message": "step 1"});
    assert_eq!((&said[0]["params"], &*client.about[0]), (&progress, "related 5"));
    client.pass(100);
    let said = client.pass(100);
    assert_eq!((&said[0]["result"]["resultType"], text(&said[0])), (&json!("complete"), "done: 2"));
}

#[test]
fn a_cancelled_request_is_never_answered() {
    let mut client = Client::new();
    client.request(json!(5), "tools/call", json!({"name": "steps"}));
    assert!(client.notify("notifications/cancelled", json!({"requestId": 5})).is_empty());
    assert!(client.pass(10_000).is_empty());
    assert!(client.connection.is_idle());
}

#[test]
fn nothing_is_left_for_the_next_request() {
    let mut client = Client::new();
    for _ in 0..2 {
        assert_eq!(text(&client.call("count", json!({}))), "1");
    }
    let mut legacy = crate::server::tests::rig::Client::new();
    assert_eq!(text(&legacy.call("count", json!({}))), "1");
    assert_eq!(text(&legacy.call("count", json!({}))), "2", "a session remembers");
}

fn extended() -> Demo {
    let mut demo = Demo::default();
    let methods = vec![ExtensionMethod { name: "things/get", named_by: Some("thingId") }];
    let name = "a.example/things";
    demo.catalog.extensions = vec![Extension { name, settings: json!({"deep": 1}), methods }];
    demo
}

#[test]
fn an_extension_is_there_for_those_who_have_it() {
    let mut client = Client::of(extended());
    let discovered = client.result("server/discover", json!({}));
    let extensions = json!({"a.example/things": {"deep": 1}});
    assert_eq!(discovered["capabilities"]["extensions"], extensions);
    let answer = client.answer("things/get", json!({"thingId": "x"}));
    assert_eq!(error(&answer).0, -32021);
    let required = json!({"extensions": {"a.example/things": {}}});
    assert_eq!(answer["error"]["data"], json!({"requiredCapabilities": required}));
    client.capabilities = required;
    let result = client.result("things/get", json!({"thingId": "x"}));
    assert_eq!((&result["resultType"], &result["method"]), (&json!("thing"), &json!("things/get")));
    assert_eq!(result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "demo");
    let catalog = extended().catalog;
    assert!(catalog.has_modern("things/get") && !catalog.has_modern("things/set"));
}

#[test]
fn the_legacy_era_has_no_extensions() {
    let mut legacy = crate::server::tests::rig::Client::of(extended());
    let params = json!({"capabilities": {"extensions": {"a.example/things": {}}}});
    let answer = legacy.answer("initialize", params);
    assert_eq!(answer["result"]["capabilities"].get("extensions"), None);
    assert_eq!(error(&legacy.answer("things/get", json!({}))).0, -32601);
}
