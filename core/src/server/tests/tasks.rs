//! Tasks that wait for time, for facts, or for the client.

use serde_json::{Value, json};

use super::rig::{Client, error, text};
use crate::host_stats::{HostStats, ProcessStats};
use crate::time::Duration;

fn progress(said: &[Value]) -> usize {
    said.iter().filter(|line| line["method"] == "notifications/progress").count()
}

#[test]
fn each_step_is_told_and_then_the_answer() {
    let mut client = Client::new();
    assert_eq!(client.connection.poll_timeout(), None);
    assert!(client.start(json!("t"), "steps", json!({"steps": 2, "pause": 100})).is_empty());
    assert!(!client.connection.is_idle());
    let due = client.now + Duration::from_millis(100);
    assert_eq!(client.connection.poll_timeout(), Some(due));
    assert!(client.pass(99).is_empty());
    let said = client.pass(1);
    let first = json!({"progressToken": "t", "progress": 1, "total": 2, "message": "step 1"});
    assert_eq!(said.len(), 1);
    assert_eq!(said[0]["method"], "notifications/progress");
    assert_eq!(said[0]["params"], first);
    assert_eq!(client.about, [r#"related "t""#]);
    assert_eq!(client.pass(100)[0]["params"]["progress"], 2);
    let said = client.pass(100);
    assert_eq!((said.len(), &said[0]["id"], text(&said[0])), (1, &json!("t"), "done: 2"));
    assert_eq!(client.about, [r#"answer "t""#]);
    assert_eq!((client.connection.poll_timeout(), client.connection.is_idle()), (None, true));
}

#[test]
fn who_is_late_catches_up() {
    let mut client = Client::new();
    client.start(json!(1), "steps", json!({"steps": 5, "pause": 200}));
    assert_eq!(progress(&client.pass(650)), 3);
    assert_eq!(progress(&client.pass(3_600_000)), 2);
    assert!(client.connection.is_idle());
    let said = client.start(json!(2), "steps", json!({"steps": 100, "pause": 0}));
    assert_eq!((progress(&said), &said.last().unwrap()["id"]), (100, &json!(2)));
}

#[test]
fn a_task_that_never_ends_lets_others_go_on() {
    let mut client = Client::new();
    let said = client.start(json!(1), "steps", json!({"steps": 1_000_000, "pause": 0}));
    assert_eq!(progress(&said), 1000);
    assert_eq!(text(&client.call("echo", json!({"message": "meanwhile"}))), "meanwhile");
    assert!(client.connection.poll_timeout().unwrap() <= client.now, "it wants to go on");
    assert!(progress(&client.pass(0)) >= 1000);
}

#[test]
fn tasks_run_side_by_side() {
    let mut client = Client::new();
    client.start(json!(1), "steps", json!({"steps": 0, "pause": 300}));
    client.start(json!(2), "steps", json!({"steps": 0, "pause": 100}));
    assert_eq!(client.pass(100)[0]["id"], 2);
    assert_eq!(client.pass(200)[0]["id"], 1);
}

#[test]
fn progress_is_told_to_those_who_want_it_and_only_rises() {
    let mut client = Client::new();
    let said = client.start(json!("t\u{e9}"), "notices", json!({}));
    let told: Vec<_> = said
        .iter()
        .filter(|line| line["method"] == "notifications/progress")
        .map(|line| line["params"]["progress"].clone())
        .collect();
    assert_eq!(told, [json!(1), json!(1.5), json!(3)]);
    let said = client.request(json!(1), "tools/call", json!({"name": "notices"}));
    assert_eq!(progress(&said), 0);
}

#[test]
fn a_token_comes_back_as_it_came() {
    for token in ["7", "1e1", r#""\u0074\/""#] {
        let message = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"notices","_meta":{{"progressToken":{token}}}}}}}"#
        );
        let client = &mut Client::new();
        let (mut out, at) = (Vec::new(), super::rig::at(client.now));
        client.connection.handle_message(message.as_bytes(), &at, &mut out);
        let out = String::from_utf8(out).unwrap();
        assert!(out.contains(&format!(r#""progressToken":{token},"#)), "{out}");
    }
}

#[test]
fn a_cancelled_request_is_never_answered() {
    let mut client = Client::new();
    client.start(json!("1"), "steps", json!({}));
    client.start(json!(1), "steps", json!({}));
    assert!(client.notify("notifications/cancelled", json!({"requestId": 1})).is_empty());
    assert!(client.notify("notifications/cancelled", json!({"requestId": "unknown"})).is_empty());
    assert!(client.notify("notifications/cancelled", json!({})).is_empty());
    assert!(client.notify("notifications/cancelled", json!([])).is_empty());
    let said = client.pass(10_000);
    let answers: Vec<_> = said.iter().filter_map(|line| line.get("id")).collect();
    assert_eq!(answers, [&json!("1")]);
    assert!(said.iter().all(|line| line["params"]["progressToken"] != 1));
}

#[test]
fn requests_that_wait_are_limited_in_number() {
    let mut client = Client::new();
    for id in 0..1000 {
        assert!(client.start(json!(id), "steps", json!({})).is_empty());
    }
    let said = client.start(json!("more"), "steps", json!({}));
    assert_eq!(error(&said[0]), (-32603, "Too many requests are waiting"));
    assert_eq!(text(&client.call("echo", json!({"message": "still there"}))), "still there");
}

#[test]
fn facts_are_asked_for_and_given() {
    let mut client = Client::new();
    assert!(!client.connection.wants_stats());
    assert!(client.start(json!(1), "facts", json!({})).is_empty());
    assert!(client.start(json!(2), "facts", json!({})).is_empty());
    assert!(client.connection.wants_stats());
    assert!(client.pass(1000).is_empty(), "it is not time that it waits for");
    let facts =
        HostStats { process: ProcessStats { pid: 42, ..Default::default() }, ..Default::default() };
    let said = client.sample(&facts);
    assert_eq!((said.len(), text(&said[0]), text(&said[1])), (2, "pid 42", "pid 42"));
    assert!(!client.connection.wants_stats());
    assert!(client.sample(&facts).is_empty());
}

#[test]
fn the_client_is_asked_and_its_answer_told() {
    let mut client = Client::with_capabilities(&json!({"sampling": {}}));
    let first = client.start(json!("q"), "ask", json!({}));
    assert_eq!(first.len(), 1);
    assert_eq!(first[0]["method"], "sampling/createMessage");
    assert_eq!(first[0]["params"], json!({"q": 1}));
    assert_eq!(client.about, [r#"related "q""#]);
    let second = client.start(json!("r"), "ask", json!({}));
    assert_ne!(first[0]["id"], second[0]["id"]);
    let said = client.reply(&second[0]["id"], json!({"role": "user"}));
    assert_eq!((&said[0]["id"], text(&said[0])), (&json!("r"), r#"{"role":"user"}"#));
    assert!(client.reply(&second[0]["id"], json!({})).is_empty(), "answered already");
    let refusal = json!({"jsonrpc": "2.0", "id": first[0]["id"],
        "error": {"code": -1, "message": "User rejected"}});
    let said = client.raw(refusal.to_string());
    assert_eq!((&said[0]["id"], text(&said[0])), (&json!("q"), "User rejected"));
    assert_eq!(said[0]["result"]["isError"], true);
}

#[test]
fn an_answer_that_cannot_be_read_is_told_as_an_error() {
    let cases = [
        (r#""result":1e400"#, "The client's answer cannot be read"),
        (r#""error":{"code":1}"#, "The client gave no reason"),
        (r#""error":5"#, "The client gave no reason"),
    ];
    for (answer, told) in cases {
        let mut client = Client::with_capabilities(&json!({"sampling": {}}));
        let asked = client.start(json!(1), "ask", json!({}));
        let said = client.raw(format!(r#"{{"jsonrpc":"2.0","id":{},{answer}}}"#, asked[0]["id"]));
        assert_eq!(text(&said[0]), told);
    }
}

#[test]
fn the_client_is_asked_only_what_it_declared() {
    let cases = [
        (json!({"sampling": {}}), "", true),
        (json!({"sampling": {"tools": {}}}), "", true),
        (json!({"elicitation": {}}), "elicit", true),
        (json!({"elicitation": {"form": {}, "url": {}}}), "elicit", true),
        (json!({"elicitation": {"url": {}}}), "elicit", false),
        (json!({"roots": {"listChanged": true}}), "roots", true),
        (json!({"roots": null}), "roots", false),
        (json!({"sampling": {}}), "elicit", false),
        (json!({}), "roots", false),
    ];
    for (capabilities, method, is_asked) in cases {
        let mut client = Client::with_capabilities(&capabilities);
        let said = client.start(json!(1), "ask", json!({"method": method}));
        assert_eq!(said.len(), 1);
        assert_eq!(said[0]["method"].is_string(), is_asked, "{capabilities} {method}");
        if !is_asked {
            assert!(text(&said[0]).starts_with("The client did not declare "));
            assert_eq!(said[0]["result"]["isError"], true);
        }
    }
}

#[test]
fn a_task_that_keeps_asking_what_cannot_be_answered_ends() {
    let said = Client::new().start(json!(1), "greedy", json!({}));
    assert_eq!(error(&said[0]), (-32603, "The server asks what cannot be answered"));
}

#[test]
fn a_question_is_withdrawn_when_its_request_is_cancelled() {
    let mut client = Client::with_capabilities(&json!({"sampling": {}}));
    let asked = client.start(json!(1), "ask", json!({}));
    let said = client.notify("notifications/cancelled", json!({"requestId": 1}));
    assert_eq!(said.len(), 1);
    assert_eq!(said[0]["method"], "notifications/cancelled");
    assert_eq!(said[0]["params"]["requestId"], asked[0]["id"]);
    assert_eq!(client.about, ["related 1"]);
    assert!(client.reply(&asked[0]["id"], json!({})).is_empty());
}

/// Asks for a name, and then for the color and roots together.
fn interview(client: &mut Client, id: Value) -> Vec<Value> {
    client.request(id, "tools/call", json!({"name": "interview"}))
}

#[test]
fn the_questions_of_a_wait_are_put_together_and_their_ids_tell_their_keys() {
    let mut client = Client::with_capabilities(&json!({"elicitation": {}, "roots": {}}));
    let asked = interview(&mut client, json!(1));
    assert_eq!((asked.len(), &asked[0]["id"]), (1, &json!("name")));
    assert_eq!(interview(&mut client, json!(2))[0]["id"], "name-2", "ids are never used again");
    let asked = client.reply(&json!("name"), json!({"content": {"name": "Ada"}}));
    let ids: Vec<_> = asked.iter().map(|line| &line["id"]).collect();
    assert_eq!(ids, ["color-1-1", "roots"], "a key that looks numbered is numbered");
    assert_eq!(asked[1]["method"], "roots/list");
    assert_eq!(client.about, ["related 1", "related 1"]);
    assert!(client.reply(&json!("roots"), json!({"roots": []})).is_empty(), "one is open");
    assert!(client.reply(&json!("roots"), json!({"roots": [1]})).is_empty(), "answered already");
    let said = client.reply(&json!("color-1-1"), json!({"content": {"color": "red"}}));
    assert_eq!((&said[0]["id"], text(&said[0])), (&json!(1), "Ada, red, 0 roots"));
}

#[test]
fn what_cannot_be_asked_counts_as_answered_beside_what_can() {
    let mut client = Client::with_capabilities(&json!({"elicitation": {}}));
    interview(&mut client, json!(1));
    let asked = client.reply(&json!("name"), json!({"content": {"name": "Ada"}}));
    assert_eq!(asked.len(), 1);
    let said = client.reply(&json!("color-1-1"), json!({"content": {"color": "red"}}));
    assert_eq!(text(&said[0]), "Ada, red, The client did not declare roots/list");
}

#[test]
fn every_open_question_is_withdrawn_with_its_request() {
    let mut client = Client::with_capabilities(&json!({"elicitation": {}, "roots": {}}));
    interview(&mut client, json!(1));
    client.reply(&json!("name"), json!({"content": {"name": "Ada"}}));
    client.reply(&json!("roots"), json!({"roots": []}));
    let said = client.notify("notifications/cancelled", json!({"requestId": 1}));
    assert_eq!(said.len(), 1, "the other one was answered");
    assert_eq!(said[0]["params"]["requestId"], "color-1-1");
}

#[test]
fn a_page_and_tools_for_the_model_have_to_be_declared() {
    let cases = [
        (json!({"elicitation": {}}), "page", false),
        (json!({"elicitation": {"url": {}}}), "page", true),
        (json!({"sampling": {}}), "tools", false),
        (json!({"sampling": {"tools": {}}}), "tools", true),
    ];
    for (capabilities, method, is_asked) in cases {
        let mut client = Client::with_capabilities(&capabilities);
        let said = client.start(json!(1), "ask", json!({"method": method}));
        assert_eq!(said[0]["method"].is_string(), is_asked, "{capabilities} {method}");
    }
}

#[test]
fn a_client_is_not_asked_what_its_revision_does_not_have() {
    let capabilities =
        json!({"elicitation": {"form": {}, "url": {}}, "sampling": {"tools": {}}, "roots": {}});
    let cases = [
        ("roots", "2024-11-05"),
        ("", "2024-11-05"),
        ("elicit", "2025-06-18"),
        ("page", "2025-11-25"),
        ("tools", "2025-11-25"),
    ];
    for revision in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        for (method, since) in cases {
            let mut client = Client::new();
            let params = json!({"protocolVersion": revision, "capabilities": capabilities});
            client.answer("initialize", params);
            let said = client.start(json!(1), "ask", json!({"method": method}));
            let is_asked = said[0]["method"].is_string();
            assert_eq!(is_asked, revision >= since, "{method} in {revision}");
        }
    }
}
