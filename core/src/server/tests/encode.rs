//! Features that a revision has, and their replacement in older ones.

use serde_json::{Value, json};

use super::rig::{Client, Demo, error};

fn methods(said: &[Value]) -> Vec<&str> {
    said.iter().filter_map(|line| line["method"].as_str()).collect()
}

#[test]
fn content_is_worded_for_the_revision() {
    let contents = |revision| {
        let answer = Client::speaking(revision).call("contents", json!({}));
        answer["result"].clone()
    };
    let link = json!({"type": "resource_link", "uri": "demo://one", "name": "one"});
    let blob = json!({"uri": "demo://one", "mimeType": "x/y", "blob": "AA=="});
    let newest = json!({
        "content": [
            {"type": "text", "text": "t"},
            {"type": "image", "data": "AA==", "mimeType": "x/y"},
            {"type": "audio", "data": "AA==", "mimeType": "x/y"},
            link,
            {"type": "resource", "resource": blob},
        ],
        "structuredContent": {"s": 1},
        "metadata": 1,
    });
    assert_eq!(contents("2025-11-25"), newest);
    assert_eq!(contents("2025-06-18"), newest);
    let second = contents("2025-03-26");
    assert_eq!(second["content"][2]["type"], "audio");
    assert_eq!(second["content"][3], json!({"type": "text", "text": "[one](demo://one)"}));
    assert_eq!(second.get("structuredContent"), None);
    let first = contents("2024-11-05");
    assert_eq!(first["content"][2], json!({"type": "text", "text": "[audio: x/y]"}));
}

#[test]
fn progress_has_a_message_since_the_second_revision() {
    for (revision, message) in [("2024-11-05", None), ("2025-03-26", Some(&json!("on")))] {
        let said = Client::speaking(revision).start(json!(1), "notices", json!({}));
        let told = said.iter().find(|line| line["method"] == "notifications/progress").unwrap();
        assert_eq!(told["params"].get("message"), message);
        assert_eq!(told["params"].get("total"), None);
    }
}

#[test]
fn log_messages_reach_the_client_from_the_level_it_set() {
    let levels = |client: &mut Client| {
        let said = client.request(json!(1), "tools/call", json!({"name": "notices"}));
        let is_log = |line: &&Value| line["method"] == "notifications/message";
        let level = |line: &Value| line["params"]["level"].as_str().unwrap().to_owned();
        said.iter().filter(is_log).map(level).collect::<Vec<_>>()
    };
    let mut client = Client::new();
    assert_eq!(levels(&mut client).len(), 9, "all of them, and the one of no request");
    assert_eq!(client.about.iter().filter(|about| *about == "related 1").count(), 8);
    assert_eq!(client.answer("logging/setLevel", json!({"level": "alert"}))["result"], json!({}));
    assert_eq!(levels(&mut client), ["alert", "emergency"]);
    client.answer("logging/setLevel", json!({"level": "debug"}));
    assert_eq!(levels(&mut client).len(), 9);
    let answer = client.answer("logging/setLevel", json!({"level": "loud"}));
    assert_eq!(error(&answer), (-32602, "params.level is no log level"));
    for params in [json!({}), json!({"level": 3})] {
        let answer = client.answer("logging/setLevel", params);
        assert_eq!(error(&answer), (-32602, "params.level must be a string"));
    }
}

#[test]
fn notifications_are_as_announced() {
    let said = |change: fn(&mut Demo)| {
        let mut demo = Demo::default();
        change(&mut demo);
        Client::of(demo).request(json!(1), "tools/call", json!({"name": "notices"}))
    };
    let all = said(|_| {});
    let lists = [
        "notifications/prompts/list_changed",
        "notifications/resources/list_changed",
        "notifications/tools/list_changed",
    ];
    assert_eq!(methods(&all)[9..], lists);
    let quiet = said(|demo| {
        demo.catalog.list_changed = false;
        demo.catalog.logging = false;
    });
    assert_eq!(quiet.len(), 1, "nothing but the answer");
    let log = &all[0]["params"];
    assert_eq!(log, &json!({"level": "debug", "logger": "demo", "data": "debug"}));
    assert_eq!(all[8]["params"], json!({"level": "info", "data": {"a": "b"}}));
}
