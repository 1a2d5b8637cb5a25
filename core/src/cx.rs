//! The context for handling one input of the engine.
//!
//! Owns: what bridges and sessions may use of the engine: the time, the limits, the exchanges, and
//! the actions so far. Never: a session or a child.

mod evictable;
mod exchanges;
mod log_rate_limiter;
mod spawn_backoff;
mod upstream;
mod writer;

use std::collections::VecDeque;
use std::sync::Arc;

use crate::chunk::Chunk;
use crate::http::{ClientSlot, ReplyHead};
use crate::ids::{ChildId, ExchangeId, SessionId};
use crate::json::Message;
use crate::legacy_facade::ToWorker;
use crate::limits::Limits;
use crate::machine::{Action, Actions};
use crate::memory::{Account, Memory};
use crate::modern::ownership::TaskOwners;
use crate::observe::{Answered, Event, Level, Metrics, RequestLog, SeriesId};
use crate::random::Rng;
use crate::reject::Reject;
use crate::server::Changed;
use crate::time::{Duration, Instant};

pub(crate) use evictable::{Evictable, Loss};
pub(crate) use exchanges::{Exchanges, Owner, Transport};
pub(crate) use log_rate_limiter::{LogRateLimiter, Verdict};
pub(crate) use spawn_backoff::{CHILD_TIME_FACTOR, SpawnBackoff};
pub(crate) use upstream::Upstream;

/// The counters of ids, and the output of sessions for workers.
#[derive(Debug, Default)]
pub(crate) struct IdAllocator {
    last_child: u64,
    pub(crate) last_upstream: u64,
    /// The output of facades for the shared modern child, oldest first.
    pub(crate) to_workers: VecDeque<(SessionId, ToWorker)>,
}

impl IdAllocator {
    /// Returns the id of the next child.
    pub(crate) fn next_child(&mut self) -> ChildId {
        self.last_child += 1;
        ChildId(self.last_child)
    }
}

/// The length from which replies are accounted for until the transport has accepted them. Shorter
/// ones are limited by the number of connections.
const RECEIPT_BYTES_MIN: usize = 16 * 1024;

/// The pause before a server in this process continues, so that others get a turn in between.
pub(crate) const TURN_PAUSE: Duration = Duration::from_millis(1);

/// The context for handling one input: the time, the limits, and the output of actions.
pub(crate) struct Cx<'a> {
    pub(crate) now: Instant,
    pub(crate) limits: &'a Limits,
    pub(crate) memory: &'a Memory,
    /// The account of the client whose request this turn handles.
    pub(crate) account: Option<&'a Account>,
    pub(crate) log_level: Level,
    pub(crate) log_limiter: &'a mut LogRateLimiter,
    pub(crate) requests: &'a RequestLog,
    pub(crate) out: &'a mut Actions,
    pub(crate) metrics: &'a mut Metrics,
    pub(crate) upstream: &'a Upstream,
    /// The current wall-clock time.
    pub(crate) unix_time: Duration,
    pub(crate) rng: &'a Arc<Rng>,
    pub(crate) exchanges: &'a mut Exchanges,
    pub(crate) spawn_backoff: &'a mut SpawnBackoff,
    pub(crate) id_allocator: &'a mut IdAllocator,
    /// The owners of a modern child's tasks, if principals are verified.
    pub(crate) task_owners: Option<&'a mut TaskOwners>,
    /// Changes made in this turn, for other clients.
    pub(crate) changes: Vec<Changed>,
    /// The earliest deadline set in this turn.
    pub(crate) wake_at: Instant,
}

impl Cx<'_> {
    /// Returns a number for a request to a child without a session: its JSON-RPC id there, its
    /// progress token and, for a `subscriptions/listen`, its subscription's id. It is unique over
    /// all such children and never reused.
    pub(crate) fn next_upstream(&mut self) -> u64 {
        self.id_allocator.last_upstream += 1;
        self.id_allocator.last_upstream
    }

    /// Reserves this many such numbers; returns the one before the first.
    pub(crate) fn reserve_upstream(&mut self, numbers: u64) -> u64 {
        let last = self.id_allocator.last_upstream;
        self.id_allocator.last_upstream += numbers;
        last
    }

    /// Returns the last such number.
    pub(crate) fn last_upstream(&self) -> u64 {
        self.id_allocator.last_upstream
    }

    /// Passes the output of a session's facade to the shared modern child. It is sent at the
    /// end of this turn; the events that follow reach the session as `FromWorker`.
    pub(crate) fn send(&mut self, session: SessionId, what: ToWorker) {
        self.id_allocator.to_workers.push_back((session, what));
    }

    /// Returns the time that a client waits for the answer to its `initialize`.
    pub(crate) fn startup_time(&self) -> Duration {
        self.spawn_backoff.time_max(self.limits)
    }

    /// Sets a timer at `at`.
    pub(crate) fn wake(&mut self, at: Instant) {
        self.wake_at = self.wake_at.min(at);
    }

    /// Makes a cancelled request count for its client for some more time, because its child may
    /// still work on it.
    pub(crate) fn keep_slot(&mut self, slot: Option<&Arc<ClientSlot>>) {
        if let Some(slot) = slot {
            self.exchanges.keep_slot(slot.clone(), self.now + self.limits.cancel_time_max);
        }
    }

    /// Returns the histogram of a request, if a server in this process answers it.
    pub(crate) fn series(&self, request: &Message) -> Option<SeriesId> {
        let method = request.method().unwrap_or_default();
        self.upstream.native().map(|native| native.request_metrics.series(method, request.name()))
    }

    /// Logs that a request exceeded its time limit, if it did.
    pub(crate) fn log_timeout(
        &mut self,
        reject: Reject,
        method: &'static str,
        session: Option<SessionId>,
    ) {
        if let Some((limit, option)) = reject.timeout() {
            self.log(Event::TimedOut { method, session, limit, option });
        }
    }

    /// Logs an event, if it is severe enough and within the rate limit of its kind.
    pub(crate) fn log(&mut self, event: Event) {
        if event.level() < self.log_level {
            return;
        }
        let max = self.limits.log_repeats_per_second;
        match self.log_limiter.admit(&event, self.now, max) {
            Verdict::Skip => return,
            Verdict::Log => {}
            Verdict::LogAfter(skipped) => self.out.push(Action::Log(skipped)),
        }
        self.out.push(Action::Log(event));
    }

    /// Returns whether events of level info are logged, such as requests and lines of standard
    /// error.
    pub(crate) fn logs_info(&self) -> bool {
        self.log_level <= Level::Info
    }

    /// Logs an answered request, within the rate limit.
    pub(crate) fn log_request(&mut self, describe: impl FnOnce() -> Answered) {
        if self.logs_info() {
            let max = self.limits.log_requests_per_second;
            self.requests.write(self.now, max, describe, |event| self.out.push(Action::Log(event)));
        }
    }

    /// Registers an exchange, or moves it to another owner; it keeps its client's account.
    pub(crate) fn register(&mut self, exchange: ExchangeId, owner: Owner, stream: Option<u64>) {
        match self.exchanges.get_mut(&exchange) {
            Some(transport) => (transport.owner, transport.stream) = (owner, stream),
            None => {
                self.exchanges.insert(exchange, Transport::new(owner, stream, self.account));
            }
        }
    }

    /// Returns whether the client of an exchange may be sent an answer of this size, regardless of
    /// the output that waits for it.
    pub(crate) fn has_room(&self, exchange: ExchangeId, bytes: usize) -> bool {
        let debt = self.exchanges.get(&exchange).and_then(|transport| transport.debt.as_ref());
        !self.memory.is_overdrawn() && debt.is_none_or(|debt| debt.account().has_room(bytes))
    }

    /// Returns whether the client of an exchange has not read most of the output that was sent.
    pub(crate) fn reads_slowly(&self, exchange: ExchangeId) -> bool {
        let unsent = self.exchanges.get(&exchange).map_or(0, |transport| transport.unsent);
        unsent >= self.limits.outbound_bytes_high
    }

    /// Sends a complete answer; returns the bytes that count as on their way until the transport
    /// reports them.
    pub(crate) fn reply(&mut self, exchange: ExchangeId, head: ReplyHead, body: Chunk) -> usize {
        let bytes = body.len();
        let receipt = bytes >= RECEIPT_BYTES_MIN;
        match self.exchanges.get_mut(&exchange) {
            Some(transport) if receipt => {
                transport.stream = None;
                transport.add(bytes);
            }
            _ => {
                self.exchanges.remove(&exchange);
            }
        }
        let receipt = receipt && self.exchanges.contains_key(&exchange);
        self.out.push(Action::Reply { exchange, head, body, receipt });
        if receipt { bytes } else { 0 }
    }

    /// Begins a streamed answer.
    pub(crate) fn begin(&mut self, exchange: ExchangeId, head: ReplyHead) {
        self.out.push(Action::Begin { exchange, head });
    }

    /// Sends bytes of a begun answer; returns the number of bytes on their way.
    pub(crate) fn write(&mut self, exchange: ExchangeId, chunk: Chunk) -> usize {
        let Some(transport) = self.exchanges.get_mut(&exchange) else { return 0 };
        let bytes = chunk.len();
        transport.add(bytes);
        self.out.push(Action::Write { exchange, chunk });
        bytes
    }

    /// Ends a begun answer. The exchange stays registered until the transport reports its end.
    pub(crate) fn finish(&mut self, exchange: ExchangeId) {
        if let Some(transport) = self.exchanges.get_mut(&exchange) {
            transport.stream = None;
        }
        self.out.push(Action::Finish { exchange });
    }
}
