//! Requests of a client, and their answers.

use super::rig::*;
use crate::engine::*;
use crate::http::ContentType;
use crate::observe::Dropped;
use crate::protocol::Revision;

fn content_type(rig: &Rig, exchange: ExchangeId) -> Option<ContentType> {
    rig.exchanges[&exchange].head.as_ref()?.content_type
}

#[test]
fn an_answer_is_the_childs_but_for_the_id() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    for id in ["1", "-7", r#""a\u0062""#, "9007199254740993", r#""""#] {
        let exchange = rig.call(&client, id);
        let number = rig.number(child);
        let rest = r#""jsonrpc":"2.0", "result" : {"text":"\ud83d\ude00 é","n":1.50}}"#;
        rig.child_says(child, &format!(r#"{{"id":{number},{rest}"#));
        assert_eq!(rig.reply(exchange), (200, format!(r#"{{"id":{id},{rest}"#).as_str()));
        let head = rig.exchanges[&exchange].head.as_ref().unwrap();
        assert_eq!(head.session, Some(client.id()));
    }
}

#[test]
fn an_error_of_the_child_is_an_answer_too() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    let exchange = rig.call(&client, "5");
    rig.child_says(child, r#"{"jsonrpc":"2.0","id":2,"error":{"code":-32601,"message":"x"}}"#);
    let answer = r#"{"jsonrpc":"2.0","id":5,"error":{"code":-32601,"message":"x"}}"#;
    assert_eq!(rig.reply(exchange), (200, answer));
}

#[test]
fn a_client_that_takes_json_gets_json_and_others_an_event_stream() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    for (accept, json) in [(JSON, true), (BOTH, true), (SSE, false)] {
        let exchange = rig.call(&client.accepting(accept), "1");
        let number = rig.number(child);
        rig.child_answers(child, &number, "{}");
        let answer = r#"{"jsonrpc":"2.0","id":1,"result":{}}"#;
        if json {
            assert_eq!(rig.reply(exchange), (200, answer));
            assert_eq!(content_type(&rig, exchange), Some(ContentType::Json));
        } else {
            assert_eq!(rig.messages(exchange), [answer]);
            assert_eq!(content_type(&rig, exchange), Some(ContentType::EventStream));
            assert_eq!(rig.stage(exchange), Stage::Finished);
        }
    }
}

#[test]
fn notifications_and_answers_are_accepted_without_a_body() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    let text = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    let exchange = rig.post(&client, text);
    assert_eq!(rig.reply(exchange), (202, ""));
    assert_eq!(content_type(&rig, exchange), None);
    assert_eq!(rig.fed(child), [text]);
}

#[test]
fn two_requests_with_the_same_id_get_their_own_answers() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    let one = rig.call(&client, "1");
    let other = rig.call(&client, "1");
    let numbers = rig.numbers(child);
    assert_ne!(numbers[0], numbers[1]);
    rig.child_answers(child, &numbers[1], r#""other""#);
    rig.child_answers(child, &numbers[0], r#""one""#);
    assert_eq!(rig.reply(one).1, r#"{"jsonrpc":"2.0","id":1,"result":"one"}"#);
    assert_eq!(rig.reply(other).1, r#"{"jsonrpc":"2.0","id":1,"result":"other"}"#);
}

#[test]
fn an_answer_is_delivered_once() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    let exchange = rig.call(&client, "1");
    let number = rig.number(child);
    rig.child_answers(child, &number, "1");
    rig.child_answers(child, &number, "2");
    rig.child_answers(child, "99", "3");
    rig.child_answers(child, &format!(r#""{number}""#), "4");
    rig.child_says(child, r#"{"jsonrpc":"2.0","error":{"code":-32700,"message":"?"}}"#);
    assert_eq!(rig.reply(exchange).1, r#"{"jsonrpc":"2.0","id":1,"result":1}"#);
    assert_eq!(rig.dropped(Dropped::UnknownAnswer), 4);
}

#[test]
fn a_request_that_takes_too_long_gets_an_error_and_the_child_is_told() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    let exchange = rig.call(&client.accepting(JSON), r#""slow""#);
    let number = rig.number(child);
    rig.pass(millis(29_999));
    assert_eq!(rig.stage(exchange), Stage::Waiting);
    rig.pass(millis(1));
    assert_eq!(rig.error(exchange), (200, -32603, LATE.to_owned()));
    assert_eq!(parse(rig.reply(exchange).1)["id"], "slow");
    let told = rig.fed(child);
    assert_eq!(told.len(), 1);
    let told = parse(&told[0]);
    assert_eq!(told["method"], "notifications/cancelled");
    assert_eq!(told["params"]["requestId"].to_string(), number);

    rig.child_answers(child, &number, "{}");
    assert_eq!(rig.dropped(Dropped::UnknownAnswer), 1);
    assert!(!rig.has_ended(&client), "one slow request does not end the session");
}

#[test]
fn progress_gives_a_request_its_time_again_up_to_the_hard_limit() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    let exchange = rig.call_with_progress(&client, "1", "5");
    let number = rig.number(child);
    let mut seconds = 0;
    while rig.stage(exchange) != Stage::Finished {
        rig.child_reports_progress(child, &number, seconds);
        rig.pass(secs(20));
        seconds += 20;
        assert!(seconds <= 600, "beyond the hard limit");
    }
    assert_eq!(seconds, 600);
    let messages = rig.messages(exchange);
    assert_eq!(error_of(messages.last().unwrap()).1, LATE_AFTER_ALL);
    assert_eq!(messages.len(), 31, "30 notifications, and the answer");
}

#[test]
fn progress_comes_before_the_result_on_the_stream_of_its_request() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_06_18);
    for token in [r#""t""#, "7", r#""7""#, "-1.5e3"] {
        let exchange = rig.call_with_progress(&client, "1", token);
        let fed = parse(&rig.fed(child)[0]);
        let number = fed["id"].to_string();
        assert_eq!(fed["params"]["_meta"]["progressToken"].to_string(), number);
        rig.child_reports_progress(child, &number, 50);
        rig.child_answers(child, &number, "{}");
        rig.child_reports_progress(child, &number, 100);
        let progress = format!(
            r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progressToken":{token},"progress":50}}}}"#
        );
        let answer = r#"{"jsonrpc":"2.0","id":1,"result":{}}"#;
        assert_eq!(rig.messages(exchange), [progress.as_str(), answer]);
        assert_eq!(rig.stage(exchange), Stage::Finished);
    }
    assert_eq!(rig.dropped(Dropped::UnknownProgress), 4, "progress after the answer");
}

#[test]
fn progress_of_two_requests_with_one_token_stays_apart() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_06_18);
    let one = rig.call_with_progress(&client, "1", "0");
    let other = rig.call_with_progress(&client, "2", "0");
    let numbers = rig.numbers(child);
    rig.child_reports_progress(child, &numbers[1], 2);
    assert_eq!(rig.stage(one), Stage::Waiting);
    assert_eq!(parse(&rig.messages(other)[0])["params"]["progress"], 2);
}

#[test]
fn a_client_that_takes_only_json_hears_of_progress_elsewhere_or_not_at_all() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    let exchange = rig.call_with_progress(&client.accepting(JSON), "1", r#""t""#);
    let number = rig.number(child);
    rig.child_reports_progress(child, &number, 1);
    assert_eq!(rig.dropped(Dropped::UnknownProgress), 1);
    let stream = rig.get(&client);
    rig.child_reports_progress(child, &number, 2);
    let progress = parse(&rig.messages(stream)[0]);
    assert_eq!(progress["params"]["progressToken"], "t");
    rig.child_answers(child, &number, "{}");
    assert_eq!(rig.reply(exchange), (200, r#"{"jsonrpc":"2.0","id":1,"result":{}}"#));
}

#[test]
fn a_request_can_be_cancelled() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    let exchange = rig.call(&client, r#""x""#);
    let number = rig.number(child);
    let notice = rig.post(&client, &cancel(r#""x""#));
    assert_eq!(rig.reply(notice), (202, ""));
    assert_eq!(rig.fed(child), [cancel(&number)]);
    assert_eq!(rig.reply(exchange), (202, ""), "there is nothing to answer");

    rig.child_answers(child, &number, "{}");
    assert_eq!(rig.dropped(Dropped::UnknownAnswer), 1);
    let again = rig.call(&client, r#""x""#);
    let number = rig.number(child);
    rig.child_answers(child, &number, "true");
    assert_eq!(rig.reply(again).1, r#"{"jsonrpc":"2.0","id":"x","result":true}"#);
}

#[test]
fn a_request_can_be_cancelled_under_another_spelling_of_its_id() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    let exchange = rig.call(&client, r#""\u0061/""#);
    let number = rig.number(child);
    rig.post(&client, &cancel(r#""a\/""#));
    assert_eq!(rig.fed(child), [cancel(&number)]);
    assert_eq!(rig.reply(exchange), (202, ""));
}

#[test]
fn a_stream_ends_with_the_cancellation_of_its_request() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    let exchange = rig.call_with_progress(&client, "1", "1");
    let number = rig.number(child);
    rig.child_reports_progress(child, &number, 1);
    rig.post(&client, &cancel("1"));
    assert_eq!(rig.stage(exchange), Stage::Finished);
    assert_eq!(rig.messages(exchange).len(), 1);
}

#[test]
fn cancelling_what_is_over_does_nothing() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    let (other, _) = rig.open(Revision::V2025_11_25);
    let exchange = rig.call(&other, "1");
    let notice = rig.post(&client, &cancel("1"));
    assert_eq!(rig.reply(notice), (202, ""));
    assert_eq!(rig.fed(child), [""; 0]);
    assert_eq!(rig.dropped(Dropped::UnknownCancel), 1);
    assert_eq!(rig.stage(exchange), Stage::Waiting, "another session's request goes on");
}

#[test]
fn a_disconnect_is_no_cancellation() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    let exchange = rig.call(&client, "1");
    let number = rig.number(child);
    rig.disconnect(exchange);
    assert_eq!(rig.fed(child), [""; 0]);
    assert_eq!(rig.metric("pontoon_requests_in_flight"), 1);
    rig.child_answers(child, &number, "{}");
    assert_eq!(rig.dropped(Dropped::UndeliverableAnswer), 1);
    assert_eq!(rig.metric("pontoon_requests_in_flight"), 0);
}

#[test]
fn a_request_over_the_limit_in_flight_is_refused_and_reaches_no_child() {
    let limits = crate::limits::Limits { in_flight_max: 2, ..Default::default() };
    let mut rig = Rig::with(limits);
    let (client, child) = rig.open(Revision::V2025_11_25);
    rig.call(&client, "1");
    rig.call(&client, "2");
    rig.fed(child);
    let third = rig.call(&client, "3");
    assert_eq!(rig.error(third).0, 503);
    assert_eq!(rig.exchanges[&third].head.as_ref().unwrap().retry_after, Some(1));
    assert_eq!(rig.fed(child), [""; 0]);
    rig.post(&client, &cancel("1"));
    rig.fed(child);
    rig.call(&client, "3");
    assert_eq!(rig.numbers(child).len(), 1);
}

#[test]
fn requests_are_counted_by_method_and_outcome() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    rig.call(&client, "1");
    let number = rig.number(child);
    rig.child_answers(child, &number, "{}");
    rig.call(&client, "2");
    rig.pass(secs(30));
    rig.call(&client, "3");
    rig.post(&client, &cancel("3"));
    let name = "mcp_server_operation_duration_seconds_count";
    let mut count = |labels: &str| rig.metric(&format!("{name}{{{labels}}}"));
    assert_eq!(count(r#"mcp_method_name="initialize""#), 1);
    assert_eq!(count(r#"mcp_method_name="tools/call""#), 1);
    assert_eq!(count(r#"mcp_method_name="tools/call",error_type="request_timeout""#), 1);
    assert_eq!(count(r#"mcp_method_name="tools/call",error_type="cancelled""#), 1);
}
