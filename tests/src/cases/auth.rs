//! Authentication: which requests are served, and the answer to each of the others.
//!
//! 2025-11-25 and 2026-07-28, basic/authorization; RFC 6750 section 3; RFC 9728 section 3.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::{env, fs, process};

use pontoon_core::auth::TokenDigest;
use serde_json::{Value, json};

use crate::Target;
use crate::client::{Client, NEWEST, initialize, tool_call};
use crate::modern::Modern;
use crate::pontoon::Pontoon;
use crate::wire::{Request, Response};

cases! { $ auth:
    tokens_decide_which_requests_are_served
    refusals_name_the_metadata_and_the_scopes
    metadata_is_open_to_every_page
    scopes_hold_for_calls_of_both_eras
    lists_have_what_may_be_called
    servers_of_this_process_keep_to_scopes
    sessions_belong_to_the_principal_that_opened_them
    tokens_in_the_url_and_repeated_headers
    headers_of_a_gateway_from_elsewhere
    batches_and_http_sse_need_tokens_and_scopes
    tokens_stay_out_of_logs_and_children
    ; on sockets only:
    users_named_by_a_gateway: "a simulated connection has no address"
}

const RESOURCE: &str = "https://mcp.example.com/mcp";
const METADATA: &str = "https://mcp.example.com/.well-known/oauth-protected-resource/mcp";

/// A file that is removed at the end of its test.
pub(super) struct TestFile(PathBuf);

impl TestFile {
    pub(super) fn new(text: &str) -> TestFile {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("pontoon-auth-{}-{number}", process::id()));
        fs::write(&path, text).expect("a file");
        TestFile(path)
    }

    pub(super) fn path(&self) -> &str {
        self.0.to_str().expect("a path in UTF-8")
    }
}

impl Drop for TestFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Returns a token file of these tokens with their scopes; the owner of a token has its name.
pub(super) fn tokens(tokens: &[(&str, &str)]) -> TestFile {
    let line = |(token, scopes): &(&str, &str)| {
        let digest = TokenDigest::of(token.as_bytes()).to_string();
        format!("{token}-owner {digest} {scopes}\n")
    };
    TestFile::new(&tokens.iter().map(line).collect::<String>())
}

pub(super) fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

pub(super) fn post(pontoon: &Pontoon, token: Option<&str>, body: &Value) -> Response {
    let request = Request::post(body.to_string());
    let request = match token {
        Some(token) => request.header("Authorization", bearer(token)),
        None => request,
    };
    request.send(pontoon.addr)
}

/// Asserts that a metric counts this many refusals of this reason.
pub(super) fn expect_refused(pontoon: &Pontoon, token: &str, reason: &str, times: usize) {
    let metrics = Request::new("GET", "/metrics").header("Authorization", bearer(token));
    let metrics = metrics.send(pontoon.addr);
    let line = format!("pontoon_rejects_total{{reason=\"{reason}\"}} {times}\n");
    assert!(metrics.text().contains(&line), "{reason}: {}", metrics.text());
}

/// Returns the names in a list.
fn names(answer: &Value, member: &str) -> Vec<String> {
    let entries = answer["result"][member].as_array().unwrap_or_else(|| panic!("{answer}"));
    let name = |entry: &Value| entry["name"].as_str().expect("a name").to_owned();
    entries.iter().map(name).collect()
}

pub(super) fn scope_of(response: &Response) -> Option<&str> {
    let challenge = response.header("www-authenticate")?;
    challenge.split_once("scope=\"").and_then(|(_, rest)| rest.split('"').next())
}

pub fn tokens_decide_which_requests_are_served(target: &Target) {
    let file = tokens(&[("one", ""), ("two", "")]);
    for pontoon in [target.proxy(), target.echo(), target.echo_stateless(), target.calculator()] {
        let pontoon = pontoon.options(&["--auth-token-file", file.path()]).start();
        for (token, case) in [(None, "no token"), (Some("three"), "a wrong token")] {
            let response = post(&pontoon, token, &initialize(NEWEST));
            response.expect_error(401, -32600, case);
            assert!(response.header("www-authenticate").unwrap().starts_with("Bearer "), "{case}");
            Request::new("GET", "/metrics").send(pontoon.addr).expect(401, case);
        }
        for (method, path) in [("GET", "/livez"), ("GET", "/readyz"), ("GET", "/health")] {
            Request::new(method, path).send(pontoon.addr).expect(200, path);
        }
        Request::new("OPTIONS", "/mcp").send(pontoon.addr).expect(204, "a preflight");
        Request::new("GET", "/nothing").send(pontoon.addr).expect(404, "an unknown path");
        for token in ["one", "two"] {
            post(&pontoon, Some(token), &initialize(NEWEST)).expect(200, token);
        }
        expect_refused(&pontoon, "one", "missing_token", 3);
        expect_refused(&pontoon, "one", "bad_token", 1);
    }
}

pub fn refusals_name_the_metadata_and_the_scopes(target: &Target) {
    let file = tokens(&[("one", "mcp:tools/call:echo"), ("none", "other")]);
    let options = ["--auth-token-file", file.path(), "--auth-resource", RESOURCE];
    let pontoon = target.proxy().options(&options).start();
    let challenge = |token| {
        let response = post(&pontoon, token, &initialize(NEWEST));
        (response.status(), response.header("www-authenticate").unwrap_or_default().to_owned())
    };
    let at = format!("resource_metadata=\"{METADATA}\"");
    assert_eq!(challenge(None), (401, format!("Bearer {at}, scope=\"mcp\"")));
    let (status, text) = challenge(Some("wrong"));
    assert_eq!(status, 401);
    assert!(text.starts_with("Bearer error=\"invalid_token\", "), "{text}");
    assert!(text.ends_with(&format!("{at}, scope=\"mcp\"")), "{text}");
    let (status, text) = challenge(Some("none"));
    assert_eq!(status, 403, "a token for another server");
    assert!(text.starts_with("Bearer error=\"insufficient_scope\", "), "{text}");
    let first = ["--auth-scopes", "mcp:tools/call:echo,mcp:prompts/get"];
    let pontoon = target.proxy().options(&options).options(&first).start();
    let response = post(&pontoon, None, &initialize(NEWEST));
    assert_eq!(scope_of(&response), Some("mcp:tools/call:echo mcp:prompts/get"));
}

pub fn metadata_is_open_to_every_page(target: &Target) {
    let file = tokens(&[("one", "")]);
    let servers = "https://id.example.com";
    let options = ["--auth-token-file", file.path(), "--auth-resource", RESOURCE];
    let pontoon = target.proxy().options(&options).options(&["--auth-servers", servers]).start();
    let root = "/.well-known/oauth-protected-resource";
    for path in [root.to_owned(), format!("{root}/mcp"), format!("{root}/mcp/")] {
        let request = Request::new("GET", &path).header("Origin", "https://page.example");
        let response = request.send(pontoon.addr);
        let metadata = response.expect(200, &path).json();
        let expected = json!({"resource": RESOURCE, "authorization_servers": [servers],
            "scopes_supported": ["mcp"], "bearer_methods_supported": ["header"]});
        assert_eq!(metadata, expected, "{path}");
        assert_eq!(response.header("access-control-allow-origin"), Some("*"), "{path}");
    }
    let preflight = Request::new("OPTIONS", root)
        .header("Origin", "https://page.example")
        .header("Access-Control-Request-Method", "GET")
        .send(pontoon.addr);
    assert_eq!(
        preflight.expect(204, "a preflight").header("access-control-allow-origin"),
        Some("*")
    );
    Request::new("POST", root).send(pontoon.addr).expect(405, "POST");
    Request::new("GET", &format!("{root}/other")).send(pontoon.addr).expect(404, "another path");
    let without = target.proxy().options(&["--auth-token-file", file.path()]).start();
    Request::new("GET", root).send(without.addr).expect(404, "no resource is configured");
    Request::new("GET", root).send(target.proxy().start().addr).expect(404, "no authentication");
}

pub fn scopes_hold_for_calls_of_both_eras(target: &Target) {
    let file = tokens(&[("one", "mcp:tools/call:echo"), ("tools", "mcp:tools/call"), ("all", "")]);
    for child in ["legacy", "modern"] {
        let flags: &[&str] = if child == "modern" { &["--modern"] } else { &[] };
        let options = ["--auth-token-file", file.path(), "--child-era", child];
        let pontoon = target.proxy().options(&options).child(flags).start();
        let one = Client::open_with(&pontoon, NEWEST, Some("Bearer one"));
        one.expect_served();
        let refused = one.send(tool_call(7, "pid", json!({})));
        refused.expect_error(403, -32600, child);
        assert_eq!(refused.answer()["id"], 7);
        assert_eq!(scope_of(&refused), Some("mcp:tools/call:pid"));
        let read = json!({"jsonrpc": "2.0", "id": 8, "method": "resources/read",
                          "params": {"uri": "test-server://notes"}});
        let refused = one.send(&read);
        refused.expect_error(403, -32600, child);
        assert_eq!(scope_of(&refused), Some("mcp:resources/read:test-server://notes"));
        one.expect_served();
        let modern = Modern::new(&pontoon).authorized("Bearer one");
        modern.expect_served();
        let refused = modern.send(&modern.tool_call("pid", json!({})));
        refused.expect_error(403, -32600, child);
        assert_eq!(scope_of(&refused), Some("mcp:tools/call:pid"));
        for token in ["tools", "all"] {
            Client::open_with(&pontoon, NEWEST, Some(&bearer(token))).text("pid", json!({}));
            Modern::new(&pontoon).authorized(&bearer(token)).text("pid", json!({}));
        }
        expect_refused(&pontoon, "all", "insufficient_scope", 3);
    }
}

pub fn lists_have_what_may_be_called(target: &Target) {
    let file = tokens(&[("one", "mcp:tools/call:echo"), ("tools", "mcp:tools/call"), ("all", "")]);
    for child in ["legacy", "modern"] {
        let flags: &[&str] = if child == "modern" { &["--modern"] } else { &[] };
        let options = ["--auth-token-file", file.path(), "--child-era", child];
        let pontoon = target.proxy().options(&options).child(flags).start();
        let legacy = |token| Client::open_with(&pontoon, NEWEST, Some(&bearer(token)));
        let modern = |token| Modern::new(&pontoon).authorized(&bearer(token));
        let list = |member: &str| format!("{member}/list");
        for member in ["tools", "resources"] {
            let of_legacy = |token| legacy(token).request(&list(member), json!({}));
            let of_modern = |token| modern(token).request(&list(member), json!({}));
            for (one, tools, all) in [
                (of_legacy("one"), of_legacy("tools"), of_legacy("all")),
                (of_modern("one"), of_modern("tools"), of_modern("all")),
            ] {
                let case = format!("{member} of a {child} child");
                let expected = if member == "tools" { vec!["echo"] } else { Vec::new() };
                assert!(names(&all, member).len() > expected.len(), "{case}");
                assert_eq!(names(&one, member), expected, "{case}");
                let of_tools = if member == "tools" { names(&all, member) } else { Vec::new() };
                assert_eq!(names(&tools, member), of_tools, "{case}");
            }
        }
    }
}

pub fn servers_of_this_process_keep_to_scopes(target: &Target) {
    let file = tokens(&[("one", "mcp:tools/call:echo mcp:tools/call:calculate"), ("all", "")]);
    for (program, tool) in [
        (target.echo(), "echo"),
        (target.echo_stateless(), "echo"),
        (target.calculator(), "calculate"),
    ] {
        let pontoon = program.options(&["--auth-token-file", file.path()]).start();
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}});
        let of_legacy = |token| post(&pontoon, Some(token), &body).answer();
        let of_modern = |token| {
            Modern::new(&pontoon).authorized(&bearer(token)).request("tools/list", json!({}))
        };
        for (one, all) in
            [(of_legacy("one"), of_legacy("all")), (of_modern("one"), of_modern("all"))]
        {
            assert_eq!(names(&one, "tools"), [tool]);
            let other = names(&all, "tools").into_iter().find(|it| it != tool);
            let Some(other) = other else { continue };
            let refused = post(&pontoon, Some("one"), &tool_call(2, &other, json!({})));
            refused.expect_error(403, -32600, &other);
            assert_eq!(scope_of(&refused), Some(&*format!("mcp:tools/call:{other}")));
        }
    }
}

pub fn sessions_belong_to_the_principal_that_opened_them(target: &Target) {
    let file = tokens(&[("one", ""), ("two", "")]);
    // The choice holds only without authentication.
    let options = ["--auth-token-file", file.path(), "--bind-session", "none"];
    let pontoon = target.proxy().options(&options).start();
    let owner = Client::open_with(&pontoon, NEWEST, Some("Bearer one"));
    let call = tool_call(3, "echo", json!({"text": "stolen"})).to_string();
    let of = |token: &str, request: Request| {
        let request = request.header("Mcp-Session-Id", &owner.session);
        request.header("Authorization", bearer(token)).send(pontoon.addr)
    };
    for request in [Request::post(&*call), Request::listen(), Request::new("DELETE", "/mcp")] {
        of("two", request).expect(404, "another principal");
    }
    assert!(pontoon.record.lines_with("stolen").is_empty());
    owner.expect_served();
    expect_refused(&pontoon, "one", "other_principal", 3);
    let refused = pontoon.await_log_events("refused", 3);
    assert!(refused.iter().all(|line| line["reason"] == "other_principal"), "{refused:?}");
    // A state of one principal is none of another.
    let missing = Request::post(&*call).header("Mcp-Session-Id", &owner.session);
    missing.send(pontoon.addr).expect(401, "no token");
}

pub fn tokens_in_the_url_and_repeated_headers(target: &Target) {
    let file = tokens(&[("one", "")]);
    let pontoon = target.proxy().options(&["--auth-token-file", file.path()]).start();
    let body = initialize(NEWEST).to_string();
    let in_query = Request::post(&*body)
        .target("/mcp?access_token=one")
        .header("Authorization", "Bearer one")
        .send(pontoon.addr);
    in_query.expect_error(400, -32600, "a token in the query");
    for second in ["Bearer one", "Bearer two", "Basic b25lOg=="] {
        let repeated = Request::post(&*body)
            .header("Authorization", "Bearer one")
            .header("Authorization", second)
            .send(pontoon.addr);
        repeated.expect_error(400, -32600, second);
    }
    let garbage =
        Request::post(&*body).header("Authorization", b"Bearer \xff\xfe").send(pontoon.addr);
    garbage.expect_error(401, -32600, "bytes beyond ASCII");
    let huge = Request::post(&*body).header("Authorization", bearer(&"x".repeat(17 * 1024)));
    huge.send(pontoon.addr).expect_error(401, -32600, "a huge token");
    expect_refused(&pontoon, "one", "token_in_query", 1);
    expect_refused(&pontoon, "one", "repeated_authorization", 3);
    expect_refused(&pontoon, "one", "bad_token", 2);
}

pub fn users_named_by_a_gateway(target: &Target) {
    let options = ["--auth-trust-from", "127.0.0.1,::1", "--auth-scopes-header", "X-Scopes"];
    let pontoon = target.echo().options(&options).start();
    let of = |lines: &[(&str, &str)], body: &Value| {
        let add = |request: Request, line: &(&str, &str)| request.header(line.0, line.1);
        lines.iter().fold(Request::post(body.to_string()), add).send(pontoon.addr)
    };
    let all = [("X-User-Id", "ann"), ("X-Scopes", "mcp")];
    let opened = of(&all, &initialize(NEWEST));
    let session = opened.expect(200, "a user").header("mcp-session-id").unwrap();
    let ping = json!({"jsonrpc": "2.0", "id": 2, "method": "ping"});
    let in_session =
        |user| of(&[("X-User-Id", user), ("X-Scopes", "mcp"), ("Mcp-Session-Id", session)], &ping);
    in_session("ann").expect(200, "the owner");
    in_session("ben").expect(404, "another user");
    of(&[], &initialize(NEWEST)).expect(401, "no user");
    of(&[("X-User-Id", "")], &initialize(NEWEST)).expect(401, "an empty user");
    of(&[("X-User-Id", "ann")], &initialize(NEWEST)).expect(403, "no scopes");
    let twice = [("X-User-Id", "ann"), ("X-User-Id", "root"), ("X-Scopes", "mcp")];
    of(&twice, &initialize(NEWEST)).expect(401, "two users");
}

pub fn headers_of_a_gateway_from_elsewhere(target: &Target) {
    let file = tokens(&[("one", "")]);
    let options = ["--auth-token-file", file.path(), "--auth-trust-from", "10.9.8.7"];
    let pontoon = target.echo().options(&options).start();
    let spoofed = Request::post(initialize(NEWEST).to_string()).header("X-User-Id", "root");
    spoofed.send(pontoon.addr).expect(401, "a header that only a gateway may send");
    let call = tool_call(1, "printHeader", json!({})).to_string();
    let shown = Request::post(call)
        .header("Authorization", "Bearer one")
        .header("X-User-Id", "root-user")
        .header("X-User-Email", "root@example.com")
        .header("X-Harmless", "kept")
        .send(pontoon.addr);
    let shown = shown.expect(200, "a tool that shows headers").text();
    assert!(shown.contains("kept"), "{shown}");
    assert!(!shown.contains("root"), "{shown}");
}

pub fn batches_and_http_sse_need_tokens_and_scopes(target: &Target) {
    let file = tokens(&[("one", "mcp:tools/call:echo"), ("all", "")]);
    let options = ["--auth-token-file", file.path(), "--sse"];
    let pontoon = target.proxy().options(&options).start();
    let stream = || Request::new("GET", "/sse").header("Accept", "text/event-stream");
    stream().send(pontoon.addr).expect(401, "a stream without a token");
    let opened = stream().header("Authorization", "Bearer one").open(pontoon.addr);
    let mut events = opened.events();
    let uri = format!("/{}", events.next_event().and_then(|it| it.data).expect("a URI"));
    let send = |token: &str, body: &Value| {
        let request = Request::post(body.to_string()).target(&uri);
        request.header("Authorization", bearer(token)).send(pontoon.addr)
    };
    send("all", &initialize("2024-11-05")).expect(404, "another principal");
    send("one", &initialize("2024-11-05")).expect(202, "the owner");
    events.message();
    let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    send("one", &ready).expect(202, "initialized");
    send("one", &tool_call(2, "pid", json!({}))).expect(403, "a tool without its scope");
    let list = json!({"jsonrpc": "2.0", "id": 3, "method": "tools/list"});
    send("one", &list).expect(202, "a list");
    assert_eq!(names(&events.message(), "tools"), ["echo"]);

    let client = Client::open_with(&pontoon, "2025-03-26", Some("Bearer one"));
    let list = |id: u64| json!({"jsonrpc": "2.0", "id": id, "method": "tools/list"});
    let answers = client.send(json!([list(4), list(5)])).messages();
    assert_eq!(answers.len(), 2);
    for answer in &answers {
        assert_eq!(names(answer, "tools"), ["echo"]);
    }
    let mixed = json!([list(6), tool_call(7, "pid", json!({}))]);
    let refused = client.send(mixed);
    refused.expect(403, "a batch with a call that is not allowed");
    assert_eq!(scope_of(&refused), Some("mcp:tools/call:pid"));
}

pub fn tokens_stay_out_of_logs_and_children(target: &Target) {
    let file = tokens(&[("a-very-secret-token", "")]);
    let options = ["--auth-token-file", file.path(), "--log-level", "debug"];
    let pontoon = target.proxy().options(&options).start();
    let client = Client::open_with(&pontoon, NEWEST, Some("Bearer a-very-secret-token"));
    client.expect_served();
    post(&pontoon, Some("another-very-secret-token"), &initialize(NEWEST)).expect(401, "unknown");
    let in_query = Request::post("{}").target("/mcp?access_token=third-very-secret-token");
    in_query.send(pontoon.addr).expect(400, "a token in the query");
    assert!(!pontoon.log().contains("very-secret"), "{}", pontoon.log());
    assert!(pontoon.record.lines_with("very-secret").is_empty());
}
