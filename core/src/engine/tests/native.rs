//! Sessions with a server in this process.

use serde_json::json;

use super::events::Item;
use super::rig::*;
use crate::config::{Config, Native, Serves};
use crate::engine::*;
use crate::http::*;
use crate::limits::Limits;
use crate::native::tests::Fixture;
use crate::protocol::Revision;

pub(super) fn rig() -> Rig {
    rig_with(Limits::default())
}

fn rig_with(limits: Limits) -> Rig {
    let native = Native::stateful(Arc::new(Fixture::new()));
    Rig::of(Config { serves: Serves::Native(native), ..config(limits) })
}

/// Returns a `tools/call` of this tool, with a progress token.
pub(super) fn call(id: u32, tool: &str) -> String {
    json!({
        "jsonrpc": "2.0",
        "id": id,
        "method": "tools/call",
        "params": { "name": tool, "arguments": { "text": "hi" }, "_meta": { "progressToken": "t" } },
    })
    .to_string()
}

fn initialize_with_sampling() -> String {
    initialize("0", "2025-06-18")
        .replace(r#""capabilities":{}"#, r#""capabilities":{"sampling":{}}"#)
}

/// Returns the client of the session that an exchange has opened.
fn client_of(rig: &Rig, exchange: ExchangeId) -> Client {
    let head = rig.exchanges[&exchange].head.as_ref().expect("an answer");
    Client { session: SessionHeader::Id(head.session.expect("a session")), ..Client::new() }
}

pub(super) fn open(rig: &mut Rig) -> Client {
    let exchange = rig.post(&Client::new(), &initialize_with_sampling());
    client_of(rig, exchange)
}

fn text_of(answer: &str) -> String {
    let answer = parse(answer);
    answer["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

/// Returns the text of a call with a complete answer.
fn text(rig: &mut Rig, client: &Client, tool: &str) -> String {
    let exchange = rig.post(client, &call(1, tool));
    text_of(rig.reply(exchange).1)
}

fn body(rig: &Rig, exchange: ExchangeId) -> &str {
    std::str::from_utf8(&rig.exchanges[&exchange].body).unwrap()
}

#[test]
fn initialize_opens_a_session_that_remembers() {
    let mut rig = rig();
    let exchange = rig.post(&Client::new(), &initialize("\"a\"", "2025-06-18"));
    let (status, answer) = rig.reply(exchange);
    assert_eq!((status, &parse(answer)["id"]), (200, &json!("a")));
    assert_eq!(parse(answer)["result"]["protocolVersion"], "2025-06-18");
    let client = client_of(&rig, exchange);
    assert_eq!(text(&mut rig, &client, "count"), "1");
    assert_eq!(text(&mut rig, &client, "count"), "2");
    let other = open(&mut rig);
    assert_eq!(text(&mut rig, &other, "count"), "1");
}

#[test]
fn the_answer_has_the_clients_own_id_and_token() {
    let mut rig = rig();
    let client = open(&mut rig);
    let id = r#""\u0061 1""#;
    let exchange = rig.post(&client, &call(77, "steps").replace("77", id));
    rig.pass(millis(350));
    let messages = rig.messages(exchange);
    assert_eq!(messages.len(), 4, "{messages:?}");
    for (step, message) in messages[..3].iter().enumerate() {
        let message = parse(message);
        assert_eq!(message["params"]["progressToken"], "t", "{message}");
        assert_eq!(message["params"]["progress"], step as f64 + 1.0);
    }
    assert!(messages[3].contains(&format!(r#""id":{id}"#)), "{messages:?}");
}

#[test]
fn any_request_without_a_session_opens_one() {
    let mut rig = rig();
    let exchange = rig.post(&Client::new(), &call(1, "count"));
    assert_eq!(text_of(rig.reply(exchange).1), "1");
    let client = client_of(&rig, exchange);
    assert_eq!(text(&mut rig, &client, "count"), "2");
    assert_eq!(rig.metric("pontoon_sessions_opened_total"), 1);
    // Now it sends its description.
    let exchange = rig.post(&client, &initialize("1", "2025-06-18"));
    assert_eq!(rig.reply(exchange).0, 200);
    assert!(text(&mut rig, &client, "scene").starts_with("2025-06-18 "));
    assert_eq!(rig.metric("pontoon_sessions_opened_total"), 1);
    let exchange = rig.post(&client, &initialize("2", "2025-06-18"));
    assert_eq!(rig.error(exchange).2, "Session already initialized");
    // A notification has no answer, so no session is opened for it.
    let lost = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    let exchange = rig.post(&Client::new(), lost);
    assert_eq!(rig.reply(exchange).0, 400);
}

#[test]
fn a_call_that_never_ends_lets_others_go_on() {
    let mut rig = rig_with(Limits { request_time_max: millis(20), ..Limits::default() });
    let client = open(&mut rig);
    let endless = rig.post(&client, &call(1, "endless"));
    rig.pass(millis(10));
    assert_eq!(text(&mut rig, &client, "count"), "2");
    rig.pass(millis(10));
    assert_eq!(
        rig.error(endless),
        (200, -32603, "The server did not answer within 0.02 s".to_owned())
    );
}

#[test]
fn an_unknown_session_is_not_adopted() {
    let mut rig = rig();
    let mut client = open(&mut rig);
    let exchange = rig.delete(&client);
    assert_eq!(rig.reply(exchange).0, 204);
    for session in [client.session, SessionHeader::Foreign] {
        client.session = session;
        let exchange = rig.post(&client, &call(5, "say"));
        let (status, code, message) = rig.error(exchange);
        assert_eq!((status, code, &*message), (404, -32603, "Session not found or expired"));
        assert_eq!(parse(rig.reply(exchange).1)["id"], 5);
    }
    rig.engine.check_empty();
}

#[test]
fn a_refused_initialize_leaves_no_session() {
    let mut rig = rig();
    let bad = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":5}}"#;
    let exchange = rig.post(&Client::new(), bad);
    assert_eq!(rig.error(exchange).1, -32602);
    assert_eq!(rig.exchanges[&exchange].head.as_ref().unwrap().session, None);
    rig.engine.check_empty();
}

#[test]
fn the_server_is_told_of_its_session() {
    let mut rig = rig();
    let exchange = rig.post(&Client::new(), &call(1, "scene"));
    let client = client_of(&rig, exchange);
    let told = |text: &str| text.rsplit("| ").next().unwrap().to_owned();
    let first = told(&text_of(rig.reply(exchange).1));
    assert_eq!(first, "initialized=false requests=1 used=0 took=0 queued=0");
    rig.pass(secs(7));
    rig.post(&client, &initialize("1", "2025-06-18"));
    rig.pass(secs(3));
    let exchange = rig.post(&client, &call(2, "steps"));
    rig.pass(secs(1));
    assert_eq!(rig.stage(exchange), Stage::Finished);
    rig.pass(secs(1));
    rig.post(&client.accepting(JSON), &call(3, "news"));
    let text = told(&text(&mut rig, &client, "scene"));
    // The last request before this one ended 12 s after the beginning.
    assert_eq!(text, "initialized=true requests=5 used=12 took=300 queued=2");
}

#[test]
fn facts_come_from_outside_and_are_completed_here() {
    let mut rig = rig();
    let client = open(&mut rig);
    open(&mut rig);
    rig.pass(secs(61));
    let text = text(&mut rig, &client, "facts");
    assert_eq!(text, "pid=0 requests=2 sessions=2 cleanups=1 ");
}

#[test]
fn a_client_can_be_asked() {
    let mut rig = rig();
    let client = open(&mut rig);
    let exchange = rig.post(&client, &call(1, "ask"));
    let question = parse(&rig.messages(exchange)[0]);
    assert_eq!(question["method"], "sampling/createMessage");
    let answer = json!({ "jsonrpc": "2.0", "id": question["id"], "result": { "said": "yes" } });
    let answered = rig.post(&client, &answer.to_string());
    assert_eq!(rig.reply(answered).0, 202);
    assert!(text_of(&rig.messages(exchange)[1]).starts_with(r#"{"said":"yes"}"#));
    assert_eq!(rig.stage(exchange), Stage::Finished);
}

#[test]
fn a_message_goes_to_the_stream_it_belongs_to() {
    let mut rig = rig();
    let client = open(&mut rig);
    let listener = rig.get(&client);
    let calls = [rig.post(&client, &call(1, "steps")), rig.post(&client, &call(2, "steps"))];
    let news = rig.post(&client, &call(3, "news"));
    assert!(body(&rig, news).contains("yours") && !body(&rig, news).contains("everybody's"));
    assert_eq!(rig.messages(listener).len(), 1);
    assert!(rig.messages(listener)[0].contains("everybody's"));
    rig.pass(secs(1));
    for (call, id) in calls.into_iter().zip(1..) {
        assert_eq!(rig.messages(call).len(), 4);
        assert_eq!(parse(&rig.messages(call)[3])["id"], id);
    }
}

#[test]
fn messages_of_no_request_wait_for_a_listener_and_the_oldest_gives_way() {
    let mut rig = rig_with(Limits { queue_len_max: 3, ..Limits::default() });
    let client = open(&mut rig);
    for id in 1..=5 {
        rig.post(&client, &call(id, "news"));
    }
    let listener = rig.get(&client);
    assert_eq!(rig.messages(listener).len(), 3);
    let again = rig.get(&client);
    assert_eq!(rig.messages(again).len(), 0, "each is delivered once");
}

#[test]
fn a_listener_that_takes_too_little_is_sent_away() {
    let mut rig = rig_with(Limits { outbound_bytes_max: 2000, ..Limits::default() });
    let client = open(&mut rig);
    let listener = rig.get(&client);
    rig.prompt = false;
    let news = |rig: &mut Rig| {
        for id in 0..20 {
            rig.post(&client.accepting(JSON), &call(id, "news"));
        }
    };
    news(&mut rig);
    assert_eq!(rig.stage(listener), Stage::Finished);
    assert!(matches!(rig.items(listener).last(), Some(Item::Retry(_))), "it may come back");
    let unsent = rig.exchanges[&listener].unsent;
    assert!((2000..2500).contains(&unsent), "{unsent}");
    let again = rig.get(&client);
    news(&mut rig);
    assert_eq!(rig.stage(again), Stage::Finished, "most of it still waits");
    rig.disconnect(listener);
    rig.disconnect(again);
    assert_eq!(text(&mut rig, &client, "say"), "hi");
}

#[test]
fn a_silent_listener_is_sent_the_event_its_document_has() {
    let mut rig = rig();
    let client = open(&mut rig);
    let listener = rig.get(&client);
    rig.pass(secs(15));
    let body = body(&rig, listener);
    assert_eq!(body, ": keep-alive\n\nevent: keep-alive\ndata: {\"type\":\"ping\"}\n\n");
}

#[test]
fn a_stream_can_be_resumed() {
    let mut rig = rig();
    let client = open(&mut rig);
    let exchange = rig.post(&client, &call(1, "steps"));
    rig.pass(millis(100));
    let last = rig.items(exchange)[0].id().unwrap().to_owned();
    rig.disconnect(exchange);
    rig.pass(secs(1));
    let resumed = rig.resume(&client, &last);
    assert_eq!(rig.messages(resumed).len(), 3, "two steps and the answer");
}

#[test]
fn a_cancelled_call_is_forgotten() {
    let mut rig = rig();
    let client = open(&mut rig);
    let exchange = rig.post(&client.accepting(JSON), &call(1, "steps"));
    rig.post(&client, &cancel("1"));
    assert_eq!(rig.reply(exchange), (202, ""));
    rig.pass(secs(1));
    assert_eq!(rig.metric("pontoon_requests_in_flight"), 0);
    assert_eq!(rig.metric("pontoon_dropped_messages_total{reason=\"unknown_progress\"}"), 0);
}

#[test]
fn an_idle_session_expires_to_the_moment_and_is_counted() {
    let limits = Limits { session_idle_max: secs(90), ..Limits::default() };
    let mut rig = rig_with(limits);
    let client = open(&mut rig);
    rig.pass(secs(89));
    assert_eq!(text(&mut rig, &client, "say"), "hi");
    rig.pass(secs(90));
    let exchange = rig.post(&client, &call(1, "say"));
    assert_eq!(rig.reply(exchange).0, 404);
    rig.engine.check_empty();
    let exchange = rig.request(Request::Health { detailed: true });
    let health = parse(rig.reply(exchange).1);
    assert_eq!(
        health,
        json!({
            "status": "healthy",
            "uptime_ms": 179_000,
            "unix_time_ms": 180_000,
            "memory": null,
            "sessions": [0, 1, 1],
        })
    );
}

#[test]
fn an_expired_session_is_not_served_even_if_its_timer_is_late() {
    let mut rig = rig();
    let client = open(&mut rig);
    rig.pass(millis(299_999));
    rig.now = rig.now + millis(1);
    let exchange = rig.post(&client, &call(1, "say"));
    assert_eq!(rig.reply(exchange).0, 404);
}

#[test]
fn the_oldest_idle_session_gives_way_to_a_new_one() {
    let mut rig = rig_with(Limits { sessions_max: 2, ..Limits::default() });
    let first = open(&mut rig);
    rig.pass(secs(1));
    let second = open(&mut rig);
    rig.pass(secs(1));
    open(&mut rig);
    assert!(rig.has_ended(&first));
    assert_eq!(text(&mut rig, &second, "say"), "hi");
}

#[test]
fn a_batch_is_executed_in_the_revision_that_has_them() {
    let mut rig = rig();
    let batch = format!("[{},{},5]", call(1, "say"), call(2, "fail"));
    let exchange = rig.post(&Client::new(), &initialize("0", "2025-03-26"));
    let client = client_of(&rig, exchange);
    let exchange = rig.post(&client, &batch);
    assert_eq!(parse(rig.reply(exchange).1).as_array().map(Vec::len), Some(3));
    let client = open(&mut rig);
    let exchange = rig.post(&client, &batch);
    assert_eq!(rig.error(exchange).1, -32600);
    for revision in [RevisionHeader::Absent, RevisionHeader::Served(Revision::V2025_06_18)] {
        let exchange = rig.post(&Client { revision, ..Client::new() }, &batch);
        assert_eq!(rig.error(exchange).1, -32600);
    }
    assert_eq!(rig.engine.sessions.len(), 2, "a refused batch opens nothing");
}

#[test]
fn a_drain_waits_for_the_call_in_flight() {
    let mut rig = rig();
    let client = open(&mut rig);
    let exchange = rig.post(&client, &call(1, "steps"));
    rig.input(Input::ShutdownRequested);
    let late = rig.post(&Client::new(), &call(1, "say"));
    assert_eq!(rig.reply(late).0, 503);
    assert_eq!(rig.stopped, None);
    rig.pass(secs(1));
    assert_eq!(rig.messages(exchange).len(), 4);
    assert_eq!(rig.stopped, Some(false));
    rig.engine.check_empty();
}

#[test]
fn what_was_answered_is_shown_under_its_tool() {
    let mut rig = rig();
    let client = open(&mut rig);
    text(&mut rig, &client, "say");
    rig.post(&client, &call(1, "fail"));
    let labels = |tool| format!("{{method=\"tools/call\",tool=\"{tool}\"}}");
    assert_eq!(rig.metric(&format!("fixture_requests_total{}", labels("say"))), 1);
    assert_eq!(rig.metric(&format!("fixture_requests_total{}", labels("fail"))), 1);
    assert_eq!(rig.metric("fixture_requests_total{method=\"initialize\"}"), 1);
}

#[test]
fn an_idle_session_takes_little_memory() {
    let seated = size_of::<crate::session::NativeSession>();
    assert!(seated <= 416, "{seated} bytes");
}

#[test]
fn a_server_may_hang_up_and_the_client_comes_back_for_the_answer() {
    for early in [true, false] {
        let mut rig = rig();
        let exchange = rig.post(&Client::new(), &initialize("0", "2025-11-25"));
        let client = client_of(&rig, exchange);
        let exchange = rig.post(&client, &call(7, "hang-up"));
        let seen = rig.items(exchange);
        let [Item::Priming(last), Item::Retry(5000)] = &seen[..] else { panic!("{seen:?}") };
        assert_eq!(rig.stage(exchange), Stage::Finished);
        if !early {
            rig.pass(millis(100));
        }
        let resumed = rig.resume(&client, last);
        rig.pass(millis(100));
        let messages = rig.messages(resumed);
        assert_eq!(messages.len(), 2, "{messages:?}");
        assert_eq!(parse(&messages[0])["method"], "notifications/progress");
        assert_eq!((&parse(&messages[1])["id"], &*text_of(&messages[1])), (&json!(7), "done"));
        assert_eq!(rig.stage(resumed), Stage::Finished);
    }
}

#[test]
fn a_client_that_could_not_come_back_is_not_disconnected() {
    let mut rig = rig();
    let older = open(&mut rig);
    let exchange = rig.post(&Client::new(), &initialize("0", "2025-11-25"));
    let json_only = client_of(&rig, exchange).accepting(JSON);
    for client in [older, json_only] {
        let exchange = rig.post(&client, &call(7, "hang-up"));
        assert_ne!(rig.stage(exchange), Stage::Finished);
        rig.pass(millis(100));
        assert!(body(&rig, exchange).contains("done"));
    }
}
