use proptest::prelude::*;

use super::*;
use crate::memory::Memory;

fn message(text: &'static str) -> QueuedMessage {
    QueuedMessage { message: Chunk::from(text), ask: None }
}

fn texts(waiting: &[QueuedMessage]) -> Vec<String> {
    waiting.iter().map(|w| String::from_utf8(w.message.to_vec()).unwrap()).collect()
}

#[test]
fn the_oldest_message_gives_way_at_the_count_limit() {
    let limits = Limits { queue_len_max: 2, ..Limits::default() };
    let mut queue = Queue::default();
    assert!(queue.push(message("a"), &limits, &kept()).is_empty());
    assert!(queue.push(message("b"), &limits, &kept()).is_empty());
    assert_eq!(texts(&queue.push(message("c"), &limits, &kept())), ["a"]);
    assert_eq!(texts(&[queue.pop().unwrap(), queue.pop().unwrap()]), ["b", "c"]);
}

#[test]
fn a_message_over_the_byte_limit_gives_way_itself() {
    let limits = Limits { queue_bytes_max: 3, ..Limits::default() };
    let mut queue = Queue::default();
    queue.push(message("ab"), &limits, &kept());
    assert_eq!(texts(&queue.push(message("abcd"), &limits, &kept())), ["ab", "abcd"]);
    assert_eq!(queue.bytes(), 0);
}

#[test]
fn a_withdrawn_request_leaves_the_queue() {
    let limits = Limits::default();
    let mut queue = Queue::default();
    queue.push(
        QueuedMessage { message: Chunk::from("x"), ask: Some(Bytes::from("7")) },
        &limits,
        &kept(),
    );
    assert!(queue.remove_request(b"8").is_none());
    assert!(queue.remove_request(b"7").is_some());
    assert!(queue.pop().is_none());
}

proptest! {
    #[test]
    fn nothing_is_lost_unseen_and_the_bounds_hold(
        sizes in prop::collection::vec(0usize..30, 0..80),
        len in 1usize..10,
        bytes in 1usize..100,
    ) {
        let limits = Limits { queue_len_max: len, queue_bytes_max: bytes, ..Limits::default() };
        let mut queue = Queue::default();
        let mut seen = Vec::new();
        for (number, size) in sizes.iter().enumerate() {
            let text = format!("{number:03}{}", "x".repeat(*size));
            let dropped = queue.push(QueuedMessage { message: Chunk::from(text), ask: None }, &limits, &kept());
            seen.extend(texts(&dropped));
            prop_assert!(queue.waiting.len() <= len && queue.bytes() <= bytes);
        }
        while let Some(waiting) = queue.pop() {
            seen.extend(texts(&[waiting]));
        }
        prop_assert_eq!(queue.bytes(), 0);
        let numbers: Vec<usize> = seen.iter().map(|text| text[..3].parse().unwrap()).collect();
        prop_assert_eq!(numbers, (0..sizes.len()).collect::<Vec<_>>());
    }
}

#[test]
fn an_empty_queue_keeps_no_buffer() {
    let empty: [fn(&mut Queue) -> Option<QueuedMessage>; 3] =
        [Queue::pop, Queue::pop_request, |queue| queue.remove_request(b"7")];
    for empty in empty {
        let mut queue = Queue::default();
        let waiting = QueuedMessage { message: Chunk::from("x"), ask: Some(Bytes::from("7")) };
        queue.push(waiting, &Limits::default(), &kept());
        assert!(empty(&mut queue).is_some());
        assert_eq!(queue.waiting.capacity(), 0);
    }
}

fn kept() -> Account {
    Memory::new(1 << 20).kept()
}

/// All waiting messages share a quarter of the budget.
#[test]
fn the_oldest_messages_of_a_session_give_way_when_all_sessions_have_used_up_their_share() {
    let memory = Memory::new(80);
    let limits = Limits::default();
    let push = |queue: &mut Queue, text| {
        texts(&queue.push(message(text), &limits, &memory.kept_elsewhere()))
    };
    let (mut one, mut two) = (Queue::default(), Queue::default());
    assert_eq!(push(&mut one, "fifteen bytes.."), [""; 0]);
    assert_eq!(push(&mut two, "five1"), [""; 0]);
    assert_eq!(push(&mut two, "five2"), ["five1"], "only those of the same session give way");
    assert_eq!(push(&mut two, "too many"), ["five2", "too many"]);
    assert_eq!(one.pop().map(|it| it.message.len()), Some(15));
    assert_eq!(push(&mut two, "fits in the share"), [""; 0]);
    assert_eq!(memory.used(), 0, "lines of children are in the budget already");
}
