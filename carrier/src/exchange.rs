//! One request's way back: the mailbox the engine fills, and the end that empties it.
//!
//! Owns: what waits to be sent of one exchange; the engine bounds it, by what is reported as sent.
//! Never: looks into what it sends.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use pontoon_core::http::ReplyHead;
use pontoon_core::ids::ExchangeId;
use pontoon_core::machine::{Chunk, Input};

use crate::hub::{Hub, lock};

/// Where the engine's actions about one exchange arrive. Each returns whom to wake.
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

/// How an exchange is answered.
#[derive(Debug)]
pub enum Answer {
    /// Whole, and whether the engine wants to know when it has been sent.
    Reply(ReplyHead, Chunk, bool),
    /// By a stream.
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

/// The reading end of a mailbox. Dropping it, because all has been sent or the peer has gone,
/// reports the exchange as closed.
#[derive(Debug)]
pub struct Exchange {
    hub: Arc<Hub>,
    way: Way,
    /// Bytes that the transport took and the engine has not been told of.
    sent: usize,
    /// Whether the engine already knows that it is over.
    settled: bool,
}

/// Where an answer comes from.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "a box would be one allocation more for each answer")]
enum Way {
    /// The engine, which knows the exchange by this number.
    Mailbox(ExchangeId, Arc<Mailbox>),
    /// It is there; none once it has been taken.
    Ready(Option<Answer>),
}

impl Exchange {
    pub(crate) fn new(id: ExchangeId, hub: Arc<Hub>, mailbox: Arc<Mailbox>) -> Self {
        Exchange { hub, way: Way::Mailbox(id, mailbox), sent: 0, settled: false }
    }

    /// An exchange that the engine knows nothing of, and its answer.
    pub(crate) fn answered(hub: &Arc<Hub>, head: ReplyHead, body: Chunk) -> Self {
        let way = Way::Ready(Some(Answer::Reply(head, body, false)));
        Exchange { hub: hub.clone(), way, sent: 0, settled: true }
    }

    /// The engine's answer.
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

    /// Moves to `parts` what has arrived of a stream; `false` at its end.
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

    /// The transport takes so many bytes. What it took before has been sent, or is about to be.
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

/// As long as more is to be sent, fewer bytes are not worth the engine's lock.
const SENT_BYTES_MIN: usize = 64 * 1024;
