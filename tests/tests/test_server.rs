//! `test-server` by itself: it must be correct before other tests can rely on it.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

struct Conversation {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl Conversation {
    fn start(flags: &[&str]) -> Conversation {
        let mut child = Command::new(pontoon_suite::target::test_server())
            .args(flags)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Conversation { child, stdin, stdout }
    }

    fn say(&mut self, line: impl ToString) {
        writeln!(self.stdin.as_ref().unwrap(), "{}", line.to_string()).unwrap();
    }

    fn line(&mut self) -> String {
        let mut line = Vec::new();
        self.stdout.read_until(b'\n', &mut line).unwrap();
        String::from_utf8_lossy(&line).into_owned()
    }

    fn message(&mut self) -> Value {
        self.line().parse().unwrap()
    }

    fn call(&mut self, id: Value, tool: &str, arguments: Value) {
        self.say(json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params":
            {"name": tool, "arguments": arguments, "_meta": {"progressToken": "t"}}}));
    }

    fn status(mut self) -> std::process::ExitStatus {
        drop(self.stdin.take());
        self.child.wait().unwrap()
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn speaks_the_protocol() {
    let mut child = Conversation::start(&[]);
    child.say(json!({"jsonrpc": "2.0", "id": "a", "method": "initialize",
                     "params": {"protocolVersion": "2025-03-26"}}));
    let answer = child.message();
    assert_eq!(answer["id"], "a");
    assert_eq!(answer["result"]["protocolVersion"], "2025-03-26");
    child.say(json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
    child.say(json!({"jsonrpc": "2.0", "id": 2, "method": "ping"}));
    assert_eq!(child.message(), json!({"jsonrpc": "2.0", "id": 2, "result": {}}));
    child.say(json!({"jsonrpc": "2.0", "id": 3, "method": "tools/list"}));
    assert!(child.message()["result"]["tools"].as_array().unwrap().len() > 20);
    child.say(json!({"jsonrpc": "2.0", "id": 4, "method": "nothing"}));
    assert_eq!(child.message()["error"]["code"], -32601);
    assert_eq!(child.status().code(), Some(0), "exits in order when its input ends");
}

#[test]
fn every_listed_tool_is_known() {
    let mut child = Conversation::start(&[]);
    child.say(json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}));
    let list = child.message();
    let enders = ["crash", "ignore_stdin", "partial_exit", "close_stdout", "last_words"];
    for tool in list["result"]["tools"].as_array().unwrap() {
        let name = tool["name"].as_str().unwrap();
        if enders.contains(&name) {
            continue;
        }
        let mut child = Conversation::start(&[]);
        child.call(json!(1), name, json!({"n": 1, "bytes": 1000, "id": 1}));
        child.call(json!(2), "no such tool", json!({}));
        let mut line = child.line();
        while !line.contains("\"id\":2") {
            assert!(!line.contains("Unknown tool"), "{name}: {line}");
            assert!(!line.is_empty(), "{name} ends it");
            line = child.line();
        }
    }
}

#[test]
fn raw_returns_its_arguments_byte_for_byte() {
    let mut child = Conversation::start(&[]);
    let raw = r#"{"b": 1.0,  "a":[1e2,12345678901234567890123] }"#;
    child.say(format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"raw","arguments":{raw}}}}}"#
    ));
    assert!(child.line().contains(raw));
}

#[test]
fn cancelled_calls_are_not_answered() {
    let mut child = Conversation::start(&[]);
    child.call(json!(7), "sleep", json!({"ms": 60_000}));
    child.say(json!({"jsonrpc": "2.0", "method": "notifications/cancelled",
                     "params": {"requestId": 7}}));
    child.call(json!(8), "cancelled", json!({}));
    assert_eq!(child.message()["result"]["content"][0]["text"], "[\"7\"]");
}

#[test]
fn progress_comes_before_the_answer() {
    let mut child = Conversation::start(&["--crlf"]);
    child.call(json!(1), "progress", json!({"n": 2}));
    for step in 1..=2 {
        let line = child.line();
        assert!(line.ends_with("\r\n"), "{line:?}");
        assert_eq!(line.parse::<Value>().unwrap()["params"]["progress"], step);
    }
    assert_eq!(child.message()["id"], 1);
}

#[test]
fn asks_the_client_and_returns_its_answer() {
    let mut child = Conversation::start(&[]);
    child.call(json!(1), "ask", json!({"id": "q", "method": "roots/list", "params": {}}));
    assert_eq!(child.message()["method"], "roots/list");
    child.say(r#"{"jsonrpc":"2.0","id":"q","result":{"roots":[]}}"#);
    let answer = child.message();
    assert!(answer["result"]["content"][0]["text"].as_str().unwrap().contains("\"roots\":[]"));
}

/// Returns a modern request.
fn modern(id: u64, method: &str, mut params: Value) -> Value {
    params["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!("2026-07-28");
    let capabilities = json!({"roots": {}});
    params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = capabilities;
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
}

#[test]
fn speaks_the_modern_era_if_told() {
    let mut child = Conversation::start(&["--modern"]);
    child.say(json!({"jsonrpc": "2.0", "id": 1, "method": "initialize",
                     "params": {"protocolVersion": "2025-11-25"}}));
    let refused = child.message();
    assert_eq!(refused["error"]["code"], -32022);
    assert_eq!(refused["error"]["data"]["supported"], json!(["2026-07-28"]));
    child.say(json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"}));
    assert_eq!(child.message()["error"]["code"], -32602, "it says nothing of itself");
    child.say(modern(3, "server/discover", json!({})));
    let discovered = &child.message()["result"];
    assert_eq!(discovered["supportedVersions"], json!(["2026-07-28"]));
    assert_eq!(discovered["resultType"], "complete");
    child.say(modern(4, "tools/list", json!({})));
    assert_eq!(child.message()["result"]["ttlMs"], 0);
    for removed in ["ping", "logging/setLevel", "resources/subscribe"] {
        child.say(modern(5, removed, json!({})));
        assert_eq!(child.message()["error"]["code"], -32601, "{removed}");
    }
}

#[test]
fn asks_in_rounds_if_it_is_modern() {
    let mut child = Conversation::start(&["--modern"]);
    let roots = |id: &str| json!({"id": id, "method": "roots/list"});
    let rounds = json!({"rounds": [[roots("a"), roots("b")], [roots("c")]]});
    let mut params = json!({"name": "rounds", "arguments": rounds});
    let mut state = Value::Null;
    for (id, keys) in [(1, &["a", "b"][..]), (2, &["b"]), (3, &["c"])] {
        child.say(modern(id, "tools/call", params.clone()));
        let asked = child.message()["result"].clone();
        assert_eq!(asked["resultType"], "input_required", "{asked}");
        let asked_keys: Vec<_> = asked["inputRequests"].as_object().unwrap().keys().collect();
        assert_eq!(asked_keys, keys, "what is missing is asked for again");
        state = asked["requestState"].clone();
        params["inputResponses"] = json!({asked_keys[0]: {"roots": []}, "unknown": 5});
        params["requestState"] = state.clone();
        if state.is_null() {
            params.as_object_mut().unwrap().remove("requestState");
        }
    }
    assert!(state.is_string());
    child.say(modern(4, "tools/call", params));
    let text = child.message()["result"]["content"][0]["text"].clone();
    let answers: Value = text.as_str().unwrap().parse().unwrap();
    assert_eq!(answers, json!({"a": {"roots": []}, "b": {"roots": []}, "c": {"roots": []}}));
    let sampling = json!({"id": "s", "method": "sampling/createMessage"});
    child.say(modern(5, "tools/call", json!({"name": "ask", "arguments": sampling})));
    let refused = child.message();
    assert_eq!(refused["error"]["code"], -32021);
    assert_eq!(refused["error"]["data"]["requiredCapabilities"], json!({"sampling": {}}));
}

#[test]
fn tells_the_news_to_subscribers() {
    let mut child = Conversation::start(&["--modern"]);
    let wanted = json!({"toolsListChanged": true, "promptsListChanged": true});
    child.say(modern(1, "subscriptions/listen", json!({"notifications": wanted})));
    let wanted = json!({"resourceSubscriptions": ["test-server://notes"]});
    child.say(modern(2, "subscriptions/listen", json!({"notifications": wanted})));
    let subscription = |message: &Value| {
        message["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"].clone()
    };
    let acknowledged = child.message();
    assert_eq!(subscription(&acknowledged), 1);
    let granted = &acknowledged["params"]["notifications"];
    assert_eq!(granted, &json!({"toolsListChanged": true}), "it has no prompts");
    assert_eq!(subscription(&child.message()), 2);
    child.say(modern(3, "tools/call", json!({"name": "list_changed", "arguments": {}})));
    assert_eq!(child.message()["id"], 3);
    assert_eq!(subscription(&child.message()), 1);
    let updated = json!({"uri": "test-server://notes"});
    child.say(modern(4, "tools/call", json!({"name": "updated", "arguments": updated})));
    assert_eq!(child.message()["id"], 4);
    let update = child.message();
    assert_eq!((subscription(&update), &update["params"]["uri"]), (json!(2), &updated["uri"]));
    let cancelled = json!({"requestId": 1});
    child.say(json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": cancelled}));
    child.say(modern(5, "tools/call", json!({"name": "hush", "arguments": {}})));
    let ended = child.message();
    assert_eq!((&ended["id"], &ended["result"]["resultType"]), (&json!(2), &json!("complete")));
    assert_eq!(child.message()["id"], 5);
}

#[test]
fn ends_as_it_is_told() {
    assert_eq!(Conversation::start(&["--exit-at-start", "9"]).status().code(), Some(9));
    let mut child = Conversation::start(&[]);
    child.call(json!(1), "crash", json!({"code": 5}));
    assert_eq!(child.line(), "");
    assert_eq!(child.status().code(), Some(5));
    let mut child = Conversation::start(&["--exit-after", "2"]);
    child.call(json!(1), "echo", json!({"text": "x"}));
    child.message();
    child.call(json!(2), "echo", json!({"text": "x"}));
    assert_eq!(child.status().code(), Some(3));
}

#[test]
fn ignores_sigterm_if_told() {
    let mut child = Conversation::start(&["--ignore-term"]);
    child.call(json!(1), "echo", json!({"text": "x"}));
    child.message();
    let pid = rustix::process::Pid::from_child(&child.child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    child.call(json!(2), "echo", json!({"text": "still here"}));
    assert_eq!(child.message()["id"], 2);
    assert_eq!(child.status().code(), Some(0));
}

#[test]
fn records_what_it_reads() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = Conversation::start(&["--record", dir.path().to_str().unwrap()]);
    child.say(r#"{"jsonrpc":"2.0","id":1,  "method":"ping"}"#);
    child.message();
    let record = dir.path().join(format!("{}.in", child.child.id()));
    let kept = std::fs::read_to_string(record).unwrap();
    assert_eq!(kept, "{\"jsonrpc\":\"2.0\",\"id\":1,  \"method\":\"ping\"}\n");
}
