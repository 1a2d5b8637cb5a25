//! Requests that belong to no session, answered without the engine: all requests of a server
//! without sessions, and the modern requests of any server.
//!
//! Owns: the decisions about such a request before its server gets it. Never: waits, or needs a
//! lock. A request that has to wait is passed to the engine.

use std::sync::Arc;

use crate::chunk::Chunk;
use crate::config::{Config, Native};
use crate::host_stats::{Counters, HostStats};
use crate::http::{McpHead, ReplyHead, SessionHeader, refused};
use crate::json::Body;
use crate::modern::envelope;
use crate::native::StatelessRequest;
use crate::native::header_params::ServerHeaderParams;
use crate::native::output::StatelessOutput;
use crate::native::sender::StatelessCx;
use crate::observe::{Event, RequestLog, RequestMetrics};
use crate::protocol::{Era, Revision};
use crate::random::Rng;
use crate::reject::Reject;
use crate::server::Changed;
use crate::time::{Duration, Instant};

/// A server for requests without a session, shared by all threads.
#[derive(Debug)]
pub struct StatelessServer {
    config: Arc<Config>,
    request_metrics: Arc<RequestMetrics>,
    rng: Arc<Rng>,
    header_params: Arc<ServerHeaderParams>,
    requests: Arc<RequestLog>,
}

/// The result of a request.
#[derive(Debug)]
pub enum StatelessOutcome {
    /// It is answered.
    Reply(ReplyHead, Chunk),
    /// It is refused, which the engine needs to know.
    Refused(Reject, ReplyHead, Chunk),
    /// It has to wait: pass it to the engine as `Input::StatelessPending`.
    Pending(Box<StatelessRequest>),
}

/// The number of samples of statistics that a request gets before it has to wait.
const SAMPLES_MAX: usize = 4;

impl StatelessServer {
    pub(crate) fn new(
        config: Arc<Config>,
        request_metrics: Arc<RequestMetrics>,
        rng: Arc<Rng>,
        header_params: Arc<ServerHeaderParams>,
        requests: Arc<RequestLog>,
    ) -> StatelessServer {
        StatelessServer { config, request_metrics, rng, header_params, requests }
    }

    /// Returns whether a POST is to be answered here. One with a session id may belong to a
    /// session, which only the engine knows.
    pub fn takes(&self, head: &McpHead, body: &Body) -> bool {
        let Some(native) = self.config.serves.native() else { return false };
        let is_alone = head.session == SessionHeader::Absent;
        let is_modern = || envelope::era(head, body, &native.revisions) == Era::Modern;
        !native.sessions || is_alone && is_modern()
    }

    /// Answers a POST. `clock` returns the current time and the time since 1970-01-01 00:00 UTC;
    /// `sample` returns statistics of the process and its host, and is called only if the server
    /// waits for them. `log` takes log events, and `publish` takes the changes that the request
    /// made: `Input::Changed`.
    pub fn answer(
        &self,
        head: McpHead,
        body: &Body,
        clock: impl Fn() -> (Instant, Duration),
        sample: impl Fn() -> HostStats,
        log: impl FnMut(Event),
        publish: impl FnMut(Changed),
    ) -> StatelessOutcome {
        let Some(native) = self.config.serves.native() else {
            return refuse(Reject::NotFound, &head, body, &[]);
        };
        let era = envelope::era(&head, body, &native.revisions);
        if let Err(reject) = self.check(native, era, &head, body) {
            return refuse(reject, &head, body, &native.revisions);
        }
        let mut request = StatelessRequest::new(native, self.config.log_level, era, head, body);
        request.take(body, self.context(clock()), &self.request_metrics);
        for _ in 0..SAMPLES_MAX {
            // Figures of sessions need the engine.
            if native.sessions || !request.wants_stats() {
                break;
            }
            let stats = HostStats { counters: self.counters(), ..sample() };
            request.on_stats(&stats, self.context(clock()));
        }
        let max = self.config.limits.log_requests_per_second;
        request.count((&self.request_metrics, &self.requests), (clock().0, max), log);
        request.take_changes().into_iter().for_each(publish);
        if !request.is_over() {
            return StatelessOutcome::Pending(Box::new(request));
        }
        request.make_ready(false, clock().0);
        let is_short = request.take_memory_shortage();
        match request.take_ready() {
            Some(
                StatelessOutput::Reply(head, body)
                | StatelessOutput::Stream { begin: Some(head), events: body, .. },
            ) => match is_short {
                true => StatelessOutcome::Refused(Reject::UnreadAnswers, head, body),
                false => StatelessOutcome::Reply(head, body),
            },
            // Nothing of it was sent, so the head is still to come.
            Some(StatelessOutput::Stream { begin: None, .. }) | None => {
                StatelessOutcome::Pending(Box::new(request))
            }
        }
    }

    fn check(&self, native: &Native, era: Era, head: &McpHead, body: &Body) -> Result<(), Reject> {
        if era == Era::Modern {
            let has_method = |method: &str| native.server.modern_catalog().has_modern(method);
            let message = envelope::admit(head, body, &native.revisions, has_method)?;
            return self.header_params.check(head, message);
        }
        envelope::admit_legacy(&native.revisions)?;
        head.initializes(body)?;
        if matches!(body, Body::Batch(_)) && !native.takes_batches(&head.revision) {
            return Err(Reject::BatchNotAllowed);
        }
        Ok(())
    }

    fn context(&self, (now, unix_time): (Instant, Duration)) -> StatelessCx<'_> {
        StatelessCx { now, unix_time, rng: &self.rng }
    }

    fn counters(&self) -> Counters {
        let (requests, errors, took) = self.request_metrics.totals();
        Counters { requests, errors, took, ..Counters::default() }
    }
}

fn refuse(reject: Reject, head: &McpHead, body: &Body, served: &[Revision]) -> StatelessOutcome {
    let (head, body) = refused(reject, (head, Some(body)), served);
    StatelessOutcome::Refused(reject, head, body)
}
