//! Plays transcripts: sends their requests, and compares what comes with what they say.

use std::collections::BTreeMap;
use std::mem;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::pattern::is_text;
use super::steps::{Action, Child, Event, Exchange, Step};
use super::variables::Variables;
use crate::modern::{REVISION, VERSION};
use crate::pontoon::Pontoon;
use crate::response::Broken;
use crate::sim;
use crate::wait::{self, Instant};
use crate::wire::{Events, PATIENCE, Request, Response, Wire};
use crate::{Target, response};

/// Plays these steps; panics where the target behaves in another way.
pub(super) fn play(target: &Target, steps: &[Step]) {
    let mut player = Player::new(target);
    for step in steps {
        let place = Place(step);
        player.play(&step.action);
        mem::forget(place);
        settle();
    }
    player.expect_complete();
}

/// Prints the step that fails.
struct Place<'a>(&'a Step);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("--- at line {} of the transcript: {}", self.0.line, self.0.text);
        }
    }
}

struct Player<'a> {
    target: &'a Target,
    pontoon: Option<Pontoon>,
    known: Variables,
    exchanges: BTreeMap<String, Open>,
    children: Vec<ScriptedChild>,
}

/// The state of an exchange.
enum Open {
    /// Its request was sent.
    Sent(Box<Wire>),
    /// Its answer has come, and its body is not compared yet.
    Answered(Response),
    /// Its answer is an event stream.
    Streaming(Box<Events>),
}

/// A child, and how much of its record is compared.
struct ScriptedChild {
    pid: u32,
    read: usize,
    instructions: usize,
}

impl<'a> Player<'a> {
    fn new(target: &'a Target) -> Player<'a> {
        Player {
            target,
            pontoon: None,
            known: Variables::default(),
            exchanges: BTreeMap::new(),
            children: Vec::new(),
        }
    }

    fn play(&mut self, action: &Action) {
        match action {
            Action::Run(words) => self.run(words),
            Action::Let(name, json) => {
                let value = self.known.json(json).parse().expect("JSON");
                self.known.set(name, value);
            }
            Action::Forget(name) => self.known.forget(name),
            Action::Clock(time) => wait::sleep(*time),
            Action::Exchange(name, step) => self.exchange(name, step),
            Action::Child(number, step) => self.child(*number, step),
        }
    }

    fn run(&mut self, words: &[String]) {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let line = match &words[..] {
            ["proxy", options @ ..] => self.target.proxy().options(options).child(&["--script"]),
            ["echo", "--stateless", options @ ..] => self.target.echo_stateless().options(options),
            ["echo", options @ ..] => self.target.echo().options(options),
            ["calculator", options @ ..] => self.target.calculator().options(options),
            _ => panic!("run proxy, echo or calculator"),
        };
        self.pontoon = Some(line.start());
    }

    fn pontoon(&self) -> &Pontoon {
        self.pontoon.as_ref().expect("a line `run` before this one")
    }

    fn exchange(&mut self, name: &str, step: &Exchange) {
        match step {
            Exchange::Send { line, headers, body } => {
                self.finish(name);
                let request = self.request(line, headers, body.as_deref());
                let wire = request.open(self.pontoon().addr).patience(patience());
                self.exchanges.insert(name.to_owned(), Open::Sent(Box::new(wire)));
            }
            Exchange::Head { status, media_type } => {
                self.head(name, *status, media_type.as_deref())
            }
            Exchange::Header(header, pattern) => {
                let head = match self.exchanges.get(name) {
                    Some(Open::Answered(response)) => &response.head,
                    Some(Open::Streaming(events)) => &events.head,
                    _ => panic!("no answer has come"),
                };
                let actual = head.header(header).unwrap_or_else(|| panic!("no header: {head:?}"));
                assert!(is_text(pattern, actual, &mut self.known), "it is {actual}");
            }
            Exchange::Body(text) => {
                let body = self.answered(name);
                text.expect(body.text(), &mut self.known).unwrap_or_else(|wrong| panic!("{wrong}"));
            }
            Exchange::AnyBody => drop(self.answered(name)),
            Exchange::Event(event) => self.event(name, event),
            Exchange::Comment => {
                let block = next_block(self.stream(name)).expect("a comment, not the end");
                assert!(!block.comments.is_empty(), "no comment: {block:?}");
            }
            Exchange::Nothing => self.expect_nothing(name),
            Exchange::End => {
                let block = next_message(self.stream(name));
                assert_eq!(block, None, "one more event");
                self.exchanges.remove(name);
            }
            Exchange::Closes => {
                assert!(self.exchanges.remove(name).is_some(), "it is not open");
            }
        }
    }

    fn request(&self, line: &str, headers: &[(String, String)], body: Option<&str>) -> Request {
        let (method, path) = line.split_once(' ').expect("a method and a path");
        let body = body.map(|body| self.known.json(body));
        let mut request = Request::new(method, &self.known.plain(path));
        for (name, value) in self.usual_headers(method, body.as_deref()) {
            request = request.header(name, value);
        }
        for (name, value) in headers {
            request = match &*self.known.plain(value) {
                "" => request.without(name),
                value => request.with(name, value),
            };
        }
        match body {
            Some(body) => request.body(body),
            None => request,
        }
    }

    /// Returns the headers that the specification demands.
    fn usual_headers(&self, method: &str, body: Option<&str>) -> Vec<(&'static str, String)> {
        let mut headers = Vec::new();
        match method {
            "POST" => headers.extend([
                ("Content-Type", "application/json".to_owned()),
                ("Accept", "application/json, text/event-stream".to_owned()),
            ]),
            "GET" => headers.push(("Accept", "text/event-stream".to_owned())),
            _ => {}
        }
        let message: Value = body.and_then(|body| body.parse().ok()).unwrap_or_default();
        let params = &message["params"];
        if params["_meta"][VERSION].is_string() {
            let method = message["method"].as_str().unwrap_or_default();
            headers.push(("MCP-Protocol-Version", REVISION.to_owned()));
            headers.push(("Mcp-Method", method.to_owned()));
            let name = match method {
                "tools/call" | "prompts/get" => params["name"].as_str(),
                "resources/read" => params["uri"].as_str(),
                _ => None,
            };
            headers.extend(name.map(|name| ("Mcp-Name", name.to_owned())));
        } else if message["method"] != "initialize"
            && let Some(session) = self.known.text("session")
        {
            headers.push(("Mcp-Session-Id", session));
            let revision = self.known.text("revision");
            headers.extend(revision.map(|revision| ("MCP-Protocol-Version", revision)));
        }
        headers
    }

    fn head(&mut self, name: &str, status: u16, media_type: Option<&str>) {
        let open = self.exchanges.remove(name);
        let Some(Open::Sent(mut wire)) = open else { panic!("no request was sent") };
        let open = if media_type == Some("text/event-stream") {
            Open::Streaming(Box::new(wire.events()))
        } else {
            let response = wire.response();
            response.expect(status, "the status");
            assert_eq!(response.header("content-type"), media_type, "{}", response.describe());
            if media_type.is_none() {
                assert!(response.body.is_empty(), "{}", response.describe());
            }
            Open::Answered(response)
        };
        self.exchanges.insert(name.to_owned(), open);
    }

    /// Takes an answer that is not a stream.
    fn answered(&mut self, name: &str) -> Response {
        match self.exchanges.remove(name) {
            Some(Open::Answered(response)) => response,
            _ => panic!("it has no body: await a status before, or use `event`"),
        }
    }

    fn stream(&mut self, name: &str) -> &mut Events {
        match self.exchanges.get_mut(name) {
            Some(Open::Streaming(events)) => events,
            _ => panic!("it is not an event stream"),
        }
    }

    fn event(&mut self, name: &str, expected: &Event) {
        let events = self.stream(name);
        let next = match expected.data {
            Some(_) => next_message(events),
            None => next_block(events),
        };
        let actual = next.expect("an event, not the end of the stream");
        let fields = [(&expected.id, &actual.id), (&expected.name, &actual.name)];
        for (pattern, value) in fields {
            let Some(pattern) = pattern else { continue };
            let value = value.as_deref().unwrap_or_else(|| panic!("a field misses: {actual:?}"));
            assert!(is_text(pattern, value, &mut self.known), "{actual:?}");
        }
        if expected.retry.is_some() {
            assert_eq!(actual.retry, expected.retry, "{actual:?}");
        }
        let data = actual.data.unwrap_or_default();
        match &expected.data {
            Some(text) => {
                text.expect(&data, &mut self.known).unwrap_or_else(|wrong| panic!("{wrong}"));
            }
            None => assert_eq!(data, "", "an event with data"),
        }
    }

    /// Panics if anything else has come for this exchange.
    fn expect_nothing(&mut self, name: &str) {
        match self.exchanges.get_mut(name).expect("an open exchange") {
            Open::Sent(wire) => assert!(!wire.has_arrived(moment()), "an answer has come"),
            Open::Answered(response) => panic!("it was answered: {}", response.describe()),
            Open::Streaming(events) => loop {
                match events.try_next(moment()) {
                    Err(Broken::Silent) => break,
                    Ok(Some(event)) if event.message().is_none() => {}
                    other => panic!("it goes on with {other:?}"),
                }
            },
        }
    }

    /// Panics unless an exchange is at its end.
    fn finish(&mut self, name: &str) {
        let is_open = match self.exchanges.remove(name) {
            None => false,
            Some(Open::Answered(response)) => !response.body.is_empty(),
            Some(_) => true,
        };
        assert!(!is_open, "the exchange before is not at its end");
    }

    fn child(&mut self, number: usize, step: &Child) {
        let at = number - 1;
        await_that("a child has started", || {
            self.find_children();
            (self.children.len() > at).then_some(())
        });
        let record = &self.pontoon.as_ref().expect("a line `run` before this one").record;
        let child = &mut self.children[at];
        let instruction = match step {
            Child::Reads(text) => {
                let line = await_that("the child reads a line", || child.next_line(record));
                return text
                    .expect(&line, &mut self.known)
                    .unwrap_or_else(|wrong| panic!("{wrong}"));
            }
            Child::ReadsEnd => {
                await_that("the child's input ends", || record.note(child.pid, "eof"));
                return assert_eq!(child.next_line(record), None, "it has read one more line");
            }
            Child::Writes(text) => format!("write {}", self.known.json(text)),
            Child::Stderr(text) => format!("stderr {}", self.known.plain(text)),
            Child::Exits(status) => format!("exit {status}"),
        };
        child.instructions += 1;
        let done = child.instructions.to_string();
        await_that("the child runs", || record.instruct(child.pid, &instruction).then_some(()));
        await_that("the child obeys", || {
            record.note(child.pid, "done").filter(|note| *note == done)
        });
    }

    fn find_children(&mut self) {
        for pid in self.pontoon().record.children() {
            if self.children.iter().all(|child| child.pid != pid) {
                self.children.push(ScriptedChild { pid, read: 0, instructions: 0 });
            }
        }
    }

    /// Panics if anything has happened that the transcript does not say.
    fn expect_complete(&mut self) {
        for name in self.exchanges.keys().cloned().collect::<Vec<_>>() {
            if let Some(Open::Answered(response)) = self.exchanges.get(&name) {
                assert!(response.body.is_empty(), "{name} has a body: {}", response.describe());
                continue;
            }
            assert!(
                !matches!(self.exchanges.get(&name), Some(Open::Sent(_))),
                "{name} has no answer in the transcript"
            );
            self.expect_nothing(&name);
        }
        self.find_children();
        let record = &self.pontoon.as_ref().expect("a line `run`").record;
        for (at, child) in self.children.iter_mut().enumerate() {
            let line = child.next_line(record);
            assert_eq!(line, None, "child {} has read one more line", at + 1);
        }
    }
}

impl ScriptedChild {
    /// Returns the next line that the child has read.
    fn next_line(&mut self, record: &crate::record::Record) -> Option<String> {
        let bytes = record.bytes(self.pid);
        let rest = &bytes[self.read..];
        let len = rest.iter().position(|byte| *byte == b'\n')?;
        self.read += len + 1;
        Some(String::from_utf8(rest[..len].to_vec()).expect("a line in UTF-8"))
    }
}

fn next_block(events: &mut Events) -> Option<response::Event> {
    let next = events.try_next(patience());
    next.unwrap_or_else(|broken| panic!("no event: {broken}"))
}

/// Returns the next event with data, or `None` at the end of the stream.
fn next_message(events: &mut Events) -> Option<response::Event> {
    loop {
        let block = next_block(events)?;
        if block.data.as_deref().is_some_and(|data| !data.is_empty()) {
            return Some(block);
        }
    }
}

/// Waits until there is a value.
#[track_caller]
fn await_that<T>(what: &str, mut value: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + patience();
    let mut found = value();
    if let Some(world) = sim::current() {
        let until = world.now() + patience();
        world.run_until(until, || {
            found = found.take().or_else(&mut value);
            found.is_some()
        });
    }
    while found.is_none() && Instant::now() < deadline {
        wait::sleep(Duration::from_millis(2));
        found = value();
    }
    found.unwrap_or_else(|| panic!("not in time: {what}"))
}

/// Lets everything happen that needs no time in a simulated world.
fn settle() {
    if let Some(world) = sim::current() {
        world.run_until(world.now(), || false);
    }
}

/// The maximum time until an awaited line.
fn patience() -> Duration {
    if sim::current().is_some() { Duration::from_secs(1) } else { PATIENCE }
}

/// The time in which nothing else comes.
fn moment() -> Duration {
    Duration::from_millis(if sim::current().is_some() { 1 } else { 30 })
}
