use proptest::prelude::*;

use super::*;
use crate::memory::Memory;

fn limits(len: usize, bytes: usize) -> Limits {
    Limits { replay_len_max: len, replay_bytes_max: bytes, ..Limits::default() }
}

fn filled(events: &[&'static str], limits: &Limits) -> Replay {
    let mut replay = Replay::default();
    for event in events {
        replay.push(&Chunk::from(*event), limits, &kept());
    }
    replay
}

fn after(replay: &Replay, sequence: u64) -> Option<(Vec<&str>, u64)> {
    let (events, lost) = replay.after(sequence)?;
    Some((events.map(|event| std::str::from_utf8(event).unwrap()).collect(), lost))
}

#[test]
fn a_client_gets_what_came_after_the_event_it_saw() {
    let replay = filled(&["a", "b", "c"], &limits(8, 80));
    assert_eq!(after(&replay, 0), Some((vec!["b", "c"], 0)));
    assert_eq!(after(&replay, 2), Some((vec![], 0)));
}

#[test]
fn an_event_that_was_never_sent_is_refused() {
    let replay = filled(&["a"], &limits(8, 80));
    assert_eq!(after(&replay, 1), None);
    assert_eq!(after(&Replay::default(), 0), None);
}

#[test]
fn evicted_events_are_counted_as_lost() {
    let replay = filled(&["a", "b", "c", "d"], &limits(2, 80));
    assert_eq!(after(&replay, 0), Some((vec!["c", "d"], 1)));
}

#[test]
fn an_event_over_the_limit_is_sent_but_not_kept() {
    let replay = filled(&["a", "12345", "b"], &limits(8, 4));
    assert_eq!(after(&replay, 0), Some((vec!["b"], 1)));
}

proptest! {
    #[test]
    fn replay_is_a_suffix_within_its_limits(
        sizes in prop::collection::vec(0usize..20, 0..60),
        len in 1usize..10,
        bytes in 1usize..60,
        seen in 0u64..60,
    ) {
        let limits = limits(len, bytes);
        let mut replay = Replay::default();
        let events: Vec<Vec<u8>> = sizes.iter().enumerate().map(|(i, n)| vec![i as u8; *n]).collect();
        for event in &events {
            replay.push(&Chunk::from(event.clone()), &limits, &kept());
            prop_assert!(replay.events.len() <= len && replay.bytes() <= bytes);
        }
        match replay.after(seen) {
            None => prop_assert!(seen >= events.len() as u64),
            Some((kept, lost)) => {
                let kept: Vec<Vec<u8>> = kept.map(|event| event.to_vec()).collect();
                let wanted = &events[seen as usize + 1..];
                prop_assert_eq!(kept.len() + lost as usize, wanted.len());
                prop_assert_eq!(&kept[..], &wanted[lost as usize..]);
            }
        }
    }
}

fn kept() -> Account {
    Memory::new(1 << 20).kept()
}

/// All kept events share a quarter of the budget.
#[test]
fn the_oldest_events_of_a_stream_give_way_when_all_streams_have_used_up_their_share() {
    let memory = Memory::new(80);
    let limits = limits(8, 80);
    let push =
        |replay: &mut Replay, event| replay.push(&Chunk::from(event), &limits, &memory.kept());
    let (mut one, mut two) = (Replay::default(), Replay::default());
    for event in ["aaaaa", "bbbbb", "ccccc"] {
        push(&mut one, event);
    }
    push(&mut two, "ddddd");
    push(&mut two, "eeeee");
    assert_eq!((one.bytes(), two.bytes(), memory.used()), (15, 5, 20));
    // Only events of the same stream are dropped, and those that are not kept count as lost.
    push(&mut two, "ffffffffff");
    assert_eq!((one.bytes(), two.bytes(), memory.used()), (15, 0, 15));
    push(&mut two, "g");
    assert_eq!(after(&two, 0), Some((vec!["g"], 2)));
    drop(one);
    push(&mut two, "hhhhhhhhhh");
    assert_eq!(after(&two, 0), Some((vec!["g", "hhhhhhhhhh"], 2)));
    drop(two);
    assert_eq!(memory.used(), 0);
}
