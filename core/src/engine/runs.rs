//! Requests to a server in this process that belong to no session and have to wait: for time, for
//! facts, or, on a `subscriptions/listen` stream, for changes.
//!
//! Owns: the runs, each tied to its exchange: when the client disconnects, the run ends. Never: a
//! request that can be answered at once; those do not get here.

use crate::chunk::Chunk;
use crate::cx::{Cx, Owner, TURN_PAUSE};
use crate::engine::timers::Wake;
use crate::engine::{Desk, Engine, WAKE_TIME_MAX, Want};
use crate::facts::Facts;
use crate::frame;
use crate::ids::ExchangeId;
use crate::limits::Limits;
use crate::machine::Actions;
use crate::native::{Moment, Run, Step};
use crate::observe::{Dropped, Event};
use crate::reject::Reject;
use crate::server::Changed;
use crate::time::Instant;

/// A run, with the state of its exchange.
#[derive(Debug)]
pub(super) struct Waiting {
    run: Box<Run>,
    /// The time of the last output.
    quiet_since: Instant,
    /// The earliest timer that the engine has set for it.
    wake_at: Instant,
}

impl Waiting {
    /// Returns whether it is a `subscriptions/listen` stream.
    pub(super) fn listens(&self) -> bool {
        self.run.listens()
    }

    /// Announces a change to its client.
    pub(super) fn change(&mut self, change: &Changed) {
        self.run.change(change);
    }

    /// Sends the available output. Returns whether that was the end.
    fn send(&mut self, exchange: ExchangeId, cx: &mut Cx<'_>) -> bool {
        let unsent = cx.exchanges.get(&exchange).map_or(0, |transport| transport.unsent);
        if unsent >= cx.limits.outbound_bytes_high {
            self.spare(cx);
        }
        let step = self.run.step();
        if self.run.take_short() {
            cx.metrics.refused(Reject::UnreadAnswers);
        }
        match step {
            Step::Wait => false,
            Step::Reply(head, body) => {
                cx.reply(exchange, head, body);
                true
            }
            Step::Stream { begin, events, finish } => {
                if let Some(head) = begin {
                    cx.begin(exchange, head);
                }
                if !events.is_empty() {
                    cx.write(exchange, events);
                    self.quiet_since = cx.now;
                }
                if finish {
                    cx.finish(exchange);
                }
                finish
            }
        }
    }

    /// Reduces the output for a client that does not read: a call loses messages other than
    /// answers; a subscriber loses its stream, so that it does not take old changes for new ones.
    fn spare(&mut self, cx: &mut Cx<'_>) {
        if !self.run.listens() {
            return self.run.forget_messages();
        }
        if self.run.has_said() {
            cx.metrics.dropped(Dropped::Overflow);
            self.run.forget_messages();
            self.run.end_listens();
        }
    }

    /// Sends a comment after a time without output. A waiting request becomes a stream if its
    /// client accepts one, so that proxies do not time out.
    fn keep_alive(&mut self, exchange: ExchangeId, cx: &mut Cx<'_>) {
        if self.quiet_due(cx.limits) <= cx.now {
            if let Some(head) = self.run.begin() {
                cx.begin(exchange, head);
            }
            cx.write(exchange, Chunk::from(frame::comment()));
            self.quiet_since = cx.now;
        }
    }

    fn quiet_due(&self, limits: &Limits) -> Instant {
        match self.run.streams() {
            true => self.quiet_since + limits.keep_alive_period,
            false => Instant::FAR,
        }
    }

    fn next_due(&self, limits: &Limits) -> Instant {
        let given_up = match self.listens() {
            true => Instant::FAR,
            false => self.run.arrived() + limits.request_total_max,
        };
        self.run.next_due().min(given_up).min(self.quiet_due(limits))
    }
}

impl Engine {
    /// Handles a request that [`crate::native::Stateless`] could not answer at once.
    pub(super) fn on_unfinished(
        &mut self,
        exchange: ExchangeId,
        run: Box<Run>,
        now: Instant,
        out: &mut Actions,
    ) {
        self.desk.account = run.account().cloned();
        let holder = run.holder();
        match self.desk.exchanges.check(&holder, &self.desk.config.limits) {
            Ok(()) => self.on_run(exchange, run, now, out),
            Err(reject) => self.refuse_run(exchange, *run, reject, now, out),
        }
        self.desk.exchanges.hold(exchange, holder);
    }

    pub(super) fn on_run(
        &mut self,
        exchange: ExchangeId,
        run: Box<Run>,
        now: Instant,
        out: &mut Actions,
    ) {
        let refused = if self.is_draining() {
            Some(Reject::Draining)
        } else {
            // A `subscriptions/listen` stream is limited by the connection it holds. Counting is
            // skipped while the limit cannot be reached.
            let max = self.desk.config.limits.runs_max;
            let is_full = !run.listens() && self.runs.len() >= max && self.calls_in_runs() >= max;
            is_full.then_some(Reject::TooManyRequests)
        };
        if let Some(reject) = refused {
            return self.refuse_run(exchange, *run, reject, now, out);
        }
        self.desk.cx(now, out).register(exchange, Owner::Run, None);
        let waiting = Waiting { run, quiet_since: now, wake_at: Instant::FAR };
        self.runs.insert(exchange, waiting);
        self.go_on(exchange, now, out);
    }

    pub(super) fn refuse_run(
        &mut self,
        exchange: ExchangeId,
        run: Run,
        reject: Reject,
        now: Instant,
        out: &mut Actions,
    ) {
        self.on_refused(reject, now, out);
        let (head, body) = run.refuse(reject);
        self.answer(exchange, head, body, now, out);
    }

    /// Handles the facts that a run waits for.
    pub(super) fn on_run_sampled(
        &mut self,
        exchange: ExchangeId,
        facts: &Facts,
        now: Instant,
        out: &mut Actions,
    ) {
        let moment = self.desk.moment(now);
        if let Some(waiting) = self.runs.get_mut(&exchange) {
            waiting.run.facts(facts, moment);
        }
        self.go_on(exchange, now, out);
    }

    pub(super) fn on_run_due(
        &mut self,
        exchange: ExchangeId,
        at: Instant,
        now: Instant,
        out: &mut Actions,
    ) {
        // The run has set an earlier timer since, so this entry is stale.
        let Some(waiting) = self.runs.get_mut(&exchange).filter(|it| it.wake_at == at) else {
            return;
        };
        waiting.wake_at = Instant::FAR;
        if waiting.run.next_due() <= now {
            waiting.run.timeout(self.desk.moment(now));
        }
        let is_late = waiting.run.arrived() + self.desk.config.limits.request_total_max <= now;
        if is_late && !waiting.listens() {
            let limit = self.desk.config.limits.request_total_max;
            let method = match (self.desk.upstream.native(), waiting.run.owed_series()) {
                (Some(native), Some(series)) => native.tally.name(series).0,
                _ => "other",
            };
            waiting.run.fail(Reject::RequestTimeout { limit, option: None });
            let event = Event::TimedOut { method, session: None, limit, option: None };
            self.desk.cx(now, out).log(event);
        }
        self.go_on(exchange, now, out);
    }

    /// Ends all `subscriptions/listen` streams, because the server is stopping.
    pub(super) fn end_listening_runs(&mut self, now: Instant, out: &mut Actions) {
        let listening = self.runs.iter().filter(|(_, waiting)| waiting.listens());
        let exchanges: Vec<_> = listening.map(|(exchange, _)| *exchange).collect();
        for exchange in exchanges {
            if let Some(waiting) = self.runs.get_mut(&exchange) {
                waiting.run.end_listens();
            }
            self.go_on(exchange, now, out);
        }
    }

    /// Fails every run.
    pub(super) fn fail_runs(&mut self, reject: Reject, now: Instant, out: &mut Actions) {
        let exchanges: Vec<_> = self.runs.keys().copied().collect();
        for exchange in exchanges {
            if let Some(waiting) = self.runs.get_mut(&exchange) {
                waiting.run.fail(reject);
            }
            self.go_on(exchange, now, out);
        }
    }

    /// Sends the output of a run; unless it is over, sets its next timer.
    pub(super) fn go_on(&mut self, exchange: ExchangeId, now: Instant, out: &mut Actions) {
        let Some(waiting) = self.runs.get_mut(&exchange) else { return };
        if let Some(native) = self.desk.upstream.native() {
            let max = self.desk.config.limits.log_requests_per_second;
            let counts = (&*native.tally, &*self.desk.requests);
            waiting.run.count(counts, (now, max), |event| self.desk.log(event, out));
        }
        let changes = waiting.run.take_changes();
        self.changes.extend(changes.into_iter().map(|change| (change, None)));
        let mut cx = self.desk.cx(now, out);
        if waiting.send(exchange, &mut cx) {
            self.runs.remove(&exchange);
            return;
        }
        waiting.keep_alive(exchange, &mut cx);
        let due = waiting.next_due(cx.limits).clamp(now + TURN_PAUSE, now + WAKE_TIME_MAX);
        if due < waiting.wake_at {
            waiting.wake_at = due;
            self.timers.set(due, Wake::Run(exchange));
        }
        if waiting.run.wants_facts() {
            self.want(Want::Run(exchange), out);
        }
    }

    fn calls_in_runs(&self) -> usize {
        self.runs.values().filter(|waiting| !waiting.listens()).count()
    }

    /// Returns the number of pending requests in runs, without `subscriptions/listen`.
    pub(super) fn waiting_in_runs(&self) -> usize {
        let calls = self.runs.values().filter(|waiting| !waiting.listens());
        calls.map(|waiting| waiting.run.owed()).sum()
    }

    /// Returns the number of exchanges of runs.
    pub(super) fn open_runs(&self) -> usize {
        self.runs.len()
    }
}

impl Desk {
    fn moment(&self, now: Instant) -> Moment<'_> {
        Moment { now, wall: self.wall(now), chance: &self.chance }
    }
}
