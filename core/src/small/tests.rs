use serde_json::{Value, json};

use super::*;
use crate::time::Duration;

/// A client: says things, moves time, and reads what comes back.
struct Client {
    server: Server,
    now: Instant,
}

impl Client {
    fn new() -> Self {
        Client { server: Server::new(), now: Instant::from_micros(1_000) }
    }

    fn with_capabilities(capabilities: &Value) -> Self {
        let mut client = Client::new();
        let params = json!({"protocolVersion": "2025-11-25", "capabilities": capabilities});
        client.request(json!(0), "initialize", params);
        client
    }

    fn raw(&mut self, line: impl AsRef<[u8]>) -> Vec<Value> {
        let mut out = Vec::new();
        self.server.handle_line(line.as_ref(), self.now, &mut out);
        messages(&out)
    }

    fn request(&mut self, id: Value, method: &str, params: Value) -> Vec<Value> {
        let request = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        self.raw(request.to_string())
    }

    /// Sends a request that is answered at once, and returns the answer.
    fn answer(&mut self, method: &str, params: Value) -> Value {
        let mut said = self.request(json!(1), method, params);
        assert_eq!(said.len(), 1, "{said:?}");
        assert_eq!(said[0]["id"], 1);
        said.remove(0)
    }

    fn call(&mut self, name: &str, arguments: Value) -> Value {
        self.answer("tools/call", json!({"name": name, "arguments": arguments}))
    }

    fn notify(&mut self, method: &str, params: Value) -> Vec<Value> {
        self.raw(json!({"jsonrpc": "2.0", "method": method, "params": params}).to_string())
    }

    fn reply(&mut self, id: &Value, result: Value) -> Vec<Value> {
        self.raw(json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string())
    }

    fn pass(&mut self, millis: u64) -> Vec<Value> {
        self.now = self.now + Duration::from_millis(millis);
        let mut out = Vec::new();
        self.server.handle_timeout(self.now, &mut out);
        messages(&out)
    }

    fn start_slow(&mut self, id: Value, arguments: Value) -> Vec<Value> {
        let meta = json!({"progressToken": id});
        let params = json!({"name": "slow", "arguments": arguments, "_meta": meta});
        self.request(id, "tools/call", params)
    }
}

fn messages(out: &[u8]) -> Vec<Value> {
    assert!(out.is_empty() || out.ends_with(b"\n"), "a line is not ended");
    let lines = out.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_slice(line).expect("every line is JSON")).collect()
}

fn text(answer: &Value) -> &str {
    assert_eq!(answer["result"]["content"][0]["type"], "text", "{answer}");
    answer["result"]["content"][0]["text"].as_str().unwrap()
}

fn error(answer: &Value) -> (i64, &str) {
    let error = &answer["error"];
    (error["code"].as_i64().unwrap(), error["message"].as_str().unwrap())
}

#[test]
fn initialize_agrees_on_the_revision_asked_for_or_offers_the_newest() {
    let cases = [
        ("2024-11-05", "2024-11-05"),
        ("2025-03-26", "2025-03-26"),
        ("2025-06-18", "2025-06-18"),
        ("2025-11-25", "2025-11-25"),
        ("2026-07-28", "2025-11-25"),
        ("yesterday", "2025-11-25"),
    ];
    for (asked, agreed) in cases {
        let params = json!({"protocolVersion": asked, "capabilities": {}});
        let result = &Client::new().answer("initialize", params)["result"];
        assert_eq!(result["protocolVersion"], agreed, "{asked}");
        assert_eq!(result["serverInfo"]["name"], "pontoon-echo");
        assert_eq!(result["capabilities"]["tools"], json!({"listChanged": true}));
        assert_eq!(result["capabilities"]["logging"], json!({}));
    }
    assert_eq!(
        Client::new().answer("initialize", json!({}))["result"]["protocolVersion"],
        "2025-11-25"
    );
}

#[test]
fn initialize_names_the_field_that_is_wrong() {
    let cases = [
        (json!({"protocolVersion": null}), "params.protocolVersion must be a string"),
        (json!({"protocolVersion": 1}), "params.protocolVersion must be a string"),
        (json!({"capabilities": []}), "params.capabilities must be an object"),
    ];
    for (params, message) in cases {
        assert_eq!(error(&Client::new().answer("initialize", params)), (-32602, message));
    }
}

#[test]
fn tools_are_listed_with_schemas_on_one_line() {
    let mut client = Client::new();
    let answer = client.answer("tools/list", json!({}));
    let tools = answer["result"]["tools"].as_array().unwrap();
    let names: Vec<_> = tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["echo", "add", "slow", "ask", "announce"]);
    for tool in tools {
        assert_eq!(tool["inputSchema"]["type"], "object");
        assert!(!tool["description"].as_str().unwrap().is_empty());
    }
    let answer = client.answer("tools/list", json!({"cursor": "2"}));
    assert_eq!(error(&answer), (-32602, "params.cursor is unknown: there is only one page"));
}

#[test]
fn echo_answers_with_the_very_bytes_of_the_message() {
    let mut client = Client::new();
    let message = r#""q \" \\ \/ \u00e9 é \ud800 \n""#;
    let line = format!(
        r#"{{"jsonrpc":"2.0","method":"tools/call","params":{{"arguments":{{"message":{message}}},"name":"echo"}},"id":"a\"1"}}"#
    );
    let mut out = Vec::new();
    client.server.handle_line(line.as_bytes(), client.now, &mut out);
    let wanted = format!(
        r#"{{"jsonrpc":"2.0","id":"a\"1","result":{{"content":[{{"type":"text","text":{message}}}]}}}}"#
    );
    assert_eq!(String::from_utf8(out).unwrap(), wanted + "\n");
}

#[test]
fn echo_finds_the_tool_by_a_name_with_escapes() {
    let line = r#"{"jsonrpc":"2.0","id":1,"method":"tools\/call","params":{"name":"\u0065cho","arguments":{"message":"hi"}}}"#;
    assert_eq!(text(&Client::new().raw(line)[0]), "hi");
}

#[test]
fn add_is_exact_for_whole_numbers() {
    let cases = [
        ("1", "2", "3"),
        ("9007199254740993", "1", "9007199254740994"),
        ("18446744073709551615", "18446744073709551615", "36893488147419103230"),
        ("-5", "5", "0"),
        ("1.5", "1.5", "3"),
        ("0.1", "0.2", "0.30000000000000004"),
        ("1e2", "1", "101"),
        ("-0.5", "0", "-0.5"),
        ("1e300", "0", "1e+300"),
    ];
    for (a, b, sum) in cases {
        let line = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"add","arguments":{{"a":{a},"b":{b}}}}}}}"#
        );
        let mut out = Vec::new();
        Server::new().handle_line(line.as_bytes(), Instant::ZERO, &mut out);
        let answer = String::from_utf8(out).unwrap();
        assert!(answer.contains(&format!(r#""text":"{sum}""#)), "{a} + {b}: {answer}");
        assert!(answer.contains(&format!(r#""structuredContent":{{"sum":{sum}}}"#)), "{answer}");
    }
}

#[test]
fn bad_arguments_are_named() {
    let cases = [
        (json!({"name": "echo"}), "params.arguments.message must be a string"),
        (json!({"name": "echo", "arguments": null}), "params.arguments must be an object"),
        (json!({"name": "echo", "arguments": ["x"]}), "params.arguments must be an object"),
        (
            json!({"name": "echo", "arguments": {"message": null}}),
            "params.arguments.message must be a string",
        ),
        (json!({"name": "add", "arguments": {"a": 1}}), "params.arguments.b must be a number"),
        (
            json!({"name": "add", "arguments": {"a": "1", "b": 2}}),
            "params.arguments.a must be a number",
        ),
        (
            json!({"name": "slow", "arguments": {"steps": 0}}),
            "params.arguments.steps must be a whole number from 1 to 100",
        ),
        (
            json!({"name": "slow", "arguments": {"steps": 1.5}}),
            "params.arguments.steps must be a whole number from 1 to 100",
        ),
        (
            json!({"name": "slow", "arguments": {"interval_ms": 10_001}}),
            "params.arguments.interval_ms must be a whole number from 0 to 10000",
        ),
        (
            json!({"name": "slow", "_meta": {"progressToken": 1.5}}),
            "params._meta.progressToken must be a string or a whole number",
        ),
        (
            json!({"name": "ask", "arguments": {"question": 5}}),
            "params.arguments.question must be a string",
        ),
        (json!({"name": "nope"}), "unknown tool: nope"),
        (json!({}), "params.name must be a string"),
        (json!([]), "params must be an object"),
    ];
    for (params, message) in cases {
        let answer = Client::new().answer("tools/call", params.clone());
        assert_eq!(error(&answer), (-32602, message), "{params}");
    }
    let line =
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","name":"add"}}"#;
    assert_eq!(error(&Client::new().raw(line)[0]), (-32602, "params holds a key twice"));
    let line = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"add","arguments":{"a":1e400,"b":0}}}"#;
    assert_eq!(error(&Client::new().raw(line)[0]), (-32602, "params.arguments.a is out of range"));
}

#[test]
fn what_is_no_message_is_answered_with_an_error() {
    let cases: [(&[u8], i64, Option<Value>); 15] = [
        (b"{", -32700, None),
        (b"nonsense", -32700, None),
        (b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\"}", -32700, None),
        (b"5", -32600, None),
        (b"null", -32600, None),
        (b"[]", -32600, None),
        (br#"["2.0",1,"ping"]"#, -32600, None),
        (br#"{"id":1,"method":"ping"}"#, -32600, Some(json!(1))),
        (br#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#, -32600, Some(json!(1))),
        (br#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, -32600, None),
        (br#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, -32600, None),
        (br#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#, -32600, None),
        (br#"{"jsonrpc":"2.0","id":1,"method":7}"#, -32600, Some(json!(1))),
        (br#"{"jsonrpc":"2.0","id":1}"#, -32600, Some(json!(1))),
        (br#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#, -32600, None),
    ];
    for (line, code, id) in cases {
        let said = Client::new().raw(line);
        let shown = String::from_utf8_lossy(line);
        assert_eq!(said.len(), 1, "{shown}");
        assert_eq!(error(&said[0]).0, code, "{shown}");
        assert_eq!(said[0].get("id").cloned(), id, "{shown}");
    }
}

#[test]
fn unknown_methods_are_refused_and_unknown_notifications_passed_over() {
    let mut client = Client::new();
    for params in [json!({}), json!([1])] {
        let answer = client.answer("resources/list", params);
        assert_eq!(error(&answer), (-32601, "unknown method: resources/list"));
    }
    assert!(client.notify("notifications/initialized", json!({})).is_empty());
    assert!(client.notify("tools/call", json!({"name": "announce"})).is_empty());
    assert!(client.raw("  \r").is_empty());
    assert!(client.reply(&json!(99), json!({})).is_empty(), "nobody asked");
    assert_eq!(client.answer("ping", json!({}))["result"], json!({}));
}

#[test]
fn batches_belong_to_one_revision() {
    let batch =
        r#"[{"jsonrpc":"2.0","id":1,"method":"ping"},7,{"jsonrpc":"2.0","id":2,"method":"ping"}]"#;
    let mut client = Client::new();
    assert_eq!(error(&client.raw(batch)[0]).0, -32600);
    client.answer("initialize", json!({"protocolVersion": "2025-03-26"}));
    let said = client.raw(batch);
    assert_eq!(said.len(), 3);
    assert_eq!((&said[0]["id"], error(&said[1]).0, &said[2]["id"]), (&json!(1), -32600, &json!(2)));
    assert_eq!(error(&client.raw("[]")[0]).0, -32600);
    assert_eq!(error(&client.raw("[1,")[0]).0, -32700);
}

#[test]
fn slow_tells_each_step_and_then_answers() {
    let mut client = Client::new();
    assert_eq!(client.server.poll_timeout(), None);
    assert!(client.start_slow(json!("t"), json!({"steps": 2, "interval_ms": 100})).is_empty());
    assert_eq!(client.server.poll_timeout(), Some(client.now + Duration::from_millis(100)));
    assert!(client.pass(99).is_empty());
    let said = client.pass(1);
    let progress =
        json!({"progressToken": "t", "progress": 1, "total": 2, "message": "step 1 of 2"});
    assert_eq!(said.len(), 1);
    assert_eq!(
        (&said[0]["method"], &said[0]["params"]),
        (&json!("notifications/progress"), &progress)
    );
    let said = client.pass(100);
    assert_eq!(said.len(), 3);
    assert_eq!(said[0]["params"]["progress"], 2);
    assert_eq!(said[1]["method"], "notifications/message");
    assert_eq!(said[1]["params"]["level"], "info");
    assert_eq!((&said[2]["id"], text(&said[2])), (&json!("t"), "done: 2 steps"));
    assert_eq!(client.server.poll_timeout(), None);
}

#[test]
fn slow_catches_up_when_called_late_and_can_be_done_at_once() {
    let mut client = Client::new();
    client.start_slow(json!(1), json!({}));
    let progress = |said: &[Value]| {
        said.iter().filter(|message| message["method"] == "notifications/progress").count()
    };
    assert_eq!(progress(&client.pass(650)), 3);
    assert_eq!(progress(&client.pass(3_600_000)), 2);
    let said = client.start_slow(json!(2), json!({"steps": 100, "interval_ms": 0}));
    assert_eq!(progress(&said), 100);
    assert_eq!(said.last().unwrap()["id"], 2);
}

#[test]
fn slow_calls_run_side_by_side_and_keep_nobody_waiting() {
    let mut client = Client::new();
    client.start_slow(json!(1), json!({"steps": 1, "interval_ms": 300}));
    client.start_slow(json!(2), json!({"steps": 1, "interval_ms": 100}));
    assert_eq!(text(&client.call("echo", json!({"message": "meanwhile"}))), "meanwhile");
    assert_eq!(client.pass(100).last().unwrap()["id"], 2);
    assert_eq!(client.pass(200).last().unwrap()["id"], 1);
}

#[test]
fn slow_is_silent_where_nobody_listens() {
    let mut client = Client::new();
    client.answer("logging/setLevel", json!({"level": "notice"}));
    let said = client.call("slow", json!({"steps": 3, "interval_ms": 0}));
    assert_eq!(text(&said), "done: 3 steps");
    let answer = client.answer("logging/setLevel", json!({"level": "loud"}));
    assert_eq!(error(&answer), (-32602, "params.level is no log level"));
}

#[test]
fn a_cancelled_call_is_never_answered() {
    let mut client = Client::new();
    client.start_slow(json!("1"), json!({}));
    client.start_slow(json!(1), json!({}));
    assert!(client.notify("notifications/cancelled", json!({"requestId": 1})).is_empty());
    assert!(client.notify("notifications/cancelled", json!({"requestId": "unknown"})).is_empty());
    let said = client.pass(10_000);
    let answers: Vec<_> = said.iter().filter_map(|message| message.get("id")).collect();
    assert_eq!(answers, [&json!("1")]);
    assert!(said.iter().all(|message| message["params"]["progressToken"] != 1));
}

#[test]
fn calls_that_last_are_limited_in_number() {
    let mut client = Client::new();
    for id in 0..CALLS_MAX {
        assert!(client.start_slow(json!(id), json!({})).is_empty());
    }
    let said = client.start_slow(json!("more"), json!({}));
    assert_eq!(said[0]["result"]["isError"], true);
}

#[test]
fn ask_asks_the_model_and_then_the_user() {
    let mut client = Client::with_capabilities(&json!({"sampling": {}, "elicitation": {}}));
    let params = json!({"name": "ask", "arguments": {"question": "Why?"}});
    let said = client.request(json!("q"), "tools/call", params);
    assert_eq!(said.len(), 1);
    assert_eq!(said[0]["method"], "sampling/createMessage");
    assert_eq!(said[0]["params"]["messages"][0]["content"]["text"], "Why?");
    assert!(said[0]["params"]["maxTokens"].is_u64());
    let content = json!({"type": "text", "text": "42"});
    let result = json!({"role": "assistant", "model": "m", "content": content});
    let said = client.reply(&said[0]["id"].clone(), result);
    assert_eq!(said[0]["method"], "elicitation/create");
    assert_eq!(said[0]["params"]["message"], "Why?");
    assert_eq!(said[0]["params"]["requestedSchema"]["type"], "object");
    let asked = said[0]["id"].clone();
    let said = client.reply(&asked, json!({"action": "accept", "content": {"answer": "so"}}));
    assert_eq!(said[0]["id"], "q");
    assert_eq!(text(&said[0]), "sampling: 42\nelicitation: accept {\"answer\":\"so\"}");
    assert_eq!(said[0]["result"].get("isError"), None);
    assert!(client.reply(&asked, json!({"action": "accept"})).is_empty(), "answered already");
}

#[test]
fn ask_asks_only_what_the_client_declared() {
    let cases = [
        (json!({"sampling": {}}), Some("sampling/createMessage")),
        (json!({"elicitation": {}}), Some("elicitation/create")),
        (json!({"elicitation": {"form": {}, "url": {}}}), Some("elicitation/create")),
        (json!({"elicitation": {"url": {}}}), None),
        (json!({"roots": {}}), None),
    ];
    for (capabilities, method) in cases {
        let mut client = Client::with_capabilities(&capabilities);
        let said = client.request(json!(1), "tools/call", json!({"name": "ask"}));
        assert_eq!(said.len(), 1);
        match method {
            Some(method) => {
                assert_eq!(said[0]["method"], method, "{capabilities}");
                let asked = said[0]["id"].clone();
                assert_eq!(client.reply(&asked, json!({}))[0]["id"], 1);
            }
            None => {
                assert_eq!(said[0]["result"]["isError"], true, "{capabilities}");
                assert!(text(&said[0]).contains("neither sampling nor elicitation"));
            }
        }
    }
}

#[test]
fn ask_tells_of_an_answer_that_is_an_error() {
    let mut client = Client::with_capabilities(&json!({"sampling": {}}));
    let said = client.request(json!(1), "tools/call", json!({"name": "ask"}));
    let refusal = json!({"jsonrpc": "2.0", "id": said[0]["id"],
        "error": {"code": -1, "message": "User rejected"}});
    let said = client.raw(refusal.to_string());
    assert_eq!(said[0]["result"]["isError"], true);
    assert_eq!(text(&said[0]), "sampling failed: User rejected");
}

#[test]
fn ask_withdraws_its_question_when_cancelled() {
    let mut client = Client::with_capabilities(&json!({"elicitation": {}}));
    let first = client.request(json!(1), "tools/call", json!({"name": "ask"}));
    let second = client.request(json!(2), "tools/call", json!({"name": "ask"}));
    assert_ne!(first[0]["id"], second[0]["id"]);
    let said = client.notify("notifications/cancelled", json!({"requestId": 1}));
    assert_eq!(said.len(), 1);
    assert_eq!(said[0]["method"], "notifications/cancelled");
    assert_eq!(said[0]["params"]["requestId"], first[0]["id"]);
    assert!(client.reply(&first[0]["id"], json!({"action": "decline"})).is_empty());
    let said = client.reply(&second[0]["id"], json!({"action": "decline"}));
    assert_eq!((&said[0]["id"], text(&said[0])), (&json!(2), "elicitation: decline"));
}

#[test]
fn announce_notifies_before_it_answers() {
    let said = Client::new().request(json!(1), "tools/call", json!({"name": "announce"}));
    assert_eq!(said.len(), 2);
    assert_eq!(said[0]["method"], "notifications/tools/list_changed");
    assert_eq!(text(&said[1]), "announced");
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever comes in, what goes out is lines of JSON.
        #[test]
        fn any_bytes_are_survived(lines in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 0..8)) {
            let mut client = Client::new();
            for line in lines {
                client.raw(line);
            }
        }

        #[test]
        fn echo_returns_any_text(message in any::<String>()) {
            let answer = Client::new().call("echo", json!({"message": message}));
            prop_assert_eq!(text(&answer), message);
        }

        #[test]
        fn add_agrees_with_wide_integers(a in any::<i64>(), b in any::<i64>()) {
            let answer = Client::new().call("add", json!({"a": a, "b": b}));
            prop_assert_eq!(text(&answer), (i128::from(a) + i128::from(b)).to_string());
        }
    }
}
