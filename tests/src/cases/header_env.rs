//! Headers of requests whose values the command gets as variables.

use serde_json::{Value, json};

use crate::Target;
use crate::cases::modern_bridge::each;
use crate::client::{Client, NEWEST, initialize, tool_call};
use crate::modern::{Modern, asked, every_capability};
use crate::pontoon::Pontoon;
use crate::wait::{eventually, seconds};
use crate::wire::{Request, Response};

cases! { $ header_env:
    sessions_see_their_own_values
    a_session_is_bound_to_its_values
    requests_without_a_session_see_their_own_values
    children_are_shared_by_equal_values_only
    a_parked_call_is_not_continued_with_other_values
    a_value_that_is_repeated_or_too_long_is_refused
    unused_processes_of_values_end
    sessions_of_other_values_give_way
    a_command_that_needs_a_value_fails_only_its_client
    a_client_of_many_values_that_fail_is_slowed_down
    new_values_of_a_client_are_limited
    values_are_not_logged
    a_stop_ends_the_processes_of_all_values

    ; on sockets only:
    an_inherited_variable_is_not_passed_on: "the simulated program has no environment"
}

const OPTIONS: [&str; 4] = ["--header-env", "X-Api-Key=API_KEY", "--header-env", "X-Zone=ZONE"];

/// Adds the header, if there is a value.
fn keyed(request: Request, key: Option<&str>) -> Request {
    match key {
        Some(key) => request.header("X-Api-Key", key),
        None => request,
    }
}

/// Opens a session with this value; returns its id.
#[track_caller]
fn open(pontoon: &Pontoon, key: Option<&str>) -> String {
    let response = keyed(Request::post(initialize(NEWEST).to_string()), key).send(pontoon.addr);
    response.expect(200, "initialize").header("mcp-session-id").expect("a session").to_owned()
}

/// Posts a message in a session, with this value.
fn post(pontoon: &Pontoon, session: &str, key: Option<&str>, body: &Value) -> Response {
    let request = Request::post(body.to_string()).header("Mcp-Session-Id", session);
    keyed(request.header("MCP-Protocol-Version", NEWEST), key).send(pontoon.addr)
}

/// Returns the environment of the child that answers.
#[track_caller]
fn env_of(response: &Response) -> Value {
    let answer = response.answer();
    let text = answer["result"]["content"][0]["text"].as_str();
    text.unwrap_or_else(|| panic!("{answer}")).parse().expect("an environment")
}

/// Calls a tool of 2026-07-28 with this value.
fn call(client: &Modern, pontoon: &Pontoon, key: Option<&str>, body: &Value) -> Response {
    keyed(client.post(body), key).send(pontoon.addr)
}

pub fn sessions_see_their_own_values(target: &Target) {
    for (era, pontoon) in each(target, &OPTIONS) {
        let keys = [Some("alpha"), Some("beta"), None, Some("alpha"), Some("")];
        let sessions: Vec<_> = keys.iter().map(|key| (open(&pontoon, *key), *key)).collect();
        for (session, key) in &sessions {
            let env = env_of(&post(&pontoon, session, *key, &tool_call(1, "env", json!({}))));
            assert_eq!(env.get("API_KEY").and_then(Value::as_str), *key, "{era}: {env}");
            assert!(env.get("ZONE").is_none(), "{era}: {env}");
        }
        assert_eq!(pontoon.metric("pontoon_sessions", &[]), 5.0, "{era}");
    }
}

pub fn a_session_is_bound_to_its_values(target: &Target) {
    for (era, pontoon) in each(target, &OPTIONS) {
        let keys = [Some("alpha"), Some("beta"), None];
        let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
        for own in keys {
            let session = open(&pontoon, own);
            for other in keys.into_iter().filter(|key| *key != own) {
                let refused = post(&pontoon, &session, other, &list);
                refused.expect(404, &format!("{era}: {own:?} and then {other:?}"));
                let stream = Request::listen().header("Mcp-Session-Id", &session);
                keyed(stream, other).send(pontoon.addr).expect(404, era);
                let end = Request::new("DELETE", "/mcp").header("Mcp-Session-Id", &session);
                keyed(end, other).send(pontoon.addr).expect(404, era);
            }
            post(&pontoon, &session, own, &list).expect(200, era);
        }
    }
}

pub fn requests_without_a_session_see_their_own_values(target: &Target) {
    for (era, pontoon) in each(target, &OPTIONS) {
        let client = Modern::new(&pontoon);
        for key in [Some("alpha"), Some("beta"), None, Some("alpha"), None, Some("beta")] {
            let body = client.tool_call("env", json!({}));
            let env = env_of(&call(&client, &pontoon, key, &body));
            assert_eq!(env.get("API_KEY").and_then(Value::as_str), key, "{era}: {env}");
        }
    }
}

pub fn children_are_shared_by_equal_values_only(target: &Target) {
    for per in ["session", "shared"] {
        let options = [&OPTIONS[..], &["--child-per", per, "--warm-children", "1"]].concat();
        for (era, pontoon) in each(target, &options) {
            let client = Modern::new(&pontoon);
            let pid = |key| {
                let body = client.tool_call("pid", json!({}));
                call(&client, &pontoon, key, &body).answer()["result"].clone()
            };
            let [alpha, beta, none] = [Some("alpha"), Some("beta"), None].map(pid);
            assert!(alpha != beta && alpha != none && beta != none, "{era} {per}");
            let again = [Some("alpha"), Some("beta"), None].map(pid);
            assert_eq!(again[..2], [alpha.clone(), beta.clone()], "{era} {per}");
            // Without values a warm child may answer too.
            assert!(again[2] != alpha && again[2] != beta, "{era} {per}");
        }
    }
}

pub fn a_parked_call_is_not_continued_with_other_values(target: &Target) {
    let options = [&OPTIONS[..], &["--child-era", "legacy"]].concat();
    let pontoon = target.proxy().options(&options).start();
    let client = Modern::new(&pontoon).able(every_capability());
    let ask = json!({"id": "who", "method": "roots/list", "params": {}});
    let body = client.tool_call("rounds", json!({"rounds": [[ask]]}));
    let answer = call(&client, &pontoon, Some("alpha"), &body).answer();
    let key = asked(&answer).keys().next().expect("a question").clone();
    let mut retry = body.clone();
    retry["params"]["requestState"] = answer["result"]["requestState"].clone();
    retry["params"]["inputResponses"] = json!({key: {"roots": []}});
    for other in [Some("beta"), None] {
        let refused = call(&client, &pontoon, other, &retry).answer();
        assert_eq!(refused["error"]["code"], -32602, "{other:?}: {refused}");
    }
    let answer = call(&client, &pontoon, Some("alpha"), &retry).answer();
    assert_eq!(answer["result"]["resultType"], "complete", "{answer}");
}

pub fn a_value_that_is_repeated_or_too_long_is_refused(target: &Target) {
    let pontoon = target.proxy().options(&OPTIONS).start();
    let open = || Request::post(initialize(NEWEST).to_string());
    let twice = open().header("X-Api-Key", "a").header("X-Api-Key", "a").send(pontoon.addr);
    assert!(twice.expect_error(400, -32600, "twice").contains("--header-env"));
    let long = open().header("X-Api-Key", "a".repeat(8193)).send(pontoon.addr);
    long.expect_error(400, -32600, "too long");
    open().header("X-Api-Key", "a".repeat(8192)).send(pontoon.addr).expect(200, "the limit");
    let bytes = open().header("X-Api-Key", [0xfc, 0x09, 0xff]).send(pontoon.addr);
    bytes.expect(200, "bytes that are not UTF-8");
}

pub fn unused_processes_of_values_end(target: &Target) {
    let options = [&OPTIONS[..], &["--timeout", "2"]].concat();
    for (era, pontoon) in each(target, &options) {
        let client = Modern::new(&pontoon);
        for key in ["alpha", "beta"] {
            let body = client.tool_call("env", json!({}));
            env_of(&call(&client, &pontoon, Some(key), &body));
        }
        open(&pontoon, Some("gamma"));
        eventually(&format!("{era}: they end"), seconds(40), || {
            pontoon.metric("pontoon_children", &[]) == 0.0
        });
    }
}

pub fn sessions_of_other_values_give_way(target: &Target) {
    for (era, pontoon) in each(target, &[&OPTIONS[..], &["--max-sessions", "3"]].concat()) {
        for number in 0..8 {
            let request = keyed(
                Request::post(initialize(NEWEST).to_string()),
                Some(&format!("key {number}")),
            );
            // The processes of evicted sessions have to end before others may start.
            eventually(&format!("{era}: room for {number}"), seconds(20), || {
                request.send(pontoon.addr).status() == 200
            });
            let children = pontoon.metric("pontoon_children", &[]);
            assert!(children <= 6.0, "{era}: {children}");
            assert!(pontoon.metric("pontoon_sessions", &[]) <= 3.0, "{era}");
        }
    }
}

pub fn a_command_that_needs_a_value_fails_only_its_client(target: &Target) {
    let pontoon = target.proxy().options(&OPTIONS).child(&["--needs-env", "API_KEY"]).start();
    let refused = Request::post(initialize(NEWEST).to_string()).send(pontoon.addr);
    assert!(refused.status() >= 500, "{}", refused.describe());
    let session = open(&pontoon, Some("alpha"));
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    post(&pontoon, &session, Some("alpha"), &list).expect(200, "with a value");
}

pub fn a_client_of_many_values_that_fail_is_slowed_down(target: &Target) {
    let options = [&OPTIONS[..], &["--child-era", "legacy"]].concat();
    let pontoon = target.proxy().options(&options).child(&["--exit-at-start", "3"]).start();
    let mut last = String::new();
    for number in 0..40 {
        let request = Request::post(initialize(NEWEST).to_string());
        let response = keyed(request, Some(&format!("key {number}"))).send(pontoon.addr);
        assert!(response.status() >= 500, "{}", response.describe());
        last = response.text().to_owned();
    }
    let started = pontoon.metric("pontoon_children_started_total", &[]);
    assert!((4.0..20.0).contains(&started), "{started} processes for 40 values");
    let refused = pontoon.metric("pontoon_rejects_total", &[r#"reason="start_paused""#]);
    assert!(refused > 20.0, "{refused} were refused; the last answer was {last}");
}

pub fn new_values_of_a_client_are_limited(target: &Target) {
    for (era, pontoon) in each(target, &[&OPTIONS[..], &["--max-sessions", "2"]].concat()) {
        let open = |key: &str| {
            keyed(Request::post(initialize(NEWEST).to_string()), Some(key)).send(pontoon.addr)
        };
        let (mut number, mut served) = (0, None);
        let refused = loop {
            number += 1;
            let key = format!("key {number}");
            let mut response = open(&key);
            // The processes of evicted sessions have to end before others may start.
            eventually(&format!("{era}: room for {key}"), seconds(20), || {
                response = open(&key);
                response.status() == 200 || response.text().contains("new values")
            });
            match response.header("mcp-session-id") {
                Some(session) => served = Some((key, session.to_owned())),
                None => break response,
            }
        };
        assert!((4..=8).contains(&number), "{era}: {number} values");
        let text = refused.expect_error(503, -32603, era);
        assert!(text.contains("--header-env") && text.contains("--max-sessions"), "{text}");
        let pause: u64 = refused.header("retry-after").expect("a time").parse().expect("seconds");
        assert!((1..=60).contains(&pause), "{era}: {pause}");
        let (key, session) = served.expect("some are served");
        let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
        post(&pontoon, &session, Some(&key), &list).expect(200, "a value that is in use");
    }
}

pub fn values_are_not_logged(target: &Target) {
    let options = [&OPTIONS[..], &["--log-level", "debug"]].concat();
    for (era, pontoon) in each(target, &options) {
        let key = Some("CANARY-4711");
        let session = open(&pontoon, key);
        post(&pontoon, &session, key, &tool_call(1, "hang-up", json!({})));
        post(&pontoon, &session, Some("CANARY-4712"), &tool_call(1, "env", json!({})));
        let client = Modern::new(&pontoon);
        call(&client, &pontoon, key, &client.tool_call("echo", json!({"text": "x"})));
        let twice = Request::post("{}").header("X-Api-Key", "CANARY-1");
        twice.header("X-Api-Key", "CANARY-2").send(pontoon.addr).expect(400, era);
        let metrics = pontoon.get("/metrics");
        let health = pontoon.get("/health");
        for text in [pontoon.log().as_str(), metrics.text(), health.text()] {
            assert!(!text.contains("CANARY"), "{era}: {text}");
        }
    }
}

pub fn a_stop_ends_the_processes_of_all_values(target: &Target) {
    for (_, mut pontoon) in each(target, &OPTIONS) {
        for key in [Some("alpha"), Some("beta"), None] {
            open(&pontoon, key);
        }
        let children = pontoon.running_children();
        assert!(children.len() >= 3, "{children:?}");
        pontoon.signal(rustix::process::Signal::TERM);
        pontoon.ended(seconds(20));
    }
}

pub fn an_inherited_variable_is_not_passed_on(target: &Target) {
    let line = target.proxy().options(&OPTIONS).env("API_KEY", "the operator's");
    let pontoon = line.env("OTHER", "kept").start();
    let client = Client::open(&pontoon);
    let env: Value = client.text("env", json!({})).parse().expect("an environment");
    assert!(env.get("API_KEY").is_none(), "{env}");
    assert_eq!(env["OTHER"], "kept");
}
