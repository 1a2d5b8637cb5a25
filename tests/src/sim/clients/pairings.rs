//! Clients of both eras in front of a command of either, and a simple model of their answers: the
//! result of a call depends only on its arguments and on its own client's answers.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{Run, Setup};
use crate::client::{NEWEST, initialize, tool_call};
use crate::modern::{self, SUBSCRIPTION, every_capability, signed};
use crate::response;
use crate::sim::link::Link;
use crate::sim::lock;
use crate::sim::rng::Rng;
use crate::wire::{Event, Request, Response};

/// Returns the settings of this program and its children.
pub(super) fn setup(rng: &mut Rng) -> Setup {
    let mut options = Vec::new();
    let mut option = |name: &str, value: &str| options.extend([name, value].map(str::to_owned));
    let is_modern = rng.once_in(2);
    option("--child-era", if is_modern { "modern" } else { "legacy" });
    option("--child-per", rng.choose(&["call", "principal", "session", "shared"]));
    let warm = rng.choose(&[0, 0, 2]);
    option("--warm-children", &warm.to_string());
    let mut is_fragile = false;
    for (name, values) in [("--request-timeout", &["1", "3"][..]), ("--max-sessions", &["2", "4"])]
    {
        if rng.once_in(5) {
            option(name, rng.choose(values));
            is_fragile = true;
        }
    }
    let mut flags = Vec::new();
    for flag in [&["--crlf"][..], &["--delay-init", "300"], &["--exit-after", "9"], &["--noise"]] {
        if rng.once_in(5) {
            flags.extend(flag);
        }
    }
    let ends_children = rng.once_in(3);
    is_fragile |= ends_children || flags.contains(&"--exit-after");
    if is_modern {
        flags.push("--modern");
    }
    Setup { options, flags, is_fragile, ends_children, ready: 1 + if is_modern { 0 } else { warm } }
}

/// Runs a few calls, one after the other.
pub(super) async fn run(run: &Run, number: u64, rng: Rng) {
    let mut client = Client { run, number, calls: 0, session: None, rng };
    let is_legacy = client.rng.once_in(2);
    if is_legacy && !client.open().await {
        return;
    }
    for _ in 0..client.rng.range(3..12) {
        run.pause(Duration::from_millis(client.rng.range(0..300))).await;
        client.act().await;
    }
    if let Some(session) = &client.session {
        let request = Request::new("DELETE", "/mcp").header("Mcp-Session-Id", session);
        client.exchange(&request).await;
    }
}

/// A client.
struct Client<'a> {
    run: &'a Run,
    number: u64,
    calls: u64,
    /// The session of a legacy client.
    session: Option<String>,
    rng: Rng,
}

/// The result of a request.
enum Outcome {
    Asked(Value),
    Text(String),
    /// It failed, in a world with failures.
    Failed,
}

impl Client<'_> {
    async fn open(&mut self) -> bool {
        let mut body = initialize(NEWEST);
        body["id"] = json!(self.next_id());
        let Some(response) = self.exchange(&Request::post(body.to_string())).await else {
            return false;
        };
        let Some(session) = response.header("mcp-session-id") else {
            assert!(self.run.is_fragile, "{}", response.describe());
            return false;
        };
        self.run.session_opened(session);
        self.session = Some(session.to_owned());
        let initialized = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        self.notify(&initialized).await;
        true
    }

    async fn act(&mut self) {
        match self.rng.range(0..10) {
            0 => self.disconnect().await,
            1 => self.listen().await,
            2 => {
                let what = self.rng.choose(&["tools", "resources"]);
                self.expect("list_changed", json!({"what": what}), "will change").await;
            }
            3 if self.run.ends_children => self.end_child().await,
            3..=6 => self.call_with_questions().await,
            7 => {
                let n = self.rng.range(1..6);
                self.expect("progress", json!({"n": n, "ms": 20}), "done").await;
            }
            _ => {
                let text = format!("{} {}", self.number, self.rng.next_u64());
                let ms = self.rng.choose(&[0, 1, 30, 700]);
                self.expect("echo", json!({"text": text, "ms": ms}), &text).await;
            }
        }
    }

    fn next_id(&mut self) -> String {
        self.calls += 1;
        format!("{}.{}", self.number, self.calls)
    }

    /// Returns a call in the format of this client's era. All progress tokens are equal.
    fn call(&mut self, tool: &str, arguments: Value) -> Value {
        let id = self.next_id();
        let mut call = match self.session {
            Some(_) => tool_call(id, tool, arguments),
            None => {
                let params = json!({"name": tool, "arguments": arguments});
                modern::request(id, "tools/call", params, &every_capability())
            }
        };
        call["params"]["_meta"]["progressToken"] = json!("the same");
        call
    }

    fn sign(&self, body: &Value) -> Request {
        match &self.session {
            None => signed(body).header("Authorization", format!("Bearer {}", self.number % 2)),
            Some(session) => Request::post(body.to_string())
                .with("Accept", "text/event-stream, application/json")
                .header("Mcp-Session-Id", session)
                .header("MCP-Protocol-Version", NEWEST),
        }
    }

    /// Sends a request and reads the answer, or returns `None` if the program does not listen any
    /// more.
    async fn exchange(&mut self, request: &Request) -> Option<Response> {
        let mut link = self.run.connect()?;
        link.send(&request.bytes()).await;
        Some(self.finish(&mut link).await)
    }

    async fn finish(&mut self, link: &mut Link) -> Response {
        let response = link.response(STEP_TIME_MAX).await;
        let response = response.unwrap_or_else(|broken| panic!("no answer: {broken}"));
        self.run.record(&(response.status(), &response.body));
        lock(&self.run.log).stats.answers += 1;
        let more = link.rest(Duration::from_millis(50)).await;
        assert!(more.is_empty(), "behind the answer: {}", more.escape_ascii());
        response
    }

    /// Sends a message without an answer.
    async fn notify(&mut self, body: &Value) {
        let request = self.sign(body);
        if let Some(response) = self.exchange(&request).await {
            let is_taken = response.status() == 202;
            assert!(is_taken || self.run.is_fragile, "{}", response.describe());
        }
    }

    /// Checks the response to this call: one answer, and rising progress before it.
    fn check(&self, call: &Value, response: &Response) -> Outcome {
        let case = response.describe();
        let statuses = [200, 400, 404, 408, 502, 503, 504];
        assert!(statuses.contains(&response.status()), "{case}");
        if response.status() == 408 {
            return Outcome::Failed;
        }
        let messages = response.messages();
        let (said, answers): (Vec<_>, Vec<_>) =
            messages.iter().partition(|message| message["method"].is_string());
        let [answer] = answers[..] else { panic!("not one answer: {messages:?}") };
        let steps: Vec<_> = said
            .iter()
            .filter(|message| message["method"] == "notifications/progress")
            .map(|message| {
                assert_eq!(message["params"]["progressToken"], "the same", "{message}");
                message["params"]["progress"].as_u64().expect("a number")
            })
            .collect();
        assert!(steps.is_sorted_by(|a, b| a < b), "{messages:?}");
        if answer["error"].is_object() {
            assert!(self.run.is_fragile, "{call}: {case}");
            return Outcome::Failed;
        }
        assert_eq!(answer["id"], call["id"], "{case}");
        let result = &answer["result"];
        if self.session.is_some() {
            assert_eq!(result.get("resultType"), None, "{case}");
        } else if result["resultType"] == "input_required" {
            return Outcome::Asked(answer.clone());
        } else {
            assert_eq!(result["resultType"], "complete", "{case}");
        }
        if call["params"]["name"] == "progress" {
            let n = call["params"]["arguments"]["n"].as_u64().expect("a number");
            assert_eq!(steps, (1..=n).collect::<Vec<_>>(), "steps are missing: {case}");
        }
        let text = result["content"][0]["text"].as_str();
        Outcome::Text(text.unwrap_or_else(|| panic!("no text: {case}")).to_owned())
    }

    /// Makes a call without questions.
    async fn expect(&mut self, tool: &str, arguments: Value, text: &str) {
        let call = self.call(tool, arguments);
        let request = self.sign(&call);
        let Some(response) = self.exchange(&request).await else { return };
        match self.check(&call, &response) {
            Outcome::Text(given) => assert_eq!(given, text, "another's answer"),
            Outcome::Asked(asked) => panic!("nothing was to be asked: {asked}"),
            Outcome::Failed => {}
        }
    }

    /// Makes a call that ends its process once it has answered. The answer arrives, although the
    /// process has ended by then.
    async fn end_child(&mut self) {
        let text = format!("{} {}", self.number, self.rng.next_u64());
        let call = self.call("last_words", json!({"text": text}));
        let request = self.sign(&call);
        let Some(response) = self.exchange(&request).await else { return };
        match self.check(&call, &response) {
            Outcome::Text(given) => assert_eq!(given, text, "another's answer"),
            Outcome::Asked(asked) => panic!("nothing was to be asked: {asked}"),
            Outcome::Failed => {
                let children = &self.run.children;
                let said = |child| children.note(child, "last_words").as_deref() == Some(&*text);
                let was_answered = children.children().into_iter().any(said);
                let case = response.text();
                let is_lost = was_answered && case.contains("The MCP server process");
                assert!(!is_lost, "a child has answered, and its client got {case}");
            }
        }
    }

    /// Returns the questions of a call, in rounds.
    fn rounds(&mut self) -> Value {
        let id = self.next_id();
        let mut rounds = Vec::new();
        for nth in 0..self.rng.range(1..4) {
            let count = self.rng.range(1..3);
            let asks: Vec<_> = (0..count)
                .map(|which| {
                    let key = format!("q{id}.{nth}.{which}");
                    let words = format!("only for {}", self.number);
                    match self.rng.range(0..3) {
                        0 => json!({"id": key, "method": "roots/list"}),
                        1 => {
                            let content = json!({"type": "text", "text": words});
                            let messages = json!([{"role": "user", "content": content}]);
                            let params = json!({"messages": messages, "maxTokens": 9});
                            json!({"id": key, "method": "sampling/createMessage", "params": params})
                        }
                        _ => {
                            let schema = json!({"type": "object", "properties": {}});
                            let params = json!({"message": words, "requestedSchema": schema});
                            json!({"id": key, "method": "elicitation/create", "params": params})
                        }
                    }
                })
                .collect();
            rounds.push(json!(asks));
        }
        json!({"rounds": rounds, "ms": self.rng.choose(&[0, 0, 20])})
    }

    /// Answers a question, after checking that it is for this client.
    fn answer(&mut self, question: &Value) -> Value {
        let method = question["method"].as_str().expect("a method");
        let text = question["params"].to_string();
        let is_own = text.contains(&format!("only for {}\"", self.number));
        assert!(is_own || method == "roots/list", "another's question: {question}");
        let secret = format!("{} said {}", self.number, self.rng.next_u64());
        match method {
            "elicitation/create" => json!({"action": "accept", "content": {"name": secret}}),
            "roots/list" => json!({"roots": [{"uri": "file:///root", "name": secret}]}),
            _ => json!({
                "role": "assistant",
                "content": {"type": "text", "text": secret},
                "model": "a model",
            }),
        }
    }

    /// Makes a call with questions; the call returns the answers.
    async fn call_with_questions(&mut self) {
        let arguments = self.rounds();
        let call = self.call("rounds", arguments);
        let mut said = BTreeMap::new();
        let given = match self.session {
            Some(_) => self.answer_server_requests(&call, &mut said).await,
            None => self.answer_in_rounds(&call, &mut said).await,
        };
        let Some(given) = given else { return };
        let heard: BTreeMap<String, Value> = serde_json::from_str(&given).expect("answers");
        assert_eq!(heard, said, "what was said is not what was heard");
        let asked: usize = call["params"]["arguments"]["rounds"]
            .as_array()
            .map_or(0, |rounds| rounds.iter().filter_map(Value::as_array).map(Vec::len).sum());
        assert_eq!(heard.len(), asked, "{heard:?}");
    }

    async fn answer_in_rounds(
        &mut self,
        call: &Value,
        said: &mut BTreeMap<String, Value>,
    ) -> Option<String> {
        let mut body = call.clone();
        loop {
            let request = self.sign(&body);
            let response = self.exchange(&request).await?;
            let asked = match self.check(&body, &response) {
                Outcome::Failed => return None,
                Outcome::Asked(asked) => asked,
                Outcome::Text(text) => {
                    self.replay_state(&body).await;
                    return Some(text);
                }
            };
            let mut answers = Map::new();
            for (key, question) in modern::asked(&asked) {
                assert!(!said.contains_key(key), "{key} is asked again: {asked}");
                // Missing answers are requested again.
                if !self.rng.once_in(6) {
                    let answer = self.answer(question);
                    said.insert(key.clone(), answer.clone());
                    answers.insert(key.clone(), answer);
                }
            }
            if self.rng.once_in(8) {
                return None;
            }
            let pause = self.rng.choose(&[0, 0, 50, 5_000]);
            self.run.pause(Duration::from_millis(pause)).await;
            body = call.clone();
            body["id"] = json!(self.next_id());
            body["params"]["inputResponses"] = Value::Object(answers);
            if let Some(state) = asked["result"].get("requestState") {
                body["params"]["requestState"] = state.clone();
            }
        }
    }

    /// A state is refused the second time, if a process waited for it.
    async fn replay_state(&mut self, body: &Value) {
        if self.run.is_modern || !self.rng.once_in(3) || body["params"]["requestState"].is_null() {
            return;
        }
        let request = self.sign(body);
        let Some(response) = self.exchange(&request).await else { return };
        if response.status() != 408 {
            assert_eq!(response.answer()["error"]["code"], -32602, "{}", response.describe());
        }
    }

    async fn answer_server_requests(
        &mut self,
        call: &Value,
        said: &mut BTreeMap<String, Value>,
    ) -> Option<String> {
        let request = self.sign(call).with("Accept", "text/event-stream");
        let mut link = self.run.connect()?;
        link.send(&request.bytes()).await;
        // The keys are those of the server, which a session may not get to see.
        let keys: Vec<String> = call["params"]["arguments"]["rounds"]
            .as_array()?
            .iter()
            .filter_map(Value::as_array)
            .flatten()
            .filter_map(|ask| ask["id"].as_str().map(str::to_owned))
            .collect();
        let mut answered = Vec::new();
        loop {
            let events = response::events_so_far(link.received()).expect("events");
            let questions: Vec<_> = events
                .iter()
                .filter_map(Event::message)
                .filter(|message| message["method"].is_string() && !message["id"].is_null())
                .collect();
            for question in questions.iter().skip(answered.len()) {
                let result = self.answer(question);
                answered.push(result.clone());
                let id = &question["id"];
                self.notify(&json!({"jsonrpc": "2.0", "id": id, "result": result})).await;
            }
            let is_whole = !matches!(response::parse(link.received(), false), Ok(None));
            if is_whole || !link.receive(STEP_TIME_MAX).await {
                break;
            }
        }
        let response = self.finish(&mut link).await;
        let messages = response.messages();
        let own: Vec<_> = messages.iter().filter(|message| message["id"] == call["id"]).collect();
        let is_refused = response.status() != 200;
        let [answer] = own[..] else {
            assert!(is_refused && self.run.is_fragile, "not one answer: {messages:?}");
            return None;
        };
        let Some(text) = answer["result"]["content"][0]["text"].as_str() else {
            assert!(self.run.is_fragile, "{answer}");
            return None;
        };
        let heard: BTreeMap<String, Value> = serde_json::from_str(text).expect("answers");
        // The order of the questions is unspecified; each answer is different. Some may belong to a
        // call that this client has cancelled: a session asks them on any of its streams.
        for (key, value) in &heard {
            assert!(keys.contains(key) && answered.contains(value), "{key} {value} {answered:?}");
            said.insert(key.clone(), value.clone());
        }
        Some(text.to_owned())
    }

    /// Disconnects before the answer.
    async fn disconnect(&mut self) {
        let arguments = self.rounds();
        let tool = self.rng.choose(&["rounds", "sleep", "late"]);
        let mut arguments = arguments;
        arguments["ms"] = json!(self.rng.choose(&[0, 100, 3_000]));
        let call = self.call(tool, arguments);
        let request = self.sign(&call).bytes();
        let Some(mut link) = self.run.connect() else { return };
        let len = self.rng.range(1..request.len() as u64 * 2) as usize;
        link.send(&request[..len.min(request.len())]).await;
        self.run.pause(Duration::from_millis(self.rng.range(0..200))).await;
        if self.rng.once_in(2) {
            link.socket.reset();
        }
    }

    /// Opens a subscription for a while; only its own messages arrive.
    async fn listen(&mut self) {
        let wanted = json!({"toolsListChanged": true});
        let id = self.next_id();
        let request = match &self.session {
            Some(session) => Request::listen()
                .header("Mcp-Session-Id", session)
                .header("MCP-Protocol-Version", NEWEST),
            None => {
                let params = json!({"notifications": wanted});
                let body =
                    modern::request(&*id, "subscriptions/listen", params, &every_capability());
                self.sign(&body)
            }
        };
        let Some(mut link) = self.run.connect() else { return };
        link.send(&request.bytes()).await;
        let until = self.rng.range(0..5_000);
        let came = link.rest(Duration::from_millis(until)).await;
        self.run.record(&came.len());
        let events = response::events_so_far(&came).unwrap_or_default();
        for (nth, message) in events.iter().filter_map(Event::message).enumerate() {
            if self.session.is_some() {
                assert!(message["result"].is_null(), "an unexpected answer: {message}");
                continue;
            }
            if message["error"].is_object() {
                assert!(self.run.is_fragile, "{message}");
                continue;
            }
            let driver = if message["method"].is_string() { "params" } else { "result" };
            assert_eq!(message[driver]["_meta"][SUBSCRIPTION], id, "{message}");
            let expected = match (nth, driver) {
                (0, _) => "notifications/subscriptions/acknowledged",
                (_, "params") => "notifications/tools/list_changed",
                _ => continue,
            };
            assert_eq!(message["method"], expected, "{message}");
        }
    }
}

/// Longer than any operation: a request, those before it in a queue, and a child's start, with
/// network faults.
const STEP_TIME_MAX: Duration = Duration::from_secs(300);
