//! Invalid output of children, and the request that it concerns.

use super::modern::*;
use super::rig::*;
use crate::config::ChildEra;
use crate::engine::*;
use crate::limits::Limits;
use crate::protocol::Revision;

/// Returns the log of invalid lines: the flaw and the beginning of each.
fn logged(rig: &Rig) -> Vec<String> {
    let shown = |event: &Event| match event {
        Event::ChildNoise { flaw, excerpt, .. } => {
            Some(format!("{}: {}", flaw.name(), String::from_utf8_lossy(excerpt)))
        }
        Event::ChildNoiseSkipped { lines, .. } => Some(format!("{lines} left out")),
        _ => None,
    };
    rig.events.iter().filter_map(shown).collect()
}

#[test]
fn noise_is_skipped_without_end() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    let call = rig.call(&client, "1");
    let number = rig.number(child);
    for line in 0..3000 {
        rig.child_writes(child, format!("row {line}"));
    }
    assert_eq!(rig.stage(call), Stage::Waiting);
    rig.child_answers(child, &number, "{}");
    assert_eq!(rig.reply(call).0, 200);
    assert!(!rig.has_ended(&client));
    assert_eq!(rig.metric("pontoon_child_noise_lines_total"), 3000);
    assert_eq!(logged(&rig).len(), 10);
    assert_eq!(logged(&rig)[0], "not_json: row 0");
    rig.pass(secs(1));
    assert_eq!(logged(&rig)[10..], ["2990 left out"]);
    rig.child_writes(child, "later");
    assert_eq!(logged(&rig)[11..], ["not_json: later"]);
}

#[test]
fn noise_is_counted_at_the_end_of_its_child() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    (0..15).for_each(|_| rig.child_babbles(child));
    rig.delete(&client);
    rig.child_ends(child, ExitStatus::Code(0));
    assert_eq!(logged(&rig).last().unwrap(), "5 left out");
}

#[test]
fn a_line_that_is_too_long_fails_its_own_request() {
    let mut rig = Rig::with(Limits { line_bytes_max: 1000, ..Limits::default() });
    let (client, child) = rig.open(Revision::V2025_11_25);
    let calls = [rig.call(&client, "1"), rig.call(&client, "2")];
    let numbers = rig.numbers(child);
    let long = "x".repeat(2000);
    rig.child_writes(
        child,
        format!(r#"{{"jsonrpc":"2.0","id":{},"result":"{long}"}}"#, numbers[0]),
    );
    let text = "The MCP server process sent an answer longer than 1000 bytes (--max-line)";
    assert_eq!(rig.error(calls[0]), (200, -32603, text.to_owned()));
    assert_eq!(rig.stage(calls[1]), Stage::Waiting);
    rig.child_answers(child, &numbers[1], "{}");
    assert_eq!(rig.reply(calls[1]).0, 200);
    assert!(!rig.has_ended(&client));

    // One that names no request can only belong to the only one in flight.
    let calls = [rig.call(&client, "1"), rig.call(&client, "2")];
    let numbers = rig.numbers(child);
    rig.child_writes(child, &long);
    assert!(calls.iter().all(|call| rig.stage(*call) == Stage::Waiting));
    rig.child_answers(child, &numbers[1], "{}");
    rig.child_writes(child, &long);
    assert_eq!(rig.error(calls[0]).2, text);
}

#[test]
fn an_answer_is_understood_however_its_id_is_spelled() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    for spelled in ["\"ID\"", "ID.0", "IDe0", "\"ID.0\"", "ID"] {
        let call = rig.call(&client, r#""mine""#);
        let number = rig.number(child);
        let spelled = spelled.replace("ID", &number);
        rig.child_writes(child, format!(r#"{{"jsonrpc":"2.0","id":{spelled},"result":{{}}}}"#));
        assert_eq!(rig.reply(call).1, r#"{"jsonrpc":"2.0","id":"mine","result":{}}"#, "{spelled}");
    }
    assert_eq!(logged(&rig), [""; 0]);
}

#[test]
fn an_answer_to_no_request_is_reported_unless_it_is_late() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    let call = rig.call(&client, "1");
    let number = rig.number(child);
    rig.child_answers(child, "99", "{}");
    rig.child_answers(child, r#""x""#, "{}");
    assert_eq!(rig.stage(call), Stage::Waiting);
    assert_eq!(logged(&rig).len(), 2);
    assert!(logged(&rig)[0].starts_with("unknown_id: {"), "{:?}", logged(&rig));
    rig.child_answers(child, &number, "{}");
    rig.child_answers(child, &number, "{}");
    assert_eq!(logged(&rig).len(), 2, "an answer that comes twice is nothing special");
}

/// Answers without an id, which can only belong to one request.
const UNNAMED: [(&str, &str); 2] = [
    (r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"what?"}}"#, "what?"),
    (r#"{"jsonrpc":"2.0","id":null,"result":{}}"#, ""),
];

#[test]
fn an_answer_without_an_id_is_to_the_only_request() {
    for (line, words) in UNNAMED {
        let mut rig = Rig::new();
        let (client, child) = rig.open(Revision::V2025_11_25);
        let call = rig.call(&client, r#""mine""#);
        rig.child_writes(child, line);
        let text = match words {
            "" => invalid("its id must be the id of the request"),
            words => words.to_owned(),
        };
        assert_eq!(rig.error(call).2, text);
        assert_eq!(parse(rig.reply(call).1)["id"], "mine");
        assert!(!rig.has_ended(&client));
    }
}

#[test]
fn an_answer_without_an_id_is_to_nothing_if_it_could_be_to_another() {
    for (line, _) in UNNAMED {
        let mut rig = Rig::new();
        let (client, child) = rig.open(Revision::V2025_11_25);
        // Some servers answer notifications in this way.
        rig.post(&client, r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
        let call = rig.call(&client, "1");
        let number = rig.number(child);
        rig.child_writes(child, line);
        assert_eq!(rig.stage(call), Stage::Waiting);
        rig.child_answers(child, &number, "{}");
        assert_eq!(rig.reply(call).0, 200);

        let calls = [rig.call(&client, "1"), rig.call(&client, "2")];
        let numbers = rig.numbers(child);
        rig.child_writes(child, line);
        assert!(calls.iter().all(|call| rig.stage(*call) == Stage::Waiting));
        rig.child_answers(child, &numbers[0], "{}");
        rig.child_writes(child, line);
        assert_eq!(rig.stage(calls[1]), Stage::Replied, "the notification is settled by now");
    }
}

#[test]
fn an_answer_behind_text_is_taken_for_the_only_request() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    let calls = [rig.call(&client, "1"), rig.call(&client, "2")];
    let numbers = rig.numbers(child);
    let answer =
        |number: &str| format!(r#"Loading... {{"jsonrpc":"2.0","id":{number},"result":1}}"#);
    rig.child_writes(child, answer(&numbers[0]));
    assert_eq!(rig.stage(calls[0]), Stage::Waiting);
    rig.child_answers(child, &numbers[1], "{}");
    rig.child_writes(child, answer("99"));
    assert_eq!(rig.stage(calls[0]), Stage::Waiting);
    rig.child_writes(child, answer(&numbers[0]));
    assert_eq!(rig.reply(calls[0]).1, r#"{"jsonrpc":"2.0","id":1,"result":1}"#);
    let last = logged(&rig).pop().unwrap();
    assert!(last.starts_with("behind_text: Loading... {"), "{last}");
}

#[test]
fn a_modern_client_is_told_of_an_unreadable_answer_too() {
    for era in [ChildEra::Modern, ChildEra::Legacy] {
        let mut rig = bridge_of(era);
        let call = |rig: &mut Rig| rig.ask(&Modern::new(), "1", "tools/call", r#""name":"x""#);
        let mut exchange = call(&mut rig);
        let child = rig.last_child();
        let mut number = rig.number(child);
        if era == ChildEra::Legacy {
            rig.child_says(child, &welcome(&number, "2025-11-25"));
            let fence = rig.number(child);
            rig.child_answers(child, &fence, "{}");
            number = rig.number(child);
        }
        for (line, text) in [
            (r#"{"jsonrpc":"2.0","id":ID,"result":{"a":'b'}}"#, invalid("it is not valid JSON")),
            (
                r#"{"jsonrpc":"2.0","result":{}}"#,
                invalid("it must have either a result or an error"),
            ),
            (r#"{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":"what?"}}"#, "what?".into()),
            (r#"{"jsonrpc":"2.0","id":ID,"error":"plain text"}"#, "plain text".into()),
            (r#"Loading {"jsonrpc":"2.0","id":"ID","error":"plain text"}"#, "plain text".into()),
        ] {
            rig.child_writes(child, line.replace("ID", &number));
            assert_eq!(rig.error(exchange).2, text, "{era:?}: {line}");
            exchange = call(&mut rig);
            number = rig.number(child);
        }
    }
}

#[test]
fn a_child_that_is_given_up_is_reported_with_the_reason() {
    let given_up = |rig: &Rig| {
        let status = |event: &Event| match event {
            Event::ChildGivenUp { status, .. } => Some(*status),
            _ => None,
        };
        rig.events.iter().filter_map(status).collect::<Vec<_>>()
    };
    let mut rig = Rig::new();
    let (_, child) = rig.open(Revision::V2025_11_25);
    rig.child_closes_stdout(child);
    rig.pass(millis(20));
    assert_eq!(given_up(&rig), [ExitStatus::StdoutClosed]);

    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    rig.delete(&client);
    rig.child_ends(child, ExitStatus::Code(0));
    assert_eq!(given_up(&rig), [], "it was asked to end");
}

#[test]
fn a_child_that_writes_only_other_text_does_not_speak_mcp() {
    let mut rig = Rig::new();
    let (_, child) = rig.initialize(&Client::new());
    rig.child_writes(child, "Welcome!");
    rig.child_writes(child, "> ");
    rig.child_ends(child, ExitStatus::Code(0));
    assert!(rig.events.contains(&Event::ChildNotMcp { child, excerpt: "Welcome!".into() }));
}
