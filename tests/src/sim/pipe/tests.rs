use super::*;

fn write(writer: &Writer, bytes: &[u8]) -> Poll<io::Result<usize>> {
    writer.poll_write(&mut Context::from_waker(Waker::noop()), &[IoSlice::new(bytes)])
}

fn read(reader: &mut Reader) -> Poll<Result<Vec<u8>, ErrorKind>> {
    let mut buf = [0; 100];
    let read = reader.poll_read(&mut Context::from_waker(Waker::noop()), &mut buf);
    read.map(|read| read.map(|len| buf[..len].to_vec()).map_err(|error| error.kind()))
}

#[test]
fn takes_as_much_as_there_is_room_for() {
    let world = World::enter(1, Faults::None);
    let (writer, mut reader) = pipe(&world, 4);
    assert!(matches!(write(&writer, b"abcdef"), Poll::Ready(Ok(4))));
    assert!(write(&writer, b"ef").is_pending());
    assert_eq!(read(&mut reader), Poll::Ready(Ok(b"abcd".to_vec())));
    assert!(matches!(write(&writer, b"ef"), Poll::Ready(Ok(2))));
    assert_eq!(read(&mut reader), Poll::Ready(Ok(b"ef".to_vec())));
    assert!(read(&mut reader).is_pending());
}

#[test]
fn what_was_written_arrives_before_the_end() {
    let world = World::enter(1, Faults::None);
    for (break_off, end) in [(false, Ok(vec![])), (true, Err(ErrorKind::ConnectionReset))] {
        let (writer, mut reader) = pipe(&world, 4);
        assert!(write(&writer, b"ab").is_ready());
        if break_off {
            writer.reset();
        }
        drop(writer);
        assert!(!reader.has_ended());
        assert_eq!(read(&mut reader), Poll::Ready(Ok(b"ab".to_vec())));
        assert!(reader.has_ended());
        assert_eq!(read(&mut reader), Poll::Ready(end));
    }
}

#[test]
fn writing_fails_without_a_reader() {
    let world = World::enter(1, Faults::None);
    let (writer, reader) = pipe(&world, 4);
    let mut cx = Context::from_waker(Waker::noop());
    assert!(writer.poll_closed(&mut cx).is_pending());
    drop(reader);
    assert!(writer.poll_closed(&mut cx).is_ready());
    assert!(matches!(write(&writer, b"a"), Poll::Ready(Err(_))));
}

#[test]
fn random_faults_lose_and_reorder_nothing() {
    let world = World::enter(3, Faults::Random);
    let (writer, mut reader) = pipe(&world, 10_000);
    let sent: Vec<u8> = (0..10_000_u32).map(|n| (n % 251) as u8).collect();
    assert!(matches!(write(&writer, &sent), Poll::Ready(Ok(10_000))));
    drop(writer);
    let (mut received, mut pieces) = (Vec::new(), 0);
    loop {
        match read(&mut reader) {
            Poll::Ready(Ok(piece)) if piece.is_empty() => break,
            Poll::Ready(Ok(piece)) => received.extend(piece),
            Poll::Ready(Err(error)) => panic!("{error}"),
            Poll::Pending => world.sleep(Duration::from_millis(1)),
        }
        pieces += 1;
    }
    assert!(received == sent, "other bytes");
    assert!(pieces > 100 && world.now() > Instant::ZERO, "in {pieces} pieces");
}
