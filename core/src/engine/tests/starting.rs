//! The time limit of a start, and children that exceeded it.

use super::modern::*;
use super::rig::*;
use crate::config::{BridgeOptions, ChildEra, Config};
use crate::engine::*;
use crate::limits::Limits;
use crate::protocol::Revision;

/// `initialize` of a client that differs from the others.
const OTHER: &str = r#"{"jsonrpc":"2.0","id":7,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{"roots":{}}}}"#;

fn connect(rig: &mut Rig) -> ExchangeId {
    rig.post(&Client::new(), &initialize("0", "2025-11-25"))
}

fn timeouts(rig: &Rig) -> Vec<(&'static str, Duration)> {
    let timeout = |event: &Event| match event {
        Event::TimedOut { method, limit, .. } => Some((*method, *limit)),
        _ => None,
    };
    rig.events.iter().filter_map(timeout).collect()
}

/// Returns a rig whose command has not started yet, with the default time limit.
fn first_start(era: ChildEra) -> Rig {
    let bridge = BridgeOptions { child_era: era, ..BridgeOptions::default() };
    let config = Config { bridge, revisions: Revision::ALL.into(), ..config(Limits::default()) };
    Rig::of(Config { limits: Limits::default(), ..config })
}

#[test]
fn the_first_start_has_more_time_than_later_ones() {
    for era in [ChildEra::Legacy, ChildEra::Probe] {
        let mut rig = first_start(era);
        let first = connect(&mut rig);
        let late = connect(&mut rig);
        rig.pass(millis(59_000));
        let child = *rig.children.keys().next().unwrap();
        let number = rig.numbers(child).pop().unwrap();
        rig.child_says(child, &welcome(&number, "2025-11-25"));
        assert_eq!(rig.reply(first).0, 200);
        rig.pass(millis(999));
        assert_eq!(rig.stage(late), Stage::Waiting);
        rig.pass(millis(1));
        assert_eq!(
            rig.error(late).2,
            "The MCP server process did not start within 60 s (--startup-timeout)"
        );
        let second = rig.post(&Client::new(), OTHER);
        rig.pass(secs(10));
        assert_eq!(rig.error(second).2, TOO_SLOW_TO_START);
        let last = *timeouts(&rig).last().unwrap();
        assert_eq!(last, ("initialize", secs(10)));
    }
}

#[test]
fn a_modern_client_waits_for_the_first_start_as_long() {
    let mut rig = first_start(ChildEra::Legacy);
    let exchange = rig.ask(&Modern::new(), "1", "tools/list", "");
    rig.pass(millis(59_999));
    assert_eq!(rig.stage(exchange), Stage::Begun);
    let child = rig.last_child();
    let number = rig.number(child);
    rig.child_says(child, &welcome(&number, "2025-11-25"));
    rig.pass(secs(2));
    let number = rig.numbers(child).pop().unwrap();
    rig.child_answers(child, &number, r#"{"tools":[]}"#);
    assert_eq!(rig.stage(exchange), Stage::Finished);
}

#[test]
fn the_search_for_the_era_is_part_of_the_time_to_start() {
    let mut rig = bridge_of(ChildEra::Probe);
    let legacy = connect(&mut rig);
    rig.pass(millis(9_999));
    assert_eq!(rig.stage(legacy), Stage::Waiting);
    rig.pass(millis(1));
    assert_eq!(rig.error(legacy).2, TOO_SLOW_TO_START);

    let mut rig = bridge_of(ChildEra::Probe);
    let modern = rig.ask(&Modern { accept: JSON, ..Modern::new() }, "1", "tools/list", "");
    rig.pass(secs(10));
    assert_eq!(rig.error(modern), (502, -32603, TOO_SLOW_TO_START.to_owned()));
}

#[test]
fn a_child_that_was_too_slow_for_one_client_is_the_next_one_s() {
    let mut rig = Rig::new();
    let first = connect(&mut rig);
    let child = rig.last_child();
    rig.fed(child);
    rig.pass(secs(10));
    assert_eq!(rig.reply(first).0, 502);
    let second = connect(&mut rig);
    rig.pass(secs(2));
    assert_eq!(rig.fed(child), [""; 0], "it has been told");
    rig.child_says(child, &welcome("1", "2025-11-25"));
    assert_eq!(rig.reply(second), (200, welcome("0", "2025-11-25").as_str()));
    assert_eq!(rig.children.len(), 1);
    assert_eq!(rig.metric("pontoon_children_failed_total"), 0);
}

#[test]
fn a_child_that_answers_when_no_client_waits_keeps_what_it_has_said() {
    let mut rig = Rig::new();
    let first = connect(&mut rig);
    let child = rig.last_child();
    rig.pass(secs(10));
    assert_eq!(rig.reply(first).0, 502);
    rig.child_says(child, &list_changed(1));
    rig.child_says(child, &welcome("1", "2025-11-25"));
    assert!(!rig.children[&child].reading, "the rest waits in its pipe");
    let other = rig.post(&Client::new(), OTHER);
    assert_ne!(rig.last_child(), child, "what another client declares is not what it was told");
    assert_eq!(rig.stage(other), Stage::Waiting);
    let second = connect(&mut rig);
    assert_eq!(rig.reply(second).0, 200);
    assert!(rig.children[&child].reading);
    let session = rig.exchanges[&second].head.as_ref().unwrap().session.unwrap();
    let client = Client { session: crate::http::SessionHeader::Id(session), ..Client::new() };
    let stream = rig.get(&client);
    assert_eq!(rig.messages(stream), [list_changed(1)]);
}

#[test]
fn a_client_that_tries_again_and_again_gets_the_child_that_is_starting() {
    for era in [ChildEra::Legacy, ChildEra::Probe] {
        let mut rig = bridge_of(era);
        for _ in 0..20 {
            let exchange = connect(&mut rig);
            rig.pass(millis(500));
            rig.disconnect(exchange);
        }
        let waits = connect(&mut rig);
        let child = rig.last_child();
        assert_eq!(rig.children.len(), 1);
        let number = rig.numbers(child).pop().unwrap();
        rig.child_says(child, &welcome(&number, "2025-11-25"));
        assert_eq!(rig.reply(waits).0, 200);
    }
}

#[test]
fn a_child_that_never_starts_is_given_up_after_three_times_the_limit() {
    let mut rig = Rig::new();
    let first = connect(&mut rig);
    let child = rig.last_child();
    rig.pass(secs(29));
    assert_eq!(rig.reply(first).0, 502);
    assert!(!rig.children[&child].stdin_closed);
    rig.pass(secs(1));
    assert!(rig.children[&child].stdin_closed);
    assert_eq!(timeouts(&rig), [("initialize", secs(10)), ("initialize", secs(30))]);
    let next = connect(&mut rig);
    assert_ne!(rig.last_child(), child);
    assert_eq!(rig.stage(next), Stage::Waiting);
}

#[test]
fn no_more_children_than_are_opened_at_once_wait_for_their_next_client() {
    let mut rig = Rig::new();
    for capability in 0..6 {
        let params = format!(
            r#"{{"protocolVersion":"2025-11-25","capabilities":{{"experimental":{{"x":{capability}}}}}}}"#
        );
        let text = format!(r#"{{"jsonrpc":"2.0","id":0,"method":"initialize","params":{params}}}"#);
        let exchange = rig.post(&Client::new(), &text);
        rig.disconnect(exchange);
    }
    let running = rig.children.values().filter(|process| !process.stdin_closed);
    assert_eq!(running.count(), Limits::default().openings_max);
}

#[test]
fn a_child_that_waits_for_its_next_client_gives_way_to_another_session() {
    let limits = Limits { sessions_max: 1, ..Limits::default() };
    let mut rig = Rig::with(limits);
    let exchange = connect(&mut rig);
    let first = rig.last_child();
    rig.disconnect(exchange);
    rig.post(&Client::new(), OTHER);
    assert!(rig.children[&first].stdin_closed);
    assert_ne!(rig.last_child(), first);
}

// A child that was probed, was silent, and then was sent `initialize`

/// Returns the first child after it was silent and was sent the client's request.
fn silent(ask: impl Fn(&mut Rig) -> ExchangeId) -> (Rig, ExchangeId, ChildId) {
    let mut rig = bridge_of(ChildEra::Probe);
    let exchange = ask(&mut rig);
    let child = rig.last_child();
    rig.pass(secs(4));
    assert_eq!(rig.told(child)[1]["method"], "initialize");
    (rig, exchange, child)
}

#[test]
fn a_child_that_ends_on_the_question_is_replaced_for_its_client() {
    for status in [0, 1] {
        let (mut rig, exchange, first) = silent(connect);
        rig.pass(secs(2));
        rig.child_ends(first, ExitStatus::Code(status));
        let second = rig.last_child();
        let told = rig.told(second);
        assert_eq!((told.len(), &told[0]["method"]), (1, &"initialize".into()), "not asked");
        rig.child_says(second, &welcome("1", "2025-11-25"));
        assert_eq!(rig.reply(exchange).0, 200);
        assert_eq!(rig.metric("pontoon_children_failed_total"), 0);
        let next = connect(&mut rig);
        let third = rig.last_child();
        assert_eq!(rig.told(third)[0]["method"], "initialize", "the era is remembered");
        assert_eq!(rig.stage(next), Stage::Waiting);
    }
}

#[test]
fn a_child_that_ends_on_the_question_is_replaced_for_a_modern_client() {
    let ask = |rig: &mut Rig| rig.ask(&Modern::new(), "1", "tools/list", "");
    let (mut rig, exchange, first) = silent(ask);
    rig.child_ends(first, ExitStatus::Code(1));
    let second = rig.last_child();
    let number = rig.number(second);
    rig.child_says(second, &welcome(&number, "2025-11-25"));
    rig.pass(secs(2));
    let number = rig.numbers(second).pop().unwrap();
    rig.child_answers(second, &number, r#"{"tools":[]}"#);
    assert_eq!(rig.reply(exchange).0, 200);
}

#[test]
fn a_child_that_ends_on_the_question_without_a_client_is_no_failure() {
    let (mut rig, exchange, first) = silent(connect);
    rig.disconnect(exchange);
    rig.child_ends(first, ExitStatus::Code(1));
    assert_eq!(rig.metric("pontoon_children_failed_total"), 0);
    let next = connect(&mut rig);
    let second = rig.last_child();
    assert_eq!(rig.told(second)[0]["method"], "initialize");
    rig.child_says(second, &welcome("1", "2025-11-25"));
    assert_eq!(rig.reply(next).0, 200);
}

#[test]
fn the_answer_to_the_question_is_not_taken_for_that_to_initialize() {
    let no = |id: &str| {
        format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":-32601,"message":"none"}}}}"#)
    };
    let (mut rig, exchange, first) = silent(connect);
    rig.child_says(first, &no("1"));
    let second = rig.last_child();
    assert_ne!(first, second);
    rig.child_says(second, &welcome("1", "2025-11-25"));
    assert_eq!(rig.reply(exchange).0, 200);

    // A modern client: its `initialize` has another number.
    let ask = |rig: &mut Rig| rig.ask(&Modern::new(), "1", "tools/list", "");
    let (mut rig, exchange, first) = silent(ask);
    rig.child_says(first, &no("1"));
    let second = rig.last_child();
    assert_ne!(first, second);
    let number = rig.number(second);
    rig.child_says(second, &welcome(&number, "2025-11-25"));
    rig.pass(secs(2));
    let number = rig.numbers(second).pop().unwrap();
    rig.child_answers(second, &number, r#"{"tools":[]}"#);
    assert_eq!(rig.reply(exchange).0, 200);
}

#[test]
fn a_child_that_refuses_twice_has_refused() {
    let no = r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"Unsupported"}}"#;
    let (mut rig, exchange, first) = silent(connect);
    rig.child_says(first, no);
    let second = rig.last_child();
    rig.child_says(second, no);
    assert_eq!(rig.reply(exchange), (200, no.replace("\"id\":1", "\"id\":0").as_str()));
    assert_eq!(rig.children.len(), 2);
}

// The child that was started in advance

fn eager(child_era: ChildEra) -> (Rig, ChildId) {
    let bridge = BridgeOptions { child_era, ..BridgeOptions::default() };
    let revisions = Revision::ALL.into();
    let rig = Rig::of(Config { eager: true, bridge, revisions, ..config(Limits::default()) });
    let child = rig.last_child();
    (rig, child)
}

fn is_unusable(rig: &Rig) -> bool {
    rig.events.iter().any(|event| matches!(event, Event::ChildUnusable { .. }))
}

#[test]
fn a_child_that_ends_because_it_was_idle_is_started_again_for_a_client() {
    const UNKNOWN: &str = r#"{"jsonrpc":"2.0","id":"era","error":{"code":-32601,"message":"no"}}"#;
    for era in [ChildEra::Legacy, ChildEra::Probe] {
        for status in [0, 1] {
            let (mut rig, first) = eager(era);
            if era == ChildEra::Probe {
                rig.child_says(first, UNKNOWN);
            }
            let idle = if era == ChildEra::Legacy && status == 1 { 10 } else { 3 };
            rig.pass(secs(idle));
            rig.child_ends(first, ExitStatus::Code(status));
            assert!(!is_unusable(&rig), "{era:?} {status}");
            assert_eq!(rig.children.len(), 1, "no client waits for another");
            let exchange = connect(&mut rig);
            let second = rig.last_child();
            rig.child_says(second, &welcome("1", "2025-11-25"));
            assert_eq!(rig.reply(exchange).0, 200);
        }
    }
}

#[test]
fn a_child_that_fails_in_the_first_moments_shows_that_its_command_is_of_no_use() {
    for (status, after) in [(ExitStatus::Code(1), 9_999), (ExitStatus::Code(0), 999)] {
        let (mut rig, child) = eager(ChildEra::Legacy);
        rig.pass(millis(after));
        rig.child_ends(child, status);
        assert!(is_unusable(&rig), "{status:?}");
    }
}

// A command that refuses the offered revision

const REFUSAL: &str = r#""error":{"code":-32602,"message":"Unsupported protocol version","data":{"supported":["2024-11-05","2025-06-18"],"requested":"2025-11-25"}}"#;

fn refused_words(rig: &Rig) -> Vec<String> {
    let words = |event: &Event| match event {
        Event::InitializeRefused { words, .. } => Some(words.to_string()),
        _ => None,
    };
    rig.events.iter().filter_map(words).collect()
}

#[test]
fn a_command_that_names_the_revisions_it_speaks_is_offered_the_newest_of_them() {
    let mut rig = bridge_of(ChildEra::Legacy);
    let exchange = rig.ask(&Modern::named("a"), "1", "tools/list", "");
    let child = rig.last_child();
    let number = rig.number(child);
    rig.child_says(child, &format!(r#"{{"jsonrpc":"2.0","id":{number},{REFUSAL}}}"#));
    let told = rig.told(child);
    assert_eq!(told[0]["method"], "initialize");
    assert_eq!(told[0]["params"]["protocolVersion"], "2025-06-18");
    rig.child_says(child, &welcome(&told[0]["id"].to_string(), "2025-06-18"));
    rig.pass(secs(2));
    let number = rig.numbers(child).pop().unwrap();
    rig.child_answers(child, &number, r#"{"tools":[]}"#);
    assert_eq!(rig.reply(exchange).0, 200);
    assert_eq!(refused_words(&rig), ["Unsupported protocol version"]);
    assert_eq!(rig.children.len(), 1);

    rig.ask(&Modern::named("b"), "1", "tools/list", "");
    let next = rig.last_child();
    assert_eq!(rig.told(next)[0]["params"]["protocolVersion"], "2025-06-18", "it is remembered");
}

#[test]
fn what_a_command_says_when_it_refuses_reaches_the_client_and_the_log() {
    let no = r#""error":{"code":-32000,"message":"licence\u001b has expired"}"#;
    let mut rig = bridge_of(ChildEra::Legacy);
    let modern = Modern { accept: JSON, ..Modern::new() };
    let exchange = rig.ask(&modern, "1", "tools/list", "");
    let child = rig.last_child();
    let number = rig.number(child);
    rig.child_says(child, &format!(r#"{{"jsonrpc":"2.0","id":{number},{no}}}"#));
    let text = "The MCP server process refused initialize: licence\\u{1b} has expired";
    assert_eq!(rig.error(exchange), (502, -32603, text.to_owned()));

    let legacy = connect(&mut rig);
    let child = rig.last_child();
    rig.child_says(child, &format!(r#"{{"jsonrpc":"2.0","id":1,{no}}}"#));
    assert_eq!(rig.reply(legacy), (200, format!(r#"{{"jsonrpc":"2.0","id":0,{no}}}"#).as_str()));
    assert_eq!(refused_words(&rig), ["licence\\u{1b} has expired", "licence\\u{1b} has expired"]);
}

// Starts in the log and in health

fn readiness(rig: &mut Rig) -> u16 {
    let exchange = rig.request(crate::http::Request::Ready { awaits_keys: false, detailed: true });
    rig.reply(exchange).0
}

#[test]
fn an_endpoint_whose_command_does_not_start_is_not_ready() {
    let no = r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"no"}}"#;
    let mut rig = bridge_of(ChildEra::Legacy);
    assert_eq!(readiness(&mut rig), 200);
    let first = rig.ask(&Modern { accept: JSON, ..Modern::new() }, "1", "tools/list", "");
    let child = rig.last_child();
    rig.child_says(child, no);
    assert_eq!(rig.reply(first).0, 502);
    assert_eq!(readiness(&mut rig), 503);
    rig.pass(secs(1));
    let exchange = connect(&mut rig);
    let child = rig.last_child();
    rig.child_says(child, &welcome("1", "2025-11-25"));
    assert_eq!(rig.reply(exchange).0, 200);
    assert_eq!(readiness(&mut rig), 200, "one start has worked");

    let failed = connect(&mut rig);
    let child = rig.last_child();
    rig.child_ends(child, ExitStatus::Code(1));
    assert_eq!(rig.reply(failed).0, 502);
    assert_eq!(readiness(&mut rig), 200, "others are served");
    let failed = connect(&mut rig);
    let child = rig.last_child();
    rig.child_ends(child, ExitStatus::Code(1));
    assert_eq!(rig.reply(failed).0, 502);
    assert_eq!(readiness(&mut rig), 503, "it fails each time");
    rig.pass(secs(60));
    assert_eq!(readiness(&mut rig), 200, "a client may try again");
}

#[test]
fn the_log_says_now_and_then_that_a_client_waits_for_the_first_start() {
    let mut rig = first_start(ChildEra::Probe);
    let waited = |rig: &Rig| -> Vec<u64> {
        let waited = |event: &Event| match event {
            Event::StartAwaited { waited, command } if &**command == "server" => {
                Some(waited.as_secs())
            }
            _ => None,
        };
        rig.events.iter().filter_map(waited).collect()
    };
    rig.pass(secs(60));
    assert_eq!(waited(&rig), [0; 0], "no client waits");
    let exchange = connect(&mut rig);
    rig.pass(secs(45));
    assert_eq!(waited(&rig), [5, 10, 20, 40]);
    let child = rig.last_child();
    let number = rig.numbers(child).pop().unwrap();
    rig.child_says(child, &welcome(&number, "2025-11-25"));
    assert_eq!(rig.reply(exchange).0, 200);
    connect(&mut rig);
    rig.pass(secs(9));
    assert_eq!(waited(&rig).len(), 4, "it has worked");
}
