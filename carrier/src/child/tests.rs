use std::sync::atomic::AtomicUsize;
use std::task::Wake;

use super::*;

#[test]
fn what_was_written_is_dropped_and_nothing_else() {
    let texts = ["one\n", "two\n", "three\n"];
    let whole = texts.concat();
    for written in 0..=whole.len() {
        let mut parts: VecDeque<Bytes> = texts.into_iter().map(Bytes::from).collect();
        advance(&mut parts, written);
        let left: Vec<u8> = parts.iter().flatten().copied().collect();
        assert_eq!(left, &whole.as_bytes()[written..]);
        assert!(parts.iter().all(|part| !part.is_empty()));
    }
}

/// Counts how often it is woken.
#[derive(Default)]
struct Bell(AtomicUsize);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Bell {
    fn rung(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// Wakes whom an action returned.
fn wake(woken: Option<Waker>) {
    woken.expect("somebody waits").wake();
}

#[test]
fn standard_input_ends_after_everything_that_was_fed() {
    let cx = Context::from_waker(Waker::noop());
    let mailbox = Mailbox::default();
    mailbox.feed(Chunk::from(&b"last\n"[..]));
    mailbox.close_stdin();
    mailbox.feed(Chunk::from(&b"too late\n"[..]));
    let mut parts = VecDeque::new();
    assert_eq!(mailbox.poll_stdin(&cx, &mut parts), Poll::Ready(true));
    assert_eq!(parts, ["last\n"]);
    parts.clear();
    assert_eq!(mailbox.poll_stdin(&cx, &mut parts), Poll::Ready(false));
}

#[test]
fn every_action_wakes_the_pipes() {
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(bell.clone());
    let cx = Context::from_waker(&waker);
    let mailbox = Mailbox::default();
    let actions: [&dyn Fn() -> Option<Waker>; 4] = [
        &|| mailbox.feed(Chunk::from(&b"line\n"[..])),
        &|| mailbox.gate(true),
        &|| mailbox.close_stdin(),
        &|| mailbox.release(),
    ];
    for (rung, action) in actions.iter().enumerate() {
        assert!(mailbox.poll_released(&cx).is_pending());
        assert_eq!(bell.rung(), rung);
        wake(action());
    }
    assert_eq!(bell.rung(), actions.len());
    assert!(mailbox.poll_released(&cx).is_ready());
}

#[test]
fn a_gate_holds_until_it_is_opened() {
    let cx = Context::from_waker(Waker::noop());
    let mailbox = Mailbox::default();
    assert!(mailbox.poll_open(&cx).is_ready(), "a new child is read");
    mailbox.gate(false);
    assert!(mailbox.poll_open(&cx).is_pending());
    wake(mailbox.gate(true));
    assert!(mailbox.poll_open(&cx).is_ready());
}
