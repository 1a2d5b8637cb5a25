//! Batches: only revision 2025-03-26 has them.

use super::rig::*;
use crate::engine::*;
use crate::limits::Limits;
use crate::protocol::Revision;

/// Opens a session whose client sends batches.
fn open() -> (Rig, Client, ChildId) {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_03_26);
    (rig, client, child)
}

fn batch(messages: &[&str]) -> String {
    format!("[{}]", messages.join(","))
}

const NOTICE: &str = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;

#[test]
fn the_answers_of_a_batch_come_in_one_array() {
    let (mut rig, client, child) = open();
    let exchange = rig.post(&client, &batch(&[&request("1"), NOTICE, &request(r#""b""#)]));
    let fed = rig.fed(child);
    assert_eq!(fed, [request("2"), NOTICE.to_owned(), request("3")], "in the order of the batch");
    rig.child_answers(child, "3", "{}");
    assert_eq!(rig.stage(exchange), Stage::Waiting);
    rig.child_answers(child, "2", "{}");
    let answers =
        [r#"{"jsonrpc":"2.0","id":"b","result":{}}"#, r#"{"jsonrpc":"2.0","id":1,"result":{}}"#];
    assert_eq!(rig.reply(exchange), (200, batch(&answers).as_str()));
}

#[test]
fn a_batch_of_one_is_answered_by_an_array_of_one() {
    let (mut rig, client, child) = open();
    let exchange = rig.post(&client, &batch(&[&request("1")]));
    rig.child_answers(child, "2", "{}");
    assert_eq!(rig.reply(exchange).1, r#"[{"jsonrpc":"2.0","id":1,"result":{}}]"#);
}

#[test]
fn on_an_event_stream_each_answer_is_an_event() {
    let (mut rig, client, child) = open();
    let body = batch(&[&request("1"), &request("2")]);
    let exchange = rig.post(&client.accepting(SSE), &body);
    rig.child_answers(child, "2", "1");
    assert_eq!(rig.messages(exchange).len(), 1);
    rig.child_answers(child, "3", "2");
    assert_eq!(rig.messages(exchange).len(), 2);
    assert_eq!(rig.stage(exchange), Stage::Finished);
}

#[test]
fn answers_that_were_held_back_are_sent_when_the_batch_becomes_a_stream() {
    let (mut rig, client, child) = open();
    let exchange = rig.post(&client, &batch(&[&request("1"), &request("2")]));
    rig.child_answers(child, "2", "1");
    assert_eq!(rig.stage(exchange), Stage::Waiting);
    rig.child_says(child, &sampling("7"));
    rig.child_answers(child, "3", "2");
    let first = r#"{"jsonrpc":"2.0","id":1,"result":1}"#.to_owned();
    let last = r#"{"jsonrpc":"2.0","id":2,"result":2}"#.to_owned();
    assert_eq!(rig.messages(exchange), [first, sampling("7"), last]);
}

#[test]
fn without_a_request_a_batch_is_only_accepted() {
    let (mut rig, client, child) = open();
    let answer = r#"{"jsonrpc":"2.0","id":4,"result":{}}"#;
    rig.child_says(child, &sampling("4"));
    let exchange = rig.post(&client, &batch(&[NOTICE, answer, NOTICE]));
    assert_eq!(rig.reply(exchange), (202, ""));
    assert_eq!(rig.fed(child), [NOTICE, answer, NOTICE]);
}

#[test]
fn a_bad_message_gets_its_own_error_and_the_others_go_on() {
    let (mut rig, client, child) = open();
    let exchange = rig.post(&client, &batch(&["1", &request("1"), r#"{"jsonrpc":"1.0"}"#]));
    assert_eq!(rig.fed(child), [request("2")]);
    rig.child_answers(child, "2", "{}");
    let answers = parse(rig.reply(exchange).1);
    let codes: Vec<_> =
        answers.as_array().unwrap().iter().map(|a| a["error"]["code"].as_i64()).collect();
    assert_eq!(codes, [Some(-32600), Some(-32600), None]);
}

#[test]
fn the_error_of_a_bad_message_has_its_id_if_that_can_be_read() {
    let (mut rig, client, _) = open();
    let exchange = rig.post(
        &client,
        &batch(&[
            r#"{"jsonrpc":"2.0","id":"a","method":1}"#,
            r#"{"jsonrpc":"2.0","id":{},"method":"m"}"#,
            r#"{"jsonrpc":"1.0","id":4,"result":{}}"#,
        ]),
    );
    let answers = parse(rig.reply(exchange).1);
    let ids: Vec<_> = answers.as_array().unwrap().iter().map(|a| a.get("id").cloned()).collect();
    assert_eq!(ids, [Some("a".into()), None, None], "the last is not the client's own");
}

#[test]
fn a_batch_of_nothing_but_bad_messages_is_answered_at_once() {
    let (mut rig, client, child) = open();
    let exchange = rig.post(&client, "[1,2]");
    assert_eq!(parse(rig.reply(exchange).1).as_array().map(Vec::len), Some(2));
    assert_eq!(rig.fed(child), [""; 0]);
    let streamed = rig.post(&client.accepting(SSE), "[1,2]");
    assert_eq!(rig.messages(streamed).len(), 2);
    assert_eq!(rig.stage(streamed), Stage::Finished);
}

#[test]
fn what_is_left_of_a_batch_after_cancellations_is_answered() {
    let (mut rig, client, child) = open();
    let some = rig.post(&client, &batch(&[&request("1"), &request("2")]));
    rig.post(&client, &cancel("1"));
    rig.child_answers(child, "3", "{}");
    assert_eq!(rig.reply(some).1, r#"[{"jsonrpc":"2.0","id":2,"result":{}}]"#);

    let none = rig.post(&client, &batch(&[&request("3"), &request("4")]));
    rig.post(&client, &batch(&[&cancel("3"), &cancel("4")]));
    assert_eq!(rig.reply(none), (202, ""));

    let own = rig.post(&client, &batch(&[&request("5"), &cancel("5")]));
    assert_eq!(rig.reply(own), (202, ""));
}

#[test]
fn a_batch_is_taken_whole_or_not_at_all() {
    let mut rig = Rig::with(Limits { in_flight_max: 2, ..Default::default() });
    let (client, child) = rig.open(Revision::V2025_03_26);
    let exchange =
        rig.post(&client, &batch(&[NOTICE, &request("1"), &request("2"), &request("3")]));
    assert_eq!(rig.error(exchange).0, 503);
    assert_eq!(rig.fed(child), [""; 0]);
}

#[test]
fn the_requests_of_a_batch_time_out_each_for_itself() {
    let (mut rig, client, child) = open();
    let exchange = rig.post(&client, &batch(&[&request("1"), &request("2")]));
    rig.child_answers(child, "2", "{}");
    rig.pass(secs(30));
    let answers = rig.messages(exchange);
    assert_eq!(parse(&answers[0])["id"], 1);
    assert_eq!(error_of(&answers[1]).1, LATE);
}

#[test]
fn initialize_is_never_part_of_a_batch() {
    let (mut rig, client, child) = open();
    let body = batch(&[&initialize("1", "2025-03-26"), &request("2")]);
    for client in [client, Client::new()] {
        let exchange = rig.post(&client, &body);
        let text = "Invalid Request: initialize may not be part of a batch".to_owned();
        assert_eq!(rig.error(exchange), (400, -32600, text));
    }
    assert_eq!(rig.fed(child), [""; 0]);
    assert_eq!(rig.children.len(), 1, "nothing was started for it");
}

#[test]
fn other_revisions_have_no_batches() {
    for revision in Revision::LEGACY.into_iter().filter(|revision| !revision.has_batches()) {
        let mut rig = Rig::new();
        let (client, child) = rig.open(revision);
        let exchange = rig.post(&client, &batch(&[NOTICE]));
        let text = "Invalid Request: batches exist only in revision 2025-03-26";
        assert_eq!(rig.error(exchange), (400, -32600, text.to_owned()));
        assert_eq!(rig.fed(child), [""; 0]);
    }
}

#[test]
fn answers_too_large_to_be_held_together_are_streamed() {
    let mut rig = Rig::with(Limits { queue_bytes_max: 60, ..Default::default() });
    let (client, child) = rig.open(Revision::V2025_03_26);
    let exchange = rig.post(&client, &batch(&[&request("1"), &request("2")]));
    rig.child_answers(child, "2", r#""aaaaaaaaaa""#);
    assert_eq!(rig.stage(exchange), Stage::Waiting);
    rig.child_answers(child, "3", r#""bbbbbbbbbb""#);
    let answer = |id, text| format!(r#"{{"jsonrpc":"2.0","id":{id},"result":"{text}"}}"#);
    assert_eq!(rig.messages(exchange), [answer(1, "aaaaaaaaaa"), answer(2, "bbbbbbbbbb")]);
    assert_eq!(rig.stage(exchange), Stage::Finished);
}

#[test]
fn a_client_that_takes_no_stream_is_told_which_answers_were_too_large() {
    let mut rig = Rig::with(Limits { queue_bytes_max: 60, ..Default::default() });
    let (client, child) = rig.open(Revision::V2025_03_26);
    let exchange = rig.post(&client.accepting(JSON), &batch(&[&request("1"), &request("2")]));
    rig.child_answers(child, "2", r#""aaaaaaaaaa""#);
    rig.child_answers(child, "3", r#""bbbbbbbbbb""#);
    let (status, body) = rig.reply(exchange);
    assert_eq!(status, 200);
    assert!(body.starts_with(r#"[{"jsonrpc":"2.0","id":1,"result":"aaaaaaaaaa"},"#), "{body}");
    assert!(body.contains(r#""id":2,"error":{"code":-32603,"#), "{body}");
}
