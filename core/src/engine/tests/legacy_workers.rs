//! Modern clients in front of a legacy child.

use serde_json::json;

use super::modern::*;
use super::rig::*;
use crate::config::{BridgeOptions, ChildEra, ChildPer, Config};
use crate::engine::*;
use crate::limits::Limits;
use crate::observe::Dropped;
use crate::protocol::Revision;
use crate::reject::SpawnError;

pub(super) const CALL: &str = r#""name":"x""#;

pub(super) fn rig_per(child_per: ChildPer) -> Rig {
    rig_of(BridgeOptions { child_per, ..BridgeOptions::default() }, Limits::default())
}

pub(super) fn rig_of(options: BridgeOptions, limits: Limits) -> Rig {
    bridge(BridgeOptions { child_era: ChildEra::Legacy, ..options }, limits)
}

fn rig() -> Rig {
    rig_per(ChildPer::Session)
}

impl Rig {
    /// Answers `initialize` for the latest child.
    pub(super) fn welcomes(&mut self) -> ChildId {
        self.welcomes_with(r#"{"tools":{}}"#)
    }

    /// Answers `initialize` for the latest child, with these capabilities.
    pub(super) fn welcomes_with(&mut self, capabilities: &str) -> ChildId {
        let child = self.last_child();
        let number = self.number(child);
        let result = format!(
            r#"{{"protocolVersion":"2025-11-25","capabilities":{capabilities},"serverInfo":{{"name":"s","version":"1"}}}}"#
        );
        self.child_answers(child, &number, &result);
        self.gets_ready(child);
        child
    }

    /// Answers the requests that follow `initialize`.
    pub(super) fn gets_ready(&mut self, child: ChildId) {
        let told = self.told(child);
        assert_eq!(told.len(), 2, "{told:?}");
        assert_eq!(told[0], json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        assert!(told[1]["method"] == "ping" || told[1]["params"] == json!({"level": "debug"}));
        self.child_answers(child, &told[1]["id"].to_string(), "{}");
    }
}

#[test]
fn a_process_is_opened_by_the_bridge_and_asked_in_its_own_words() {
    let mut rig = rig();
    let client = Modern { meta: r#","progressToken":"t","x.y/z":1"#, ..Modern::new() };
    let exchange = rig.ask(&client, r#""i""#, "tools/call", CALL);
    let child = rig.last_child();
    let opening = rig.fed(child).remove(0);
    let said = parse(&opening);
    assert_eq!(said["method"], "initialize");
    assert_eq!(said["params"]["protocolVersion"], "2025-11-25");
    rig.child_answers(child, &said["id"].to_string(), r#"{"protocolVersion":"2025-06-18","capabilities":{},"serverInfo":{"name":"s","version":"1"}}"#);
    rig.gets_ready(child);
    let told = rig.told(child);
    assert_eq!(told[0]["method"], "tools/call");
    let number = told[0]["id"].clone();
    let meta = json!({"progressToken": number, "x.y/z": 1});
    assert_eq!(told[0]["params"], json!({"name": "x", "_meta": meta}));

    rig.child_reports_progress(child, &number.to_string(), 1);
    rig.child_answers(child, &number.to_string(), r#"{"content":[]}"#);
    let messages = rig.messages(exchange);
    assert_eq!(parse(&messages[0])["params"], json!({"progressToken": "t", "progress": 1}));
    let answer = parse(&messages[1]);
    assert_eq!(answer["id"], "i");
    assert_eq!(answer["result"]["resultType"], "complete");
    assert_eq!(answer["result"]["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "s");
}

#[test]
fn a_server_request_of_its_own_belongs_to_no_request() {
    let mut rig = rig();
    let able = Modern { capabilities: r#"{"roots":{}}"#, ..Modern::new() };
    let exchange = rig.ask(&able, "1", "tools/call", CALL);
    let child = rig.last_child();
    let number = rig.number(child);
    rig.child_says(child, &welcome(&number, "2025-11-25"));
    rig.child_says(child, r#"{"jsonrpc":"2.0","id":"r","method":"roots/list"}"#);
    let told = rig.told(child);
    assert_eq!(told.len(), 3, "no request before it has had its say: {told:?}");
    assert!(told[2].get("error").is_some());
    rig.child_answers(child, &told[1]["id"].to_string(), "{}");
    assert_eq!(rig.told(child)[0]["method"], "tools/call");
    rig.pass(secs(1));
    assert_eq!(rig.stage(exchange), Stage::Waiting);
}

#[test]
fn a_child_that_does_not_answer_a_ping_is_asked_all_the_same() {
    let mut rig = rig();
    rig.ask(&Modern::new(), "1", "tools/call", CALL);
    let child = rig.last_child();
    let number = rig.number(child);
    rig.child_says(child, &welcome(&number, "2025-11-25"));
    rig.fed(child);
    rig.pass(secs(2));
    assert_eq!(rig.told(child)[0]["method"], "tools/call");
}

#[test]
fn a_client_that_asks_one_after_the_other_always_meets_the_same_process() {
    let mut rig = rig();
    for id in 1..5 {
        let exchange = rig.ask(&Modern::new(), &id.to_string(), "tools/call", CALL);
        if id == 1 {
            rig.welcomes();
        }
        let child = rig.last_child();
        let number = rig.number(child);
        rig.child_answers(child, &number, "{}");
        assert_eq!(rig.reply(exchange).0, 200);
    }
    assert_eq!(rig.children.len(), 1);
}

#[test]
fn calls_that_may_ask_do_not_share_a_process_and_others_do() {
    let mut rig = rig();
    rig.ask(&Modern::new().able(), "1", "tools/call", CALL);
    let first = rig.welcomes();
    rig.fed(first);
    rig.ask(&Modern::new().able(), "2", "tools/list", "");
    assert_eq!(rig.told(first)[0]["method"], "tools/list");
    rig.ask(&Modern::new().able(), "3", "prompts/get", CALL);
    let second = rig.welcomes();
    assert_ne!(first, second);
    assert_eq!(rig.told(second)[0]["method"], "prompts/get");
    rig.ask(&Modern::new().able(), "4", "resources/read", r#""uri":"u:x""#);
    assert_eq!(rig.children.len(), 3);
}

#[test]
fn whom_a_process_is_for_can_be_chosen() {
    let cases = [
        (ChildPer::Session, [1, 2, 2]),
        (ChildPer::Principal, [1, 2, 2]),
        (ChildPer::Call, [1, 2, 3]),
        (ChildPer::Shared, [1, 1, 1]),
    ];
    for (child_per, wanted) in cases {
        let mut rig = rig_per(child_per);
        for (name, children) in ["a", "b", "b"].into_iter().zip(wanted) {
            let before = rig.children.len();
            let exchange = rig.ask(&Modern::named(name), "1", "tools/call", CALL);
            if rig.children.len() > before {
                rig.welcomes();
            }
            assert_eq!(rig.children.len(), children, "{child_per:?}");
            let ids: Vec<ChildId> = rig.children.keys().copied().collect();
            for child in ids {
                for number in rig.numbers(child) {
                    rig.child_answers(child, &number, "{}");
                }
            }
            assert_eq!(rig.reply(exchange).0, 200);
        }
        let stopped = rig.children.values().filter(|process| process.stdin_closed).count();
        assert_eq!(stopped, if child_per == ChildPer::Call { 3 } else { 0 }, "{child_per:?}");
    }
}

#[test]
fn discover_tells_of_the_child_and_of_what_is_served_here() {
    let mut rig = rig();
    let exchange = rig.ask(&Modern::new(), "1", "server/discover", "");
    rig.welcomes_with(r#"{"tools":{"listChanged":true},"tasks":{}}"#);
    let (_, body) = rig.json(exchange);
    let versions = json!(["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"]);
    assert_eq!(body["result"]["supportedVersions"], versions);
    assert_eq!(body["result"]["capabilities"], json!({"tools": {"listChanged": true}}));
    assert_eq!(body["result"]["ttlMs"], 0);
    let again = rig.ask(&Modern::named("other"), "2", "server/discover", "");
    assert_eq!(rig.reply(again).0, 200, "it is known by now");
    assert_eq!(rig.children.len(), 1);
}

#[test]
fn errors_are_told_in_the_words_of_the_modern_era() {
    let mut rig = rig();
    let exchange = rig.ask(&Modern::new(), "1", "resources/read", r#""uri":"u:x""#);
    let child = rig.welcomes();
    let number = rig.number(child);
    rig.child_says(
        child,
        &format!(r#"{{"jsonrpc":"2.0","id":{number},"error":{{"code":-32002,"message":"gone"}}}}"#),
    );
    let (status, body) = rig.json(exchange);
    assert_eq!(status, 200);
    assert_eq!(body["error"], json!({"code": -32602, "message": "gone", "data": {"uri": "u:x"}}));
    let unknown = rig.ask(&Modern::new(), "2", "x/y", "");
    let number = rig.number(child);
    rig.child_says(
        child,
        &format!(r#"{{"jsonrpc":"2.0","id":{number},"error":{{"code":-32601,"message":"no"}}}}"#),
    );
    assert_eq!(rig.reply(unknown).0, 404);
    let tasks = rig.ask(&Modern::new(), "3", "tasks/get", r#""taskId":"t""#);
    assert_eq!(rig.reply(tasks).0, 404);
    assert_eq!(rig.fed(child), [""; 0]);
}

#[test]
fn who_cannot_be_served_is_told_why_by_http() {
    type Way = fn(&mut Rig, ChildId);
    let cases: [(Way, &str); 3] = [
        (|rig, child| rig.child_ends(child, ExitStatus::Code(1)), "exited"),
        (|rig, _| rig.pass(secs(10)), TOO_SLOW_TO_START),
        (
            |rig, child| {
                let number = rig.number(child);
                rig.child_says(
                    child,
                    &format!(
                        r#"{{"jsonrpc":"2.0","id":{number},"error":{{"code":1,"message":""}}}}"#
                    ),
                );
            },
            "refused initialize",
        ),
    ];
    for (way, text) in cases {
        let mut rig = rig();
        let client = Modern { accept: JSON, ..Modern::new() };
        let exchange = rig.ask(&client, "1", "tools/call", CALL);
        let child = rig.last_child();
        way(&mut rig, child);
        let (status, code, message) = rig.error(exchange);
        assert_eq!((status, code), (502, -32603));
        assert!(message.contains(text), "{message}");
    }
    let mut rig = rig();
    rig.spawning = Spawning::Fails(SpawnError::NotFound);
    let exchange = rig.ask(&Modern::new(), "1", "tools/call", CALL);
    assert_eq!(rig.reply(exchange).0, 502);
}

#[test]
fn a_crash_fails_only_what_that_process_was_asked() {
    let mut rig = rig();
    let one = rig.ask(&Modern::named("a"), "1", "tools/call", CALL);
    let first = rig.welcomes();
    let two = rig.ask(&Modern::named("b"), "1", "tools/call", CALL);
    rig.welcomes();
    rig.child_ends(first, ExitStatus::Signal(11));
    assert_eq!(rig.error(one).1, -32603);
    assert_eq!(rig.stage(two), Stage::Waiting);
    rig.ask(&Modern::named("a"), "2", "tools/call", CALL);
    assert_eq!(rig.children.len(), 3);
}

#[test]
fn beyond_the_limit_calls_wait_for_a_process() {
    let limits = Limits { sessions_max: 2, ..Limits::default() };
    let mut rig = rig_of(BridgeOptions::default(), limits);
    let mut calls = Vec::new();
    for id in 0..3 {
        calls.push(rig.ask(&Modern::new().able(), &id.to_string(), "tools/call", CALL));
        if id < 2 {
            rig.welcomes();
        }
    }
    assert_eq!(rig.children.len(), 2);
    let first = *rig.children.keys().next().unwrap();
    let number = rig.number(first);
    rig.child_answers(first, &number, "{}");
    assert_eq!(rig.reply(calls[0]).0, 200);
    let number = rig.number(first);
    rig.child_answers(first, &number, "{}");
    assert_eq!(rig.reply(calls[2]).0, 200);
    // One that waits for too long gets an error.
    let one = rig.ask(&Modern::new().able(), "7", "tools/call", CALL);
    let two = rig.ask(&Modern { accept: JSON, ..Modern::new().able() }, "8", "tools/call", CALL);
    rig.pass(secs(31));
    assert_eq!(rig.error(two).2, LATE);
    assert_eq!(rig.stage(one), Stage::Finished);
}

#[test]
fn a_call_that_waited_for_room_has_the_time_to_start_from_the_start_of_its_process() {
    let options = BridgeOptions { child_per: ChildPer::Call, ..BridgeOptions::default() };
    let mut rig = rig_of(options, Limits { sessions_max: 1, ..Limits::default() });
    rig.ask(&Modern::new(), "1", "tools/call", CALL);
    let first = rig.welcomes();
    let client = Modern { accept: JSON, ..Modern::new() };
    let [two, three] = ["2", "3"].map(|id| rig.ask(&client, id, "tools/call", CALL));
    rig.pass(secs(12));
    let number = rig.number(first);
    rig.child_answers(first, &number, "{}");
    rig.child_ends(first, ExitStatus::Code(0));
    rig.pass(secs(9));
    assert_eq!(rig.stage(two), Stage::Waiting);
    let second = rig.welcomes();
    let number = rig.number(second);
    rig.child_answers(second, &number, "{}");
    assert_eq!(rig.reply(two).0, 200);
    rig.child_ends(second, ExitStatus::Code(0));
    rig.pass(secs(8));
    assert_eq!(rig.stage(three), Stage::Waiting);
    rig.pass(secs(1));
    assert_eq!(rig.error(three).2, LATE, "waiting for room and for the start take 30 s at most");

    let four = rig.ask(&client, "4", "tools/call", CALL);
    rig.pass(secs(10));
    assert!(rig.error(four).2.contains("--startup-timeout"), "{}", rig.error(four).2);
}

#[test]
fn the_idle_give_way_to_those_who_wait_whatever_they_are() {
    let limits = Limits { sessions_max: 1, ..Limits::default() };
    let mut rig = rig_of(BridgeOptions::default(), limits);
    let (session, child) = rig.open(Revision::V2025_11_25);
    let exchange = rig.ask(&Modern::new(), "1", "tools/call", CALL);
    assert!(rig.has_ended(&session));
    assert!(rig.children[&child].stdin_closed);
    let worker = rig.welcomes();
    let number = rig.number(worker);
    rig.child_answers(worker, &number, "{}");
    assert_eq!(rig.reply(exchange).0, 200);
    rig.child_ends(child, ExitStatus::Code(0));
    rig.post(&Client::new(), &initialize("0", "2025-11-25"));
    assert!(rig.children[&worker].stdin_closed, "a session gets the room of an idle worker");
}

#[test]
fn an_idle_process_is_let_go_in_the_end() {
    let mut rig = rig();
    rig.ask(&Modern::new(), "1", "tools/call", CALL);
    let child = rig.welcomes();
    let number = rig.number(child);
    rig.child_answers(child, &number, "{}");
    rig.pass(secs(299));
    assert!(!rig.children[&child].stdin_closed);
    rig.pass(secs(2));
    assert!(rig.children[&child].stdin_closed);
    rig.child_ends(child, ExitStatus::Code(0));
    rig.engine.check_empty();
    rig.pass(secs(600));
    assert_eq!(rig.engine.poll_timeout(), None);
}

#[test]
fn warm_processes_are_ready_before_they_are_needed() {
    let options = BridgeOptions {
        child_era: ChildEra::Legacy,
        warm_children: 2,
        child_per: ChildPer::Call,
        ..BridgeOptions::default()
    };
    let config = Config {
        bridge: options,
        eager: true,
        revisions: Revision::ALL.into(),
        ..config(Limits::default())
    };
    let mut rig = Rig::of(config);
    assert_eq!(rig.children.len(), 2, "the first child is one of them");
    let ids: Vec<ChildId> = rig.children.keys().copied().collect();
    for child in &ids {
        let number = rig.number(*child);
        rig.child_says(*child, &welcome(&number, "2025-11-25"));
        rig.gets_ready(*child);
    }
    rig.ask(&Modern::new(), "1", "tools/call", CALL);
    assert_eq!(rig.told(ids[0])[0]["method"], "tools/call");
    assert_eq!(rig.children.len(), 3, "another one takes its place");
    rig.pass(secs(3600));
    assert!(!rig.children[&ids[1]].stdin_closed, "a spare one is not idle");
}

#[test]
fn calls_whose_clients_cannot_be_asked_share_a_process_and_what_that_asks_is_refused() {
    let mut rig = rig();
    let first = rig.ask(&Modern::new(), "1", "tools/call", CALL);
    let child = rig.welcomes();
    let one = rig.number(child);
    let second = rig.ask(&Modern::new(), "2", "prompts/get", CALL);
    let other = rig.number(child);
    rig.child_says(child, &sampling("7"));
    assert!(rig.told(child)[0].get("error").is_some(), "for any request");
    rig.child_answers(child, &other, r#"{"messages":[]}"#);
    rig.child_answers(child, &one, r#"{"content":[]}"#);
    assert_eq!((rig.reply(first).0, rig.reply(second).0), (200, 200));
    assert_eq!(rig.children.len(), 1);
}

#[test]
fn who_can_be_asked_does_not_share_with_who_cannot() {
    let mut rig = rig();
    rig.ask(&Modern::new(), "1", "tools/call", CALL);
    let first = rig.welcomes();
    rig.fed(first);
    let able = rig.ask(&Modern::new().able(), "2", "tools/call", CALL);
    let second = rig.welcomes();
    assert_ne!(first, second);
    rig.fed(second);
    rig.ask(&Modern::new(), "3", "tools/call", CALL);
    assert_eq!(rig.told(first)[0]["method"], "tools/call");
    // The first process's question belongs to no request whose client supports it.
    rig.child_says(first, &sampling("7"));
    assert!(rig.told(first)[0].get("error").is_some());
    assert_eq!(rig.stage(able), Stage::Waiting);
}

#[test]
fn few_processes_are_opened_at_once_and_those_that_are_there_are_used_first() {
    let mut rig = rig();
    let calls: Vec<_> = (0..10)
        .map(|id| rig.ask(&Modern::new().able(), &id.to_string(), "tools/call", CALL))
        .collect();
    assert_eq!(rig.children.len(), 4);
    let child = *rig.children.keys().next().unwrap();
    let number = rig.number(child);
    let welcome = r#"{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"s","version":"1"}}"#;
    rig.child_answers(child, &number, welcome);
    rig.gets_ready(child);
    assert_eq!(rig.children.len(), 5, "there is room for another to be opened");
    for call in calls {
        let number = rig.number(child);
        rig.child_answers(child, &number, "{}");
        assert_eq!(rig.reply(call).0, 200);
    }
    assert_eq!(rig.children.len(), 5);
}

#[test]
fn a_call_that_takes_too_long_is_given_up() {
    let mut rig = rig();
    let client = Modern { accept: JSON, meta: r#","progressToken":1"#, ..Modern::new() };
    let exchange = rig.ask(&client, "1", "tools/call", CALL);
    let child = rig.welcomes();
    let number = rig.number(child);
    rig.pass(secs(20));
    rig.child_reports_progress(child, &number, 1);
    rig.pass(secs(29));
    assert_eq!(rig.stage(exchange), Stage::Waiting, "progress gives it time");
    rig.pass(secs(1));
    assert_eq!(rig.error(exchange).2, LATE);
    assert_eq!(rig.told(child)[0]["method"], "notifications/cancelled");
}

#[test]
fn log_messages_are_told_by_each_requests_own_level() {
    let mut rig = rig();
    let wants =
        Modern { meta: r#","io.modelcontextprotocol/logLevel":"warning""#, ..Modern::new() };
    let exchange = rig.ask(&wants, "1", "tools/call", CALL);
    let child = rig.welcomes_with(r#"{"logging":{}}"#);
    assert_eq!(rig.told(child)[0]["method"], "tools/call");
    let log = |level: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","method":"notifications/message","params":{{"level":"{level}","data":1}}}}"#
        )
    };
    rig.child_says(child, &log("info"));
    assert_eq!(rig.stage(exchange), Stage::Waiting);
    rig.child_says(child, &log("error"));
    assert_eq!(rig.messages(exchange), [log("error")]);
    // Now it could be about a request that wants no log messages.
    rig.ask(&Modern::new(), "2", "tools/list", "");
    rig.child_says(child, &log("error"));
    assert_eq!(rig.messages(exchange).len(), 1);
    assert_eq!(rig.dropped(Dropped::UnknownNotification), 2);
}

#[test]
fn the_end_of_the_program_waits_for_calls() {
    let mut rig = rig();
    let call = rig.ask(&Modern::new(), "1", "tools/call", CALL);
    let child = rig.welcomes();
    let number = rig.number(child);
    rig.input(Input::ShutdownRequested);
    assert_eq!(rig.stopped, None);
    rig.child_answers(child, &number, "{}");
    assert_eq!(rig.reply(call).0, 200);
    assert!(rig.children[&child].stdin_closed);
    rig.child_ends(child, ExitStatus::Code(0));
    assert_eq!(rig.stopped, Some(false));
    rig.engine.check_empty();
}

#[test]
fn processes_that_take_their_time_to_stop_count() {
    let limits = Limits { sessions_max: 3, ..Limits::default() };
    let options = BridgeOptions { child_per: ChildPer::Call, ..BridgeOptions::default() };
    let mut rig = rig_of(options, limits);
    let mut calls = Vec::new();
    for id in 0..10 {
        let before = rig.children.len();
        calls.push(rig.ask(&Modern::new(), &id.to_string(), "tools/call", CALL));
        if rig.children.len() > before {
            let child = rig.welcomes();
            let number = rig.number(child);
            rig.child_answers(child, &number, "{}");
        }
    }
    assert_eq!(rig.children.len(), 6);
    assert_eq!(rig.stage(calls[9]), Stage::Waiting);
    let first = *rig.children.keys().next().unwrap();
    rig.child_ends(first, ExitStatus::Code(0));
    assert_eq!(rig.children.len(), 7, "now there is room");
}

#[test]
fn a_spare_process_that_fails_fails_no_call() {
    let options = BridgeOptions { warm_children: 1, ..BridgeOptions::default() };
    let mut rig = rig_of(options, Limits::default());
    rig.ask(&Modern::new(), "1", "tools/list", "");
    let first = *rig.children.keys().next().unwrap();
    let spare = rig.last_child();
    assert_ne!(first, spare);
    let able = rig.ask(&Modern::named("b"), "2", "tools/call", CALL);
    rig.child_ends(spare, ExitStatus::Code(1));
    assert_eq!(rig.stage(able), Stage::Waiting);
    // A command that never works is not started repeatedly.
    for _ in 0..10 {
        let alive = rig.children.iter().find(|(_, process)| !process.exited);
        let Some(child) = alive.map(|(child, _)| *child) else { break };
        rig.child_ends(child, ExitStatus::Code(1));
    }
    assert!(rig.children.len() < 8);
    assert_eq!(rig.stage(able), Stage::Replied);
}

#[test]
fn a_spare_process_that_ends_as_soon_as_it_is_ready_is_started_ever_more_seldom() {
    let options =
        BridgeOptions { child_era: ChildEra::Legacy, warm_children: 1, ..BridgeOptions::default() };
    let mut rig = rig_of(options, Limits::default());
    rig.ask(&Modern::new(), "1", "tools/list", "");
    let first = *rig.children.keys().next().expect("that of the call");
    let opens = |rig: &mut Rig, child| {
        let number = rig.number(child);
        rig.child_says(child, &welcome(&number, "2025-11-25"));
        rig.gets_ready(child);
    };
    opens(&mut rig, first);
    for _ in 0..600 {
        let newest = rig.last_child();
        if !rig.children[&newest].exited {
            opens(&mut rig, newest);
            rig.child_ends(newest, ExitStatus::Code(0));
        }
        rig.pass(millis(100));
    }
    let started = rig.children.len();
    assert!((8..16).contains(&started), "{started} in a minute");
}

#[test]
fn a_process_for_one_call_that_no_longer_wants_it_is_not_kept() {
    let mut rig = rig_per(ChildPer::Call);
    let call = rig.ask(&Modern::new(), "1", "tools/call", CALL);
    rig.disconnect(call);
    let child = rig.welcomes();
    assert!(rig.children[&child].stdin_closed);
    let discover = rig.ask(&Modern::new(), "2", "server/discover", "");
    assert_eq!(rig.reply(discover).0, 200);
    let options = BridgeOptions { child_per: ChildPer::Call, ..BridgeOptions::default() };
    let mut rig = rig_of(options, Limits::default());
    rig.ask(&Modern::new(), "1", "server/discover", "");
    let child = rig.welcomes();
    assert!(rig.children[&child].stdin_closed);
}
