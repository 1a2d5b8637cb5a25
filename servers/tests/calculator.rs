//! The calculator from the client's point of view: messages in, messages out.

use std::sync::Arc;

use pontoon_core::server::{MessageContext, ServerConnection};
use pontoon_core::{Duration, HostStats, Instant, StateKey};
use pontoon_servers::calculator::{Calculator, Settings};
use serde_json::{Value, json};

struct Peer {
    connection: ServerConnection,
    now: Instant,
}

impl Peer {
    fn new() -> Self {
        Peer::with(Settings::default())
    }

    fn with(settings: Settings) -> Self {
        let connection = ServerConnection::new(Arc::new(Calculator::new(settings)));
        Peer { connection, now: Instant::from_micros(1_000) }
    }

    fn send(&mut self, message: &Value) -> Vec<Value> {
        let seal = StateKey::new([0; 32]);
        let at =
            MessageContext::without_http(self.now, Duration::from_secs(1_698_431_400), 7, &seal);
        let mut out = Vec::new();
        self.connection.handle_message(message.to_string().as_bytes(), &at, &mut out);
        messages(&out)
    }

    /// Sends a request that is answered at once, and returns the response.
    fn request(&mut self, method: &str, params: Value) -> Value {
        let request = json!({"jsonrpc": "2.0", "id": "req-1", "method": method, "params": params});
        let mut said = self.send(&request);
        assert_eq!(said.len(), 1, "{said:?}");
        assert_eq!(said[0]["id"], "req-1");
        said.remove(0)
    }

    fn call(&mut self, name: &str, arguments: Value) -> Value {
        self.request("tools/call", json!({"name": name, "arguments": arguments}))
    }

    fn error(&mut self, method: &str, params: Value) -> (i64, String) {
        let answer = self.request(method, params);
        let error = &answer["error"];
        (error["code"].as_i64().unwrap(), error["message"].as_str().unwrap().to_owned())
    }

    /// Moves the time to the next deadline.
    fn wait(&mut self) -> (Duration, Vec<Value>) {
        let due = self.connection.poll_timeout().unwrap();
        let waited = due.since(self.now);
        self.now = due;
        let seal = StateKey::new([0; 32]);
        let at = MessageContext::without_http(self.now, Duration::ZERO, 0, &seal);
        let mut out = Vec::new();
        self.connection.handle_timeout(&at, &mut out);
        (waited, messages(&out))
    }
}

fn messages(out: &[u8]) -> Vec<Value> {
    out.split_inclusive(|byte| *byte == b'\n')
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect()
}

#[test]
fn the_documented_batch_is_answered_as_documented() {
    let batch = json!([{
        "jsonrpc": "2.0",
        "id": "req-1",
        "method": "tools/call",
        "params": {
            "name": "calculate",
            "arguments": { "a": 100, "b": 5, "op": "divide", "precision": 4 }
        }
    }]);
    let said = Peer::new().send(&batch);
    let answer =
        said.iter().flat_map(|it| it.as_array().map_or(vec![it], |it| it.iter().collect()));
    let answers: Vec<_> = answer.collect();
    assert_eq!(answers.len(), 1);
    let result = &answers[0]["result"];
    assert_eq!(
        result["content"],
        json!([{
            "type": "text",
            "text": "DIVIDE: 100 ÷ 5 = 20\n\nSteps:\nInput: 100 divide 5\nDivision: 100 ÷ 5 = 20\n\
                     Final result (4 decimal places): 20",
        }])
    );
    assert_eq!(result["metadata"]["result"], 20);
    assert_eq!(result["structuredContent"], result["metadata"]);
}

#[test]
fn digits_arrive_as_they_were_sent() {
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"calculate",
        "arguments":{"a":9007199254740993,"b":0.10000000000000000001,"op":"add","precision":20}}}"#;
    let mut peer = Peer::new();
    let seal = StateKey::new([0; 32]);
    let at = MessageContext::without_http(peer.now, Duration::ZERO, 0, &seal);
    let mut out = Vec::new();
    peer.connection.handle_message(call.as_bytes(), &at, &mut out);
    let answer = messages(&out).remove(0);
    assert_eq!(answer["result"]["metadata"]["result"], "9007199254740993.10000000000000000001");
    assert_eq!(answer["result"]["metadata"]["inputs"]["a"], "9007199254740993");
}

#[test]
fn arguments_are_checked_against_what_is_published() {
    let mut peer = Peer::new();
    for (arguments, message) in [
        (json!({"a": 1, "b": 2}), "params.arguments.op must be "),
        (json!({"a": "1", "b": 2, "op": "add"}), "params.arguments.a must be a number"),
        (json!({"a": 1, "op": "add"}), "params.arguments.b must be a number"),
        (
            json!({"a": 1, "b": 2, "op": "add", "precision": 101}),
            "params.arguments.precision must be a whole number from 0 to 100",
        ),
        (
            json!({"a": 1, "b": 2, "op": "add", "precision": 2.7}),
            "params.arguments.precision must be a whole number from 0 to 100",
        ),
        (json!(null), "params.arguments must be an object"),
        (json!([1, 2]), "params.arguments must be an object"),
    ] {
        let (code, said) =
            peer.error("tools/call", json!({"name": "calculate", "arguments": arguments}));
        assert!(code == -32602 && said.starts_with(message), "{said}");
    }
    let more = peer.call("calculate", json!({"a": 1, "b": 2, "op": "add", "more": [1]}));
    assert_eq!(more["result"]["metadata"]["result"], 3);
    let huge = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"calculate","arguments":{"a":1e999999,"b":1,"op":"add"}}}"#;
    let seal = StateKey::new([0; 32]);
    let at = MessageContext::without_http(peer.now, Duration::ZERO, 0, &seal);
    let mut out = Vec::new();
    peer.connection.handle_message(huge.as_bytes(), &at, &mut out);
    assert_eq!(messages(&out)[0]["error"]["code"], -32602);
}

#[test]
fn tools_that_are_not_there_say_why() {
    let mut peer = Peer::new();
    let mut error = |name: &str, arguments: Value| {
        peer.error("tools/call", json!({"name": name, "arguments": arguments}))
    };
    let unavailable = (-32004, "Available in extended build".to_owned());
    assert_eq!(error("solve_math_problem", json!({"problem": "x"})), unavailable);
    assert_eq!(error("explain_formula", json!({"formula": "x"})), unavailable);
    assert_eq!(error("calculator_assistant", json!({"query": "x"})), unavailable);
    assert_eq!(error("batch_calculate", json!({})).0, -32601);
    assert_eq!(error("advanced_calculate", json!({})).0, -32601);
    assert_eq!(error("nothing", json!({})), (-32602, "Unknown tool: nothing".to_owned()));
}

#[test]
fn progress_is_told_with_the_token_of_the_client() {
    let mut peer = Peer::new();
    let request = json!({
        "jsonrpc": "2.0", "id": "req-2", "method": "tools/call",
        "params": {"name": "demo_progress", "arguments": {}, "_meta": {"progressToken": "t"}},
    });
    assert_eq!(peer.send(&request), Vec::<Value>::new());
    for step in 1..=5 {
        let (waited, said) = peer.wait();
        assert_eq!(waited, Duration::from_millis(200));
        let params = &said[0]["params"];
        assert_eq!(said[0]["method"], "notifications/progress");
        assert_eq!(params["progressToken"], "t");
        assert_eq!(params["progress"].as_f64(), Some(f64::from(step) / 5.0));
        assert_eq!(params["message"], format!("Progress step {step} of 5"));
        if step == 5 {
            let text = &said[1]["result"]["content"][0]["text"];
            assert_eq!(text, "Progress demonstration completed with 5 steps");
        } else {
            assert_eq!(said.len(), 1);
        }
    }
    assert!(peer.connection.is_idle());
}

#[test]
fn the_uptime_is_that_of_the_facts() {
    let mut peer = Peer::new();
    let request = json!({
        "jsonrpc": "2.0", "id": 1, "method": "resources/read",
        "params": {"uri": "calculator://stats"},
    });
    assert_eq!(peer.send(&request), Vec::<Value>::new());
    assert!(peer.connection.wants_stats());
    let mut facts = HostStats::default();
    facts.process.uptime = Duration::from_millis(1234);
    let seal = StateKey::new([0; 32]);
    let at = MessageContext::without_http(peer.now, Duration::ZERO, 0, &seal);
    let mut out = Vec::new();
    peer.connection.handle_stats(&facts, &at, &mut out);
    let contents = &messages(&out)[0]["result"]["contents"][0];
    assert_eq!(contents["text"], "{\n  \"uptimeMs\": 1234\n}");
    assert_eq!(contents["mimeType"], "application/json");
}

#[test]
fn resources_there_are_not_are_not_found() {
    let mut peer = Peer::new();
    let history = json!({"uri": "calculator://history/1"});
    assert_eq!(peer.error("resources/read", history), (-32002, "404 Not Found".to_owned()));
    assert_eq!(peer.error("resources/read", json!({"uri": "calculator://x"})).0, -32002);
    assert_eq!(peer.error("resources/read", json!({"uri": "not a uri"})).0, -32602);
    assert_eq!(peer.error("resources/subscribe", json!({"uri": "calculator://stats"})).0, -32601);
}

#[test]
fn the_sample_tool_is_listed_first() {
    let settings = Settings::default().sample_tool("educational_echo").unwrap();
    let mut peer = Peer::with(settings);
    let listed = peer.request("tools/list", json!({}));
    assert_eq!(listed["result"]["tools"][0]["name"], "educational_echo");
    assert_eq!(listed["result"]["tools"][1]["name"], "calculate");
    let answer = peer.call("educational_echo", json!({"message": "Hello MCP!"}));
    let text = &answer["result"]["content"][0]["text"];
    assert_eq!(text, r#"Sample tool "educational_echo" received: Hello MCP!"#);
    let unset = Peer::new().request("tools/list", json!({}));
    assert_eq!(unset["result"]["tools"].as_array().unwrap().len(), 5);
}

#[test]
fn a_prompt_is_one_message_of_the_user() {
    let mut peer = Peer::new();
    let params = json!({"name": "calculator-tutor"});
    let lesson = peer.request("prompts/get", params);
    assert_eq!(lesson["result"]["messages"][0]["role"], "user");
    let count =
        json!({"name": "generate-problems", "arguments": {"topic": "division", "count": 3}});
    let (code, message) = peer.error("prompts/get", count);
    assert_eq!((code, &*message), (-32602, "params.arguments.count must be a string"));
    let completed = peer.request(
        "completion/complete",
        json!({
            "ref": {"type": "ref/prompt", "name": "explain-calculation"},
            "argument": {"name": "level", "value": "a"},
        }),
    );
    assert_eq!(completed["result"]["completion"]["values"], json!(["advanced"]));
}
