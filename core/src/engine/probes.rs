//! Requests of operators: health, liveness, readiness, metrics.

use serde_json::Value;

use crate::auth::AWAITS_KEYS;
use crate::bridge::Pool;
use crate::chunk::Chunk;
use crate::config::Native;
use crate::cx::{Owner, Transport};
use crate::engine::Engine;
use crate::host_stats::HostStats;
use crate::http::{ContentType, NOT_READY, ReplyHead};
use crate::observe::{Gauges, MetricsText, Process, RequestStats};
use crate::server::{Health, Server};
use crate::session::Session;
use crate::time::Instant;

/// A complete answer.
type Answer = (ReplyHead, Chunk);

/// The reason why a new client would most likely not be served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unready {
    Stopping,
    Failing,
    Full,
}

impl Unready {
    pub(super) fn text(self) -> &'static str {
        match self {
            Unready::Stopping => "stopping",
            Unready::Failing => "the command does not start",
            Unready::Full => "full (--max-sessions)",
        }
    }
}

impl Engine {
    /// Answers `GET /health`: the whole state in one line; 503 if a new client would most likely
    /// not be served.
    pub(super) fn health(&self, now: Instant) -> Answer {
        if let Some(native) = self.shared.upstream.native() {
            return self.report(&native.settings, |server, health| server.health(health), now);
        }
        let others_work = self.has_working_children();
        let is_unhealthy = self.shared.spawn_backoff.is_unhealthy(others_work, now);
        let unresponsive = self.unresponsive();
        let (status, word) = match (self.is_stopping(), is_unhealthy) {
            (true, _) => (503, "stopping"),
            (false, true) => (503, "unhealthy"),
            // Other clients are served, and a restart would end their sessions.
            (false, false) if unresponsive > 0 => (200, "degraded"),
            (false, false) => (200, "healthy"),
        };
        let unresponsive = match unresponsive {
            0 => String::new(),
            count => format!(r#","unresponsive":{count}"#),
        };
        let sessions: usize = self.engines().map(|engine| engine.sessions.len()).sum();
        let subprocess = self.subprocess(now);
        let uptime = now.since(self.started_at).as_secs();
        let body = format!(
            r#"{{"status":"{word}","subprocess":"{subprocess}","sessions":{sessions},"uptime":{uptime}{unresponsive}}}"#
        );
        (ReplyHead::with_body(status, ContentType::Json), Chunk::from(body + "\n"))
    }

    /// Answers `GET /health/detailed` of a server in this process.
    pub(super) fn health_details(&self, now: Instant) -> Answer {
        match self.shared.upstream.native() {
            Some(native) => {
                self.report(&native.settings, |server, health| server.detailed_health(health), now)
            }
            None => self.health(now),
        }
    }

    /// Returns a health report of a server in this process.
    fn report(
        &self,
        native: &Native,
        report: fn(&dyn Server, &Health<'_>) -> Value,
        now: Instant,
    ) -> Answer {
        let health = Health {
            stopping: self.is_stopping(),
            sessions: native.sessions,
            uptime: now.since(self.started_at),
            unix_time: self.shared.unix_time(now),
            facts: &HostStats { counters: self.counters(now), ..self.stats.clone() },
        };
        let status = if self.is_stopping() { 503 } else { 200 };
        let body = Chunk::from(format!("{}\n", report(&*native.server, &health)));
        (ReplyHead::with_body(status, ContentType::Json), body)
    }

    fn subprocess(&self, now: Instant) -> &'static str {
        let ahead = usize::from(self.standby.is_some()) + self.unclaimed.len();
        if ahead + self.sessions.len() + self.workers() > 0 || !self.variants.is_empty() {
            "running"
        } else if self.shared.spawn_backoff.failed_lately(now) {
            "failed"
        } else {
            "idle"
        }
    }

    /// Returns the number of children that have left a request unanswered, and have been silent
    /// since.
    fn unresponsive(&self) -> usize {
        let sessions = self.engines().flat_map(|engine| engine.sessions.values());
        let children = sessions.filter_map(|session| session.backend().child());
        children.filter(|child| child.is_unresponsive()).count() + self.of_pools(Pool::unresponsive)
    }

    /// Returns a sum over the pools of all engines.
    fn of_pools(&self, of: fn(&Pool) -> usize) -> usize {
        self.engines().filter_map(|engine| engine.pool.as_ref()).map(of).sum()
    }

    /// Returns whether a session is open, or a child without a session runs.
    fn has_working_children(&self) -> bool {
        let works = |engine: &Engine| {
            engine.sessions.values().any(|session| session.is_open()) || engine.workers() > 0
        };
        self.engines().any(works)
    }

    /// Returns whether the program was asked to stop.
    pub fn is_asked_to_stop(&self) -> bool {
        self.is_stopping()
    }

    fn processes(&self) -> usize {
        let processes = |engine: &Engine| {
            engine.owners.len()
                + engine.workers()
                + engine.stopping_children.len()
                + usize::from(engine.standby.is_some())
                + engine.unclaimed.len()
        };
        self.engines().map(processes).sum()
    }

    /// Answers `GET /livez`: the program runs.
    pub(super) fn live(&self) -> Answer {
        text(200, "ok\n")
    }

    /// Answers `GET /readyz`: the program accepts new sessions.
    pub(super) fn ready(&self, awaits_keys: bool, detailed: bool, now: Instant) -> Answer {
        let text = match self.unready(now) {
            Some(why) if detailed || why == Unready::Stopping => why.text(),
            Some(_) => NOT_READY,
            None if awaits_keys => AWAITS_KEYS,
            None => return text(200, "ok\n"),
        };
        (ReplyHead::with_body(503, ContentType::Text), Chunk::from(format!("{text}\n")))
    }

    /// Returns the reason why a new client would most likely not be served.
    pub(super) fn unready(&self, now: Instant) -> Option<Unready> {
        if self.is_stopping() {
            return Some(Unready::Stopping);
        }
        let starts = &self.shared.spawn_backoff;
        let works = self.has_working_children();
        let fails = starts.fails_repeatedly(now) || starts.failed_lately(now) && !works;
        let has_sessions =
            self.shared.upstream.native().is_none_or(|native| native.settings.sessions);
        match fails {
            true => Some(Unready::Failing),
            false => (has_sessions && !self.has_anonymous_capacity()).then_some(Unready::Full),
        }
    }

    /// Answers `GET /metrics`.
    pub(super) fn metrics(&self, now: Instant) -> Answer {
        let process =
            Process { facts: &self.stats.process, started: self.shared.unix_time_at_zero };
        let mut text = MetricsText::default();
        self.write_metrics(&mut text, MetricsText::default(), Some(&process), now);
        (ReplyHead::with_body(200, ContentType::Metrics), Chunk::from(text.finish()))
    }

    /// Writes the metrics into `text`; a server in this process writes its own into `own`.
    pub(super) fn write_metrics(
        &self,
        text: &mut MetricsText,
        mut own: MetricsText,
        process: Option<&Process<'_>>,
        now: Instant,
    ) {
        let gauges = self.gauges(now);
        let native = self.shared.upstream.native().map(|native| {
            let (sessions, active) = (native.settings.sessions, gauges.in_flight);
            let requests = RequestStats { sessions, active, tally: &native.request_metrics };
            native.settings.server.write_metrics(&requests, &mut own);
            (requests, own)
        });
        self.shared.metrics.render(text, &gauges, process, native);
    }

    /// Returns the current values.
    pub(super) fn gauges(&self, now: Instant) -> Gauges {
        let total = |of: fn(&Session) -> usize| -> usize {
            let sessions = self.engines().flat_map(|engine| engine.sessions.values());
            sessions.map(|session| of(session)).sum()
        };
        Gauges {
            uptime: now.since(self.started_at),
            sessions: self.engines().map(|engine| engine.sessions.len()).sum(),
            children: self.processes(),
            unresponsive: self.unresponsive(),
            parked_calls: self.of_pools(Pool::parked_calls),
            in_flight: total(Session::in_flight)
                + self.stateless_in_flight()
                + self.of_pools(Pool::in_flight),
            streams: total(Session::open_streams)
                + self.of_pools(Pool::open_streams)
                + self.open_stateless(),
            queue_bytes: total(Session::queue_bytes)
                + self.of_pools(Pool::stdin_pending)
                + self.unsent_outside_sessions(),
            memory_bytes: self.shared.memory.used(),
            memory_limit: self.shared.memory.limit(),
        }
    }

    /// Returns the number of bytes that wait for clients of exchanges without a session.
    fn unsent_outside_sessions(&self) -> usize {
        let outside = |it: &&Transport| matches!(it.owner, Owner::Bridge | Owner::Stateless);
        self.transports().filter(outside).map(|transport| transport.unsent).sum()
    }
}

fn text(status: u16, body: &'static str) -> Answer {
    (ReplyHead::with_body(status, ContentType::Text), Chunk::from(body))
}
