use serde_json::{Value, json};

use super::rig::{Client, Demo, error};

#[test]
fn what_is_no_message_is_answered_with_an_error() {
    let cases: [(&[u8], i64, Option<Value>); 17] = [
        (b"{", -32700, None),
        (b"nonsense", -32700, None),
        (b"5 5", -32700, None),
        (b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\"}", -32700, None),
        (br#"{"jsonrpc":"2.0","id":1,"method":"ping","\ud800":1}"#, -32700, None),
        (b"5", -32600, None),
        (b"null", -32600, None),
        (b"[]", -32600, None),
        (br#"["2.0",1,"ping"]"#, -32600, None),
        (br#"{"id":1,"method":"ping"}"#, -32600, Some(json!(1))),
        (br#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#, -32600, Some(json!(1))),
        (br#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, -32600, None),
        (br#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, -32600, None),
        (br#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#, -32600, None),
        (br#"{"jsonrpc":"2.0","id":1,"method":7}"#, -32600, Some(json!(1))),
        (br#"{"jsonrpc":"2.0","id":1}"#, -32600, Some(json!(1))),
        (br#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#, -32600, None),
    ];
    for (message, code, id) in cases {
        let mut client = Client::new();
        let said = client.raw(message);
        let shown = String::from_utf8_lossy(message);
        assert_eq!(said.len(), 1, "{shown}");
        assert_eq!(error(&said[0]).0, code, "{shown}");
        assert_eq!(said[0].get("id").cloned(), id, "{shown}");
        let about = id.map_or("answer -".to_owned(), |id| format!("answer {id}"));
        assert_eq!(client.about, [about]);
    }
}

#[test]
fn ids_come_back_as_they_came() {
    for id in ["1", "-7", "1e2", "1.0", r#""a\"\u0031""#, "123456789012345678901234567890"] {
        let message = format!(r#"{{"method":"ping","id":{id},"jsonrpc":"2.0"}}"#);
        let mut client = Client::new();
        let mut out = Vec::new();
        let at = super::rig::at(client.now);
        client.connection.handle_message(message.as_bytes(), &at, &mut out);
        let wanted = format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{{}}}}\n");
        assert_eq!(String::from_utf8(out).unwrap(), wanted);
    }
}

#[test]
fn unknown_methods_are_refused_and_unknown_notifications_passed_over() {
    let mut client = Client::new();
    for params in [json!({}), json!([1])] {
        let answer = client.answer("tasks/list", params);
        assert_eq!(error(&answer), (-32601, "Method not found: tasks/list"));
    }
    let long = "m".repeat(100_000);
    assert!(error(&client.answer(&long, json!({}))).1.len() < 200);
    for method in ["notifications/initialized", "notifications/roots/list_changed", "whatever"] {
        assert!(client.notify(method, json!({})).is_empty());
    }
    assert!(client.notify("tools/call", json!({"name": "echo"})).is_empty());
    assert!(client.raw("  \r").is_empty());
    assert!(client.reply(&json!(99), json!({})).is_empty(), "there was no question");
    assert_eq!(client.answer("ping", json!({}))["result"], json!({}));
}

#[test]
fn parameters_are_an_object_without_doubles() {
    let types =
        "Invalid params: the fields of params must have the right types, values and lengths";
    let cases = [
        (r#"[]"#, -32602, "params must be an object"),
        (r#""x""#, -32602, "params must be an object"),
        (r#"5"#, -32602, "params must be an object"),
        (r#"null"#, -32602, "params must be an object"),
        (r#"{"level":1,"level":2}"#, -32602, "params holds a key twice"),
        (r#"{"name":"echo","name":"any"}"#, -32600, "Invalid Request: a key is given twice"),
        (r#"{"_meta":[]}"#, -32602, types),
        (r#"{"_meta":{"progressToken":1.5}}"#, -32602, types),
    ];
    for (params, code, message) in cases {
        let request =
            format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}"#);
        assert_eq!(error(&Client::new().raw(request)[0]), (code, message), "{params}");
    }
}

const BATCH: &str =
    r#"[{"jsonrpc":"2.0","id":1,"method":"ping"},7,{"jsonrpc":"2.0","id":2,"method":"ping"}]"#;

#[test]
fn batches_belong_to_one_revision() {
    for revision in ["2024-11-05", "2025-06-18", "2025-11-25"] {
        let said = Client::speaking(revision).raw(BATCH);
        assert_eq!((said.len(), error(&said[0]).0), (1, -32600));
    }
    let mut client = Client::speaking("2025-03-26");
    let said = client.raw(BATCH);
    assert_eq!(said.len(), 3);
    assert_eq!((&said[0]["id"], error(&said[1]).0, &said[2]["id"]), (&json!(1), -32600, &json!(2)));
    assert_eq!(client.about, ["answer 1", "answer -", "answer 2"]);
    assert_eq!(error(&client.raw("[]")[0]).0, -32600);
    assert_eq!(error(&client.raw("[1,")[0]).0, -32700);
    let nested = client.raw("[[]]");
    assert_eq!((nested.len(), error(&nested[0]).0), (1, -32600));
    let notifications = r#"[{"jsonrpc":"2.0","method":"notifications/initialized"}]"#;
    assert!(client.raw(notifications).is_empty());
}

#[test]
fn a_server_may_take_batches_in_every_revision() {
    let mut demo = Demo::default();
    demo.catalog.batches = true;
    assert_eq!(Client::of(demo).raw(BATCH).len(), 3);
}

#[test]
fn initialize_is_never_part_of_a_batch() {
    let batch = r#"[{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}},
        {"jsonrpc":"2.0","id":2,"method":"ping"}]"#;
    let said = Client::speaking("2025-03-26").raw(batch);
    assert_eq!((said.len(), error(&said[0]).0, &said[1]["result"]), (2, -32600, &json!({})));
}

#[test]
fn long_batches_are_refused() {
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    let batch = |len| format!("[{}]", vec![ping; len].join(","));
    let mut client = Client::speaking("2025-03-26");
    assert_eq!(client.raw(batch(50)).len(), 50);
    let said = client.raw(batch(51));
    assert_eq!((said.len(), error(&said[0]).0), (1, -32600));
}
