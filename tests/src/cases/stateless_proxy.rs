//! `pontoon proxy --stateless`: clients of 2025-11-25 and earlier that have no session.

use serde_json::{Value, json};

use crate::Target;
use crate::client::{Client, NEWEST, initialize, text_of, tool_call};
use crate::modern::Modern;
use crate::pontoon::Pontoon;
use crate::wait::{eventually, seconds};
use crate::wire::Request;

cases! { $ stateless_proxy:
    initialize_opens_no_session
    every_revision_is_negotiated
    no_handshake_is_needed
    the_era_of_the_command_is_found
    requests_for_sessions_are_refused
    payloads_are_unchanged
    results_of_a_modern_command_are_legacy
    progress_and_logs_are_on_the_stream
    equal_ids_and_tokens
    who_shares_a_process
    questions_are_refused
    a_broken_connection_cancels
    a_crash_fails_its_request
    a_request_has_a_time_limit
    long_requests_are_translated
    modern_clients_are_served
    without_the_option_the_error_names_it
}

/// Returns a stateless proxy in front of a command of each era.
fn each(target: &Target, options: &[&str]) -> [(&'static str, Pontoon); 2] {
    let proxy = |era| target.proxy().options(&["--stateless", "--child-era", era]).options(options);
    [("legacy", proxy("legacy").start()), ("modern", proxy("modern").child(&["--modern"]).start())]
}

fn legacy(target: &Target, options: &[&str]) -> Pontoon {
    target.proxy().options(&["--stateless", "--child-era", "legacy"]).options(options).start()
}

/// Asserts that a message has no modern members.
#[track_caller]
fn expect_legacy(message: &Value) {
    let text = message.to_string();
    for name in ["resultType", "ttlMs", "cacheScope", "io.modelcontextprotocol/"] {
        assert!(!text.contains(name), "{name} in {text}");
    }
}

pub fn initialize_opens_no_session(target: &Target) {
    for (era, pontoon) in each(target, &[]) {
        let response = Request::post(initialize(NEWEST).to_string()).send(pontoon.addr);
        assert_eq!(response.expect(200, era).header("mcp-session-id"), None, "{era}");
        let answer = response.answer();
        expect_legacy(&answer);
        let result = &answer["result"];
        assert_eq!(result["protocolVersion"], NEWEST, "{era}: {answer}");
        assert_eq!(result["serverInfo"]["name"], "test-server", "{era}: {answer}");
        let capabilities = json!({"logging": {}, "resources": {}, "tools": {}});
        assert_eq!(result["capabilities"], capabilities, "{era}: nothing that needs a session");
        let client = Client::without_session(&pontoon);
        client.notify("notifications/initialized", json!({})).expect(202, era);
        client.expect_served();
        assert_eq!(pontoon.metric("pontoon_sessions", &[]), 0.0, "{era}");
        let bad = client.request("initialize", json!({"capabilities": {}}));
        assert_eq!(bad["error"]["code"], -32602, "{era}: {bad}");
    }
}

pub fn every_revision_is_negotiated(target: &Target) {
    for (era, pontoon) in each(target, &[]) {
        for (wanted, agreed) in [
            ("2024-11-05", "2024-11-05"),
            ("2025-03-26", "2025-03-26"),
            ("2025-06-18", "2025-06-18"),
            ("2025-11-25", "2025-11-25"),
            ("1999-01-01", "2025-11-25"),
        ] {
            let answer = Request::post(initialize(wanted).to_string()).send(pontoon.addr).answer();
            assert_eq!(answer["result"]["protocolVersion"], agreed, "{era}: {answer}");
            let call = tool_call(1, "echo", json!({"text": agreed}));
            let call = Request::post(call.to_string()).header("MCP-Protocol-Version", agreed);
            assert_eq!(text_of(&call.send(pontoon.addr).answer()), agreed, "{era}");
        }
        let other = tool_call(1, "echo", json!({"text": "x"})).to_string();
        let other = Request::post(other).header("MCP-Protocol-Version", "2024-10-07");
        other.send(pontoon.addr).expect_error(400, -32022, era);
    }
}

pub fn no_handshake_is_needed(target: &Target) {
    for (era, pontoon) in each(target, &[]) {
        // The header may also be missing: then the revision is 2025-03-26.
        let call = tool_call("first", "echo", json!({"text": "hello"}));
        let answer = Request::post(call.to_string()).send(pontoon.addr).answer();
        assert_eq!((text_of(&answer), &answer["id"]), ("hello", &json!("first")), "{era}");
        let foreign = Request::post(call.to_string()).header("Mcp-Session-Id", "of-another");
        assert_eq!(text_of(&foreign.send(pontoon.addr).answer()), "hello", "{era}");
    }
}

pub fn the_era_of_the_command_is_found(target: &Target) {
    for flags in [&[] as &[&str], &["--modern"]] {
        let line = target.proxy().options(&["--stateless", "--child-era", "probe"]).child(flags);
        let pontoon = line.start();
        Client::without_session(&pontoon).expect_served();
        let answer = Request::post(initialize(NEWEST).to_string()).send(pontoon.addr).answer();
        assert_eq!(answer["result"]["serverInfo"]["name"], "test-server", "{flags:?}: {answer}");
    }
}

pub fn requests_for_sessions_are_refused(target: &Target) {
    for (era, pontoon) in each(target, &[]) {
        let client = Client::without_session(&pontoon);
        for method in ["GET", "DELETE"] {
            let request = client.sign(Request::new(method, "/mcp"));
            let refused = request.header("Accept", "text/event-stream").send(pontoon.addr);
            let allow = refused.expect(405, method).header("allow");
            assert_eq!(allow, Some("POST, OPTIONS"), "{era}: {method}");
        }
        let uri = json!({"uri": "test-server://notes"});
        for method in [
            "resources/subscribe",
            "resources/unsubscribe",
            "tasks/list",
            "server/discover",
            "subscriptions/listen",
        ] {
            let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": uri});
            // Status 404 would mean that the client has lost a session.
            client.send(body).expect_error(200, -32601, method);
        }
        assert_eq!(client.request("ping", json!({}))["result"], json!({}), "{era}");
        let level = |level: &str| client.request("logging/setLevel", json!({"level": level}));
        assert_eq!(level("error")["result"], json!({}), "{era}");
        assert_eq!(level("loud")["error"]["code"], -32602, "{era}");
        let unknown = client.request("no/such/method", json!({}));
        assert_eq!(unknown["error"]["code"], -32601, "{era}: {unknown}");

        let cancelled = client.cancel(1);
        assert_eq!(cancelled.expect(202, era).text(), "");
        let answer = json!({"jsonrpc": "2.0", "id": 1, "result": {}});
        client.send(answer).expect(202, era);
        let batch = json!([tool_call(1, "pid", json!({})), tool_call(2, "pid", json!({}))]);
        let refused = client.send(batch);
        refused.expect_error(400, -32600, era);
        assert!(refused.text().contains("--stateless"), "{era}: {}", refused.text());
        let told = pontoon.record.messages("notifications/cancelled");
        assert!(told.is_empty(), "{era}: the id could be another client's: {told:?}");
    }
}

/// Numbers and escapes that a parser would change.
const ODD: &str =
    r#"{"big":12345678901234567890123,"exact":1.50,"escape":"\u0041\/","list":[1E2, 2 ]}"#;

pub fn payloads_are_unchanged(target: &Target) {
    let pontoon = legacy(target, &[]);
    let client = Client::without_session(&pontoon);
    let body = format!(
        r#"{{"params": {{"extra":true,"name":"raw","_meta":{{"x":1, "progressToken":"mine"}},"arguments":{ODD}}} ,"id":"abc","method":"tools/call", "jsonrpc":"2.0"}}"#
    );
    let answer = client.post(&body).with("Accept", "application/json").send(pontoon.addr);
    let expected = format!(
        r#"{{"jsonrpc":"2.0","id":"abc","result":{{"content":[],"structuredContent":{ODD}}}}}"#
    );
    assert_eq!(answer.text(), expected);
    let lines = pontoon.record.lines_with("12345678901234567890123");
    assert_eq!(lines.len(), 1, "{lines:?}");
    let call: Value = lines[0].parse().expect("JSON");
    let number = call["id"].to_string();
    assert_eq!(call["params"]["_meta"]["progressToken"], call["id"]);
    assert_eq!(lines[0].trim_end(), body.replace("\"abc\"", &number).replace("\"mine\"", &number));
}

pub fn results_of_a_modern_command_are_legacy(target: &Target) {
    for (era, pontoon) in each(target, &[]) {
        let client = Client::without_session(&pontoon);
        for (method, params) in [
            ("tools/list", json!({})),
            ("resources/list", json!({})),
            ("resources/read", json!({"uri": "test-server://notes"})),
            ("tools/call", json!({"name": "echo", "arguments": {"text": "x"}})),
        ] {
            let answer = client.request(method, params);
            assert!(answer["result"].is_object(), "{era}: {answer}");
            expect_legacy(&answer);
        }
        let unknown = client.request("resources/read", json!({"uri": "test-server://none"}));
        let code = unknown["error"]["code"].as_i64().expect("a code");
        assert!([-32002, -32602].contains(&code), "{era}: {unknown}");
    }
}

/// Returns a call with a progress token.
fn with_token(id: u64, token: &str, tool: &str, arguments: Value) -> Value {
    let mut call = tool_call(id, tool, arguments);
    call["params"]["_meta"] = json!({"progressToken": token});
    call
}

pub fn progress_and_logs_are_on_the_stream(target: &Target) {
    for (era, pontoon) in each(target, &[]) {
        let client = Client::without_session(&pontoon);
        let call = with_token(1, "mine", "progress", json!({"n": 3, "ms": 5}));
        let messages = client.stream(call).messages();
        let progress: Vec<_> = messages[..3].iter().map(|it| it["params"].clone()).collect();
        for (step, params) in (1..).zip(&progress) {
            assert_eq!(params["progressToken"], "mine", "{era}: {params}");
            assert_eq!(params["progress"].as_f64(), Some(f64::from(step)), "{era}: {params}");
        }
        assert_eq!((text_of(&messages[3]), messages.len()), ("done", 4), "{era}");

        let levels = json!({"levels": ["debug", "info", "error"], "ms": 5});
        let messages = client.stream(tool_call(2, "report", levels)).messages();
        let logged: Vec<_> = messages.iter().map(|it| &it["params"]["level"]).collect();
        assert_eq!(logged, [&json!("info"), &json!("error"), &Value::Null], "{era}: {messages:?}");
    }
}

pub fn equal_ids_and_tokens(target: &Target) {
    for (era, pontoon) in each(target, &[]) {
        let mut streams: Vec<_> = (1..=8)
            .map(|n| {
                let client = Client::without_session(&pontoon);
                (n, client.stream(with_token(1, "same", "progress", json!({"n": n, "ms": 10}))))
            })
            .collect();
        for (n, stream) in &mut streams {
            let messages = stream.messages();
            assert_eq!(messages.len(), *n + 1, "{era}: {messages:?}");
            assert_eq!(messages[*n]["id"], 1, "{era}");
        }
        assert_eq!(pontoon.running_children().len(), 1, "{era}: they share a process");
    }
}

pub fn who_shares_a_process(target: &Target) {
    for (policy, shared, expected) in [
        ("session", [true, false], 2),
        ("principal", [true, false], 2),
        ("shared", [true, true], 1),
        ("call", [false, false], 0),
    ] {
        let pontoon = legacy(target, &["--child-per", policy]);
        let pids = ["ada", "ada", "eve"].map(|name| {
            Client::without_session(&pontoon).authorized(&format!("Bearer {name}")).child()
        });
        assert_eq!([pids[0] == pids[1], pids[0] == pids[2]], shared, "{policy}");
        eventually("no other process is left", seconds(10), || {
            pontoon.running_children().len() == expected
        });
    }
}

pub fn questions_are_refused(target: &Target) {
    for (era, pontoon) in each(target, &[]) {
        let client = Client::without_session(&pontoon);
        let form = json!({"message": "?", "requestedSchema": {"type": "object", "properties": {}}});
        for (method, params) in [
            ("roots/list", json!({})),
            ("sampling/createMessage", json!({"messages": [], "maxTokens": 1})),
            ("elicitation/create", form.clone()),
        ] {
            let arguments = json!({"id": "q", "method": method, "params": params});
            let answer = client.call("ask", arguments);
            match era {
                "legacy" => {
                    let told: Value = text_of(&answer).parse().expect("JSON");
                    assert_eq!(told["error"]["code"], -32601, "{method}: {told}");
                }
                _ => assert_eq!(answer["result"]["isError"], true, "{method}: {answer}"),
            }
        }
        client.expect_served();
    }
}

pub fn a_broken_connection_cancels(target: &Target) {
    for (era, pontoon) in each(target, &[]) {
        let client = Client::without_session(&pontoon);
        let wire = client.start(tool_call(1, "late", json!({"ms": 10, "mark": "left"})));
        let reached = || pontoon.record.lines_with("\"left\"").len();
        eventually("it reaches the command", seconds(10), || reached() == 1);
        wire.reset();
        eventually("it is cancelled", seconds(10), || {
            pontoon.record.messages("notifications/cancelled").len() == 1
        });
        client.expect_served();
        assert_eq!(pontoon.running_children().len(), 1, "{era}");
    }
}

pub fn a_crash_fails_its_request(target: &Target) {
    for (era, pontoon) in each(target, &[]) {
        let client = Client::without_session(&pontoon);
        let process = client.child();
        let answer = client.call("crash", json!({"code": 7}));
        assert_eq!(answer["error"]["code"], -32603, "{era}: {answer}");
        let text = answer["error"]["message"].as_str().expect("a text");
        assert!(text.contains("exited with status 7"), "{era}: {text}");
        assert_ne!(client.child(), process, "{era}: the next request starts another");
    }
}

pub fn a_request_has_a_time_limit(target: &Target) {
    for (era, pontoon) in each(target, &["--request-timeout", "1"]) {
        let client = Client::without_session(&pontoon);
        client.expect_served();
        let answer = client.call("hang", json!({}));
        assert_eq!(answer["error"]["code"], -32603, "{era}: {answer}");
        let text = answer["error"]["message"].as_str().expect("a text");
        assert!(text.contains("--request-timeout"), "{era}: {text}");
        client.expect_served();
    }
}

pub fn long_requests_are_translated(target: &Target) {
    for (era, pontoon) in each(target, &[]) {
        let client = Client::without_session(&pontoon);
        let long = "x".repeat(1 << 20);
        let text = client.text("echo", json!({"text": long}));
        assert!(text == long, "{era}: {} bytes of {}", text.len(), long.len());
    }
}

pub fn modern_clients_are_served(target: &Target) {
    for (era, pontoon) in each(target, &[]) {
        let (legacy, modern) = (Client::without_session(&pontoon), Modern::new(&pontoon));
        let limited = Modern::new(&pontoon).able(json!({}));
        assert_eq!(limited.child(), legacy.child(), "{era}: they may share a process");
        modern.expect_served();
        let arguments = json!({"id": "q", "method": "roots/list", "params": {}});
        let asked = modern.call("ask", arguments);
        assert_eq!(asked["result"]["resultType"], "input_required", "{era}: {asked}");
        legacy.expect_served();
    }
}

pub fn without_the_option_the_error_names_it(target: &Target) {
    let pontoon = target.proxy().start();
    let client = Client::without_session(&pontoon);
    let refused = client.send(tool_call(1, "pid", json!({})));
    refused.expect_error(400, -32600, "no session");
    assert!(refused.text().contains("--stateless"), "{}", refused.text());
}
