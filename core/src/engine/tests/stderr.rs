//! The standard error of children.

use bytes::Bytes;

use super::rig::*;
use crate::engine::*;
use crate::limits::Limits;
use crate::protocol::Revision;

fn writes(rig: &mut Rig, child: ChildId, text: &str) {
    rig.input(Input::ChildStderr { child, bytes: Bytes::from(text.to_owned()) });
}

/// Returns the log of standard error: lines, and numbers of skipped lines.
fn logged(rig: &Rig) -> Vec<String> {
    let shown = |event: &Event| match event {
        Event::ChildStderr { line, .. } => Some(String::from_utf8_lossy(line).into_owned()),
        Event::ChildStderrSkipped { lines, .. } => Some(format!("{lines} left out")),
        _ => None,
    };
    rig.events.iter().filter_map(shown).collect()
}

fn numbered(lines: std::ops::RangeInclusive<u32>) -> String {
    lines.map(|line| format!("line {line}\n")).collect()
}

#[test]
fn a_burst_is_logged_whole() {
    let mut rig = Rig::new();
    let (_, child) = rig.open(Revision::V2025_11_25);
    writes(&mut rig, child, &numbered(1..=500));
    assert_eq!(logged(&rig).len(), 500);
    rig.pass(secs(2));
    writes(&mut rig, child, &numbered(1..=100));
    assert_eq!(logged(&rig).len(), 600, "a hundred have come back");
}

#[test]
fn the_end_of_a_longer_burst_is_logged_within_a_second() {
    let mut rig = Rig::new();
    let (_, child) = rig.open(Revision::V2025_11_25);
    for piece in 0..30 {
        writes(&mut rig, child, &numbered(100 * piece + 1..=100 * piece + 100));
    }
    assert_eq!(logged(&rig).len(), 500);
    rig.pass(secs(1));
    let lines = logged(&rig);
    assert_eq!(lines.len(), 551);
    assert_eq!(lines[500], "2450 left out");
    assert_eq!(lines[501], "line 2951");
    assert_eq!(lines[550], "line 3000");
    writes(&mut rig, child, "more\n");
    assert_eq!(logged(&rig).last().unwrap(), "more");
}

#[test]
fn the_end_of_a_burst_is_logged_at_the_end_of_its_child() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    writes(&mut rig, child, &numbered(1..=600));
    writes(&mut rig, child, "Error: last words");
    rig.delete(&client);
    rig.child_exits(child, ExitStatus::Code(0));
    let lines = logged(&rig);
    assert_eq!(lines.len(), 552);
    assert_eq!(lines[500], "50 left out");
    assert_eq!(lines[550..], ["line 600", "Error: last words"]);
}

#[test]
fn a_flood_costs_a_bounded_number_of_log_lines_and_bytes() {
    let limits = Limits { stderr_lines_burst: 3, stderr_tail_bytes: 20, ..Default::default() };
    let mut rig = Rig::with(limits);
    let (_, child) = rig.open(Revision::V2025_11_25);
    writes(&mut rig, child, &"x\n".repeat(1000));
    assert_eq!(logged(&rig), ["x", "x", "x"]);
    rig.pass(secs(1));
    // The first of the ten lines that are kept may have lost its beginning.
    assert_eq!(logged(&rig)[3], "988 left out");
    assert_eq!(logged(&rig).len(), 4 + 9);
}

#[test]
fn what_follows_skipped_lines_is_logged_whole() {
    let limits = Limits { stderr_lines_burst: 2, stderr_tail_bytes: 12, ..Default::default() };
    let mut rig = Rig::with(limits);
    let (_, child) = rig.open(Revision::V2025_11_25);
    writes(&mut rig, child, "one\n\n\nfour\n");
    writes(&mut rig, child, &format!("{}la", "x\n".repeat(100)));
    rig.pass(secs(1));
    writes(&mut rig, child, "st\n");
    writes(&mut rig, child, &format!("{}end", "y".repeat(100)));
    rig.child_ends(child, ExitStatus::Code(2));
    let kept = ["x"; 4];
    let expected = [&["one", "98 left out"][..], &kept, &["last", "yyyyyyyyyend"]].concat();
    assert_eq!(logged(&rig), expected);
    let report = rig.events.iter().find_map(|event| match event {
        Event::ChildEnded { stderr, .. } => Some(stderr.clone()),
        _ => None,
    });
    assert_eq!(report.unwrap(), "yyyyyyyyyend");
}
