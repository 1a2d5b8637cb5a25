//! One request's way back: the mailbox the engine fills, and the end that empties it.
//!
//! Owns: what waits to be sent of one exchange; the engine bounds it, by what is reported as sent.
//! Never: looks into what it sends.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::{mem, thread};

use bytes::Bytes;
use pontoon_core::http::ReplyHead;
use pontoon_core::ids::ExchangeId;
use pontoon_core::machine::{Chunk, Input};

use crate::hub::{Hub, Waker, lock};

/// Where the engine's actions about one exchange arrive. Each returns whom to wake.
#[derive(Default)]
pub(crate) struct Mailbox(Mutex<Mail>);

#[derive(Default)]
struct Mail {
    answer: Option<Answer>,
    parts: VecDeque<Bytes>,
    end: End,
    /// Whether the peer has gone: nothing more is waited for.
    deserted: bool,
    reader: Option<Waker>,
}

/// How an exchange is answered.
pub(crate) enum Answer {
    /// Whole, and whether the engine wants to know when it has been sent.
    Reply(ReplyHead, Chunk, bool),
    /// By a stream.
    Begin(ReplyHead),
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
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

    /// The peer has gone.
    pub(crate) fn desert(&self) {
        if let Some(reader) = self.put(|mail| mail.deserted = true) {
            reader.wake();
        }
    }

    fn put(&self, change: impl FnOnce(&mut Mail)) -> Option<Waker> {
        let mut mail = self.lock();
        change(&mut mail);
        mail.reader.take()
    }

    fn lock(&self) -> MutexGuard<'_, Mail> {
        lock(&self.0)
    }

    /// Waits until `take` finds something; `None` when nobody wants it any more.
    fn wait<T>(&self, mut take: impl FnMut(&mut Mail) -> Option<T>) -> Option<T> {
        loop {
            {
                let mut mail = self.lock();
                if let Some(taken) = take(&mut mail) {
                    return Some(taken);
                }
                if mail.deserted || mail.end == End::Aborted {
                    return None;
                }
                mail.reader = Some(Waker::Parked(thread::current()));
            }
            thread::park();
        }
    }
}

/// The reading end of a mailbox. Dropping it reports the exchange as closed.
pub(crate) struct Exchange {
    id: ExchangeId,
    hub: Arc<Hub>,
    mailbox: Arc<Mailbox>,
    /// Bytes that were sent and the engine has not been told of.
    sent: usize,
    /// Whether the engine already knows that it is over.
    settled: bool,
}

impl Exchange {
    pub(crate) fn new(id: ExchangeId, hub: Arc<Hub>, mailbox: Arc<Mailbox>) -> Self {
        Exchange { id, hub, mailbox, sent: 0, settled: false }
    }

    /// Where its answer arrives.
    pub(crate) fn mailbox(&self) -> &Arc<Mailbox> {
        &self.mailbox
    }

    /// The engine's answer; `None` when there will be none, and the connection is to be closed.
    pub(crate) fn answer(&mut self) -> Option<Answer> {
        let answer = self.mailbox.wait(|mail| match mail.end {
            End::Aborted => None,
            _ => mail.answer.take(),
        })?;
        self.settled = matches!(answer, Answer::Reply(_, _, false));
        Some(answer)
    }

    /// Moves to `parts`, which is empty, what has arrived of a stream. Afterwards it is still empty
    /// at the stream's end; `false` if that is no orderly one.
    pub(crate) fn take_parts(&mut self, parts: &mut VecDeque<Bytes>) -> bool {
        if !self.has_arrived() {
            self.report_sent();
        }
        let arrived = self.mailbox.wait(|mail| {
            mem::swap(&mut mail.parts, parts);
            (!parts.is_empty() || mail.end == End::Finished).then_some(())
        });
        arrived.is_some()
    }

    /// Whether [`Exchange::take_parts`] would not wait.
    pub(crate) fn has_arrived(&self) -> bool {
        let mail = self.mailbox.lock();
        !mail.parts.is_empty() || mail.end != End::Open
    }

    /// So many bytes were taken from us.
    pub(crate) fn sent(&mut self, bytes: usize) {
        self.sent += bytes;
        if self.sent >= SENT_BYTES_MIN {
            self.report_sent();
        }
    }

    fn report_sent(&mut self) {
        match mem::take(&mut self.sent) {
            0 => {}
            bytes => self.hub.submit([Input::Sent { exchange: self.id, bytes }]),
        }
    }
}

/// As long as more is to be sent, fewer bytes are not worth the engine's lock.
const SENT_BYTES_MIN: usize = 64 * 1024;

impl Drop for Exchange {
    fn drop(&mut self) {
        if !self.settled {
            self.hub.close(self.id, self.sent);
        }
    }
}
