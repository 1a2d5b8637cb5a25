//! Common behaviour of the servers in pontoon: every tool can be called, errors name the wrong part
//! of a call, and the routes beside the endpoint are as documented.

use std::collections::BTreeSet;
use std::io::Read;

use flate2::read::GzDecoder;
use serde_json::{Value, json};

use crate::Target;
use crate::client::{text_of, tool_call};
use crate::pontoon::Pontoon;
use crate::wire::{Request, Response};

cases! { $ native:
    every_tool_can_be_called
    wrong_arguments_are_named
    calls_that_are_none
    answers_have_the_ids_of_their_requests
    health_of_each
    metrics_of_each
    pages_of_listed_origins
    repeated_headers_are_listed
    answers_are_compressed_for_clients_that_accept_it
}

/// Returns a program for each of the three servers.
fn each(target: &Target, options: &[&str]) -> [(&'static str, Pontoon); 3] {
    [
        ("echo", target.echo().options(options).start()),
        ("echo --stateless", target.echo_stateless().options(options).start()),
        ("calculator", target.calculator().options(options).start()),
    ]
}

fn post(pontoon: &Pontoon, body: &Value) -> Response {
    Request::post(body.to_string()).send(pontoon.addr)
}

fn tools(pontoon: &Pontoon) -> Vec<Value> {
    let list = post(pontoon, &json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"})).answer();
    list["result"]["tools"].as_array().unwrap_or_else(|| panic!("{list}")).clone()
}

/// Returns valid arguments for a tool.
fn arguments(tool: &str) -> Value {
    match tool {
        "calculate" => json!({"a": 1, "b": 2, "op": "add"}),
        "calculator_assistant" => json!({"query": "Why?"}),
        "echo" => json!({"message": "hello"}),
        "explain_formula" => json!({"formula": "E = mc^2"}),
        "solve_math_problem" => json!({"problem": "1 + 1"}),
        _ => json!({}),
    }
}

/// Asserts that a call is refused for its parameters; returns the message.
#[track_caller]
fn refusal(pontoon: &Pontoon, params: Value) -> String {
    let body = json!({"jsonrpc": "2.0", "id": 9, "method": "tools/call", "params": params});
    let answer = post(pontoon, &body).expect(200, &body.to_string()).answer();
    assert_eq!(answer["id"], 9, "{answer}");
    assert_eq!(answer["error"]["code"], -32602, "{params}: {answer}");
    answer["error"]["message"].as_str().expect("a message").to_owned()
}

pub fn every_tool_can_be_called(target: &Target) {
    let extended = ["calculator_assistant", "explain_formula", "solve_math_problem"];
    for ((server, pontoon), count) in each(target, &[]).into_iter().zip([11, 9, 5]) {
        let tools = tools(&pontoon);
        assert_eq!(tools.len(), count, "{server}");
        for tool in &tools {
            let name = tool["name"].as_str().expect("a name");
            let answer = post(&pontoon, &tool_call(1, name, arguments(name))).answer();
            if extended.contains(&name) {
                assert_eq!(answer["error"]["code"], -32004, "{server} {name}: {answer}");
            } else {
                assert!(!text_of(&answer).is_empty(), "{server} {name}: {answer}");
            }
        }
    }
}

pub fn wrong_arguments_are_named(target: &Target) {
    for (server, pontoon) in each(target, &[]) {
        for tool in tools(&pontoon) {
            let (name, schema) = (tool["name"].as_str().unwrap(), &tool["inputSchema"]);
            let right = arguments(name);
            let named = |arguments: &Value, field: &str| {
                let said = refusal(&pontoon, json!({"name": name, "arguments": arguments}));
                let field = format!("params.arguments.{field} ");
                assert!(said.contains(&field), "{server} {name} {arguments}: {said}");
            };
            for (field, property) in schema["properties"].as_object().expect("properties") {
                let other = if property["type"] == "string" { json!(5) } else { json!("5") };
                for wrong in [other, json!(null), json!([]), json!({"a": 1})] {
                    let mut arguments = right.clone();
                    arguments[field] = wrong;
                    named(&arguments, field);
                }
            }
            for field in schema["required"].as_array().into_iter().flatten() {
                let field = field.as_str().expect("a name");
                let mut arguments = right.clone();
                arguments.as_object_mut().unwrap().remove(field);
                named(&arguments, field);
            }
            if schema["additionalProperties"] == false {
                let mut arguments = right.clone();
                arguments["unknown_key"] = json!(1);
                named(&arguments, "unknown_key");
            }
        }
    }
}

pub fn calls_that_are_none(target: &Target) {
    for (server, pontoon) in each(target, &[]) {
        for tool in tools(&pontoon) {
            for wrong in [json!(null), json!([]), json!("x"), json!(5), json!(true)] {
                let said = refusal(&pontoon, json!({"name": tool["name"], "arguments": wrong}));
                assert!(said.contains("params.arguments"), "{server} {wrong}: {said}");
            }
        }
        let said = refusal(&pontoon, json!({"name": "no_such_tool", "arguments": {}}));
        assert!(said.contains("no_such_tool"), "{server}: {said}");
        for params in [json!({}), json!({"name": 5}), json!({"name": null, "arguments": {}})] {
            let said = refusal(&pontoon, params);
            assert!(said.contains("params.name"), "{server}: {said}");
        }
        pontoon.get("/livez").expect(200, "nothing is broken by it");
    }
}

pub fn answers_have_the_ids_of_their_requests(target: &Target) {
    for (server, pontoon) in each(target, &[]) {
        for id in [json!(0), json!(-7), json!("a \u{1f410}\"\\"), json!(9_007_199_254_740_991_u64)]
        {
            let ping = json!({"jsonrpc": "2.0", "id": id, "method": "ping"});
            let answer = post(&pontoon, &ping).expect(200, server).json();
            assert_eq!(answer, json!({"jsonrpc": "2.0", "id": id, "result": {}}), "{server}");
            let unknown = json!({"jsonrpc": "2.0", "id": id, "method": "no/such"});
            let answer = post(&pontoon, &unknown).expect(200, server).json();
            assert_eq!((&answer["id"], &answer["error"]["code"]), (&id, &json!(-32601)));
        }
    }
}

/// Returns the names in an object, in order.
fn names(object: &Value) -> Vec<&str> {
    object.as_object().expect("an object").keys().map(String::as_str).collect()
}

pub fn health_of_each(target: &Target) {
    let [(_, stateful), (_, stateless), (_, calculator)] = each(target, &[]);
    let call = tool_call(1, "echo", json!({"message": "x"}));
    for _ in 0..3 {
        post(&stateful, &call).expect(200, "stateful");
        post(&stateless, &call).expect(200, "stateless");
    }
    let health = stateful.get("/health").json();
    assert_eq!(names(&health), ["status", "sessions", "uptime_seconds", "version"]);
    assert_eq!(health["sessions"], json!({"active": 3, "total_created": 3, "expired": 0}));
    let health = stateless.get("/health").json();
    assert_eq!(names(&health), ["status", "uptime", "requests_handled", "version"]);
    assert_eq!(health["requests_handled"], 3);
    let health = calculator.get("/health").json();
    assert_eq!(names(&health), ["status", "timestamp", "pattern", "uptime", "memory", "version"]);
    assert_eq!((&health["status"], &health["pattern"]), (&json!("healthy"), &json!("stateless")));
    let details = calculator.get("/health/detailed").json();
    let known = ["status", "timestamp", "system", "application", "characteristics"];
    assert_eq!(names(&details), known);
    assert_eq!(details["characteristics"]["tools"], 5);
    for other in [&stateful, &stateless] {
        other.get("/health/detailed").expect(404, "the calculator's alone");
    }
}

pub fn metrics_of_each(target: &Target) {
    for (server, pontoon) in each(target, &[]) {
        let tool = if server == "calculator" { "calculate" } else { "echo" };
        post(&pontoon, &tool_call(1, tool, arguments(tool))).expect(200, server);
        post(&pontoon, &tool_call(1, tool, json!({}))).expect(200, server);
        post(&pontoon, &tool_call(1, "a-name-of-mine", json!({}))).expect(200, server);
        let metrics = pontoon.get("/metrics");
        assert!(!metrics.text().contains("a-name-of-mine"), "{server}: a client chose that");
        let families: BTreeSet<_> = metrics
            .text()
            .lines()
            .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
            .collect();
        let of_all = ["mcp_server_operation_duration_seconds", "pontoon_uptime_seconds"];
        let own: &[_] = match server {
            "calculator" => &["mcp_pattern"],
            _ => &[
                "mcp_echo_active_requests",
                "mcp_echo_errors_total",
                "mcp_echo_request_duration_seconds",
                "mcp_echo_requests_total",
            ],
        };
        for family in of_all.iter().chain(own) {
            assert!(families.contains(family), "{server} {family}: {families:?}");
        }
        let calls = format!("gen_ai_tool_name=\"{tool}\"");
        let count = "mcp_server_operation_duration_seconds_count";
        assert_eq!(pontoon.metric(count, &[&calls]), 2.0, "{server}");
        assert_eq!(pontoon.metric(count, &[&calls, "error_type"]), 1.0, "{server}");
        if server != "calculator" {
            let labels = ["method=\"tools/call\"", "tool=\"echo\""];
            assert_eq!(pontoon.metric("mcp_echo_requests_total", &labels), 2.0);
            assert_eq!(pontoon.metric("mcp_echo_errors_total", &labels), 1.0);
            assert_eq!(pontoon.metric("mcp_echo_active_requests", &[]), 0.0);
        }
    }
}

pub fn pages_of_listed_origins(target: &Target) {
    const APP: &str = "https://app.example";
    for (server, pontoon) in each(target, &["--allow-origin", APP]) {
        let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
        let from = |origin| Request::post(ping).header("Origin", origin).send(pontoon.addr);
        let listed = from(APP);
        assert_eq!(listed.expect(200, server).header("access-control-allow-origin"), Some(APP));
        assert_eq!(listed.header("access-control-allow-credentials"), None, "{server}");
        let exposed = listed.header("access-control-expose-headers");
        assert_eq!(exposed, Some("mcp-session-id, retry-after, www-authenticate"), "{server}");
        from("https://evil.example").expect_error(403, -32600, server);
    }
    for (server, pontoon) in each(target, &[]) {
        let answer = Request::post(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#)
            .header("Origin", "http://localhost:5173")
            .send(pontoon.addr);
        let allowed = answer.expect(200, server).header("access-control-allow-origin");
        assert_eq!(
            allowed,
            Some("http://localhost:5173"),
            "{server}: pages of loopback are allowed"
        );
    }
}

pub fn repeated_headers_are_listed(target: &Target) {
    for pontoon in [target.echo().start(), target.echo_stateless().start()] {
        let call = tool_call(1, "printHeader", json!({"category": "custom"})).to_string();
        let answer = Request::post(call)
            .header("X-Custom", "first")
            .header("X-Other", "between")
            .header("x-custom", "second")
            .header("X-Api-Key", "open sesame")
            .send(pontoon.addr)
            .answer();
        let text = text_of(&answer);
        let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("no {part} in {text}"));
        assert!(at("first") < at("second") && at("between") > 0, "{text}");
        assert!(!text.contains("sesame"), "{text}");
    }
}

/// Returns the body of a response, decompressed if necessary.
fn unpacked(response: &Response) -> Vec<u8> {
    if response.header("content-encoding").is_none() {
        return response.body.clone();
    }
    let mut body = Vec::new();
    GzDecoder::new(&*response.body).read_to_end(&mut body).expect("gzip");
    body
}

pub fn answers_are_compressed_for_clients_that_accept_it(target: &Target) {
    let long = tool_call(1, "echo", json!({"message": "round and round ".repeat(100_000 / 16)}));
    let short = tool_call(1, "echo", json!({"message": "round"}));
    let ask = |pontoon: &Pontoon, body: &Value, accept: Option<&str>| {
        let request = Request::post(body.to_string());
        match accept {
            Some(accept) => request.header("Accept-Encoding", accept),
            None => request,
        }
        .send(pontoon.addr)
    };
    let packing = ["--compression"];
    for pontoon in
        [target.echo_stateless().options(&packing).start(), target.echo().options(&packing).start()]
    {
        let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
        let plain = ask(&pontoon, &list, None);
        assert_eq!(plain.header("content-encoding"), None);
        assert_eq!(plain.header("vary"), Some("Origin, Accept-Encoding"));
        for accept in ["gzip", "br, GZIP;q=0.5", "*"] {
            let packed = ask(&pontoon, &list, Some(accept));
            assert_eq!(packed.header("content-encoding"), Some("gzip"), "{accept}");
            assert_eq!(packed.header("vary"), Some("Origin, Accept-Encoding"), "{accept}");
            assert!(packed.body.len() < plain.body.len() / 2, "{} bytes", packed.body.len());
            assert_eq!(unpacked(&packed), plain.body, "{accept}");
        }
        for accept in ["br", "gzip;q=0", "identity, gzip;q=0.9", ""] {
            assert_eq!(ask(&pontoon, &list, Some(accept)).body, plain.body, "{accept}");
        }
        let packed = ask(&pontoon, &long, Some("gzip"));
        let answer: Value = serde_json::from_slice(&unpacked(&packed)).expect("JSON");
        assert!(packed.body.len() < 10_000 && text_of(&answer).len() >= 100_000);
        let small = ask(&pontoon, &short, Some("gzip"));
        assert_eq!(
            (small.header("content-encoding"), small.header("vary")),
            (None, Some("Origin"))
        );
        let stream = Request::post(long.to_string())
            .with("Accept", "text/event-stream")
            .header("Accept-Encoding", "gzip")
            .send(pontoon.addr);
        assert_eq!(stream.header("content-encoding"), None, "a stream is never packed");
        assert!(text_of(&stream.answer()).len() >= 100_000);
    }
    let usual = target.echo_stateless().start();
    let answer = ask(&usual, &long, Some("gzip"));
    assert_eq!((answer.header("content-encoding"), answer.header("vary")), (None, Some("Origin")));
}
