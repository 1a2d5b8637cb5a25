//! A request that was submitted, and the way back of its answer.
//!
//! Never: interprets the bytes of an answer.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use pontoon_core::http::{ReplyHead, Request};
use pontoon_core::{Chunk, Engine, ExchangeId, Input, Memory, StatelessOutcome, StatelessServer};

use crate::driver::Driver;
pub use crate::response_slot::Answer;
use crate::response_slot::{ResponseSlot, wait};

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

impl Driver {
    /// Submits a request, and returns the exchange for its answer. A request to a server in this
    /// process that belongs to no session is answered here, without the engine, unless it has to
    /// wait.
    ///
    /// # Errors
    ///
    /// `passes_on` is set, and the request is for the engine that replaces this one
    /// ([`Engine::passes_on`]).
    pub fn open(
        self: &Arc<Self>,
        request: Request,
        passes_on: bool,
    ) -> Result<Exchange, Box<Request>> {
        match &self.stateless {
            Some(stateless) => self.answer_stateless(stateless, request, passes_on),
            None => self.pass_to_engine(request, passes_on),
        }
    }

    /// Not inlined, because a thread keeps each page of its stack that it has used once.
    #[inline(never)]
    fn answer_stateless(
        self: &Arc<Self>,
        stateless: &StatelessServer,
        request: Request,
        passes_on: bool,
    ) -> Result<Exchange, Box<Request>> {
        let (head, body) = match request {
            Request::Post { head, body } if stateless.takes(&head, &body) => (head, body),
            request => return self.pass_to_engine(request, passes_on),
        };
        let (clock, sample) = (|| (self.clock.now(), self.clock.wall()), || self.sample());
        let publish = |change| self.submit([Input::Changed { change }]);
        let log = |event| self.log(event);
        Ok(match stateless.answer(head, &body, clock, sample, log, publish) {
            StatelessOutcome::Reply(head, body) => Exchange::answered(self, head, body),
            StatelessOutcome::Refused(reject, head, body) => {
                self.submit([Input::Refused { reject, detail: None }]);
                Exchange::answered(self, head, body)
            }
            StatelessOutcome::Pending(request) => {
                let input =
                    |_: &Engine, exchange| Some(Input::StatelessPending { exchange, request });
                self.exchange(false, input).expect("there is an input")
            }
        })
    }

    /// Passes a request to the engine, unless that passes it on.
    fn pass_to_engine(
        self: &Arc<Self>,
        mut request: Request,
        passes_on: bool,
    ) -> Result<Exchange, Box<Request>> {
        self.preparation.prepare(&mut request);
        let wants_facts = request.wants_stats(&self.config.serves);
        let (request, mut passed_on) = (Box::new(request), None);
        let input = |engine: &Engine, exchange| {
            if passes_on && engine.passes_on(&request) {
                passed_on = Some(request);
                return None;
            }
            Some(Input::Requested { exchange, request })
        };
        let exchange = self.exchange(wants_facts, input);
        exchange.ok_or_else(|| passed_on.expect("there is an input otherwise"))
    }

    /// Reports a request, and returns the exchange for its answer.
    fn exchange(
        self: &Arc<Self>,
        wants_facts: bool,
        input: impl FnOnce(&Engine, ExchangeId) -> Option<Input>,
    ) -> Option<Exchange> {
        let is_native = self.config.serves.native().is_some();
        let clock_read = is_native.then(|| Input::ClockRead { unix_time: self.clock.wall() });
        let sampled = wants_facts.then(|| Input::Sampled { stats: Box::new(self.sample()) });
        let slot = Arc::new(ResponseSlot::default());
        let inputs = |engine: &Engine, id| {
            Some(clock_read.into_iter().chain(sampled).chain([input(engine, id)?]))
        };
        let way = Way::ResponseSlot(self.add_exchange(&slot, inputs)?, slot);
        Some(Exchange { driver: self.clone(), way, sent: 0, settled: false })
    }
}

impl Exchange {
    /// Creates an exchange with its answer, unknown to the engine.
    pub(crate) fn answered(driver: &Arc<Driver>, head: ReplyHead, body: Chunk) -> Self {
        let way = Way::Ready(Some(Answer::Reply(head, body, false)));
        Exchange { driver: driver.clone(), way, sent: 0, settled: true }
    }

    /// Returns the memory budget that it belongs to.
    pub fn memory(&self) -> &Memory {
        self.driver.memory()
    }

    /// Waits for the engine's answer.
    pub async fn answer(&mut self) -> Answer {
        poll_fn(|cx| self.poll_answer(cx)).await
    }

    /// Polls for the engine's answer.
    pub fn poll_answer(&mut self, cx: &mut Context<'_>) -> Poll<Answer> {
        let slot = match &mut self.way {
            Way::ResponseSlot(_, slot) => slot,
            Way::Ready(answer) => return Poll::Ready(answer.take().expect("it is asked for once")),
        };
        let mut state = slot.lock();
        let Some(answer) = state.answer.take() else { return wait(&mut state, cx) };
        self.settled = matches!(answer, Answer::Reply(_, _, false));
        Poll::Ready(answer)
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

/// The minimum number of bytes to report while more wait, because a report takes the engine's lock.
const SENT_BYTES_MIN: usize = 64 * 1024;
