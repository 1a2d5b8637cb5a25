use std::sync::Arc;

use serde_json::{Value, json};

use super::rig::{Client, Demo, error};
use crate::protocol::Revision;
use crate::server::ServerConnection;

#[test]
fn initialize_agrees_on_the_revision_asked_for_or_offers_the_newest() {
    let cases = [
        ("2024-10-07", "2025-11-25"),
        ("2024-11-05", "2024-11-05"),
        ("2025-03-26", "2025-03-26"),
        ("2025-06-18", "2025-06-18"),
        ("2025-11-25", "2025-11-25"),
        ("2026-07-28", "2025-11-25"),
        ("yesterday", "2025-11-25"),
    ];
    // Listing all revisions restricts nothing.
    let listed =
        ServerConnection::new(Arc::new(Demo::default())).restricted_to(Revision::LEGACY.into());
    let mut with_list = Client::new();
    with_list.connection = listed;
    for (asked, agreed) in cases {
        for client in [&mut Client::new(), &mut with_list] {
            let answer = client.answer("initialize", json!({"protocolVersion": asked}));
            assert_eq!(answer["result"]["protocolVersion"], agreed, "{asked}");
            assert_eq!(client.connection.revision().as_str(), agreed);
        }
    }
    let answer = Client::new().answer("initialize", json!({}));
    assert_eq!(answer["result"]["protocolVersion"], "2025-11-25");
}

#[test]
fn a_list_of_revisions_restricts_the_choice() {
    let allowed = [Revision::V2025_06_18, Revision::V2025_03_26];
    let restricted = || {
        let mut client = Client::new();
        let connection = ServerConnection::new(Arc::new(Demo::default()));
        client.connection = connection.restricted_to(allowed.into());
        assert_eq!(client.connection.revision(), Revision::V2025_06_18);
        client
    };
    let cases = [
        ("2025-03-26", "2025-03-26"),
        ("2025-06-18", "2025-06-18"),
        ("2025-11-25", "2025-06-18"),
        ("2026-07-28", "2025-06-18"),
    ];
    for (asked, agreed) in cases {
        let answer = restricted().answer("initialize", json!({"protocolVersion": asked}));
        assert_eq!(answer["result"]["protocolVersion"], agreed, "{asked}");
    }
    let answer = restricted().answer("initialize", json!({"protocolVersion": "2024-11-05"}));
    assert_eq!(error(&answer), (-32602, "Unsupported protocol version"));
    let data = json!({"supported": ["2025-06-18", "2025-03-26"], "requested": "2024-11-05"});
    assert_eq!(answer["error"]["data"], data);
    // Only as much is repeated as helps to find a typing error.
    let answer = restricted().answer("initialize", json!({"protocolVersion": "1".repeat(5000)}));
    assert_eq!(answer["error"]["data"]["requested"], "1".repeat(100) + "…");
}

#[test]
fn initialize_tells_who_the_server_is() {
    let result = |revision: &str| {
        Client::new().answer("initialize", json!({"protocolVersion": revision}))["result"].clone()
    };
    let newest = result("2025-11-25");
    let server = json!({"name": "demo", "title": "A demonstration", "version": "1.2.3"});
    assert_eq!(newest["serverInfo"], server);
    assert_eq!(newest["instructions"], "Try it.");
    let without_title = json!({"name": "demo", "version": "1.2.3"});
    assert_eq!(result("2025-03-26")["serverInfo"], without_title);
}

#[test]
fn capabilities_are_those_of_the_catalog() {
    let capabilities = |change: fn(&mut Demo), revision: &str| {
        let mut demo = Demo::default();
        change(&mut demo);
        let answer = Client::of(demo).answer("initialize", json!({"protocolVersion": revision}));
        answer["result"]["capabilities"].clone()
    };
    let all = json!({
        "completions": {},
        "logging": {},
        "prompts": {"listChanged": true},
        "resources": {"listChanged": true, "subscribe": true},
        "tools": {"listChanged": true},
    });
    assert_eq!(capabilities(|_| {}, "2025-11-25"), all);
    assert_eq!(capabilities(|_| {}, "2024-11-05").get("completions"), None);
    assert_eq!(
        capabilities(|demo| demo.catalog.prompts.clear(), "2025-11-25").get("prompts"),
        None
    );
    let fixed: fn(&mut Demo) = |demo| {
        demo.catalog.list_changed = false;
        demo.catalog.subscriptions = false;
    };
    let listed = capabilities(fixed, "2025-11-25");
    assert_eq!((&listed["tools"], &listed["resources"]), (&json!({}), &json!({})));
    let bare: fn(&mut Demo) = |demo| {
        let tools = std::mem::take(&mut demo.catalog.tools);
        demo.catalog = crate::server::Catalog { tools, name: "bare", ..Default::default() };
    };
    assert_eq!(capabilities(bare, "2025-11-25"), json!({"tools": {}}));
}

#[test]
fn what_is_not_announced_is_not_there() {
    type Change = fn(&mut Demo);
    let cases: [(Change, &[&str]); 5] = [
        (|demo| demo.catalog.prompts.clear(), &["prompts/list", "prompts/get"]),
        (
            |demo| {
                demo.catalog.resources.clear();
                demo.catalog.templates.clear();
            },
            &[
                "resources/list",
                "resources/read",
                "resources/templates/list",
                "resources/subscribe",
                "resources/unsubscribe",
            ],
        ),
        (
            |demo| demo.catalog.subscriptions = false,
            &["resources/subscribe", "resources/unsubscribe"],
        ),
        (|demo| demo.catalog.completions = false, &["completion/complete"]),
        (|demo| demo.catalog.logging = false, &["logging/setLevel"]),
    ];
    for (change, methods) in cases {
        for method in methods {
            let mut demo = Demo::default();
            change(&mut demo);
            let answer = Client::of(demo).answer(method, json!({"uri": "demo://one"}));
            assert_eq!(error(&answer), (-32601, &*format!("Method not found: {method}")));
        }
    }
}

#[test]
fn initialize_names_the_field_that_is_wrong() {
    let cases = [
        (json!({"protocolVersion": null}), "params.protocolVersion must be a string"),
        (json!({"protocolVersion": 1}), "params.protocolVersion must be a string"),
        (json!({"capabilities": []}), "params.capabilities must be an object"),
        (json!({"capabilities": {"x": "y".repeat(70_000)}}), "params.capabilities is too long"),
        (json!({"clientInfo": {"name": "n".repeat(1025)}}), "params.clientInfo.name is too long"),
        (json!({"clientInfo": "me"}), "params.clientInfo must be an object"),
        (json!({"clientInfo": {"name": 1}}), "params.clientInfo.name must be a string"),
        (json!({"clientInfo": {"version": []}}), "params.clientInfo.version must be a string"),
    ];
    for (params, message) in cases {
        let mut client = Client::new();
        assert_eq!(error(&client.answer("initialize", params)), (-32602, message));
        assert_eq!(client.answer("ping", json!({}))["result"], json!({}), "and all is well");
    }
}

#[test]
fn nothing_has_to_be_said_first() {
    let mut client = Client::new();
    assert_eq!(super::rig::text(&client.call("echo", json!({"message": "hi"}))), "hi");
    assert_eq!(client.connection.revision(), Revision::NEWEST_LEGACY);
    let older =
        ServerConnection::new(Arc::new(Demo::default())).with_revision(Revision::V2025_03_26);
    client.connection = older;
    let answer = client.call("echo", json!({"message": "hi"}));
    assert_eq!(answer["result"].get("structuredContent"), None::<&Value>);
}
