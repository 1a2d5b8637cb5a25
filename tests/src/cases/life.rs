//! The life of the program: its start, its output, and its end.

use std::fs::OpenOptions;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};

use rustix::process::Signal;
use serde_json::json;

use crate::Target;
use crate::client::{Client, NEWEST, initialize, text_of, tool_call};
use crate::pontoon::Pontoon;
use crate::probe::is_running;
use crate::wait::{eventually, millis, seconds, sleep};
use crate::wire::{Request, refuses_connections};

cases! { $ life:
    secrets_stay_out_of_logs_and_metrics
    events_are_logged_in_order
    sigterm_when_idle
    sigterm_when_busy
    sigterm_twice
    sigterm_with_a_stubborn_child
    sigterm_with_a_stop_delay
    sigterm_twice_with_a_stop_delay

    ; on sockets only:
    sessions_are_logged_with_their_address: "a simulated client has no address"
    port_in_use: "which ports are taken is the system's"
    localhost_has_both_loopback_addresses: "which addresses there are is the system's"
    a_port_taken_on_one_address_of_localhost: "which ports are taken is the system's"
    addresses_that_are_none: "which addresses there are is the system's"
    options_that_are_wrong: "the command line judges its options"
    log_that_cannot_be_written: "standard error is a file of the system"
    a_log_without_a_reader: "standard error is a pipe of the system"
    sigkill: "that children die with the program is the system's doing"
}

pub fn port_in_use(target: &Target) {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let (status, log) = target.proxy().options(&["--port", &port]).run();
    assert_eq!(status.code(), Some(1), "{log}");
    assert!(log.contains(&port), "names the port: {log}");
    assert!(log.contains("--port"), "says what to do: {log}");
    assert!(!log.contains("panicked"), "{log}");
}

pub fn localhost_has_both_loopback_addresses(target: &Target) {
    let mut pontoon = target.proxy().options(&["--host", "localhost", "--port", "0"]).start();
    assert_eq!(pontoon.addr.ip(), Ipv4Addr::LOCALHOST);
    Client::open(&pontoon).expect_served();
    let port = pontoon.addr.port();
    let has_ipv6 = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok();
    if has_ipv6 {
        pontoon.addr.set_ip(Ipv6Addr::LOCALHOST.into());
        Client::open(&pontoon).expect_served();
        let listening = &pontoon.log_events("listening")[0];
        assert_eq!(listening["address"], format!("127.0.0.1:{port}, [::1]:{port}"));
    } else {
        let unavailable = &pontoon.log_events("address_unavailable")[0];
        assert_eq!(unavailable["address"], format!("[::1]:{port}"));
    }
    pontoon.signal(Signal::TERM);
    assert_eq!(pontoon.ended(seconds(10)).code(), Some(0));
    assert!(refuses_connections(port));
}

pub fn a_port_taken_on_one_address_of_localhost(target: &Target) {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let addr = taken.local_addr().unwrap();
    let port = addr.port().to_string();
    let (status, log) = target.proxy().options(&["--host", "localhost", "--port", &port]).run();
    assert_eq!(status.code(), Some(1), "{log}");
    assert!(log.contains(&format!("another program listens on {addr}")), "{log}");
}

pub fn addresses_that_are_none(target: &Target) {
    for host in ["999.1.1.1", "192.0.2.1", "no-such-host.invalid"] {
        let (status, log) = target.proxy().options(&["--host", host]).run();
        assert!(matches!(status.code(), Some(1 | 2)), "{host}: {status:?} {log}");
        assert!(log.contains(host), "names it: {log}");
        assert!(!log.contains("panicked"), "{log}");
    }
}

pub fn options_that_are_wrong(target: &Target) {
    for options in [
        ["--port", "70000"],
        ["--port", "x"],
        ["--timeout", "never"],
        ["--max-body", "0"],
        ["--no-such-option", "x"],
    ] {
        let (status, log) = target.proxy().options(&options).run();
        assert_eq!(status.code(), Some(2), "{options:?}: {log}");
        assert!(log.contains(options[0]), "names it: {log}");
    }
}

/// Returns a port that was free a moment ago.
fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// Starts a program that cannot report its address. If its port is taken in the meantime, it ends,
/// and another port is tried.
fn start_unseen(start: impl Fn(u16) -> Pontoon) -> Pontoon {
    for _ in 0..5 {
        let mut pontoon = start(free_port());
        let port = pontoon.addr.port();
        eventually("it listens, or ends", seconds(20), || {
            pontoon.has_ended().is_some() || !refuses_connections(port)
        });
        if pontoon.has_ended().is_none() {
            return pontoon;
        }
    }
    panic!("it ends on every port");
}

#[track_caller]
fn expect_service_without_a_log(start: impl Fn(u16) -> Pontoon) {
    let mut pontoon = start_unseen(start);
    for _ in 0..5 {
        let client = Client::open(&pontoon);
        client.expect_served();
        client.text("stderr", json!({"bytes": 1 << 20, "lines": true}));
        client.delete().expect(204, "delete");
    }
    pontoon.expect_alive("without a log");
    pontoon.signal(Signal::TERM);
    assert_eq!(pontoon.ended(seconds(10)).code(), Some(0));
}

pub fn log_that_cannot_be_written(target: &Target) {
    expect_service_without_a_log(|port| {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        target.proxy().stderr(full).start_unseen(port)
    });
}

pub fn a_log_without_a_reader(target: &Target) {
    expect_service_without_a_log(|port| {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        target.proxy().stderr(writer).start_unseen(port)
    });
}

pub fn secrets_stay_out_of_logs_and_metrics(target: &Target) {
    const SECRET: &str = "canary-0f3a";
    let pontoon = target.proxy().options(&["--log-level", "debug"]).start();
    let client = Client::open_with(&pontoon, NEWEST, Some(&format!("Bearer {SECRET}")));
    client.expect_served();
    client
        .stream(json!({"jsonrpc": "2.0", "id": SECRET, "method": "tools/call", "params": {
        "name": "progress", "arguments": {"n": 2, "secret": SECRET},
        "_meta": {"progressToken": SECRET}}}))
        .messages();
    client.request(SECRET, json!({"secret": SECRET}));
    client.notify(&format!("notifications/{SECRET}"), json!({"secret": SECRET}));
    // Refusals are a common place for quoted input. Only a refused Host or Origin is quoted,
    // because the operator has to type it.
    for request in [
        client.post(format!("{{{SECRET}")),
        client.post(tool_call(SECRET, SECRET, json!({}))).with("Accept", SECRET),
        client.post("{}").header("Cookie", SECRET).header("X-Api-Key", SECRET),
        client.post("{}").with("Authorization", format!("Basic {SECRET}")),
        client.post("{}").with("Mcp-Session-Id", SECRET),
        client.post("{}").with("MCP-Protocol-Version", SECRET),
        client.sign(Request::listen()).header("Last-Event-ID", SECRET),
        Request::new("GET", &format!("/nothing?token={SECRET}")),
        Request::new("GET", "/livez").header("X-Bad", format!("\u{1}{SECRET}")),
    ] {
        request.send(pontoon.addr);
    }
    client.call("crash", json!({"code": 3}));
    let metrics = pontoon.get("/metrics");
    eventually("the end of the child is logged", seconds(10), || {
        !pontoon.log_events("child_ended").is_empty()
    });
    let (log, metrics) = (pontoon.log(), metrics.text());
    assert!(log.lines().count() > 5, "a debug log has something in it: {log}");
    for (what, text) in [("log", log.as_str()), ("metrics", metrics)] {
        for (line, secret) in
            text.lines().flat_map(|line| [(line, SECRET), (line, &client.session)])
        {
            assert!(!line.contains(secret), "in the {what}: {line}");
        }
    }
}

pub fn events_are_logged_in_order(target: &Target) {
    for _ in 0..10 {
        let mut pontoon = target.proxy().start();
        let client = Client::open(&pontoon);
        client.expect_served();
        pontoon.signal(Signal::TERM);
        pontoon.ended(seconds(5));
        let log = pontoon.log();
        let at = |event: &str| {
            let line =
                log.lines().position(|line| line.contains(&format!("\"event\":\"{event}\"")));
            line.unwrap_or_else(|| panic!("{event} is not logged: {log}"))
        };
        let order =
            ["child_started", "session_opened", "draining", "session_closed", "child_ended"];
        assert!(order.map(at).is_sorted(), "{order:?} in {log}");
        let opened = &pontoon.log_events("session_opened")[0];
        assert_eq!(opened["client"], "pontoon-suite", "who it is: {log}");
        assert_eq!(at("stopped"), log.lines().count() - 1, "the last line: {log}");
    }
}

pub fn sessions_are_logged_with_their_address(target: &Target) {
    let pontoon = target.proxy().start();
    Client::open(&pontoon);
    let opened = || pontoon.log_events("session_opened");
    eventually("it is logged", seconds(10), || !opened().is_empty());
    assert_eq!(opened()[0]["peer"], "127.0.0.1", "{}", pontoon.log());
    assert_eq!(opened()[0]["mcp_server"], "test-server", "{}", pontoon.log());
}

pub fn sigterm_when_idle(target: &Target) {
    let mut pontoon = target.proxy().start();
    let clients: Vec<_> = (0..3).map(|_| Client::open(&pontoon)).collect();
    let children: Vec<_> = clients.iter().map(Client::child).collect();
    let mut listening = clients[0].listen();
    pontoon.signal(Signal::TERM);
    assert!(listening.messages().is_empty(), "the stream ends in order");
    let status = pontoon.ended(seconds(5));
    assert_eq!(status.code(), Some(0), "{status:?}\n{}", pontoon.log());
    assert!(pontoon.running_children().is_empty(), "no child is left");
    for child in children {
        assert!(pontoon.record.note(child, "eof").is_some(), "their input was closed first");
    }
}

pub fn sigterm_when_busy(target: &Target) {
    let mut pontoon = target.proxy().start();
    let port = pontoon.addr.port();
    let clients: Vec<_> = (0..3).map(|_| Client::open(&pontoon)).collect();
    let mut busy: Vec<_> = (0..12)
        .map(|nth| {
            let text = format!("call {nth}");
            let call = tool_call(nth, "echo", json!({"text": text, "ms": 5000}));
            (text, clients[nth % 3].start(call))
        })
        .collect();
    eventually("all are at their child", seconds(5), || {
        pontoon.record.lines_with("\"echo\"").len() == busy.len()
    });
    pontoon.signal(Signal::TERM);
    eventually("new connections are refused", seconds(10), || refuses_connections(port));
    assert!(!busy[11].1.has_arrived(millis(1)), "before those who wait are answered");
    for (text, wire) in &mut busy {
        assert_eq!(text_of(&wire.response().answer()), text, "what was asked is answered");
    }
    let status = pontoon.ended(seconds(5));
    assert_eq!(status.code(), Some(0), "{status:?}\n{}", pontoon.log());
    assert!(pontoon.running_children().is_empty(), "no child is left");
}

pub fn sigterm_twice(target: &Target) {
    let mut pontoon = target.proxy().start();
    let client = Client::open(&pontoon);
    let mut hanging = client.start(tool_call(1, "hang", json!({})));
    eventually("the call is at the child", seconds(5), || {
        pontoon.record.lines_with("\"hang\"").len() == 1
    });
    pontoon.signal(Signal::TERM);
    eventually("draining is logged", seconds(10), || !pontoon.log_events("draining").is_empty());
    eventually("new connections are refused", seconds(10), || {
        refuses_connections(pontoon.addr.port())
    });
    // Sooner it would count as the same request to stop.
    sleep(millis(300));
    pontoon.signal(Signal::TERM);
    if let Ok(response) = hanging.try_response() {
        assert_eq!(response.answer()["error"]["code"], -32603, "{}", response.describe());
    }
    let status = pontoon.ended(seconds(5));
    assert_eq!(status.code(), Some(1), "something was broken off: {status:?}");
    eventually("no child is left", seconds(2), || pontoon.running_children().is_empty());
}

pub fn sigterm_with_a_stop_delay(target: &Target) {
    let mut pontoon = target.proxy().options(&["--stop-delay", "200ms"]).start();
    let client = Client::open(&pontoon);
    client.expect_served();
    pontoon.signal(Signal::TERM);
    assert_eq!(pontoon.ended(seconds(20)).code(), Some(0), "{}", pontoon.log());
    let order = ["stop_delayed", "draining", "stopped"].map(|event| {
        pontoon.log().find(&format!("\"{event}\"")).unwrap_or_else(|| panic!("no {event}"))
    });
    assert!(order.is_sorted(), "{}", pontoon.log());
}

pub fn sigterm_twice_with_a_stop_delay(target: &Target) {
    let mut pontoon = target.proxy().options(&["--stop-delay", "600"]).start();
    let client = Client::open(&pontoon);
    pontoon.signal(Signal::TERM);
    eventually("the delay is logged", seconds(10), || {
        !pontoon.log_events("stop_delayed").is_empty()
    });
    pontoon.get("/readyz").expect(503, "a load balancer sends no more clients");
    pontoon.get("/livez").expect(200, "but nothing restarts it");
    client.expect_served();
    Client::open(&pontoon).expect_served();
    // Sooner it would count as the same request to stop.
    sleep(millis(300));
    pontoon.signal(Signal::TERM);
    assert_eq!(pontoon.ended(seconds(20)).code(), Some(0), "{}", pontoon.log());
}

pub fn sigterm_with_a_stubborn_child(target: &Target) {
    let mut pontoon =
        target.proxy().child(&["--ignore-eof", "--ignore-term", "--fork-grandchild"]).start();
    let client = Client::open(&pontoon);
    client.expect_served();
    pontoon.signal(Signal::TERM);
    pontoon.ended(seconds(20));
    eventually("no child is left", seconds(1), || pontoon.running_children().is_empty());
    eventually("no grandchild is left", seconds(1), || {
        !pontoon.record.grandchildren().into_iter().any(is_running)
    });
}

pub fn sigkill(target: &Target) {
    for flags in [&[][..], &["--ignore-eof"], &["--ignore-eof", "--ignore-term"]] {
        let mut pontoon = target.proxy().child(flags).start();
        let clients: Vec<_> = (0..3).map(|_| Client::open(&pontoon)).collect();
        let _busy = clients[0].start(tool_call(1, "hang", json!({})));
        clients[1].expect_served();
        pontoon.signal(Signal::KILL);
        pontoon.ended(seconds(5));
        eventually("no child is left", seconds(2), || pontoon.running_children().is_empty());
    }
    let pontoon = target.proxy().start();
    let fresh = Request::post(initialize(NEWEST).to_string()).send(pontoon.addr);
    fresh.expect(200, "a new one starts at once");
}
