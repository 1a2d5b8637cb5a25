//! Tokens that an authorization server has to be asked about, and its scopes.
//!
//! RFC 7662; 2026-07-28, basic/authorization, Token Handling.

use std::io::Write as _;
use std::net::Ipv4Addr;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::Target;
use crate::client::{Client, NEWEST};
use crate::issuer::{Issuer, Key};
use crate::modern::{self, Modern};
use crate::pontoon::{CommandLine, Pontoon};
use crate::target::fixture;
use crate::wait::{eventually, millis, seconds, sleep};
use crate::wire::{Request, Response, Wire};

cases! { $ authorization_server:
    ; on sockets only:
    introspected_tokens: "an authorization server has real sockets"
    jwts_beside_introspection: "an authorization server has real sockets"
    introspection_that_fails: "an authorization server has real sockets"
    introspection_holds_up_no_other_request: "an authorization server has real sockets"
    the_time_for_a_body_begins_with_the_verdict: "an authorization server has real sockets"
    many_tokens_at_once: "an authorization server has real sockets"
    one_address_takes_no_places_of_others: "an authorization server has real sockets"
    scope_challenges_of_the_official_suite: "it runs the fixture"
}

/// The URL of the endpoint for clients.
pub(super) const RESOURCE: &str = "https://mcp.example.com/mcp";

/// A file with this content, until the value is dropped.
fn file(content: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().expect("a temporary file");
    file.write_all(content.as_bytes()).expect("room for it");
    file
}

/// Returns the command line of a server that asks the issuer about tokens.
fn introspecting(target: &Target, issuer: &Issuer, secret: &NamedTempFile) -> CommandLine {
    let (url, secret) = (issuer.url(), secret.path().to_str().expect("a path in UTF-8"));
    let introspection = format!("{url}/introspect");
    target.echo_stateless().options(&[
        "--auth-resource",
        RESOURCE,
        "--auth-issuer",
        &url,
        "--auth-introspection",
        &introspection,
        "--auth-introspection-secret",
        secret,
    ])
}

pub(super) fn call(token: &str) -> Request {
    let params = json!({"name": "echo", "arguments": {"message": "hello"}});
    let body = modern::request(1, "tools/call", params, &json!({}));
    modern::signed(&body).header("Authorization", format!("Bearer {token}"))
}

pub(super) fn send(pontoon: &Pontoon, token: &str) -> Response {
    call(token).send(pontoon.addr)
}

/// Asserts that a token is refused with this challenge.
#[track_caller]
pub(super) fn refused(answer: &Response, status: u16, error: &str, case: &str) {
    answer.expect(status, case);
    let challenge = answer.header("www-authenticate").unwrap_or_default();
    assert!(challenge.contains(&format!("error=\"{error}\"")), "{case}: {challenge}");
    let metadata = "resource_metadata=\"https://mcp.example.com/.well-known/";
    assert!(challenge.contains(metadata), "{case}: {challenge}");
}

/// Returns the answer about a token that is active, with some of its members replaced.
fn active(issuer: &Issuer, members: &Value) -> Value {
    let mut answer = issuer.claims(RESOURCE, "mcp");
    let all = answer.as_object_mut().expect("an object");
    all.insert("active".into(), json!(true));
    for (name, value) in members.as_object().expect("an object") {
        all.insert(name.clone(), value.clone());
    }
    answer
}

pub fn introspected_tokens(target: &Target) {
    let (issuer, secret) = (Issuer::start(&[]), file("secret-of-the-client\n"));
    for (token, members) in [
        ("good", json!({})),
        ("several-audiences", json!({"aud": ["https://other.example.com", RESOURCE]})),
        ("without-iss-and-exp", json!({"iss": null, "exp": null})),
        ("list-of-scopes", json!({"scope": null, "scp": ["other", "mcp:tools/call"]})),
        ("other-audience", json!({"aud": "https://other.example.com/mcp"})),
        ("no-audience", json!({"aud": null})),
        ("other-issuer", json!({"iss": "https://evil.example.com"})),
        ("nameless", json!({"sub": null})),
        ("expired", json!({"exp": 1_000_000_000})),
        ("bound", json!({"token_type": "DPoP"})),
        ("inactive", json!({"active": false})),
        ("other-scope", json!({"scope": "mcp:prompts/get"})),
        ("no-scope", json!({"scope": null})),
    ] {
        issuer.introspects(token, active(&issuer, &members));
    }
    let pontoon = introspecting(target, &issuer, &secret).start();
    for token in ["good", "several-audiences", "without-iss-and-exp", "list-of-scopes"] {
        send(&pontoon, token).expect(200, token);
    }
    for token in [
        "other-audience",
        "no-audience",
        "other-issuer",
        "nameless",
        "expired",
        "bound",
        "inactive",
        "unknown",
    ] {
        refused(&send(&pontoon, token), 401, "invalid_token", token);
    }
    for token in ["other-scope", "no-scope"] {
        refused(&send(&pontoon, token), 403, "insufficient_scope", token);
    }
    // Each answer is kept for a while, also a refusal.
    let asked = issuer.requests("/introspect").len();
    for token in ["good", "other-audience", "unknown"] {
        send(&pontoon, token);
    }
    assert_eq!(issuer.requests("/introspect").len(), asked, "tokens were asked about again");
    let log = pontoon.log();
    for word in ["secret-of-the-client", "several-audiences", "without-iss-and-exp"] {
        assert!(!log.contains(word), "{word} is in the log:\n{log}");
    }
}

/// With the keys of the issuer, it is asked only about tokens that are no JWTs.
pub fn jwts_beside_introspection(target: &Target) {
    let (key, forger) = (Key::new("one"), Key::new("one"));
    let (issuer, secret) = (Issuer::start(&[]), file("secret-of-the-client\n"));
    let keys = file(&json!({"keys": [key.jwk()]}).to_string());
    let claims = issuer.claims(RESOURCE, "mcp");
    let (good, forged) = (key.sign(&claims), forger.sign(&claims));
    issuer.introspects("opaque", active(&issuer, &json!({})));
    issuer.introspects(&forged, active(&issuer, &json!({})));
    let keys = keys.path().to_str().expect("a path in UTF-8");
    let pontoon = introspecting(target, &issuer, &secret).options(&["--auth-jwks-file", keys]);
    let pontoon = pontoon.start();
    for _ in 0..2 {
        send(&pontoon, &good).expect(200, "a JWT");
        refused(&send(&pontoon, &forged), 401, "invalid_token", "a forged JWT");
        send(&pontoon, "opaque").expect(200, "a token that its issuer knows");
    }
    assert_eq!(issuer.requests("/introspect").len(), 1, "only about the opaque token");
}

pub fn introspection_that_fails(target: &Target) {
    let (issuer, secret) = (Issuer::start(&[]), file("secret"));
    issuer.introspects("good", active(&issuer, &json!({})));
    let pontoon = introspecting(target, &issuer, &secret).start();
    for status in [500, 401, 302] {
        issuer.fail(Some(status));
        let answer = send(&pontoon, &format!("token-{status}"));
        answer.expect_error(503, -32000, "an issuer that fails");
        assert_eq!(answer.header("retry-after"), Some("1"), "{}", answer.describe());
    }
    send(&pontoon, "good").expect(503, "a good token meanwhile");
    let failed = || pontoon.log_events("introspection_failed");
    eventually("it is logged", seconds(10), || !failed().is_empty());
    assert_eq!(failed()[0]["level"], "warning", "{}", failed()[0]);
    issuer.fail(None);
    eventually("it works again", seconds(10), || send(&pontoon, "good").status() == 200);
}

pub fn introspection_holds_up_no_other_request(target: &Target) {
    let (issuer, secret) = (Issuer::start(&[]), file("secret"));
    issuer.introspects("good", active(&issuer, &json!({})));
    // printf %s static-token | sha256sum
    let digest = "377829c6ad43c92f28f6c8f7f8b8cdc58860e32b4e14a384523d8497178b3ccf";
    let tokens = file(&format!("ci {digest}\n"));
    let pontoon = introspecting(target, &issuer, &secret)
        .options(&["--auth-token-file", tokens.path().to_str().expect("a path in UTF-8")])
        .start();
    issuer.hold(true);
    let mut waiting: Vec<Wire> = (0..8).map(|_| call("good").open(pontoon.addr)).collect();
    eventually("the issuer is asked", seconds(10), || !issuer.requests("/introspect").is_empty());
    send(&pontoon, "static-token").expect(200, "another token meanwhile");
    pontoon.get("/livez").expect(200, "a probe meanwhile");
    for wire in &mut waiting {
        assert!(!wire.has_arrived(Duration::ZERO), "answered without the issuer");
    }
    issuer.hold(false);
    for mut wire in waiting {
        wire.response().expect(200, "a request that waited");
    }
    assert_eq!(issuer.requests("/introspect").len(), 1, "one question for eight requests");
}

/// A body that is not read meanwhile is not late.
pub fn the_time_for_a_body_begins_with_the_verdict(target: &Target) {
    let (issuer, secret) = (Issuer::start(&[]), file("secret"));
    issuer.introspects("good", active(&issuer, &json!({})));
    let line = introspecting(target, &issuer, &secret);
    let pontoon = line.options(&["--body-timeout", "1", "--head-timeout", "1"]).start();
    issuer.hold(true);
    // Much more than any buffer on the way has room for.
    let params = json!({"name": "echo", "arguments": {"message": "x".repeat(3 << 20)}});
    let body = modern::request(1, "tools/call", params, &json!({}));
    let request = modern::signed(&body).header("Authorization", "Bearer good");
    let addr = pontoon.addr;
    let sending = thread::spawn(move || request.send(addr));
    eventually("the issuer is asked", seconds(10), || !issuer.requests("/introspect").is_empty());
    // Longer than a body may take; real time, because the issuer is not simulated.
    sleep(millis(1500));
    issuer.hold(false);
    sending.join().expect("an answer").expect(200, "a large body that waited");
}

/// A token waits for its turn, however many answers about others come before.
pub fn many_tokens_at_once(target: &Target) {
    let (issuer, secret) = (Issuer::start(&[]), file("secret"));
    let tokens: Vec<String> = (0..60).map(|number| format!("token-{number}")).collect();
    for token in &tokens {
        issuer.introspects(token, active(&issuer, &json!({ "sub": token })));
    }
    let pontoon = introspecting(target, &issuer, &secret).start();
    issuer.hold(true);
    // Two requests with each token.
    let open = |token: &String| [call(token), call(token)].map(|call| call.open(pontoon.addr));
    let waiting: Vec<Wire> = tokens.iter().flat_map(open).collect();
    eventually("the issuer is asked", seconds(10), || issuer.requests("/introspect").len() == 4);
    issuer.hold(false);
    for (number, mut wire) in waiting.into_iter().enumerate() {
        wire.response().expect(200, &format!("request {number}"));
    }
}

pub fn one_address_takes_no_places_of_others(target: &Target) {
    let (issuer, secret) = (Issuer::start(&[]), file("secret"));
    issuer.introspects("good", active(&issuer, &json!({})));
    let pontoon = introspecting(target, &issuer, &secret).start();
    issuer.hold(true);
    let mut flood: Vec<Wire> =
        (0..140).map(|number| call(&format!("invented-{number}")).open(pontoon.addr)).collect();
    // Four are sent, and half of the 256 places are for this address.
    let mut refused = Vec::new();
    eventually("the others are refused", seconds(10), || {
        refused.extend(flood.extract_if(.., |wire| wire.has_arrived(Duration::from_millis(1))));
        refused.len() >= 8
    });
    for mut wire in refused {
        let refused = wire.response();
        refused.expect_error(503, -32000, "no place");
        assert_eq!(refused.header("retry-after"), Some("1"), "{}", refused.describe());
    }
    let mut other = Wire::connect_from(Ipv4Addr::new(127, 0, 0, 2), pontoon.addr);
    other.send(call("good").bytes());
    issuer.hold(false);
    other.response().expect(200, "a client at another address");
    // On a slow machine some have waited for too long by now.
    for mut wire in flood {
        assert_ne!(wire.response().status(), 200, "an invented token");
    }
}

const LOW: &str = "1e9ec03e3ba712ca10efd10f92d9112d253042ddc04b216f6b9a0074092475cc";
const FULL: &str = "34a7af8089fdcf1c24a0a6c70f319416538ee4fb89fcc23d91cd100986fc79df";

/// The contract of the official suite for servers with scopes (SEP-2350): the operation, and the
/// scopes that its one challenge names.
const CONTRACT: [(&str, &str, &str, [&str; 2]); 4] = [
    ("tools/call", "name", "test_simple_text", ["tools:call", "tools:test_simple_text"]),
    ("resources/read", "uri", "test://static-text", ["resources:read", "resources:static"]),
    (
        "resources/read",
        "uri",
        "test://template/123/data",
        ["resources:read", "resources:template:123"],
    ),
    ("prompts/get", "name", "test_simple_prompt", ["prompts:get", "prompts:test_simple_prompt"]),
];

/// Asserts that this is the normal result of an operation of the contract.
#[track_caller]
fn expect_fixture(answer: &Response, name: &str) {
    let answer = answer.answer();
    let at = |pointer: &str| answer.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let is_normal = match name {
        "test_simple_text" => at("/result/content/0/type") == "text",
        "test_simple_prompt" => at("/result/messages/0/role") == "user",
        uri => {
            let text = at("/result/contents/0/text");
            let is_expanded = !uri.contains("template") || text.contains("123");
            at("/result/contents/0/uri") == uri && !text.is_empty() && is_expanded
        }
    };
    assert!(is_normal, "{name}: {answer}");
}

pub fn scope_challenges_of_the_official_suite(target: &Target) {
    let named =
        |scopes: [&str; 2]| scopes.map(|scope| format!("mcp:conformance:{scope}")).join(" ");
    let all = CONTRACT.map(|(.., scopes)| named(scopes)).join(" ");
    // The digests of mcp-conformance-scope-low and mcp-conformance-scope-full.
    let tokens = file(&format!("low {LOW} mcp:conformance:baseline\nfull {FULL} {all}\n"));
    let rules =
        CONTRACT.map(|(method, _, name, scopes)| format!("{method}:{name}={}", named(scopes)));
    let fixture = fixture().to_str().expect("a path in UTF-8");
    let mut options = vec!["--auth-resource", RESOURCE, "--auth-token-file"];
    options.push(tokens.path().to_str().expect("a path in UTF-8"));
    options.extend(rules.iter().flat_map(|rule| ["--auth-scopes-for", rule]));
    let pontoon = target.proxy().options(&options).wrapping(&[fixture]).start();
    let (low, full) = ("Bearer mcp-conformance-scope-low", "Bearer mcp-conformance-scope-full");
    for (method, key, name, scopes) in CONTRACT {
        let params = json!({ key: name });
        let modern = Modern::new(&pontoon).authorized(low);
        let answer = modern.send(&modern.body(method, params.clone()));
        refused(&answer, 403, "insufficient_scope", name);
        let challenge = answer.header("www-authenticate").unwrap_or_default();
        assert!(challenge.starts_with("Bearer "), "{name}: {challenge}");
        assert!(challenge.contains(&format!("scope=\"{}\"", named(scopes))), "{name}: {challenge}");
        let modern = Modern::new(&pontoon).authorized(full);
        let answer = modern.send(&modern.body(method, params.clone()));
        expect_fixture(answer.expect(200, name), name);
        // And in a session.
        let session = Client::open_with(&pontoon, NEWEST, Some(low));
        let body = json!({"jsonrpc": "2.0", "id": 2, "method": method, "params": params});
        refused(&session.send(&body), 403, "insufficient_scope", name);
        let session = Client::open_with(&pontoon, NEWEST, Some(full));
        expect_fixture(session.send(&body).expect(200, name), name);
    }
    // A list leaves out the tools that may not be called.
    for (method, member) in [("tools/list", "tools"), ("prompts/list", "prompts")] {
        let listed = Modern::new(&pontoon).authorized(full).request(method, json!({}));
        let listed = listed["result"][member].as_array().expect("a list").len();
        assert_eq!(listed, 1, "{method}");
    }
}
