//! Legacy clients in front of a server of the modern era: one process for all of them.
//!
//! MCP 2026-07-28, basic/versioning and basic/patterns; 2025-11-25, basic and client.

use std::collections::BTreeSet;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::Target;
use crate::client::{Client, NEWEST, text_of, tool_call};
use crate::pontoon::Pontoon;
use crate::probe;
use crate::schema::LEGACY;
use crate::target::fixture;
use crate::wait::{eventually, seconds};
use crate::wire::Events;

cases! { $ interpreted:
    ; on sockets only:
    every_legacy_revision_is_served: "the fixture is a program"
    sessions_share_a_process_that_outlives_them: "the fixture is a program"
    users_who_are_asked_at_once_answer_for_themselves: "the fixture is a program"
    progress_and_log_messages: "the fixture is a program"
    changes_reach_whoever_listens: "the fixture is a program"
    a_crash_fails_the_calls_and_not_the_sessions: "the fixture is a program"
}

/// A proxy in front of the fixture as a server of the modern era alone.
fn bridge(target: &Target) -> Pontoon {
    bridging(target, &[])
}

/// The same with these options.
fn bridging(target: &Target, options: &[&str]) -> Pontoon {
    let fixture = fixture().to_str().expect("a path in UTF-8");
    target.proxy().options(options).wrapping(&[fixture, "--era", "modern"]).start()
}

/// The pids of the server's processes.
fn servers(pontoon: &Pontoon) -> BTreeSet<u32> {
    pontoon.descendants().into_iter().map(|process| process.pid).collect()
}

/// Starts a call in which the user is asked; gives the stream, and the question.
fn asked(client: &Client, message: &str) -> (Events, Value) {
    let call = tool_call(client.id(), "test_elicitation", json!({"message": message}));
    let mut events = client.stream(call);
    let question = events.message();
    assert_eq!(question["method"], "elicitation/create", "{question}");
    assert_eq!(question["params"]["message"], message);
    (events, question)
}

fn accept(client: &Client, question: &Value, name: &str) {
    let content = json!({"username": name, "email": format!("{name}@example.com")});
    let result = json!({"action": "accept", "content": content});
    client.respond(&question["id"], result).expect(202, "an answer");
}

pub fn every_legacy_revision_is_served(target: &Target) {
    let pontoon = bridge(target);
    for revision in LEGACY {
        let client = Client::open_revision(&pontoon, revision);
        assert_eq!(client.text("echo", json!({"message": "hello"})), "hello");
        assert_eq!(client.request("ping", json!({}))["result"], json!({}));
        for list in ["tools", "prompts", "resources"] {
            let answer = client.request(&format!("{list}/list"), json!({}));
            assert!(!answer["result"][list].as_array().expect(list).is_empty(), "{answer}");
        }
        let missing = json!({"uri": "test://none"});
        assert_eq!(client.request("resources/read", missing)["error"]["code"], -32002);
        assert_eq!(client.request("tasks/list", json!({}))["error"]["code"], -32601);
    }
}

pub fn sessions_share_a_process_that_outlives_them(target: &Target) {
    let pontoon = bridge(target);
    let clients: Vec<Client> = (0..5).map(|_| Client::open(&pontoon)).collect();
    let processes = servers(&pontoon);
    assert_eq!(processes.len(), 1, "{processes:?}");
    for client in &clients {
        client.delete().expect(204, "delete");
        client
            .send(tool_call(1, "echo", json!({"message": "x"})))
            .expect(404, "a session that ended");
    }
    let client = Client::open(&pontoon);
    assert_eq!(client.text("echo", json!({"message": "hello"})), "hello");
    assert_eq!(servers(&pontoon), processes);
}

pub fn users_who_are_asked_at_once_answer_for_themselves(target: &Target) {
    for policy in ["session", "principal", "call", "shared"] {
        let pontoon = bridging(target, &["--child-per", policy]);
        let revisions = ["2025-06-18", NEWEST, NEWEST, "2025-06-18"];
        let clients = revisions.map(|revision| Client::open_revision(&pontoon, revision));
        for round in 0..10 {
            cross(&clients, round);
        }
    }
}

/// Everybody is asked, then everybody answers.
fn cross(clients: &[Client], round: usize) {
    let name = |who: usize| format!("user-{who}-{round}");
    let mut waiting: Vec<_> = (0..).zip(clients).map(|(who, it)| asked(it, &name(who))).collect();
    // Every other time the last to be asked is the first to answer.
    let mut order: Vec<usize> = (0..clients.len()).collect();
    if round.is_multiple_of(2) {
        order.reverse();
    }
    for &who in &order {
        accept(&clients[who], &waiting[who].1, &name(who));
    }
    for who in order {
        let answer = waiting[who].0.message();
        assert!(text_of(&answer).contains(&format!("{}@", name(who))), "{answer}");
    }
}

pub fn progress_and_log_messages(target: &Target) {
    let pontoon = bridge(target);
    let client = Client::open(&pontoon);
    let call = |client: &Client, tool: &str| {
        client.stream(json!({"jsonrpc": "2.0", "id": client.id(), "method": "tools/call",
            "params": {"name": tool, "_meta": {"progressToken": "t"}}}))
    };
    let all = call(&client, "test_tool_with_progress").messages();
    let (_, reports) = all.split_last().expect("an answer");
    assert!(!reports.is_empty());
    let how_far: Vec<f64> =
        reports.iter().map(|it| it["params"]["progress"].as_f64().unwrap()).collect();
    assert!(how_far.is_sorted_by(|before, after| before < after), "{how_far:?}");
    assert!(reports.iter().all(|it| it["params"]["progressToken"] == "t"), "{reports:?}");

    let logged = |client: &Client| {
        let all = call(client, "test_tool_with_logging").messages();
        all.iter().filter(|it| it["method"] == "notifications/message").count()
    };
    assert_eq!(logged(&client), 0, "nobody has asked for them");
    let answer = client.request("logging/setLevel", json!({"level": "debug"}));
    assert_eq!(answer["result"], json!({}));
    assert!(logged(&client) > 0);
}

pub fn changes_reach_whoever_listens(target: &Target) {
    let pontoon = bridge(target);
    let clients = [Client::open(&pontoon), Client::open(&pontoon)];
    let mut listening = clients.each_ref().map(Client::listen);
    // The second change shows that the first was told once.
    let change = || {
        assert_eq!(clients[0].text("announce", json!({})), "announced");
        clients[0].call("test_trigger_prompt_change", json!({}));
    };
    let lists = ["tools", "prompts"].map(|list| format!("notifications/{list}/list_changed"));
    change();
    for events in &mut listening {
        assert_eq!([events.message()["method"].clone(), events.message()["method"].clone()], lists);
    }
    // From here on two listens are open for a moment.
    let watched = json!({"uri": "test://watched-resource"});
    let subscribed = clients[1].request("resources/subscribe", watched);
    assert_eq!(subscribed["result"], json!({}), "{subscribed}");
    change();
    let events = &mut listening[1];
    assert_eq!([events.message()["method"].clone(), events.message()["method"].clone()], lists);
}

pub fn a_crash_fails_the_calls_and_not_the_sessions(target: &Target) {
    let pontoon = bridge(target);
    let clients = [Client::open(&pontoon), Client::open(&pontoon)];
    let process = *servers(&pontoon).first().expect("a process");
    let (mut events, question) = asked(&clients[0], "who");
    let arguments = json!({"steps": 100, "interval_ms": 100});
    let params = json!({"name": "slow", "arguments": arguments, "_meta": {"progressToken": 1}});
    let mut call = clients[1].stream(
        json!({"jsonrpc": "2.0", "id": clients[1].id(), "method": "tools/call", "params": params}),
    );
    assert_eq!(call.message()["method"], "notifications/progress");
    probe::signal(process, Signal::KILL);
    let failed = call.messages().pop().expect("an answer");
    assert_eq!(failed["error"]["code"], -32603, "{failed}");
    eventually("another process serves", seconds(10), || {
        clients[1].call("echo", json!({"message": "hello"})).get("result").is_some()
    });
    assert!(!servers(&pontoon).contains(&process));
    // The state of the first call went with the process that had sealed it: it is refused, and not
    // lost.
    accept(&clients[0], &question, "ada");
    let answer = events.message();
    assert!(answer.get("result").is_some() || answer.get("error").is_some(), "{answer}");
}
