//! Verified principals: one that presents an identifier of another learns nothing about it.
//!
//! 2025-11-25, basic/security_best_practices, Session Hijacking; 2026-07-28, basic/patterns/mrtr.

use serde_json::{Value, json};

use super::auth::{bearer, tokens};
use crate::Target;
use crate::client::{Client, NEWEST, tool_call};
use crate::modern::{Modern, asked};
use crate::pontoon::Pontoon;
use crate::wire::{Request, Response};

cases! { $ auth_principals:
    a_session_of_another_principal
    an_event_of_another_principal
    a_request_state_of_another_principal
    a_request_state_of_a_modern_server
    a_task_of_another_principal
    a_subscription_of_another_principal
}

fn start(target: &Target, options: &[&str], flags: &[&str]) -> Pontoon {
    let file = tokens(&[("ann", ""), ("ben", "")]);
    let all = [&["--auth-token-file", file.path()], options].concat();
    target.proxy().options(&all).child(flags).start()
}

/// Asserts that two answers are the same, but for what every answer has of its own.
#[track_caller]
fn expect_same(one: &Response, other: &Response, case: &str) {
    assert_eq!((one.status(), one.text()), (other.status(), other.text()), "{case}");
}

/// Sends a request in a session with a token.
fn send(pontoon: &Pontoon, token: &str, session: &str, request: Request) -> Response {
    let request = request.header("Mcp-Session-Id", session);
    request.header("Authorization", bearer(token)).send(pontoon.addr)
}

/// The id of no session.
const NO_SESSION: &str = "00000000-0000-4000-8000-000000000000";

pub fn a_session_of_another_principal(target: &Target) {
    let pontoon = start(target, &[], &[]);
    let ann = Client::open_with(&pontoon, NEWEST, Some("Bearer ann"));
    let ping = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"}).to_string();
    let cancel = json!({"jsonrpc": "2.0", "method": "notifications/cancelled",
                        "params": {"requestId": 1}});
    for request in [
        Request::post(ping),
        Request::post(cancel.to_string()),
        Request::listen(),
        Request::listen().header("Last-Event-ID", "1-1"),
        Request::new("DELETE", "/mcp"),
    ] {
        let theirs = send(&pontoon, "ben", &ann.session, request.clone());
        let none = send(&pontoon, "ben", NO_SESSION, request.clone());
        theirs.expect(404, &format!("{request:?}"));
        expect_same(&theirs, &none, &format!("{request:?}"));
    }
    ann.expect_served();
}

pub fn an_event_of_another_principal(target: &Target) {
    let pontoon = start(target, &[], &[]);
    let ann = Client::open_with(&pontoon, NEWEST, Some("Bearer ann"));
    let ben = Client::open_with(&pontoon, NEWEST, Some("Bearer ben"));
    let mut events = ann.stream(tool_call(7, "echo", json!({"text": "for ann"})));
    let event = events.next_message().expect("the answer").0.id.expect("an id");
    let resumed =
        send(&pontoon, "ben", &ann.session, Request::listen().header("Last-Event-ID", &event));
    resumed.expect(404, "a session of another principal");
    let theirs = ben.resume(&event).response();
    let none = ben.resume("999-7").response();
    expect_same(&theirs, &none, "an event of another session");
    assert!(!theirs.text().contains("for ann"), "{}", theirs.text());
    ann.expect_served();
    ben.expect_served();
}

pub fn a_request_state_of_another_principal(target: &Target) {
    let pontoon = start(target, &["--child-era", "legacy"], &[]);
    let [ann, ben] = ["ann", "ben"].map(|name| Modern::new(&pontoon).authorized(&bearer(name)));
    let schema = json!({"type": "object", "properties": {"name": {"type": "string"}}});
    let params = json!({"message": "Who?", "requestedSchema": schema});
    let ask = json!({"id": "who", "method": "elicitation/create", "params": params});
    let call = ann.tool_call("rounds", json!({"rounds": [[ask]]}));
    let parked = ann.send(&call).answer();
    let key = asked(&parked).keys().next().expect("a question").clone();
    let accepted = json!({"action": "accept", "content": {"name": "Ann"}});
    let retry = ann.retry(&call, &parked, json!({key: accepted}));
    let mut invented = retry.clone();
    invented["params"]["requestState"] = json!("invented");
    let [theirs, none] = [&retry, &invented].map(|retry| ben.send(retry));
    assert_eq!(theirs.answer()["error"]["code"], -32602, "{}", theirs.text());
    expect_same(&theirs, &none, "a state of another principal");
    assert!(ann.send(&retry).text().contains("Ann"), "the state is still good");
}

/// Returns a call that asks two questions, one after the other, and the second of them.
fn ask_twice(client: &Modern) -> (Value, Value) {
    let ask = |id: &str| json!({"id": id, "method": "roots/list", "params": {}});
    let call = client.tool_call("rounds", json!({"rounds": [[ask("one")], [ask("two")]]}));
    let first = client.send(&call).answer();
    let roots = json!({"roots": []});
    let second = client.send(&client.retry(&call, &first, json!({"one": roots}))).answer();
    assert!(asked(&second).contains_key("two"), "{second}");
    (call, second)
}

/// The state of a modern server reaches its client in a seal, and the server as it wrote it.
pub fn a_request_state_of_a_modern_server(target: &Target) {
    let modern = ["--child-era", "modern"];
    let open = target.proxy().options(&modern).child(&["--modern"]).start();
    let (_, unsealed) = ask_twice(&Modern::new(&open));
    let unsealed = unsealed["result"]["requestState"].as_str().expect("a state");
    assert_eq!(unsealed, r#"{"one":{"roots":[]}}"#, "without authentication it is unchanged");

    let pontoon = start(target, &modern, &["--modern"]);
    let [ann, ben] = ["ann", "ben"].map(|name| Modern::new(&pontoon).authorized(&bearer(name)));
    let (call, second) = ask_twice(&ann);
    let sealed = second["result"]["requestState"].as_str().expect("a state");
    assert!(!sealed.contains('{'), "{sealed}");
    let roots = json!({"roots": [{"uri": "file:///ann"}]});
    let retry = ann.retry(&call, &second, json!({"two": roots}));
    let with = |key: &str, state: &str| {
        let mut retry = retry.clone();
        let params = retry["params"].as_object_mut().expect("params");
        params.remove("requestState");
        params.insert(key.to_owned(), json!(state));
        retry
    };
    let invented = ben.send(&with("requestState", "invented"));
    assert_eq!(invented.answer()["error"]["code"], -32602, "{}", invented.text());
    let mut altered = sealed.to_owned();
    altered.replace_range(20..21, if &sealed[20..21] == "A" { "B" } else { "A" });
    for (client, state) in
        [(&ben, sealed), (&ben, unsealed), (&ann, unsealed), (&ann, altered.as_str()), (&ann, "")]
    {
        let refused = client.send(&with("requestState", state));
        expect_same(&refused, &invented, state);
    }
    // Some servers do not tell upper from lower case in keys.
    ben.send(&with("RequestState", unsealed)).expect(400, "a key that resembles another");
    assert!(ann.send(&retry).text().contains("file:///ann"), "the state is still good");
}

/// Creates a task of this name at a modern server.
fn create_task(client: &Modern, name: &str) {
    let result = json!({"resultType": "task", "taskId": name, "status": "working"});
    let answer = format!(r#"{{"jsonrpc":"2.0","id":ID,"result":{result}}}"#);
    let created = client.call("write", json!({"head": answer + "\n"}));
    assert_eq!(created["result"]["taskId"], name, "the id is unchanged");
}

pub fn a_task_of_another_principal(target: &Target) {
    let modern = ["--child-era", "modern"];
    let open = target.proxy().options(&modern).child(&["--modern"]).start();
    let unknown = Modern::new(&open).request("tasks/get", json!({"taskId": "any"}));
    assert_eq!(unknown["result"]["taskId"], "any", "without authentication all is passed on");

    let pontoon = start(target, &modern, &["--modern"]);
    let [ann, ben] = ["ann", "ben"].map(|name| Modern::new(&pontoon).authorized(&bearer(name)));
    create_task(&ann, "of-ann");
    create_task(&ben, "of-ben");
    for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
        let of = |client: &Modern, task: &str| client.request(method, json!({"taskId": task}));
        assert_eq!(of(&ann, "of-ann")["result"]["taskId"], "of-ann", "{method}");
        let mut refused = ["of-ann", "none"].map(|task| of(&ben, task));
        refused.iter_mut().for_each(|answer| drop(answer["id"].take()));
        assert_eq!(refused[0], refused[1], "{method}");
        assert_eq!(refused[0]["error"]["code"], -32602, "{method}: {}", refused[0]);
    }
    assert_eq!(ben.request("tasks/list", json!({}))["error"]["code"], -32601);
    // A server could carry out a request without an id.
    let mut silent = ben.body("tasks/cancel", json!({"taskId": "of-ann"}));
    silent.as_object_mut().expect("an object").remove("id");
    ben.send(&silent).expect(202, "dropped");

    let granted = ann.listen(json!({"taskIds": ["of-ann"]})).granted;
    assert_eq!(granted["taskIds"], json!(["of-ann"]));
    for tasks in [json!(["of-ann"]), json!(["of-ben", "of-ann"]), json!("of-ann")] {
        let filter = json!({"notifications": {"taskIds": tasks}});
        let refused = ben.request("subscriptions/listen", filter);
        assert_eq!(refused["error"]["code"], -32602, "{refused}");
    }
    ann.expect_served();
    let cancelled = pontoon.record.messages("tasks/cancel");
    assert_eq!(cancelled.len(), 1, "nothing of ben has reached the server: {cancelled:?}");
}

/// A subscription has an id that its client chose, and belongs to that client's stream alone.
pub fn a_subscription_of_another_principal(target: &Target) {
    for (era, flags) in [("legacy", &[][..]), ("modern", &["--modern"])] {
        let pontoon = start(target, &["--child-era", era], flags);
        let [ann, ben] = ["ann", "ben"].map(|name| Modern::new(&pontoon).authorized(&bearer(name)));
        let mut of_ann = ann.listen(json!({"toolsListChanged": true}));
        let mut cancel: Value =
            ben.body("notifications/cancelled", json!({"requestId": of_ann.id}));
        cancel.as_object_mut().expect("an object").remove("id");
        ben.send(&cancel);
        // The same id again is a subscription of its own.
        let mut body = ben.body("subscriptions/listen", json!({"notifications": {}}));
        body["id"] = of_ann.id.clone();
        let mut of_ben = ben.stream(&body);
        let acknowledged = of_ben.message();
        assert_eq!(acknowledged["params"]["notifications"], json!({}), "{acknowledged}");
        ann.text("list_changed", json!({"what": "tools", "ms": 0}));
        assert_eq!(of_ann.news()["method"], "notifications/tools/list_changed");
        ann.expect_served();
    }
}
