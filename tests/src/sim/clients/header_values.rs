//! Clients of both eras with different values of a header that their processes get as a variable.
//! Processes crash, and clients leave; the environment of the process that answers must always be
//! that of the client's own value.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Run, Setup};
use crate::client::{NEWEST, initialize, tool_call};
use crate::modern::{self, every_capability, signed};
use crate::record::Record;
use crate::sim::lock;
use crate::sim::rng::Rng;
use crate::wire::{Request, Response};

/// The values; some clients send none.
const VALUES: [Option<&str>; 6] =
    [None, Some(""), Some("red"), Some("green"), Some("green "), Some("blue")];

/// Returns the settings of this program and its children.
pub(super) fn setup(rng: &mut Rng) -> Setup {
    let mut options = Vec::new();
    let mut option = |name: &str, value: &str| options.extend([name, value].map(str::to_owned));
    option("--header-env", "X-Api-Key=API_KEY");
    let is_modern = rng.once_in(2);
    option("--child-era", if is_modern { "modern" } else { "legacy" });
    option("--child-per", rng.choose(&["call", "principal", "session", "shared"]));
    let warm = rng.choose(&[0, 0, 2]);
    option("--warm-children", &warm.to_string());
    for (name, values) in [
        ("--max-sessions", &["2", "4"][..]),
        ("--timeout", &["1", "5"]),
        ("--on-child-exit", &["resume"]),
    ] {
        if rng.once_in(3) {
            option(name, rng.choose(values));
        }
    }
    let mut flags = Vec::new();
    for flag in [&["--crlf"][..], &["--delay-init", "300"], &["--exit-after", "5"]] {
        if rng.once_in(4) {
            flags.extend(flag);
        }
    }
    if is_modern {
        flags.push("--modern");
    }
    Setup { options, flags, is_fragile: true, ends_children: false, ready: 1 + warm }
}

/// Runs a few calls, one after the other.
pub(super) async fn run(run: &Run, number: u64, mut rng: Rng) {
    let value = rng.choose(&VALUES);
    let is_legacy = rng.once_in(2);
    let mut client = Client { run, number, calls: 0, value, session: None, rng };
    for _ in 0..client.rng.range(4..14) {
        run.pause(Duration::from_millis(client.rng.range(0..300))).await;
        if is_legacy && client.session.is_none() {
            client.open().await;
        } else {
            client.act().await;
        }
    }
    if let Some(session) = &client.session {
        let request = Request::new("DELETE", "/mcp").header("Mcp-Session-Id", session);
        client.exchange(&client.keyed(request, client.value)).await;
    }
}

/// A client.
struct Client<'a> {
    run: &'a Run,
    number: u64,
    calls: u64,
    value: Option<&'static str>,
    /// The session of a legacy client.
    session: Option<String>,
    rng: Rng,
}

impl Client<'_> {
    fn keyed(&self, request: Request, value: Option<&str>) -> Request {
        match value {
            Some(value) => request.header("X-Api-Key", value),
            None => request,
        }
    }

    async fn open(&mut self) {
        let request = Request::post(initialize(NEWEST).to_string());
        let response = self.exchange(&self.keyed(request, self.value)).await;
        if let Some(session) = response.as_ref().and_then(|it| it.header("mcp-session-id")) {
            self.run.session_opened(session);
            self.session = Some(session.to_owned());
        }
    }

    async fn act(&mut self) {
        match self.rng.range(0..8) {
            0 => drop(self.call("crash", json!({"code": 3}), self.value).await),
            1 => self.leave().await,
            2 => self.use_other_value().await,
            _ => self.expect_own_value().await,
        }
    }

    /// Returns a call, with a text that names the client's value.
    fn message(&mut self, tool: &str, mut arguments: Value) -> (Value, Request) {
        self.calls += 1;
        arguments["text"] = json!(format!("{MARK}{}{MARK}", self.value.map_or("none", shown)));
        let id = format!("{}.{}", self.number, self.calls);
        let (call, request) = match &self.session {
            Some(session) => {
                let call = tool_call(id, tool, arguments);
                let request = Request::post(call.to_string()).header("Mcp-Session-Id", session);
                (call, request.header("MCP-Protocol-Version", NEWEST))
            }
            None => {
                let params = json!({"name": tool, "arguments": arguments});
                let call = modern::request(id, "tools/call", params, &every_capability());
                let request = signed(&call);
                (call, request)
            }
        };
        (call, request.with("Accept", "text/event-stream, application/json"))
    }

    /// Calls a tool; returns the text of its result, unless it failed.
    async fn call(&mut self, tool: &str, arguments: Value, value: Option<&str>) -> Option<String> {
        let (call, request) = self.message(tool, arguments);
        let response = self.exchange(&self.keyed(request, value)).await?;
        if response.status() == 404 {
            self.session = None;
        }
        let messages = response.messages();
        let answer = messages.iter().find(|message| message["id"] == call["id"])?;
        answer["result"]["content"][0]["text"].as_str().map(str::to_owned)
    }

    /// Asserts that the process that answers has this client's value, and no other one.
    async fn expect_own_value(&mut self) {
        let Some(env) = self.call("env", json!({}), self.value).await else { return };
        let env: Value = env.parse().expect("an environment");
        let given = env.get("API_KEY").and_then(Value::as_str);
        assert_eq!(given, self.value.map(str::trim), "the process of another value: {env}");
    }

    /// Sends another value in the session of this one, which must be unknown with it.
    async fn use_other_value(&mut self) {
        let other = self.rng.choose(&VALUES);
        if self.session.is_none() || other.map(str::trim) == self.value.map(str::trim) {
            return;
        }
        let session = self.session.clone();
        let answer = self.call("env", json!({}), other).await;
        assert_eq!(answer, None, "an answer of the process of another value");
        self.session = session;
    }

    /// Sends a call, and leaves before its answer.
    async fn leave(&mut self) {
        let (_, request) = self.message("echo", json!({"ms": 700}));
        let request = self.keyed(request, self.value);
        let Some(mut link) = self.run.connect() else { return };
        link.send(&request.bytes()).await;
        self.run.pause(Duration::from_millis(self.rng.range(0..400))).await;
    }

    /// Sends a request and reads the answer, or returns `None` if the program does not listen any
    /// more.
    async fn exchange(&self, request: &Request) -> Option<Response> {
        let mut link = self.run.connect()?;
        link.send(&request.bytes()).await;
        let response = link.response(STEP_TIME_MAX).await;
        let response = response.unwrap_or_else(|broken| panic!("no answer: {broken}"));
        self.run.record(&(response.status(), &response.body));
        lock(&self.run.log).stats.answers += 1;
        Some(response)
    }
}

/// Asserts that no child has got messages of clients with different values.
pub(super) fn expect_one_value_each(record: &Record) {
    for child in record.children() {
        let bytes = record.bytes(child);
        let text = String::from_utf8_lossy(&bytes);
        let values: BTreeSet<_> = text.split(MARK).skip(1).step_by(2).collect();
        assert!(values.len() <= 1, "{child} has got messages of {values:?}");
    }
}

/// Returns a value as it is in messages: HTTP drops the white space around it.
fn shown(value: &str) -> &str {
    if value.is_empty() { "empty" } else { value.trim() }
}

/// The mark around the value in messages.
const MARK: &str = "|value|";

/// The maximum time of a request.
const STEP_TIME_MAX: Duration = Duration::from_secs(900);
