//! Requests to a server in this process that belong to no session and have to wait: for time, for
//! facts, or, on a `subscriptions/listen` stream, for changes.
//!
//! Owns: the runs, each tied to its exchange: when the client disconnects, the run ends. Never: a
//! request that can be answered at once; those do not get here.

use crate::chunk::Chunk;
use crate::cx::{Cx, Owner, TURN_PAUSE};
use crate::engine::timers::Wake;
use crate::engine::{Engine, WAKE_TIME_MAX, Want};
use crate::frame;
use crate::ids::ExchangeId;
use crate::job::{Checkout, Job, Work};
use crate::limits::Limits;
use crate::machine::{Action, Actions};
use crate::native::{Continuation, Moment, Run, Served, Serving, Step, ToRun};
use crate::observe::{Dropped, Event};
use crate::reject::Reject;
use crate::time::Instant;

/// A run, with the state of its exchange.
#[derive(Debug)]
pub(super) struct Waiting {
    /// The run, which a job has while it does more than a little.
    checkout: Checkout<Run, ToRun>,
    arrived: Instant,
    /// Whether it is a `subscriptions/listen` stream, as last known.
    listens: bool,
    /// The number of its requests in progress, as last known.
    owed: usize,
    /// The time of the last output.
    quiet_since: Instant,
    /// The earliest timer that the engine has set for it.
    wake_at: Instant,
}

impl Waiting {
    fn new(checkout: Checkout<Run, ToRun>, (arrived, now): (Instant, Instant)) -> Waiting {
        let mut waiting = Waiting {
            checkout,
            arrived,
            listens: false,
            owed: 1,
            quiet_since: now,
            wake_at: Instant::FAR,
        };
        waiting.note();
        waiting
    }

    /// Updates what is known of the run while a job has it.
    fn note(&mut self) {
        if let Some(run) = self.checkout.get() {
            (self.listens, self.owed) = (run.listens(), run.owed());
        }
    }

    /// Returns whether it is a `subscriptions/listen` stream.
    pub(super) fn listens(&self) -> bool {
        self.listens
    }

    /// Adds an input.
    pub(super) fn push(&mut self, input: ToRun) {
        self.checkout.push(input, 0);
    }

    /// Lets the run handle its next input, if there is one and no job has the run. Returns whether
    /// it did. Code of the server is run by a job, and so is the making of a long output.
    fn advance(&mut self, exchange: ExchangeId, cx: &mut Cx<'_>) -> bool {
        let Some((input, _)) = self.checkout.next() else { return false };
        let unsent = cx.exchanges.get(&exchange).map_or(0, |transport| transport.unsent);
        let is_slow = unsent >= cx.limits.outbound_bytes_high;
        let (now, wall) = (cx.now, cx.wall);
        let said = self.checkout.get().map_or(0, Run::said_bytes);
        if !input.is_for_server() && said <= cx.limits.inline_bytes_max {
            if let Some(run) = self.checkout.get_mut() {
                run.advance(input, is_slow, Moment { now, wall, chance: cx.chance });
            }
            return true;
        }
        let Some(run) = self.checkout.check_out(exchange.0) else { return false };
        let (input, chance) = (Some((input, is_slow)), cx.chance.clone());
        let work = Continuation { exchange, run, input, now, wall, chance };
        cx.out.push(Action::Work(Job(Work::Continue(Box::new(work)))));
        false
    }

    /// Sends the available output. Returns whether that was the end.
    fn send(&mut self, exchange: ExchangeId, cx: &mut Cx<'_>) -> bool {
        let Some(run) = self.checkout.get_mut() else { return false };
        if run.take_overflow() {
            cx.metrics.dropped(Dropped::Overflow);
        }
        if run.take_short() {
            cx.metrics.refused(Reject::UnreadAnswers);
        }
        match run.take_ready() {
            None | Some(Step::Wait) => false,
            Some(Step::Reply(head, body)) => {
                cx.reply(exchange, head, body);
                true
            }
            Some(Step::Stream { begin, events, finish }) => {
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

    /// Sends a comment after a time without output. A waiting request becomes a stream if its
    /// client accepts one, so that proxies do not time out.
    fn keep_alive(&mut self, exchange: ExchangeId, cx: &mut Cx<'_>) {
        if self.quiet_due(cx.limits) <= cx.now {
            if let Some(head) = self.checkout.get_mut().and_then(Run::begin) {
                cx.begin(exchange, head);
            }
            cx.write(exchange, Chunk::from(frame::comment()));
            self.quiet_since = cx.now;
        }
    }

    fn quiet_due(&self, limits: &Limits) -> Instant {
        match self.checkout.get().is_some_and(Run::streams) {
            true => self.quiet_since + limits.keep_alive_period,
            false => Instant::FAR,
        }
    }

    /// Returns when something is due; not while a job has the run.
    fn next_due(&self, limits: &Limits) -> Instant {
        let Some(run) = self.checkout.get() else { return Instant::FAR };
        let given_up = match self.listens {
            true => Instant::FAR,
            false => self.arrived + limits.request_total_max,
        };
        run.next_due().min(given_up).min(self.quiet_due(limits))
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
        let arrived = run.arrived();
        let mut waiting = Waiting::new(Checkout::new(run), (arrived, now));
        waiting.push(ToRun::Nothing);
        self.runs.insert(exchange, waiting);
        self.go_on(exchange, now, out);
    }

    /// Has a job answer a request that the adapter did not answer outside the engine.
    pub(super) fn serve(&mut self, serving: Serving, now: Instant, out: &mut Actions) {
        let exchange = serving.exchange;
        self.desk.cx(now, out).register(exchange, Owner::Run, None);
        self.runs.insert(exchange, Waiting::new(Checkout::away(exchange.0), (now, now)));
        out.push(Action::Work(Job(Work::Serve(Box::new(serving)))));
    }

    /// Handles the answer of such a job, if the client still waits.
    pub(super) fn on_served(
        &mut self,
        serving: Serving,
        served: Served,
        now: Instant,
        out: &mut Actions,
    ) {
        let Serving { exchange, events, changes, .. } = serving;
        out.extend(events.into_iter().map(Action::Log));
        self.changes.extend(changes.into_iter().map(|change| (change, None)));
        if self.runs.remove(&exchange).is_none() {
            return out.push(Action::discard(served));
        }
        match served {
            Served::Reply(head, body) => self.answer(exchange, head, body, now, out),
            Served::Refused(reject, head, body) => {
                self.on_refused(reject, now, out);
                self.answer(exchange, head, body, now, out);
            }
            Served::Unfinished(run) => self.on_run(exchange, run, now, out),
        }
    }

    /// Takes a run back from its job, if its client still waits.
    pub(super) fn on_continued(&mut self, work: Continuation, now: Instant, out: &mut Actions) {
        let Continuation { exchange, run, .. } = work;
        match self.runs.get_mut(&exchange) {
            Some(waiting) => drop(waiting.checkout.check_in(exchange.0, run)),
            None => out.push(Action::discard(run)),
        }
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

    /// Passes an input to a run.
    pub(super) fn continue_run(
        &mut self,
        exchange: ExchangeId,
        input: ToRun,
        now: Instant,
        out: &mut Actions,
    ) {
        if let Some(waiting) = self.runs.get_mut(&exchange) {
            waiting.push(input);
            self.go_on(exchange, now, out);
        }
    }

    /// Passes an input to all runs, or to all `subscriptions/listen` streams.
    pub(super) fn continue_runs(
        &mut self,
        only_listening: bool,
        input: impl Fn() -> ToRun,
        now: Instant,
        out: &mut Actions,
    ) {
        let runs = self.runs.iter().filter(|(_, waiting)| waiting.listens || !only_listening);
        let exchanges: Vec<_> = runs.map(|(exchange, _)| *exchange).collect();
        for exchange in exchanges {
            self.continue_run(exchange, input(), now, out);
        }
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
        if waiting.checkout.get().is_some_and(|run| run.next_due() <= now) {
            waiting.push(ToRun::Timeout);
        }
        let limit = self.desk.config.limits.request_total_max;
        if waiting.arrived + limit <= now && !waiting.listens {
            waiting.push(ToRun::Fail(Reject::RequestTimeout { limit, option: None }));
        }
        self.go_on(exchange, now, out);
    }

    /// Lets a run handle the inputs that wait for it, and sends its output; unless it is over, sets
    /// its next timer.
    fn go_on(&mut self, exchange: ExchangeId, now: Instant, out: &mut Actions) {
        loop {
            self.count_answers(exchange, now, out);
            let Some(waiting) = self.runs.get_mut(&exchange) else { return };
            let mut cx = self.desk.cx(now, out);
            if waiting.send(exchange, &mut cx) {
                self.runs.remove(&exchange);
                return;
            }
            waiting.note();
            if !waiting.advance(exchange, &mut cx) {
                break;
            }
        }
        let Some(waiting) = self.runs.get_mut(&exchange) else { return };
        let mut cx = self.desk.cx(now, out);
        waiting.keep_alive(exchange, &mut cx);
        let due = waiting.next_due(cx.limits);
        let due = due.clamp(now + TURN_PAUSE, now + WAKE_TIME_MAX);
        if due < waiting.wake_at {
            waiting.wake_at = due;
            self.timers.set(due, Wake::Run(exchange));
        }
        if waiting.checkout.get().is_some_and(Run::wants_facts) {
            self.want(Want::Run(exchange), out);
        }
    }

    /// Counts the answers of a run and takes its changes, if no job has it.
    fn count_answers(&mut self, exchange: ExchangeId, now: Instant, out: &mut Actions) {
        let waiting = self.runs.get_mut(&exchange);
        let Some(run) = waiting.and_then(|waiting| waiting.checkout.get_mut()) else { return };
        if let Some(native) = self.desk.upstream.native() {
            let max = self.desk.config.limits.log_requests_per_second;
            let counts = (&*native.tally, &*self.desk.requests);
            run.count(counts, (now, max), |event| self.desk.log(event, out));
        }
        if let Some((limit, series)) = run.take_timeout() {
            let native = self.desk.upstream.native();
            let method = native.map_or("other", |native| native.tally.name(series).0);
            let event = Event::TimedOut { method, session: None, limit, option: None };
            self.desk.cx(now, out).log(event);
        }
        let changes = run.take_changes();
        self.changes.extend(changes.into_iter().map(|change| (change, None)));
    }

    fn calls_in_runs(&self) -> usize {
        self.runs.values().filter(|waiting| !waiting.listens()).count()
    }

    /// Returns the number of pending requests in runs, without `subscriptions/listen`.
    pub(super) fn waiting_in_runs(&self) -> usize {
        let calls = self.runs.values().filter(|waiting| !waiting.listens());
        calls.map(|waiting| waiting.owed).sum()
    }

    /// Returns the number of exchanges of runs.
    pub(super) fn open_runs(&self) -> usize {
        self.runs.len()
    }
}
