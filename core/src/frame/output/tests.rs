use proptest::prelude::*;

use super::*;
use crate::ids::ChildId;
use crate::memory::Memory;

fn account(limit: usize) -> Account {
    Memory::new(limit).child(ChildId(1))
}

fn limits(line_bytes_max: usize) -> Limits {
    Limits { line_bytes_max, ..Limits::default() }
}

/// Parses bytes in pieces of this size; returns ids of messages, and flaws with the request each
/// concerns.
fn read(max: usize, bytes: &[u8], piece: usize) -> Vec<String> {
    let mut output = Output::new(&limits(max), account(1 << 30));
    let mut found = Vec::new();
    for bytes in bytes.chunks(piece.max(1)) {
        output.feed(bytes, |read| found.push(shown(read)));
    }
    output.finish(|read| found.push(shown(read)));
    found
}

fn shown(read: Result<Message, InvalidLine>) -> String {
    match read {
        Ok(message) => String::from_utf8_lossy(message.id().unwrap_or_default()).into_owned(),
        Err(InvalidLine { flaw, concerns, .. }) => {
            let id = match &concerns {
                LineSubject::Request(id) => String::from_utf8_lossy(id),
                LineSubject::AnyRequest => "*".into(),
                LineSubject::Nothing => "-".into(),
                LineSubject::Quoted(_) => "quoted".into(),
            };
            format!("{} {id}", flaw.name())
        }
    }
}

fn answer(id: u32, text: &str) -> String {
    format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{{\"text\":\"{text}\"}}}}\n")
}

#[test]
fn a_long_line_fails_its_own_request_and_nothing_else() {
    let long = "x".repeat(10_000);
    let id_last = format!("{{\"result\":{{\"text\":\"{long}\"}},\"jsonrpc\":\"2.0\",\"id\":2}}\n");
    let call = format!("{{\"method\":\"m\",\"jsonrpc\":\"2.0\",\"params\":[\"{long}\"]}}\n");
    let text = format!(
        "{}{}{id_last}{}{call}{long}\n{}",
        answer(1, ""),
        answer(7, &long),
        answer(3, ""),
        answer(4, "")
    );
    for piece in [1, 7, 100, 9999, text.len()] {
        assert_eq!(
            read(1000, text.as_bytes(), piece),
            ["1", "too_long 7", "too_long *", "too_long 2", "3", "too_long -", "too_long *", "4"],
            "in pieces of {piece}"
        );
    }
}

#[test]
fn a_long_line_fails_its_request_before_its_end_comes() {
    let long = answer(7, &"x".repeat(10_000));
    let mut output = Output::new(&limits(1000), account(1 << 30));
    let mut found = Vec::new();
    output.feed(&long.as_bytes()[..1002], |read| found.push(shown(read)));
    assert_eq!(found, ["too_long 7"]);
}

#[test]
fn the_last_message_may_lack_the_end_of_its_line() {
    let text = answer(1, "");
    assert_eq!(read(1000, text.trim_end().as_bytes(), 9), ["1"]);
    // An incomplete message fails no request: the end of the child gives the reason.
    assert_eq!(read(1000, &text.as_bytes()[..40], 9), ["not_json -"]);
    assert_eq!(read(10, text.trim_end().as_bytes(), 9), ["too_long *"]);
}

#[test]
fn a_line_counts_while_it_comes_and_is_skipped_where_there_is_no_room() {
    let memory = Memory::new(1 << 20);
    let mut output = Output::new(&limits(1 << 30), memory.child(ChildId(1)));
    let mut found = Vec::new();
    let mut feed = |output: &mut Output, bytes: &[u8]| {
        output.feed(bytes, |read| found.push(shown(read)));
    };
    feed(&mut output, &answer(7, &"x".repeat(100_000)).as_bytes()[..100_000]);
    assert!(memory.used() >= 100_000, "{memory:?}");
    for _ in 0..10 {
        feed(&mut output, &[b'x'; 100_000]);
        assert!(memory.used() <= 1 << 20, "{memory:?}");
    }
    assert!(memory.used() < 20_000, "the line is skipped: {memory:?}");
    feed(&mut output, format!("\"}}}}\n{}", answer(8, "")).as_bytes());
    assert_eq!(found, ["no_room 7", "8"]);
    assert_eq!(memory.used(), 0);
}

proptest! {
    #[test]
    fn what_is_read_does_not_depend_on_the_pieces(
        lines in proptest::collection::vec((0_u32..9, 0_usize..80, "[ -~\r\t]{0,12}"), 0..9),
        piece in 1_usize..60,
    ) {
        let text: String = lines
            .iter()
            .map(|(id, len, noise)| format!("{}{noise}\n", answer(*id, &"x".repeat(*len))))
            .collect();
        prop_assert_eq!(read(90, text.as_bytes(), piece), read(90, text.as_bytes(), text.len()));
    }
}

#[test]
fn the_bytes_of_a_line_stay_counted_when_it_ends() {
    let memory = Memory::new(1 << 20);
    let mut output = Output::new(&limits(1 << 30), memory.child(ChildId(1)));
    let text =
        format!(r#"{{"jsonrpc":"2.0","method":"x","params":{{"x":"{}"}}}}"#, "x".repeat(900));
    let (start, end) = text.as_bytes().split_at(700);
    output.feed(start, |_| panic!("the line has not ended"));
    let pending = memory.used();
    assert!(pending >= 700, "{pending}");
    let mut lines = Vec::new();
    output.feed(end, |line| lines.push(line));
    output.feed(b"\n", |line| {
        assert_eq!(memory.used(), text.len(), "they are counted once");
        lines.push(line);
    });
    assert_eq!((lines.len(), memory.used()), (1, text.len()));
    drop(lines);
    assert_eq!(memory.used(), 0);
}
