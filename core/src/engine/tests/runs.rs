//! Requests without a session that have to wait.

use bytes::Bytes;
use serde_json::json;

use super::rig::*;
use crate::chunk::Chunk;
use crate::config::{Config, EventFormat, Native, Serves};
use crate::engine::*;
use crate::http::*;
use crate::json::Message;
use crate::limits::Limits;
use crate::native::StatelessOutcome;
use crate::native::tests::Fixture;

fn rig() -> Rig {
    rig_with(Limits::default(), |native| native)
}

fn rig_with(limits: Limits, change: impl FnOnce(Native) -> Native) -> Rig {
    let native = Native::stateless(Arc::new(Fixture::new()));
    Rig::of(Config { serves: Serves::Native(change(native)), ..config(limits) })
}

fn call(id: &str, tool: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{tool}","_meta":{{"progressToken":"t"}}}}}}"#
    )
}

/// Sends a POST as an adapter does: the engine gets it only if it has to wait.
fn post(rig: &mut Rig, accept: Accept, body: &str) -> ExchangeId {
    let (head, body) = rig.posted(&Client::new().accepting(accept), body);
    let stateless = rig.engine.stateless().expect("no sessions");
    let at = (rig.now, rig.now.since(Instant::ZERO));
    match stateless.answer(head, &body, || at, HostStats::default, drop, drop) {
        StatelessOutcome::Pending(request) => {
            rig.exchange(|exchange| Input::StatelessPending { exchange, request })
        }
        served => panic!("it does not have to wait: {served:?}"),
    }
}

/// Returns the names and data of the events of an exchange.
fn events(rig: &Rig, exchange: ExchangeId) -> Vec<(String, String)> {
    let body = std::str::from_utf8(&rig.exchanges[&exchange].body).unwrap();
    let blocks = body.split_terminator("\n\n").filter(|block| !block.starts_with(':'));
    let event = |block: &str| {
        let (name, data) = block.split_once('\n').expect(block);
        let name = name.strip_prefix("event: ").expect(block).to_owned();
        (name, data.strip_prefix("data: ").expect(block).to_owned())
    };
    blocks.map(event).collect()
}

#[test]
fn progress_comes_when_it_is_made_and_the_answer_ends_the_stream() {
    let mut rig = rig();
    let exchange = post(&mut rig, BOTH, &call("7", "steps"));
    assert_eq!(rig.stage(exchange), Stage::Waiting);
    for step in 1..=3 {
        rig.pass(millis(99));
        assert_eq!(events(&rig, exchange).len(), step - 1);
        rig.pass(millis(1));
        let (name, data) = events(&rig, exchange)[step - 1].clone();
        let data = parse(&data);
        assert_eq!(name, "message");
        assert_eq!(data["params"]["progress"], step as f64);
        assert_eq!(data["params"]["progressToken"], "t");
    }
    let answer = parse(&events(&rig, exchange)[3].1);
    assert_eq!((&answer["id"], rig.stage(exchange)), (&json!(7), Stage::Finished));
    rig.engine.check_empty();
}

#[test]
fn the_log_is_told_once_the_answer_is_there() {
    let mut rig = rig();
    post(&mut rig, BOTH, &call("7", "steps"));
    let served = |rig: &Rig| {
        let took = |event: &Event| match event {
            Event::RequestDone(done) if done.error.is_none() => {
                Some((done.took, done.tool.clone()))
            }
            _ => None,
        };
        rig.events.iter().find_map(took)
    };
    rig.pass(millis(299));
    assert_eq!(served(&rig), None);
    rig.pass(millis(1));
    assert_eq!(served(&rig), Some((millis(300), Some("steps".into()))));
}

#[test]
fn a_client_that_takes_only_json_gets_the_answer_alone() {
    let mut rig = rig();
    let exchange = post(&mut rig, JSON, &call("7", "steps"));
    rig.pass(millis(300));
    let (status, answer) = rig.reply(exchange);
    assert_eq!((status, &parse(answer)["id"]), (200, &json!(7)));
    rig.engine.check_empty();
}

#[test]
fn the_answers_of_a_batch_come_together() {
    let mut rig = rig_with(Limits::default(), |native| Native {
        server: Arc::new(Fixture::with_batches()),
        ..native
    });
    let batch = format!("[{},5,{}]", call("1", "steps"), call("2", "say"));
    let exchange = post(&mut rig, JSON, &batch);
    rig.pass(millis(300));
    let answers = parse(rig.reply(exchange).1);
    let ids: Vec<_> = answers.as_array().unwrap().iter().map(|it| it["id"].clone()).collect();
    assert_eq!(ids, [json!(null), json!(2), json!(1)]);
}

#[test]
fn a_client_that_leaves_ends_its_request() {
    let mut rig = rig();
    let exchange = post(&mut rig, BOTH, &call("7", "steps"));
    rig.pass(millis(100));
    rig.disconnect(exchange);
    rig.engine.check_empty();
    rig.pass(secs(5));
}

#[test]
fn a_stream_that_is_quiet_shows_that_it_is_alive() {
    let mut rig = rig_with(Limits { keep_alive_period: millis(40), ..Limits::default() }, |it| it);
    let exchange = post(&mut rig, BOTH, &call("7", "steps"));
    rig.pass(millis(90));
    let body = String::from_utf8(rig.exchanges[&exchange].body.clone()).unwrap();
    assert_eq!(body, ": keep-alive\n\n: keep-alive\n\n");
    rig.pass(millis(300));
    assert_eq!(rig.stage(exchange), Stage::Finished);
}

#[test]
fn too_many_at_once_are_told_to_come_back() {
    let mut rig = rig_with(Limits { requests_max: 2, ..Limits::default() }, |it| it);
    post(&mut rig, BOTH, &call("1", "steps"));
    post(&mut rig, BOTH, &call("2", "steps"));
    let exchange = post(&mut rig, BOTH, &call("3", "steps"));
    let (status, code, message) = rig.error(exchange);
    assert_eq!((status, code, &*message), (503, -32603, "Too many requests are in flight"));
    assert_eq!(parse(rig.reply(exchange).1)["id"], 3);
    assert_eq!(rig.exchanges[&exchange].head.as_ref().unwrap().retry_after, Some(1));
    rig.pass(secs(1));
    let exchange = post(&mut rig, BOTH, &call("3", "steps"));
    rig.pass(secs(1));
    assert_eq!(rig.stage(exchange), Stage::Finished);
}

#[test]
fn what_takes_too_long_is_given_up() {
    let mut rig = rig_with(Limits { request_total_max: millis(250), ..Limits::default() }, |it| it);
    let exchange = post(&mut rig, JSON, &call("7", "steps"));
    rig.pass(millis(250));
    assert_eq!(
        rig.error(exchange),
        (200, -32603, "The server did not answer within 0.25 s".to_owned())
    );
    rig.engine.check_empty();
}

#[test]
fn a_drain_waits_and_a_forced_stop_answers() {
    for forced in [false, true] {
        let mut rig = rig();
        let exchange = post(&mut rig, BOTH, &call("7", "steps"));
        rig.input(Input::ShutdownRequested);
        let late = post(&mut rig, BOTH, &call("8", "steps"));
        assert_eq!(rig.reply(late).0, 503);
        assert_eq!(rig.stopped, None);
        if forced {
            rig.input(Input::ShutdownRequested);
            let text = "The server stopped before the answer came".to_owned();
            assert_eq!(rig.error(exchange), (200, -32603, text));
        } else {
            rig.pass(secs(1));
            assert_eq!(events(&rig, exchange).len(), 4);
        }
        assert_eq!(rig.stopped, Some(forced));
    }
}

/// A flat event named after the id of its request, which gets a progress token.
#[derive(Debug)]
struct Numbered;

impl EventFormat for Numbered {
    fn rewrite_request(&self, request: &Message, random: u64) -> Option<String> {
        let text = str::from_utf8(request.bytes()).unwrap();
        let meta = format!(r#""_meta":{{"progressToken":{random}}},"arguments":{{}}"#);
        Some(text.replace(r#""arguments":{}"#, &meta))
    }

    fn event(&self, message: Bytes) -> Chunk {
        let text = str::from_utf8(&message).unwrap();
        let name = if text.contains("progressToken") { "step" } else { "end" };
        Chunk::from(format!("event: {name}\ndata: {text}\n\n"))
    }
}

#[test]
fn an_event_format_rewrites_requests_and_writes_the_events() {
    let format = |native| Native { event_format: Some(Arc::new(Numbered)), ..native };
    let mut rig = rig_with(Limits::default(), format);
    let body = r#"{"jsonrpc":"2.0","id":"req-2","method":"tools/call","params":{"name":"steps","arguments":{}}}"#;
    let exchange = post(&mut rig, BOTH, body);
    rig.pass(secs(1));
    let events = events(&rig, exchange);
    let names: Vec<_> = events.iter().map(|(name, _)| &**name).collect();
    assert_eq!(names, ["step", "step", "step", "end"]);
    assert!(parse(&events[1].1)["params"]["progressToken"].is_u64(), "{events:?}");
    assert_eq!(parse(&events[3].1)["id"], "req-2");
}

#[test]
fn one_that_never_ends_lets_others_go_on() {
    let limits = Limits { request_total_max: millis(20), ..Limits::default() };
    let mut rig = rig_with(limits, |it| it);
    let endless = post(&mut rig, JSON, &call("1", "endless"));
    rig.pass(millis(10));
    let other = rig.request(Request::Live);
    assert_eq!(rig.reply(other).0, 200);
    rig.pass(millis(10));
    assert_eq!(
        rig.error(endless),
        (200, -32603, "The server did not answer within 0.02 s".to_owned())
    );
    rig.engine.check_empty();
}

#[test]
fn a_clock_of_the_world_that_is_set_is_followed() {
    let mut rig = rig();
    let told = |rig: &mut Rig, unix_time: Duration| {
        rig.input(Input::ClockRead { unix_time });
        let exchange = rig.request(Request::Health { detailed: true });
        millis(parse(rig.reply(exchange).1)["unix_time_ms"].as_u64().unwrap())
    };
    assert_eq!(told(&mut rig, secs(86_400)), secs(86_400));
    rig.pass(secs(60));
    assert_eq!(told(&mut rig, secs(3600)), secs(3600), "it was put back");
    // A clock that is set does not change the start of the process.
    rig.pass(secs(10));
    assert_eq!(told(&mut rig, millis(3_610_900)), secs(3610));
}

#[test]
fn a_server_reports_its_health_with_current_facts() {
    let mut rig = rig();
    let facts = HostStats {
        process: crate::host_stats::ProcessStats { memory: Some(5), ..Default::default() },
        ..HostStats::default()
    };
    rig.pass(millis(1500));
    rig.input(Input::Sampled { stats: Box::new(facts) });
    let exchange = rig.request(Request::Health { detailed: true });
    assert_eq!(
        parse(rig.reply(exchange).1),
        json!({
            "status": "healthy",
            "uptime_ms": 1500,
            "unix_time_ms": 2500,
            "memory": 5,
            "sessions": [0, 0, 0],
        })
    );
    let exchange = rig.request(Request::HealthDetails);
    let details = parse(rig.reply(exchange).1);
    assert_eq!(details, json!({ "has_sessions": false, "requests": 0 }));
    rig.input(Input::ShutdownRequested);
    let exchange = rig.request(Request::Health { detailed: true });
    let (status, body) = rig.reply(exchange);
    assert_eq!((status, &parse(body)["status"]), (503, &json!("stopping")));
}

/// Returns a call whose next step a job does.
fn stepping(rig: &mut Rig, limits_passed: Duration) -> ExchangeId {
    let exchange = post(rig, BOTH, &call("7", "steps"));
    rig.jobs_wait = true;
    rig.pass(limits_passed);
    assert_eq!((rig.jobs.len(), rig.stage(exchange)), (1, Stage::Waiting));
    exchange
}

#[test]
fn a_client_that_leaves_while_its_server_works_is_told_nothing() {
    let mut rig = rig();
    let exchange = stepping(&mut rig, millis(100));
    rig.disconnect(exchange);
    rig.work();
    rig.engine.check_empty();
}

#[test]
fn time_that_passes_while_the_server_works_counts() {
    let mut rig = rig_with(Limits { request_total_max: millis(250), ..Limits::default() }, |it| it);
    let exchange = stepping(&mut rig, millis(100));
    rig.pass(millis(200));
    assert_eq!(rig.stage(exchange), Stage::Waiting);
    rig.work();
    rig.jobs_wait = false;
    rig.pass(millis(2));
    let (_, answer) = events(&rig, exchange).pop().expect("an answer");
    assert_eq!(parse(&answer)["error"]["code"], -32603);
    rig.engine.check_empty();
}

#[test]
fn a_forced_stop_waits_for_the_server_unless_it_is_forced_again() {
    for again in [false, true] {
        let mut rig = rig();
        let exchange = stepping(&mut rig, millis(100));
        rig.input(Input::ShutdownRequested);
        rig.input(Input::ShutdownRequested);
        assert_eq!(rig.stopped, None);
        if again {
            rig.input(Input::ShutdownRequested);
            assert_eq!(rig.stopped, Some(true));
            continue;
        }
        rig.work();
        let (_, answer) = events(&rig, exchange).pop().expect("an answer");
        assert_eq!(parse(&answer)["error"]["code"], -32603);
        assert_eq!(rig.stopped, Some(true));
    }
}
