//! Children that end, write invalid lines, hang, or write without end.

use bytes::Bytes;

use super::rig::*;
use crate::engine::*;
use crate::limits::Limits;
use crate::machine::Signal;
use crate::protocol::Revision;

#[test]
fn each_request_in_flight_is_told_how_the_child_ended() {
    for (status, text) in [
        (ExitStatus::Code(0), "The MCP server process exited with status 0"),
        (ExitStatus::Signal(9), "The MCP server process was killed by signal 9 (SIGKILL)"),
        (ExitStatus::Unknown, "The MCP server process ended"),
    ] {
        let mut rig = Rig::new();
        let (client, child) = rig.open(Revision::V2025_11_25);
        let calls = [rig.call(&client, "1"), rig.call(&client, r#""2""#)];
        let streamed = rig.call(&client.accepting(SSE), "3");
        let stream = rig.get(&client);
        rig.child_ends(child, status);
        for (call, id) in calls.into_iter().zip(["1", r#""2""#]) {
            assert_eq!(rig.error(call), (200, -32603, text.to_owned()));
            assert_eq!(parse(rig.reply(call).1)["id"].to_string(), id);
        }
        assert_eq!(error_of(&rig.messages(streamed)[0]).1, text);
        assert_eq!(rig.stage(stream), Stage::Finished);
        let call = rig.call(&client, "4");
        assert_eq!(rig.error(call).0, 404, "its session is over");
        assert!(rig.children[&child].released);
        rig.engine.check_empty();
    }
}

#[test]
fn what_the_child_wrote_before_its_end_is_delivered() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    let answered = rig.call(&client, "1");
    let lost = rig.call(&client, "2");
    rig.child_exits(child, ExitStatus::Code(1));
    assert_eq!(rig.stage(answered), Stage::Waiting);
    rig.child_answers(child, "2", "{}");
    rig.child_closes_stdout(child);
    assert_eq!(rig.reply(answered).1, r#"{"jsonrpc":"2.0","id":1,"result":{}}"#);
    assert_eq!(rig.error(lost).2, "The MCP server process exited with status 1");
}

#[test]
fn a_pipe_that_another_process_holds_open_is_given_up_soon() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    let call = rig.call(&client, "1");
    rig.child_exits(child, ExitStatus::Code(1));
    assert_eq!(rig.children[&child].signals, [Signal::Kill], "the whole group");
    rig.pass(millis(19));
    assert_eq!(rig.stage(call), Stage::Waiting);
    rig.pass(millis(1));
    assert_eq!(rig.error(call).2, "The MCP server process exited with status 1");
    assert!(rig.children[&child].released);
    rig.engine.check_empty();
}

#[test]
fn a_pipe_that_another_process_writes_to_is_given_up_in_the_end() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    rig.child_exits(child, ExitStatus::Code(1));
    for step in 0..100 {
        assert!(!rig.has_ended(&client), "after {step} lines");
        rig.child_says(child, &list_changed(step));
        rig.pass(millis(10));
    }
    assert!(rig.has_ended(&client));
    assert!(rig.children[&child].released);
    rig.engine.check_empty();
}

#[test]
fn a_child_that_closes_its_output_is_at_its_end() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    let call = rig.call(&client, "1");
    rig.child_closes_stdout(child);
    rig.pass(millis(20));
    assert_eq!(rig.error(call).2, "The MCP server process closed its standard output");
    assert!(rig.children[&child].stdin_closed);
    rig.pass(secs(10));
    assert_eq!(rig.children[&child].signals, [Signal::Terminate, Signal::Kill]);
    rig.child_exits(child, ExitStatus::Signal(9));
    rig.engine.check_empty();
}

#[test]
fn an_exit_right_after_the_end_of_output_tells_the_status() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    let call = rig.call(&client, "1");
    rig.child_closes_stdout(child);
    rig.pass(millis(10));
    rig.child_exits(child, ExitStatus::Code(7));
    assert_eq!(rig.error(call).2, "The MCP server process exited with status 7");
}

#[test]
fn a_request_whose_answer_is_none_fails_at_once() {
    let shape = "it must have either a result or an error";
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    for (nth, (fault, why)) in [
        (r#""jsonrpc":"2.0""#, shape),
        (r#""jsonrpc":"1.0","result":{}"#, "jsonrpc must be \"2.0\""),
        (r#""jsonrpc":"2.0","result":{},"error":{"code":1,"message":""}"#, shape),
    ]
    .into_iter()
    .enumerate()
    {
        let call = rig.call(&client, r#""mine""#);
        let other = rig.call(&client, "7");
        let numbers = rig.numbers(child);
        rig.child_writes(child, format!(r#"{{"id":{},{fault}}}"#, numbers[0]));
        assert_eq!(rig.error(call), (200, -32603, invalid(why)), "{fault}");
        assert_eq!(parse(rig.reply(call).1)["id"], "mine");
        assert_eq!(rig.stage(other), Stage::Waiting, "{fault}");
        rig.child_answers(child, &numbers[1], "{}");
        assert_eq!(rig.metric("pontoon_child_noise_lines_total"), 1 + nth as u64);
    }
    assert!(!rig.has_ended(&client));
}

#[test]
fn noise_with_an_id_answers_nothing() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    let call = rig.call(&client, "1");
    let number = rig.number(child);
    for line in [
        format!(r#"{{"level":"info","id":{number}}}"#),
        format!(r#"{{"jsonrpc":"2.0","id":{number},"method":"m","params":1}}"#),
        r#"{"jsonrpc":"2.0","id":99,"result":1,"error":1}"#.to_owned(),
    ] {
        rig.child_writes(child, &line);
        assert_eq!(rig.stage(call), Stage::Waiting, "{line}");
    }
    rig.child_answers(child, &number, "{}");
    assert_eq!(rig.reply(call).0, 200);
}

#[test]
fn a_session_whose_initialize_is_answered_by_nonsense_never_opens() {
    let mut rig = Rig::new();
    let (exchange, child) = rig.initialize(&Client::new());
    let number = rig.number(child);
    rig.child_writes(child, format!(r#"{{"jsonrpc":"2.0","id":{number}}}"#));
    let text = invalid("it must have either a result or an error");
    assert_eq!(rig.error(exchange), (502, -32603, text));
    assert!(rig.children[&child].stdin_closed);
    rig.child_exits(child, ExitStatus::Code(0));
    rig.engine.check_empty();
}

#[test]
fn a_sloppy_child_is_understood() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    let call = rig.call(&client.accepting(SSE), "1");
    let number = rig.number(child);
    let asks = r#"{"jsonrpc":"2.0","id":5,"method":"roots/list","params":null}"#;
    rig.child_says(child, asks);
    let answer = |id| format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}},"error":null}}"#);
    rig.child_says(child, &answer(number.as_str()));
    assert_eq!(rig.messages(call), [asks, &answer("1")]);
}

#[test]
fn one_child_ends_alone() {
    let mut rig = Rig::new();
    let (_, child) = rig.open(Revision::V2025_11_25);
    let (other, _) = rig.open(Revision::V2025_11_25);
    let call = rig.call(&other, "1");
    rig.child_ends(child, ExitStatus::Signal(11));
    assert_eq!(rig.stage(call), Stage::Waiting);
}

#[test]
fn the_end_of_its_standard_error_is_kept_for_the_report() {
    let mut rig = Rig::with(Limits { stderr_tail_bytes: 10, ..Default::default() });
    let (client, child) = rig.open(Revision::V2025_11_25);
    rig.call(&client, "1");
    for bytes in ["one\ntw", "o\nthr", "ee"] {
        rig.input(Input::ChildStderr { child, bytes: Bytes::from(bytes) });
    }
    rig.child_ends(child, ExitStatus::Code(2));
    let lines: Vec<_> = rig
        .events
        .iter()
        .filter_map(|event| match event {
            Event::ChildStderr { line, .. } => Some(line.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(lines, ["one", "two", "three"], "the last needs no line end");
    assert!(rig.events.contains(&Event::ChildEnded {
        child,
        status: ExitStatus::Code(2),
        asked: false,
        unanswered: 1,
        stderr: Bytes::from("two\nthree"),
        is_logged: true
    }));
}

#[test]
fn last_words_that_come_after_the_exit_are_waited_for() {
    let mut rig = Rig::new();
    let (_, child) = rig.open(Revision::V2025_11_25);
    let status = ExitStatus::Code(1);
    rig.children.get_mut(&child).unwrap().exited = true;
    rig.input(Input::ChildExited { child, status });
    rig.child_closes_stdout(child);
    rig.input(Input::ChildStderr { child, bytes: Bytes::from("no disk\n") });
    rig.input(Input::ChildStderrClosed { child });
    let stderr = Bytes::from("no disk");
    assert!(rig.events.contains(&Event::ChildEnded {
        child,
        status,
        asked: false,
        unanswered: 0,
        stderr,
        is_logged: true
    }));
}

#[test]
fn a_child_that_is_asked_to_end_is_not_reported_with_its_standard_error() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    rig.input(Input::ChildStderr { child, bytes: Bytes::from("bye\n") });
    rig.delete(&client);
    rig.child_ends(child, ExitStatus::Code(0));
    assert!(rig.events.contains(&Event::ChildEnded {
        child,
        status: ExitStatus::Code(0),
        asked: true,
        unanswered: 0,
        stderr: Bytes::new(),
        is_logged: true
    }));
}

#[test]
fn a_child_of_which_nothing_is_known_any_more_changes_nothing() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    rig.delete(&client);
    rig.child_says(child, &list_changed(1));
    rig.child_babbles(child);
    rig.child_ends(child, ExitStatus::Code(0));
    let actions = rig.actions.len();
    for input in [
        Input::ChildStdinAcked { child, bytes: 9 },
        Input::ChildStdinClosed { child, unread: 0 },
        Input::ChildStderr { child, bytes: Bytes::from("x\n") },
        Input::ChildStdoutClosed { child },
        Input::ChildLine { child: ChildId(99), line: Ok(message(&list_changed(1))) },
    ] {
        rig.input(input);
    }
    assert_eq!(rig.actions.len(), actions);
}

#[test]
fn starts_and_ends_are_counted() {
    let mut rig = Rig::new();
    let (_, child) = rig.open(Revision::V2025_11_25);
    rig.child_ends(child, ExitStatus::Code(0));
    assert_eq!(rig.metric("pontoon_children_started_total"), 1);
    assert_eq!(rig.metric(r#"pontoon_children_ended_total{asked="false"}"#), 1);
    assert_eq!(rig.metric("pontoon_children"), 0);
}
