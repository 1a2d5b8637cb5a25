use std::future::poll_fn;
use std::thread;

use super::*;

fn run<F: Future>(future: F) -> Result<F::Output> {
    block_on(&Arc::new(Event::new()?), future)
}

fn is_set(event: &Event) -> bool {
    let mut fds = [PollFd::new(event, PollFlags::IN)];
    poll(&mut fds, Duration::ZERO).unwrap();
    !fds[0].revents().is_empty()
}

#[test]
fn a_read_waits_for_the_other_end() {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let mut pipe = Io::new(reader).unwrap();
    let writing = thread::spawn(move || writer.write_all(b"late").unwrap());
    let mut buf = [0; 8];
    let read = run(poll_fn(|cx| pipe.poll_read(cx, &mut buf))).unwrap().unwrap();
    assert_eq!(&buf[..read], b"late");
    writing.join().unwrap();
    assert_eq!(run(poll_fn(|cx| pipe.poll_read(cx, &mut buf))).unwrap().unwrap(), 0);
}

#[test]
fn a_full_pipe_takes_nothing_until_there_is_room() {
    let (mut reader, writer) = std::io::pipe().unwrap();
    let mut pipe = Io::new(writer).unwrap();
    let all = vec![b'x'; 1 << 20];
    let reading = thread::spawn(move || {
        let mut read = Vec::new();
        reader.read_to_end(&mut read).map(|_| read.len())
    });
    let mut left = &all[..];
    while !left.is_empty() {
        let written = poll_fn(|cx| pipe.poll_write(cx, &[IoSlice::new(left)]));
        left = &left[run(written).unwrap().unwrap()..];
    }
    drop(pipe);
    assert_eq!(reading.join().unwrap().unwrap(), all.len());
}

#[test]
fn the_closing_of_the_other_end_is_noticed_without_a_write() {
    let (reader, writer) = std::io::pipe().unwrap();
    let mut pipe = Io::new(writer).unwrap();
    let closing = thread::spawn(move || drop(reader));
    run(poll_fn(|cx| pipe.poll_closed(cx))).unwrap();
    closing.join().unwrap();
}

#[test]
fn a_thread_that_polls_can_be_woken() {
    let mut waking = None;
    run(poll_fn(|cx| match waking.take() {
        Some(thread) => Poll::Ready(thread),
        None => {
            let waker = cx.waker().clone();
            waking = Some(thread::spawn(move || waker.wake()));
            Poll::Pending
        }
    }))
    .unwrap()
    .join()
    .unwrap();
}

#[test]
fn a_future_that_wakes_itself_is_polled_again_without_its_event() {
    let event = Arc::new(Event::new().unwrap());
    let mut turns = 0;
    let more = poll_fn(|cx| {
        turns += 1;
        cx.waker().wake_by_ref();
        assert!(!is_set(&event), "it costs system calls");
        if turns > 2 * TURNS_MAX { Poll::Ready(()) } else { Poll::Pending }
    });
    block_on(&event, more).unwrap();
}

#[test]
fn an_event_stays_set_until_it_is_reset() {
    let event = Event::new().unwrap();
    assert!(!is_set(&event));
    event.set();
    assert!(is_set(&event) && is_set(&event));
    event.reset();
    assert!(!is_set(&event));
}
