//! HTTP+SSE: one stream for all messages to a client, and a path for its own.
//!
//! MCP 2024-11-05, basic/transports (HTTP with SSE).

use std::net::SocketAddr;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::Target;
use crate::client::{Client, NEWEST, initialize, text_of, tool_call};
use crate::pontoon::Pontoon;
use crate::probe::is_running;
use crate::wait::{eventually, millis, seconds, sleep, throughout};
use crate::wire::{Event, Events, Request, Response, Wire};

cases! { $ sse_2024:
    off_by_default
    a_whole_conversation
    messages_pass_as_they_are
    requests_of_the_child_are_answered_by_post
    many_calls_at_once
    two_sessions_are_apart
    sessions_of_one_transport_are_unknown_to_the_other
    bad_session_ids
    sessions_of_another_principal
    messages_that_are_none
    initialize_comes_first
    rebinding_is_refused
    pages_of_listed_origins
    closing_the_stream_stops_the_child
    silent_clients_cost_no_child
    a_session_lives_as_long_as_its_stream
    a_crash_ends_the_stream
    a_child_that_refuses_ends_the_stream
    a_quiet_stream_is_kept_alive
    a_reader_that_stops_is_given_up
    the_drain_waits_for_answers
    a_second_sigterm_does_not_wait
    servers_in_the_program
}

/// The revision whose transport this is.
const REVISION: &str = "2024-11-05";

const INITIALIZED: &str = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;

/// Returns the request that opens a stream.
fn connecting() -> Request {
    Request::new("GET", "/sse").header("Accept", "text/event-stream")
}

/// Returns a POST of this body.
fn posting(uri: &str, body: impl ToString) -> Request {
    let json = Request::new("POST", uri).header("Content-Type", "application/json");
    json.body(body.to_string())
}

/// A client with its stream.
pub(super) struct Peer {
    addr: SocketAddr,
    pub(super) events: Events,
    /// The URI for its messages.
    uri: String,
}

/// Returns the URI for messages, resolved against the URL of the stream.
#[track_caller]
fn messages_of(events: &mut Events) -> String {
    let first = events.next_event().expect("an event");
    assert_eq!(first.name.as_deref(), Some("endpoint"), "{first:?}");
    let reference = first.data.expect("where messages go");
    assert!(!reference.starts_with('/'), "relative to the stream: {reference}");
    format!("/{reference}")
}

impl Peer {
    /// Opens a stream, and reads the URI for messages.
    #[track_caller]
    fn connect(pontoon: &Pontoon) -> Peer {
        let mut events = connecting().open(pontoon.addr).events();
        let uri = messages_of(&mut events);
        Peer { addr: pontoon.addr, events, uri }
    }

    /// Opens a session.
    #[track_caller]
    pub(super) fn open(pontoon: &Pontoon) -> Peer {
        let mut peer = Peer::connect(pontoon);
        peer.send(initialize(REVISION));
        let answer = peer.events.message();
        assert_eq!(answer["id"], 0, "{answer}");
        assert_eq!(answer["result"]["protocolVersion"], REVISION, "{answer}");
        peer.send(INITIALIZED);
        peer
    }

    pub(super) fn post(&self, body: impl ToString) -> Response {
        posting(&self.uri, body).send(self.addr)
    }

    /// Posts a message that must be accepted.
    #[track_caller]
    pub(super) fn send(&self, body: impl ToString) {
        let accepted = self.post(body);
        assert!(accepted.expect(202, "a message").body.is_empty());
        assert_eq!(accepted.header("mcp-session-id"), None);
    }

    /// Calls a tool, and returns the text of the next message, which has to be its answer.
    #[track_caller]
    fn text(&mut self, tool: &str, arguments: Value) -> String {
        self.send(tool_call(tool, tool, arguments));
        let answer = self.events.message();
        assert_eq!(answer["id"], tool, "{answer}");
        text_of(&answer).to_owned()
    }

    #[track_caller]
    fn child(&mut self) -> u32 {
        self.text("pid", json!({})).parse().expect("a pid")
    }

    #[track_caller]
    fn expect_served(&mut self) {
        assert_eq!(self.text("echo", json!({"text": "still here"})), "still here");
    }

    /// Returns the id of its session.
    fn session(&self) -> &str {
        self.uri.rsplit('=').next().expect("an id")
    }

    /// Asserts that its session does not exist.
    #[track_caller]
    fn expect_gone(&self, case: &str) {
        let gone = self.post(tool_call(1, "echo", json!({"text": "gone"})));
        assert_eq!(gone.expect_error(404, -32603, case), "Session not found or expired");
    }
}

fn scene(target: &Target) -> (Pontoon, Peer) {
    let pontoon = target.proxy().options(&["--sse"]).start();
    let peer = Peer::open(&pontoon);
    (pontoon, peer)
}

pub fn off_by_default(target: &Target) {
    let pontoon = target.proxy().start();
    for request in [
        connecting(),
        posting("/messages", initialize(REVISION)),
        Request::new("OPTIONS", "/sse"),
        Request::new("OPTIONS", "/messages"),
    ] {
        request.send(pontoon.addr).expect(404, "nothing is there");
    }
    let stateless = target.echo_stateless().options(&["--sse"]).start();
    connecting().send(stateless.addr).expect(404, "there are no sessions");
}

pub fn a_whole_conversation(target: &Target) {
    let pontoon = target.proxy().options(&["--sse"]).start();
    let mut peer = Peer::connect(&pontoon);
    assert_eq!(peer.events.head.header("mcp-session-id"), None, "this is of later transports");
    assert_eq!(peer.events.head.header("cache-control"), Some("no-cache, no-store, no-transform"));
    assert!(peer.uri.starts_with("/messages?sessionId="), "{}", peer.uri);
    peer.send(initialize(REVISION));
    let (event, answer) = peer.events.next_message().expect("the answer");
    assert_eq!((event.name.as_deref(), event.id), (Some("message"), None));
    assert_eq!(answer["result"]["serverInfo"]["name"], "test-server", "{answer}");
    peer.send(INITIALIZED);

    peer.send(json!({"jsonrpc": "2.0", "id": "list", "method": "tools/list"}));
    let list = peer.events.message();
    assert_eq!(list["id"], "list");
    assert!(list["result"]["tools"].as_array().is_some_and(|tools| tools.len() > 10), "{list}");
    let params =
        json!({"name": "progress", "arguments": {"n": 3}, "_meta": {"progressToken": "t"}});
    peer.send(json!({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params}));
    for step in 1..=3 {
        let progress = peer.events.message();
        assert_eq!(progress["params"]["progressToken"], "t", "{progress}");
        assert_eq!(progress["params"]["progress"], step);
    }
    assert_eq!(text_of(&peer.events.message()), "done");
    peer.text("log", json!({"text": "for you"}));
    assert_eq!(peer.events.message()["params"]["data"], "for you");
    peer.send(tool_call(8, "sleep", json!({"ms": 60_000})));
    let cancel = json!({"requestId": 8});
    peer.send(json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": cancel}));
    peer.expect_served();
    assert_eq!(pontoon.metric("pontoon_sessions", &[]), 1.0);
}

pub fn messages_pass_as_they_are(target: &Target) {
    let (_pontoon, mut peer) = scene(target);
    for id in ["1", "-7", "12345678901234567890123", r#""text""#, r#""\u00e9""#] {
        let arguments = r#"{ "b":1e2,  "a":[1.0, 10000000000000000000000]}"#;
        peer.send(format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"raw","arguments":{arguments}}}}}"#
        ));
        let data = peer.events.next_message().expect("the answer").0.data.expect("data");
        assert!(data.contains(&format!(r#""id":{id},"#)), "{data}");
        assert!(data.contains(&format!(r#""structuredContent":{arguments}"#)), "{data}");
    }
}

pub fn requests_of_the_child_are_answered_by_post(target: &Target) {
    let (pontoon, mut peer) = scene(target);
    let mut stranger = Peer::open(&pontoon);
    for id in [json!(1), json!("one")] {
        let ask = json!({"method": "roots/list", "params": {}, "id": id});
        peer.send(tool_call(1, "ask", ask));
        let question = peer.events.message();
        assert_eq!(question["method"], "roots/list", "{question}");
        let forged = json!({"jsonrpc": "2.0", "id": question["id"], "result": {"roots": "forged"}});
        stranger.send(forged);
        let answer = json!({"jsonrpc": "2.0", "id": question["id"], "result": {"roots": []}});
        peer.send(&answer);
        let at_child: Value = text_of(&peer.events.message()).parse().expect("JSON");
        assert_eq!(at_child, json!({"jsonrpc": "2.0", "id": id, "result": {"roots": []}}));
    }
    assert!(pontoon.record.lines_with("forged").is_empty());
    let params = json!({"messages": [], "maxTokens": 1});
    let later = json!({"method": "sampling/createMessage", "params": params, "id": "s", "ms": 50});
    peer.text("ask_later", later);
    assert_eq!(peer.events.message()["method"], "sampling/createMessage");
    stranger.expect_served();
}

pub fn many_calls_at_once(target: &Target) {
    let (_pontoon, mut peer) = scene(target);
    for id in 0..50 {
        let pause = if id % 2 == 0 { 100 } else { 0 };
        peer.send(tool_call(id, "echo", json!({"text": id.to_string(), "ms": pause})));
    }
    let mut seen: Vec<u64> = (0..50)
        .map(|_| {
            let answer = peer.events.message();
            let id = answer["id"].as_u64().expect("an id");
            assert_eq!(text_of(&answer), id.to_string());
            id
        })
        .collect();
    seen.sort_unstable();
    assert!(seen.into_iter().eq(0..50));
}

pub fn two_sessions_are_apart(target: &Target) {
    let (pontoon, mut one) = scene(target);
    let mut two = Peer::open(&pontoon);
    let later = Client::open(&pontoon);
    let children = [one.child(), two.child(), later.child()];
    assert!(children[0] != children[1] && children[1] != children[2]);
    one.send(tool_call(1, "echo", json!({"text": "of one", "ms": 100})));
    two.send(tool_call(1, "echo", json!({"text": "of two"})));
    assert_eq!(text_of(&two.events.message()), "of two");
    assert_eq!(text_of(&one.events.message()), "of one");
    drop(one);
    two.expect_served();
    later.expect_served();
}

pub fn sessions_of_one_transport_are_unknown_to_the_other(target: &Target) {
    let (pontoon, mut peer) = scene(target);
    let mut client = Client::open(&pontoon);
    let call = tool_call(1, "echo", json!({"text": "strayed"}));
    let uri = format!("/messages?sessionId={}", client.session);
    posting(&uri, &call).send(pontoon.addr).expect(404, "a session of Streamable HTTP");
    client.expect_served();
    client.session = peer.session().to_owned();
    client.send(&call).expect(404, "POST");
    client.sign(Request::listen()).send(pontoon.addr).expect(404, "GET");
    client.delete().expect(404, "DELETE");
    peer.expect_served();
    assert!(pontoon.record.lines_with("strayed").is_empty());
}

pub fn bad_session_ids(target: &Target) {
    let (pontoon, mut peer) = scene(target);
    let mine = peer.session().to_owned();
    let call = tool_call(5, "echo", json!({"text": "strayed"}));
    for query in [
        String::new(),
        "?sessionId=".to_owned(),
        "?sessionId=00000000-0000-4000-8000-000000000000".to_owned(),
        format!("?sessionId={}", &mine[..35]),
        format!("?sessionId={mine}0"),
        format!("?sessionId={}", mine.to_uppercase()),
        format!("?session_id={mine}"),
        format!("?sessionId={mine}&sessionId={mine}"),
        format!("?sessionId=%20{mine}"),
    ] {
        let response = posting(&format!("/messages{query}"), &call).send(pontoon.addr);
        let text = response.expect_error(404, -32603, &query);
        assert_eq!(text, "Session not found or expired", "{query}");
        assert_eq!(response.json()["id"], 5, "{query}");
    }
    let in_a_header = posting("/messages", &call).header("Mcp-Session-Id", &mine);
    in_a_header.send(pontoon.addr).expect(404, "this transport has no such header");
    peer.expect_served();
    assert!(pontoon.record.lines_with("strayed").is_empty());
}

pub fn sessions_of_another_principal(target: &Target) {
    let pontoon = target.proxy().options(&["--sse"]).start();
    let owner = connecting().header("Authorization", "Bearer the-owner");
    let mut events = owner.open(pontoon.addr).events();
    let uri = messages_of(&mut events);
    for stranger in [None, Some("Bearer another-one"), Some("Basic dGhlOm93bmVy")] {
        let mut request = posting(&uri, initialize(REVISION));
        if let Some(value) = stranger {
            request = request.header("Authorization", value);
        }
        let status = if stranger.is_some() { 404 } else { 401 };
        request.send(pontoon.addr).expect(status, "it is not theirs");
    }
    assert!(pontoon.record.messages("initialize").is_empty());
    let owner = posting(&uri, initialize(REVISION)).header("Authorization", "Bearer the-owner");
    owner.send(pontoon.addr).expect(202, "the owner");
    assert_eq!(events.message()["result"]["serverInfo"]["name"], "test-server");
}

pub fn messages_that_are_none(target: &Target) {
    let pontoon = target.proxy().options(&["--sse", "--max-body", "4KiB"]).start();
    let mut peer = Peer::open(&pontoon);
    for (body, code) in [
        ("{", -32700),
        ("", -32700),
        ("5", -32600),
        ("[]", -32600),
        (r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, -32600),
        (r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping","method":"ping"}"#, -32600),
    ] {
        peer.post(body).expect_error(400, code, body);
    }
    let text = peer.post(" ".repeat(5000)).expect_error(413, -32600, "too large");
    assert_eq!(text, "The request body is larger than 4 KiB (--max-body)");
    let plain = posting(&peer.uri, "{}").with("Content-Type", "text/plain");
    plain.send(pontoon.addr).expect(415, "no JSON");
    connecting().with("Accept", "application/json").send(pontoon.addr).expect(406, "no stream");
    for (method, path, allow) in [
        ("POST", "/sse", "GET, OPTIONS"),
        ("DELETE", "/sse", "GET, OPTIONS"),
        ("GET", "/messages", "POST, OPTIONS"),
        ("DELETE", "/messages", "POST, OPTIONS"),
    ] {
        let refused = Request::new(method, path).send(pontoon.addr);
        assert_eq!(refused.expect(405, path).header("allow"), Some(allow), "{method} {path}");
    }
    peer.expect_served();
}

pub fn initialize_comes_first(target: &Target) {
    let pontoon = target.proxy().options(&["--sse"]).start();
    let peer = Peer::connect(&pontoon);
    let early = peer.post(tool_call(3, "echo", json!({"text": "early"})));
    let text = early.expect_error(400, -32600, "a call");
    assert_eq!(text, "Invalid Request: initialize has to come first");
    assert_eq!(early.json()["id"], 3);
    peer.post(INITIALIZED).expect(400, "a notification");
    let mut peer = Peer::open(&pontoon);
    let again = peer.post(initialize(REVISION));
    assert_eq!(again.expect_error(400, -32603, "again"), "Session already initialized");
    peer.expect_served();
    assert_eq!(pontoon.record.messages("initialize").len(), 1);
    assert!(pontoon.record.lines_with("early").is_empty());
}

pub fn rebinding_is_refused(target: &Target) {
    let (pontoon, mut peer) = scene(target);
    let call = tool_call(1, "echo", json!({"text": "rebound"}));
    for request in [connecting(), posting(&peer.uri, &call)] {
        let rebound = request.clone().with("Host", "evil.example").send(pontoon.addr);
        rebound.expect_error(403, -32600, "another host name");
        let foreign = request.header("Origin", "https://evil.example").send(pontoon.addr);
        foreign.expect_error(403, -32600, "a page of another origin");
        assert_eq!(foreign.header("access-control-allow-origin"), None);
    }
    peer.expect_served();
    assert!(pontoon.record.lines_with("rebound").is_empty());
}

pub fn pages_of_listed_origins(target: &Target) {
    let app = "https://app.example";
    let pontoon = target.proxy().options(&["--sse", "--allow-origin", app]).start();
    for (path, method) in [("/sse", "GET"), ("/messages", "POST")] {
        let preflight = Request::new("OPTIONS", path)
            .header("Origin", app)
            .header("Access-Control-Request-Method", method)
            .send(pontoon.addr);
        preflight.expect(204, path);
        assert_eq!(preflight.header("access-control-allow-origin"), Some(app), "{path}");
        let methods = preflight.header("access-control-allow-methods").expect("the methods");
        assert!(methods.contains(method), "{path}: {methods}");
    }
    let events = connecting().header("Origin", app).open(pontoon.addr).events();
    assert_eq!(events.head.header("access-control-allow-origin"), Some(app));
}

pub fn closing_the_stream_stops_the_child(target: &Target) {
    let pontoon = target.proxy().options(&["--sse", "--keep-alive", "1"]).start();
    for resets in [false, true] {
        let mut peer = Peer::open(&pontoon);
        let child = peer.child();
        peer.send(tool_call(1, "hang", json!({})));
        let Peer { events, uri, addr } = peer;
        if resets {
            events.reset()
        } else {
            drop(events)
        }
        eventually("the child ends", seconds(15), || !is_running(child));
        assert!(pontoon.record.note(child, "eof").is_some(), "its input was closed");
        posting(&uri, INITIALIZED).send(addr).expect(404, "the session went with it");
    }
    assert_eq!(pontoon.metric("pontoon_sessions", &[]), 0.0);
    Peer::open(&pontoon).expect_served();
}

pub fn silent_clients_cost_no_child(target: &Target) {
    let pontoon = target.proxy().options(&["--sse", "--startup-timeout", "1"]).start();
    let mut silent: Vec<_> = (0..10).map(|_| Peer::connect(&pontoon)).collect();
    for peer in &mut silent {
        assert!(peer.events.messages().is_empty(), "the stream ends, and nothing was said");
        peer.expect_gone("it had its time");
    }
    let started = pontoon.record.children().len();
    assert!(started <= 1, "{started} children; one is ready for the first client");
    Peer::open(&pontoon).expect_served();
}

pub fn a_session_lives_as_long_as_its_stream(target: &Target) {
    let pontoon = target.proxy().options(&["--sse", "--timeout", "1", "--keep-alive", "1"]).start();
    let mut peer = Peer::open(&pontoon);
    let child = peer.child();
    assert_eq!(peer.text("echo", json!({"text": "takes its time", "ms": 2500})), "takes its time");
    for _ in 0..4 {
        sleep(millis(500));
        peer.expect_served();
    }
    sleep(seconds(3));
    peer.expect_served();
    peer.events.reset();
    eventually("the child ends with the stream", seconds(10), || !is_running(child));
}

pub fn a_crash_ends_the_stream(target: &Target) {
    let (pontoon, mut peer) = scene(target);
    peer.send(tool_call(1, "hang", json!({})));
    peer.send(tool_call(2, "crash", json!({"code": 3})));
    let answers = peer.events.messages();
    let mut ids: Vec<_> = answers.iter().map(|answer| answer["id"].as_u64()).collect();
    ids.sort_unstable();
    assert_eq!(ids, [Some(1), Some(2)], "each gets one answer, then the stream ends");
    for answer in &answers {
        assert_eq!(answer["error"]["code"], -32603, "{answer}");
    }
    peer.expect_gone("the session went with its child");
    Peer::open(&pontoon).expect_served();
}

pub fn a_child_that_refuses_ends_the_stream(target: &Target) {
    let pontoon = target.proxy().options(&["--sse"]).child(&["--refuse-init"]).start();
    let mut peer = Peer::connect(&pontoon);
    peer.send(initialize(REVISION));
    let messages = peer.events.messages();
    assert_eq!(messages.len(), 1, "{messages:?}");
    assert_eq!(messages[0]["error"]["code"], -32000, "the child's own error: {messages:?}");
    peer.expect_gone("no session has come to be");
}

pub fn a_quiet_stream_is_kept_alive(target: &Target) {
    let options = ["--sse", "--keep-alive", "200ms"];
    for pontoon in
        [target.proxy().options(&options).start(), target.echo().options(&options).start()]
    {
        let mut peer = Peer::connect(&pontoon);
        for _ in 0..3 {
            let event = peer.events.next_event().expect("the stream goes on");
            let nothing = Event { comments: event.comments.clone(), ..Event::default() };
            assert!(event == nothing && !event.comments.is_empty(), "a comment: {event:?}");
        }
    }
}

pub fn a_reader_that_stops_is_given_up(target: &Target) {
    let pontoon = target.proxy().options(&["--sse", "--write-timeout", "1"]).start();
    let mut wire = Wire::connect_narrow(pontoon.addr, 4096);
    wire.send(connecting().bytes());
    let mut events = wire.events();
    let uri = messages_of(&mut events);
    posting(&uri, initialize(NEWEST)).send(pontoon.addr).expect(202, "initialize");
    assert_eq!(events.message()["id"], 0);
    let flood = tool_call(1, "flood", json!({"bytes": 64 << 20}));
    posting(&uri, flood).send(pontoon.addr).expect(202, "flood");
    eventually("the session ends", seconds(15), || pontoon.metric("pontoon_sessions", &[]) == 0.0);
    Peer::open(&pontoon).expect_served();
}

pub fn the_drain_waits_for_answers(target: &Target) {
    let mut pontoon = target.proxy().options(&["--sse"]).start();
    let (mut busy, mut idle) = (Peer::open(&pontoon), Peer::open(&pontoon));
    let mut silent = Peer::connect(&pontoon);
    let children = [busy.child(), idle.child()];
    // On a connection from before the drain, because later ones are not accepted.
    let mut kept = Wire::connect(pontoon.addr);
    kept.send(Request::new("GET", "/livez").bytes());
    kept.response().expect(200, "a connection");
    busy.send(tool_call(9, "echo", json!({"text": "worth the wait", "ms": 1500})));
    eventually("it is at the child", seconds(5), || {
        !pontoon.record.lines_with("worth the wait").is_empty()
    });
    pontoon.signal(Signal::TERM);
    for peer in [&mut idle, &mut silent] {
        assert!(peer.events.messages().is_empty(), "nothing is in flight there");
    }
    kept.send(posting(&busy.uri, tool_call(10, "echo", json!({"text": "late"}))).bytes());
    let late = kept.response();
    assert_eq!(late.expect_error(503, -32603, "new work"), "The server is stopping");
    let answers = busy.events.messages();
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert_eq!(text_of(&answers[0]), "worth the wait");
    assert_eq!(pontoon.ended(seconds(10)).code(), Some(0));
    assert!(children.iter().all(|child| !is_running(*child)));
    assert!(pontoon.record.lines_with("late").is_empty());
}

pub fn a_second_sigterm_does_not_wait(target: &Target) {
    let mut pontoon = target.proxy().options(&["--sse"]).start();
    let mut peer = Peer::open(&pontoon);
    peer.send(tool_call(1, "hang", json!({})));
    pontoon.signal(Signal::TERM);
    eventually("draining is logged", seconds(10), || !pontoon.log_events("draining").is_empty());
    throughout("it waits", millis(300), || pontoon.log_events("stopped").is_empty());
    pontoon.signal(Signal::TERM);
    // The connection may have closed before the answer.
    if let Ok(Some(event)) = peer.events.try_next(seconds(5)) {
        let answer = event.message().expect("an answer");
        assert_eq!(answer["error"]["code"], -32603, "{answer}");
    }
    assert_eq!(pontoon.ended(seconds(5)).code(), Some(1), "something was broken off");
    eventually("no child is left", seconds(2), || pontoon.running_children().is_empty());
}

pub fn servers_in_the_program(target: &Target) {
    let pontoon = target.echo().options(&["--sse"]).start();
    let mut peer = Peer::open(&pontoon);
    peer.send(tool_call(1, "echo", json!({"message": "hello"})));
    let (log, answer) = (peer.events.message(), peer.events.message());
    assert_eq!(log["method"], "notifications/message", "{log}");
    assert!(text_of(&answer).contains("hello"), "{answer}");
    let mut other = Peer::open(&pontoon);
    other.send(json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}));
    let list = other.events.message();
    assert_eq!(list["result"]["tools"].as_array().map(Vec::len), Some(11), "{list}");
}
