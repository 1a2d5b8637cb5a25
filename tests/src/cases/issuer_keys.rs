//! Keys of an issuer that are fetched, and files of authentication that are read again.
//!
//! RFC 7517, RFC 8414; 2025-11-25 and 2026-07-28, basic/authorization.

use std::fs;
use std::thread;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use rustix::process::Signal;
use serde_json::{Value, json};

use super::auth::{TestFile, bearer, tokens};
use super::authorization_server::{RESOURCE, call, refused, send};
use crate::Target;
use crate::client::{Client, NEWEST, initialize, tool_call};
use crate::entry::Entry;
use crate::issuer::{Issuer, Key};
use crate::modern::Modern;
use crate::pontoon::{CommandLine, Pontoon};
use crate::wait::{eventually, seconds};
use crate::wire::{Events, Request, Wire};

cases! { $ issuer_keys:
    ; on sockets only:
    keys_of_the_issuer: "an authorization server has real sockets"
    keys_of_a_url: "an authorization server has real sockets"
    keys_that_cannot_be_fetched: "an authorization server has real sockets"
    keys_that_come_slowly: "an authorization server has real sockets"
    requests_wait_for_the_first_keys: "an authorization server has real sockets"
    rotations_under_load: "an authorization server has real sockets"
    metadata_of_another_issuer: "an authorization server has real sockets"
    forged_tokens_of_public_keys: "an authorization server has real sockets"
    reloads_keep_the_keys: "an authorization server has real sockets"
    files_of_authentication_are_read_again: "a simulated program has no file"
    a_file_of_keys_is_read_again: "a simulated program has no file"
    a_removed_token_is_refused_while_its_session_drains: "a simulated program has no file"
    streams_of_a_removed_token_end: "a simulated program has no file"
}

/// Returns the command line of a server that finds the keys by the issuer.
fn discovering(target: &Target, issuer: &Issuer) -> CommandLine {
    let options = ["--auth-resource", RESOURCE, "--auth-issuer", &issuer.url()];
    target.echo_stateless().options(&options)
}

/// Returns the command line of a server that has the URL of the keys.
fn with_url(target: &Target, issuer: &Issuer) -> CommandLine {
    let url = format!("{}/jwks", issuer.url());
    discovering(target, issuer).options(&["--auth-jwks-url", &url])
}

fn fetches(issuer: &Issuer) -> usize {
    issuer.counts("/jwks").0
}

pub fn keys_of_the_issuer(target: &Target) {
    let (old, new) = (Key::new("old"), Key::new("new"));
    let issuer = Issuer::start(&[&old]);
    let claims = issuer.claims(RESOURCE, "mcp");
    let pontoon = discovering(target, &issuer).start();
    send(&pontoon, &old.sign(&claims)).expect(200, "a token of the first key");
    assert_eq!(fetches(&issuer), 1);
    issuer.serve_keys(&[&new]);
    send(&pontoon, &new.sign(&claims)).expect(200, "a token of the next key");
    assert_eq!(fetches(&issuer), 2);
    refused(&send(&pontoon, &old.sign(&claims)), 401, "invalid_token", "a key that is gone");
    refused(&send(&pontoon, &Key::new("new").sign(&claims)), 401, "invalid_token", "a forged key");
    for n in 0..50 {
        let token = Key::new(&format!("invented-{n}")).sign(&claims);
        refused(&send(&pontoon, &token), 401, "invalid_token", "an invented key");
    }
    let flooded = fetches(&issuer);
    // Four at once, and one in ten seconds.
    assert!(flooded <= 2 + 4 + 4, "{flooded} fetches");
    send(&pontoon, &new.sign(&claims)).expect(200, "a token of the next key, after the flood");
    pontoon.get("/readyz").expect(200, "ready");
}

pub fn keys_of_a_url(target: &Target) {
    let (key, new) = (Key::new("one"), Key::new("two"));
    let issuer = Issuer::start(&[&key]);
    let claims = issuer.claims(RESOURCE, "mcp");
    let pontoon = with_url(target, &issuer).start();
    send(&pontoon, &key.sign(&claims)).expect(200, "a token of the key");
    assert_eq!(issuer.counts("/jwks"), (1, 0));
    let metadata = issuer.counts("/.well-known/oauth-authorization-server");
    assert_eq!(metadata, (0, 0), "the metadata is not needed");
    // Unchanged keys are not sent again, and one unknown key is looked for once.
    for _ in 0..3 {
        refused(&send(&pontoon, &new.sign(&claims)), 401, "invalid_token", "an unknown key");
        assert_eq!(issuer.counts("/jwks"), (2, 1));
    }
    send(&pontoon, &key.sign(&claims)).expect(200, "the key stays in use");
    assert_eq!(pontoon.await_log_events("keys_fetched", 1).len(), 1, "{}", pontoon.log());
}

pub fn keys_that_cannot_be_fetched(target: &Target) {
    let key = Key::new("only");
    let issuer = Issuer::start(&[&key]);
    let token = key.sign(&issuer.claims(RESOURCE, "mcp"));
    issuer.fail(Some(500));
    let pontoon = discovering(target, &issuer).start();
    let answer = send(&pontoon, &token);
    answer.expect_error(503, -32000, "without keys");
    assert_eq!(answer.header("retry-after"), Some("1"), "{}", answer.describe());
    let ready = pontoon.get("/readyz");
    assert!(ready.expect(503, "not ready").text().contains("--auth-issuer"), "{}", ready.text());
    pontoon.get("/livez").expect(200, "but alive");
    let failed = || pontoon.log_events("keys_failed");
    eventually("it is logged", seconds(10), || !failed().is_empty());
    assert_eq!(failed()[0]["level"], "error", "{}", failed()[0]);
    assert!(failed()[0].to_string().contains("status 500"), "{}", failed()[0]);
    issuer.fail(None);
    eventually("there are keys", seconds(20), || send(&pontoon, &token).status() == 200);
    pontoon.get("/readyz").expect(200, "ready");
    assert_eq!(pontoon.await_log_events("keys_fetched", 1).len(), 1, "the recovery is logged");
    // Old keys stay in use.
    issuer.fail(Some(500));
    let unknown = Key::new("unknown").sign(&issuer.claims(RESOURCE, "mcp"));
    refused(&send(&pontoon, &unknown), 401, "invalid_token", "an unknown key");
    eventually("a warning", seconds(10), || failed().iter().any(|it| it["level"] == "warning"));
    let other = key.sign(&issuer.claims(RESOURCE, "mcp other"));
    send(&pontoon, &other).expect(200, "a token of a known key");
    pontoon.get("/readyz").expect(200, "ready with the keys before");
}

/// A request waits for keys no longer than for a fetch.
pub fn keys_that_come_slowly(target: &Target) {
    let key = Key::new("only");
    let issuer = Issuer::start(&[&key]);
    let token = key.sign(&issuer.claims(RESOURCE, "mcp"));
    issuer.hold(true);
    let pontoon = with_url(target, &issuer).start();
    let answer = send(&pontoon, &token);
    answer.expect_error(503, -32000, "keys that do not come");
    assert_eq!(answer.header("retry-after"), Some("1"), "{}", answer.describe());
    eventually("it is logged", seconds(10), || !pontoon.log_events("keys_failed").is_empty());
    issuer.hold(false);
    eventually("there are keys", seconds(20), || send(&pontoon, &token).status() == 200);
}

pub fn requests_wait_for_the_first_keys(target: &Target) {
    let key = Key::new("only");
    let issuer = Issuer::start(&[&key]);
    let token = key.sign(&issuer.claims(RESOURCE, "mcp"));
    issuer.hold(true);
    let pontoon = discovering(target, &issuer).start();
    let mut waiting: Vec<Wire> = (0..4).map(|_| call(&token).open(pontoon.addr)).collect();
    pontoon.get("/livez").expect(200, "a probe meanwhile");
    pontoon.get("/readyz").expect(503, "not ready yet");
    for wire in &mut waiting {
        assert!(!wire.has_arrived(Duration::ZERO), "answered without a key");
    }
    issuer.hold(false);
    for mut wire in waiting {
        wire.response().expect(200, "a request that waited");
    }
    assert_eq!(fetches(&issuer), 1, "one fetch for all");
}

pub fn rotations_under_load(target: &Target) {
    let keys = ["one", "two", "three", "four"].map(Key::new);
    let issuer = Issuer::start(&[&keys[0]]);
    let pontoon = discovering(target, &issuer).start();
    let claims = issuer.claims(RESOURCE, "mcp");
    let first = keys[0].sign(&claims);
    send(&pontoon, &first).expect(200, "before a rotation");
    let rotate = || {
        for n in 1..keys.len() {
            // A key stays in the set as long as there are tokens of it.
            issuer.serve_keys(&keys[..=n].iter().collect::<Vec<_>>());
            // The first requests with the new key arrive at the same time.
            let token = keys[n].sign(&claims);
            let mut wires: Vec<Wire> = (0..4).map(|_| call(&token).open(pontoon.addr)).collect();
            for wire in &mut wires {
                wire.response().expect(200, "a token of a new key");
            }
        }
    };
    thread::scope(|scope| {
        let rotation = scope.spawn(rotate);
        while !rotation.is_finished() {
            send(&pontoon, &first).expect(200, "a token of the first key");
        }
        rotation.join().expect("no request fails");
    });
    assert_eq!(fetches(&issuer), keys.len(), "one fetch for each rotation");
}

pub fn metadata_of_another_issuer(target: &Target) {
    let key = Key::new("only");
    let issuer = Issuer::start(&[&key]);
    issuer.claims_to_be("https://id.example.com");
    let pontoon = discovering(target, &issuer).start();
    let token = key.sign(&issuer.claims(RESOURCE, "mcp"));
    send(&pontoon, &token).expect_error(503, -32000, "no keys");
    eventually("it is logged", seconds(10), || !pontoon.log_events("keys_failed").is_empty());
    let failed = &pontoon.log_events("keys_failed")[0];
    assert!(failed.to_string().contains("not exactly --auth-issuer"), "{failed}");
    assert_eq!(fetches(&issuer), 0, "its keys are not fetched");
}

/// RFC 8725, section 3.
pub fn forged_tokens_of_public_keys(target: &Target) {
    let (key, own) = (Key::new("real"), Key::new("own"));
    let (issuer, attacker) = (Issuer::start(&[&key]), Issuer::start(&[&own]));
    // A symmetric key in a public set is known to everyone.
    let shared = b"a secret that everyone can fetch, and sign with";
    issuer.add_key(json!({"kty": "oct", "kid": "shared", "k": encode(shared)}));
    let pontoon = with_url(target, &issuer).start();
    let claims = issuer.claims(RESOURCE, "mcp");
    send(&pontoon, &key.sign(&claims)).expect(200, "a good token");
    let url = attacker.url();
    for header in [
        json!({"alg": "ES256", "kid": "own", "jku": format!("{url}/jwks")}),
        json!({"alg": "ES256", "kid": "own", "x5u": format!("{url}/jwks")}),
        json!({"alg": "ES256", "kid": format!("{url}/jwks")}),
        json!({"alg": "ES256", "kid": "own", "jwk": own.jwk()}),
        json!({"alg": "ES256", "kid": "real", "jwk": own.jwk()}),
        json!({"alg": "ES256", "kid": "../../../../dev/null"}),
        json!({"alg": "ES256", "kid": "x' UNION SELECT 'key"}),
        json!({"alg": "ES256", "kid": "real\u{0}"}),
        json!({"alg": "ES256"}),
        json!({"alg": "ES256", "kid": "own", "x5c": ["MIIB"]}),
    ] {
        let token = own.sign_with(&header, &claims);
        refused(&send(&pontoon, &token), 401, "invalid_token", &header.to_string());
    }
    assert_eq!(attacker.counts("/jwks"), (0, 0), "a URL of a token is not fetched");
    let point = key.jwk();
    let point = ["x", "y"].map(|name| point[name].as_str().expect("a coordinate"));
    for (secret, kid) in [
        (&shared[..], "shared"),
        (&shared[..], "real"),
        (key.jwk().to_string().as_bytes(), "real"),
        (point.concat().as_bytes(), "real"),
        (b"", "real"),
    ] {
        let header = json!({"alg": "HS256", "kid": kid});
        let token = signed_with_secret(secret, &header, &claims);
        refused(&send(&pontoon, &token), 401, "invalid_token", "a public key is no secret");
    }
    let none = json!({"alg": "none", "kid": "real"});
    let unsigned = format!("{}.{}.", encode(none.to_string()), encode(claims.to_string()));
    refused(&send(&pontoon, &unsigned), 401, "invalid_token", "no signature");
    send(&pontoon, &key.sign(&claims)).expect(200, "a good token after all");
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn signed_with_secret(secret: &[u8], header: &Value, claims: &Value) -> String {
    let text = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    format!("{text}.{}", encode(hmac::sign(&key, text.as_bytes())))
}

/// Returns the text of a file of servers with these settings of authentication.
fn with_auth(pontoon: &Pontoon, entries: &[Entry], auth: &Value) -> String {
    let mut file: Value = pontoon.text_of(entries).parse().expect("JSON");
    file["pontoon"]["auth"] = auth.clone();
    file.to_string()
}

/// A reload of the same settings needs no fetch, and neither does one of another server.
pub fn reloads_keep_the_keys(target: &Target) {
    let key = Key::new("only");
    let issuer = Issuer::start(&[&key]);
    let pontoon = target.serve(&[Entry::new("one", &[])]).start();
    let auth = json!({"issuer": issuer.url(), "resource": "https://mcp.example.com"});
    let token = |scope: &str| key.sign(&issuer.claims("https://mcp.example.com/one/mcp", scope));
    let status = |token: &str| {
        let request = Request::post(initialize(NEWEST).to_string());
        request.at("/one/mcp").header("Authorization", bearer(token)).send(pontoon.addr).status()
    };
    pontoon.reload_text(&with_auth(&pontoon, &[Entry::new("one", &[])], &auth), "reloaded");
    assert_eq!(status(&token("one")), 200);
    issuer.fail(Some(500));
    for flags in [&[][..], &["--crlf"], &[], &["--crlf"]] {
        let entries = [Entry::new("one", flags), Entry::new("two", &[])];
        pontoon.reload_text(&with_auth(&pontoon, &entries, &auth), "reloaded");
        pontoon.get("/readyz").expect(200, "ready");
        assert_eq!(status(&token("one")), 200, "{flags:?}");
        assert_eq!(status(&token("one other")), 200, "a token that is not remembered");
    }
    assert_eq!(fetches(&issuer), 1);
    // Other settings hold at once.
    let mut other = auth;
    other["issuer"] = json!("https://id.example.com");
    other["jwksUrl"] = json!(format!("{}/jwks", issuer.url()));
    pontoon.reload_text(&with_auth(&pontoon, &[Entry::new("one", &[])], &other), "reloaded");
    assert_ne!(status(&token("one")), 200, "a token of the issuer before");
}

pub fn files_of_authentication_are_read_again(target: &Target) {
    let write = |file: &TestFile, names: &[(&str, &str)]| {
        let next = tokens(names);
        fs::copy(next.path(), file.path()).expect("a file");
    };
    let file = tokens(&[("one", "")]);
    let pontoon = target.echo_stateless().options(&["--auth-token-file", file.path()]).start();
    let status = |token: &str| send(&pontoon, token).status();
    let reloaded = |event: &str, times: usize| {
        eventually(event, seconds(10), || pontoon.log_events(event).len() >= times);
    };
    assert_eq!([status("one"), status("two")], [200, 401]);
    // Noticed by itself.
    write(&file, &[("two", "")]);
    reloaded("auth_reloaded", 1);
    assert_eq!([status("one"), status("two")], [401, 200]);
    // A file that cannot be used leaves the tokens before.
    fs::write(file.path(), "three\n").expect("a file");
    pontoon.signal(Signal::HUP);
    reloaded("auth_reload_failed", 1);
    let failed = &pontoon.log_events("auth_reload_failed")[0];
    assert_eq!(failed["level"], "error", "{failed}");
    assert!(failed.to_string().contains("line 1"), "{failed}");
    assert_eq!([status("one"), status("two")], [401, 200]);
    // At once with SIGHUP.
    write(&file, &[("one", ""), ("two", "")]);
    let before = pontoon.log_events("auth_reloaded").len();
    pontoon.signal(Signal::HUP);
    reloaded("auth_reloaded", before + 1);
    assert_eq!([status("one"), status("two")], [200, 200]);
}

/// Returns the streams of both eras that a client may keep open, at a server in `/mcp` and one of
/// 2024-11-05.
fn open_streams(pontoon: &Pontoon, token: &str) -> Vec<Events> {
    let authorization = bearer(token);
    let modern = Modern::new(pontoon).authorized(&authorization);
    let of_2024 = Request::new("GET", "/sse").header("Accept", "text/event-stream");
    let of_2024 = of_2024.header("Authorization", &authorization).open(pontoon.addr).events();
    let session = Client::open_with(pontoon, NEWEST, Some(&authorization)).listen();
    vec![session, modern.listen(json!({"toolsListChanged": true})).events, of_2024]
}

pub fn streams_of_a_removed_token_end(target: &Target) {
    let echo = (target.echo(), "--log-level=info");
    let legacy = (target.proxy().child(&[]), "--child-era=legacy");
    let modern = (target.proxy().child(&["--modern"]), "--child-era=modern");
    for (line, option) in [echo, legacy, modern] {
        let file = tokens(&[("ann", ""), ("ben", "")]);
        let pontoon = line.options(&["--auth-token-file", file.path(), "--sse", option]).start();
        let [of_ann, mut of_ben] = ["ann", "ben"].map(|name| open_streams(&pontoon, name));
        let next = tokens(&[("ben", ""), ("cat", "")]);
        fs::copy(next.path(), file.path()).expect("a file");
        pontoon.signal(Signal::HUP);
        for mut stream in of_ann {
            while stream.next_event().is_some() {}
        }
        let logged = pontoon.await_log_events("refused", 1);
        assert_eq!(logged[0]["reason"], "bad_token", "{logged:?}");
        let ann = Modern::new(&pontoon).authorized(&bearer("ann"));
        ann.send(&ann.body("tools/list", json!({}))).expect(401, option);
        let status = of_ben.iter_mut().map(|stream| stream.try_next(Duration::from_millis(1500)));
        assert!(status.into_iter().all(|next| !matches!(next, Ok(None))), "{option}: they go on");
    }
}

pub fn a_file_of_keys_is_read_again(target: &Target) {
    let (old, new) = (Key::new("old"), Key::new("new"));
    let issuer = Issuer::start(&[]);
    let claims = issuer.claims(RESOURCE, "mcp");
    let file = TestFile::new(&json!({"keys": [old.jwk()]}).to_string());
    let pontoon = discovering(target, &issuer).options(&["--auth-jwks-file", file.path()]).start();
    let statuses = || [&old, &new].map(|key: &Key| send(&pontoon, &key.sign(&claims)).status());
    assert_eq!(statuses(), [200, 401]);
    fs::write(file.path(), json!({"keys": [new.jwk()]}).to_string()).expect("a file");
    eventually("it is read", seconds(10), || !pontoon.log_events("auth_reloaded").is_empty());
    assert_eq!(statuses(), [401, 200], "no token outlives its key");
    assert_eq!(fetches(&issuer), 0, "with a file nothing is fetched");
}

/// The tokens are those of all engines, also of one that is being drained.
pub fn a_removed_token_is_refused_while_its_session_drains(target: &Target) {
    let file = tokens(&[("kept", ""), ("removed", "")]);
    let pontoon = target.serve(&[Entry::new("one", &[])]);
    let pontoon = pontoon.options(&["--auth-token-file", file.path()]).start();
    let open = |token| Client::open_anywhere(&pontoon, "/one/mcp", NEWEST, Some(&bearer(token)));
    let (kept, removed) = (open("kept"), open("removed"));
    let left = tokens(&[("kept", "")]);
    fs::copy(left.path(), file.path()).expect("a file");
    pontoon.reload(&[Entry::new("one", &["--crlf"])]);
    kept.expect_served();
    let call = tool_call(1, "pid", json!({}));
    removed.send(&call).expect(401, "its session is open, and its token is gone");
}
