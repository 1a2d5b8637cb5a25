//! The list of servers: the page for browsers, JSON for everyone else, and a listener of its own.

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::auth::{bearer, tokens};
use crate::Target;
use crate::client::Client;
use crate::pontoon::Pontoon;
use crate::wire::{Request, Wire};

cases! { $ site:
    the_root_lists_the_server
    a_browser_gets_a_page
    an_endpoint_at_the_root_keeps_it
    ; on sockets only:
    admin_has_an_address_of_its_own: "a simulated program has one address"
    admin_checks_hosts_and_origins: "a simulated program has one address"
    tokens_guard_the_page_and_not_admin: "a simulated program has one address"
}

/// Returns the server in the list.
#[track_caller]
fn listed(pontoon: &Pontoon) -> Value {
    let list = pontoon.get("/").expect(200, "the list").json();
    let servers = list["servers"].as_array().expect("servers");
    assert_eq!(servers.len(), 1, "{list}");
    servers[0].clone()
}

pub fn the_root_lists_the_server(target: &Target) {
    let pontoon = target.proxy().start();
    let before = listed(&pontoon);
    assert_eq!((&before["name"], &before["path"]), (&json!("test-server"), &json!("/mcp")));
    assert_eq!((&before["requests"], &before["p99_ms"]), (&json!(0), &Value::Null));
    let client = Client::open(&pontoon);
    client.text("echo", json!({"text": "listed"}));
    let after = listed(&pontoon);
    assert_eq!((&after["state"], &after["sessions"]), (&json!("running"), &json!(1)));
    assert!(after["requests"].as_u64() >= Some(2), "{after}");
    assert!(after["p50_ms"].as_f64() <= after["p99_ms"].as_f64(), "{after}");
    assert!(after["p99_ms"].is_number() && after["requests_per_second"] != 0.0, "{after}");
    assert_eq!(after["errors"], 0);
    client.send(json!({"jsonrpc": "2.0", "id": 9, "method": "no/such"})).expect(200, "an error");
    assert_eq!(listed(&pontoon)["errors"], 1);
}

pub fn a_browser_gets_a_page(target: &Target) {
    let pontoon = target.echo().start();
    let accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    let page = Request::new("GET", "/").header("Accept", accept).send(pontoon.addr);
    let page = page.expect(200, "the page");
    let header = |name| page.header(name).unwrap_or_default();
    assert_eq!(header("content-type"), "text/html; charset=utf-8");
    let policy = header("content-security-policy");
    for part in ["default-src 'none'", "script-src 'sha256-", "frame-ancestors 'none'"] {
        assert!(policy.contains(part), "{policy}");
    }
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert!(page.text().starts_with("<!doctype html>"), "{}", page.text());
    let head = Request::new("HEAD", "/").header("Accept", accept).open(pontoon.addr).head();
    assert_eq!(head.status, 200);
    Request::new("POST", "/").body("{}").send(pontoon.addr).expect_error(404, -32600, "a post");
}

pub fn an_endpoint_at_the_root_keeps_it(target: &Target) {
    let pontoon = target.calculator().options(&["--path", "/"]).start();
    let page = Request::new("GET", "/").header("Accept", "text/html").send(pontoon.addr);
    page.expect_error(405, -32600, "the calculator has no streams");
}

/// Starts a proxy with a listener for the page; returns its address, too.
fn with_admin(target: &Target, options: &[&str]) -> (Pontoon, SocketAddr) {
    let pontoon = target.proxy().options(&["--admin", "127.0.0.1:0"]).options(options).start();
    let admin = pontoon.log_events("listening")[0]["admin"].as_str().expect("its URL").to_owned();
    let addr = admin.strip_prefix("http://").expect("http").parse().expect("an address");
    (pontoon, addr)
}

pub fn admin_has_an_address_of_its_own(target: &Target) {
    let (pontoon, admin) = with_admin(target, &[]);
    for path in ["/", "/health", "/metrics"] {
        Request::new("GET", path).send(admin).expect(200, path);
        let message = pontoon.get(path).expect_error(404, -32600, path);
        assert!(message.ends_with(": this path is served at the address of --admin"), "{message}");
    }
    for path in ["/livez", "/readyz"] {
        Request::new("GET", path).send(admin).expect(200, path);
        pontoon.get(path).expect(200, path);
    }
    let message = Request::post("{}").send(admin).expect_error(404, -32600, "no endpoint");
    assert!(message.contains("this address serves /, /health"), "{message}");
    Client::open(&pontoon).text("echo", json!({"text": "served"}));
    let list = Request::new("GET", "/").send(admin).expect(200, "the list").json();
    assert_eq!(list["origin"], format!("http://{}", pontoon.addr));
    assert_eq!(list["servers"][0]["sessions"], 1);
}

pub fn admin_checks_hosts_and_origins(target: &Target) {
    let (_pontoon, admin) = with_admin(target, &[]);
    for line in ["Host: evil.example", "Host: localhost\r\nOrigin: https://evil.example"] {
        let mut wire = Wire::connect(admin);
        wire.send(format!("GET / HTTP/1.1\r\n{line}\r\n\r\n"));
        wire.response().expect(403, line);
    }
}

pub fn tokens_guard_the_page_and_not_admin(target: &Target) {
    let file = tokens(&[("gull", "")]);
    let options = ["--auth-token-file", file.path()];
    let pontoon = target.proxy().options(&options).start();
    for path in ["/", "/metrics"] {
        pontoon.get(path).expect(401, path);
        let get = Request::new("GET", path).header("Authorization", bearer("gull"));
        get.send(pontoon.addr).expect(200, path);
    }
    for path in ["/livez", "/readyz", "/health"] {
        pontoon.get(path).expect(200, path);
    }
    let needs_token = |options: &[&str]| {
        let (_pontoon, admin) = with_admin(target, options);
        Request::new("GET", "/").send(admin).expect(200, "the list").json()["needs_token"].clone()
    };
    let resource = ["--auth-resource", "https://mcp.example.com/mcp"];
    let discovered = ["--auth-servers", "https://id.example.com"];
    assert_eq!(needs_token(&[]), Value::Null, "no authentication");
    assert_eq!(needs_token(&[&options[..], &resource].concat()), true);
    let found = needs_token(&[&options[..], &resource, &discovered].concat());
    assert_eq!(found, Value::Null, "clients get a token from the authorization server");
    // A browser sends no token; who reaches this address is for the operator to choose.
    let (_pontoon, admin) = with_admin(target, &options);
    for path in ["/", "/metrics", "/health"] {
        Request::new("GET", path).send(admin).expect(200, path);
    }
}
