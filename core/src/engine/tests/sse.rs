//! Sessions of HTTP+SSE (2024-11-05, basic/transports).

use serde_json::json;

use super::events::Item;
use super::rig::*;
use crate::config::{Config, Native, Serves};
use crate::engine::*;
use crate::http::*;
use crate::limits::Limits;
use crate::native::tests::Fixture;
use crate::principal::Principal;
use crate::protocol::Revision;
use crate::reject::SpawnError;

const REVISION: &str = "2024-11-05";
const INITIALIZED: &str = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;

fn result(id: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#)
}

/// A client, its stream and its child.
struct OpenSession {
    client: Client,
    stream: ExchangeId,
    child: ChildId,
}

/// Opens a session in which `initialize` has been sent, but not answered.
fn opening(rig: &mut Rig) -> OpenSession {
    let (stream, client) = rig.open_stream(&Client::new());
    let posted = rig.send(&client, &initialize("0", REVISION));
    assert_eq!(rig.reply(posted), (202, ""));
    let child = *rig.engine.owners.keys().last().expect("a child");
    OpenSession { client, stream, child }
}

/// Opens a session after the answer to `initialize`.
fn open(rig: &mut Rig) -> OpenSession {
    let seat = opening(rig);
    let number = rig.number(seat.child);
    rig.child_says(seat.child, &welcome(&number, REVISION));
    assert_eq!(rig.messages(seat.stream), [welcome("0", REVISION)]);
    seat
}

impl OpenSession {
    /// Sends a message that must be accepted.
    fn send(&self, rig: &mut Rig, body: &str) {
        let posted = rig.send(&self.client, body);
        assert_eq!(rig.reply(posted), (202, ""), "{body}");
        let head = rig.exchanges[&posted].head.as_ref().unwrap();
        assert_eq!((head.session, head.content_type), (None, None));
    }

    /// Returns the messages on the stream after the answer to `initialize`.
    fn heard(&self, rig: &Rig) -> Vec<String> {
        rig.messages(self.stream)[1..].to_vec()
    }
}

fn ended(rig: &Rig, why: SessionEnd) -> bool {
    let is_it = |event: &Event| matches!(event, Event::SessionClosed { why: it, .. } if *it == why);
    rig.events.iter().any(is_it)
}

// Opening

#[test]
fn a_stream_says_where_messages_go_and_costs_no_child() {
    let mut rig = Rig::new();
    let (stream, client) = rig.open_stream(&Client::new());
    assert_eq!(rig.stage(stream), Stage::Begun);
    let head = rig.exchanges[&stream].head.as_ref().unwrap();
    assert_eq!((head.status, head.content_type), (200, Some(ContentType::EventStream)));
    assert_eq!(head.session, None, "later transports name it in a header");
    assert!(rig.children.is_empty());
    let (_, other) = rig.open_stream(&Client::new());
    assert_ne!(client.id(), other.id());
}

#[test]
fn a_conversation_from_its_first_message_on() {
    let mut rig = Rig::new();
    let seat = open(&mut rig);
    let child = seat.child;
    seat.send(&mut rig, INITIALIZED);
    assert_eq!(rig.fed(child), [INITIALIZED]);

    seat.send(&mut rig, &request(r#""one""#));
    let number = rig.number(child);
    rig.child_says(child, &sampling("7"));
    seat.send(&mut rig, &result("7"));
    assert_eq!(rig.fed(child), [result("7")]);
    rig.child_says(child, &list_changed(1));
    rig.child_answers(child, &number, "{}");
    let expected = [sampling("7"), list_changed(1), result(r#""one""#)];
    assert_eq!(seat.heard(&rig), expected);
    let without_id = |item: &Item| item.id().is_none_or(str::is_empty);
    assert!(rig.items(seat.stream).iter().all(without_id), "the stream cannot be resumed");
    assert_eq!(rig.stage(seat.stream), Stage::Begun, "an answer does not end it");
    assert_eq!(rig.metric("pontoon_sessions"), 1);
}

#[test]
fn progress_has_the_clients_own_token() {
    let mut rig = Rig::new();
    let seat = open(&mut rig);
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","_meta":{"progressToken":"t"}}}"#;
    seat.send(&mut rig, call);
    let number = rig.number(seat.child);
    rig.child_reports_progress(seat.child, &number, 1);
    rig.child_answers(seat.child, &number, "{}");
    let progress = r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"t","progress":1}}"#;
    assert_eq!(seat.heard(&rig), [progress, &result("1")]);
}

#[test]
fn a_cancelled_call_is_answered_by_nothing() {
    let mut rig = Rig::new();
    let seat = open(&mut rig);
    seat.send(&mut rig, &request("1"));
    let number = rig.number(seat.child);
    seat.send(&mut rig, &cancel("1"));
    assert_eq!(rig.fed(seat.child), [cancel(&number)]);
    rig.child_answers(seat.child, &number, "{}");
    assert_eq!(seat.heard(&rig), [""; 0]);
    assert_eq!(rig.stage(seat.stream), Stage::Begun);
}

#[test]
fn before_initialize_is_answered_both_sides_may_ping() {
    let mut rig = Rig::new();
    let seat = opening(&mut rig);
    let initialize = rig.number(seat.child);
    let ping = r#"{"jsonrpc":"2.0","id":5,"method":"ping"}"#;
    rig.child_says(seat.child, ping);
    assert_eq!(rig.messages(seat.stream), [ping]);
    seat.send(&mut rig, &result("5"));
    assert_eq!(rig.fed(seat.child), [result("5")]);

    seat.send(&mut rig, ping);
    let number = rig.number(seat.child);
    rig.child_answers(seat.child, &number, "{}");
    assert_eq!(rig.messages(seat.stream), [ping, &result("5")]);
    assert_eq!(rig.metric("pontoon_sessions_opened_total"), 0, "this was no answer to initialize");
    rig.child_says(seat.child, &welcome(&initialize, REVISION));
    assert_eq!(rig.messages(seat.stream).last(), Some(&welcome("0", REVISION)));
}

#[test]
fn initialize_has_to_come_first_and_once() {
    let mut rig = Rig::new();
    let (_, client) = rig.open_stream(&Client::new());
    let modern = r#"[{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}]"#;
    for body in [&request("1"), INITIALIZED, &result("1"), modern] {
        let refused = rig.send(&client, body);
        let text = "Invalid Request: initialize has to come first".to_owned();
        assert_eq!(rig.error(refused), (400, -32600, text), "{body}");
    }
    assert!(rig.children.is_empty());
    for OpenSession { client, .. } in [opening(&mut rig), open(&mut rig)] {
        let again = rig.send(&client, &initialize("9", REVISION));
        assert_eq!(rig.error(again).2, "Session already initialized");
        assert_eq!(parse(rig.reply(again).1)["id"], 9);
    }
}

#[test]
fn the_answers_of_a_batch_are_events_of_their_own() {
    let mut rig = Rig::new();
    let seat = opening(&mut rig);
    let number = rig.number(seat.child);
    rig.child_says(seat.child, &welcome(&number, "2025-03-26"));
    seat.send(&mut rig, &format!("[{},5,{}]", request("1"), request("2")));
    for number in rig.numbers(seat.child) {
        rig.child_answers(seat.child, &number, "{}");
    }
    let heard = seat.heard(&rig);
    assert_eq!(parse(&heard[0])["error"]["code"], -32600);
    assert_eq!(heard[1..], [result("1"), result("2")]);
}

#[test]
fn what_a_session_cannot_take_is_told_at_once() {
    let mut rig = Rig::with(Limits { in_flight_max: 1, ..Limits::default() });
    let seat = open(&mut rig);
    seat.send(&mut rig, &request("1"));
    let refused = rig.send(&seat.client, &request("2"));
    assert_eq!(rig.error(refused).0, 503);
    assert_eq!(parse(rig.reply(refused).1)["id"], 2);
    let batch = rig.send(&seat.client, &format!("[{}]", request("3")));
    assert_eq!(rig.error(batch).0, 400, "2024-11-05 has none");
}

// Ownership

#[test]
fn sessions_are_apart() {
    let mut rig = Rig::new();
    let (one, two) = (open(&mut rig), open(&mut rig));
    assert_ne!(one.child, two.child);
    one.send(&mut rig, &request("1"));
    two.send(&mut rig, &request("1"));
    let (first, second) = (rig.number(one.child), rig.number(two.child));
    rig.child_answers(two.child, &second, r#"{"of":2}"#);
    rig.child_answers(one.child, &first, r#"{"of":1}"#);
    assert_eq!(one.heard(&rig), [r#"{"jsonrpc":"2.0","id":1,"result":{"of":1}}"#]);
    assert_eq!(two.heard(&rig), [r#"{"jsonrpc":"2.0","id":1,"result":{"of":2}}"#]);
}

#[test]
fn a_session_belongs_to_one_transport() {
    let mut rig = Rig::new();
    let seat = open(&mut rig);
    let asked = [rig.call(&seat.client, "1"), rig.get(&seat.client), rig.delete(&seat.client)];
    for exchange in asked {
        assert_eq!(rig.error(exchange).0, 404);
    }
    let (later, _) = rig.open(Revision::V2025_11_25);
    let posted = rig.send(&later, &request("1"));
    assert_eq!(rig.error(posted).0, 404);
}

#[test]
fn a_session_of_another_principal_is_not_found() {
    let mut rig = Rig::new();
    let owner = Client { principal: Principal::of(Some(b"Bearer owner")), ..Client::new() };
    let (_, owner) = rig.open_stream(&owner);
    for other in [None, Some(&b"Bearer other"[..])] {
        let thief = Client { principal: Principal::of(other), ..owner.clone() };
        let posted = rig.send(&thief, &initialize("1", REVISION));
        assert_eq!(rig.error(posted).0, if other.is_some() { 404 } else { 401 });
    }
    let nowhere = rig.send(&Client::new(), &initialize("1", REVISION));
    assert_eq!(rig.error(nowhere).0, 404);
    assert!(rig.children.is_empty());
    let posted = rig.send(&owner, &initialize("1", REVISION));
    assert_eq!(rig.reply(posted), (202, ""));
}

// Ends

#[test]
fn a_session_ends_with_its_stream() {
    let mut rig = Rig::new();
    let seat = open(&mut rig);
    seat.send(&mut rig, &request("1"));
    rig.disconnect(seat.stream);
    assert!(rig.has_ended(&seat.client) && ended(&rig, SessionEnd::Deleted));
    assert!(rig.children[&seat.child].stdin_closed, "its child is stopped");
    let late = rig.send(&seat.client, &request("2"));
    assert_eq!(rig.error(late).0, 404);
    rig.child_ends(seat.child, ExitStatus::Code(0));
    rig.engine.check_empty();
}

#[test]
fn so_does_one_that_is_not_open_yet() {
    let mut rig = Rig::new();
    let (stream, client) = rig.open_stream(&Client::new());
    rig.disconnect(stream);
    assert!(rig.has_ended(&client));
    let seat = opening(&mut rig);
    rig.disconnect(seat.stream);
    assert!(rig.has_ended(&seat.client) && ended(&rig, SessionEnd::Abandoned));
    rig.child_ends(seat.child, ExitStatus::Code(0));
    rig.engine.check_empty();
    assert!(rig.engine.shared.spawn_backoff.check(rig.now).is_ok(), "no child has failed");
}

#[test]
fn a_client_that_says_nothing_has_as_long_as_a_child_to_start() {
    let mut rig = Rig::new();
    let (stream, client) = rig.open_stream(&Client::new());
    rig.pass(millis(9_999));
    assert!(!rig.has_ended(&client));
    rig.pass(millis(1));
    assert!(rig.has_ended(&client) && ended(&rig, SessionEnd::Expired));
    assert_eq!(rig.stage(stream), Stage::Finished);
    assert!(rig.engine.shared.spawn_backoff.check(rig.now).is_ok(), "no child has failed");
    rig.engine.check_empty();
}

#[test]
fn a_session_lives_as_long_as_its_stream() {
    let mut rig = Rig::new();
    let seat = open(&mut rig);
    rig.pass(secs(24 * 3600));
    assert_eq!(rig.stage(seat.stream), Stage::Begun);
    seat.send(&mut rig, &request("1"));
    rig.child_answers(seat.child, "2", "{}");
    assert_eq!(seat.heard(&rig), [result("1")]);
    rig.disconnect(seat.stream);
    assert!(rig.has_ended(&seat.client));
    assert!(rig.children[&seat.child].stdin_closed);
}

#[test]
fn the_longest_unused_gives_way() {
    let mut rig = Rig::with(Limits { sessions_max: 3, ..Limits::default() });
    let seats = [open(&mut rig), open(&mut rig), open(&mut rig)];
    rig.pass(secs(1));
    seats[0].send(&mut rig, &request("1"));
    seats[1].send(&mut rig, INITIALIZED);
    rig.pass(secs(1));
    rig.open_stream(&Client::new());
    assert_eq!(seats.each_ref().map(|seat| rig.has_ended(&seat.client)), [false, false, true]);
    assert_eq!(rig.stage(seats[2].stream), Stage::Finished);
    assert!(ended(&rig, SessionEnd::Evicted));
}

#[test]
fn streams_on_which_nothing_is_said_give_way_first() {
    let mut rig = Rig::with(Limits { sessions_max: 2, ..Limits::default() });
    let seat = open(&mut rig);
    for _ in 0..5 {
        rig.pass(secs(1));
        let (silent, _) = rig.open_stream(&Client::new());
        rig.open_stream(&Client::new());
        assert_eq!(rig.stage(silent), Stage::Finished);
    }
    assert!(!rig.has_ended(&seat.client), "it has been idle longer than any of them");
}

#[test]
fn a_crash_is_told_and_ends_the_stream() {
    let mut rig = Rig::new();
    let seat = open(&mut rig);
    seat.send(&mut rig, &request("1"));
    seat.send(&mut rig, &request("2"));
    rig.child_ends(seat.child, ExitStatus::Signal(11));
    let heard = seat.heard(&rig);
    let ids: Vec<_> = heard.iter().map(|answer| parse(answer)["id"].clone()).collect();
    assert_eq!(ids, [1, 2]);
    assert!(error_of(&heard[0]).1.contains("SIGSEGV"), "{heard:?}");
    assert_eq!(rig.items(seat.stream).len(), 4, "there is nothing to come back to");
    assert_eq!(rig.stage(seat.stream), Stage::Finished);
    rig.engine.check_empty();
}

#[test]
fn a_child_that_does_not_start_is_told_on_the_stream() {
    let mut rig = Rig::new();
    rig.spawning = Spawning::Fails(SpawnError::NotFound);
    for _ in 0..2 {
        let (stream, client) = rig.open_stream(&Client::new());
        rig.send(&client, &initialize("0", REVISION));
        let (_, text) = error_of(&rig.messages(stream)[0]);
        assert_eq!(text, "The MCP server process could not be started: no such command");
        assert_eq!(rig.stage(stream), Stage::Finished);
        rig.engine.check_empty();
    }
    // A request right after that is refused before there is a stream.
    let refused = rig.connect(&Client::new());
    assert_eq!(rig.error(refused).0, 503);
    assert!(rig.exchanges[&refused].head.as_ref().unwrap().retry_after.is_some());
}

#[test]
fn a_child_that_is_slow_to_start_is_given_up() {
    let mut rig = Rig::new();
    let seat = opening(&mut rig);
    rig.pass(secs(10));
    let (_, text) = error_of(&rig.messages(seat.stream)[0]);
    assert_eq!(text, TOO_SLOW_TO_START);
    assert_eq!(rig.stage(seat.stream), Stage::Finished);
    assert!(!rig.children[&seat.child].stdin_closed, "it is the next client's");
    rig.pass(secs(20));
    assert!(rig.children[&seat.child].stdin_closed);
}

#[test]
fn a_refused_initialize_ends_the_session() {
    let mut rig = Rig::new();
    let seat = opening(&mut rig);
    let number = rig.number(seat.child);
    let refusal = r#""error":{"code":-32602,"message":"no"}}"#;
    rig.child_says(seat.child, &format!(r#"{{"jsonrpc":"2.0","id":{number},{refusal}"#));
    assert_eq!(rig.messages(seat.stream), [format!(r#"{{"jsonrpc":"2.0","id":0,{refusal}"#)]);
    assert_eq!(rig.stage(seat.stream), Stage::Finished);
    assert!(rig.has_ended(&seat.client));
}

#[test]
fn an_initialize_that_is_cancelled_leaves_nothing_behind() {
    let mut rig = Rig::new();
    let seat = opening(&mut rig);
    seat.send(&mut rig, &cancel("0"));
    rig.pass(secs(10));
    assert_eq!(rig.stage(seat.stream), Stage::Finished);
    rig.child_ends(seat.child, ExitStatus::Code(0));
    rig.engine.check_empty();
}

#[test]
fn the_drain_waits_for_what_is_in_flight() {
    let mut rig = Rig::new();
    let (idle, busy) = (open(&mut rig), open(&mut rig));
    let (silent, _) = rig.open_stream(&Client::new());
    busy.send(&mut rig, &request("1"));
    rig.child_says(busy.child, &sampling("7"));
    rig.input(Input::ShutdownRequested);
    assert_eq!([silent, idle.stream].map(|it| rig.stage(it)), [Stage::Finished; 2]);
    assert!(rig.children[&idle.child].stdin_closed);

    let refused = rig.send(&busy.client, &request("2"));
    assert_eq!(rig.error(refused).0, 503);
    let late = rig.connect(&Client::new());
    assert_eq!(rig.error(late).0, 503);
    busy.send(&mut rig, &result("7"));
    rig.child_answers(busy.child, "2", "{}");
    assert_eq!(busy.heard(&rig), [sampling("7"), result("1")]);
    assert_eq!(rig.stage(busy.stream), Stage::Finished);
    for seat in [&idle, &busy] {
        rig.child_ends(seat.child, ExitStatus::Code(0));
    }
    assert_eq!(rig.stopped, Some(false));
    rig.engine.check_empty();
}

#[test]
fn a_forced_stop_answers_what_is_in_flight() {
    let mut rig = Rig::new();
    let seat = open(&mut rig);
    seat.send(&mut rig, &request("1"));
    rig.input(Input::ShutdownRequested);
    rig.input(Input::ShutdownRequested);
    assert_eq!(error_of(&seat.heard(&rig)[0]).1, "The server stopped before the answer came");
    assert_eq!(rig.stage(seat.stream), Stage::Finished);
}

// Messages

#[test]
fn a_quiet_stream_shows_that_it_is_alive() {
    let mut rig = Rig::with(Limits { keep_alive_period: secs(4), ..Limits::default() });
    let (stream, _) = rig.open_stream(&Client::new());
    rig.pass(secs(8));
    assert_eq!(rig.items(stream)[1..], [Item::Comment, Item::Comment]);
}

#[test]
fn a_child_is_read_only_as_fast_as_its_client_reads() {
    let limits = Limits { outbound_bytes_high: 1000, outbound_bytes_low: 100, ..Limits::default() };
    let mut rig = Rig::with(limits);
    let seat = open(&mut rig);
    rig.prompt = false;
    while rig.children[&seat.child].reading {
        rig.child_says(seat.child, &list_changed(1));
    }
    let unsent = rig.exchanges[&seat.stream].unsent;
    assert!((1000..1200).contains(&unsent), "{unsent}");
    rig.flush(seat.stream);
    assert!(rig.children[&seat.child].reading);
}

/// Returns limits that a client without reads exceeds.
fn limits_of_a_slow_reader() -> Limits {
    Limits {
        outbound_bytes_high: 1000,
        outbound_bytes_low: 100,
        outbound_bytes_max: 3000,
        ..Limits::default()
    }
}

fn say(id: usize) -> String {
    let text = "x".repeat(300);
    let params = json!({"name": "say", "arguments": {"text": text}});
    json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params}).to_string()
}

#[test]
fn who_does_not_read_is_told_to_wait_with_requests() {
    let mut rig = native_with(limits_of_a_slow_reader());
    let (stream, client) = rig.open_stream(&Client::new());
    rig.send(&client, &initialize("0", "2025-06-18"));
    rig.prompt = false;
    let posted: Vec<_> = (1..20).map(|id| rig.send(&client, &say(id))).collect();
    let refused = posted.into_iter().find(|posted| rig.reply(*posted).0 != 202).expect("a limit");
    let text = "Too many requests are in flight in this session".to_owned();
    assert_eq!(rig.error(refused), (503, -32603, text));
    assert_eq!(rig.exchanges[&refused].head.as_ref().unwrap().retry_after, Some(1));
    let unsent = rig.exchanges[&stream].unsent;
    assert!((1000..1500).contains(&unsent), "{unsent}");

    let told = rig.send(&client, INITIALIZED);
    assert_eq!(rig.reply(told), (202, ""), "it asks for nothing");
    rig.flush(stream);
    let posted = rig.send(&client, &say(30));
    assert_eq!(rig.reply(posted), (202, ""));
}

#[test]
fn a_stream_on_which_too_much_waits_ends_with_its_session() {
    // Many requests were accepted before the first answer came.
    let mut rig = native_with(limits_of_a_slow_reader());
    let (stream, client) = rig.open_stream(&Client::new());
    rig.send(&client, &initialize("0", "2025-06-18"));
    rig.prompt = false;
    for id in 1..50 {
        let call = say(id).replace("\"say\"", "\"steps\"");
        let posted = rig.send(&client, &call);
        assert_eq!(rig.reply(posted), (202, ""));
    }
    rig.pass(secs(1));
    assert!(rig.has_ended(&client) && ended(&rig, SessionEnd::Overflow));
    assert_eq!(rig.stage(stream), Stage::Finished);
    rig.disconnect(stream);
    rig.engine.check_empty();
}

#[test]
fn errors_for_what_a_child_does_not_get_to_answer_are_too_much_at_some_time() {
    let limits = Limits { in_flight_max: 2, ..limits_of_a_slow_reader() };
    let mut rig = Rig::with(limits);
    let seat = open(&mut rig);
    rig.prompt = false;
    while rig.children[&seat.child].reading {
        rig.child_says(seat.child, &list_changed(1));
    }
    let mut rounds = 0;
    while !rig.has_ended(&seat.client) {
        rounds += 1;
        assert!(rounds < 50, "{} bytes", rig.exchanges[&seat.stream].unsent);
        for id in ["1", "2"] {
            rig.send(&seat.client, &request(id));
        }
        rig.pass(secs(30));
    }
    assert!(ended(&rig, SessionEnd::Overflow));
    assert!(rig.exchanges[&seat.stream].unsent < 3500);
}

// A server in this process

fn native() -> Rig {
    native_with(Limits::default())
}

fn native_with(limits: Limits) -> Rig {
    let native = Native::stateful(Arc::new(Fixture::new()));
    Rig::of(Config { serves: Serves::Native(native), ..config(limits) })
}

/// Returns the messages on the stream for a call of this tool.
fn called(rig: &mut Rig, stream: ExchangeId, client: &Client, tool: &str) -> Vec<String> {
    let before = rig.messages(stream).len();
    let params = json!({"name": tool, "arguments": {}, "_meta": {"progressToken": "t"}});
    let call = json!({"jsonrpc": "2.0", "id": tool, "method": "tools/call", "params": params});
    let posted = rig.send(client, &call.to_string());
    assert_eq!(rig.reply(posted), (202, ""));
    rig.pass(secs(1));
    rig.messages(stream)[before..].to_vec()
}

#[test]
fn a_server_in_this_process_has_sessions_of_this_kind_too() {
    let mut rig = native();
    let (stream, client) = rig.open_stream(&Client::new());
    let refused = rig.send(&client, &request("1"));
    assert_eq!(rig.error(refused).0, 400, "initialize has to come first, here too");
    rig.send(&client, &initialize("0", "2025-11-25"));
    assert_eq!(parse(&rig.messages(stream)[0])["result"]["protocolVersion"], "2025-11-25");
    for count in ["1", "2"] {
        let answers = called(&mut rig, stream, &client, "count");
        assert_eq!(parse(&answers[0])["result"]["content"][0]["text"], count);
    }
    assert_eq!(called(&mut rig, stream, &client, "steps").len(), 4, "progress and an answer");
    rig.pass(secs(20));
    assert_eq!(rig.items(stream).last(), Some(&Item::Comment));
}

#[test]
fn a_connection_that_cannot_be_resumed_is_not_ended() {
    let mut rig = native();
    let (stream, client) = rig.open_stream(&Client::new());
    rig.send(&client, &initialize("0", "2025-11-25"));
    assert_eq!(called(&mut rig, stream, &client, "hang-up").len(), 2);
    assert_eq!(rig.stage(stream), Stage::Begun);
}
