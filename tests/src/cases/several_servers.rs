//! `pontoon serve`: several servers in one program, and reloads.

use std::slice;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::Target;
use crate::client::{Client, initialize, text_of, tool_call};
use crate::entry::Entry;
use crate::modern::Modern;
use crate::pontoon::Pontoon;
use crate::wait::{Instant, eventually, seconds};
use crate::wire::{PATIENCE, Request, Wire, refuses_connections};

cases! { $ several_servers:
    each_server_has_a_path
    a_broken_entry_answers_with_its_reason
    sessions_belong_to_one_server
    messages_of_2024_have_paths_too
    a_crash_loop_touches_no_other_server
    memory_of_one_server_is_not_that_of_another
    a_reload_adds_and_removes
    a_removed_server_answers_what_is_in_flight
    a_changed_entry_holds_for_new_sessions
    a_request_that_is_being_read_finds_the_new_engine
    sessions_of_the_fifth_replaced_engine_end
    replaced_sessions_end_at_the_drain_limit
    a_stop_drains_all_servers
    ; on sockets only:
    a_name_without_a_path_is_listed: "a simulated program has no file"
    a_broken_file_changes_nothing: "a simulated program has no file"
    an_entry_that_breaks_is_served_as_before: "a simulated program has no file"
    a_changed_file_is_noticed: "a simulated program has no file"
    settings_of_an_entry_take_effect: "a simulated program has no file"
    secrets_are_in_no_output: "a simulated program has no file"
    strict_refuses_a_broken_entry: "a simulated program has no file"
    reloads_under_load_fail_nothing: "a simulated program has no file"
    changes_of_an_entry_under_load_fail_nothing: "a simulated program has no file"
}

/// Returns the state of each server, as `GET /` tells it.
fn states(pontoon: &Pontoon) -> Vec<(String, String)> {
    let list = pontoon.get("/");
    let list: Value = list.expect(200, "the list").text().parse().expect("JSON");
    let servers = list["servers"].as_array().expect("a list");
    let text = |value: &Value| value.as_str().expect("a string").to_owned();
    servers.iter().map(|server| (text(&server["path"]), text(&server["state"]))).collect()
}

/// Sends `initialize` to this path; returns the status.
fn status(pontoon: &Pontoon, path: &str) -> u16 {
    Request::post(initialize("2025-11-25").to_string()).at(path).send(pontoon.addr).status()
}

pub fn each_server_has_a_path(target: &Target) {
    let pontoon = target.serve(&[Entry::new("one", &[]), Entry::new("two", &["--modern"])]).start();
    let served = |path: &str| (path.to_owned(), "idle".to_owned());
    assert_eq!(states(&pontoon), [served("/one/mcp"), served("/two/mcp")]);
    assert!(pontoon.record.children().is_empty(), "no process before the first client");
    Client::open_at(&pontoon, "/one/mcp").expect_served();
    Client::open_at(&pontoon, "/%6Fne/mcp/").expect_served();
    assert_eq!(pontoon.record.children().len(), 2);
    for path in ["/mcp", "/three/mcp", "/one", "/One/mcp", "/one/mcp/x", "/one/health", "/two/sse"]
    {
        let response = Request::post("{}").at(path).send(pontoon.addr);
        response.expect(404, path);
    }
    let text = pontoon.get("/mcp").expect(404, "no server").text().to_owned();
    assert!(text.contains("each server has the path /NAME/mcp; GET / lists them"), "{text}");
    let text = pontoon.get("/one/x").expect(404, "no path").text().to_owned();
    assert!(text.contains("the MCP endpoint is /one/mcp"), "{text}");
    for path in ["/livez", "/readyz", "/health", "/metrics"] {
        pontoon.get(path).expect(200, path);
    }
    let foreign = Request::new("GET", "/").with("Host", "evil.example").send(pontoon.addr);
    foreign.expect(403, "the list is for allowed hosts");
}

pub fn a_broken_entry_answers_with_its_reason(target: &Target) {
    let pontoon = target.serve(&[Entry::broken("bad"), Entry::new("good", &[])]).start();
    for method in ["GET", "POST", "DELETE", "OPTIONS", "PUT"] {
        let request = Request::new(method, "/bad/mcp");
        let response = request.header("Content-Type", "application/json").send(pontoon.addr);
        let text = response.expect(503, method).text();
        let reason = "its entry has an error: command: no-such-program is not in PATH";
        assert!(text.contains(reason), "{method}: {text}");
    }
    let broken = ("/bad/mcp".to_owned(), "broken".to_owned());
    assert_eq!(states(&pontoon)[0], broken);
    let foreign = Request::new("GET", "/bad/mcp").with("Host", "evil.example").send(pontoon.addr);
    assert!(!foreign.expect(403, "another host").text().contains("no-such-program"));
    Client::open_at(&pontoon, "/good/mcp").expect_served();
    pontoon.get("/readyz").expect(200, "the other one is served");
}

pub fn a_name_without_a_path_is_listed(target: &Target) {
    let names = ["deck 1", "deck/1", "", "..", "good"];
    let pontoon = target.serve(&names.map(|name| Entry::new(name, &[]))).start();
    let list = pontoon.get("/").expect(200, "the list").json();
    let servers = list["servers"].as_array().expect("a list");
    let listed: Vec<_> =
        servers.iter().map(|it| (&it["name"], &it["path"], &it["state"])).collect();
    let (deck, good) = (json!("/deck-1/mcp"), json!("/good/mcp"));
    let paths = [&deck, &deck, &Value::Null, &Value::Null, &good];
    for ((name, path), listed) in names.iter().zip(paths).zip(listed) {
        let state = if *name == "good" { "idle" } else { "broken" };
        assert_eq!(listed, (&json!(name), path, &json!(state)));
    }
    Request::post("{}").at("//mcp").send(pontoon.addr).expect(404, "no server");
    let ready = pontoon.get("/readyz").expect(200, "one server").text().to_owned();
    let reason = "(name): no character of the name can be in a path";
    assert!(ready.contains(&format!("\n\"\": {reason}\n\"..\": {reason}\n")), "{ready}");
    assert_eq!(status(&pontoon, "/deck-1/mcp"), 503);
    Client::open_at(&pontoon, "/good/mcp").expect_served();
}

pub fn sessions_belong_to_one_server(target: &Target) {
    let pontoon = target.serve(&[Entry::new("one", &[]), Entry::new("two", &[])]).start();
    let one = Client::open_at(&pontoon, "/one/mcp");
    let two = Client::open_at(&pontoon, "/two/mcp");
    assert_ne!(one.child(), two.child());
    let call = one.post(tool_call(1, "pid", json!({})));
    let elsewhere = Request::post(tool_call(1, "pid", json!({})).to_string())
        .at("/two/mcp")
        .header("Mcp-Session-Id", &one.session);
    elsewhere.send(pontoon.addr).expect(404, "a session of another server");
    call.send(pontoon.addr).expect(200, "its own server");
    let opened = pontoon.await_log_events("session_opened", 2);
    let servers: Vec<_> = opened.iter().map(|line| line["server"].as_str().unwrap()).collect();
    assert_eq!(servers, ["one", "two"]);
}

pub fn messages_of_2024_have_paths_too(target: &Target) {
    let line = target.serve(&[Entry::new("one", &[]), Entry::new("two", &[])]);
    let pontoon = line.options(&["--sse"]).start();
    let open = Request::new("GET", "/two/sse").header("Accept", "text/event-stream");
    let mut events = open.open(pontoon.addr).events();
    let endpoint = events.next_event().expect("an event").data.expect("data");
    assert!(endpoint.starts_with("messages?sessionId="), "relative to /two/sse: {endpoint}");
    let messages = format!("/two/{endpoint}");
    let body = initialize("2024-11-05").to_string();
    Request::post(body.clone()).at(&messages).send(pontoon.addr).expect(202, "its messages");
    assert!(events.next_event().expect("an event").data.expect("data").contains("test-server"));
    let elsewhere = format!("/one/{endpoint}");
    Request::post(body).at(&elsewhere).send(pontoon.addr).expect(404, "another server");
}

pub fn a_crash_loop_touches_no_other_server(target: &Target) {
    let entries = [Entry::new("crashes", &["--exit-at-start", "3"]), Entry::new("works", &[])];
    let pontoon = target.serve(&entries).start();
    let works = Client::open_at(&pontoon, "/works/mcp");
    for _ in 0..5 {
        let status = status(&pontoon, "/crashes/mcp");
        assert!(matches!(status, 502 | 503), "{status}");
        works.expect_served();
        assert_eq!(self::status(&pontoon, "/works/mcp"), 200, "a new session");
    }
    pontoon.get("/readyz").expect(200, "a server that crashes");
    let states = states(&pontoon);
    assert_eq!((states[0].1.as_str(), states[1].1.as_str()), ("failing", "running"));
}

pub fn memory_of_one_server_is_not_that_of_another(target: &Target) {
    let line = target.serve(&[Entry::new("full", &["--ignore-stdin"]), Entry::new("free", &[])]);
    let pontoon = line.options(&["--max-memory", "4MiB", "--max-body", "1MiB"]).start();
    let full = Client::open_at(&pontoon, "/full/mcp");
    let free = Client::open_at(&pontoon, "/free/mcp");
    let large = "x".repeat(900 * 1024);
    let wires: Vec<_> =
        (0..8).map(|id| full.start(tool_call(id, "echo", json!({"text": large})))).collect();
    eventually("the memory of one server is used up", PATIENCE, || {
        let status = full.send(tool_call(99, "echo", json!({"text": large}))).status();
        status == 503
    });
    assert_eq!(free.text("echo", json!({"text": large})), large);
    drop(wires);
}

pub fn a_reload_adds_and_removes(target: &Target) {
    let keep = Entry::new("keep", &[]);
    let pontoon = target.serve(&[keep.clone(), Entry::new("old", &[])]).start();
    let client = Client::open_at(&pontoon, "/keep/mcp");
    let child = client.child();
    Client::open_at(&pontoon, "/old/mcp").expect_served();
    let mut wire = Wire::connect(pontoon.addr);
    wire.send(Request::new("GET", "/livez").bytes()).response().expect(200, "before");
    let stream = client.listen();

    pontoon.reload(&[Entry::new("new", &[]), keep]);
    wire.send(Request::new("GET", "/livez").bytes()).response().expect(200, "the connection stays");
    assert_eq!(client.child(), child, "an unchanged entry keeps its processes");
    drop(stream);
    Client::open_at(&pontoon, "/new/mcp").expect_served();
    eventually("the removed server is not found", PATIENCE, || status(&pontoon, "/old/mcp") == 404);
    assert_eq!(states(&pontoon).len(), 2);
}

pub fn a_removed_server_answers_what_is_in_flight(target: &Target) {
    let keep = Entry::new("keep", &[]);
    let pontoon = target.serve(&[keep.clone(), Entry::new("old", &[])]).start();
    let client = Client::open_at(&pontoon, "/old/mcp");
    let mut call = client.start(tool_call(7, "sleep", json!({"ms": 700})));
    eventually("the call is in flight", PATIENCE, || {
        pontoon.record.messages("tools/call").len() == 1
    });
    pontoon.reload(&[keep]);
    assert_eq!(status(&pontoon, "/old/mcp"), 503, "it drains");
    assert_eq!(states(&pontoon)[1], ("/old/mcp".to_owned(), "draining".to_owned()));
    let answer = call.response();
    text_of(&answer.expect(200, "in flight").answer());
    eventually("then it is not found", PATIENCE, || status(&pontoon, "/old/mcp") == 404);
}

pub fn a_changed_entry_holds_for_new_sessions(target: &Target) {
    let pontoon = target.serve(&[Entry::new("one", &[])]).start();
    let before = Client::open_at(&pontoon, "/one/mcp");
    let child = before.child();
    pontoon.reload(&[Entry::new("one", &["--crlf"])]);
    assert_eq!(before.child(), child, "an open session keeps its process");
    let after = Client::open_at(&pontoon, "/one/mcp");
    let argv = |client: &Client| client.text("argv", json!({}));
    assert_ne!(argv(&before), argv(&after), "a new session has the new command");
    assert_eq!(states(&pontoon), [("/one/mcp".to_owned(), "running".to_owned())]);
    before.delete().expect(204, "it can be ended");
    eventually("the old engine stops", PATIENCE, || {
        pontoon.log_events("stopped").iter().any(|line| line["server"] == "one")
    });
    after.expect_served();
    assert_eq!(before.send(tool_call(1, "pid", json!({}))).status(), 404);
}

/// Returns an entry that differs from those of other rounds.
fn changed(round: usize) -> Entry {
    Entry::new("one", &["--delay-init", &round.to_string()])
}

pub fn a_request_that_is_being_read_finds_the_new_engine(target: &Target) {
    let pontoon = target.serve(&[changed(0)]).start();
    let old = Client::open_at(&pontoon, "/one/mcp");
    let modern = Modern::new(&pontoon);
    let call = modern.post(&modern.tool_call("pid", json!({}))).at("/one/mcp");
    let requests = [
        call.bytes(),
        Request::post(initialize("2025-11-25").to_string()).at("/one/mcp").bytes(),
        old.post(tool_call(1, "pid", json!({}))).bytes(),
    ];
    for round in 1..4 {
        let mut wires = requests.each_ref().map(|bytes| {
            let mut wire = Wire::connect(pontoon.addr);
            wire.send(&bytes[..bytes.len() - 1]);
            wire
        });
        // Their heads are read before the reload: by then one more connection is served.
        pontoon.get("/livez").expect(200, "before");
        pontoon.reload(&[changed(round)]);
        for (wire, bytes) in wires.iter_mut().zip(&requests) {
            let answer = wire.send(&bytes[bytes.len() - 1..]).response();
            answer.expect(200, &format!("round {round}: admitted before the reload"));
        }
    }
    // The engine without a session ended at once.
    assert_eq!(states(&pontoon).len(), 1);
}

pub fn sessions_of_the_fifth_replaced_engine_end(target: &Target) {
    let pontoon = target.serve(&[changed(0)]).start();
    let idle = Client::open_at(&pontoon, "/one/mcp");
    let busy = Client::open_at(&pontoon, "/one/mcp");
    let mut call = busy.start(tool_call(7, "sleep", json!({"ms": 3000})));
    eventually("the call is in flight", PATIENCE, || {
        pontoon.record.messages("tools/call").len() == 1
    });
    let later: Vec<_> = (1..=4)
        .map(|round| {
            pontoon.reload(&[changed(round)]);
            idle.expect_served();
            Client::open_at(&pontoon, "/one/mcp")
        })
        .collect();
    pontoon.reload(&[changed(5)]);
    eventually("the oldest session ends", PATIENCE, || {
        idle.send(tool_call(1, "pid", json!({}))).status() == 404
    });
    text_of(&call.response().expect(200, "a call in flight is answered").answer());
    later.iter().for_each(Client::expect_served);
}

pub fn replaced_sessions_end_at_the_drain_limit(target: &Target) {
    let line = target.serve(&[Entry::new("one", &[])]);
    let pontoon = line.options(&["--drain-timeout", "1"]).start();
    let before = Client::open_at(&pontoon, "/one/mcp");
    pontoon.reload(&[Entry::new("one", &["--crlf"])]);
    before.expect_served();
    eventually("an old session ends", PATIENCE, || {
        before.send(tool_call(1, "pid", json!({}))).status() == 404
    });
    Client::open_at(&pontoon, "/one/mcp").expect_served();
}

pub fn a_stop_drains_all_servers(target: &Target) {
    let mut pontoon = target.serve(&[Entry::new("one", &[]), Entry::new("two", &[])]).start();
    let clients = ["/one/mcp", "/two/mcp"].map(|path| Client::open_at(&pontoon, path));
    let calls =
        clients.each_ref().map(|client| client.start(tool_call(7, "sleep", json!({"ms": 700}))));
    eventually("both calls are in flight", PATIENCE, || {
        pontoon.record.messages("tools/call").len() == 2
    });
    pontoon.signal(Signal::TERM);
    for mut call in calls {
        text_of(&call.response().expect(200, "in flight at the stop").answer());
    }
    assert!(pontoon.ended(seconds(20)).success(), "{}", pontoon.log());
    assert!(refuses_connections(pontoon.addr.port()));
}

pub fn a_broken_file_changes_nothing(target: &Target) {
    let pontoon = target.serve(&[Entry::new("one", &[])]).start();
    let client = Client::open_at(&pontoon, "/one/mcp");
    let child = client.child();
    pontoon.reload_text("{ \"mcpServers\": {\n \"one\": { ] } }", "reload_failed");
    let error = pontoon.log_events("reload_failed")[0]["error"].as_str().unwrap().to_owned();
    assert!(error.contains("servers.json:2"), "{error}");
    let ready = pontoon.get("/readyz");
    let text = ready.expect(503, "a broken reload").text();
    assert!(text.contains("the last reload failed") && text.contains("servers.json:2"), "{text}");
    assert_eq!(client.child(), child);
    pontoon.reload(&[Entry::new("one", &[])]);
    pontoon.get("/readyz").expect(200, "a good reload");
    assert_eq!(client.child(), child, "the entry is the same");
}

pub fn an_entry_that_breaks_is_served_as_before(target: &Target) {
    let pontoon = target.serve(&[Entry::new("one", &[])]).start();
    let client = Client::open_at(&pontoon, "/one/mcp");
    let child = client.child();
    pontoon.reload(&[Entry::broken("one"), Entry::broken("two")]);
    assert_eq!(client.child(), child, "its processes and sessions stay");
    Client::open_at(&pontoon, "/one/mcp").expect_served();
    assert_eq!(status(&pontoon, "/two/mcp"), 503, "it was never served");
    let states = pontoon.await_log_events("server", 3);
    let reason = "command: no-such-program is not in PATH";
    assert_eq!(states[1]["state"], format!("served as before this error: {reason}"), "{states:#?}");
    assert_eq!(states[2]["state"], format!("broken: {reason}"), "{states:#?}");
    // Another entry that would have its path ends that.
    pontoon.reload(&[Entry::new("one", &[]), Entry::new("one!", &[])]);
    assert_eq!(status(&pontoon, "/one/mcp"), 503);
}

pub fn a_changed_file_is_noticed(target: &Target) {
    let pontoon = target.serve(&[Entry::new("one", &[])]).options(&["--watch"]).start();
    assert_eq!(status(&pontoon, "/two/mcp"), 404);
    pontoon.write_file(r#"{ "mcpServers": { "two": { "command": "no-such-program" } } }"#);
    eventually("the file is read again", PATIENCE, || status(&pontoon, "/two/mcp") == 503);
    eventually("the old entry is gone", PATIENCE, || status(&pontoon, "/one/mcp") == 404);
}

pub fn settings_of_an_entry_take_effect(target: &Target) {
    let slow = Entry::new("slow", &[]).settings(json!({"requestTimeout": "300ms"}));
    let few = Entry::new("few", &[]).settings(json!({"maxSessions": 1, "cleanEnv": true}));
    let one = Entry::new("one", &[]).settings(json!({"limits": {"sessionsPerClient": 1}}));
    let line = target.serve(&[slow, few, one]).env("KEEPSAKE", "1");
    let pontoon = line.start();
    let client = Client::open_at(&pontoon, "/slow/mcp");
    let answer = client.call("sleep", json!({"ms": 5000}));
    assert!(answer["error"]["message"].as_str().unwrap().contains("0.3 s"), "{answer}");
    assert!(client.text("env", json!({})).contains("KEEPSAKE"));
    let first = Client::open_at(&pontoon, "/few/mcp");
    assert!(!first.text("env", json!({})).contains("KEEPSAKE"), "the environment is clean");
    let second = Client::open_at(&pontoon, "/few/mcp");
    second.expect_served();
    Client::open_at(&pontoon, "/one/mcp").expect_served();
    assert_eq!(status(&pontoon, "/one/mcp"), 429, "a client has one session there");
    assert_eq!(first.send(tool_call(1, "pid", json!({}))).status(), 404, "it was evicted");
    client.expect_served();
}

pub fn secrets_are_in_no_output(target: &Target) {
    let line = target.serve(&[Entry::new("one", &[]), Entry::broken("bad")]);
    let line = line.env("SUITE_TOKEN", "hunter2-of-the-environment");
    let mut pontoon = line.options(&["--log-level", "debug"]).start();
    let file = |command: &str| {
        json!({"mcpServers": {"one": {
            "command": command,
            "args": ["--api-key", "hunter2-of-an-argument", "--token=${SUITE_TOKEN}"],
            "env": {"API_KEY": "hunter2-of-the-entry", "OTHER": "${SUITE_TOKEN}"}
        }}})
        .to_string()
    };
    pontoon.reload_text(&file("no-such-program"), "reloaded");
    let mut seen = String::new();
    for path in ["/", "/health", "/readyz", "/metrics", "/one/mcp", "/bad/mcp"] {
        seen += pontoon.get(path).text();
    }
    pontoon.signal(Signal::TERM);
    pontoon.ended(seconds(20));
    seen += &pontoon.log();
    assert!(seen.contains("no-such-program"), "the command itself is shown");
    assert!(!seen.contains("hunter2"), "{seen}");
}

pub fn strict_refuses_a_broken_entry(target: &Target) {
    let line = target.serve(&[Entry::new("one", &[]), Entry::broken("bad")]);
    let (status, error) = line.options(&["--strict"]).run();
    assert_eq!(status.code(), Some(1), "{error}");
    for part in ["--strict", "servers.json:1: mcpServers.bad.command: error: no-such-program"] {
        assert!(error.contains(part), "no {part} in {error}");
    }
}

/// Reloads ten times a second for a while: one entry stays, and others come, change and go.
pub fn reloads_under_load_fail_nothing(target: &Target) {
    let keep = Entry::new("keep", &[]);
    let pontoon = target.serve(slice::from_ref(&keep)).start();
    let client = Client::open_at(&pontoon, "/keep/mcp");
    let child = client.child();
    let stream = client.listen();
    let mut wire = Wire::connect(pontoon.addr);
    let call = client.post(tool_call(1, "echo", json!({"text": "still here"})));
    let call = call.with("Accept", "application/json").bytes();
    let (end, mut calls) = (Instant::now() + seconds(3), 0);
    let mut next = Instant::now();
    let mut round = 0;
    let reloaded = || pontoon.log_events("reloaded").len();
    while Instant::now() < end {
        if Instant::now() >= next {
            next = next + Duration::from_millis(100);
            round += 1;
            let number = round.to_string();
            let changed = Entry::new("changed", &["--delay-init", &number]);
            let entries = [changed, keep.clone(), Entry::new(&format!("at-{number}"), &[])];
            pontoon.write_file(&pontoon.text_of(&entries));
            pontoon.signal(Signal::HUP);
        }
        // One connection for all calls: it must not be closed.
        let answer = wire.send(&call).response();
        assert_eq!(text_of(&answer.expect(200, "a call").answer()), "still here");
        calls += 1;
        if calls % 50 == 0 {
            assert_eq!(status(&pontoon, "/keep/mcp"), 200, "a new session");
        }
    }
    assert!(calls > 20 && reloaded() > 5, "{calls} calls, {} reloads", reloaded());
    assert_eq!(client.child(), child, "it was never replaced");
    drop(stream);
    eventually("those that were removed are gone", PATIENCE, || states(&pontoon).len() == 3);
}

/// Reloads ten times a second for a while, and changes the entry each time. Requests without a
/// session never fail, and those of a session only once its engine is one of too many.
pub fn changes_of_an_entry_under_load_fail_nothing(target: &Target) {
    let pontoon = target.serve(&[changed(0)]).start();
    let modern = Modern::new(&pontoon);
    let call = modern.tool_call("echo", json!({"text": "still here"}));
    let call = modern.post(&call).at("/one/mcp").with("Accept", "application/json").bytes();
    let mut wire = Wire::connect(pontoon.addr);
    let (mut next, mut round) = (Instant::now(), 0);
    let reloads = || pontoon.log_events("reloaded").len();
    while reloads() < 12 {
        let session = Client::open_at(&pontoon, "/one/mcp");
        if Instant::now() >= next {
            next = next + Duration::from_millis(100);
            round += 1;
            pontoon.write_file(&pontoon.text_of(&[changed(round)]));
            pontoon.signal(Signal::HUP);
        }
        session.expect_served();
        for _ in 0..5 {
            let answer = wire.send(&call).response();
            let answer = answer.expect(200, "a call without a session").answer();
            assert_eq!(text_of(&answer), "still here");
        }
    }
}
