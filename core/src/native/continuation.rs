//! Work for a server in this process that a job does: on a request that waits, and on one that
//! the engine got because it named a session.

use std::sync::Arc;

use crate::host_stats::HostStats;
use crate::http::McpHead;
use crate::ids::ExchangeId;
use crate::json::Body;
use crate::native::sender::StatelessCx;
use crate::native::stateless_request::{StatelessInput, StatelessRequest};
use crate::native::{StatelessOutcome, StatelessServer};
use crate::observe::Event;
use crate::random::Rng;
use crate::server::Changed;
use crate::time::{Duration, Instant};

/// A waiting request with an input to handle.
#[derive(Debug)]
pub(crate) struct Continuation {
    pub(crate) exchange: ExchangeId,
    pub(crate) request: Box<StatelessRequest>,
    /// The input, and whether the client reads too slowly.
    pub(crate) input: Option<(StatelessInput, bool)>,
    pub(crate) now: Instant,
    pub(crate) unix_time: Duration,
    pub(crate) rng: Arc<Rng>,
}

impl Continuation {
    /// Lets the request handle its input.
    pub(crate) fn carry_out(&mut self) {
        if let Some((input, is_slow)) = self.input.take() {
            let moment = StatelessCx { now: self.now, unix_time: self.unix_time, rng: &self.rng };
            self.request.advance(input, is_slow, moment);
        }
    }
}

/// A request to answer.
#[derive(Debug)]
pub(crate) struct Serving {
    pub(crate) exchange: ExchangeId,
    pub(crate) server: StatelessServer,
    pub(crate) head: McpHead,
    pub(crate) body: Body,
    /// The current time, and the time since 1970-01-01 00:00 UTC.
    pub(crate) at: (Instant, Duration),
    /// The log events and the changes that follow.
    pub(crate) events: Vec<Event>,
    pub(crate) changes: Vec<Changed>,
}

impl Serving {
    /// Answers the request.
    pub(crate) fn carry_out(&mut self) -> StatelessOutcome {
        let log = |event| self.events.push(event);
        let publish = |change| self.changes.push(change);
        let at = self.at;
        self.server.answer(self.head.clone(), &self.body, || at, HostStats::default, log, publish)
    }
}
