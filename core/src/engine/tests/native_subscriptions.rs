//! `subscriptions/listen` streams of a server in this process.

use super::modern::*;
use super::rig::*;
use crate::config::{Config, Native, Serves};
use crate::engine::*;
use crate::http::*;
use crate::limits::Limits;
use crate::native::tests::Fixture;

const TOOLS: &str = r#""notifications":{"toolsListChanged":true}"#;
const CHANGE: &str = r#""name":"change""#;
const ID: &str = "io.modelcontextprotocol/subscriptionId";

fn rig() -> Rig {
    rig_with(Limits::default())
}

fn rig_with(limits: Limits) -> Rig {
    let native = Native::stateful(Arc::new(Fixture::that_changes()));
    Rig::of(Config { serves: Serves::Native(native), ..config(limits) })
}

/// Opens a legacy session.
fn session(rig: &mut Rig) -> Client {
    let opened = rig.post(&Client::new(), &initialize("0", "2025-11-25"));
    let head = rig.exchanges[&opened].head.as_ref().expect("an answer");
    Client { session: SessionHeader::Id(head.session.expect("a session")), ..Client::new() }
}

/// Returns the methods of the messages on a stream, each of which must have the id of its request.
fn methods(rig: &Rig, exchange: ExchangeId, id: &str) -> Vec<String> {
    let messages = rig.messages(exchange);
    let method = |message: &String| {
        let message = parse(message);
        assert_eq!(message["params"]["_meta"][ID], parse(id), "{message}");
        message["method"].as_str().expect("a notification").to_owned()
    };
    messages.iter().map(method).collect()
}

#[test]
fn a_change_by_any_client_reaches_all_subscribers() {
    let mut rig = rig();
    let session = session(&mut rig);
    let stream = rig.get(&session);
    let one = rig.ask(&Modern::new(), r#""one""#, "subscriptions/listen", TOOLS);
    let two = rig.ask(&Modern::named("b"), "2", "subscriptions/listen", TOOLS);
    let deaf = rig.ask(&Modern::new(), "3", "subscriptions/listen", r#""notifications":{}"#);
    let call = rig.ask(&Modern::new(), "4", "tools/call", CHANGE);
    assert_eq!(rig.reply(call).0, 200);
    let told = ["notifications/subscriptions/acknowledged", "notifications/tools/list_changed"];
    assert_eq!(methods(&rig, one, r#""one""#), told);
    assert_eq!(methods(&rig, two, "2"), told);
    assert_eq!(methods(&rig, deaf, "3"), told[..1]);
    assert_eq!(rig.messages(stream).len(), 1, "{:?}", rig.messages(stream));

    // A client that makes a change in a session is notified of it once.
    rig.post(
        &session,
        r#"{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"change"}}"#,
    );
    assert_eq!(methods(&rig, one, r#""one""#).len(), 3);
    let body = |exchange: &Exchange| String::from_utf8(exchange.body.clone()).unwrap();
    let all: usize =
        rig.exchanges.values().map(|it| body(it).matches("list_changed").count()).sum();
    assert_eq!(all, 2 + 2 + 2, "two of each who listens, and two of the session");
}

#[test]
fn a_stream_lasts_until_its_client_leaves() {
    let mut rig = rig();
    let listen = rig.ask(&Modern::new(), "1", "subscriptions/listen", TOOLS);
    rig.pass(Duration::from_secs(3600));
    assert_eq!(rig.stage(listen), Stage::Begun);
    assert!(rig.items(listen).len() > 100, "comments keep it open");
    let gauges = ["pontoon_requests_in_flight", "pontoon_streams"].map(|name| rig.metric(name));
    assert_eq!(gauges, [0, 1], "who listens waits for no answer");
    rig.disconnect(listen);
    let call = rig.ask(&Modern::new(), "2", "tools/call", CHANGE);
    assert_eq!(rig.reply(call).0, 200);
    assert_eq!(methods(&rig, listen, "1").len(), 1, "no other client is connected");
}

#[test]
fn the_end_of_the_program_is_the_end_of_the_stream() {
    let mut rig = rig();
    let listen = rig.ask(&Modern::new(), r#""l""#, "subscriptions/listen", TOOLS);
    rig.input(Input::ShutdownRequested);
    assert_eq!(rig.stage(listen), Stage::Finished);
    assert_eq!(rig.stopped, Some(false), "at once, without force");
    let last = parse(rig.messages(listen).last().unwrap());
    assert_eq!((&last["id"], &last["result"]["resultType"]), (&"l".into(), &"complete".into()));
    assert_eq!(last["result"]["_meta"][ID], "l");
}

#[test]
fn a_stream_that_is_not_opened_is_an_error() {
    let mut rig = rig();
    let session = session(&mut rig);
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"steps"}}"#;
    rig.post(&session, body);
    rig.input(Input::ShutdownRequested);
    let listen = rig.ask(&Modern::new(), r#""l""#, "subscriptions/listen", TOOLS);
    let (status, answer) = rig.json(listen);
    assert_eq!((status, &answer["id"]), (503, &"l".into()), "{answer}");
    assert_eq!(answer["error"]["code"], -32603, "{answer}");
    assert_eq!(answer.get("result"), None, "{answer}");
}

#[test]
fn who_listens_takes_no_place_from_who_calls() {
    let mut rig = rig_with(Limits { requests_max: 1, ..Limits::default() });
    let listens =
        [1, 2].map(|id| rig.ask(&Modern::new(), &id.to_string(), "subscriptions/listen", TOOLS));
    let call = rig.ask(&Modern::new(), "3", "tools/call", r#""name":"steps""#);
    let other = rig.ask(&Modern::new(), "4", "tools/call", r#""name":"steps""#);
    assert_eq!(listens.map(|listen| rig.stage(listen)), [Stage::Begun; 2]);
    assert_eq!(rig.stage(call), Stage::Waiting);
    assert_eq!(rig.reply(other).0, 503);
}

#[test]
fn who_does_not_read_loses_the_subscription_and_not_a_change() {
    let mut rig = rig_with(Limits { outbound_bytes_high: 500, ..Limits::default() });
    rig.prompt = false;
    let listen = rig.ask(&Modern::new(), "1", "subscriptions/listen", TOOLS);
    for _ in 0..10 {
        rig.ask(&Modern::new(), "2", "tools/call", CHANGE);
    }
    assert_eq!(rig.stage(listen), Stage::Finished);
    let messages = rig.messages(listen);
    assert_eq!(parse(messages.last().unwrap())["result"]["resultType"], "complete");
    assert!(messages.len() < 10, "{messages:?}");
}

#[test]
fn errors_of_the_modern_era_have_a_status_and_no_session() {
    let mut rig = rig();
    for (method, params, status) in [
        ("tools/call", r#""name":"say""#, 200),
        ("tools/call", r#""name":"none""#, 200),
        ("tools/call", r#""name":"ask""#, 400),
        ("ping", "", 404),
        ("no/such", "", 404),
    ] {
        let exchange = rig.ask(&Modern::new(), "1", method, params);
        assert_eq!(rig.reply(exchange).0, status, "{method} {params}");
        let head = rig.exchanges[&exchange].head.as_ref().unwrap();
        assert!(head.session.is_none() && head.foreign_session.is_none(), "{method}");
    }
    let streams_only = Modern { accept: Accept { json: false, sse: true }, ..Modern::new() };
    let unknown = rig.ask(&streams_only, "1", "no/such", "");
    assert_eq!(rig.reply(unknown).0, 404);
    let logs = r#","io.modelcontextprotocol/logLevel":"debug""#;
    let logs = Modern { meta: logs, ..Modern::new() };
    let asks = rig.ask(&logs, "1", "tools/call", r#""name":"tell-and-ask""#);
    assert_eq!(rig.reply(asks).0, 400);
}
