//! Scopes of several servers, and of other spellings of a name.
//!
//! 2025-11-25 and 2026-07-28, basic/authorization, Scope Challenge Handling.

use serde_json::{Value, json};

use super::auth::{bearer, scope_of, tokens};
use crate::Target;
use crate::client::{NEWEST, initialize, tool_call};
use crate::entry::Entry;
use crate::modern;
use crate::pontoon::Pontoon;
use crate::wire::{Request, Response};

cases! { $ auth_scopes:
    scopes_of_one_server_open_no_other
    scopes_that_name_no_server_are_for_all
}

fn send(pontoon: &Pontoon, token: Option<&str>, request: Request) -> Response {
    let request = match token {
        Some(token) => request.header("Authorization", bearer(token)),
        None => request,
    };
    request.send(pontoon.addr)
}

fn request(method: &str, params: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
}

/// Opens a session at this path; returns its id.
fn session(pontoon: &Pontoon, token: &str, path: &str) -> String {
    let opened = Request::post(initialize(NEWEST).to_string()).at(path);
    let opened = send(pontoon, Some(token), opened);
    opened.expect(200, path).header("mcp-session-id").expect("a session id").to_owned()
}

pub fn scopes_of_one_server_open_no_other(target: &Target) {
    let file = tokens(&[("two", "two:tools/call:echo"), ("one", "one"), ("all", "")]);
    let options = ["--auth-token-file", file.path(), "--auth-scopes", "two:tools/call:echo"];
    let entries = [Entry::new("one", &[]), Entry::new("two", &[])];
    let pontoon = target.serve(&entries).options(&options).start();
    let messages = [
        initialize(NEWEST),
        request("ping", json!({})),
        request("tools/list", json!({})),
        request("resources/list", json!({})),
        request("prompts/list", json!({})),
        request("logging/setLevel", json!({"level": "info"})),
        request("completion/complete", json!({"ref": {"type": "ref/prompt", "name": "p"}})),
        request("tasks/list", json!({})),
        request("custom/method", json!({})),
        tool_call(2, "echo", json!({"text": "stolen"})),
        json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
        json!([request("ping", json!({}))]),
    ];
    let modern = ["server/discover", "tools/list", "subscriptions/listen"]
        .map(|method| modern::signed(&modern::request(1, method, json!({}), &json!({}))));
    let expect_closed = |session: Option<&str>| {
        let of_session = messages.iter().map(|message| Request::post(message.to_string()));
        let of_session = of_session.chain([Request::listen(), Request::new("DELETE", "/mcp")]);
        let of_session = of_session.map(|request| match session {
            Some(session) => request.header("Mcp-Session-Id", session),
            None => request,
        });
        for (number, request) in of_session.chain(modern.iter().cloned()).enumerate() {
            let refused = send(&pontoon, Some("two"), request.at("/one/mcp"));
            refused.expect(403, &format!("request {number}, session {session:?}"));
            let challenge = refused.header("www-authenticate").expect("a challenge");
            assert!(challenge.contains("error=\"insufficient_scope\""), "{number}: {challenge}");
            assert_eq!(scope_of(&refused), Some("one"), "request {number}");
        }
    };
    expect_closed(None);
    assert!(pontoon.record.children().is_empty(), "no process for a client without a scope");
    let of_one = session(&pontoon, "one", "/one/mcp");
    expect_closed(Some(&of_one));
    let ping = Request::post(request("ping", json!({})).to_string()).at("/one/mcp");
    let ping = ping.header("Mcp-Session-Id", &of_one);
    send(&pontoon, Some("one"), ping).expect(200, "the session is still there");
    session(&pontoon, "two", "/two/mcp");
    for path in ["/", "/metrics"] {
        for token in ["one", "two"] {
            let refused = send(&pontoon, Some(token), Request::new("GET", path));
            refused.expect(403, path);
            assert_eq!(scope_of(&refused), Some("pontoon"), "{path}");
        }
        send(&pontoon, Some("all"), Request::new("GET", path)).expect(200, path);
    }
    for (path, scopes) in [("/one/mcp", "one"), ("/two/mcp", "two:tools/call:echo")] {
        let refused = send(&pontoon, None, Request::post(initialize(NEWEST).to_string()).at(path));
        assert_eq!(scope_of(refused.expect(401, path)), Some(scopes), "{path}");
    }
    assert!(pontoon.record.lines_with("stolen").is_empty());
}

/// An authorization server may have names of its own.
pub fn scopes_that_name_no_server_are_for_all(target: &Target) {
    let file = tokens(&[("base", "base"), ("other", "other"), ("all", "")]);
    let options = ["--auth-token-file", file.path(), "--auth-scopes", "base,two"];
    let options = [&options[..], &["--auth-resource", "https://mcp.example.com"]].concat();
    let entries = [Entry::new("one", &[]), Entry::new("two", &[])];
    let pontoon = target.serve(&entries).options(&options).start();
    for (path, expected) in [("/one/mcp", "base"), ("/two/mcp", "base two")] {
        session(&pontoon, "base", path);
        let refused = Request::post(initialize(NEWEST).to_string()).at(path);
        let refused = send(&pontoon, Some("other"), refused);
        assert_eq!(scope_of(refused.expect(403, path)), Some(expected), "{path}");
    }
    send(&pontoon, Some("base"), Request::new("GET", "/metrics")).expect(403, "/metrics");
}
