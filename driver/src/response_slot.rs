//! The slot of an exchange, which the engine fills and the exchange empties.
//!
//! Owns: the bytes that wait to be sent; the engine bounds them by the reported bytes. Never:
//! interprets them.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use pontoon_core::Chunk;
use pontoon_core::http::ReplyHead;

use crate::lock::lock;

/// The destination of the engine's actions for an exchange. Each method returns the task to wake.
#[derive(Debug, Default)]
pub(crate) struct ResponseSlot(Mutex<SlotState>);

#[derive(Debug, Default)]
pub(crate) struct SlotState {
    pub(crate) answer: Option<Answer>,
    pub(crate) parts: VecDeque<Bytes>,
    /// Whether the stream has ended.
    pub(crate) finished: bool,
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

    pub(crate) fn lock(&self) -> MutexGuard<'_, SlotState> {
        lock(&self.0)
    }
}

pub(crate) fn wait<T>(state: &mut SlotState, cx: &Context<'_>) -> Poll<T> {
    match &mut state.reader {
        Some(reader) => reader.clone_from(cx.waker()),
        reader => *reader = Some(cx.waker().clone()),
    }
    Poll::Pending
}
