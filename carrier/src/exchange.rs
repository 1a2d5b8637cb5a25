//! The way back of a request: the mailbox that the engine fills, and the reader that empties it.
//!
//! Owns: the bytes of an exchange that wait to be sent; the engine bounds them by the reported
//! bytes. Never: interprets them.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use pontoon_core::chunk::Chunk;
use pontoon_core::http::ReplyHead;
use pontoon_core::ids::ExchangeId;
use pontoon_core::machine::Input;

use crate::hub::{Hub, lock};

/// The destination of the engine's actions for an exchange. Each method returns the task to wake.
#[derive(Debug, Default)]
pub(crate) struct Mailbox(Mutex<Mail>);

#[derive(Debug, Default)]
struct Mail {
    answer: Option<Answer>,
    parts: VecDeque<Bytes>,
    /// Whether the stream has ended.
    finished: bool,
    reader: Option<Waker>,
}

/// The answer of an exchange.
#[derive(Debug)]
pub enum Answer {
    /// A whole answer, and whether the engine needs to know when it has been sent.
    Reply(ReplyHead, Chunk, bool),
    /// The head of a stream.
    Begin(ReplyHead),
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
        self.put(|mail| mail.finished = true)
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

/// The reading end of a mailbox. Dropping it, because everything was sent or the peer has
/// disconnected, reports the exchange as closed.
#[derive(Debug)]
pub struct Exchange {
    hub: Arc<Hub>,
    way: Way,
    /// Bytes that the transport accepted and that are not reported yet.
    sent: usize,
    /// Whether the engine already knows that it is over.
    settled: bool,
}

/// The source of an answer.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "a box would be one allocation more for each answer")]
enum Way {
    /// The engine, with its number for the exchange.
    Mailbox(ExchangeId, Arc<Mailbox>),
    /// An available answer; `None` once it has been taken.
    Ready(Option<Answer>),
}

impl Exchange {
    pub(crate) fn new(id: ExchangeId, hub: Arc<Hub>, mailbox: Arc<Mailbox>) -> Self {
        Exchange { hub, way: Way::Mailbox(id, mailbox), sent: 0, settled: false }
    }

    /// Creates an exchange with its answer, unknown to the engine.
    pub(crate) fn answered(hub: &Arc<Hub>, head: ReplyHead, body: Chunk) -> Self {
        let way = Way::Ready(Some(Answer::Reply(head, body, false)));
        Exchange { hub: hub.clone(), way, sent: 0, settled: true }
    }

    /// Waits for the engine's answer.
    pub async fn answer(&mut self) -> Answer {
        let mailbox = match &mut self.way {
            Way::Mailbox(_, mailbox) => mailbox,
            Way::Ready(answer) => return answer.take().expect("it is asked for once"),
        };
        let answer = poll_fn(|cx| {
            let mut mail = mailbox.lock();
            match mail.answer.take() {
                Some(answer) => Poll::Ready(answer),
                None => wait(&mut mail, cx),
            }
        })
        .await;
        self.settled = matches!(answer, Answer::Reply(_, _, false));
        answer
    }

    /// Takes the answer, if it is available, complete, and so short that it needs no receipt.
    pub fn take_short(&mut self) -> Option<Answer> {
        let Way::Mailbox(_, mailbox) = &self.way else { return None };
        let is_short = |answer: &mut Answer| matches!(answer, Answer::Reply(_, _, false));
        let answer = mailbox.lock().answer.take_if(is_short)?;
        self.settled = true;
        Some(answer)
    }

    /// Moves the available parts of a stream to `parts`; `false` at its end.
    pub fn poll_parts(&mut self, cx: &mut Context<'_>, parts: &mut VecDeque<Bytes>) -> Poll<bool> {
        let Way::Mailbox(_, mailbox) = &self.way else { return Poll::Ready(false) };
        let arrived = {
            let mut mail = mailbox.lock();
            mem::swap(&mut mail.parts, parts);
            match (parts.is_empty(), mail.finished) {
                (false, _) => Poll::Ready(true),
                (true, true) => Poll::Ready(false),
                (true, false) => wait(&mut mail, cx),
            }
        };
        if arrived.is_pending() {
            self.report_sent();
        }
        arrived
    }

    /// Records that the transport accepts this many bytes, and so has sent, or is about to send,
    /// those before.
    pub fn taken(&mut self, bytes: usize) {
        if self.sent >= SENT_BYTES_MIN {
            self.report_sent();
        }
        self.sent += bytes;
    }

    fn report_sent(&mut self) {
        match (&self.way, mem::take(&mut self.sent)) {
            (Way::Ready(_), _) | (_, 0) => {}
            (&Way::Mailbox(exchange, _), bytes) => {
                self.hub.submit([Input::Sent { exchange, bytes }]);
            }
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if let (&Way::Mailbox(id, _), false) = (&self.way, self.settled) {
            self.hub.close(id, self.sent);
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

/// The minimum number of bytes to report while more wait, because a report takes the engine's lock.
const SENT_BYTES_MIN: usize = 64 * 1024;
