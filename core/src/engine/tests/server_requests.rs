//! Requests of the child, and the client's answers.

use super::rig::*;
use crate::limits::Limits;
use crate::observe::Dropped;
use crate::protocol::Revision;

fn answer(id: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"role":"user"}}}}"#)
}

#[test]
fn a_request_of_the_child_goes_to_the_call_it_belongs_to() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_06_18);
    let stream = rig.get(&client);
    let exchange = rig.call(&client, "1");
    let number = rig.number(child);
    rig.child_says(child, &sampling("7"));
    assert_eq!(rig.messages(exchange), [sampling("7")]);
    let posted = rig.post(&client, &answer("7"));
    assert_eq!(rig.reply(posted), (202, ""));
    assert_eq!(rig.fed(child), [answer("7")]);
    rig.child_answers(child, &number, "{}");
    assert_eq!(rig.messages(exchange).len(), 2);
    assert_eq!(rig.messages(stream), [""; 0], "a message is sent on one stream");
}

#[test]
fn without_a_call_it_goes_to_the_get_stream() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_06_18);
    let stream = rig.get(&client);
    rig.child_says(child, &sampling(r#""s""#));
    assert_eq!(rig.messages(stream), [sampling(r#""s""#)]);
}

#[test]
fn with_several_calls_it_goes_to_the_get_stream() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_06_18);
    let stream = rig.get(&client);
    let calls = [rig.call(&client, "1"), rig.call(&client, "2")];
    rig.child_says(child, &sampling("7"));
    assert_eq!(rig.messages(stream), [sampling("7")]);
    assert!(calls.iter().all(|call| rig.stage(*call) == Stage::Waiting));
}

#[test]
fn without_any_stream_it_waits_for_a_get() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_06_18);
    let call = rig.call(&client.accepting(JSON), "1");
    rig.child_says(child, &sampling("7"));
    rig.child_says(child, &list_changed(1));
    rig.child_says(child, &sampling("8"));
    let stream = rig.get(&client);
    assert_eq!(rig.messages(stream), [sampling("7"), list_changed(1), sampling("8")]);
    assert_eq!(rig.stage(call), Stage::Waiting, "it takes only JSON");
    let other = rig.get(&client);
    assert_eq!(rig.messages(other), [""; 0]);
}

#[test]
fn a_question_that_waits_goes_to_the_next_call_that_takes_it() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_06_18);
    rig.child_says(child, &sampling("7"));
    rig.child_says(child, &list_changed(1));
    let json_only = rig.call(&client.accepting(JSON), "1");
    assert_eq!(rig.stage(json_only), Stage::Waiting);
    let call = rig.call(&client, "2");
    assert_eq!(rig.messages(call), [sampling("7")]);
    rig.post(&client, &answer("7"));
    assert_eq!(rig.fed(child).last(), Some(&answer("7")));
    let stream = rig.get(&client);
    assert_eq!(rig.messages(stream), [list_changed(1)], "no call depends on a notification");
}

#[test]
fn a_ping_of_the_child_is_answered_for_a_client_without_a_stream() {
    let ping = r#"{"jsonrpc":"2.0","id":"p","method":"ping"}"#;
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_06_18);
    rig.child_says(child, ping);
    assert_eq!(rig.fed(child), [r#"{"jsonrpc":"2.0","id":"p","result":{}}"#]);
    let stream = rig.get(&client);
    assert_eq!(rig.messages(stream), [""; 0]);
    rig.child_says(child, ping);
    assert_eq!(rig.messages(stream), [ping], "a client that listens answers for itself");
    assert_eq!(rig.fed(child), [""; 0]);
}

#[test]
fn the_child_gets_its_own_id_back_however_the_client_spells_it() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_06_18);
    for (asked, answered) in [(r#""\u0061""#, r#""a""#), ("1.0", "1"), ("-0", "-0")] {
        rig.child_says(child, &sampling(asked));
        rig.post(&client, &answer(answered));
        assert_eq!(rig.fed(child), [answer(asked)]);
    }
}

#[test]
fn an_error_of_the_client_is_an_answer_too() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_06_18);
    rig.child_says(child, &sampling("3"));
    let text = r#"{"jsonrpc":"2.0","id":3,"error":{"code":-1,"message":"User rejected"}}"#;
    rig.post(&client, text);
    assert_eq!(rig.fed(child), [text]);
}

#[test]
fn only_the_first_answer_reaches_the_child() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_06_18);
    rig.child_says(child, &sampling("3"));
    for _ in 0..2 {
        let posted = rig.post(&client, &answer("3"));
        assert_eq!(rig.reply(posted), (202, ""));
    }
    rig.post(&client, &answer(r#""3""#));
    assert_eq!(rig.fed(child), [answer("3")]);
    assert_eq!(rig.dropped(Dropped::UnknownClientAnswer), 2);
}

#[test]
fn a_session_cannot_answer_for_another() {
    let mut rig = Rig::new();
    let (_, child) = rig.open(Revision::V2025_06_18);
    let (other, _) = rig.open(Revision::V2025_06_18);
    rig.child_says(child, &sampling("3"));
    rig.post(&other, &answer("3"));
    assert_eq!(rig.fed(child), [""; 0]);
}

#[test]
fn time_stands_still_while_the_child_waits_for_the_client() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_06_18);
    let exchange = rig.call(&client, "1");
    let number = rig.number(child);
    rig.child_says(child, &sampling("3"));
    rig.pass(secs(200));
    assert_eq!(rig.stage(exchange), Stage::Begun);
    rig.post(&client, &answer("3"));
    rig.pass(millis(29_999));
    assert_eq!(rig.stage(exchange), Stage::Begun, "it has its time again");
    rig.child_answers(child, &number, "{}");
    assert_eq!(rig.stage(exchange), Stage::Finished);

    let forgotten = rig.call(&client, "2");
    rig.child_says(child, &sampling("4"));
    rig.pass(secs(599));
    assert_eq!(rig.stage(forgotten), Stage::Begun);
    rig.pass(secs(1));
    assert_eq!(error_of(rig.messages(forgotten).last().unwrap()).1, LATE_AFTER_ALL);
}

#[test]
fn a_request_the_client_does_not_answer_in_time_is_given_up() {
    let limits = Limits { session_idle_max: secs(3600), ..Default::default() };
    let mut rig = Rig::with(limits);
    let (client, child) = rig.open(Revision::V2025_06_18);
    let stream = rig.get(&client);
    rig.child_says(child, &sampling(r#""late""#));
    rig.pass(secs(300));
    rig.child_says(child, &sampling("7"));
    rig.pass(millis(299_999));
    assert_eq!(rig.fed(child), [""; 0]);
    rig.pass(millis(1));
    let told = rig.fed(child);
    assert_eq!(told.len(), 1);
    assert_eq!(parse(&told[0])["id"], "late");
    assert_eq!(error_of(&told[0]), (-32603, "The client did not answer in time".to_owned()));
    let withdrawn = parse(rig.messages(stream).last().unwrap());
    assert_eq!(withdrawn["method"], "notifications/cancelled");
    assert_eq!(withdrawn["params"]["requestId"], "late");

    for id in [r#""late""#, "7"] {
        rig.post(&client, &answer(id));
    }
    assert_eq!(rig.fed(child), [answer("7")]);
    assert_eq!(rig.dropped(Dropped::UnansweredAsk), 1);
    assert_eq!(rig.dropped(Dropped::UnknownClientAnswer), 1);
}

#[test]
fn a_request_that_is_given_up_before_it_was_sent_is_never_sent() {
    let limits = Limits { session_idle_max: secs(3600), ..Default::default() };
    let mut rig = Rig::with(limits);
    let (client, child) = rig.open(Revision::V2025_06_18);
    rig.child_says(child, &sampling("1"));
    rig.child_says(child, &list_changed(1));
    rig.pass(secs(600));
    assert_eq!(rig.fed(child).len(), 1);
    let stream = rig.get(&client);
    assert_eq!(rig.messages(stream), [list_changed(1)]);
}

#[test]
fn a_call_has_its_time_again_once_the_child_takes_back_what_it_asked() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_06_18);
    let call = rig.call(&client, "1");
    rig.child_says(child, &sampling("1"));
    rig.pass(secs(100));
    rig.child_says(child, &cancel("1"));
    rig.pass(millis(29_999));
    assert_eq!(rig.stage(call), Stage::Begun);
    rig.pass(millis(1));
    assert_eq!(error_of(rig.messages(call).last().unwrap()).1, LATE);
}

#[test]
fn a_question_that_waits_for_a_stream_stops_no_clock() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_06_18);
    rig.child_says(child, &sampling("1"));
    let calls = [rig.call(&client.accepting(JSON), "1"), rig.call(&client.accepting(JSON), "2")];
    rig.child_says(child, &sampling("2"));
    rig.pass(secs(30));
    for call in calls {
        assert_eq!(rig.error(call).2, LATE);
    }
}

#[test]
fn a_question_stops_the_clock_from_the_moment_its_client_has_it() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_06_18);
    let call = rig.call(&client.accepting(JSON), "1");
    let number = rig.number(child);
    rig.child_says(child, &sampling("1"));
    rig.pass(secs(20));
    let stream = rig.get(&client);
    assert_eq!(rig.messages(stream), [sampling("1")]);
    rig.pass(secs(200));
    assert_eq!(rig.stage(call), Stage::Waiting);
    rig.post(&client, &answer("1"));
    rig.pass(secs(29));
    rig.child_answers(child, &number, "{}");
    assert_eq!(rig.stage(call), Stage::Replied);
}

#[test]
fn a_question_stops_no_clock_of_a_call_that_comes_after_it() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_06_18);
    let stream = rig.get(&client);
    let asking = rig.call(&client.accepting(JSON), "1");
    rig.child_says(child, &sampling("1"));
    assert_eq!(rig.messages(stream), [sampling("1")]);
    let other = rig.call(&client.accepting(JSON), "2");
    rig.pass(secs(30));
    assert_eq!(rig.error(other).2, LATE);
    assert_eq!(rig.stage(asking), Stage::Waiting);
}

#[test]
fn a_question_for_a_call_that_was_given_up_stops_no_clock() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_06_18);
    let stream = rig.get(&client);
    rig.call(&client.accepting(JSON), "1");
    rig.pass(secs(29));
    let other = rig.call(&client.accepting(JSON), "2");
    rig.pass(secs(2));
    rig.child_says(child, &sampling("1"));
    assert_eq!(rig.messages(stream), [sampling("1")]);
    rig.pass(secs(28));
    assert_eq!(rig.error(other).2, LATE);

    let asking = rig.call(&client.accepting(JSON), "3");
    rig.pass(secs(2));
    rig.child_says(child, &sampling("2"));
    rig.pass(secs(60));
    assert_eq!(rig.stage(asking), Stage::Waiting, "the other request is not expected to ask now");
}

#[test]
fn a_question_that_could_be_of_several_calls_stops_the_clocks_of_these() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_06_18);
    let stream = rig.get(&client);
    let calls = [rig.call(&client, "1"), rig.call(&client, "2")];
    rig.child_says(child, &sampling("1"));
    assert_eq!(rig.messages(stream), [sampling("1")]);
    rig.pass(secs(60));
    rig.post(&client, &answer("1"));
    rig.pass(millis(29_999));
    assert!(calls.iter().all(|call| rig.stage(*call) == Stage::Begun));
    rig.pass(millis(1));
    for call in calls {
        assert_eq!(error_of(rig.messages(call).last().unwrap()).1, LATE);
    }
}

#[test]
fn a_child_that_asks_too_much_is_told_so() {
    let mut rig = Rig::with(Limits { child_requests_max: 2, ..Default::default() });
    let (client, child) = rig.open(Revision::V2025_06_18);
    let stream = rig.get(&client);
    for id in ["1", "2", "3"] {
        rig.child_says(child, &sampling(id));
    }
    assert_eq!(rig.messages(stream), [sampling("1"), sampling("2")]);
    let told = rig.fed(child);
    assert_eq!(told.len(), 1);
    assert_eq!(parse(&told[0])["id"], 3);
    let text = "The client cannot be asked: too many requests wait for it".to_owned();
    assert_eq!(error_of(&told[0]), (-32603, text));
    assert_eq!(rig.dropped(Dropped::Overflow), 1);
    rig.post(&client, &answer("1"));
    rig.child_says(child, &sampling("4"));
    assert_eq!(rig.messages(stream).len(), 3, "there is room again");
}

#[test]
fn the_oldest_message_gives_way_and_a_child_that_asked_is_told() {
    let mut rig = Rig::with(Limits { queue_len_max: 2, ..Default::default() });
    let (client, child) = rig.open(Revision::V2025_06_18);
    rig.child_says(child, &list_changed(1));
    rig.child_says(child, &sampling(r#""a""#));
    rig.child_says(child, &list_changed(2));
    assert_eq!(rig.fed(child), [""; 0], "a notification gave way");
    rig.child_says(child, &list_changed(3));
    let told = rig.fed(child);
    assert_eq!(parse(&told[0])["id"], "a");
    assert_eq!(rig.dropped(Dropped::Overflow), 2);
    let stream = rig.get(&client);
    assert_eq!(rig.messages(stream), [list_changed(2), list_changed(3)]);
    rig.post(&client, &answer(r#""a""#));
    assert_eq!(rig.fed(child), [""; 0], "it was answered already");
}

#[test]
fn the_queue_is_bounded_in_bytes_too() {
    let mut rig = Rig::with(Limits { queue_bytes_max: 200, ..Default::default() });
    let (client, child) = rig.open(Revision::V2025_06_18);
    for number in 0..50 {
        rig.child_says(child, &list_changed(number));
    }
    let stream = rig.get(&client);
    assert_eq!(rig.messages(stream), [list_changed(48), list_changed(49)]);
    assert_eq!(rig.dropped(Dropped::Overflow), 48);
}

#[test]
fn a_request_the_child_takes_back_before_it_was_sent_is_never_sent() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_06_18);
    rig.child_says(child, &sampling("1"));
    rig.child_says(child, &cancel("1"));
    let stream = rig.get(&client);
    assert_eq!(rig.messages(stream), [""; 0]);
}

#[test]
fn a_client_is_told_of_a_request_the_child_took_back() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_06_18);
    let stream = rig.get(&client);
    rig.child_says(child, &sampling("1"));
    rig.child_says(child, &cancel("1"));
    rig.child_says(child, &cancel("1"));
    assert_eq!(rig.messages(stream), [sampling("1"), cancel("1")]);
    rig.post(&client, &answer("1"));
    assert_eq!(rig.fed(child), [""; 0]);
}
