//! Calls of a legacy command that wait for their client's retry: only that client can continue
//! them, once, and they do not wait forever.

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::Target;
use crate::client::{Client, text_of};
use crate::modern::{Modern, asked};
use crate::pontoon::Pontoon;
use crate::probe;
use crate::wait::{eventually, seconds};
use crate::wire::Response;

cases! { $ parked_calls:
    a_state_is_good_for_one_round
    a_state_that_was_altered
    a_state_of_another_request
    a_state_of_another_principal
    answers_that_are_none
    answers_without_a_question
    one_parked_call_keeps_no_other_waiting
    the_process_ends_under_a_parked_call
    pontoon_ends_under_a_parked_call
    a_client_that_leaves_while_it_is_answered
}

fn legacy(target: &Target) -> Pontoon {
    target.proxy().options(&["--child-era", "legacy"]).start()
}

/// Returns a call that asks for a name.
fn who(client: &Modern, key: &str) -> Value {
    let schema = json!({"type": "object", "properties": {"name": {"type": "string"}}});
    let params = json!({"message": format!("Who is {key}?"), "requestedSchema": schema});
    let ask = json!({"id": key, "method": "elicitation/create", "params": params});
    client.tool_call("rounds", json!({"rounds": [[ask]]}))
}

fn accepted(name: &str) -> Value {
    json!({"action": "accept", "content": {"name": name}})
}

/// Sends the call, and returns its result and the retry.
#[track_caller]
fn park(client: &Modern, call: &Value, name: &str) -> (Value, Value) {
    let message = client.send(call).answer();
    let key = asked(&message).keys().next().expect("a question").clone();
    assert!(message["result"]["requestState"].is_string(), "{message}");
    let retry = client.retry(call, &message, json!({key: accepted(name)}));
    (message, retry)
}

#[track_caller]
fn expect_heard(answer: &Value, key: &str, name: &str) {
    let heard: Value = text_of(answer).parse().expect("JSON");
    assert_eq!(heard, json!({key: accepted(name)}));
}

/// Asserts that a state is refused, and that the error reveals nothing about the call.
#[track_caller]
fn expect_refused(response: &Response, case: &str) {
    let answer = response.answer();
    assert_eq!(answer["error"]["code"], -32602, "{case}: {answer}");
}

pub fn a_state_is_good_for_one_round(target: &Target) {
    let pontoon = legacy(target);
    let client = Modern::new(&pontoon);
    let (_, retry) = park(&client, &who(&client, "once"), "Ada");
    expect_heard(&client.send(&retry).answer(), "once", "Ada");
    expect_refused(&client.send(&retry), "the same again");
    client.expect_served();
}

pub fn a_state_that_was_altered(target: &Target) {
    let pontoon = legacy(target);
    let client = Modern::new(&pontoon);
    let (_, retry) = park(&client, &who(&client, "mine"), "Ada");
    let state = retry["params"]["requestState"].as_str().expect("a state");
    let mut altered = vec![
        String::new(),
        "a guess".to_owned(),
        format!("{state}-TAMPERED"),
        format!("A{state}"),
        state[..state.len() - 1].to_owned(),
        state.to_uppercase(),
    ];
    // One character replaced, in several places.
    altered.extend((0..state.len()).step_by(7).map(|at| {
        let other = if state.as_bytes()[at] == b'A' { "B" } else { "A" };
        format!("{}{other}{}", &state[..at], &state[at + 1..])
    }));
    for forged in altered.into_iter().filter(|forged| forged != state) {
        let mut forgery = retry.clone();
        forgery["params"]["requestState"] = json!(forged);
        expect_refused(&client.send(&forgery), &forged);
    }
    expect_heard(&client.send(&retry).answer(), "mine", "Ada");
}

pub fn a_state_of_another_request(target: &Target) {
    let pontoon = legacy(target);
    let client = Modern::new(&pontoon);
    let (asked, retry) = park(&client, &who(&client, "this"), "Ada");
    let answers = retry["params"]["inputResponses"].clone();
    for other in [who(&client, "that"), client.tool_call("echo", json!({"text": "x"}))] {
        expect_refused(&client.send(&client.retry(&other, &asked, answers.clone())), "a call");
    }
    let read = client.body("resources/read", json!({"uri": "test-server://notes"}));
    expect_refused(&client.send(&client.retry(&read, &asked, answers)), "a method");
    expect_heard(&client.send(&retry).answer(), "this", "Ada");
}

pub fn a_state_of_another_principal(target: &Target) {
    let pontoon = legacy(target);
    let ada = Modern::new(&pontoon).authorized("Bearer ada");
    let (_, retry) = park(&ada, &who(&ada, "whose"), "Ada");
    let others = [Modern::new(&pontoon), Modern::new(&pontoon).authorized("Bearer eve")];
    for other in others {
        expect_refused(&other.send(&retry), "another client");
    }
    expect_heard(&ada.send(&retry).answer(), "whose", "Ada");
}

pub fn answers_that_are_none(target: &Target) {
    let pontoon = legacy(target);
    let client = Modern::new(&pontoon);
    for wrong in [json!(12345), Value::Null, json!("yes"), json!([]), json!({"action": 5})] {
        let call = who(&client, "odd");
        let message = client.send(&call).answer();
        let key = asked(&message).keys().next().expect("a question").clone();
        let retry = client.retry(&call, &message, json!({key: wrong.clone()}));
        let answer = client.send(&retry).answer();
        let is_asked_again = answer["result"]["resultType"] == "input_required";
        let is_refused = answer["error"]["code"] == -32602;
        assert!(is_asked_again || is_refused, "{wrong}: {answer}");
    }
    let call = who(&client, "none");
    let message = client.send(&call).answer();
    let answer = client.send(&client.retry(&call, &message, Value::Null)).answer();
    assert_ne!(answer["result"]["resultType"], "complete", "{answer}");
}

pub fn answers_without_a_question(target: &Target) {
    let pontoon = legacy(target);
    let client = Modern::new(&pontoon);
    let mut early = who(&client, "early");
    early["params"]["inputResponses"] = json!({"early": accepted("Ada")});
    let answer = client.send(&early).answer();
    // It may be used if the question has that key; it is not an error.
    if answer["result"]["resultType"] == "complete" {
        expect_heard(&answer, "early", "Ada");
    } else {
        asked(&answer);
    }
}

pub fn one_parked_call_keeps_no_other_waiting(target: &Target) {
    let pontoon = legacy(target);
    let clients: Vec<_> = (0..5).map(|_| Modern::new(&pontoon)).collect();
    let name = |nth: usize| format!("client-{nth}");
    let parked: Vec<_> = clients
        .iter()
        .enumerate()
        .map(|(nth, client)| park(client, &who(client, &name(nth)), &name(nth)).1)
        .collect();
    Modern::new(&pontoon).expect_served();
    let legacy = Client::open(&pontoon);
    legacy.expect_served();
    // The last one asked retries first.
    for (nth, retry) in parked.iter().enumerate().rev() {
        expect_heard(&clients[nth].send(retry).answer(), &name(nth), &name(nth));
    }
    assert!(legacy.listen().is_quiet(seconds(1)), "no other client was asked");
}

pub fn the_process_ends_under_a_parked_call(target: &Target) {
    let pontoon = legacy(target);
    let client = Modern::new(&pontoon);
    let child = client.child();
    let (_, retry) = park(&client, &who(&client, "lost"), "Ada");
    probe::signal(child, Signal::KILL);
    eventually("it has ended", seconds(10), || !pontoon.running_children().contains(&child));
    // The call is over, whether or not its end has been noticed.
    let refused = client.send(&retry).answer();
    let code = refused["error"]["code"].as_i64();
    assert!([Some(-32602), Some(-32603)].contains(&code), "{refused}");
    client.expect_served();
    let (_, retry) = park(&client, &who(&client, "again"), "Ada");
    expect_heard(&client.send(&retry).answer(), "again", "Ada");
}

pub fn pontoon_ends_under_a_parked_call(target: &Target) {
    let mut pontoon = legacy(target);
    let client = Modern::new(&pontoon);
    let (_, retry) = park(&client, &who(&client, "left"), "Ada");
    pontoon.signal(Signal::TERM);
    let status = pontoon.ended(seconds(40));
    assert_eq!(status.code(), Some(0));
    eventually("so have its processes", seconds(5), || pontoon.running_children().is_empty());

    // A state of another program is refused.
    let pontoon = legacy(target);
    expect_refused(&Modern::new(&pontoon).send(&retry), "of another life");
}

pub fn a_client_that_leaves_while_it_is_answered(target: &Target) {
    let pontoon = legacy(target);
    let client = Modern::new(&pontoon);
    let ask = who(&client, "gone")["params"]["arguments"]["rounds"][0][0].clone();
    // It reports progress, and asks later, when its client has disconnected.
    let mut call = client.tool_call("rounds", json!({"rounds": [[ask]], "ms": 500}));
    call["params"]["_meta"]["progressToken"] = json!(1);
    let mut stream = client.stream(&call);
    assert_eq!(stream.message()["method"], "notifications/progress");
    stream.reset();
    eventually("it is cancelled", seconds(10), || {
        pontoon.record.messages("notifications/cancelled").len() == 1
    });
    client.expect_served();
    eventually("one process is enough again", seconds(20), || {
        pontoon.running_children().len() == 1
    });
}
