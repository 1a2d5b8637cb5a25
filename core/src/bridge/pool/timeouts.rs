//! Timeouts of the pool.

use super::*;

impl Pool {
    /// Handles timeouts.
    pub(crate) fn handle_timeout(&mut self, cx: &mut Cx<'_>) {
        for worker in self.workers.values_mut() {
            worker.child.handle_timeout(cx);
        }
        self.time_out_requests(cx);
        self.time_out_own_requests(cx);
        self.time_out_workers(cx);
        self.poll_server_requests(cx);
        for post in self.posts.values_mut() {
            post.keep_alive(cx);
        }
        // A worker may be able to take a request by now.
        let may_place = self.needs_prewarm() || !self.waiting.is_empty();
        self.needs_dispatch |= self.era == Some(Era::Legacy) && may_place;
    }

    /// Fails the requests whose time is over.
    fn time_out_requests(&mut self, cx: &mut Cx<'_>) {
        let is_late = |post: &Post| self.due(post, cx) <= cx.now;
        let late: Vec<ExchangeId> =
            self.posts.iter().filter(|(_, post)| is_late(post)).map(|(id, _)| *id).collect();
        for exchange in late {
            self.waiting.retain(|waiting| *waiting != exchange);
            let Some(post) = self.posts.get(&exchange) else { continue };
            let (at, reject) = (post.assigned, self.timeout(post, cx));
            match reject {
                Reject::StartupTimeout { .. } => {
                    let opening = self.workers.values().find(|worker| worker.is_initializing);
                    let end = opening.map_or(String::new(), |worker| worker.child.other_output());
                    self.fail_opening(exchange, reject, &end, cx);
                }
                _ => self.fail(exchange, reject, cx),
            }
            if let Some((child, number)) = at {
                self.cancel(child, number, "Request timeout", cx);
            }
        }
    }

    /// Returns when a request fails.
    fn due(&self, post: &Post, cx: &Cx<'_>) -> Instant {
        match self.task(post) {
            Some(task) => task.due,
            None if post.assigned.is_some() => Instant::FAR,
            None if self.awaits_start() => {
                let longest = cx.limits.request_time_max.max(cx.startup_time());
                self.start_due(post, cx).min(post.since + longest)
            }
            None => post.since + cx.limits.request_time_max,
        }
    }

    /// Returns when a request has waited too long for the command to start. Before the start it may
    /// have waited for capacity.
    fn start_due(&self, post: &Post, cx: &Cx<'_>) -> Instant {
        let opening = self.workers.values().filter(|worker| worker.is_initializing);
        let started = opening.map(|worker| worker.child.since).min();
        started.map_or(post.since, |started| started.max(post.since)) + cx.startup_time()
    }

    /// Returns whether requests without a worker wait for the command to start.
    fn awaits_start(&self) -> bool {
        let mut workers = self.workers.values();
        self.era.is_none()
            || !self.workers.is_empty() && workers.all(|worker| worker.is_initializing)
    }

    /// Returns the refusal of a request whose time is over, with its time limit and the option for
    /// it.
    fn timeout(&self, post: &Post, cx: &Cx<'_>) -> Reject {
        let task = self.task(post);
        if task.is_none() && self.awaits_start() && self.start_due(post, cx) <= cx.now {
            return Reject::StartupTimeout { limit: cx.startup_time() };
        }
        let since = task.map_or(post.since, |task| task.since);
        let total = cx.limits.request_total_max;
        let limit = if since + total <= cx.now { total } else { cx.limits.request_time_max };
        Reject::RequestTimeout { limit, option: Some("--request-timeout") }
    }

    /// Returns the task of a worker for a request.
    fn task(&self, post: &Post) -> Option<&InFlight> {
        let (child, number) = post.assigned?;
        self.workers.get(&child)?.in_flight.get(number)
    }

    /// Continues without the answers to the bridge's own requests that did not arrive in time.
    fn time_out_own_requests(&mut self, cx: &mut Cx<'_>) {
        let mut late = Vec::new();
        for worker in self.workers.values() {
            let tasks = worker.in_flight.iter().filter(|(_, task)| task.due <= cx.now);
            late.extend(tasks.map(|(number, task)| (worker.child.id, number, task.requester)));
        }
        for (child, number, asker) in late {
            match asker {
                Requester::FireAndForget => {}
                Requester::Cancelled => {
                    let worker = self.workers.get_mut(&child);
                    let mute = worker
                        .filter(|it| it.pending_input.as_ref().map(|it| it.number) != Some(number));
                    let Some(worker) = mute else { continue };
                    worker.has_unanswered_cancellation = true;
                    worker.in_flight.remove(number);
                    self.on_idle(child, cx);
                    continue;
                }
                Requester::InitBarrier => self.on_ready(child, cx),
                // A child that does not list its tools may still have some.
                Requester::ToolsList => {
                    self.tools.complete(cx);
                    self.needs_dispatch = true;
                }
                _ => continue,
            }
            if let Some(worker) = self.workers.get_mut(&child) {
                worker.in_flight.remove(number);
            }
        }
    }

    /// Ends the workers that have been idle for long, and those that have not answered a cancelled
    /// request, whose next message could be about that.
    fn time_out_workers(&mut self, cx: &mut Cx<'_>) {
        let mut spent = Vec::new();
        for worker in self.workers.values_mut() {
            let is_late =
                |task: &InFlight| task.requester == Requester::Cancelled && task.due <= cx.now;
            if worker.in_flight.iter().any(|(_, task)| is_late(task)) {
                worker.is_draining = true;
                spent.push(worker.child.id);
            }
        }
        for child in spent {
            self.end_subscriptions_at(child, cx);
            self.on_idle(child, cx);
        }
        if self.ends_idle() {
            let idle_max = cx.limits.session_idle_max;
            self.retire(|worker| {
                let is_kept = worker.affinity == Affinity::Unassigned || !worker.is_idle();
                !is_kept && worker.idle_since + idle_max <= cx.now
            });
        }
    }

    /// Returns when something is due again.
    pub(crate) fn next_due(&self, cx: &Cx<'_>) -> Instant {
        let idle_max = cx.limits.session_idle_max;
        let of_post = |post: &Post| post.keep_alive_due(cx.limits).min(self.due(post, cx));
        let of_worker = |worker: &Worker| {
            let is_kept = !self.ends_idle() || worker.affinity == Affinity::Unassigned;
            let idle = match worker.is_idle() && !is_kept {
                true => worker.idle_since + idle_max,
                false => Instant::FAR,
            };
            let due = worker.next_due(cx.now);
            // A finished worker that only waits for others needs no wake-up.
            if worker.is_draining { worker.child.next_due(cx.now) } else { due.min(idle) }
        };
        let workers = self.workers.values().map(of_worker);
        self.posts.values().map(of_post).chain(workers).min().unwrap_or(Instant::FAR)
    }
}
