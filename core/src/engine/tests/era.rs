//! The era probe of a command, and the requests that wait for it.

use super::modern::*;
use super::rig::*;
use crate::config::{ChildEra, Config};
use crate::engine::*;
use crate::limits::Limits;
use crate::protocol::{Era, Revision};
use crate::reject::SpawnError;

const MODERN: &str = r#"{"jsonrpc":"2.0","id":"era","result":{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{},"ttlMs":0,"cacheScope":"private"}}"#;
const UNKNOWN: &str =
    r#"{"jsonrpc":"2.0","id":"era","error":{"code":-32601,"message":"Method not found"}}"#;

fn rig() -> Rig {
    bridge_of(ChildEra::Probe)
}

fn found(rig: &Rig) -> Vec<Era> {
    let era = |event: &Event| match event {
        Event::EraFound { era, .. } => Some(*era),
        _ => None,
    };
    rig.events.iter().filter_map(era).collect()
}

#[test]
fn the_first_child_is_asked_by_a_request_of_the_modern_era() {
    let mut rig = rig();
    let exchange = rig.ask(&Modern::new(), "5", "tools/list", "");
    let child = rig.last_child();
    let asked = rig.told(child);
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0]["method"], "server/discover");
    let meta = &asked[0]["params"]["_meta"];
    assert_eq!(meta["io.modelcontextprotocol/protocolVersion"], "2026-07-28");
    assert!(meta["io.modelcontextprotocol/clientCapabilities"].is_object());
    rig.child_says(child, MODERN);
    let number = rig.number(child);
    rig.child_answers(child, &number, r#"{"tools":[]}"#);
    assert_eq!(rig.reply(exchange).0, 200);
    assert_eq!(found(&rig), [Era::Modern]);
    assert_eq!(rig.children.len(), 1, "the child that was asked serves on");
}

#[test]
fn a_command_of_both_eras_is_spoken_to_in_that_of_its_client() {
    let mut rig = rig();
    let both = MODERN.replace(r#"["2026-07-28"]"#, r#"["2026-07-28","2025-11-25"]"#);
    let opened = rig.post(&Client::new(), &initialize("1", "2025-11-25"));
    let first = rig.last_child();
    rig.fed(first);
    rig.child_says(first, &both);
    let said = rig.told(first);
    assert_eq!(said[0]["method"], "initialize", "the child that was asked has the session");
    rig.child_answers(first, &said[0]["id"].to_string(), r#"{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"s","version":"1"}}"#);
    assert_eq!(rig.reply(opened).0, 200);

    let modern = rig.ask(&Modern::new(), "2", "tools/list", "");
    let shared = rig.last_child();
    assert_ne!(first, shared);
    let number = rig.number(shared);
    rig.child_answers(shared, &number, r#"{"resultType":"complete","tools":[]}"#);
    assert_eq!(rig.reply(modern).0, 200);

    rig.post(&Client::new(), &initialize("3", "2025-11-25"));
    assert_eq!(rig.children.len(), 3, "each session has a process of its own");
    assert_eq!(found(&rig), [Era::Modern]);
}

#[test]
fn an_error_of_the_modern_era_tells_it_too() {
    for code in [-32020, -32021, -32022] {
        let mut rig = rig();
        rig.ask(&Modern::new(), "5", "tools/list", "");
        let child = rig.last_child();
        rig.child_says(child, &UNKNOWN.replace("-32601", &code.to_string()));
        assert_eq!(found(&rig), [Era::Modern]);
    }
}

#[test]
fn a_legacy_child_goes_on_with_the_session_that_waited() {
    let ways: [fn(&mut Rig, ChildId); 3] = [
        |rig, child| rig.child_says(child, UNKNOWN),
        |rig, child| rig.child_says(child, &UNKNOWN.replace("-32601", "-32602")),
        |rig, _| rig.pass(secs(4)),
    ];
    for way in ways {
        let mut rig = rig();
        let exchange = rig.post(&Client::new(), &initialize("0", "2025-11-25"));
        let child = rig.last_child();
        rig.fed(child);
        way(&mut rig, child);
        assert_eq!(found(&rig), [Era::Legacy]);
        let number = rig.number(child);
        rig.child_says(child, &welcome(&number, "2025-11-25"));
        assert_eq!(rig.reply(exchange).0, 200);
        assert_eq!(rig.children.len(), 1);
    }
}

#[test]
fn noise_answers_nothing_and_ends_nothing() {
    let limits = Limits::default();
    let bridge = crate::config::BridgeOptions::default();
    let revisions = Revision::ALL.into();
    let mut rig = Rig::of(Config { eager: true, bridge, revisions, ..config(limits) });
    let child = rig.last_child();
    (0..5000).for_each(|_| rig.child_babbles(child));
    assert_eq!(found(&rig), []);
    assert!(!rig.children[&child].stdin_closed);
    assert_eq!(rig.metric("pontoon_child_noise_lines_total"), 5000);
    rig.child_says(child, UNKNOWN);
    assert_eq!(found(&rig), [Era::Legacy]);
}

#[test]
fn silence_counts_from_the_start_of_the_child() {
    let bridge = crate::config::BridgeOptions::default();
    let revisions = Revision::ALL.into();
    let mut rig = Rig::of(Config { eager: true, bridge, revisions, ..config(Limits::default()) });
    let child = rig.last_child();
    rig.fed(child);
    rig.pass(millis(3_999));
    assert_eq!(found(&rig), []);
    rig.pass(millis(1));
    assert_eq!(found(&rig), [Era::Legacy]);
    let exchange = rig.post(&Client::new(), &initialize("0", "2025-11-25"));
    let number = rig.number(child);
    rig.child_says(child, &welcome(&number, "2025-11-25"));
    assert_eq!(rig.reply(exchange).0, 200, "its client has not waited for the era");
}

#[test]
fn a_modern_child_that_was_too_slow_is_known_by_its_late_answer() {
    // It continues with the request that waits: here a worker that is being opened.
    let mut rig = rig();
    let waits = rig.ask(&Modern::new(), "1", "tools/list", "");
    let child = rig.last_child();
    rig.pass(secs(4));
    let told = rig.told(child);
    assert_eq!(told[1]["method"], "initialize");
    rig.child_says(child, MODERN);
    assert_eq!(found(&rig), [Era::Legacy, Era::Modern]);
    assert!(rig.children[&child].stdin_closed, "it may have taken the other era's words");
    let next = rig.last_child();
    let number = rig.number(next);
    rig.child_answers(next, &number, r#"{"tools":[]}"#);
    assert_eq!(rig.reply(waits).0, 200);

    // Here a session, which is moved to the shared child.
    let mut rig = self::rig();
    let session = rig.post(&Client::new(), &initialize("0", "2025-11-25"));
    let child = rig.last_child();
    rig.pass(secs(4));
    rig.child_says(child, MODERN);
    assert!(rig.children[&child].stdin_closed, "it may have taken the other era's words");
    let next = rig.last_child();
    let asked = rig.told(next);
    assert_eq!(asked[0]["method"], "server/discover");
    let discovered = MODERN.replace("\"era\"", &asked[0]["id"].to_string());
    rig.child_says(next, &discovered);
    rig.pass(millis(1));
    assert_eq!(rig.reply(session).0, 200);
}

#[test]
fn a_late_answer_changes_nothing_once_a_session_is_open() {
    let mut rig = rig();
    let exchange = rig.post(&Client::new(), &initialize("0", "2025-11-25"));
    let child = rig.last_child();
    rig.pass(secs(4));
    let number = rig.numbers(child).pop().unwrap();
    rig.child_says(child, &welcome(&number, "2025-11-25"));
    assert_eq!(rig.reply(exchange).0, 200);
    rig.child_says(child, MODERN);
    assert_eq!(found(&rig), [Era::Legacy]);
}

#[test]
fn an_answer_that_comes_too_late_is_taken_for_nothing_else() {
    let mut rig = rig();
    let exchange = rig.post(&Client::new(), &initialize("0", "2025-11-25"));
    let child = rig.last_child();
    rig.pass(secs(4));
    rig.child_says(child, UNKNOWN);
    assert_eq!(rig.stage(exchange), Stage::Waiting);
}

#[test]
fn a_child_that_dies_of_the_probe_is_started_again() {
    let mut rig = rig();
    let exchange = rig.post(&Client::new(), &initialize("0", "2025-11-25"));
    let first = rig.last_child();
    rig.child_ends(first, ExitStatus::Code(1));
    let second = rig.last_child();
    assert_ne!(first, second);
    assert!(rig.children[&first].released);
    let number = rig.number(second);
    rig.child_says(second, &welcome(&number, "2025-11-25"));
    assert_eq!(rig.reply(exchange).0, 200);
    rig.open(Revision::V2025_11_25);
    assert_eq!(found(&rig), [Era::Legacy], "the era holds from then on");
}

#[test]
fn an_eager_command_is_asked_at_once() {
    let config = config(Limits::default());
    let bridge = crate::config::BridgeOptions::default();
    let mut rig =
        Rig::of(Config { eager: true, bridge, revisions: Revision::ALL.into(), ..config });
    let child = rig.last_child();
    assert_eq!(rig.told(child)[0]["method"], "server/discover");
    rig.child_ends(child, ExitStatus::Code(1));
    assert_eq!(unusable(&rig), 0, "it may have died of the question");
    let second = rig.last_child();
    rig.child_ends(second, ExitStatus::Code(1));
    assert_eq!(unusable(&rig), 1);
}

#[test]
fn text_that_the_second_process_repeats_is_logged_once() {
    let config = config(Limits::default());
    let bridge = crate::config::BridgeOptions::default();
    let mut rig =
        Rig::of(Config { eager: true, bridge, revisions: Revision::ALL.into(), ..config });
    let write = |rig: &mut Rig, text: &'static str| {
        let child = rig.last_child();
        rig.input(Input::ChildStderr { child, bytes: text.into() });
        rig.child_ends(child, ExitStatus::Code(1));
    };
    write(&mut rig, "starting\r\n\nnpm error canceled\n");
    write(&mut rig, "starting\n\nnpm error canceled\nnpm error see the log\nstarting\n");
    let lines = rig.events.iter().filter_map(|event| match event {
        Event::ChildStderr { line, .. } => Some(&line[..]),
        _ => None,
    });
    let lines: Vec<_> = lines.collect();
    let all = ["starting", "npm error canceled", "npm error see the log", "starting"];
    assert_eq!(lines, all.map(str::as_bytes));
    assert_eq!((ended(&rig), unusable(&rig)), (1, 1));
}

fn unusable(rig: &Rig) -> usize {
    rig.events.iter().filter(|event| matches!(event, Event::ChildUnusable { .. })).count()
}

fn ended(rig: &Rig) -> usize {
    rig.events.iter().filter(|event| matches!(event, Event::ChildEnded { .. })).count()
}

#[test]
fn a_command_that_ends_before_it_reads_the_question_is_reported_once() {
    let mut rig = rig();
    let legacy = rig.post(&Client::new(), &initialize("0", "2025-11-25"));
    let modern = rig.ask(&Modern::new(), "1", "tools/list", "");
    let child = rig.last_child();
    rig.child_ends_unasked(child, ExitStatus::Code(1));
    for exchange in [legacy, modern] {
        let (status, _, message) = rig.error(exchange);
        assert_eq!(status, 502);
        assert!(message.contains("exited with status 1"), "{message}");
    }
    assert_eq!((rig.children.len(), unusable(&rig), ended(&rig)), (1, 1, 0));
    assert!(rig.children[&child].released);
    assert_eq!(found(&rig), [], "its end says nothing of its era");
}

#[test]
fn whether_the_question_was_read_is_waited_for() {
    let mut rig = rig();
    let exchange = rig.post(&Client::new(), &initialize("0", "2025-11-25"));
    let child = rig.last_child();
    rig.child_closes_stdout(child);
    rig.input(Input::ChildStderrClosed { child });
    rig.children.get_mut(&child).unwrap().exited = true;
    rig.input(Input::ChildExited { child, status: ExitStatus::Code(1) });
    // Longer than the grace for its output: the adapter may be late on a busy machine.
    rig.pass(millis(500));
    assert_eq!(unusable(&rig), 0);
    rig.input(Input::ChildStdinClosed { child, unread: usize::MAX });
    assert_eq!((rig.children.len(), unusable(&rig)), (1, 1));
    assert_eq!(rig.reply(exchange).0, 502);
}

#[test]
fn a_silent_command_that_ends_before_it_reads_anything_is_not_started_again() {
    let mut rig = rig();
    let exchange = rig.post(&Client::new(), &initialize("0", "2025-11-25"));
    let child = rig.last_child();
    rig.pass(secs(4));
    assert_eq!(found(&rig), [Era::Legacy]);
    rig.child_ends_unasked(child, ExitStatus::Code(1));
    assert_eq!(rig.reply(exchange).0, 502);
    assert_eq!(rig.children.len(), 1);

    let mut rig = self::rig();
    let exchange = rig.ask(&Modern::new(), "1", "tools/list", "");
    let child = rig.last_child();
    rig.pass(secs(4));
    rig.child_ends_unasked(child, ExitStatus::Code(1));
    assert_eq!(rig.reply(exchange).0, 502);
    assert_eq!(rig.children.len(), 1);
}

#[test]
fn who_waits_is_told_that_the_command_cannot_be_started() {
    let mut rig = rig();
    rig.spawning = Spawning::Fails(SpawnError::NotFound);
    let legacy = rig.post(&Client::new(), &initialize("0", "2025-11-25"));
    let modern = rig.ask(&Modern::new(), "1", "tools/list", "");
    for exchange in [legacy, modern] {
        assert_eq!(rig.reply(exchange).0, 502);
    }
    assert_eq!(found(&rig), []);
    rig.pass(secs(10));
    rig.spawning = Spawning::Works;
    rig.ask(&Modern::new(), "1", "tools/list", "");
    let child = rig.last_child();
    assert_eq!(rig.told(child)[0]["method"], "server/discover", "the next may try again");
}

#[test]
fn who_leaves_while_waiting_is_forgotten() {
    let mut rig = rig();
    let legacy = rig.post(&Client::new(), &initialize("0", "2025-11-25"));
    let modern = rig.ask(&Modern::new(), "1", "tools/list", "");
    rig.disconnect(legacy);
    rig.disconnect(modern);
    let child = rig.last_child();
    rig.fed(child);
    rig.child_says(child, MODERN);
    assert_eq!(rig.fed(child), [""; 0]);
    assert!(rig.engine.shared.exchanges.is_empty());
}

// Over HTTP+SSE, where a session exists before its `initialize`

const PING: &str = r#"{"jsonrpc":"2.0","id":5,"method":"ping"}"#;

#[test]
fn a_ping_that_comes_after_initialize_waits_too() {
    let mut rig = rig();
    let (stream, client) = rig.open_stream(&Client::new());
    let opening = rig.send(&client, &initialize("0", "2024-11-05"));
    let ping = rig.send(&client, PING);
    assert_eq!([opening, ping].map(|it| rig.stage(it)), [Stage::Waiting; 2]);
    let (_, other) = rig.open_stream(&Client::new());
    let early = rig.send(&other, PING);
    assert_eq!(rig.error(early).2, "Invalid Request: initialize has to come first");

    let child = rig.last_child();
    rig.fed(child);
    rig.child_says(child, UNKNOWN);
    assert_eq!([opening, ping].map(|it| rig.reply(it).0), [202; 2]);
    let told = rig.told(child);
    assert_eq!((&told[0]["method"], &told[1]["method"]), (&"initialize".into(), &"ping".into()));
    rig.child_answers(child, &told[1]["id"].to_string(), "{}");
    assert_eq!(rig.messages(stream), [r#"{"jsonrpc":"2.0","id":5,"result":{}}"#]);
}

#[test]
fn a_session_is_in_use_while_its_initialize_waits() {
    // From opening the stream to the end of the wait it is longer than either limit alone.
    let mut rig = rig();
    let (stream, client) = rig.open_stream(&Client::new());
    rig.pass(secs(7));
    let opening = rig.send(&client, &initialize("0", "2024-11-05"));
    rig.pass(secs(4));
    assert_eq!((rig.reply(opening).0, rig.stage(stream)), (202, Stage::Begun));

    let bridge = crate::config::BridgeOptions::default();
    let limits = Limits { sessions_max: 1, session_idle_max: secs(3), ..Limits::default() };
    let revisions = Revision::ALL.into();
    let mut rig = Rig::of(Config { bridge, revisions, ..config(limits) });
    let (stream, client) = rig.open_stream(&Client::new());
    let opening = rig.send(&client, &initialize("0", "2024-11-05"));
    let other = rig.connect(&Client::new());
    assert_eq!(rig.error(other).2, "Too many sessions are open (--max-sessions)");
    rig.pass(millis(3999));
    assert_eq!((rig.stage(opening), rig.stage(stream)), (Stage::Waiting, Stage::Begun));

    rig.disconnect(opening);
    rig.pass(secs(2));
    assert_eq!(rig.stage(stream), Stage::Begun, "it was used until its client gave up");
    rig.pass(secs(1));
    assert_eq!(rig.stage(stream), Stage::Finished);
    let child = rig.last_child();
    rig.child_ends(child, ExitStatus::Code(0));
    assert!(rig.engine.sessions.is_empty());
}

#[test]
fn an_initialize_at_the_endpoint_opens_a_session_of_its_own_whatever_it_names() {
    let mut rig = rig();
    let (stream, client) = rig.open_stream(&Client::new());
    let opening = rig.post(&client, &initialize("0", "2025-11-25"));
    let child = rig.last_child();
    rig.fed(child);
    rig.child_says(child, UNKNOWN);
    let number = rig.number(child);
    rig.child_says(child, &welcome(&number, "2025-11-25"));
    assert_eq!(rig.reply(opening).0, 200);
    assert_eq!(rig.messages(stream), [""; 0]);
}

#[test]
fn a_session_whose_initialize_is_refused_while_it_waits_is_as_before() {
    let mut rig = rig();
    rig.spawning = Spawning::TakesTime;
    let (stream, client) = rig.open_stream(&Client::new());
    let opening = rig.send(&client, &initialize("0", "2024-11-05"));
    let child = rig.last_child();
    rig.input(Input::ChildSpawnFailed { child, error: SpawnError::NotFound });
    assert_eq!(rig.reply(opening).0, 502);
    rig.pass(millis(9999));
    assert_eq!(rig.stage(stream), Stage::Begun);
    rig.pass(millis(1));
    assert_eq!(rig.stage(stream), Stage::Finished);
    rig.engine.check_empty();
}

#[test]
fn a_program_that_ends_meanwhile_refuses_who_waits() {
    let mut rig = rig();
    let legacy = rig.post(&Client::new(), &initialize("0", "2025-11-25"));
    let modern = rig.ask(&Modern::new(), "1", "tools/list", "");
    rig.input(Input::ShutdownRequested);
    assert_eq!((rig.reply(legacy).0, rig.reply(modern).0), (503, 503));
    let child = rig.last_child();
    rig.child_ends(child, ExitStatus::Code(0));
    assert_eq!(rig.stopped, Some(false));
    rig.engine.check_empty();
}

/// Ways in which the first child ends without revealing its era.
const MISTAKES: [fn(&mut Rig, ChildId); 2] =
    [|rig, child| rig.child_ends(child, ExitStatus::Code(1)), |rig, _| rig.pass(secs(40))];

#[test]
fn an_era_that_was_assumed_is_looked_for_again_once_a_session_cannot_be_opened() {
    for mistake in MISTAKES {
        let mut rig = rig();
        let refused = rig.post(&Client::new(), &initialize("0", "2025-11-25"));
        let first = rig.last_child();
        mistake(&mut rig, first);
        let second = rig.last_child();
        if second != first {
            let number = rig.number(second);
            rig.child_says(
                second,
                &format!(
                    r#"{{"jsonrpc":"2.0","id":{number},"error":{{"code":-32022,"message":""}}}}"#
                ),
            );
        }
        assert_eq!(rig.stage(refused), Stage::Replied);
        let exchange = rig.ask(&Modern::new(), "1", "tools/list", "");
        let next = rig.last_child();
        assert_eq!(rig.told(next)[0]["method"], "server/discover");
        rig.child_says(next, MODERN);
        let number = rig.number(next);
        rig.child_answers(next, &number, r#"{"tools":[]}"#);
        assert_eq!(rig.reply(exchange).0, 200);
        assert_eq!(found(&rig), [Era::Legacy, Era::Modern]);
    }
}

#[test]
fn an_era_that_was_assumed_is_looked_for_again_once_a_worker_cannot_be_opened() {
    for mistake in MISTAKES {
        let mut rig = rig();
        let refused = rig.ask(&Modern::named("a"), "1", "tools/list", "");
        let first = rig.last_child();
        mistake(&mut rig, first);
        let second = rig.last_child();
        if second != first {
            rig.child_ends(second, ExitStatus::Code(1));
        }
        assert_eq!(rig.reply(refused).0, 502);
        let exchange = rig.ask(&Modern::new(), "1", "tools/list", "");
        let next = rig.last_child();
        assert_eq!(rig.told(next)[0]["method"], "server/discover");
        rig.child_says(next, MODERN);
        let number = rig.number(next);
        rig.child_answers(next, &number, r#"{"tools":[]}"#);
        assert_eq!(rig.reply(exchange).0, 200);
    }
}

#[test]
fn a_command_that_never_works_is_not_started_without_end() {
    let mut rig = rig();
    for _ in 0..20 {
        let first = rig.ask(&Modern::named("a"), "1", "tools/list", "");
        let second = rig.ask(&Modern::named("b"), "1", "tools/list", "");
        let running = |rig: &Rig| {
            rig.children.iter().find(|(_, process)| !process.exited).map(|(child, _)| *child)
        };
        while let Some(child) = running(&rig) {
            assert!(rig.children.len() < 20, "{}", rig.children.len());
            rig.child_ends(child, ExitStatus::Code(1));
        }
        for exchange in [first, second] {
            assert!([502, 503].contains(&rig.reply(exchange).0), "all are told at once");
        }
    }
}

#[test]
fn an_era_that_a_session_has_confirmed_is_not_doubted() {
    let mut rig = rig();
    let opened = rig.post(&Client::new(), &initialize("0", "2025-11-25"));
    let first = rig.last_child();
    rig.child_ends(first, ExitStatus::Code(1));
    let second = rig.last_child();
    let number = rig.number(second);
    rig.child_says(second, &welcome(&number, "2025-11-25"));
    assert_eq!(rig.reply(opened).0, 200);
    rig.post(&Client::new(), &initialize("0", "2025-11-25"));
    let third = rig.last_child();
    rig.child_ends(third, ExitStatus::Code(1));
    rig.post(&Client::new(), &initialize("0", "2025-11-25"));
    let next = rig.last_child();
    assert_eq!(rig.told(next)[0]["method"], "initialize");
}
