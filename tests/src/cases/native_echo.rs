//! The echo server with sessions: their start, their state, their end.

use serde_json::{Value, json};

use crate::Target;
use crate::client::{Client, text_of, tool_call};
use crate::pontoon::Pontoon;
use crate::wait::{eventually, millis, seconds};
use crate::wire::{Request, Response, Wire};

cases! { $ native_echo:
    the_first_request_opens_a_session
    sessions_are_apart
    messages_wait_for_a_listener
    messages_go_to_a_listener
    a_silent_listener_is_kept_alive
    a_session_expires
    a_session_that_is_not_there
    a_session_counts_its_requests
    a_token_may_come_later
    figures_of_the_first_minute
}

fn echo(message: impl Into<Value>) -> Value {
    tool_call(1, "echo", json!({"message": message.into()}))
}

/// Sends a body in this session, or outside of any.
fn send(pontoon: &Pontoon, session: Option<&str>, body: &Value) -> Response {
    let request = Request::post(body.to_string());
    match session {
        Some(id) => request.header("Mcp-Session-Id", id),
        None => request,
    }
    .send(pontoon.addr)
}

/// Returns the session id in a response.
#[track_caller]
fn session_of(response: &Response) -> String {
    response.expect(200, "it is answered").header("mcp-session-id").expect("a session").to_owned()
}

/// Returns the active, opened and expired sessions in `/health`.
fn counted(pontoon: &Pontoon) -> [u64; 3] {
    let health = pontoon.get("/health").json();
    ["active", "total_created", "expired"].map(|name| health["sessions"][name].as_u64().unwrap())
}

pub fn figures_of_the_first_minute(target: &Target) {
    let pontoon = target.echo_stateless().start();
    let mut idle: Vec<_> = (0..3).map(|_| Wire::connect(pontoon.addr)).collect();
    for wire in &mut idle {
        wire.send(Request::new("GET", "/livez").bytes()).response().expect(200, "it is connected");
    }
    let probe = tool_call(1, "healthProbe", json!({}));
    let says = |what: &str| text_of(&send(&pontoon, None, &probe).answer()).contains(what);
    assert!(says("Request Rate: n/a\n"), "there is no minute yet");
    eventually("three and that of the call are open", seconds(10), || {
        says("Active connections: 4\n")
    });
    drop(idle);
    eventually("they are closed", seconds(10), || says("Active connections: 1\n"));
}

pub fn the_first_request_opens_a_session(target: &Target) {
    let pontoon = target.echo().start();
    let first = send(&pontoon, None, &echo("one"));
    let session = session_of(&first);
    let lines = format!("one\nSession: {session}\nEcho count in session: 1");
    assert_eq!(text_of(&first.answer()), lines);
    let second = send(&pontoon, Some(&session), &echo("two"));
    assert!(text_of(&second.answer()).ends_with("Echo count in session: 2"));
    let replay = tool_call(1, "replayLastEcho", json!({}));
    for times in 1..=2 {
        let answer = send(&pontoon, Some(&session), &replay).answer();
        let text = text_of(&answer);
        assert!(text.contains("\ntwo\n") || text.contains(" two"), "the last one: {text}");
        assert!(text.contains(&format!("replayed {times} messages")), "{text}");
    }
    let notification = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    send(&pontoon, None, &notification).expect(400, "a notification without a session");
    assert_eq!(counted(&pontoon), [1, 1, 0]);
}

pub fn sessions_are_apart(target: &Target) {
    let pontoon = target.echo().start();
    let [one, two] = [0; 2].map(|_| session_of(&send(&pontoon, None, &echo("whose?"))));
    assert_ne!(one, two);
    send(&pontoon, Some(&one), &echo("of one")).expect(200, "one");
    let replay = tool_call(1, "replayLastEcho", json!({}));
    let seen = |session: &str| {
        let answer = send(&pontoon, Some(session), &replay).answer();
        text_of(&answer).to_owned()
    };
    assert!(seen(&one).contains("of one"));
    assert!(seen(&two).contains("whose?") && !seen(&two).contains("of one"));
    let info = send(&pontoon, Some(&two), &tool_call(1, "sessionInfo", json!({}))).answer();
    assert!(text_of(&info).contains(&two) && !text_of(&info).contains(&one));
}

pub fn messages_wait_for_a_listener(target: &Target) {
    let pontoon = target.echo().start();
    let client = Client::open(&pontoon);
    for number in 1..=105 {
        client.send(echo(format!("message {number}"))).expect(200, "echo");
    }
    let mut listening = client.listen();
    for number in 6..=105 {
        let (event, message) = listening.next_message().expect("an event");
        assert_eq!(event.name.as_deref(), Some("message"), "{event:?}");
        assert_eq!(message["params"]["data"]["message"], format!("message {number}"), "{message}");
    }
    assert!(listening.is_quiet(millis(200)), "a hundred wait, and no more");
    listening.reset();
    assert!(client.listen().is_quiet(millis(200)), "each is delivered once");
}

pub fn messages_go_to_a_listener(target: &Target) {
    let pontoon = target.echo().start();
    let (mine, other) = (Client::open(&pontoon), Client::open(&pontoon));
    let (mut listening, mut elsewhere) = (mine.listen(), other.listen());
    mine.send(echo("now")).expect(200, "echo");
    assert_eq!(listening.message()["params"]["data"], json!({"message": "now", "echo": 1}));
    assert!(elsewhere.is_quiet(millis(200)), "it belongs to one session");
}

pub fn a_silent_listener_is_kept_alive(target: &Target) {
    let pontoon = target.echo().options(&["--keep-alive", "0.2"]).start();
    let client = Client::open(&pontoon);
    let mut listening = client.listen();
    for _ in 0..2 {
        let event = loop {
            // The first event may only have an id to resume from.
            let event = listening.next_event().expect("it stays open");
            if event.data.as_ref().is_some_and(|data| !data.is_empty()) {
                break event;
            }
        };
        assert_eq!(event.name.as_deref(), Some("keep-alive"));
        assert_eq!(event.data.as_deref(), Some(r#"{"type":"ping"}"#));
    }
}

pub fn a_session_expires(target: &Target) {
    let pontoon = target.echo().options(&["--timeout", "1"]).start();
    let session = session_of(&send(&pontoon, None, &echo("soon gone")));
    eventually("it is counted", seconds(5), || counted(&pontoon) == [0, 1, 1]);
    let gone = send(&pontoon, Some(&session), &echo("late"));
    assert_eq!(gone.expect_error(404, -32603, "expired"), "Session not found or expired");
}

pub fn a_session_that_is_not_there(target: &Target) {
    let pontoon = target.echo().start();
    for id in ["00000000-0000-4000-8000-000000000000", "my-own"] {
        let answer = send(&pontoon, Some(id), &echo("x"));
        assert_eq!(answer.expect_error(404, -32603, id), "Session not found or expired");
        assert_eq!(answer.json()["id"], 1);
        assert_eq!(answer.header("mcp-session-id"), None, "it is not adopted");
    }
    assert_eq!(counted(&pontoon), [0, 0, 0]);
    let client = Client::open(&pontoon);
    client.delete().expect(204, "delete");
    client.send(echo("x")).expect_error(404, -32603, "deleted");
}

pub fn a_session_counts_its_requests(target: &Target) {
    let pontoon = target.echo().start();
    let client = Client::open(&pontoon);
    client.text("echo", json!({"message": "counted"}));
    let info = client.text("sessionInfo", json!({}));
    for line in [
        "Total Requests: 3",
        "Echo Count: 1",
        "Message Queue: 1 pending",
        "Initialized: ✅",
        "Client: pontoon-suite v1",
    ] {
        assert!(info.contains(line), "no {line} in {info}");
    }
}

pub fn a_token_may_come_later(target: &Target) {
    let pontoon = target.echo().start();
    let client = Client::open(&pontoon);
    let asked = |authorization: Option<&str>| {
        let request = client.post(tool_call(4, "authContext", json!({})));
        match authorization {
            Some(value) => request.header("Authorization", value),
            None => request,
        }
        .header("X-User-Id", "12345")
        .header("X-User-Name", "johndoe")
        .send(pontoon.addr)
    };
    let mine = "Bearer eyJhbGciOiJSUzI1NiIs...";
    let answer = asked(Some(mine)).answer();
    for line in ["User ID: 12345", "Username: johndoe", "Token Type: Bearer"] {
        assert!(text_of(&answer).contains(line), "no {line} in {answer}");
    }
    asked(None).expect_error(401, -32603, "the session has an owner");
    asked(Some("Bearer another")).expect_error(404, -32603, "another principal");
    asked(Some(mine)).expect(200, "who goes on");
}
