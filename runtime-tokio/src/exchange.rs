//! One request's way back: the mailbox the engine fills, and the HTTP body that empties it.
//!
//! Owns: what waits to be sent of one exchange; the engine bounds it, by what is reported as sent.
//! Never: looks into what it sends.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker, ready};

use bytes::{Bytes, BytesMut};
use hyper::body::{Body, Frame, SizeHint};
use pontoon_core::http::ReplyHead;
use pontoon_core::ids::ExchangeId;
use pontoon_core::machine::{Chunk, Input};

use crate::guarded::Checkpoint;
use crate::hub::{Hub, lock};

/// Where the engine's actions about one exchange arrive. Each returns whom to wake.
#[derive(Default)]
pub(crate) struct Mailbox(Mutex<Mail>);

#[derive(Default)]
struct Mail {
    answer: Option<Answer>,
    parts: VecDeque<Bytes>,
    end: End,
    reader: Option<Waker>,
}

/// How an exchange is answered.
pub(crate) enum Answer {
    /// Whole, and whether the engine wants to know when it has been sent.
    Reply(ReplyHead, Chunk, bool),
    /// By a stream.
    Begin(ReplyHead),
}

#[derive(Clone, Copy, Default)]
enum End {
    #[default]
    Open,
    Finished,
    Aborted,
}

impl Mailbox {
    pub(crate) fn reply(&self, head: ReplyHead, body: Chunk, receipt: bool) -> Option<Waker> {
        self.put(|mail| mail.answer = Some(Answer::Reply(head, body, receipt)))
    }

    pub(crate) fn begin(&self, head: ReplyHead) -> Option<Waker> {
        self.put(|mail| mail.answer = Some(Answer::Begin(head)))
    }

    pub(crate) fn write(&self, chunk: Chunk) -> Option<Waker> {
        self.put(|mail| mail.parts.extend(chunk))
    }

    pub(crate) fn finish(&self) -> Option<Waker> {
        self.put(|mail| mail.end = End::Finished)
    }

    pub(crate) fn abort(&self) -> Option<Waker> {
        self.put(|mail| {
            mail.parts.clear();
            mail.end = End::Aborted;
        })
    }

    fn put(&self, change: impl FnOnce(&mut Mail)) -> Option<Waker> {
        let mut mail = self.lock();
        change(&mut mail);
        mail.reader.take()
    }

    fn lock(&self) -> MutexGuard<'_, Mail> {
        lock(&self.0)
    }
}

/// The reading end of a mailbox. Dropping it, which hyper does when the peer has gone, reports the
/// exchange as closed.
pub(crate) struct Exchange {
    id: ExchangeId,
    hub: Arc<Hub>,
    mailbox: Arc<Mailbox>,
    /// Bytes that hyper took and the engine has not been told of.
    sent: usize,
    /// Whether the engine already knows that it is over.
    settled: bool,
}

impl Exchange {
    pub(crate) fn new(id: ExchangeId, hub: Arc<Hub>, mailbox: Arc<Mailbox>) -> Self {
        Exchange { id, hub, mailbox, sent: 0, settled: false }
    }

    /// The engine's answer.
    ///
    /// # Errors
    ///
    /// The engine broke the exchange off: the connection is to be closed.
    pub(crate) async fn answer(&mut self) -> io::Result<Answer> {
        let answer = poll_fn(|cx| {
            let mut mail = self.mailbox.lock();
            match (mail.answer.take(), mail.end) {
                (_, End::Aborted) => Poll::Ready(Err(aborted())),
                (Some(answer), _) => Poll::Ready(Ok(answer)),
                (None, _) => wait(&mut mail, cx),
            }
        })
        .await?;
        self.settled = matches!(answer, Answer::Reply(_, _, false));
        Ok(answer)
    }

    /// Moves to `parts` what has arrived of a stream; `false` at its end.
    fn poll_parts(
        &mut self,
        cx: &mut Context<'_>,
        parts: &mut VecDeque<Bytes>,
    ) -> Poll<io::Result<bool>> {
        let arrived = {
            let mut mail = self.mailbox.lock();
            mem::swap(&mut mail.parts, parts);
            match (parts.is_empty(), mail.end) {
                (_, End::Aborted) => Poll::Ready(Err(aborted())),
                (false, _) => Poll::Ready(Ok(true)),
                (true, End::Finished) => Poll::Ready(Ok(false)),
                (true, End::Open) => wait(&mut mail, cx),
            }
        };
        if arrived.is_pending() {
            self.report_sent();
        }
        arrived
    }

    fn report_sent(&mut self) {
        match mem::take(&mut self.sent) {
            0 => {}
            bytes => self.hub.submit([Input::Sent { exchange: self.id, bytes }]),
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if !self.settled {
            self.hub.close(self.id, self.sent);
        }
    }
}

fn wait<T>(mail: &mut Mail, cx: &Context<'_>) -> Poll<T> {
    match &mut mail.reader {
        Some(reader) => reader.clone_from(cx.waker()),
        reader => *reader = Some(cx.waker().clone()),
    }
    Poll::Pending
}

fn aborted() -> io::Error {
    io::ErrorKind::ConnectionAborted.into()
}

/// The body of an answer, as hyper takes it. Tells the connection's guard once hyper has all of it.
pub(crate) struct ReplyBody {
    parts: VecDeque<Bytes>,
    left: Left,
    /// Whose progress is reported.
    exchange: Option<Exchange>,
    checkpoint: Arc<Checkpoint>,
}

/// How much of a body is still to come.
enum Left {
    Bytes(usize),
    Unknown,
}

impl ReplyBody {
    /// A body that is there.
    pub(crate) fn whole(
        body: Chunk,
        receipt: Option<Exchange>,
        checkpoint: Arc<Checkpoint>,
    ) -> Self {
        let left = Left::Bytes(body.len());
        ReplyBody { parts: body.into_iter().collect(), left, exchange: receipt, checkpoint }
    }

    /// A body that is to come.
    pub(crate) fn stream(exchange: Exchange, checkpoint: Arc<Checkpoint>) -> Self {
        let parts = VecDeque::new();
        ReplyBody { parts, left: Left::Unknown, exchange: Some(exchange), checkpoint }
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let body = &mut *self;
        if let (true, Left::Unknown, Some(exchange)) =
            (body.parts.is_empty(), &body.left, &mut body.exchange)
            && !ready!(exchange.poll_parts(cx, &mut body.parts))?
        {
            return Poll::Ready(None);
        }
        let Some(bytes) = gather(&mut body.parts) else { return Poll::Ready(None) };
        if let Left::Bytes(left) = &mut body.left {
            *left -= bytes.len();
        }
        if let Some(exchange) = &mut body.exchange {
            // What was taken before has been sent, or is about to be.
            if exchange.sent >= SENT_BYTES_MIN {
                exchange.report_sent();
            }
            exchange.sent += bytes.len();
        }
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.left, Left::Bytes(0))
    }

    fn size_hint(&self) -> SizeHint {
        match self.left {
            Left::Bytes(left) => SizeHint::with_exact(left as u64),
            Left::Unknown => SizeHint::default(),
        }
    }
}

impl Drop for ReplyBody {
    fn drop(&mut self) {
        self.checkpoint.responded();
    }
}

/// Takes as many parts as are worth copying into one, or else the first as it is.
fn gather(parts: &mut VecDeque<Bytes>) -> Option<Bytes> {
    let mut bytes = 0;
    let joined = parts
        .iter()
        .take_while(|part| {
            bytes += part.len();
            bytes <= JOINED_BYTES_MAX
        })
        .count();
    if joined < 2 {
        return parts.pop_front();
    }
    let mut whole = BytesMut::with_capacity(parts.iter().take(joined).map(Bytes::len).sum());
    parts.drain(..joined).for_each(|part| whole.extend_from_slice(&part));
    Some(whole.freeze())
}

/// Up to here one copy costs less than another frame.
const JOINED_BYTES_MAX: usize = 16 * 1024;

/// As long as more is to be sent, fewer bytes are not worth the engine's lock.
const SENT_BYTES_MIN: usize = 64 * 1024;

#[cfg(test)]
mod tests;
