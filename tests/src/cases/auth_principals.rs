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
