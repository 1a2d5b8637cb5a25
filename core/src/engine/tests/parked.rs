//! Questions of a legacy child, and retries of modern clients.

use serde_json::{Value, json};

use super::legacy_workers::{CALL, rig_of, rig_per};
use super::modern::*;
use super::rig::*;
use crate::config::{BridgeOptions, ChildPer};
use crate::engine::*;
use crate::http::Request;
use crate::limits::Limits;
use crate::observe::Dropped;
use crate::protocol::Revision;

const ABLE: &str = r#"{"elicitation":{"form":{},"url":{}},"sampling":{},"roots":{}}"#;

fn rig() -> Rig {
    rig_per(ChildPer::Session)
}

fn able() -> Modern {
    Modern { capabilities: ABLE, ..Modern::new() }
}

fn elicit(id: &str, text: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"method":"elicitation/create","params":{{"message":"{text}","requestedSchema":{{"type":"object","properties":{{}}}}}}}}"#
    )
}

fn roots(id: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"roots/list"}}"#)
}

impl Rig {
    /// Returns a call at a newly opened process, with its number there.
    fn called(&mut self, client: &Modern, params: &str) -> (ExchangeId, ChildId, String) {
        let exchange = self.ask(client, "1", "tools/call", params);
        let child = self.welcomes();
        let number = self.number(child);
        (exchange, child, number)
    }

    /// Returns the questions and the state in the answer to a call.
    fn required(&self, exchange: ExchangeId) -> (Value, String) {
        let result = match self.stage(exchange) {
            Stage::Replied => self.json(exchange).1["result"].clone(),
            _ => parse(self.messages(exchange).last().unwrap())["result"].clone(),
        };
        assert_eq!(result["resultType"], "input_required", "{result}");
        let state = result["requestState"].as_str().expect("a state").to_owned();
        (result["inputRequests"].clone(), state)
    }

    /// Retries a call.
    fn retry(&mut self, client: &Modern, id: &str, state: &str, answers: &str) -> ExchangeId {
        let params = format!(r#"{CALL},"requestState":"{state}","inputResponses":{answers}"#);
        self.ask(client, id, "tools/call", &params)
    }
}

const ACCEPT: &str = r#"{"action":"accept","content":{}}"#;

#[test]
fn a_question_becomes_an_input_and_its_answer_goes_back_to_the_process_that_waits() {
    let mut rig = rig();
    let (exchange, child, number) = rig.called(&able(), CALL);
    rig.child_says(child, &elicit("7", "who?"));
    assert_eq!(rig.stage(exchange), Stage::Waiting, "there may be more questions");
    rig.pass(millis(5));
    let (inputs, state) = rig.required(exchange);
    assert_eq!(inputs["7"]["method"], "elicitation/create");
    assert_eq!(inputs["7"]["params"]["message"], "who?");
    assert_eq!(rig.fed(child), [""; 0]);

    let retry = rig.retry(&able(), r#""again""#, &state, &format!(r#"{{"7":{ACCEPT}}}"#));
    let told = rig.told(child);
    assert_eq!(told, [json!({"jsonrpc": "2.0", "id": 7, "result": parse(ACCEPT)})]);
    rig.child_answers(child, &number, r#"{"content":[]}"#);
    let (status, body) = rig.json(retry);
    assert_eq!((status, &body["id"]), (200, &json!("again")));
    assert_eq!(body["result"]["resultType"], "complete");
    assert_eq!(rig.children.len(), 1);
}

#[test]
fn a_state_fits_a_large_call_however_its_client_writes_that() {
    let members = |keys: &[u32]| {
        let all: Vec<String> = keys.iter().map(|key| format!(r#""{key}":{key}e0"#)).collect();
        format!(r#"{CALL},"arguments":{{"in":{{{}}}}}"#, all.join(","))
    };
    let (up, down): (Vec<u32>, Vec<u32>) = ((0..9000).collect(), (0..9000).rev().collect());
    let mut rig = rig();
    let (exchange, child, _) = rig.called(&able(), &members(&up));
    rig.child_says(child, &elicit("7", "who?"));
    rig.pass(millis(5));
    let (_, state) = rig.required(exchange);
    let retry = |rig: &mut Rig, params: String| {
        let rounds = format!(r#","requestState":"{state}","inputResponses":{{"7":{ACCEPT}}}"#);
        rig.ask(&able(), "2", "tools/call", &format!("{params}{rounds}"))
    };
    let other = retry(&mut rig, members(&down[1..]));
    assert_eq!(rig.error(other).1, -32602, "it is for another call");
    retry(&mut rig, members(&down));
    assert_eq!(rig.told(child)[0]["id"], 7);
}

#[test]
fn questions_that_come_together_are_asked_together_and_again_if_not_answered() {
    let mut rig = rig();
    let (exchange, child, number) = rig.called(&able(), CALL);
    rig.child_says(child, &elicit("1", "one"));
    rig.pass(millis(4));
    rig.child_says(child, &roots(r#""r""#));
    rig.pass(millis(4));
    assert_eq!(rig.stage(exchange), Stage::Waiting);
    rig.pass(millis(1));
    let (inputs, state) = rig.required(exchange);
    assert_eq!(inputs.as_object().unwrap().len(), 2);

    let answers = format!(r#"{{"1":{ACCEPT},"unknown":{{}}}}"#);
    let second = rig.retry(&able(), "2", &state, &answers);
    assert_eq!(rig.told(child)[0]["id"], 1);
    rig.pass(millis(5));
    let (inputs, next) = rig.required(second);
    assert_eq!(inputs.as_object().unwrap().keys().collect::<Vec<_>>(), ["r"]);
    assert_ne!(state, next);

    let third = rig.retry(&able(), "3", &next, r#"{"r":{"roots":[]}}"#);
    assert_eq!(rig.told(child)[0]["id"], "r");
    rig.child_answers(child, &number, "{}");
    assert_eq!(rig.reply(third).0, 200);
}

#[test]
fn a_state_is_good_once_and_for_the_same_request_of_the_same_client_only() {
    let mut rig = rig();
    let (exchange, child, number) = rig.called(&able(), CALL);
    rig.child_says(child, &elicit("7", "who?"));
    rig.pass(millis(5));
    let (_, state) = rig.required(exchange);
    let answers = format!(r#"{{"7":{ACCEPT}}}"#);
    let params = |call: &str, state: &str| {
        format!(r#"{call},"requestState":"{state}","inputResponses":{answers}"#)
    };
    let other = Modern { capabilities: ABLE, ..Modern::named("other") };
    let mut altered = state.clone();
    let last = if altered.pop() == Some('A') { 'B' } else { 'A' };
    altered.push(last);
    let wrong = [
        rig.ask(&other, "2", "tools/call", &params(CALL, &state)),
        rig.ask(&able(), "2", "prompts/get", &params(CALL, &state)),
        rig.ask(&able(), "2", "tools/call", &params(r#""name":"y""#, &state)),
        rig.ask(&able(), "2", "tools/call", &params(r#""name":"x","arguments":{}"#, &state)),
        rig.ask(&able(), "2", "tools/call", &params(CALL, &altered)),
        rig.ask(&able(), "2", "tools/call", &params(CALL, "")),
        rig.ask(&able(), "2", "tools/call", r#""name":"x","requestState":7"#),
    ];
    for exchange in wrong {
        let (status, code, _) = rig.error(exchange);
        assert_eq!((status, code), (200, -32602));
    }
    assert_eq!(rig.fed(child), [""; 0], "nothing of it reaches the child");
    let retry = rig.retry(&able(), "2", &state, &answers);
    let replayed = rig.retry(&able(), "3", &state, &answers);
    assert_eq!(rig.error(replayed).1, -32602);
    assert_eq!(rig.fed(child).len(), 1);
    rig.child_answers(child, &number, "{}");
    assert_eq!(rig.reply(retry).0, 200);
    let replayed = rig.retry(&able(), "4", &state, &answers);
    assert_eq!(rig.error(replayed).1, -32602);
}

#[test]
fn malformed_answers_change_nothing() {
    let mut rig = rig();
    let (exchange, child, number) = rig.called(&able(), CALL);
    rig.child_says(child, &elicit("7", "who?"));
    rig.pass(millis(5));
    let (_, state) = rig.required(exchange);
    for answers in ["[]", r#"{"7":{"action":"maybe"}}"#, r#"{"7":3}"#] {
        let wrong = rig.retry(&able(), "2", &state, answers);
        assert_eq!(rig.error(wrong).1, -32602, "{answers}");
    }
    assert_eq!(rig.fed(child), [""; 0]);
    let retry = rig.retry(&able(), "3", &state, &format!(r#"{{"7":{ACCEPT}}}"#));
    rig.child_answers(child, &number, "{}");
    assert_eq!(rig.reply(retry).0, 200);
}

#[test]
fn a_client_that_does_not_come_back_frees_the_process() {
    let mut rig = rig();
    let (exchange, child, number) = rig.called(&able(), CALL);
    rig.child_says(child, &elicit("7", "who?"));
    rig.pass(millis(5));
    let (_, state) = rig.required(exchange);
    rig.pass(secs(600));
    let told = rig.told(child);
    assert_eq!(told[0]["result"]["action"], "cancel");
    assert_eq!(told[1]["method"], "notifications/cancelled");
    assert_eq!(told[1]["params"]["requestId"].to_string(), number);
    assert_eq!(rig.dropped(Dropped::UnansweredAsk), 1);
    let late = rig.retry(&able(), "2", &state, &format!(r#"{{"7":{ACCEPT}}}"#));
    assert_eq!(rig.error(late).1, -32602);
    rig.child_answers(child, &number, "{}");
    rig.ask(&able(), "3", "tools/call", CALL);
    assert_eq!(rig.told(child)[0]["method"], "tools/call");
}

#[test]
fn a_client_that_leaves_after_it_came_back_cancels() {
    let mut rig = rig();
    let (exchange, child, number) = rig.called(&able(), CALL);
    rig.child_says(child, &elicit("7", "who?"));
    rig.pass(millis(5));
    let (_, state) = rig.required(exchange);
    let retry = rig.retry(&able(), "2", &state, &format!(r#"{{"7":{ACCEPT}}}"#));
    rig.fed(child);
    rig.child_says(child, &elicit("8", "and?"));
    rig.disconnect(retry);
    let told = rig.told(child);
    assert_eq!((&told[0]["id"], &told[0]["result"]["action"]), (&json!(8), &json!("cancel")));
    assert_eq!(told[1]["params"]["requestId"].to_string(), number);
}

#[test]
fn a_client_that_can_be_asked_nothing_is_told_what_it_lacks() {
    let mut rig = rig();
    let client = Modern { capabilities: r#"{"roots":{}}"#, accept: JSON, ..Modern::new() };
    let (exchange, child, number) = rig.called(&client, CALL);
    rig.child_says(child, &elicit("7", "who?"));
    rig.pass(millis(5));
    let (status, body) = rig.json(exchange);
    assert_eq!((status, &body["error"]["code"]), (400, &json!(-32021)));
    assert_eq!(body["error"]["data"]["requiredCapabilities"], json!({"elicitation": {}}));
    let told = rig.told(child);
    assert_eq!(told[0]["id"], 7);
    assert_eq!(told[1]["params"]["requestId"].to_string(), number);
}

#[test]
fn a_client_without_roots_is_not_refused_for_them() {
    let mut rig = rig();
    let (exchange, child, number) = rig.called(&Modern::new(), CALL);
    rig.child_says(child, &roots("7"));
    let told = rig.told(child);
    assert_eq!((&told[0]["id"], &told[0]["error"]["code"]), (&json!(7), &json!(-32601)));
    rig.pass(secs(1));
    rig.child_answers(child, &number, "{}");
    assert_eq!(rig.stage(exchange), Stage::Replied);
}

#[test]
fn a_client_that_can_be_asked_something_is_asked_that() {
    let mut rig = rig();
    let client = Modern { capabilities: r#"{"roots":{}}"#, ..Modern::new() };
    let (exchange, child, _) = rig.called(&client, CALL);
    rig.child_says(child, &elicit("7", "who?"));
    rig.child_says(child, &roots("8"));
    rig.pass(millis(5));
    let (inputs, _) = rig.required(exchange);
    assert_eq!(inputs.as_object().unwrap().keys().collect::<Vec<_>>(), ["8"]);
    let told = rig.told(child);
    assert_eq!(
        (told.len(), &told[0]["id"], &told[0]["error"]["code"]),
        (1, &json!(7), &json!(-32601))
    );
}

#[test]
fn what_no_client_is_asked_is_answered_by_the_bridge() {
    let mut rig = rig();
    let (exchange, child, _) = rig.called(&able(), CALL);
    rig.child_says(child, r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#);
    rig.child_says(child, r#"{"jsonrpc":"2.0","id":2,"method":"x/y"}"#);
    let told = rig.told(child);
    assert_eq!(told[0], json!({"jsonrpc": "2.0", "id": 1, "result": {}}));
    assert_eq!((&told[1]["id"], &told[1]["error"]["code"]), (&json!(2), &json!(-32601)));
    rig.pass(secs(1));
    assert_eq!(rig.stage(exchange), Stage::Waiting);
}

#[test]
fn a_server_request_that_belongs_to_no_call_reaches_no_client() {
    let mut rig = rig();
    let list = rig.ask(&able(), "1", "tools/list", "");
    let child = rig.welcomes();
    rig.fed(child);
    rig.child_says(child, &elicit("7", "who?"));
    assert_eq!(rig.told(child)[0]["result"]["action"], "cancel");
    rig.pass(secs(1));
    assert_eq!(rig.stage(list), Stage::Waiting);
}

#[test]
fn a_question_that_is_taken_back_is_not_asked() {
    let mut rig = rig();
    let (exchange, child, number) = rig.called(&able(), CALL);
    rig.child_says(child, &elicit("7", "who?"));
    rig.child_says(child, &cancel("7"));
    rig.pass(millis(5));
    assert_eq!(rig.stage(exchange), Stage::Waiting);
    rig.child_answers(child, &number, "{}");
    assert_eq!(rig.reply(exchange).0, 200);
}

#[test]
fn progress_rises_over_all_rounds_under_the_token_of_each() {
    let mut rig = rig();
    let with = |token: &'static str| Modern { meta: token, ..able() };
    let (exchange, child, number) = rig.called(&with(r#","progressToken":"one""#), CALL);
    rig.child_reports_progress(child, &number, 5);
    rig.child_says(child, &elicit("7", "who?"));
    rig.pass(millis(5));
    let (_, state) = rig.required(exchange);
    let retry =
        rig.retry(&with(r#","progressToken":"two""#), "2", &state, &format!(r#"{{"7":{ACCEPT}}}"#));
    for progress in [3, 5, 6] {
        rig.child_reports_progress(child, &number, progress);
    }
    let told: Vec<Value> =
        rig.messages(retry).iter().map(|it| parse(it)["params"].clone()).collect();
    assert_eq!(told, [json!({"progressToken": "two", "progress": 6})]);
}

#[test]
fn a_child_that_does_not_wait_is_heard_when_the_client_comes_back() {
    let mut rig = rig();
    let (exchange, child, number) = rig.called(&able(), CALL);
    rig.child_says(child, &elicit("7", "who?"));
    rig.pass(millis(5));
    let (_, state) = rig.required(exchange);
    rig.child_answers(child, &number, r#"{"late":true}"#);
    let retry = rig.retry(&able(), "2", &state, "{}");
    assert_eq!(rig.json(retry).1["result"]["late"], true);
    rig.fed(child);
    rig.ask(&able(), "3", "tools/call", CALL);
    assert_eq!(rig.told(child)[0]["method"], "tools/call");
}

#[test]
fn a_crash_while_the_client_is_away_is_told_when_it_comes_back() {
    let mut rig = rig();
    let (exchange, child, _) = rig.called(&able(), CALL);
    rig.child_says(child, &elicit("7", "who?"));
    rig.pass(millis(5));
    let (_, state) = rig.required(exchange);
    rig.child_ends(child, ExitStatus::Code(1));
    let retry = rig.retry(&able(), "2", &state, &format!(r#"{{"7":{ACCEPT}}}"#));
    assert_eq!(rig.error(retry).1, -32602);
}

#[test]
fn a_url_that_has_to_be_visited_first_makes_the_client_come_again() {
    let mut rig = rig();
    let (exchange, child, number) = rig.called(&able(), CALL);
    rig.child_says(
        child,
        &format!(
            r#"{{"jsonrpc":"2.0","id":{number},"error":{{"code":-32042,"message":"","data":{{"elicitations":[{{"mode":"url","elicitationId":"e","url":"https://a.example","message":"m"}}]}}}}}}"#
        ),
    );
    let (inputs, state) = rig.required(exchange);
    assert_eq!(inputs["e"]["params"]["url"], "https://a.example");
    let retry = rig.retry(&able(), "2", &state, r#"{"e":{"action":"accept"}}"#);
    let told = rig.told(child);
    assert_eq!((told.len(), &told[0]["method"]), (1, &json!("tools/call")));
    let number = told[0]["id"].to_string();
    rig.child_answers(child, &number, "{}");
    assert_eq!(rig.reply(retry).0, 200);
}

#[test]
fn a_parked_call_keeps_its_process_from_others() {
    let mut rig = rig();
    let (exchange, child, _) = rig.called(&able(), CALL);
    rig.child_says(child, &elicit("7", "who?"));
    rig.pass(millis(5));
    rig.required(exchange);
    rig.ask(&able(), "2", "tools/call", CALL);
    assert_ne!(rig.last_child(), child);
    rig.pass(secs(400));
    assert!(!rig.children[&child].stdin_closed, "it is not idle");
}

#[test]
fn the_end_of_the_program_gives_up_who_is_away() {
    let mut rig = rig();
    let (exchange, child, _) = rig.called(&able(), CALL);
    rig.child_says(child, &elicit("7", "who?"));
    rig.pass(millis(5));
    rig.required(exchange);
    rig.input(Input::ShutdownRequested);
    assert_eq!(rig.told(child)[0]["result"]["action"], "cancel");
    assert!(rig.children[&child].stdin_closed);
    rig.child_ends(child, ExitStatus::Code(0));
    assert_eq!(rig.stopped, Some(false));
    rig.engine.check_empty();
}

#[test]
fn a_question_during_the_drain_does_not_leave_its_process_behind() {
    let mut rig = rig();
    let (exchange, child, _) = rig.called(&able(), CALL);
    rig.input(Input::ShutdownRequested);
    rig.child_says(child, &elicit("7", "who?"));
    rig.pass(millis(5));
    assert_ne!(rig.stage(exchange), Stage::Waiting);
    assert_eq!(rig.stopped, None, "its process has its time to end");
    assert!(rig.children[&child].stdin_closed);
    rig.child_ends(child, ExitStatus::Code(0));
    assert_eq!(rig.stopped, Some(false));
}

#[test]
fn a_process_that_has_the_answer_for_a_client_that_is_away_is_not_idle() {
    let mut rig = rig();
    let (exchange, child, number) = rig.called(&able(), CALL);
    rig.child_says(child, &elicit("7", "who?"));
    rig.pass(millis(5));
    let (_, state) = rig.required(exchange);
    rig.child_answers(child, &number, r#"{"late":true}"#);
    rig.pass(secs(400));
    let retry = rig.retry(&able(), "2", &state, "{}");
    assert_eq!(rig.json(retry).1["result"]["late"], true);
}

#[test]
fn a_parked_call_gives_way_to_a_session_and_to_a_request_of_another_client() {
    let limits = Limits { sessions_max: 2, ..Limits::default() };
    let mut rig = rig_of(BridgeOptions::default(), limits);
    let mut parked = Vec::new();
    for name in ["one", "two"] {
        let client = Modern { capabilities: ABLE, ..Modern::named(name) };
        let (exchange, child, _) = rig.called(&client, CALL);
        rig.child_says(child, &elicit("7", "who?"));
        rig.pass(millis(5));
        parked.push((client, child, rig.required(exchange).1));
        rig.pass(secs(1));
    }
    assert_eq!(rig.metric("pontoon_parked_calls"), 2);
    assert_eq!(rig.metric("pontoon_sessions"), 0);
    let ready = rig.request(Request::Ready { awaits_keys: false, detailed: true });
    assert_eq!(rig.reply(ready).0, 200);

    rig.open(Revision::V2025_11_25);
    assert_eq!(rig.metric("pontoon_parked_calls"), 1);
    assert!(rig.children[&parked[0].1].stdin_closed, "the oldest gives way");
    let answers = format!(r#"{{"7":{ACCEPT}}}"#);
    let (client, _, state) = &parked[0];
    let retry = rig.retry(client, "2", state, &answers);
    assert_eq!(rig.error(retry).1, -32602);
    rig.bury();

    // The session is idle and of no client with credentials, so it is evicted before the other
    // call.
    rig.called(&Modern::named("three"), CALL);
    assert_eq!(rig.metric("pontoon_parked_calls"), 1);
    rig.bury();
    rig.called(&Modern::named("four"), CALL);
    assert_eq!(rig.metric("pontoon_parked_calls"), 0);
    assert_eq!(rig.dropped(Dropped::UnansweredAsk), 2);
}

#[test]
fn parked_calls_do_not_displace_a_session_in_use() {
    let limits = Limits { sessions_max: 3, ..Limits::default() };
    let mut rig = rig_of(BridgeOptions::default(), limits);
    let (session, child) = rig.open(Revision::V2025_11_25);
    for id in 1..=6 {
        let (_, worker, _) = rig.called(&able(), CALL);
        rig.child_says(worker, &elicit("7", "who?"));
        rig.pass(secs(1));
        rig.bury();
        let exchange = rig.call(&session, &id.to_string());
        let number = rig.number(child);
        rig.child_answers(child, &number, "{}");
        assert_eq!(rig.reply(exchange).0, 200);
    }
    assert_eq!(rig.metric("pontoon_parked_calls"), 2);
}
