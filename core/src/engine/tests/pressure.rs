//! Clients and children that read slowly.

use super::rig::*;
use crate::engine::*;
use crate::limits::Limits;
use crate::protocol::Revision;

/// Returns a session with a GET stream whose client reads nothing until it is told to.
fn slow_reader() -> (Rig, Client, ChildId, ExchangeId) {
    let limits = Limits { outbound_bytes_high: 1000, outbound_bytes_low: 100, ..Limits::default() };
    let mut rig = Rig::with(limits);
    let (client, child) = rig.open(Revision::V2025_06_18);
    rig.prompt = false;
    let stream = rig.get(&client);
    (rig, client, child, stream)
}

fn fill(rig: &mut Rig, child: ChildId) {
    while rig.children[&child].reading {
        rig.child_says(child, &list_changed(1));
    }
}

#[test]
fn a_child_is_read_only_as_fast_as_its_client_reads() {
    let (mut rig, _, child, stream) = slow_reader();
    fill(&mut rig, child);
    let unsent = rig.exchanges[&stream].unsent;
    assert!((1000..1200).contains(&unsent), "{unsent}");
    let mut taken = 0;
    while !rig.children[&child].reading {
        rig.exchanges.get_mut(&stream).unwrap().unsent -= 1;
        rig.input(Input::Sent { exchange: stream, bytes: 1 });
        taken += 1;
    }
    assert_eq!(unsent - taken, 100);
}

#[test]
fn a_reader_that_leaves_takes_its_bytes_along() {
    let (mut rig, _, child, stream) = slow_reader();
    fill(&mut rig, child);
    assert!(rig.metric("pontoon_queue_bytes") >= 1000);
    rig.disconnect(stream);
    assert!(rig.children[&child].reading);
    assert_eq!(rig.metric("pontoon_queue_bytes"), 0);
}

#[test]
fn another_session_is_read_all_the_same() {
    let (mut rig, _, child, _) = slow_reader();
    rig.prompt = true;
    let (_, other) = rig.open(Revision::V2025_06_18);
    rig.prompt = false;
    fill(&mut rig, child);
    assert!(rig.children[&other].reading);
}

#[test]
fn what_a_child_left_behind_is_read_even_if_its_client_is_slow() {
    let (mut rig, client, child, _) = slow_reader();
    let call = rig.call(&client, "1");
    fill(&mut rig, child);
    rig.child_exits(child, ExitStatus::Code(0));
    assert!(rig.children[&child].reading);
    rig.child_answers(child, "2", "{}");
    assert_eq!(rig.reply(call).0, 200);
    rig.child_closes_stdout(child);
    assert!(rig.has_ended(&client));
}

#[test]
fn a_child_that_is_to_end_is_read_to_its_end() {
    let (mut rig, client, child, _) = slow_reader();
    fill(&mut rig, child);
    rig.delete(&client);
    assert!(rig.children[&child].reading, "or it could wait for ever for its output to be taken");
}

#[test]
fn small_answers_are_sent_without_a_receipt_and_large_ones_are_accounted_for() {
    let (mut rig, client, child, _) = slow_reader();
    let small = rig.call(&client, "1");
    rig.child_answers(child, "2", "{}");
    assert!(!rig.exchanges[&small].receipt);
    let large = rig.call(&client, "2");
    let text = format!(r#""{}""#, "x".repeat(16 * 1024));
    rig.child_answers(child, "3", &text);
    assert!(rig.exchanges[&large].receipt);
    assert!(!rig.children[&child].reading, "16 KiB are over the limit of this session");
    rig.flush(large);
    assert!(rig.children[&child].reading);
    rig.disconnect(large);
}

#[test]
fn a_child_that_does_not_read_is_not_given_more_and_more() {
    let mut rig = Rig::with(Limits { stdin_bytes_max: 500, ..Default::default() });
    let (client, child) = rig.open(Revision::V2025_06_18);
    rig.prompt = false;
    let mut refused = None;
    for id in 1..20 {
        let exchange = rig.call(&client, &id.to_string());
        if rig.stage(exchange) == Stage::Replied {
            refused = Some(exchange);
            break;
        }
    }
    let refused = refused.expect("a limit");
    let text = "The MCP server process does not read its input".to_owned();
    assert_eq!(rig.error(refused), (503, -32603, text));
    assert_eq!(rig.exchanges[&refused].head.as_ref().unwrap().retry_after, Some(1));
    assert!(rig.children[&child].unfed <= 500);

    let bytes = std::mem::take(&mut rig.children.get_mut(&child).unwrap().unfed);
    rig.input(Input::ChildStdinAcked { child, bytes });
    let exchange = rig.call(&client, "30");
    assert_eq!(rig.stage(exchange), Stage::Waiting, "there is room again");
}

#[test]
fn one_message_of_any_size_is_always_taken() {
    let mut rig = Rig::with(Limits { stdin_bytes_max: 10, ..Default::default() });
    let (client, child) = rig.open(Revision::V2025_06_18);
    let exchange = rig.call(&client, "1");
    assert_eq!(rig.stage(exchange), Stage::Waiting);
    assert_eq!(rig.fed(child).len(), 1);
}

#[test]
fn a_child_that_closed_its_input_has_ended() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_06_18);
    rig.input(Input::ChildStdinClosed { child, unread: 0 });
    let exchange = rig.call(&client, "1");
    assert_eq!(rig.fed(child), [""; 0]);
    rig.pass(Limits::default().exit_grace);
    let (status, code, message) = rig.error(exchange);
    assert_eq!((status, code), (200, -32603));
    assert_eq!(message, "The MCP server process closed its standard input");
}

#[test]
fn a_child_that_asks_without_reading_is_not_told_either() {
    let limits = Limits { stdin_bytes_max: 200, child_requests_max: 1, ..Default::default() };
    let mut rig = Rig::with(limits);
    let (_, child) = rig.open(Revision::V2025_06_18);
    rig.prompt = false;
    for id in 0..100 {
        rig.child_says(child, &sampling(&id.to_string()));
    }
    assert!(rig.children[&child].unfed <= 201, "{}", rig.children[&child].unfed);
}

#[test]
fn a_transport_that_reports_too_much_does_no_harm() {
    let (mut rig, _, child, stream) = slow_reader();
    fill(&mut rig, child);
    rig.exchanges.get_mut(&stream).unwrap().unsent = 0;
    rig.input(Input::Sent { exchange: stream, bytes: 1_000_000 });
    rig.input(Input::Sent { exchange: stream, bytes: 1 });
    rig.input(Input::Sent { exchange: ExchangeId(999), bytes: 1 });
    rig.input(Input::Closed { exchange: ExchangeId(999) });
    rig.input(Input::ChildStdinAcked { child, bytes: 1_000_000 });
    assert_eq!(rig.metric("pontoon_queue_bytes"), 0);
    assert!(rig.children[&child].reading);
}

#[test]
fn an_answer_that_is_replaced_counts_as_an_error() {
    let limits = Limits { outbound_bytes_high: 30_000, ..Limits::default() };
    let limits = Limits { outbound_bytes_low: 0, outbound_bytes_max: 40_000, ..limits };
    let mut rig = Rig::with(limits);
    let (client, child) = rig.open(Revision::V2025_11_25);
    rig.prompt = false;
    let text = "x".repeat(35_000);
    let calls: Vec<_> = (1..=2).map(|id| rig.call(&client, &id.to_string())).collect();
    for number in rig.numbers(child) {
        rig.child_answers(child, &number, &format!(r#"{{"content":["{text}"]}}"#));
    }
    assert_eq!(rig.error(calls[1]).0, 503);
    let done = rig.events.iter().filter_map(|event| match event {
        Event::RequestDone(done) if done.method == "tools/call" => Some((done.status, done.error)),
        _ => None,
    });
    assert_eq!(done.collect::<Vec<_>>(), [(200, None), (503, Some("unread_answers"))]);
}
