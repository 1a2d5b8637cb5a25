//! Legacy clients in front of a command of 2026-07-28: each sees a legacy server and a session of
//! its own, though all share one process.

use serde_json::{Value, json};

use crate::Target;
use crate::client::{Client, NEWEST, initialize, text_of, tool_call};
use crate::pontoon::Pontoon;
use crate::probe;
use crate::wait::{eventually, millis, seconds};
use crate::wire::{Events, Request};

cases! { $ bridge_eras:
    every_legacy_revision_is_spoken
    sessions_share_the_process
    logging_from_a_level_on
    changes_of_lists
    changes_of_resources
    questions_of_two_sessions
    a_deleted_session_takes_its_calls_along
    batches
    a_crash_is_survived
    both_eras_of_clients
}

fn modern(target: &Target) -> Pontoon {
    target.proxy().options(&["--child-era", "modern"]).child(&["--modern"]).start()
}

/// Asserts that a message has no modern members.
#[track_caller]
fn expect_legacy(message: &Value) {
    let text = message.to_string();
    for name in ["resultType", "ttlMs", "cacheScope", "inputRequests", "requestState"] {
        assert!(!text.contains(name), "{name} in {text}");
    }
    assert!(!text.contains("io.modelcontextprotocol/"), "{text}");
}

pub fn every_legacy_revision_is_spoken(target: &Target) {
    let pontoon = modern(target);
    for revision in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        let opened = Request::post(initialize(revision).to_string()).send(pontoon.addr);
        assert_eq!(opened.answer()["result"]["protocolVersion"], revision);
        Client::open_revision(&pontoon, revision).expect_served();
    }
    let other = Request::post(initialize("1999-01-01").to_string()).send(pontoon.addr);
    assert_eq!(other.answer()["result"]["protocolVersion"], NEWEST, "the newest it has");
}

pub fn sessions_share_the_process(target: &Target) {
    let pontoon = modern(target);
    let clients = [Client::open(&pontoon), Client::open(&pontoon), Client::open(&pontoon)];
    let pids = clients.each_ref().map(Client::child);
    assert_eq!(pids, [pids[0]; 3]);
    assert_eq!(pontoon.running_children().len(), 1);
    // The same ids, at the same time.
    let mut waiting: Vec<_> = clients
        .iter()
        .enumerate()
        .map(|(nth, client)| {
            let arguments = json!({"text": format!("for {nth}"), "ms": 100});
            client.start(tool_call("same", "echo", arguments))
        })
        .collect();
    for (nth, wire) in waiting.iter_mut().enumerate() {
        let answer = wire.response().answer();
        assert_eq!((text_of(&answer), &answer["id"]), (&*format!("for {nth}"), &json!("same")));
    }
    clients[0].delete().expect(204, "delete");
    clients[1].expect_served();
    let gone = clients[0].send(json!({"jsonrpc": "2.0", "id": 1, "method": "ping"}));
    gone.expect(404, "its session is its own");
}

/// Returns the levels of the log messages on the stream of a call.
fn logged(client: &Client) -> Vec<String> {
    let arguments = json!({"levels": ["debug", "info", "warning", "error"], "ms": 5});
    let messages = client.stream(tool_call(client.id(), "report", arguments)).messages();
    assert_eq!(text_of(messages.last().expect("an answer")), "reported");
    let entries = messages.iter().filter(|message| message["method"] == "notifications/message");
    entries.map(|entry| entry["params"]["level"].as_str().expect("a level").to_owned()).collect()
}

pub fn logging_from_a_level_on(target: &Target) {
    let pontoon = modern(target);
    let client = Client::open(&pontoon);
    let other = Client::open(&pontoon);
    let set = |level: &str| client.request("logging/setLevel", json!({"level": level}));
    assert_eq!(set("warning")["result"], json!({}));
    assert_eq!(logged(&client), ["warning", "error"]);
    assert_eq!(set("debug")["result"], json!({}));
    assert_eq!(logged(&client), ["debug", "info", "warning", "error"]);
    let quiet = logged(&other);
    assert!(quiet.len() < 4, "it is the session's own: {quiet:?}");
    assert_eq!(set("loud")["error"]["code"], -32602);
}

pub fn changes_of_lists(target: &Target) {
    let pontoon = modern(target);
    let clients = [Client::open(&pontoon), Client::open(&pontoon)];
    let mut streams = clients.each_ref().map(Client::listen);
    for list in ["tools", "resources"] {
        clients[0].text("list_changed", json!({"what": list}));
        for stream in &mut streams {
            let news = stream.message();
            assert_eq!(news["method"], format!("notifications/{list}/list_changed"), "{news}");
            expect_legacy(&news);
        }
    }
    for stream in &mut streams {
        assert!(stream.is_quiet(millis(200)), "once is enough");
    }
}

pub fn changes_of_resources(target: &Target) {
    let pontoon = modern(target);
    let (client, other) = (Client::open(&pontoon), Client::open(&pontoon));
    let (mut stream, mut nothing) = (client.listen(), other.listen());
    let uri = |name: &str| json!({"uri": format!("test-server://{name}")});
    for name in ["notes", "more"] {
        assert_eq!(client.request("resources/subscribe", uri(name))["result"], json!({}));
    }
    for name in ["notes", "more", "notes"] {
        client.text("updated", uri(name));
        let news = stream.message();
        assert_eq!(news["method"], "notifications/resources/updated", "{news}");
        assert_eq!(news["params"]["uri"], uri(name)["uri"], "{news}");
        expect_legacy(&news);
    }
    client.text("updated", uri("other"));
    assert_eq!(client.request("resources/unsubscribe", uri("notes"))["result"], json!({}));
    client.text("updated", uri("notes"));
    client.text("updated", uri("more"));
    assert_eq!(stream.message()["params"]["uri"], uri("more")["uri"], "the rest goes on");
    assert!(stream.is_quiet(millis(200)) && nothing.is_quiet(millis(200)));
}

fn form(id: &str) -> Value {
    let schema = json!({"type": "object", "properties": {"name": {"type": "string"}}});
    let params = json!({"message": format!("Who is {id}?"), "requestedSchema": schema});
    json!({"id": id, "method": "elicitation/create", "params": params})
}

/// Answers a question as a cooperative user.
fn answer(question: &Value) -> Value {
    assert_eq!(question["method"], "elicitation/create", "{question}");
    json!({"action": "accept", "content": {"name": "Ada"}})
}

/// Calls the tool with several rounds.
fn ask(client: &Client, rounds: Value) -> Events {
    client.stream(tool_call(client.id(), "rounds", json!({"rounds": rounds})))
}

/// Returns the next message; panics unless it is a server request.
#[track_caller]
fn question(stream: &mut Events) -> Value {
    let message = stream.message();
    assert!(message["method"].is_string() && !message["id"].is_null(), "{message}");
    expect_legacy(&message);
    message
}

#[track_caller]
fn heard(message: &Value) -> Value {
    text_of(message).parse().expect("JSON")
}

pub fn questions_of_two_sessions(target: &Target) {
    let pontoon = modern(target);
    let clients = [Client::open(&pontoon), Client::open(&pontoon)];
    for round in 0..30 {
        let mut streams = clients
            .each_ref()
            .map(|client| ask(client, json!([[form(&format!("{}-{round}", client.session))]])));
        let questions = streams.each_mut().map(question);
        for nth in [round % 2, 1 - round % 2] {
            let (client, question) = (&clients[nth], &questions[nth]);
            let who = format!("Who is {}-{round}?", client.session);
            assert_eq!(question["params"]["message"], who);
            let own = json!({"action": "accept", "content": {"name": client.session}});
            client.respond(&question["id"], own).expect(202, "the answer");
        }
        for (client, stream) in clients.iter().zip(&mut streams) {
            let heard = heard(&stream.message());
            let all: Vec<_> = heard.as_object().expect("answers").values().collect();
            assert_eq!(all[0]["content"]["name"], client.session, "{heard}");
        }
    }
}

pub fn a_deleted_session_takes_its_calls_along(target: &Target) {
    let pontoon = modern(target);
    let (client, other) = (Client::open(&pontoon), Client::open(&pontoon));
    let _stream = client.stream(tool_call(1, "sleep", json!({"ms": 20_000})));
    let reached = || pontoon.record.messages("tools/call");
    eventually("it reaches the process", seconds(10), || reached().len() == 1);
    client.delete().expect(204, "delete");
    let number = reached()[0]["id"].clone();
    eventually("it is cancelled", seconds(10), || {
        let cancelled = pontoon.record.messages("notifications/cancelled");
        cancelled.iter().any(|cancelled| cancelled["params"]["requestId"] == number)
    });
    other.expect_served();
    assert_eq!(pontoon.running_children().len(), 1);
}

pub fn batches(target: &Target) {
    let pontoon = modern(target);
    let client = Client::open_revision(&pontoon, "2025-03-26");
    let batch = json!([
        tool_call(1, "echo", json!({"text": "one"})),
        {"jsonrpc": "2.0", "id": "two", "method": "ping"},
        tool_call(3, "echo", json!({"text": "three"})),
    ]);
    let mut messages = client.send(batch).messages();
    messages.sort_by_key(|message| message["id"].to_string());
    assert_eq!(messages.len(), 3, "{messages:?}");
    assert_eq!(messages[0]["result"], json!({}));
    assert_eq!([text_of(&messages[1]), text_of(&messages[2])], ["one", "three"]);
}

pub fn a_crash_is_survived(target: &Target) {
    let pontoon = modern(target);
    let client = Client::open(&pontoon);
    let mut stream = client.listen();
    let before = client.child();
    let mut waiting = client.stream(tool_call(77, "sleep", json!({"ms": 20_000})));
    probe::signal(before, rustix::process::Signal::KILL);
    let failed = waiting.message();
    assert_eq!((&failed["id"], &failed["error"]["code"]), (&json!(77), &json!(-32603)));
    // The process held nothing of the session.
    client.expect_served();
    assert_ne!(client.child(), before);
    eventually("it is listened to again", seconds(10), || {
        pontoon.record.messages("subscriptions/listen").len() == 2
    });
    client.text("list_changed", json!({}));
    assert_eq!(stream.message()["method"], "notifications/tools/list_changed");
}

pub fn both_eras_of_clients(target: &Target) {
    let pontoon = modern(target);
    let legacy = Client::open(&pontoon);
    let modern = crate::modern::Modern::new(&pontoon);
    let mut stream = ask(&legacy, json!([[form("legacy")]]));
    let asked = question(&mut stream);
    let schema = json!({"type": "object", "properties": {}});
    let params = json!({"message": "Who is modern?", "requestedSchema": schema});
    let ask = json!({"id": "modern", "method": "elicitation/create", "params": params});
    let call = modern.tool_call("rounds", json!({"rounds": [[ask]]}));
    let own = modern.converse(&call, |_, question| {
        assert_eq!(question["params"]["message"], "Who is modern?");
        json!({"action": "decline"})
    });
    assert_eq!(heard(&own), json!({"modern": {"action": "decline"}}));
    legacy.respond(&asked["id"], answer(&asked)).expect(202, "the answer");
    assert_eq!(heard(&stream.message())["legacy"]["content"]["name"], "Ada");
}
