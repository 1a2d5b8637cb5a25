//! `input_required`: questions to the client, further rounds, and their ends.

use serde_json::{Value, json};

use super::super::mrtr::ROUNDS_MAX;
use super::rig::{Rig, Sent, able};
use crate::legacy_facade::RelatesTo;
use crate::protocol::Revision;
use crate::reject::{ExitStatus, Reject};
use crate::time::Duration;

fn form() -> Value {
    let schema = json!({"type": "object", "properties": {"a": {"type": "string"}}});
    let params = json!({"mode": "form", "message": "?", "requestedSchema": schema});
    json!({"method": "elicitation/create", "params": params})
}

fn url() -> Value {
    let params = json!({"mode": "url", "message": "?", "url": "https://example.com/"});
    json!({"method": "elicitation/create", "params": params})
}

fn sampling() -> Value {
    let message = json!({"role": "user", "content": {"type": "text", "text": "hi"}});
    let params = json!({"messages": [message], "maxTokens": 9});
    json!({"method": "sampling/createMessage", "params": params})
}

fn roots() -> Value {
    json!({"method": "roots/list"})
}

fn accepted() -> Value {
    json!({"action": "accept", "content": {"a": "b"}})
}

fn done() -> Value {
    json!({"resultType": "complete", "content": []})
}

/// Returns the ids and methods of the questions to the client.
fn asked(rig: &mut Rig) -> Vec<(String, Value)> {
    let said = rig.said();
    let read = |said: &Value| (said["method"].as_str().unwrap().to_owned(), said["id"].clone());
    said.iter().map(read).collect()
}

/// Returns the id of the only question.
#[track_caller]
fn asked_one(rig: &mut Rig) -> Value {
    let asked = asked(rig);
    assert_eq!(asked.len(), 1, "{asked:?}");
    asked[0].1.clone()
}

#[test]
fn every_input_is_asked_for_at_once_and_the_answers_go_back_together() {
    let mut rig = Rig::able();
    let (call, first) = rig.call();
    let requests = json!({"f": form(), "r": roots(), "s": sampling(), "u": url()});
    rig.requires(first, &requests, Some("sealed"));
    let said = rig.said_about();
    assert_eq!(said.len(), 4);
    assert!(said.iter().all(|(_, about)| *about == RelatesTo::Request(call)));
    let mut ids: Vec<_> = said.iter().map(|(said, _)| said["id"].clone()).collect();
    for (said, _) in &said {
        let (result, id) = (&said["params"]["mode"], &said["id"]);
        let result = match said["method"].as_str().unwrap() {
            "elicitation/create" if result == "url" => json!({"action": "accept"}),
            "elicitation/create" => accepted(),
            "roots/list" => json!({"roots": [{"uri": "file:///r"}]}),
            _ => {
                let content = json!({"type": "text", "text": "yes"});
                json!({"role": "assistant", "content": content, "model": "m"})
            }
        };
        assert_eq!(rig.sent(), [], "not before all are answered");
        rig.reply(id, &result);
    }
    let (second, line) = rig.sent_request();
    assert_ne!(first, second);
    assert_eq!(line["method"], "tools/call");
    assert_eq!(line["params"]["arguments"], json!({"a": 1}));
    assert_eq!(line["params"]["requestState"], "sealed");
    let responses = &line["params"]["inputResponses"];
    assert_eq!(responses["f"], accepted());
    assert_eq!(responses["r"]["roots"][0]["uri"], "file:///r");
    assert_eq!(responses["s"]["model"], "m");
    assert_eq!(responses["u"], json!({"action": "accept"}));
    let meta = &line["params"]["_meta"];
    assert_eq!(meta["io.modelcontextprotocol/clientCapabilities"], able());
    rig.answers(second, &done());
    let said = rig.said();
    assert_eq!(said.last().unwrap()["id"], call);
    assert!(rig.is_idle());
    // Calls do not share ids.
    let (_, number) = rig.call();
    rig.requires(number, &json!({"f": form()}), None);
    ids.push(asked_one(&mut rig));
    ids.sort_by_key(Value::to_string);
    ids.dedup();
    assert_eq!(ids.len(), 5);
}

#[test]
fn rounds_go_on_until_the_child_is_content_each_with_its_own_state() {
    let mut rig = Rig::able();
    let (call, mut number) = rig.call();
    for round in 0..5 {
        let key = format!("k{round}");
        rig.requires(number, &json!({key.as_str(): form()}), Some(&key));
        let id = asked_one(&mut rig);
        rig.reply(&id, &accepted());
        let (next, line) = rig.sent_request();
        assert_eq!(line["params"]["requestState"], key.as_str());
        assert_eq!(line["params"]["inputResponses"], json!({key.as_str(): accepted()}));
        number = next;
    }
    rig.requires(number, &json!({"k": form()}), None);
    let id = asked_one(&mut rig);
    rig.reply(&id, &accepted());
    let (number, line) = rig.sent_request();
    assert_eq!(line["params"].get("requestState"), None, "there was none");
    rig.answers(number, &done());
    assert_eq!(rig.result(call), json!({"content": []}));
}

#[test]
fn a_child_that_is_never_content_is_given_up() {
    let mut rig = Rig::able();
    let (call, mut number) = rig.call();
    for _ in 1..ROUNDS_MAX {
        rig.requires(number, &json!({"k": form()}), None);
        let id = asked_one(&mut rig);
        rig.reply(&id, &accepted());
        number = rig.sent_request().0;
    }
    rig.requires(number, &json!({"k": form()}), None);
    assert_eq!(rig.code(call), -32603);
    assert!(rig.is_idle());
}

#[test]
fn a_state_alone_is_sent_back_at_once_and_then_after_pauses() {
    let mut rig = Rig::able();
    let (call, mut number) = rig.call();
    let mut pauses = Vec::new();
    for round in 0..9 {
        let state = round.to_string();
        rig.requires(number, &json!({}), Some(&state));
        let since = rig.now;
        let due = rig.facade.poll_timeout();
        if round > 0 {
            assert_eq!(rig.sent(), []);
            rig.pass(due.since(since));
        }
        let (next, line) = rig.sent_request();
        assert_eq!(line["params"]["requestState"], state.as_str());
        assert_eq!(line["params"].get("inputResponses"), None);
        pauses.push(rig.now.since(since).as_millis());
        number = next;
    }
    assert_eq!(pauses, [0, 100, 200, 400, 800, 1600, 3200, 5000, 5000]);
    rig.answers(number, &done());
    assert_eq!(rig.result(call), json!({"content": []}));
    assert!(rig.is_idle());
}

#[test]
fn an_elicitation_that_fails_is_one_that_the_user_cancelled() {
    let mut rig = Rig::able();
    let (_, number) = rig.call();
    rig.requires(number, &json!({"f": form(), "u": url()}), None);
    for (_, id) in asked(&mut rig) {
        rig.reply_error(&id);
    }
    let (_, line) = rig.sent_request();
    let cancelled = json!({"action": "cancel"});
    let both = json!({"f": cancelled, "u": cancelled});
    assert_eq!(line["params"]["inputResponses"], both);
}

#[test]
fn sampling_and_roots_that_fail_fail_the_call_and_the_other_questions_are_taken_back() {
    for refused in [sampling(), roots()] {
        let mut rig = Rig::able();
        let (call, number) = rig.call();
        rig.requires(number, &json!({"a": form(), "b": refused, "c": form()}), None);
        let asked = asked(&mut rig);
        let (_, first) = &asked[0];
        rig.reply(first, &accepted());
        let (_, refused) = asked.iter().find(|(method, _)| method != "elicitation/create").unwrap();
        rig.reply_error(refused);
        let said = rig.said();
        assert_eq!(said.len(), 2, "{said:?}");
        assert_eq!(said[0]["method"], "notifications/cancelled");
        assert_eq!(said[0]["params"]["requestId"], asked[2].1);
        assert_eq!((&said[1]["id"], &said[1]["error"]["code"]), (&json!(call), &json!(-32603)));
        assert_eq!(rig.sent(), []);
        assert!(rig.is_idle());
    }
}

#[test]
fn a_client_that_is_asked_what_it_cannot_is_asked_nothing() {
    let mut rig = Rig::open(Revision::V2025_11_25, &json!({"elicitation": {}}));
    let (call, number) = rig.call();
    rig.requires(number, &json!({"f": form(), "r": roots()}), None);
    let result = rig.result(call);
    assert_eq!(result["isError"], true);
    assert_eq!(rig.sent(), []);
    assert!(rig.is_idle());

    rig.request("prompts/get", &json!({"name": "x"}));
    let (number, _) = rig.sent_request();
    rig.requires(number, &json!({"u": url()}), None);
    let error = rig.said_one()["error"].clone();
    assert_eq!(error["code"], -32603);
    assert_eq!(error["data"]["requiredCapabilities"], json!({"elicitation": {"url": {}}}));
}

#[test]
fn a_revision_without_urls_is_sent_to_none() {
    let mut rig = Rig::open(Revision::V2025_06_18, &able());
    let (call, number) = rig.call();
    rig.requires(number, &json!({"u": url()}), None);
    assert_eq!(rig.result(call)["isError"], true);
}

#[test]
fn only_some_methods_may_require_input() {
    let mut rig = Rig::able();
    for (method, may) in [("prompts/get", true), ("resources/read", true), ("tools/list", false)] {
        let call = rig.request(method, &json!({"name": "x", "uri": "a"}));
        let (number, _) = rig.sent_request();
        rig.requires(number, &json!({"f": form()}), None);
        if may {
            asked_one(&mut rig);
            rig.cancel(call);
            rig.said();
        } else {
            assert_eq!(rig.code(call), -32603);
        }
    }
    assert!(rig.is_idle());
}

#[test]
fn a_call_that_is_cancelled_while_the_client_is_asked_takes_the_questions_back() {
    let mut rig = Rig::able();
    let (call, number) = rig.call();
    rig.requires(number, &json!({"a": form(), "b": form()}), None);
    let asked = asked(&mut rig);
    rig.reply(&asked[0].1, &accepted());
    rig.cancel(call);
    let said = rig.said_one();
    assert_eq!(said["method"], "notifications/cancelled");
    assert_eq!(said["params"]["requestId"], asked[1].1);
    assert_eq!(rig.sent(), []);
    assert!(rig.is_idle());
    // A late answer has no effect.
    rig.reply(&asked[1].1, &accepted());
    assert_eq!(rig.sent(), []);
}

#[test]
fn a_call_that_is_cancelled_while_it_rests_is_not_sent_again() {
    let mut rig = Rig::able();
    let (call, number) = rig.call();
    rig.requires(number, &json!({}), Some("1"));
    let (number, _) = rig.sent_request();
    rig.requires(number, &json!({}), Some("2"));
    rig.cancel(call);
    rig.pass(Duration::from_secs(10));
    assert_eq!(rig.sent(), []);
    assert!(rig.is_idle());
}

#[test]
fn a_call_whose_client_is_being_asked_outlives_the_child() {
    let mut rig = Rig::able();
    let (call, first) = rig.call();
    rig.requires(first, &json!({"f": form()}), Some("sealed"));
    let (other, second) = rig.call();
    let id = asked_one(&mut rig);
    rig.loses(second, Reject::ChildExited(ExitStatus::Code(1)));
    assert_eq!(rig.code(other), -32603);
    rig.reply(&id, &accepted());
    let (third, line) = rig.sent_request();
    assert_eq!(line["params"]["requestState"], "sealed");
    rig.answers(third, &done());
    assert_eq!(rig.result(call), json!({"content": []}));
}

#[test]
fn progress_rises_over_all_rounds() {
    let mut rig = Rig::able();
    let params = json!({"name": "x", "_meta": {"progressToken": 2}});
    rig.request("tools/call", &params);
    let (number, _) = rig.sent_request();
    let report = |rig: &mut Rig, number: u64, progress: u32| {
        let params = json!({"progressToken": number, "progress": progress});
        rig.tells(number, "notifications/progress", &params);
        rig.said().len()
    };
    assert_eq!([5, 6].map(|progress| report(&mut rig, number, progress)), [1, 1]);
    rig.requires(number, &json!({"f": form()}), None);
    let id = asked_one(&mut rig);
    rig.reply(&id, &accepted());
    let (number, line) = rig.sent_request();
    assert_eq!(line["params"]["_meta"]["progressToken"], number);
    assert_eq!([1, 6, 7].map(|progress| report(&mut rig, number, progress)), [0, 0, 1]);
}

#[test]
fn a_visit_to_a_url_is_over_once_the_next_round_succeeds() {
    let mut rig = Rig::able();
    let (call, number) = rig.call();
    rig.requires(number, &json!({"a": url(), "b": url(), "c": url()}), None);
    let said = rig.said();
    let visit = |said: &Value| said["params"]["elicitationId"].as_str().unwrap().to_owned();
    let visits: Vec<_> = said.iter().map(visit).collect();
    assert!(visits[0] != visits[1] && visits[1] != visits[2]);
    rig.reply(&said[0]["id"], &json!({"action": "accept"}));
    rig.reply(&said[1]["id"], &json!({"action": "accept"}));
    rig.reply(&said[2]["id"], &json!({"action": "decline"}));
    let (number, _) = rig.sent_request();
    // The user has not come back from the second one yet.
    rig.requires(number, &json!({"b": url()}), None);
    let said = rig.said();
    assert_eq!(said.len(), 2, "{said:?}");
    assert_eq!(said[0]["method"], "notifications/elicitation/complete");
    assert_eq!(visit(&said[0]), visits[0]);
    assert_eq!(visit(&said[1]), visits[1], "it is the same visit");
    rig.reply(&said[1]["id"], &json!({"action": "accept"}));
    let (number, _) = rig.sent_request();
    rig.answers(number, &done());
    let said = rig.said_about();
    assert_eq!(said.len(), 2, "{said:?}");
    assert_eq!(visit(&said[0].0), visits[1]);
    assert_eq!(said[0].1, RelatesTo::Request(call));
    assert_eq!(said[1].0["id"], call);
}

#[test]
fn what_is_kept_for_another_round_is_counted_and_let_go() {
    let mut rig = Rig::able();
    let (_, number) = rig.call();
    assert!(rig.facade.kept_bytes() > 0);
    rig.request("tools/list", &json!({}));
    let Sent::Request(list, ..) = rig.sent().remove(0) else { panic!() };
    let kept = rig.facade.kept_bytes();
    rig.answers(list, &json!({"resultType": "complete", "tools": []}));
    assert_eq!(rig.facade.kept_bytes(), kept, "a list has one round");
    rig.answers(number, &done());
    assert_eq!(rig.facade.kept_bytes(), 0);
}

#[test]
fn what_is_kept_for_other_rounds_is_bounded_but_one_is_always_taken() {
    let mut rig = Rig::able();
    let big = json!({"name": "x", "text": "x".repeat(9 * 1024 * 1024)});
    rig.request("tools/call", &big);
    let (number, _) = rig.sent_request();
    let refused = rig.request("tools/call", &json!({"name": "x"}));
    assert_eq!(rig.code(refused), -32603);
    assert_eq!(rig.sent(), []);
    // It can still be asked, and answer.
    rig.requires(number, &json!({"f": form()}), None);
    let id = asked_one(&mut rig);
    rig.reply(&id, &accepted());
    let (number, _) = rig.sent_request();
    rig.answers(number, &done());
    assert!(rig.is_idle());
    rig.said();
    rig.call();
}

#[test]
fn a_url_under_a_key_that_was_used_before_is_another_visit() {
    let mut rig = Rig::able();
    let (_, number) = rig.call();
    let page = |page: &str| {
        let mut request = url();
        request["params"]["url"] = page.into();
        json!({ "auth": request })
    };
    let visit = |said: &Value| said["params"]["elicitationId"].as_str().unwrap().to_owned();
    rig.requires(number, &page("https://a/login"), None);
    let login = rig.said_one();
    rig.reply(&login["id"], &json!({"action": "accept"}));
    let (number, _) = rig.sent_request();
    rig.requires(number, &page("https://b/pay"), None);
    let said = rig.said();
    assert_eq!(said.len(), 2, "{said:?}");
    assert_eq!(said[0]["method"], "notifications/elicitation/complete");
    assert_eq!(visit(&said[0]), visit(&login));
    assert_ne!(visit(&said[1]), visit(&login));
}

#[test]
fn a_question_that_is_no_request_fails_the_call_and_nothing_is_asked() {
    let mut rig = Rig::able();
    let (call, number) = rig.call();
    // `name` twice: parsers may take either.
    let twice = r#"{"jsonrpc":"2.0","id":NUMBER,"result":{"resultType":"input_required","inputRequests":{"a":{"method":"roots/list"},"b":{"method":"roots/list","params":{"name":1,"name":2}}}}}"#;
    rig.answers_with(number, &twice.replace("NUMBER", &number.to_string()));
    assert_eq!(rig.code(call), -32603);
    assert!(rig.is_idle());
}

#[test]
fn a_question_is_asked_whatever_its_meta_says() {
    let mut rig = Rig::able();
    for meta in [json!({"progressToken": 1.5}), json!([]), json!(7)] {
        let (_, number) = rig.call();
        let mut form = form();
        form["params"]["_meta"] = meta;
        rig.requires(number, &json!({"f": form}), None);
        asked_one(&mut rig);
    }
}

#[test]
fn a_round_that_makes_progress_is_worked_on_even_if_its_client_is_not_told() {
    let mut rig = Rig::able();
    let params = json!({"name": "x", "_meta": {"progressToken": 2}});
    let call = rig.request("tools/call", &params);
    let (number, _) = rig.sent_request();
    let mut report = |progress: Value, is_slow: bool| {
        rig.facade.set_slow(is_slow);
        rig.tells(
            number,
            "notifications/progress",
            &json!({
                "progressToken": number,
                "progress": progress,
            }),
        );
        let told = rig.said().len();
        (std::mem::take(&mut rig.working), told)
    };
    assert_eq!(report(json!(5), false), (vec![call], 1));
    assert_eq!(report(json!(1), false), (vec![call], 0));
    assert_eq!(report(json!(6), true), (vec![call], 0));
    assert_eq!(report(json!("far"), false), (vec![call], 0));
}

#[test]
fn the_level_of_logs_is_that_of_the_round() {
    let mut rig = Rig::able();
    let (_, number) = rig.call();
    rig.requires(number, &json!({"f": form()}), None);
    let id = asked_one(&mut rig);
    rig.request("logging/setLevel", &json!({"level": "info"}));
    rig.reply(&id, &accepted());
    let (_, line) = rig.sent_request();
    assert_eq!(line["params"]["_meta"]["io.modelcontextprotocol/logLevel"], "info");
}
