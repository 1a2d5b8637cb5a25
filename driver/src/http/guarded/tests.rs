use std::future::poll_fn;
use std::sync::Mutex;
use std::task::Waker;
use std::time::Duration;

use hyper_util::rt::TokioIo;
use pontoon_core::{Instant, Limits, Reject};
use tokio::io::{
    AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex,
};
use tokio::time::{sleep_until, timeout};

use super::*;
use crate::clock::Clock;
use crate::http::checkpoint::{Due, STAND_IN};
use crate::io::{Alarm, Sink, Source};
use crate::phase::Phase;

const HEAD: &[u8] = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n";
const POST: &[u8] = b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";

impl Source for DuplexStream {
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut buf = ReadBuf::new(buf);
        ready!(AsyncRead::poll_read(Pin::new(self), cx, &mut buf))?;
        Poll::Ready(Ok(buf.filled().len()))
    }
}

impl Sink for DuplexStream {
    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        AsyncWrite::poll_write_vectored(Pin::new(self), cx, bufs)
    }
}

impl Socket for DuplexStream {
    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        AsyncWrite::poll_shutdown(Pin::new(self), cx)
    }

    fn read_arrived(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self.poll_read(&mut Context::from_waker(Waker::noop()), buf) {
            Poll::Ready(read) => read,
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}

/// A timer that is exact.
struct Punctual(Clock);

impl Alarm for Punctual {
    fn poll_until(&mut self, cx: &mut Context<'_>, at: Instant) -> Poll<()> {
        let mut sleep = Box::pin(sleep_until(self.0.at(at).into()));
        let rings = sleep.as_mut().poll(cx);
        if rings.is_pending() {
            let waker = cx.waker().clone();
            tokio::spawn(async move {
                sleep.await;
                waker.wake();
            });
        }
        rings
    }
}

struct Pair {
    peer: DuplexStream,
    guarded: TokioIo<GuardedConnection<DuplexStream>>,
    checkpoint: Arc<Checkpoint>,
    limits: Arc<Limits>,
}

fn pair(buf_bytes: usize) -> Pair {
    let limits = Arc::new(Limits::default());
    let checkpoint = Arc::new(Checkpoint::new(limits.clone(), Clock::start()));
    let (peer, stream) = duplex(buf_bytes);
    let guarded = TokioIo::new(GuardedConnection::new(stream, checkpoint.clone()));
    Pair { peer, guarded, checkpoint, limits }
}

impl Pair {
    /// Reads everything that is available.
    async fn read(&mut self) -> Vec<u8> {
        let mut all = Vec::new();
        let mut buf = [0; 7];
        while let Ok(Ok(read @ 1..)) =
            timeout(Duration::from_millis(1), self.guarded.read(&mut buf)).await
        {
            all.extend_from_slice(&buf[..read]);
        }
        all
    }

    /// Returns the next step of the connection, after moving the time to it.
    async fn due(&mut self) -> Due {
        self.due_in(Phase::Serving).await
    }

    async fn due_in(&mut self, phase: Phase) -> Due {
        let mut alarm = Punctual(self.checkpoint.clock.clone());
        poll_fn(|cx| self.checkpoint.poll_due(cx, &mut alarm, phase)).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_clean_request_passes_as_it_came() {
    for piece in [1, 3, 1000] {
        let mut pair = pair(4096);
        let mut read = Vec::new();
        for bytes in HEAD.chunks(piece) {
            assert!(read.is_empty(), "nothing of a head passes before its end");
            pair.peer.write_all(bytes).await.unwrap();
            read.extend(pair.read().await);
        }
        assert_eq!(read, HEAD);
    }
}

#[tokio::test(start_paused = true)]
async fn the_next_request_waits_for_the_answer_to_the_one_before() {
    let mut pair = pair(4096);
    pair.peer.write_all(&[HEAD, HEAD].concat()).await.unwrap();
    assert_eq!(pair.read().await, HEAD);
    assert_eq!(pair.read().await, b"");
    pair.checkpoint.responded();
    assert!(matches!(pair.due().await, Due::Poll));
    assert_eq!(pair.read().await, HEAD);
}

#[tokio::test(start_paused = true)]
async fn requests_that_wait_take_no_more_room_than_a_head() {
    let mut pair = pair(1 << 20);
    let flood = HEAD.repeat(10_000);
    pair.peer.write_all(&flood).await.unwrap();
    assert_eq!(pair.read().await, HEAD);
    assert!(pair.checkpoint.lock().held.len() <= pair.limits.head_bytes_max);
}

#[tokio::test(start_paused = true)]
async fn a_refused_head_is_replaced_by_the_stand_in() {
    let mut pair = pair(4096);
    pair.peer.write_all(b"GET / HTTP/1.1\nHost: localhost\n\nGET /").await.unwrap();
    assert_eq!(pair.read().await, STAND_IN);
    assert_eq!(pair.checkpoint.lock().guard.refused(), Some(Reject::BadHead));
    assert_eq!(pair.read().await, b"");
}

#[tokio::test(start_paused = true)]
async fn a_refused_head_waits_for_the_answer_to_the_request_before() {
    let mut pair = pair(4096);
    pair.peer.write_all(&[HEAD, b"nonsense\r\n\r\n"].concat()).await.unwrap();
    assert_eq!(pair.read().await, HEAD);
    assert_eq!(pair.checkpoint.lock().guard.refused(), None);
    pair.checkpoint.responded();
    assert_eq!(pair.read().await, STAND_IN);
    assert_eq!(pair.checkpoint.lock().guard.refused(), Some(Reject::BadHead));
}

#[tokio::test(start_paused = true)]
async fn a_broken_body_fails_the_read() {
    let mut pair = pair(4096);
    pair.peer.write_all(&[POST, b"2\r\n{}\r\n+5\r\n"].concat()).await.unwrap();
    assert_eq!(pair.read().await, [POST, b"2\r\n{}\r\n"].concat());
    pair.guarded.read(&mut [0; 9]).await.unwrap_err();
    assert_eq!(pair.checkpoint.lock().guard.refused(), Some(Reject::BadChunk));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_ends_early_fails_the_read() {
    let mut pair = pair(4096);
    pair.peer.write_all(&[POST, b"9\r\n{"].concat()).await.unwrap();
    pair.peer.shutdown().await.unwrap();
    pair.read().await;
    pair.guarded.read(&mut [0; 9]).await.unwrap_err();
    assert_eq!(pair.checkpoint.lock().guard.refused(), Some(Reject::BodyTruncated));
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_peer_between_requests_is_an_end() {
    let mut pair = pair(4096);
    pair.peer.shutdown().await.unwrap();
    assert_eq!(pair.guarded.read(&mut [0; 9]).await.unwrap(), 0);
    assert_eq!(pair.checkpoint.lock().guard.refused(), None);
}

#[tokio::test(start_paused = true)]
async fn a_slow_head_is_refused_in_time() {
    let mut pair = pair(4096);
    let began = tokio::time::Instant::now();
    pair.peer.write_all(&HEAD[..9]).await.unwrap();
    assert_eq!(pair.read().await, b"");
    assert!(matches!(pair.due().await, Due::Poll));
    assert_eq!(began.elapsed().as_secs(), pair.limits.head_time_max.as_secs());
    assert_eq!(pair.read().await, STAND_IN);
    assert_eq!(
        pair.checkpoint.lock().guard.refused(),
        Some(Reject::HeadTimeout { limit: pair.limits.head_time_max })
    );
}

#[tokio::test(start_paused = true)]
async fn a_silent_connection_is_closed_in_time() {
    let mut pair = pair(4096);
    assert!(matches!(pair.due().await, Due::Poll), "there is one more look at it");
    assert_eq!(pair.guarded.read(&mut [0; 9]).await.unwrap(), 0, "hyper sees an end");
    assert_eq!(pair.checkpoint.lock().guard.refused(), None);
}

#[tokio::test(start_paused = true)]
async fn a_silent_connection_that_is_not_looked_at_is_closed() {
    let mut pair = pair(4096);
    assert!(matches!(pair.due().await, Due::Poll));
    assert!(matches!(pair.due().await, Due::Close));
}

#[tokio::test(start_paused = true)]
async fn the_last_look_finds_a_request_that_has_just_come() {
    let mut pair = pair(4096);
    assert!(matches!(pair.due().await, Due::Poll));
    pair.peer.write_all(HEAD).await.unwrap();
    assert_eq!(pair.read().await, HEAD);
}

#[tokio::test(start_paused = true)]
async fn once_stopped_a_connection_has_a_moment_left() {
    let mut pair = pair(4096);
    let began = tokio::time::Instant::now();
    let stopped = Phase::Stopped { forced: false };
    assert!(matches!(pair.due_in(stopped).await, Due::Poll));
    assert_eq!(began.elapsed().as_millis(), pair.limits.farewell_time_max.as_millis());
    assert!(matches!(pair.due_in(Phase::Stopped { forced: true }).await, Due::Close));
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_takes_nothing_is_closed_in_time() {
    let mut pair = pair(64);
    pair.peer.write_all(HEAD).await.unwrap();
    pair.read().await;
    let began = tokio::time::Instant::now();
    let write = timeout(Duration::from_millis(1), pair.guarded.write_all(&[0; 65]));
    write.await.expect_err("the peer takes 64 bytes");
    assert!(matches!(pair.due().await, Due::Close));
    assert_eq!(began.elapsed().as_secs(), pair.limits.write_time_max.as_secs());
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_goes_on_taking_is_not_closed() {
    let mut pair = pair(64);
    pair.peer.write_all(HEAD).await.unwrap();
    pair.read().await;
    for _ in 0..10 {
        let write = timeout(pair.limits.write_time_max / 2, pair.guarded.write_all(&[0; 65]));
        write.await.expect_err("the peer takes 64 bytes");
        let due = timeout(pair.limits.write_time_max / 3, pair.due()).await;
        assert!(due.is_err(), "nothing is due");
        pair.peer.read_exact(&mut [0; 64]).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_peer_may_finish_sending_before_the_connection_is_gone() {
    let mut pair = pair(64);
    pair.peer.write_all(b"nonsense\r\n\r\n").await.unwrap();
    assert_eq!(pair.read().await, STAND_IN);
    let closing = tokio::spawn(async move { pair.guarded.shutdown().await });
    assert_eq!(pair.peer.read(&mut [0; 9]).await.unwrap(), 0, "our side is closed");
    pair.peer.write_all(&[b'x'; 10_000]).await.unwrap();
    assert!(!closing.is_finished());
    pair.peer.shutdown().await.unwrap();
    closing.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_refused_peer_may_not_send_for_ever() {
    let mut pair = pair(4096);
    pair.peer.write_all(b"nonsense\r\n\r\n").await.unwrap();
    pair.read().await;
    let sent = Arc::new(Mutex::new(0));
    let flood = tokio::spawn({
        let sent = sent.clone();
        async move {
            while pair.peer.write_all(&[b'x'; 4096]).await.is_ok() {
                *sent.lock().unwrap() += 4096;
            }
        }
    });
    pair.guarded.shutdown().await.unwrap();
    drop(pair.guarded);
    flood.await.unwrap();
    assert!(*sent.lock().unwrap() <= pair.limits.body_bytes_max + 3 * 4096);
}

#[tokio::test(start_paused = true)]
async fn an_ordinary_close_does_not_linger() {
    let mut pair = pair(4096);
    pair.peer.write_all(HEAD).await.unwrap();
    pair.read().await;
    pair.checkpoint.responded();
    pair.guarded.shutdown().await.unwrap();
}
