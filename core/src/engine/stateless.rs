//! Requests to a server in this process that belong to no session and have to wait: for time, for
//! statistics of the host, or, on a `subscriptions/listen` stream, for changes.
//!
//! Owns: the requests, each tied to its exchange: when the client disconnects, the request ends.
//! Never: a request that can be answered at once; those do not get here.

use crate::cx::{Cx, Owner, TURN_PAUSE};
use crate::engine::timers::Timer;
use crate::engine::{Engine, Shared, StatsWaiter, WAKE_TIME_MAX};
use crate::ids::ExchangeId;
use crate::job::{Checkout, Job, Work};
use crate::limits::Limits;
use crate::machine::Action;
use crate::native::{
    Continuation, Serving, StatelessCx, StatelessInput, StatelessOutcome, StatelessOutput,
    StatelessRequest,
};
use crate::observe::{Dropped, Event};
use crate::reject::Reject;
use crate::time::Instant;

/// A request, with the state of its exchange.
#[derive(Debug)]
pub(super) struct PendingStateless {
    /// The request, which a job has while it does more than a little.
    checkout: Checkout<StatelessRequest, StatelessInput>,
    arrived: Instant,
    /// Whether it is a `subscriptions/listen` stream, as last known.
    is_subscription: bool,
    /// The number of its requests in progress, as last known.
    owed: usize,
    /// The earliest timer that the engine has set for it.
    wake_at: Instant,
}

impl PendingStateless {
    fn new(
        checkout: Checkout<StatelessRequest, StatelessInput>,
        arrived: Instant,
    ) -> PendingStateless {
        let mut waiting = PendingStateless {
            checkout,
            arrived,
            is_subscription: false,
            owed: 1,
            wake_at: Instant::FAR,
        };
        waiting.note();
        waiting
    }

    /// Updates what is known of the request while a job has it.
    fn note(&mut self) {
        if let Some(request) = self.checkout.get() {
            (self.is_subscription, self.owed) =
                (request.is_subscription(), request.pending_responses());
        }
    }

    /// Returns whether it is a `subscriptions/listen` stream.
    pub(super) fn is_subscription(&self) -> bool {
        self.is_subscription
    }

    /// Adds an input.
    pub(super) fn push(&mut self, input: StatelessInput) {
        self.checkout.push(input, 0);
    }

    /// Lets the request handle its next input, if there is one and no job has the request. Returns
    /// whether it did. Code of the server is run by a job, and so is the making of a long output.
    fn advance(&mut self, exchange: ExchangeId, cx: &mut Cx<'_>) -> bool {
        let Some((input, _)) = self.checkout.next() else { return false };
        let is_slow = cx.reads_slowly(exchange);
        let (now, unix_time) = (cx.now, cx.unix_time);
        let said = self.checkout.get().map_or(0, StatelessRequest::said_bytes);
        if !input.is_for_server() && said <= cx.limits.inline_bytes_max {
            if let Some(request) = self.checkout.get_mut() {
                request.advance(input, is_slow, StatelessCx { now, unix_time, rng: cx.rng });
            }
            return true;
        }
        let Some(request) = self.checkout.check_out(exchange.0) else { return false };
        let (input, rng) = (Some((input, is_slow)), cx.rng.clone());
        let work = Continuation { exchange, request, input, now, unix_time, rng };
        cx.out.push(Action::Work(Job(Work::Continue(Box::new(work)))));
        false
    }

    /// Sends the available output. Returns whether that was the end.
    fn send(&mut self, exchange: ExchangeId, cx: &mut Cx<'_>) -> bool {
        let Some(request) = self.checkout.get_mut() else { return false };
        if request.take_overflow() {
            cx.metrics.dropped(Dropped::Overflow);
        }
        if request.take_memory_shortage() {
            cx.metrics.refused(Reject::UnreadAnswers);
        }
        match request.take_ready() {
            None => false,
            Some(StatelessOutput::Reply(head, body)) => {
                cx.reply(exchange, head, body);
                true
            }
            Some(StatelessOutput::Stream { begin, events, finish }) => {
                if let Some(head) = begin {
                    cx.begin(exchange, head);
                }
                if !events.is_empty() {
                    cx.write(exchange, events);
                }
                if finish {
                    cx.finish(exchange);
                }
                finish
            }
        }
    }

    /// Sends a comment after a time without output.
    fn keep_alive(&mut self, exchange: ExchangeId, cx: &mut Cx<'_>) {
        if let Some(request) = self.checkout.get_mut() {
            request.keep_alive(cx.limits.keep_alive_period, cx.now);
            self.send(exchange, cx);
        }
    }

    /// Returns when something is due; not while a job has the request.
    fn next_due(&self, limits: &Limits) -> Instant {
        let Some(request) = self.checkout.get() else { return Instant::FAR };
        let given_up = match self.is_subscription {
            true => Instant::FAR,
            false => self.arrived + limits.request_total_max,
        };
        request.next_due().min(given_up).min(request.keep_alive_due(limits.keep_alive_period))
    }
}

impl Engine {
    /// Handles a request that [`crate::native::StatelessServer`] could not answer at once.
    pub(super) fn on_stateless_pending(
        &mut self,
        exchange: ExchangeId,
        request: Box<StatelessRequest>,
    ) {
        self.shared.account = request.account().cloned();
        let holder = request.holder();
        match self.shared.exchanges.check(&holder, &self.shared.config.limits) {
            Ok(()) => self.admit_stateless(exchange, request),
            Err(reject) => self.refuse_stateless(exchange, *request, reject),
        }
        self.shared.exchanges.hold(exchange, holder);
    }

    pub(super) fn admit_stateless(&mut self, exchange: ExchangeId, request: Box<StatelessRequest>) {
        let refused = if self.is_draining() {
            Some(Reject::Draining)
        } else {
            // A `subscriptions/listen` stream is limited by the connection it holds. Counting is
            // skipped while the limit cannot be reached.
            let max = self.shared.config.limits.requests_max;
            let is_full = !request.is_subscription()
                && self.stateless_requests.len() >= max
                && self.stateless_calls() >= max;
            is_full.then_some(Reject::TooManyRequests)
        };
        if let Some(reject) = refused {
            return self.refuse_stateless(exchange, *request, reject);
        }
        self.shared.cx().register(exchange, Owner::Stateless, None);
        let arrived = request.arrived();
        let mut waiting = PendingStateless::new(Checkout::new(request), arrived);
        waiting.push(StatelessInput::Nothing);
        self.stateless_requests.insert(exchange, waiting);
        self.advance_stateless(exchange);
    }

    /// Has a job answer a request that the adapter did not answer outside the engine.
    pub(super) fn serve(&mut self, serving: Serving) {
        let now = self.shared.now;
        let exchange = serving.exchange;
        self.shared.cx().register(exchange, Owner::Stateless, None);
        self.stateless_requests
            .insert(exchange, PendingStateless::new(Checkout::away(exchange.0), now));
        self.shared.out.push(Action::Work(Job(Work::Serve(Box::new(serving)))));
    }

    /// Handles the answer of such a job, if the client still waits.
    pub(super) fn on_served(&mut self, serving: Serving, served: StatelessOutcome) {
        let Serving { exchange, events, changes, .. } = serving;
        self.shared.out.extend(events.into_iter().map(Action::Log));
        self.changes.extend(changes.into_iter().map(|change| (change, None)));
        if self.stateless_requests.remove(&exchange).is_none() {
            return self.shared.out.push(Action::discard(served));
        }
        match served {
            StatelessOutcome::Reply(head, body) => self.answer(exchange, head, body),
            StatelessOutcome::Refused(reject, head, body) => {
                self.on_refused(reject);
                self.answer(exchange, head, body);
            }
            StatelessOutcome::Pending(request) => self.admit_stateless(exchange, request),
        }
    }

    /// Takes a request back from its job, if its client still waits.
    pub(super) fn on_continued(&mut self, work: Continuation) {
        let Continuation { exchange, request, .. } = work;
        match self.stateless_requests.get_mut(&exchange) {
            Some(waiting) => drop(waiting.checkout.check_in(exchange.0, request)),
            None => self.shared.out.push(Action::discard(request)),
        }
        self.advance_stateless(exchange);
    }

    pub(super) fn refuse_stateless(
        &mut self,
        exchange: ExchangeId,
        request: StatelessRequest,
        reject: Reject,
    ) {
        self.on_refused(reject);
        let (head, body) = request.refuse(reject);
        self.answer(exchange, head, body);
    }

    /// Passes an input to a request.
    pub(super) fn resume_stateless(&mut self, exchange: ExchangeId, input: StatelessInput) {
        if let Some(waiting) = self.stateless_requests.get_mut(&exchange) {
            waiting.push(input);
            self.advance_stateless(exchange);
        }
    }

    /// Passes an input to all requests, or to all `subscriptions/listen` streams.
    pub(super) fn resume_all_stateless(
        &mut self,
        only_listening: bool,
        input: impl Fn() -> StatelessInput,
    ) {
        let requests = self
            .stateless_requests
            .iter()
            .filter(|(_, waiting)| waiting.is_subscription || !only_listening);
        let exchanges: Vec<_> = requests.map(|(exchange, _)| *exchange).collect();
        for exchange in exchanges {
            self.resume_stateless(exchange, input());
        }
    }

    pub(super) fn on_stateless_due(&mut self, exchange: ExchangeId, at: Instant) {
        let now = self.shared.now;
        // The request has set an earlier timer since, so this entry is stale.
        let Some(waiting) =
            self.stateless_requests.get_mut(&exchange).filter(|it| it.wake_at == at)
        else {
            return;
        };
        waiting.wake_at = Instant::FAR;
        if waiting.checkout.get().is_some_and(|request| request.next_due() <= now) {
            waiting.push(StatelessInput::Timeout);
        }
        let limit = self.shared.config.limits.request_total_max;
        if waiting.arrived + limit <= now && !waiting.is_subscription {
            waiting.push(StatelessInput::Fail(Reject::RequestTimeout { limit, option: None }));
        }
        self.advance_stateless(exchange);
    }

    /// Lets a request handle the inputs that wait for it, and sends its output; unless it is over,
    /// sets its next timer.
    fn advance_stateless(&mut self, exchange: ExchangeId) {
        let now = self.shared.now;
        loop {
            self.count_answers(exchange);
            let Some(waiting) = self.stateless_requests.get_mut(&exchange) else { return };
            let mut cx = self.shared.cx();
            if waiting.send(exchange, &mut cx) {
                self.stateless_requests.remove(&exchange);
                return;
            }
            waiting.note();
            if !waiting.advance(exchange, &mut cx) {
                break;
            }
        }
        let Some(waiting) = self.stateless_requests.get_mut(&exchange) else { return };
        let mut cx = self.shared.cx();
        waiting.keep_alive(exchange, &mut cx);
        let due = waiting.next_due(cx.limits);
        let due = due.clamp(now + TURN_PAUSE, now + WAKE_TIME_MAX);
        if due < waiting.wake_at {
            waiting.wake_at = due;
            self.timers.set(due, Timer::Stateless(exchange));
        }
        if waiting.checkout.get().is_some_and(StatelessRequest::wants_stats) {
            self.wait_for_stats(StatsWaiter::Stateless(exchange));
        }
    }

    /// Counts the answers of a request and takes its changes, if no job has it.
    fn count_answers(&mut self, exchange: ExchangeId) {
        let waiting = self.stateless_requests.get_mut(&exchange);
        let Some(request) = waiting.and_then(|waiting| waiting.checkout.get_mut()) else { return };
        let Shared { now, upstream, config, requests, out, .. } = &mut self.shared;
        if let Some(native) = upstream.native() {
            let max = config.limits.log_requests_per_second;
            let counts = (&*native.request_metrics, &**requests);
            request.count(counts, (*now, max), |event| {
                if event.level() >= config.log_level {
                    out.push(Action::Log(event));
                }
            });
        }
        if let Some((limit, series)) = request.take_timeout() {
            let native = self.shared.upstream.native();
            let method = native.map_or("other", |native| native.request_metrics.name(series).0);
            let event = Event::TimedOut { method, session: None, limit, option: None };
            self.shared.cx().log(event);
        }
        let changes = request.take_changes();
        self.changes.extend(changes.into_iter().map(|change| (change, None)));
    }

    fn stateless_calls(&self) -> usize {
        self.stateless_requests.values().filter(|waiting| !waiting.is_subscription()).count()
    }

    /// Returns the number of pending requests, without `subscriptions/listen`.
    pub(super) fn stateless_in_flight(&self) -> usize {
        let calls = self.stateless_requests.values().filter(|waiting| !waiting.is_subscription());
        calls.map(|waiting| waiting.owed).sum()
    }

    /// Returns the number of open exchanges.
    pub(super) fn open_stateless(&self) -> usize {
        self.stateless_requests.len()
    }
}
