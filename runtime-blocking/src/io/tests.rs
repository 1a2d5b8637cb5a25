use std::future::poll_fn;
use std::thread;

use super::*;

#[test]
fn a_read_waits_for_the_other_end() {
    let (reader, mut writer) = io::pipe().unwrap();
    let mut pipe = Io::pipe(reader).unwrap();
    let writing = thread::spawn(move || writer.write_all(b"late").unwrap());
    let mut buf = [0; 8];
    let read = block_on(poll_fn(|cx| pipe.poll_read(cx, &mut buf))).unwrap().unwrap();
    assert_eq!(&buf[..read], b"late");
    writing.join().unwrap();
    assert_eq!(block_on(poll_fn(|cx| pipe.poll_read(cx, &mut buf))).unwrap().unwrap(), 0);
}

#[test]
fn a_full_pipe_takes_nothing_until_there_is_room() {
    let (mut reader, writer) = io::pipe().unwrap();
    let mut pipe = Io::pipe(writer).unwrap();
    let all = vec![b'x'; 1 << 20];
    let reading = thread::spawn(move || {
        let mut read = Vec::new();
        reader.read_to_end(&mut read).map(|_| read.len())
    });
    let mut left = &all[..];
    while !left.is_empty() {
        let written = poll_fn(|cx| pipe.poll_write(cx, &[IoSlice::new(left)]));
        left = &left[block_on(written).unwrap().unwrap()..];
    }
    drop(pipe);
    assert_eq!(reading.join().unwrap().unwrap(), all.len());
}

#[test]
fn the_closing_of_the_other_end_is_noticed_without_a_write() {
    let (reader, writer) = io::pipe().unwrap();
    let mut pipe = Io::pipe(writer).unwrap();
    let closing = thread::spawn(move || drop(reader));
    block_on(poll_fn(|cx| pipe.poll_closed(cx))).unwrap();
    closing.join().unwrap();
}

#[test]
fn a_thread_that_polls_can_be_woken() {
    let mut waking = None;
    block_on(poll_fn(|cx| match waking.take() {
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
fn a_latch_that_is_open_stays_open() {
    let latch = Latch::new().unwrap();
    let is_open = || {
        let mut fds = [PollFd::new(&latch, PollFlags::IN)];
        poll(&mut fds, Duration::ZERO).unwrap();
        !fds[0].revents().is_empty()
    };
    assert!(!is_open());
    latch.open();
    assert!(is_open() && is_open());
}
