//! Legacy clients in front of the shared modern child.

use serde_json::{Value, json};

use super::modern::*;
use super::rig::*;
use crate::config::{BridgeOptions, ChildEra};
use crate::engine::*;
use crate::http::*;
use crate::limits::Limits;
use crate::principal::Principal;
use crate::protocol::Revision;
use crate::reject::SpawnError;

pub(super) const DISCOVERY: &str = r#"{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"logging":{},"resources":{"subscribe":true},"tools":{"listChanged":true}},"ttlMs":0,"cacheScope":"private"}"#;

pub(super) fn rig() -> Rig {
    bridge_of(ChildEra::Modern)
}

/// Returns an `initialize` of a client that supports forms.
pub(super) fn introduce(revision: &str) -> String {
    let params = json!({
        "protocolVersion": revision,
        "capabilities": {"elicitation": {}},
        "clientInfo": {"name": "c", "version": "1"},
    });
    json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}).to_string()
}

fn client_of(rig: &Rig, opening: ExchangeId, revision: Revision) -> Client {
    let (status, body) = rig.json(opening);
    assert_eq!((status, &body["result"]["protocolVersion"]), (200, &json!(revision.as_str())));
    let head = rig.exchanges[&opening].head.as_ref().expect("a head");
    let session = SessionHeader::Id(head.session.expect("a session"));
    Client { session, revision: RevisionHeader::Served(revision), ..Client::new() }
}

/// Opens a session; the child has answered all requests.
fn open(rig: &mut Rig, revision: Revision) -> Client {
    let opening = rig.post(&Client::new(), &introduce(revision.as_str()));
    let child = rig.last_child();
    for asked in rig.told(child) {
        rig.child_answers(child, &asked["id"].to_string(), DISCOVERY);
    }
    client_of(rig, opening, revision)
}

pub(super) fn open_newest(rig: &mut Rig) -> (Client, ChildId) {
    let client = open(rig, Revision::V2025_11_25);
    (client, rig.last_child())
}

/// Subscribes to a resource; returns the number of the listen request at the child.
fn listen(rig: &mut Rig, client: &Client, child: ChildId) -> String {
    rig.post(client, r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    let told = rig.told(child);
    assert_eq!(told[0]["method"], "subscriptions/listen");
    let number = told[0]["id"].to_string();
    acknowledge(rig, child, &told[0]);
    number
}

fn acknowledge(rig: &mut Rig, child: ChildId, listen: &Value) {
    let meta = json!({"io.modelcontextprotocol/subscriptionId": listen["id"]});
    let params = json!({"notifications": listen["params"]["notifications"], "_meta": meta});
    let method = "notifications/subscriptions/acknowledged";
    let line = json!({"jsonrpc": "2.0", "method": method, "params": params});
    rig.child_says(child, &line.to_string());
}

fn changed(number: &str) -> String {
    let number: u64 = number.parse().unwrap();
    let meta = json!({"io.modelcontextprotocol/subscriptionId": number});
    let method = "notifications/tools/list_changed";
    json!({"jsonrpc": "2.0", "method": method, "params": {"_meta": meta}}).to_string()
}

/// Answers a request of the child with a form.
fn require(rig: &mut Rig, child: ChildId, number: &str, message: &str) {
    let schema = json!({"type": "object", "properties": {}});
    let params = json!({"mode": "form", "message": message, "requestedSchema": schema});
    let form = json!({"method": "elicitation/create", "params": params});
    let result = json!({
        "resultType": "input_required",
        "inputRequests": {"k": form},
        "requestState": message,
    });
    rig.child_answers(child, number, &result.to_string());
}

fn accept(id: &Value, name: &str) -> String {
    let result = json!({"action": "accept", "content": {"name": name}});
    json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string()
}

pub(super) const DONE: &str = r#"{"resultType":"complete","content":[]}"#;

#[test]
fn sessions_share_a_child_that_is_asked_once_who_it_is() {
    let mut rig = rig();
    let opening = rig.post(&Client::new(), &introduce("2025-06-18"));
    let child = rig.last_child();
    let told = rig.told(child);
    assert_eq!((told.len(), &told[0]["method"]), (1, &json!("server/discover")));
    rig.child_answers(child, &told[0]["id"].to_string(), DISCOVERY);
    let one = client_of(&rig, opening, Revision::V2025_06_18);

    let opening = rig.post(&Client::new(), &introduce("2025-11-25"));
    let two = client_of(&rig, opening, Revision::V2025_11_25);
    assert_ne!(one.id(), two.id());
    assert_eq!(rig.fed(child), [""; 0]);
    assert_eq!(rig.children.len(), 1);
}

#[test]
fn a_child_that_was_asked_for_its_era_has_said_who_it_is() {
    let mut rig = bridge_of(ChildEra::Probe);
    let opening = rig.post(&Client::new(), &introduce("2025-11-25"));
    let child = rig.last_child();
    let told = rig.told(child);
    rig.child_answers(child, &told[0]["id"].to_string(), DISCOVERY);
    client_of(&rig, opening, Revision::V2025_11_25);
    assert_eq!(rig.fed(child), [""; 0]);
}

#[test]
fn equal_ids_and_tokens_of_two_clients_stay_apart() {
    let mut rig = rig();
    let (one, child) = open_newest(&mut rig);
    let two = open(&mut rig, Revision::V2025_03_26);
    let first = rig.call_with_progress(&one, "7", r#""t""#);
    let second = rig.call_with_progress(&two, "7", r#""t""#);
    let numbers = rig.numbers(child);
    rig.child_reports_progress(child, &numbers[1], 2);
    rig.child_reports_progress(child, &numbers[0], 1);
    rig.child_answers(child, &numbers[1], r#"{"content":[],"of":2}"#);
    rig.child_answers(child, &numbers[0], r#"{"content":[],"of":1}"#);
    for (exchange, of) in [(first, 1), (second, 2)] {
        let messages = rig.messages(exchange);
        let [progress, answer] = &messages[..] else { panic!("{messages:?}") };
        let params = json!({"progressToken": "t", "progress": of});
        assert_eq!(parse(progress)["params"], params);
        assert_eq!((&parse(answer)["id"], &parse(answer)["result"]["of"]), (&json!(7), &json!(of)));
    }
}

#[test]
fn modern_and_legacy_clients_share_the_child_too() {
    let mut rig = rig();
    let (legacy, child) = open_newest(&mut rig);
    let one = rig.call(&legacy, "1");
    let two = rig.ask(&Modern::new(), "1", "tools/call", r#""name":"x""#);
    let numbers = rig.numbers(child);
    rig.child_answers(child, &numbers[1], r#"{"resultType":"complete","content":[],"of":2}"#);
    rig.child_answers(child, &numbers[0], r#"{"resultType":"complete","content":[],"of":1}"#);
    assert_eq!(rig.json(one).1["result"], json!({"content": [], "of": 1}));
    let result = json!({"resultType": "complete", "content": [], "of": 2});
    assert_eq!(rig.json(two).1["result"], result);
}

#[test]
fn a_question_goes_to_the_stream_of_its_call_and_its_answer_into_the_next_round() {
    let mut rig = rig();
    let (client, child) = open_newest(&mut rig);
    let get = rig.get(&client);
    let call = rig.call(&client, r#""c""#);
    let number = rig.number(child);
    require(&mut rig, child, &number, "who");
    let question = parse(rig.messages(call).last().unwrap());
    assert_eq!(question["method"], "elicitation/create");
    assert_eq!(question["params"]["message"], "who");
    assert_eq!(rig.messages(get), [""; 0]);
    let posted = rig.post(&client, &accept(&question["id"], "ada"));
    assert_eq!(rig.reply(posted).0, 202);
    let told = rig.told(child);
    assert_eq!(told[0]["params"]["inputResponses"]["k"]["content"]["name"], "ada");
    assert_eq!(told[0]["params"]["requestState"], "who");
    rig.child_answers(child, &told[0]["id"].to_string(), DONE);
    let answer = parse(rig.messages(call).last().unwrap());
    assert_eq!(answer, json!({"jsonrpc": "2.0", "id": "c", "result": {"content": []}}));
    assert_eq!(rig.stage(call), Stage::Finished);
}

#[test]
fn two_clients_that_are_asked_at_once_answer_for_themselves() {
    let mut rig = rig();
    let (one, child) = open_newest(&mut rig);
    let two = open(&mut rig, Revision::V2025_06_18);
    for cx in 0..20 {
        let calls = [rig.call(&one, "1"), rig.call(&two, "1")];
        let numbers = rig.numbers(child);
        // In either order.
        let order = if cx % 2 == 0 { [0, 1] } else { [1, 0] };
        for which in order {
            require(&mut rig, child, &numbers[which], ["first", "second"][which]);
        }
        for which in order {
            let question = parse(rig.messages(calls[which]).last().unwrap());
            assert_eq!(question["params"]["message"], ["first", "second"][which]);
            let client = [&one, &two][which];
            rig.post(client, &accept(&question["id"], ["ada", "bob"][which]));
        }
        let told = rig.told(child);
        for (line, which) in told.iter().zip(order) {
            assert_eq!(line["params"]["requestState"], ["first", "second"][which]);
            let name = &line["params"]["inputResponses"]["k"]["content"]["name"];
            assert_eq!(*name, ["ada", "bob"][which]);
            rig.child_answers(child, &line["id"].to_string(), DONE);
        }
        assert!(calls.iter().all(|call| rig.stage(*call) == Stage::Finished));
    }
}

#[test]
fn a_client_that_takes_no_stream_is_asked_where_it_listens() {
    let mut rig = rig();
    let (client, child) = open_newest(&mut rig);
    let call = rig.call(&client.accepting(JSON), "1");
    let number = rig.number(child);
    require(&mut rig, child, &number, "who");
    let get = rig.get(&client);
    let question = parse(rig.messages(get).last().unwrap());
    rig.post(&client, &accept(&question["id"], "ada"));
    let number = rig.number(child);
    rig.child_answers(child, &number, DONE);
    assert_eq!(rig.json(call).1["result"], json!({"content": []}));
}

#[test]
fn a_user_who_takes_time_is_waited_for_up_to_the_limit_of_a_request() {
    let mut rig = rig();
    let (client, child) = open_newest(&mut rig);
    let call = rig.call(&client, "1");
    let number = rig.number(child);
    require(&mut rig, child, &number, "who");
    rig.pass(secs(300));
    assert_eq!(rig.fed(child), [""; 0]);
    assert_eq!(rig.stage(call), Stage::Begun);
    rig.pass(secs(300));
    let answer = parse(rig.messages(call).last().unwrap());
    assert_eq!(answer["error"]["message"], LATE_AFTER_ALL);
}

#[test]
fn a_call_that_takes_too_long_is_taken_back() {
    let mut rig = rig();
    let (client, child) = open_newest(&mut rig);
    let call = rig.call_with_progress(&client, "1", "1");
    let number = rig.number(child);
    rig.pass(secs(20));
    rig.child_reports_progress(child, &number, 1);
    rig.pass(secs(20));
    assert_eq!(rig.stage(call), Stage::Begun, "progress gives it its time again");
    rig.pass(secs(20));
    let last = parse(rig.messages(call).last().unwrap());
    assert_eq!(last["error"]["message"], LATE);
    let told = rig.told(child);
    assert_eq!(told[0]["method"], "notifications/cancelled");
    assert_eq!(told[0]["params"]["requestId"].to_string(), number);
}

#[test]
fn progress_of_a_later_round_gives_a_call_its_time_again_from_its_first_value_on() {
    let mut rig = rig();
    let (client, child) = open_newest(&mut rig);
    let call = rig.call_with_progress(&client, "1", "1");
    let number = rig.number(child);
    rig.child_reports_progress(child, &number, 100);
    require(&mut rig, child, &number, "who");
    let question = parse(rig.messages(call).last().unwrap());
    rig.post(&client, &accept(&question["id"], "ada"));
    let number = rig.number(child);
    for progress in 1..=40 {
        rig.pass(secs(1));
        rig.child_reports_progress(child, &number, progress);
    }
    rig.child_answers(child, &number, DONE);
    let answer = parse(rig.messages(call).last().unwrap());
    assert_eq!(answer["result"], json!({"content": []}));
    assert_eq!(rig.messages(call).len(), 3, "what does not rise is not told");
}

#[test]
fn a_client_that_disconnects_comes_back_for_its_answer() {
    let mut rig = rig();
    let (client, child) = open_newest(&mut rig);
    let call = rig.call_with_progress(&client, "1", "1");
    let number = rig.number(child);
    rig.child_reports_progress(child, &number, 1);
    let last = rig.items(call).iter().filter_map(|item| item.id()).next_back().unwrap().to_owned();
    rig.disconnect(call);
    assert_eq!(rig.fed(child), [""; 0], "that cancels nothing");
    rig.child_answers(child, &number, DONE);
    let again = rig.resume(&client, &last);
    assert_eq!(parse(&rig.messages(again)[0])["result"], json!({"content": []}));
}

#[test]
fn list_changes_reach_every_session_that_listens() {
    let mut rig = rig();
    let (one, child) = open_newest(&mut rig);
    let first = listen(&mut rig, &one, child);
    let two = open(&mut rig, Revision::V2025_06_18);
    let second = listen(&mut rig, &two, child);
    let get = rig.get(&one);
    for number in [&first, &second] {
        rig.child_says(child, &changed(number));
    }
    assert_eq!(
        rig.messages(get),
        [r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#]
    );
    // The change is announced once there is a stream.
    let get = rig.get(&two);
    assert_eq!(rig.messages(get).len(), 1);
}

#[test]
fn a_subscription_is_answered_once_the_child_acknowledges_it() {
    let mut rig = rig();
    let (client, child) = open_newest(&mut rig);
    let old = listen(&mut rig, &client, child);
    let body = r#"{"jsonrpc":"2.0","id":5,"method":"resources/subscribe","params":{"uri":"a:b"}}"#;
    let subscribing = rig.post(&client, body);
    let told = rig.told(child);
    assert_eq!(rig.stage(subscribing), Stage::Waiting);
    acknowledge(&mut rig, child, &told[0]);
    assert_eq!(rig.json(subscribing).1, json!({"jsonrpc": "2.0", "id": 5, "result": {}}));
    rig.pass(secs(2));
    let told = rig.told(child);
    assert_eq!(told[0]["method"], "notifications/cancelled");
    assert_eq!(told[0]["params"]["requestId"].to_string(), old);
}

#[test]
fn a_listen_that_the_child_ends_before_it_acknowledges_it_is_no_end_of_the_session() {
    let mut rig = rig();
    let (client, child) = open_newest(&mut rig);
    listen(&mut rig, &client, child);
    let body = r#"{"jsonrpc":"2.0","id":5,"method":"resources/subscribe","params":{"uri":"a:b"}}"#;
    let subscribing = rig.post(&client, body);
    let number = rig.number(child);
    let cancelled =
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":ID}}"#;
    rig.child_says(child, &cancelled.replace("ID", &number));
    let error = &rig.json(subscribing).1["error"];
    assert_eq!(*error, json!({"code": -32603, "message": "The server ended the subscription"}));
    assert!(!rig.has_ended(&client));
}

#[test]
fn a_session_that_ends_takes_everything_back_and_leaves_the_child_to_the_others() {
    let ways: [fn(&mut Rig, &Client); 2] = [
        |rig, client| {
            rig.delete(client);
        },
        |rig, _| rig.pass(secs(3600)),
    ];
    for way in ways {
        let mut rig = rig();
        let (client, child) = open_newest(&mut rig);
        let number = listen(&mut rig, &client, child);
        way(&mut rig, &client);
        assert!(rig.has_ended(&client));
        let told = rig.told(child);
        assert_eq!(told[0]["method"], "notifications/cancelled");
        assert_eq!(told[0]["params"]["requestId"].to_string(), number);
        let gone = rig.call(&client, "1");
        assert_eq!(rig.reply(gone).0, 404);
        assert!(!rig.children[&child].stdin_closed);
    }
}

#[test]
fn a_session_that_is_deleted_fails_its_calls_and_cancels_them_upstream() {
    let mut rig = rig();
    let (client, child) = open_newest(&mut rig);
    let call = rig.call(&client, "1");
    let number = rig.number(child);
    rig.delete(&client);
    assert_eq!(rig.json(call).1["error"]["code"], -32603);
    assert_eq!(rig.told(child)[0]["params"]["requestId"].to_string(), number);
    rig.child_answers(child, &number, DONE);
}

#[test]
fn a_crash_fails_what_is_in_flight_and_the_sessions_go_on_with_another_child() {
    let mut rig = rig();
    let (client, child) = open_newest(&mut rig);
    listen(&mut rig, &client, child);
    let asked = rig.call(&client, "1");
    let number = rig.number(child);
    require(&mut rig, child, &number, "who");
    let call = rig.call(&client, "2");
    rig.child_ends(child, ExitStatus::Signal(9));
    assert_eq!(rig.json(call).1["error"]["code"], -32603);
    assert!(!rig.has_ended(&client));
    // The call whose user is being asked continues with the next child.
    let question = parse(rig.messages(asked).last().unwrap());
    rig.post(&client, &accept(&question["id"], "ada"));
    let next = rig.last_child();
    assert_ne!(next, child);
    let number = rig.number(next);
    rig.child_answers(next, &number, DONE);
    let answer = parse(rig.messages(asked).last().unwrap());
    assert_eq!(answer["result"], json!({"content": []}));
    // And subscriptions are opened again.
    rig.pass(secs(2));
    assert_eq!(rig.told(next)[0]["method"], "subscriptions/listen");
}

#[test]
fn a_child_that_cannot_be_started_opens_no_session() {
    let mut rig = rig();
    rig.spawning = Spawning::Fails(SpawnError::NotFound);
    let opening = rig.post(&Client::new(), &introduce("2025-11-25"));
    assert_eq!(rig.reply(opening).0, 502);
    assert!(rig.engine.sessions.is_empty());
    let mut rig = bridge_of(ChildEra::Modern);
    let opening = rig.post(&Client::new(), &introduce("2025-11-25"));
    let child = rig.last_child();
    rig.child_ends(child, ExitStatus::Code(3));
    assert_eq!(rig.reply(opening).0, 502);
    let opening = rig.post(&Client::new(), &introduce("2025-11-25"));
    assert_eq!(rig.stage(opening), Stage::Waiting);
    rig.pass(secs(60));
    assert_eq!(rig.reply(opening).0, 502);
    assert!(rig.engine.sessions.is_empty());
}

#[test]
fn an_introduction_that_is_none_opens_no_session() {
    let mut rig = rig();
    let opening = rig.post(&Client::new(), &introduce("2025-11-25").replace("\"2025-11-25\"", "7"));
    assert_eq!(rig.json(opening).1["error"]["code"], -32602);
    assert!(rig.engine.sessions.is_empty() && rig.children.is_empty());
}

#[test]
fn a_batch_is_answered_by_a_batch() {
    let mut rig = rig();
    let client = open(&mut rig, Revision::V2025_03_26);
    let child = rig.last_child();
    let batch = format!(
        r#"[{},{{"jsonrpc":"2.0","id":2,"method":"ping"}},{}]"#,
        request("1"),
        request("3")
    );
    let exchange = rig.post(&client, &batch);
    for number in rig.numbers(child) {
        rig.child_answers(child, &number, DONE);
    }
    let (_, answers) = rig.json(exchange);
    let ids: Vec<_> = answers.as_array().unwrap().iter().map(|it| it["id"].clone()).collect();
    assert_eq!(ids, [2, 1, 3]);
}

#[test]
fn a_session_of_another_principal_is_unknown() {
    let mut rig = rig();
    let (client, _) = open_newest(&mut rig);
    let owner = Client { principal: Principal::of(Some(b"ada")), ..client.clone() };
    let other = Client { principal: Principal::of(Some(b"eve")), ..client };
    let call = rig.call(&owner, "1");
    assert_eq!(rig.stage(call), Stage::Waiting);
    let call = rig.call(&other, "1");
    assert_eq!(rig.reply(call).0, 404);
}

#[test]
fn the_end_of_the_program_waits_for_calls() {
    let mut rig = rig();
    let (client, child) = open_newest(&mut rig);
    listen(&mut rig, &client, child);
    let call = rig.call(&client, "1");
    let number = rig.number(child);
    rig.input(Input::ShutdownRequested);
    rig.child_answers(child, &number, DONE);
    assert_eq!(rig.reply(call).0, 200);
    assert!(rig.children[&child].stdin_closed);
    rig.child_ends(child, ExitStatus::Code(0));
    assert_eq!(rig.stopped, Some(false));
    rig.engine.check_empty();
}

#[test]
fn a_client_that_does_not_read_is_spared_what_can_wait() {
    let mut rig = rig();
    let (client, child) = open_newest(&mut rig);
    let listening = listen(&mut rig, &client, child);
    let call = rig.call_with_progress(&client, "1", "1");
    let number = rig.number(child);
    let get = rig.get(&client);
    rig.prompt = false;
    let high = rig.engine.shared.config.limits.outbound_bytes_high;
    let big = format!(r#"{{"content":[{{"type":"text","text":"{}"}}]}}"#, "x".repeat(high));
    let other = rig.call(&client.accepting(SSE), "2");
    let second = rig.number(child);
    rig.child_answers(child, &second, &big);
    rig.child_reports_progress(child, &number, 1);
    rig.child_says(child, &changed(&listening));
    rig.child_says(child, &changed(&listening));
    assert_eq!((rig.stage(call), rig.messages(get).len()), (Stage::Waiting, 0));
    assert!(rig.children[&child].reading, "others are waiting for it");
    rig.flush(other);
    rig.flush(get);
    rig.pass(millis(5));
    assert_eq!(rig.messages(get).len(), 1, "it has changed");
    rig.child_reports_progress(child, &number, 2);
    assert_eq!(rig.messages(call).len(), 1);
}

#[test]
fn one_session_more_takes_no_process_and_the_oldest_gives_way() {
    let limits = Limits { sessions_max: 1, ..Limits::default() };
    let options = BridgeOptions { child_era: ChildEra::Modern, ..BridgeOptions::default() };
    let mut rig = bridge(options, limits);
    let (first, child) = open_newest(&mut rig);
    let (second, same) = open_newest(&mut rig);
    assert_eq!((child, rig.children.len()), (same, 1));
    let gone = rig.call(&first, "1");
    assert_eq!(rig.error(gone).0, 404);
    let served = rig.call(&second, "1");
    assert_eq!(rig.stage(served), Stage::Waiting);
}
