use std::future::poll_fn;

use super::*;

fn run<F: Future>(future: F) -> Result<F::Output> {
    block_on(&Arc::new(Events::new(FAR)), || false, future)
}

fn is_set(event: &Io) -> bool {
    wait(&[(event.clone(), PollFlags::IN)], Duration::ZERO).unwrap();
    !event.take_ready().is_empty()
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
    let mut turns = 0;
    let mut kept = None;
    let events = Arc::new(Events::new(FAR));
    let more = poll_fn(|cx| {
        turns += 1;
        kept = Some(cx.waker().clone());
        cx.waker().wake_by_ref();
        assert!(lock(&events.unused).is_empty());
        if turns > 2 * TURNS_MAX { Poll::Ready(()) } else { Poll::Pending }
    });
    block_on(&events, || false, more).unwrap();
    let event = lock(&events.unused).pop().expect("a thread that can be woken has an event");
    assert!(!is_set(&event), "it costs system calls");
}

#[test]
fn an_event_stays_set_until_it_is_reset() {
    let event = Io::event().unwrap();
    assert!(!is_set(&event));
    event.set();
    assert!(is_set(&event) && is_set(&event));
    wait(&[(event.clone(), PollFlags::IN)], Duration::ZERO).unwrap();
    event.reset();
    assert!(!is_set(&event));
}

#[test]
fn a_thread_that_no_other_thread_can_wake_has_no_event() {
    let events = Arc::new(Events { make: || panic!("it is not needed"), ..Events::new(FAR) });
    let mut alarm = Alarm(Clock::manual());
    let mut polls = 0;
    let timer = poll_fn(|cx| {
        polls += 1;
        PAUSE.set(Duration::ZERO);
        let pending = driver::Alarm::poll_until(&mut alarm, cx, Instant::FAR).is_pending();
        if pending && polls < 3 { Poll::Pending } else { Poll::Ready(()) }
    });
    block_on(&events, || false, timer).unwrap();
}

#[test]
fn work_that_the_waking_thread_does_wakes_nothing() {
    let events = Arc::new(Events::new(FAR));
    let here = Arc::new(AtomicBool::new(false));
    let (reader, writer) = std::io::pipe().unwrap();
    let (mut pipe, mut writer) = (Io::new(reader).unwrap(), Some(writer));
    let mut polls = 0;
    let future = poll_fn(|cx| {
        polls += 1;
        if let Some(mut writer) = writer.take() {
            let waker = cx.waker().clone();
            thread::spawn(move || {
                waker.wake();
                writer.write_all(b"x").unwrap();
            });
        }
        pipe.poll_read(cx, &mut [0; 1]).map(drop)
    });
    let done = here.clone();
    block_on(&events, move || !done.swap(true, Ordering::SeqCst), future).unwrap();
    assert!(here.load(Ordering::SeqCst));
    assert_eq!(polls, 2, "it is polled again for the pipe only");
}
