//! Counters and histograms as plain values.
//!
//! Names follow the OpenTelemetry semantic conventions for MCP where those define one
//! (`mcp.server.operation.duration`, `mcp.server.session.duration`), in Prometheus notation. Every
//! label has a fixed set of values, so that no peer can create a series.

use std::collections::BTreeMap;

use crate::observe::metrics_text::{Histogram, MetricsText};
use crate::observe::{Dropped, Process, RecentFigures, RecentRequests, RequestStats, SessionEnd};
use crate::reject::{Reject, TlsFailure};
use crate::time::{Duration, Instant};

/// All counters since the start.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    operations: BTreeMap<Operation, Histogram>,
    recent: RecentRequests,
    session_time: Histogram,
    sessions_opened: u64,
    sessions_ended: BTreeMap<SessionEnd, u64>,
    children_started: u64,
    children_failed: u64,
    children_ended: [u64; 2],
    refused: BTreeMap<&'static str, u64>,
    tls_failed: BTreeMap<TlsFailure, u64>,
    dropped: BTreeMap<Dropped, u64>,
    noise_lines: u64,
    /// Dropped messages and invalid lines together.
    wasted: u64,
    replay_lost: u64,
}

/// The labels of a finished request's histogram: its method, and the name of its error.
type Operation = (&'static str, &'static str);

/// The error of a request that its client cancelled.
const CANCELLED: &str = "cancelled";

/// Current values; the engine counts them for each scrape.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Gauges {
    pub(crate) uptime: Duration,
    pub(crate) sessions: usize,
    pub(crate) children: usize,
    pub(crate) in_flight: usize,
    pub(crate) unresponsive: usize,
    pub(crate) parked_calls: usize,
    pub(crate) streams: usize,
    pub(crate) queue_bytes: usize,
    pub(crate) memory_bytes: usize,
    pub(crate) memory_limit: usize,
}

impl Metrics {
    /// Records a request that is answered now; `error` is empty for a result.
    pub(crate) fn operation(
        &mut self,
        method: &'static str,
        error: &'static str,
        took: Duration,
        now: Instant,
    ) {
        self.operations.entry((method, error)).or_default().observe(took);
        self.recent.record(took, now);
    }

    /// Records a request that its client has cancelled.
    pub(crate) fn cancelled(&mut self, method: &'static str, took: Duration) {
        self.operations.entry((method, CANCELLED)).or_default().observe(took);
    }

    /// Returns the number of answered requests, and of those answered with an error.
    pub(crate) fn answered(&self) -> (u64, u64) {
        let answered = self.operations.iter().filter(|((_, error), _)| *error != CANCELLED);
        answered.fold((0, 0), |(all, failed), ((_, error), histogram)| {
            let count = histogram.count();
            (all + count, failed + if error.is_empty() { 0 } else { count })
        })
    }

    /// Returns the figures of about the last minute, for a server that started at `started`.
    pub(crate) fn recent(&self, started: Instant, now: Instant) -> RecentFigures {
        self.recent.figures(started, now)
    }

    /// Returns the number of refused requests.
    pub(crate) fn refusals(&self) -> u64 {
        self.refused.values().sum()
    }

    pub(crate) fn session_opened(&mut self) {
        self.sessions_opened += 1;
    }

    pub(crate) fn session_ended(&mut self, why: SessionEnd, lived: Duration) {
        *self.sessions_ended.entry(why).or_default() += 1;
        self.session_time.observe(lived);
    }

    pub(crate) fn sessions_opened(&self) -> u64 {
        self.sessions_opened
    }

    pub(crate) fn sessions_expired(&self) -> u64 {
        self.sessions_ended.get(&SessionEnd::Expired).copied().unwrap_or_default()
    }

    /// Returns the number of ended sessions, and their total duration.
    pub(crate) fn sessions_ended(&self) -> (u64, Duration) {
        let ended = self.sessions_ended.values().sum();
        (ended, Duration::from_micros(self.session_time.micros))
    }

    pub(crate) fn child_started(&mut self) {
        self.children_started += 1;
    }

    pub(crate) fn child_failed(&mut self) {
        self.children_failed += 1;
    }

    pub(crate) fn child_ended(&mut self, asked: bool) {
        self.children_ended[usize::from(asked)] += 1;
    }

    pub(crate) fn refused(&mut self, reject: Reject) {
        *self.refused.entry(reject.name()).or_default() += 1;
    }

    pub(crate) fn tls_failed(&mut self, failure: TlsFailure) {
        *self.tls_failed.entry(failure).or_default() += 1;
    }

    pub(crate) fn dropped(&mut self, what: Dropped) {
        self.wasted += 1;
        *self.dropped.entry(what).or_default() += 1;
    }

    /// Returns the number of dropped messages and of lines that were not messages.
    pub(crate) fn wasted_messages(&self) -> u64 {
        self.wasted
    }

    pub(crate) fn noise_line(&mut self) {
        self.wasted += 1;
        self.noise_lines += 1;
    }

    pub(crate) fn replay_lost(&mut self, events: u64) {
        self.replay_lost += events;
    }

    /// Writes all metrics into `text`, and those of the process if they are given. For a server in
    /// this process it takes the requests to it, and the metrics of its own.
    pub(crate) fn render(
        &self,
        text: &mut MetricsText,
        gauges: &Gauges,
        process: Option<&Process<'_>>,
        native: Option<(RequestStats<'_>, MetricsText)>,
    ) {
        self.render_operations(text, native.as_ref().map(|(requests, _)| requests));
        self.render_sessions(text, gauges);
        match native {
            Some((_, own)) => text.append(own),
            None => self.render_children(text, gauges),
        }
        if let Some(process) = process {
            process.render(text);
        }
        self.render_trouble(text);
        let name = "pontoon_queue_bytes";
        text.family(name, "gauge", "Bytes waiting for a client or a child to take them.");
        text.sample(name, &[], gauges.queue_bytes as u64);
        let name = "pontoon_memory_bytes";
        text.family(name, "gauge", "Bytes held for clients and servers.");
        text.sample(name, &[], gauges.memory_bytes as u64);
        let name = "pontoon_memory_limit_bytes";
        text.family(name, "gauge", "Bytes that may be held for clients and servers.");
        text.sample(name, &[], gauges.memory_limit as u64);
        render_uptime(text, gauges.uptime);
    }

    /// Writes the metrics of the process, and of requests that belong to no server.
    pub(crate) fn render_site(
        &self,
        text: &mut MetricsText,
        process: &Process<'_>,
        uptime: Duration,
    ) {
        process.render(text);
        render_uptime(text, uptime);
        self.render_rejects(text);
    }

    fn render_rejects(&self, text: &mut MetricsText) {
        let name = "pontoon_rejects_total";
        text.family(name, "counter", "Requests that were refused, by reason.");
        for (reason, count) in &self.refused {
            text.sample(name, &[("reason", reason)], *count);
        }
        let name = "pontoon_tls_failures_total";
        text.family(name, "counter", "TLS handshakes that failed, by reason.");
        for (failure, count) in &self.tls_failed {
            text.sample(name, &[("reason", failure.name())], *count);
        }
    }

    fn render_operations(&self, text: &mut MetricsText, native: Option<&RequestStats<'_>>) {
        let name = "mcp_server_operation_duration_seconds";
        text.family(name, "histogram", "Time from a client's request to its answer.");
        for ((method, error), histogram) in &self.operations {
            match *error {
                "" => text.histogram(name, &[("mcp_method_name", method)], histogram),
                error => {
                    let labels = [("mcp_method_name", *method), ("error_type", error)];
                    text.histogram(name, &labels, histogram);
                }
            }
        }
        if let Some(requests) = native {
            requests.render_operations(name, text);
        }
        let name = "mcp_server_session_duration_seconds";
        text.family(name, "histogram", "Time from a session's opening to its end.");
        text.histogram(name, &[], &self.session_time);
    }

    fn render_sessions(&self, text: &mut MetricsText, gauges: &Gauges) {
        let name = "pontoon_sessions";
        text.family(name, "gauge", "Sessions that are open.");
        text.sample(name, &[], gauges.sessions as u64);
        let name = "pontoon_sessions_opened_total";
        text.family(name, "counter", "Sessions that were opened.");
        text.sample(name, &[], self.sessions_opened);
        let name = "pontoon_sessions_ended_total";
        text.family(name, "counter", "Sessions that ended, by reason.");
        for (why, count) in &self.sessions_ended {
            text.sample(name, &[("reason", why.name())], *count);
        }
        let name = "pontoon_requests_in_flight";
        text.family(name, "gauge", "Requests of clients that wait for their answer.");
        text.sample(name, &[], gauges.in_flight as u64);
        let name = "pontoon_streams";
        text.family(name, "gauge", "Exchanges that are open.");
        text.sample(name, &[], gauges.streams as u64);
    }

    fn render_children(&self, text: &mut MetricsText, gauges: &Gauges) {
        let name = "pontoon_children";
        text.family(name, "gauge", "Child processes, including those being stopped.");
        text.sample(name, &[], gauges.children as u64);
        let name = "pontoon_children_unresponsive";
        let help = "Child processes that left a request unanswered and have been silent since.";
        text.family(name, "gauge", help);
        text.sample(name, &[], gauges.unresponsive as u64);
        let name = "pontoon_parked_calls";
        text.family(name, "gauge", "Calls that wait for a client to come back with answers.");
        text.sample(name, &[], gauges.parked_calls as u64);
        let name = "pontoon_children_started_total";
        text.family(name, "counter", "Child processes that were started.");
        text.sample(name, &[], self.children_started);
        let name = "pontoon_children_failed_total";
        text.family(name, "counter", "Child processes that could not be started.");
        text.sample(name, &[], self.children_failed);
        let name = "pontoon_children_ended_total";
        text.family(name, "counter", "Child processes that ended, asked to or by themselves.");
        text.sample(name, &[("asked", "false")], self.children_ended[0]);
        text.sample(name, &[("asked", "true")], self.children_ended[1]);
        let name = "pontoon_child_noise_lines_total";
        text.family(name, "counter", "Lines on a child's standard output that are no message.");
        text.sample(name, &[], self.noise_lines);
    }

    fn render_trouble(&self, text: &mut MetricsText) {
        self.render_rejects(text);
        let name = "pontoon_dropped_messages_total";
        text.family(name, "counter", "Dropped messages, by reason.");
        for (what, count) in &self.dropped {
            text.sample(name, &[("reason", what.name())], *count);
        }
        let name = "pontoon_replay_lost_total";
        text.family(name, "counter", "Events a resuming client asked for that were not kept.");
        text.sample(name, &[], self.replay_lost);
    }
}

fn render_uptime(text: &mut MetricsText, uptime: Duration) {
    let name = "pontoon_uptime_seconds";
    text.family(name, "gauge", "Seconds since the start.");
    text.sample(name, &[], uptime.as_secs());
}

#[cfg(test)]
mod tests;
