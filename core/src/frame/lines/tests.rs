use proptest::prelude::*;

use super::*;

fn framed(lines: &mut Lines, bytes: &[u8]) -> Vec<Framed> {
    let mut out = Vec::new();
    lines.feed(bytes, |framed| out.push(framed));
    out
}

fn split(max: usize, bytes: &[u8]) -> Vec<Framed> {
    framed(&mut Lines::new(max), bytes)
}

fn line(text: &str) -> Framed {
    Framed::Line(Bytes::copy_from_slice(text.as_bytes()))
}

/// Returns the results for a line that is too long: its first bytes and its last.
fn too_long(start: &[u8], end: &[u8]) -> [Framed; 2] {
    let end = &end[end.len().saturating_sub(EDGE_BYTES)..];
    let start = &start[..start.len().min(EDGE_BYTES)];
    [Framed::TooLong(Bytes::copy_from_slice(start)), Framed::Skipped(Bytes::copy_from_slice(end))]
}

#[test]
fn lines_end_with_lf_or_crlf() {
    assert_eq!(split(9, b"one\ntwo\r\nthree\n"), [line("one"), line("two"), line("three")]);
    // A carriage return anywhere else is part of the line.
    assert_eq!(split(9, b"a\rb\nc\r\r\n"), [line("a\rb"), line("c\r")]);
}

#[test]
fn blank_lines_are_skipped() {
    assert_eq!(split(9, b"\n\r\n \t \n\n"), []);
    assert_eq!(split(9, b"\n\na\n\nb\n"), [line("a"), line("b")]);
    // White space around a message is kept.
    assert_eq!(split(9, b" a \n"), [line(" a ")]);
}

#[test]
fn a_line_waits_for_its_end() {
    let mut lines = Lines::new(9);
    assert_eq!(framed(&mut lines, b"a\nbc"), [line("a")]);
    assert_eq!(lines.pending.len(), 2);
    assert_eq!(framed(&mut lines, b"d\r"), []);
    assert_eq!(lines.pending.len(), 4);
    assert_eq!(framed(&mut lines, b"\n"), [line("bcd")]);
    assert_eq!(lines.pending.len(), 0);
}

#[test]
fn the_end_of_the_output_ends_the_last_line() {
    let finish = |bytes: &[u8]| {
        let mut lines = Lines::new(9);
        framed(&mut lines, bytes);
        let mut out = Vec::new();
        lines.finish(|framed| out.push(framed));
        out
    };
    assert_eq!(finish(b"a\nlast"), [line("last")]);
    assert_eq!(finish(b"a\nlast\r"), [line("last")]);
    assert_eq!(finish(b"a\n"), []);
    assert_eq!(finish(b"a\n  "), []);
    assert_eq!(finish(b"123456789012"), [Framed::Skipped(Bytes::from("123456789012"))]);
}

#[test]
fn the_limit_counts_the_line_without_its_end() {
    assert_eq!(split(3, b"abc\n"), [line("abc")]);
    assert_eq!(split(3, b"abc\r\n"), [line("abc")]);
    for over in [&b"abcd"[..], b"abcd\r", b"abc\r\r", b"     "] {
        let found = split(3, &[over, b"\n"].concat());
        assert!(matches!(found[..], [Framed::TooLong(_), Framed::Skipped(_)]), "{over:?}");
    }
    assert_eq!(split(3, b"abcde"), too_long(b"abcd", b"")[..1], "before its end comes");
}

#[test]
fn a_line_that_is_too_long_is_skipped() {
    let mut lines = Lines::new(3);
    let [start, end] = too_long(b"abcd", b"abcde");
    assert_eq!(framed(&mut lines, b"a\nabcde\nb\n"), [line("a"), start.clone(), end, line("b")]);
    assert_eq!(framed(&mut lines, b"c\nabcdefgh"), [line("c"), start]);
    assert_eq!(framed(&mut lines, b"i"), []);
    assert_eq!(framed(&mut lines, b"\nd\n"), [too_long(b"", b"abcdefghi")[1].clone(), line("d")]);
    assert_eq!(lines.pending.capacity(), 0);
}

#[test]
fn both_ends_of_a_long_line_are_kept() {
    let long: Vec<u8> = (0..100_000).map(|at| b'a' + (at % 23) as u8).collect();
    for piece in [1, 100, 5000, 100_000] {
        let mut lines = Lines::new(50_000);
        let mut found = Vec::new();
        for bytes in long.chunks(piece) {
            lines.feed(bytes, |framed| found.push(framed));
        }
        lines.feed(b"\n", |framed| found.push(framed));
        assert_eq!(found, too_long(&long, &long), "in pieces of {piece}");
    }
}

#[test]
fn no_memory_is_held_between_lines() {
    let mut lines = Lines::new(1 << 20);
    framed(&mut lines, &vec![b'x'; 100_000]);
    framed(&mut lines, b"\n");
    assert_eq!(lines.pending.capacity(), 0);

    let mut lines = Lines::new(10);
    framed(&mut lines, &[b'x'; 100]);
    framed(&mut lines, b"\n");
    assert_eq!(lines.pending.capacity(), 0);
}

#[test]
fn an_endless_line_takes_no_more_memory_than_the_limit() {
    const MAX: usize = 1 << 20;
    let mut lines = Lines::new(MAX);
    let mut too_long_after = None;
    for fed in 1..=MAX + 100_000 {
        lines.feed(b"x", |framed| {
            assert!(matches!(framed, Framed::TooLong(_)));
            assert_eq!(too_long_after.replace(fed), None);
        });
        let max = if too_long_after.is_some() { 4 * EDGE_BYTES } else { MAX + 1 };
        assert!(lines.pending.capacity() <= max, "{}", lines.pending.capacity());
    }
    assert_eq!(too_long_after, Some(MAX + 2));
}

#[test]
fn a_million_blank_lines_are_nothing() {
    assert_eq!(split(9, "\r\n".repeat(1_000_000).as_bytes()), []);
}

#[test]
fn a_limit_without_bounds_is_no_overflow() {
    assert_eq!(split(usize::MAX, b"a\n"), [line("a")]);
}

/// Bytes with many line ends.
fn output() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![3 => Just(b'\n'), 2 => Just(b'\r'), 1 => Just(b' '), 8 => any::<u8>()];
    proptest::collection::vec(byte, 0..200)
}

/// Returns the lines by definition.
fn expected(max: usize, bytes: &[u8]) -> Vec<Framed> {
    let mut out = Vec::new();
    let mut rest = bytes;
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let text = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
        if text.len() > max {
            out.extend(too_long(&rest[..end.min(max + 1)], &rest[..end]));
        } else if !text.trim_ascii().is_empty() {
            out.push(Framed::Line(Bytes::copy_from_slice(text)));
        }
        rest = &rest[end + 1..];
    }
    if rest.len() > max + 1 {
        out.push(too_long(&rest[..max + 1], b"")[0].clone());
    }
    out
}

proptest! {
    #[test]
    fn the_lines_are_the_same_however_they_are_cut(
        bytes in output(),
        max in 0_usize..40,
        cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let mut lines = Lines::new(max);
        let mut found = Vec::new();
        for piece in cuts.windows(2) {
            lines.feed(&bytes[piece[0]..piece[1]], |framed| found.push(framed));
        }
        prop_assert_eq!(&found, &expected(max, &bytes));
        let tail = bytes.iter().rev().take_while(|byte| **byte != b'\n').count();
        prop_assert_eq!(lines.pending.len(), tail);
    }
}
