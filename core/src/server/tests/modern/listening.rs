//! `subscriptions/listen`.

use serde_json::{Value, json};

use super::rig::Client;
use crate::server::tests::rig::{Demo, error, text};
use crate::server::{Announces, Catalog, Change, SubscriptionStream};

const ID: &str = "io.modelcontextprotocol/subscriptionId";

fn all() -> Value {
    json!({
        "promptsListChanged": true,
        "resourcesListChanged": true,
        "toolsListChanged": true,
        "resourceSubscriptions": ["demo://one"],
    })
}

fn listen(client: &mut Client, id: &Value, wanted: Value) -> Vec<Value> {
    client.request(id.clone(), "subscriptions/listen", json!({ "notifications": wanted }))
}

/// Makes a change of every kind.
fn change(client: &mut Client) -> Vec<Value> {
    let said = client.request(json!("c"), "tools/call", json!({"name": "notices"}));
    let (last, told) = said.split_last().unwrap();
    assert_eq!(text(last), "said");
    told.to_vec()
}

fn methods(said: &[Value]) -> Vec<&str> {
    said.iter().map(|line| line["method"].as_str().unwrap()).collect()
}

#[test]
fn a_stream_begins_with_what_is_granted() {
    for id in [json!(9_007_199_254_740_993_u64), json!("9")] {
        let mut client = Client::new();
        let said = listen(&mut client, &id, all());
        assert_eq!(said.len(), 1);
        assert_eq!(said[0]["method"], "notifications/subscriptions/acknowledged");
        assert_eq!(said[0]["params"]["notifications"], all());
        assert_eq!(said[0]["params"]["_meta"][ID], id);
        assert_eq!(client.about, [format!("related {id}")]);
    }
}

#[test]
fn what_the_server_does_not_tell_is_not_granted() {
    let granted = |alter: fn(&mut Demo), wanted| {
        let mut demo = Demo::default();
        alter(&mut demo);
        let said = listen(&mut Client::of(demo), &json!(1), wanted);
        said[0]["params"]["notifications"].clone()
    };
    let resources = json!({"resourceSubscriptions": ["demo://one"]});
    assert_eq!(granted(|demo| demo.catalog.list_changed = false, all()), resources);
    let mut lists = all();
    lists.as_object_mut().unwrap().remove("resourceSubscriptions");
    assert_eq!(granted(|demo| demo.catalog.subscriptions = false, all()), lists);
    lists.as_object_mut().unwrap().remove("promptsListChanged");
    let neither: fn(&mut Demo) = |demo| {
        demo.catalog.prompts.clear();
        demo.catalog.subscriptions = false;
    };
    assert_eq!(granted(neither, all()), lists);
    let refused = json!({"resourceSubscriptions": ["demo://refused", "demo://one"]});
    assert_eq!(granted(|_| {}, refused), resources, "the server refuses to watch it");
    let refused = json!({"resourceSubscriptions": ["demo://refused"]});
    assert_eq!(granted(|_| {}, refused), json!({}));
    let off = json!({"toolsListChanged": false, "resourceSubscriptions": [], "more": 1});
    assert_eq!(granted(|_| {}, off), json!({}));
}

#[test]
fn each_stream_is_told_what_it_asked_for_and_nothing_else() {
    let mut client = Client { log_level: Some("debug"), ..Client::new() };
    listen(&mut client, &json!(1), json!({"promptsListChanged": true}));
    listen(
        &mut client,
        &json!("two"),
        json!({"resourceSubscriptions": ["demo://one", "demo://x"]}),
    );
    listen(&mut client, &json!(3), json!({"resourceSubscriptions": ["demo://other"]}));
    client.log_level = None;
    let said = change(&mut client);
    assert_eq!(
        methods(&said),
        ["notifications/prompts/list_changed", "notifications/resources/updated"]
    );
    assert_eq!(said[0]["params"], json!({"_meta": {ID: 1}}));
    assert_eq!(said[1]["params"], json!({"_meta": {ID: "two"}, "uri": "demo://one"}));
    assert_eq!(client.about[..2], ["related 1", r#"related "two""#]);
}

#[test]
fn other_conversations_are_told_by_others() {
    let mut client = Client::new();
    assert!(change(&mut client).is_empty(), "no stream is open");
    assert_eq!(client.changed, ["Prompts", "Resources", "Tools", r#"Resource("demo://one")"#]);
    listen(&mut client, &json!(1), json!({"toolsListChanged": true}));
    let mut out = Vec::new();
    client.connection.handle_change(Change::Tools, &mut out);
    client.connection.handle_change(Change::Prompts, &mut out);
    let told = crate::server::tests::rig::messages(&out);
    assert_eq!(methods(&told), ["notifications/tools/list_changed"]);
    let mut quiet = Demo::default();
    quiet.catalog.list_changed = false;
    quiet.catalog.subscriptions = false;
    let mut client = Client::of(quiet);
    assert!(change(&mut client).is_empty() && client.changed.is_empty());
}

#[test]
fn a_client_of_the_other_era_hears_of_a_change_as_well_if_there_is_one() {
    let mut client = Client::new();
    assert!(change(&mut client).is_empty());
    let line = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {}});
    client.raw(line.to_string());
    let said = change(&mut client);
    assert_eq!(said.len(), 3, "the lists; it subscribed to no resource");
    assert!(said.iter().all(|line| line["params"] == json!({})));
    assert_eq!(client.about[0], "unrelated");
}

#[test]
fn who_stops_listening_is_told_nothing_more() {
    let mut client = Client::new();
    listen(&mut client, &json!(1), all());
    listen(&mut client, &json!("1"), all());
    assert!(client.connection.is_idle(), "who only listens is owed nothing");
    assert!(client.notify("notifications/cancelled", json!({"requestId": 1})).is_empty());
    let said = change(&mut client);
    assert!(said.iter().all(|line| line["params"]["_meta"][ID] == "1"));
    assert_eq!(said.len(), 4);
    listen(&mut client, &json!(1), all());
    assert_eq!(change(&mut client).len(), 8, "the id may be used again");
}

#[test]
fn a_stream_that_cannot_be_opened_is_refused() {
    let path = "params.notifications";
    let cases = [
        (json!({}), format!("{path} must be an object")),
        (json!({"notifications": []}), format!("{path} must be an object")),
        (
            json!({"notifications": {"toolsListChanged": 1}}),
            format!("{path}.toolsListChanged must be true or false"),
        ),
        (
            json!({"notifications": {"resourceSubscriptions": [1]}}),
            format!("{path}.resourceSubscriptions must be a list of strings"),
        ),
        (
            json!({"notifications": {"resourceSubscriptions": ["x".repeat(70_000)]}}),
            format!("{path} is too long"),
        ),
    ];
    for (params, message) in cases {
        let answer = Client::new().answer("subscriptions/listen", params);
        assert_eq!(error(&answer), (-32602, &*message));
    }
    let mut client = Client::new();
    listen(&mut client, &json!(1), all());
    let again = listen(&mut client, &json!(1), all());
    assert_eq!(error(&again[0]), (-32600, "This id is in use by a subscription"));
    for id in 2..=1024 {
        listen(&mut client, &json!(id), json!({}));
    }
    let said = listen(&mut client, &json!(1025), json!({}));
    assert_eq!(error(&said[0]), (-32603, "Too many subscriptions"));
}

#[test]
fn the_end_of_a_stream_is_its_result() {
    let announces = Announces { tools: true, ..Announces::default() };
    let params = r#"{"notifications":{"toolsListChanged":true,"promptsListChanged":true}}"#;
    let listen = SubscriptionStream::open(r#""x""#, Some(params), announces).unwrap();
    assert!(listen.wants(Change::Tools) && !listen.wants(Change::Prompts));
    assert_eq!((listen.id(), listen.uris().count()), (r#""x""#, 0));
    let mut out = Vec::new();
    let catalog = Catalog { name: "demo", version: "1.0.0", ..Catalog::default() };
    listen.finish(&catalog, &mut out);
    let server_info = json!({"name": "demo", "version": "1.0.0"});
    let meta = json!({ID: "x", "io.modelcontextprotocol/serverInfo": server_info});
    let result = json!({"resultType": "complete", "_meta": meta});
    let expected = json!({"jsonrpc": "2.0", "id": "x", "result": result});
    assert_eq!(crate::server::tests::rig::messages(&out), [expected]);
}
