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
