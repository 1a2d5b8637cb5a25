use super::*;

#[test]
fn it_counts_and_remembers_the_last() {
    let mut memory = Memory::default();
    assert_eq!((memory.replay(), memory.replays()), (None, 0));
    memory.echoed("one");
    memory.echoed("two");
    assert_eq!(memory.replay(), Some(("two".into(), 2)));
    assert_eq!((memory.echoes(), memory.replays(), memory.bytes()), (2, 1, 6));
    assert_eq!(memory.accumulated().collect::<Vec<_>>(), ["one", "two"]);
}

#[test]
fn the_oldest_messages_are_forgotten_first() {
    let mut memory = Memory::default();
    for number in 0..150 {
        memory.echoed(&number.to_string());
    }
    let kept: Vec<_> = memory.accumulated().collect();
    assert_eq!((kept.len(), kept[0], kept[99]), (100, "50", "149"));
    assert_eq!(memory.echoes(), 150);
}

#[test]
fn its_bytes_are_bounded() {
    let mut memory = Memory::default();
    let kilobyte = "x".repeat(1024);
    for _ in 0..90 {
        memory.echoed(&kilobyte);
    }
    assert_eq!((memory.accumulated().count(), memory.bytes()), (64, 64 << 10));
    // A message that is too long is only kept for a replay.
    let long = "y".repeat((64 << 10) + 1);
    memory.echoed(&long);
    assert_eq!((memory.accumulated().count(), memory.bytes()), (0, long.len()));
    assert_eq!(memory.last(), Some(&*long));
    memory.echoed("z");
    assert_eq!((memory.accumulated().count(), memory.bytes()), (1, 1));
}
