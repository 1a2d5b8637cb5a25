//! Clients that follow the rules, of servers that do not.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Run, id_of};
use crate::client::{NEWEST, initialize, tool_call};
use crate::response;
use crate::sim::lock;
use crate::sim::rng::Rng;
use crate::wire::{Broken, Event, Request, Response};

/// Runs a few sessions, one after the other.
pub(super) async fn run(run: &Run, number: u64, mut rng: Rng) {
    let mut client = Client { run, number, calls: 0, session: None };
    for _ in 0..rng.range(1..4) {
        client.open(&mut rng).await;
        for _ in 0..rng.range(1..8) {
            run.pause(Duration::from_millis(rng.range(0..300))).await;
            client.act(&mut rng).await;
        }
    }
}

struct Client<'a> {
    run: &'a Run,
    number: u64,
    calls: u64,
    session: Option<Session>,
}

struct Session {
    id: String,
    /// Whether something has happened that may end it.
    may_have_ended: bool,
    /// Whether it has ended.
    has_ended: bool,
}

/// A request, and its possible answers.
struct Call {
    id: String,
    body: Value,
    /// The possible texts of a result.
    texts: Vec<String>,
    accept: &'static str,
}

impl Client<'_> {
    async fn open(&mut self, rng: &mut Rng) {
        let mut body = initialize(NEWEST);
        let id = self.next_id();
        body["id"] = json!(id);
        let request = Request::post(body.to_string());
        let Some(mut link) = self.run.connect() else { return };
        link.send(&request.bytes()).await;
        let response = self.recorded(link.response(STEP_TIME_MAX).await);
        let Some(session) = response.header("mcp-session-id") else {
            let statuses = [200, 502, 503, 504];
            assert!(statuses.contains(&response.status()), "{}", response.describe());
            assert!(response.answer()["error"].is_object(), "{}", response.describe());
            self.session = None;
            return;
        };
        response.expect(200, "initialize");
        assert_eq!(id_of(&response.answer()), Some(&*id), "{}", response.describe());
        self.run.session_opened(session);
        let (id, may_have_ended) = (session.to_owned(), self.run.is_fragile);
        self.session = Some(Session { id, may_have_ended, has_ended: false });
        if !rng.once_in(5) {
            let body = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
            self.notify(body).await;
        }
    }

    async fn act(&mut self, rng: &mut Rng) {
        match rng.range(0..14) {
            0 => self.delete().await,
            1 => self.listen(rng).await,
            2 => self.disconnect(rng).await,
            3 => self.cancel(rng).await,
            4 => {
                let time = rng.choose(&[1, 7, 20]);
                self.run.pause(Duration::from_secs(time)).await;
            }
            5 if rng.once_in(2) => {
                if let Some(session) = &mut self.session {
                    session.may_have_ended = true;
                }
                let tool = rng.choose(&["crash", "partial_exit", "close_stdout"]);
                let call = self.call(tool, json!({"code": 5}), [], rng);
                self.exchange(vec![call]).await;
            }
            6 => {
                let calls = (0..rng.range(2..6)).map(|_| self.some_call(rng)).collect();
                self.exchange(calls).await;
            }
            7 => self.resume(rng).await,
            8 => self.answer_question(rng).await,
            // Alone, because lines of other calls between its halves would be damaged.
            9 => {
                let ms = rng.choose(&[0, 30, 900]);
                let texts = ["in two parts".to_owned()];
                let call = self.call("partial", json!({"ms": ms}), texts, rng);
                self.exchange(vec![call]).await;
            }
            _ => {
                let call = self.some_call(rng);
                self.exchange(vec![call]).await;
            }
        }
    }

    /// Returns a call that a correct child answers.
    fn some_call(&mut self, rng: &mut Rng) -> Call {
        let ms = rng.choose(&[0, 0, 1, 30, 900]);
        match rng.range(0..7) {
            0 => self.call("wrong_id", json!({}), ["right".to_owned()], rng),
            1 => {
                // The first is lost after half a line of a call that was given up.
                let both = ["once", "twice"].map(str::to_owned);
                self.call("duplicate", json!({}), both, rng)
            }
            2 => self.call("noise", json!({}), ["after the noise".to_owned()], rng),
            3 => self.call("progress", json!({"n": 3, "ms": ms}), ["done".to_owned()], rng),
            4 => {
                let bytes = rng.range(1..100_000);
                let text = "b".repeat(bytes as usize);
                self.call("big", json!({"bytes": bytes}), [text], rng)
            }
            _ => {
                let text = format!("{} {}", self.number, rng.next_u64());
                self.call("echo", json!({"text": text, "ms": ms}), [text], rng)
            }
        }
    }

    fn call(
        &mut self,
        tool: &str,
        arguments: Value,
        texts: impl Into<Vec<String>>,
        rng: &mut Rng,
    ) -> Call {
        let id = self.next_id();
        let mut body = tool_call(&*id, tool, arguments);
        body["params"]["_meta"] = json!({"progressToken": id});
        let both = "application/json, text/event-stream";
        let accept = rng.choose(&[both, both, "application/json", "text/event-stream"]);
        Call { id, body, texts: texts.into(), accept }
    }

    fn next_id(&mut self) -> String {
        self.calls += 1;
        format!("{}.{}", self.number, self.calls)
    }

    fn sign(&self, request: Request) -> Option<Request> {
        let session = self.session.as_ref()?;
        let request = request.header("Mcp-Session-Id", &session.id);
        Some(request.header("MCP-Protocol-Version", NEWEST))
    }

    /// Sends calls at once on one connection, and checks their answers.
    async fn exchange(&mut self, calls: Vec<Call>) {
        let Some(mut link) = self.run.connect() else { return };
        for call in &calls {
            let Some(request) = self.post(call) else { return };
            link.send(&request).await;
        }
        for call in &calls {
            let response = self.recorded(link.response(STEP_TIME_MAX).await);
            self.check(call, &response);
            if response.head.closes() {
                break;
            }
        }
        let more = link.rest(Duration::from_millis(50)).await;
        assert!(more.is_empty(), "behind the last answer: {}", more.escape_ascii());
    }

    fn post(&self, call: &Call) -> Option<Vec<u8>> {
        let request = self.sign(Request::post(call.body.to_string()))?;
        Some(request.with("Accept", call.accept).bytes())
    }

    /// Returns a response, after recording it. No network fault ends a connection, and nothing else
    /// here may.
    fn recorded(&self, response: Result<Response, Broken>) -> Response {
        let response = response.unwrap_or_else(|broken| panic!("no answer: {broken}"));
        self.run.record(&(response.status(), &response.body));
        lock(&self.run.log).stats.answers += 1;
        response
    }

    /// Checks that an answer is the one to this call, and consistent with the state of the session.
    fn check(&mut self, call: &Call, response: &Response) {
        let session = self.session.as_mut().expect("it was used");
        let case = response.describe();
        match response.status() {
            404 => {
                assert!(
                    session.may_have_ended || session.has_ended,
                    "the session has gone: {case}"
                );
                session.has_ended = true;
                return;
            }
            408 => return,
            200 | 502 | 503 | 504 => {}
            _ => panic!("an odd answer to {}: {case}", call.id),
        }
        assert!(!session.has_ended, "an answer of a session that has gone: {case}");
        let messages = response.messages();
        let answers = messages.iter().filter(|message| message["method"].is_null()).count();
        let answer = messages.last().unwrap_or_else(|| panic!("nothing in {case}"));
        assert_eq!((answers, id_of(answer)), (1, Some(&*call.id)), "{messages:?}");
        match answer["result"]["content"][0]["text"].as_str() {
            Some(given) => {
                let is_own = call.texts.iter().any(|text| text == given);
                assert!(is_own, "another's answer to {}: {given}", call.id);
            }
            // A child that does not answer in time or has ended, or one whose question was not
            // answered.
            None => {
                let code = &answer["error"]["code"];
                assert!(*code == -32603 || *code == -32000, "{answer}");
            }
        }
    }

    /// Sends a message without an answer.
    async fn notify(&mut self, body: Value) {
        let Some(request) = self.sign(Request::post(body.to_string())) else { return };
        let Some(mut link) = self.run.connect() else { return };
        link.send(&request.bytes()).await;
        let response = self.recorded(link.response(STEP_TIME_MAX).await);
        let statuses = [202, 404, 408, 503];
        assert!(statuses.contains(&response.status()), "{}", response.describe());
    }

    async fn delete(&mut self) {
        let Some(request) = self.sign(Request::new("DELETE", "/mcp")) else { return };
        let Some(mut link) = self.run.connect() else { return };
        link.send(&request.bytes()).await;
        let response = self.recorded(link.response(STEP_TIME_MAX).await);
        let Some(session) = &mut self.session else { return };
        session.may_have_ended = true;
        if response.status() != 408 {
            let expected = if session.has_ended { &[404][..] } else { &[204, 404] };
            assert!(expected.contains(&response.status()), "{}", response.describe());
            session.has_ended = true;
        }
    }

    /// Opens a GET stream for a while.
    async fn listen(&mut self, rng: &mut Rng) {
        let Some(request) = self.sign(Request::listen()) else { return };
        let Some(mut link) = self.run.connect() else { return };
        link.send(&request.bytes()).await;
        let came = link.rest(Duration::from_millis(rng.range(0..30_000))).await;
        self.run.record(&came.len());
        let came = String::from_utf8_lossy(&came);
        assert!(!came.contains("\"result\""), "the answer to a call of another client: {came}");
        if rng.once_in(2) {
            link.socket.reset();
        }
    }

    /// Disconnects before the answer.
    async fn disconnect(&mut self, rng: &mut Rng) {
        let call = self.some_call(rng);
        let Some(request) = self.post(&call) else { return };
        let Some(mut link) = self.run.connect() else { return };
        let len = rng.range(1..request.len() as u64 * 2) as usize;
        link.send(&request[..len.min(request.len())]).await;
        self.run.pause(Duration::from_millis(rng.range(0..200))).await;
        match rng.range(0..3) {
            0 => link.socket.reset(),
            1 => link.socket.half_close(),
            _ => {}
        }
    }

    /// Disconnects from a stream, and resumes it: nothing is repeated, and nothing is missing.
    async fn resume(&mut self, rng: &mut Rng) {
        let n = rng.range(1..8);
        let mut call = self.call("progress", json!({"n": n, "ms": 100}), ["done".to_owned()], rng);
        call.accept = "text/event-stream";
        let Some(request) = self.post(&call) else { return };
        let Some(mut link) = self.run.connect() else { return };
        link.send(&request).await;
        let came = link.rest(Duration::from_millis(rng.range(0..2000))).await;
        drop(link);
        let first = response::events_so_far(&came).expect("events");
        let Some(last) = first.iter().filter_map(|event| event.id.as_ref()).next_back() else {
            return;
        };
        let Some(request) = self.sign(Request::listen()) else { return };
        let Some(mut link) = self.run.connect() else { return };
        link.send(&request.header("Last-Event-ID", last).bytes()).await;
        let response = self.recorded(link.response(STEP_TIME_MAX).await);
        let mut messages: Vec<_> = first.iter().filter_map(Event::message).collect();
        if response.status() == 200 {
            messages.extend(response.messages());
        }
        let steps: Vec<_> =
            messages.iter().filter_map(|message| message["params"]["progress"].as_u64()).collect();
        let answers = messages.iter().filter(|message| message["method"].is_null()).count();
        let session = self.session.as_ref().expect("it was used");
        assert!(answers <= 1 && steps.is_sorted_by(|a, b| a < b), "twice: {messages:?}");
        if !session.may_have_ended {
            assert!([200, 204, 408].contains(&response.status()), "{}", response.describe());
            assert!(response.status() == 408 || answers == 1, "no answer: {messages:?}");
            let is_done = messages.iter().any(|message| message["result"].is_object());
            let all: Vec<_> = (1..=n).collect();
            assert!(!is_done || steps == all, "steps are missing: {steps:?}");
        }
    }

    /// Answers a question of the child, which then returns that answer.
    async fn answer_question(&mut self, rng: &mut Rng) {
        let ask = json!({"method": "roots/list", "params": {}, "id": "q"});
        let mut call = self.call("ask", ask, [], rng);
        call.accept = "text/event-stream";
        let Some(request) = self.post(&call) else { return };
        let Some(mut link) = self.run.connect() else { return };
        link.send(&request).await;
        let question = loop {
            let events = response::events_so_far(link.received()).expect("events");
            let mut messages = events.iter().filter_map(Event::message);
            if let Some(question) = messages.find(|message| message["method"] == "roots/list") {
                break Some(question["id"].clone());
            }
            let is_whole = !matches!(response::parse(link.received(), false), Ok(None));
            if is_whole || !link.receive(STEP_TIME_MAX).await {
                break None;
            }
        };
        if let Some(id) = question {
            let said = format!("file:///{}", rng.next_u64());
            let result = json!({"roots": [{"uri": said}]});
            self.notify(json!({"jsonrpc": "2.0", "id": id, "result": result})).await;
            let line = json!({"jsonrpc": "2.0", "id": "q", "result": result});
            call.texts = vec![line.to_string()];
        }
        let response = self.recorded(link.response(STEP_TIME_MAX).await);
        self.check(&call, &response);
    }

    /// Cancels a call, which may then be answered once or not at all.
    async fn cancel(&mut self, rng: &mut Rng) {
        let call = self.call("sleep", json!({"ms": 400}), ["slept".to_owned()], rng);
        let Some(request) = self.post(&call) else { return };
        let Some(mut link) = self.run.connect() else { return };
        link.send(&request).await;
        self.run.pause(Duration::from_millis(rng.range(0..600))).await;
        self.notify(json!({"jsonrpc": "2.0", "method": "notifications/cancelled",
                           "params": {"requestId": call.id}}))
            .await;
        let response = self.recorded(link.response(STEP_TIME_MAX).await);
        let is_stream = response.header("content-type") == Some("text/event-stream");
        let is_unanswered = response.status() == 202
            || is_stream && response.messages().iter().all(|message| message["method"].is_string());
        if !is_unanswered {
            self.check(&call, &response);
        }
    }
}

/// Longer than any operation: a request and its child's start, with network faults.
const STEP_TIME_MAX: Duration = Duration::from_secs(120);
