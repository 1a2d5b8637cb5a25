//! JSON-RPC: valid and invalid messages, and unchanged delivery.
//!
//! JSON-RPC 2.0; RFC 8259; MCP 2025-11-25, basic/index; MCP 2025-03-26, basic/index (Batching).

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::Target;
use crate::client::{Client, NEWEST, initialize, text_of, tool_call};
use crate::pontoon::Pontoon;
use crate::wire::Request;

cases! { $ messages:
    bytes_that_are_not_json
    nesting
    keys_that_could_be_read_twice
    messages_that_are_none
    params_that_are_not_an_object
    notifications_and_responses
    requests_arrive_byte_for_byte
    pretty_printed_requests_arrive_as_one_line
    results_arrive_byte_for_byte
    ids_come_back_as_they_were
    errors_of_the_child_pass
    batches
    batches_as_events
    batches_without_a_request
    batches_that_are_refused
    batches_of_other_revisions
    requests_of_the_modern_era
}

/// A text that must never reach a child.
const REFUSED: &str = "refused";

fn scene(target: &Target) -> (Pontoon, Client) {
    let pontoon = target.proxy().start();
    let client = Client::open(&pontoon);
    (pontoon, client)
}

/// Asserts that a body is refused and that nothing of it reaches the child.
#[track_caller]
fn refused(pontoon: &Pontoon, client: &Client, case: &str, body: impl Into<Vec<u8>>, code: i64) {
    let response = client.sign(Request::post(body)).send(pontoon.addr);
    response.expect_error(400, code, case);
}

#[track_caller]
fn nothing_arrived(pontoon: &Pontoon, client: &Client) {
    client.expect_served();
    let lines = pontoon.record.lines_with(REFUSED);
    assert!(lines.is_empty(), "reached the child: {lines:?}");
}

pub fn bytes_that_are_not_json(target: &Target) {
    let (pontoon, client) = scene(target);
    let call = tool_call(1, REFUSED, json!({})).to_string();
    let inside = |bytes: &[u8]| {
        let (head, tail) = call.split_at(call.find(REFUSED).unwrap());
        [head.as_bytes(), bytes, tail.as_bytes()].concat()
    };
    let utf16: Vec<u8> = call.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (case, body) in [
        ("empty", Vec::new()),
        ("spaces", b"   ".to_vec()),
        ("invalid UTF-8", inside(b"\xff")),
        ("overlong UTF-8", inside(b"\xc0\x80")),
        ("surrogate in UTF-8", inside(b"\xed\xa0\x80")),
        ("cut UTF-8", inside(b"\xe2\x82")),
        ("half an escaped surrogate pair", inside(br"\ud800")),
        ("NUL in a string", inside(b"\0")),
        ("tab in a string", inside(b"\t")),
        ("line feed in a string", inside(b"\n")),
        ("unknown escape", inside(br"\x41")),
        ("byte order mark", [b"\xef\xbb\xbf", call.as_bytes()].concat()),
        ("UTF-16", utf16),
        ("trailing comma", format!("{},}}", &call[..call.len() - 1]).into_bytes()),
        ("trailing text", format!("{call} x").into_bytes()),
        ("two messages", format!("{call}\n{call}").into_bytes()),
        ("cut short", call.as_bytes()[..call.len() - 1].to_vec()),
        ("single quotes", call.replace('"', "'").into_bytes()),
        ("NaN", call.replace("{}", r#"{"n":NaN}"#).into_bytes()),
        ("leading zero", call.replace("{}", r#"{"n":01}"#).into_bytes()),
        ("plus sign", call.replace("{}", r#"{"n":+1}"#).into_bytes()),
        ("comment", call.replace("{}", "{/**/}").into_bytes()),
    ] {
        refused(&pontoon, &client, case, body, -32700);
    }
    nothing_arrived(&pontoon, &client);
}

pub fn nesting(target: &Target) {
    let (mut pontoon, client) = scene(target);
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let call = |depth| {
        let arguments = format!(r#"{{"{REFUSED}":{}}}"#, nested(depth));
        tool_call(1, "raw", json!({})).to_string().replace("{}", &arguments)
    };
    for depth in [129, 10_000, 1_000_000] {
        refused(&pontoon, &client, "in params", call(depth), -32700);
        refused(&pontoon, &client, "in an array", nested(depth), -32700);
        let open = "[".repeat(depth);
        refused(&pontoon, &client, "never closed", open, -32700);
    }
    nothing_arrived(&pontoon, &client);
    let response = client.send(call(100));
    assert!(response.expect(200, "100 deep").text().contains(&nested(100)));
    pontoon.expect_alive("after deep messages");
}

pub fn params_that_are_not_an_object(target: &Target) {
    let stateful = [target.proxy(), target.echo()].map(|it| (it, true));
    let stateless = [target.echo_stateless(), target.calculator()].map(|it| (it, false));
    for (program, has_sessions) in stateful.into_iter().chain(stateless) {
        let pontoon = program.start();
        let client = has_sessions.then(|| Client::open(&pontoon));
        for params in ["null", r#""x""#, "[]", r#"[{"name":"refused"}]"#, "5"] {
            let call =
                format!(r#"{{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{params}}}"#);
            let request = Request::post(call);
            let request = client.iter().fold(request, |request, client| client.sign(request));
            let response = request.send(pontoon.addr);
            let message = response.expect_error(400, -32602, params);
            assert_eq!(message, "params must be an object", "{params}");
            assert_eq!(response.json()["id"], 7, "{params}");
        }
        assert!(pontoon.record.lines_with(REFUSED).is_empty());
    }
}

pub fn keys_that_could_be_read_twice(target: &Target) {
    let (pontoon, client) = scene(target);
    let with = |key: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{REFUSED}"}},"{key}":"ping"}}"#
        )
    };
    for key in [
        "method",
        "Method",
        "METHOD",
        r"meth\u006fd",
        r"method\u0000",
        "paramſ",
        "Params",
        "ID",
        "jsonRPC",
        "Result",
        "eRror",
    ] {
        refused(&pontoon, &client, key, with(key), -32600);
    }
    let call = tool_call(1, REFUSED, json!({})).to_string();
    for (case, from, to) in [
        ("id twice", r#""id":1"#, r#""id":1,"id":2"#),
        ("jsonrpc twice", r#""jsonrpc":"2.0""#, r#""jsonrpc":"2.0","jsonrpc":"2.0""#),
        ("name twice", r#""name":"#, r#""name":"echo","name":"#),
        ("name escaped", r#""name":"#, r#""n\u0061me":"echo","name":"#),
        ("_meta twice", r#""name":"#, r#""_meta":{},"_meta":{},"name":"#),
        ("method only escaped", r#""method""#, r#""m\u0065thod""#),
    ] {
        refused(&pontoon, &client, case, call.replace(from, to), -32600);
    }
    nothing_arrived(&pontoon, &client);
}

pub fn messages_that_are_none(target: &Target) {
    let (pontoon, client) = scene(target);
    for (body, code) in [
        (r#"null"#, -32600),
        (r#"17"#, -32600),
        (r#""refused""#, -32600),
        (r#"{}"#, -32600),
        (r#"{"id":1,"method":"refused"}"#, -32600),
        (r#"{"jsonrpc":"1.0","id":1,"method":"refused"}"#, -32600),
        (r#"{"jsonrpc":2.0,"id":1,"method":"refused"}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":null,"method":"refused"}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1.5,"method":"refused"}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":true,"method":"refused"}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":{},"method":"refused"}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":[1],"method":"refused"}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1,"method":17}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1,"method":null}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1}"#, -32600),
        (r#"{"jsonrpc":"2.0","result":{}}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":"refused"}}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1,"method":"refused","result":{}}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1,"method":"refused","params":"text"}"#, -32602),
        (r#"{"jsonrpc":"2.0","id":1,"method":"refused","params":17}"#, -32602),
    ] {
        refused(&pontoon, &client, body, body, code);
    }
    nothing_arrived(&pontoon, &client);
}

pub fn notifications_and_responses(target: &Target) {
    let (pontoon, client) = scene(target);
    for body in [
        r#"{"jsonrpc":"2.0","method":"notifications/roots/list_changed"}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/unheard/of","params":{"a":1}}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"x","progress":1}}"#,
        r#"{"jsonrpc":"2.0","id":77,"result":{}}"#,
        r#"{"jsonrpc":"2.0","id":"never asked","error":{"code":-1,"message":"no"}}"#,
    ] {
        let response = client.send(body);
        response.expect(202, body);
        assert!(response.body.is_empty(), "{body}: {}", response.describe());
    }
    client.expect_served();
    assert_eq!(pontoon.record.lines_with("notifications/unheard/of").len(), 1);
    assert!(pontoon.record.lines_with("never asked").is_empty(), "that answer was not expected");
    assert_eq!(pontoon.record.lines_with("notifications/initialized").len(), 1);
}

/// Parts of a line as the child reads them.
#[derive(Deserialize)]
struct Parts<'a> {
    #[serde(borrow)]
    id: &'a RawValue,
    #[serde(borrow)]
    params: &'a RawValue,
}

/// Returns the line of a request at the child, with the client's id and token restored.
fn line_at_child(pontoon: &Pontoon, mark: &str, id: &str, token: Option<&str>) -> String {
    let lines = pontoon.record.lines_with(mark);
    let [line] = &lines[..] else { panic!("not one line: {lines:?}") };
    let parts: Parts<'_> = serde_json::from_str(line).unwrap();
    let at_child = format!("\"id\":{}", parts.id.get());
    assert_eq!(line.matches(&at_child).count(), 1, "{at_child} in {line}");
    let line = line.replace(&at_child, &format!("\"id\":{id}"));
    let Some(token) = token else { return line };
    let params: Value = parts.params.get().parse().unwrap();
    let at_child = format!("\"progressToken\":{}", params["_meta"]["progressToken"]);
    line.replace(&at_child, &format!("\"progressToken\":{token}"))
}

const ODD: &str = r#"{"z": 1.0,  "a":1e2,"n":12345678901234567890123, "u":"\u00e9é\/", "e":{ },"z2":[1 ,2], "-0":-0.0}"#;

pub fn requests_arrive_byte_for_byte(target: &Target) {
    let (pontoon, client) = scene(target);
    let body = format!(
        r#"{{"unknown":{{"b":[null]}}, "params": {{"extra":true,"name":"raw","_meta":{{"x":1, "progressToken":"mine","y":2}},"arguments":{ODD}}} ,"id":"abc","method":"tools/call", "jsonrpc":"2.0"}}"#
    );
    client.send(&body).expect(200, "odd but right");
    assert_eq!(
        line_at_child(&pontoon, "12345678901234567890123", "\"abc\"", Some("\"mine\"")),
        body
    );
}

pub fn pretty_printed_requests_arrive_as_one_line(target: &Target) {
    let (pontoon, client) = scene(target);
    let call = tool_call("abc", "raw", json!({"mark": "pretty", "text": "a\nb\r\nc"}));
    let pretty = serde_json::to_string_pretty(&call).unwrap().replace("\"id\": ", "\"id\":");
    for (ends, body) in [("LF", pretty.clone()), ("CRLF", pretty.replace('\n', "\r\n"))] {
        let body = body.replace("pretty", &format!("pretty {ends}"));
        let response = client.send(&body);
        let expected = body.replace(['\r', '\n'], " ");
        let line = line_at_child(&pontoon, &format!("pretty {ends}"), "\"abc\"", None);
        assert_eq!(line, expected, "{ends}");
        assert_eq!(response.answer()["result"]["structuredContent"]["text"], "a\nb\r\nc", "{ends}");
    }
}

pub fn results_arrive_byte_for_byte(target: &Target) {
    let (pontoon, client) = scene(target);
    let call = tool_call(7, "raw", json!({})).to_string().replace("{}", ODD);
    let expected = format!(
        r#"{{"jsonrpc":"2.0","id":7,"result":{{"content":[],"structuredContent":{ODD}}}}}"#
    );
    assert_eq!(client.send(&call).text(), expected);
    let (event, _) = client.stream(&call).next_message().expect("a message");
    assert_eq!(event.data.as_deref(), Some(&*expected));

    let spaced = client.send(tool_call(8, "newlines", json!({})));
    assert_eq!(spaced.answer(), json!({"jsonrpc": "2.0", "id": 8, "result": {"content": []}}));
    let spaced = client.stream(tool_call(9, "newlines", json!({}))).messages();
    assert_eq!(spaced, [json!({"jsonrpc": "2.0", "id": 9, "result": {"content": []}})]);
    let half = client.send(tool_call(10, "lone_surrogate", json!({})));
    assert!(half.text().contains(r#""note":"\ud800""#), "{}", half.describe());
    assert!(!pontoon.log().contains("panicked"), "{}", pontoon.log());
}

pub fn ids_come_back_as_they_were(target: &Target) {
    let (_pontoon, client) = scene(target);
    for id in [
        "0",
        "-1",
        "9007199254740993",
        "12345678901234567890123",
        "\"\"",
        "\"1\"",
        r#""\u0061\"b""#,
        "\"é\"",
        "\"a very long id that goes on for quite a while: 0123456789012345678901234567890123456789\"",
    ] {
        let body = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#);
        let expected = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#);
        assert_eq!(client.send(body).text(), expected);
    }
}

pub fn errors_of_the_child_pass(target: &Target) {
    let (_pontoon, client) = scene(target);
    let answer = client.request("no/such/method", json!({}));
    assert_eq!(answer["error"]["code"], -32601, "{answer}");
    assert_eq!(answer["error"]["message"], "Method not found: no/such/method");
    let answer = client.call("no such tool", json!({}));
    assert_eq!(answer["error"]["code"], -32602, "{answer}");
}

fn batch_session(target: &Target) -> (Pontoon, Client) {
    let pontoon = target.proxy().start();
    let client = Client::open_revision(&pontoon, "2025-03-26");
    (pontoon, client)
}

fn mixed_batch() -> Value {
    json!([
        tool_call("a", "echo", json!({"text": "one", "ms": 100})),
        {"jsonrpc": "2.0", "method": "notifications/roots/list_changed"},
        {"jsonrpc": "2.0", "id": "b", "method": "ping"},
        tool_call(3, "echo", json!({"text": "three"})),
    ])
}

/// Asserts that the mixed batch got its three answers, in any order.
#[track_caller]
fn expect_answers(mut answers: Vec<Value>) {
    answers.sort_by_key(|answer| answer["id"].to_string());
    let ids: Vec<_> = answers.iter().map(|answer| answer["id"].to_string()).collect();
    assert_eq!(ids, ["\"a\"", "\"b\"", "3"], "{answers:?}");
    assert_eq!(text_of(&answers[0]), "one");
    assert_eq!(answers[1]["result"], json!({}));
    assert_eq!(text_of(&answers[2]), "three");
}

pub fn batches(target: &Target) {
    let (pontoon, client) = batch_session(target);
    let response = client.post(mixed_batch()).with("Accept", "application/json").send(pontoon.addr);
    let answers = response.expect(200, "a batch").json();
    expect_answers(answers.as_array().expect("an array").clone());
    assert_eq!(pontoon.record.lines_with("roots/list_changed").len(), 1);
}

pub fn batches_as_events(target: &Target) {
    let (_pontoon, client) = batch_session(target);
    let mut answers = Vec::new();
    for message in client.stream(mixed_batch()).messages() {
        match message {
            Value::Array(some) => answers.extend(some),
            one => answers.push(one),
        }
    }
    expect_answers(answers);
}

pub fn batches_without_a_request(target: &Target) {
    let (pontoon, client) = batch_session(target);
    let batch = json!([
        {"jsonrpc": "2.0", "method": "notifications/roots/list_changed"},
        {"jsonrpc": "2.0", "id": 9, "result": {}},
    ]);
    let response = client.send(batch);
    assert!(response.expect(202, "nothing to answer").body.is_empty());
    client.expect_served();
    assert_eq!(pontoon.record.lines_with("roots/list_changed").len(), 1);
}

pub fn batches_that_are_refused(target: &Target) {
    let (pontoon, client) = batch_session(target);
    let ping = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"});
    refused(&pontoon, &client, "empty", "[]", -32600);
    let long = Value::from(vec![tool_call(1, REFUSED, json!({})); 51]);
    refused(&pontoon, &client, "51 messages", long.to_string(), -32600);

    // An invalid member gets its own error, and does not affect the others.
    for (case, stranger) in [("nested", json!([ping])), ("number", json!(1)), ("object", json!({}))]
    {
        let response =
            client.send(json!([stranger, tool_call(2, "echo", json!({"text": "good"}))]));
        if response.status() == 400 {
            continue;
        }
        let answers = response.messages();
        assert_eq!(answers.len(), 2, "{case}: {answers:?}");
        let good = answers.iter().find(|answer| answer["id"] == 2).expect("the good one's answer");
        let bad = answers.iter().find(|answer| answer["id"] != 2).expect("the other's error");
        assert_eq!(text_of(good), "good", "{case}");
        assert_eq!(bad["error"]["code"], -32600, "{case}: {bad}");
    }

    let start = json!([initialize("2025-03-26"), ping]);
    let fresh = Request::post(start.to_string()).send(pontoon.addr);
    assert_eq!(fresh.status(), 400, "initialize in a batch: {}", fresh.describe());
    assert_eq!(fresh.header("mcp-session-id"), None);
    nothing_arrived(&pontoon, &client);
}

pub fn batches_of_other_revisions(target: &Target) {
    let pontoon = target.proxy().start();
    let batch = json!([tool_call(1, REFUSED, json!({}))]).to_string();
    for revision in ["2024-11-05", "2025-06-18", NEWEST] {
        let client = Client::open_revision(&pontoon, revision);
        refused(&pontoon, &client, revision, batch.as_str(), -32600);
        nothing_arrived(&pontoon, &client);
    }
    let response = Request::post(batch).send(pontoon.addr);
    response.expect_error(400, -32600, "outside a session");
}

pub fn requests_of_the_modern_era(target: &Target) {
    let pontoon = target.proxy().start();
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let modern = json!({"jsonrpc": "2.0", "id": 5, "method": "server/discover",
                        "params": {"_meta": meta}});
    let plain = json!({"jsonrpc": "2.0", "id": 5, "method": "tools/list", "params": {}});
    let header = ("MCP-Protocol-Version", "2026-07-28");
    for (case, request) in [
        ("body", Request::post(modern.to_string())),
        ("header", Request::post(plain.to_string()).header(header.0, header.1)),
        ("both", Request::post(modern.to_string()).header(header.0, header.1)),
    ] {
        let response = request.send(pontoon.addr);
        let code = if case == "header" { -32602 } else { -32020 };
        response.expect_error(400, code, case);
        assert_eq!(response.json()["id"], 5, "{case}");
    }
    let legacy = target.proxy().options(&["--revisions", "2025-06-18,2025-11-25"]).start();
    let response = Request::post(modern.to_string()).header(header.0, header.1).send(legacy.addr);
    response.expect_error(400, -32022, "not served");
    let data = response.json()["error"]["data"].clone();
    let supported = json!(["2025-11-25", "2025-06-18"]);
    assert_eq!((&data["supported"], &data["requested"]), (&supported, &json!(header.1)));
}
