//! Slow, silent and unread connections. Times are in milliseconds after the connection was
//! accepted.

use super::*;
use Reject::*;
use TimerKind::{Body, Head, Idle, Write};

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

const HEAD_LATE: Reject = HeadTimeout { limit: Duration::from_secs(10) };
const BODY_LATE: Reject = BodyTimeout { limit: Duration::from_secs(30) };

fn guard() -> Guard {
    Guard::new(Arc::default(), Instant::ZERO)
}

/// Returns a guard that has passed a POST with this many bytes to come.
fn awaiting(length: usize) -> Guard {
    let mut guard = guard();
    let head = format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n");
    assert_eq!(guard.inspect(head.as_bytes(), at(0)).pass, head.len());
    guard
}

fn assert_due(guard: &mut Guard, millis: u64, why: TimerKind, breach: TimeoutAction) {
    let due = Deadline { at: at(millis), why };
    assert_eq!(guard.poll_timeout(), Some(due));
    let just_before = Instant::from_micros(due.at.as_micros() - 1);
    assert_eq!(guard.handle_timeout(just_before), None);
    assert_eq!(guard.handle_timeout(due.at), Some(breach));
    assert_eq!(guard.handle_timeout(due.at), None);
    assert!(guard.poll_timeout().is_none_or(|next| next.at > due.at));
}

#[test]
fn a_connection_without_a_byte_is_closed_silently() {
    assert_due(&mut guard(), 10_000, Head, TimeoutAction::CloseIdle);
}

#[test]
fn the_head_deadline_counts_from_its_first_byte_and_not_from_its_last() {
    let mut guard = guard();
    for second in 3..13 {
        let seen = second as usize - 2;
        assert_eq!(guard.inspect(&GET[..seen], at(second * 1000)).pass, 0);
    }
    assert_due(&mut guard, 13_000, Head, TimeoutAction::Refuse(HEAD_LATE));
    assert_eq!(guard.refused(), Some(HEAD_LATE));
    assert_eq!(guard.inspect(GET, at(13_000)), Inspection { pass: 0, refuse: Some(HEAD_LATE) });
}

#[test]
fn the_time_for_a_body_does_not_run_while_its_head_is_judged() {
    let mut guard = awaiting(100_000);
    guard.pause_body();
    assert_eq!(guard.handle_timeout(at(14_000)), None);
    assert_eq!(guard.waits_for_peer(), None, "it waits for this side");
    guard.restart_body(at(14_000));
    assert_eq!(guard.waits_for_peer(), Some((PeerWait::Body, at(14_000))));
    assert_due(&mut guard, 19_000, Body, TimeoutAction::Refuse(BODY_LATE));
}

#[test]
fn a_connection_whose_head_is_judged_ends_with_the_endpoint() {
    let mut guard = awaiting(100_000);
    guard.pause_body();
    guard.stopped(at(1_000));
    let farewell = at(1_000) + Limits::default().farewell_time_max;
    assert_eq!(guard.poll_timeout().map(|due| due.at), Some(farewell));
}

#[test]
fn a_head_that_waited_for_its_turn_has_its_full_time() {
    let mut guard = guard();
    let _ = guard.inspect(GET, at(0));
    let _ = guard.inspect(b"GET", at(1));
    assert_eq!(guard.poll_timeout(), None);
    guard.responded(at(100_000));
    let _ = guard.inspect(b"GET", at(100_000));
    assert_due(&mut guard, 110_000, Head, TimeoutAction::Refuse(HEAD_LATE));
}

#[test]
fn an_idle_connection_is_closed_counted_from_its_last_answer() {
    let mut guard = guard();
    let _ = guard.inspect(GET, at(0));
    guard.responded(at(5_000));
    assert_due(&mut guard, 80_000, Idle, TimeoutAction::CloseIdle);
}

#[test]
fn a_request_that_comes_as_its_connection_is_closed_is_still_let_through() {
    let mut guard = guard();
    let _ = guard.inspect(GET, at(0));
    guard.responded(at(0));
    assert_due(&mut guard, 75_000, Idle, TimeoutAction::CloseIdle);
    assert_eq!(guard.inspect(GET, at(75_000)).pass, GET.len());
    guard.responded(at(75_001));
    assert_due(&mut guard, 150_001, Idle, TimeoutAction::CloseIdle);
    let _ = guard.inspect(&GET[..5], at(150_001));
    assert_due(&mut guard, 160_001, Head, TimeoutAction::Refuse(HEAD_LATE));
}

#[test]
fn nothing_is_due_while_a_complete_request_is_in_flight() {
    let mut guard = guard();
    let _ = guard.inspect(GET, at(0));
    assert_eq!(guard.poll_timeout(), None);
    assert_eq!(guard.handle_timeout(at(86_400_000)), None);
    let mut guard = awaiting(5);
    let _ = guard.inspect(b"hello", at(1));
    assert_eq!(guard.poll_timeout(), None);
}

#[test]
fn a_body_of_which_nothing_comes_is_refused_after_the_grace() {
    assert_due(&mut awaiting(5), 5_000, Body, TimeoutAction::Refuse(BODY_LATE));
}

#[test]
fn a_body_must_keep_its_average_pace_after_the_grace() {
    let mut slow = awaiting(1000);
    for second in 1..5 {
        let _ = slow.inspect(b"x", at(second * 1000));
    }
    assert_due(&mut slow, 5_000, Body, TimeoutAction::Refuse(BODY_LATE));

    // The minimum is 1 KiB/s: 6 KiB last until the end of the sixth second.
    let mut steady = awaiting(4 << 20);
    let _ = steady.inspect(&[b'x'; 6 << 10], at(1000));
    assert_due(&mut steady, 6_000, Body, TimeoutAction::Refuse(BODY_LATE));
}

#[test]
fn a_body_has_a_total_time_whatever_its_pace() {
    let mut guard = awaiting(4 << 20);
    for second in 1..30 {
        let _ = guard.inspect(&[b'x'; 100 << 10], at(second * 1000));
        assert_eq!(guard.handle_timeout(at(second * 1000)), None);
    }
    assert_due(&mut guard, 30_000, Body, TimeoutAction::Refuse(BODY_LATE));
}

#[test]
fn what_frames_chunks_does_not_count_as_pace() {
    let mut guard = guard();
    let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    // 3 KiB of the body in 18 KiB of chunks.
    let input = [head, &"1\r\nx\r\n".repeat(3 << 10)].concat();
    assert_eq!(guard.inspect(input.as_bytes(), at(0)).pass, input.len());
    assert_due(&mut guard, 5_000, Body, TimeoutAction::Refuse(BODY_LATE));
}

#[test]
fn a_body_that_is_late_after_its_answer_closes_silently() {
    let mut guard = awaiting(5);
    guard.responded(at(1));
    assert_due(&mut guard, 5_000, Body, TimeoutAction::Close);
}

#[test]
fn a_peer_that_takes_no_bytes_is_closed() {
    let mut guard = guard();
    let _ = guard.inspect(GET, at(0));
    guard.write_blocked(at(1_000));
    guard.write_blocked(at(20_000));
    assert_due(&mut guard, 31_000, Write, TimeoutAction::Close);
    guard.write_blocked(at(31_001));
    assert_eq!(guard.poll_timeout(), None);
}

#[test]
fn a_peer_that_takes_bytes_slowly_is_not() {
    let mut guard = guard();
    let _ = guard.inspect(GET, at(0));
    for second in 1..4096 {
        guard.write_blocked(at(second * 1000));
        assert_eq!(guard.handle_timeout(at(second * 1000 + 900)), None);
        guard.wrote(at(second * 1000 + 999));
        assert_eq!(guard.poll_timeout(), None);
    }
}

#[test]
fn a_refused_peer_has_as_long_to_take_its_answer() {
    let mut guard = guard();
    let _ = guard.inspect(b"\0", at(500));
    assert_due(&mut guard, 30_500, Write, TimeoutAction::Close);
    assert_eq!(guard.refused(), Some(BadHead));
}

#[test]
fn a_peer_that_neither_reads_nor_sends_is_closed_rather_than_refused() {
    let mut guard = awaiting(5);
    guard.write_blocked(at(0));
    assert_eq!(guard.handle_timeout(at(40_000)), Some(TimeoutAction::Close));
    assert_eq!(guard.poll_timeout(), None);
}

#[test]
fn a_peer_that_takes_an_answer_slowly_is_not_idle() {
    let mut guard = guard();
    let _ = guard.inspect(GET, at(0));
    guard.write_blocked(at(1));
    guard.responded(at(1));
    for second in 1..600 {
        guard.wrote(at(second * 1000));
        guard.write_blocked(at(second * 1000));
        assert_eq!(guard.handle_timeout(at(second * 1000 + 999)), None);
    }
    guard.wrote(at(600_000));
    assert_due(&mut guard, 675_000, Idle, TimeoutAction::CloseIdle);
}

#[test]
fn once_stopped_a_connection_is_given_a_moment_for_what_is_on_its_way() {
    let mut fresh = guard();
    fresh.stopped(at(1_000));
    fresh.stopped(at(1_100));
    assert_due(&mut fresh, 1_250, Head, TimeoutAction::CloseIdle);

    let mut idle = guard();
    let _ = idle.inspect(GET, at(0));
    idle.responded(at(0));
    idle.stopped(at(1_000));
    assert_eq!(idle.inspect(GET, at(1_249)).pass, GET.len());
    assert_eq!(idle.handle_timeout(at(1_250)), None, "its answer is being made");
    idle.responded(at(1_251));
    assert_due(&mut idle, 1_250, Idle, TimeoutAction::CloseIdle);
}

#[test]
fn once_stopped_a_request_that_is_not_whole_in_time_is_refused() {
    let mut head = guard();
    let _ = head.inspect(&GET[..9], at(900));
    head.stopped(at(1_000));
    assert_due(&mut head, 1_250, Head, TimeoutAction::Refuse(Draining));
    assert_due(&mut head, 1_500, Write, TimeoutAction::Close);

    let mut body = awaiting(5);
    body.stopped(at(1_000));
    assert_due(&mut body, 1_250, Body, TimeoutAction::Refuse(Draining));
}

#[test]
fn once_stopped_no_client_holds_a_connection_by_reading_slowly() {
    let mut guard = guard();
    let _ = guard.inspect(GET, at(0));
    guard.stopped(at(0));
    for second in 1..30 {
        guard.write_blocked(at(second * 1000));
        guard.wrote(at(second * 1000 + 1));
    }
    assert_due(&mut guard, 30_000, Write, TimeoutAction::Close);
}

#[test]
fn a_peer_that_sends_no_more_is_answered_for_a_while() {
    let mut guard = guard();
    let _ = guard.inspect(GET, at(0));
    assert_eq!(guard.ended(at(500)), None);
    assert_due(&mut guard, 1500, Idle, TimeoutAction::Close);

    let mut guard = self::guard();
    let _ = guard.inspect(GET, at(0));
    guard.ended(at(500));
    // The peer reads its answer slowly.
    guard.write_blocked(at(1000));
    assert_eq!(guard.poll_timeout().map(|due| due.why), Some(Write));
    guard.wrote(at(2000));
    assert_due(&mut guard, 3000, Idle, TimeoutAction::Close);
}

#[test]
fn a_peer_that_leaves_an_event_stream_is_gone_at_once() {
    let mut guard = guard();
    let _ = guard.inspect(GET, at(0));
    guard.streaming();
    assert_eq!(guard.poll_timeout(), None);
    assert_eq!(guard.ended(at(500)), None);
    assert_due(&mut guard, 500, Idle, TimeoutAction::Close);
}

#[test]
fn a_connection_whose_last_answer_was_sent_waits_for_its_peer_for_a_while() {
    let mut guard = guard();
    let _ = guard.inspect(GET, at(0));
    guard.closing(at(100));
    assert_eq!(guard.inspect(GET, at(200)).pass, 0);
    assert_due(&mut guard, 2100, Write, TimeoutAction::Close);

    // One that keeps sending has longer, but not forever.
    let mut sending = self::guard();
    (0..20).for_each(|nth| sending.closing(at(nth * 1500)));
    assert_due(&mut sending, 30_000, Write, TimeoutAction::Close);

    let mut refused = awaiting(5);
    refused.ended(at(0));
    refused.closing(at(100));
    assert_due(&mut refused, 2100, Write, TimeoutAction::Close);
}

#[test]
fn a_connection_does_not_give_way_as_soon_as_it_is_open() {
    let young = guard().waits_for_peer().unwrap();
    let mut idle = guard();
    let _ = idle.inspect(GET, at(0));
    idle.responded(at(100));
    let waiting = [(idle.waits_for_peer().unwrap(), "idle"), (young, "young")];
    let first = |now| first_to_give_way(waiting.into_iter(), at(now));
    assert_eq!(first(499), None);
    assert_eq!(first(500), Some((PeerWait::FirstByte, "young")));
    assert_eq!(first_to_give_way(waiting.into_iter().take(1), at(599)), None);
}

#[test]
fn connections_give_way_by_what_is_lost_with_them() {
    let head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";
    let after = |bytes: &[u8], responded: bool| {
        let mut guard = guard();
        let _ = guard.inspect(bytes, at(1));
        if responded {
            guard.responded(at(2));
        }
        guard
    };
    let mut blocked = after(GET, false);
    blocked.write_blocked(at(3));
    let mut waiting = [
        (after(b"", false), Some((PeerWait::FirstByte, at(0))), Some(TimeoutAction::CloseIdle)),
        (after(GET, true), Some((PeerWait::NextRequest, at(2))), Some(TimeoutAction::CloseIdle)),
        (after(b"G", false), Some((PeerWait::Head, at(1))), Some(TimeoutAction::Close)),
        (
            after(head, false),
            Some((PeerWait::Body, at(1))),
            Some(TimeoutAction::Refuse(RequestsFull)),
        ),
        (blocked, Some((PeerWait::Taking, at(3))), Some(TimeoutAction::Close)),
        (after(GET, false), None, None),
    ];
    assert!(waiting.iter().take(5).is_sorted_by_key(|(guard, ..)| guard.waits_for_peer()));
    for (guard, waits, breach) in &mut waiting {
        assert_eq!(guard.waits_for_peer(), *waits);
        assert_eq!(guard.give_way(at(10)), *breach, "{guard:?}");
        if breach.is_some() {
            assert_eq!(guard.give_way(at(11)), None, "{guard:?}");
        }
    }
}
