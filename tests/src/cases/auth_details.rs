//! Names and reasons: which answers have them for clients that are not known, or may not see all.

use serde_json::{Value, json};

use super::auth::{bearer, post, tokens};
use crate::Target;
use crate::client::{Client, NEWEST, initialize, tool_call};
use crate::entry::Entry;
use crate::modern::Modern;
use crate::pontoon::Pontoon;
use crate::wait::{eventually, seconds};
use crate::wire::{Request, Response};

cases! { $ auth_details:
    health_names_servers_only_to_known_clients
    readiness_has_reasons_only_for_known_clients
    lists_that_cannot_be_read_are_not_passed_on
    ; on sockets only:
    an_entry_with_the_name_of_a_scope_is_broken: "a simulated program has no file"
}

/// Sends a GET with each of these tokens; returns the answers.
fn get<const N: usize>(pontoon: &Pontoon, path: &str, tokens: [Option<&str>; N]) -> [Response; N] {
    tokens.map(|token| {
        let request = Request::new("GET", path);
        let request = match token {
            Some(token) => request.header("Authorization", bearer(token)),
            None => request,
        };
        request.send(pontoon.addr)
    })
}

pub fn health_names_servers_only_to_known_clients(target: &Target) {
    let file = tokens(&[("all", ""), ("good", "good")]);
    let entries = [Entry::broken("bad"), Entry::new("good", &[])];
    let pontoon = target.serve(&entries).options(&["--auth-token-file", file.path()]).start();
    let unknown = [None, Some("wrong"), Some("good")];
    for answer in get(&pontoon, "/health", unknown) {
        let mut health = answer.expect(200, "/health").json();
        health["uptime"] = json!(0);
        let brief = json!({"status": "degraded", "uptime": 0, "servers_ready": 1,
                           "servers_total": 2});
        assert_eq!(health, brief);
    }
    for answer in get(&pontoon, "/readyz", unknown) {
        assert_eq!(answer.expect(200, "/readyz").text(), "ok\n");
    }
    let reason = "command: no-such-program is not in PATH";
    for answer in get(&pontoon, "/bad/mcp", unknown) {
        let text = answer.expect(503, "a broken entry").text();
        assert!(!text.contains("no-such-program"), "{text}");
    }
    for (path, status) in [("/health", 200), ("/readyz", 200), ("/bad/mcp", 503)] {
        let [answer] = get(&pontoon, path, [Some("all")]);
        let text = answer.expect(status, path).text();
        assert!(text.contains(reason), "{path}: {text}");
    }
    let post = Request::post(initialize(NEWEST).to_string()).at("/bad/mcp");
    let text = post.send(pontoon.addr).expect(503, "no token").text().to_owned();
    assert!(!text.contains("no-such-program"), "{text}");
}

pub fn readiness_has_reasons_only_for_known_clients(target: &Target) {
    let file = tokens(&[("all", "")]);
    let options = ["--auth-token-file", file.path()];
    let pontoon = target.proxy().options(&options).child(&["--exit-if-told"]).start();
    let ready = |token| {
        let [answer] = get(&pontoon, "/readyz", [token]);
        (answer.status(), answer.text().to_owned())
    };
    assert_eq!(ready(None), (200, "ok\n".to_owned()));
    let client = Client::open_with(&pontoon, NEWEST, Some("Bearer all"));
    pontoon.record.set_flag("exit");
    client.delete();
    eventually("it is not ready", seconds(20), || {
        post(&pontoon, Some("all"), &initialize(NEWEST));
        ready(None).0 == 503
    });
    assert_eq!(ready(None), (503, "not ready\n".to_owned()));
    assert_eq!(ready(Some("wrong")), (503, "not ready\n".to_owned()));
    assert_eq!(ready(Some("all")), (503, "the command does not start\n".to_owned()));
}

/// The scope `pontoon` opens `/` and `/metrics`, so no server can have that name too.
pub fn an_entry_with_the_name_of_a_scope_is_broken(target: &Target) {
    let file = tokens(&[("all", "")]);
    let entries = [Entry::new("good", &[]), Entry::new("pontoon", &[])];
    let auth = ["--auth-token-file", file.path()];
    let reason = "(name): with authentication, this name is the scope of / and /metrics";
    let error = "servers.json:1: mcpServers.pontoon.(name): error: with authentication, this name";
    let pontoon = target.serve(&entries).options(&auth).start();
    let [answer] = get(&pontoon, "/pontoon/mcp", [Some("all")]);
    let text = answer.expect(503, "a broken entry").text();
    assert!(text.contains(reason), "{text}");
    let findings = pontoon.await_log_events("config_finding", 1);
    assert!(findings[0]["finding"].as_str().unwrap().contains(error), "{findings:?}");
    let states = pontoon.await_log_events("server", 2);
    let state = states.iter().find(|it| it["server"] == "pontoon").expect("its state");
    assert_eq!(state["state"], format!("broken: {reason}"));
    pontoon.reload(&entries);
    pontoon.await_log_events("config_finding", 2);

    let (status, text) = target.serve(&entries).options(&auth).options(&["--strict"]).run();
    assert_eq!(status.code(), Some(1), "{text}");
    assert!(text.contains("--strict") && text.contains(error), "{text}");
    let open = target.serve(&entries).options(&auth).options(&["--auth-scopes", "none"]).start();
    let [answer] = get(&open, "/pontoon/mcp", [Some("all")]);
    answer.expect(400, "without scopes the name is free: only a session is missing");
}

/// A client that may not see all of a list sees nothing of one that cannot be filtered.
pub fn lists_that_cannot_be_read_are_not_passed_on(target: &Target) {
    let file = tokens(&[("one", "mcp:tools/call:echo")]);
    for child in ["legacy", "modern"] {
        let flags: &[&str] =
            if child == "modern" { &["--odd-lists", "--modern"] } else { &["--odd-lists"] };
        let options = ["--auth-token-file", file.path(), "--child-era", child];
        let pontoon = target.proxy().options(&options).child(flags).start();
        let legacy = Client::open_with(&pontoon, NEWEST, Some("Bearer one"));
        let list = json!({"jsonrpc": "2.0", "id": 5, "method": "tools/list", "params": {}});
        let modern = Modern::new(&pontoon).authorized("Bearer one");
        let of_modern = modern.body("tools/list", json!({}));
        for answer in [legacy.send(&list), modern.send(&of_modern)] {
            let message: Value = answer.answer();
            assert!(message["error"]["code"].is_number(), "{child}: {message}");
            assert!(!answer.text().contains("pid"), "{child}: {message}");
        }
        legacy.expect_served();
        modern.expect_served();
        let refused = legacy.send(tool_call(6, "pid", json!({})));
        refused.expect_error(403, -32600, child);
    }
}
