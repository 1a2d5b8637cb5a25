//! Timeouts of the pool.

use super::*;

impl Pool {
    /// Handles timeouts.
    pub(crate) fn handle_timeout(&mut self, turn: &mut Turn<'_>) {
        for worker in self.workers.values_mut() {
            worker.child.handle_timeout(turn);
        }
        self.time_out_requests(turn);
        self.time_out_own_requests(turn);
        self.time_out_workers(turn);
        self.go_on_asking(turn);
        for post in self.posts.values_mut() {
            post.keep_alive(turn);
        }
        // A worker may be able to take a request by now.
        let may_place = self.lacks_spares() || !self.waiting.is_empty();
        self.stirred |= self.era == Some(Era::Legacy) && may_place;
    }

    /// Fails the requests whose time is over.
    fn time_out_requests(&mut self, turn: &mut Turn<'_>) {
        let is_late = |post: &Post| self.due(post, turn) <= turn.now;
        let late: Vec<ExchangeId> =
            self.posts.iter().filter(|(_, post)| is_late(post)).map(|(id, _)| *id).collect();
        for exchange in late {
            self.waiting.retain(|waiting| *waiting != exchange);
            let Some(post) = self.posts.get(&exchange) else { continue };
            let (at, reject) = (post.at, self.timeout(post, turn));
            match reject {
                Reject::StartupTimeout { .. } => {
                    let opening = self.workers.values().find(|worker| worker.is_opening);
                    let end = opening.map_or(String::new(), |worker| worker.child.other_output());
                    self.fail_opening(exchange, reject, &end, turn);
                }
                _ => self.fail(exchange, reject, turn),
            }
            if let Some((child, number)) = at {
                self.cancel(child, number, "Request timeout", turn);
            }
        }
    }

    /// Returns when a request fails.
    fn due(&self, post: &Post, turn: &Turn<'_>) -> Instant {
        match self.task(post) {
            Some(task) => task.due,
            None if post.at.is_some() => Instant::FAR,
            None if self.awaits_start() => {
                let longest = turn.limits.request_time_max.max(turn.startup_time());
                self.start_due(post, turn).min(post.since + longest)
            }
            None => post.since + turn.limits.request_time_max,
        }
    }

    /// Returns when a request has waited too long for the command to start. Before the start it may
    /// have waited for capacity.
    fn start_due(&self, post: &Post, turn: &Turn<'_>) -> Instant {
        let opening = self.workers.values().filter(|worker| worker.is_opening);
        let started = opening.map(|worker| worker.child.since).min();
        started.map_or(post.since, |started| started.max(post.since)) + turn.startup_time()
    }

    /// Returns whether requests without a worker wait for the command to start.
    fn awaits_start(&self) -> bool {
        let mut workers = self.workers.values();
        self.era.is_none() || !self.workers.is_empty() && workers.all(|worker| worker.is_opening)
    }

    /// Returns the refusal of a request whose time is over, with its time limit and the option for
    /// it.
    fn timeout(&self, post: &Post, turn: &Turn<'_>) -> Reject {
        let task = self.task(post);
        if task.is_none() && self.awaits_start() && self.start_due(post, turn) <= turn.now {
            return Reject::StartupTimeout { limit: turn.startup_time() };
        }
        let since = task.map_or(post.since, |task| task.since);
        let total = turn.limits.request_total_max;
        let limit = if since + total <= turn.now { total } else { turn.limits.request_time_max };
        Reject::RequestTimeout { limit, option: Some("--request-timeout") }
    }

    /// Returns the task of a worker for a request.
    fn task(&self, post: &Post) -> Option<&Task> {
        let (child, number) = post.at?;
        self.workers.get(&child)?.tasks.get(number)
    }

    /// Continues without the answers to the bridge's own requests that did not arrive in time.
    fn time_out_own_requests(&mut self, turn: &mut Turn<'_>) {
        let mut late = Vec::new();
        for worker in self.workers.values() {
            let tasks = worker.tasks.iter().filter(|(_, task)| task.due <= turn.now);
            late.extend(tasks.map(|(number, task)| (worker.child.id, number, task.asker)));
        }
        for (child, number, asker) in late {
            match asker {
                Asker::Aside => {}
                Asker::Gone => {
                    let worker = self.workers.get_mut(&child);
                    let mute =
                        worker.filter(|it| it.asking.as_ref().map(|it| it.number) != Some(number));
                    let Some(worker) = mute else { continue };
                    worker.is_doubtful = true;
                    worker.tasks.remove(number);
                    self.freed(child, turn);
                    continue;
                }
                Asker::Fence => self.settled(child, turn),
                // A child that does not list its tools may still have some.
                Asker::Listing => {
                    self.tools.settle(turn.now);
                    self.stirred = true;
                }
                _ => continue,
            }
            if let Some(worker) = self.workers.get_mut(&child) {
                worker.tasks.remove(number);
            }
        }
    }

    /// Ends the workers that have been idle for long, and those that have not answered a cancelled
    /// request, whose next message could be about that.
    fn time_out_workers(&mut self, turn: &mut Turn<'_>) {
        let mut spent = Vec::new();
        for worker in self.workers.values_mut() {
            let is_late = |task: &Task| task.asker == Asker::Gone && task.due <= turn.now;
            if worker.tasks.iter().any(|(_, task)| is_late(task)) {
                worker.is_spent = true;
                spent.push(worker.child.id);
            }
        }
        for child in spent {
            self.end_listens_at(child, turn);
            self.freed(child, turn);
        }
        if self.era == Some(Era::Legacy) {
            let idle_max = turn.limits.session_idle_max;
            self.let_go_of(|worker| {
                let is_kept = worker.key == Key::Spare || !worker.is_idle();
                !is_kept && worker.idle_since + idle_max <= turn.now
            });
        }
    }

    /// Returns when something is due again.
    pub(crate) fn next_due(&self, turn: &Turn<'_>) -> Instant {
        let idle_max = turn.limits.session_idle_max;
        let of_post = |post: &Post| post.quiet_due(turn.limits).min(self.due(post, turn));
        let of_worker = |worker: &Worker| {
            let is_kept = self.era != Some(Era::Legacy) || worker.key == Key::Spare;
            let idle = match worker.is_idle() && !is_kept {
                true => worker.idle_since + idle_max,
                false => Instant::FAR,
            };
            let due = worker.next_due(turn.now);
            // A finished worker that only waits for others needs no wake-up.
            if worker.is_spent { worker.child.next_due(turn.now) } else { due.min(idle) }
        };
        let workers = self.workers.values().map(of_worker);
        self.posts.values().map(of_post).chain(workers).min().unwrap_or(Instant::FAR)
    }
}
