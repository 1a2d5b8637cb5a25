//! The way back of a request: the slot that the engine fills, and the reader that empties it.
//!
//! Owns: the bytes of an exchange that wait to be sent; the engine bounds them by the reported
//! bytes. Never: interprets them.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use pontoon_core::http::{ClientSlot, ReplyHead};
use pontoon_core::{Chunk, ExchangeId, Input, Memory};

use crate::driver::{Driver, lock};

/// The destination of the engine's actions for an exchange. Each method returns the task to wake.
#[derive(Debug, Default)]
pub(crate) struct ResponseSlot(Mutex<SlotState>);

#[derive(Debug, Default)]
struct SlotState {
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

impl ResponseSlot {
    pub(crate) fn reply(&self, head: ReplyHead, body: Chunk, receipt: bool) -> Option<Waker> {
        self.put(|state| state.answer = Some(Answer::Reply(head, body, receipt)))
    }

    pub(crate) fn begin(&self, head: ReplyHead) -> Option<Waker> {
        self.put(|state| state.answer = Some(Answer::Begin(head)))
    }

    pub(crate) fn write(&self, chunk: Chunk) -> Option<Waker> {
        self.put(|state| state.parts.extend(chunk))
    }

    pub(crate) fn finish(&self) -> Option<Waker> {
        self.put(|state| state.finished = true)
    }

    fn put(&self, change: impl FnOnce(&mut SlotState)) -> Option<Waker> {
        let mut state = self.lock();
        change(&mut state);
        state.reader.take()
    }

    fn lock(&self) -> MutexGuard<'_, SlotState> {
        lock(&self.0)
    }
}

/// The reading end of a slot. Dropping it, because everything was sent or the peer has
/// disconnected, reports the exchange as closed.
#[derive(Debug)]
pub struct Exchange {
    driver: Arc<Driver>,
    way: Way,
    /// Bytes that the transport accepted and that are not reported yet.
    sent: usize,
    /// Whether the engine already knows that it is over.
    settled: bool,
    /// Its request's place among those of the client in progress.
    client_slot: Option<Arc<ClientSlot>>,
}

/// The source of an answer.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "a box would be one allocation more for each answer")]
enum Way {
    /// The engine, with its number for the exchange.
    ResponseSlot(ExchangeId, Arc<ResponseSlot>),
    /// An available answer; `None` once it has been taken.
    Ready(Option<Answer>),
}

impl Exchange {
    pub(crate) fn new(id: ExchangeId, driver: Arc<Driver>, slot: Arc<ResponseSlot>) -> Self {
        let way = Way::ResponseSlot(id, slot);
        Exchange { driver, way, sent: 0, settled: false, client_slot: None }
    }

    /// Creates an exchange with its answer, unknown to the engine.
    pub(crate) fn answered(driver: &Arc<Driver>, head: ReplyHead, body: Chunk) -> Self {
        let way = Way::Ready(Some(Answer::Reply(head, body, false)));
        Exchange { driver: driver.clone(), way, sent: 0, settled: true, client_slot: None }
    }

    /// Keeps the place of its request until it is dropped.
    pub(crate) fn holding(mut self, client_slot: Option<Arc<ClientSlot>>) -> Self {
        self.client_slot = client_slot;
        self
    }

    /// Returns the memory budget that it belongs to.
    pub fn memory(&self) -> &Memory {
        self.driver.memory()
    }

    /// Waits for the engine's answer.
    pub async fn answer(&mut self) -> Answer {
        let slot = match &mut self.way {
            Way::ResponseSlot(_, slot) => slot,
            Way::Ready(answer) => return answer.take().expect("it is asked for once"),
        };
        let answer = poll_fn(|cx| {
            let mut state = slot.lock();
            match state.answer.take() {
                Some(answer) => Poll::Ready(answer),
                None => wait(&mut state, cx),
            }
        })
        .await;
        self.settled = matches!(answer, Answer::Reply(_, _, false));
        answer
    }

    /// Takes the answer, if it is available, complete, and so short that it needs no receipt.
    pub fn take_short(&mut self) -> Option<Answer> {
        let Way::ResponseSlot(_, slot) = &self.way else { return None };
        let is_short = |answer: &mut Answer| matches!(answer, Answer::Reply(_, _, false));
        let answer = slot.lock().answer.take_if(is_short)?;
        self.settled = true;
        Some(answer)
    }

    /// Moves the available parts of a stream to `parts`; `false` at its end.
    pub fn poll_parts(&mut self, cx: &mut Context<'_>, parts: &mut VecDeque<Bytes>) -> Poll<bool> {
        let Way::ResponseSlot(_, slot) = &self.way else { return Poll::Ready(false) };
        let arrived = {
            let mut state = slot.lock();
            mem::swap(&mut state.parts, parts);
            match (parts.is_empty(), state.finished) {
                (false, _) => Poll::Ready(true),
                (true, true) => Poll::Ready(false),
                (true, false) => wait(&mut state, cx),
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
            (&Way::ResponseSlot(exchange, _), bytes) => {
                self.driver.submit([Input::Sent { exchange, bytes }]);
            }
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if let (&Way::ResponseSlot(id, _), false) = (&self.way, self.settled) {
            self.driver.close(id, self.sent);
        }
    }
}

fn wait<T>(state: &mut SlotState, cx: &Context<'_>) -> Poll<T> {
    match &mut state.reader {
        Some(reader) => reader.clone_from(cx.waker()),
        reader => *reader = Some(cx.waker().clone()),
    }
    Poll::Pending
}

/// The minimum number of bytes to report while more wait, because a report takes the engine's lock.
const SENT_BYTES_MIN: usize = 64 * 1024;
