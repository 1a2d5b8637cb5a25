//! Questions of a command of either era, as rounds of a client of 2026-07-28.

use serde_json::{Value, json};

use crate::Target;
use crate::cases::modern_bridge::{each, progress_of, with_token};
use crate::client::text_of;
use crate::modern::{Modern, asked};

cases! { $ modern_questions:
    every_kind_of_question
    several_questions_at_once
    rounds_one_after_the_other
    missing_answers_are_asked_for_again
    questions_to_whom_cannot_answer
}

fn question(id: &str, method: &str, params: Value) -> Value {
    json!({"id": id, "method": method, "params": params})
}

fn form(id: &str) -> Value {
    let schema = json!({"type": "object", "properties": {"name": {"type": "string"}}});
    let params = json!({"message": format!("Who is {id}?"), "requestedSchema": schema});
    question(id, "elicitation/create", params)
}

fn sampling(id: &str) -> Value {
    let content = json!({"type": "text", "text": "What is the capital of France?"});
    let messages = json!([{"role": "user", "content": content}]);
    question(id, "sampling/createMessage", json!({"messages": messages, "maxTokens": 100}))
}

fn url(id: &str) -> Value {
    let params = json!({
        "mode": "url",
        "message": "Please sign in",
        "url": "https://example.com/sign-in",
        "elicitationId": id,
    });
    question(id, "elicitation/create", params)
}

fn roots(id: &str) -> Value {
    json!({"id": id, "method": "roots/list"})
}

fn accepted(name: &str) -> Value {
    json!({"action": "accept", "content": {"name": name}})
}

/// Answers a question as a cooperative user.
fn answer(question: &Value) -> Value {
    match question["method"].as_str().expect("a method") {
        "elicitation/create" if question["params"]["mode"] == "url" => json!({"action": "accept"}),
        "elicitation/create" => accepted("Ada"),
        "roots/list" => json!({"roots": [{"uri": "file:///home/ada", "name": "home"}]}),
        "sampling/createMessage" => json!({
            "role": "assistant",
            "content": {"type": "text", "text": "Paris"},
            "model": "a model",
        }),
        other => panic!("unexpected question: {other}"),
    }
}

/// Returns the answers that reached the tool `rounds`, by the keys of the questions.
#[track_caller]
fn heard(answer: &Value) -> Value {
    text_of(answer).parse().expect("JSON")
}

/// Returns the only question of a message, and its key.
#[track_caller]
fn the_question(message: &Value) -> (String, Value) {
    let all = asked(message);
    assert_eq!(all.len(), 1, "{message}");
    let (key, question) = all.iter().next().expect("one");
    (key.clone(), question.clone())
}

pub fn every_kind_of_question(target: &Target) {
    for (era, pontoon) in each(target, &[]) {
        let client = Modern::new(&pontoon);
        for asks in [form("form"), sampling("sampling"), roots("roots"), url("url")] {
            let key = asks["id"].as_str().expect("a key").to_owned();
            let call = client.tool_call("rounds", json!({"rounds": [[asks.clone()]]}));
            let first = client.send(&call);
            let first = first.expect(200, &key).answer();
            let (name, asked) = the_question(&first);
            assert_eq!(asked["method"], asks["method"], "{era}: {asked}");
            for kept in ["message", "requestedSchema", "messages", "maxTokens", "mode", "url"] {
                assert_eq!(asked["params"].get(kept), asks["params"].get(kept), "{era}: {asked}");
            }
            let result = answer(&asked);
            let retry = client.retry(&call, &first, json!({name: result.clone()}));
            let last = client.send(&retry).answer();
            assert_eq!(last["id"], retry["id"], "{era}: {last}");
            assert_eq!(last["result"]["resultType"], "complete", "{era}: {last}");
            assert_eq!(heard(&last), json!({ key: result }), "{era}");
        }
        for action in ["decline", "cancel"] {
            let call = client.tool_call("rounds", json!({"rounds": [[form("no")]]}));
            let answer = client.converse(&call, |_, _| json!({"action": action}));
            assert_eq!(heard(&answer), json!({"no": {"action": action}}), "{era}");
        }
    }
}

pub fn several_questions_at_once(target: &Target) {
    for (era, pontoon) in each(target, &[]) {
        let client = Modern::new(&pontoon);
        let round = json!([form("a"), form("b"), sampling("c"), roots("d"), url("e")]);
        let call = client.tool_call("rounds", json!({"rounds": [round]}));
        let first = client.send(&call).answer();
        assert_eq!(asked(&first).len(), 5, "{era}: one round is enough: {first}");
        let last = client.converse(&call, |_, question| {
            let message = question["params"]["message"].as_str().unwrap_or_default();
            match message.strip_prefix("Who is ") {
                Some(who) => accepted(who),
                None => answer(question),
            }
        });
        let heard = heard(&last);
        for key in ["a", "b"] {
            assert_eq!(heard[key], accepted(&format!("{key}?")), "{era}: {heard}");
        }
        assert_eq!(heard["c"]["content"]["text"], "Paris", "{era}: {heard}");
        assert_eq!(heard["d"]["roots"][0]["name"], "home", "{era}: {heard}");
        assert_eq!(heard["e"], json!({"action": "accept"}), "{era}: {heard}");
    }
}

pub fn rounds_one_after_the_other(target: &Target) {
    for (era, pontoon) in each(target, &[]) {
        let client = Modern::new(&pontoon);
        let rounds = json!({"rounds": [[form("one")], [sampling("two")], [roots("three")]]});
        let mut call = with_token(&client, json!("round 0"), "rounds", rounds);
        let mut seen = Vec::new();
        let mut states = Vec::new();
        for round in 1..=4 {
            let token = call["params"]["_meta"]["progressToken"].clone();
            let messages = client.send(&call).messages();
            let told = progress_of(&messages, &token);
            assert!(told.is_sorted_by(|a, b| a < b), "{era}: {told:?}");
            seen.extend(told);
            let message = messages.last().expect("an answer");
            assert_eq!(message["id"], call["id"], "{era}: {message}");
            if round == 4 {
                let heard = heard(message);
                assert_eq!(heard.as_object().expect("answers").len(), 3, "{era}: {heard}");
                break;
            }
            let (key, question) = the_question(message);
            states.push(message["result"]["requestState"].clone());
            call = client.retry(&call, message, json!({key: answer(&question)}));
            // Each round has a token of its own.
            call["params"]["_meta"]["progressToken"] = json!(format!("round {round}"));
        }
        assert_ne!(states[0], states[1], "{era}: a state is good for one round");
        if era == "legacy" {
            assert_eq!(seen, [1.0, 2.0, 3.0], "it is one call: its progress goes on");
        }
    }
}

pub fn missing_answers_are_asked_for_again(target: &Target) {
    for (era, pontoon) in each(target, &[]) {
        let client = Modern::new(&pontoon);
        let call = client.tool_call("rounds", json!({"rounds": [[form("a"), form("b")]]}));
        let first = client.send(&call).answer();
        let keys: Vec<_> = asked(&first).keys().cloned().collect();
        let none = client.retry(&call, &first, json!({"unknown": {"action": "accept"}}));
        let second = client.send(&none).answer();
        assert_eq!(asked(&second).keys().cloned().collect::<Vec<_>>(), keys, "{era}");
        let answers = json!({&keys[1]: accepted("b"), "unknown": accepted("c")});
        let third = client.send(&client.retry(&call, &second, answers)).answer();
        assert_eq!(asked(&third).keys().collect::<Vec<_>>(), [&keys[0]], "{era}");
        let answers = json!({&keys[0]: accepted("a")});
        let last = client.send(&client.retry(&call, &third, answers)).answer();
        let heard = heard(&last);
        assert_eq!(heard, json!({"a": accepted("a"), "b": accepted("b")}), "{era}");
    }
}

pub fn questions_to_whom_cannot_answer(target: &Target) {
    for (era, pontoon) in each(target, &[]) {
        for (asks, capabilities, required) in [
            (sampling("q"), json!({"elicitation": {}, "roots": {}}), "sampling"),
            (form("q"), json!({"sampling": {}}), "elicitation"),
            (roots("q"), json!({}), "roots"),
        ] {
            // A legacy server may request roots on its own account: no call fails because of that.
            let goes_on = era == "legacy" && required == "roots";
            let client = Modern::new(&pontoon).able(capabilities);
            let call = client.tool_call("rounds", json!({"rounds": [[asks]]}));
            let refused = client.send(&call);
            if goes_on {
                assert_eq!(heard(&refused.answer())["q"]["error"]["code"], -32601, "{era}");
                continue;
            }
            refused.expect_error(400, -32021, required);
            let error = refused.json()["error"].clone();
            assert!(error["data"]["requiredCapabilities"][required].is_object(), "{era}: {error}");
            assert_eq!(refused.json()["id"], call["id"], "{era}");
            client.expect_served();
        }
        // A plain `elicitation` means forms.
        let client = Modern::new(&pontoon).able(json!({"elicitation": {}}));
        let call = client.tool_call("rounds", json!({"rounds": [[form("still")]]}));
        let answer = client.converse(&call, |_, question| answer(question));
        assert_eq!(heard(&answer)["still"], accepted("Ada"), "{era}");
    }
}
