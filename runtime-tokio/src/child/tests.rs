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

#[tokio::test]
async fn standard_input_ends_after_everything_that_was_fed() {
    let mailbox = Mailbox::default();
    mailbox.feed(Chunk::from(&b"last\n"[..]));
    mailbox.close_stdin();
    mailbox.feed(Chunk::from(&b"too late\n"[..]));
    let mut parts = VecDeque::new();
    assert!(mailbox.take_stdin(&mut parts).await);
    assert_eq!(parts, ["last\n"]);
    parts.clear();
    assert!(!mailbox.take_stdin(&mut parts).await);
}

#[tokio::test]
async fn pipes_that_come_after_the_release_are_dropped() {
    let mailbox = Mailbox::default();
    mailbox.release();
    let pipes = tokio::spawn(std::future::pending::<()>());
    mailbox.hold(pipes.abort_handle());
    assert!(pipes.await.unwrap_err().is_cancelled());
}

#[tokio::test]
async fn a_gate_holds_until_it_is_opened() {
    let mailbox = Arc::new(Mailbox::default());
    mailbox.gate(false);
    let waiting = tokio::spawn({
        let mailbox = mailbox.clone();
        async move { mailbox.open().await }
    });
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    mailbox.gate(true);
    waiting.await.unwrap();
}
