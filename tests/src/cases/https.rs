//! TLS: handshakes that complete and that do not, the end of a connection, and new certificates.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use rustix::process::Signal;
use rustls::ProtocolVersion;
use rustls::version::{TLS12, TLS13};
use serde_json::json;

use crate::Target;
use crate::canary::Canary;
use crate::client::{Client, text_of, tool_call};
use crate::entry::Entry;
use crate::pontoon::Pontoon;
use crate::probe::rss_kib;
use crate::target::program;
use crate::tls::Certificate;
use crate::wait::{eventually, millis, seconds};
use crate::wire::{Broken, Request, Wire};

cases! { $ https:

    ; on sockets only:
    a_session_over_tls: "TLS needs real randomness"
    several_servers_over_tls: "TLS needs real randomness"
    versions_and_protocols: "TLS needs real randomness"
    probes_over_tls: "TLS needs real randomness"
    plain_http_on_a_tls_port: "TLS needs real randomness"
    bytes_that_are_no_tls: "TLS needs real randomness"
    handshakes_that_stop: "TLS needs real randomness"
    clients_that_do_not_trust_the_certificate: "TLS needs real randomness"
    connections_without_a_byte_are_no_failures: "TLS needs real randomness"
    a_proper_end_is_not_a_truncation: "TLS needs real randomness"
    messages_of_16_mib: "TLS needs real randomness"
    a_new_certificate: "TLS needs real randomness"
    certificates_behind_a_link: "TLS needs real randomness"
    memory_of_500_connections: "TLS needs real randomness"
}

fn start(target: &Target, options: &[&str]) -> Pontoon {
    target.proxy().tls(Certificate::of_suite()).options(options).start()
}

/// Returns the number of failed handshakes whose reason has this text.
fn failures(pontoon: &Pontoon, reason: &str) -> f64 {
    pontoon.metric("pontoon_tls_failures_total", &[reason])
}

#[track_caller]
fn expect_failures(pontoon: &Pontoon, reason: &str, count: f64) {
    eventually("it is counted", seconds(5), || failures(pontoon, reason) >= count);
    assert_eq!(failures(pontoon, reason), count, "{reason}\n{}", pontoon.log());
}

pub fn a_session_over_tls(target: &Target) {
    let pontoon = start(target, &[]);
    let listening = &pontoon.log_events("listening")[0];
    assert!(listening["url"].as_str().unwrap().starts_with("https://"), "{listening}");

    let client = Client::open(&pontoon);
    assert_eq!(client.text("echo", json!({"text": "sealed"})), "sealed");
    let mut listening = client.listen();
    client.call("list_changed", json!({"ms": 50}));
    assert_eq!(listening.message()["method"], "notifications/tools/list_changed");
    client.delete().expect(204, "the end of the session");
    let after = client.send(tool_call(9, "echo", json!({"text": "late"})));
    after.expect(404, "after the end");
    assert_eq!(failures(&pontoon, ""), 0.0);
}

pub fn several_servers_over_tls(target: &Target) {
    let line = target.serve(&[Entry::new("one", &[]), Entry::new("two", &[])]);
    let pontoon = line.tls(Certificate::of_suite()).start();
    Client::open_at(&pontoon, "/one/mcp").expect_served();
    Client::open_at(&pontoon, "/two/mcp").expect_served();
    let mut wire = Wire::connect_plain(pontoon.addr);
    wire.send(Request::post("{}").at("/one/mcp").bytes());
    wire.response().expect(400, "without TLS");
    let mut stranger = Wire::connect_as(pontoon.addr, Certificate::new().client(pontoon.addr));
    assert!(stranger.try_send(Request::new("GET", "/livez").bytes()).is_err());
    drop(stranger);
    expect_failures(&pontoon, "alert", 1.0);
}

pub fn versions_and_protocols(target: &Target) {
    let pontoon = start(target, &[]);
    let certificate = Certificate::of_suite();
    let livez = Request::new("GET", "/livez").bytes();
    for (version, name) in [(&TLS12, ProtocolVersion::TLSv1_2), (&TLS13, ProtocolVersion::TLSv1_3)]
    {
        let client = certificate.client_with(pontoon.addr, &[version], &["h2", "http/1.1"]);
        let mut wire = Wire::connect_as(pontoon.addr, client);
        for _ in 0..3 {
            wire.send(&livez).response().expect(200, "over TLS");
        }
        assert_eq!(wire.tls().protocol_version(), Some(name));
        assert_eq!(wire.tls().alpn_protocol(), Some(&b"http/1.1"[..]));
    }
    let client = certificate.client_with(pontoon.addr, &[&TLS13], &["h2"]);
    let mut wire = Wire::connect_as(pontoon.addr, client);
    let _ = wire.try_send(&livez);
    assert!(wire.try_response().is_err(), "HTTP/2 is not spoken");
    expect_failures(&pontoon, "incompatible", 1.0);
}

pub fn probes_over_tls(target: &Target) {
    let pontoon = start(target, &[]);
    let [cert, _] = pontoon.tls_files();
    let url = format!("https://{}/health", pontoon.addr);
    let probe = |cert: &Path| {
        let mut command = Command::new(program());
        command.args(["probe", "--timeout", "20", "--cacert"]).arg(cert).arg(&url);
        let output = command.output().expect("pontoon runs");
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(probe(&cert), (Some(0), String::new()));
    let folder = tempfile::tempdir().unwrap();
    let [other, _] = Certificate::new().write(folder.path());
    let (code, error) = probe(&other);
    assert_eq!(code, Some(1), "{error}");
    assert!(error.contains("certificate"), "{error}");
    expect_failures(&pontoon, "alert", 1.0);
}

pub fn plain_http_on_a_tls_port(target: &Target) {
    let pontoon = start(target, &[]);
    let body = vec![b' '; 1024 * 1024];
    for request in [Request::new("GET", "/livez"), Request::post("{}"), Request::post(body)] {
        let mut wire = Wire::connect_plain(pontoon.addr);
        let _ = wire.try_send(request.bytes());
        let response = wire.response();
        response.expect(400, "without TLS");
        assert!(response.text().contains("https://"), "{}", response.text());
        assert!(response.head.closes(), "the connection ends");
        assert!(wire.until_closed(seconds(5)).is_empty());
    }
    assert_eq!(pontoon.metric("pontoon_rejects_total", &["reason=\"plain_http\""]), 3.0);
    let logged = pontoon.await_log_events("refused", 1);
    assert!(logged.iter().all(|line| line["reason"] == "plain_http"), "{logged:?}");
    assert_eq!(failures(&pontoon, ""), 0.0);
}

pub fn bytes_that_are_no_tls(target: &Target) {
    let mut pontoon = start(target, &[]);
    let canary = Canary::start(&pontoon);
    let garbage: [&[u8]; 5] = [
        b"\0\0\0\0\0\0\0\0",
        b"\x16\x03\x01\xff\xff",
        b"\x16\x03\x01\0\x05hello",
        b"\x80\x2e\x01\0\x02\0\x15\0\0\0\x10",
        b"\x17\x03\x03\0\x05hello",
    ];
    for bytes in garbage {
        let mut wire = Wire::connect_plain(pontoon.addr);
        let _ = wire.try_send(bytes);
        let answer = wire.until_closed(seconds(5));
        // At most an alert.
        assert!(answer.len() <= 7, "{bytes:?} is answered with {answer:?}");
    }
    eventually("they are counted", seconds(5), || failures(&pontoon, "") == 5.0);
    let logged = pontoon.await_log_events("tls_failed", 1);
    assert!(logged.iter().all(|line| line["peer"] == "127.0.0.1"), "{logged:?}");
    pontoon.expect_alive("after garbage");
    canary.finish();
}

pub fn handshakes_that_stop(target: &Target) {
    let mut pontoon = start(target, &["--head-timeout", "500ms"]);
    let canary = Canary::start(&pontoon);
    let mut client = Certificate::of_suite().client(pontoon.addr);
    let mut hello = Vec::new();
    client.write_tls(&mut hello).expect("a ClientHello");

    // Its bytes keep coming, but too slowly.
    let mut slow = Wire::connect_plain(pontoon.addr);
    for byte in hello.chunks(1).take(30) {
        if slow.try_send(byte).is_err() {
            break;
        }
        crate::wait::sleep(millis(50));
    }
    slow.until_closed(seconds(5));
    // Nothing comes after half of it, or after all of it.
    for bytes in [&hello[..hello.len() / 2], &hello] {
        let mut silent = Wire::connect_plain(pontoon.addr);
        silent.send(bytes);
        silent.until_closed(seconds(5));
    }
    expect_failures(&pontoon, "unfinished", 3.0);

    let mut gone = Wire::connect_plain(pontoon.addr);
    gone.send(&hello[..20]).half_close();
    gone.until_closed(seconds(5));
    expect_failures(&pontoon, "closed", 1.0);
    pontoon.expect_alive("after handshakes that stopped");
    canary.finish();
}

pub fn clients_that_do_not_trust_the_certificate(target: &Target) {
    let pontoon = start(target, &[]);
    let stranger = Certificate::new();
    let mut wire = Wire::connect_as(pontoon.addr, stranger.client(pontoon.addr));
    assert!(wire.try_send(Request::new("GET", "/livez").bytes()).is_err());
    drop(wire);
    expect_failures(&pontoon, "alert", 1.0);
    Client::open(&pontoon).expect_served();
}

pub fn connections_without_a_byte_are_no_failures(target: &Target) {
    let pontoon = start(target, &["--head-timeout", "200ms"]);
    for _ in 0..3 {
        drop(Wire::connect_plain(pontoon.addr));
        Wire::connect_plain(pontoon.addr).until_closed(seconds(5));
    }
    Client::open(&pontoon).expect_served();
    assert_eq!(failures(&pontoon, ""), 0.0, "{}", pontoon.log());
    assert!(pontoon.log_events("tls_failed").is_empty());
}

pub fn a_proper_end_is_not_a_truncation(target: &Target) {
    let pontoon = start(target, &[]);
    let client = Client::open(&pontoon);
    let call = client.post(tool_call(7, "echo", json!({"text": "half-closed"})));

    // An answer to a client that has properly closed its side.
    let mut wire = Wire::connect(pontoon.addr);
    wire.send(call.bytes()).half_close();
    assert_eq!(text_of(&wire.response().answer()), "half-closed");
    assert_eq!(wire.read_some(), Err(Broken::Closed), "this side ends properly too");

    // The server's end after an answer.
    let mut wire = Wire::connect(pontoon.addr);
    wire.send(Request::new("GET", "/livez").header("Connection", "close").bytes());
    wire.response().expect(200, "the last answer");
    assert_eq!(wire.read_some(), Err(Broken::Closed));

    // A request whose transport ends inside its body is not answered, and reaches no child.
    let mut wire = Wire::connect(pontoon.addr);
    let cut = client.post(tool_call(8, "echo", json!({"text": "truncated"}))).bytes();
    wire.send(&cut[..cut.len() - 5]).truncate();
    assert!(wire.until_closed(seconds(5)).is_empty());
    assert!(pontoon.record.lines_with("truncated").is_empty());
    client.expect_served();
}

pub fn messages_of_16_mib(target: &Target) {
    let pontoon = start(target, &["--max-body", "20MiB", "--max-memory", "256MiB"]);
    let client = Client::open(&pontoon);
    let text = "0123456789abcdef".repeat(1024 * 1024);
    for _ in 0..2 {
        assert!(client.text("echo", json!({"text": text})) == text, "16 MiB come back");
    }
    client.expect_served();
}

#[track_caller]
fn expect_certificate(pontoon: &Pontoon, certificate: &Certificate) {
    let client = certificate.client(pontoon.addr);
    let mut wire = Wire::connect_as(pontoon.addr, client);
    wire.send(Request::new("GET", "/livez").bytes()).response().expect(200, "new certificate");
}

#[track_caller]
fn await_events(pontoon: &Pontoon, event: &str, count: usize) {
    eventually(event, seconds(10), || pontoon.log_events(event).len() >= count);
}

pub fn a_new_certificate(target: &Target) {
    let pontoon = start(target, &[]);
    let [cert, key] = pontoon.tls_files();
    let livez = Request::new("GET", "/livez").bytes();
    let mut open = Wire::connect(pontoon.addr);
    open.send(&livez).response().expect(200, "before");

    // Noticed by itself.
    let second = Certificate::new();
    second.write(cert.parent().unwrap());
    await_events(&pontoon, "tls_reloaded", 1);
    expect_certificate(&pontoon, &second);
    open.send(&livez).response().expect(200, "an open connection stays");

    // A pair that does not fit leaves the one before in use.
    fs::write(&key, Certificate::new().key).unwrap();
    pontoon.signal(Signal::HUP);
    await_events(&pontoon, "tls_reload_failed", 1);
    let failed = &pontoon.log_events("tls_reload_failed")[0];
    assert_eq!(failed["level"], "error", "{failed}");
    assert!(failed.to_string().contains("does not fit"), "{failed}");
    expect_certificate(&pontoon, &second);

    // At once with SIGHUP.
    let third = Certificate::new();
    third.write(cert.parent().unwrap());
    pontoon.signal(Signal::HUP);
    await_events(&pontoon, "tls_reloaded", 2);
    expect_certificate(&pontoon, &third);
    open.send(&livez).response().expect(200, "an open connection stays");
    assert!(!pontoon.log().contains("PRIVATE KEY"));
}

/// Kubernetes replaces a link to a folder, so that both files change at once.
pub fn certificates_behind_a_link(target: &Target) {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, certificate: &Certificate| {
        fs::create_dir(folder.path().join(name)).unwrap();
        certificate.write(&folder.path().join(name));
    };
    let link = |to: &str| {
        symlink(to, folder.path().join("next")).unwrap();
        fs::rename(folder.path().join("next"), folder.path().join("data")).unwrap();
    };
    let (first, second) = (Certificate::new(), Certificate::new());
    put("..1", &first);
    link("..1");
    let path = |name: &str| folder.path().join("data").join(name).to_str().unwrap().to_owned();
    let files = ["--tls-cert", &path("cert.pem"), "--tls-key", &path("key.pem")];
    let pontoon = target.proxy().options(&files).start();
    expect_certificate(&pontoon, &first);
    put("..2", &second);
    link("..2");
    fs::remove_dir_all(Path::new(folder.path()).join("..1")).unwrap();
    await_events(&pontoon, "tls_reloaded", 1);
    expect_certificate(&pontoon, &second);
}

pub fn memory_of_500_connections(target: &Target) {
    let pontoon = start(target, &[]);
    let livez = Request::new("GET", "/livez").bytes();
    let connect = || {
        let mut wire = Wire::connect(pontoon.addr);
        wire.send(&livez).response().expect(200, "over TLS");
        wire
    };
    let _first: Vec<_> = (0..20).map(|_| connect()).collect();
    let before = rss_kib(pontoon.pid());
    let _idle: Vec<_> = (0..500).map(|_| connect()).collect();
    let grown = rss_kib(pontoon.pid()).saturating_sub(before);
    eprintln!("500 idle connections take {grown} KiB");
    assert!(grown < 500 * 96, "{grown} KiB for 500 idle connections");
}
