use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake, Waker};

use pontoon_core::ChildPipe::{Stderr, Stdout};
use pontoon_core::{Chunk, Config, Serves};

use super::*;
use crate::options::Options;
use crate::site::Site;

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

/// Counts its wake-ups.
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

/// Wakes the task that an action returned.
fn wake(woken: Option<Waker>) {
    woken.expect("a task waits").wake();
}

#[test]
fn standard_input_ends_after_everything_that_was_fed() {
    let cx = Context::from_waker(Waker::noop());
    let slot = ChildSlot::default();
    slot.write_stdin(Chunk::from(&b"last\n"[..]));
    slot.close_stdin();
    slot.write_stdin(Chunk::from(&b"too late\n"[..]));
    let mut parts = VecDeque::new();
    assert_eq!(slot.poll_stdin(&cx, &mut parts), Poll::Ready(true));
    assert_eq!(parts, ["last\n"]);
    parts.clear();
    assert_eq!(slot.poll_stdin(&cx, &mut parts), Poll::Ready(false));
}

#[test]
fn every_action_wakes_the_pipes() {
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(bell.clone());
    let cx = Context::from_waker(&waker);
    let slot = ChildSlot::default();
    let actions: [&dyn Fn() -> Option<Waker>; 4] = [
        &|| slot.write_stdin(Chunk::from(&b"line\n"[..])),
        &|| slot.set_read_enabled(Stdout, true),
        &|| slot.close_stdin(),
        &|| slot.release(),
    ];
    for (rung, action) in actions.iter().enumerate() {
        assert!(slot.poll_released(&cx).is_pending());
        assert_eq!(bell.rung(), rung);
        wake(action());
    }
    assert_eq!(bell.rung(), actions.len());
    assert!(slot.poll_released(&cx).is_ready());
}

/// Endless bytes, always available.
struct Endless(&'static [u8]);

impl Source for Endless {
    fn poll_read(&mut self, _: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        buf.iter_mut().zip(self.0.iter().cycle()).for_each(|(to, from)| *to = *from);
        Poll::Ready(Ok(buf.len()))
    }
}

/// Accepts all bytes, and stays open.
struct Hole;

impl crate::io::Sink for Hole {
    fn poll_write(&mut self, _: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bufs.iter().map(|buf| buf.len()).sum()))
    }
}

impl Stdin for Hole {
    fn poll_closed(&mut self, _: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }

    fn unread(&self) -> usize {
        0
    }
}

#[test]
fn a_child_that_never_stops_writing_lets_others_have_their_turn() {
    for endless in [&b"y\n"[..], b"\n", b"x", b"{\"jsonrpc\":\"2.0\",\"method\":\"x\"}\n"] {
        let spec = ChildSpec { program: "x".into(), args: Vec::new(), env: None, cwd: None };
        let options = Options::new(Config::new(Serves::Command(spec)));
        let (site, _orders) = Site::new(&options).unwrap();
        let driver = site.main().driver.clone();
        let (child, slot) = (ChildId(1), Arc::new(ChildSlot::default()));
        let pipes = ChildIo { driver, child, slot: slot.clone() };
        let bell = Arc::new(Bell::default());
        let waker = Waker::from(bell.clone());
        let mut cx = Context::from_waker(&waker);
        let mut carry = pin!(pipes.run(Ok((Hole, Endless(endless), Endless(endless)))));
        for rung in 0..10 {
            assert_eq!(bell.rung() > 0, rung > 0, "it comes again by itself");
            assert!(carry.as_mut().poll(&mut cx).is_pending(), "it gives way");
        }
        slot.release();
        assert!(carry.as_mut().poll(&mut cx).is_ready(), "it learns that it was released");
    }
}

#[test]
fn a_gate_holds_until_it_is_opened() {
    let cx = Context::from_waker(Waker::noop());
    let slot = ChildSlot::default();
    for (pipe, other) in [(Stdout, Stderr), (Stderr, Stdout)] {
        assert!(slot.poll_open(pipe, &cx).is_ready(), "a new child is read");
        slot.set_read_enabled(pipe, false);
        assert!(slot.poll_open(pipe, &cx).is_pending());
        assert!(slot.poll_open(other, &cx).is_ready());
        wake(slot.set_read_enabled(pipe, true));
        assert!(slot.poll_open(pipe, &cx).is_ready());
    }
}
