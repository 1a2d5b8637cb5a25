//! Processes shared between users: for any `--child-per`, a question for one user is never shown to
//! another, and an answer never counts for another.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::Target;
use crate::client::{Client, NEWEST, text_of, tool_call};
use crate::modern::{Modern, asked};
use crate::pontoon::Pontoon;
use crate::wait::{eventually, seconds, throughout};
use crate::wire::Events;

cases! { $ bridge_policies:
    answers_never_cross_per_session
    answers_never_cross_per_principal
    answers_never_cross_per_call
    answers_never_cross_when_shared
    answers_never_cross_in_a_modern_process
    who_meets_which_process
    a_modern_process_is_shared_by_all
    processes_are_limited
    warm_children
    idle_processes_end
}

fn legacy(target: &Target, policy: &str, options: &[&str]) -> Pontoon {
    let line = target.proxy().options(&["--child-era", "legacy", "--child-per", policy]);
    line.options(options).start()
}

/// The number of questions for each user.
const ROUNDS: usize = 100;

/// Returns a question for one user only.
fn arguments(user: &str, round: usize) -> Value {
    let schema = json!({"type": "object", "properties": {"name": {"type": "string"}}});
    let params = json!({"message": format!("only for {user}"), "requestedSchema": schema});
    let key = format!("{user}-{round}");
    json!({"rounds": [[{"id": key, "method": "elicitation/create", "params": params}]]})
}

/// Returns the answer of a user.
fn secret(user: &str, round: usize) -> Value {
    json!({"action": "accept", "content": {"name": format!("the secret {round} of {user}")}})
}

#[track_caller]
fn expect_own(question: &Value, user: &str) {
    assert_eq!(question["method"], "elicitation/create", "{question}");
    assert_eq!(question["params"]["message"], format!("only for {user}"), "{question}");
}

#[track_caller]
fn expect_heard(answer: &Value, user: &str, round: usize) {
    let heard: Value = text_of(answer).parse().expect("JSON");
    let all: Vec<_> = heard.as_object().expect("answers").values().collect();
    assert_eq!(all, [&secret(user, round)], "{user}");
}

/// Four users are asked at the same time, repeatedly, and each gives another answer: two of each
/// era, and two of them without a name.
fn answers_never_cross(pontoon: &Pontoon) {
    let modern = [
        ("ada", Modern::new(pontoon).authorized("Bearer ada")),
        ("eve", Modern::new(pontoon).authorized("Bearer eve")),
        ("anonymous", Modern::new(pontoon)),
        ("another", Modern::new(pontoon)),
    ];
    let sessions = [
        ("lin", Client::open_with(pontoon, NEWEST, Some("Bearer ada"))),
        ("joe", Client::open(pontoon)),
    ];
    for round in 0..ROUNDS {
        let calls =
            modern.each_ref().map(|(user, it)| it.tool_call("rounds", arguments(user, round)));
        let ids = sessions.each_ref().map(|(_, it)| it.id());
        // The order of arrival differs each time.
        let mut waiting: Vec<_> = (0..4)
            .map(|nth| (nth + round) % 4)
            .map(|nth| (nth, modern[nth].1.start(&calls[nth])))
            .collect();
        let mut streams: Vec<Events> = sessions
            .iter()
            .zip(ids)
            .map(|((user, it), id)| it.stream(tool_call(id, "rounds", arguments(user, round))))
            .collect();
        let mut retries = Vec::new();
        for (nth, wire) in waiting.iter_mut().rev() {
            let (user, client) = &modern[*nth];
            let message = wire.response().answer();
            assert_eq!(message["id"], calls[*nth]["id"], "{user}");
            let questions = asked(&message);
            assert_eq!(questions.len(), 1, "{user}: {message}");
            let (key, question) = questions.iter().next().expect("one");
            expect_own(question, user);
            let answers = json!({key: secret(user, round)});
            let retry = client.retry(&calls[*nth], &message, answers);
            retries.push((*nth, retry));
        }
        for ((user, client), stream) in sessions.iter().zip(&mut streams) {
            let question = stream.message();
            expect_own(&question, user);
            client.respond(&question["id"], secret(user, round)).expect(202, user);
        }
        let answers: Vec<_> =
            retries.iter().map(|(nth, retry)| (*nth, modern[*nth].1.start(retry))).collect();
        for (nth, mut wire) in answers {
            expect_heard(&wire.response().answer(), modern[nth].0, round);
        }
        for ((user, _), stream) in sessions.iter().zip(&mut streams) {
            expect_heard(&stream.message(), user, round);
        }
    }
}

pub fn answers_never_cross_per_session(target: &Target) {
    answers_never_cross(&legacy(target, "session", &[]));
}

pub fn answers_never_cross_per_principal(target: &Target) {
    answers_never_cross(&legacy(target, "principal", &[]));
}

pub fn answers_never_cross_per_call(target: &Target) {
    answers_never_cross(&legacy(target, "call", &["--warm-children", "2"]));
}

pub fn answers_never_cross_when_shared(target: &Target) {
    answers_never_cross(&legacy(target, "shared", &[]));
}

pub fn answers_never_cross_in_a_modern_process(target: &Target) {
    let line = target.proxy().options(&["--child-era", "modern"]).child(&["--modern"]);
    let pontoon = line.start();
    answers_never_cross(&pontoon);
    assert_eq!(pontoon.running_children().len(), 1, "one process is enough");
}

pub fn who_meets_which_process(target: &Target) {
    for policy in ["session", "principal", "call", "shared"] {
        let pontoon = legacy(target, policy, &[]);
        let ada = Modern::new(&pontoon).authorized("Bearer ada");
        let same = Modern::new(&pontoon).authorized("Bearer ada");
        let eve = Modern::new(&pontoon).authorized("Bearer eve");
        let anonymous = Modern::new(&pontoon);
        let pids = [&ada, &ada, &same, &eve, &anonymous, &ada].map(Modern::child);
        let different: BTreeSet<_> = pids.iter().collect();
        match policy {
            "shared" => assert_eq!(different.len(), 1, "{policy}: {pids:?}"),
            "call" => assert_eq!(different.len(), pids.len(), "{policy}: {pids:?}"),
            _ => {
                assert!([pids[1], pids[2], pids[5]] == [pids[0]; 3], "{policy}: {pids:?}");
                assert_eq!(different.len(), 3, "{policy}: {pids:?}");
            }
        }
        let sessions = [Client::open(&pontoon), Client::open(&pontoon)];
        let theirs = sessions.each_ref().map(Client::child);
        assert_ne!(theirs[0], theirs[1], "{policy}: a session has its own");
        if policy != "call" {
            assert!(!theirs.contains(&ada.child()), "{policy}: which no modern client meets");
        }
    }
}

pub fn a_modern_process_is_shared_by_all(target: &Target) {
    let line = target.proxy().options(&["--child-era", "modern"]).child(&["--modern"]);
    let pontoon = line.start();
    let eve = Modern::new(&pontoon).authorized("Bearer eve");
    let pids = [Modern::new(&pontoon).child(), eve.child(), Client::open(&pontoon).child()];
    assert_eq!(pids, [pids[0]; 3]);
}

pub fn processes_are_limited(target: &Target) {
    for policy in ["principal", "call"] {
        let pontoon = legacy(target, policy, &["--max-sessions", "3"]);
        let clients: Vec<_> =
            (0..9).map(|nth| Modern::new(&pontoon).authorized(&format!("Bearer {nth}"))).collect();
        let waiting: Vec<_> = clients
            .iter()
            .enumerate()
            .map(|(nth, client)| {
                let arguments = json!({"text": format!("for {nth}"), "ms": 300});
                client.start(&client.tool_call("echo", arguments))
            })
            .collect();
        let mut most = 0;
        // One that was asked to end may still run for a moment beside its replacement.
        throughout("no more than three at once", seconds(1), || {
            most = most.max(pontoon.running_children().len());
            pontoon.metric("pontoon_children", &[]) <= 6.0
        });
        assert!(most >= 2, "{policy}: they run beside each other");
        for (nth, mut wire) in waiting.into_iter().enumerate() {
            let answer = wire.response().answer();
            assert_eq!(text_of(&answer), format!("for {nth}"), "{policy}: all get their turn");
        }
    }
}

pub fn warm_children(target: &Target) {
    let pontoon = legacy(target, "call", &["--warm-children", "3"]);
    let client = Modern::new(&pontoon);
    let opened = |pid: &u32| !pontoon.record.bytes(*pid).is_empty();
    let ready = || -> Vec<u32> { pontoon.running_children().into_iter().filter(opened).collect() };
    eventually("they are ready before the first request", seconds(10), || ready().len() == 3);
    let before = ready();
    let used = client.child();
    assert!(before.contains(&used), "the first call is for one of them");
    eventually("there is another in its place", seconds(10), || {
        ready().len() == 3 && !ready().contains(&used)
    });
}

pub fn idle_processes_end(target: &Target) {
    let pontoon = legacy(target, "principal", &["--timeout", "1"]);
    let clients: Vec<_> =
        (0..4).map(|nth| Modern::new(&pontoon).authorized(&format!("Bearer {nth}"))).collect();
    clients.iter().for_each(Modern::expect_served);
    assert!(pontoon.record.children().len() >= 4, "each has a process");
    eventually("unneeded ones end", seconds(15), || pontoon.running_children().len() <= 1);
    clients.iter().for_each(Modern::expect_served);
}
