//! Output of children without effect, and the pace at which it is read.

use super::modern::*;
use super::rig::*;
use crate::config::{BridgeOptions, ChildEra};
use crate::engine::*;
use crate::limits::Limits;
use crate::protocol::Revision;

/// Allows 10,000 bytes without effect at once, 2,500 per second, and 250 per read.
fn limits() -> Limits {
    Limits {
        wasted_bytes_per_second: 2500,
        pipe_read_bytes: 250,
        queue_len_max: 1,
        ..Limits::default()
    }
}

/// Has a child write for some seconds, whenever it is read; returns the number of bytes.
fn written(
    rig: &mut Rig,
    seconds: u64,
    is_read: impl Fn(&Rig) -> bool,
    write: impl Fn(&mut Rig) -> usize,
) -> usize {
    let mut bytes = 0;
    for _ in 0..seconds * 100 {
        while is_read(rig) {
            bytes += write(rig);
            assert!(bytes < 1_000_000, "it is read without end");
        }
        rig.pass(Duration::from_millis(10));
    }
    bytes
}

fn stdout_of(child: ChildId) -> impl Fn(&Rig) -> bool {
    move |rig| rig.children[&child].reading
}

fn write_line(child: ChildId, line: &str) -> impl Fn(&mut Rig) -> usize {
    move |rig| {
        rig.child_writes(child, line);
        line.len()
    }
}

#[test]
fn lines_that_are_not_messages_are_read_at_a_rate() {
    let mut rig = Rig::with(limits());
    let (client, child) = rig.open(Revision::V2025_11_25);
    let call = rig.call(&client, "1");
    let number = rig.number(child);
    let bytes = written(&mut rig, 10, stdout_of(child), write_line(child, &"x".repeat(100)));
    assert!((33_000..=38_000).contains(&bytes), "{bytes}");
    assert_eq!(rig.stage(call), Stage::Waiting);
    rig.child_answers(child, &number, "{}");
    assert_eq!(rig.reply(call).0, 200);
    rig.pass(secs(3));
    let bytes = written(&mut rig, 1, stdout_of(child), write_line(child, "x"));
    assert!((9_000..=11_000).contains(&bytes), "the burst has returned: {bytes}");
}

#[test]
fn a_shared_child_is_read_at_the_same_rate() {
    for era in [ChildEra::Legacy, ChildEra::Modern] {
        let options = BridgeOptions { child_era: era, ..BridgeOptions::default() };
        let mut rig = bridge(options, limits());
        let call = rig.ask(&Modern::new(), "1", "tools/call", r#""name":"x""#);
        let child = rig.last_child();
        let bytes = written(&mut rig, 4, stdout_of(child), write_line(child, &"x".repeat(100)));
        assert!((19_000..=22_000).contains(&bytes), "{era:?}: {bytes}");
        assert_eq!(rig.stage(call), Stage::Waiting);
    }
}

#[test]
fn messages_without_a_stream_are_read_at_a_rate() {
    let mut rig = Rig::with(limits());
    let (client, child) = rig.open(Revision::V2025_11_25);
    let line = list_changed(1);
    let bytes = written(&mut rig, 4, stdout_of(child), write_line(child, &line));
    assert!((19_000..=22_000).contains(&bytes), "{bytes}");
    rig.get(&client);
    rig.pass(secs(1));
    for _ in 0..1000 {
        rig.child_says(child, &line);
        assert!(rig.children[&child].reading, "a client reads it");
    }
}

#[test]
fn standard_error_is_read_at_a_rate_of_its_own() {
    let mut rig = Rig::with(limits());
    let (_, child) = rig.open(Revision::V2025_11_25);
    let bytes = written(
        &mut rig,
        4,
        |rig| rig.children[&child].reading_stderr,
        |rig| {
            rig.input(Input::ChildStderr { child, bytes: vec![b'x'; 100].into() });
            100
        },
    );
    assert!((19_000..=22_000).contains(&bytes), "{bytes}");
    assert!(rig.children[&child].reading);
}

#[test]
fn a_long_line_causes_a_short_pause() {
    let mut rig = Rig::with(limits());
    let (_, child) = rig.open(Revision::V2025_11_25);
    rig.child_writes(child, "x".repeat(1_000_000));
    assert!(!rig.children[&child].reading);
    rig.pass(Duration::from_millis(200));
    assert!(rig.children[&child].reading);
}

#[test]
fn a_child_that_is_stopped_is_read_at_the_rate_until_its_exit() {
    let mut rig = Rig::with(limits());
    let (client, child) = rig.open(Revision::V2025_11_25);
    rig.delete(&client);
    let bytes = written(&mut rig, 4, stdout_of(child), write_line(child, &"x".repeat(100)));
    assert!((19_000..=22_000).contains(&bytes), "{bytes}");
    rig.child_writes(child, "x".repeat(1_000_000));
    assert!(!rig.children[&child].reading);
    rig.child_exits(child, ExitStatus::Code(0));
    assert!(rig.children[&child].reading, "what it left behind is read");
}
