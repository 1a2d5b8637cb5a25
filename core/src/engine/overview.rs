//! The figures about a server that are shown beside those of others.

use crate::auth::Auth;
use crate::chunk::Chunk;
use crate::engine::Engine;
use crate::engine::probes::Unready;
use crate::host_stats::HostStats;
use crate::http::ReplyHead;
use crate::observe::{MetricsText, Overview, Process, ServerState};
use crate::site::{self, ServerStatus, SiteServer, SiteStatus};
use crate::time::Instant;

impl Engine {
    /// Returns the state and the figures of this server.
    pub fn overview(&self, now: Instant) -> Overview {
        let gauges = self.gauges(now);
        let unready = self.unready(now);
        let state = match unready {
            Some(Unready::Stopping) => ServerState::Stopping,
            Some(Unready::Failing) => ServerState::Failing,
            Some(Unready::Full) => ServerState::Full,
            None if gauges.unresponsive > 0 => ServerState::Degraded,
            None if self.shared.upstream.native().is_some() => ServerState::Running,
            None if gauges.children > 0 => ServerState::Running,
            None => ServerState::Idle,
        };
        let native = self.shared.upstream.native();
        let metrics = &self.shared.metrics;
        let (requests, errors, recent) = match native {
            Some(native) => {
                let (requests, errors, _) = native.request_metrics.totals();
                (requests, errors, native.request_metrics.recent(self.started_at, now))
            }
            None => {
                let (requests, errors) = metrics.answered();
                (requests, errors, metrics.recent(self.started_at, now))
            }
        };
        Overview {
            state,
            reason: unready.map(|reason| reason.text()),
            sessions: gauges.sessions,
            children: gauges.children,
            in_flight: gauges.in_flight,
            requests,
            errors,
            refused: metrics.refusals(),
            recent,
            uptime: gauges.uptime,
        }
    }

    /// Answers `GET /` of a program with this server only.
    pub(super) fn servers(&self, html: bool, now: Instant) -> (ReplyHead, Chunk) {
        let config = &self.shared.config;
        let server = SiteServer {
            name: config.title.clone(),
            path: Some(config.path.as_str().into()),
            status: ServerStatus::Serving(self.overview(now)),
        };
        let site = SiteStatus {
            stopping: self.is_stopping(),
            fault: None,
            uptime: now.since(self.started_at),
            origin: config.admin.clone(),
            needs_token: config.auth.as_ref().is_some_and(Auth::needs_token),
            servers: vec![server],
        };
        site::servers(html, &site)
    }

    /// Returns the metrics of the program, and of requests that belong to no server.
    pub fn metrics_of_site(&self, stats: &HostStats, now: Instant) -> MetricsText {
        let process = Process { facts: &stats.process, started: self.shared.unix_time_at_zero };
        let mut text = MetricsText::default();
        self.shared.metrics.render_site(&mut text, &process, now.since(self.started_at));
        text
    }

    /// Returns the metrics of this server, with its name as the label `server`, and without those
    /// of the process.
    pub fn metrics_of(&self, name: &str, now: Instant) -> MetricsText {
        let mut text = MetricsText::of_server(name);
        self.write_metrics(&mut text, MetricsText::of_server(name), None, now);
        text
    }
}
