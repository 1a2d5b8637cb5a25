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
    // White space around a message stays with it.
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
fn an_incomplete_line_at_the_end_is_none() {
    assert_eq!(split(9, b"a\n{\"half\""), [line("a")]);
}

#[test]
fn the_limit_counts_the_line_without_its_end() {
    assert_eq!(split(3, b"abc\n"), [line("abc")]);
    assert_eq!(split(3, b"abc\r\n"), [line("abc")]);
    for over in [&b"abcd\n"[..], b"abcd\r\n", b"abcde", b"abc\r\r\n", b"     \n"] {
        assert_eq!(split(3, over), [Framed::Overlong], "{over:?}");
    }
}

#[test]
fn nothing_comes_after_an_overlong_line() {
    let mut lines = Lines::new(3);
    assert_eq!(framed(&mut lines, b"a\nabcde\nb\n"), [line("a"), Framed::Overlong]);
    assert_eq!(framed(&mut lines, b"c\nabcdefgh\n"), []);
    assert_eq!(lines.pending.capacity(), 0);
}

#[test]
fn no_memory_is_held_between_lines() {
    let mut lines = Lines::new(1 << 20);
    framed(&mut lines, &vec![b'x'; 100_000]);
    framed(&mut lines, b"\n");
    assert_eq!(lines.pending.capacity(), 0);

    let mut lines = Lines::new(10);
    framed(&mut lines, &[b'x'; 100]);
    assert_eq!(lines.pending.capacity(), 0);
}

#[test]
fn an_endless_line_takes_no_more_memory_than_the_limit() {
    const MAX: usize = 1 << 20;
    let mut lines = Lines::new(MAX);
    let mut overlong_after = None;
    for fed in 1..=MAX + 100 {
        lines.feed(b"x", |framed| {
            assert_eq!(framed, Framed::Overlong);
            assert_eq!(overlong_after.replace(fed), None);
        });
        assert!(lines.pending.capacity() <= MAX + 1);
    }
    assert_eq!(overlong_after, Some(MAX + 2));
}

#[test]
fn a_million_blank_lines_are_nothing() {
    assert_eq!(split(9, "\r\n".repeat(1_000_000).as_bytes()), []);
}

#[test]
fn a_limit_without_bounds_is_no_overflow() {
    assert_eq!(split(usize::MAX, b"a\n"), [line("a")]);
}

/// Bytes in which ends of lines are frequent.
fn output() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![3 => Just(b'\n'), 2 => Just(b'\r'), 1 => Just(b' '), 8 => any::<u8>()];
    proptest::collection::vec(byte, 0..200)
}

/// The lines by their definition.
fn expected(max: usize, bytes: &[u8]) -> Vec<Framed> {
    let mut out = Vec::new();
    let mut rest = bytes;
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let text = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
        if text.len() > max {
            out.push(Framed::Overlong);
            return out;
        }
        if !text.trim_ascii().is_empty() {
            out.push(Framed::Line(Bytes::copy_from_slice(text)));
        }
        rest = &rest[end + 1..];
    }
    if rest.len() > max + 1 {
        out.push(Framed::Overlong);
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
        if !found.contains(&Framed::Overlong) {
            let tail = bytes.iter().rev().take_while(|byte| **byte != b'\n').count();
            prop_assert_eq!(lines.pending.len(), tail);
        }
    }
}
